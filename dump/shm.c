/* SPDX-License-Identifier: MIT */
/* Contents that no path gives back: found once per inode, scanned and written at the end. */
#include "format/shm.h"

#include "dump/file_table.h"
#include "dump/flights.h"
#include "dump/page_hashing.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "format/page_source.h"
#include "kernel/readfile.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

static const char memfd_prefix[] = "/memfd:";

/* The name that the kernel shows for a descriptor of ours. */
static int name_of_fd(int fd, char **ret_name, struct err *err)
{
	static const char mark[] = " (deleted)";
	char path[64], *name;
	size_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (read_link_at(AT_FDCWD, path, &name, err) < 0)
		return -1;
	length = strlen(name);
	if (length > strlen(mark) && strcmp(name + length - strlen(mark), mark) == 0)
		name[length - strlen(mark)] = '\0';
	*ret_name = name;
	return 0;
}

/*
 * An offset of its own, because looking for holes moves it and the target's must stay. A mapped
 * object that no descriptor is left of can be opened with CAP_CHECKPOINT_RESTORE only.
 */
static int reopen(const struct target *target, const struct map *map, int fd)
{
	char path[96];

	if (fd >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		return open(path, O_RDONLY | O_CLOEXEC);
	}
	snprintf(path, sizeof(path), "map_files/%lx-%lx", map->start, map->end);
	return openat(target->proc, path, O_RDONLY | O_CLOEXEC);
}

static struct contents *find(struct dump_files *files, const struct contents *wanted,
			     const struct map *map)
{
	for (size_t i = 0; i < files->n_contents; i++) {
		struct contents *c = &files->contents[i];

		if (map && wanted->fd < 0
			    ? contents_is_mapped_by(c, map)
			    : (c->ino == wanted->ino &&
			       (c->dev == wanted->dev || (c->fd < 0 && c->name && wanted->name &&
							  strcmp(c->name, wanted->name) == 0))))
			return c;
	}
	return NULL;
}

static int set_name(struct shm *shm, const char *name, uint64_t ino, struct err *err)
{
	if (shm->kind == SHM_ANONYMOUS || !name)
		return 0;
	if (shm->kind == SHM_MEMFD)
		name += strlen(memfd_prefix);
	free(shm->name);
	shm->name = strdup(name);
	if (!shm->name)
		return err_sys(err, "out of memory");
	if (shm->kind == SHM_DELETED_FILE)
		dump_name_tmpfile(shm->name, ino);
	return 0;
}

/* Facts that only a descriptor gives. */
static int describe_by_fd(const struct contents *contents, struct shm *shm, struct err *err)
{
	struct statfs fs;
	struct stat st;
	int seals;

	if (fstat(contents->fd, &st) < 0 || fstatfs(contents->fd, &fs) < 0)
		return err_sys(err, "stat %s", contents->name);
	shm->size = (uint64_t)st.st_size;
	shm->mode = st.st_mode;
	if (shm->kind == SHM_MEMFD) {
		seals = fcntl(contents->fd, F_GET_SEALS);
		shm->seals = seals > 0 ? (uint32_t)seals : 0;
	}
	if (fs.f_type == HUGETLBFS_MAGIC)
		shm->huge_page_size = (uint64_t)fs.f_bsize;
	return 0;
}

static uint32_t kind_of(const struct contents *contents, const struct map *map)
{
	if (map && (map->kind == MAP_KIND_SHMEM || map->kind == MAP_KIND_HUGETLB))
		return SHM_ANONYMOUS;
	if (map ? map->kind == MAP_KIND_MEMFD
		: strncmp(contents->name, memfd_prefix, strlen(memfd_prefix)) == 0)
		return SHM_MEMFD;
	return SHM_DELETED_FILE;
}

static int describe(struct dump *dump, const struct contents *contents, const struct map *map,
		    struct shm *shm, struct err *err)
{
	char object[300];

	shm->kind = kind_of(contents, map);
	if (set_name(shm, contents->name, contents->ino, err) < 0)
		return -1;
	if (contents->fd >= 0)
		return describe_by_fd(contents, shm, err);
	snprintf(object, sizeof(object), "pid %d %s", contents->target->pid,
		 contents->name ? contents->name : "shared memory");
	if (map && map->kind == MAP_KIND_HUGETLB)
		shm->huge_page_size = map->page_kb * 1024;
	if (map && shm->kind != SHM_ANONYMOUS)
		problems_add(&dump->problems, VERDICT_APPROXIMATED, object,
			     "it is mapped and no descriptor of it is open: saved is what the "
			     "mappings show of it, without its mode and seals");
	if (!map)
		problems_add(&dump->problems, VERDICT_BLOCKING, object,
			     "the file is deleted, and its contents cannot be read");
	return 0;
}

/* A descriptor turned up for what only mappings were known of. */
static int upgrade(struct contents *known, struct contents *found, struct shm *shm, struct err *err)
{
	known->fd = TAKE_FD(found->fd);
	known->dev = found->dev;
	if (found->name) {
		free(known->name);
		known->name = TAKE_PTR(found->name);
	}
	return describe_by_fd(known, shm, err);
}

static int add(struct dump *dump, struct dump_files *files, struct contents *found,
	       const struct map *map, uint32_t *ret_id, struct err *err)
{
	struct shm *shm = DUMP_NEW(dump, shm, &found->id, err);
	struct contents *contents = shm ? LIST_ADD(files, contents, err) : NULL;

	if (!contents)
		return -1;
	shm->id = found->id;
	*contents = *found;
	*found = (struct contents){ .fd = -1 };
	*ret_id = contents->id;
	return describe(dump, contents, map, shm, err);
}

int dump_contents(struct dump *dump, struct target *target, const struct map *map, int fd,
		  uint32_t *ret_id, struct err *err)
{
	_cleanup_(contents_done) struct contents found = { .fd = -1, .target = target };
	struct dump_files *files = dump_files(dump, err);
	struct contents *known;
	struct stat st;

	if (!files)
		return -1;
	found.fd = reopen(target, map, fd);
	if (fd < 0 && map->name && !(found.name = strdup(map->name)))
		return err_sys(err, "out of memory");
	if (fd >= 0 && name_of_fd(fd, &found.name, err) < 0)
		return -1;
	found.ino = map ? map->inode : 0;
	found.dev = map ? makedev(map->dev_major, map->dev_minor) : 0;
	if ((fd >= 0 || found.fd >= 0) && fstat(found.fd >= 0 ? found.fd : fd, &st) == 0) {
		found.dev = st.st_dev;
		found.ino = st.st_ino;
	}
	known = find(files, &found, map);
	if (!known)
		return add(dump, files, &found, map, ret_id, err);
	*ret_id = known->id;
	if (known->fd < 0 && found.fd >= 0)
		return upgrade(known, &found, IMAGE_GET(&dump->image, shm, known->id, 0), err);
	return 0;
}

/* After all descriptors and mappings of the target are known: then it is clear what is read how. */
static int collect(struct dump *dump, struct target *target, struct err *err)
{
	struct dump_files *files = dump->files;

	for (size_t i = 0; files && i < files->n_contents; i++) {
		struct contents *c = &files->contents[i];

		if ((c->target == target || flights_is_target(dump, c->target)) && !c->scanned &&
		    contents_scan(c, dump, IMAGE_GET(&dump->image, shm, c->id, 0), err) < 0)
			return -1;
	}
	return 0;
}

/* The run_read of contents. */
static int read_run(void *context, uint64_t offset, void *buffer, size_t size, struct err *err)
{
	return contents_read(context, offset, buffer, size, err);
}

static int write_pages(struct dump *dump, const void *record, struct key key,
		       struct page_writer *writer, struct err *err)
{
	_cleanup_run_pages_ struct run_pages *pages = NULL;
	const struct shm *shm = record;
	char folder[64];

	(void)key;
	for (size_t i = 0; !pages && i < dump->files->n_contents; i++)
		if (dump->files->contents[i].id == shm->id &&
		    !(pages = hashed_run_pages(dump, KIND_shm, shm->id, read_run,
					       &dump->files->contents[i], NULL, err)))
			return -1;
	if (!pages)
		return err_set(err, ERR_FAILED, "shm %u has no source", shm->id);
	if (runs_add(&pages->runs, shm->saved, shm->n_saved, err) < 0)
		return -1;
	snprintf(folder, sizeof(folder), "shm/%u/pages", shm->id);
	return write_runs(writer, folder, pages, err);
}

bool dump_shared_is_kept(const struct dump *dump)
{
	IMAGE_EACH (&dump->image, shm, shm)
		for (size_t i = 0; shm->n_saved && i < dump->files->n_contents; i++)
			if (dump->files->contents[i].id == shm->id &&
			    !contents_are_kept(&dump->files->contents[i]))
				return false;
	return true;
}

const struct dumper shm_dumper = { .collect = collect, .write_pages = write_pages };
