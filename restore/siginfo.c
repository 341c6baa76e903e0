/* SPDX-License-Identifier: MIT */
#include "restore/siginfo.h"

#include "format/err.h"
#include "format/process.h"
#include "format/thread.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

enum { SIGINFO_HEAD = 16, SIGNALS = 64 };

int siginfo_check(const struct siginfo_record *pending, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!pending[i].signal || pending[i].signal > SIGNALS ||
		    pending[i].data.size > sizeof(siginfo_t) - SIGINFO_HEAD)
			return err_set(err, ERR_IMAGE, "$.pending[%zu] is no siginfo", i);
	return 0;
}

static void build(const struct siginfo_record *from, siginfo_t *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->si_signo = (int)from->signal;
	ret->si_errno = from->error;
	ret->si_code = from->code;
	if (from->data.size)
		memcpy((char *)ret + SIGINFO_HEAD, from->data.data, from->data.size);
}

/* Of a timer's signal the union begins with the timer's id, sigaction(2). */
static bool is_of_timer(const struct siginfo_record *info, const struct posix_timer *timer)
{
	uint32_t id = 0;

	if (info->code != SI_TIMER || !timer->interval)
		return false;
	memcpy(&id, info->data.data, info->data.size < sizeof(id) ? info->data.size : sizeof(id));
	return id == timer->id && info->signal == timer->signal;
}

static bool any_of_timer(const struct siginfo_record *infos, size_t n,
			 const struct posix_timer *timer)
{
	for (size_t i = 0; i < n; i++)
		if (is_of_timer(&infos[i], timer))
			return true;
	return false;
}

bool timer_is_pending(const struct image *image, uint32_t own_pid, const struct posix_timer *timer)
{
	const struct signals *signals = IMAGE_GET(image, signals, own_pid, 0);
	const struct process *process = IMAGE_GET(image, process, own_pid, 0);

	if (any_of_timer(signals->pending, signals->n_pending, timer))
		return true;
	for (size_t i = 0; i < process->n_threads; i++) {
		const struct thread *thread =
			IMAGE_GET(image, thread, own_pid, process->threads[i]);

		if (any_of_timer(thread->pending, thread->n_pending, timer))
			return true;
	}
	return false;
}

static bool comes_from_timer(const struct image *image, uint32_t own_pid,
			     const struct siginfo_record *info)
{
	const struct timers *timers = IMAGE_GET(image, timers, own_pid, 0);

	for (size_t i = 0; i < timers->n_posix_timers; i++)
		if (is_of_timer(info, &timers->posix_timers[i]))
			return true;
	return false;
}

/* A process may send itself any siginfo, also one that claims to come from the kernel; kernel/signal.c do_rt_sigqueueinfo. */
int siginfo_queue(const struct image *image, struct canvas *canvas, struct frozen_thread *thread,
		  uint32_t own_tid, const struct siginfo_record *pending, size_t n, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	uint32_t own_pid = canvas->threads[0].own;

	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		siginfo_t info;
		uint64_t at;

		if (comes_from_timer(image, canvas->own_pid, &pending[i]))
			continue;
		build(&pending[i], &info);
		at = remote_data(batch, &info, sizeof(info));
		remote_push(batch,
			    own_tid ? REMOTE_CALL(rt_tgsigqueueinfo, own_pid, own_tid,
						  pending[i].signal, at)
				    : REMOTE_CALL(rt_sigqueueinfo, own_pid, pending[i].signal, at));
	}
	if (canvas_flush(canvas, err) < 0)
		return -1;
	return remote_run_all(&canvas->remote, thread, batch, err);
}
