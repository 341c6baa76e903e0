/* SPDX-License-Identifier: MIT */
#include "restore/gap.h"

#include "format/err.h"

/* Above everything that vm.mmap_min_addr may be, and where 47-bit address spaces end. */
static const uint64_t lowest = 16UL << 20, highest = 0x7ffffff00000;
static const uint64_t margin = 2UL << 20;

bool range_overlaps(struct range a, struct range b)
{
	return a.start < b.end && b.start < a.end;
}

/* The end of something that lies in the way of `wanted`, or 0. */
static uint64_t obstacle(const struct maps *maps, const struct memory *memory, struct range taken,
			 struct range wanted)
{
	for (size_t i = 0; i < maps->count; i++)
		if (range_overlaps(wanted,
				   (struct range){ maps->list[i].start, maps->list[i].end }))
			return maps->list[i].end;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (range_overlaps(wanted, memory->vmas[i].range))
			return memory->vmas[i].range.end;
	return range_overlaps(wanted, taken) ? taken.end : 0;
}

int gap_find(const struct maps *maps, const struct memory *memory, struct range taken,
	     uint64_t size, struct range *ret_gap, struct err *err)
{
	uint64_t at = lowest;

	while (at + size + 2 * margin < highest) {
		const struct range wanted = { at, at + size + 2 * margin };
		uint64_t end = obstacle(maps, memory, taken, wanted);

		if (!end) {
			*ret_gap = (struct range){ at + margin, at + margin + size };
			return 0;
		}
		at = (end + margin - 1) / margin * margin;
	}
	return err_set(err, ERR_HOST, "no free %lu bytes in the address space", size);
}
