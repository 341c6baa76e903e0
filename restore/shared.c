/* SPDX-License-Identifier: MIT */
/* Anonymous shared memory: the same pages at several places have to stay the same pages. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/shm.h"
#include "kernel/compat.h"
#include "kernel/readfile.h"
#include "restore/gap.h"
#include "restore/mapping.h"
#include "restore/memory.h"

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
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int proc = -1;
	size_t length;

	proc = proc_open(canvas->pid, err);
	if (proc < 0 || read_file_at(proc, "maps", &text, &length, err) < 0 ||
	    maps_parse(text, length, &maps, err) < 0)
		return -1;
	return gap_find(&maps, memory, canvas->scratch, size, ret_gap, err);
}

/* The saved contents are in a memfd of prestore, which the canvas has inherited. */
static void push_contents(struct remote_batch *batch, const struct shm *shm, int fd, uint64_t at)
{
	for (size_t i = 0; i < shm->n_saved; i++)
		remote_push(batch, REMOTE_CALL(pread64, (uint64_t)fd, at + shm->saved[i].start,
					       shm->saved[i].end - shm->saved[i].start,
					       shm->saved[i].start));
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

static int map_object(struct restore *restore, struct canvas *canvas, const struct memory *memory,
		      const struct shm *shm, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	uint64_t size = (shm->size + 4095) / 4096 * 4096,
		 flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED;
	struct range gap;

	if (shm->huge_page_size)
		flags |= MAP_HUGETLB | (uint64_t)__builtin_ctzl(shm->huge_page_size) << HUGE_SHIFT;
	if (find_gap(canvas, memory, size, &gap, err) < 0)
		return -1;
	remote_push(batch, REMOTE_CALL(mmap, gap.start, size, PROT_READ | PROT_WRITE, flags,
				       (uint64_t)-1, 0));
	push_contents(batch, shm, restore_anonymous_fd(restore, shm->id), gap.start);
	push_places(batch, memory, shm->id, gap.start);
	remote_push(batch, REMOTE_CALL(munmap, gap.start, size));
	if (remote_run_all(&canvas->remote, canvas_leader(canvas), batch, err) < 0)
		return err_prefix(err, "shm object %u", shm->id);
	return 0;
}

int shared_map(struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       struct err *err)
{
	IMAGE_EACH (&restore->image, shm, shm) {
		if (shm->kind == SHM_ANONYMOUS && uses(memory, shm->id) &&
		    map_object(restore, canvas, memory, shm, err) < 0)
			return -1;
	}
	return 0;
}
