/* SPDX-License-Identifier: MIT */
#include "dump/unchanged.h"

#include "dump/file_table.h"
#include "dump/memory.h"
#include "dump/page_hashing.h"
#include "dump/range_lists.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "format/shm.h"

#include <stdlib.h>

/* Contents that are read at a time. */
enum { CHUNK = 1 << 20 };

/* What one process or object had and has. */
struct comparison {
	const struct page_hashes *before; /* NULL: nothing */
	const struct page_hashes *now;
	struct memory_ranges equal;
};

static int compare(void *context, uint64_t address, const struct page_hash *hash, struct err *err)
{
	struct comparison *comparison = context;
	const struct page_hash *had = page_hashes_at(comparison->before, address);
	struct page_hash *place = page_hashes_at(comparison->now, address);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (place)
		*place = *hash;
	if (!had || !page_hash_same(had, hash))
		return 0;
	return memory_ranges_add(&comparison->equal, address, address + page, err);
}

/* The pages of a list that something is known of: it makes no sense to look at others. */
static int add_known(const struct page_hashes *before, const struct range *list, size_t n,
		     struct memory_ranges *ret, struct err *err)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < n; i++)
		for (uint64_t at = list[i].start; at < list[i].end; at += page) {
			const struct page_hash *hash = page_hashes_at(before, at);

			if (hash && page_hash_is_known(hash) &&
			    memory_ranges_add(ret, at, at + page, err) < 0)
				return -1;
		}
	return 0;
}

static bool is_compared(const struct vma *vma)
{
	return vma_is_private(vma) && !vma_lost_by_fork(vma);
}

static int add_pages(const struct memory *memory, struct memory_ranges *ret, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (is_compared(vma) &&
		    (range_list_add_to(ret, vma->saved, vma->n_saved, err) < 0 ||
		     range_list_add_to(ret, vma->previous, vma->n_previous, err) < 0 ||
		     range_list_add_to(ret, vma->inherited, vma->n_inherited, err) < 0))
			return -1;
	}
	memory_ranges_sort(ret);
	return 0;
}

static void carry_over(const struct comparison *comparison, const struct range *list, size_t n)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < n; i++)
		for (uint64_t at = list[i].start; at < list[i].end; at += page) {
			const struct page_hash *had = page_hashes_at(comparison->before, at);
			struct page_hash *has = page_hashes_at(comparison->now, at);

			if (had && has)
				*has = *had;
		}
}

static void cleanup_comparison(struct comparison *comparison)
{
	memory_ranges_release(&comparison->equal);
}

static int compare_process(struct dump *dump, const struct target *target,
			   const struct hash_book *before, struct hash_book *now, struct err *err)
{
	struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);
	_cleanup_ranges_ struct memory_ranges all = { 0 }, known = { 0 };
	_cleanup_(cleanup_comparison) struct comparison comparison = {
		.before = hash_book_find(before, KIND_memory, target->own_pid)
	};

	if (add_pages(memory, &all, err) < 0)
		return -1;
	comparison.now = hash_book_add(now, KIND_memory, target->own_pid, &all, err);
	if (!comparison.now)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		carry_over(&comparison, vma->previous, vma->n_previous);
		if (is_compared(vma) &&
		    add_known(comparison.before, vma->saved, vma->n_saved, &known, err) < 0)
			return -1;
	}
	if (target_hash_pages(dump, target, &now->secret, &known, compare, &comparison, err) < 0)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++) {
		struct vma *vma = &memory->vmas[i];

		if (is_compared(vma) &&
		    range_list_move(&comparison.equal, &vma->saved, &vma->n_saved, &vma->previous,
				    &vma->n_previous, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether it is the same object matters little: it is contents that are compared. */
static const struct page_hashes *find_object(const struct hash_book *before,
					     const struct contents *contents)
{
	for (size_t i = 0; i < before->n_of; i++)
		if (before->of[i]->kind == KIND_shm && before->of[i]->dev == contents->dev &&
		    before->of[i]->ino == contents->ino)
			return before->of[i];
	return NULL;
}

static int hash_contents(const struct contents *contents, const struct page_secret *secret,
			 const struct memory_ranges *ranges, struct comparison *comparison,
			 struct err *err)
{
	_cleanup_free_ uint8_t *buffer = malloc(CHUNK);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!buffer)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < ranges->count; i++)
		for (uint64_t at = ranges->list[i].start, n; at < ranges->list[i].end; at += n) {
			n = ranges->list[i].end - at < CHUNK ? ranges->list[i].end - at : CHUNK;
			if (contents_read(contents, at, buffer, n, err) < 0)
				return -1;
			for (uint64_t k = 0; k < n; k += page) {
				struct page_hash hash = page_hash(secret, buffer + k, page);

				if (compare(comparison, at + k, &hash, err) < 0)
					return -1;
			}
		}
	return 0;
}

static int compare_object(struct dump *dump, const struct contents *contents,
			  const struct hash_book *before, struct hash_book *now, struct err *err)
{
	struct shm *shm = IMAGE_GET(&dump->image, shm, contents->id, 0);
	_cleanup_ranges_ struct memory_ranges all = { 0 }, known = { 0 };
	_cleanup_(cleanup_comparison) struct comparison comparison = {
		.before = find_object(before, contents)
	};
	struct page_hashes *has;

	if (range_list_add_to(&all, shm->saved, shm->n_saved, err) < 0)
		return -1;
	has = hash_book_add(now, KIND_shm, shm->id, &all, err);
	if (!has)
		return -1;
	has->dev = contents->dev;
	has->ino = contents->ino;
	comparison.now = has;
	if (add_known(comparison.before, shm->saved, shm->n_saved, &known, err) < 0 ||
	    hash_contents(contents, &now->secret, &known, &comparison, err) < 0 ||
	    range_list_move(&comparison.equal, &shm->saved, &shm->n_saved, &shm->previous,
			    &shm->n_previous, err) < 0)
		return -1;
	if (shm->n_previous)
		shm->before = comparison.before->id;
	return 0;
}

int unchanged_find(struct dump *dump, const struct hash_book *before, struct hash_book *now,
		   struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (compare_process(dump, &dump->targets[i], before, now, err) < 0)
			return err_prefix(err, "%s", dump->targets[i].name);
	for (size_t i = 0; dump->files && i < dump->files->n_contents; i++)
		if (compare_object(dump, &dump->files->contents[i], before, now, err) < 0)
			return err_prefix(err, "shm %u", dump->files->contents[i].id);
	return 0;
}

void unchanged_inherit(const struct dump *dump, const struct hash_book *now)
{
	/* Parents first. */
	for (size_t i = 0; i < dump->n_targets; i++) {
		uint32_t pid = dump->targets[i].own_pid;
		const struct memory *memory = IMAGE_GET(&dump->image, memory, pid, 0);
		const struct process *process = IMAGE_GET(&dump->image, process, pid, 0);
		const struct comparison parent = {
			.before = hash_book_find(now, KIND_memory, process->parent),
			.now = hash_book_find(now, KIND_memory, pid),
		};

		for (size_t k = 0; k < memory->n_vmas; k++)
			carry_over(&parent, memory->vmas[k].inherited, memory->vmas[k].n_inherited);
	}
}
