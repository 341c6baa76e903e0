/* SPDX-License-Identifier: MIT */
#include "dump/contents.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory.h"
#include "kernel/remote_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define CHUNK_SIZE (1UL << 20)

void contents_done(struct contents *contents)
{
	cleanup_close(&contents->fd);
	free(contents->name);
	kept_pieces_done(&contents->kept);
	*contents = (struct contents){ .fd = -1 };
}

/*
 * The maps show the device of the superblock, which on some file systems (btrfs, overlayfs) is not
 * what stat(2) says: then the name has to do.
 */
bool contents_is_mapped_by(const struct contents *contents, const struct map *map)
{
	if (!map->inode || map->inode != contents->ino)
		return false;
	return makedev(map->dev_major, map->dev_minor) == contents->dev ||
	       (contents->fd >= 0 && map->name && contents->name &&
		strcmp(map->name, contents->name) == 0);
}

static int read_fd(int fd, uint64_t offset, uint8_t *buffer, size_t size, struct err *err)
{
	while (size > 0) {
		ssize_t n = pread(fd, buffer, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read at offset %lu", offset);
		if (n == 0)
			break;
		buffer += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	memset(buffer, 0, size);
	return 0;
}

/* The first byte at or after `offset` that a mapping shows, and how many bytes from there on. */
static const struct map *find_view(const struct contents *contents, uint64_t offset,
				   uint64_t *ret_offset, uint64_t *ret_size)
{
	const struct maps *maps = &contents->target->maps;
	const struct map *best = NULL;

	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];
		uint64_t at = MAX(offset, map->offset), end = map->offset + map->end - map->start;

		if (!contents_is_mapped_by(contents, map) || at >= end)
			continue;
		/* A private mapping may have pages of its own: rather a shared one. */
		if (best &&
		    (at > *ret_offset || (at == *ret_offset && (best->shared || !map->shared))))
			continue;
		best = map;
		*ret_offset = at;
		*ret_size = end - at;
	}
	return best;
}

static int read_views(const struct contents *contents, uint64_t offset, uint8_t *buffer,
		      size_t size, struct err *err)
{
	struct process_memory memory = contents->target->memory;
	uint64_t end = offset + size, at, length;

	memset(buffer, 0, size);
	while (offset < end) {
		const struct map *map = find_view(contents, offset, &at, &length);

		if (!map || at >= end)
			break;
		length = MIN(length, end - at);
		/* Of what is shared for good nobody gets a copy. */
		memory.keep_shared = !map->shared;
		if (memory_read(&memory, map->start + (at - map->offset),
				buffer + (size - (end - at)), length, err) < 0)
			return -1;
		offset = at + length;
	}
	return 0;
}

bool contents_are_kept(const struct contents *contents)
{
	return contents->kept.n_pieces && !contents->kept.incomplete;
}

static int read_source(const struct contents *contents, uint64_t offset, void *buffer, size_t size,
		       struct err *err)
{
	return contents->fd >= 0 ? read_fd(contents->fd, offset, buffer, size, err)
				 : read_views(contents, offset, buffer, size, err);
}

int contents_read(const struct contents *contents, uint64_t offset, void *buffer, size_t size,
		  struct err *err)
{
	if (!contents_are_kept(contents))
		return read_source(contents, offset, buffer, size, err);
	kept_pieces_read(&contents->kept, offset, buffer, size);
	return 0;
}

static int add_range(struct shm *shm, uint64_t start, uint64_t end, struct err *err)
{
	struct range *last = shm->n_saved ? &shm->saved[shm->n_saved - 1] : NULL;

	if (last && last->end >= start) {
		last->end = MAX(last->end, end);
		return 0;
	}
	last = LIST_ADD(shm, saved, err);
	if (!last)
		return -1;
	*last = (struct range){ start, end };
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* One that scans, and what for. */
struct scan {
	struct contents *contents;
	struct shm *shm;
	struct kept_room *room; /* to keep what is read; NULL: none */
};

/* Adds the pages of [start, end), whole ones, that hold anything but zeros. */
static int scan_range(const struct scan *scan, uint64_t start, uint64_t end, struct err *err)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint8_t *kept =
		scan->room ? kept_pieces_add(&scan->contents->kept, start, end, scan->room) : NULL;
	_cleanup_free_ uint8_t *buffer = kept ? NULL : malloc(CHUNK_SIZE);

	if (!kept && !buffer)
		return err_sys(err, "out of memory");
	for (uint64_t at = start; at < end; at += CHUNK_SIZE) {
		size_t size = MIN(CHUNK_SIZE, end - at);
		uint8_t *to = kept ? kept + (at - start) : buffer;

		if (read_source(scan->contents, at, to, size, err) < 0)
			return -1;
		for (size_t i = 0; i < size; i += page)
			if (!is_zero(to + i, page) &&
			    add_range(scan->shm, at + i, at + i + page, err) < 0)
				return -1;
	}
	return 0;
}

static uint64_t round_up(uint64_t offset)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return (offset + page - 1) & -page;
}

/*
 * The next extent that may hold data, in whole pages. A file system that knows no holes is all
 * data. 0: there is no more.
 */
static int next_extent(int fd, uint64_t from, uint64_t size, struct range *ret)
{
	off_t start = lseek(fd, (off_t)from, SEEK_DATA), end;

	if (start < 0 && errno == ENXIO)
		return 0;
	if (start < 0)
		start = (off_t)from;
	end = lseek(fd, start, SEEK_HOLE);
	if (end < 0)
		end = (off_t)size;
	ret->start = MAX(from, round_up((uint64_t)start + 1) - round_up(1));
	ret->end = round_up((uint64_t)MIN((uint64_t)end, size));
	return ret->start < ret->end;
}

static int scan_fd(const struct scan *scan, bool thorough, struct err *err)
{
	const struct contents *contents = scan->contents;
	struct shm *shm = scan->shm;
	struct range extent;

	for (uint64_t at = 0; at < shm->size && next_extent(contents->fd, at, shm->size, &extent);
	     at = extent.end)
		if (thorough ? scan_range(scan, extent.start, extent.end, err) < 0
			     : add_range(shm, extent.start, extent.end, err) < 0)
			return -1;
	return 0;
}

/* Which pages of the mapping the object has: reading the others would make the kernel add them. */
static int resident(const struct contents *contents, uint64_t address, uint8_t *ret_vector,
		    size_t pages, struct err *err)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct target *target = contents->target;
	_cleanup_batch_ struct remote_batch *batch = NULL;

	if (remote_map_scratch(target->remote, target->frozen->threads[0], err) < 0)
		return -1;
	batch = remote_batch_new(target->remote);
	if (!batch)
		return err_sys(err, "out of memory");
	for (size_t done = 0; done < pages;) {
		size_t part = MIN(pages - done, (size_t)REMOTE_DATA_MAX);
		uint64_t vector = remote_out(batch, ret_vector + done, part);

		remote_push(batch,
			    REMOTE_CALL(mincore, address + done * page, part * page, vector));
		done += part;
	}
	return remote_run_all(target->remote, target->frozen->threads[0], batch, err);
}

/*
 * A file behind a mapping may end within it, and what lies behind its end cannot be read; the kernel
 * tells its size to nobody who has no descriptor.
 */
static int scan_file_view(struct contents *contents, uint64_t offset, uint64_t size,
			  struct shm *shm, struct err *err)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	_cleanup_free_ uint8_t *buffer = malloc(page);

	if (!buffer)
		return err_sys(err, "out of memory");
	contents->kept.incomplete = true;
	for (uint64_t at = offset; at < offset + size; at += page) {
		if (contents_read(contents, at, buffer, page, NULL) < 0)
			return 0;
		shm->size = MAX(shm->size, at + page);
		if (!is_zero(buffer, page) && add_range(shm, at, at + page, err) < 0)
			return -1;
	}
	return 0;
}

static int scan_view(const struct scan *scan, const struct map *map, uint64_t offset, uint64_t size,
		     struct err *err)
{
	const struct contents *contents = scan->contents;
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	_cleanup_free_ uint8_t *vector = malloc(size / page);

	if (!vector)
		return err_sys(err, "out of memory");
	/* mincore(2) does not see pages that are swapped out; then none is known to be absent. */
	memset(vector, 1, size / page);
	if (map->swap_kb == 0 &&
	    resident(contents, map->start + (offset - map->offset), vector, size / page, err) < 0)
		return -1;
	for (size_t i = 0; i < size / page; i++) {
		size_t first = i;

		while (i < size / page && (vector[i] & 1))
			i++;
		if (i > first &&
		    scan_range(scan, offset + first * page, offset + i * page, err) < 0)
			return -1;
	}
	return 0;
}

static int scan_views(const struct scan *scan, bool thorough, struct err *err)
{
	struct contents *contents = scan->contents;
	struct shm *shm = scan->shm;
	uint64_t offset = 0, at, size;

	for (;;) {
		const struct map *map = find_view(contents, offset, &at, &size);

		if (!map)
			return 0;
		offset = at + size;
		if (shm->kind == SHM_ANONYMOUS || !thorough)
			shm->size = MAX(shm->size, offset);
		if (!thorough)
			continue;
		if (shm->kind == SHM_ANONYMOUS ? scan_view(scan, map, at, size, err) < 0
					       : scan_file_view(contents, at, size, shm, err) < 0)
			return -1;
	}
}

int contents_scan(struct contents *contents, struct dump *dump, struct shm *shm, struct err *err)
{
	const struct scan scan = { contents, shm, dump->shared_room };
	bool thorough = dump->settings.frozen;
	int ret;

	contents->scanned = true;
	ret = contents->fd >= 0 ? scan_fd(&scan, thorough, err) : scan_views(&scan, thorough, err);
	return ret < 0 ? err_prefix(err, "%s", contents->name ? contents->name : "shared memory")
		       : 0;
}
