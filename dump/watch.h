/* SPDX-License-Identifier: MIT */
/* Watching what processes write, over the time in which they run. */
#ifndef PIMAGE_DUMP_WATCH_H
#define PIMAGE_DUMP_WATCH_H

#include "kernel/proc_maps.h"
#include "kernel/write_track.h"

struct err;

/*
 * Of mappings that were read while some are watched: these lose the flag of it, which is not the program's. What has become of those that are not
 * watched any more (unmapped, moved, another program executed) is forgotten.
 */
int watch_disown(struct write_track *track, struct maps *maps, struct err *err);

/* All private mappings, beside those that are. */
int watch_private(struct write_track *track, const struct maps *maps, struct err *err);

/* Ticks since boot; with the pid it names a process for good. */
int watch_start_time(pid_t pid, uint64_t *ret_time, struct err *err);

#endif
