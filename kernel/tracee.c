/* SPDX-License-Identifier: MIT */
/* waitpid and the small ptrace requests. */
#include "kernel/tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/monotonic.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"

#define NS_PER_MS UINT64_C(1000000)
#define YIELDS	  50
#define CROWD_NS  200000L /* in which a hundred of them may stop */

/* Numbers of ptrace(2): "Stopped states"; status as in siginfo_t: the event above the signal. */
static struct stop stop_of(int status)
{
	int signal = status & 0xff, event = status >> 8;

	if (event == PTRACE_EVENT_STOP)
		return (struct stop){ signal == SIGTRAP ? STOP_TRAP : STOP_GROUP, signal, event,
				      0 };
	if (event)
		return (struct stop){ STOP_EVENT, signal, event, 0 };
	if (signal == (SIGTRAP | 0x80))
		return (struct stop){ STOP_SYSCALL, SIGTRAP, 0, 0 };
	return (struct stop){ STOP_SIGNAL, signal, 0, 0 };
}

static struct stop collect(pid_t tid)
{
	int status = 0;

	waitpid(tid, &status, __WALL | WNOHANG);
	return (struct stop){ .kind = STOP_GONE,
			      .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
			      .status = WIFEXITED(status) ? WEXITSTATUS(status) : 0 };
}

/*
 * The report stays with the kernel (WNOWAIT). Taking it makes the kernel forget the signal that is
 * about to be delivered (wait_task_stopped, kernel/exit.c, 5.10 to 6.18), so that the thread would
 * never get it if we were killed before we hand it over.
 */
int tracee_poll(pid_t tid, struct stop *ret_stop)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | __WALL | WNOHANG | WNOWAIT) < 0)
		return -1;
	if (info.si_pid == 0)
		return 0;
	if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED)
		*ret_stop = stop_of(info.si_status);
	else
		*ret_stop = collect(tid);
	return 1;
}

static char state_of(pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char path[64];
	size_t size;

	/* That of the process adds up the times of all threads (do_task_stat, fs/proc/array.c). */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tid, tid);
	if (read_piece_at(AT_FDCWD, path, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0)
		return '?';
	return stat.state;
}

static int does_not_stop(pid_t tid, unsigned timeout_ms, struct err *err)
{
	char state = state_of(tid);

	return err_set(err, ERR_FAILED, "thread %d does not stop (waited %u ms; its state is %c%s)",
		       tid, timeout_ms, state,
		       state == 'D' ? ": it waits in the kernel, for a device, a network file "
				      "system, or the child of a vfork; try again later"
				    : ": is it frozen by a cgroup?");
}

/*
 * There is no waitpid with a time limit, but every stop comes with SIGCHLD, which can be waited for while it is blocked. Another
 * thread that does not block it may get it instead, hence the short naps. To go on yielding would hand the CPU over for a
 * whole slice of time where others compute. Where the signal was that of another one, of a thousand that are born or stop, each would wake us, and take
 * as much time of both for that as for what it does: then they are left alone for a moment.
 */
static void nap(unsigned round, const sigset_t *sigchld, bool *crowd)
{
	const struct timespec moment = { 0, CROWD_NS };
	const struct timespec time = { 0, (long)(round < 4 ? NS_PER_MS : 10 * NS_PER_MS) };

	if (*crowd)
		nanosleep(&moment, NULL);
	*crowd = !*crowd && sigtimedwait(sigchld, NULL, &time) == SIGCHLD;
}

static int wait_for_news(pid_t tid, unsigned timeout_ms, const sigset_t *sigchld,
			 struct stop *ret_stop, struct err *err)
{
	uint64_t deadline = 0;
	bool crowd = false;

	for (unsigned round = 0;; round++) {
		int found = tracee_poll(tid, ret_stop);

		if (found > 0)
			return 0;
		if (found < 0 && errno == ECHILD) {
			*ret_stop = (struct stop){ .kind = STOP_GONE };
			return 0;
		}
		if (found < 0 && errno != EINTR)
			return err_sys(err, "waitpid for thread %d", tid);
		/*
		 * The end of a main thread is not reported as long as other threads live. One that has just
		 * ended is, and has to be collected: until then its own parent waits in vain.
		 */
		if (round % 4 == 3 && state_of(tid) == 'Z') {
			if (tracee_poll(tid, ret_stop) <= 0)
				*ret_stop = (struct stop){ .kind = STOP_GONE };
			return 0;
		}
		if (!deadline)
			deadline = monotonic_ns() + timeout_ms * NS_PER_MS;
		else if (monotonic_ns() > deadline)
			return does_not_stop(tid, timeout_ms, err);
		nap(round, sigchld, &crowd);
	}
}

int tracee_wait(pid_t tid, unsigned timeout_ms, struct stop *ret_stop, struct err *err)
{
	sigset_t sigchld, before;
	int ret;

	/* Most come within microseconds. A step through the vDSO that takes longer than a clock tick never leads out of it. */
	for (unsigned i = 0; i < YIELDS; i++) {
		if (tracee_poll(tid, ret_stop) > 0)
			return 0;
		sched_yield();
	}
	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &sigchld, &before);
	ret = wait_for_news(tid, timeout_ms, &sigchld, ret_stop, err);
	if (!sigismember(&before, SIGCHLD)) {
		int error = errno;

		pthread_sigmask(SIG_SETMASK, &before, NULL);
		errno = error;
	}
	return ret;
}

int tracee_interrupt(pid_t tid, struct err *err)
{
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return err_sys(err, "thread %d: PTRACE_INTERRUPT", tid);
	return 0;
}

int tracee_resume(pid_t tid, int request, int signal, struct err *err)
{
	if (ptrace((enum __ptrace_request)request, tid, 0, (long)signal) < 0)
		return err_sys(err, "thread %d: letting it run", tid);
	return 0;
}

int tracee_get_mask(pid_t tid, uint64_t *ret_mask, struct err *err)
{
	uint64_t mask;

	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof(mask), &mask) < 0)
		return err_sys(err, "thread %d: PTRACE_GETSIGMASK", tid);
	*ret_mask = mask;
	return 0;
}

int tracee_set_mask(pid_t tid, uint64_t mask, struct err *err)
{
	if (ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) < 0)
		return err_sys(err, "thread %d: PTRACE_SETSIGMASK", tid);
	return 0;
}
