/* SPDX-License-Identifier: MIT */
#include "format/pipe_end.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/pipe.h"
#include "restore/descriptors.h"

#include <fcntl.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct pipe_end *end = state;
	const struct pipe *pipe = IMAGE_GET(&restore->image, pipe, end->pipe, 0);
	struct stat st;

	(void)err;
	if (pipe->path)
		file_check_path(restore, file, pipe->path, S_IFIFO, &st);
	return 0;
}

static struct made_object *pipe_object(struct restore *restore, uint32_t id)
{
	for (size_t i = 0; i < restore->n_objects; i++)
		if (restore->objects[i].kind == KIND_pipe && restore->objects[i].id == id)
			return &restore->objects[i];
	return NULL;
}

/*
 * The end that pipe(2) made is the first description, since it alone is without O_LARGEFILE; every other
 * description of the pipe was made by open(2) in its time.
 */
static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const uint32_t large_file = 0100000; /* the kernel's; that of the C library is 0 */
	const struct pipe_end *end = state;
	struct made_object *object = pipe_object(restore, end->pipe);
	uint32_t access = file->access;
	_cleanup_close_ int fd = -1;

	if (access > O_WRONLY || object->given[access] || (file->flags & large_file))
		return file_reopen(restore, file, object->fds[0], ret_fd, err);
	fd = fcntl(object->fds[access], F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "duplicate an end of a pipe");
	if (file_set_flags(restore, file, fd, err) < 0)
		return -1;
	object->given[access] = true;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static const char *path_of(const struct restore *restore, const void *state)
{
	return IMAGE_GET(&restore->image, pipe, ((const struct pipe_end *)state)->pipe, 0)->path;
}

const struct file_type_restorer pipe_end_type_restorer = {
	.record = &pipe_end_record, .check = check, .open = open_it, .path = path_of
};
