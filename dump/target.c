/* SPDX-License-Identifier: MIT */
#include "dump/target.h"

#include "dump/facts.h"
#include "dump/scan_ahead.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"
#include "kernel/maps_ahead.h"
#include "kernel/maps_file.h"
#include "kernel/memory_left.h"
#include "kernel/proc_maps_detail.h"
#include "kernel/readfile.h"
#include "kernel/sched.h"
#include "kernel/task_status.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

uint32_t ns_own(const struct ns_ids *ids, int32_t otherwise)
{
	return (uint32_t)(ids->count ? ids->id[ids->count - 1] : otherwise);
}

static int read_status(struct target *target, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_piece_at(target->proc, "status", &text, &size, err) < 0 ||
	    proc_status_parse(text, size, &target->status, err) < 0)
		return -1;
	memory_line_parse(text, size, "RssAnon", &target->private, NULL);
	memory_line_parse(text, size, "VmLck", &target->locked, NULL);
	target->own_pid = ns_own(&target->status.ns_tgid, target->status.tgid);
	return 0;
}

static int read_stat(struct target *target, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_piece_at(target->proc, "stat", &text, &size, err) < 0)
		return -1;
	return proc_stat_parse(text, size, &target->stat, err);
}

/* Anonymous shared memory can be swapped out at any time, and whether it is only smaps of this moment tells. */
static bool may_be_swapped(const struct maps *maps)
{
	struct sysinfo info;

	if (sysinfo(&info) == 0 && info.totalswap == 0)
		return false;
	for (size_t i = 0; i < maps->count; i++)
		if (maps->list[i].kind == MAP_KIND_SHMEM)
			return true;
	return false;
}

/* 1: what was known will do; 0: it will not. */
static int foresee_maps(struct target *target, const struct maps *foreknown, struct err *err)
{
	if (!foreknown || target->private < TARGET_LARGE)
		return 0;
	if (maps_read_at(target->proc, "maps", &target->maps, err) < 0)
		return -1;
	if (maps_foresee(&target->maps, foreknown) &&
	    maps_locked(&target->maps) == target->locked && !may_be_swapped(&target->maps))
		return 1;
	maps_release(&target->maps);
	return 0;
}

static int look_at_memory(struct target *target, bool stands_still, const struct maps *foreknown,
			  struct err *err)
{
	int foreseen = foresee_maps(target, foreknown, err);

	target->late = foreseen > 0;
	if (foreseen)
		return foreseen < 0 ? -1 : 0;
	if (stands_still && target->private >= TARGET_LARGE)
		target->ahead = scan_ahead_start(&target->memory);
	if (stands_still && target->frozen->maps)
		return maps_ahead_take(TAKE_PTR(target->frozen->maps), &target->maps, err);
	return maps_read_at(target->proc, "smaps", &target->maps, err);
}

static int look(pid_t pid, int proc, struct target *ret_target, struct err *err)
{
	struct target target = TARGET_EMPTY;

	target.pid = pid;
	snprintf(target.name, sizeof(target.name), "pid %d", pid);
	target.proc = proc >= 0 ? proc : proc_open(pid, err);
	if (target.proc < 0)
		return -1;
	if (read_status(&target, err) < 0 || read_stat(&target, err) < 0) {
		target_done(&target);
		return err_prefix(err, "pid %d", pid);
	}
	*ret_target = target;
	return 0;
}

int target_look(pid_t pid, struct target *ret_target, struct err *err)
{
	return look(pid, -1, ret_target, err);
}

int target_open(pid_t pid, struct frozen *frozen, const struct maps *foreknown,
		const struct kernel_features *features, struct target *target, struct err *err)
{
	if (look(pid, frozen ? TAKE_FD(frozen->proc) : -1, target, err) < 0)
		return -1;
	target->frozen = frozen;
	if ((frozen ? memory_share(&frozen->memory, &target->memory, err)
		    : memory_open(pid, features, &target->memory, err)) < 0)
		return err_prefix(err, "pid %d", pid);
	target->memory.keep_shared = true;
	target->same_cpuset = sched_same_cpuset(target->proc);
	read_link_at(target->proc, "ns/pid", &target->pid_namespace, NULL);
	if (look_at_memory(target, frozen, foreknown, err) < 0)
		return err_prefix(err, "pid %d", pid);
	return 0;
}

bool target_ended(pid_t pid)
{
	struct proc_stat stat;

	return task_stat(pid, &stat, NULL) < 0 ||
	       (strchr("ZX", stat.state) && stat.num_threads <= 1);
}

void *target_ask(struct target *target, enum kind kind, size_t size, struct err *err)
{
	struct question *question = &target->questions[kind];

	question->first = remote_batch_size(target->batch);
	question->answers = calloc(1, size);
	if (!question->answers)
		err_sys(err, "out of memory");
	return question->answers;
}

const struct target_descriptor *target_descriptor(const struct target *target, uint32_t number)
{
	size_t low = SEARCH(target->n_descriptors, i, target->descriptors[i].number < number);

	return low < target->n_descriptors && target->descriptors[low].number == number
		       ? &target->descriptors[low]
		       : NULL;
}

static void descriptor_done(struct target_descriptor *descriptor)
{
	free(descriptor->link);
	free(descriptor->info);
}

void target_drop_answers(struct target *target)
{
	for (size_t i = 0; i < KIND_COUNT; i++)
		free(target->questions[i].answers);
	memset(target->questions, 0, sizeof(target->questions));
	remote_batch_free(target->batch);
	target->batch = NULL;
	facts_free(target->facts);
	target->facts = NULL;
}

void target_done(struct target *target)
{
	for (size_t i = 0; i < target->n_descriptors; i++)
		descriptor_done(&target->descriptors[i]);
	free(target->descriptors);
	target_drop_answers(target);
	free(target->pid_namespace);
	scan_ahead_free(target->ahead);
	proc_status_release(&target->status);
	maps_release(&target->maps);
	memory_close(&target->memory);
	cleanup_close(&target->proc);
	*target = (struct target)TARGET_EMPTY;
}

int target_thread_status(const struct target *target, pid_t tid, struct closing *closing,
			 struct proc_status *ret_status, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "task/%d/status", tid);
	if (read_piece_later(closing, target->proc, path, &text, &size, err) < 0)
		return -1;
	return proc_status_parse(text, size, ret_status, err);
}
