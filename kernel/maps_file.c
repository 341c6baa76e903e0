/* SPDX-License-Identifier: MIT */
#include "kernel/maps_file.h"

#include "format/cleanup.h"
#include "kernel/readfile.h"

static int take(void *context, const char *text, size_t size, struct err *err)
{
	return maps_reader_add(context, text, size, err);
}

/* Of tens of thousands of mappings smaps has as many megabytes. */
int maps_read_at(int dirfd, const char *name, struct maps *ret_maps, struct err *err)
{
	_cleanup_(maps_reader_release) struct maps_reader reader = {};

	if (read_lines_at(dirfd, name, take, &reader, err) < 0)
		return -1;
	return maps_reader_end(&reader, ret_maps, err);
}
