/* SPDX-License-Identifier: MIT */
/* Memory, page tables and descriptors of another process, by every way there is. */
#include "kernel/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/fdcopy.h"
#include "kernel/freeze.h"
#include "kernel/pagemap_file.h"
#include "kernel/pagetable.h"
#include "kernel/readfile.h"
#include "tests/unit/ready.h"
#include "tests/unit/test.h"

#define PAGE  4096
#define PAGES 16

/* What the target has mapped; addresses are its own and, from before the fork, ours. */
static struct layout {
	char *anonymous; /* page 0 written, 1 read only, 2 untouched, 3 written with zeros */
	char *shared;	 /* all written */
	char *file;	 /* private: 0 untouched, 1 read, 2 written, 3 written with zeros */
	char *read_only; /* written, then PROT_READ */
	char *prot_none; /* written, then PROT_NONE */
	char *guarded;	 /* written, then page 1 a guard */
	char *many;	 /* every other page written, of 4000 */
	char *huge;	 /* 4 MiB of huge pages, perhaps */
	char *forked;	 /* written before the fork: pages shared with us */
	char *forked_zero;
	bool guards;
} layout;

#define MANY	  4000
#define ALTERNATE 12
#define HUGE	  (2 << 20)

static char *map(int prot, int flags, int fd, size_t pages)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

static char *anonymous(size_t pages)
{
	return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, pages);
}

static int scratch_file(void)
{
	char name[] = "/tmp/pimage-unit-XXXXXX", page[PAGE];
	int fd = mkstemp(name);

	unlink(name);
	memset(page, 'f', sizeof(page));
	for (int i = 0; i < PAGES; i++)
		if (write(fd, page, PAGE) != PAGE)
			abort();
	return fd;
}

static void lay_out(int file)
{
	layout.anonymous = anonymous(PAGES);
	layout.shared = map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, PAGES);
	layout.file = map(PROT_READ | PROT_WRITE, MAP_PRIVATE, file, PAGES);
	layout.read_only = anonymous(PAGES);
	layout.prot_none = anonymous(PAGES);
	layout.guarded = anonymous(PAGES);
	layout.many = anonymous(MANY);
	layout.huge = anonymous(2 * HUGE / PAGE);
	layout.forked = anonymous(PAGES);
	layout.forked_zero = anonymous(PAGES);
	memset(layout.forked, 'w', PAGES * PAGE);
	memset(layout.forked_zero, 1, PAGES * PAGE);
	memset(layout.forked_zero, 0, PAGES * PAGE);
}

static void touch(void)
{
	volatile char *read_anonymous = layout.anonymous + PAGE;
	volatile char *read_file = layout.file + PAGE;

	memset(layout.anonymous, 'a', PAGE);
	(void)*read_anonymous;
	memset(layout.anonymous + 3 * PAGE, 1, PAGE);
	memset(layout.anonymous + 3 * PAGE, 0, PAGE);
	memset(layout.shared, 's', PAGES * PAGE);
	(void)*read_file;
	layout.file[2 * PAGE] = 'F';
	memset(layout.file + 3 * PAGE, 0, PAGE);
	memset(layout.read_only, 'r', PAGES * PAGE);
	mprotect(layout.read_only, PAGES * PAGE, PROT_READ);
	memset(layout.prot_none, 'n', PAGES * PAGE);
	mprotect(layout.prot_none, PAGES * PAGE, PROT_NONE);
	memset(layout.guarded, 'g', PAGES * PAGE);
	for (int i = 0; i < MANY; i += 2)
		layout.many[i * PAGE + PAGE - 1] = 'm';
	madvise(layout.huge, 2 * HUGE, MADV_HUGEPAGE);
	layout.huge[HUGE + 5] = 'h';
}

/* A pipe end by which the target says whether guards are known, and waits. */
static pid_t spawn(int ready)
{
	pid_t pid = fork();
	char guards;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	touch();
	guards = madvise(layout.guarded + PAGE, PAGE, MADV_GUARD_INSTALL) == 0;
	if (write(ready, &guards, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static bool contains(const struct memory_ranges *ranges, const char *address)
{
	uint64_t at = (uintptr_t)address;

	for (size_t i = 0; i < ranges->count; i++)
		if (ranges->list[i].start <= at && at < ranges->list[i].end)
			return true;
	return false;
}

/* On some hosts a page that is only read is one of the process itself; smaps does not count a common page of zeros. */
static bool zeros_are_common(void)
{
	_cleanup_free_ char *text = NULL;
	volatile char *page = anonymous(1);
	struct err err = { 0 };
	char start[32], *at;
	size_t size, rss;

	(void)*page;
	/* A neighbour may have become one mapping with it. */
	mprotect((void *)page, PAGE, PROT_READ);
	snprintf(start, sizeof(start), "%lx-", (unsigned long)(uintptr_t)page);
	CHECK(read_file_at(AT_FDCWD, "/proc/self/smaps", &text, &size, &err) == 0, "%s", err.msg);
	at = text ? strstr(text, start) : NULL;
	at = at ? strstr(at, "\nRss:") : NULL;
	munmap((void *)page, PAGE);
	CHECK(at && sscanf(at, " Rss: %zu kB", &rss) == 1, "no Rss of %s", start);
	return at && rss == 0;
}

static void check_own(const struct memory_ranges *own, bool guards)
{
	for (size_t i = 1; i < own->count; i++)
		CHECK(own->list[i - 1].end < own->list[i].start, "%zu: 0x%llx after 0x%llx", i,
		      (unsigned long long)own->list[i].start,
		      (unsigned long long)own->list[i - 1].end);
	CHECK(contains(own, layout.anonymous));
	CHECK(contains(own, layout.anonymous + PAGE) == !zeros_are_common(), "only read");
	CHECK(!contains(own, layout.anonymous + 2 * PAGE));
	CHECK(contains(own, layout.anonymous + 3 * PAGE), "a page of zeros of its own");
	CHECK(!contains(own, layout.shared));
	CHECK(!contains(own, layout.file) && !contains(own, layout.file + PAGE));
	CHECK(contains(own, layout.file + 2 * PAGE) && contains(own, layout.file + 3 * PAGE));
	for (int i = 0; i < PAGES; i++)
		CHECK(contains(own, layout.read_only + i * PAGE) &&
		      contains(own, layout.prot_none + i * PAGE) &&
		      contains(own, layout.forked + i * PAGE));
	for (int i = 0; i < MANY; i++)
		CHECK(contains(own, layout.many + i * PAGE) == (i % 2 == 0), "%d", i);
	CHECK(contains(own, layout.guarded));
	if (guards)
		CHECK(!contains(own, layout.guarded + PAGE));
	CHECK(contains(own, layout.guarded + 2 * PAGE));
}

static bool is_zero(const struct process_memory *memory, uint64_t address)
{
	char page[PAGE];

	if (memory_read(memory, address, page, PAGE, NULL) < 0)
		return false;
	return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* Those of zeros that are shared with another process are a matter of taste. */
static bool same(const struct process_memory *memory, const struct memory_ranges *a,
		 const struct memory_ranges *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (uint64_t at = a->list[i].start; at < a->list[i].end; at += PAGE) {
			if (!contains(b, (char *)(uintptr_t)at) && !is_zero(memory, at)) {
				printf("0x%llx is in one only\n", (unsigned long long)at);
				return false;
			}
		}
	}
	return true;
}

static void test_page_tables(pid_t pid, bool guards)
{
	static const struct kernel_features old = { .off = 1 << FEATURE_PAGEMAP_SCAN };
	_cleanup_ranges_ struct memory_ranges scanned = { 0 }, read = { 0 }, part = { 0 };
	_cleanup_ranges_ struct memory_ranges guard = { 0 }, old_guard = { 0 };
	_cleanup_(memory_close) struct process_memory memory = { .fd = -1 };
	struct err err = { 0 };

	CHECK(memory_open(pid, NULL, &memory, &err) == 0, "%s", err.msg);
	CHECK(pagetable_scan(&memory, 0, UINT64_MAX, PAGETABLE_OWN, &scanned, &err) == 0, "%s",
	      err.msg);
	CHECK(pagetable_scan(&memory, 0, UINT64_MAX, PAGETABLE_GUARD, &guard, &err) == 0, "%s",
	      err.msg);
	memory.features = &old;
	CHECK(pagetable_scan(&memory, 0, UINT64_MAX, PAGETABLE_OWN, &read, &err) == 0, "%s",
	      err.msg);
	CHECK(pagetable_scan(&memory, 0, UINT64_MAX, PAGETABLE_GUARD, &old_guard, &err) == 0, "%s",
	      err.msg);
	for (int i = 0; i < 2; i++) {
		_cleanup_ranges_ struct memory_ranges own = { 0 }, guarded = { 0 };

		memory.features = i ? &old : NULL;
		CHECK(pagetable_scan_all(&memory, &own, &guarded, &err) == 0, "%s", err.msg);
		CHECK(same(&memory, &own, &scanned) && same(&memory, &scanned, &own));
		CHECK(guarded.count == guard.count);
		for (size_t k = 0; k < guard.count && k < guarded.count; k++)
			CHECK(guarded.list[k].start == guard.list[k].start &&
			      guarded.list[k].end == guard.list[k].end);
	}
	check_own(&scanned, guards);
	check_own(&read, guards);
	CHECK(same(&memory, &scanned, &read) && same(&memory, &read, &scanned));
	CHECK(guard.count == old_guard.count);
	CHECK(guard.count == 0 || contains(&guard, layout.guarded + PAGE));
	CHECK(pagetable_scan(&memory, (uintptr_t)layout.many + PAGE,
			     (uintptr_t)layout.many + 4 * PAGE, PAGETABLE_OWN, &part, &err) == 0);
	CHECK(part.count == 1 && part.list[0].start == (uintptr_t)layout.many + 2 * PAGE);
}

static void test_reading(pid_t pid, const char *without)
{
	_cleanup_(memory_close) struct process_memory memory = { .fd = -1 };
	struct kernel_features features;
	static char buffer[MANY * PAGE];
	struct memory_range ranges[MANY];
	struct err err = { 0 };

	kernel_features_init(without, &features, &err);
	CHECK(memory_open(pid, &features, &memory, &err) == 0, "%s", err.msg);
	CHECK(memory_read(&memory, (uintptr_t)layout.prot_none + 1, buffer, 3 * PAGE, &err) == 0,
	      "%s: %s", without, err.msg);
	for (int i = 0; i < 3 * PAGE; i++)
		CHECK(buffer[i] == 'n');
	for (int i = 0; i < MANY; i++) {
		ranges[i].start = (uintptr_t)layout.many + (uint64_t)i * PAGE + PAGE - 2;
		ranges[i].end = ranges[i].start + (i % 7 ? 2 : 0);
	}
	/* Some of it cannot be read but by force. */
	ranges[1000].start = (uintptr_t)layout.prot_none;
	ranges[1000].end = ranges[1000].start + 2;
	CHECK(memory_read_ranges(&memory, ranges, MANY, buffer, &err) == 0, "%s: %s", without,
	      err.msg);
	for (int i = 0, at = 0; i < MANY; i++) {
		char expected = i == 1000 ? 'n' : i % 2 ? 0 : 'm';

		if (!(i % 7) && i != 1000)
			continue;
		CHECK(buffer[at + 1] == expected, "%d: %d", i, buffer[at + 1]);
		at += 2;
	}
	CHECK(memory_read(&memory, 16, buffer, 1, &err) < 0);
	CHECK(strstr(err.msg, "reading memory at 0x10"), "%s", err.msg);
	CHECK(memory_read(&memory, (uintptr_t)layout.many, buffer, 0, &err) == 0);
}

static void test_writing(pid_t pid, const char *without)
{
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	struct kernel_features features;
	struct err err = { 0 };
	char bytes[100], back[100];
	struct memory_range ranges[] = {
		{ (uintptr_t)layout.anonymous + 7, (uintptr_t)layout.anonymous + 27 },
		{ (uintptr_t)layout.read_only + PAGE - 5, (uintptr_t)layout.read_only + PAGE + 25 },
		{ (uintptr_t)layout.shared + 3, (uintptr_t)layout.shared + 53 },
	};

	kernel_features_init(without, &features, &err);
	CHECK(freeze_process(pid, NULL, &features, &frozen, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i + strlen(without));
	CHECK(memory_write_ranges(&frozen.memory, ranges, 3, bytes, &err) == 0, "%s: %s", without,
	      err.msg);
	CHECK(memory_read_ranges(&frozen.memory, ranges, 3, back, &err) == 0, "%s", err.msg);
	CHECK(memcmp(bytes, back, sizeof(bytes)) == 0, "%s", without);
	CHECK(layout.shared[3] == bytes[50]);
	CHECK(memory_write(&frozen.memory, 4096, bytes, 1, &err) < 0);
	CHECK(strstr(err.msg, "writing memory at 0x1000"), "%s", err.msg);
}

static void test_zero_pages(pid_t pid, const char *without)
{
	_cleanup_ranges_ struct memory_ranges zero = { 0 }, other = { 0 };
	_cleanup_(memory_close) struct process_memory memory = { .fd = -1 };
	struct memory_range ranges[] = {
		{ (uintptr_t)layout.many, (uintptr_t)layout.many + MANY * PAGE },
		{ (uintptr_t)layout.prot_none, (uintptr_t)layout.prot_none + PAGES * PAGE },
	};
	struct kernel_features features;
	struct err err = { 0 };

	kernel_features_init(without, &features, &err);
	CHECK(memory_open(pid, &features, &memory, &err) == 0, "%s", err.msg);
	CHECK(memory_zero_pages(&memory, ranges, 2, &zero, &other, &err) == 0, "%s", err.msg);
	CHECK(zero.count == MANY / 2, "%zu", zero.count);
	CHECK(other.count == MANY / 2 + 1, "%zu", other.count);
	for (int i = 0; i < MANY; i++) {
		CHECK(contains(&zero, layout.many + i * PAGE) == (i % 2 == 1));
		CHECK(contains(&other, layout.many + i * PAGE) == (i % 2 == 0));
	}
}

/* file and pipe_end are open in us and in the target under the same numbers. */
static void test_descriptors(pid_t pid, int file, int pipe_end)
{
	static const struct kernel_features old = { .off = 1 << FEATURE_PIDFD_GETFD |
							   1 << FEATURE_KCMP };
	static const struct kernel_features no_kcmp = { .off = 1 << FEATURE_KCMP };
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct err err = { 0 };
	struct stat a, b;
	bool same;
	int fd;

	fd = fdcopy_get(pid, pidfd, file, NULL, &same, &err);
	CHECK(fd >= 0 && same, "%s", err.msg);
	CHECK(syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, file) == 0);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	fd = fdcopy_get(pid, pidfd, file, &old, &same, &err);
	CHECK(fd >= 0 && !same, "%s", err.msg);
	CHECK(fstat(fd, &a) == 0 && fstat(file, &b) == 0 && a.st_ino == b.st_ino);
	close(fd);
	CHECK(fdcopy_get(pid, pidfd, pipe_end, &old, &same, &err) < 0);
	CHECK(strstr(err.msg, "pidfd_getfd"), "%s", err.msg);
	CHECK(fdcopy_get(pid, pidfd, 999, NULL, &same, &err) < 0);
	CHECK(strstr(err.msg, "Bad file descriptor"), "%s", err.msg);
	CHECK(fdcopy_compare(pid, getpid(), KCMP_FILE, (unsigned long)file, (unsigned long)file,
			     NULL, &err) == 0,
	      "%s", err.msg);
	CHECK(fdcopy_compare(pid, pid, KCMP_FILE, (unsigned long)file, (unsigned long)pipe_end,
			     NULL, &err) > 0);
	fd = fdcopy_compare(pid, getpid(), KCMP_FILE, (unsigned long)file, (unsigned long)file,
			    &no_kcmp, &err);
	CHECK(fd == 0 || errno == EINVAL, "%s", err.msg); /* before 6.10 */
	CHECK(fdcopy_compare(pid, pid, KCMP_VM, 0, 0, &old, &err) < 0);
}

static void test_features(void)
{
	struct kernel_features features;
	struct err err = { 0 };

	CHECK(kernel_features_init(NULL, &features, &err) == 0 && features.off == 0);
	CHECK(feature_on(NULL, FEATURE_KCMP));
	CHECK(kernel_features_init("kcmp,pagemap_scan", &features, &err) == 0, "%s", err.msg);
	CHECK(!feature_on(&features, FEATURE_KCMP) && feature_on(&features, FEATURE_PROCESS_VM));
	CHECK(kernel_features_init("kcmp,kcm", &features, &err) < 0);
	CHECK(strstr(err.msg, "\"kcm\"") && strstr(err.msg, "pidfd_getfd"), "%s", err.msg);
}

/* Every other page. */
static void ranges_of(const char *pages, struct memory_range ranges[ALTERNATE])
{
	for (size_t i = 0; i < ALTERNATE; i++) {
		ranges[i].start = (uint64_t)(uintptr_t)pages + 2 * i * PAGE;
		ranges[i].end = ranges[i].start + PAGE;
	}
}

static void write_all(int ready, void *pages)
{
	for (size_t i = 0; pages && i < ALTERNATE; i++)
		((char *)pages)[2 * i * PAGE] = 'w';
	say_ready(ready);
	pause();
}

static void read_from(pid_t pid, const struct memory_range *ranges, char want)
{
	char bytes[ALTERNATE * PAGE];
	struct process_memory memory;
	struct err err = { 0 };

	CHECK(memory_open(pid, NULL, &memory, &err) == 0, "%s", err.msg);
	memory.keep_shared = true;
	CHECK(memory_read_ranges(&memory, ranges, ALTERNATE, bytes, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < ALTERNATE; i++)
		CHECK(bytes[i * PAGE] == want);
	memory_close(&memory);
}

/* What is shared with a parent stays so, and only what is not is read by the call that would change that. */
static void test_keep_shared(void)
{
	struct memory_range ranges[ALTERNATE], swapped[2];
	char *pages = anonymous(2 * ALTERNATE), *file = layout.file;
	pid_t same, own;

	for (size_t i = 0; i < ALTERNATE; i++)
		pages[2 * i * PAGE] = 'a';
	ranges_of(pages, ranges);
	CHECK(pagemap_file_own(getpid(), ranges, ALTERNATE));
	same = spawn_ready(write_all, NULL);
	CHECK(!pagemap_file_own(same, ranges, ALTERNATE));
	own = spawn_ready(write_all, pages);
	CHECK(pagemap_file_own(own, ranges, ALTERNATE));
	swapped[0] = ranges[1];
	swapped[1] = ranges[0];
	CHECK(!pagemap_file_own(own, swapped, 2));
	swapped[0].start = ranges[0].start;
	CHECK(!pagemap_file_own(own, swapped, 1), "of an untouched page");
	swapped[0] = (struct memory_range){ (uint64_t)(uintptr_t)file + PAGE,
					    (uint64_t)(uintptr_t)file + 2 * PAGE };
	CHECK(!pagemap_file_own(own, swapped, 1) && !pagemap_file_own(own, NULL, 0));
	read_from(own, ranges, 'w');
	read_from(same, ranges, 'a');
	CHECK(!pagemap_file_own(same, ranges, 1), "reading has made it a copy");
	kill(own, SIGKILL);
	kill(same, SIGKILL);
	waitpid(own, NULL, 0);
	waitpid(same, NULL, 0);
	munmap(pages, 2 * ALTERNATE * PAGE);
}

int main(void)
{
	int ready[2], file = scratch_file();
	char guards;
	pid_t pid;

	if (pipe(ready) < 0)
		abort();
	lay_out(file);
	pid = spawn(ready[1]);
	if (read(ready[0], &guards, 1) != 1)
		abort();
	test_features();
	test_page_tables(pid, guards);
	test_reading(pid, "");
	test_reading(pid, "process_vm");
	test_zero_pages(pid, "");
	test_zero_pages(pid, "process_vm");
	test_writing(pid, "");
	test_writing(pid, "process_vm");
	test_writing(pid, "proc_mem_force");
	test_writing(pid, "proc_mem_force,process_vm");
	test_descriptors(pid, file, ready[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	test_keep_shared();
	return test_done("memory");
}
