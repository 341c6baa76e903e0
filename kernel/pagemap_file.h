/* SPDX-License-Identifier: MIT */
/* The same answers as PAGEMAP_SCAN from the file /proc/PID/pagemap. */
#ifndef PIMAGE_PAGEMAP_FILE_H
#define PIMAGE_PAGEMAP_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/pagetable.h"

struct err;

/*
 * fd is that of the file. See pagetable_scan. It cannot be seen which pages are the zero page
 * without a right to see physical addresses (CAP_SYS_ADMIN), so in anonymous memory pages of zeros
 * that are shared with another process are left out too.
 */
int pagemap_file_scan(const struct process_memory *memory, int fd, uint64_t start, uint64_t end,
		      enum pagetable_kind kind, struct memory_ranges *ret_ranges, struct err *err);

/*
 * Whether all pages of the ranges are anonymous, present, and mapped here only. False also where that cannot be seen, and of ranges that do not ascend or lie
 * far apart.
 */
bool pagemap_file_own(pid_t pid, const struct memory_range *ranges, size_t count);

#endif
