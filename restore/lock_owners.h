/* SPDX-License-Identifier: MIT */
/* Held mutexes and read-write locks of glibc that remember their owner by thread id. */
#ifndef PIMAGE_LOCK_OWNERS_H
#define PIMAGE_LOCK_OWNERS_H

#include "restore/canvas.h"
#include "restore/restore.h"

/*
 * Looks through the writable saved memory for held mutexes of the kinds that check their owner (recursive, error-checking,
 * robust, priority-inheriting) and for read-write locks held by a writer, and gives them the owner's new id: else their owner could
 * never unlock them. There is no list of locks, so they are known by their looks, and how many were changed is told. Only needed under
 * new ids.
 */
int lock_owners_correct(struct restore *restore, struct canvas *canvas, struct err *err);

#endif
