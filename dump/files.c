/* SPDX-License-Identifier: MIT */
/* The descriptor table of a process. */
#include "format/files.h"

#include "dump/file_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <fcntl.h>

static int collect_descriptor(struct dump *dump, struct target *target, uint32_t number,
			      struct files *files, struct err *err)
{
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	struct descriptor *descriptor;
	uint32_t id;
	int there = dump_fd_open(dump, target, number, &fd, err);

	if (there <= 0)
		return there;
	if (dump_file(dump, &fd, &id, err) < 0)
		return -1;
	descriptor = LIST_ADD(files, descriptors, err);
	if (!descriptor)
		return -1;
	*descriptor = (struct descriptor){ number, id, (fd.info.flags & O_CLOEXEC) != 0 };
	return 0;
}

static int collect(struct dump *dump, struct target *target, struct err *err)
{
	struct files *files = IMAGE_ADD(&dump->image, files, target->own_pid, 0, err);
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;

	if (!files || descriptors_survey(dump, err) < 0)
		return -1;
	if (list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (collect_descriptor(dump, target, numbers[i], files, err) < 0)
			return -1;
	return 0;
}

const struct dumper files_dumper = { .collect = collect };
