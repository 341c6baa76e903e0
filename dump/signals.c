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

static int signals_ask(struct dump *dump, struct target *target, struct err *err)
{
	struct kernel_sigaction *actions =
		target_ask(target, KIND_signals, (SIGNALS + 1) * sizeof(*actions), err);

	(void)dump;
	for (uint32_t s = 1; actions && s <= SIGNALS; s++)
		remote_push(target->batch,
			    REMOTE_CALL(rt_sigaction, s, 0,
					remote_out(target->batch, &actions[s], sizeof(*actions)),
					sizeof(uint64_t)));
	return actions ? 0 : -1;
}

static int collect_dispositions(const struct target *target, struct signals *signals,
				struct err *err)
{
	const struct question *question = &target->questions[KIND_signals];
	const struct kernel_sigaction *actions = question->answers;

	for (uint32_t s = 1; s <= SIGNALS; s++)
		if (remote_check(target->batch, question->first + s - 1, err) < 0 ||
		    add_disposition(signals, s, &actions[s], err) < 0)
			return -1;
	return 0;
}

static int signals_collect(struct dump *dump, struct target *target, struct err *err)
{
	struct signals *signals = IMAGE_ADD(&dump->image, signals, target->own_pid, 0, err);

	if (!signals)
		return -1;
	if (!target->remote)
		return 0;
	if (collect_dispositions(target, signals, err) < 0)
		return -1;
	if (!target->status.sig_shared_pending)
		return 0;
	return siginfo_peek(target->frozen->threads[0]->tid, true, &signals->pending,
			    &signals->n_pending, err);
}

const struct dumper signals_dumper = { .ask = signals_ask, .collect = signals_collect };
