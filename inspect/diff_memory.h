/* SPDX-License-Identifier: MIT */
/* Compares the contents of memory in two images. */
#ifndef PIMAGE_INSPECT_DIFF_MEMORY_H
#define PIMAGE_INSPECT_DIFF_MEMORY_H

#include "inspect/inspect.h"

/*
 * Compares a process (KIND_memory) or a shm object of both and prints the ranges that differ.
 * Returns how many, <0 on failure. What is zero in one and saved as zeros in the other is the same.
 */
int diff_memory(struct inspect *a, struct inspect *b, enum kind kind, uint32_t id_a, uint32_t id_b,
		struct err *err);

#endif
