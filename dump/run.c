/* SPDX-License-Identifier: MIT */
#include "dump/run.h"

#include "cli/epoch.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/steps.h"
#include "dump/contents_kept.h"
#include "dump/external.h"
#include "dump/facts.h"
#include "dump/foreknown.h"
#include "dump/foresee.h"
#include "dump/history.h"
#include "dump/late.h"
#include "dump/precopy.h"
#include "dump/pty_others.h"
#include "dump/same_pages.h"
#include "dump/snapshot.h"
#include "dump/targets.h"
#include "dump/traced.h"
#include "dump/tree.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_sink.h"
#include "format/image_write.h"
#include "format/memory.h"
#include "format/pages.h"
#include "format/shm.h"
#include "kernel/fallback.h"
#include "kernel/memory_left.h"
#include "kernel/remote_stack.h"
#include "kernel/step_out.h"
#include "kernel/vfork.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ATTEMPTS = 10, /* at what is in the way for a moment: together about a second */
	CHECKS = 30,   /* of processes that come and go */
	MANY_PROCESSES =
		8, /* from which on two runs less in each are worth more than not to touch their stacks */
};

static int check_once(const struct dump_options *options, const struct kernel_features *features,
		      struct dump *dump, struct err *err)
{
	_cleanup_tree_ struct tree tree = { 0 };
	int ret = -1;

	dump->features = features;
	dump->settings = (struct dump_settings){ .rules = options->externals,
						 .n_rules = options->n_externals };
	if (tree_open(options, false, NULL, features, &tree, err) == 0 &&
	    targets_add(dump, &tree, err) == 0)
		ret = dump_collect(dump, err);
	dump->tree = NULL;
	return ret;
}

/* Of many processes that run some may be about to end: what is read of them is missing or denied, or an end of a pipe seems to be elsewhere. */
static bool is_certain(const struct dump *dump)
{
	return !problems_count(&dump->problems, VERDICT_BLOCKING) ||
	       (!dump->missed && !problems_passing(&dump->problems));
}

int dump_check(const struct dump_options *options, const struct kernel_features *features,
	       struct dump *dump, struct err *err)
{
	for (unsigned i = 1;; i++) {
		int ret = check_once(options, features, dump, err);

		if (i == CHECKS || kill(options->pid, 0) < 0 || (ret == 0 && is_certain(dump)))
			return ret;
		dump_done(dump);
	}
}

static void cleanup_output(struct output *output)
{
	output_done(output);
}

static void cleanup_pages(struct page_writer **pages)
{
	page_writer_free(*pages);
}

static void count(const struct dump *dump, struct dump_summary *summary)
{
	summary->processes = dump->image.kinds[KIND_process].n_objects;
	summary->threads = dump->image.kinds[KIND_thread].n_objects;
	IMAGE_EACH (&dump->image, memory, m)
		summary->memory_size += memory_saved_size(m);
	IMAGE_EACH (&dump->image, shm, shm)
		summary->memory_size += shm_saved_size(shm);
}

/* One dump under way. */
struct run {
	struct dump *dump;
	const struct dump_options *options;
	struct tree
		running; /* what was found before anything was stopped, some of which may have ended */
	struct tree tree;
	struct history *history; /* NULL: this image stands alone */
	bool trusting;		 /* what is read beforehand is taken for true at first */
	struct precopy precopy;
	struct foreknown foreknown;
	struct snapshots snapshots;
	struct steps steps;
	uint64_t start;
	struct kept_room shared_room;
	struct dump_summary summary;
};

static void cleanup_run(struct run *run)
{
	/* The processes first: they wait. */
	tree_thaw(&run->tree);
	tree_thaw(&run->running);
	snapshots_done(&run->snapshots);
	precopy_done(&run->precopy);
	foreknown_done(&run->foreknown);
	run->dump->settings.foreknown = NULL;
	run->dump->shared_room = NULL;
	kept_room_done(&run->shared_room);
}

/* The processes go on; later calls do nothing. */
static void let_go(struct run *run)
{
	if (run->summary.pause)
		return;
	tree_thaw(&run->tree);
	run->summary.pause = progress_now() - run->start;
	step(&run->steps, "let_go", "let go");
}

/* Copies hold private memory only; what is shared, and was not kept, is written before the processes go on. */
static int write_entries(struct run *run, struct image_writer *writer, struct page_writer *pages,
			 struct err *err)
{
	if (dump_write_records(run->dump, writer, err) < 0 ||
	    dump_write_shared(run->dump, pages, err) < 0)
		return -1;
	if (run->snapshots.n_snapshots)
		let_go(run);
	if (dump_write_memory(run->dump, pages, err) < 0)
		return -1;
	snapshots_kill(&run->snapshots);
	return 0;
}

/* Where page data goes. */
struct sink {
	struct image_sink image;
	struct progress progress;
	struct steps *steps;
	uint64_t total;
};

static void show(void *context, uint64_t written)
{
	struct sink *sink = context;

	progress_update(&sink->progress, written);
	step_bytes(sink->steps, written, sink->total);
}

static void cleanup_sink(struct sink *sink)
{
	progress_end(&sink->progress);
	image_writer_free(sink->image.writer);
}

static int make_writer(struct sink *sink, const struct dump_options *options,
		       struct page_writer **ret_pages, struct err *err)
{
	const struct page_writer_options settings = { options->threads, options->level,
						      options->digest };
	const struct page_sink to = image_sink(&sink->image);

	return page_writer_new(&settings, &to, ret_pages, err);
}

/* Which pages are stored. */
static int settle(struct run *run, struct err *err)
{
	if (late_settle(run->dump, err) < 0) {
		if (run->dump->mistaken)
			step(&run->steps, "again", err->msg);
		return -1;
	}
	if (run->history && history_divide(run->history, run->dump, err) < 0)
		return -1;
	if (dump_settle(run->dump, err) < 0)
		return -1;
	if (run->history && history_compare(run->history, run->dump, err) < 0)
		return -1;
	return same_pages_find(run->dump, err);
}

static int write_image(struct run *run, int fd, struct err *err)
{
	const struct dump_options *options = run->options;
	_cleanup_(cleanup_sink) struct sink sink = { .image.wrote = show };
	_cleanup_(cleanup_pages) struct page_writer *pages = NULL;
	int64_t mtime = 0;

	if (run->snapshots.n_snapshots && dump_shared_is_kept(run->dump))
		let_go(run);
	if (settle(run, err) < 0)
		return -1;
	count(run->dump, &run->summary);
	if (!options->quiet)
		progress_start(&sink.progress, stderr, "saving memory", run->summary.memory_size);
	sink.image.context = &sink;
	sink.steps = &run->steps;
	sink.total = run->summary.memory_size;
	source_date_epoch(&mtime);
	if (image_writer_new(fd, mtime, options->digest, &sink.image.writer, err) < 0 ||
	    make_writer(&sink, options, &pages, err) < 0 ||
	    write_entries(run, sink.image.writer, pages, err) < 0 ||
	    image_writer_close(sink.image.writer, err) < 0)
		return -1;
	run->summary.image_size = image_writer_size(sink.image.writer);
	return 0;
}

static const struct map *vdso_of(const struct target *target)
{
	for (size_t i = 0; i < target->maps.count; i++)
		if (target->maps.list[i].kind == MAP_KIND_VDSO)
			return &target->maps.list[i];
	return NULL;
}

/* On another kernel a thread could not go on there, where code and data are that kernel's. */
static void check_vdso(struct dump *dump, const struct target *target, const struct map *vdso)
{
	unsigned inside = vdso ? frozen_count_inside(target->frozen, vdso->start, vdso->end) : 0;

	if (inside)
		problems_add(&dump->problems, VERDICT_APPROXIMATED, target->name,
			     "%u threads stand in the vDSO: they cannot go on under "
			     "another kernel",
			     inside);
}

/* Not where it may lie in the stack of another process, which goes on if it is not one of these. */
static bool may_use_stack(const struct dump *dump, const struct target *target,
			  const struct frozen_thread *first)
{
	return dump->n_targets >= MANY_PROCESSES && first->tid == target->pid &&
	       feature_on(dump->features, FEATURE_KCMP) &&
	       !vfork_shares(target->pid, target->status.ppid, dump->features);
}

static void prepare_remote(struct dump *dump, struct target *target, struct tree_process *process,
			   struct remote_options *options)
{
	const struct map *vdso = vdso_of(target);
	struct frozen_thread *first = process->frozen.threads[0];

	options->status = &target->status;
	options->scratch_size = REMOTE_SCRATCH + pty_others_room(dump->n_targets);
	options->lasting = true;
	if (may_use_stack(dump, target, first))
		options->stack = remote_stack_room(&target->maps, first);
	options->vdso_end = vdso && !vdso->shared ? vdso->end : 0;
	if (first->tid == target->pid)
		first->unfiltered = !target->status.seccomp;
	check_vdso(dump, target, vdso);
}

static void read_facts(void *context)
{
	const struct dump *dump = context;

	facts_read(dump->targets, dump->n_targets, dump->settings.threads);
}

/* All at the same time: each has to be scheduled to answer. */
static int open_remotes(struct run *run, struct err *err)
{
	struct dump *dump = run->dump;
	size_t n = run->tree.n_processes;
	_cleanup_free_ struct remote_opening *openings = calloc(n + 1, sizeof(*openings));
	_cleanup_free_ struct remote_options *options = calloc(n + 1, sizeof(*options));
	const struct meanwhile meanwhile = { read_facts, dump };

	if (!openings || !options)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct tree_process *process = run->tree.processes[i];
		struct target *target = &dump->targets[i];

		prepare_remote(dump, target, process, &options[i]);
		openings[i] = (struct remote_opening){ &process->frozen, process->frozen.threads[0],
						       &options[i], &process->remote };
	}
	if (remote_open_each(openings, n, &meanwhile, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct remote *remote = openings[i].remote;

		maps_drop(&dump->targets[i].maps, remote->left, remote->left + remote->left_size);
		dump->targets[i].remote = remote;
	}
	return 0;
}

static int close_remotes(struct run *run, struct err *err)
{
	size_t n = run->tree.n_processes;
	_cleanup_free_ struct remote **remotes = calloc(n + 1, sizeof(*remotes));

	if (!remotes)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++) {
		run->dump->targets[i].remote = NULL;
		remotes[i] = &run->tree.processes[i]->remote;
	}
	return remote_close_each(remotes, n, err);
}

/* Without copies it is only slower, so that is no failure unless they were asked for. */
static int take_snapshots(struct run *run, struct err *err)
{
	struct err reason;
	char text[sizeof(reason.msg) + 64];

	if (run->precopy.rounds || !snapshots_wanted(run->dump, run->options))
		return 0;
	if (snapshots_take(run->dump, &run->snapshots, &reason) == 0) {
		step(&run->steps, "forked", "memory copied by a fork");
		return 0;
	}
	if (run->options->snapshot == SNAPSHOT_FORK)
		return err_set(err, reason.code, "--snapshot=fork: %s", reason.msg);
	snprintf(text, sizeof(text), "no copy of the memory, so it stands still: %s", reason.msg);
	step(&run->steps, "no_copy", text);
	return 0;
}

/* What is read of the processes themselves: without the call loop in it. */
static int read_snapshots(struct run *run, struct err *err)
{
	if (run->precopy.rounds) {
		if (snapshots_complete(run->dump, &run->precopy, &run->snapshots, err) < 0 ||
		    precopy_note(&run->precopy, run->dump, err) < 0)
			return -1;
		step(&run->steps, "caught_up", "what was written last copied");
		return 0;
	}
	if (run->snapshots.n_snapshots || !snapshots_small(run->dump, run->options))
		return 0;
	return snapshots_hold(run->dump, &run->snapshots, err);
}

static int watch_writes(struct run *run, struct err *err)
{
	size_t watched;

	if (history_watch(run->history, run->dump, &watched, err) < 0)
		return -1;
	step(&run->steps, "watched",
	     watched ? "its writes are watched"
		     : "no writes can be watched: all memory is compared");
	return 0;
}

/* Reads everything there is to know; nothing is borrowed of the processes afterwards but their time. */
static int collect(struct run *run, struct err *err)
{
	struct dump *dump = run->dump;

	if (problems_refuse(&dump->problems, ERR_UNSUPPORTED, err) < 0 ||
	    open_remotes(run, err) < 0)
		return -1;
	if (dump_collect(dump, err) < 0 || pimage_finish(dump, err) < 0)
		return -1;
	step(&run->steps, "state", "state read");
	if (run->history && watch_writes(run, err) < 0)
		return -1;
	if (take_snapshots(run, err) < 0 || close_remotes(run, err) < 0)
		return -1;
	return read_snapshots(run, err);
}

/* Only a finished image on the disk may cost the process its life, so this comes last. */
static int finish(struct run *run, struct err *err)
{
	struct tree *tree = &run->tree;

	run->summary.pause = progress_now() - run->start;
	for (size_t i = 0; i < tree->n_processes; i++) {
		struct frozen *frozen = &tree->processes[i]->frozen;
		int ret = run->options->afterwards == AFTER_STOP ? frozen_stop(frozen, err)
								 : frozen_kill(frozen, err);

		if (ret < 0 && err->code != ERR_GONE)
			return -1;
	}
	return 0;
}

/* Of the memory that is left, half may be taken by what processes share. */
static void make_room_for_shared(struct run *run, uint64_t expected)
{
	const struct dump_options *options = run->options;
	uint64_t left;

	if (options->afterwards != AFTER_RUN || options->snapshot == SNAPSHOT_STOP ||
	    memory_left(getpid(), &left, NULL) < 0)
		return;
	run->shared_room.budget = left / 2;
	kept_room_prepare(&run->shared_room, expected);
	run->dump->shared_room = &run->shared_room;
}

/* The processes run on meanwhile. What only would have been better is no failure where the kernel has no such thing. */
static int copy_ahead(struct run *run, const struct tree *tree, struct err *err)
{
	struct err reason;
	char text[sizeof(reason.msg) + 64];
	uint64_t shared;
	enum snapshot_mode mode = foresee_mode(run->options, tree, &shared);

	make_room_for_shared(run, shared);
	if (mode != SNAPSHOT_WP)
		return 0;
	if (precopy_run(run->options, run->dump->features, &run->precopy, &reason) == 0) {
		step(&run->steps, "copied_ahead", "memory copied ahead");
		return 0;
	}
	if (run->options->snapshot == SNAPSHOT_WP || reason.code != ERR_UNSUPPORTED)
		return err_set(err, reason.code, "--snapshot=wp: %s", reason.msg);
	precopy_done(&run->precopy);
	snprintf(text, sizeof(text), "memory is not copied ahead: %s", reason.msg);
	step(&run->steps, "no_copy", text);
	return 0;
}

/* Only where the pages are read of a copy in the end. What is written meanwhile is watched by lists of mappings that must be true. */
static bool may_foreknow(const struct run *run)
{
	return run->trusting && !run->history && !run->precopy.rounds &&
	       run->options->afterwards == AFTER_RUN &&
	       (run->options->snapshot == SNAPSHOT_AUTO || run->options->snapshot == SNAPSHOT_FORK);
}

/* While everything runs. What cannot be looked at now is told when it is to be stopped. */
static int prepare(struct run *run, struct err *err)
{
	tree_look(&run->running, run->options->threads);
	if (traced_check(&run->running, err) < 0 || copy_ahead(run, &run->running, err) < 0)
		return -1;
	if (may_foreknow(run)) {
		foreknown_read(&run->foreknown, &run->running);
		run->dump->settings.foreknown = &run->foreknown;
	}
	return 0;
}

/* The first thread that was asked to. */
static uint64_t stopped_since(const struct tree *tree)
{
	uint64_t since = UINT64_MAX;

	for (size_t i = 0; i < tree->n_processes; i++)
		if (tree->processes[i]->frozen.asked_ns < since)
			since = tree->processes[i]->frozen.asked_ns;
	return since;
}

/* A userfaultfd of this program is none of theirs. */
static int disown(struct run *run, struct err *err)
{
	if (run->history && history_disown(run->history, run->dump, err) < 0)
		return -1;
	return precopy_disown(&run->precopy, run->dump, err);
}

/* They write to memory, so before it is looked at in any way. */
static int leave_vdsos(const struct tree *tree, struct err *err)
{
	for (size_t i = 0; i < tree->n_processes; i++)
		if (frozen_leave_vdso(&tree->processes[i]->frozen, err) < 0)
			return err_prefix(err, "pid %d", tree->processes[i]->pid);
	return 0;
}

static int dump_frozen(struct run *run, struct output *output, struct err *err)
{
	const struct dump_options *options = run->options;

	if (prepare(run, err) < 0)
		return -1;
	if (tree_open(options, true, &run->running, run->dump->features, &run->tree, err) < 0)
		return -1;
	run->start = stopped_since(&run->tree);
	if (leave_vdsos(&run->tree, err) < 0 ||
	    precopy_catch_up(&run->precopy, &run->tree, err) < 0 ||
	    (run->history && history_catch_up(run->history, &run->tree, err) < 0))
		return -1;
	step(&run->steps, "stopped", "all threads stopped");
	if (targets_add(run->dump, &run->tree, err) < 0 || disown(run, err) < 0 ||
	    collect(run, err) < 0)
		return -1;
	if (write_image(run, output->fd, err) < 0)
		return err->code == ERR_IO ? err_prefix(err, "%s", options->file) : -1;
	step(&run->steps, "written", "image written");
	/* A process that goes on need not wait for the disk. */
	if (options->afterwards == AFTER_RUN)
		let_go(run);
	if (output_sync(output, err) < 0 || output_commit(output, err) < 0)
		return -1;
	/* With --every this program stays, and has to bury them. */
	if (run->history)
		snapshots_done(&run->snapshots);
	else
		snapshots_leave(&run->snapshots);
	step(&run->steps, "synced", "image on the disk");
	return options->afterwards == AFTER_RUN ? 0 : finish(run, err);
}

static int run_once(const struct dump_options *options, const struct kernel_features *features,
		    struct history *history, bool trusting, struct dump *dump,
		    struct dump_summary *ret_summary, struct err *err)
{
	_cleanup_(cleanup_output) struct output output = OUTPUT_EMPTY;
	_cleanup_(cleanup_run) struct run run = {
		.dump = dump, .options = options, .history = history, .trusting = trusting
	};
	uint64_t start = progress_now();
	struct err unseen;

	dump->features = features;
	dump->settings = (struct dump_settings){ .frozen = true,
						 .threads = options->threads,
						 .rules = options->externals,
						 .n_rules = options->n_externals };
	if (output_open(options->file, &output, err) < 0)
		return -1;
	tree_open(options, false, NULL, features, &run.running, &unseen);
	if (externals_survey(dump, options, &run.running, err) < 0)
		return -1;
	run.steps = steps_start("pdump", options->verbose, options->progress_fd);
	if (dump_frozen(&run, &output, err) < 0)
		return -1;
	run.summary.time = progress_now() - start;
	*ret_summary = run.summary;
	return 0;
}

int dump_run(const struct dump_options *options, const struct kernel_features *features,
	     struct history *history, struct dump *dump, struct dump_summary *ret_summary,
	     struct err *err)
{
	bool trusting = true;

	for (unsigned i = 0;
	     run_once(options, features, history, trusting, dump, ret_summary, err) < 0; i++) {
		struct timespec moment = { 0, 1000000L << i };

		if (i == ATTEMPTS - 1 || !(problems_passing(&dump->problems) || dump->mistaken))
			return -1;
		trusting &= !dump->mistaken;
		dump_done(dump);
		/* What was written before the attempt has been looked at, and is known no more. */
		if (history)
			history_forget(history);
		nanosleep(&moment, NULL);
	}
	return 0;
}
