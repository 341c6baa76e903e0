/* SPDX-License-Identifier: MIT */
#include "inspect/diff_memory.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/memory.h"
#include "format/shm.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum {
	CHUNK = 256 << 10,
	PAGE = 4096, /* the smallest of any architecture: the grain of what is printed */
};

struct compare {
	struct image_memory *a, *b;
	const char *path;
	const struct id_pairs *ids;
	uint8_t *buffer; /* two chunks */
	struct range pending;
	const char *what; /* of the pending range; NULL: there is none */
	int n;
};

static void flush(struct compare *compare)
{
	if (!compare->what)
		return;
	printf("%s: 0x%" PRIx64 "-0x%" PRIx64 ": %s\n", compare->path, compare->pending.start,
	       compare->pending.end, compare->what);
	compare->n += compare->n < INT_MAX;
	compare->what = NULL;
}

/* Neighbours that differ in the same way become one line. */
static void differ(struct compare *compare, struct range range, const char *what)
{
	if (compare->what && compare->pending.end == range.start &&
	    strcmp(compare->what, what) == 0) {
		compare->pending.end = range.end;
		return;
	}
	flush(compare);
	compare->pending = range;
	compare->what = what;
}

static bool pages_differ(const struct id_pairs *ids, const uint8_t *a, const uint8_t *b,
			 size_t size)
{
	if (memcmp(a, b, size) == 0)
		return false;
	for (size_t at = 0; at < size; at += sizeof(uint32_t)) {
		uint32_t word_a, word_b;

		memcpy(&word_a, a + at, sizeof(word_a));
		memcpy(&word_b, b + at, sizeof(word_b));
		if (word_a != word_b && !id_pairs_match(ids, word_a, word_b))
			return true;
	}
	return false;
}

static int compare_bytes(struct compare *compare, struct range range, struct err *err)
{
	uint8_t *a = compare->buffer, *b = compare->buffer + CHUNK;

	for (size_t n; range.start < range.end; range.start += n) {
		n = range.end - range.start < CHUNK ? range.end - range.start : CHUNK;
		if (image_memory_read(compare->a, range.start, a, n, err) < 0 ||
		    image_memory_read(compare->b, range.start, b, n, err) < 0)
			return -1;
		for (size_t at = 0, part; memcmp(a, b, n) != 0 && at < n; at += part) {
			part = n - at < PAGE ? n - at : PAGE;
			if (pages_differ(compare->ids, a + at, b + at, part))
				differ(compare,
				       (struct range){ range.start + at, range.start + at + part },
				       "the contents differ");
		}
	}
	return 0;
}

static bool has_bytes(enum extent_state state)
{
	return state == EXTENT_SAVED || state == EXTENT_ZERO;
}

/* Where one image has contents and the other has not, or for another reason. */
static const char *state_difference(enum extent_state a, enum extent_state b)
{
	static const char *const names[] = {
		[EXTENT_UNMAPPED] = "mapped only in one",
		[EXTENT_FILE] = "as in the mapped file only in one",
		[EXTENT_KERNEL] = "the kernel's only in one",
		[EXTENT_GUARD] = "a guard page only in one",
		[EXTENT_SAVED] = "saved only in one",
		[EXTENT_ZERO] = "zero only in one",
	};

	return names[has_bytes(a) ? b : a];
}

static int compare_extents(struct compare *compare, const struct extent *a, const struct extent *b,
			   struct range range, struct err *err)
{
	/* Shared objects are compared once, for themselves. */
	if (a->of_object && b->of_object)
		return 0;
	if (!has_bytes(a->state) || !has_bytes(b->state)) {
		if (a->state != b->state)
			differ(compare, range, state_difference(a->state, b->state));
		return 0;
	}
	if (a->state == EXTENT_ZERO && b->state == EXTENT_ZERO)
		return 0;
	return compare_bytes(compare, range, err);
}

static int compare_all(struct compare *compare, struct err *err)
{
	uint64_t at = 0;

	while (at < UINT64_MAX) {
		struct extent a = image_memory_extent(compare->a, at);
		struct extent b = image_memory_extent(compare->b, at);
		struct range range = { at, a.range.end < b.range.end ? a.range.end : b.range.end };

		at = range.end;
		if (compare_extents(compare, &a, &b, range, err) < 0)
			return -1;
	}
	flush(compare);
	return 0;
}

int diff_memory(struct inspect *a, struct inspect *b, enum kind kind, uint32_t id_a, uint32_t id_b,
		const struct id_pairs *ids, struct err *err)
{
	_cleanup_image_memory_ struct image_memory *memory_a = NULL;
	_cleanup_image_memory_ struct image_memory *memory_b = NULL;
	_cleanup_free_ uint8_t *buffer = malloc(2 * CHUNK);
	struct compare compare = { .buffer = buffer, .ids = ids };
	char path[64];

	if (!buffer)
		return err_sys(err, "out of memory");
	kind_path(kind, (struct key){ id_a, 0 }, path, sizeof(path));
	compare.path = path;
	if (image_memory_open(a->reader, &a->image, kind, id_a, &memory_a, err) < 0 ||
	    image_memory_open(b->reader, &b->image, kind, id_b, &memory_b, err) < 0)
		return -1;
	compare.a = memory_a;
	compare.b = memory_b;
	return compare_all(&compare, err) < 0 ? -1 : compare.n;
}
