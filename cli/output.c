/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

enum { MODE = 0600 };

static int open_nameless(const char *path)
{
	/* dirname(3) works on its argument, and its answer may lie in it. */
	_cleanup_free_ char *copy = strdup(path);

	return copy ? open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, MODE) : -1;
}

static int open_named(const char *path, struct output *output, struct err *err)
{
	_cleanup_free_ char *name = NULL;
	int fd;

	if (asprintf(&name, "%s.XXXXXX", path) < 0)
		return err_sys(err, "out of memory");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "cannot create %s", name);
	output->fd = fd;
	output->temporary = TAKE_PTR(name);
	return 0;
}

int output_open(const char *path, struct output *ret_output, struct err *err)
{
	struct output output = OUTPUT_EMPTY;
	struct stat st;

	if (strcmp(path, "-") == 0) {
		output.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (output.fd < 0)
			return err_sys(err, "standard output");
		*ret_output = output;
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		output.fd = open(path, O_WRONLY | O_CLOEXEC);
		if (output.fd < 0)
			return err_sys(err, "cannot write %s", path);
		*ret_output = output;
		return 0;
	}
	output.path = path;
	output.fd = open_nameless(path);
	if (output.fd < 0 && open_named(path, &output, err) < 0)
		return -1;
	*ret_output = output;
	return 0;
}

int output_sync(const struct output *output, struct err *err)
{
	/* Pipes and terminals cannot be synchronised (EINVAL); a real failure is one of the disk. */
	if (fsync(output->fd) < 0 && errno != EINVAL && errno != EROFS)
		return err_sys(err, "cannot write %s to the disk",
			       output->path ? output->path : "the image");
	return 0;
}

/* linkat(2) replaces nothing, so over an old image the new one goes by way of a temporary name. */
static int name_it(struct output *output, struct err *err)
{
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, output->path, AT_SYMLINK_FOLLOW) == 0)
		return 1;
	if (errno != EEXIST)
		return err_sys(err, "cannot give the image its name %s", output->path);
	for (int i = 0; i < 100; i++) {
		_cleanup_free_ char *name = NULL;

		if (asprintf(&name, "%s.%d.%d", output->path, getpid(), i) < 0)
			return err_sys(err, "out of memory");
		if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) {
			output->temporary = TAKE_PTR(name);
			return 0;
		}
		if (errno != EEXIST)
			break;
	}
	return err_sys(err, "cannot give the image a name beside %s", output->path);
}

int output_commit(struct output *output, struct err *err)
{
	int ret = 0;

	if (!output->path)
		return 0;
	if (!output->temporary)
		ret = name_it(output, err);
	if (ret)
		return ret < 0 ? -1 : 0;
	if (rename(output->temporary, output->path) < 0)
		return err_sys(err, "cannot rename %s to %s", output->temporary, output->path);
	free(output->temporary);
	output->temporary = NULL;
	return 0;
}

void output_done(struct output *output)
{
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	cleanup_close(&output->fd);
	*output = (struct output)OUTPUT_EMPTY;
}
