/* SPDX-License-Identifier: MIT */
/* What --fd and --external put in the place of saved descriptors. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/external.h"
#include "restore/descriptors.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path, with the number of this copy wherever it says {copy}. Free it. */
static char *path_of(const struct restore *restore, const struct override *o)
{
	static const char word[] = "{copy}";
	const char *rest = o->path, *at;
	char *path = NULL;
	size_t size;
	FILE *out = open_memstream(&path, &size);

	if (!out)
		return NULL;
	for (; restore->copy && (at = strstr(rest, word)); rest = at + strlen(word))
		fprintf(out, "%.*s%u", (int)(at - rest), rest, restore->copy);
	fputs(rest, out);
	if (fclose(out) == 0)
		return path;
	free(path);
	return NULL;
}

/*
 * With the access that the descriptor had. Where a program only wrote on (a log, a pipe) nothing
 * that is in the file already gets lost; what was a regular file keeps its flags and position.
 */
static int open_override(struct restore *restore, const struct override *o, const struct file *file,
			 struct err *err)
{
	static const char regular[] = "regular";
	int flags = (int)file->access & O_ACCMODE, fd;
	bool same = strcmp(file->type.type->name, regular) == 0;
	_cleanup_free_ char *path = path_of(restore, o);

	if (!path)
		return err_sys(err, "out of memory");
	if (flags != O_RDONLY)
		flags |= O_CREAT | (same ? 0 : O_APPEND);
	fd = open(path, flags | O_NOCTTY | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (same && (file_set_flags(restore, file, fd, err) < 0 ||
		     lseek(fd, (off_t)file->offset, SEEK_SET) < 0)) {
		close(fd);
		return err_sys(err, "%s: set its position", path);
	}
	return fd;
}

/* The first description that has the number: with several processes they share the override. */
const struct file *override_file(const struct restore *restore, const struct override *o)
{
	if (o->file)
		return o->file;
	IMAGE_EACH (&restore->image, files, files)
		for (size_t i = 0; i < files->n_descriptors; i++)
			if (files->descriptors[i].fd == o->number)
				return IMAGE_GET(&restore->image, file, files->descriptors[i].file,
						 0);
	return NULL;
}

static int fail(const struct override *o, struct err *err)
{
	const struct external *external = o->file ? o->file->type.state : NULL;

	return external ? err_prefix(err, "--external=%s", external->what)
			: err_prefix(err, "--fd %u", o->number);
}

int override_make(struct restore *restore, struct override *o, struct err *err)
{
	int fd;

	if (o->path)
		fd = open_override(restore, o, override_file(restore, o), err);
	else
		fd = fcntl(o->inherit, F_DUPFD_CLOEXEC, restore->base);
	if (fd < 0 && !o->path)
		err_sys(err, "duplicate descriptor %d", o->inherit);
	if (fd < 0)
		return fail(o, err);
	o->fd = restore_keep_fd(restore, fd, err);
	return o->fd;
}
