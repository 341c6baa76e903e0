/* SPDX-License-Identifier: MIT */
#include "format/memfd.h"

#include "dump/file.h"
#include "format/cleanup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

/*
 * A deleted file of that name at the root looks the same: but it is not on the kernel's own mount
 * of tmpfs, which nobody else can reach.
 */
static bool on_kernel_mount(const struct dump_fd *fd)
{
	_cleanup_close_ int own = memfd_create("pimage", MFD_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (own >= 0 && fstat(own, &st) == 0 && st.st_dev == fd->stat.st_dev)
		return true;
	return fd->copy >= 0 && fstatfs(fd->copy, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC;
}

static bool probe(const struct dump *dump, const struct dump_fd *fd)
{
	(void)dump;
	return S_ISREG(fd->stat.st_mode) && fd->stat.st_nlink == 0 &&
	       strncmp(fd->link, "/memfd:", 7) == 0 && on_kernel_mount(fd);
}

static int collect(struct dump *dump, const struct dump_fd *fd, void *state, struct err *err)
{
	struct memfd *memfd = state;
	_cleanup_close_ int file = -1;
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd->fd);
	if (fd->copy < 0)
		file = openat(fd->target->proc, name, O_RDONLY | O_CLOEXEC);
	return dump_contents(dump, fd->target, NULL, fd->copy >= 0 ? fd->copy : file,
			     &memfd->contents, err);
}

const struct file_type_dumper memfd_type_dumper = { &memfd_record, probe, collect };
