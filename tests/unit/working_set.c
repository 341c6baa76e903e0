/* SPDX-License-Identifier: MIT */
/* Which pages are wanted first: what a list may say, what of it is still to come, and what is noted of those who ask. */
#include "format/working_set.h"
#include "format/err.h"
#include "format/image.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "restore/recorder.h"
#include "restore/wanted.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096UL

static int check(const struct range *ranges, size_t n, struct err *err)
{
	*err = (struct err){ 0 };
	return working_set_check(ranges, n, PAGE, "list", err);
}

static void test_check(void)
{
	const struct range good[] = { { 8 * PAGE, 9 * PAGE },
				      { 0, 2 * PAGE },
				      { 2 * PAGE, 3 * PAGE } };
	const struct range twice[] = { { 8 * PAGE, 9 * PAGE },
				       { 0, 2 * PAGE },
				       { PAGE, 3 * PAGE } };
	const struct range empty = { PAGE, PAGE }, backwards = { 2 * PAGE, PAGE };
	const struct range half = { PAGE / 2, PAGE }, part = { PAGE, 2 * PAGE + 1 };
	struct err err;

	CHECK(check(NULL, 0, &err) == 0);
	CHECK(check(good, 3, &err) == 0, "%s", err.msg);
	CHECK(check(twice, 3, &err) < 0 &&
	      strstr(err.msg, "list: the page 0x1000 is listed twice"));
	CHECK(check(&empty, 1, &err) < 0 && strstr(err.msg, "list[0]"));
	CHECK(check(&backwards, 1, &err) < 0);
	CHECK(check(&half, 1, &err) < 0);
	CHECK(check(&part, 1, &err) < 0);
}

static struct memory *add_process(struct image *image, uint32_t pid, struct vma vma)
{
	struct memory *memory = IMAGE_ADD(image, memory, pid, 0, NULL);

	memory->vmas = malloc(sizeof(vma));
	memory->vmas[0] = vma;
	memory->n_vmas = 1;
	return memory;
}

static struct range *list_of(uint64_t start, uint64_t end)
{
	struct range *list = malloc(sizeof(*list));

	*list = (struct range){ start, end };
	return list;
}

/* Pages that another process has are its pages, too. */
static void test_common(void)
{
	struct range place = { 0, 100 * PAGE }, wish = { 12 * PAGE, 60 * PAGE };
	struct wanted_pages wanted = { .pid = 2, .ranges = &wish, .n_ranges = 1 };
	struct working_set set = { &wanted, 1 };
	struct same *same = malloc(2 * sizeof(*same));
	struct image image = { 0 };
	struct err err = { 0 };

	same[0] = (struct same){ { 10 * PAGE, 13 * PAGE }, 1, 70 * PAGE };
	same[1] = (struct same){ { 59 * PAGE, 61 * PAGE }, 1, 75 * PAGE };
	IMAGE_ADD(&image, pimage, 0, 0, &err)->page_size = PAGE;
	add_process(&image, 1,
		    (struct vma){
			    .range = place, .saved = list_of(70 * PAGE, 80 * PAGE), .n_saved = 1 });
	add_process(&image, 2, (struct vma){ .range = place, .same = same, .n_same = 2 });
	CHECK(working_set_give(&set, &image, &err) == 0, "%s", err.msg);
	CHECK(working_set_size(&image) == 2 * PAGE, "%lu", working_set_size(&image));
	image_done(&image);
}

static uint64_t next_of(struct wanted *wanted, const struct pending *pending)
{
	uint64_t address;

	return wanted_next(wanted, pending, &address) ? address / PAGE : UINT64_MAX;
}

static void test_wanted(void)
{
	struct range set[] = { { 50 * PAGE, 60 * PAGE },
			       { 5 * PAGE, 12 * PAGE },
			       { 90 * PAGE, 99 * PAGE } };
	struct range saved[] = { { 10 * PAGE, 20 * PAGE }, { 55 * PAGE, 58 * PAGE } };
	struct range before[] = { { 30 * PAGE, 31 * PAGE } };
	struct vma vma = { .saved = saved, .n_saved = 2, .previous = before, .n_previous = 1 };
	struct memory memory = {
		.vmas = &vma, .n_vmas = 1, .working_set = set, .n_working_set = 3
	};
	struct pending pending = { 0 };
	struct wanted wanted = { 0 };

	CHECK(pending_add(&pending, (struct pending_run){ 10 * PAGE, 20 * PAGE, 0 }, NULL) == 0);
	CHECK(pending_add(&pending, (struct pending_run){ 55 * PAGE, 58 * PAGE, 0 }, NULL) == 0);
	CHECK(wanted_of(&memory, &wanted, NULL) == 0 && wanted.n_ranges == 5);
	/* By order of wish; as long as it has not come it stays the next. */
	CHECK(next_of(&wanted, &pending) == 55 && next_of(&wanted, &pending) == 55);
	CHECK(pending_remove(&pending, 55 * PAGE, 57 * PAGE, NULL) == 0);
	CHECK(next_of(&wanted, &pending) == 57);
	/* What nobody lacks is passed over, and so is what came by itself. */
	CHECK(pending_remove(&pending, 57 * PAGE, 58 * PAGE, NULL) == 0);
	CHECK(next_of(&wanted, &pending) == 10);
	CHECK(pending_remove(&pending, 10 * PAGE, 12 * PAGE, NULL) == 0);
	/* Of an image that leads to another: what it has itself. */
	CHECK(next_of(&wanted, &pending) == 12);
	CHECK(pending_remove(&pending, 12 * PAGE, 20 * PAGE, NULL) == 0);
	CHECK(next_of(&wanted, &pending) == UINT64_MAX);
	wanted_done(&wanted);
	/* One that stands alone has no such. */
	vma.n_previous = 0;
	CHECK(wanted_of(&memory, &wanted, NULL) == 0 && wanted.n_ranges == 3);
	wanted_done(&wanted);
	pending_done(&pending);
}

static void check_recorded(const struct wanted_pages *wanted, uint32_t pid,
			   const struct range *ranges, size_t n)
{
	CHECK(wanted->pid == pid && wanted->n_ranges == n, "%zu ranges", wanted->n_ranges);
	for (size_t i = 0; i < n && i < wanted->n_ranges; i++)
		CHECK(wanted->ranges[i].start == ranges[i].start &&
			      wanted->ranges[i].end == ranges[i].end,
		      "%zu: 0x%lx-0x%lx", i, wanted->ranges[i].start, wanted->ranges[i].end);
}

static void test_recorder(void)
{
	const struct range expected[] = { { 70 * PAGE, 80 * PAGE },
					  { 10 * PAGE, 12 * PAGE },
					  { 14 * PAGE, 16 * PAGE },
					  { 12 * PAGE, 14 * PAGE } };
	struct recorder recorder = { .time = 3600 * UINT64_C(1000000000) };
	char path[] = "/tmp/pimage-unit-XXXXXX";
	struct working_set set = { 0 };
	struct err err = { 0 };
	int fd = mkstemp(path);

	CHECK(recorder_expect(&recorder, 7, 10 * PAGE, 20 * PAGE, &err) == 0);
	CHECK(recorder_expect(&recorder, 7, 70 * PAGE, 80 * PAGE, &err) == 0);
	CHECK(recorder_expect(&recorder, 8, 10 * PAGE, 20 * PAGE, &err) == 0);
	CHECK(recorder_goes_on(&recorder));
	/* Two halves are one; what comes again, of whoever was born since, counts once. */
	CHECK(recorder_note(&recorder, 7, 70 * PAGE, 75 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 7, 75 * PAGE, 80 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 7, 10 * PAGE, 12 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 7, 14 * PAGE, 16 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 7, 12 * PAGE, 16 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 7, 70 * PAGE, 80 * PAGE, &err) == 0);
	CHECK(recorder_note(&recorder, 9, 70 * PAGE, 80 * PAGE, &err) == 0);
	recorder_begin(&recorder);
	CHECK(recorder_goes_on(&recorder));
	check_recorded(&recorder.processes[0].wanted, 7, expected, 4);
	/* Through a file; who asked for nothing is not in it. */
	CHECK(recorder_write(&recorder, path, &err) == 0, "%s", err.msg);
	CHECK(working_set_read(path, &set, &err) == 0, "%s", err.msg);
	CHECK(set.n_processes == 1);
	check_recorded(&set.processes[0], 7, expected, 4);
	record_release(&working_set_record, &set);
	recorder.time = 0;
	recorder_begin(&recorder);
	CHECK(!recorder_goes_on(&recorder));
	recorder_done(&recorder);
	CHECK(recorder_write(&recorder, "/nowhere/at/all", &err) < 0);
	CHECK(truncate(path, 3) == 0 && working_set_read(path, &set, &err) < 0 &&
	      strstr(err.msg, path));
	CHECK(working_set_read("/dev/null", &set, &err) < 0);
	unlink(path);
	close(fd);
}

int main(void)
{
	test_check();
	test_common();
	test_wanted();
	test_recorder();
	return test_done("working_set");
}
