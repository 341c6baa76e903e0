/* SPDX-License-Identifier: MIT */
/* The brk heap: contents, and that it grows and shrinks from where it was. */
#include "tests/subject/vma.h"

struct heap {
	char *brk;
	char *block;
	size_t size;
};

static void look(struct view *view, void *state)
{
	struct heap *heap = state;

	view_hex(view, "brk", (uintptr_t)sbrk(0));
	view_hash(view, "block", heap->block, heap->size);
	view_vma(view, "heap", heap->brk - 1);
}

int main(void)
{
	struct heap heap = { .size = 50 * PAGE };

	MUST((heap.block = sbrk((intptr_t)heap.size + 100)) != (void *)-1);
	for (size_t i = 0; i < heap.size; i++)
		heap.block[i] = (char)(i * 31 >> 3);
	heap.brk = sbrk(0);
	subject_main(look, &heap);
	MUST(sbrk(10 * (intptr_t)PAGE) == heap.brk);
	MUST(is_zero(heap.brk, 10 * PAGE));
	memset(heap.brk, 1, 10 * PAGE);
	MUST(brk(heap.brk) == 0);
	MUST(sbrk(0) == heap.brk);
	return 0;
}
