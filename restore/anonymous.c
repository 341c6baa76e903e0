/* SPDX-License-Identifier: MIT */
/* Where the contents of anonymous shared memory wait until a process maps it. */
#include "format/err.h"
#include "restore/restore.h"

#include <sys/mman.h>
#include <unistd.h>

int restore_anonymous_fd(const struct restore *restore, uint32_t id)
{
	for (size_t i = 0; i < restore->n_mappings; i++)
		if (!restore->mappings[i].file && restore->mappings[i].contents == id)
			return restore->mappings[i].fd;
	return -1;
}

int restore_anonymous(struct restore *restore, uint32_t id, uint64_t size, struct err *err)
{
	int fd = memfd_create("pimage", MFD_CLOEXEC);
	struct made_mapping *mapping;

	if (fd < 0)
		return err_sys(err, "memfd_create");
	if (ftruncate(fd, (off_t)size) < 0) {
		close(fd);
		return err_sys(err, "shared memory of %lu bytes", size);
	}
	fd = restore_keep_fd(restore, fd, err);
	if (fd < 0)
		return -1;
	mapping = LIST_ADD(restore, mappings, err);
	if (!mapping)
		return -1;
	*mapping = (struct made_mapping){ .contents = id, .writable = true, .fd = fd };
	return fd;
}
