/* SPDX-License-Identifier: MIT */
#include "dump/mapped.h"

#include "dump/file.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/*
 * A descriptor of what is mapped, or -1: through map_files, which only CAP_CHECKPOINT_RESTORE may follow; else the
 * program itself; else a descriptor of the process that leads to the same inode.
 */
static int open_mapped(const struct target *target, const struct map *map)
{
	_cleanup_free_ uint32_t *fds = NULL;
	struct stat st;
	char path[64];
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "map_files/%lx-%lx", map->start, map->end);
	fd = openat(target->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (fstatat(target->proc, "exe", &st, 0) == 0 && st.st_ino == map->inode)
		return openat(target->proc, "exe", O_RDONLY | O_CLOEXEC);
	if (list_numbers_at(target->proc, "fd", &fds, &n, NULL) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "fd/%u", fds[i]);
		if (fstatat(target->proc, path, &st, 0) == 0 && st.st_ino == map->inode &&
		    S_ISREG(st.st_mode))
			return openat(target->proc, path, O_RDONLY | O_CLOEXEC);
	}
	return -1;
}

int mapped_contents(struct dump *dump, struct target *target, const struct map *map,
		    struct vma *vma, struct err *err)
{
	_cleanup_close_ int fd = -1;

	if (map->kind != MAP_KIND_SHMEM)
		fd = open_mapped(target, map);
	vma->kind = VMA_SHM;
	vma->offset = map->offset;
	return dump_contents(dump, target, map, fd, &vma->contents, err);
}

static const struct mapped_file *find(const struct memory *memory, const struct map *map)
{
	for (size_t i = memory->n_mapped_files; i-- > 0;) {
		const struct mapped_file *file = &memory->mapped_files[i];

		if (file->file.inode == map->inode && strcmp(file->file.path, map->name) == 0)
			return file;
	}
	return NULL;
}

/* A child has mapped the same files as its parent, mostly, which were looked at a moment ago. NULL: not this one. */
static const struct file_id *known_of_parent(const struct dump *dump, const struct target *target,
					     const struct map *map)
{
	const struct process *process = IMAGE_GET(&dump->image, process, target->own_pid, 0);
	const struct memory *parent =
		process->parent ? IMAGE_GET(&dump->image, memory, process->parent, 0) : NULL;
	const struct mapped_file *known = parent && !map->deleted ? find(parent, map) : NULL;

	return known && !known->file.contents && S_ISREG(known->file.mode) ? &known->file : NULL;
}

static struct mapped_file *add(struct dump *dump, const struct target *target, struct err *err)
{
	struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);
	struct mapped_file *file = LIST_ADD(memory, mapped_files, err);

	if (file)
		file->id = (uint32_t)memory->n_mapped_files;
	return file;
}

static int add_known(struct dump *dump, const struct target *target, const struct file_id *known,
		     uint32_t *ret_id, struct err *err)
{
	struct mapped_file *file = add(dump, target, err);

	if (!file)
		return -1;
	*ret_id = file->id;
	return dump_file_id_copy(known, &file->file, err) < 0 ? -1 : 0;
}

static int add_new(struct dump *dump, const struct target *target, const struct map *map,
		   const struct stat *st, uint32_t *ret_id, struct err *err)
{
	struct mapped_file *file = add(dump, target, err);
	_cleanup_close_ int fd = -1;

	if (!file)
		return -1;
	*ret_id = file->id;
	fd = open(map->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return dump_file_id(map->name, fd, st, &file->file, err);
}

int mapped_file(struct dump *dump, struct target *target, const struct map *map, struct vma *vma,
		struct err *err)
{
	struct memory *memory = IMAGE_GET(&dump->image, memory, target->own_pid, 0);
	const struct mapped_file *known = find(memory, map);
	const struct file_id *of_parent;
	struct stat st;

	vma->kind = VMA_FILE;
	vma->offset = map->offset;
	if (known) {
		vma->file = known->id;
		return 0;
	}
	of_parent = known_of_parent(dump, target, map);
	if (of_parent)
		return add_known(dump, target, of_parent, &vma->file, err);
	if (map->deleted || stat(map->name, &st) < 0 || st.st_ino != map->inode)
		return mapped_contents(dump, target, map, vma, err);
	if (!S_ISREG(st.st_mode) && (strcmp(map->name, "/dev/zero") != 0 || map->shared)) {
		problems_add(&dump->problems, VERDICT_BLOCKING, target->name,
			     "mapping 0x%lx-0x%lx is of %s, which is no regular file", map->start,
			     map->end, map->name);
		problems_remedy(&dump->problems, "let the program unmap it");
		return 0;
	}
	return add_new(dump, target, map, &st, &vma->file, err);
}
