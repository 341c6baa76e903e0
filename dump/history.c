/* SPDX-License-Identifier: MIT */
#include "dump/history.h"

#include "dump/hot_pages.h"
#include "dump/range_lists.h"
#include "dump/target.h"
#include "dump/thin.h"
#include "dump/unchanged.h"
#include "dump/watch.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/pimage.h"

#include <fcntl.h>
#include <string.h>

static void release(struct history_process *process)
{
	write_track_close(&process->track);
	memory_ranges_release(&process->stored);
	memory_ranges_release(&process->written);
	free(process);
}

void history_forget(struct history *history)
{
	for (size_t i = 0; i < history->n_processes; i++)
		release(history->processes[i]);
	free(history->processes);
	free(history->previous);
	hash_book_clear(&history->had);
	hash_book_clear(&history->has);
	*history = (struct history){ 0 };
}

void history_begin_anew(struct history *history)
{
	free(history->previous);
	history->previous = NULL;
	history->links = 0;
	hash_book_clear(&history->had);
}

static struct history_process *find(const struct history *history, pid_t pid)
{
	uint64_t time;

	for (size_t i = 0; i < history->n_processes; i++)
		if (history->processes[i]->pid == pid && watch_start_time(pid, &time, NULL) == 0 &&
		    time == history->processes[i]->start_time)
			return history->processes[i];
	return NULL;
}

static void leave_out_gone(struct history *history, const struct tree *tree)
{
	size_t kept = 0;

	for (size_t i = 0; i < history->n_processes; i++) {
		struct history_process *process = history->processes[i];

		if (tree_has(tree, process->pid) && find(history, process->pid) == process)
			history->processes[kept++] = process;
		else
			release(process);
	}
	history->n_processes = kept;
}

int history_catch_up(struct history *history, const struct tree *tree, struct err *err)
{
	leave_out_gone(history, tree);
	for (size_t i = 0; i < tree->n_processes; i++) {
		struct history_process *process = find(history, tree->processes[i]->pid);

		if (process && write_track_look(&process->track, &process->written, err) < 0)
			return err_prefix(err, "pid %d", process->pid);
	}
	return 0;
}

int history_disown(struct history *history, struct dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];
		struct history_process *process = find(history, target->pid);

		if (process && watch_disown(&process->track, &target->maps, err) < 0)
			return err_prefix(err, "%s", target->name);
	}
	return 0;
}

static struct history_process *add(struct history *history, pid_t pid, struct err *err)
{
	struct history_process *process = calloc(1, sizeof(*process)), **slot;

	if (!process) {
		err_sys(err, "out of memory");
		return NULL;
	}
	process->pid = pid;
	process->track = (struct write_track)WRITE_TRACK_EMPTY;
	slot = LIST_ADD(history, processes, err);
	if (!slot || watch_start_time(pid, &process->start_time, err) < 0) {
		free(process);
		history->n_processes -= slot != NULL;
		return NULL;
	}
	*slot = process;
	return process;
}

/*
 * What a look gives is what was written so far, which this image holds. Watched from the image before on, only that is protected again. Another program that was executed
 * has nothing watched.
 */
static int watch(struct history_process *process, const struct target *target, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges all = { 0 };

	if (!process->track.watched.count)
		write_track_close(&process->track);
	if (process->track.uffd < 0 &&
	    write_track_open(target->remote, target->frozen->threads[0], &process->track, err) < 0)
		return -1;
	if (watch_private(&process->track, &target->maps, err) < 0)
		return -1;
	return write_track_take(&process->track, &all, err);
}

int history_watch(struct history *history, const struct dump *dump, size_t *ret_watched,
		  struct err *err)
{
	size_t watched = 0;

	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		struct history_process *process = find(history, target->pid);

		if (!process)
			process = add(history, target->pid, err);
		if (!process)
			return -1;
		if (watch(process, target, err) == 0)
			watched++;
		else
			write_track_close(&process->track);
	}
	*ret_watched = watched;
	return 0;
}

static int move_to_previous(const struct memory_ranges *pages, struct vma *vma, struct err *err)
{
	return range_list_move(pages, &vma->saved, &vma->n_saved, &vma->previous, &vma->n_previous,
			       err);
}

static int divide(const struct history_process *process, struct memory *memory, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges unchanged = { 0 };

	if (memory_ranges_split(&process->stored, &process->written, NULL, &unchanged, err) < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (vma_is_private(&memory->vmas[i]) &&
		    move_to_previous(&unchanged, &memory->vmas[i], err) < 0)
			return -1;
	return 0;
}

static int name_previous(const struct history *history, struct dump *dump, struct err *err)
{
	struct pimage *pimage = IMAGE_GET(&dump->image, pimage, 0, 0);

	pimage->previous = calloc(1, sizeof(*pimage->previous));
	if (!pimage->previous)
		return err_sys(err, "out of memory");
	pimage->previous->file = strdup(history->previous);
	pimage->previous->sha256.data = malloc(DIGEST_SIZE);
	if (!pimage->previous->file || !pimage->previous->sha256.data)
		return err_sys(err, "out of memory");
	pimage->previous->sha256.size = DIGEST_SIZE;
	memcpy(pimage->previous->sha256.data, history->digest.bytes, DIGEST_SIZE);
	return pimage_require(pimage, FEATURE_PREVIOUS_PAGES, err);
}

/* Where pages are left to the image before, those that are not are the ones that were written. */
static int note_written(const struct history *history, struct dump *dump, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		const struct history_process *process = find(history, target->pid);

		if (process &&
		    hot_pages_add(&dump->image, IMAGE_GET(&dump->image, memory, target->own_pid, 0),
				  &process->written, err) < 0)
			return err_prefix(err, "%s", target->name);
	}
	return 0;
}

int history_divide(const struct history *history, struct dump *dump, struct err *err)
{
	if (!history->previous)
		return note_written(history, dump, err);
	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		const struct history_process *process = find(history, target->pid);

		if (process &&
		    divide(process, IMAGE_GET(&dump->image, memory, target->own_pid, 0), err) < 0)
			return err_prefix(err, "%s", target->name);
	}
	return name_previous(history, dump, err);
}

int history_compare(struct history *history, struct dump *dump, struct err *err)
{
	hash_book_clear(&history->has);
	if (hash_book_open(&history->has, err) < 0)
		return -1;
	dump->hashes = &history->has;
	if (unchanged_find(dump, &history->had, &history->has, err) < 0)
		return -1;
	IMAGE_EACH (&dump->image, memory, memory)
		if (memory_thin(memory, THIN_RANGES_MAX, err) < 0)
			return -1;
	return 0;
}

/* An image that the next one leads to: it has all these, or leads to them itself. */
static int note_stored(struct history_process *process, const struct memory *memory,
		       struct err *err)
{
	process->stored.count = 0;
	process->written.count = 0;
	if (process->track.uffd < 0)
		return 0;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (vma_is_private(vma) &&
		    (range_list_add_to(&process->stored, vma->saved, vma->n_saved, err) < 0 ||
		     range_list_add_to(&process->stored, vma->previous, vma->n_previous, err) < 0))
			return -1;
		for (size_t k = 0; k < vma->n_same; k++)
			if (memory_ranges_add(&process->stored, vma->same[k].range.start,
					      vma->same[k].range.end, err) < 0)
				return -1;
	}
	memory_ranges_sort(&process->stored);
	return 0;
}

static void cleanup_reader(struct image_reader **reader)
{
	image_reader_free(*reader);
}

static int digest_of_index(const char *folder, const char *name, struct digest *ret_digest,
			   struct err *err)
{
	_cleanup_(cleanup_reader) struct image_reader *reader = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	const struct image_entry *index;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return err_sys(err, "out of memory");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "%s", path);
	if (image_reader_new(fd, 0, &reader, err) < 0)
		return err_prefix(err, "%s", path);
	index = image_reader_index(reader);
	if (!index)
		return err_set(err, ERR_IMAGE, "%s has no index", path);
	digest_of(index->data, index->size, ret_digest);
	return 0;
}

int history_note(struct history *history, const struct dump *dump, const char *folder,
		 const char *name, struct err *err)
{
	unsigned links = history->previous ? history->links + 1 : 0;

	for (size_t i = 0; i < dump->n_targets; i++) {
		const struct target *target = &dump->targets[i];
		struct history_process *process = find(history, target->pid);
		const struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);

		if (process && note_stored(process, memory, err) < 0)
			return -1;
	}
	unchanged_inherit(dump, &history->has);
	hash_book_pass_on(&history->has, &history->had);
	free(history->previous);
	history->previous = strdup(name);
	history->links = links;
	if (!history->previous)
		return err_sys(err, "out of memory");
	return digest_of_index(folder, name, &history->digest, err);
}
