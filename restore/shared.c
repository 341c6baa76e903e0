/* SPDX-License-Identifier: MIT */
/* Anonymous shared memory: the same pages at several places have to stay the same pages. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/shm.h"
#include "kernel/compat.h"
#include "kernel/maps_file.h"
#include "kernel/readfile.h"
#include "restore/gap.h"
#include "restore/mapping.h"
#include "restore/memory.h"
#include "restore/tree.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define HUGE_SHIFT 26

static bool uses(const struct memory *memory, uint32_t id)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].kind == VMA_SHM && memory->vmas[i].contents == id)
			return true;
	return false;
}

static int find_gap(struct canvas *canvas, const struct memory *memory, uint64_t size,
		    struct range *ret_gap, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	_cleanup_close_ int proc = proc_open(canvas->pid, err);

	if (proc < 0 || maps_read_at(proc, "maps", &maps, err) < 0)
		return -1;
	return gap_find(&maps, memory, canvas->scratch, size, ret_gap, err);
}

/*
 * The saved contents are in a memfd of prestore, which the canvas has inherited. One call reads at
 * most 2 GiB (MAX_RW_COUNT).
 */
static void push_ranges(struct remote_batch *batch, const struct range *ranges, size_t n, int fd,
			uint64_t at)
{
	const uint64_t most = 1UL << 30;

	for (size_t i = 0; i < n; i++)
		for (uint64_t from = ranges[i].start; from < ranges[i].end; from += most) {
			uint64_t left = ranges[i].end - from;

			remote_push(batch, REMOTE_CALL(pread64, (uint64_t)fd, at + from,
						       left < most ? left : most, from));
		}
}

static void push_contents(struct remote_batch *batch, const struct shm *shm, int fd, uint64_t at)
{
	push_ranges(batch, shm->saved, shm->n_saved, fd, at);
	push_ranges(batch, shm->previous, shm->n_previous, fd, at);
}

/* An old size of 0 makes mremap(2) map shared pages a second time. */
static void push_places(struct remote_batch *batch, const struct memory *memory, uint32_t id,
			uint64_t at)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		uint64_t length = vma->range.end - vma->range.start;

		if (vma->kind != VMA_SHM || vma->contents != id)
			continue;
		remote_push(batch, REMOTE_CALL(mremap, at + vma->offset, 0, length,
					       MREMAP_MAYMOVE | MREMAP_FIXED, vma->range.start));
		if (vma->prot != (PROT_READ | PROT_WRITE))
			remote_push(batch,
				    REMOTE_CALL(mprotect, vma->range.start, length, vma->prot));
	}
}

/*
 * Huge pages cannot be mapped a second time by mremap(2), so they are mapped where they belong: that
 * is possible if they belong to one place. Several VMAs of it differ in their protection.
 */
static int push_huge(struct remote_batch *batch, const struct memory *memory, const struct shm *shm,
		     int fd, struct err *err)
{
	uint64_t flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_HUGETLB |
			 (uint64_t)__builtin_ctzl(shm->huge_page_size) << HUGE_SHIFT;
	const struct vma *first = NULL, *last = NULL;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (vma->kind != VMA_SHM || vma->contents != shm->id)
			continue;
		if (last && (vma->range.start != last->range.end ||
			     vma->offset != last->offset + last->range.end - last->range.start))
			return err_set(err, ERR_UNSUPPORTED,
				       "shared huge pages that are mapped in several places");
		first = first ? first : vma;
		last = vma;
	}
	remote_push(batch,
		    REMOTE_CALL(mmap, first->range.start, last->range.end - first->range.start,
				PROT_READ | PROT_WRITE, flags, (uint64_t)-1, 0));
	push_contents(batch, shm, fd, first->range.start - first->offset);
	for (const struct vma *vma = first; vma <= last; vma++)
		if (vma->prot != (PROT_READ | PROT_WRITE))
			remote_push(batch,
				    REMOTE_CALL(mprotect, vma->range.start,
						vma->range.end - vma->range.start, vma->prot));
	return 0;
}

static int map_huge(struct restore *restore, struct canvas *canvas, const struct memory *memory,
		    const struct shm *shm, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);

	if (push_huge(batch, memory, shm, restore_anonymous_fd(restore, shm->id), err) < 0 ||
	    canvas_run_all(canvas, batch, err) < 0)
		return err_prefix(err, "shm object %u", shm->id);
	return 0;
}

static int map_object(struct restore *restore, struct canvas *canvas, const struct memory *memory,
		      const struct shm *shm, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	uint64_t size = (shm->size + 4095) / 4096 * 4096,
		 flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
	struct range gap;

	if (find_gap(canvas, memory, size, &gap, err) < 0)
		return -1;
	remote_push(batch, REMOTE_CALL(mmap, gap.start, size, PROT_READ | PROT_WRITE, flags,
				       (uint64_t)-1, 0));
	push_contents(batch, shm, restore_anonymous_fd(restore, shm->id), gap.start);
	push_places(batch, memory, shm->id, gap.start);
	remote_push(batch, REMOTE_CALL(munmap, gap.start, size));
	if (canvas_run_all(canvas, batch, err) < 0)
		return err_prefix(err, "shm object %u", shm->id);
	return 0;
}

int shared_map(struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       struct err *err)
{
	IMAGE_EACH (&restore->image, shm, shm) {
		if (shm->kind != SHM_ANONYMOUS || tree_shares(restore, shm) ||
		    !uses(memory, shm->id))
			continue;
		if (shm->huge_page_size ? map_huge(restore, canvas, memory, shm, err) < 0
					: map_object(restore, canvas, memory, shm, err) < 0)
			return -1;
	}
	return 0;
}
