/* SPDX-License-Identifier: MIT */
/* Processes that other processes of the same tree trace. */
#ifndef PIMAGE_DUMP_TRACED_H
#define PIMAGE_DUMP_TRACED_H

struct err;
struct tree;

/*
 * Fails if there is one, by tree_look, which it names with its tracer. For when nothing is stopped yet; whatever else is in the way is told by
 * tree_open, a tracer outside too.
 */
int traced_check(const struct tree *tree, struct err *err);

#endif
