/* SPDX-License-Identifier: MIT */
/* The table of calls that wait. */
#include "kernel/wait_calls.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

/*
 * ends_with_eintr: signal(7), "Interruption of system calls and library functions by stop signals",
 * and reading the kernel (6.18) for what returns -EINTR on signal_pending() without -ERESTART...:
 * fs/eventpoll.c, kernel/signal.c do_sigtimedwait, ipc/sem.c, fs/aio.c, io_uring, and
 * sock_intr_errno() of include/net/sock.h for sockets with SO_RCVTIMEO or SO_SNDTIMEO. close(2) must
 * never be among them. Absolute limits (clock_nanosleep with TIMER_ABSTIME, some futex operations)
 * do no harm here: the time that is left then is not asked for.
 */
static const struct wait_call wait_calls[] = {
	{ SYS_nanosleep, WAIT_TIMESPEC, 0, false },
	{ SYS_clock_nanosleep, WAIT_TIMESPEC, 2, false },
	{ SYS_poll, WAIT_MS, 2, false },
	{ SYS_futex, WAIT_TIMESPEC, 3, false },
	{ SYS_epoll_wait, WAIT_MS, 3, true },
	{ SYS_epoll_pwait, WAIT_MS, 3, true },
	{ SYS_epoll_pwait2, WAIT_TIMESPEC, 3, true },
	{ SYS_rt_sigtimedwait, WAIT_TIMESPEC, 2, true },
	{ SYS_semop, WAIT_UNLIMITED, 0, true },
	{ SYS_semtimedop, WAIT_TIMESPEC, 3, true },
	{ SYS_io_getevents, WAIT_TIMESPEC, 4, true },
	{ SYS_io_pgetevents, WAIT_TIMESPEC, 4, true },
	{ SYS_io_uring_enter, WAIT_UNLIMITED, 0, true },
	{ SYS_read, WAIT_UNLIMITED, 0, true },
	{ SYS_readv, WAIT_UNLIMITED, 0, true },
	{ SYS_recvfrom, WAIT_UNLIMITED, 0, true },
	{ SYS_recvmsg, WAIT_UNLIMITED, 0, true },
	{ SYS_recvmmsg, WAIT_UNLIMITED, 0, true },
	{ SYS_write, WAIT_UNLIMITED, 0, true },
	{ SYS_writev, WAIT_UNLIMITED, 0, true },
	{ SYS_sendto, WAIT_UNLIMITED, 0, true },
	{ SYS_sendmsg, WAIT_UNLIMITED, 0, true },
	{ SYS_sendmmsg, WAIT_UNLIMITED, 0, true },
	{ SYS_accept, WAIT_UNLIMITED, 0, true },
	{ SYS_accept4, WAIT_UNLIMITED, 0, true },
	{ SYS_connect, WAIT_UNLIMITED, 0, true },
};

const struct wait_call *wait_call_find(int64_t nr)
{
	for (size_t i = 0; i < sizeof(wait_calls) / sizeof(wait_calls[0]); i++)
		if (wait_calls[i].nr == nr)
			return &wait_calls[i];
	return NULL;
}

bool wait_call_absolute(int64_t nr, const uint64_t args[6])
{
	if (nr == SYS_clock_nanosleep)
		return args[1] & TIMER_ABSTIME;
	/* Of the operations that wait, FUTEX_WAIT alone counts from now; futex(2). */
	return nr == SYS_futex && (args[1] & FUTEX_CMD_MASK) != FUTEX_WAIT;
}

bool wait_call_keeps_mask(int64_t nr)
{
	static const int64_t calls[] = { SYS_futex, SYS_pause, SYS_nanosleep, SYS_clock_nanosleep,
					 SYS_poll,  SYS_read,  SYS_epoll_wait };

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return nr < 0;
}

bool wait_call_limited(int64_t nr, const uint64_t args[6])
{
	const struct wait_call *call = wait_call_find(nr);

	if (!call || call->limit == WAIT_UNLIMITED)
		return false;
	if (call->limit == WAIT_MS)
		return (int32_t)args[call->arg] > 0;
	return args[call->arg] != 0;
}
