/* SPDX-License-Identifier: MIT */
/* The descriptor table of a process. */
#include "format/files.h"

#include "dump/file_table.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "format/search.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>

/*
 * What fdinfo and F_GETFL show may be that of the description, since TIOCGPTPEER keeps it there: then only the process
 * itself can tell.
 */
static int close_on_exec(const struct target *target, const struct dump_fd *fd, bool *ret_set,
			 struct err *err)
{
	struct remote_call call = REMOTE_CALL(fcntl, fd->fd, F_GETFD);

	*ret_set = (fd->info.flags & O_CLOEXEC) != 0;
	if (!*ret_set || !S_ISCHR(fd->stat.st_mode) || !target->remote || !fd->same ||
	    !(fcntl(fd->copy, F_GETFL) & O_CLOEXEC))
		return 0;
	if (remote_call(target->remote, target->frozen->threads[0], &call, err) < 0)
		return -1;
	*ret_set = (call.result & FD_CLOEXEC) != 0;
	return 0;
}

/* The number of the file of the parent's descriptor if it is the same and all there is to tell; 0: it has to be looked at. */
static uint32_t file_of_parent(const struct dump *dump, const struct target *target,
			       uint32_t number)
{
	const struct target_descriptor *known = target_descriptor(target, number);
	const struct files *files =
		known && known->of_parent && known->info
			? IMAGE_GET(&dump->image, files, target->parent->own_pid, 0)
			: NULL;
	struct proc_fdinfo info;
	size_t low, length;

	/* Record locks are of each process, and who closes what on exec is not always told. */
	if (!files || proc_fdinfo_parse(known->info, strlen(known->info), &info, NULL) < 0 ||
	    info.flags & O_CLOEXEC || proc_fdinfo_find(known->info, "lock", &length))
		return 0;
	low = SEARCH(files->n_descriptors, i, files->descriptors[i].fd < number);
	return low < files->n_descriptors && files->descriptors[low].fd == number
		       ? files->descriptors[low].file
		       : 0;
}

static int add(struct files *files, uint32_t number, uint32_t id, bool closes, struct err *err)
{
	struct descriptor *descriptor = LIST_ADD(files, descriptors, err);

	if (!descriptor)
		return -1;
	*descriptor = (struct descriptor){ number, id, closes };
	return 0;
}

static int collect_descriptor(struct dump *dump, struct target *target, uint32_t number,
			      struct files *files, struct err *err)
{
	uint32_t of_parent = file_of_parent(dump, target, number);
	_cleanup_(dump_fd_close) struct dump_fd fd = { .copy = -1 };
	uint32_t id;
	bool closes;
	int there;

	if (of_parent)
		return add(files, number, of_parent, false, err);
	there = dump_fd_open(dump, target, number, &fd, err);
	if (there <= 0)
		return there;
	if (dump_file(dump, &fd, &id, err) < 0 || close_on_exec(target, &fd, &closes, err) < 0)
		return -1;
	return add(files, number, id, closes, err);
}

static int collect(struct dump *dump, struct target *target, struct err *err)
{
	struct files *files = IMAGE_ADD(&dump->image, files, target->own_pid, 0, err);
	_cleanup_free_ uint32_t *numbers = NULL;
	size_t count;

	if (!files || descriptors_survey(dump, err) < 0)
		return -1;
	if (IMAGE_GET(&dump->image, process, target->own_pid, 0)->files_of)
		return 0;
	for (size_t i = 0; i < target->n_descriptors; i++)
		if (collect_descriptor(dump, target, target->descriptors[i].number, files, err) < 0)
			return -1;
	if (target->descriptors)
		return 0;
	if (list_numbers_at(target->proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (collect_descriptor(dump, target, numbers[i], files, err) < 0)
			return -1;
	return 0;
}

const struct dumper files_dumper = { .collect = collect };
