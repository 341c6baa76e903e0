/* SPDX-License-Identifier: MIT */
/* Under which process ids an image comes back. */
#ifndef PIMAGE_PIDS_H
#define PIMAGE_PIDS_H

#include "restore/restore.h"

/*
 * Goes down the ladder for `auto`: the old ids, if they are free and this user may choose them; the old ids in a namespace
 * of their own, if this user may make one; new ids. What was asked for and is not possible becomes a problem.
 */
enum pids_mode pids_choose(struct restore *restore);

#endif
