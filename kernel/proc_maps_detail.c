/* SPDX-License-Identifier: MIT */
#include "kernel/proc_maps_detail.h"

#include "format/err.h"

#include <string.h>

/* Of those of smaps, what an image keeps or a dump goes by; without what a fork takes away. */
#define COMPARED                                                                                   \
	(MAP_FLAG(MW) | MAP_FLAG(GD) | MAP_FLAG(IO) | MAP_FLAG(SR) | MAP_FLAG(RR) | MAP_FLAG(DC) | \
	 MAP_FLAG(NR) | MAP_FLAG(HT) | MAP_FLAG(WF) | MAP_FLAG(DD) | MAP_FLAG(HG) | MAP_FLAG(NH) | \
	 MAP_FLAG(MG) | MAP_FLAG(SS) | MAP_FLAG(SL) | MAP_FLAG(DP))

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whatever its bounds are. */
static bool same_memory(const struct map *a, const struct map *b)
{
	return a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->shared == b->shared && a->kind == b->kind &&
	       same_name(a->name, b->name) && same_name(a->anon_name, b->anon_name);
}

/* The first of a list that ends above the address, from *at on; NULL. */
static const struct map *next_above(const struct maps *maps, uint64_t address, size_t *at)
{
	while (*at < maps->count && maps->list[*at].end <= address)
		*at += 1;
	return *at < maps->count ? &maps->list[*at] : NULL;
}

bool maps_foresee(struct maps *maps, const struct maps *earlier)
{
	size_t at = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];
		const struct map *known = next_above(earlier, map->start, &at);

		if (!known || known->start >= map->end || !same_memory(map, known))
			return false;
	}
	at = 0;
	for (size_t i = 0; i < maps->count; i++) {
		struct map *map = &maps->list[i];
		const struct map *known = next_above(earlier, map->start, &at);

		map->flags = known->flags;
		map->page_kb = known->page_kb;
		map->protection_key = known->protection_key;
	}
	maps->detailed = true;
	return true;
}

uint64_t maps_locked(const struct maps *maps)
{
	uint64_t locked = 0;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->list[i].flags & MAP_FLAG(LO))
			locked += maps->list[i].end - maps->list[i].start;
	return locked;
}

static int check_one(const struct map *map, const struct map *copy, struct err *err)
{
	if (copy->start == map->start && copy->end == map->end && same_memory(copy, map) &&
	    copy->prot == map->prot && copy->page_kb == map->page_kb &&
	    copy->protection_key == map->protection_key &&
	    ((copy->flags ^ map->flags) & COMPARED) == 0)
		return 0;
	return err_set(err, ERR_FAILED,
		       "mapping 0x%jx-0x%jx has changed just before the process was stopped "
		       "(its flags are 0x%jx, were 0x%jx)",
		       (uintmax_t)map->start, (uintmax_t)map->end, (uintmax_t)copy->flags,
		       (uintmax_t)map->flags);
}

int maps_check(const struct maps *maps, const struct maps *copy, struct err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];
		const struct map *other = next_above(copy, map->start, &at);
		static const struct map none = { 0 };

		/* Not a mapping of the process. */
		if (map->kind == MAP_KIND_VSYSCALL)
			continue;
		if ((!other || other->start >= map->end) && (map->flags & MAP_FLAG(DC)))
			continue;
		if (check_one(map, other ? other : &none, err) < 0)
			return -1;
	}
	return 0;
}
