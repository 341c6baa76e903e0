/* SPDX-License-Identifier: MIT */
/* Which pages a process has written to since one last looked, while it runs. */
#ifndef PIMAGE_WRITE_TRACK_H
#define PIMAGE_WRITE_TRACK_H

#include <sys/types.h>

#include "format/cleanup.h"
#include "kernel/memory.h"

struct err;
struct frozen_thread;
struct remote;

/*
 * By asynchronous write protection (userfaultfd(2), UFFD_FEATURE_WP_ASYNC, and the ioctl PAGEMAP_SCAN; Linux 6.7). The
 * process needs no privilege for it and notices nothing but a fault, which the kernel mends by itself, at the first write
 * to each page. The protection ends with write_track_close, or with the caller, however that ends. Changing it for many pages at once
 * takes as long as it takes: 5 us for each where a hypervisor keeps page tables of its own, and meanwhile the process cannot map anything; so it is done in small pieces, and
 * never while a process is to stand still for a short time.
 *
 * While it lasts, the mappings have the flag "uw" in smaps, and do not merge with those that were made later.
 * Not seen: what a device writes into a page that was pinned before it was protected (O_DIRECT reads under way).
 */
struct write_track {
	pid_t pid;
	int uffd;
	int pagemap;
	const struct kernel_features *features;
	struct memory_ranges watched; /* ascending */
};

#define WRITE_TRACK_EMPTY                                                                          \
	{                                                                                          \
		.uffd = -1, .pagemap = -1                                                          \
	}

/*
 * The process must be stopped and its remote open. Fails with ERR_UNSUPPORTED where the kernel has no such
 * protection, or does not let the process have it (a sandbox, its limit of descriptors).
 */
int write_track_open(struct remote *remote, struct frozen_thread *thread,
		     struct write_track *ret_track, struct err *err);

/*
 * Watches a mapping, from the next write_track_take on; ascending calls. What cannot be watched (shared mappings of other
 * owners, say) counts as written for ever.
 */
int write_track_add(struct write_track *track, uint64_t start, uint64_t end, struct err *err);

/*
 * Private pages of its own, in ascending order, that were written to since the last call; at the first call all of them.
 * Each is protected in the same moment as it is looked at, so that the process may run. Mappings that are not watched are
 * left out.
 */
int write_track_take(const struct write_track *track, struct memory_ranges *ret_written,
		     struct err *err);

/* The same of a process that stands still: nothing is protected, and what is not watched is among them. */
int write_track_look(const struct write_track *track, struct memory_ranges *ret_written,
		     struct err *err);

/* The process may run. Accepts and leaves an empty one; for _cleanup_. */
void write_track_close(struct write_track *track);
#define _cleanup_track_ _cleanup_(write_track_close)

#endif
