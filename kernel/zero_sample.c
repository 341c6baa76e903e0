/* SPDX-License-Identifier: MIT */
/* Where pages of zeros are worth looking for, by a look at a few bytes of a few pages. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "kernel/memory.h"

/* Programs that have pages of zeros mostly have many in a row. */
enum { EVERY = 64, PEEK = 64 };
#define BLOCK (UINT64_C(2) << 20)

static bool seems_zero(const struct process_memory *memory, uint64_t address)
{
	static const char zeros[PEEK];
	char bytes[PEEK];

	/* What cannot be read will be told when it has to be. */
	return memory_read(memory, address, bytes, PEEK, NULL) < 0 ||
	       memcmp(bytes, zeros, PEEK) == 0;
}

/* By address and nothing else, so that a second look at the same memory comes to the same. */
static bool has_suspect(const struct process_memory *memory, uint64_t start, uint64_t end)
{
	const uint64_t step = EVERY * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t at = (start + step - 1) & -step;

	if (at >= end)
		return true;
	for (; at < end; at += step)
		if (seems_zero(memory, at))
			return true;
	return false;
}

int memory_zero_suspects(const struct process_memory *memory, const struct memory_range *ranges,
			 size_t count, struct memory_ranges *ret_suspect,
			 struct memory_ranges *ret_other, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		for (uint64_t at = ranges[i].start, end; at < ranges[i].end; at = end) {
			end = (at & -BLOCK) + BLOCK;
			if (end > ranges[i].end)
				end = ranges[i].end;
			if (memory_ranges_add(has_suspect(memory, at, end) ? ret_suspect
									   : ret_other,
					      at, end, err) < 0)
				return -1;
		}
	return 0;
}
