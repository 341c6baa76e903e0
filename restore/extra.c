/* SPDX-License-Identifier: MIT */
#include "restore/extra.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/tracee.h"
#include "restore/birth.h"
#include "restore/restore.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct extra *extra_find(const struct restore *restore, uint32_t number)
{
	for (size_t i = 0; i < restore->n_extras; i++)
		if (restore->extras[i]->canvas.own_pid == number)
			return restore->extras[i];
	return NULL;
}

int extra_make(struct restore *restore, struct canvas *parent, uint32_t number,
	       const struct zombie *zombie, struct extra **ret_extra, struct err *err)
{
	struct extra **slot = LIST_ADD(restore, extras, err);
	struct extra *extra = slot ? calloc(1, sizeof(*extra)) : NULL;
	bool keep = restore->keep;

	if (slot && !extra)
		restore->n_extras--;
	if (!extra)
		return err_sys(err, "out of memory");
	*slot = extra;
	*extra = (struct extra){ .canvas = { .own_pid = number, .frozen = FROZEN_EMPTY },
				 .parent = parent,
				 .zombie = zombie };
	snprintf(extra->canvas.name, sizeof(extra->canvas.name), "%s %u",
		 zombie ? "zombie" : "helper", number);
	if (birth_clone(parent, keep ? number : 0, zombie ? END_TOLD : END_UNTOLD, &extra->canvas,
			err) < 0)
		return err_prefix(err, "%s", extra->canvas.name);
	*ret_extra = extra;
	return 0;
}

static int remote_name(struct canvas *canvas, const char *name, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);

	remote_push(batch,
		    REMOTE_CALL(prctl, PR_SET_NAME, remote_data(batch, name, strlen(name) + 1)));
	return remote_run_all(&canvas->remote, canvas_leader(canvas), batch, err);
}

/* signal(7) */
static bool dumps_core(int signal)
{
	static const int signals[] = { SIGQUIT, SIGILL,	 SIGTRAP, SIGABRT, SIGBUS,
				       SIGFPE,	SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (signals[i] == signal)
			return true;
	return false;
}

/*
 * A signal kills by its default action, which exec has left in force; it must not leave a core. Newer kernels hide the exit status of
 * one that is not dumpable in /proc/PID/stat, so only those are made so that would dump one.
 */
static int end_by_signal(struct canvas *canvas, int signal, struct err *err)
{
	struct stop stop = { 0 };

	if (dumps_core(signal) && CANVAS_CALL(canvas, err, prctl, PR_SET_DUMPABLE, 0) < 0)
		return -1;
	if (kill(canvas->pid, signal) < 0)
		return err_sys(err, "%s", canvas->name);
	for (int i = 0; i < 3 && stop.kind != STOP_GONE; i++) {
		int delivered = stop.kind == STOP_SIGNAL ? stop.signal : 0;

		/* SIGKILL has woken it by itself. */
		if ((tracee_resume(canvas->pid, PTRACE_CONT, delivered, err) < 0 &&
		     errno != ESRCH) ||
		    tracee_wait(canvas->pid, canvas->frozen.timeout_ms, &stop, err) < 0)
			return -1;
	}
	return stop.kind == STOP_GONE ? 0
				      : err_set(err, ERR_FAILED, "%s did not end", canvas->name);
}

/* By its end as waitpid(2) tells it: a signal, or an exit status. */
static int end(struct canvas *canvas, int32_t status, struct err *err)
{
	struct remote_call call = REMOTE_CALL(exit_group, WEXITSTATUS(status));
	struct err ended = { 0 };

	if (WIFSIGNALED(status))
		return end_by_signal(canvas, WTERMSIG(status), err);
	if (remote_try(&canvas->remote, canvas_leader(canvas), &call, &ended) < 0 &&
	    ended.code == ERR_GONE)
		return 0;
	return err_set(err, ERR_FAILED, "%s did not end: %s", canvas->name, ended.msg);
}

static int end_extra(struct extra *extra, struct err *err)
{
	struct canvas *canvas = &extra->canvas;

	if (extra->zombie && remote_name(canvas, extra->zombie->name, err) < 0)
		return -1;
	if (end(canvas, extra->zombie ? extra->zombie->status : 0, err) < 0)
		return -1;
	canvas_release(canvas);
	if (extra->zombie)
		return 0;
	return CANVAS_CALL(extra->parent, err, wait4, canvas->present, 0, __WALL, 0) < 0 ? -1 : 0;
}

int extras_end(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_extras; i++)
		if (end_extra(restore->extras[i], err) < 0)
			return err_prefix(err, "%s", restore->extras[i]->parent->name);
	extras_drop(restore);
	return 0;
}

void extras_drop(struct restore *restore)
{
	for (size_t i = 0; i < restore->n_extras; i++) {
		canvas_kill(&restore->extras[i]->canvas);
		free(restore->extras[i]);
	}
	free(restore->extras);
	restore->extras = NULL;
	restore->n_extras = 0;
}
