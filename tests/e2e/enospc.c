/* SPDX-License-Identifier: MIT */
/* enospc N COMMAND: runs it, and call number N of those that put something on a disk finds it full. By ptrace(2): the command is linked statically. */
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Behind that of libc, which has the same names. */
#include <linux/ptrace.h>

static const struct {
	unsigned long number;
	int has_fd; /* as its first argument */
} calls[] = {
	{ SYS_write, 1 },    { SYS_writev, 1 }, { SYS_pwrite64, 1 },
	{ SYS_pwritev2, 1 }, { SYS_fsync, 1 },	{ SYS_linkat, 0 },
};

/* What goes to the terminal, a log or the memory of a process is not counted. */
static int counts(pid_t tid, unsigned long fd)
{
	struct statfs fs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%lu", tid, fd);
	return fd != 1 && fd != 2 && statfs(path, &fs) == 0 && fs.f_type != PROC_SUPER_MAGIC;
}

static int is_for_disk(pid_t tid, const struct __ptrace_syscall_info *info)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (info->entry.nr == calls[i].number)
			return !calls[i].has_fd || counts(tid, info->entry.args[0]);
	return 0;
}

/* Of no call, or with this result. */
static void change(pid_t tid, int entry)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, tid, 0, &regs);
	if (entry)
		regs.orig_rax = (unsigned long)-1;
	else
		regs.rax = (unsigned long)-ENOSPC;
	ptrace(PTRACE_SETREGS, tid, 0, &regs);
}

static void on_call(pid_t tid, long *left, pid_t *failing)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && *failing == tid) {
		change(tid, 0);
		*failing = 0;
	} else if (info.op == PTRACE_SYSCALL_INFO_ENTRY && is_for_disk(tid, &info) &&
		   --*left == 0) {
		change(tid, 1);
		*failing = tid;
	}
}

int main(int argc, char **argv)
{
	long left = argc > 2 ? atol(argv[1]) : 0;
	pid_t pid = fork(), tid, failing = 0;
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
		       PTRACE_O_EXITKILL);
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = 0;

		if (!WIFSTOPPED(status)) {
			if (tid == pid)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			continue;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80))
			on_call(tid, &left, &failing);
		else if (!(status >> 16) && WSTOPSIG(status) != SIGSTOP)
			signal = WSTOPSIG(status);
		ptrace(PTRACE_SYSCALL, tid, 0, signal);
	}
	return 1;
}
