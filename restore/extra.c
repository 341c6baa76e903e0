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

/* Above what the first processes of a system or a namespace have, and within the usual pid_max. */
enum { LOWEST = 200, HIGHEST = 32768 };

/* Whether anything of the image has it, or is to get it. */
static bool is_wanted(const struct restore *restore, uint32_t number)
{
	IMAGE_EACH (&restore->image, process, process)
		for (size_t i = 0; i < process->n_threads; i++)
			if (process->threads[i] == number)
				return true;
	return lineage_find(&restore->lineage, number) != NOBODY;
}

int extra_unnumbered(const struct restore *restore, struct canvas *parent, uint64_t shares,
		     struct canvas *canvas, struct err *err)
{
	for (uint32_t number = LOWEST; number < HIGHEST; number++) {
		if (is_wanted(restore, number))
			continue;
		if (birth_clone(parent, number, shares, END_UNTOLD, canvas, err) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return err_set(err, ERR_HOST, "all process ids up to %u are taken", HIGHEST);
}

int extra_make(struct restore *restore, struct node *node, struct err *err)
{
	struct canvas *parent = restore->lineage.nodes[node->bearer].canvas;
	struct extra **slot = LIST_ADD(restore, extras, err);
	struct extra *extra = slot ? calloc(1, sizeof(*extra)) : NULL;
	struct canvas *canvas;
	int ret;

	if (slot && !extra)
		restore->n_extras--;
	if (!extra)
		return err_sys(err, "out of memory");
	*slot = extra;
	*extra = (struct extra){ .canvas = { .own_pid = node->number, .frozen = FROZEN_EMPTY },
				 .node = node };
	canvas = node->canvas = &extra->canvas;
	snprintf(canvas->name, sizeof(canvas->name), "%s %u", node->zombie ? "zombie" : "helper",
		 node->number);
	if (restore->keep && !node->number)
		ret = extra_unnumbered(restore, parent, node->shares, canvas, err);
	else
		ret = birth_clone(parent, restore->keep ? node->number : 0, node->shares,
				  node->zombie ? END_TOLD : END_UNTOLD, canvas, err);
	return ret < 0 ? err_prefix(err, "%s", canvas->name) : 0;
}

static int remote_name(struct canvas *canvas, const char *name, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);

	remote_push(batch,
		    REMOTE_CALL(prctl, PR_SET_NAME, remote_data(batch, name, strlen(name) + 1)));
	return canvas_run_all(canvas, batch, err);
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

static int end_zombie(struct extra *extra, struct err *err)
{
	const struct zombie *zombie = extra->node->zombie;

	if (remote_name(&extra->canvas, zombie->name, err) < 0 ||
	    end(&extra->canvas, zombie->status, err) < 0)
		return -1;
	canvas_release(&extra->canvas);
	return 0;
}

/* Orphans come to the nearest subreaper above: for as long as it takes, that is who is to have them. Its own setting comes later. */
static int set_heir(const struct restore *restore, const struct node *bearer, bool on,
		    struct err *err)
{
	if (bearer->kind != NODE_BEARER || bearer->parent == NOBODY)
		return 0;
	return CANVAS_CALL(restore->lineage.nodes[bearer->parent].canvas, err, prctl,
			   PR_SET_CHILD_SUBREAPER, on) < 0
		       ? -1
		       : 0;
}

static int end_helper(struct restore *restore, struct extra *extra, struct err *err)
{
	struct canvas *parent = restore->lineage.nodes[extra->node->bearer].canvas;

	if (set_heir(restore, extra->node, true, err) < 0 || end(&extra->canvas, 0, err) < 0)
		return -1;
	canvas_release(&extra->canvas);
	if (CANVAS_CALL(parent, err, wait4, extra->canvas.present, 0, __WALL, 0) < 0)
		return -1;
	return set_heir(restore, extra->node, false, err);
}

int extras_end(struct restore *restore, struct err *err)
{
	/* The last ones first: they may be children of others. */
	for (size_t i = restore->n_extras; i-- > 0;) {
		struct extra *extra = restore->extras[i];

		if (!extra->node->zombie && end_helper(restore, extra, err) < 0)
			return err_prefix(err, "%s", extra->canvas.name);
	}
	for (size_t i = 0; i < restore->n_extras; i++) {
		struct extra *extra = restore->extras[i];

		if (extra->node->zombie && end_zombie(extra, err) < 0)
			return err_prefix(err, "%s", extra->canvas.name);
	}
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
