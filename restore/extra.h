/* SPDX-License-Identifier: MIT */
/* Processes that are made so as to end again: zombies, and helpers that lend their number to a group or bear an orphan. */
#ifndef PIMAGE_RESTORE_EXTRA_H
#define PIMAGE_RESTORE_EXTRA_H

#include "restore/canvas.h"

struct err;
struct restore;
struct zombie;

struct extra {
	struct canvas canvas;
	struct canvas *parent;	     /* one of the restore's */
	const struct zombie *zombie; /* NULL: a helper, of which nothing stays */
};

/* Clones one. number 0: any. It stays until extras_end. */
int extra_make(struct restore *restore, struct canvas *parent, uint32_t number,
	       const struct zombie *zombie, struct extra **ret_extra, struct err *err);

/* The one that has this number in the image; NULL. */
struct extra *extra_find(const struct restore *restore, uint32_t number);

/* They end, zombies as they had ended; helpers are reaped by their parents. */
int extras_end(struct restore *restore, struct err *err);

/* Kills and frees what is left of them. */
void extras_drop(struct restore *restore);

#endif
