/* SPDX-License-Identifier: MIT */
/* Compares the contents of memory in two images. */
#ifndef PIMAGE_INSPECT_DIFF_MEMORY_H
#define PIMAGE_INSPECT_DIFF_MEMORY_H

#include "inspect/inspect.h"
#include "inspect/pairs.h"

/*
 * Compares a process (KIND_memory) or a shm object of both and prints the ranges that differ.
 * Returns how many, <0 on failure. What is zero in one and saved as zeros in the other is the same;
 * so are words that hold the ids of a pair.
 */
int diff_memory(struct inspect *a, struct inspect *b, enum kind kind, uint32_t id_a, uint32_t id_b,
		const struct id_pairs *ids, struct err *err);

#endif
