/* SPDX-License-Identifier: MIT */
#include "restore/tree.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/process.h"
#include "kernel/compat.h"
#include "kernel/tracee.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct canvas *tree_canvas(const struct restore *restore, uint32_t own_pid)
{
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (restore->canvases[i].own_pid == own_pid)
			return &restore->canvases[i];
	return NULL;
}

static const struct process *process_of(const struct restore *restore, uint32_t pid)
{
	return IMAGE_GET(&restore->image, process, pid, 0);
}

/*
 * A child is in the session that its parent has when it is born: the one that the parent leads or has inherited, or, before the parent
 * made its own, the one that the grandparent has.
 */
static bool can_be_born(const struct restore *restore, const struct process *process,
			const struct process *parent)
{
	const struct process *grandparent = process_of(restore, parent->parent);

	if (process->session == process->pid || process->session == parent->session)
		return true;
	return parent->session == parent->pid && grandparent &&
	       process->session == grandparent->session;
}

static unsigned users_of(const struct image *image, uint32_t contents)
{
	unsigned users = 0;

	IMAGE_EACH (image, memory, memory) {
		bool uses = false;

		for (size_t i = 0; i < memory->n_vmas; i++)
			uses |= memory->vmas[i].kind == VMA_SHM &&
				memory->vmas[i].contents == contents;
		users += uses;
	}
	return users;
}

bool tree_shares(const struct restore *restore, const struct shm *shm)
{
	return shm->kind == SHM_ANONYMOUS && users_of(&restore->image, shm->id) > 1;
}

static void check_shared_memory(struct restore *restore)
{
	IMAGE_EACH (&restore->image, shm, shm) {
		char object[24];

		if (!tree_shares(restore, shm))
			continue;
		snprintf(object, sizeof(object), "shm %u", shm->id);
		problems_add(&restore->problems,
			     shm->huge_page_size ? VERDICT_BLOCKING : VERDICT_APPROXIMATED, object,
			     "anonymous memory that processes share comes back as a memfd");
	}
}

int tree_check(struct restore *restore, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);

	(void)err;
	check_shared_memory(restore);
	IMAGE_EACH (&restore->image, process, process) {
		const struct process *parent = process_of(restore, process->parent);
		char object[24];

		snprintf(object, sizeof(object), "pid %u", process->pid);
		if (process->pid == pimage->root)
			continue;
		if (!parent)
			problems_add(&restore->problems, VERDICT_BLOCKING, object,
				     "its parent %u is not in the image", process->parent);
		else if (!can_be_born(restore, process, parent))
			problems_add(&restore->problems, VERDICT_BLOCKING, object,
				     "its session %u is not one that it could be born into",
				     process->session);
	}
	return 0;
}

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
static int clone_child(struct canvas *parent, uint32_t number, bool keep, pid_t *ret_pid,
		       uint32_t *ret_own, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&parent->remote);
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct birth birth = { 0 };
	int ret;

	if (keep) {
		args.set_tid = remote_data(batch, &number, sizeof(number));
		args.set_tid_size = 1;
	}
	remote_push(batch,
		    REMOTE_CALL(clone3, remote_data(batch, &args, sizeof(args)), sizeof(args)));
	parent->remote.options.event = on_birth;
	parent->remote.options.context = &birth;
	ret = remote_run_all(&parent->remote, canvas_leader(parent), batch, err);
	parent->remote.options.event = NULL;
	if (ret < 0 || !birth.pid)
		return ret < 0 ? err_prefix(err, "pid %u", number)
			       : err_set(err, ERR_FAILED, "pid %u was not seen to be born", number);
	*ret_pid = birth.pid;
	*ret_own = (uint32_t)remote_result(batch, 0);
	return 0;
}

static int open_canvas(const struct restore *restore, struct canvas *canvas, struct err *err)
{
	if (frozen_adopt(canvas->pid, restore->features, &canvas->frozen, err) < 0)
		return -1;
	return remote_open(&canvas->frozen, canvas_leader(canvas), NULL, &canvas->remote, err);
}

/* Nothing of the parent's memory stays, and /proc/PID/exe is right, with no privilege at all. */
static int execute(const struct restore *restore, struct canvas *canvas,
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
	if (remote_run(&canvas->remote, canvas_leader(canvas), batch, err) < 0)
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

static int make_child(struct restore *restore, struct canvas *parent, const struct process *process,
		      bool keep, struct err *err)
{
	struct canvas *canvas = &restore->canvases[restore->n_canvases];

	*canvas = (struct canvas){ .own_pid = process->pid, .frozen = FROZEN_EMPTY };
	if (clone_child(parent, process->pid, keep, &canvas->pid, &canvas->present, err) < 0)
		return -1;
	snprintf(canvas->name, sizeof(canvas->name), "pid %u", process->pid);
	restore->n_canvases++;
	if (open_canvas(restore, canvas, err) < 0 || execute(restore, canvas, process, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	return 0;
}

/* Children born before their parent made a session of its own, or those born after. */
static int make_children(struct restore *restore, struct canvas *parent, bool before, bool keep,
			 struct err *err)
{
	const struct process *process = process_of(restore, parent->own_pid);
	const struct pimage *pimage = IMAGE_GET(&restore->image, pimage, 0, 0);
	bool leads = process->session == process->pid;

	for (size_t i = 1; i < pimage->n_pids; i++) {
		const struct process *child = process_of(restore, pimage->pids[i]);
		bool early =
			leads && child->session != process->pid && child->session != child->pid;

		if (child->parent == process->pid && early == before &&
		    make_child(restore, parent, child, keep, err) < 0)
			return -1;
	}
	return 0;
}

int tree_make(struct restore *restore, bool keep, struct err *err)
{
	struct canvas *root = &restore->canvases[0];
	int64_t present;

	if (remote_open(&root->frozen, canvas_leader(root), NULL, &root->remote, err) < 0)
		return -1;
	present = CANVAS_CALL(root, err, getpid, 0);
	if (present < 0)
		return -1;
	root->present = (uint32_t)present;
	/* The list grows by the children of those in it. */
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process = process_of(restore, canvas->own_pid);

		if (make_children(restore, canvas, true, keep, err) < 0)
			return -1;
		if (i > 0 && process->session == process->pid &&
		    CANVAS_CALL(canvas, err, setsid, 0) < 0)
			return -1;
		if (make_children(restore, canvas, false, keep, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Who stands for a group: its leader, if that lives; else the root for the group that the root was in, and the first member for any
 * other, whose leader has ended.
 */
static const struct canvas *group_leader(const struct restore *restore, uint32_t group)
{
	const struct canvas *leader = tree_canvas(restore, group);

	for (size_t i = 0; !leader && i < restore->n_canvases; i++)
		if (process_of(restore, restore->canvases[i].own_pid)->group == group)
			leader = &restore->canvases[i];
	return leader;
}

static int remote_name(struct canvas *canvas, const char *name, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);

	remote_push(batch,
		    REMOTE_CALL(prctl, PR_SET_NAME, remote_data(batch, name, strlen(name) + 1)));
	return remote_run_all(&canvas->remote, canvas_leader(canvas), batch, err);
}

/* A signal kills by its default action, which exec has left in force; it must not leave a core. */
static int end_by_signal(struct canvas *canvas, int signal, struct err *err)
{
	struct stop stop = { 0 };

	if (CANVAS_CALL(canvas, err, prctl, PR_SET_DUMPABLE, 0) < 0)
		return -1;
	if (kill(canvas->pid, signal) < 0)
		return err_sys(err, "%s", canvas->name);
	for (int i = 0; i < 3 && stop.kind != STOP_GONE; i++) {
		int delivered = stop.kind == STOP_SIGNAL ? stop.signal : 0;

		if (tracee_resume(canvas->pid, PTRACE_CONT, delivered, err) < 0 ||
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

static int make_zombie(struct restore *restore, struct canvas *parent, const struct zombie *zombie,
		       bool keep, struct err *err)
{
	struct canvas canvas = { .own_pid = zombie->pid, .frozen = FROZEN_EMPTY };
	const struct canvas *leader = group_leader(restore, zombie->group);
	int ret;

	snprintf(canvas.name, sizeof(canvas.name), "zombie %u", zombie->pid);
	if (clone_child(parent, zombie->pid, keep, &canvas.pid, &canvas.present, err) < 0 ||
	    open_canvas(restore, &canvas, err) < 0)
		return -1;
	ret = CANVAS_CALL(&canvas, err, setpgid, 0, leader ? leader->present : 0) < 0 ? -1 : 0;
	if (ret == 0)
		ret = remote_name(&canvas, zombie->name, err);
	if (ret == 0)
		ret = end(&canvas, zombie->status, err);
	canvas_release(&canvas);
	return ret;
}

static int make_zombies(struct restore *restore, struct canvas *canvas, bool keep, struct err *err)
{
	const struct process *process = process_of(restore, canvas->own_pid);

	for (size_t i = 0; i < process->n_zombies; i++)
		if (make_zombie(restore, canvas, &process->zombies[i], keep, err) < 0)
			return -1;
	return 0;
}

static int join_group(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct process *process = process_of(restore, canvas->own_pid);
	const struct canvas *leader = group_leader(restore, process->group);

	/* Session leaders lead their group already. */
	if (canvas == &restore->canvases[0] || process->session == process->pid)
		return 0;
	if (leader != canvas && leader != tree_canvas(restore, process->group) &&
	    leader != &restore->canvases[0])
		problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
			     "its process group %u, whose leader has ended, is now led by %s",
			     process->group, leader->name);
	return CANVAS_CALL(canvas, err, setpgid, 0, leader->present) < 0 ? -1 : 0;
}

/* Leaders first: a group can be joined only once it is there. */
static int join_groups(struct restore *restore, bool leaders, struct err *err)
{
	for (size_t i = 0; i < restore->n_canvases; i++) {
		struct canvas *canvas = &restore->canvases[i];
		const struct process *process = process_of(restore, canvas->own_pid);
		bool leads = group_leader(restore, process->group) == canvas;

		if (leads == leaders && join_group(restore, canvas, err) < 0)
			return -1;
	}
	return 0;
}

int tree_finish(struct restore *restore, bool keep, struct err *err)
{
	if (join_groups(restore, true, err) < 0 || join_groups(restore, false, err) < 0)
		return -1;
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (make_zombies(restore, &restore->canvases[i], keep, err) < 0)
			return err_prefix(err, "%s", restore->canvases[i].name);
	return 0;
}
