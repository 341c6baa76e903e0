/* SPDX-License-Identifier: MIT */
#include "dump/same_pages.h"

#include "dump/memory.h"
#include "dump/page_hashes.h"
#include "dump/page_hashing.h"
#include "dump/range_lists.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/pimage.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	/* Of 4 KiB: 16 GiB, for which the table takes up to 256 MiB. What is beyond is saved without being looked at. */
	PAGES_MAX = 1 << 22,
	/* Of one process, so that its record stays far below what readers accept; each takes some 100 bytes. */
	ROWS_MAX = 1 << 17,
};

/* The first page with a hash. */
struct entry {
	struct page_hash hash;
	uint64_t address;
	uint32_t process;
};

/* One process after another is looked at, parents first. */
struct search {
	struct dump *dump;
	uint64_t page;
	struct entry *entries;
	size_t mask;   /* their number is this and one more; more than there are pages */
	size_t n_left; /* pages that may still be looked at */
	uint32_t process;
	struct page_hashes
		*noted;	 /* of it, also of pages in the image before; NULL: nobody wants them */
	struct vma *vma; /* of the last page */
	size_t n_rows;
	bool found;
};

static bool is_looked_at(const struct vma *vma)
{
	return vma_is_private(vma) && !vma_lost_by_fork(vma);
}

static struct entry *find(const struct search *search, const struct page_hash *hash)
{
	size_t at = hash->low & search->mask;

	while (page_hash_is_known(&search->entries[at].hash) &&
	       !page_hash_same(&search->entries[at].hash, hash))
		at = (at + 1) & search->mask;
	return &search->entries[at];
}

static void add(const struct search *search, const struct page_hash *hash, uint64_t address)
{
	struct entry *entry = find(search, hash);

	if (page_hash_is_known(hash) && !page_hash_is_known(&entry->hash))
		*entry = (struct entry){ *hash, address, search->process };
}

static int add_row(struct search *search, uint64_t address, const struct entry *entry,
		   struct err *err)
{
	struct vma *vma = search->vma;
	struct same *row = vma->n_same ? &vma->same[vma->n_same - 1] : NULL;

	if (row && row->range.end == address && row->process == entry->process &&
	    row->address + (address - row->range.start) == entry->address) {
		row->range.end += search->page;
		return 0;
	}
	if (search->n_rows == ROWS_MAX)
		return 0;
	row = LIST_ADD(vma, same, err);
	if (!row)
		return -1;
	*row = (struct same){ { address, address + search->page }, entry->process, entry->address };
	search->n_rows++;
	search->found = true;
	return 0;
}

static int look_up(void *context, uint64_t address, const struct page_hash *hash, struct err *err)
{
	struct search *search = context;
	const struct entry *entry = find(search, hash);

	while (search->vma->range.end <= address)
		search->vma++;
	if (page_hash_is_known(&entry->hash) && entry->process != search->process)
		return add_row(search, address, entry, err);
	add(search, hash, address);
	return 0;
}

static int note(void *context, uint64_t address, const struct page_hash *hash, struct err *err)
{
	const struct search *search = context;
	struct page_hash *place = page_hashes_at(search->noted, address);

	(void)err;
	if (place)
		*place = *hash;
	return 0;
}

static int take_out_of(struct range **list, size_t *n, const struct memory_ranges *pages,
		       struct err *err)
{
	_cleanup_ranges_ struct memory_ranges all = { 0 }, rest = { 0 };

	if (range_list_add_to(&all, *list, *n, err) < 0 ||
	    memory_ranges_split(&all, pages, NULL, &rest, err) < 0)
		return -1;
	return range_list_set(list, n, &rest, err);
}

static int take_out(struct vma *vma, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges same = { 0 };

	if (!vma->n_same)
		return 0;
	for (size_t i = 0; i < vma->n_same; i++)
		if (memory_ranges_add(&same, vma->same[i].range.start, vma->same[i].range.end,
				      err) < 0)
			return -1;
	return take_out_of(&vma->saved, &vma->n_saved, &same, err) < 0
		       ? -1
		       : take_out_of(&vma->previous, &vma->n_previous, &same, err);
}

/* As far as the budget goes; those that are noted first are counted when they are looked up. */
static int add_budgeted(struct search *search, const struct vma *vma, struct memory_ranges *ret,
			struct err *err)
{
	size_t left = search->n_left;

	for (size_t i = 0; i < vma->n_saved && left; i++) {
		const struct range *range = &vma->saved[i];
		size_t n = (range->end - range->start) / search->page;

		n = n < left ? n : left;
		left -= n;
		if (memory_ranges_add(ret, range->start, range->start + n * search->page, err) < 0)
			return -1;
	}
	if (!search->noted)
		search->n_left = left;
	return 0;
}

/* What the image before has takes no room here, but is stored once again when the image is flattened. */
static int look_up_noted(struct search *search, const struct vma *vma, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges all = { 0 };

	if (range_list_add_to(&all, vma->saved, vma->n_saved, err) < 0 ||
	    range_list_add_to(&all, vma->previous, vma->n_previous, err) < 0)
		return -1;
	memory_ranges_sort(&all);
	for (size_t i = 0; i < all.count; i++)
		for (uint64_t at = all.list[i].start; at < all.list[i].end && search->n_left;
		     at += search->page) {
			const struct page_hash *hash = page_hashes_at(search->noted, at);

			if (!hash || !page_hash_is_known(hash))
				continue;
			search->n_left--;
			if (look_up(search, at, hash, err) < 0)
				return -1;
		}
	return 0;
}

static int search_process(struct search *search, const struct target *target,
			  const struct page_secret *secret, struct err *err)
{
	struct memory *memory = IMAGE_GET(&search->dump->image, memory, target->own_pid, 0);
	const struct hash_book *book = search->dump->hashes;
	_cleanup_ranges_ struct memory_ranges pages = { 0 };

	search->process = target->own_pid;
	search->noted = book ? hash_book_find(book, KIND_memory, target->own_pid) : NULL;
	search->vma = memory->vmas;
	search->n_rows = 0;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (is_looked_at(&memory->vmas[i]) &&
		    add_budgeted(search, &memory->vmas[i], &pages, err) < 0)
			return -1;
	if (target_hash_pages(search->dump, target, secret, &pages, search->noted ? note : look_up,
			      search, err) < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		if (search->noted && is_looked_at(&memory->vmas[i]) &&
		    look_up_noted(search, &memory->vmas[i], err) < 0)
			return -1;
		if (take_out(&memory->vmas[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Pages that may get into the table. */
static size_t count(const struct dump *dump, uint64_t page)
{
	size_t n = 0;

	IMAGE_EACH (&dump->image, memory, memory) {
		n += memory_saved_size(memory) / page;
		for (size_t i = 0; dump->hashes && i < memory->n_vmas; i++)
			for (size_t k = 0; k < memory->vmas[i].n_previous; k++)
				n += (memory->vmas[i].previous[k].end -
				      memory->vmas[i].previous[k].start) /
				     page;
	}
	return n < PAGES_MAX ? n : PAGES_MAX;
}

static int search_all(struct search *search, const struct page_secret *secret, struct err *err)
{
	struct pimage *pimage = IMAGE_GET(&search->dump->image, pimage, 0, 0);

	for (size_t i = 0; i < search->dump->n_targets; i++)
		if (search_process(search, &search->dump->targets[i], secret, err) < 0)
			return err_prefix(err, "%s", search->dump->targets[i].name);
	return search->found ? pimage_require(pimage, FEATURE_SAME_PAGES, err) : 0;
}

int same_pages_find(struct dump *dump, struct err *err)
{
	_cleanup_free_ struct entry *entries = NULL;
	struct search search = { .dump = dump, .page = (uint64_t)sysconf(_SC_PAGESIZE) };
	struct hash_book own = { 0 };
	size_t n = 2;

	if (dump->n_targets < 2)
		return 0;
	search.n_left = count(dump, search.page);
	while (n <= search.n_left + search.n_left / 4)
		n *= 2;
	search.mask = n - 1;
	search.entries = entries = calloc(n, sizeof(*entries));
	if (!entries)
		return err_sys(err, "out of memory");
	if (!dump->hashes && hash_book_open(&own, err) < 0)
		return -1;
	return search_all(&search, dump->hashes ? &dump->hashes->secret : &own.secret, err);
}
