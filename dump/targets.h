/* SPDX-License-Identifier: MIT */
/* What is dumped of the processes of a tree. */
#ifndef PIMAGE_DUMP_TARGETS_H
#define PIMAGE_DUMP_TARGETS_H

#include "dump/dump.h"

struct err;
struct tree;

/*
 * Opens a target for each process, in the order of the tree, which then is dump->tree. What no process of the image may have
 * becomes a problem. One that has ended is missed, if it was not stopped.
 */
int targets_add(struct dump *dump, const struct tree *tree, struct err *err);

#endif
