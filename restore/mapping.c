/* SPDX-License-Identifier: MIT */
#include "restore/mapping.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/shm.h"
#include "kernel/compat.h"
#include "restore/shm.h"
#include "restore/tree.h"
#include "restore/vdso.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define MAP_TYPE_DROPPABLE 0x08
#define HUGE_SHIFT	   26

/* Of a shared file or object a mapping may only become writable if its descriptor is. */
static bool wants_writable(const struct vma *vma)
{
	return vma->flags & VMA_SHARED && vma->flags & VMA_MAY_WRITE;
}

bool mapping_wants_writable(const struct memory *memory, uint32_t file)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].kind == VMA_FILE && memory->vmas[i].file == file &&
		    wants_writable(&memory->vmas[i]))
			return true;
	return false;
}

static const struct mapped_file *file_of(const struct memory *memory, uint32_t id)
{
	for (size_t i = 0; i < memory->n_mapped_files; i++)
		if (memory->mapped_files[i].id == id)
			return &memory->mapped_files[i];
	return NULL;
}

/* One descriptor is enough for all processes that have mapped the file. */
static const struct made_mapping *find(const struct restore *restore, uint32_t own_pid,
				       const struct vma *vma)
{
	const struct mapped_file *file =
		file_of(IMAGE_GET(&restore->image, memory, own_pid, 0), vma->file);

	for (size_t i = restore->n_mappings; i-- > 0;) {
		const struct made_mapping *m = &restore->mappings[i];

		if (m->file && m->writable == wants_writable(vma) &&
		    file_id_same(m->file, &file->file))
			return m;
	}
	return NULL;
}

int mapping_make(struct restore *restore, uint32_t own_pid, const struct memory *memory,
		 const struct vma *vma, struct err *err)
{
	const struct mapped_file *file = file_of(memory, vma->file);
	struct made_mapping *mapping;
	char buffer[4096];
	const char *path;
	int fd;

	if (vma->kind != VMA_FILE || find(restore, own_pid, vma))
		return 0;
	path = restore_path(restore, file->file.path, buffer, sizeof(buffer));
	fd = open(path, (wants_writable(vma) ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, "cannot open %s", path);
	fd = restore_keep_fd(restore, fd, err);
	if (fd < 0)
		return -1;
	mapping = LIST_ADD(restore, mappings, err);
	if (!mapping)
		return -1;
	*mapping = (struct made_mapping){ .file = &file->file,
					  .writable = wants_writable(vma),
					  .fd = fd };
	return 0;
}

static bool is_filled(const struct vma *vma)
{
	return vma->n_saved || vma->n_inherited || vma->n_previous || vma->n_same || vma->n_zero;
}

/*
 * Neighbours that differ in nothing: the kernel has not merged them because their pages do not follow one another in its
 * eyes (one was moved there by mremap(2), say), and mapped the ordinary way they would become one.
 */
bool mapping_stands_apart(const struct memory *memory, const struct vma *vma)
{
	const struct vma *before = vma - 1;

	return vma != memory->vmas && vma->kind == VMA_ANONYMOUS && before->kind == VMA_ANONYMOUS &&
	       before->range.end == vma->range.start && before->prot == vma->prot &&
	       before->flags == vma->flags && !(vma->flags & (VMA_HUGETLB | VMA_GROWS_DOWN)) &&
	       before->advice == vma->advice && before->protection_key == vma->protection_key &&
	       !before->name && !vma->name;
}

/* While its pages are put in. */
uint32_t mapping_filling_prot(const struct memory *memory, const struct vma *vma)
{
	return is_filled(vma) || mapping_stands_apart(memory, vma) ? PROT_READ | PROT_WRITE
								   : vma->prot;
}

static uint64_t map_flags(const struct vma *vma)
{
	uint64_t flags = MAP_FIXED;

	if (vma->flags & VMA_SHARED)
		flags |= MAP_SHARED;
	else
		flags |= vma->flags & VMA_DROPPABLE ? MAP_TYPE_DROPPABLE : MAP_PRIVATE;
	if (vma->kind == VMA_ANONYMOUS || vma->kind == VMA_SPECIAL)
		flags |= MAP_ANONYMOUS;
	if (vma->flags & VMA_GROWS_DOWN)
		flags |= MAP_GROWSDOWN;
	if (vma->flags & VMA_NO_RESERVE)
		flags |= MAP_NORESERVE;
	if (vma->flags & VMA_HUGETLB && vma->kind == VMA_ANONYMOUS && vma->huge_page_size)
		flags |= MAP_HUGETLB | (uint64_t)__builtin_ctzl(vma->huge_page_size) << HUGE_SHIFT;
	return flags;
}

static bool is_anonymous_shm(const struct restore *restore, const struct vma *vma)
{
	const struct shm *shm = IMAGE_GET(&restore->image, shm, vma->contents, 0);

	return vma->kind == VMA_SHM && shm->kind == SHM_ANONYMOUS && !tree_shares(restore, shm);
}

/*
 * Made elsewhere, touched so that the kernel remembers where its pages are from, and moved; then the page is given back. Any
 * call that writes to memory would do to touch it.
 */
static void push_apart(struct remote_batch *batch, const struct vma *vma, uint64_t elsewhere)
{
	uint64_t length = vma->range.end - vma->range.start;

	remote_push(batch, REMOTE_CALL(mmap, elsewhere, length, PROT_READ | PROT_WRITE,
				       map_flags(vma), (uint64_t)-1, 0));
	remote_push(batch, REMOTE_CALL(clock_gettime, CLOCK_MONOTONIC, elsewhere));
	remote_push(batch, REMOTE_CALL(mremap, elsewhere, length, length,
				       MREMAP_MAYMOVE | MREMAP_FIXED, vma->range.start));
	remote_push(batch, REMOTE_CALL(madvise, vma->range.start, length, MADV_DONTNEED));
}

int mapping_push(const struct restore *restore, const struct canvas *canvas,
		 const struct memory *memory, const struct vma *vma, uint64_t elsewhere,
		 struct remote_batch *batch, struct err *err)
{
	uint64_t length = vma->range.end - vma->range.start;
	int fd = -1;

	if ((vma->kind == VMA_SPECIAL && !vdso_is_code(canvas, vma)) ||
	    is_anonymous_shm(restore, vma))
		return 0;
	if (mapping_stands_apart(memory, vma)) {
		push_apart(batch, vma, elsewhere);
		return 0;
	}
	if (vma->kind == VMA_FILE)
		fd = find(restore, canvas->own_pid, vma)->fd;
	if (vma->kind == VMA_SHM) {
		fd = shm_map_fd(restore, vma->contents, wants_writable(vma));
		if (fd < 0)
			fd = restore_anonymous_fd(restore, vma->contents);
		if (fd < 0)
			return err_set(err, ERR_FAILED, "mapping 0x%lx: shm object %u is not there",
				       vma->range.start, vma->contents);
	}
	remote_push(batch,
		    REMOTE_CALL(mmap, vma->range.start, length, mapping_filling_prot(memory, vma),
				map_flags(vma), (uint64_t)fd, vma->offset));
	return 0;
}

uint64_t mapping_apart_size(const struct memory *memory)
{
	uint64_t size = 0;

	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];

		if (mapping_stands_apart(memory, vma) && vma->range.end - vma->range.start > size)
			size = vma->range.end - vma->range.start;
	}
	return size;
}

static const struct {
	uint32_t flag;
	int advice;
} advices[] = {
	{ ADVICE_SEQUENTIAL, MADV_SEQUENTIAL }, { ADVICE_RANDOM, MADV_RANDOM },
	{ ADVICE_DONTFORK, MADV_DONTFORK },	{ ADVICE_DONTDUMP, MADV_DONTDUMP },
	{ ADVICE_WIPEONFORK, MADV_WIPEONFORK }, { ADVICE_MERGEABLE, MADV_MERGEABLE },
	{ ADVICE_HUGEPAGE, MADV_HUGEPAGE },	{ ADVICE_NOHUGEPAGE, MADV_NOHUGEPAGE },
};

static bool is_mapped_here(const struct canvas *canvas, const struct vma *vma)
{
	return vma->kind != VMA_SPECIAL || vdso_is_code(canvas, vma);
}

static bool is_advised(const struct canvas *canvas, const struct vma *vma, uint32_t flag)
{
	return vma->advice & flag && is_mapped_here(canvas, vma);
}

/* One call for all that follow one another, as the stacks of threads do. */
static void push_advice(const struct canvas *canvas, const struct memory *memory, uint32_t flag,
			int advice, struct remote_batch *batch)
{
	const struct vma *vmas = memory->vmas;

	for (size_t i = 0, next; i < memory->n_vmas; i = next) {
		uint64_t start = vmas[i].range.start, end = vmas[i].range.end;

		next = i + 1;
		if (!is_advised(canvas, &vmas[i], flag))
			continue;
		for (; next < memory->n_vmas && vmas[next].range.start == end &&
		       is_advised(canvas, &vmas[next], flag);
		     next++)
			end = vmas[next].range.end;
		remote_push(batch, REMOTE_CALL(madvise, start, end - start, advice));
	}
}

static void push_guards(struct remote_batch *batch, const struct vma *vma)
{
	for (size_t i = 0; i < vma->n_guard; i++)
		remote_push(batch, REMOTE_CALL(madvise, vma->guard[i].start,
					       vma->guard[i].end - vma->guard[i].start,
					       MADV_GUARD_INSTALL));
}

static void push_lock(struct remote_batch *batch, const struct vma *vma, uint64_t length)
{
	if (vma->flags & VMA_LOCKED)
		remote_push(batch, REMOTE_CALL(mlock2, vma->range.start, length,
					       vma->flags & VMA_LOCK_ON_FAULT ? MLOCK_ONFAULT : 0));
}

static void push_prot(struct remote_batch *batch, const struct memory *memory,
		      const struct vma *vma, uint64_t length)
{
	if (vma->protection_key)
		remote_push(batch, REMOTE_CALL(pkey_mprotect, vma->range.start, length, vma->prot,
					       vma->protection_key));
	else if (mapping_filling_prot(memory, vma) != vma->prot)
		remote_push(batch, REMOTE_CALL(mprotect, vma->range.start, length, vma->prot));
}

static void push_name(struct remote_batch *batch, const struct vma *vma, uint64_t length)
{
	if (vma->name && vma->kind != VMA_SPECIAL)
		remote_push(batch,
			    REMOTE_CALL(prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, vma->range.start,
					length,
					remote_data(batch, vma->name, strlen(vma->name) + 1)));
}

/* Which keys a process has allocated is known only by their use; the kernel gives the lowest free one. */
static void push_keys(struct remote_batch *batch, const struct memory *memory)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].protection_key > highest)
			highest = memory->vmas[i].protection_key;
	for (uint32_t key = 1; key <= highest; key++)
		remote_push(batch, REMOTE_CALL(pkey_alloc, 0, 0));
}

void mapping_finish(struct canvas *canvas, const struct memory *memory, struct remote_batch *batch)
{
	push_keys(batch, memory);
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++)
		push_advice(canvas, memory, advices[i].flag, advices[i].advice, batch);
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct vma *vma = &memory->vmas[i];
		uint64_t length = vma->range.end - vma->range.start;

		if (!is_mapped_here(canvas, vma))
			continue;
		push_guards(batch, vma);
		push_lock(batch, vma, length);
		push_prot(batch, memory, vma, length);
		push_name(batch, vma, length);
		if (vma->flags & VMA_SEALED)
			remote_push(batch, REMOTE_CALL(mseal, vma->range.start, length, 0));
	}
}
