/* SPDX-License-Identifier: MIT */
#include "dump/rseq.h"

#include "format/err.h"
#include "format/thread.h"

#include <stdlib.h>
#include <string.h>

/* cpu_id_start and cpu_id; node_id and mm_cid. What is between belongs to the program. */
static const struct range written[] = { { 0, 8 }, { 20, 28 } };

static int add_words(struct rseq_memory *memory, const struct rseq_registration *rseq,
		     struct err *err)
{
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		struct range *word = LIST_ADD(memory, words, err);

		if (!word)
			return -1;
		*word = (struct range){ rseq->address + written[i].start,
					rseq->address + written[i].end };
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

int rseq_memory_init(const struct image *image, uint32_t process, run_read *read, void *context,
		     struct rseq_memory *ret_memory, struct err *err)
{
	const struct objects *threads = &image->kinds[KIND_thread];
	struct rseq_memory result = { .read = read, .context = context };

	for (size_t i = 0; i < threads->n_objects; i++) {
		const struct thread *thread = threads->objects[i].record;

		if (threads->objects[i].key.first == process && thread->rseq &&
		    add_words(&result, thread->rseq, err) < 0) {
			rseq_memory_done(&result);
			return -1;
		}
	}
	if (result.n_words)
		qsort(result.words, result.n_words, sizeof(*result.words), compare);
	*ret_memory = result;
	return 0;
}

void rseq_memory_done(struct rseq_memory *memory)
{
	free(memory->words);
	*memory = (struct rseq_memory){ 0 };
}

/* The first word that ends above the address. */
static size_t find_word(const struct rseq_memory *memory, uint64_t address)
{
	size_t low = 0, high = memory->n_words;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memory->words[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int rseq_memory_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err)
{
	const struct rseq_memory *memory = context;
	uint64_t end = address + size;

	if (memory->read(memory->context, address, buffer, size, err) < 0)
		return -1;
	for (size_t i = find_word(memory, address);
	     i < memory->n_words && memory->words[i].start < end; i++) {
		uint64_t from = memory->words[i].start, to = memory->words[i].end;

		from = from < address ? address : from;
		to = to > end ? end : to;
		memset((char *)buffer + (from - address), 0, to - from);
	}
	return 0;
}
