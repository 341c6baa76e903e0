/* SPDX-License-Identifier: MIT */
#include "restore/stopped.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "format/signals.h"
#include "restore/canvas.h"
#include "restore/restore.h"
#include "restore/tree.h"

#include <signal.h>

#include <sys/syscall.h>
#include <sys/wait.h>

/* As rt_sigaction(2) takes it. */
struct action {
	uint64_t handler, flags, restorer, mask;
};

static int set_action(struct canvas *canvas, const struct action *action, struct action *ret_old,
		      struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	uint64_t new = action ? remote_data(batch, action, sizeof(*action)) : 0;
	uint64_t old = ret_old ? remote_out(batch, ret_old, sizeof(*ret_old)) : 0;

	remote_push(batch, REMOTE_CALL(rt_sigaction, SIGCHLD, new, old, sizeof(uint64_t)));
	if (canvas_run_all(canvas, batch, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return 0;
}

/* A handler would be run instead. */
static bool has_handler(const struct restore *restore, uint32_t pid, uint32_t signal)
{
	const struct signals *signals = IMAGE_GET(&restore->image, signals, pid, 0);

	for (size_t i = 0; i < signals->n_dispositions; i++)
		if (signals->dispositions[i].signal == signal && signals->dispositions[i].handler)
			return true;
	return false;
}

static bool stops(uint32_t signal)
{
	return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static int stop(struct restore *restore, struct canvas *canvas, uint32_t signal, struct err *err)
{
	int ret = 0;

	if (stops(signal) && !has_handler(restore, canvas->own_pid, signal))
		ret = frozen_stop_here(&canvas->frozen, (int)signal, err);
	/* But for SIGSTOP they are ignored in a group that nobody would continue. */
	if (ret == 0)
		ret = frozen_stop_here(&canvas->frozen, SIGSTOP, err);
	return ret < 0 ? err_prefix(err, "%s", canvas->name) : 0;
}

static int stop_child(struct restore *restore, struct canvas *parent, struct canvas *canvas,
		      const struct process *process, struct err *err)
{
	struct action old, quiet;

	if (set_action(parent, NULL, &old, err) < 0)
		return -1;
	quiet = old;
	quiet.flags |= SA_NOCLDSTOP;
	if (set_action(parent, &quiet, NULL, err) < 0 ||
	    stop(restore, canvas, process->stopped, err) < 0 ||
	    set_action(parent, &old, NULL, err) < 0)
		return -1;
	if (process->stop_unseen)
		return 0;
	return CANVAS_CALL(parent, err, waitid, P_PID, canvas->present, 0, WSTOPPED | WNOHANG, 0) <
			       0
		       ? -1
		       : 0;
}

static bool has_parent(const struct restore *restore, const struct process *process)
{
	return process->parent && process->pid != restore->canvases[0].own_pid;
}

int stopped_make(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process =
			IMAGE_GET(&restore->image, process, canvas->own_pid, 0);

		if (process->stopped && has_parent(restore, process) &&
		    stop_child(restore, tree_canvas(restore, process->parent), canvas, process,
			       err) < 0)
			return -1;
	}
	return 0;
}

int stopped_commit(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process =
			IMAGE_GET(&restore->image, process, canvas->own_pid, 0);

		if (process->stopped ? !has_parent(restore, process) : restore->options->stopped)
			if (frozen_stop(&canvas->frozen, err) < 0)
				return -1;
	}
	return 0;
}
