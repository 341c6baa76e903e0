/* SPDX-License-Identifier: MIT */
#include "dump/tree.h"

#include "dump/elders.h"
#include "dump/options.h"
#include "dump/session.h"
#include "dump/target.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/record.h"
#include "format/together.h"
#include "kernel/array.h"
#include "kernel/memory_left.h"
#include "kernel/monotonic.h"
#include "kernel/proc_misc.h"
#include "kernel/proc_status.h"
#include "kernel/processes.h"
#include "kernel/readfile.h"
#include "kernel/vfork.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of less the work is done before another thread has started. */
enum { LOOKS_EACH = 32 };

/* How many are asked to stop before the first is waited for: were we killed in between, calls that were cut short would return EINTR. */
enum { AT_ONCE = 8 };

#define KNOWN_NS UINT64_C(100000000)

static bool has(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->pid == pid)
			return true;
	for (size_t i = 0; i < tree->n_zombies; i++)
		if (tree->zombies[i].pid == pid)
			return true;
	return false;
}

/* Whether it is one of the first `count`. */
static bool is_among(const struct tree *tree, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (tree->processes[i]->pid == pid)
			return true;
	return false;
}

bool tree_has(const struct tree *tree, pid_t pid)
{
	return is_among(tree, tree->n_processes, pid);
}

static const struct tree_process *find_process(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->pid == pid)
			return tree->processes[i];
	return NULL;
}

/* What is to be found, and how. */
struct search {
	const struct session *session; /* NULL: descendants only */
	const struct processes *known; /* seen a moment ago; NULL */
	const struct tree *before;     /* looked at a moment ago; NULL */
	bool freeze;
	unsigned timeout_ms; /* 0: that of freeze_process */
	pid_t self;
	unsigned threads; /* of this program, that may look at processes */
	const struct kernel_features *features;
};

static int begin_freeze(const struct search *search, pid_t pid, struct frozen *ret_frozen,
			struct err *err)
{
	const struct tree_process *before =
		search->before ? find_process(search->before, pid) : NULL;
	const struct freeze_options options = {
		.timeout_ms = search->timeout_ms,
		/* That of a large one is not read while it stands still (dump/foreknown.h). */
		.maps = before && before->look.private < TARGET_LARGE,
	};

	return freeze_begin(pid, &options, search->features, ret_frozen, err);
}

static int end_freeze(const struct search *search, struct frozen *frozen, struct err *err)
{
	if (freeze_end(frozen, err) == 0)
		return 0;
	if (err->code == ERR_FAILED)
		vfork_explain(frozen->pid, search->features, err);
	return -1;
}

/* It is asked to stop, and in the tree. */
static int begin_add(struct tree *tree, const struct search *search, pid_t pid, struct err *err)
{
	struct tree_process *process = calloc(1, sizeof(*process));
	struct tree_process **slot;

	if (!process)
		return err_sys(err, "out of memory");
	*process = (struct tree_process){ .pid = pid, .frozen = FROZEN_EMPTY };
	if (search->freeze && begin_freeze(search, pid, &process->frozen, err) < 0) {
		free(process);
		return -1;
	}
	slot = LIST_ADD(tree, processes, err);
	if (!slot) {
		thaw(&process->frozen);
		free(process);
		return -1;
	}
	*slot = process;
	return 0;
}

/*
 * Waits for those from the first on, also for the others when one has failed: a call of theirs that was cut short is mended then. Who has ended is
 * none of the tree. Returns how many there are, or <0.
 */
static int end_add(struct tree *tree, const struct search *search, size_t first, struct err *err)
{
	size_t kept = first;
	int ret = 0;

	for (size_t i = first; i < tree->n_processes; i++) {
		struct tree_process *process = tree->processes[i];
		struct err why;

		if (!search->freeze || end_freeze(search, &process->frozen, &why) == 0) {
			tree->processes[kept++] = process;
			continue;
		}
		thaw(&process->frozen);
		free(process);
		if (why.code != ERR_GONE && ret == 0) {
			*err = why;
			ret = -1;
		}
	}
	tree->n_processes = kept;
	return ret < 0 ? -1 : (int)(kept - first);
}

static int add(struct tree *tree, const struct search *search, pid_t pid, struct err *err)
{
	size_t first = tree->n_processes;
	int added = begin_add(tree, search, pid, err) < 0 ? -1 : end_add(tree, search, first, err);

	return added > 0 ? 0 : added < 0 ? -1 : err_set(err, ERR_GONE, "process %d has ended", pid);
}

static int add_zombie(struct tree *tree, const struct process_entry *entry, struct err *err)
{
	struct tree_zombie *zombie = LIST_ADD(tree, zombies, err);

	if (!zombie)
		return -1;
	*zombie = (struct tree_zombie){ entry->pid, entry->parent };
	return 0;
}

/* The first `standing` of the tree stand still. */
static bool belongs(const struct tree *tree, const struct search *search, size_t standing,
		    const struct processes *all, const struct process_entry *entry)
{
	if (is_among(tree, standing, entry->parent))
		return true;
	return search->session && session_begins(search->session, all, entry);
}

/* 1: being added; 0: it has ended; <0 failed. */
static int add_found(struct tree *tree, const struct search *search, pid_t pid, struct err *err)
{
	if (pid == search->self)
		return err_set(err, ERR_USAGE,
			       "pdump (pid %d) itself is among the processes that were asked for: "
			       "start it outside of them, from another terminal or with setsid "
			       "--fork",
			       pid);
	if (begin_add(tree, search, pid, err) == 0)
		return 1;
	return err->code == ERR_GONE ? 0 : -1;
}

/*
 * Those whose parents stand still, some at the same time: their own children come after them, for the child of a vfork,
 * without which its parent does not stop, runs on until it has memory of its own. Returns how many there are; *ret_missed: one has ended just now, which is no
 * failure: it is a zombie next time, or gone. The first `read` of the tree stood still when the list was read.
 */
static int add_new(struct tree *tree, const struct search *search, const struct processes *all,
		   size_t read, bool *ret_missed, struct err *err)
{
	size_t standing = tree->n_processes, asked = standing, began = 0;
	struct err other;
	int ret = 0;

	for (size_t i = 0; i < all->count && ret >= 0; i++) {
		const struct process_entry *entry = &all->list[i];

		if (has(tree, entry->pid) || !belongs(tree, search, standing, all, entry))
			continue;
		if (entry->ended) {
			/* A parent that was not frozen when this was read may have reaped it since: the next look tells. */
			if (is_among(tree, read, entry->parent))
				ret = add_zombie(tree, entry, err);
			continue;
		}
		ret = add_found(tree, search, entry->pid, err);
		began += ret > 0;
		*ret_missed |= ret == 0;
		if (ret > 0 && tree->n_processes - asked == AT_ONCE) {
			ret = end_add(tree, search, asked, err);
			asked = tree->n_processes;
		}
	}
	if (end_add(tree, search, asked, ret < 0 ? &other : err) < 0 || ret < 0)
		return -1;
	*ret_missed |= tree->n_processes - standing < began;
	return (int)(tree->n_processes - standing);
}

static uint32_t largest_pid(void)
{
	_cleanup_free_ char *text = NULL;
	uint64_t pid_max;
	size_t size;

	if (read_piece_at(AT_FDCWD, "/proc/sys/kernel/pid_max", &text, &size, NULL) < 0 ||
	    proc_unsigned_parse(text, size, "pid_max", &pid_max, NULL) < 0)
		return UINT32_MAX;
	return (uint32_t)pid_max;
}

/* But for the root, which stands first. Only an order, so it is no failure where there is no memory for it. */
static void put_elders_first(struct tree *tree, const struct processes *all)
{
	struct tree_process **rest = tree->processes + 1;
	size_t n = tree->n_processes - 1;
	_cleanup_free_ struct tree_process **before = calloc(n + 1, sizeof(*before));
	_cleanup_free_ size_t *order = calloc(n + 1, sizeof(*order));
	_cleanup_free_ pid_t *pids = calloc(n + 1, sizeof(*pids));

	if (n < 2 || !before || !order || !pids)
		return;
	for (size_t i = 0; i < n; i++) {
		before[i] = rest[i];
		pids[i] = rest[i]->pid;
	}
	if (elders_first(pids, n, all, largest_pid(), order) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		rest[i] = before[order[i]];
}

static size_t place_of(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->pid == pid)
			return i;
	return 0;
}

/* Parents may have ended before they were stopped, and their children have come to others who were found later. */
static void put_parents_first(struct tree *tree, const struct processes *all)
{
	for (size_t i = 1; i < tree->n_processes; i++) {
		struct tree_process *process = tree->processes[i];
		const struct process_entry *entry = processes_find(all, process->pid);
		size_t parent = entry ? place_of(tree, entry->parent) : 0;

		if (parent <= i)
			continue;
		memmove(&tree->processes[i], &tree->processes[i + 1],
			(parent - i) * sizeof(*tree->processes));
		tree->processes[parent] = process;
		i--;
	}
}

/* Returns whether a list had any that were not seen before; a child may stand before its parent in it. */
static int add_all_new(struct tree *tree, const struct search *search, const struct processes *all,
		       size_t read, struct err *err)
{
	bool missed = false, news = false;
	int added;

	do {
		added = add_new(tree, search, all, read, &missed, err);
		news |= added > 0;
	} while (added > 0);
	return added < 0 ? -1 : news || missed;
}

/* What the list says of those that stand still by now, which need not be read again. */
static int note_standing(const struct tree *tree, const struct processes *all,
			 struct processes *standing, struct err *err)
{
	processes_release(standing);
	for (size_t i = 0; i < all->count; i++) {
		const struct tree_process *process = find_process(tree, all->list[i].pid);
		struct process_entry *entry;

		if (!process)
			continue;
		entry = ARRAY_ADD(&standing->list, &standing->count, err);
		if (!entry)
			return -1;
		*entry = all->list[i];
		entry->ended = false;
		entry->threads =
			(uint32_t)process->frozen.n_threads + process->frozen.leader_exited;
	}
	return 0;
}

/* Who was seen before the first look and is not what it was: its number is another one's by now. */
static void drop_strangers(struct tree *tree, const struct processes *all)
{
	size_t kept = 0;

	for (size_t i = 0; i < tree->n_processes; i++) {
		struct tree_process *process = tree->processes[i];

		if (i == 0 || processes_find(all, process->pid)) {
			tree->processes[kept++] = process;
			continue;
		}
		thaw(&process->frozen);
		free(process);
	}
	tree->n_processes = kept;
}

/* Zombies may have been reaped since. */
static int add_known(struct tree *tree, const struct search *search, struct processes *standing,
		     struct err *err)
{
	if (!search->known)
		return 0;
	if (add_all_new(tree, search, search->known, 0, err) < 0)
		return -1;
	return note_standing(tree, search->known, standing, err);
}

/* Until no new ones come. Without freezing they may come for ever; one look then is enough for a check. */
static int find_all(struct tree *tree, pid_t root, const struct search *search, struct err *err)
{
	_cleanup_(processes_release) struct processes standing = { 0 };

	if (add_known(tree, search, &standing, err) < 0)
		return -1;
	for (size_t unseen = 0;;) {
		_cleanup_(processes_release) struct processes all = { 0 };
		uint64_t began = monotonic_ns();
		int added = search->session ? processes_read(&all, err)
					    : processes_below(root, &standing, search->features,
							      search->threads, &all, err);

		if (added < 0)
			return -1;
		added = add_all_new(tree, search, &all, tree->n_processes, err);
		if (added < 0)
			return -1;
		/* One that ended just then may have hidden another one. */
		if (search->freeze && (added > 0 || all.unseen != unseen)) {
			unseen = all.unseen;
			if (note_standing(tree, &all, &standing, err) < 0)
				return -1;
			continue;
		}
		if (search->known)
			drop_strangers(tree, &all);
		put_elders_first(tree, &all);
		put_parents_first(tree, &all);
		tree->seen = all;
		tree->seen_ns = began;
		all = (struct processes){ 0 };
		return 0;
	}
}

static int find(pid_t root, enum tree_scope scope, const struct search *search, struct tree *tree,
		struct err *err)
{
	if (root == search->self)
		return add_found(tree, search, root, err);
	if (add(tree, search, root, err) < 0)
		return -1;
	return scope == TREE_ONLY ? 0 : find_all(tree, root, search, err);
}

int tree_open(const struct dump_options *options, bool freeze, const struct tree *known,
	      const struct kernel_features *features, struct tree *ret_tree, struct err *err)
{
	_cleanup_(processes_release) struct processes all = { 0 };
	struct search search = { .freeze = freeze,
				 .timeout_ms = options->timeout * 1000,
				 .self = getpid(),
				 .before = known,
				 .threads = options->threads,
				 .features = features };
	enum tree_scope scope = (enum tree_scope)options->scope;
	pid_t root = options->pid;
	struct tree tree = { 0 };
	struct session session;

	if (scope == TREE_SESSION) {
		if (processes_read(&all, err) < 0 || session_find(&all, root, &session, err) < 0)
			return -1;
		search.session = &session;
		root = session.root;
		tree.foreign = session.foreign;
	}
	/* A session is looked for among all processes, and may have another one of them by now. */
	if (known && scope == TREE_DESCENDANTS && known->seen.count &&
	    monotonic_ns() - known->seen_ns < KNOWN_NS)
		search.known = &known->seen;
	if (find(root, scope, &search, &tree, err) < 0) {
		tree_thaw(&tree);
		return -1;
	}
	*ret_tree = tree;
	return 0;
}

int tree_of(const pid_t *pids, size_t n_pids, struct tree *ret_tree, struct err *err)
{
	static const struct search none = { 0 };
	_cleanup_(processes_release) struct processes all = { 0 };
	_cleanup_tree_ struct tree tree = { 0 };

	for (size_t i = 0; i < n_pids; i++)
		if (add(&tree, &none, pids[i], err) < 0)
			return -1;
	if (processes_read(&all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++)
		if (all.list[i].ended && tree_has(&tree, all.list[i].parent) &&
		    add_zombie(&tree, &all.list[i], err) < 0)
			return -1;
	*ret_tree = tree;
	tree = (struct tree){ 0 };
	return 0;
}

static void look(void *context, size_t index)
{
	struct tree_process *process = ((struct tree_process **)context)[index];
	struct tree_look *ret = &process->look;
	_cleanup_(proc_status_release) struct proc_status status = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", process->pid);
	if (read_piece_at(AT_FDCWD, path, &text, &size, NULL) < 0 ||
	    proc_status_parse(text, size, &status, NULL) < 0)
		return;
	ret->tracer = status.tracer_pid;
	memory_in_use_parse(text, size, &ret->private, &ret->shared, NULL);
}

void tree_look(struct tree *tree, unsigned threads)
{
	together(together_some(threads, tree->n_processes / LOOKS_EACH), tree->n_processes, look,
		 tree->processes);
}

void tree_thaw(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_processes; i++) {
		remote_release(&tree->processes[i]->remote);
		thaw(&tree->processes[i]->frozen);
		free(tree->processes[i]);
	}
	free(tree->processes);
	free(tree->zombies);
	processes_release(&tree->seen);
	*tree = (struct tree){ 0 };
}
