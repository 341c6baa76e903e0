/* SPDX-License-Identifier: MIT */
#include "format/signals.h"

#include "dump/dump.h"
#include "dump/siginfo.h"
#include "format/err.h"

#include <sys/syscall.h>

enum { SIGNALS = 64 };

/* struct sigaction of the kernel, which is not that of the C library; include/linux/signal_types.h. */
struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static int add_disposition(struct signals *signals, uint32_t signal,
			   const struct kernel_sigaction *action, struct err *err)
{
	struct disposition *d;

	/* A plain default is what a new process has; flags or a mask alone are kept by the kernel and shown back. */
	if (!action->handler && !action->flags && !action->mask && !action->restorer)
		return 0;
	d = LIST_ADD(signals, dispositions, err);
	if (!d)
		return -1;
	*d = (struct disposition){ signal, action->handler, action->flags, action->mask,
				   action->restorer };
	return 0;
}

static int collect_dispositions(struct target *target, struct signals *signals, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(target->remote);
	struct kernel_sigaction actions[SIGNALS + 1] = { 0 };

	for (uint32_t s = 1; s <= SIGNALS; s++)
		remote_push(batch, REMOTE_CALL(rt_sigaction, s, 0,
					       remote_out(batch, &actions[s], sizeof(*actions)),
					       sizeof(uint64_t)));
	if (remote_run(target->remote, target->frozen->threads[0], batch, err) < 0)
		return -1;
	for (uint32_t s = 1; s <= SIGNALS; s++)
		if (remote_check(batch, s - 1, err) < 0 ||
		    add_disposition(signals, s, &actions[s], err) < 0)
			return -1;
	return 0;
}

static int signals_collect(struct dump *dump, struct target *target, struct err *err)
{
	struct signals *signals = IMAGE_ADD(&dump->image, signals, target->own_pid, 0, err);

	if (!signals)
		return -1;
	if (!target->frozen)
		return 0;
	if (collect_dispositions(target, signals, err) < 0)
		return -1;
	return siginfo_peek(target->frozen->threads[0]->tid, true, &signals->pending,
			    &signals->n_pending, err);
}

const struct dumper signals_dumper = { .collect = signals_collect };
