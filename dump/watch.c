/* SPDX-License-Identifier: MIT */
#include "dump/watch.h"

#include "format/cleanup.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"

/* Whether all of [start, end) lies in one of the ranges; ascending calls. */
static bool is_within(const struct memory_ranges *ranges, size_t *at, uint64_t start, uint64_t end)
{
	while (*at < ranges->count && ranges->list[*at].end <= start)
		++*at;
	return *at < ranges->count && ranges->list[*at].start <= start &&
	       ranges->list[*at].end >= end;
}

int watch_disown(struct write_track *track, struct maps *maps, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges before = track->watched;
	size_t at = 0;

	track->watched = (struct memory_ranges){ 0 };
	for (size_t i = 0; i < maps->count; i++) {
		struct map *map = &maps->list[i];

		if (!(map->flags & MAP_FLAG(UW)) || !is_within(&before, &at, map->start, map->end))
			continue;
		map->flags &= ~MAP_FLAG(UW);
		if (memory_ranges_add(&track->watched, map->start, map->end, err) < 0)
			return -1;
	}
	return 0;
}

int watch_private(struct write_track *track, const struct maps *maps, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges before = track->watched;
	size_t at = 0;

	track->watched = (struct memory_ranges){ 0 };
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];

		if (map->shared || map->kind >= MAP_KIND_VDSO)
			continue;
		if (is_within(&before, &at, map->start, map->end)
			    ? memory_ranges_add(&track->watched, map->start, map->end, err) < 0
			    : write_track_add(track, map->start, map->end, err) < 0)
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
