/* SPDX-License-Identifier: MIT */
#include "dump/watch.h"

#include "format/cleanup.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"

int watch_private(struct write_track *track, const struct maps *maps, struct err *err)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];

		if (!map->shared && map->kind < MAP_KIND_VDSO &&
		    write_track_add(track, map->start, map->end, err) < 0)
			return -1;
	}
	return 0;
}

int watch_start_time(pid_t pid, uint64_t *ret_time, struct err *err)
{
	_cleanup_close_ int proc = proc_open(pid, err);
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	size_t size;

	if (proc < 0 || read_piece_at(proc, "stat", &text, &size, err) < 0 ||
	    proc_stat_parse(text, size, &stat, err) < 0)
		return -1;
	*ret_time = stat.starttime;
	return 0;
}
