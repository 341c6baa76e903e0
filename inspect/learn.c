/* SPDX-License-Identifier: MIT */
/* `learn`: the same image, with what prestore has recorded as the working set of its processes. */
#include "cli/epoch.h"
#include "cli/output.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_pages.h"
#include "format/image_save.h"
#include "format/image_write.h"
#include "format/working_set.h"
#include "inspect/inspect.h"

struct learn {
	struct inspect inspect;
	struct working_set set;
	struct pages_entry *pages;
	size_t n_pages;
	struct image_writer *writer;
};

static void learn_done(struct learn *learn)
{
	image_writer_free(learn->writer);
	free(learn->pages);
	record_release(&working_set_record, &learn->set);
	inspect_done(&learn->inspect);
}

/* As it is: what it holds is the same. */
static int copy_pages(struct learn *learn, const struct pages_entry *pages, struct err *err)
{
	_cleanup_free_ void *data = NULL;
	const struct image_entry *entry;
	char name[PAGES_NAME];

	pages_entry_name(pages, name);
	entry = image_reader_find(learn->inspect.reader, name);
	if (!entry)
		return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	data = malloc(entry->size + 1);
	if (!data)
		return err_sys(err, "%s: out of memory", name);
	if (image_entry_read(entry, 0, data, entry->size, err) < 0)
		return -1;
	return image_write_entry(learn->writer, name, data, entry->size, err);
}

static int write_image(struct learn *learn, int fd, struct err *err)
{
	int64_t mtime = 0;

	source_date_epoch(&mtime);
	if (image_writer_new(fd, mtime, true, &learn->writer, err) < 0 ||
	    image_save(learn->writer, &learn->inspect.image, err) < 0)
		return -1;
	for (size_t i = 0; i < learn->n_pages; i++)
		if (copy_pages(learn, &learn->pages[i], err) < 0)
			return -1;
	return image_writer_close(learn->writer, err);
}

int learn_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_(output_done) struct output output = OUTPUT_EMPTY;
	_cleanup_(learn_done) struct learn learn = { 0 };

	if (inspect_operands("learn", argc, 3, 3, err) < 0 ||
	    inspect_open(argv[0], options, true, &learn.inspect, err) < 0 ||
	    working_set_read(argv[1], &learn.set, err) < 0)
		return -1;
	if (working_set_give(&learn.set, &learn.inspect.image, err) < 0)
		return err_prefix(err, "%s", argv[1]);
	if (image_pages(&learn.inspect.image, &learn.pages, &learn.n_pages, err) < 0 ||
	    output_open(argv[2], &output, err) < 0)
		return -1;
	if (write_image(&learn, output.fd, err) < 0 || output_sync(&output, err) < 0)
		return err_prefix(err, "%s", argv[2]);
	return output_commit(&output, err);
}
