/* SPDX-License-Identifier: MIT */
/* `extract`: every entry becomes a file below a new directory. */
#include "format/cleanup.h"
#include "format/err.h"
#include "inspect/copy.h"
#include "inspect/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int make_parents(int root, const char *name, struct err *err)
{
	char path[256];

	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
		if (mkdirat(root, path, 0700) < 0 && errno != EEXIST)
			return err_sys(err, "make the directory %s", path);
	}
	return 0;
}

/* The reader lets only plain paths pass, and below a directory that is new and ours there are no
 * links to follow. */
static int extract_entry(int root, const struct image_entry *entry, struct err *err)
{
	_cleanup_file_ FILE *file = NULL;
	int fd;

	if (make_parents(root, entry->name, err) < 0)
		return -1;
	fd = openat(root, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create %s", entry->name);
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return err_sys(err, "create %s", entry->name);
	}
	if (copy_entry(entry, file, err) < 0)
		return -1;
	if (fflush(file) != 0)
		return err_sys(err, "write %s", entry->name);
	return 0;
}

int extract_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	_cleanup_close_ int root = -1;
	const struct image_entry *entry;

	(void)options;
	if (inspect_operands("extract", argc, 2, 2, err) < 0 ||
	    inspect_read(argv[0], 0, &inspect, err) < 0)
		return -1;
	if (image_reader_spool(inspect.reader, err) < 0)
		return err_prefix(err, "%s", argv[0]);
	if (mkdir(argv[1], 0700) < 0)
		return err_sys(err, "make the directory %s", argv[1]);
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, "open %s", argv[1]);
	for (size_t i = 0; (entry = image_reader_entry(inspect.reader, i)); i++)
		if (extract_entry(root, entry, err) < 0)
			return err_prefix(err, "%s", argv[1]);
	/* With the index any tar makes an image again. */
	entry = image_reader_index(inspect.reader);
	if (entry && extract_entry(root, entry, err) < 0)
		return err_prefix(err, "%s", argv[1]);
	/* Also what is damaged can be looked at, but not without being told. */
	if (image_reader_finish(inspect.reader, NULL, err) < 0)
		return err_prefix(err, "%s is unpacked, but %s", argv[1], argv[0]);
	return 0;
}
