/* SPDX-License-Identifier: MIT */
#include "restore/lazy.h"

#include "arch/all/registers.h"
#include "cli/output.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/process.h"
#include "format/thread.h"
#include "format/working_set.h"
#include "kernel/fallback.h"
#include "kernel/uffd.h"
#include "restore/canvas.h"
#include "restore/page_process.h"
#include "restore/page_thread.h"
#include "restore/recorder.h"
#include "restore/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Less than this is there before anybody could ask for it. */
enum { LAZY_MIN = 256 << 10 };

static uint64_t saved_size(const struct vma *vma)
{
	uint64_t size = 0;

	for (size_t i = 0; i < vma->n_saved; i++)
		size += vma->saved[i].end - vma->saved[i].start;
	for (size_t i = 0; i < vma->n_previous; i++)
		size += vma->previous[i].end - vma->previous[i].start;
	return size + vma_same_size(vma);
}

static bool is_large(const struct restore *restore, const struct vma *vma)
{
	return saved_size(vma) >=
	       (feature_on(restore->features, FEATURE_FILL_AHEAD) ? LAZY_MIN : 1);
}

/* The kernel would count read-only memory otherwise if it got that way before it had any page (mprotect.c, VM_ACCOUNT). */
static bool can_wait(const struct vma *vma)
{
	return vma->kind == VMA_ANONYMOUS && vma->prot & PROT_WRITE && !vma->n_guard &&
	       !(vma->flags & (VMA_SHARED | VMA_GROWS_DOWN | VMA_LOCKED | VMA_HUGETLB |
			       VMA_DROPPABLE | VMA_SEALED));
}

static bool inherits_within(const struct memory *memory, const struct range *range)
{
	const struct vma *vma = memory_find(memory, range->start);

	for (; vma && vma < memory->vmas + memory->n_vmas && vma->range.start < range->end; vma++) {
		const struct range *next =
			ranges_find(vma->inherited, vma->n_inherited, range->start);

		if (next && next->start < range->end)
			return true;
	}
	return false;
}

/* What children have in common with it has to be there when they are born: pages that come later come to each of them. */
static bool gives_pages(const struct restore *restore, uint32_t own_pid, const struct vma *vma)
{
	if (!tree_gives_pages(restore, own_pid))
		return false;
	IMAGE_EACH (&restore->image, process, process)
		if (process->parent == own_pid &&
		    inherits_within(IMAGE_GET(&restore->image, memory, process->pid, 0),
				    &vma->range))
			return true;
	return false;
}

bool lazy_covers(const struct restore *restore, uint32_t own_pid, const struct vma *vma)
{
	return restore->lazy.on && can_wait(vma) && is_large(restore, vma) &&
	       !gives_pages(restore, own_pid, vma);
}

static uint64_t size_of(const struct restore *restore)
{
	uint64_t size = 0;

	IMAGE_EACH (&restore->image, process, process) {
		const struct memory *memory = IMAGE_GET(&restore->image, memory, process->pid, 0);

		for (size_t i = 0; i < memory->n_vmas; i++)
			if (lazy_covers(restore, process->pid, &memory->vmas[i]))
				size += saved_size(&memory->vmas[i]);
	}
	return size;
}

static void tell_eager(struct restore *restore, const char *why, const char *remedy)
{
	bool record = restore->options->record;

	problems_add(&restore->problems, record ? VERDICT_BLOCKING : VERDICT_NOTE, "--lazy",
		     "memory is filled before the processes run%s: %s",
		     record ? ", so there is nothing to --record" : "", why);
	problems_remedy(&restore->problems, "%s", remedy);
}

/* That it can be written is better known now than when it is lost. */
static void check_record(struct restore *restore)
{
	_cleanup_(output_done) struct output output = OUTPUT_EMPTY;
	struct err err;

	if (restore->options->record && output_open(restore->options->record, &output, &err) < 0)
		problems_add_err(&restore->problems, VERDICT_BLOCKING, "--record", &err);
}

int lazy_learn(struct restore *restore, struct err *err)
{
	struct working_set set = { 0 };
	int ret;

	if (!restore->options->working_set)
		return 0;
	if (working_set_read(restore->options->working_set, &set, err) < 0)
		return -1;
	ret = working_set_give(&set, &restore->image, err);
	record_release(&working_set_record, &set);
	return ret < 0 ? err_prefix(err, "%s", restore->options->working_set) : 0;
}

void lazy_check(struct restore *restore, const struct image_reader *reader, enum pids_mode mode)
{
	struct lazy *lazy = &restore->lazy;
	struct err err;

	lazy->device = -1;
	lazy->go = -1;
	if (!restore->options->lazy)
		return;
	check_record(restore);
	if (!image_reader_complete(reader)) {
		problems_add(&restore->problems, VERDICT_BLOCKING, "--lazy",
			     "pages that are to come later cannot be found again in a pipe or a "
			     "compressed file");
		problems_remedy(&restore->problems, "put the image into a file as it is");
		return;
	}
	if (mode == PIDS_NEW) {
		tell_eager(restore,
			   "under new process ids all of it is searched for mutexes that hold old "
			   "ones",
			   "--pids=namespace or keep");
		return;
	}
	if (uffd_allowed(restore->features, geteuid() == 0 && mode == PIDS_KEEP, &lazy->device,
			 &err) < 0) {
		tell_eager(restore, err.msg,
			   "run prestore as root, or with CAP_SYS_PTRACE and the right to open "
			   "/dev/userfaultfd");
		return;
	}
	lazy->on = true;
	lazy->size = size_of(restore);
	lazy->on = lazy->size > 0;
	if (lazy->on)
		problems_add(&restore->problems, VERDICT_NOTE, restore->options->file,
			     "%lu MiB are read while the processes run: until then it must not be "
			     "changed, and damage in it kills them",
			     lazy->size >> 20);
	else if (restore->options->record)
		tell_eager(restore, "there is little of it", "restore it without");
}

int lazy_make(struct restore *restore, struct err *err)
{
	struct lazy *lazy = &restore->lazy;

	if (!lazy->on || lazy->device < 0)
		return 0;
	lazy->device = restore_keep_fd(restore, lazy->device, err);
	return lazy->device < 0 ? -1 : 0;
}

struct lazy_serving {
	struct page_server server;
	struct recorder recorder;
	struct page_thread thread;
};

static void serving_free(struct lazy_serving *serving)
{
	if (!serving)
		return;
	page_thread_end(&serving->thread, NULL);
	page_server_done(&serving->server);
	recorder_done(&serving->recorder);
	free(serving);
}

void lazy_done(struct lazy *lazy)
{
	serving_free(lazy->serving);
	if (lazy->on) {
		cleanup_close(&lazy->device);
		cleanup_close(&lazy->go);
	}
	*lazy = (struct lazy){ .device = -1, .go = -1 };
}

/*
 * Numbers all pages, those of this process in this image as they stand in it, which tells what is decoded together; then those of the
 * images before, then those of other processes.
 */
static int number_pages(const struct memory *memory, struct runs *runs, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (runs_add(runs, memory->vmas[i].saved, memory->vmas[i].n_saved, err) < 0)
			return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (runs_add(runs, memory->vmas[i].previous, memory->vmas[i].n_previous, err) < 0)
			return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_same; k++)
			if (runs_add(runs, &memory->vmas[i].same[k].range, 1, err) < 0)
				return -1;
	return 0;
}

/* How many of the numbers are used up to here. */
struct numbers {
	uint64_t saved;
	uint64_t previous;
	uint64_t same;
};

static uint64_t size_before(const struct memory *memory)
{
	uint64_t size = memory_saved_size(memory);

	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_previous; k++)
			size += memory->vmas[i].previous[k].end - memory->vmas[i].previous[k].start;
	return size;
}

/* The next range of each list of a VMA. */
struct heads {
	size_t saved, previous, same;
};

/* The lowest of them, which is taken, and where its number comes from; NULL: there is none. */
static const struct range *take_lowest(const struct vma *vma, struct heads *heads,
				       struct numbers *numbers, uint64_t **ret_number)
{
	const struct range *lowest = NULL;
	size_t *head = NULL;
	const struct {
		const struct range *range;
		size_t *head;
		uint64_t *number;
	} all[] = {
		{ heads->saved < vma->n_saved ? &vma->saved[heads->saved] : NULL, &heads->saved,
		  &numbers->saved },
		{ heads->previous < vma->n_previous ? &vma->previous[heads->previous] : NULL,
		  &heads->previous, &numbers->previous },
		{ heads->same < vma->n_same ? &vma->same[heads->same].range : NULL, &heads->same,
		  &numbers->same },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].range && (!lowest || all[i].range->start < lowest->start)) {
			lowest = all[i].range;
			head = all[i].head;
			*ret_number = all[i].number;
		}
	if (head)
		++*head;
	return lowest;
}

/* All kinds of ranges together are ascending. */
static int add_vma(struct pending *pending, const struct vma *vma, bool later,
		   struct numbers *numbers, struct err *err)
{
	struct heads heads = { 0 };
	const struct range *range;
	uint64_t *number = NULL;

	while ((range = take_lowest(vma, &heads, numbers, &number))) {
		const struct pending_run run = { range->start, range->end, *number };

		*number += range->end - range->start;
		if (later && pending_add(pending, run, err) < 0)
			return -1;
	}
	return 0;
}

static int add_pages(const struct restore *restore, const struct memory *memory,
		     struct page_client *client, struct err *err)
{
	struct numbers numbers = { .previous = memory_saved_size(memory),
				   .same = size_before(memory) };

	if (number_pages(memory, &client->runs, err) < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (add_vma(&client->pending, vma, lazy_covers(restore, client->own_pid, vma),
			    &numbers, err) < 0)
			return -1;
	}
	return 0;
}

/* The page that a register of a thread points to, if it comes later; else 0. */
static uint64_t pointed_to(const struct page_client *client, const struct thread *thread)
{
	const struct x86_64_registers *registers = thread->registers.state;
	const uint64_t candidates[] = { registers->rsp, registers->rbp, registers->rdi,
					registers->rsi, registers->rbx, registers->r12,
					registers->r13, registers->r14, registers->r15 };

	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		size_t at = pending_find(&client->pending, candidates[i]);

		if (at < client->pending.n_runs && client->pending.runs[at].start <= candidates[i])
			return candidates[i] & -4096UL;
	}
	return 0;
}

/* Where it will look first, most likely. */
static uint64_t first_wanted(const struct restore *restore, const struct page_client *client)
{
	const struct objects *threads = &restore->image.kinds[KIND_thread];
	uint64_t address = 0;

	for (size_t i = 0; !address && i < threads->n_objects; i++)
		if (threads->objects[i].key.first == client->own_pid)
			address = pointed_to(client, threads->objects[i].record);
	return address;
}

static int watch(const struct restore *restore, struct canvas *canvas, const struct memory *memory,
		 struct page_client *client, struct err *err)
{
	client->uffd = uffd_open(&canvas->remote, canvas_leader(canvas), restore->lazy.device, err);
	if (client->uffd < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (lazy_covers(restore, canvas->own_pid, &memory->vmas[i]) &&
		    uffd_register(client->uffd, memory->vmas[i].range.start,
				  memory->vmas[i].range.end, err) < 0)
			return -1;
	return 0;
}

static int add_client(struct page_server *server, const struct restore *restore,
		      struct canvas *canvas, struct err *err)
{
	const struct memory *memory = IMAGE_GET(&restore->image, memory, canvas->own_pid, 0);
	struct page_client *client = LIST_ADD(server, clients, err);

	if (!client)
		return -1;
	*client =
		(struct page_client){ .uffd = -1, .pid = canvas->pid, .own_pid = canvas->own_pid };
	if (add_pages(restore, memory, client, err) < 0)
		return -1;
	if (wanted_of(memory, &client->wanted, err) < 0)
		return -1;
	client->next = first_wanted(restore, client);
	for (size_t i = 0; server->recorder && i < client->pending.n_runs; i++)
		if (recorder_expect(server->recorder, canvas->own_pid,
				    client->pending.runs[i].start, client->pending.runs[i].end,
				    err) < 0)
			return -1;
	if (!pending_is_empty(&client->pending))
		return watch(restore, canvas, memory, client, err);
	return 0;
}

static struct lazy_serving *serving_new(struct restore *restore, struct image_reader *reader)
{
	struct lazy_serving *serving = calloc(1, sizeof(*serving));

	if (!serving)
		return NULL;
	serving->recorder.time = restore->options->record_seconds * UINT64_C(1000000000);
	serving->server = (struct page_server){
		.reader = reader,
		.image = &restore->image,
		.features = restore->features,
		.go = -1,
		.halt = -1,
		.recorder = restore->options->record ? &serving->recorder : NULL,
	};
	return serving;
}

int lazy_start(struct restore *restore, struct image_reader *reader, struct err *err)
{
	struct lazy *lazy = &restore->lazy;
	int ends[2];

	if (!lazy->on)
		return 0;
	lazy->serving = serving_new(restore, reader);
	if (!lazy->serving)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < restore->n_canvases; i++)
		if (add_client(&lazy->serving->server, restore, &restore->canvases[i], err) < 0)
			return err_prefix(err, "%s", restore->canvases[i].name);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	lazy->serving->server.go = ends[0];
	lazy->go = ends[1];
	return page_thread_start(&lazy->serving->thread, &lazy->serving->server, err);
}

int lazy_stay(struct restore *restore, struct err *err)
{
	struct lazy_serving *serving = restore->lazy.serving;

	if (!serving)
		return 0;
	if (page_thread_end(&serving->thread, err) < 0)
		return -1;
	return page_process_start(&serving->server, restore->options, err);
}

void lazy_explain(struct restore *restore, struct err *err)
{
	if (restore->lazy.serving)
		page_thread_end(&restore->lazy.serving->thread, err);
}

void lazy_go(struct restore *restore)
{
	/* What gives the pages may have been killed, and the processes with it; then there is nobody to be told. */
	if (restore->lazy.on && write(restore->lazy.go, "", 1) < 0)
		errno = 0;
	if (restore->lazy.on)
		cleanup_close(&restore->lazy.go);
	restore->lazy.go = -1;
	/* Not before they run: to write to what the other process has, too, is to copy it. */
	serving_free(TAKE_PTR(restore->lazy.serving));
}
