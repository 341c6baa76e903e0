/* SPDX-License-Identifier: MIT */
#include "restore/birth.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/compat.h"
#include "restore/restore.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The event of a fork comes in the parent before its call returns. */
struct birth {
	pid_t pid;
};

static int on_birth(void *context, struct frozen_thread *parent, int event, unsigned long message,
		    struct err *err)
{
	struct birth *birth = context;

	(void)parent;
	if (event != PTRACE_EVENT_FORK && event != PTRACE_EVENT_CLONE)
		return 0;
	birth->pid = (pid_t)message;
	return frozen_wait_born(birth->pid, 0, err);
}

/* The new process as prestore sees it; *ret_own as it sees itself. */
static int clone_child(struct canvas *parent, uint32_t number, uint64_t flags, enum birth_end end,
		       pid_t *ret_pid, uint32_t *ret_own, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&parent->remote);
	struct clone_args args = { .flags = flags, .exit_signal = end == END_TOLD ? SIGCHLD : 0 };
	struct birth birth = { 0 };
	int ret;

	if (number) {
		args.set_tid = remote_data(batch, &number, sizeof(number));
		args.set_tid_size = 1;
	}
	remote_push(batch,
		    REMOTE_CALL(clone3, remote_data(batch, &args, sizeof(args)), sizeof(args)));
	parent->remote.options.event = on_birth;
	parent->remote.options.context = &birth;
	ret = canvas_run_all(parent, batch, err);
	parent->remote.options.event = NULL;
	if (ret < 0)
		return -1;
	if (!birth.pid)
		return err_set(err, ERR_FAILED, "it was not seen to be born");
	*ret_pid = birth.pid;
	*ret_own = (uint32_t)remote_result(batch, 0);
	return 0;
}

int birth_clone(struct canvas *parent, uint32_t number, uint64_t flags, enum birth_end end,
		struct canvas *ret_child, struct err *err)
{
	struct canvas *child = ret_child;
	pid_t pid = 0;

	if (clone_child(parent, number, flags, end, &pid, &child->present, err) < 0)
		return -1;
	child->pid = pid;
	/* It stands within the call loop; what it is to go on with is what the parent would. */
	if (frozen_adopt_newborn(&parent->frozen, canvas_leader(parent), pid, &child->frozen, err) <
	    0) {
		/* Before that its parent cannot collect it. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
		return -1;
	}
	remote_inherit(&parent->remote, &child->frozen, &child->remote);
	return 0;
}

int birth_execute(const struct restore *restore, struct canvas *canvas,
		  const struct process *process, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	const struct made_object *contents =
		restore_object(restore, KIND_shm, process->exe.contents);
	char buffer[4096];
	const char *path = restore_path(restore, process->exe.path, buffer, sizeof(buffer));
	uint64_t at = remote_data(batch, path, strlen(path) + 1);
	uint64_t words[] = { at, 0 }, arguments = remote_data(batch, words, sizeof(words));
	uint64_t environment = remote_data(batch, &words[1], sizeof(words[1]));
	uint64_t empty = remote_data(batch, "", 1);

	remote_push(batch, contents ? REMOTE_CALL(execveat, (uint64_t)contents->fds[1], empty,
						  arguments, environment, AT_EMPTY_PATH)
				    : REMOTE_CALL(execve, at, arguments, environment));
	if (canvas_run(canvas, batch, err) < 0)
		return -1;
	if (!canvas->remote.execed) {
		remote_check(batch, 0, err);
		return err_prefix(err, "executing %s", path);
	}
	if (remote_close(&canvas->remote, NULL, err) < 0 ||
	    frozen_reopen_memory(&canvas->frozen, err) < 0)
		return -1;
	return remote_open(&canvas->frozen, canvas_leader(canvas), NULL, &canvas->remote, err);
}
