/* SPDX-License-Identifier: MIT */
#include "restore/lock_owners.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"
#include "restore/fill.h"
#include "restore/tid_words.h"

#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* struct __pthread_mutex_s of glibc 2.x on x86-64, sysdeps/x86/nptl/bits/struct_mutex.h; unchanged since 2.3. */
struct glibc_mutex {
	uint32_t lock;
	uint32_t count;
	uint32_t owner;
	uint32_t users;
	uint32_t kind;
	int16_t spins;
	int16_t elision;
	uint64_t list[2];
};

/* struct __pthread_rwlock_arch_t, sysdeps/x86/nptl/bits/struct_rwlock.h; since 2.25. */
struct glibc_rwlock {
	uint32_t readers;
	uint32_t writers;
	uint32_t phase_futex;
	uint32_t writers_futex;
	uint32_t unused[2];
	uint32_t writer;
	uint32_t shared;
	int8_t elision;
	uint8_t unused_too[15];
	uint32_t flags;
};

enum {
	MUTEX_RECURSIVE = 1,
	MUTEX_ERROR_CHECKING = 2,
	MUTEX_TYPE = 3,
	MUTEX_ROBUST = 0x10,
	MUTEX_INHERIT = 0x20,
	MUTEX_SHARED = 0x80,
	MUTEX_ELISION = 0x300,
	MUTEX_KINDS = MUTEX_TYPE | MUTEX_ROBUST | MUTEX_INHERIT | MUTEX_SHARED | MUTEX_ELISION,
	LOCKED_MAX = 2,	   /* 1: held, 2: held with waiters */
	RWLOCK_WRITER = 3, /* in readers: a writer's turn, and it has the lock */
	RWLOCK_WAITED = 2, /* in both futexes, which are 1 while a writer has the lock */
	RWLOCK_FLAGS_MAX = 2,
	CHUNK = 1 << 20,
};

/* Robust and priority-inheriting mutexes have the owner's id in the lock word too, for the kernel. */
static bool lock_has_owner(const struct glibc_mutex *mutex)
{
	return mutex->kind & (MUTEX_ROBUST | MUTEX_INHERIT);
}

static bool looks_held(const struct glibc_mutex *mutex)
{
	uint32_t type = mutex->kind & MUTEX_TYPE;

	if (mutex->users != 1 || mutex->kind & ~(uint32_t)MUTEX_KINDS)
		return false;
	if (lock_has_owner(mutex))
		return (mutex->lock & FUTEX_TID_MASK) == mutex->owner;
	if (mutex->lock < 1 || mutex->lock > LOCKED_MAX || mutex->list[0] || mutex->list[1])
		return false;
	return (type == MUTEX_RECURSIVE && mutex->count >= 1) ||
	       (type == MUTEX_ERROR_CHECKING && !mutex->count);
}

static bool looks_written(const struct glibc_rwlock *lock)
{
	static const struct glibc_rwlock zeroes;

	return (lock->readers & RWLOCK_WRITER) == RWLOCK_WRITER &&
	       (lock->phase_futex & ~(uint32_t)RWLOCK_WAITED) == 1 &&
	       (lock->writers_futex & ~(uint32_t)RWLOCK_WAITED) == 1 && lock->shared <= 1 &&
	       lock->flags <= RWLOCK_FLAGS_MAX && !lock->elision &&
	       !memcmp(lock->unused, zeroes.unused, sizeof(zeroes.unused)) &&
	       !memcmp(lock->unused_too, zeroes.unused_too, sizeof(zeroes.unused_too));
}

struct search {
	struct canvas *canvas;
	uint8_t *buffer;
	size_t size;	  /* of what is in it */
	uint64_t address; /* of its first byte */
	uint32_t lowest;  /* of the saved ids: most words are ruled out by these two */
	uint32_t highest;
	unsigned found;
};

/* What begins `before` bytes before `at`, where its owner would be; whether all of it is in the buffer. */
static bool take(const struct search *search, size_t at, size_t before, void *ret, size_t size)
{
	if (at < before || at - before + size > search->size)
		return false;
	memcpy(ret, search->buffer + at - before, size);
	return true;
}

static int correct_mutex(struct search *search, size_t at, uint32_t own, struct err *err)
{
	const size_t before = offsetof(struct glibc_mutex, owner);
	struct glibc_mutex mutex;

	if (!take(search, at, before, &mutex, sizeof(mutex)) || !looks_held(&mutex))
		return 0;
	search->found++;
	mutex.owner = own;
	if (lock_has_owner(&mutex))
		mutex.lock = (mutex.lock & ~(uint32_t)FUTEX_TID_MASK) | own;
	return memory_write(&search->canvas->frozen.memory, search->address + at - before, &mutex,
			    offsetof(struct glibc_mutex, users), err);
}

static int correct_rwlock(struct search *search, size_t at, uint32_t own, struct err *err)
{
	struct glibc_rwlock lock;

	if (!take(search, at, offsetof(struct glibc_rwlock, writer), &lock, sizeof(lock)) ||
	    !looks_written(&lock))
		return 0;
	search->found++;
	return memory_write(&search->canvas->frozen.memory, search->address + at, &own, sizeof(own),
			    err);
}

/* Owners of both kinds are at addresses that eight divides. */
static int look_at(struct search *search, size_t at, struct err *err)
{
	const struct made_thread *owner;
	uint32_t word;

	memcpy(&word, search->buffer + at, sizeof(word));
	if (word < search->lowest || word > search->highest)
		return 0;
	owner = canvas_thread(search->canvas, word);
	if (!owner)
		return 0;
	if (correct_mutex(search, at, owner->own, err) < 0)
		return -1;
	return correct_rwlock(search, at, owner->own, err);
}

/* Every word is looked at once, in a buffer that has all of a lock around it: what has got its new id may look like an old one of another thread. */
static int search_range(struct search *search, const struct range *range, struct err *err)
{
	const size_t before = offsetof(struct glibc_rwlock, writer);
	const size_t after = sizeof(struct glibc_rwlock) - before;

	for (uint64_t from = range->start, at = from; at < range->end; from = at - before) {
		uint64_t to = range->end - from < CHUNK ? range->end : from + CHUNK;

		search->address = from;
		search->size = to - from;
		if (memory_read(&search->canvas->frozen.memory, from, search->buffer, search->size,
				err) < 0)
			return -1;
		for (; at + (to < range->end ? after : 0) < to; at += sizeof(uint64_t))
			if (look_at(search, at - from, err) < 0)
				return -1;
	}
	return 0;
}

/* The same where it is known which words can be ids. */
static int search_words(struct search *search, const struct range *range,
			const struct tid_words *words, struct err *err)
{
	const size_t before = offsetof(struct glibc_rwlock, writer);
	/* A mutex reaches further behind its owner than a read-write lock behind its writer. */
	const size_t after = sizeof(struct glibc_mutex) - offsetof(struct glibc_mutex, owner);

	for (size_t i = tid_words_find(words, range->start);
	     i < words->n_words && words->words[i] < range->end; i++) {
		uint64_t at = words->words[i];
		uint64_t from = at - range->start < before ? range->start : at - before;
		uint64_t to = range->end - at < after ? range->end : at + after;

		search->address = from;
		search->size = to - from;
		if (memory_read(&search->canvas->frozen.memory, from, search->buffer, search->size,
				err) < 0 ||
		    look_at(search, at - from, err) < 0)
			return -1;
	}
	return 0;
}

/* What is as in the parent was written by no thread of this process. */
static int search_memory(struct search *search, const struct memory *memory,
			 const struct tid_words *words, struct err *err)
{
	for (size_t v = 0; v < memory->n_vmas; v++) {
		const struct vma *vma = &memory->vmas[v];

		for (size_t i = 0; vma->prot & PROT_WRITE && i < vma->n_saved; i++)
			if ((words ? search_words(search, &vma->saved[i], words, err)
				   : search_range(search, &vma->saved[i], err)) < 0)
				return -1;
		for (size_t i = 0; vma->prot & PROT_WRITE && i < vma->n_previous; i++)
			if (search_range(search, &vma->previous[i], err) < 0)
				return -1;
		for (size_t i = 0; vma->prot & PROT_WRITE && i < vma->n_same; i++)
			if (search_range(search, &vma->same[i].range, err) < 0)
				return -1;
	}
	return 0;
}

int lock_owners_correct(struct restore *restore, struct canvas *canvas, struct err *err)
{
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);
	struct search search = { .canvas = canvas, .buffer = buffer, .lowest = UINT32_MAX };

	if (!buffer)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < canvas->n_threads; i++) {
		uint32_t id = canvas->threads[i].saved;

		search.lowest = id < search.lowest ? id : search.lowest;
		search.highest = id > search.highest ? id : search.highest;
	}
	if (search_memory(&search, IMAGE_GET(&restore->image, memory, canvas->own_pid, 0),
			  fill_tid_words(restore->fill, canvas->own_pid), err) < 0)
		return -1;
	if (search.found)
		problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
			     "%u held locks, known by their looks, were given the new ids of "
			     "their owners",
			     search.found);
	return 0;
}
