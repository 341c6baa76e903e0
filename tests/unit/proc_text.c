/* SPDX-License-Identifier: MIT */
/* Parsers of /proc files other than maps: texts of old and new kernels, and hostile ones. */
#include <stdint.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory_left.h"
#include "kernel/proc_auxv.h"
#include "kernel/proc_fdinfo.h"
#include "kernel/proc_limits.h"
#include "kernel/proc_misc.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/proc_timers.h"
#include "tests/unit/test.h"

/* Linux 6.18. */
static const char status_new[] =
	"Name:\t a\\nb\\\\c \nUmask:\t0027\nState:\tt (tracing "
	"stop)\nTgid:\t4213\nNgid:\t0\nPid:\t4214\n"
	"PPid:\t4206\nTracerPid:\t77\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t4294967295\nFDSize:\t256\n"
	"Groups:\t4 24 4294967294 "
	"\nNStgid:\t4213\t12\t1\nNSpid:\t4214\t13\t2\nNSpgid:\t4206\t0\t0\n"
	"NSsid:\t2615\t0\t0\nKthread:\t0\nVmPeak:\t    2928 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n"
	"untag_mask:\t0xffffffffffffffff\nThreads:\t2\nSigQ:\t0/96350\nSigPnd:\t0000000000000001\n"
	"ShdPnd:\t8000000000000000\nSigBlk:\t0000000000010000\nSigIgn:\t0000000000001000\n"
	"SigCgt:\tfffffffe7ffbfeff\nCapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\n"
	"CapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000400\n"
	"NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n"
	"Speculation_Store_Bypass:\tvulnerable\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n"
	"voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t1\n"
	"x86_Thread_features:\tshstk wrss \nx86_Thread_features_locked:\tshstk new \n";

/* The shape of Linux 5.10, a zombie in a kernel without namespaces and seccomp. */
static const char status_old[] =
	"Name:\tsh\nState:\tZ (zombie)\nTgid:\t9\nNgid:\t0\nPid:\t9\nPPid:\t1\nTracerPid:\t0\n"
	"Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t0\nGroups:\t \nThreads:\t1\nSigQ:\t0/100\n"
	"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\n"
	"SigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\nCapInh:\t0000000000000000\n"
	"CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000003fffffffff\n"
	"CapAmb:\t0000000000000000\nNoNewPrivs:\t0\n";

static const char stat_text[] =
	"4215 (a) R 1 (\n) S 4206 4206 2615 34816 -1 4194304 119 0 0 0 7 8 0 0 20 -5 3 0 95041 "
	"2998272 414 18446744073709551615 94425022730240 94425022754345 140724962201904 0 0 0 0 0 "
	"0 "
	"0 0 0 17 1 4294967295 1 0 0 0 94425022770192 94425022771808 94425084166144 "
	"140724962208371 140724962208400 140724962208401 140724962209770 256\n";

static const char limits_text[] =
	"Limit                     Soft Limit           Hard Limit           Units     \n"
	"Max cpu time              unlimited            unlimited            seconds   \n"
	"Max file size             unlimited            unlimited            bytes     \n"
	"Max data size             unlimited            unlimited            bytes     \n"
	"Max stack size            8388608              unlimited            bytes     \n"
	"Max core file size        0                    unlimited            bytes     \n"
	"Max resident set          unlimited            unlimited            bytes     \n"
	"Max processes             96350                96350                processes \n"
	"Max open files            20000                18446744073709551614 files     \n"
	"Max locked memory         8388608              8388608              bytes     \n"
	"Max address space         unlimited            unlimited            bytes     \n"
	"Max file locks            unlimited            unlimited            locks     \n"
	"Max pending signals       96350                96350                signals   \n"
	"Max msgqueue size         819200               819200               bytes     \n"
	"Max nice priority         40                   40                   \n"
	"Max realtime priority     0                    0                    \n"
	"Max realtime timeout      unlimited            unlimited            us        \n";

static const char timers_text[] =
	"ID: 3\nsignal: 0/0000000000000000\nnotify: none/pid.2634\nClockID: -21066\n"
	"ID: 1\nsignal: 60/00007fff86e452a8\nnotify: signal/tid.2635\nClockID: 1\n"
	"ID: 0\nsignal: 14/ffffffffffffffff\nnotify: thread/pid.2634\nClockID: 0\n";

static const char epoll_text[] =
	"pos:\t0\nflags:\t02000002\nmnt_id:\t16\nino:\t2057\n"
	"tfd:        5 events:       19 data:                7  pos:0 ino:61af sdev:7\n"
	"tfd:        6 events: 80000001 data: ffffffffffffffff  pos:9 ino:61b0 sdev:7\n";

static const char inotify_text[] =
	"pos:\t-1\nflags:\t0\nmnt_id:\t9\n"
	"inotify wd:2 ino:9e7e sdev:800013 mask:800afce ignored_mask:5 fhandle-bytes:8\n"
	"inotify wd:1 ino:192627 sdev:800013 mask:2 ignored_mask:0 fhandle-bytes:8\n";

/* AT_PAGESZ and AT_NULL, then what a kernel leaves behind it. */
static const uint64_t auxv_blob[] = { 6, 4096, 33, 0x7ffe12345000, 0, 0, 0, 0 };

static const char syscall_text[] = "35 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffc00001000 0x7f1a0d8e82ad\n";

static void test_status(void)
{
	struct proc_status status = {};
	struct err err = {};

	CHECK(proc_status_parse(status_new, strlen(status_new), &status, &err) == 0, "%s", err.msg);
	CHECK_STR(status.name, " a\nb\\c ");
	CHECK(status.state == 't' && status.umask == 027);
	CHECK(status.tgid == 4213 && status.pid == 4214 && status.ppid == 4206);
	CHECK(status.tracer_pid == 77 && status.threads == 2);
	CHECK(status.uid.real == 1 && status.uid.effective == 2 && status.uid.saved == 3);
	CHECK(status.uid.fs == 4 && status.gid.fs == UINT32_MAX);
	CHECK(status.n_groups == 3 && status.groups[2] == 4294967294);
	CHECK(status.ns_pid.count == 3 && status.ns_pid.id[2] == 2 && status.ns_tgid.id[1] == 12);
	CHECK(status.ns_sid.count == 3 && status.ns_pgid.id[0] == 4206);
	CHECK(!status.kernel_thread && !status.core_dumping && status.thp_enabled == 1);
	CHECK(status.sig_pending == 1 && status.sig_shared_pending == UINT64_C(1) << 63);
	CHECK(status.sig_blocked == 0x10000 && status.sig_ignored == 0x1000);
	CHECK(status.sig_caught == 0xfffffffe7ffbfeff && status.cap_ambient == 0x400);
	CHECK(status.cap_bounding == 0x1fffeffffff && status.no_new_privs);
	CHECK(status.seccomp == 2 && status.seccomp_filters == 3);
	CHECK(status.thread_features == (THREAD_FEATURE_SHSTK | THREAD_FEATURE_WRSS));
	CHECK(status.thread_features_locked == (THREAD_FEATURE_SHSTK | THREAD_FEATURE_OTHER));
	proc_status_release(&status);

	CHECK(proc_status_parse(status_old, strlen(status_old), &status, &err) == 0, "%s", err.msg);
	CHECK(status.umask == -1 && status.thp_enabled == -1 && status.n_groups == 0);
	CHECK(status.ns_pid.count == 0 && status.seccomp == 0 && status.state == 'Z');
	proc_status_release(&status);
}

static void test_stat(void)
{
	struct proc_stat stat = {};
	struct err err = {};

	CHECK(proc_stat_parse(stat_text, strlen(stat_text), &stat, &err) == 0, "%s", err.msg);
	CHECK_STR(stat.comm, "a) R 1 (\n");
	CHECK(stat.pid == 4215 && stat.state == 'S' && stat.ppid == 4206);
	CHECK(stat.pgrp == 4206 && stat.session == 2615 && stat.tty_nr == 34816);
	CHECK(stat.tpgid == -1 && stat.flags == 4194304 && stat.utime == 7 && stat.stime == 8);
	CHECK(stat.priority == 20 && stat.nice == -5 && stat.num_threads == 3);
	CHECK(stat.starttime == 95041 && stat.startcode == 94425022730240);
	CHECK(stat.endcode == 94425022754345 && stat.startstack == 140724962201904);
	CHECK(stat.exit_signal == 17 && stat.processor == 1 && stat.rt_priority == UINT32_MAX);
	CHECK(stat.policy == 1 && stat.start_data == 94425022770192);
	CHECK(stat.end_data == 94425022771808 && stat.start_brk == 94425084166144);
	CHECK(stat.arg_start == 140724962208371 && stat.arg_end == 140724962208400);
	CHECK(stat.env_start == 140724962208401 && stat.env_end == 140724962209770);
	CHECK(stat.exit_code == 256);
}

static void test_limits(void)
{
	char more[sizeof(limits_text) + 100];
	struct proc_limits limits = {};
	struct err err = {};

	CHECK(proc_limits_parse(limits_text, strlen(limits_text), &limits, &err) == 0, "%s",
	      err.msg);
	CHECK(limits.limit[3].soft == 8388608 && limits.limit[3].hard == PROC_LIMIT_UNLIMITED);
	CHECK(limits.limit[4].soft == 0 && limits.limit[7].hard == UINT64_MAX - 1);
	CHECK(limits.limit[13].hard == 40 && limits.unknown == 0);
	snprintf(more, sizeof(more), "%sMax new thing 1 2 things\n", limits_text);
	CHECK(proc_limits_parse(more, strlen(more), &limits, &err) == 0 && limits.unknown == 1);
	CHECK(proc_limits_parse(limits_text, 200, &limits, &err) < 0);
	CHECK(proc_limits_parse("", 0, &limits, &err) < 0);
}

#define TIMER_1 "ID: 1\nsignal: 1/0\nnotify: none/pid.1\nClockID: 0\n"

static void test_timers(void)
{
	static const char *const bad[] = {
		"ID: 1\n",
		"signal: 1/0\n",
		"ID: 1\nsignal: 1/0\nnotify: signal/pid.1\nID: 2\n",
		"ID: 1\nsignal: 1/0\nnotify: signal/pid.1\nsignal: 1/0\nClockID: 0\n",
		"ID: 1\nsignal: 65/0\nnotify: signal/pid.1\nClockID: 0\n",
		"ID: 1\nsignal: 1/0\nnotify: other/pid.1\nClockID: 0\n",
		TIMER_1 TIMER_1,
	};
	struct proc_timers timers = {};
	struct err err = {};

	CHECK(proc_timers_parse(timers_text, strlen(timers_text), &timers, &err) == 0, "%s",
	      err.msg);
	CHECK(timers.count == 3 && timers.list[0].id == 0 && timers.list[2].id == 3);
	CHECK(timers.list[0].signal == 14 && timers.list[0].value == UINT64_MAX);
	CHECK(timers.list[0].notify == 2 && !timers.list[0].thread);
	CHECK(timers.list[1].thread && timers.list[1].target == 2635);
	CHECK(timers.list[1].value == 0x7fff86e452a8 && timers.list[1].clock_id == 1);
	CHECK(timers.list[2].notify == 1 && timers.list[2].clock_id == -21066);
	proc_timers_release(&timers);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(proc_timers_parse(bad[i], strlen(bad[i]), &timers, &err) < 0, "%zu", i);
	CHECK(proc_timers_parse("", 0, &timers, &err) == 0 && timers.count == 0);
}

static void test_fdinfo(void)
{
	struct proc_fdinfo info = {};
	struct err err = {};
	const char *line;
	size_t length;
	uint64_t n;

	CHECK(proc_fdinfo_parse(epoll_text, strlen(epoll_text), &info, &err) == 0, "%s", err.msg);
	CHECK(info.pos == 0 && info.flags == 02000002 && info.mnt_id == 16 && info.ino == 2057);
	line = proc_fdinfo_find(epoll_text, "tfd", &length);
	CHECK(line && proc_fdinfo_word(line, length, "data", 16, &n) == 0 && n == 7);
	line = proc_fdinfo_find(line, "tfd", &length);
	CHECK(line && proc_fdinfo_word(line, length, "data", 16, &n) == 0 && n == UINT64_MAX);
	CHECK(proc_fdinfo_word(line, length, "events", 16, &n) == 0 && n == 0x80000001);
	CHECK(proc_fdinfo_word(line, length, "sdev", 16, &n) == 0 && n == 7);
	CHECK(proc_fdinfo_word(line, length, "tfd", 10, &n) < 0);
	CHECK(!proc_fdinfo_find(line, "tfd", &length));

	CHECK(proc_fdinfo_parse(inotify_text, strlen(inotify_text), &info, &err) == 0, "%s",
	      err.msg);
	CHECK(info.pos == -1 && info.ino == 0);
	line = proc_fdinfo_find(inotify_text, "inotify wd", &length);
	CHECK(line && *line == '2');
	CHECK(proc_fdinfo_word(line, length, "mask", 16, &n) == 0 && n == 0x800afce);
	CHECK(proc_fdinfo_word(line, length, "ignored_mask", 16, &n) == 0 && n == 5);
	CHECK(proc_fdinfo_number(epoll_text, "flags", 8, &n) == 0 && n == 02000002);
	CHECK(proc_fdinfo_number(epoll_text, "none", 8, &n) < 0);
	CHECK(proc_fdinfo_parse("pos:\t0\nflags:\t9\nmnt_id:\t1\n", 27, &info, &err) < 0);
	CHECK(proc_fdinfo_parse("flags:\t0\nmnt_id:\t1\n", 19, &info, &err) < 0);
}

static void test_auxv(void)
{
	struct proc_auxv auxv = {};
	struct err err = {};

	CHECK(proc_auxv_parse(auxv_blob, sizeof(auxv_blob), &auxv, &err) == 0, "%s", err.msg);
	CHECK(auxv.count == 2 && auxv.list[1].type == 33);
	CHECK(proc_auxv_get(&auxv, 6, 0) == 4096 && proc_auxv_get(&auxv, 7, 1) == 1);
	proc_auxv_release(&auxv);
	CHECK(proc_auxv_parse(auxv_blob, 39, &auxv, &err) < 0);
	CHECK(proc_auxv_parse(auxv_blob, 7, &auxv, &err) < 0);
	CHECK(proc_auxv_parse("", 0, &auxv, &err) == 0 && auxv.count == 0);
}

static void test_numbers(void)
{
	struct err err = {};
	uint64_t n = 5;
	int64_t i = 5;

	CHECK(proc_hex_parse("00000033\n", 9, "coredump_filter", &n, &err) == 0 && n == 0x33);
	CHECK(proc_hex_parse("ffffffffffffffff", 16, "x", &n, &err) == 0 && n == UINT64_MAX);
	CHECK(proc_hex_parse("10000000000000000", 17, "x", &n, &err) < 0 && n == UINT64_MAX);
	CHECK(proc_hex_parse("0x33\n", 5, "x", &n, &err) < 0);
	CHECK(proc_hex_parse("", 0, "personality", &n, &err) < 0);
	CHECK_STR(err.msg, "personality: expected a hexadecimal number, found \"\"");
	CHECK(proc_unsigned_parse("50000\n", 6, "x", &n, &err) == 0 && n == 50000);
	CHECK(proc_unsigned_parse("-1\n", 3, "x", &n, &err) < 0);
	CHECK(proc_unsigned_parse("1\n\n", 3, "x", &n, &err) < 0);
	CHECK(proc_signed_parse("-1000\n", 6, "x", &i, &err) == 0 && i == -1000);
	CHECK(proc_signed_parse("-9223372036854775808", 20, "x", &i, &err) == 0 && i == INT64_MIN);
	CHECK(proc_signed_parse("-9223372036854775809", 20, "x", &i, &err) < 0);
	CHECK(proc_signed_parse("9223372036854775808", 19, "x", &i, &err) < 0);
	CHECK(proc_signed_parse("-\n", 2, "x", &i, &err) < 0);
}

static void test_names(void)
{
	struct proc_strings strings = {};
	struct err err = {};
	char name[64], text[65];

	CHECK(proc_comm_parse("a\nb\n\n", 5, name, &err) == 0);
	CHECK_STR(name, "a\nb\n");
	CHECK(proc_comm_parse("\n", 1, name, &err) == 0 && name[0] == '\0');
	CHECK(proc_comm_parse("ab", 2, name, &err) < 0 && proc_comm_parse("", 0, name, &err) < 0);
	memset(text, 'x', 64);
	text[63] = '\n';
	CHECK(proc_comm_parse(text, 64, name, &err) == 0 && strlen(name) == 63);
	text[63] = 'x';
	text[64] = '\n';
	CHECK(proc_comm_parse(text, 65, name, &err) < 0);

	CHECK(proc_strings_parse("a\0\0b c\0", 7, &strings, &err) == 0);
	CHECK(strings.count == 3 && !strings.unterminated && !strings.list[3]);
	CHECK_STR(strings.list[1], "");
	CHECK_STR(strings.list[2], "b c");
	proc_strings_release(&strings);
	CHECK(proc_strings_parse("nginx: worker", 13, &strings, &err) == 0);
	CHECK(strings.count == 1 && strings.unterminated);
	CHECK_STR(strings.list[0], "nginx: worker");
	proc_strings_release(&strings);
	CHECK(proc_strings_parse("", 0, &strings, &err) == 0 && strings.count == 0);
	proc_strings_release(&strings);
}

static void test_syscall(void)
{
	struct proc_syscall call = {};
	struct err err = {};

	CHECK(proc_syscall_parse(syscall_text, strlen(syscall_text), &call, &err) == 0);
	CHECK(call.kind == PROC_SYSCALL_IN && call.nr == 35 && call.args[5] == 6);
	CHECK(call.sp == 0x7ffc00001000 && call.pc == 0x7f1a0d8e82ad);
	CHECK(proc_syscall_parse("running\n", 8, &call, &err) == 0);
	CHECK(call.kind == PROC_SYSCALL_RUNNING && call.sp == 0);
	CHECK(proc_syscall_parse("-1 0x10 0x20\n", 13, &call, &err) == 0);
	CHECK(call.kind == PROC_SYSCALL_NONE && call.sp == 16 && call.pc == 32);
	CHECK(proc_syscall_parse("-1 0x10 0x20 0x30\n", 18, &call, &err) < 0);
	CHECK(proc_syscall_parse("0 0x1 0x2\n", 10, &call, &err) < 0);
	CHECK(proc_syscall_parse("", 0, &call, &err) < 0);
}

/* Each parses, releases, and tells whether it took the text. */
static int run_status(const char *text, size_t size)
{
	_cleanup_(proc_status_release) struct proc_status status = {};

	return proc_status_parse(text, size, &status, NULL);
}

static int run_stat(const char *text, size_t size)
{
	struct proc_stat stat;

	return proc_stat_parse(text, size, &stat, NULL);
}

static int run_limits(const char *text, size_t size)
{
	struct proc_limits limits;

	return proc_limits_parse(text, size, &limits, NULL);
}

static int run_timers(const char *text, size_t size)
{
	_cleanup_(proc_timers_release) struct proc_timers timers = {};

	return proc_timers_parse(text, size, &timers, NULL);
}

static int run_fdinfo(const char *text, size_t size)
{
	struct proc_fdinfo info;

	return proc_fdinfo_parse(text, size, &info, NULL);
}

static int run_auxv(const char *text, size_t size)
{
	_cleanup_(proc_auxv_release) struct proc_auxv auxv = {};

	return proc_auxv_parse(text, size, &auxv, NULL);
}

static int run_syscall(const char *text, size_t size)
{
	struct proc_syscall call;

	return proc_syscall_parse(text, size, &call, NULL);
}

static int run_strings(const char *text, size_t size)
{
	_cleanup_(proc_strings_release) struct proc_strings strings = {};

	return proc_strings_parse(text, size, &strings, NULL);
}

static const struct {
	const char *name;
	int (*run)(const char *text, size_t size);
	const void *text;
	size_t size;
} parsers[] = {
	{ "status", run_status, status_new, sizeof(status_new) - 1 },
	{ "status", run_status, status_old, sizeof(status_old) - 1 },
	{ "stat", run_stat, stat_text, sizeof(stat_text) - 1 },
	{ "limits", run_limits, limits_text, sizeof(limits_text) - 1 },
	{ "timers", run_timers, timers_text, sizeof(timers_text) - 1 },
	{ "fdinfo", run_fdinfo, epoll_text, sizeof(epoll_text) - 1 },
	{ "auxv", run_auxv, auxv_blob, sizeof(auxv_blob) },
	{ "syscall", run_syscall, syscall_text, sizeof(syscall_text) - 1 },
	{ "strings", run_strings, status_new, sizeof(status_new) },
};

/* Runs on a copy that ends where the text ends, so that the sanitizer sees a step too far. */
static int run_copy(size_t parser, const char *text, size_t size)
{
	_cleanup_free_ char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	return parsers[parser].run(copy, size);
}

static void test_cut(void)
{
	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		CHECK(run_copy(i, parsers[i].text, parsers[i].size) == 0, "%s", parsers[i].name);
		for (size_t size = 0; size < parsers[i].size; size++)
			run_copy(i, parsers[i].text, size);
	}
}

static void test_random(void)
{
	static const char bytes[] = "\n\t :-0123456789afx.()\\/\0\xff";
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		_cleanup_free_ char *copy = malloc(parsers[i].size);

		for (int round = 0; round < 5000; round++) {
			memcpy(copy, parsers[i].text, parsers[i].size);
			for (int j = 0; j < 3; j++) {
				seed = seed * 1664525 + 1013904223;
				copy[(seed >> 8) % parsers[i].size] =
					bytes[(seed >> 24) % sizeof(bytes)];
			}
			run_copy(i, copy, parsers[i].size);
		}
	}
}

/* Replaces one part of a good text: it must then be refused. */
static void check_refused(size_t parser, const char *old, const char *new)
{
	const char *text = parsers[parser].text, *at = strstr(text, old);
	_cleanup_free_ char *changed = NULL;
	int size;

	CHECK(at, "%s", old);
	size = asprintf(&changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
	CHECK(run_copy(parser, changed, size) < 0, "%s: %s", parsers[parser].name, new);
}

static void test_refused(void)
{
	check_refused(0, "Pid:\t4214", "Pid:\t2147483648");
	check_refused(0, "Pid:\t4214\n", "");
	check_refused(0, "Uid:\t1\t2\t3\t4", "Uid:\t1\t2\t3");
	check_refused(0, "Uid:\t1\t2\t3\t4", "Uid:\t1\t2\t3\t4\t5");
	check_refused(0, "Uid:\t1", "Uid:\t4294967296");
	check_refused(0, "Groups:\t4 24", "Groups:\t4 x");
	check_refused(0, "Threads:\t2\n", "Threads:\t2\nThreads:\t2\n");
	check_refused(0, "SigBlk:\t0", "SigBlk:\t10000000000000000");
	check_refused(0, "Name:\t a",
		      "Name:\t 0123456789012345678901234567890123456789012345678901234567890a");
	check_refused(0, "NSpid:\t4214",
		      "NSpid:\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
		      "21 22 23 24 25 26 27 28 29 30 31 32");
	check_refused(0, "NoNewPrivs:\t1", "NoNewPrivs:\t2");
	check_refused(2, " (a)", " a)");
	check_refused(2, "(a) R 1 (\n)", "(a) R 1 (\n");
	check_refused(2, " 4206 4206", " 4206 2147483648");
	check_refused(2, " 140724962209770 256\n", " 140724962209770\n");
	check_refused(2, " 256\n", " 256x");
	check_refused(2, "(a)", "(0123456789 123456789 123456789 123456789 123456789 123456789)");
	check_refused(3, "8388608 ", "838860x ");
	check_refused(3, "18446744073709551614", "18446744073709551616");
	check_refused(3, "Max nice priority         40                   40                   \n",
		      "");
	check_refused(3, "Max nice", "Min nice");
}

static void test_memory_left(void)
{
	static const char text[] = "MemTotal:  100 kB\nMemAvailable:   23 kB\nOdd: 5\nHuge: "
				   "99999999999999999999 kB\n";
	_cleanup_free_ char *path = cgroup_path_parse("4:memory:/x\n0::/a/b\n", 21);
	struct err err = { 0 };
	uint64_t bytes = 0;

	CHECK(memory_line_parse(text, strlen(text), "MemAvailable", &bytes, &err) == 0, "%s",
	      err.msg);
	CHECK(bytes == 23 << 10);
	CHECK(memory_line_parse(text, strlen(text), "MemAvail", &bytes, &err) < 0);
	CHECK(memory_line_parse(text, strlen(text), "Odd", &bytes, &err) < 0);
	CHECK(memory_line_parse(text, strlen(text), "Huge", &bytes, &err) < 0);
	CHECK_STR(path, "/a/b");
	CHECK(!cgroup_path_parse("4:memory:/x\n", 12));
}

int main(void)
{
	test_status();
	test_stat();
	test_limits();
	test_timers();
	test_fdinfo();
	test_auxv();
	test_numbers();
	test_names();
	test_syscall();
	test_cut();
	test_random();
	test_refused();
	test_memory_left();
	return test_done("proc_text");
}
