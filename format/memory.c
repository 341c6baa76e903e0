/* SPDX-License-Identifier: MIT */
#include "format/memory.h"

#include "format/names.h"
#include "format/search.h"

const struct name vma_kind_names[] = {
	{ "anonymous", VMA_ANONYMOUS },
	{ "file", VMA_FILE },
	{ "shm", VMA_SHM },
	{ "special", VMA_SPECIAL },
	{},
};

const struct name vma_flag_names[] = {
	{ "shared", VMA_SHARED },	  { "grows_down", VMA_GROWS_DOWN },
	{ "locked", VMA_LOCKED },	  { "lock_on_fault", VMA_LOCK_ON_FAULT },
	{ "no_reserve", VMA_NO_RESERVE }, { "may_write", VMA_MAY_WRITE },
	{ "hugetlb", VMA_HUGETLB },	  { "droppable", VMA_DROPPABLE },
	{ "sealed", VMA_SEALED },	  {},
};

const struct name vma_advice_names[] = {
	{ "sequential", ADVICE_SEQUENTIAL },
	{ "random", ADVICE_RANDOM },
	{ "dontfork", ADVICE_DONTFORK },
	{ "dontdump", ADVICE_DONTDUMP },
	{ "wipeonfork", ADVICE_WIPEONFORK },
	{ "mergeable", ADVICE_MERGEABLE },
	{ "hugepage", ADVICE_HUGEPAGE },
	{ "nohugepage", ADVICE_NOHUGEPAGE },
	{},
};

static const struct field same_fields[] = {
	RANGE(struct same, range, 0, "Addresses of the pages."),
	UINT(struct same, process, 0,
	     "Process that has such pages; one that stands before in pids."),
	HEX(struct same, address, 0, "Where it has the first of them; the others follow."),
	{}
};
static const struct record same_record =
	RECORD_OF(struct same, "same", same_fields, "Pages that are as those of another process.");
static const struct field item_same = ITEM_RECORD(struct same, same_record);

static const struct field vma_fields[] = {
	RANGE(struct vma, range, 0, "First address and the one after the last."),
	FLAGS(struct vma, prot, 0, mmap_prot_names, "Protection, mprotect(2)."),
	ENUM(struct vma, kind, 0, vma_kind_names, "What backs it."),
	FLAGS(struct vma, flags, 0, vma_flag_names,
	      "How it is mapped; may_write: the protection may be raised to writable."),
	FLAGS(struct vma, advice, FIELD_OPTIONAL, vma_advice_names, "Advice in force, madvise(2)."),
	UINT(struct vma, file, FIELD_OPTIONAL, "Kind file: its id in mapped_files."),
	UINT(struct vma, contents, FIELD_OPTIONAL, "Kind shm: number of the shm object."),
	HEX(struct vma, offset, FIELD_OPTIONAL, "Offset in the file or object, bytes."),
	UINT(struct vma, protection_key, FIELD_OPTIONAL, "Protection key, pkeys(7)."),
	UINT(struct vma, huge_page_size, FIELD_OPTIONAL, "Page size in bytes of hugetlb memory."),
	STRING(struct vma, name, FIELD_OPTIONAL,
	       "Kind special: the kernel's name. Else the name given by PR_SET_VMA_ANON_NAME."),
	STRING(struct vma, build_id, FIELD_OPTIONAL,
	       "The vDSO's build-id: where another kernel has another one, calls "
	       "are redirected."),
	LIST(struct vma, saved, FIELD_OPTIONAL, item_range,
	     "Addresses of the pages whose contents are in the image."),
	LIST(struct vma, inherited, FIELD_OPTIONAL, item_range,
	     "Addresses of pages that are as those of the parent process at the same addresses, "
	     "where "
	     "they are saved, or inherited in turn."),
	LIST(struct vma, previous, FIELD_OPTIONAL, item_range,
	     "Addresses of the pages whose contents are those of the same process at the same "
	     "addresses in the image that $.previous of pimage.json names."),
	LIST(struct vma, same, FIELD_OPTIONAL, item_same,
	     "Pages whose contents are those of another process at whatever address, which has "
	     "them in its "
	     "saved, inherited or previous list."),
	LIST(struct vma, zero, FIELD_OPTIONAL, item_range,
	     "Addresses of pages of a private file mapping that had become all zero; not stored. "
	     "In anonymous memory such pages need no mention."),
	LIST(struct vma, guard, FIELD_OPTIONAL, item_range, "Addresses under MADV_GUARD_INSTALL."),
	{}
};
const struct record vma_record = RECORD_OF(struct vma, "vma", vma_fields,
					   "A virtual memory area: one line of /proc/PID/maps.");
static const struct field item_vma = ITEM_RECORD(struct vma, vma_record);

static const struct field auxv_fields[] = { ENUM(struct auxv_item, type, 0, auxv_names,
						 "Which value, getauxval(3)."),
					    HEX(struct auxv_item, value, 0, "The value."),
					    {} };
static const struct record auxv_record = RECORD_OF(struct auxv_item, "auxv_item", auxv_fields,
						   "An element of the auxiliary vector.");
static const struct field item_auxv = ITEM_RECORD(struct auxv_item, auxv_record);

static const struct field layout_fields[] = {
	HEX(struct layout, start_code, 0, "Start of the program's text."),
	HEX(struct layout, end_code, 0, "End of the program's text."),
	HEX(struct layout, start_data, 0, "Start of its initialised data."),
	HEX(struct layout, end_data, 0, "End of its initialised data."),
	HEX(struct layout, start_brk, 0, "Start of the heap that brk(2) moves."),
	HEX(struct layout, brk, 0, "Its current end."),
	HEX(struct layout, start_stack, 0, "Initial stack pointer of the main thread."),
	HEX(struct layout, arg_start, 0, "Start of the argument strings."),
	HEX(struct layout, arg_end, 0, "End of the argument strings."),
	HEX(struct layout, env_start, 0, "Start of the environment strings."),
	HEX(struct layout, env_end, 0, "End of the environment strings."),
	{}
};
static const struct record layout_record = RECORD_OF(struct layout, "layout", layout_fields,
						     "The marks that prctl(2) PR_SET_MM_MAP sets.");

static const struct field mapped_file_fields[] = {
	UINT(struct mapped_file, id, 0, "Number that the VMAs of this process use; from 1."),
	RECORD_IN(struct mapped_file, file, 0, file_id_record, "The file."),
	{}
};
static const struct record mapped_file_record =
	RECORD_OF(struct mapped_file, "mapped_file", mapped_file_fields,
		  "A file that is mapped by one VMA or more.");
static const struct field item_mapped_file = ITEM_RECORD(struct mapped_file, mapped_file_record);

static const struct field memory_fields[] = {
	RECORD_IN(struct memory, layout, 0, layout_record, "Marks of the layout."),
	LIST(struct memory, auxv, 0, item_auxv, "Auxiliary vector, in order, without AT_NULL."),
	LIST(struct memory, mapped_files, 0, item_mapped_file, "Files that are mapped."),
	LIST(struct memory, vmas, 0, item_vma, "Virtual memory areas by address."),
	LIST(struct memory, working_set, FIELD_OPTIONAL | FIELD_VOLATILE, item_range,
	     "Addresses of the pages that it will want first, in that order. A lazy restore gives "
	     "them "
	     "before the others."),
	{}
};
const struct record memory_record =
	RECORD_OF(struct memory, "memory", memory_fields, "The address space of a process.");

const struct vma *memory_find(const struct memory *memory, uint64_t address)
{
	size_t low = SEARCH(memory->n_vmas, i, memory->vmas[i].range.end <= address);

	return low < memory->n_vmas ? &memory->vmas[low] : NULL;
}

const struct range *ranges_find(const struct range *ranges, size_t n, uint64_t address)
{
	size_t low = SEARCH(n, i, ranges[i].end <= address);

	return low < n ? &ranges[low] : NULL;
}

const struct same *same_find(const struct same *rows, size_t n, uint64_t address)
{
	size_t low = SEARCH(n, i, rows[i].range.end <= address);

	return low < n ? &rows[low] : NULL;
}

bool memory_inherits(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].n_inherited)
			return true;
	return false;
}

bool memory_shares(const struct memory *memory)
{
	for (size_t i = 0; i < memory->n_vmas; i++)
		if (memory->vmas[i].n_inherited || memory->vmas[i].n_same)
			return true;
	return false;
}

uint64_t vma_same_size(const struct vma *vma)
{
	uint64_t size = 0;

	for (size_t i = 0; i < vma->n_same; i++)
		size += vma->same[i].range.end - vma->same[i].range.start;
	return size;
}

bool vma_is_private(const struct vma *vma)
{
	return vma->kind != VMA_SPECIAL && !(vma->flags & VMA_SHARED);
}

const struct range *vma_stored(const struct vma *vma, uint64_t address)
{
	const struct range *found[] = {
		ranges_find(vma->saved, vma->n_saved, address),
		ranges_find(vma->inherited, vma->n_inherited, address),
		ranges_find(vma->previous, vma->n_previous, address),
	};
	const struct same *same = same_find(vma->same, vma->n_same, address);

	for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++)
		if (found[i] && found[i]->start <= address)
			return found[i];
	return same && same->range.start <= address ? &same->range : NULL;
}

bool vma_can_inherit(const struct vma *vma)
{
	return vma_is_private(vma) && !(vma->flags & (VMA_HUGETLB | VMA_DROPPABLE)) &&
	       !(vma->advice & (ADVICE_DONTFORK | ADVICE_WIPEONFORK));
}

uint64_t memory_saved_size(const struct memory *memory)
{
	uint64_t size = 0;

	for (size_t i = 0; i < memory->n_vmas; i++)
		for (size_t k = 0; k < memory->vmas[i].n_saved; k++)
			size += memory->vmas[i].saved[k].end - memory->vmas[i].saved[k].start;
	return size;
}
