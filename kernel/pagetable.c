/* SPDX-License-Identifier: MIT */
/* The ioctl PAGEMAP_SCAN, which answers for a whole address space at once. */
#include "kernel/pagetable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/denied.h"
#include "kernel/fallback.h"
#include "kernel/pagemap_file.h"

#define REGIONS 16384 /* in one answer: 384 KiB */

/* Ends of the user's half with five and with four levels of page tables; the kernel refuses more. */
static const uint64_t ends[] = { UINT64_C(0x00fffffffffff000), UINT64_C(0x00007ffffffff000) };

/* What one walk is to find; guards is NULL if they are not asked for beside. */
struct wanted {
	enum pagetable_kind kind;
	struct memory_ranges *pages;
	struct memory_ranges *guards;
};

static void ask_for(const struct wanted *wanted, bool know_guards, struct pm_scan_arg *arg)
{
	enum pagetable_kind kind = wanted->kind;
	uint64_t guard = know_guards ? PAGE_IS_GUARD : 0;

	if (kind == PAGETABLE_GUARD) {
		arg->category_mask = PAGE_IS_GUARD;
		arg->return_mask = PAGE_IS_GUARD;
		return;
	}
	/* What is not wanted must be there inverted: not of a file, not the zero page, no guard (which looks swapped). */
	arg->category_inverted = arg->category_mask =
		PAGE_IS_FILE | PAGE_IS_PFNZERO | (wanted->guards ? 0 : guard);
	arg->category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
	if (kind == PAGETABLE_WRITTEN)
		arg->category_mask |= PAGE_IS_WRITTEN;
	/* Nothing that would make one region into several: file pages are not among them. */
	arg->return_mask = wanted->guards && guard ? guard : PAGE_IS_FILE;
}

/*
 * Where its own buffer ran full (512 regions), the kernel goes on at walk_end, but has walked further
 * and may have found regions behind it, which come again with the next call (seen in 6.18).
 */
static int add_regions(const struct page_region *regions, int count, uint64_t walk_end,
		       const struct wanted *wanted, struct err *err)
{
	for (int i = 0; i < count && regions[i].start < walk_end; i++) {
		uint64_t end = regions[i].end < walk_end ? regions[i].end : walk_end;
		bool guard = wanted->guards && regions[i].categories & PAGE_IS_GUARD;

		if (memory_ranges_add(guard ? wanted->guards : wanted->pages, regions[i].start, end,
				      err) < 0)
			return -1;
	}
	return 0;
}

/* 0 done, 1 the kernel does not understand it (errno), <0 failed. */
static int scan(int fd, pid_t pid, struct pm_scan_arg arg, const struct wanted *wanted,
		struct err *err)
{
	_cleanup_free_ struct page_region *regions = malloc(REGIONS * sizeof(*regions));
	int count;

	if (!regions)
		return err_sys(err, "process %d: page tables", pid);
	arg.size = sizeof(arg);
	arg.vec = (uintptr_t)regions;
	arg.vec_len = REGIONS;
	while (arg.start < arg.end) {
		count = ioctl(fd, PAGEMAP_SCAN, &arg);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && (errno == EINVAL || errno == ENOTTY || errno == EFAULT))
			return 1;
		if (count < 0)
			return err_sys(err, "process %d: PAGEMAP_SCAN from 0x%llx", pid,
				       (unsigned long long)arg.start);
		if (add_regions(regions, count, arg.walk_end, wanted, err) < 0)
			return -1;
		arg.start = arg.walk_end;
	}
	return 0;
}

/*
 * The kernel says EFAULT for an end beyond its address space, EINVAL for a category that it does not
 * know: guards, before 6.15.
 */
static int scan_best(int fd, pid_t pid, uint64_t start, uint64_t end, const struct wanted *wanted,
		     struct err *err)
{
	bool know_guards = true;
	size_t which = 0;

	for (;;) {
		struct pm_scan_arg arg = { .start = start, .end = end };
		int r;

		if (arg.end > ends[which])
			arg.end = ends[which];
		ask_for(wanted, know_guards, &arg);
		r = scan(fd, pid, arg, wanted, err);
		if (r <= 0)
			return r;
		if (errno == EFAULT && which == 0)
			which = 1;
		else if (errno == EINVAL && know_guards)
			know_guards = false;
		else
			return 1;
		if (!know_guards && wanted->kind == PAGETABLE_GUARD)
			return 0;
	}
}

static int find(const struct process_memory *memory, uint64_t start, uint64_t end,
		const struct wanted *wanted, struct err *err)
{
	enum pagetable_kind kind = wanted->kind;
	_cleanup_close_ int fd = -1;
	char path[48];
	int r = 1;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", memory->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return explain_denied(memory->pid, "cannot read the page tables of process", err);
	if (feature_on(memory->features, FEATURE_PAGEMAP_SCAN))
		r = scan_best(fd, memory->pid, start, end, wanted, err);
	if (r > 0 && kind == PAGETABLE_WRITTEN)
		return err_set(
			err, ERR_UNSUPPORTED,
			"the kernel cannot tell which pages were written (PAGEMAP_SCAN, since "
			"Linux 6.7)");
	if (r <= 0)
		return r;
	r = pagemap_file_scan(memory, fd, start, end, kind, wanted->pages, err);
	if (r == 0 && wanted->guards)
		r = pagemap_file_scan(memory, fd, start, end, PAGETABLE_GUARD, wanted->guards, err);
	return r;
}

int pagetable_scan(const struct process_memory *memory, uint64_t start, uint64_t end,
		   enum pagetable_kind kind, struct memory_ranges *ret_ranges, struct err *err)
{
	const struct wanted wanted = { kind, ret_ranges, NULL };

	return find(memory, start, end, &wanted, err);
}

int pagetable_scan_all(const struct process_memory *memory, struct memory_ranges *ret_own,
		       struct memory_ranges *ret_guards, struct err *err)
{
	const struct wanted wanted = { PAGETABLE_OWN, ret_own, ret_guards };

	return find(memory, 0, UINT64_MAX, &wanted, err);
}
