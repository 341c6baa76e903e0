/* SPDX-License-Identifier: MIT */
/* Has a pseudo-terminal in which output waits, and 300 children. As a library that is preloaded (-DPRELOADED): kills pdump where it
 * sends the next calls after some that stop other processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef PRELOADED
#include <dlfcn.h>

static int stops(const struct iovec *parts, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		for (size_t at = 0; at + 64 <= parts[i].iov_len; at += 64) {
			unsigned long call[3];

			memcpy(call, (char *)parts[i].iov_base + at, sizeof(call));
			if (call[0] == SYS_kill && call[2] == SIGSTOP)
				return 1;
		}
	return 0;
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long n_local,
			  const struct iovec *remote, unsigned long n_remote, unsigned long flags)
{
	static int seen;
	__typeof__(&process_vm_writev) next = dlsym(RTLD_NEXT, "process_vm_writev");

	if (seen)
		raise(SIGKILL);
	seen = stops(local, n_local);
	return next(pid, local, n_local, remote, n_remote, flags);
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
