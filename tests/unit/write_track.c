/* SPDX-License-Identifier: MIT */
/* Pages that a running process writes to, and those that it does not. */
#include "kernel/write_track.h"

#include "dump/watch.h"
#include "kernel/fallback.h"
#include "kernel/readfile.h"
#include "tests/unit/child.h"

enum { PAGE = 4096, PAGES = 2048 };

static char *memory;

/* Page shared->count / 10 is written to, again and again. */
static void writes(struct shared *shared)
{
	for (;;) {
		memory[shared->count / 10 * PAGE]++;
		if (shared->count % 10 == 0)
			shared->count++;
		usleep(200);
	}
}

static int start_track(pid_t pid, const struct kernel_features *features, struct write_track *track,
		       struct err *err)
{
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	FROZEN;

	if (freeze_process(pid, NULL, features, &frozen, err) < 0 ||
	    remote_open(&frozen, frozen.threads[0], NULL, &remote, err) < 0 ||
	    write_track_open(&remote, frozen.threads[0], track, err) < 0)
		return -1;
	if (write_track_add(track, (uint64_t)memory, (uint64_t)memory + PAGES * PAGE, err) < 0)
		return -1;
	return remote_close(&remote, NULL, err);
}

static bool has(const struct memory_ranges *ranges, const char *at)
{
	for (size_t i = 0; i < ranges->count; i++)
		if ((uint64_t)at >= ranges->list[i].start && (uint64_t)at < ranges->list[i].end)
			return true;
	return false;
}

static uint64_t pages(const struct memory_ranges *ranges)
{
	uint64_t size = 0;

	for (size_t i = 0; i < ranges->count; i++)
		size += ranges->list[i].end - ranges->list[i].start;
	return size / PAGE;
}

static bool writes_on(struct shared *shared, uint64_t page)
{
	shared->count = page * 10;
	for (int i = 0; i < 1000 && shared->count == page * 10; i++)
		usleep(1000);
	usleep(5000);
	return shared->count != page * 10;
}

static void test_rounds(struct shared *shared, const struct write_track *track, struct err *err)
{
	for (uint64_t page = 1; page < PAGES; page += 397) {
		_cleanup_ranges_ struct memory_ranges before = { 0 }, written = { 0 };

		CHECK(writes_on(shared, page));
		CHECK(write_track_take(track, &before, err) == 0, "%s", err->msg);
		CHECK(has(&before, memory + page * PAGE));
		CHECK(writes_on(shared, page + 1));
		CHECK(write_track_take(track, &written, err) == 0, "%s", err->msg);
		CHECK(has(&written, memory + (page + 1) * PAGE));
		CHECK(pages(&written) <= 2, "%lu pages", pages(&written));
	}
}

static void test_mappings(pid_t pid, const struct write_track *track, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges written = { 0 }, none = { 0 };
	FROZEN;

	CHECK(freeze_process(pid, NULL, NULL, &frozen, err) == 0, "%s", err->msg);
	CHECK(write_track_take(track, &written, err) == 0, "%s", err->msg);
	CHECK(write_track_take(track, &none, err) == 0, "%s", err->msg);
	CHECK(pages(&none) == 0, "%lu pages", pages(&none));
	written.count = 0;
	CHECK(write_track_look(track, &written, err) == 0, "%s", err->msg);
	CHECK(pages(&written) > 0 && !has(&written, memory), "what is not watched counts");
}

static void read_maps(pid_t pid, struct maps *ret_maps, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	CHECK(read_file_at(AT_FDCWD, path, &text, &size, err) == 0 &&
		      maps_parse(text, size, ret_maps, err) == 0,
	      "%s", err->msg);
	/* The terabytes of a sanitizer take it minutes. */
	for (size_t i = ret_maps->count; i-- > 0;)
		if (ret_maps->list[i].end - ret_maps->list[i].start > 1UL << 30)
			maps_drop(ret_maps, ret_maps->list[i].start, ret_maps->list[i].end);
}

static bool looks_watched(const struct maps *maps)
{
	return maps_find(maps, (uint64_t)memory)->flags & MAP_FLAG(UW);
}

/* Watched from one image to the next: what was is not protected anew, the rest is. A mapping that somebody else watches keeps its flag. */
static void test_watched_on(pid_t pid, struct write_track *track, struct err *err)
{
	struct write_track others = WRITE_TRACK_EMPTY;
	_cleanup_ranges_ struct memory_ranges rest = { 0 }, none = { 0 };
	_cleanup_(maps_release) struct maps maps = { 0 };
	FROZEN;

	CHECK(freeze_process(pid, NULL, NULL, &frozen, err) == 0, "%s", err->msg);
	read_maps(pid, &maps, err);
	CHECK(looks_watched(&maps));
	CHECK(watch_disown(&others, &maps, err) == 0 && looks_watched(&maps));
	CHECK(watch_disown(track, &maps, err) == 0 && !looks_watched(&maps));
	CHECK(pages(&track->watched) >= PAGES, "%lu pages", pages(&track->watched));
	CHECK(watch_private(track, &maps, err) == 0, "%s", err->msg);
	CHECK(pages(&track->watched) > PAGES + 1, "%lu pages", pages(&track->watched));
	CHECK(write_track_take(track, &rest, err) == 0, "%s", err->msg);
	CHECK(pages(&rest) > 0 && !has(&rest, memory), "what is protected is taken again");
	CHECK(write_track_take(track, &none, err) == 0 && pages(&none) == 0, "%lu pages",
	      pages(&none));
}

static void test_close(pid_t pid, struct write_track *track, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	FROZEN;

	write_track_close(track);
	CHECK(freeze_process(pid, NULL, NULL, &frozen, err) == 0, "%s", err->msg);
	read_maps(pid, &maps, err);
	CHECK(!looks_watched(&maps));
}

int main(void)
{
	_cleanup_track_ struct write_track track = WRITE_TRACK_EMPTY;
	_cleanup_ranges_ struct memory_ranges all = { 0 };
	struct kernel_features features;
	struct shared *shared = shared_new();
	struct err err = { 0 };
	pid_t pid;

	kernel_features_init("", &features, &err);
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	memset(memory, 1, PAGES * PAGE);
	pid = spawn(writes, shared);
	if (start_track(pid, &features, &track, &err) < 0) {
		finish(pid);
		CHECK(err.code == ERR_UNSUPPORTED, "%s", err.msg);
		test_skip("write_track", "%s", err.msg);
		return 77;
	}
	CHECK(write_track_take(&track, &all, &err) == 0, "%s", err.msg);
	CHECK(pages(&all) == PAGES, "%lu pages", pages(&all));
	test_rounds(shared, &track, &err);
	test_mappings(pid, &track, &err);
	test_watched_on(pid, &track, &err);
	CHECK(writes_on(shared, 7));
	test_close(pid, &track, &err);
	CHECK(writes_on(shared, 8));
	finish(pid);
	return test_done("write_track");
}
