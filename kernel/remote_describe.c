/* SPDX-License-Identifier: MIT */
/* Names of the system calls that are made remotely. */
#include "kernel/remote_describe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "format/err.h"
#include "kernel/fork_limit.h"
#include "kernel/remote.h"

#define MAX_ERRNO 4095 /* include/linux/err.h */

/* Name, number of arguments, and which of them, from 1 on, is the address of a path. Others are shown by their number. */
#define PATH_CALL(name, args, path)                                                                \
	{                                                                                          \
		SYS_##name, #name, args, path                                                      \
	}
#define CALL(name, args) PATH_CALL(name, args, 0)

static const struct {
	uint64_t nr;
	const char *name;
	unsigned args;
	int path;
} calls[] = {
	CALL(read, 3),
	CALL(write, 3),
	PATH_CALL(open, 3, 1),
	PATH_CALL(openat, 4, 2),
	CALL(close, 1),
	CALL(close_range, 3),
	CALL(lseek, 3),
	CALL(dup2, 2),
	CALL(dup3, 3),
	CALL(fcntl, 3),
	CALL(ioctl, 3),
	PATH_CALL(chdir, 1, 1),
	CALL(fchdir, 1),
	PATH_CALL(chroot, 1, 1),
	CALL(umask, 1),
	CALL(recvmsg, 3),
	CALL(mmap, 6),
	CALL(munmap, 2),
	CALL(mremap, 5),
	CALL(mprotect, 3),
	CALL(pkey_mprotect, 4),
	CALL(pkey_alloc, 2),
	CALL(madvise, 3),
	CALL(mlock, 2),
	CALL(mlock2, 3),
	CALL(mlockall, 1),
	CALL(msync, 3),
	CALL(brk, 1),
	CALL(userfaultfd, 1),
	CALL(prctl, 5),
	CALL(arch_prctl, 2),
	CALL(personality, 1),
	CALL(rt_sigaction, 4),
	CALL(rt_sigprocmask, 4),
	CALL(rt_sigqueueinfo, 3),
	CALL(rt_tgsigqueueinfo, 4),
	CALL(rt_sigtimedwait, 4),
	CALL(sigaltstack, 2),
	CALL(kill, 2),
	CALL(tgkill, 3),
	CALL(set_tid_address, 1),
	CALL(set_robust_list, 2),
	CALL(get_robust_list, 3),
	CALL(rseq, 4),
	CALL(clone, 5),
	CALL(clone3, 2),
	CALL(unshare, 1),
	CALL(setns, 2),
	PATH_CALL(execve, 3, 1),
	PATH_CALL(execveat, 5, 2),
	CALL(exit, 1),
	CALL(wait4, 4),
	CALL(getpid, 0),
	CALL(gettid, 0),
	CALL(getppid, 0),
	CALL(getsid, 1),
	CALL(setsid, 0),
	CALL(getpgid, 1),
	CALL(setpgid, 2),
	CALL(setuid, 1),
	CALL(setgid, 1),
	CALL(setresuid, 3),
	CALL(setresgid, 3),
	CALL(setfsuid, 1),
	CALL(setfsgid, 1),
	CALL(setgroups, 2),
	CALL(capget, 2),
	CALL(capset, 2),
	CALL(prlimit64, 4),
	CALL(getrlimit, 2),
	CALL(setrlimit, 2),
	CALL(setpriority, 3),
	CALL(sched_setaffinity, 3),
	CALL(sched_setattr, 3),
	CALL(sched_getattr, 4),
	CALL(ioprio_set, 3),
	CALL(ioprio_get, 2),
	CALL(getitimer, 2),
	CALL(setitimer, 3),
	CALL(timer_create, 3),
	CALL(timer_settime, 4),
	CALL(timer_gettime, 2),
	CALL(timer_getoverrun, 1),
	CALL(timer_delete, 1),
	CALL(epoll_ctl, 4),
	CALL(membarrier, 3),
	CALL(pidfd_open, 2),
};

static int find(uint64_t nr)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].nr == nr)
			return (int)i;
	return -1;
}

int remote_path_argument(const struct remote_call *call)
{
	int known = find(call->nr);

	return known < 0 ? -1 : calls[known].path - 1;
}

char *remote_describe(const struct remote_call *call, const char *path, char *text, size_t size)
{
	int known = find(call->nr), named = path ? remote_path_argument(call) : -1;
	unsigned args = known < 0 ? 6 : calls[known].args;
	size_t length;

	if (known < 0)
		length = (size_t)snprintf(text, size, "system call %llu(",
					  (unsigned long long)call->nr);
	else
		length = (size_t)snprintf(text, size, "%s(", calls[known].name);
	for (unsigned i = 0; i < args && length < size; i++) {
		const char *gap = i ? ", " : "";

		length += (size_t)((int)i == named
					   ? snprintf(text + length, size - length, "%s\"%s\"", gap,
						      path)
					   : snprintf(text + length, size - length, "%s0x%llx", gap,
						      (unsigned long long)call->arg[i]));
	}
	if (length < size)
		snprintf(text + length, size - length, ")");
	return text;
}

int remote_judge(const struct remote_call *call, const char *path, pid_t pid, struct err *err)
{
	char text[400];

	if (call->result >= 0 || call->result < -MAX_ERRNO)
		return 0;
	errno = (int)-call->result;
	return err_sys(err, "process %d: %s%s", pid,
		       remote_describe(call, path, text, sizeof(text)),
		       call->nr == SYS_clone || call->nr == SYS_clone3 ? fork_limit(errno) : "");
}
