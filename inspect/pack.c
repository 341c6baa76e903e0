/* SPDX-License-Identifier: MIT */
/* `pack`: an image, with new index and tail, from the files of an unpacked and perhaps edited one. */
#include "cli/epoch.h"
#include "cli/output.h"
#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image_pages.h"
#include "format/image_save.h"
#include "format/image_write.h"
#include "inspect/folder.h"
#include "inspect/inspect.h"
#include "inspect/pages_check.h"

#include <fcntl.h>
#include <string.h>

/* A frame that does not compress is larger than its pages, by less than this in all. */
enum { PAGES_FILE_MAX = PAGES_DATA_MAX + (PAGES_DATA_MAX >> 3) };

struct pack {
	int root;
	struct image image;
	struct pages_entry *pages;
	size_t n_pages;
	struct pages_entry *found; /* files of page data */
	size_t n_found;
	struct page_reader *reader;
	struct image_writer *writer;
};

static void pack_done(struct pack *pack)
{
	image_done(&pack->image);
	free(pack->pages);
	free(pack->found);
	page_reader_free(pack->reader);
	image_writer_free(pack->writer);
	cleanup_close(&pack->root);
}

static int add_file(void *context, const char *name, struct err *err)
{
	_cleanup_free_ void *data = NULL;
	struct pack *pack = context;
	struct pages_entry pages, *found;
	enum kind kind;
	struct key key;
	bool record = kind_of_path(name, &kind, &key);
	size_t size;

	/* The tail of the image that was unpacked; this one gets its own. */
	if (entry_is_tail(name))
		return 0;
	if (pages_entry_parse(name, &pages)) {
		found = LIST_ADD(pack, found, err);
		if (found)
			*found = pages;
		return found ? 0 : -1;
	}
	if (!record && !kind_of_blob(name, &kind, &key))
		return err_set(err, ERR_IMAGE, "%s: an image has no entry of that name; remove it",
			       name);
	if (folder_read(pack->root, name, ENTRY_SMALL_MAX, &data, &size, err) < 0)
		return -1;
	if (record)
		return image_decode(&pack->image, kind, key, data, size, err);
	if (image_add_blob(&pack->image, name, data, size, err) < 0)
		return -1;
	(void)TAKE_PTR(data);
	return 0;
}

/* The bytes of a file that is in memory, as a stream. */
struct memory_stream {
	const char *data;
	size_t left;
};

static ssize_t memory_read(void *context, void *buffer, size_t size, struct err *err)
{
	struct memory_stream *stream = context;

	(void)err;
	size = size < stream->left ? size : stream->left;
	memcpy(buffer, stream->data, size);
	stream->data += size;
	stream->left -= size;
	return (ssize_t)size;
}

static int add_pages(struct pack *pack, const struct pages_entry *entry, struct err *err)
{
	_cleanup_free_ void *data = NULL;
	struct memory_stream memory;
	struct page_stream stream = { memory_read, &memory };
	char name[PAGES_NAME];
	size_t size;

	pages_entry_name(entry, name);
	if (folder_read(pack->root, name, PAGES_FILE_MAX, &data, &size, err) < 0)
		return -1;
	memory = (struct memory_stream){ data, size };
	if (pages_check(pack->reader, &stream, entry->size, err) < 0)
		return err_prefix(err, "%s", name);
	return image_write_entry(pack->writer, name, data, size, err);
}

/* Files of page data that no record speaks of: a name that was changed, or another image's. */
static int check_found(const struct pack *pack, struct err *err)
{
	for (size_t i = 0; i < pack->n_found; i++) {
		char name[PAGES_NAME], expected[PAGES_NAME];
		bool known = false;

		pages_entry_name(&pack->found[i], name);
		for (size_t k = 0; k < pack->n_pages && !known; k++) {
			pages_entry_name(&pack->pages[k], expected);
			known = strcmp(name, expected) == 0;
		}
		if (!known)
			return err_set(err, ERR_IMAGE, "%s: no record says what pages these are",
				       name);
	}
	return 0;
}

static int read_folder(struct pack *pack, const char *path, struct err *err)
{
	pack->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (pack->root < 0)
		return err_sys(err, "open %s", path);
	if (folder_walk(pack->root, add_file, pack, err) < 0 ||
	    image_check(&pack->image, err) < 0 ||
	    image_pages(&pack->image, &pack->pages, &pack->n_pages, err) < 0)
		return err_prefix(err, "%s", path);
	return check_found(pack, err);
}

static int write_image(struct pack *pack, int fd, struct err *err)
{
	int64_t mtime = 0;

	source_date_epoch(&mtime);
	if (page_reader_new(&pack->reader, err) < 0 ||
	    image_writer_new(fd, mtime, true, &pack->writer, err) < 0 ||
	    image_save(pack->writer, &pack->image, err) < 0)
		return -1;
	for (size_t i = 0; i < pack->n_pages; i++)
		if (add_pages(pack, &pack->pages[i], err) < 0)
			return -1;
	return image_writer_close(pack->writer, err);
}

int pack_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_(pack_done) struct pack pack = { .root = -1 };
	_cleanup_(output_done) struct output output = OUTPUT_EMPTY;

	(void)options;
	if (inspect_operands("pack", argc, 2, 2, err) < 0 || read_folder(&pack, argv[0], err) < 0 ||
	    output_open(argv[1], &output, err) < 0)
		return -1;
	if (write_image(&pack, output.fd, err) < 0 || output_sync(&output, err) < 0)
		return err_prefix(err, "%s", argv[1]);
	return output_commit(&output, err);
}
