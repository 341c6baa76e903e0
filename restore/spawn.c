/* SPDX-License-Identifier: MIT */
#include "restore/spawn.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/compat.h"
#include "kernel/fork_limit.h"
#include "restore/namespace.h"
#include "restore/newborn.h"

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int seize(pid_t pid, struct err *err)
{
	long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD;

	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
		return err_sys(err, "cannot trace the new process %d", pid);
	return 0;
}

static int await_exec(pid_t pid, int socket, struct err *err)
{
	int32_t failure = 0;
	int status;

	if (waitpid(pid, &status, __WALL) < 0)
		return err_sys(err, "waiting for the new process %d", pid);
	if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC)
		return 0;
	if (recv(socket, &failure, sizeof(failure), MSG_DONTWAIT) == sizeof(failure) && failure)
		return newborn_failure(failure, err);
	return err_set(err, ERR_FAILED, "the new process %d ended before it began (status 0x%x)",
		       pid, status);
}

/*
 * What is detached gets its new parent before anything is set in it: otherwise the end of prestore would be the death of its
 * parent, which it may have asked to be told of (PR_SET_PDEATHSIG).
 */
static int start_orphan(const struct newborn *newborn, bool keep, struct err *err)
{
	/* It does nothing but clone and exit: copying page tables for that would take longer than all else that it does. */
	pid_t middle = vfork();

	if (middle < 0)
		return err_sys(err, "vfork%s", fork_limit(errno));
	if (middle == 0) {
		if (newborn_clone(newborn, keep, 0) < 0)
			newborn_fail(newborn->socket, STEP_CLONE, errno);
		_exit(0);
	}
	if (waitpid(middle, NULL, 0) < 0)
		return err_sys(err, "waiting for process %d", middle);
	return 0;
}

static int start(const struct newborn *newborn, enum pids_mode mode, struct job *job,
		 struct err *err)
{
	pid_t pid;

	if (mode == PIDS_NAMESPACE)
		return namespace_start(newborn, job, err);
	if (newborn->tracer)
		return start_orphan(newborn, mode == PIDS_KEEP, err);
	pid = newborn_clone(newborn, mode == PIDS_KEEP, 0);
	if (pid < 0)
		return err_sys(err, "cannot make a process%s%s",
			       mode == PIDS_KEEP ? " under its old number" : "", fork_limit(errno));
	return 0;
}

static int spawn_for(struct restore *restore, enum pids_mode mode, uint32_t own_pid, pid_t tracer,
		     struct job *ret_job, struct canvas *ret_canvas, struct err *err)
{
	const struct process *process = IMAGE_GET(&restore->image, process, own_pid, 0);
	struct newborn newborn = { .own_pid = own_pid,
				   .new_session = restore->root_leads,
				   .tracer = tracer };
	_cleanup_(job_done) struct job job = JOB_EMPTY;
	_cleanup_close_ int here = -1, there = -1;
	int sockets[2], on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return err_sys(err, "socketpair");
	here = sockets[0];
	there = sockets[1];
	setsockopt(here, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	newborn.socket = there;
	newborn.far_end = here;
	if (newborn_prepare(restore, process, &newborn, err) < 0 ||
	    start(&newborn, mode, &job, err) < 0) {
		newborn_done(&newborn);
		return -1;
	}
	close(TAKE_FD(there));
	if (newborn_hear(here, &job.pid, err) < 0 || seize(job.pid, err) < 0)
		return -1;
	if (send(here, "", 1, MSG_NOSIGNAL) < 0)
		return err_sys(err, "the new process %d", job.pid);
	if (await_exec(job.pid, here, err) < 0)
		return -1;
	newborn_done(&newborn);
	*ret_canvas = (struct canvas){ .pid = job.pid, .own_pid = own_pid, .frozen = FROZEN_EMPTY };
	snprintf(ret_canvas->name, sizeof(ret_canvas->name), "pid %u", own_pid);
	*ret_job = job;
	job = (struct job)JOB_EMPTY;
	return 0;
}

int spawn(struct restore *restore, enum pids_mode mode, uint32_t own_pid, struct job *ret_job,
	  struct canvas *ret_canvas, struct err *err)
{
	bool orphan = restore->options->detach && !restore->own_terminal && mode != PIDS_NAMESPACE;

	return spawn_for(restore, mode, own_pid, orphan ? getpid() : 0, ret_job, ret_canvas, err);
}

int spawn_template(struct restore *restore, uint32_t own_pid, struct canvas *ret_canvas,
		   struct err *err)
{
	struct job job;

	return spawn_for(restore, PIDS_NEW, own_pid, 0, &job, ret_canvas, err);
}

int job_commit(struct job *job, struct err *err)
{
	if (job->control >= 0 && send(job->control, "", 1, MSG_NOSIGNAL) < 0)
		return err_sys(err, "the init process of the new namespace is gone");
	job->committed = true;
	return 0;
}

void job_done(struct job *job)
{
	cleanup_close(&job->control);
	cleanup_close(&job->status);
	cleanup_close(&job->init_fd);
	/* Nothing of a restore that failed is there any more when prestore returns. */
	if (job->init > 0 && !job->committed)
		waitpid(job->init, NULL, 0);
	*job = (struct job)JOB_EMPTY;
}
