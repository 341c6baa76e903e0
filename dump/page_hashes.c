/* SPDX-License-Identifier: MIT */
#include "dump/page_hashes.h"

#include "format/err.h"
#include "format/search.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int hash_book_open(struct hash_book *book, struct err *err)
{
	if (book->open)
		return 0;
	if (getrandom(&book->secret, sizeof(book->secret), 0) != sizeof(book->secret))
		return err_sys(err, "getrandom");
	book->page = (uint64_t)sysconf(_SC_PAGESIZE);
	book->open = true;
	return 0;
}

static void release(struct page_hashes *hashes)
{
	free(hashes->runs);
	free(hashes->list);
	free(hashes);
}

void hash_book_clear(struct hash_book *book)
{
	for (size_t i = 0; i < book->n_of; i++)
		release(book->of[i]);
	free(book->of);
	book->of = NULL;
	book->n_of = 0;
}

void hash_book_pass_on(struct hash_book *from, struct hash_book *to)
{
	hash_book_clear(to);
	*to = *from;
	from->of = NULL;
	from->n_of = 0;
}

static int set_pages(struct page_hashes *hashes, const struct memory_ranges *pages, uint64_t page,
		     struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < pages->count; i++) {
		struct hashed_run *run = LIST_ADD(hashes, runs, err);

		if (!run)
			return -1;
		*run = (struct hashed_run){ pages->list[i].start, pages->list[i].end, n };
		n += (pages->list[i].end - pages->list[i].start) / page;
	}
	hashes->page = page;
	hashes->list = calloc(n + 1, sizeof(*hashes->list));
	return hashes->list ? 0 : err_sys(err, "out of memory");
}

struct page_hashes *hash_book_add(struct hash_book *book, enum kind kind, uint32_t id,
				  const struct memory_ranges *pages, struct err *err)
{
	struct page_hashes *hashes = calloc(1, sizeof(*hashes)), **slot;

	if (!hashes) {
		err_sys(err, "out of memory");
		return NULL;
	}
	hashes->kind = kind;
	hashes->id = id;
	if (set_pages(hashes, pages, book->page, err) < 0 || !(slot = LIST_ADD(book, of, err))) {
		release(hashes);
		return NULL;
	}
	*slot = hashes;
	return hashes;
}

struct page_hashes *hash_book_find(const struct hash_book *book, enum kind kind, uint32_t id)
{
	for (size_t i = 0; i < book->n_of; i++)
		if (book->of[i]->kind == kind && book->of[i]->id == id)
			return book->of[i];
	return NULL;
}

struct page_hash *page_hashes_at(const struct page_hashes *hashes, uint64_t address)
{
	const struct hashed_run *runs = hashes ? hashes->runs : NULL;
	size_t low = SEARCH(hashes ? hashes->n_runs : 0, i, runs[i].end <= address);

	if (!hashes || low == hashes->n_runs || runs[low].start > address)
		return NULL;
	return &hashes->list[runs[low].first + (address - runs[low].start) / hashes->page];
}
