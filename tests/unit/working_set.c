/* SPDX-License-Identifier: MIT */
/* Which pages are wanted first: what a list may say, what of it is still to come, and what is noted of those who ask. */
#include "format/working_set.h"
#include "format/err.h"
#include "format/image.h"
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

/* JSON with the other quotation marks. */
static int decode(struct image *image, enum kind kind, uint32_t id, const char *text,
		  struct err *err)
{
	char json[1024];
	size_t size = strlen(text);

	for (size_t i = 0; i <= size; i++)
		json[i] = text[i] == '\'' ? '"' : text[i];
	return image_decode(image, kind, (struct key){ id, 0 }, json, size, err);
}

/* An image with one process, 7, and a page or more in each of its lists. */
static int make_image(struct image *image, struct err *err)
{
	static const char pimage[] =
		"{'format': 'pimage', 'version': 1, 'required_features': [], 'tool': '', "
		"'arch': 'x86_64', 'page_size': 4096, 'host': {'name': '', 'kernel': '', "
		"'kernel_version': '', 'cpu': ''}, 'clocks': {'realtime': 0, 'monotonic': 0, "
		"'boottime': 0}, 'xstate': {'features': '0x7', 'size': 832}, 'root': 7, "
		"'pids': [7]}";
	static const char memory[] =
		"{'layout': {'start_code': '0x0', 'end_code': '0x0', 'start_data': '0x0', "
		"'end_data': '0x0', 'start_brk': '0x0', 'brk': '0x0', 'start_stack': '0x0', "
		"'arg_start': '0x0', 'arg_end': '0x0', 'env_start': '0x0', 'env_end': '0x0'}, "
		"'auxv': [], 'mapped_files': [], 'vmas': [{'range': '0x10000-0x20000', "
		"'prot': [], 'kind': 'anonymous', 'flags': [], "
		"'saved': ['0x10000-0x11000'], 'inherited': ['0x11000-0x12000'], "
		"'previous': ['0x12000-0x13000'], "
		"'same': [{'range': '0x13000-0x14000', 'process': 6, 'address': '0x0'}, "
		"{'range': '0x15000-0x17000', 'process': 6, 'address': '0x0'}]}]}";

	if (decode(image, KIND_pimage, 0, pimage, err) < 0)
		return -1;
	return decode(image, KIND_memory, 7, memory, err);
}

static uint64_t give(struct image *image, uint64_t start, uint64_t end, struct err *err)
{
	struct range range = { start, end };
	struct wanted_pages wanted = { .pid = 7, .ranges = &range, .n_ranges = 1 };
	const struct working_set set = { &wanted, 1 };

	return working_set_give(&set, image, err) < 0 ? 0 : working_set_size(image) / PAGE;
}

/* Pages count wherever they are: here, in the parent, in the image before, or in another process. */
static void test_give(void)
{
	struct wanted_pages twice[] = { { .pid = 7 }, { .pid = 7 } };
	const struct working_set wrong = { twice, 2 };
	struct image image = { 0 };
	struct err err = { 0 };

	CHECK(make_image(&image, &err) == 0, "%s", err.msg);
	for (uint64_t at = 0x10000; at < 0x14000; at += PAGE)
		CHECK(give(&image, at, at + PAGE, &err) == 1, "0x%lx: %s", at, err.msg);
	CHECK(give(&image, 0x10000, 0x20000, &err) == 6, "%s", err.msg);
	CHECK(give(&image, 0x16000, 0x20000, &err) == 1, "%s", err.msg);
	CHECK(give(&image, 0x14000, 0x15000, &err) == 0 && strstr(err.msg, "none of these pages"));
	CHECK(working_set_give(&wrong, &image, &err) < 0 && strstr(err.msg, "7 is listed twice"),
	      "%s", err.msg);
	image_done(&image);
}

int main(void)
{
	test_give();
	test_check();
	test_wanted();
	test_recorder();
	return test_done("working_set");
}
