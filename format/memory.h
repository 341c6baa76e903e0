/* SPDX-License-Identifier: MIT */
/* The address space of a process: its layout, its VMAs, and which of their pages the image holds.
 */
#ifndef PIMAGE_MEMORY_H
#define PIMAGE_MEMORY_H

#include "format/file_id.h"
#include "format/record.h"

/* Bytes of page data in one entry of an image, but for the last one of a process or object. */
#define PAGES_ENTRY_SIZE (64UL << 20)

enum vma_kind {
	VMA_ANONYMOUS = 1, /* private anonymous memory, brk and stacks included */
	VMA_FILE,	   /* of a file that has a path */
	VMA_SHM,	   /* of a shm object: memfd, anonymous shared memory, deleted file */
	VMA_SPECIAL,	   /* made by the kernel: [vdso], [vvar...], [vsyscall] */
};

enum vma_flag {
	VMA_SHARED = 1 << 0,
	VMA_GROWS_DOWN = 1 << 1,
	VMA_LOCKED = 1 << 2,
	VMA_LOCK_ON_FAULT = 1 << 3,
	VMA_NO_RESERVE = 1 << 4,
	VMA_MAY_WRITE = 1 << 5,
	VMA_HUGETLB = 1 << 6,
	VMA_DROPPABLE = 1 << 7,
	VMA_SEALED = 1 << 8,
};

enum vma_advice {
	ADVICE_SEQUENTIAL = 1 << 0,
	ADVICE_RANDOM = 1 << 1,
	ADVICE_DONTFORK = 1 << 2,
	ADVICE_DONTDUMP = 1 << 3,
	ADVICE_WIPEONFORK = 1 << 4,
	ADVICE_MERGEABLE = 1 << 5,
	ADVICE_HUGEPAGE = 1 << 6,
	ADVICE_NOHUGEPAGE = 1 << 7,
};

/* Pages that are as those of another process, wherever it has them. */
struct same {
	struct range range;
	uint32_t process;
	uint64_t address;
};

struct vma {
	struct range range;
	uint32_t prot;
	uint32_t kind;
	uint32_t flags;
	uint32_t advice;
	uint32_t file;
	uint32_t contents;
	uint64_t offset;
	uint32_t protection_key;
	uint64_t huge_page_size;
	char *name;
	char *build_id;
	struct range *saved;
	size_t n_saved;
	struct range *inherited;
	size_t n_inherited;
	struct range *previous;
	size_t n_previous;
	struct same *same;
	size_t n_same;
	struct range *zero;
	size_t n_zero;
	struct range *guard;
	size_t n_guard;
};

struct auxv_item {
	uint32_t type;
	uint64_t value;
};

/* prctl(2), PR_SET_MM_MAP: the marks of the layout that only the kernel keeps. */
struct layout {
	uint64_t start_code;
	uint64_t end_code;
	uint64_t start_data;
	uint64_t end_data;
	uint64_t start_brk;
	uint64_t brk;
	uint64_t start_stack;
	uint64_t arg_start;
	uint64_t arg_end;
	uint64_t env_start;
	uint64_t env_end;
};

struct mapped_file {
	uint32_t id;
	struct file_id file;
};

struct memory {
	struct layout layout;
	struct auxv_item *auxv;
	size_t n_auxv;
	struct mapped_file *mapped_files;
	size_t n_mapped_files;
	struct vma *vmas;
	size_t n_vmas;
	struct range *working_set; /* in the order in which they are wanted */
	size_t n_working_set;
};

extern const struct name vma_kind_names[];
extern const struct name vma_flag_names[];
extern const struct name vma_advice_names[];
extern const struct record vma_record;
extern const struct record memory_record;

/* The first VMA that ends above the address, or NULL; they ascend, as image_check() makes sure. */
const struct vma *memory_find(const struct memory *memory, uint64_t address);

/* The same among ascending ranges. */
const struct range *ranges_find(const struct range *ranges, size_t n, uint64_t address);

/* The first of ascending rows that ends above the address, or NULL. */
const struct same *same_find(const struct same *rows, size_t n, uint64_t address);

/* Whether there are pages that the parent has. */
bool memory_inherits(const struct memory *memory);

/* Whether any of its pages are those of other processes, a parent or any that comes before. */
bool memory_shares(const struct memory *memory);

/* Whether it has pages of its own. */
bool vma_is_private(const struct vma *vma);

/*
 * Of the pages that the image has, or one that it leads to: the range of the lists saved, inherited, previous and same
 * that holds the address; NULL.
 */
const struct range *vma_stored(const struct vma *vma, uint64_t address);

/* Whether pages of it can be those of the parent: its own, and neither dropped nor emptied by a fork. */
bool vma_can_inherit(const struct vma *vma);

/* Bytes of the pages of its list same. */
uint64_t vma_same_size(const struct vma *vma);

/* Bytes of all saved pages. */
uint64_t memory_saved_size(const struct memory *memory);

#endif
