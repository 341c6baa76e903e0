/* SPDX-License-Identifier: MIT */
/* Processes that other processes of the same tree trace. */
#ifndef PIMAGE_DUMP_TRACED_H
#define PIMAGE_DUMP_TRACED_H

struct err;
struct tree;

/* Fails if there is one, which it names with its tracer. A tracer outside is told of when its process cannot be stopped. */
int traced_check(const struct tree *tree, struct err *err);

#endif
