/* SPDX-License-Identifier: MIT */
#include "dump/held.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"
#include "format/together.h"

#include <stdlib.h>
#include <string.h>

enum {
	PAGE = 4096,
	LINE = 64,
	LINES = PAGE / LINE,
	AT_ONCE = 64,	 /* pages that are read before their zeros are left out */
	BLOCKS_EACH = 8, /* of less the work is done before another thread has started */
};
_Static_assert(LINES == 64, "a bit for each");

struct page {
	uint64_t address;
	uint64_t lines;	      /* bit n: line n is not all zeros */
	const uint8_t *bytes; /* those lines, one after another; of this process or of a relative */
};

/* Of pages that were read at once. */
struct block {
	uint8_t *bytes;
	size_t size;
};

struct held {
	struct page *pages; /* ascending */
	size_t n_pages;
	struct block *blocks;
	size_t n_blocks;
};

void held_free(struct held *held)
{
	if (!held)
		return;
	for (size_t i = 0; i < held->n_blocks; i++)
		free(held->blocks[i].bytes);
	free(held->blocks);
	free(held->pages);
	free(held);
}

static void cleanup_held(struct held **held)
{
	held_free(*held);
}

static bool is_zero(const uint8_t *line)
{
	uint64_t words[LINE / sizeof(uint64_t)], any = 0;

	memcpy(words, line, LINE);
	for (size_t i = 0; i < LINE / sizeof(*words); i++)
		any |= words[i];
	return !any;
}

static uint64_t lines_of(const uint8_t *page)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < LINES; i++)
		lines |= (uint64_t)!is_zero(page + i * LINE) << i;
	return lines;
}

static size_t length_of(uint64_t lines)
{
	return (size_t)__builtin_popcountll(lines) * LINE;
}

/* The first page from the address on. */
static size_t find(const struct held *held, uint64_t address)
{
	return SEARCH(held->n_pages, i, held->pages[i].address < address);
}

static bool is_same(const struct page *known, uint64_t lines, const uint8_t *page)
{
	const uint8_t *line = known->bytes;

	for (uint64_t left = lines; known->lines == lines && left; left &= left - 1, line += LINE)
		if (memcmp(line, page + __builtin_ctzll(left) * LINE, LINE) != 0)
			return false;
	return known->lines == lines;
}

/* NULL: no relative has it like that. */
static const uint8_t *find_same(const struct held *const relatives[HELD_RELATIVES],
				uint64_t address, uint64_t lines, const uint8_t *page)
{
	for (size_t i = 0; i < HELD_RELATIVES; i++) {
		size_t at = relatives[i] ? find(relatives[i], address) : 0;

		if (relatives[i] && at < relatives[i]->n_pages &&
		    relatives[i]->pages[at].address == address &&
		    is_same(&relatives[i]->pages[at], lines, page))
			return relatives[i]->pages[at].bytes;
	}
	return NULL;
}

/* What is not zero, to where there is room for it. */
static uint8_t *pack(uint8_t *to, uint64_t lines, const uint8_t *page)
{
	for (; lines; lines &= lines - 1, to += LINE)
		memcpy(to, page + __builtin_ctzll(lines) * LINE, LINE);
	return to;
}

/* The n pages are in the buffer: what no relative has goes into a block of its own. */
static int keep(struct page *pages, size_t n, const struct held *const relatives[HELD_RELATIVES],
		const uint8_t *buffer, struct block *block, struct err *err)
{
	size_t size = 0;
	uint8_t *to;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *page = buffer + i * PAGE;

		pages[i].lines = lines_of(page);
		pages[i].bytes = find_same(relatives, pages[i].address, pages[i].lines, page);
		size += pages[i].bytes ? 0 : length_of(pages[i].lines);
	}
	to = malloc(size + 1);
	if (!to)
		return err_sys(err, "out of memory");
	*block = (struct block){ to, size };
	for (size_t i = 0; i < n; i++) {
		if (pages[i].bytes)
			continue;
		pages[i].bytes = to;
		to = pack(to, pages[i].lines, buffer + i * PAGE);
	}
	return 0;
}

static size_t count_pages(const struct memory_ranges *ranges)
{
	size_t size = 0;

	for (size_t i = 0; i < ranges->count; i++)
		size += ranges->list[i].end - ranges->list[i].start;
	return size / PAGE;
}

static struct held *make(const struct memory_ranges *ranges)
{
	_cleanup_(cleanup_held) struct held *held = calloc(1, sizeof(*held));
	size_t n_pages = count_pages(ranges);

	if (!held)
		return NULL;
	held->n_blocks = (n_pages + AT_ONCE - 1) / AT_ONCE;
	held->pages = calloc(n_pages + 1, sizeof(*held->pages));
	held->blocks = calloc(held->n_blocks + 1, sizeof(*held->blocks));
	if (!held->pages || !held->blocks)
		return NULL;
	for (size_t i = 0; i < ranges->count; i++)
		for (uint64_t at = ranges->list[i].start; at < ranges->list[i].end; at += PAGE)
			held->pages[held->n_pages++].address = at;
	return TAKE_PTR(held);
}

struct reading {
	const struct process_memory *from;
	const struct held *const *relatives;
	struct held *held;
};

static size_t ranges_of(const struct page *pages, size_t n, struct memory_range *ret_ranges)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t at = pages[i].address;

		if (count && ret_ranges[count - 1].end == at)
			ret_ranges[count - 1].end += PAGE;
		else
			ret_ranges[count++] = (struct memory_range){ at, at + PAGE };
	}
	return count;
}

static int read_block(void *context, size_t index, struct err *err)
{
	const struct reading *reading = context;
	struct held *held = reading->held;
	struct page *pages = held->pages + index * AT_ONCE;
	size_t left = held->n_pages - index * AT_ONCE, n = left < AT_ONCE ? left : AT_ONCE;
	_cleanup_free_ uint8_t *buffer = malloc(AT_ONCE * PAGE);
	struct memory_range ranges[AT_ONCE] = { 0 };
	size_t count;

	if (!buffer)
		return err_sys(err, "out of memory");
	count = ranges_of(pages, n, ranges);
	if (memory_read_ranges(reading->from, ranges, count, buffer, err) < 0)
		return -1;
	return keep(pages, n, reading->relatives, buffer, &held->blocks[index], err);
}

int held_new(const struct process_memory *from, const struct memory_ranges *ranges,
	     const struct held *const relatives[HELD_RELATIVES], unsigned threads,
	     struct held **ret_held, struct err *err)
{
	_cleanup_(cleanup_held) struct held *held = make(ranges);
	struct reading reading = { from, relatives, held };

	if (!held)
		return err_sys(err, "out of memory");
	if (together_try(together_some(threads, held->n_blocks / BLOCKS_EACH), held->n_blocks,
			 read_block, &reading, err) < 0)
		return -1;
	*ret_held = TAKE_PTR(held);
	return 0;
}

static void expand(const struct page *page, uint8_t *to)
{
	const uint8_t *line = page->bytes;

	memset(to, 0, PAGE);
	for (uint64_t left = page->lines; left; left &= left - 1, line += LINE)
		memcpy(to + __builtin_ctzll(left) * LINE, line, LINE);
}

static int missing(uint64_t address, struct err *err)
{
	return err_set(err, ERR_FAILED, "memory at 0x%lx was not copied", address);
}

int held_read(const struct held *held, uint64_t address, void *buffer, size_t size, struct err *err)
{
	uint8_t *to = buffer, whole[PAGE];

	for (size_t i = find(held, address & ~(uint64_t)(PAGE - 1)); size > 0; i++) {
		const struct page *page = &held->pages[i];
		size_t skip = address % PAGE;
		size_t n = PAGE - skip < size ? PAGE - skip : size;

		if (i == held->n_pages || page->address != address - skip)
			return missing(address, err);
		expand(page, n == PAGE ? to : whole);
		if (n < PAGE)
			memcpy(to, whole + skip, n);
		to += n;
		address += n;
		size -= n;
	}
	return 0;
}

int held_zero_pages(const struct held *held, const struct memory_range *ranges, size_t count,
		    struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t at = ranges[i].start;

		for (size_t k = find(held, at); at < ranges[i].end; k++, at += PAGE) {
			if (k == held->n_pages || held->pages[k].address != at)
				return missing(at, err);
			if (memory_ranges_add(held->pages[k].lines ? ret_other : ret_zero, at,
					      at + PAGE, err) < 0)
				return -1;
		}
	}
	return 0;
}

size_t held_size(const struct held *held)
{
	size_t size = 0;

	for (size_t i = 0; i < held->n_blocks; i++)
		size += held->blocks[i].size;
	return size;
}
