/* SPDX-License-Identifier: MIT */
/* Who the process is: identity, credentials, limits, paths. */
#include "format/process.h"

#include "dump/dump.h"
#include "dump/facts.h"
#include "dump/file.h"
#include "dump/sharing.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_limits.h"
#include "kernel/proc_misc.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct ids ids_of(const struct id_set *set)
{
	return (struct ids){ set->real, set->effective, set->saved, set->fs };
}

static int copy_groups(const struct proc_status *status, struct credentials *ret, struct err *err)
{
	for (size_t i = 0; i < status->n_groups; i++) {
		uint32_t *group = LIST_ADD(ret, groups, err);

		if (!group)
			return -1;
		*group = status->groups[i];
	}
	return 0;
}

static int collect_credentials(const struct target *target, struct credentials *ret,
			       struct err *err)
{
	const struct proc_status *status = &target->status;

	ret->uids = ids_of(&status->uid);
	ret->gids = ids_of(&status->gid);
	ret->capabilities = (struct capability_sets){
		.inheritable = status->cap_inheritable,
		.permitted = status->cap_permitted,
		.effective = status->cap_effective,
		.bounding = status->cap_bounding,
		.ambient = status->cap_ambient,
	};
	ret->no_new_privs = status->no_new_privs;
	return copy_groups(status, ret, err);
}

static int collect_limits(const struct target *target, struct process *process, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct proc_limits limits;
	size_t size;

	if (facts_text(target, "limits", &text, &size, err) < 0 ||
	    proc_limits_parse(text, size, &limits, err) < 0)
		return -1;
	for (uint32_t i = 0; i < PROC_LIMITS; i++) {
		struct limit *limit = LIST_ADD(process, limits, err);

		if (!limit)
			return -1;
		*limit = (struct limit){ i, limits.limit[i].soft, limits.limit[i].hard };
	}
	return 0;
}

static int collect_command_line(const struct target *target, struct process *process,
				struct err *err)
{
	_cleanup_(proc_strings_release) struct proc_strings strings = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (facts_text(target, "cmdline", &text, &size, err) < 0 ||
	    proc_strings_parse(text, size, &strings, err) < 0)
		return -1;
	for (size_t i = 0; i < strings.count; i++) {
		char **word = LIST_ADD(process, command_line, err);

		if (!word)
			return -1;
		*word = strdup(strings.list[i]);
		if (!*word)
			return err_sys(err, "out of memory");
	}
	return 0;
}

/* The kernel marks the link of what is deleted; the mark is no part of the path. NULL: there is none. */
static char *deleted_mark(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t length = strlen(path);
	const char *at = path + length - strlen(mark);

	return length > strlen(mark) && strcmp(at, mark) == 0 ? (char *)at : NULL;
}

static void strip_deleted(char *path)
{
	char *mark = deleted_mark(path);

	if (mark)
		*mark = '\0';
}

/* 1: it runs the same file as its parent, which was at its path a moment ago. */
static int take_exe_of_parent(const struct dump *dump, const struct target *target,
			      const char *path, struct file_id *ret, struct err *err)
{
	const struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	const struct process *parent =
		process->parent ? IMAGE_GET(&dump->image, process, process->parent, 0) : NULL;
	struct stat st;

	if (!parent || !parent->exe.path || strcmp(parent->exe.path, path) != 0 ||
	    fstatat(target->proc, "exe", &st, 0) < 0 || !st.st_nlink)
		return 0;
	return dump_file_id_again(&parent->exe, path, &st, ret, err);
}

static int collect_exe(struct dump *dump, struct target *target, struct file_id *ret,
		       struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st, now;
	int known;

	if (facts_text(target, "exe", &path, NULL, err) < 0)
		return -1;
	known = take_exe_of_parent(dump, target, path, ret, err);
	if (known)
		return known < 0 ? -1 : 0;
	/* The magic link opens the very file, whatever stands at its path by now. */
	fd = openat(target->proc, "exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		/* A program that may be executed but not read: its facts come from the path. */
		if (stat(path, &st) < 0)
			return err_sys(err, "cannot look at its program %s", path);
		return dump_file_id(path, -1, &st, ret, err);
	}
	if (st.st_nlink && stat(path, &now) == 0 && now.st_dev == st.st_dev &&
	    now.st_ino == st.st_ino)
		return dump_file_id(path, fd, &st, ret, err);
	strip_deleted(path);
	if (dump_file_id(path, fd, &st, ret, err) < 0)
		return -1;
	return dump_contents(dump, target, NULL, fd, &ret->contents, err);
}

typedef int (*value_parser)(const char *text, size_t size, const char *what, uint64_t *ret_value,
			    struct err *err);

static int read_value(const struct target *target, const char *name, value_parser parse,
		      uint64_t *ret_value, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (facts_text(target, name, &text, &size, err) < 0)
		return -1;
	return parse(text, size, name, ret_value, err);
}

static int collect_values(const struct target *target, struct process *process, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int64_t score;
	size_t size;

	/* Else asked from inside. */
	if ((!target->frozen &&
	     read_value(target, "personality", proc_hex_parse, &process->personality, err) < 0) ||
	    read_value(target, "coredump_filter", proc_hex_parse, &process->coredump_filter, err) <
		    0 ||
	    facts_text(target, "oom_score_adj", &text, &size, err) < 0 ||
	    proc_signed_parse(text, size, "oom_score_adj", &score, err) < 0)
		return -1;
	process->oom_score_adj = (int32_t)score;
	process->umask = (uint32_t)target->status.umask;
	process->thp_disable = target->status.thp_enabled == 0;
	return 0;
}

/* What only the process itself can ask, in this order. */
enum { ASK_DUMPABLE, ASK_SECUREBITS, ASK_SUBREAPER, ASK_PERSONALITY, ASK_ALONE };

static int process_ask(struct dump *dump, struct target *target, struct err *err)
{
	int *subreaper = target_ask(target, KIND_process, sizeof(*subreaper), err);

	(void)dump;
	if (!subreaper)
		return -1;
	remote_push(target->batch, REMOTE_CALL(prctl, PR_GET_DUMPABLE));
	remote_push(target->batch, REMOTE_CALL(prctl, PR_GET_SECUREBITS));
	remote_push(target->batch,
		    REMOTE_CALL(prctl, PR_GET_CHILD_SUBREAPER,
				remote_out(target->batch, subreaper, sizeof(*subreaper))));
	/* No such personality: it only tells. */
	remote_push(target->batch, REMOTE_CALL(personality, UINT32_MAX));
	/*
	 * Does nothing, and fails if there are other threads or another process is in this memory (check_unshare_flags, kernel/fork.c, 5.10
	 * to 6.18).
	 */
	remote_push(target->batch, REMOTE_CALL(unshare, CLONE_VM));
	return 0;
}

static void collect_from_inside(struct target *target, struct process *process)
{
	const struct question *question = &target->questions[KIND_process];
	size_t first = question->first;

	process->dumpable = (uint32_t)remote_result(target->batch, first + ASK_DUMPABLE);
	process->credentials.securebits =
		(uint32_t)remote_result(target->batch, first + ASK_SECUREBITS);
	process->personality = (uint32_t)remote_result(target->batch, first + ASK_PERSONALITY);
	process->child_subreaper = *(const int *)question->answers != 0;
	target->alone = remote_result(target->batch, first + ASK_ALONE) == 0;
}

static int check_cwd(struct dump *dump, const struct target *target, const char *cwd)
{
	struct stat st;

	/* One may really be called so. */
	if (!deleted_mark(cwd) || (fstatat(target->proc, "cwd", &st, 0) == 0 && st.st_nlink))
		return 0;
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "its current directory %s is deleted", cwd);
	problems_remedy(&dump->problems, "let the program change its directory");
	return 0;
}

static int collect_paths(struct dump *dump, struct target *target, struct process *process,
			 struct err *err)
{
	if (collect_exe(dump, target, &process->exe, err) < 0 ||
	    facts_text(target, "cwd", &process->cwd, NULL, err) < 0 ||
	    facts_text(target, "root", &process->root, NULL, err) < 0)
		return -1;
	return check_cwd(dump, target, process->cwd);
}

/* As the image names it; 0 when it is somebody else's. */
static uint32_t parent_in_image(const struct dump *dump, const struct target *target)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].pid == target->status.ppid)
			return dump->targets[i].own_pid;
	return 0;
}

/* Of what it was nothing is left but its numbers, its name and its end. */
static int collect_zombie(pid_t pid, struct zombie *ret, struct err *err)
{
	_cleanup_(proc_status_release) struct proc_status status = { 0 };
	_cleanup_free_ char *status_text = NULL, *stat_text = NULL;
	_cleanup_close_ int proc = proc_open(pid, err);
	size_t status_size, stat_size;
	struct proc_stat stat;

	if (proc < 0 || read_piece_at(proc, "status", &status_text, &status_size, err) < 0 ||
	    proc_status_parse(status_text, status_size, &status, err) < 0 ||
	    read_piece_at(proc, "stat", &stat_text, &stat_size, err) < 0 ||
	    proc_stat_parse(stat_text, stat_size, &stat, err) < 0)
		return -1;
	*ret = (struct zombie){
		.pid = ns_own(&status.ns_tgid, pid),
		.group = ns_own(&status.ns_pgid, stat.pgrp),
		.session = ns_own(&status.ns_sid, stat.session),
		.name = strdup(stat.comm),
		.status = stat.exit_code,
	};
	return ret->name ? 0 : err_sys(err, "out of memory");
}

static int collect_zombies(const struct dump *dump, const struct target *target,
			   struct process *process, struct err *err)
{
	for (size_t i = 0; dump->tree && i < dump->tree->n_zombies; i++) {
		struct zombie *zombie;

		if (dump->tree->zombies[i].parent != target->pid)
			continue;
		zombie = LIST_ADD(process, zombies, err);
		if (!zombie || collect_zombie(dump->tree->zombies[i].pid, zombie, err) < 0)
			return -1;
	}
	return 0;
}

static const struct target *parent_of(const struct dump *dump, const struct target *target)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].pid == target->status.ppid)
			return &dump->targets[i];
	return NULL;
}

/* Asked in the parent, without taking the answer away from it. */
static int collect_stop(const struct dump *dump, const struct target *target,
			struct process *process, struct err *err)
{
	const struct target *parent = parent_of(dump, target);
	struct remote_batch *batch;
	siginfo_t info = { 0 };
	int ret;

	if (!target->frozen)
		return 0;
	process->stopped = (uint32_t)target->frozen->threads[0]->stop_signal;
	if (!process->stopped || !parent || !parent->remote)
		return 0;
	batch = remote_batch_new(parent->remote);
	remote_push(batch, REMOTE_CALL(waitid, P_PID, target->own_pid,
				       remote_out(batch, &info, sizeof(info)),
				       WSTOPPED | WNOHANG | WNOWAIT, 0));
	ret = remote_run(parent->remote, parent->frozen->threads[0], batch, err);
	process->stop_unseen = ret == 0 && remote_result(batch, 0) == 0 && info.si_pid;
	remote_batch_free(batch);
	return ret;
}

/* clone(2) can choose another, or none; executing a program makes it SIGCHLD, and so does becoming an orphan. */
static void check_end_signal(struct dump *dump, const struct target *target,
			     const struct process *process)
{
	if (process->parent && target->stat.exit_signal != SIGCHLD)
		problems_add(&dump->problems, VERDICT_APPROXIMATED, target->name,
			     "its parent would be told of its end by signal %d and not by SIGCHLD, "
			     "which it will be after a restore",
			     target->stat.exit_signal);
}

static int process_collect(struct dump *dump, struct target *target, struct err *err)
{
	struct process *process = IMAGE_ADD(&dump->image, process, target->own_pid, 0, err);
	const struct proc_status *status = &target->status;

	if (!process)
		return -1;
	process->pid = target->own_pid;
	process->parent = parent_in_image(dump, target);
	process->group = ns_own(&status->ns_pgid, target->stat.pgrp);
	process->session = ns_own(&status->ns_sid, target->stat.session);
	process->foreground = target->stat.tty_nr && target->stat.tpgid == target->stat.pgrp;
	check_end_signal(dump, target, process);
	if (collect_stop(dump, target, process, err) < 0 ||
	    collect_zombies(dump, target, process, err) < 0 ||
	    collect_paths(dump, target, process, err) < 0 ||
	    collect_command_line(target, process, err) < 0 ||
	    collect_credentials(target, &process->credentials, err) < 0 ||
	    collect_limits(target, process, err) < 0 || collect_values(target, process, err) < 0)
		return -1;
	if (target->remote)
		collect_from_inside(target, process);
	return target == &dump->targets[dump->n_targets - 1] ? sharing_collect(dump, err) : 0;
}

const struct dumper process_dumper = { .ask = process_ask, .collect = process_collect };
