/* SPDX-License-Identifier: MIT */
/* Choosing among the signals that the process ignores. */
#include "kernel/rendezvous.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "format/cleanup.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"
#include "kernel/task_status.h"

#define BIT(signal) (UINT64_C(1) << ((signal)-1))

/* Ignored as long as no handler is set; SIGCONT is not among them, since it does more. */
#define BY_DEFAULT (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH))

/*
 * Stop signals and SIGCONT have effects when they are sent; a fault would be taken for an error of
 * the call loop.
 */
#define NEVER                                                                                      \
	(BIT(SIGKILL) | BIT(SIGSTOP) | BIT(SIGCONT) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU) | \
	 BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS))

uint64_t rendezvous_ignored(const struct proc_status *status)
{
	return (status->sig_ignored | (BY_DEFAULT & ~status->sig_caught)) & ~NEVER;
}

static void look_up_ignored(struct remote *remote, pid_t tid)
{
	struct proc_status status = { 0 };

	remote->ignored = 0;
	if (task_status(tid, &status, NULL) == 0)
		remote->ignored = rendezvous_ignored(&status);
	proc_status_release(&status);
	remote->stale = false;
}

static uint64_t pending_of(pid_t tid)
{
	struct proc_status status = { 0 };
	uint64_t pending = UINT64_MAX;

	if (task_status(tid, &status, NULL) == 0)
		pending = status.sig_pending | status.sig_shared_pending;
	proc_status_release(&status);
	return pending;
}

/* Blocked by every thread: it would stay pending, for sigwait or signalfd. */
static uint64_t blocked_by_all(const struct frozen *frozen)
{
	uint64_t blocked = UINT64_MAX;

	for (size_t i = 0; i < frozen->n_threads && blocked; i++)
		if (frozen_mask(frozen->threads[i], NULL) == 0)
			blocked &= frozen->threads[i]->sigmask;
	return blocked;
}

static int first_of(uint64_t signals)
{
	static const int preferred[] = { SIGURG, SIGWINCH, SIGCHLD };

	for (size_t i = 0; i < sizeof(preferred) / sizeof(preferred[0]); i++)
		if (signals & BIT(preferred[i]))
			return preferred[i];
	return signals ? 1 + __builtin_ctzll(signals) : 0;
}

/*
 * An instance from elsewhere that comes during the run is thrown away. That is what would become of
 * it anyway: some thread that does not block it would take it and ignore it.
 */
int rendezvous_choose(struct remote *remote, const struct frozen_thread *thread)
{
	uint64_t candidates;

	if (!feature_on(remote->frozen->features, FEATURE_RENDEZVOUS))
		return 0;
	if (remote->options.rendezvous)
		return remote->options.rendezvous > 0 ? remote->options.rendezvous : 0;
	if (remote->stale)
		look_up_ignored(remote, thread->tid);
	candidates = remote->ignored & ~remote->avoid;
	if (candidates & ~thread->sigmask)
		return first_of(candidates & ~thread->sigmask);
	candidates &= ~blocked_by_all(remote->frozen);
	if (!candidates)
		return 0;
	/* A signal of its own that it blocks may be pending for this very thread. */
	return first_of(candidates & ~pending_of(thread->tid));
}

/* Which argument is the signal, of the calls that leave one pending. */
static const struct {
	uint64_t nr;
	unsigned arg;
} senders[] = {
	{ SYS_kill, 1 },   { SYS_rt_sigqueueinfo, 1 },	 { SYS_tkill, 1 },
	{ SYS_tgkill, 2 }, { SYS_rt_tgsigqueueinfo, 2 }, { SYS_pidfd_send_signal, 1 },
};

void rendezvous_note(struct remote *remote, const struct remote_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (calls[i].nr == SYS_rt_sigaction && calls[i].arg[1])
			remote->stale = true;
		for (size_t k = 0; k < sizeof(senders) / sizeof(senders[0]); k++) {
			uint64_t signal = calls[i].arg[senders[k].arg];

			if (calls[i].nr == senders[k].nr && signal >= 1 && signal <= 64)
				remote->avoid |= BIT(signal);
		}
	}
}
