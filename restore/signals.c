/* SPDX-License-Identifier: MIT */
#include "format/signals.h"

#include "format/err.h"
#include "format/thread.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/siginfo.h"

#include <signal.h>
#include <sys/syscall.h>

enum { SIGNALS = 64 };

/* struct sigaction of the kernel, which is not that of the C library; include/linux/signal_types.h. */
struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static int signals_check(struct restore *restore, const void *record, struct key key,
			 struct err *err)
{
	const struct signals *signals = record;

	(void)restore;
	for (size_t i = 0; i < signals->n_dispositions; i++) {
		uint32_t signal = signals->dispositions[i].signal;

		if (!signal || signal > SIGNALS || signal == SIGKILL || signal == SIGSTOP)
			return err_set(err, ERR_IMAGE,
				       "processes/%u/signals.json: $.dispositions[%zu].signal: %u "
				       "has no disposition",
				       key.first, i, signal);
	}
	return siginfo_check(signals->pending, signals->n_pending, err);
}

static struct kernel_sigaction action_of(const struct signals *signals, uint32_t signal)
{
	for (size_t i = 0; i < signals->n_dispositions; i++) {
		const struct disposition *d = &signals->dispositions[i];

		if (d->signal == signal)
			return (struct kernel_sigaction){ d->handler, d->flags, d->restorer,
							  d->mask };
	}
	return (struct kernel_sigaction){ 0 };
}

/* All of them, since exec has kept what prestore ignored. */
static void set_dispositions(struct canvas *canvas, const struct signals *signals)
{
	struct remote_batch *batch = canvas_later(canvas);
	const struct kernel_sigaction ignore = { .handler = 1 };

	/* Children that were made and ended here have told their parent; ignoring a signal drops what is pending of it. */
	remote_push(batch,
		    REMOTE_CALL(rt_sigaction, SIGCHLD, remote_data(batch, &ignore, sizeof(ignore)),
				0, sizeof(uint64_t)));
	for (uint32_t s = 1; s <= SIGNALS; s++) {
		struct kernel_sigaction action = action_of(signals, s);

		if (s == SIGKILL || s == SIGSTOP)
			continue;
		remote_push(batch, REMOTE_CALL(rt_sigaction, s,
					       remote_data(batch, &action, sizeof(action)), 0,
					       sizeof(uint64_t)));
	}
}

static int signals_apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct signals *signals = IMAGE_GET(&restore->image, signals, canvas->own_pid, 0);

	set_dispositions(canvas, signals);
	return siginfo_queue(&restore->image, canvas, canvas_leader(canvas), 0, signals->pending,
			     signals->n_pending, err);
}

const struct restorer signals_restorer = { .check = signals_check,
					   .apply = signals_apply,
					   .phase = PHASE_LATE };
