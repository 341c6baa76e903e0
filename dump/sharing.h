/* SPDX-License-Identifier: MIT */
/* What processes share that is saved as each one's own: by clone(2) with CLONE_VM, CLONE_FILES, CLONE_FS or CLONE_SYSVSEM. */
#ifndef PIMAGE_DUMP_SHARING_H
#define PIMAGE_DUMP_SHARING_H

struct dump;
struct err;
struct sharers;

/* Who shares what, before it is asked for, without ptrace; NULL: no memory. */
struct sharers *sharing_look(const struct dump *dump);
void sharing_free(struct sharers *sharers);

/* Looks at all targets at once, whose records are there. What is shared and cannot be saved is a problem. */
int sharing_collect(struct dump *dump, struct err *err);

#endif
