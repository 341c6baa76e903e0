/* SPDX-License-Identifier: MIT */
/* The bytes of an image's entries, in order or at any place. */
#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image_reader.h"

#include <string.h>

enum {
	/*
	 * Of all entries that are held in memory; a hostile image of a few bytes can unpack to
	 * any number.
	 */
	MEMORY_MAX = 1 << 30,
	READ_SIZE = 256 << 10,
};

int reader_allocate(struct image_reader *reader, struct read_entry *entry, struct err *err)
{
	uint64_t size = entry->public.size;

	if (size > ENTRY_SMALL_MAX)
		return err_set(err, ERR_IMAGE,
			       "entry %s has %llu bytes, only page data may have more than %d",
			       entry->name, (unsigned long long)size, ENTRY_SMALL_MAX);
	if (size > MEMORY_MAX - reader->in_memory)
		return err_set(err, ERR_IMAGE,
			       "entries that are not page data have more than %d bytes together",
			       MEMORY_MAX);
	entry->memory = malloc(size + 1);
	if (!entry->memory)
		return err_sys(err, "%llu bytes of memory for entry %s", (unsigned long long)size,
			       entry->name);
	((char *)entry->memory)[size] = '\0';
	reader->in_memory += size;
	return 0;
}

int reader_hold(struct image_reader *reader, struct read_entry *entry, struct err *err)
{
	if (entry->place == PLACE_MEMORY)
		return 0;
	if (reader_allocate(reader, entry, err) < 0 ||
	    image_entry_read(&entry->public, 0, entry->memory, entry->public.size, err) < 0)
		return -1;
	digest_of(entry->memory, entry->public.size, &entry->digest);
	entry->has_digest = true;
	entry->place = PLACE_MEMORY;
	entry->public.data = entry->memory;
	return 0;
}

/* No larger than what is read: most entries are small. */
static uint8_t *buffer_for(uint64_t size, struct err *err)
{
	uint8_t *buffer = malloc(size < READ_SIZE ? size + 1 : READ_SIZE);

	if (!buffer)
		err_sys(err, "memory for reading an image");
	return buffer;
}

int reader_digest(struct read_entry *entry, struct err *err)
{
	_cleanup_free_ uint8_t *buffer = NULL;
	uint64_t size = entry->public.size;
	struct digest_state digest;

	if (entry->has_digest || entry->place != PLACE_FILE)
		return 0;
	buffer = buffer_for(size, err);
	if (!buffer)
		return -1;
	digest_init(&digest);
	for (uint64_t at = 0, n; at < size; at += n) {
		n = size - at < READ_SIZE ? size - at : READ_SIZE;
		if (image_entry_read(&entry->public, at, buffer, n, err) < 0)
			return -1;
		digest_update(&digest, buffer, n);
	}
	digest_final(&digest, &entry->digest);
	entry->has_digest = true;
	return 0;
}

/* Bytes of the page data that comes next; at its end the digest is known. */
static ssize_t read_stream(struct image_reader *reader, void *buffer, size_t size, struct err *err)
{
	struct read_entry *entry = reader->stream;
	ssize_t n = tar_read(reader->tar, buffer, size, err);

	if (n < 0)
		return -1;
	if ((size_t)n != size)
		return err_set(err, ERR_IMAGE, "the image is cut off in entry %s", entry->name);
	digest_update(&reader->stream_digest, buffer, size);
	return n;
}

int reader_pass(struct image_reader *reader, struct err *err)
{
	struct read_entry *entry = reader->stream;
	_cleanup_free_ uint8_t *buffer = NULL;
	uint64_t at = entry && entry == reader->current ? reader->current_at : 0;

	if (!entry)
		return 0;
	buffer = buffer_for(entry->public.size - at, err);
	if (!buffer)
		return -1;
	for (uint64_t n; at < entry->public.size; at += n) {
		n = entry->public.size - at < READ_SIZE ? entry->public.size - at : READ_SIZE;
		if (read_stream(reader, buffer, n, err) < 0)
			return -1;
	}
	digest_final(&reader->stream_digest, &entry->digest);
	entry->has_digest = true;
	entry->place = PLACE_GONE;
	reader->stream = NULL;
	reader->current = NULL;
	return 0;
}

int image_reader_next(struct image_reader *reader, const struct image_entry **ret_entry,
		      struct err *err)
{
	for (;;) {
		while (reader->next < reader->n_named) {
			struct read_entry *entry = reader->named[reader->next++];

			if (!entry->public.pages || entry->target->place == PLACE_GONE)
				continue;
			reader->current = entry;
			reader->current_at = 0;
			*ret_entry = &entry->public;
			return 1;
		}
		if (reader->complete)
			return 0;
		if (reader_pass(reader, err) < 0 || reader_scan(reader, err) < 0)
			return -1;
	}
}

ssize_t image_reader_read(struct image_reader *reader, void *buffer, size_t size, struct err *err)
{
	struct read_entry *entry = reader->current;
	uint64_t left;
	ssize_t n;

	if (!entry)
		return 0;
	left = entry->public.size - reader->current_at;
	if (size > left)
		size = left;
	if (entry == reader->stream)
		n = read_stream(reader, buffer, size, err);
	else
		n = image_entry_read(&entry->public, reader->current_at, buffer, size, err) < 0
			    ? -1
			    : (ssize_t)size;
	if (n > 0)
		reader->current_at += (uint64_t)n;
	return n;
}

static ssize_t read_current(void *context, void *buffer, size_t size, struct err *err)
{
	return image_reader_read(context, buffer, size, err);
}

struct page_stream image_reader_stream(struct image_reader *reader)
{
	return (struct page_stream){ read_current, reader };
}

static int read_file(const struct read_entry *entry, uint64_t offset, uint8_t *buffer, size_t size,
		     struct err *err)
{
	while (size) {
		ssize_t n = pread(entry->fd, buffer, size, (off_t)(entry->position + offset));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read entry %s of the image", entry->name);
		if (n == 0)
			return err_set(err, ERR_IMAGE, "the image is cut off in entry %s",
				       entry->name);
		buffer += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int image_entry_read(const struct image_entry *entry, uint64_t offset, void *buffer, size_t size,
		     struct err *err)
{
	const struct read_entry *target = ((const struct read_entry *)entry)->target;

	if (offset > target->public.size || size > target->public.size - offset)
		return err_set(err, ERR_IMAGE, "entry %s has only %llu bytes", entry->name,
			       (unsigned long long)target->public.size);
	switch (target->place) {
	case PLACE_MEMORY:
		memcpy(buffer, (const uint8_t *)target->memory + offset, size);
		return 0;
	case PLACE_FILE:
		return read_file(target, offset, buffer, size, err);
	default:
		return err_set(err, ERR_FAILED,
			       "entry %s can only be read in its turn: the image is a stream",
			       entry->name);
	}
}

static int read_source(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	return image_entry_read(context, offset, buffer, size, err);
}

struct page_source image_entry_source(const struct image_entry *entry)
{
	return (struct page_source){ read_source, (void *)entry };
}

int image_entry_place(const struct image_entry *entry, int *ret_fd, uint64_t *ret_offset)
{
	const struct read_entry *target = ((const struct read_entry *)entry)->target;

	if (target->place != PLACE_FILE)
		return -1;
	*ret_fd = target->fd;
	*ret_offset = target->position;
	return 0;
}
