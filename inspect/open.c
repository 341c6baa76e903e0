/* SPDX-License-Identifier: MIT */
/* From the name of an image to its records, checked. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_load.h"
#include "format/image_previous.h"
#include "inspect/inspect.h"

#include <fcntl.h>
#include <string.h>

int inspect_read(const char *file, unsigned flags, struct inspect *ret_inspect, struct err *err)
{
	struct inspect inspect = { .file = file, .fd = -1 };

	if (strcmp(file, "-") == 0)
		inspect.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		inspect.fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (inspect.fd < 0)
		return err_sys(err, "open %s", file);
	if (image_reader_new(inspect.fd, flags, &inspect.reader, err) < 0) {
		inspect_done(&inspect);
		return err_prefix(err, "%s", file);
	}
	*ret_inspect = inspect;
	return 0;
}

static int load(struct inspect *inspect, bool pages, struct err *err)
{
	if (pages && image_reader_spool(inspect->reader, err) < 0)
		return -1;
	if (image_load(inspect->reader, &inspect->image, err) < 0 ||
	    image_finish(inspect->reader, &inspect->image, &inspect->report, err) < 0)
		return -1;
	/* What only looks at records does without. */
	return pages ? image_previous_open(inspect->file, &inspect->image, err) : 0;
}

int inspect_open(const char *file, const struct inspect_options *options, bool pages,
		 struct inspect *ret_inspect, struct err *err)
{
	struct inspect inspect;

	if (inspect_read(file, 0, &inspect, err) < 0)
		return -1;
	inspect.options = options;
	if (load(&inspect, pages, err) < 0) {
		inspect_done(&inspect);
		return err_prefix(err, "%s", file);
	}
	*ret_inspect = inspect;
	return 0;
}

void inspect_done(struct inspect *inspect)
{
	image_done(&inspect->image);
	image_reader_free(inspect->reader);
	/* One that was never opened is all zeroes, and then descriptor 0 is not its own. */
	if (inspect->file)
		cleanup_close(&inspect->fd);
	*inspect = (struct inspect){ 0 };
}
