/* SPDX-License-Identifier: MIT */
/* The parsers against this very process, whose state the test knows from system calls. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_auxv.h"
#include "kernel/proc_fdinfo.h"
#include "kernel/proc_limits.h"
#include "kernel/proc_misc.h"
#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"
#include "kernel/proc_timers.h"
#include "kernel/readfile.h"
#include "tests/unit/test.h"

extern char **environ;

/* A file of this process; the test ends when it cannot be read. */
static char *own(const char *name, size_t *size)
{
	_cleanup_close_ int dir = proc_open(getpid(), NULL);
	struct err err = {};
	char *text;

	if (read_file_at(dir, name, &text, size, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		exit(1);
	}
	return text;
}

static void test_status(void)
{
	_cleanup_(proc_status_release) struct proc_status status = {};
	_cleanup_free_ char *text = NULL;
	struct err err = {};
	gid_t groups[1000];
	uid_t uid[3];
	sigset_t set;
	size_t size;
	mode_t mask;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	signal(SIGUSR1, SIG_IGN);
	prctl(PR_SET_NAME, "a\nb \\n) x");
	mask = umask(022);
	umask(mask);
	getresuid(&uid[0], &uid[1], &uid[2]);
	text = own("status", &size);
	CHECK(proc_status_parse(text, size, &status, &err) == 0, "%s", err.msg);
	CHECK_STR(status.name, "a\nb \\n) x");
	CHECK(status.pid == getpid() && status.tgid == getpid() && status.ppid == getppid());
	CHECK(status.uid.real == uid[0] && status.uid.effective == uid[1]);
	CHECK(status.uid.saved == uid[2] && status.gid.real == getgid());
	CHECK((int)status.n_groups == getgroups(1000, groups), "%zu", status.n_groups);
	CHECK((mode_t)status.umask == mask && status.threads == 1 && status.state == 'R');
	CHECK(status.sig_blocked == (1u << (SIGUSR2 - 1) | UINT64_C(1) << (SIGRTMIN + 2)));
	CHECK(status.sig_pending == 1u << (SIGUSR2 - 1), "0x%jx", (uintmax_t)status.sig_pending);
	CHECK(status.sig_ignored & 1u << (SIGUSR1 - 1));
	CHECK(status.ns_sid.count == 0 || status.ns_sid.id[0] == getsid(0));
	CHECK(status.seccomp == (uint32_t)prctl(PR_GET_SECCOMP));
	CHECK(status.no_new_privs == (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1));
}

static void test_stat(void)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat = {};
	struct err err = {};
	size_t size;

	prctl(PR_SET_NAME, ") R 1\n(");
	text = own("stat", &size);
	CHECK(proc_stat_parse(text, size, &stat, &err) == 0, "%s", err.msg);
	CHECK_STR(stat.comm, ") R 1\n(");
	CHECK(stat.pid == getpid() && stat.ppid == getppid() && stat.pgrp == getpgrp());
	CHECK(stat.session == getsid(0) && stat.num_threads == 1 && stat.state == 'R');
	CHECK(stat.nice == getpriority(PRIO_PROCESS, 0) && stat.exit_signal == SIGCHLD);
	CHECK(stat.startcode <= (uintptr_t)test_stat && stat.endcode > (uintptr_t)test_stat);
	CHECK(stat.start_brk <= (uintptr_t)sbrk(0) && stat.env_start == stat.arg_end);
	CHECK(stat.env_start <= (uintptr_t)environ[0] && stat.env_end > (uintptr_t)environ[0]);
	CHECK(stat.startstack > (uintptr_t)&size && stat.startstack < stat.arg_start);
}

static void test_limits(void)
{
	_cleanup_free_ char *text = NULL;
	struct proc_limits limits = {};
	struct err err = {};
	size_t size;

	text = own("limits", &size);
	CHECK(proc_limits_parse(text, size, &limits, &err) == 0, "%s", err.msg);
	CHECK(limits.unknown == 0);
	for (int i = 0; i < PROC_LIMITS; i++) {
		struct rlimit want;

		CHECK(getrlimit(i, &want) == 0);
		CHECK(limits.limit[i].soft == want.rlim_cur, "%d", i);
		CHECK(limits.limit[i].hard == want.rlim_max, "%d", i);
	}
}

static char *own_fdinfo(int fd, size_t *size)
{
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	return own(name, size);
}

static void test_epoll(void)
{
	_cleanup_close_ int efd = epoll_create1(EPOLL_CLOEXEC);
	_cleanup_close_ int event = eventfd(7, EFD_NONBLOCK);
	struct epoll_event want = { .events = EPOLLIN, .data.u64 = 0x123456789abcdef0 };
	_cleanup_free_ char *text = NULL, *event_text = NULL;
	struct proc_fdinfo info = {};
	struct err err = {};
	const char *line;
	size_t size, length;
	uint64_t n;

	CHECK(epoll_ctl(efd, EPOLL_CTL_ADD, event, &want) == 0);
	text = own_fdinfo(efd, &size);
	CHECK(proc_fdinfo_parse(text, size, &info, &err) == 0, "%s", err.msg);
	CHECK(info.flags == (O_RDWR | O_CLOEXEC), "%o", info.flags);
	CHECK(proc_fdinfo_number(text, "tfd", 10, &n) == 0 && n == (uint64_t)event);
	line = proc_fdinfo_find(text, "tfd", &length);
	CHECK(line && proc_fdinfo_word(line, length, "data", 16, &n) == 0 && n == want.data.u64);

	event_text = own_fdinfo(event, &size);
	CHECK(proc_fdinfo_parse(event_text, size, &info, &err) == 0, "%s", err.msg);
	CHECK(info.flags == (O_RDWR | O_NONBLOCK), "%o", info.flags);
	CHECK(proc_fdinfo_number(event_text, "eventfd-count", 16, &n) == 0 && n == 7);
}

static void test_fdinfo(void)
{
	char path[] = "/tmp/proc_self.XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	_cleanup_close_ int notify = inotify_init1(0);
	_cleanup_free_ char *text = NULL, *notify_text = NULL;
	struct proc_fdinfo info = {};
	struct err err = {};
	struct stat st;
	size_t size, length;

	CHECK(inotify_add_watch(notify, path, IN_MODIFY) == 1);
	unlink(path);
	CHECK(fstat(fd, &st) == 0 && lseek(fd, 12345678901, SEEK_SET) > 0);
	text = own_fdinfo(fd, &size);
	CHECK(proc_fdinfo_parse(text, size, &info, &err) == 0, "%s", err.msg);
	CHECK(info.pos == 12345678901);
	CHECK(info.ino == 0 || info.ino == st.st_ino);
	CHECK((info.flags & O_ACCMODE) == O_RDWR && !(info.flags & O_CLOEXEC));
	notify_text = own_fdinfo(notify, &size);
	CHECK(proc_fdinfo_find(notify_text, "inotify wd", &length), "%s", notify_text);
}

static void test_timers(void)
{
	_cleanup_(proc_timers_release) struct proc_timers timers = {};
	_cleanup_close_ int dir = proc_open(getpid(), NULL);
	_cleanup_free_ char *text = NULL;
	struct sigevent first = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN + 1,
				  .sigev_value.sival_ptr = (void *)0x1234567890abcdef };
	struct sigevent second = { .sigev_notify = SIGEV_NONE };
	struct err err = {};
	timer_t one, two;
	size_t size;

	CHECK(timer_create(CLOCK_MONOTONIC, &first, &one) == 0, "%m");
	CHECK(timer_create(CLOCK_REALTIME, &second, &two) == 0, "%m");
	if (read_file_at(dir, "timers", &text, &size, &err) < 0 && errno == ENOENT) {
		test_skip("proc_self", "timers: %s", err.msg);
		return;
	}
	CHECK(text && proc_timers_parse(text, size, &timers, &err) == 0, "%s", err.msg);
	CHECK(timers.count == 2, "%zu", timers.count);
	if (timers.count == 2) {
		CHECK(timers.list[0].signal == SIGRTMIN + 1 && timers.list[0].notify == 0);
		CHECK(timers.list[0].value == 0x1234567890abcdef);
		CHECK(!timers.list[0].thread && timers.list[0].target == getpid());
		CHECK(timers.list[0].clock_id == CLOCK_MONOTONIC);
		CHECK(timers.list[1].notify == 1 && timers.list[1].clock_id == CLOCK_REALTIME);
	}
	timer_delete(one);
	timer_delete(two);
}

static void test_auxv(void)
{
	_cleanup_(proc_auxv_release) struct proc_auxv auxv = {};
	_cleanup_free_ char *blob = NULL;
	struct err err = {};
	size_t size;

	blob = own("auxv", &size);
	CHECK(proc_auxv_parse(blob, size, &auxv, &err) == 0, "%s", err.msg);
	CHECK(auxv.count > 10);
	for (size_t i = 0; i < auxv.count; i++) {
		uint64_t type = auxv.list[i].type, value = auxv.list[i].value;

		/* The C library puts a value of its own there. */
		if (type != AT_HWCAP)
			CHECK(value == getauxval(type), "type %ju", (uintmax_t)type);
	}
}

static uint64_t own_number(const char *name, bool hex)
{
	_cleanup_free_ char *text = NULL;
	uint64_t value = UINT64_MAX;
	struct err err = {};
	size_t size;

	text = own(name, &size);
	CHECK((hex ? proc_hex_parse : proc_unsigned_parse)(text, size, name, &value, &err) == 0,
	      "%s", err.msg);
	return value;
}

static void test_misc(void)
{
	_cleanup_(proc_strings_release) struct proc_strings strings = {};
	_cleanup_free_ char *text = NULL, *comm = NULL, *oom = NULL, *call = NULL;
	struct proc_syscall syscall_state = {};
	struct err err = {};
	char name[64];
	int64_t adj;
	size_t size;

	CHECK(own_number("personality", true) == (uint64_t)personality(0xffffffff));
	CHECK(own_number("timerslack_ns", false) == (uint64_t)prctl(PR_GET_TIMERSLACK));
	CHECK(own_number("coredump_filter", true) != UINT64_MAX);
	oom = own("oom_score_adj", &size);
	CHECK(proc_signed_parse(oom, size, "oom_score_adj", &adj, &err) == 0, "%s", err.msg);
	CHECK(adj >= -1000 && adj <= 1000);
	prctl(PR_SET_NAME, "x\n\n");
	comm = own("comm", &size);
	CHECK(proc_comm_parse(comm, size, name, &err) == 0, "%s", err.msg);
	CHECK_STR(name, "x\n\n");
	text = own("cmdline", &size);
	CHECK(proc_strings_parse(text, size, &strings, &err) == 0 && strings.count == 1);
	call = own("syscall", &size);
	CHECK(proc_syscall_parse(call, size, &syscall_state, &err) == 0, "%s", err.msg);
	CHECK(syscall_state.kind == PROC_SYSCALL_IN && syscall_state.nr == SYS_read);
}

static void test_readfile(void)
{
	_cleanup_close_ int dir = proc_open(getpid(), NULL);
	_cleanup_close_ int extra = open("/dev/null", O_RDONLY);
	_cleanup_free_ char *target = NULL, *text = NULL, *large = NULL;
	_cleanup_free_ uint32_t *numbers = NULL;
	struct err err = {};
	size_t count = 0;
	char name[32], want[300];

	snprintf(name, sizeof(name), "fd/%d", extra);
	CHECK(read_link_at(dir, name, &target, &err) == 0, "%s", err.msg);
	CHECK_STR(target, "/dev/null");
	CHECK(list_numbers_at(dir, "fd", &numbers, &count, &err) == 0, "%s", err.msg);
	CHECK(count >= 5 && numbers[0] == 0 && numbers[1] == 1);
	for (size_t i = 1; i < count; i++)
		CHECK(numbers[i - 1] < numbers[i]);
	CHECK(read_file_at(dir, "no such file", &text, NULL, &err) < 0);
	CHECK(errno == ENOENT && err.code == ERR_FAILED);
	snprintf(want, sizeof(want), "open /proc/%d/no such file: No such file or directory",
		 getpid());
	CHECK_STR(err.msg, want);
	CHECK(read_link_at(dir, "status", &text, &err) < 0 && errno == EINVAL);
	CHECK(list_numbers_at(dir, "status", &numbers, &count, &err) < 0 && errno == ENOTDIR);
	CHECK(proc_open(0x7fffffff, &err) < 0 && err.code == ERR_GONE);
	CHECK_STR(err.msg, "pid 2147483647: no such process");
	CHECK(read_file_at(AT_FDCWD, "/proc/self/exe", &large, &count, &err) == 0 && count > 10000);
	CHECK(read_file_at(AT_FDCWD, "/proc/nothing", &text, NULL, &err) < 0);
	CHECK_STR(err.msg, "open /proc/nothing: No such file or directory");
}

static void test_long_link(void)
{
	char dir[] = "/tmp/proc_self.XXXXXX", target[2000], link[64];
	_cleanup_free_ char *found = NULL;
	struct err err = {};

	CHECK(mkdtemp(dir), "%m");
	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	snprintf(link, sizeof(link), "%s/link", dir);
	CHECK(symlink(target, link) == 0, "%m");
	CHECK(read_link_at(AT_FDCWD, link, &found, &err) == 0, "%s", err.msg);
	CHECK_STR(found, target);
	unlink(link);
	rmdir(dir);
}

/* What a process that ended while it was being looked at gives: every kind of access says so. */
static void test_gone(void)
{
	_cleanup_close_ int dir = -1, fds = -1;
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = {};
	size_t count;
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	dir = proc_open(pid, &err);
	fds = openat(dir, "fd", O_RDONLY | O_DIRECTORY);
	CHECK(dir >= 0 && fds >= 0, "%s", err.msg);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(read_file_at(dir, "status", &text, NULL, &err) < 0 && err.code == ERR_GONE, "%s",
	      err.msg);
	CHECK(read_link_at(fds, "0", &text, &err) < 0 && err.code == ERR_GONE, "%s", err.msg);
	CHECK(list_numbers_at(dir, "task", &numbers, &count, &err) < 0 && err.code == ERR_GONE,
	      "%s", err.msg);
	CHECK(list_numbers_at(fds, ".", &numbers, &count, &err) < 0 && err.code == ERR_GONE, "%s",
	      err.msg);
	CHECK(strstr(err.msg, "the process has ended"), "%s", err.msg);
}

int main(void)
{
	test_status();
	test_stat();
	test_limits();
	test_epoll();
	test_fdinfo();
	test_timers();
	test_auxv();
	test_misc();
	test_readfile();
	test_long_link();
	test_gone();
	return test_done("proc_self");
}
