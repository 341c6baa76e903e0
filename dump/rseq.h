/* SPDX-License-Identifier: MIT */
/* Memory of a process without what the kernel writes into it whenever a thread runs. */
#ifndef PIMAGE_DUMP_RSEQ_H
#define PIMAGE_DUMP_RSEQ_H

#include "format/image.h"
#include "format/page_source.h"

struct err;

struct rseq_memory {
	run_read *read; /* of the memory as it is */
	void *context;
	struct range *words; /* ascending */
	size_t n_words;
};

/*
 * The CPU, node and concurrency ids in each registered struct rseq (include/uapi/linux/rseq.h): the
 * kernel sets them on every return to user mode, so they say nothing of the process, and two dumps
 * of a stopped one would differ in them. `process` is its key in the image.
 */
struct rseq_memory *rseq_memory_new(const struct image *image, uint32_t process, run_read *read,
				    void *context, struct err *err);
void rseq_memory_free(void *memory);

/* Sets those words to 0 in bytes that were read elsewhere. */
void rseq_memory_mask(const struct rseq_memory *memory, uint64_t address, void *bytes, size_t size);

/* A run_read (format/page_source.h) in whose result those words are 0; context is the above. */
int rseq_memory_read(void *context, uint64_t address, void *buffer, size_t size, struct err *err);

#endif
