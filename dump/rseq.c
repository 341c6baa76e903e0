/* SPDX-License-Identifier: MIT */
#include "dump/rseq.h"

#include "format/err.h"
#include "format/search.h"
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

struct rseq_memory *rseq_memory_new(const struct image *image, uint32_t process, run_read *read,
				    void *context, struct err *err)
{
	const struct objects *threads = &image->kinds[KIND_thread];
	struct rseq_memory *memory = calloc(1, sizeof(*memory));

	if (!memory) {
		err_sys(err, "out of memory");
		return NULL;
	}
	memory->read = read;
	memory->context = context;
	for (size_t i = image_first(image, KIND_thread, process);
	     i < threads->n_objects && threads->objects[i].key.first == process; i++) {
		const struct thread *thread = threads->objects[i].record;

		if (thread->rseq && add_words(memory, thread->rseq, err) < 0) {
			rseq_memory_free(memory);
			return NULL;
		}
	}
	if (memory->n_words)
		qsort(memory->words, memory->n_words, sizeof(*memory->words), compare);
	return memory;
}

void rseq_memory_free(void *memory)
{
	struct rseq_memory *rseq = memory;

	if (rseq)
		free(rseq->words);
	free(rseq);
}

/* The first word that ends above the address. */
static size_t find_word(const struct rseq_memory *memory, uint64_t address)
{
	return SEARCH(memory->n_words, i, memory->words[i].end <= address);
}

void rseq_memory_mask(const struct rseq_memory *memory, uint64_t address, void *bytes, size_t size)
{
	uint64_t end = address + size;

	for (size_t i = find_word(memory, address);
	     i < memory->n_words && memory->words[i].start < end; i++) {
		uint64_t from = memory->words[i].start, to = memory->words[i].end;

		from = from < address ? address : from;
		to = to > end ? end : to;
		memset((char *)bytes + (from - address), 0, to - from);
	}
}

int rseq_memory_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err)
{
	const struct rseq_memory *memory = context;

	if (memory->read(memory->context, address, buffer, size, err) < 0)
		return -1;
	rseq_memory_mask(memory, address, buffer, size);
	return 0;
}
