/* SPDX-License-Identifier: MIT */
#include "restore/sink.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "format/search.h"
#include "format/shm.h"
#include "restore/canvas.h"
#include "restore/lazy.h"
#include "restore/restore.h"
#include "restore/shm.h"
#include "restore/tree.h"
#include "restore/vdso.h"

#include <string.h>

static int add_runs(const struct image *image, struct sink *sink, struct err *err)
{
	const struct memory *memory;

	if (sink->kind == KIND_shm) {
		const struct shm *shm = IMAGE_GET(image, shm, sink->id, 0);

		return runs_add(&sink->runs, shm->saved, shm->n_saved, err);
	}
	memory = IMAGE_GET(image, memory, sink->id, 0);
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		struct range *later;

		if (runs_add(&sink->runs, vma->saved, vma->n_saved, err) < 0)
			return -1;
		if (vma->kind == VMA_SPECIAL && vma->n_saved && !vdso_is_code(sink->canvas, vma))
			sink->vdso = vma->range;
		if (!lazy_covers(sink->restore, sink->id, vma))
			continue;
		later = LIST_ADD(sink, later, err);
		if (!later)
			return -1;
		*later = vma->range;
		sink->collapse.size = 0;
	}
	return 0;
}

static int find_place(struct sink *sink, uint64_t huge, struct err *err)
{
	const struct image *image = &sink->restore->image;

	if (sink->kind == KIND_memory) {
		sink->canvas = tree_canvas(sink->restore, sink->id);
		if (!sink->canvas)
			return err_set(err, ERR_FAILED, "process %u is not there", sink->id);
		sink->collapse.memory = IMAGE_GET(image, memory, sink->id, 0);
		if (!IMAGE_GET(image, process, sink->id, 0)->thp_disable)
			sink->collapse.size = huge;
		return 0;
	}
	if (IMAGE_GET(image, shm, sink->id, 0)->kind != SHM_ANONYMOUS)
		return 0;
	sink->fd = restore_anonymous_fd(sink->restore, sink->id);
	return sink->fd < 0 ? err_set(err, ERR_FAILED, "shm object %u is not there", sink->id) : 0;
}

int sink_open(struct restore *restore, enum kind kind, uint32_t id, uint64_t huge,
	      struct sink **ret_sink, struct err *err)
{
	struct sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return err_sys(err, "out of memory");
	*sink = (struct sink){ .restore = restore, .kind = kind, .id = id, .fd = -1 };
	tid_words_open(&sink->tid_words, restore, kind == KIND_memory ? id : 0);
	if (find_place(sink, huge, err) < 0 || add_runs(&restore->image, sink, err) < 0) {
		sink_free(sink);
		return -1;
	}
	*ret_sink = sink;
	return 0;
}

void sink_free(struct sink *sink)
{
	if (!sink)
		return;
	runs_done(&sink->runs);
	free(sink->later);
	tid_words_done(&sink->tid_words);
	free(sink);
}

uint64_t sink_offset(const struct sink *sink, uint64_t address)
{
	const struct runs *runs = &sink->runs;
	size_t after = SEARCH(runs->n_runs, i, runs->runs[i].start <= address);
	const struct run *run = &runs->runs[after ? after - 1 : 0];

	return run->before + (address - run->start);
}

uint64_t sink_end(const struct sink *sink, uint64_t offset, uint64_t size)
{
	return runs_address(&sink->runs, offset + size - 1) + 1;
}

static bool comes_later(const struct sink *sink, uint64_t address)
{
	size_t low = SEARCH(sink->n_later, i, sink->later[i].end <= address);

	return low < sink->n_later && sink->later[low].start <= address;
}

/* Ends with the first that is wanted. */
static int look_for_wanted(void *context, uint64_t address, size_t done, size_t size,
			   struct err *err)
{
	(void)done;
	(void)size;
	(void)err;
	return comes_later(context, address) ? 0 : -1;
}

bool sink_wants(const struct sink *sink, uint64_t offset, size_t size)
{
	return !sink->n_later ||
	       runs_each(&sink->runs, offset, size, look_for_wanted, (void *)sink, NULL) < 0;
}

/* Pages on their way. */
struct batch {
	struct sink *sink;
	const uint8_t *pages;
	struct memory_range ranges[64];
	size_t n_ranges;
	size_t done; /* bytes that were written before those in the list */
	size_t size; /* of those in the list */
};

/* --verify: what stands in the process now is what the image holds. */
static int read_back(const struct batch *batch, struct err *err)
{
	const uint8_t *pages = batch->pages + batch->done;
	_cleanup_free_ uint8_t *now = malloc(batch->size);
	size_t same = 0;

	if (!now)
		return err_sys(err, "out of memory");
	if (memory_read_ranges(&batch->sink->canvas->frozen.memory, batch->ranges, batch->n_ranges,
			       now, err) < 0)
		return -1;
	if (memcmp(now, pages, batch->size) == 0)
		return 0;
	while (now[same] == pages[same])
		same++;
	return err_set(err, ERR_FAILED, "--verify: page data differs %zu bytes after 0x%lx", same,
		       batch->ranges[0].start);
}

static int flush(struct batch *batch, struct err *err)
{
	const struct sink *sink = batch->sink;

	if (memory_write_ranges(&sink->canvas->frozen.memory, batch->ranges, batch->n_ranges,
				batch->pages + batch->done, err) < 0 ||
	    (sink->restore->options->verify && read_back(batch, err) < 0))
		return -1;
	batch->done += batch->size;
	batch->size = 0;
	batch->n_ranges = 0;
	return 0;
}

/* The kernel's own vDSO is there already, unless the program has changed it: written to, it becomes a copy. */
static bool is_there(const struct sink *sink, uint64_t address, const uint8_t *pages, size_t size)
{
	_cleanup_free_ uint8_t *now = NULL;

	if (address < sink->vdso.start || address >= sink->vdso.end)
		return false;
	now = malloc(size);
	return now && memory_read(&sink->canvas->frozen.memory, address, now, size, NULL) == 0 &&
	       memcmp(now, pages, size) == 0;
}

static int put_memory(void *context, uint64_t address, size_t done, size_t size, struct err *err)
{
	struct batch *batch = context;

	/* What is left out stands between those before and those after it. */
	if (comes_later(batch->sink, address) ||
	    is_there(batch->sink, address, batch->pages + done, size)) {
		if (batch->n_ranges && flush(batch, err) < 0)
			return -1;
		batch->done = done + size;
		return 0;
	}
	if (batch->n_ranges == sizeof(batch->ranges) / sizeof(*batch->ranges) &&
	    flush(batch, err) < 0)
		return -1;
	tid_words_note(&batch->sink->tid_words, address, batch->pages + done, size);
	batch->ranges[batch->n_ranges++] = (struct memory_range){ address, address + size };
	batch->size += size;
	return 0;
}

static int put_object(void *context, uint64_t offset, size_t done, size_t size, struct err *err)
{
	const struct batch *batch = context;
	const struct sink *sink = batch->sink;
	const uint8_t *pages = batch->pages + done;

	if (sink->fd < 0)
		return shm_fill(sink->restore, sink->id, offset, pages, size, err);
	if (pwrite(sink->fd, pages, size, (off_t)offset) != (ssize_t)size)
		return err_sys(err, "shm object %u", sink->id);
	return 0;
}

int sink_put(struct sink *sink, uint64_t offset, const void *pages, size_t size, struct err *err)
{
	struct batch batch = { .sink = sink, .pages = pages };

	if (!sink->canvas)
		return runs_each(&sink->runs, offset, size, put_object, &batch, err);
	if (runs_each(&sink->runs, offset, size, put_memory, &batch, err) < 0)
		return -1;
	return batch.n_ranges ? flush(&batch, err) : 0;
}
