/* SPDX-License-Identifier: MIT */
/* One 64-bit word per page: Documentation/admin-guide/mm/pagemap.rst. */
#include "kernel/pagemap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/maps_file.h"

#define WORDS 65536 /* read at once: 256 MiB of address space */
#define SPAN  4096  /* of pagemap_file_own, which is to cost less than what it saves */

#define PM_EXCLUSIVE (UINT64_C(1) << 56) /* mapped here only; never set for the zero page */
#define PM_GUARD     (UINT64_C(1) << 58) /* since 6.15 */
#define PM_FILE	     (UINT64_C(1) << 61) /* of a file, or shared anonymous */
#define PM_SWAPPED   (UINT64_C(1) << 62)
#define PM_PRESENT   (UINT64_C(1) << 63)

struct pagemap_scan {
	const struct process_memory *memory;
	int fd;
	uint64_t page; /* size */
	enum pagetable_kind kind;
	bool anonymous; /* the present mapping: pages of it may be the zero page */
	struct memory_ranges found;
	struct memory_ranges maybe; /* to be looked at: zeros or not */
	uint64_t *words;
};

/* Into which list a page with this word goes; NULL: not wanted. */
static struct memory_ranges *list_for(struct pagemap_scan *scan, uint64_t word)
{
	if (scan->kind == PAGETABLE_GUARD)
		return word & PM_GUARD ? &scan->found : NULL;
	if (!(word & (PM_PRESENT | PM_SWAPPED)) || (word & (PM_FILE | PM_GUARD)))
		return NULL;
	if (scan->anonymous && (word & PM_PRESENT) && !(word & PM_EXCLUSIVE))
		return &scan->maybe;
	return &scan->found;
}

static int scan_words(struct pagemap_scan *scan, uint64_t address, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++, address += scan->page) {
		struct memory_ranges *list = list_for(scan, scan->words[i]);

		if (list && memory_ranges_add(list, address, address + scan->page, err) < 0)
			return -1;
	}
	return 0;
}

static int scan_range(struct pagemap_scan *scan, uint64_t start, uint64_t end, struct err *err)
{
	while (start < end) {
		uint64_t pages = (end - start) / scan->page;
		size_t want = pages < WORDS ? pages : WORDS;
		ssize_t n = pread(scan->fd, scan->words, want * sizeof(*scan->words),
				  (off_t)(start / scan->page * sizeof(*scan->words)));

		if (n == 0)
			return err_set(err, ERR_GONE, "process %d has ended", scan->memory->pid);
		if (n < 0)
			return err_sys(err, "process %d: pagemap at 0x%llx", scan->memory->pid,
				       (unsigned long long)start);
		n /= (ssize_t)sizeof(*scan->words);
		if (scan_words(scan, start, (size_t)n, err) < 0)
			return -1;
		start += (uint64_t)n * scan->page;
	}
	return 0;
}

/* PAGEMAP_SCAN passes over mappings of the kernel's own pages. */
static bool is_wanted(const struct map *map)
{
	return map->kind != MAP_KIND_VVAR && map->kind != MAP_KIND_VVAR_VCLOCK &&
	       map->kind != MAP_KIND_VSYSCALL;
}

static bool is_anonymous(const struct map *map)
{
	return map->kind == MAP_KIND_ANON || map->kind == MAP_KIND_HEAP ||
	       map->kind == MAP_KIND_STACK;
}

static int scan_maps(struct pagemap_scan *scan, uint64_t start, uint64_t end, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/maps", scan->memory->pid);
	if (maps_read_at(AT_FDCWD, path, &maps, err) < 0)
		return -1;
	for (size_t i = 0; i < maps.count; i++) {
		const struct map *map = &maps.list[i];
		uint64_t from = map->start > start ? map->start : start;
		uint64_t to = map->end < end ? map->end : end;

		scan->anonymous = is_anonymous(map);
		if (is_wanted(map) && from < to && scan_range(scan, from, to, err) < 0)
			return -1;
	}
	return 0;
}

/* Both lists ascend and have nothing in common. */
static int merge(const struct memory_ranges *a, const struct memory_ranges *b,
		 struct memory_ranges *ret_ranges, struct err *err)
{
	size_t i = 0, k = 0;

	while (i < a->count || k < b->count) {
		bool left = k == b->count || (i < a->count && a->list[i].start < b->list[k].start);
		const struct memory_range *next = left ? &a->list[i++] : &b->list[k++];

		if (memory_ranges_add(ret_ranges, next->start, next->end, err) < 0)
			return -1;
	}
	return 0;
}

int pagemap_file_scan(const struct process_memory *memory, int fd, uint64_t start, uint64_t end,
		      enum pagetable_kind kind, struct memory_ranges *ret_ranges, struct err *err)
{
	struct pagemap_scan scan = { .memory = memory, .fd = fd, .kind = kind };
	_cleanup_ranges_ struct memory_ranges other = { 0 };
	_cleanup_free_ uint64_t *words = malloc(WORDS * sizeof(*words));
	int r = -1;

	if (!words)
		return err_sys(err, "process %d: pagemap", memory->pid);
	scan.words = words;
	scan.page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (scan_maps(&scan, start, end, err) == 0 &&
	    memory_zero_pages(memory, scan.maybe.list, scan.maybe.count, NULL, &other, err) == 0)
		r = merge(&scan.found, &other, ret_ranges, err);
	memory_ranges_release(&scan.found);
	memory_ranges_release(&scan.maybe);
	return r;
}

static bool is_own(uint64_t word)
{
	return (word & PM_PRESENT) && (word & PM_EXCLUSIVE) && !(word & PM_FILE);
}

bool pagemap_file_own(pid_t pid, const struct memory_range *ranges, size_t count)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), words[SPAN];
	uint64_t first = count ? ranges[0].start / page : 0;
	size_t span = count ? ranges[count - 1].end / page - first : 0;
	_cleanup_close_ int fd = -1;
	char path[32];

	if (!span || span > SPAN)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, words, span * sizeof(*words), (off_t)(first * sizeof(*words))) !=
			      (ssize_t)(span * sizeof(*words)))
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t from = ranges[i].start / page - first, to = ranges[i].end / page - first;

		for (size_t k = from; k < to; k++)
			if (k >= span || !is_own(words[k]))
				return false;
	}
	return true;
}
