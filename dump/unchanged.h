/* SPDX-License-Identifier: MIT */
/* Pages that were written, or may have been, but whose contents are those that the image before has. */
#ifndef PIMAGE_DUMP_UNCHANGED_H
#define PIMAGE_DUMP_UNCHANGED_H

#include "dump/dump.h"
#include "dump/page_hashes.h"

struct err;

/*
 * After dump_settle: what is saved and has the hash that `before` has of it becomes a page of the image before. `now`, which is
 * open and empty, gets a list of the pages that this image will have, or lead to, and the hashes of those that were compared or are in
 * the image before; the rest is noted when it is written (dump->hashes).
 */
int unchanged_find(struct dump *dump, const struct hash_book *before, struct hash_book *now,
		   struct err *err);

/* When the image is written: what a child has of its parent is as the parent's. */
void unchanged_inherit(const struct dump *dump, const struct hash_book *now);

#endif
