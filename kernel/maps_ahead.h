/* SPDX-License-Identifier: MIT */
/* The list of mappings of a process that stands still, read by a thread of its own while the caller looks at the registers of many others. */
#ifndef PIMAGE_MAPS_AHEAD_H
#define PIMAGE_MAPS_AHEAD_H

struct err;
struct maps;
struct maps_ahead;

/* smaps in the directory /proc/PID. NULL: no thread could be made, which only takes longer. */
struct maps_ahead *maps_ahead_start(int procdir);

/* Waits; as maps_read_at. Once only, and releases it. */
int maps_ahead_take(struct maps_ahead *ahead, struct maps *ret_maps, struct err *err);

/* Waits too. Accepts NULL. */
void maps_ahead_free(struct maps_ahead *ahead);

#endif
