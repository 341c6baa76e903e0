/* SPDX-License-Identifier: MIT */
#include "dump/zeros.h"

#include "dump/snapshot.h"
#include "format/memory.h"
#include "kernel/memory.h"

/* Smaller ones are read before anybody notices. */
#define LARGE_VMA (UINT64_C(16) << 20)

/* Of a size that a restore does not change: the second dump is to come to the same. */
static int add_large(const struct memory *memory, struct memory_ranges *ret, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct range *range = &memory->vmas[i].range;

		if (range->end - range->start >= LARGE_VMA &&
		    memory_ranges_add(ret, range->start, range->end, err) < 0)
			return -1;
	}
	return 0;
}

int zeros_find(const struct memory *memory, const struct target *from,
	       const struct memory_ranges *pages, struct memory_ranges *ret_zero,
	       struct memory_ranges *ret_other, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges large = { 0 }, in = { 0 }, search = { 0 };

	if (add_large(memory, &large, err) < 0 ||
	    memory_ranges_split(pages, &large, &in, &search, err) < 0 ||
	    snapshot_zero_suspects(from, in.list, in.count, &search, ret_other, err) < 0)
		return -1;
	memory_ranges_sort(&search);
	if (snapshot_zero_pages(from, search.list, search.count, ret_zero, ret_other, err) < 0)
		return -1;
	memory_ranges_sort(ret_other);
	return 0;
}
