/* SPDX-License-Identifier: MIT */
/* The heap of a program that holds much for a short time. */
#ifndef PIMAGE_HEAP_H
#define PIMAGE_HEAP_H

/*
 * Before the first thread: the heap grows in large steps, and in huge pages as far as the kernel gives any. Best effort; what is not used takes no
 * memory, but for the rest of a huge page.
 */
void heap_prepare(void);

#endif
