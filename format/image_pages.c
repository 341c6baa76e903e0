/* SPDX-License-Identifier: MIT */
#include "format/image_pages.h"

#include "format/entry.h"
#include "format/err.h"
#include "format/memory.h"
#include "format/pimage.h"
#include "format/shm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char pages[] = "/pages/";

static const struct {
	enum kind kind;
	const char *folder;
} folders[] = { { KIND_shm, "shm/" }, { KIND_memory, "processes/" } };

enum { N_FOLDERS = sizeof(folders) / sizeof(*folders) };

void pages_entry_name(const struct pages_entry *entry, char *ret_name)
{
	snprintf(ret_name, PAGES_NAME, "%s%u%s%" PRIx64,
		 entry->kind == KIND_shm ? "shm/" : "processes/", entry->id, pages, entry->first);
}

bool pages_entry_parse(const char *name, struct pages_entry *ret_entry)
{
	for (size_t i = 0; i < N_FOLDERS; i++) {
		struct pages_entry entry = { .kind = folders[i].kind };
		size_t length = strlen(folders[i].folder);
		char again[PAGES_NAME], *end;

		if (strncmp(name, folders[i].folder, length) != 0)
			continue;
		entry.id = (uint32_t)strtoul(name + length, &end, 10);
		if (strncmp(end, pages, strlen(pages)) != 0)
			return false;
		entry.first = strtoull(end + strlen(pages), NULL, 16);
		/* One name, one entry: no signs, spaces, leading zeros or capitals. */
		pages_entry_name(&entry, again);
		if (strcmp(name, again) != 0)
			return false;
		*ret_entry = entry;
		return true;
	}
	return false;
}

static bool saved_next_shm(struct saved_walk *walk)
{
	const struct shm *shm = IMAGE_GET(walk->image, shm, walk->id, 0);

	if (!shm || walk->range_index >= shm->n_saved)
		return false;
	walk->range = shm->saved[walk->range_index++];
	return true;
}

bool saved_next(struct saved_walk *walk)
{
	const struct memory *memory;

	if (walk->kind == KIND_shm)
		return saved_next_shm(walk);
	memory = IMAGE_GET(walk->image, memory, walk->id, 0);
	while (memory && walk->vma_index < memory->n_vmas) {
		walk->vma = &memory->vmas[walk->vma_index];
		if (walk->range_index < walk->vma->n_saved) {
			walk->range = walk->vma->saved[walk->range_index++];
			return true;
		}
		walk->vma_index++;
		walk->range_index = 0;
	}
	return false;
}

struct list {
	struct pages_entry *entries;
	size_t n_entries;
};

static struct pages_entry *new_entry(struct list *list, enum kind kind, uint32_t id, uint64_t first,
				     struct err *err)
{
	struct pages_entry *entry;

	if (list->n_entries == ENTRIES_MAX) {
		err_set(err, ERR_IMAGE, "more than %d entries of page data", ENTRIES_MAX);
		return NULL;
	}
	entry = LIST_ADD(list, entries, err);
	if (entry)
		*entry = (struct pages_entry){ kind, id, first, 0 };
	return entry;
}

static int add_entries(const struct image *image, enum kind kind, uint32_t id, struct list *list,
		       struct err *err)
{
	struct saved_walk walk = { .image = image, .kind = kind, .id = id };
	struct pages_entry *entry = NULL;

	while (saved_next(&walk)) {
		uint64_t at = walk.range.start;

		while (at < walk.range.end) {
			uint64_t part = walk.range.end - at;

			if (!entry || entry->size == PAGES_ENTRY_SIZE) {
				entry = new_entry(list, kind, id, at, err);
				if (!entry)
					return -1;
			}
			if (part > PAGES_ENTRY_SIZE - entry->size)
				part = PAGES_ENTRY_SIZE - entry->size;
			entry->size += part;
			at += part;
		}
	}
	return 0;
}

int image_pages_of(const struct image *image, enum kind kind, uint32_t id,
		   struct pages_entry **ret_entries, size_t *ret_n, struct err *err)
{
	struct list list = { 0 };

	if (add_entries(image, kind, id, &list, err) < 0) {
		free(list.entries);
		return -1;
	}
	*ret_entries = list.entries;
	*ret_n = list.n_entries;
	return 0;
}

static int add_all(const struct image *image, struct list *list, struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	IMAGE_EACH (image, shm, shm)
		if (add_entries(image, KIND_shm, shm->id, list, err) < 0)
			return -1;
	for (size_t i = 0; i < pimage->n_pids; i++)
		if (add_entries(image, KIND_memory, pimage->pids[i], list, err) < 0)
			return -1;
	return 0;
}

int image_pages(const struct image *image, struct pages_entry **ret_entries, size_t *ret_n,
		struct err *err)
{
	struct list list = { 0 };

	if (add_all(image, &list, err) < 0) {
		free(list.entries);
		return -1;
	}
	*ret_entries = list.entries;
	*ret_n = list.n_entries;
	return 0;
}
