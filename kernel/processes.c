/* SPDX-License-Identifier: MIT */
#include "kernel/processes.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"
#include "format/together.h"
#include "kernel/array.h"
#include "kernel/fallback.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"
#include "kernel/scan.h"

enum {
	MANY_THREADS = 100,
	/* Of less the work is done before another thread has started. */
	PROCESSES_EACH = 32,
};

/* Whether it is still there; then what it is. */
static int read_entry(int proc, uint32_t pid, struct process_entry *ret)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "%u/stat", pid);
	if (read_piece_at(proc, path, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0)
		return -1;
	/* The state is that of the main thread, which may end before the others. */
	*ret = (struct process_entry){ (pid_t)pid,     stat.ppid,
				       stat.session,   stat.num_threads,
				       stat.starttime, stat.state == 'Z' && stat.num_threads <= 1 };
	return 0;
}

int processes_read(struct processes *ret_processes, struct err *err)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ uint32_t *pids = NULL;
	struct processes processes = { 0 };
	size_t n;

	if (proc < 0)
		return err_sys(err, "cannot open /proc");
	if (list_numbers_at(proc, ".", &pids, &n, err) < 0)
		return -1;
	processes.list = calloc(n + 1, sizeof(*processes.list));
	if (!processes.list)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (read_entry(proc, pids[i], &processes.list[processes.count]) == 0)
			processes.count++;
	*ret_processes = processes;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct process_entry *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

/* One that came to another parent meanwhile has been seen twice. */
static void put_in_order(struct processes *processes)
{
	size_t kept = 0;

	if (processes->count)
		qsort(processes->list, processes->count, sizeof(*processes->list), by_pid);
	for (size_t i = 0; i < processes->count; i++)
		if (!kept || processes->list[kept - 1].pid != processes->list[i].pid)
			processes->list[kept++] = processes->list[i];
	processes->count = kept;
}

const struct process_entry *processes_find(const struct processes *processes, pid_t pid)
{
	size_t low = SEARCH(processes->count, i, processes->list[i].pid < pid);

	return low < processes->count && processes->list[low].pid == pid ? &processes->list[low]
									 : NULL;
}

struct looking {
	int proc;
	const struct processes *standing;
	unsigned threads; /* of this program */
};

static int add_entry(const struct looking *looking, uint32_t pid, pid_t parent,
		     struct processes *processes, struct err *err)
{
	const struct process_entry *standing = processes_find(looking->standing, (pid_t)pid);
	struct process_entry entry, *slot;

	if (standing) {
		entry = *standing;
		entry.parent = parent;
	} else if (read_entry(looking->proc, pid, &entry) < 0) {
		/* One that is not there any more is no failure. */
		processes->unseen++;
		return 0;
	}
	slot = ARRAY_ADD(&processes->list, &processes->count, err);
	if (!slot)
		return -1;
	*slot = entry;
	return 0;
}

/* The children of one thread, none when it has ended. */
static int add_children(const struct looking *looking, pid_t pid, uint32_t tid,
			struct processes *processes, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	struct scan scan;
	char path[48];
	uint64_t child;
	size_t size;

	snprintf(path, sizeof(path), "%d/task/%u/children", pid, tid);
	if (read_file_at(looking->proc, path, &text, &size, NULL) < 0)
		return 0;
	scan = scan_text(text, size);
	while (scan_unsigned(&scan, 10, INT32_MAX, &child)) {
		if (add_entry(looking, (uint32_t)child, pid, processes, err) < 0)
			return -1;
		if (!scan_char(&scan, ' '))
			break;
	}
	return 0;
}

/* A process with one thread, as most are, needs no listing. */
static int add_children_of(const struct looking *looking, const struct process_entry *entry,
			   struct processes *processes, struct err *err)
{
	_cleanup_free_ uint32_t *tids = NULL;
	pid_t pid = entry->pid;
	char path[32];
	size_t n;

	if (entry->threads <= 1)
		return add_children(looking, pid, (uint32_t)pid, processes, err);
	snprintf(path, sizeof(path), "%d/task", pid);
	if (list_numbers_at(looking->proc, path, &tids, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (add_children(looking, pid, tids[i], processes, err) < 0)
			return -1;
	return 0;
}

/* Those of one generation, and what was found of each. */
struct generation {
	const struct looking *looking;
	const struct process_entry *list;
	struct processes *found;
};

static int look_below(void *context, size_t index, struct err *err)
{
	const struct generation *generation = context;
	const struct process_entry *entry = &generation->list[index];

	if (entry->ended)
		return 0;
	return add_children_of(generation->looking, entry, &generation->found[index], err);
}

static int append(struct processes *to, struct processes *from, struct err *err)
{
	to->unseen += from->unseen;
	for (size_t i = 0; i < from->count; i++) {
		struct process_entry *entry = ARRAY_ADD(&to->list, &to->count, err);

		if (!entry)
			return -1;
		*entry = from->list[i];
	}
	return 0;
}

/* The children of all from the `first` on, behind them. */
static int add_generation(const struct looking *looking, size_t first, struct processes *processes,
			  struct err *err)
{
	size_t n = processes->count - first;
	_cleanup_free_ struct processes *found = calloc(n, sizeof(*found));
	struct generation generation = { looking, processes->list + first, found };
	int ret;

	if (!found)
		return err_sys(err, "out of memory");
	ret = together_try(together_some(looking->threads, n / PROCESSES_EACH), n, look_below,
			   &generation, err);
	for (size_t i = 0; i < n; i++) {
		if (ret == 0)
			ret = append(processes, &found[i], err);
		processes_release(&found[i]);
	}
	return ret;
}

static unsigned count_threads(const struct process_entry *list, size_t n)
{
	unsigned threads = 0;

	for (size_t i = 0; i < n; i++)
		threads += list[i].threads > 1 ? list[i].threads : 0;
	return threads;
}

/* Of a kernel with CONFIG_PROC_CHILDREN. With many threads, all processes there are make a shorter list. Returns 0 if it did not try, else 1. */
static int read_below(pid_t root, const struct processes *standing, unsigned threads,
		      struct processes *processes, struct err *err)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct looking looking = { proc, standing, threads };
	size_t first = 0;
	char path[48];

	snprintf(path, sizeof(path), "%d/task/%d/children", root, root);
	if (proc < 0 || faccessat(proc, path, R_OK, 0) < 0)
		return 0;
	if (add_entry(&looking, (uint32_t)root, 0, processes, err) < 0)
		return -1;
	while (first < processes->count) {
		size_t n = processes->count;

		if (count_threads(processes->list, n) > MANY_THREADS)
			return 0;
		if (add_generation(&looking, first, processes, err) < 0)
			return -1;
		first = n;
	}
	put_in_order(processes);
	return 1;
}

int processes_below(pid_t root, const struct processes *standing,
		    const struct kernel_features *features, unsigned threads,
		    struct processes *ret_processes, struct err *err)
{
	static const struct processes none = { 0 };
	_cleanup_(processes_release) struct processes processes = { 0 };
	int found =
		feature_on(features, FEATURE_PROC_CHILDREN)
			? read_below(root, standing ? standing : &none, threads, &processes, err)
			: 0;

	if (found < 0)
		return -1;
	if (!found)
		return processes_read(ret_processes, err);
	*ret_processes = processes;
	processes = (struct processes){ 0 };
	return 0;
}

void processes_release(struct processes *processes)
{
	free(processes->list);
	*processes = (struct processes){ 0 };
}
