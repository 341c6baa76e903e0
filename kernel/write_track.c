/* SPDX-License-Identifier: MIT */
#include "kernel/write_track.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/denied.h"
#include "kernel/fallback.h"
#include "kernel/fdcopy.h"
#include "kernel/freeze.h"
#include "kernel/pagetable.h"
#include "kernel/remote.h"

/* So few pages that their regions always fit into the kernel's own buffer (512): where it runs full, it has
 * protected pages that it does not tell. */
#define TAKEN_AT_ONCE (UINT64_C(512) * 4096)

/* Its descriptor is the process's only until there is a duplicate. */
static int make_uffd(struct remote *remote, struct frozen_thread *thread, int *ret_fd,
		     struct err *err)
{
	struct remote_call make = REMOTE_CALL(userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	const struct frozen *frozen = remote->frozen;
	struct remote_call shut;
	int fd;

	if (remote_call(remote, thread, &make, err) < 0) {
		err->code = ERR_UNSUPPORTED;
		return -1;
	}
	fd = fdcopy_get(frozen->pid, frozen->pidfd, (int)make.result, frozen->features, NULL, err);
	shut = REMOTE_CALL(close, (uint64_t)make.result);
	if (remote_call(remote, thread, &shut, fd < 0 ? NULL : err) < 0 || fd < 0) {
		cleanup_close(&fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

static int open_track(struct remote *remote, struct frozen_thread *thread,
		      struct write_track *track, struct err *err)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED |
					      UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", track->pid);
	track->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (track->pagemap < 0)
		return explain_denied(track->pid, "cannot read the page tables of process", err);
	if (make_uffd(remote, thread, &track->uffd, err) < 0)
		return -1;
	if (ioctl(track->uffd, UFFDIO_API, &api) < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "the kernel has no asynchronous write protection (userfaultfd with "
			       "UFFD_FEATURE_WP_ASYNC, since Linux 6.7)");
	return 0;
}

int write_track_open(struct remote *remote, struct frozen_thread *thread,
		     struct write_track *ret_track, struct err *err)
{
	struct write_track track = WRITE_TRACK_EMPTY;

	track.pid = remote->frozen->pid;
	track.features = remote->frozen->features;
	if (!feature_on(track.features, FEATURE_PAGEMAP_SCAN))
		return err_set(err, ERR_UNSUPPORTED, "PAGEMAP_SCAN is switched off");
	if (open_track(remote, thread, &track, err) < 0) {
		write_track_close(&track);
		return -1;
	}
	*ret_track = track;
	return 0;
}

int write_track_add(struct write_track *track, uint64_t start, uint64_t end, struct err *err)
{
	struct uffdio_register watch = { .range = { start, end - start },
					 .mode = UFFDIO_REGISTER_MODE_WP };

	if (ioctl(track->uffd, UFFDIO_REGISTER, &watch) < 0)
		return 0;
	return memory_ranges_add(&track->watched, start, end, err);
}

static int take(const struct write_track *track, uint64_t start, uint64_t end,
		struct memory_ranges *ret_written, struct err *err)
{
	struct page_region regions[512];
	struct pm_scan_arg arg = { .size = sizeof(arg),
				   .flags = PM_SCAN_WP_MATCHING,
				   .start = start,
				   .end = end,
				   .vec = (uintptr_t)regions,
				   .vec_len = 512,
				   .category_inverted = PAGE_IS_FILE | PAGE_IS_PFNZERO,
				   .category_mask =
					   PAGE_IS_FILE | PAGE_IS_PFNZERO | PAGE_IS_WRITTEN,
				   .category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
				   .return_mask = PAGE_IS_FILE };
	int count;

	do
		count = ioctl(track->pagemap, PAGEMAP_SCAN, &arg);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return err_sys(err, "process %d: PAGEMAP_SCAN from 0x%lx", track->pid, start);
	for (int i = 0; i < count; i++)
		if (memory_ranges_add(ret_written, regions[i].start, regions[i].end, err) < 0)
			return -1;
	return 0;
}

int write_track_take(const struct write_track *track, struct memory_ranges *ret_written,
		     struct err *err)
{
	for (size_t i = 0; i < track->watched.count; i++) {
		uint64_t end = track->watched.list[i].end;

		for (uint64_t at = track->watched.list[i].start; at < end; at += TAKEN_AT_ONCE)
			if (take(track, at, end - at < TAKEN_AT_ONCE ? end : at + TAKEN_AT_ONCE,
				 ret_written, err) < 0)
				return -1;
	}
	return 0;
}

int write_track_look(const struct write_track *track, struct memory_ranges *ret_written,
		     struct err *err)
{
	const struct process_memory memory = { .pid = track->pid,
					       .fd = -1,
					       .features = track->features };

	return pagetable_scan(&memory, 0, UINT64_MAX, PAGETABLE_WRITTEN, ret_written, err);
}

/* The end of a userfaultfd lifts what is left of it under the lock of the whole address space (userfaultfd_release_all, fs/userfaultfd.c). */
static void lift(const struct write_track *track)
{
	for (size_t i = 0; i < track->watched.count; i++) {
		uint64_t end = track->watched.list[i].end;

		for (uint64_t at = track->watched.list[i].start; at < end; at += TAKEN_AT_ONCE) {
			uint64_t size = end - at < TAKEN_AT_ONCE ? end - at : TAKEN_AT_ONCE;
			struct uffdio_writeprotect none = { .range = { at, size } };

			/* Fails where something was unmapped, or the process has ended. */
			ioctl(track->uffd, UFFDIO_WRITEPROTECT, &none);
		}
	}
}

void write_track_close(struct write_track *track)
{
	lift(track);
	cleanup_close(&track->uffd);
	cleanup_close(&track->pagemap);
	memory_ranges_release(&track->watched);
	*track = (struct write_track)WRITE_TRACK_EMPTY;
}
