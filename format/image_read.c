/* SPDX-License-Identifier: MIT */
/* The table of an image's entries, filled from the tar in one pass. */
#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image_reader.h"

#include <fcntl.h>
#include <search.h>
#include <string.h>

enum {
	/*
	 * What has no name yet may be page data, which is not to fill the memory, or any small
	 * entry: after repacking, the blob often comes first and the name is a link to it.
	 */
	BLOB_MEMORY_MAX = 1 << 20,
	COPY_SIZE = 256 << 10,
	LIST_FIRST = 64,
};

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct read_entry *)a)->public.name,
		      ((const struct read_entry *)b)->public.name);
}

struct read_entry *reader_find(const struct image_reader *reader, const char *name)
{
	struct read_entry key = { .public = { .name = name } };
	struct read_entry **found = tfind(&key, &reader->tree, compare_entries);

	return found ? *found : NULL;
}

static int append(struct read_entry ***list, size_t *count, struct read_entry *entry,
		  struct err *err)
{
	/* Room doubles when the count is a power of two. */
	if (*count == 0 || (*count >= LIST_FIRST && (*count & (*count - 1)) == 0)) {
		size_t room = *count ? 2 * *count : LIST_FIRST;
		struct read_entry **grown = realloc(*list, room * sizeof(struct read_entry *));

		if (!grown)
			return err_sys(err, "memory for the list of entries");
		*list = grown;
	}
	(*list)[(*count)++] = entry;
	return 0;
}

static void free_entry(struct read_entry *entry)
{
	free(entry->name);
	free(entry->memory);
	free(entry);
}

struct read_entry *reader_add(struct image_reader *reader, const char *name, struct err *err)
{
	struct read_entry *entry;

	if (reader->n_entries >= ENTRIES_MAX) {
		err_set(err, ERR_IMAGE, "the image has more than %d entries", ENTRIES_MAX);
		return NULL;
	}
	if (reader_find(reader, name)) {
		err_set(err, ERR_IMAGE, "the image has two entries named %s", name);
		return NULL;
	}
	entry = calloc(1, sizeof(*entry));
	if (entry)
		entry->name = strdup(name);
	if (!entry || !entry->name ||
	    append(&reader->entries, &reader->n_entries, entry, err) < 0) {
		err_set(err, ERR_FAILED, "no memory for the list of entries");
		if (entry)
			free_entry(entry);
		return NULL;
	}
	entry->public.name = entry->name;
	entry->public.pages = entry_is_pages(name);
	entry->target = entry;
	if (!tsearch(entry, &reader->tree, compare_entries) ||
	    (!entry_is_tail(name) && append(&reader->named, &reader->n_named, entry, err) < 0)) {
		err_set(err, ERR_FAILED, "no memory for the list of entries");
		return NULL;
	}
	return entry;
}

int image_reader_new(int fd, unsigned flags, struct image_reader **ret_reader, struct err *err)
{
	struct image_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return err_sys(err, "memory for reading an image");
	reader->fd = fd;
	reader->flags = flags;
	reader->spool = -1;
	if (tar_open(fd, &reader->tar, err) < 0)
		goto fail;
	reader->seekable = tar_seekable(reader->tar, &reader->base);
	if (reader_scan(reader, err) < 0)
		goto fail;
	*ret_reader = reader;
	return 0;
fail:
	image_reader_free(reader);
	return -1;
}

static void keep_entry(void *entry)
{
	(void)entry; /* the list owns it */
}

void image_reader_free(struct image_reader *reader)
{
	if (!reader)
		return;
	tdestroy(reader->tree, keep_entry);
	for (size_t i = 0; i < reader->n_entries; i++)
		free_entry(reader->entries[i]);
	free(reader->entries);
	free(reader->named);
	free(reader->report.edited);
	free(reader->report.added);
	record_release(&index_record, &reader->index);
	record_release(&oci_manifest_record, &reader->manifest);
	cleanup_close(&reader->spool);
	tar_close(reader->tar);
	free(reader);
}

static int load(struct image_reader *reader, struct read_entry *entry, struct err *err)
{
	uint64_t size = entry->public.size;
	ssize_t n;

	if (reader_allocate(reader, entry, err) < 0)
		return -1;
	n = tar_read(reader->tar, entry->memory, size, err);
	if (n < 0)
		return -1;
	if ((uint64_t)n != size)
		return err_set(err, ERR_IMAGE, "the image is cut off in entry %s", entry->name);
	digest_of(entry->memory, size, &entry->digest);
	entry->has_digest = true;
	entry->place = PLACE_MEMORY;
	entry->public.data = entry->memory;
	return 0;
}

/*
 * A file that vanishes with the program, in a place that the user can choose: it holds what was
 * in the processes.
 */
static int open_spool(struct image_reader *reader, struct err *err)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];

	if (reader->spool >= 0)
		return 0;
	if (!directory || !*directory)
		directory = "/tmp";
	reader->spool = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (reader->spool >= 0)
		return 0;
	snprintf(path, sizeof(path), "%s/pimage-XXXXXX", directory);
	reader->spool = mkostemp(path, O_CLOEXEC);
	if (reader->spool < 0)
		return err_sys(err, "make a temporary file in %s (set TMPDIR)", directory);
	unlink(path);
	return 0;
}

static int write_spool(struct image_reader *reader, const uint8_t *data, size_t size,
		       struct err *err)
{
	while (size) {
		ssize_t n = pwrite(reader->spool, data, size, (off_t)reader->spool_size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(
				err, "write a temporary file (set TMPDIR to where there is room)");
		data += n;
		size -= (size_t)n;
		reader->spool_size += (uint64_t)n;
	}
	return 0;
}

/* The data of the present tar entry, of any size, into the spool. */
static int spool(struct image_reader *reader, struct read_entry *entry, struct err *err)
{
	size_t room = entry->public.size < COPY_SIZE ? entry->public.size + 1 : COPY_SIZE;
	_cleanup_free_ uint8_t *buffer = malloc(room);
	struct digest_state digest;
	uint64_t done = 0;
	ssize_t n;

	if (!buffer)
		return err_sys(err, "memory for reading an image");
	if (open_spool(reader, err) < 0)
		return -1;
	entry->fd = reader->spool;
	entry->position = reader->spool_size;
	digest_init(&digest);
	while ((n = tar_read(reader->tar, buffer, room, err)) > 0) {
		digest_update(&digest, buffer, (size_t)n);
		if (write_spool(reader, buffer, (size_t)n, err) < 0)
			return -1;
		done += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	if (done != entry->public.size)
		return err_set(err, ERR_IMAGE, "the image is cut off in entry %s", entry->name);
	digest_final(&digest, &entry->digest);
	entry->has_digest = true;
	entry->place = PLACE_FILE;
	return 0;
}

/* A file of the tar. Returns 1 when its data is to be streamed to the caller. */
static int take_file(struct image_reader *reader, struct read_entry *entry,
		     const struct tar_header *header, struct err *err)
{
	bool pages = entry->public.pages;
	bool blob = entry_is_tail(entry->name);

	if (pages && header->size > ENTRY_PAGES_MAX)
		return err_set(err, ERR_IMAGE, "entry %s has %llu bytes, page data may have %d",
			       entry->name, (unsigned long long)header->size, ENTRY_PAGES_MAX);
	if (!pages && (!blob || header->size <= BLOB_MEMORY_MAX))
		return load(reader, entry, err);
	if (reader->seekable && !header->sparse) {
		entry->place = PLACE_FILE;
		entry->fd = reader->fd;
		entry->position = reader->base + header->offset;
		return 0;
	}
	if (reader->seekable || reader->spooling || blob)
		return spool(reader, entry, err);
	entry->place = PLACE_STREAM;
	reader->stream = entry;
	digest_init(&reader->stream_digest);
	return 1;
}

int reader_link(struct image_reader *reader, struct read_entry *entry, struct read_entry *target,
		struct err *err)
{
	entry->target = target;
	entry->public.size = target->public.size;
	if (!entry_is_tail(entry->name)) {
		if (target->place == PLACE_GONE)
			return err_set(
				err, ERR_IMAGE,
				"entry %s is a link to %s, which has passed in the stream; read "
				"the image from a file",
				entry->name, target->name);
		if (!entry->public.pages && reader_hold(reader, target, err) < 0)
			return -1;
	}
	entry->public.data = target->public.data;
	return 0;
}

/* A header of the tar. Returns 1 when its data is to be streamed to the caller. */
static int take_header(struct image_reader *reader, const struct tar_header *header,
		       struct err *err)
{
	struct read_entry *entry = reader_add(reader, header->name, err);
	struct read_entry *target;

	if (!entry)
		return -1;
	entry->public.size = header->size;
	entry->offset = header->offset;
	entry->mtime = header->mtime;
	if (!header->link)
		return take_file(reader, entry, header, err);
	target = reader_find(reader, header->link);
	if (!target || target == entry)
		return err_set(err, ERR_IMAGE, "entry %s is a link to %s, which is not before it",
			       header->name, header->link);
	return reader_link(reader, entry, target->target, err);
}

int reader_scan(struct image_reader *reader, struct err *err)
{
	while (!reader->complete) {
		struct tar_header header;
		int r = tar_next(reader->tar, &header, err);

		if (r > 0)
			r = take_header(reader, &header, err);
		else if (r == 0) {
			reader->complete = true;
			return reader_resolve(reader, err);
		}
		if (r != 0)
			return r;
	}
	return 0;
}

int image_reader_spool(struct image_reader *reader, struct err *err)
{
	struct read_entry *entry = reader->stream;

	if (reader->complete)
		return 0;
	reader->spooling = true;
	/* What the caller has begun to read is the caller's; the rest is kept. */
	if (entry && entry == reader->current && reader->current_at > 0) {
		if (reader_pass(reader, err) < 0)
			return -1;
	} else if (entry) {
		reader->stream = NULL;
		if (spool(reader, entry, err) < 0)
			return -1;
	}
	return reader_scan(reader, err);
}

bool image_reader_complete(const struct image_reader *reader)
{
	return reader->complete;
}

const struct image_entry *image_reader_find(const struct image_reader *reader, const char *name)
{
	const struct read_entry *entry = reader_find(reader, name);

	return entry && !entry_is_tail(name) ? &entry->public : NULL;
}

const struct image_entry *image_reader_index(const struct image_reader *reader)
{
	const struct read_entry *entry = reader_find(reader, ENTRY_INDEX);

	return entry && reader->index.n_entries ? &entry->target->public : NULL;
}

const struct image_entry *image_reader_entry(const struct image_reader *reader, size_t i)
{
	return i < reader->n_named ? &reader->named[i]->public : NULL;
}
