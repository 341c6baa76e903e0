/* SPDX-License-Identifier: MIT */
/* The descriptor table: what canvases have inherited is put in its place, everything else closed. */
#include "format/files.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/readfile.h"
#include "restore/canvas.h"
#include "restore/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	(void)record;
	(void)key;
	return descriptors_check(restore, err);
}

static int push_descriptors(const struct restore *restore, const struct files *files,
			    struct remote_batch *batch, struct err *err)
{
	for (size_t i = 0; i < files->n_descriptors; i++) {
		const struct descriptor *d = &files->descriptors[i];
		int from = descriptors_source(restore, d, err);

		if (from < 0)
			return err_prefix(err, "fd %u", d->fd);
		remote_push(batch, REMOTE_CALL(dup3, (uint64_t)from, d->fd,
					       d->close_on_exec ? O_CLOEXEC : 0));
	}
	return 0;
}

/* All gaps between the descriptors of the table, and what lies behind the last: that is the last
 * call. */
static size_t push_close(const struct files *files, struct remote_batch *batch)
{
	uint64_t next = 0;

	for (size_t i = 0; i < files->n_descriptors; i++) {
		uint32_t fd = files->descriptors[i].fd;

		if (fd > next)
			remote_push(batch, REMOTE_CALL(close_range, next, fd - 1, 0));
		next = (uint64_t)fd + 1;
	}
	return remote_push(batch, REMOTE_CALL(close_range, next, UINT32_MAX, 0));
}

static bool in_table(const struct files *files, uint32_t fd)
{
	for (size_t i = 0; i < files->n_descriptors; i++)
		if (files->descriptors[i].fd == fd)
			return true;
	return false;
}

/* Where close_range(2) is not allowed. */
static int close_each(struct canvas *canvas, const struct files *files, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	_cleanup_free_ uint32_t *numbers = NULL;
	_cleanup_close_ int proc = proc_open(canvas->pid, err);
	size_t count;

	if (proc < 0 || list_numbers_at(proc, "fd", &numbers, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!in_table(files, numbers[i]))
			remote_push(batch, REMOTE_CALL(close, numbers[i]));
	return canvas_run(canvas, batch, err);
}

static int apply(struct restore *restore, struct canvas *canvas, struct err *err)
{
	const struct files *files = IMAGE_GET(&restore->image, files, canvas->own_pid, 0);
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	size_t last;

	/* Another's is its own. */
	if (IMAGE_GET(&restore->image, process, canvas->own_pid, 0)->files_of)
		return 0;
	if (push_descriptors(restore, files, batch, err) < 0)
		return err_prefix(err, "%s", canvas->name);
	last = push_close(files, batch);
	if (canvas_run(canvas, batch, err) < 0)
		return -1;
	for (size_t i = 0; i < files->n_descriptors; i++)
		if (remote_check(batch, i, err) < 0)
			return err_prefix(err, "%s fd %u", canvas->name, files->descriptors[i].fd);
	for (size_t i = files->n_descriptors; i <= last; i++)
		if (remote_result(batch, i) < 0)
			return close_each(canvas, files, err);
	return 0;
}

const struct restorer files_restorer = { .check = check, .apply = apply, .phase = PHASE_OPEN };
