/* SPDX-License-Identifier: MIT */
/* Has a pseudo-terminal in which output waits, and 300 children. With -DKILLER: runs the command and kills it where it
 * sends the next calls after some that stop other processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef KILLER
#include <linux/ptrace.h>

static int read_memory(pid_t pid, unsigned long address, void *to, size_t size)
{
	struct iovec here = { to, size }, there = { (void *)address, size };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* Whether the bytes that it writes into a process have a call that stops another. */
static int stops(pid_t pid, unsigned long parts, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		struct iovec part;
		char *bytes;
		int found = 0;

		if (!read_memory(pid, parts + i * sizeof(part), &part, sizeof(part)))
			return 0;
		bytes = malloc(part.iov_len + 1);
		if (bytes && read_memory(pid, (unsigned long)part.iov_base, bytes, part.iov_len))
			for (size_t at = 0; at + 64 <= part.iov_len; at += 64) {
				unsigned long call[3];

				memcpy(call, bytes + at, sizeof(call));
				found |= call[0] == SYS_kill && call[2] == SIGSTOP;
			}
		free(bytes);
		if (found)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pid = fork();
	int status, seen = 0;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execvp(argv[argc > 1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
	for (int signal = 0;; signal = 0) {
		struct __ptrace_syscall_info info;

		ptrace(PTRACE_SYSCALL, pid, 0, signal);
		if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = status >> 16 ? 0 : WSTOPSIG(status);
			continue;
		}
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0 ||
		    info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_process_vm_writev)
			continue;
		if (seen)
			kill(pid, SIGKILL);
		else
			seen = stops(pid, info.entry.args[1], info.entry.args[2]);
	}
}
#else
int main(void)
{
	static const char text[] = "some output that nobody has read yet";
	int master = getpt(), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return 1;
	slave = syscall(SYS_ioctl, master, 0x5441, 2 | 0400); /* TIOCGPTPEER */
	if (slave < 0 || write(slave, text, sizeof(text)) != sizeof(text))
		return 1;
	for (int i = 0; i < 300; i++)
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
#endif
