/* SPDX-License-Identifier: MIT */
/* Processes that are made so as to end again: zombies, and helpers that lend their number to a group or bear an orphan. */
#ifndef PIMAGE_RESTORE_EXTRA_H
#define PIMAGE_RESTORE_EXTRA_H

#include "restore/canvas.h"

struct err;
struct node;
struct restore;

struct extra {
	struct canvas canvas;
	const struct node *node; /* of the restore's lineage; not a NODE_PROCESS */
};

/* Clones one, whose bearer is there, and sets the node's canvas. It stays until extras_end. */
int extra_make(struct restore *restore, struct node *node, struct err *err);

/*
 * A helper that needs no number of its own must not have one that another does: clones it under one that nothing of the image has.
 * The parent is told nothing of its end.
 */
int extra_unnumbered(const struct restore *restore, struct canvas *parent, uint64_t shares,
		     struct canvas *canvas, struct err *err);

/*
 * They end: helpers first, which are reaped by their parents and whose children come to who is to have them; then zombies, as they
 * had ended.
 */
int extras_end(struct restore *restore, struct err *err);

/* Kills and frees what is left of them. */
void extras_drop(struct restore *restore);

#endif
