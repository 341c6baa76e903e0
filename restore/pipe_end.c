/* SPDX-License-Identifier: MIT */
#include "format/pipe_end.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/descriptors.h"

#include <fcntl.h>

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	(void)restore;
	(void)file;
	(void)state;
	(void)err;
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
 * The end that pipe(2) made is handed over, since it alone is without O_LARGEFILE; every other
 * description of the pipe was made by open(2) in its time.
 */
static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	const uint32_t large_file = 0100000; /* the kernel's; that of the C library is 0 */
	const struct pipe_end *end = state;
	struct made_object *object = pipe_object(restore, end->pipe);
	int *original = file->access <= O_WRONLY ? &object->fds[file->access] : NULL;
	_cleanup_close_ int fd = -1;

	if (original && *original >= 0 && !(file->flags & large_file)) {
		fd = TAKE_FD(*original);
		if (file_set_flags(restore, file, fd, err) < 0)
			return -1;
		*ret_fd = TAKE_FD(fd);
		return 0;
	}
	return file_reopen(restore, file, object->fds[0] >= 0 ? object->fds[0] : object->fds[1],
			   ret_fd, err);
}

const struct file_type_restorer pipe_end_type_restorer = { &pipe_end_record, check, open_it };
