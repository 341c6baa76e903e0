/* SPDX-License-Identifier: MIT */
/* Memory read by address from an image: every kind of extent, and across entries of page data. */
#include "format/image_memory.h"

#include "format/image_read.h"
#include "tests/images/maker.h"
#include "tests/unit/test.h"

#include <sys/mman.h>

/* The arena of the example, made to fill more than one entry of page data. */
#define ARENA	   0x7f0000100000
#define ARENA_SIZE (PAGES_ENTRY_SIZE + (6UL << 20))

static void enlarge(struct maker *maker)
{
	struct memory *memory = IMAGE_GET(&maker->image, memory, 42, 0);
	struct vma *arena = &memory->vmas[6];
	struct made *made;
	char *text;
	size_t size;

	arena->range.end = ARENA + ARENA_SIZE + 0x10000;
	arena->saved[0].end = ARENA + ARENA_SIZE;
	arena->guard[0] =
		(struct range){ ARENA + ARENA_SIZE + 0x1000, ARENA + ARENA_SIZE + 0x2000 };
	if (record_encode(&memory_record, memory, &text, &size, NULL) < 0)
		maker_stop("memory.json", "cannot be encoded");
	made = maker_find(maker, "processes/42/memory.json");
	free(made->data);
	made->data = text;
	made->size = size;
	while (strstr(maker->entries[maker->n_entries - 1].name, "/pages/"))
		maker_drop(maker, maker->entries[maker->n_entries - 1].name);
	maker_add_pages(maker);
}

struct opened {
	struct maker maker;
	int fd;
	struct image_reader *reader;
	struct image image;
	struct image_memory *memory;
};

static void open_image(struct opened *opened, bool large)
{
	struct err err = { 0 };

	maker_load(&opened->maker);
	if (large)
		enlarge(&opened->maker);
	opened->fd = memfd_create("image", MFD_CLOEXEC);
	CHECK(maker_write(&opened->maker, opened->fd, &err) == 0, "%s", err.msg);
	lseek(opened->fd, 0, SEEK_SET);
	CHECK(image_reader_new(opened->fd, 0, &opened->reader, &err) == 0, "%s", err.msg);
	CHECK(image_load(opened->reader, &opened->image, &err) == 0, "%s", err.msg);
	CHECK(image_memory_open(opened->reader, &opened->image, KIND_memory, 42, &opened->memory,
				&err) == 0,
	      "%s", err.msg);
}

static void close_image(struct opened *opened)
{
	image_memory_free(opened->memory);
	image_done(&opened->image);
	image_reader_free(opened->reader);
	maker_done(&opened->maker);
	close(opened->fd);
}

/* Reads and compares with what the maker wrote there; kind and offset say where the bytes come
 * from. */
static void check_read(struct opened *opened, uint64_t address, size_t size, enum kind kind,
		       uint64_t offset)
{
	uint8_t *got = calloc(1, size), *want = calloc(1, size);
	struct err err = { 0 };

	maker_bytes(&opened->maker, kind, offset, want, size);
	CHECK(image_memory_read(opened->memory, address, got, size, &err) == 0, "%s", err.msg);
	CHECK(memcmp(got, want, size) == 0, "0x%lx", address);
	free(got);
	free(want);
}

static void check_refused(struct opened *opened, uint64_t address, const char *message)
{
	struct err err = { 0 };
	char byte;

	CHECK(image_memory_read(opened->memory, address, &byte, 1, &err) < 0, "0x%lx", address);
	CHECK(strstr(err.msg, message), "%s", err.msg);
}

static void check_extent(struct opened *opened, uint64_t address, uint64_t end,
			 enum extent_state state)
{
	struct extent extent = image_memory_extent(opened->memory, address);

	CHECK(extent.range.start == address && extent.range.end == end, "0x%lx-0x%lx",
	      extent.range.start, extent.range.end);
	CHECK(extent.state == state, "0x%lx is %s", address, extent_reason(extent.state));
}

static void check_example(void)
{
	struct opened opened;
	uint8_t bytes[0x3000];
	struct err err = { 0 };

	open_image(&opened, false);
	check_extent(&opened, 0, 0x400000, EXTENT_UNMAPPED);
	check_extent(&opened, 0x401234, 0x402000, EXTENT_FILE);
	check_extent(&opened, 0x402000, 0x403000, EXTENT_FILE);
	check_extent(&opened, 0x403008, 0x404000, EXTENT_SAVED);
	check_extent(&opened, 0x1004000, 0x1006000, EXTENT_ZERO);
	check_extent(&opened, 0x1006000, 0x1008000, EXTENT_ZERO);
	check_extent(&opened, 0x1009000, 0x1021000, EXTENT_ZERO);
	check_extent(&opened, 0x7f0000001000, 0x7f0000002000, EXTENT_SAVED);
	check_extent(&opened, 0x7f0000002000, 0x7f0000004000, EXTENT_ZERO);
	check_extent(&opened, 0x7f0000120000, 0x7f0000121000, EXTENT_GUARD);
	check_extent(&opened, 0x7ffd000fc000, 0x7ffd00100000, EXTENT_KERNEL);
	check_extent(&opened, 0x7ffd00102000, UINT64_MAX, EXTENT_UNMAPPED);
	check_extent(&opened, UINT64_MAX, UINT64_MAX, EXTENT_UNMAPPED);

	check_read(&opened, 0x403000, 4096, KIND_memory, 0x403000);
	check_read(&opened, 0x403ffd, 3, KIND_memory, 0x403ffd);
	check_read(&opened, 0x7ffd000200f0, 256, KIND_memory, 0x7ffd000200f0);
	check_read(&opened, 0x7f0000000123, 0x1000, KIND_shm, 0x123);
	check_read(&opened, 0x7f000000f000, 0x1000, KIND_shm, 0x7000);
	check_read(&opened, 0x7f0000004000, 0x1000, KIND_shm, 0);
	/* To the end of the page in which the contents end. */
	CHECK(image_memory_extent(opened.memory, 0x7f0000004000).range.end == 0x7f0000005000);
	/* A page of a private mapping that the process has made its own. */
	check_read(&opened, 0x7f0000005000, 0x1000, KIND_memory, 0x7f0000005000);
	/* Saved, zero and untouched in one piece. */
	CHECK(image_memory_read(opened.memory, 0x1003000, bytes, sizeof(bytes), &err) == 0);
	CHECK(bytes[8] == 0x08 && bytes[9] == 0x30 && bytes[0x1000] == 0 && bytes[0x2fff] == 0);

	check_refused(&opened, 0x400000, "0x400000 is not in the image: as in the mapped file");
	check_refused(&opened, 0x7f0000120000, "guard");
	check_refused(&opened, 0x7ffd000fc000, "kernel");
	check_refused(&opened, 0x10, "0x10 is not in the image: nothing is mapped");
	check_refused(&opened, UINT64_MAX, "nothing is mapped");
	close_image(&opened);
}

static void check_large(void)
{
	struct opened opened;

	open_image(&opened, true);
	CHECK(image_reader_find(opened.reader, "processes/42/pages/403000") &&
	      image_reader_find(opened.reader, "processes/42/pages/7f00040f9000"));
	/* The pages before the arena are seven, so the second entry begins seven pages before. */
	check_read(&opened, 0x7f00040f9000 - 5, 10, KIND_memory, 0x7f00040f9000 - 5);
	check_read(&opened, ARENA, 1 << 20, KIND_memory, ARENA);
	check_read(&opened, ARENA + ARENA_SIZE - 4096, 4096, KIND_memory,
		   ARENA + ARENA_SIZE - 4096);
	check_read(&opened, 0x7ffd0001f000, 0x2000, KIND_memory, 0x7ffd0001f000);
	check_read(&opened, 0x403000, 4096, KIND_memory, 0x403000);
	close_image(&opened);
}

int main(void)
{
	check_example();
	check_large();
	return test_done("image_memory");
}
