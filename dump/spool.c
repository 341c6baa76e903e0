/* SPDX-License-Identifier: MIT */
#include "dump/spool.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/search.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK = 1 << 20, PAGE = 4096 };

static char *folder_of(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *tmp = getenv("TMPDIR");

	if (strcmp(image, "-") == 0)
		return strdup(tmp && *tmp ? tmp : "/var/tmp");
	return slash ? strndup(image, (size_t)(slash - image) + 1) : strdup(".");
}

int spool_open(const char *image, struct spool *ret_spool, struct err *err)
{
	_cleanup_free_ char *folder = folder_of(image), *name = NULL;
	int fd;

	if (!folder || asprintf(&name, "%s/pdump.XXXXXX", folder) < 0)
		return err_sys(err, "out of memory");
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		fd = mkostemp(name, O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, "cannot make a temporary file in %s", folder);
		unlink(name);
	}
	*ret_spool = (struct spool){ .fd = fd };
	return 0;
}

void spool_done(struct spool *spool)
{
	cleanup_close(&spool->fd);
	free(spool->parts);
	*spool = (struct spool)SPOOL_EMPTY;
}

/* The first part that ends above the address. */
static size_t find(const struct spool *spool, uint64_t address)
{
	return SEARCH(spool->n_parts, i, spool->parts[i].range.end <= address);
}

int spool_missing(const struct spool *spool, uint64_t start, uint64_t end,
		  struct memory_ranges *ret_missing, struct err *err)
{
	for (size_t i = find(spool, start); start < end; i++) {
		const struct memory_range *next =
			i < spool->n_parts ? &spool->parts[i].range : NULL;
		uint64_t stop = next && next->start < end ? next->start : end;

		if (start < stop && memory_ranges_add(ret_missing, start, stop, err) < 0)
			return -1;
		start = next && next->start < end ? next->end : end;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct spool_part *x = a, *y = b;

	return (x->range.start > y->range.start) - (x->range.start < y->range.start);
}

/* Room for what is not there yet, at the end of the file. */
static int reserve(struct spool *spool, const struct memory_ranges *ranges, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges missing = { 0 };
	struct spool_part *parts;

	for (size_t i = 0; i < ranges->count; i++)
		if (spool_missing(spool, ranges->list[i].start, ranges->list[i].end, &missing,
				  err) < 0)
			return -1;
	if (!missing.count)
		return 0;
	parts = realloc(spool->parts, (spool->n_parts + missing.count) * sizeof(*parts));
	if (!parts)
		return err_sys(err, "out of memory");
	spool->parts = parts;
	for (size_t i = 0; i < missing.count; i++) {
		parts[spool->n_parts++] =
			(struct spool_part){ .range = missing.list[i], .offset = spool->size };
		spool->size += missing.list[i].end - missing.list[i].start;
	}
	qsort(parts, spool->n_parts, sizeof(*parts), compare);
	return 0;
}

static int write_all(int fd, const char *buffer, size_t size, uint64_t offset, struct err *err)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, buffer, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "the temporary file for memory that is copied ahead");
		buffer += n;
		size -= (size_t)n;
		offset += (size_t)n;
	}
	return 0;
}

/* Contiguous in the process and in the file. */
static int copy_block(const struct spool *spool, const struct process_memory *from,
		      uint64_t address, size_t size, uint64_t offset, bool running, char *buffer,
		      struct err *err)
{
	if (memory_read(from, address, buffer, size, err) == 0)
		return write_all(spool->fd, buffer, size, offset, err);
	if (!running)
		return -1;
	for (size_t at = 0; at < size && size > PAGE; at += PAGE)
		if (copy_block(spool, from, address + at, PAGE, offset + at, true, buffer, err) < 0)
			return -1;
	return 0;
}

static int copy_range(const struct spool *spool, const struct process_memory *from,
		      struct memory_range range, bool running, char *buffer, struct err *err)
{
	for (size_t i = find(spool, range.start); range.start < range.end; i++) {
		const struct spool_part *part = &spool->parts[i];
		uint64_t end = part->range.end < range.end ? part->range.end : range.end;

		for (; range.start < end; range.start += CHUNK) {
			uint64_t size = end - range.start < CHUNK ? end - range.start : CHUNK;

			if (copy_block(spool, from, range.start, size,
				       part->offset + (range.start - part->range.start), running,
				       buffer, err) < 0)
				return -1;
		}
		range.start = end;
	}
	return 0;
}

int spool_put(struct spool *spool, const struct process_memory *from,
	      const struct memory_ranges *ranges, bool running, struct err *err)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);

	if (!buffer)
		return err_sys(err, "out of memory");
	if (reserve(spool, ranges, err) < 0)
		return -1;
	for (size_t i = 0; i < ranges->count; i++)
		if (copy_range(spool, from, ranges->list[i], running, buffer, err) < 0)
			return -1;
	return 0;
}

static int read_all(const struct spool *spool, char *buffer, size_t size, uint64_t offset,
		    struct err *err)
{
	while (size > 0) {
		ssize_t n = pread(spool->fd, buffer, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "the temporary file for memory that is copied ahead");
		/* The end of the file was given back before it could be read: of that nothing is asked for. */
		if (n == 0) {
			memset(buffer, 0, size);
			return 0;
		}
		buffer += n;
		size -= (size_t)n;
		offset += (size_t)n;
	}
	return 0;
}

int spool_read(const struct spool *spool, uint64_t address, void *buffer, size_t size,
	       struct err *err)
{
	char *to = buffer;

	for (size_t i = find(spool, address); size > 0; i++) {
		const struct spool_part *part = &spool->parts[i];
		size_t n;

		if (i == spool->n_parts || part->range.start > address)
			return err_set(err, ERR_FAILED, "memory at 0x%lx was not copied", address);
		n = part->range.end - address < size ? part->range.end - address : size;
		if (read_all(spool, to, n, part->offset + (address - part->range.start), err) < 0)
			return -1;
		to += n;
		address += n;
		size -= n;
	}
	return 0;
}

static bool is_zero(const char *page)
{
	return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

int spool_zero_pages(const struct spool *spool, const struct memory_range *ranges, size_t count,
		     struct memory_ranges *ret_zero, struct memory_ranges *ret_other,
		     struct err *err)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);

	if (!buffer)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < count; i++) {
		uint64_t end = ranges[i].end;

		for (uint64_t at = ranges[i].start; at < end; at += CHUNK) {
			size_t size = end - at < CHUNK ? end - at : CHUNK;

			if (spool_read(spool, at, buffer, size, err) < 0)
				return -1;
			for (size_t k = 0; k < size; k += PAGE)
				if (memory_ranges_add(is_zero(buffer + k) ? ret_zero : ret_other,
						      at + k, at + k + PAGE, err) < 0)
					return -1;
		}
	}
	return 0;
}
