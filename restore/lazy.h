/* SPDX-License-Identifier: MIT */
/* prestore --lazy: the processes run at once, and their pages come when they are needed, the rest meanwhile. */
#ifndef PIMAGE_LAZY_H
#define PIMAGE_LAZY_H

#include "format/memory.h"
#include "restore/options.h"
#include "restore/restore.h"

struct image_reader;

/* Decides, and adds what the user has to know: what is not possible, or what must not be done meanwhile. */
void lazy_check(struct restore *restore, const struct image_reader *reader, enum pids_mode mode);

/* --working-set: takes it in the place of that of the image, which has been loaded. */
int lazy_learn(struct restore *restore, struct err *err);

/* Before the first canvas is there. */
int lazy_make(struct restore *restore, struct err *err);
void lazy_done(struct lazy *lazy);

/* Whether the saved pages of a VMA of a process come later: large ones of private anonymous memory, unless children inherit pages of it. */
bool lazy_covers(const struct restore *restore, uint32_t own_pid, const struct vma *vma);

/*
 * When memory is laid out: from here on whoever touches a missing page waits for it, and a thread gives them, which kills the processes if the image turns
 * out to be damaged.
 */
int lazy_start(struct restore *restore, struct image_reader *reader, struct err *err);

/*
 * When everything else is in place, before any of the processes runs: a process of its own goes on giving pages, for it may not end with
 * prestore. It ends when all are in. If it finds damage, or ends before its time, it kills the restored processes, and says so.
 */
int lazy_stay(struct restore *restore, struct err *err);

/* The restore has failed; if that is because pages could not be given, puts the reason there. */
void lazy_explain(struct restore *restore, struct err *err);

/* The processes run: now also pages come that nobody has asked for. */
void lazy_go(struct restore *restore);

#endif
