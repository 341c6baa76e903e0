/* SPDX-License-Identifier: MIT */
/* Mappings: real texts, hostile texts, this very process, and the time that many take. */
#include "kernel/proc_maps.h"
#include "kernel/proc_maps_detail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/readfile.h"
#include "tests/unit/test.h"

#define DETAIL(flags)                                                                              \
	"Size:                  8 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"  \
	"Rss:                  12 kB\nPss:                   8 kB\nPss_Dirty:             0 kB\n"  \
	"Anonymous:             4 kB\nAnonHugePages:      2048 kB\nShared_Hugetlb:        1 kB\n"  \
	"Private_Hugetlb:       2 kB\nSwap:                 16 kB\nSwapPss:               0 kB\n"  \
	"THPeligible:           0\nProtectionKey:         3\nVmFlags: " flags " \n"

static const char sample[] =
	"55d270ba2000-55d270ba4000 r--p 00000000 fe:00 247498                     /usr/bin/head\n"
	"55d270ba4000-55d270baa000 r-xp 00002000 fe:00 247498                     "
	"/tmp/new\\012line\n"
	"55d270bad000-55d270bae000 rw-p 0000a000 fe:00 247498                     "
	"/tmp/gone (deleted)\n"
	"55d270cad000-55d270cae000 rw-p 00000000 00:00 0 \n"
	"55d270cae000-55d270caf000 ---p 00000000 00:00 0\n"
	"55d270e9d000-55d270ebe000 rw-p 00000000 00:00 0                          [heap]\n"
	"7f0f87395000-7f0f873ec000 rw-s 00000000 00:01 1024                       "
	"/memfd:a b (deleted)\n"
	"7f0f87495000-7f0f874ec000 rw-s 00000000 00:01 1025                       "
	"/dev/zero (deleted)\n"
	"7f0f87595000-7f0f875ec000 rw-s 00000000 00:01 3                          "
	"/SYSV00000000 (deleted)\n"
	"7f0f87695000-7f0f876ec000 rw-p 00000000 00:00 0                          [anon:my [x] "
	"heap]\n"
	"7f0f87795000-7f0f877ec000 rw-s 00000000 00:01 1026                       "
	"[anon_shmem:cache]\n"
	"7f0f87895000-7f0f878ec000 rw-s 00000000 00:0e 1030                       "
	"anon_inode:[io_uring]\n"
	"7f0f87995000-7f0f879ec000 rw-p 00000000 00:0f 1031                       "
	"/anon_hugepage (deleted)\n"
	"7f0f87a95000-7f0f87aec000 rw-s 00000000 00:10 1032                       "
	"/[aio] (deleted)\n"
	"7ffe5b5e3000-7ffe5b604000 rw-p 00000000 00:00 0                          [stack]\n"
	"7ffe5b7a0000-7ffe5b7a4000 r--p 00000000 00:00 0                          [vvar]\n"
	"7ffe5b7a4000-7ffe5b7a6000 r--p 00000000 00:00 0                          "
	"[vvar_vclock]\n"
	"7ffe5b7a6000-7ffe5b7a8000 r-xp 00000000 00:00 0                          [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static const enum map_kind sample_kinds[] = {
	MAP_KIND_FILE,	MAP_KIND_FILE,	      MAP_KIND_FILE,	MAP_KIND_ANON,	   MAP_KIND_ANON,
	MAP_KIND_HEAP,	MAP_KIND_MEMFD,	      MAP_KIND_SHMEM,	MAP_KIND_SYSV,	   MAP_KIND_ANON,
	MAP_KIND_SHMEM, MAP_KIND_ANON_INODE,  MAP_KIND_HUGETLB, MAP_KIND_AIO,	   MAP_KIND_STACK,
	MAP_KIND_VVAR,	MAP_KIND_VVAR_VCLOCK, MAP_KIND_VDSO,	MAP_KIND_VSYSCALL,
};

static void test_sample(void)
{
	_cleanup_(maps_release) struct maps maps = {};
	struct err err = {};

	CHECK(maps_parse(sample, strlen(sample), &maps, &err) == 0, "%s", err.msg);
	CHECK(maps.count == sizeof(sample_kinds) / sizeof(*sample_kinds), "%zu", maps.count);
	if (test_count.failed)
		return;
	CHECK(!maps.detailed);
	for (size_t i = 0; i < maps.count; i++)
		CHECK(maps.list[i].kind == sample_kinds[i], "%zu: %d", i, maps.list[i].kind);
	CHECK(maps.list[1].start == 0x55d270ba4000 && maps.list[1].end == 0x55d270baa000);
	CHECK(maps.list[1].offset == 0x2000 && maps.list[1].inode == 247498);
	CHECK(maps.list[1].dev_major == 0xfe && maps.list[1].dev_minor == 0);
	CHECK(maps.list[1].prot == (PROT_READ | PROT_EXEC) && !maps.list[1].shared);
	CHECK_STR(maps.list[1].name, "/tmp/new\nline");
	CHECK_STR(maps.list[2].name, "/tmp/gone");
	CHECK(maps.list[2].deleted && !maps.list[1].deleted);
	CHECK(!maps.list[3].name && !maps.list[4].name && maps.list[4].prot == 0);
	CHECK_STR(maps.list[6].name, "/memfd:a b");
	CHECK(maps.list[6].shared);
	CHECK_STR(maps.list[9].anon_name, "my [x] heap");
	CHECK_STR(maps.list[9].name, "[anon:my [x] heap]");
	CHECK_STR(maps.list[10].anon_name, "cache");
	CHECK(maps_find(&maps, 0x55d270ba4000) == &maps.list[1]);
	CHECK(maps_find(&maps, 0x55d270ba3fff) == &maps.list[0]);
	CHECK(maps_find(&maps, 0x55d270baa000) == NULL);
	CHECK(maps_find(&maps, 0) == NULL);
	CHECK(maps_find(&maps, UINT64_MAX) == NULL);
	CHECK(maps_find(&maps, 0xffffffffff600fff) == &maps.list[18]);
}

#define LINE_1 "1000-3000 rw-p 00000000 00:00 0 \n"
#define LINE_2 "3000-5000 r--p 00000000 00:00 0    [vvar]\n"

static void parse(const char *text, struct maps *ret_maps)
{
	struct err err = {};

	CHECK(maps_parse(text, strlen(text), ret_maps, &err) == 0, "%s", err.msg);
}

static void test_detail(void)
{
	_cleanup_(maps_release) struct maps maps = {};
	const struct map *map;

	parse(LINE_1 DETAIL("rd wr mr mw me ac lo hg zz") LINE_2 DETAIL("rd mr pf io de dd sd"),
	      &maps);
	map = maps.list;
	CHECK(map->flags ==
		      (MAP_FLAG(RD) | MAP_FLAG(WR) | MAP_FLAG(MR) | MAP_FLAG(MW) | MAP_FLAG(ME) |
		       MAP_FLAG(AC) | MAP_FLAG(LO) | MAP_FLAG(HG) | MAP_FLAG(UNKNOWN)),
	      "0x%jx", (uintmax_t)map->flags);
	CHECK(map->rss_kb == 12 && map->anon_kb == 4 && map->swap_kb == 16 && map->huge_kb == 2048);
	CHECK(map->hugetlb_kb == 3 && map->page_kb == 4 && map->protection_key == 3);
	CHECK(maps.list[1].flags & MAP_FLAG(PF) && maps.list[1].flags & MAP_FLAG(SD));
}

/* What was known of a mapping holds for it when it has grown, and for no other. */
static void test_foresee(void)
{
	static const char *const known[] = {
		(LINE_1 LINE_2),
		"1000-2f000 rw-p 00000000 00:00 0 \n",
		("2000-3000 rw-p 00000000 00:00 0 \n" LINE_2),
	};
	static const char *const unknown[] = {
		("0-1000 rw-p 00000000 00:00 0 \n" LINE_1),
		"1000-3000 rw-s 00000000 00:00 0 \n",
		"1000-3000 rw-p 00000000 00:00 0    [heap]\n",
		(LINE_1 LINE_2 "7000-8000 rw-p 00000000 00:00 0 \n"),
	};
	_cleanup_(maps_release) struct maps earlier = {};

	parse(LINE_1 DETAIL("rd wr mw lo hg") LINE_2 DETAIL("rd mr pf io de dd sd"), &earlier);
	CHECK(maps_locked(&earlier) == 0x2000);
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		_cleanup_(maps_release) struct maps maps = {};

		parse(known[i], &maps);
		CHECK(maps_foresee(&maps, &earlier) && maps.detailed, "%zu", i);
		CHECK(maps.list[0].flags & MAP_FLAG(HG) && maps.list[0].protection_key == 3 &&
			      maps.list[0].page_kb == 4,
		      "%zu", i);
	}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		_cleanup_(maps_release) struct maps maps = {};

		parse(unknown[i], &maps);
		CHECK(!maps_foresee(&maps, &earlier) && !maps.detailed, "%zu", i);
	}
}

/* A copy lacks locks and what is not forked, and has the memory of the call loop. */
static void test_check(void)
{
	static const char line_3[] = "5000-6000 rw-p 00000000 00:00 0 \n" DETAIL("rd wr dc");
	static const struct {
		const char *copy;
		bool same;
	} cases[] = {
		{ LINE_1 DETAIL("rd wr mw hg") LINE_2 DETAIL("rd"), true },
		{ "0-1000 rw-s 00000000 00:00 0 \n" DETAIL("rd") LINE_1 DETAIL("rd wr mw hg")
			  LINE_2 DETAIL("rd"),
		  true },
		{ LINE_1 DETAIL("rd wr mw hg wf") LINE_2 DETAIL("rd"), false },
		{ LINE_1 DETAIL("rd wr mw") LINE_2 DETAIL("rd"), false },
		{ LINE_1 DETAIL("rd wr mw hg"), false },
		{ LINE_2 DETAIL("rd"), false },
		{ "1000-2000 rw-p 00000000 00:00 0 \n" DETAIL("rd wr mw hg") LINE_2 DETAIL("rd"),
		  false },
	};
	_cleanup_free_ char *text = NULL;
	_cleanup_(maps_release) struct maps maps = {};

	CHECK(asprintf(&text, "%s%s", LINE_1 DETAIL("rd wr mw lo hg") LINE_2 DETAIL("rd"), line_3) >
	      0);
	parse(text, &maps);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_(maps_release) struct maps copy = {};
		struct err err = {};

		parse(cases[i].copy, &copy);
		CHECK((maps_check(&maps, &copy, &err) == 0) == cases[i].same, "%zu: %s", i,
		      err.msg);
	}
}

/* Parses a copy that ends where the text ends, so that the sanitizer sees a step too far. */
static int parse_exactly(const char *text, size_t size, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = {};
	_cleanup_free_ char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	return maps_parse(copy, size, &maps, err);
}

static void test_hostile(void)
{
	static const char *const bad[] = {
		"\n",
		"1000\n",
		"1000-2000\n",
		"1000-2000 rw-q 0 00:00 0\n",
		"1000-2000 rwp 0 00:00 0\n",
		"1000-2000 rw-p 0 00:00 0x\n",
		"2000-2000 rw-p 0 00:00 0\n",
		"2000-1000 rw-p 0 00:00 0\n",
		"10000000000000000-20000000000000000 rw-p 0 00:00 0\n",
		"1000-2000 rw-p 0 100000000:00 0\n",
		"1000-2000 rw-p 0 00:00 18446744073709551616\n",
		"1000-3000 rw-p 0 00:00 0\n2000-4000 rw-p 0 00:00 0\n",
		"3000-4000 rw-p 0 00:00 0\n1000-2000 rw-p 0 00:00 0\n",
		"1000-2000 rw-p 0 00:00 0 /cut",
		"Size: 4 kB\n",
		LINE_1 "Rss: 4 kB\n",
		LINE_1 "Rss: 4 kB\n" LINE_2 DETAIL("rd"),
		LINE_1 DETAIL("rd") LINE_2,
		LINE_1 LINE_2 DETAIL("rd"),
		LINE_1 DETAIL("r"),
		LINE_1 DETAIL("rdwr"),
		LINE_1 "Rss: 4\nVmFlags: rd\n",
		LINE_1 "Rss: -4 kB\nVmFlags: rd\n",
		LINE_1 "Rss: 99999999999999999999999 kB\nVmFlags: rd\n",
		LINE_1 "ProtectionKey: 4294967296\nVmFlags: rd\n",
	};
	struct err err = {};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(parse_exactly(bad[i], strlen(bad[i]), &err) < 0, "%zu: %s", i, bad[i]);
		CHECK(err.code == ERR_FAILED, "%zu", i);
	}
	CHECK(parse_exactly("", 0, &err) == 0);
	for (size_t i = 0; i < strlen(sample); i++) {
		int status = parse_exactly(sample, i, &err);

		CHECK((status == 0) == (i == 0 || sample[i - 1] == '\n'), "cut at %zu", i);
	}
}

static void test_random(void)
{
	static const char text[] = LINE_1 DETAIL("rd wr mr mw me ac lo hg zz") LINE_2 DETAIL("rd");
	static const char bytes[] = "\n :-0123456789afrwxspSV[]()\\/\0\xff";
	unsigned seed = 1;
	char copy[sizeof(text)];

	for (int i = 0; i < 20000; i++) {
		memcpy(copy, text, sizeof(text));
		for (int j = 0; j < 3; j++) {
			seed = seed * 1664525 + 1013904223;
			copy[(seed >> 8) % (sizeof(text) - 1)] =
				bytes[(seed >> 24) % sizeof(bytes)];
		}
		parse_exactly(copy, sizeof(text) - 1, NULL);
	}
	CHECK(true);
}

static struct maps own_maps(const char *file, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct maps maps = {};
	size_t size;

	if (read_file_at(AT_FDCWD, file, &text, &size, err) == 0)
		maps_parse(text, size, &maps, err);
	return maps;
}

static void check_at(const struct maps *maps, const void *address, enum map_kind kind,
		     uint64_t flags)
{
	const struct map *map = maps_find(maps, (uintptr_t)address);

	CHECK(map, "%p", address);
	if (!map)
		return;
	CHECK(map->kind == kind, "%p: %d, want %d, %s", address, map->kind, kind, map->name);
	CHECK((map->flags & flags) == flags, "%p: 0x%jx", address, (uintmax_t)map->flags);
}

/* A mapped file of this name, and the mapping as it is shown. */
static void check_file(const char *name, bool unlinked, const char *want, bool want_deleted)
{
	_cleanup_(maps_release) struct maps maps = {};
	_cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const struct map *map;
	struct err err = {};
	struct stat st;
	void *at;

	CHECK(fd >= 0 && ftruncate(fd, 4096) == 0, "%s: %m", name);
	at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	fstat(fd, &st);
	if (unlinked)
		unlink(name);
	maps = own_maps("/proc/self/maps", &err);
	maps_settle_deleted(&maps, root);
	map = maps_find(&maps, (uintptr_t)at);
	CHECK(map && map->kind == MAP_KIND_FILE, "%s", err.msg);
	if (map) {
		CHECK_STR(map->name, want);
		CHECK(map->deleted == want_deleted, "%s", map->name);
		CHECK(map->inode == st.st_ino);
	}
	munmap(at, 4096);
	unlink(name);
}

static void test_files(void)
{
	char dir[] = "/tmp/proc_maps.XXXXXX", name[128], shown[128];

	if (!mkdtemp(dir)) {
		CHECK(false, "%m");
		return;
	}
	snprintf(name, sizeof(name), "%s/plain", dir);
	check_file(name, false, name, false);
	check_file(name, true, name, true);
	snprintf(name, sizeof(name), "%s/odd (deleted)", dir);
	check_file(name, false, name, false);
	check_file(name, true, name, true);
	snprintf(name, sizeof(name), "%s/two\nlines \\x", dir);
	check_file(name, false, name, false);
	snprintf(name, sizeof(name), "%s/dir\n", dir);
	snprintf(shown, sizeof(shown), "%s/dir\n", dir);
	check_file(name, true, shown, true);
	rmdir(dir);
}

/* One page of each kind, made here and found again. */
static void test_self(void)
{
	_cleanup_(maps_release) struct maps maps = {}, detailed = {};
	_cleanup_close_ int memfd = memfd_create("unit test", MFD_CLOEXEC);
	struct err err = {};
	int local;
	char *pages =
		mmap(NULL, 6 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *file;
	bool named;

	CHECK(ftruncate(memfd, 4096) == 0);
	file = mmap(NULL, 4096, PROT_READ, MAP_SHARED, memfd, 0);
	CHECK(madvise(pages, 4096, MADV_DONTFORK) == 0);
	CHECK(madvise(pages + 4096, 4096, MADV_WIPEONFORK) == 0);
	CHECK(mprotect(pages + 2 * 4096, 4096, PROT_NONE) == 0);
	CHECK(mlock(pages + 3 * 4096, 4096) == 0 || errno == EPERM || errno == ENOMEM);
	named = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, pages + 4 * 4096, 4096, "unit test") == 0;

	maps = own_maps("/proc/self/maps", &err);
	CHECK(maps.count > 10, "%s", err.msg);
	detailed = own_maps("/proc/self/smaps", &err);
	CHECK(detailed.count > 10 && detailed.detailed, "%s", err.msg);

	check_at(&detailed, (void *)(uintptr_t)test_self, MAP_KIND_FILE,
		 MAP_FLAG(EX) | MAP_FLAG(RD));
	check_at(&detailed, &local, MAP_KIND_STACK, MAP_FLAG(GD));
	check_at(&detailed, pages, MAP_KIND_ANON, MAP_FLAG(DC) | MAP_FLAG(WR));
	check_at(&detailed, pages + 4096, MAP_KIND_ANON, MAP_FLAG(WF));
	check_at(&detailed, pages + 2 * 4096, MAP_KIND_ANON, MAP_FLAG(MR));
	check_at(&detailed, shared, MAP_KIND_SHMEM, MAP_FLAG(SH));
	check_at(&detailed, file, MAP_KIND_MEMFD, MAP_FLAG(SH));
	CHECK_STR(maps_find(&detailed, (uintptr_t)file)->name, "/memfd:unit test");
	if (named)
		CHECK_STR(maps_find(&detailed, (uintptr_t)pages + 4 * 4096)->anon_name,
			  "unit test");
	for (size_t i = 0; i < detailed.count; i++)
		CHECK(!(detailed.list[i].flags & MAP_FLAG(UNKNOWN)), "%s", detailed.list[i].name);
	munmap(file, 4096);
	munmap(shared, 4096);
	munmap(pages, 6 * 4096);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void test_speed(const char *what, const char *detail, double limit)
{
	_cleanup_(maps_release) struct maps maps = {};
	_cleanup_free_ char *text = NULL;
	struct err err = {};
	size_t size;
	FILE *out = open_memstream(&text, &size);
	double start;

	for (unsigned i = 0; i < 100000; i++)
		fprintf(out,
			"%x-%x r--p 00000000 fe:00 247498                     "
			"/usr/lib/x86_64-linux-gnu/libsomething.so.%u\n%s",
			0x10000 + i * 0x2000, 0x11000 + i * 0x2000, i, detail);
	fclose(out);
	start = seconds();
	CHECK(maps_parse(text, size, &maps, &err) == 0, "%s", err.msg);
	start = seconds() - start;
	CHECK(maps.count == 100000);
	/* Ten times what is needed, for sanitizers and slow machines; the aim is 0.2 s. */
	CHECK(start < 10 * limit, "%f s", start);
	printf("proc_maps: 100000 mappings of %s, %zu MB: %.3f s\n", what, size >> 20, start);
}

int main(void)
{
	test_sample();
	test_detail();
	test_foresee();
	test_check();
	test_hostile();
	test_random();
	test_self();
	test_files();
	test_speed("maps", "", 0.2);
	test_speed("smaps", DETAIL("rd wr mr mw me ac lo hg sd"), 0.2);
	return test_done("proc_maps");
}
