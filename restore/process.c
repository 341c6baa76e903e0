/* SPDX-License-Identifier: MIT */
/* Who the process is, set last: its credentials and limits would stand in the way of everything before. */
#include "format/process.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/thread.h"
#include "restore/canvas.h"
#include "restore/credentials.h"
#include "restore/file_check.h"
#include "restore/restore.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { DUMPABLE_ROOT_ONLY = 2 };

static void check_directory(struct restore *restore, const char *object, const char *what,
			    const char *path)
{
	char buffer[4096];
	const char *mapped = restore_path(restore, path, buffer, sizeof(buffer));
	struct stat st;

	if (stat(mapped, &st) == 0 && S_ISDIR(st.st_mode) && access(mapped, X_OK) == 0)
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, object, "its %s %s: %s", what, mapped,
		     errno ? strerror(errno) : "is no directory");
	problems_remedy(&restore->problems, "make it, or --map-path=%s=ANOTHER", path);
}

static int check_exe(struct restore *restore, const char *object, const struct file_id *exe,
		     struct err *err)
{
	char buffer[4096];
	const char *path = restore_path(restore, exe->path, buffer, sizeof(buffer));

	if (exe->contents)
		return 0;
	if (file_check(restore, object, exe, false, false, NULL, err) < 0)
		return -1;
	if (access(path, F_OK) == 0 && access(path, X_OK) < 0)
		problems_add(&restore->problems, VERDICT_BLOCKING, object,
			     "its program %s cannot be executed: %s", path, strerror(errno));
	return 0;
}

static void check_limits(struct restore *restore, const char *object, const struct process *process)
{
	if (geteuid() == 0)
		return;
	for (size_t i = 0; i < process->n_limits; i++) {
		const struct limit *limit = &process->limits[i];
		struct rlimit now;

		if (limit->resource >= RLIM_NLIMITS || getrlimit(limit->resource, &now) < 0 ||
		    limit->hard <= now.rlim_max)
			continue;
		problems_add(&restore->problems, VERDICT_APPROXIMATED, object,
			     "its hard limit %u was 0x%lx; this user may have at most 0x%lx",
			     limit->resource, limit->hard, (uint64_t)now.rlim_max);
	}
}

/* A core that nobody wants would have to be written for that. */
static void check_zombies(struct restore *restore, const struct process *process)
{
	for (size_t i = 0; i < process->n_zombies; i++) {
		char object[24];

		if (!WIFSIGNALED(process->zombies[i].status) ||
		    !WCOREDUMP(process->zombies[i].status))
			continue;
		snprintf(object, sizeof(object), "zombie %u", process->zombies[i].pid);
		problems_add(&restore->problems, VERDICT_APPROXIMATED, object,
			     "it had left a core; its parent will be told that it left none");
	}
}

static int process_check(struct restore *restore, const void *record, struct key key,
			 struct err *err)
{
	const struct process *process = record;
	char object[24];

	snprintf(object, sizeof(object), "pid %u", key.first);
	if (process->umask > 0777)
		return err_set(err, ERR_IMAGE, "processes/%u/process.json: $.umask: 0%o", key.first,
			       process->umask);
	check_directory(restore, object, "current directory", process->cwd);
	if (strcmp(process->root, "/") != 0)
		check_directory(restore, object, "root directory", process->root);
	if (strcmp(process->root, "/") != 0 && geteuid() != 0)
		problems_add(&restore->problems, VERDICT_BLOCKING, object,
			     "its root directory is %s, which only root can set", process->root);
	if (process->dumpable == DUMPABLE_ROOT_ONLY)
		problems_add(
			&restore->problems, VERDICT_APPROXIMATED, object,
			"it was dumpable for root only (2), which cannot be set: it becomes 0");
	check_zombies(restore, process);
	check_limits(restore, object, process);
	credentials_check(restore, object, &process->credentials);
	return check_exe(restore, object, &process->exe, err);
}

static void set_limits(struct canvas *canvas, const struct process *process)
{
	struct remote_batch *batch = canvas_later(canvas);
	bool root = geteuid() == 0;

	for (size_t i = 0; i < process->n_limits; i++) {
		const struct limit *limit = &process->limits[i];
		struct rlimit now, want = { limit->soft, limit->hard };

		/* A soft limit above the hard one is refused, so both sink together; the check has told. */
		if (!root && getrlimit(limit->resource, &now) == 0 &&
		    want.rlim_max > now.rlim_max) {
			want.rlim_max = now.rlim_max;
			if (want.rlim_cur > want.rlim_max)
				want.rlim_cur = want.rlim_max;
		}
		remote_push(batch, REMOTE_CALL(prlimit64, 0, limit->resource,
					       remote_data(batch, &want, sizeof(want)), 0));
	}
}

static void set_paths(struct restore *restore, struct canvas *canvas, const struct process *process)
{
	struct remote_batch *batch = canvas_later(canvas);
	char buffer[4096];
	const char *cwd = restore_path(restore, process->cwd, buffer, sizeof(buffer));

	remote_push(batch, REMOTE_CALL(chdir, remote_data(batch, cwd, strlen(cwd) + 1)));
	if (strcmp(process->root, "/") != 0)
		remote_push(batch, REMOTE_CALL(chroot, remote_data(batch, process->root,
								   strlen(process->root) + 1)));
	remote_push(batch, REMOTE_CALL(umask, process->umask));
}

static int write_value(const struct canvas *canvas, const char *name, const char *format,
		       long value, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", canvas->pid, name);
	snprintf(text, sizeof(text), format, value);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		return err_sys(err, "cannot write %s to %s", text, path);
	return 0;
}

/* Raising the score is free; a score below the one that is there asks for CAP_SYS_RESOURCE and is only approximated. */
static void set_oom_score(struct restore *restore, const struct canvas *canvas,
			  const struct process *process)
{
	struct err refused;

	if (write_value(canvas, "oom_score_adj", "%ld", process->oom_score_adj, &refused) < 0)
		problems_add_err(&restore->problems, VERDICT_APPROXIMATED, canvas->name, &refused);
}

static void set_switches(struct canvas *canvas, const struct process *process)
{
	struct remote_batch *batch = canvas_later(canvas);

	remote_push(batch, REMOTE_CALL(prctl, PR_SET_CHILD_SUBREAPER, process->child_subreaper));
	remote_push(batch, REMOTE_CALL(prctl, PR_SET_THP_DISABLE, process->thp_disable));
}

/* Every thread has its own, and clone3 has copied that of the canvas. */
static int set_personality(struct canvas *canvas, const struct process *process, struct err *err)
{
	/* Asked when its memory was finished. */
	bool same = canvas->personality == process->personality;

	for (size_t i = 0; i < canvas->frozen.n_threads && !same; i++) {
		struct remote_call call = REMOTE_CALL(personality, process->personality);

		if (canvas_flush(canvas, err) < 0 ||
		    remote_call(&canvas->remote, canvas->frozen.threads[i], &call, err) < 0)
			return -1;
	}
	return 0;
}

/* Changing credentials makes a process undumpable, so this comes after them; and with 0 /proc is closed to its user. */
static void set_dumpable(struct canvas *canvas, const struct process *process)
{
	remote_push(canvas_later(canvas),
		    REMOTE_CALL(prctl, PR_SET_DUMPABLE, process->dumpable == 1 ? 1 : 0));
}

/* Changing credentials has cleared it. */
static int set_death_signals(struct restore *restore, struct canvas *canvas, struct err *err)
{
	size_t n = canvas->credited ? 1 : canvas->n_threads;

	for (size_t i = 0; i < n; i++) {
		const struct made_thread *made = &canvas->threads[i];
		const struct thread *thread =
			IMAGE_GET(&restore->image, thread, canvas->own_pid, made->saved);
		struct remote_call call =
			REMOTE_CALL(prctl, PR_SET_PDEATHSIG, thread->parent_death_signal);

		if (thread->parent_death_signal && i == 0)
			remote_push(canvas_later(canvas), call);
		else if (thread->parent_death_signal &&
			 remote_call(&canvas->remote, frozen_find(&canvas->frozen, made->tid),
				     &call, err) < 0)
			return -1;
	}
	return 0;
}

static int process_apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct process *process = IMAGE_GET(&restore->image, process, canvas->own_pid, 0);

	set_oom_score(restore, canvas, process);
	if (write_value(canvas, "coredump_filter", "0x%lx", (long)process->coredump_filter, err) <
	    0)
		return -1;
	set_paths(restore, canvas, process);
	if (set_personality(canvas, process, err) < 0)
		return -1;
	set_switches(canvas, process);
	set_limits(canvas, process);
	if (credentials_apply(canvas, &process->credentials, err) < 0 ||
	    set_death_signals(restore, canvas, err) < 0)
		return -1;
	set_dumpable(canvas, process);
	return 0;
}

const struct restorer process_restorer = { .check = process_check,
					   .apply = process_apply,
					   .phase = PHASE_LAST };
