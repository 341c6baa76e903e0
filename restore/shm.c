/* SPDX-License-Identifier: MIT */
#include "format/shm.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "restore/descriptors.h"
#include "restore/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>

static void add_problem(struct restore *restore, const struct shm *shm, enum verdict verdict,
			const char *what)
{
	char object[PATH_MAX + 32];

	snprintf(object, sizeof(object), "shm %u %s", shm->id, shm->name ? shm->name : "");
	problems_add(&restore->problems, verdict, object, "%s", what);
}

static void split_path(const char *path, char *directory, size_t size, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	snprintf(directory, size, "%.*s", (int)MAX(length, 1UL), length ? path : "/");
}

/* How the kernel shows a file that O_TMPFILE made and that never had a name: "#123456". */
static bool never_had_name(const char *name)
{
	return name[0] == '#' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1);
}

/* At its old name, if that is free: then /proc shows what it showed. It is gone at once. */
static int make_named(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		unlink(path);
	return fd;
}

static int make_deleted_file(struct restore *restore, const struct shm *shm, struct err *err)
{
	char buffer[PATH_MAX], directory[PATH_MAX];
	const char *path =
		restore_path(restore, shm->name ? shm->name : "/tmp/#0", buffer, sizeof(buffer));
	const char *name;
	int fd = -1;

	split_path(path, directory, sizeof(directory), &name);
	if (!never_had_name(name))
		fd = make_named(path);
	if (fd >= 0)
		return fd;
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && never_had_name(name))
		return fd;
	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = memfd_create(name, MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "make a file for the contents of %s", path);
	add_problem(restore, shm, VERDICT_APPROXIMATED,
		    "the deleted file cannot be made at its old path: /proc shows another name");
	return fd;
}

static int make_memfd(struct restore *restore, const struct shm *shm, struct err *err)
{
	const char *name = shm->name ? shm->name : "";
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd;

	(void)restore;
	if (shm->huge_page_size)
		flags |= MFD_HUGETLB | (unsigned)__builtin_ctzl(shm->huge_page_size)
					       << MFD_HUGE_SHIFT;
	/* Seals and permissions are set at the end; vm.memfd_noexec must not seal before. */
	fd = memfd_create(name, flags | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? err_sys(err, "memfd_create \"%s\"", name) : fd;
}

/* Another description to map it with, for mappings that may never become writable. */
static int reopen_read_only(int fd, struct err *err)
{
	char path[64];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	return reader < 0 ? err_sys(err, "open %s", path) : reader;
}

static int make(struct restore *restore, const void *record, struct key key, struct err *err)
{
	_cleanup_close_ int fd = -1, reader = -1;
	const struct shm *shm = record;
	struct made_object *object;

	(void)key;
	/* It raises the limit that the numbers from restore->base on may need. */
	if (descriptors_make(restore, err) < 0)
		return -1;
	if (shm->kind == SHM_ANONYMOUS)
		return restore_anonymous(restore, shm->id, shm->size, err) < 0 ? -1 : 0;
	fd = shm->kind == SHM_MEMFD ? make_memfd(restore, shm, err)
				    : make_deleted_file(restore, shm, err);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)shm->size) < 0)
		return err_sys(err, "shm %u: make it %lu bytes long", shm->id, shm->size);
	reader = reopen_read_only(fd, err);
	if (reader < 0)
		return -1;
	fd = restore_keep_fd(restore, TAKE_FD(fd), err);
	reader = restore_keep_fd(restore, TAKE_FD(reader), err);
	object = fd < 0 || reader < 0 ? NULL : LIST_ADD(restore, objects, err);
	if (!object)
		return -1;
	*object = (struct made_object){ .kind = KIND_shm,
					.id = shm->id,
					.fds = { TAKE_FD(fd), TAKE_FD(reader) } };
	return 0;
}

static int check(struct restore *restore, const void *record, struct key key, struct err *err)
{
	const struct shm *shm = record;
	char path[96];

	(void)key;
	if (!name_of(shm_kind_names, shm->kind))
		return err_set(err, ERR_IMAGE, "shm/%u.json: $.kind: 0x%x is not known", shm->id,
			       shm->kind);
	if (!shm->huge_page_size)
		return 0;
	if (shm->huge_page_size & (shm->huge_page_size - 1))
		return err_set(err, ERR_IMAGE, "shm/%u.json: $.huge_page_size: %lu is none",
			       shm->id, shm->huge_page_size);
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB",
		 shm->huge_page_size / 1024);
	if (access(path, F_OK) == 0)
		return 0;
	add_problem(restore, shm, VERDICT_BLOCKING, "this kernel has no huge pages of that size");
	problems_remedy(&restore->problems, "boot with hugepagesz=%luK",
			shm->huge_page_size / 1024);
	return 0;
}

int shm_map_fd(const struct restore *restore, uint32_t id, bool writable)
{
	const struct made_object *object = restore_object(restore, KIND_shm, id);

	return object ? object->fds[writable ? 0 : 1] : -1;
}

int shm_fill_fd(const struct restore *restore, uint32_t id)
{
	return shm_map_fd(restore, id, true);
}

static int fill_huge(const struct shm *shm, int fd, uint64_t offset, const void *data, size_t size,
		     struct err *err)
{
	uint64_t page = shm->huge_page_size, start = offset & -page;
	size_t length = (offset + size - start + page - 1) & -page;
	uint8_t *map = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
			    (off_t)start);

	if (map == MAP_FAILED)
		return err_sys(err, "shm %u: map %zu bytes of huge pages", shm->id, length);
	memcpy(map + (offset - start), data, size);
	munmap(map, length);
	return 0;
}

int shm_fill(const struct restore *restore, uint32_t id, uint64_t offset, const void *data,
	     size_t size, struct err *err)
{
	const struct shm *shm = IMAGE_GET(&restore->image, shm, id, 0);
	int fd = shm && shm->kind == SHM_ANONYMOUS ? restore_anonymous_fd(restore, id)
						   : shm_fill_fd(restore, id);
	const uint8_t *from = data;

	if (!shm || fd < 0 || offset >= shm->size)
		return err_set(err, ERR_IMAGE, "shm %u: there is nothing at offset %lu", id,
			       offset);
	size = MIN(size, shm->size - offset);
	if (shm->huge_page_size && shm->kind != SHM_ANONYMOUS)
		return fill_huge(shm, fd, offset, data, size, err);
	while (size > 0) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "shm %u: write at %lu", id, offset);
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int shm_finish(struct restore *restore, struct err *err)
{
	for (size_t i = 0; i < restore->n_objects; i++) {
		const struct made_object *object = &restore->objects[i];
		const struct shm *shm;

		/* A program that is executed was finished before. */
		if (object->kind != KIND_shm || object->fds[0] < 0)
			continue;
		shm = IMAGE_GET(&restore->image, shm, object->id, 0);
		if (shm->mode && fchmod(object->fds[0], shm->mode & 07777) < 0)
			return err_sys(err, "shm %u: set mode 0%o", shm->id, shm->mode & 07777);
		if (shm->kind == SHM_MEMFD && shm->seals &&
		    fcntl(object->fds[0], F_ADD_SEALS, shm->seals) < 0)
			return err_sys(err, "shm %u: set seals 0x%x", shm->id, shm->seals);
	}
	return 0;
}

const struct restorer shm_restorer = { .check = check, .make = make };
