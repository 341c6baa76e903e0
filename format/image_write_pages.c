/* SPDX-License-Identifier: MIT */
/* Entries of page data, which go past libarchive: that wants to know a size when it makes the header. */
#include "format/cleanup.h"
#include "format/image_write.h"
#include "format/image_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

bool image_writer_patches(const struct image_writer *writer)
{
	return writer->start >= 0;
}

/* The header was made for no data; size and checksum are put in (ustar: octal digits at 124 and 148). */
static void set_size(uint8_t header[TAR_BLOCK], uint64_t size)
{
	char digits[16];
	unsigned sum = 0;

	snprintf(digits, sizeof(digits), "%011llo", (unsigned long long)size);
	memcpy(header + 124, digits, 11);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += header[i];
	snprintf(digits, sizeof(digits), "%06o", sum);
	memcpy(header + 148, digits, 7);
}

int image_pages_begin(struct image_writer *writer, const char *name, uint64_t size, struct err *err)
{
	struct index_entry *entry = writer_put(writer, name, NULL, 0, err);

	if (!entry)
		return -1;
	entry->size = size;
	/* Of one write: it stands whole in the buffer. */
	memcpy(writer->pages_header, writer->buffer + writer->used - TAR_BLOCK, TAR_BLOCK);
	set_size(writer->buffer + writer->used - TAR_BLOCK, size);
	return 0;
}

static struct index_entry *last_entry(const struct image_writer *writer)
{
	return &writer->index.entries[writer->index.n_entries - 1];
}

int image_pages_write(struct image_writer *writer, const struct iovec *parts, size_t n,
		      struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (writer_take(writer, parts[i].iov_base, parts[i].iov_len) < 0)
			return writer_failed(writer, last_entry(writer)->name, err);
	return 0;
}

/* At a position in the image, which lies in the file. */
static int write_at(const struct image_writer *writer, uint64_t position, const uint8_t *data,
		    size_t size, struct err *err)
{
	while (size) {
		ssize_t n =
			pwrite(writer->fd, data, size, (off_t)((uint64_t)writer->start + position));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write");
		position += (uint64_t)n;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

bool image_writer_foresees(const struct image_writer *writer)
{
	return writer->start >= 0 && writer->ustar;
}

uint64_t image_pages_behind(uint64_t place, uint64_t size)
{
	return (place + size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK + TAR_BLOCK;
}

int image_pages_ahead(struct image_writer *writer, uint64_t place, const struct iovec *parts,
		      size_t n, struct err *err)
{
	writer->ahead = true;
	for (size_t i = 0; i < n; i++) {
		if (write_at(writer, place, parts[i].iov_base, parts[i].iov_len, err) < 0)
			return -1;
		place += parts[i].iov_len;
	}
	return 0;
}

int image_pages_skip(struct image_writer *writer, uint64_t size, struct err *err)
{
	if (writer_flush(writer) < 0)
		return writer_failed(writer, last_entry(writer)->name, err);
	if (lseek(writer->fd, (off_t)size, SEEK_CUR) < 0)
		return err_sys(err, "seek in the image");
	writer->position += size;
	return 0;
}

static int write_header_again(struct image_writer *writer, uint64_t position)
{
	uint64_t flushed = writer->position - writer->used;

	if (position < flushed)
		return write_at(writer, position, writer->pages_header, TAR_BLOCK, &writer->err);
	memcpy(writer->buffer + (position - flushed), writer->pages_header, TAR_BLOCK);
	return 0;
}

int image_pages_end(struct image_writer *writer, const struct digest *digest, struct err *err)
{
	struct index_entry *entry = last_entry(writer);
	uint64_t size = writer->position - entry->offset;
	static const uint8_t zeros[TAR_BLOCK];
	struct iovec padding = { (void *)zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK };

	if (image_pages_write(writer, &padding, 1, err) < 0)
		return -1;
	set_size(writer->pages_header, size);
	if (entry->size == 0 && write_header_again(writer, entry->offset - TAR_BLOCK) < 0)
		return writer_failed(writer, entry->name, err);
	if (entry->size && entry->size != size)
		return err_set(err, ERR_FAILED,
			       "image entry %s was to have %llu bytes, and has %llu", entry->name,
			       (unsigned long long)entry->size, (unsigned long long)size);
	entry->size = size;
	return writer_set_digest(writer, entry, digest, err);
}
