/* SPDX-License-Identifier: MIT */
/* Large processes of which, while they stand still, no more is read than a fork of them needs: see dump/foreknown.h. */
#ifndef PIMAGE_DUMP_LATE_H
#define PIMAGE_DUMP_LATE_H

#include "dump/dump.h"

/*
 * Completes the memory of the targets that are `late`: their page tables, read of the snapshot, or of the process if it has none and stands still.
 * Sets dump->mistaken if it fails since what was known before was not true any more.
 */
int late_settle(struct dump *dump, struct err *err);

#endif
