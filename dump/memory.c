/* SPDX-License-Identifier: MIT */
/* The address space: VMAs, what backs them, and the pages that only the process has. */
#include "format/memory.h"

#include "dump/dump.h"
#include "dump/facts.h"
#include "dump/file.h"
#include "dump/inherited.h"
#include "dump/mapped.h"
#include "dump/memory.h"
#include "dump/page_hashing.h"
#include "dump/range_lists.h"
#include "dump/rseq.h"
#include "dump/scan_ahead.h"
#include "dump/snapshot.h"
#include "dump/zeros.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/page_source.h"
#include "format/pimage.h"
#include "kernel/elf_build_id.h"
#include "kernel/pagetable.h"
#include "kernel/proc_auxv.h"
#include "kernel/readfile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* The kernel's flags of a mapping and ours: those that restore has to set again. */
struct flag_pair {
	uint64_t from;
	uint32_t to;
};
static const struct flag_pair flag_pairs[] = {
	{ MAP_FLAG(GD), VMA_GROWS_DOWN },    { MAP_FLAG(LO), VMA_LOCKED },
	{ MAP_FLAG(LF), VMA_LOCK_ON_FAULT }, { MAP_FLAG(NR), VMA_NO_RESERVE },
	{ MAP_FLAG(HT), VMA_HUGETLB },	     { MAP_FLAG(DP), VMA_DROPPABLE },
	{ MAP_FLAG(SL), VMA_SEALED },
};
static const struct flag_pair advice_pairs[] = {
	{ MAP_FLAG(SR), ADVICE_SEQUENTIAL }, { MAP_FLAG(RR), ADVICE_RANDOM },
	{ MAP_FLAG(DC), ADVICE_DONTFORK },   { MAP_FLAG(DD), ADVICE_DONTDUMP },
	{ MAP_FLAG(WF), ADVICE_WIPEONFORK }, { MAP_FLAG(MG), ADVICE_MERGEABLE },
	{ MAP_FLAG(HG), ADVICE_HUGEPAGE },   { MAP_FLAG(NH), ADVICE_NOHUGEPAGE },
};
#define TRANSLATE(flags, pairs) translate(flags, pairs, sizeof(pairs) / sizeof(*(pairs)))

static uint32_t translate(uint64_t flags, const struct flag_pair *pairs, size_t n)
{
	uint32_t result = 0;

	for (size_t i = 0; i < n; i++)
		if (flags & pairs[i].from)
			result |= pairs[i].to;
	return result;
}

/* Mappings that cannot be saved, by a flag that tells them. */
static const struct {
	uint64_t flag;
	const char *what;
	const char *remedy;
} refused_flags[] = {
	{ MAP_FLAG(IO), "is memory of a device", "let the program unmap it" },
	{ MAP_FLAG(UM) | MAP_FLAG(UW) | MAP_FLAG(UI), "is watched by a userfaultfd",
	  "after prestore --lazy wait until all pages are in; else let the program unmap it" },
	{ MAP_FLAG(SS), "is a shadow stack", "let the program unmap it" },
};

static int refuse(struct dump *dump, const struct target *target, const struct map *map,
		  const char *what, const char *remedy)
{
	problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
		     "mapping 0x%lx-0x%lx %s %s, which is not supported", map->start, map->end,
		     map->name ? map->name : "", what);
	problems_remedy(&dump->problems, "%s", remedy);
	return 0;
}

static int no_backing(struct dump *dump, struct target *target, const struct map *map,
		      struct vma *vma, struct err *err)
{
	(void)dump;
	(void)target;
	(void)map;
	(void)err;
	vma->kind = VMA_ANONYMOUS;
	return 0;
}

static int special_backing(struct dump *dump, struct target *target, const struct map *map,
			   struct vma *vma, struct err *err)
{
	(void)dump;
	(void)target;
	vma->kind = VMA_SPECIAL;
	vma->name = strdup(map->name);
	return vma->name ? 0 : err_sys(err, "out of memory");
}

static int hugetlb_backing(struct dump *dump, struct target *target, const struct map *map,
			   struct vma *vma, struct err *err)
{
	return map->shared ? mapped_contents(dump, target, map, vma, err)
			   : no_backing(dump, target, map, vma, err);
}

static int refused_backing(struct dump *dump, struct target *target, const struct map *map,
			   struct vma *vma, struct err *err)
{
	(void)err;
	vma->kind = VMA_ANONYMOUS;
	return refuse(dump, target, map, "is an object of the kernel", "let the program unmap it");
}

/* What is behind a mapping, by what the kernel calls it. */
typedef int backing(struct dump *dump, struct target *target, const struct map *map,
		    struct vma *vma, struct err *err);
static backing *const backings[] = {
	[MAP_KIND_ANON] = no_backing,
	[MAP_KIND_HEAP] = no_backing,
	[MAP_KIND_STACK] = no_backing,
	[MAP_KIND_FILE] = mapped_file,
	[MAP_KIND_SHMEM] = mapped_contents,
	[MAP_KIND_HUGETLB] = hugetlb_backing,
	[MAP_KIND_SYSV] = refused_backing,
	[MAP_KIND_MEMFD] = mapped_contents,
	[MAP_KIND_ANON_INODE] = refused_backing,
	[MAP_KIND_VDSO] = special_backing,
	[MAP_KIND_VVAR] = special_backing,
	[MAP_KIND_VVAR_VCLOCK] = special_backing,
	[MAP_KIND_VSYSCALL] = special_backing,
	[MAP_KIND_UPROBES] = refused_backing,
	[MAP_KIND_SPECIAL] = refused_backing,
};

static int collect_vma(struct dump *dump, struct target *target, const struct map *map,
		       struct memory *memory, struct err *err)
{
	struct vma *vma = LIST_ADD(memory, vmas, err);

	if (!vma)
		return -1;
	vma->range = (struct range){ map->start, map->end };
	vma->prot = map->prot;
	vma->flags = TRANSLATE(map->flags, flag_pairs);
	vma->advice = TRANSLATE(map->flags, advice_pairs);
	vma->protection_key = map->protection_key;
	if (map->shared)
		vma->flags |= VMA_SHARED | (map->flags & MAP_FLAG(MW) ? VMA_MAY_WRITE : 0);
	if (map->flags & MAP_FLAG(HT))
		vma->huge_page_size = map->page_kb * 1024;
	/* Private file mappings keep no offset of their own: what is anonymous shows 0. */
	if (map->anon_name) {
		vma->name = strdup(map->anon_name);
		if (!vma->name)
			return err_sys(err, "out of memory");
	}
	for (size_t i = 0; i < sizeof(refused_flags) / sizeof(*refused_flags); i++)
		if (map->flags & refused_flags[i].flag && map->kind < MAP_KIND_VDSO)
			return refuse(dump, target, map, refused_flags[i].what,
				      refused_flags[i].remedy);
	return backings[map->kind](dump, target, map, vma, err);
}

static int collect_auxv(const struct target *target, struct memory *memory, struct err *err)
{
	_cleanup_(proc_auxv_release) struct proc_auxv auxv = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (facts_text(target, "auxv", &text, &size, err) < 0 ||
	    proc_auxv_parse(text, size, &auxv, err) < 0)
		return -1;
	for (size_t i = 0; i < auxv.count; i++) {
		struct auxv_item *item = LIST_ADD(memory, auxv, err);

		if (!item)
			return -1;
		*item = (struct auxv_item){ (uint32_t)auxv.list[i].type, auxv.list[i].value };
	}
	return 0;
}

/* Where the heap ends is shown nowhere. */
static int memory_ask(struct dump *dump, struct target *target, struct err *err)
{
	(void)dump;
	if (!target_ask(target, KIND_memory, 1, err))
		return -1;
	remote_push(target->batch, REMOTE_CALL(brk, 0));
	return 0;
}

static void collect_layout(const struct target *target, struct layout *layout)
{
	const struct proc_stat *stat = &target->stat;

	*layout = (struct layout){
		.start_code = stat->startcode,
		.end_code = stat->endcode,
		.start_data = stat->start_data,
		.end_data = stat->end_data,
		.start_brk = stat->start_brk,
		.start_stack = stat->startstack,
		.arg_start = stat->arg_start,
		.arg_end = stat->arg_end,
		.env_start = stat->env_start,
		.env_end = stat->env_end,
	};
	if (target->remote)
		layout->brk = (uint64_t)remote_result(target->batch,
						      target->questions[KIND_memory].first);
}

static int add_range(struct range **ranges, size_t *n, uint64_t start, uint64_t end,
		     struct err *err)
{
	struct range *range = list_add((void **)ranges, n, sizeof(*range), err);

	if (!range)
		return -1;
	*range = (struct range){ start, end };
	return 0;
}

/* Deals ascending ranges out to the VMAs they lie in; what lies in none (our scratch memory) is left out. */
struct dealing {
	struct memory *memory;
	bool (*wants)(const struct vma *vma);
	size_t list_offset;
	size_t count_offset;
};

static int deal(const struct dealing *dealing, const struct memory_ranges *ranges, struct err *err)
{
	struct memory *memory = dealing->memory;
	size_t v = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		uint64_t at = ranges->list[i].start, end = ranges->list[i].end;

		while (v < memory->n_vmas && memory->vmas[v].range.end <= at)
			v++;
		for (size_t k = v; k < memory->n_vmas && memory->vmas[k].range.start < end; k++) {
			struct vma *vma = &memory->vmas[k];
			uint64_t from = at > vma->range.start ? at : vma->range.start;
			uint64_t to = end < vma->range.end ? end : vma->range.end;

			if (dealing->wants(vma) &&
			    add_range((struct range **)((char *)vma + dealing->list_offset),
				      (size_t *)((char *)vma + dealing->count_offset), from, to,
				      err) < 0)
				return -1;
		}
	}
	return 0;
}

static bool is_private(const struct vma *vma)
{
	return !(vma->flags & VMA_SHARED) && vma->kind != VMA_SPECIAL;
}

/* Not in a copy, empty there, or the process may take them from it (kernel/copy.h). */
bool vma_lost_by_fork(const struct vma *vma)
{
	return is_private(vma) && ((vma->advice & (ADVICE_DONTFORK | ADVICE_WIPEONFORK)) ||
				   (vma->flags & VMA_HUGETLB));
}

static bool is_forked(const struct vma *vma)
{
	return is_private(vma) && !vma_lost_by_fork(vma);
}

static bool is_lost_file(const struct vma *vma)
{
	return vma_lost_by_fork(vma) && vma->kind != VMA_ANONYMOUS;
}

static bool is_forked_file(const struct vma *vma)
{
	return is_forked(vma) && vma->kind != VMA_ANONYMOUS;
}

/* The kernel makes another vDSO on another kernel, so its code is saved whatever the page tables say. */
static int save_vdso(const struct target *target, struct vma *vma, struct err *err)
{
	size_t size = vma->range.end - vma->range.start;
	_cleanup_free_ uint8_t *code = malloc(size);
	char build_id[ELF_BUILD_ID_MAX];

	if (!code)
		return err_sys(err, "out of memory");
	if (memory_read(&target->memory, vma->range.start, code, size, err) < 0)
		return -1;
	if (elf_build_id_of_memory(code, size, build_id)) {
		vma->build_id = strdup(build_id);
		if (!vma->build_id)
			return err_sys(err, "out of memory");
	}
	return add_range(&vma->saved, &vma->n_saved, vma->range.start, vma->range.end, err);
}

static int save_vdsos(const struct target *target, struct memory *memory, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		struct vma *vma = &memory->vmas[i];

		if (vma->kind == VMA_SPECIAL && strcmp(vma->name, "[vdso]") == 0 &&
		    save_vdso(target, vma, err) < 0)
			return -1;
	}
	return 0;
}

/* Own pages within private mappings, as one ascending list; and guard pages. */
static int own_ranges(const struct memory *memory, const struct process_memory *source,
		      struct scan_ahead *ahead, struct memory_ranges *ret,
		      struct memory_ranges *ret_guard, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges own = { 0 };
	size_t v = 0;

	if (scan_ahead_take(ahead, source, &own, ret_guard, err) < 0)
		return -1;
	for (size_t i = 0; i < own.count; i++) {
		while (v < memory->n_vmas && memory->vmas[v].range.end <= own.list[i].start)
			v++;
		for (size_t k = v;
		     k < memory->n_vmas && memory->vmas[k].range.start < own.list[i].end; k++) {
			const struct range *r = &memory->vmas[k].range;
			uint64_t from = own.list[i].start > r->start ? own.list[i].start : r->start;
			uint64_t to = own.list[i].end < r->end ? own.list[i].end : r->end;

			if (is_private(&memory->vmas[k]) &&
			    memory_ranges_add(ret, from, to, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* The same of mappings only that a copy will not have. */
static int lost_ranges(const struct target *target, const struct memory *memory,
		       struct memory_ranges *ret, struct memory_ranges *ret_guard, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		const struct range *r = &memory->vmas[i].range;

		if (vma_lost_by_fork(&memory->vmas[i]) &&
		    (pagetable_scan(&target->memory, r->start, r->end, PAGETABLE_OWN, ret, err) <
			     0 ||
		     pagetable_scan(&target->memory, r->start, r->end, PAGETABLE_GUARD, ret_guard,
				    err) < 0))
			return -1;
	}
	return 0;
}

static int deal_pages(struct memory *memory, bool (*wants)(const struct vma *vma),
		      const struct memory_ranges *own, const struct memory_ranges *guard,
		      struct err *err)
{
	const struct dealing save = { memory, wants, offsetof(struct vma, saved),
				      offsetof(struct vma, n_saved) };
	const struct dealing guards = { memory, wants, offsetof(struct vma, guard),
					offsetof(struct vma, n_guard) };

	return deal(&save, own, err) < 0 ? -1 : deal(&guards, guard, err);
}

static int collect_pages(const struct target *target, struct memory *memory, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges own = { 0 }, guard = { 0 };

	if (target->late
		    ? lost_ranges(target, memory, &own, &guard, err) < 0
		    : own_ranges(memory, &target->memory, target->ahead, &own, &guard, err) < 0)
		return -1;
	if (save_vdsos(target, memory, err) < 0)
		return -1;
	return deal_pages(memory, is_private, &own, &guard, err);
}

int memory_collect_late(struct memory *memory, const struct process_memory *from,
			struct scan_ahead *ahead, struct err *err)
{
	_cleanup_ranges_ struct memory_ranges own = { 0 }, guard = { 0 };

	if (own_ranges(memory, from, ahead, &own, &guard, err) < 0)
		return -1;
	return deal_pages(memory, is_forked, &own, &guard, err);
}

/* The saved ranges of the VMAs wanted, which are left with none. */
static int take_saved(struct memory *memory, bool (*wants)(const struct vma *vma),
		      struct memory_ranges *ret, struct err *err)
{
	for (size_t i = 0; i < memory->n_vmas; i++) {
		struct vma *vma = &memory->vmas[i];

		if (!wants(vma))
			continue;
		if (range_list_add_to(ret, vma->saved, vma->n_saved, err) < 0)
			return -1;
		free(vma->saved);
		vma->saved = NULL;
		vma->n_saved = 0;
	}
	return 0;
}

/* Which private mappings are looked at, and those among them whose pages of zeros have to be recorded. */
struct sieve {
	bool (*wants)(const struct vma *vma);
	bool (*wants_blank)(const struct vma *vma);
	const struct memory_ranges *inherited; /* pages known to be as the parent's */
};

/* Through the snapshot, if it has one. */
static int sift(struct memory *memory, const struct target *from, const struct sieve *sieve,
		struct err *err)
{
	_cleanup_ranges_ struct memory_ranges own = { 0 }, rest = { 0 }, zero = { 0 },
					      other = { 0 };
	const struct dealing save = { memory, sieve->wants, offsetof(struct vma, saved),
				      offsetof(struct vma, n_saved) };
	const struct dealing blank = { memory, sieve->wants_blank, offsetof(struct vma, zero),
				       offsetof(struct vma, n_zero) };
	const struct dealing inherit = { memory, sieve->wants, offsetof(struct vma, inherited),
					 offsetof(struct vma, n_inherited) };

	if (take_saved(memory, sieve->wants, &own, err) < 0 ||
	    memory_ranges_split(&own, sieve->inherited, NULL, &rest, err) < 0 ||
	    zeros_find(memory, from, &rest, &zero, &other, err) < 0 ||
	    deal(&save, &other, err) < 0 || deal(&inherit, sieve->inherited, err) < 0)
		return -1;
	return deal(&blank, &zero, err);
}

int memory_sift_lost(struct memory *memory, const struct target *from, struct err *err)
{
	const struct memory_ranges none = { 0 };
	const struct sieve sieve = { vma_lost_by_fork, is_lost_file, &none };

	return sift(memory, from, &sieve, err);
}

static int settle(struct dump *dump, struct target *target, const struct memory_ranges *inherited,
		  struct err *err)
{
	struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);
	const struct snapshot *snapshot = target->snapshot;
	const struct sieve sieve = { is_forked, is_forked_file, inherited };

	/* Of those that a copy would not have it was done before the copy was made. */
	if ((!snapshot || snapshot_is_apart(snapshot)) && memory_sift_lost(memory, target, err) < 0)
		return -1;
	if (sift(memory, target, &sieve, err) < 0)
		return -1;
	if (!inherited->count)
		return 0;
	return pimage_require(IMAGE_GET(&dump->image, pimage, 0, 0), FEATURE_INHERITED_PAGES, err);
}

/* Parents first: only what a parent has in the image by itself or from its own parent can be had of it. */
static int settle_all(struct dump *dump, struct memory_ranges *inherited, struct err *err)
{
	for (size_t i = 0; i < dump->n_targets; i++) {
		struct target *target = &dump->targets[i];

		if (settle(dump, target, &inherited[i], err) < 0 ||
		    inherited_find(dump, target, inherited, err) < 0)
			return err_prefix(err, "%s", target->name);
	}
	return 0;
}

static int memory_settle(struct dump *dump, struct err *err)
{
	_cleanup_free_ struct memory_ranges *inherited =
		calloc(dump->n_targets + 1, sizeof(*inherited));
	int ret;

	if (!inherited)
		return err_sys(err, "out of memory");
	ret = settle_all(dump, inherited, err);
	for (size_t i = 0; i < dump->n_targets; i++)
		memory_ranges_release(&inherited[i]);
	return ret;
}

static int memory_collect(struct dump *dump, struct target *target, struct err *err)
{
	struct memory *memory = IMAGE_ADD(&dump->image, memory, target->own_pid, 0, err);

	if (!memory)
		return -1;
	for (size_t i = 0; i < target->maps.count; i++)
		if (collect_vma(dump, target, &target->maps.list[i], memory, err) < 0)
			return err_prefix(err, "mapping 0x%lx", target->maps.list[i].start);
	if (collect_auxv(target, memory, err) < 0)
		return -1;
	collect_layout(target, &memory->layout);
	return target->frozen ? collect_pages(target, memory, err) : 0;
}

static struct target *target_of(const struct dump *dump, uint32_t own_pid)
{
	for (size_t i = 0; i < dump->n_targets; i++)
		if (dump->targets[i].own_pid == own_pid)
			return &dump->targets[i];
	return NULL;
}

static int memory_write_pages(struct dump *dump, const void *record, struct key key,
			      struct page_writer *writer, struct err *err)
{
	_cleanup_run_pages_ struct run_pages *pages = NULL;
	const struct memory *memory = record;
	struct rseq_memory *source;
	char folder[64];

	source = rseq_memory_new(&dump->image, key.first, snapshot_read, target_of(dump, key.first),
				 err);
	pages = source ? hashed_run_pages(dump, KIND_memory, key.first, rseq_memory_read, source,
					  rseq_memory_free, err)
		       : NULL;
	if (!pages)
		return -1;
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (runs_add(&pages->runs, memory->vmas[i].saved, memory->vmas[i].n_saved, err) < 0)
			return -1;
	snprintf(folder, sizeof(folder), "processes/%u/pages", key.first);
	return write_runs(writer, folder, pages, err);
}

const struct dumper memory_dumper = { .ask = memory_ask,
				      .collect = memory_collect,
				      .settle = memory_settle,
				      .write_pages = memory_write_pages };
