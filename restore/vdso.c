/* SPDX-License-Identifier: MIT */
#include "restore/vdso.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/elf_build_id.h"
#include "kernel/fallback.h"
#include "restore/gap.h"
#include "restore/restore.h"
#include "restore/vdso_symbols.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { PARTS_MAX = 8 };

/* The parts of this kernel's: [vvar], [vvar_vclock], [vdso] on 6.18, others on others. */
struct parts {
	const struct map *list[PARTS_MAX];
	size_t n;
	struct range all;
};

static bool is_part(const struct map *map)
{
	return map->kind == MAP_KIND_VDSO || map->kind == MAP_KIND_VVAR ||
	       map->kind == MAP_KIND_VVAR_VCLOCK;
}

static int find_parts(const struct maps *maps, struct parts *ret, struct err *err)
{
	*ret = (struct parts){ 0 };
	for (size_t i = 0; i < maps->count; i++) {
		const struct map *map = &maps->list[i];

		if (!is_part(map))
			continue;
		if (ret->n == PARTS_MAX)
			return err_set(err, ERR_HOST, "this kernel's vDSO has too many parts");
		ret->list[ret->n++] = map;
		if (ret->n == 1)
			ret->all.start = map->start;
		ret->all.end = map->end;
	}
	return 0;
}

static const struct vma *saved_part(const struct memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].kind == VMA_SPECIAL && memory->vmas[i].name &&
		    strcmp(memory->vmas[i].name, name) == 0)
			return &memory->vmas[i];
	return NULL;
}

static bool same_code(const struct canvas *canvas, const struct vma *saved, const struct map *now)
{
	size_t size = now->end - now->start;
	_cleanup_free_ uint8_t *code = malloc(size);
	char build_id[ELF_BUILD_ID_MAX];

	return code && saved->build_id &&
	       memory_read(&canvas->frozen.memory, now->start, code, size, NULL) == 0 &&
	       elf_build_id_of_memory(code, size, build_id) == 1 &&
	       strcmp(build_id, saved->build_id) == 0;
}

/* Code reaches its data by distance, so all parts must lie apart as they did. */
static bool same_parts(const struct canvas *canvas, const struct memory *memory,
		       const struct parts *parts)
{
	uint64_t shift = 0;
	size_t saved_parts = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct map *now = parts->list[i];
		const struct vma *saved = saved_part(memory, now->name);

		if (!saved || saved->range.end - saved->range.start != now->end - now->start)
			return false;
		if (i == 0)
			shift = saved->range.start - now->start;
		if (saved->range.start - now->start != shift)
			return false;
		if (now->kind == MAP_KIND_VDSO && !same_code(canvas, saved, now))
			return false;
	}
	for (size_t i = 0; i < memory->n_vmas; i++)
		saved_parts += memory->vmas[i].kind == VMA_SPECIAL &&
			       strcmp(memory->vmas[i].name, "[vsyscall]") != 0;
	return saved_parts == parts->n;
}

static int move_parts(struct canvas *canvas, const struct parts *parts, uint64_t from, uint64_t to,
		      struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = NULL;

	if (from == to)
		return 0;
	batch = remote_batch_new(&canvas->remote);
	for (size_t i = 0; i < parts->n; i++) {
		uint64_t start = parts->list[i]->start - parts->all.start;
		uint64_t size = parts->list[i]->end - parts->list[i]->start;

		remote_push(batch, REMOTE_CALL(mremap, from + start, size, size,
					       MREMAP_MAYMOVE | MREMAP_FIXED, to + start));
	}
	return canvas_run_all(canvas, batch, err) < 0 ? err_prefix(err, "moving the vDSO") : 0;
}

static bool in_the_way(const struct memory *memory, struct range range)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (range_overlaps(memory->vmas[i].range, range))
			return true;
	return false;
}

int vdso_place(const struct restore *restore, struct canvas *canvas, const struct memory *memory,
	       const struct maps *maps, struct err *err)
{
	struct range gap;
	struct parts parts;
	uint64_t at, to;

	if (find_parts(maps, &parts, err) < 0)
		return -1;
	if (!parts.n)
		return 0;
	if (gap_find(maps, memory, canvas->scratch, parts.all.end - parts.all.start, &gap, err) < 0)
		return -1;
	at = parts.all.start;
	if (feature_on(restore->features, FEATURE_SAME_VDSO) &&
	    same_parts(canvas, memory, &parts)) {
		to = saved_part(memory, parts.list[0]->name)->range.start;
		/* mremap(2) refuses to move onto what it moves. */
		if (range_overlaps(parts.all, (struct range){ to, to + (parts.all.end - at) }) &&
		    to != at) {
			if (move_parts(canvas, &parts, at, gap.start, err) < 0)
				return -1;
			at = gap.start;
		}
		return move_parts(canvas, &parts, at, to, err);
	}
	canvas->redirect_vdso = true;
	if (in_the_way(memory, parts.all)) {
		if (move_parts(canvas, &parts, at, gap.start, err) < 0)
			return -1;
		at = gap.start;
	}
	canvas->own_vdso = (struct range){ at, at + (parts.all.end - parts.all.start) };
	for (size_t i = 0; i < parts.n; i++)
		if (parts.list[i]->kind == MAP_KIND_VDSO)
			canvas->own_vdso.start = at + (parts.list[i]->start - parts.all.start);
	return 0;
}

bool vdso_is_code(const struct canvas *canvas, const struct vma *vma)
{
	return canvas->redirect_vdso && vma->kind == VMA_SPECIAL && vma->n_saved;
}

bool vdso_was_at(const struct canvas *canvas, const struct vma *vma)
{
	return vma->range.start == canvas->saved_vdso.start &&
	       vma->range.end == canvas->saved_vdso.end;
}

static uint8_t *read_code(const struct canvas *canvas, struct range range, struct err *err)
{
	uint8_t *code = malloc(range.end - range.start);

	if (!code) {
		err_sys(err, "out of memory");
		return NULL;
	}
	if (memory_read(&canvas->frozen.memory, range.start, code, range.end - range.start, err) <
	    0) {
		free(code);
		return NULL;
	}
	return code;
}

struct redirection {
	struct canvas *canvas;
	uint64_t from;
	uint64_t to;
	const uint8_t *code; /* of the vDSO that is led to */
	size_t size;
};

/* movabs $target, %r11; jmp *%r11. The calling convention leaves r11 to callees. */
static int redirect_one(void *context, const char *name, uint64_t offset, struct err *err)
{
	const struct redirection *r = context;
	uint8_t jump[13] = { 0x49, 0xbb, [10] = 0x41, 0xff, 0xe3 };
	uint64_t there, target;

	/* A function that this kernel does not have goes on by its own code, which makes the system call. */
	if (!vdso_symbol_find(r->code, r->size, name, &there))
		return 0;
	target = r->to + there;
	memcpy(&jump[2], &target, sizeof(target));
	return memory_write(&r->canvas->frozen.memory, r->from + offset, jump, sizeof(jump), err);
}

int vdso_redirect(struct canvas *canvas, const struct memory *memory, struct err *err)
{
	const struct vma *saved = saved_part(memory, "[vdso]");
	_cleanup_free_ uint8_t *old = NULL, *now = NULL;
	struct redirection redirection;

	if (!canvas->redirect_vdso || !saved)
		return 0;
	canvas->saved_vdso = saved->range;
	old = read_code(canvas, saved->range, err);
	now = read_code(canvas, canvas->own_vdso, err);
	if (!old || !now)
		return -1;
	redirection = (struct redirection){ canvas, saved->range.start, canvas->own_vdso.start, now,
					    canvas->own_vdso.end - canvas->own_vdso.start };
	return vdso_symbols_each(old, saved->range.end - saved->range.start, redirect_one,
				 &redirection, err);
}
