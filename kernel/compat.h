/* SPDX-License-Identifier: MIT */
/* Kernel interfaces that the headers of Debian 12 (glibc 2.36, Linux 6.1) do not have yet. */
#ifndef PIMAGE_COMPAT_H
#define PIMAGE_COMPAT_H

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/memfd.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

/* /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst, uapi/linux/fs.h (6.18). */
#ifndef PAGEMAP_SCAN
#define PAGEMAP_SCAN	      _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_WPALLOWED     (1 << 0)
#define PAGE_IS_WRITTEN	      (1 << 1)
#define PAGE_IS_FILE	      (1 << 2)
#define PAGE_IS_PRESENT	      (1 << 3)
#define PAGE_IS_SWAPPED	      (1 << 4)
#define PAGE_IS_PFNZERO	      (1 << 5)
#define PAGE_IS_HUGE	      (1 << 6)
#define PAGE_IS_SOFT_DIRTY    (1 << 7)
#define PM_SCAN_WP_MATCHING   (1 << 0)
#define PM_SCAN_CHECK_WPASYNC (1 << 1)

struct page_region {
	__u64 start;
	__u64 end;
	__u64 categories;
};

struct pm_scan_arg {
	__u64 size;
	__u64 flags;
	__u64 start;
	__u64 end;
	__u64 walk_end;
	__u64 vec;
	__u64 vec_len;
	__u64 max_pages;
	__u64 category_inverted;
	__u64 category_mask;
	__u64 category_anyof_mask;
	__u64 return_mask;
};
#endif

/* Since 6.15. */
#ifndef PAGE_IS_GUARD
#define PAGE_IS_GUARD (1 << 8)
#endif

/* userfaultfd(2): since 6.4 and 6.7. */
#ifndef UFFD_FEATURE_WP_UNPOPULATED
#define UFFD_FEATURE_WP_UNPOPULATED (1 << 13)
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif

/* Since 6.3. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* Since 6.13. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#ifndef __NR_mseal
#define __NR_mseal 462 /* since 6.10 */
#endif

#ifndef MADV_COLLAPSE /* 6.1 */
#define MADV_COLLAPSE 25
#endif

#ifndef MADV_POPULATE_READ /* 5.14 */
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#ifndef USERFAULTFD_IOC_NEW /* 6.1 */
#define USERFAULTFD_IOC_NEW _IO(0xAA, 0x00)
#endif

#ifndef UFFDIO_POISON /* 6.6 */
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#define UFFDIO_POISON _IOWR(0xAA, 0x08, struct uffdio_poison)
#endif

#ifndef MAP_DROPPABLE /* 6.11 */
#define MAP_DROPPABLE 0x08
#endif

/* 5.13; glibc has it as an enumerator and a macro of its own name since 2.35. */
#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif

#ifndef PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG /* 6.4 */
#define PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211
struct ptrace_sud_config {
	__u64 mode;
	__u64 selector;
	__u64 offset;
	__u64 len;
};
#endif

/* Since 6.11: one mapping by address, from a descriptor of /proc/PID/maps. */
#ifndef PROCMAP_QUERY
#define PROCMAP_QUERY		     _IOWR('f', 17, struct procmap_query)
#define PROCMAP_QUERY_VMA_READABLE   0x01
#define PROCMAP_QUERY_VMA_WRITABLE   0x02
#define PROCMAP_QUERY_VMA_EXECUTABLE 0x04
#define PROCMAP_QUERY_VMA_SHARED     0x08
struct procmap_query {
	__u64 size;
	__u64 query_flags;
	__u64 query_addr;
	__u64 vma_start;
	__u64 vma_end;
	__u64 vma_flags;
	__u64 vma_page_size;
	__u64 vma_offset;
	__u64 inode;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 vma_name_size;
	__u32 build_id_size;
	__u64 vma_name_addr;
	__u64 build_id_addr;
};
#endif

/*
 * Results of interrupted system calls that only tracers see (include/linux/errno.h). The last is
 * that of calls with a restart block: nanosleep, poll, futex with a time limit.
 */
#define KERNEL_ERESTARTSYS	     512
#define KERNEL_ERESTARTNOINTR	     513
#define KERNEL_ERESTARTNOHAND	     514
#define KERNEL_ERESTART_RESTARTBLOCK 516

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

#ifndef F_DUPFD_QUERY /* 6.10 */
#define F_DUPFD_QUERY (1024 + 3)
#endif

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#ifndef PR_SET_MDWE /* 6.3 */
#define PR_SET_MDWE		 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#define PR_MDWE_NO_INHERIT	 2
#define PR_GET_MDWE		 66
#endif

#ifndef PR_SET_MEMORY_MERGE /* 6.4 */
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68
#endif

#ifndef PR_TIMER_CREATE_RESTORE_IDS /* 6.16 */
#define PR_TIMER_CREATE_RESTORE_IDS	77
#define PR_TIMER_CREATE_RESTORE_IDS_OFF 0
#define PR_TIMER_CREATE_RESTORE_IDS_ON	1
#define PR_TIMER_CREATE_RESTORE_IDS_GET 2
#endif

#ifndef PR_GET_TID_ADDRESS
#define PR_GET_TID_ADDRESS 40
#endif

#ifndef SO_PASSPIDFD /* 6.5 */
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

#ifndef SO_PASSRIGHTS /* 6.16 */
#define SO_PASSRIGHTS 83
#endif

#ifndef SO_INQ /* 6.17 */
#define SO_INQ 84
#endif

#endif
