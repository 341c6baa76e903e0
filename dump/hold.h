/* SPDX-License-Identifier: MIT */
/* All memory of processes that is to be saved, read at once, so that they can go on. */
#ifndef PIMAGE_DUMP_HOLD_H
#define PIMAGE_DUMP_HOLD_H

#include "dump/snapshot.h"

/* Of every target into the snapshot of the same place, which is empty. Pages that a child has in common with its parent, or with its parent's first child, are held once. */
int hold_memory(const struct dump *dump, struct snapshot *snapshots, struct err *err);

#endif
