/* SPDX-License-Identifier: MIT */
#include "dump/pty_others.h"

#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define BIT(signal) (UINT64_C(1) << ((signal)-1))
#define STOPS_OR_CONTINUES                                                                         \
	(BIT(SIGCONT) | BIT(SIGSTOP) | BIT(SIGTSTP) | BIT(SIGTTIN) | BIT(SIGTTOU))

/* kill(2): kill_ok_by_cred, kernel/signal.c. */
static bool may_signal(const struct id_set *who, const struct id_set *whom)
{
	return who->effective == whom->saved || who->effective == whom->real ||
	       who->real == whom->saved || who->real == whom->real;
}

size_t pty_others_room(size_t n_targets)
{
	return n_targets > PTY_OTHERS_MAX ? 0 : 2 * n_targets * sizeof(struct remote_call);
}

static bool is_other(const struct dump *dump, const struct target *holder,
		     const struct target *other)
{
	return dump->n_targets <= PTY_OTHERS_MAX && other != holder && other->remote &&
	       !other->frozen->threads[0]->stop_signal &&
	       !holder->frozen->threads[0]->stop_signal &&
	       may_signal(&holder->status.uid, &other->status.uid) &&
	       !((other->status.sig_pending | other->status.sig_shared_pending) &
		 STOPS_OR_CONTINUES);
}

static void push_signal(const struct dump *dump, const struct target *holder,
			struct remote_batch *batch, int signal)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (is_other(dump, holder, &dump->targets[i]))
			remote_push(batch,
				    REMOTE_CALL(kill, dump->targets[i].own_pid, (uint64_t)signal));
}

void push_stop_others(const struct dump *dump, const struct target *holder,
		      struct remote_batch *batch)
{
	push_signal(dump, holder, batch, SIGSTOP);
}

void push_continue_others(const struct dump *dump, const struct target *holder,
			  struct remote_batch *batch)
{
	push_signal(dump, holder, batch, SIGCONT);
}

static int add_task(const struct target *other, struct remote_task *ret_task, struct err *err)
{
	const uint64_t set = BIT(SIGCONT);
	const struct timespec now = { 0 };

	*ret_task = (struct remote_task){ .remote = other->remote,
					  .thread = other->frozen->threads[0],
					  .batch = remote_batch_new(other->remote) };
	if (!ret_task->batch)
		return err_sys(err, "out of memory");
	remote_push(ret_task->batch,
		    REMOTE_CALL(rt_sigtimedwait, remote_data(ret_task->batch, &set, sizeof(set)), 0,
				remote_data(ret_task->batch, &now, sizeof(now)), sizeof(set)));
	return 0;
}

int forget_continue(const struct dump *dump, const struct target *holder, struct err *err)
{
	_cleanup_free_ struct remote_task *tasks = calloc(dump->n_targets + 1, sizeof(*tasks));
	size_t n = 0;
	int ret = 0;

	if (!tasks)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < dump->n_targets && ret == 0; i++)
		if (is_other(dump, holder, &dump->targets[i]))
			ret = add_task(&dump->targets[i], &tasks[n++], err);
	if (ret == 0)
		ret = remote_run_each(tasks, n, NULL, err);
	for (size_t i = 0; i < n; i++)
		remote_batch_free(tasks[i].batch);
	return ret;
}
