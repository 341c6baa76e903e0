/* SPDX-License-Identifier: MIT */
/* Pages of a parent: whose they must be, and how they are read by address. */
#include "tests/unit/test.h"

#include "format/err.h"
#include "format/image_check.h"
#include "format/image_memory.h"
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

int main(void)
{
	test_check();
	test_extents();
	return test_done("inherited");
}
