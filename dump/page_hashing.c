/* SPDX-License-Identifier: MIT */
#include "dump/page_hashing.h"

#include "dump/page_hashes.h"
#include "dump/rseq.h"
#include "dump/snapshot.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <stdlib.h>
#include <unistd.h>

/* Pages that are read at a time. */
enum { BATCH = 256 };

/* What page data is read through. */
struct hashing {
	run_read *read;
	void *context;
	void (*release)(void *context);
	const struct hash_book *book;
	struct page_hashes *to;
};

/* Only whole pages: page data is read in such. Each page is read by one thread. */
static void note(const struct hashing *hashing, uint64_t address, const uint8_t *pages, size_t size)
{
	uint64_t page = hashing->book->page;

	for (size_t at = 0; address % page == 0 && at + page <= size; at += page) {
		struct page_hash *hash = page_hashes_at(hashing->to, address + at);

		/* Others may have written to what they share with the processes, so what is known of that is no more so. */
		if (hash && (hashing->to->kind == KIND_shm || !page_hash_is_known(hash)))
			*hash = page_hash(&hashing->book->secret, pages + at, page);
	}
}

static int read_and_note(void *context, uint64_t address, void *buffer, size_t size,
			 struct err *err)
{
	const struct hashing *hashing = context;

	if (hashing->read(hashing->context, address, buffer, size, err) < 0)
		return -1;
	note(hashing, address, buffer, size);
	return 0;
}

static void release_hashing(void *context)
{
	struct hashing *hashing = context;

	if (hashing->release)
		hashing->release(hashing->context);
	free(hashing);
}

struct run_pages *hashed_run_pages(const struct dump *dump, enum kind kind, uint32_t id,
				   run_read *read, void *context, void (*release_it)(void *context),
				   struct err *err)
{
	struct page_hashes *to = dump->hashes ? hash_book_find(dump->hashes, kind, id) : NULL;
	struct hashing *hashing;

	if (!to)
		return run_pages_new(read, context, release_it, err);
	hashing = malloc(sizeof(*hashing));
	if (!hashing) {
		if (release_it)
			release_it(context);
		err_sys(err, "out of memory");
		return NULL;
	}
	*hashing = (struct hashing){ read, context, release_it, dump->hashes, to };
	return run_pages_new(read_and_note, hashing, release_hashing, err);
}

/* Ranges whose pages are read together. */
struct batch {
	const struct target *target;
	const struct page_secret *secret;
	const struct rseq_memory *rseq;
	uint64_t page;
	hashed_page *each;
	void *context;
	uint8_t *buffer;
	struct memory_range ranges[BATCH];
	size_t n_ranges;
	uint64_t size;
};

static int hash_batch(struct batch *batch, struct err *err)
{
	uint8_t *at = batch->buffer;

	if (snapshot_read_ranges(batch->target, batch->ranges, batch->n_ranges, batch->buffer,
				 err) < 0)
		return -1;
	for (size_t i = 0; i < batch->n_ranges; i++) {
		const struct memory_range *range = &batch->ranges[i];

		rseq_memory_mask(batch->rseq, range->start, at, range->end - range->start);
		for (uint64_t address = range->start; address < range->end;
		     address += batch->page, at += batch->page) {
			struct page_hash hash = page_hash(batch->secret, at, batch->page);

			if (batch->each(batch->context, address, &hash, err) < 0)
				return -1;
		}
	}
	batch->n_ranges = 0;
	batch->size = 0;
	return 0;
}

static int hash_range(struct batch *batch, const struct memory_range *range, struct err *err)
{
	uint64_t end;

	for (uint64_t at = range->start; at < range->end; at = end) {
		end = at + (BATCH * batch->page - batch->size);
		if (end > range->end)
			end = range->end;
		batch->ranges[batch->n_ranges++] = (struct memory_range){ at, end };
		batch->size += end - at;
		if (batch->size == BATCH * batch->page && hash_batch(batch, err) < 0)
			return -1;
	}
	return 0;
}

static void cleanup_rseq(struct rseq_memory **rseq)
{
	rseq_memory_free(*rseq);
}

int target_hash_pages(const struct dump *dump, const struct target *target,
		      const struct page_secret *secret, const struct memory_ranges *ranges,
		      hashed_page *each, void *context, struct err *err)
{
	_cleanup_(cleanup_rseq) struct rseq_memory *rseq = NULL;
	_cleanup_free_ uint8_t *buffer = NULL;
	struct batch batch = { .target = target,
			       .secret = secret,
			       .page = (uint64_t)sysconf(_SC_PAGESIZE),
			       .each = each,
			       .context = context };

	if (!ranges->count)
		return 0;
	rseq = rseq_memory_new(&dump->image, target->own_pid, NULL, NULL, err);
	if (!rseq)
		return -1;
	buffer = malloc(BATCH * batch.page);
	if (!buffer)
		return err_sys(err, "out of memory");
	batch.rseq = rseq;
	batch.buffer = buffer;
	for (size_t i = 0; i < ranges->count; i++)
		if (hash_range(&batch, &ranges->list[i], err) < 0)
			return -1;
	return batch.n_ranges ? hash_batch(&batch, err) : 0;
}
