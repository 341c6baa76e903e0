/* SPDX-License-Identifier: MIT */
#include "format/image_memory.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_pages.h"
#include "format/image_previous.h"
#include "format/image_read.h"
#include "format/memory.h"
#include "format/pages.h"
#include "format/pimage.h"
#include "format/process.h"
#include "format/search.h"
#include "format/shm.h"

#include <inttypes.h>
#include <string.h>

/* A run of saved pages and where it begins in the page data of the object, all entries joined. */
struct run {
	struct range range;
	uint64_t position;
	const struct vma *vma;
};

/* A shm object that is mapped here, or a process that has pages of this one. */
struct part {
	enum kind kind;
	uint32_t id;
	struct image_memory *memory;
};

struct image_memory {
	struct image_memory
		*before; /* the same process or object in the image before; NULL: not opened yet */
	struct image_reader *reader;
	const struct image *image;
	enum kind kind;
	uint32_t id;
	struct run *runs;
	size_t n_runs;
	struct pages_entry *entries;
	size_t n_entries;
	struct part *parts;
	size_t n_parts;
	struct page_file *file; /* of entries[open] */
	size_t open;
};

static int add_runs(struct image_memory *memory, struct err *err)
{
	struct saved_walk walk = { .image = memory->image, .kind = memory->kind, .id = memory->id };
	uint64_t position = 0;

	while (saved_next(&walk)) {
		struct run *run = LIST_ADD(memory, runs, err);

		if (!run)
			return -1;
		*run = (struct run){ walk.range, position, walk.vma };
		position += walk.range.end - walk.range.start;
	}
	return 0;
}

static struct image_memory *part(const struct image_memory *memory, enum kind kind, uint32_t id)
{
	for (size_t i = 0; i < memory->n_parts; i++)
		if (memory->parts[i].kind == kind && memory->parts[i].id == id)
			return memory->parts[i].memory;
	return NULL;
}

static int add_part(struct image_memory *memory, enum kind kind, uint32_t id, struct err *err)
{
	struct part *new = LIST_ADD(memory, parts, err);

	if (!new)
		return -1;
	*new = (struct part){ kind, id, NULL };
	return image_memory_open(memory->reader, memory->image, kind, id, &new->memory, err);
}

static int add_parts(struct image_memory *memory, struct err *err)
{
	const struct memory *record = memory->kind == KIND_memory
					      ? IMAGE_GET(memory->image, memory, memory->id, 0)
					      : NULL;

	for (size_t i = 0; record && i < record->n_vmas; i++) {
		const struct vma *vma = &record->vmas[i];

		if (vma->kind == VMA_SHM && !part(memory, KIND_shm, vma->contents) &&
		    add_part(memory, KIND_shm, vma->contents, err) < 0)
			return -1;
	}
	return 0;
}

int image_memory_open(struct image_reader *reader, const struct image *image, enum kind kind,
		      uint32_t id, struct image_memory **ret_memory, struct err *err)
{
	struct image_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return err_sys(err, "out of memory");
	*memory = (struct image_memory){ .reader = reader, .image = image, .kind = kind, .id = id };
	if (image_pages_of(image, kind, id, &memory->entries, &memory->n_entries, err) < 0 ||
	    add_runs(memory, err) < 0 || add_parts(memory, err) < 0) {
		image_memory_free(memory);
		return -1;
	}
	*ret_memory = memory;
	return 0;
}

void image_memory_free(struct image_memory *memory)
{
	if (!memory)
		return;
	for (size_t i = 0; i < memory->n_parts; i++)
		image_memory_free(memory->parts[i].memory);
	image_memory_free(memory->before);
	page_file_free(memory->file);
	free(memory->parts);
	free(memory->runs);
	free(memory->entries);
	free(memory);
}

/* The last run that begins at or below the address, or NULL. */
static const struct run *find_run(const struct image_memory *memory, uint64_t address)
{
	size_t low = SEARCH(memory->n_runs, i, memory->runs[i].range.start <= address);

	return low ? &memory->runs[low - 1] : NULL;
}

/*
 * Ends an extent, which begins at the address, where one of the ranges (ascending) begins or ends.
 * Returns whether the address lies in one of them.
 */
static bool narrow(struct extent *extent, const struct range *ranges, size_t n, uint64_t address)
{
	const struct range *next = ranges_find(ranges, n, address);

	if (!next)
		return false;
	if (next->start <= address) {
		if (next->end < extent->range.end)
			extent->range.end = next->end;
		return true;
	}
	if (next->start < extent->range.end)
		extent->range.end = next->start;
	return false;
}

/* What a page of a VMA is that is neither saved, zero nor guarded. */
static const enum extent_state untouched[] = {
	[VMA_ANONYMOUS] = EXTENT_ZERO,
	[VMA_FILE] = EXTENT_FILE,
	[VMA_SHM] = EXTENT_ZERO,
	[VMA_SPECIAL] = EXTENT_KERNEL,
};

/* Up to the end of its last page: what follows the contents there is zero. */
static struct extent extent_of_shm(const struct image_memory *memory, uint64_t offset)
{
	const struct shm *shm = IMAGE_GET(memory->image, shm, memory->id, 0);
	uint64_t page_size = IMAGE_GET(memory->image, pimage, 0, 0)->page_size;
	struct extent extent = { .range = { offset, UINT64_MAX } };
	uint64_t size = (shm->size + page_size - 1) / page_size * page_size;

	if (offset >= size)
		return extent;
	extent.range.end = size;
	extent.state = EXTENT_ZERO;
	if (narrow(&extent, shm->saved, shm->n_saved, offset))
		extent.state = EXTENT_SAVED;
	else if (narrow(&extent, shm->previous, shm->n_previous, offset))
		extent = (struct extent){ extent.range, EXTENT_SAVED, NULL, .before = true };
	return extent;
}

/* A page of shared memory that this process has not made its own is the object's. */
static void follow_shm(const struct image_memory *memory, struct extent *extent)
{
	const struct image_memory *shm = part(memory, KIND_shm, extent->vma->contents);
	uint64_t to_offset = extent->vma->offset - extent->vma->range.start;
	struct extent there = extent_of_shm(shm, extent->range.start + to_offset);

	extent->state = there.state;
	extent->of_object = true;
	if (there.range.end - to_offset < extent->range.end && there.range.end != UINT64_MAX)
		extent->range.end = there.range.end - to_offset;
}

/* The same for rows of pages that another process has; the row in which the address lies, or NULL. */
static const struct same *narrow_same(struct extent *extent, const struct vma *vma,
				      uint64_t address)
{
	const struct same *next = same_find(vma->same, vma->n_same, address);

	return next && narrow(extent, &next->range, 1, address) ? next : NULL;
}

/* Where a page is saved, here or in the image before. */
struct place {
	uint32_t pid;
	uint64_t address;
};

/*
 * The process that has saved a page which another one has of it, directly or by others; the extent, which begins there, ends
 * where that is another one. Each step leads to a process that comes before.
 */
static struct place saved_by(const struct image *image, uint32_t pid, struct extent *extent)
{
	struct place place = { pid, extent->range.start };
	struct extent there = *extent;

	for (;;) {
		const struct vma *vma =
			memory_find(IMAGE_GET(image, memory, place.pid, 0), place.address);
		const struct same *same;

		if (narrow(&there, vma->saved, vma->n_saved, place.address) ||
		    narrow(&there, vma->previous, vma->n_previous, place.address))
			break;
		same = narrow_same(&there, vma, place.address);
		if (!same) {
			narrow(&there, vma->inherited, vma->n_inherited, place.address);
			place.pid = IMAGE_GET(image, process, place.pid, 0)->parent;
			continue;
		}
		there.range.end += same->address - same->range.start;
		place = (struct place){ same->process,
					same->address + (place.address - same->range.start) };
	}
	extent->range.end = extent->range.start + (there.range.end - place.address);
	return place;
}

static void follow(const struct image_memory *memory, struct extent *extent, bool inherited)
{
	saved_by(memory->image, memory->id, extent);
	extent->state = EXTENT_SAVED;
	extent->inherited = inherited;
	extent->same = !inherited;
}

static struct extent extent_of_process(const struct image_memory *memory, uint64_t address)
{
	const struct memory *record = IMAGE_GET(memory->image, memory, memory->id, 0);
	struct extent extent = { .range = { address, UINT64_MAX } };
	const struct vma *vma = memory_find(record, address);

	if (!vma)
		return extent;
	if (address < vma->range.start) {
		extent.range.end = vma->range.start;
		return extent;
	}
	extent.range.end = vma->range.end;
	extent.vma = vma;
	extent.state = untouched[vma->kind];
	if (narrow(&extent, vma->saved, vma->n_saved, address))
		extent.state = EXTENT_SAVED;
	else if (narrow(&extent, vma->inherited, vma->n_inherited, address))
		follow(memory, &extent, true);
	else if (narrow_same(&extent, vma, address))
		follow(memory, &extent, false);
	else if (narrow(&extent, vma->previous, vma->n_previous, address))
		extent = (struct extent){ extent.range, EXTENT_SAVED, vma, .before = true };
	else if (narrow(&extent, vma->zero, vma->n_zero, address))
		extent.state = EXTENT_ZERO;
	else if (narrow(&extent, vma->guard, vma->n_guard, address))
		extent.state = EXTENT_GUARD;
	else if (vma->kind == VMA_SHM)
		follow_shm(memory, &extent);
	return extent;
}

struct extent image_memory_extent(const struct image_memory *memory, uint64_t address)
{
	return memory->kind == KIND_shm ? extent_of_shm(memory, address)
					: extent_of_process(memory, address);
}

const char *extent_reason(enum extent_state state)
{
	static const char *const reasons[] = {
		[EXTENT_UNMAPPED] = "nothing is mapped there",
		[EXTENT_SAVED] = "saved",
		[EXTENT_ZERO] = "zero",
		[EXTENT_FILE] = "as in the mapped file, which is no part of the image",
		[EXTENT_KERNEL] = "made by the kernel, not saved",
		[EXTENT_GUARD] = "a guard page",
	};

	return reasons[state];
}

/* The entry that holds a position of the joined page data stays open: the next page is likely in it
 * too. */
static int open_entry(struct image_memory *memory, size_t index, struct err *err)
{
	const struct image_entry *entry;
	struct page_source source;
	char name[PAGES_NAME];

	if (memory->file && memory->open == index)
		return 0;
	page_file_free(memory->file);
	memory->file = NULL;
	pages_entry_name(&memory->entries[index], name);
	entry = image_reader_find(memory->reader, name);
	if (!entry)
		return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	source = image_entry_source(entry);
	if (page_file_open(&source, entry->size, &memory->file, err) < 0)
		return err_prefix(err, "%s", name);
	memory->open = index;
	return 0;
}

static int read_saved(struct image_memory *memory, uint64_t position, uint8_t *buffer, size_t size,
		      struct err *err)
{
	while (size) {
		size_t index = position / PAGES_ENTRY_SIZE;
		uint64_t offset = position % PAGES_ENTRY_SIZE;
		size_t n = size;
		char name[PAGES_NAME];

		if (n > PAGES_ENTRY_SIZE - offset)
			n = PAGES_ENTRY_SIZE - offset;
		if (open_entry(memory, index, err) < 0)
			return -1;
		if (page_file_read(memory->file, offset, buffer, n, err) < 0) {
			pages_entry_name(&memory->entries[index], name);
			return err_prefix(err, "%s", name);
		}
		position += n;
		buffer += n;
		size -= n;
	}
	return 0;
}

/* Other processes are opened when they are first needed: most have nothing that is asked for. */
static int read_elsewhere(struct image_memory *memory, const struct extent *extent, void *buffer,
			  size_t size, struct err *err)
{
	struct extent there = *extent;
	struct place place = saved_by(memory->image, memory->id, &there);

	if (!part(memory, KIND_memory, place.pid) &&
	    add_part(memory, KIND_memory, place.pid, err) < 0)
		return -1;
	return image_memory_read(part(memory, KIND_memory, place.pid), place.address, buffer, size,
				 err);
}

static int read_before(struct image_memory *memory, uint64_t address, void *buffer, size_t size,
		       struct err *err)
{
	const struct image_previous *previous = memory->image->previous;
	uint32_t id = memory->kind == KIND_shm
			      ? IMAGE_GET(memory->image, shm, memory->id, 0)->before
			      : memory->id;

	if (!previous)
		return err_set(err, ERR_FAILED,
			       "0x%" PRIx64
			       " is in the image before this one, which was not opened",
			       address);
	if (!memory->before && image_memory_open(previous->reader, &previous->image, memory->kind,
						 id, &memory->before, err) < 0)
		return -1;
	return image_memory_read(memory->before, address, buffer, size, err);
}

static int read_extent(struct image_memory *memory, const struct extent *extent, void *buffer,
		       size_t size, struct err *err)
{
	uint64_t address = extent->range.start;
	const struct run *run = find_run(memory, address);

	if (extent->state == EXTENT_ZERO) {
		memset(buffer, 0, size);
		return 0;
	}
	if (extent->state != EXTENT_SAVED)
		return err_set(err, ERR_FAILED, "0x%" PRIx64 " is not in the image: %s", address,
			       extent_reason(extent->state));
	if (extent->before)
		return read_before(memory, address, buffer, size, err);
	if (extent->inherited || extent->same)
		return read_elsewhere(memory, extent, buffer, size, err);
	if (run && address < run->range.end)
		return read_saved(memory, run->position + (address - run->range.start), buffer,
				  size, err);
	return image_memory_read(part(memory, KIND_shm, extent->vma->contents),
				 address - extent->vma->range.start + extent->vma->offset, buffer,
				 size, err);
}

int image_memory_read(struct image_memory *memory, uint64_t address, void *buffer, size_t size,
		      struct err *err)
{
	uint8_t *at = buffer;

	while (size) {
		struct extent extent = image_memory_extent(memory, address);
		uint64_t left = extent.range.end - address;
		size_t n = left < size ? (size_t)left : size;

		if (read_extent(memory, &extent, at, n, err) < 0)
			return -1;
		address += n;
		at += n;
		size -= n;
	}
	return 0;
}
