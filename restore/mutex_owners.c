/* SPDX-License-Identifier: MIT */
#include "restore/mutex_owners.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/memory.h"

#include <linux/futex.h>
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

enum {
	MUTEX_RECURSIVE = 1,
	MUTEX_ERROR_CHECKING = 2,
	MUTEX_TYPE = 3,
	MUTEX_ROBUST = 0x10,
	MUTEX_INHERIT = 0x20,
	MUTEX_SHARED = 0x80,
	MUTEX_ELISION = 0x300,
	MUTEX_KINDS = MUTEX_TYPE | MUTEX_ROBUST | MUTEX_INHERIT | MUTEX_SHARED | MUTEX_ELISION,
	LOCKED_MAX = 2, /* 1: held, 2: held with waiters */
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

struct search {
	struct canvas *canvas;
	uint8_t *buffer;
	uint32_t lowest; /* of the saved ids: most words are ruled out by these two */
	uint32_t highest;
	unsigned found;
};

static int look_at(struct search *search, uint64_t address, const uint8_t *bytes, struct err *err)
{
	const struct made_thread *owner;
	struct glibc_mutex mutex;

	memcpy(&mutex, bytes, sizeof(mutex));
	if (mutex.owner < search->lowest || mutex.owner > search->highest || !looks_held(&mutex))
		return 0;
	owner = canvas_thread(search->canvas, mutex.owner);
	if (!owner)
		return 0;
	search->found++;
	mutex.owner = owner->own;
	if (lock_has_owner(&mutex))
		mutex.lock = (mutex.lock & ~(uint32_t)FUTEX_TID_MASK) | owner->own;
	return memory_write(&search->canvas->frozen.memory, address, &mutex,
			    offsetof(struct glibc_mutex, users), err);
}

/* One that lies across two chunks is seen in the second, which begins so much earlier. */
static int search_range(struct search *search, const struct range *range, struct err *err)
{
	const size_t overlap = sizeof(struct glibc_mutex) - sizeof(uint64_t);

	for (uint64_t at = range->start; at < range->end;) {
		size_t size = range->end - at < CHUNK ? range->end - at : CHUNK;

		if (memory_read(&search->canvas->frozen.memory, at, search->buffer, size, err) < 0)
			return -1;
		for (size_t i = 0; i + sizeof(struct glibc_mutex) <= size; i += sizeof(uint64_t))
			if (look_at(search, at + i, search->buffer + i, err) < 0)
				return -1;
		at += size;
		if (at < range->end)
			at -= overlap;
	}
	return 0;
}

static int search_memory(struct search *search, const struct memory *memory, struct err *err)
{
	for (size_t v = 0; v < memory->n_vmas; v++) {
		const struct vma *vma = &memory->vmas[v];

		for (size_t i = 0; vma->prot & PROT_WRITE && i < vma->n_saved; i++)
			if (search_range(search, &vma->saved[i], err) < 0)
				return -1;
	}
	return 0;
}

int mutex_owners_correct(struct restore *restore, struct canvas *canvas, struct err *err)
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
	if (search_memory(&search, IMAGE_GET(&restore->image, memory, canvas->own_pid, 0), err) < 0)
		return -1;
	if (search.found)
		problems_add(&restore->problems, VERDICT_APPROXIMATED, canvas->name,
			     "%u held mutexes, known by their looks, were given the new ids of "
			     "their owners",
			     search.found);
	return 0;
}
