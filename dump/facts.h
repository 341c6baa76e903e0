/* SPDX-License-Identifier: MIT */
/* What /proc says of processes that stand still, read while they run calls of ours: we would only wait for them. */
#ifndef PIMAGE_DUMP_FACTS_H
#define PIMAGE_DUMP_FACTS_H

#include <stddef.h>

struct err;
struct target;

/*
 * Reads what is listed there and all descriptors, by up to so many threads. What cannot be read is left out: who asks for it reads it then, and learns
 * why.
 */
void facts_read(struct target *targets, size_t n_targets, unsigned threads);

/*
 * The same of the page tables of those that are not large. Once the call loop is in place, which leaves a page in each of them its own: else a second
 * dump would find one more.
 */
void facts_scan(struct target *targets, size_t n_targets, unsigned threads);

/* A file in /proc/PID that the kernel makes in one piece, "timers", or the target of a link; as kernel/readfile.h has it. Read ahead it is only the first time. */
int facts_text(const struct target *target, const char *name, char **ret_text, size_t *ret_size,
	       struct err *err);

struct facts;
void facts_free(struct facts *facts);

#endif
