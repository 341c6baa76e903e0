/* SPDX-License-Identifier: MIT */
#include "restore/thread_ids.h"

#include "arch/all/registers.h"
#include "format/err.h"
#include "format/thread.h"
#include "restore/lock_owners.h"

#include <linux/futex.h>
#include <string.h>

/*
 * musl's struct pthread begins with itself, which fs_base points to; its tid stands at 48 since 1.1.20 (pthread_impl.h).
 * glibc's is the word that set_tid_address(2) names, nptl/descr.h.
 */
enum { MUSL_TID = 48, ROBUST_LIST_MAX = 4096 };

static int read_word(const struct canvas *canvas, uint64_t address, uint32_t *ret)
{
	return memory_read(&canvas->frozen.memory, address, ret, sizeof(*ret), NULL);
}

/* Whether the word was the old id and is the new one now; 0 or 1. */
static int replace(const struct canvas *canvas, uint64_t address, uint32_t mask, uint32_t old,
		   uint32_t new, struct err *err)
{
	uint32_t word;

	if (read_word(canvas, address, &word) < 0 || (word & mask) != old)
		return 0;
	word = (word & ~mask) | new;
	if (memory_write(&canvas->frozen.memory, address, &word, sizeof(word), err) < 0)
		return -1;
	return 1;
}

static bool is_own_pointer(const struct canvas *canvas, uint64_t address)
{
	uint64_t pointer;

	return memory_read(&canvas->frozen.memory, address, &pointer, sizeof(pointer), NULL) == 0 &&
	       pointer == address;
}

static int correct_descriptor(struct restore *restore, const struct canvas *canvas,
			      const struct thread *thread, const struct made_thread *made,
			      struct err *err)
{
	const struct x86_64_registers *registers = thread->registers.state;
	int done =
		replace(canvas, thread->clear_child_tid, UINT32_MAX, made->saved, made->own, err);

	if (done == 0 && is_own_pointer(canvas, registers->fs_base))
		done = replace(canvas, registers->fs_base + MUSL_TID, UINT32_MAX, made->saved,
			       made->own, err);
	if (done == 0)
		problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
			     "thread %u is now %u; where its C library keeps that is not known",
			     made->saved, made->own);
	return done < 0 ? -1 : 0;
}

struct robust_head {
	uint64_t next;
	int64_t futex_offset;
	uint64_t pending;
};

static int correct_robust(const struct canvas *canvas, const struct thread *thread,
			  const struct made_thread *made, struct err *err)
{
	struct robust_head head;
	uint64_t at;

	if (!thread->robust_list || memory_read(&canvas->frozen.memory, thread->robust_list->head,
						&head, sizeof(head), NULL) < 0)
		return 0;
	if (head.pending && replace(canvas, (head.pending & ~1UL) + (uint64_t)head.futex_offset,
				    FUTEX_TID_MASK, made->saved, made->own, err) < 0)
		return -1;
	at = head.next;
	for (int i = 0; i < ROBUST_LIST_MAX && (at & ~1UL) != thread->robust_list->head; i++) {
		uint64_t entry = at & ~1UL;

		if (replace(canvas, entry + (uint64_t)head.futex_offset, FUTEX_TID_MASK,
			    made->saved, made->own, err) < 0)
			return -1;
		if (memory_read(&canvas->frozen.memory, entry, &at, sizeof(at), NULL) < 0)
			break;
	}
	return 0;
}

int thread_ids_correct(struct restore *restore, struct canvas *canvas, struct err *err)
{
	if (!canvas->n_threads || canvas->threads[0].saved == canvas->threads[0].own)
		return 0;
	/* Whole mutexes by their looks, before their lock words change through the lists that lead to some of them. */
	if (lock_owners_correct(restore, canvas, err) < 0)
		return -1;
	for (size_t i = 0; i < canvas->n_threads; i++) {
		const struct made_thread *made = &canvas->threads[i];
		const struct thread *thread =
			IMAGE_GET(&restore->image, thread, canvas->own_pid, made->saved);

		if (made->saved == made->own)
			continue;
		if (correct_descriptor(restore, canvas, thread, made, err) < 0 ||
		    correct_robust(canvas, thread, made, err) < 0)
			return err_prefix(err, "thread %u", made->saved);
	}
	return 0;
}
