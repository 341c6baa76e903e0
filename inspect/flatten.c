/* SPDX-License-Identifier: MIT */
/* `flatten`: an image that stands alone, from one that leads to others. */
#include "cli/epoch.h"
#include "cli/output.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_memory.h"
#include "format/image_pages.h"
#include "format/image_previous.h"
#include "format/image_save.h"
#include "format/image_sink.h"
#include "format/image_write.h"
#include "format/memory.h"
#include "format/page_source.h"
#include "format/pages.h"
#include "format/pimage.h"
#include "format/shm.h"
#include "inspect/inspect.h"

#include <string.h>

/* The image twice: as it is read, with those that it leads to, and as it is written. */
struct flatten {
	struct inspect from;
	struct inspect to;
	struct image_writer *writer;
	struct page_writer *pages;
};

static void flatten_done(struct flatten *flatten)
{
	page_writer_free(flatten->pages);
	image_writer_free(flatten->writer);
	inspect_done(&flatten->from);
	inspect_done(&flatten->to);
}

static int read_memory(void *context, uint64_t address, void *buffer, size_t size, struct err *err)
{
	return image_memory_read(context, address, buffer, size, err);
}

static void free_memory(void *context)
{
	image_memory_free(context);
}

static int write_object(struct flatten *flatten, enum kind kind, uint32_t id, struct err *err)
{
	struct saved_walk walk = { .image = &flatten->to.image, .kind = kind, .id = id };
	_cleanup_run_pages_ struct run_pages *pages = NULL;
	struct image_memory *memory;
	char folder[64];

	if (image_memory_open(flatten->from.reader, &flatten->from.image, kind, id, &memory, err) <
	    0)
		return -1;
	pages = run_pages_new(read_memory, memory, free_memory, err);
	if (!pages)
		return -1;
	while (saved_next(&walk))
		if (runs_add(&pages->runs, &walk.range, 1, err) < 0)
			return -1;
	snprintf(folder, sizeof(folder), "%s/%u/pages", kind == KIND_shm ? "shm" : "processes", id);
	return write_runs(flatten->pages, folder, pages, err);
}

static int write_pages(struct flatten *flatten, struct err *err)
{
	const struct image *image = &flatten->to.image;
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	IMAGE_EACH (image, shm, shm)
		if (write_object(flatten, KIND_shm, shm->id, err) < 0)
			return -1;
	for (size_t i = 0; i < pimage->n_pids; i++)
		if (write_object(flatten, KIND_memory, pimage->pids[i], err) < 0)
			return -1;
	return page_writer_drain(flatten->pages, err);
}

static int write_image(struct flatten *flatten, int fd, struct err *err)
{
	/* One thread: the reader of memory is for one. */
	const struct page_writer_options settings = { 1, PAGES_LEVEL_DEFAULT, true };
	struct image_sink sink = { 0 };
	struct page_sink to;
	int64_t mtime = 0;

	source_date_epoch(&mtime);
	if (image_writer_new(fd, mtime, true, &flatten->writer, err) < 0)
		return -1;
	sink.writer = flatten->writer;
	to = image_sink(&sink);
	if (page_writer_new(&settings, &to, &flatten->pages, err) < 0 ||
	    image_save(flatten->writer, &flatten->to.image, err) < 0 ||
	    write_pages(flatten, err) < 0)
		return -1;
	return image_writer_close(flatten->writer, err);
}

int flatten_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_(flatten_done) struct flatten flatten = { 0 };
	_cleanup_(output_done) struct output output = OUTPUT_EMPTY;

	if (inspect_operands("flatten", argc, 2, 2, err) < 0 ||
	    inspect_open(argv[0], options, true, &flatten.from, err) < 0 ||
	    inspect_open(argv[0], options, false, &flatten.to, err) < 0 ||
	    image_stand_alone(&flatten.to.image, err) < 0 || output_open(argv[1], &output, err) < 0)
		return -1;
	if (write_image(&flatten, output.fd, err) < 0 || output_sync(&output, err) < 0)
		return err_prefix(err, "%s", argv[1]);
	return output_commit(&output, err);
}
