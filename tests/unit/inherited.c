/* SPDX-License-Identifier: MIT */
/* Pages of a parent: whose they must be, and how they are read by address. */
#include "tests/unit/test.h"

#include "format/err.h"
#include "format/image_check.h"
#include "format/image_memory.h"
#include "format/image_previous.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"

#include <string.h>

struct fixture {
	struct image image;
	struct err err;
};

static void add(struct fixture *f, uint32_t pid, uint32_t parent)
{
	struct pimage *pimage = IMAGE_GET(&f->image, pimage, 0, 0);
	struct process *process = IMAGE_ADD(&f->image, process, pid, 0, &f->err);
	struct memory *memory = IMAGE_ADD(&f->image, memory, pid, 0, &f->err);

	*(uint32_t *)LIST_ADD(pimage, pids, &f->err) = pid;
	process->pid = pid;
	process->parent = parent;
	*(struct vma *)LIST_ADD(memory, vmas, &f->err) =
		(struct vma){ .range = { 0x10000, 0x30000 }, .kind = VMA_ANONYMOUS };
}

static struct vma *vma(struct fixture *f, uint32_t pid)
{
	return &IMAGE_GET(&f->image, memory, pid, 0)->vmas[0];
}

static void saved(struct fixture *f, uint32_t pid, uint64_t start, uint64_t end)
{
	*(struct range *)LIST_ADD(vma(f, pid), saved, &f->err) = (struct range){ start, end };
}

static void inherited(struct fixture *f, uint32_t pid, uint64_t start, uint64_t end)
{
	*(struct range *)LIST_ADD(vma(f, pid), inherited, &f->err) = (struct range){ start, end };
}

/* 10 has saved two runs of pages; 11 is its child and 12 that one's. */
static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	IMAGE_ADD(&f->image, pimage, 0, 0, &f->err);
	add(f, 10, 0);
	add(f, 11, 10);
	add(f, 12, 11);
	saved(f, 10, 0x10000, 0x14000);
	saved(f, 10, 0x14000, 0x16000);
	saved(f, 10, 0x20000, 0x21000);
}

static int check(struct fixture *f)
{
	return check_inherited(&f->image, IMAGE_GET(&f->image, pimage, 0, 0), &f->err);
}

/* What the message must say; NULL: it is good. */
static void end(struct fixture *f, const char *message)
{
	int ret = check(f);

	if (message)
		CHECK(ret < 0 && strstr(f->err.msg, message), "%s", f->err.msg);
	else
		CHECK(ret == 0, "%s", f->err.msg);
	image_done(&f->image);
}

static void test_check(void)
{
	struct fixture f;

	begin(&f);
	inherited(&f, 11, 0x11000, 0x16000);
	inherited(&f, 11, 0x20000, 0x21000);
	inherited(&f, 12, 0x12000, 0x13000);
	end(&f, NULL);

	/* One page behind what the parent has. */
	begin(&f);
	inherited(&f, 11, 0x15000, 0x17000);
	end(&f, "0x16000");

	/* The grandparent has it, the parent has not. */
	begin(&f);
	inherited(&f, 11, 0x11000, 0x12000);
	inherited(&f, 12, 0x11000, 0x13000);
	end(&f, "0x12000");

	/* The root's parent is outside, whatever its number. */
	begin(&f);
	IMAGE_GET(&f.image, process, 10, 0)->parent = 11;
	inherited(&f, 10, 0x18000, 0x19000);
	saved(&f, 11, 0x18000, 0x19000);
	end(&f, "parent");

	begin(&f);
	vma(&f, 10)->flags = VMA_SHARED;
	inherited(&f, 11, 0x11000, 0x12000);
	end(&f, "0x11000");

	begin(&f);
	vma(&f, 10)->advice = ADVICE_WIPEONFORK;
	inherited(&f, 11, 0x11000, 0x12000);
	end(&f, "0x11000");
}

static void same(struct fixture *f, uint32_t pid, struct same row)
{
	*(struct same *)LIST_ADD(vma(f, pid), same, &f->err) = row;
}

static void end_same(struct fixture *f, const char *message)
{
	int ret = check_same(&f->image, IMAGE_GET(&f->image, pimage, 0, 0), &f->err);

	if (message)
		CHECK(ret < 0 && strstr(f->err.msg, message), "%s: %s", message, f->err.msg);
	else
		CHECK(ret == 0, "%s", f->err.msg);
	image_done(&f->image);
}

static void begin_same(struct fixture *f)
{
	begin(f);
	IMAGE_GET(&f->image, pimage, 0, 0)->page_size = 4096;
	inherited(f, 11, 0x10000, 0x12000);
}

/* Pages of whatever process that comes before, and has them otherwise. */
static void test_check_same(void)
{
	const struct {
		uint32_t pid;
		struct same rows[2];
		const char *message;
	} cases[] = {
		{ 12, { { { 0x18000, 0x1a000 }, 11, 0x10000 } }, NULL },
		{ 12,
		  { { { 0x18000, 0x1e000 }, 10, 0x10000 }, { { 0x1e000, 0x1f000 }, 10, 0x20000 } },
		  NULL },
		{ 12, { { { 0x18000, 0x1b000 }, 11, 0x10000 } }, "no page 0x12000" },
		{ 12, { { { 0x18000, 0x1f000 }, 10, 0x10000 } }, "no page 0x16000" },
		{ 11, { { { 0x18000, 0x19000 }, 12, 0x10000 } }, "12 does not come before" },
		{ 11, { { { 0x18000, 0x19000 }, 11, 0x10000 } }, "11 does not come before" },
		{ 11, { { { 0x18000, 0x19000 }, 9, 0x10000 } }, "9 does not come before" },
		{ 10, { { { 0x18000, 0x19000 }, 11, 0x10000 } }, "11 does not come before" },
		{ 11, { { { 0x11000, 0x13000 }, 10, 0x10000 } }, "another list" },
		{ 12, { { { 0x18000, 0x18800 }, 10, 0x10000 } }, "whole pages" },
		{ 12, { { { 0x18000, 0x19000 }, 10, 0x10800 } }, "whole pages" },
		{ 12, { { { 0x2f000, 0x31000 }, 10, 0x10000 } }, "outside" },
		{ 12, { { { 0x18000, 0x18000 }, 10, 0x10000 } }, "out of order" },
		{ 12,
		  { { { 0x18000, 0x1a000 }, 10, 0x10000 }, { { 0x19000, 0x1b000 }, 10, 0x10000 } },
		  "out of order" },
		{ 12, { { { 0x18000, 0x1a000 }, 10, UINT64_MAX - 0xfff } }, "no place" },
		{ 12, { { { 0x18000, 0x19000 }, 10, 0x400000 } }, "no page 0x400000" },
	};
	struct fixture f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin_same(&f);
		same(&f, cases[i].pid, cases[i].rows[0]);
		if (cases[i].rows[1].process)
			same(&f, cases[i].pid, cases[i].rows[1]);
		end_same(&f, cases[i].message);
	}

	/* Not of one that has it of a third. */
	begin_same(&f);
	same(&f, 11, (struct same){ { 0x18000, 0x19000 }, 10, 0x10000 });
	same(&f, 12, (struct same){ { 0x18000, 0x19000 }, 11, 0x18000 });
	end_same(&f, "11 has no page 0x18000");

	begin_same(&f);
	vma(&f, 10)->flags = VMA_SHARED;
	same(&f, 12, (struct same){ { 0x18000, 0x19000 }, 10, 0x10000 });
	end_same(&f, "no page 0x10000");
}

static void check_extent(const struct image_memory *memory, uint64_t start, uint64_t end,
			 enum extent_state state, bool is_inherited)
{
	struct extent extent = image_memory_extent(memory, start);

	CHECK(extent.range.end == end && extent.state == state && extent.inherited == is_inherited,
	      "0x%lx-0x%lx %d %d", start, extent.range.end, extent.state, extent.inherited);
}

/* An extent ends where another process has saved what follows. */
static void test_extents(void)
{
	struct image_memory *memory = NULL;
	struct fixture f;

	begin(&f);
	saved(&f, 11, 0x11000, 0x12000);
	inherited(&f, 11, 0x10000, 0x11000);
	inherited(&f, 11, 0x12000, 0x16000);
	inherited(&f, 12, 0x10000, 0x15000);
	saved(&f, 12, 0x15000, 0x16000);
	CHECK(check(&f) == 0, "%s", f.err.msg);
	CHECK(image_memory_open(NULL, &f.image, KIND_memory, 12, &memory, &f.err) == 0, "%s",
	      f.err.msg);
	check_extent(memory, 0x10000, 0x11000, EXTENT_SAVED, true);
	check_extent(memory, 0x11000, 0x12000, EXTENT_SAVED, true);
	check_extent(memory, 0x12000, 0x14000, EXTENT_SAVED, true);
	check_extent(memory, 0x14000, 0x15000, EXTENT_SAVED, true);
	check_extent(memory, 0x15000, 0x16000, EXTENT_SAVED, false);
	check_extent(memory, 0x16000, 0x30000, EXTENT_ZERO, false);
	image_memory_free(memory);
	image_done(&f.image);
}

/* What is the same at another address, of one that has it of its parent; the parent, of a process before. */
static void test_same_extents(void)
{
	struct image_memory *memory = NULL;
	struct extent extent;
	struct fixture f;

	begin_same(&f);
	same(&f, 11, (struct same){ { 0x18000, 0x1c000 }, 10, 0x12000 });
	inherited(&f, 12, 0x19000, 0x1b000);
	same(&f, 12, (struct same){ { 0x28000, 0x2a000 }, 11, 0x10000 });
	CHECK(check(&f) == 0, "%s", f.err.msg);
	CHECK(image_memory_open(NULL, &f.image, KIND_memory, 12, &memory, &f.err) == 0, "%s",
	      f.err.msg);
	check_extent(memory, 0x10000, 0x19000, EXTENT_ZERO, false);
	/* The saved runs of 10 end at 0x14000, which is 0x1a000 of 11. */
	check_extent(memory, 0x19000, 0x1a000, EXTENT_SAVED, true);
	check_extent(memory, 0x1a000, 0x1b000, EXTENT_SAVED, true);
	check_extent(memory, 0x1b000, 0x28000, EXTENT_ZERO, false);
	check_extent(memory, 0x28000, 0x2a000, EXTENT_SAVED, false);
	extent = image_memory_extent(memory, 0x28000);
	CHECK(extent.same && !extent.before, "%d %d", extent.same, extent.before);
	check_extent(memory, 0x2a000, 0x30000, EXTENT_ZERO, false);
	image_memory_free(memory);
	end_same(&f, NULL);
}

/* Records are compared as if each process had saved its pages. */
static void test_own_pages(void)
{
	struct fixture f;

	begin_same(&f);
	saved(&f, 12, 0x1a000, 0x1b000);
	same(&f, 12, (struct same){ { 0x18000, 0x1a000 }, 10, 0x10000 });
	CHECK(image_own_pages(&f.image, &f.err) == 0, "%s", f.err.msg);
	CHECK(!vma(&f, 12)->n_same && vma(&f, 12)->n_saved == 1 &&
	      vma(&f, 12)->saved[0].start == 0x18000 && vma(&f, 12)->saved[0].end == 0x1b000);
	image_done(&f.image);
}

int main(void)
{
	test_check_same();
	test_same_extents();
	test_own_pages();
	test_check();
	test_extents();
	return test_done("inherited");
}
