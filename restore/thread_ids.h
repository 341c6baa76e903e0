/* SPDX-License-Identifier: MIT */
/* Places in a process where its C library keeps thread ids, corrected when it comes back under new ones. */
#ifndef PIMAGE_THREAD_IDS_H
#define PIMAGE_THREAD_IDS_H

#include "restore/canvas.h"
#include "restore/restore.h"

/*
 * Rewrites the id in the thread descriptors (glibc, musl), the owners in robust lists, and the owners of held glibc
 * mutexes of the kinds that check it. Nothing to do under the old ids.
 */
int thread_ids_correct(struct restore *restore, struct canvas *canvas, struct err *err);

#endif
