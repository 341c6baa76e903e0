/* SPDX-License-Identifier: MIT */
/* The descriptors of each process with what they refer to. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/file.h"
#include "format/files.h"
#include "format/names.h"
#include "inspect/inspect.h"
#include "inspect/print.h"
#include "inspect/table.h"

#include <inttypes.h>

static const struct column columns[] = {
	{ "FD", true },	    { "FILE", true },	{ "TYPE", false }, { "ACCESS", false },
	{ "OFFSET", true }, { "FLAGS", false }, { "WHAT", false }, {},
};

static void add_flags(struct table *table, const struct descriptor *descriptor,
		      const struct file *file)
{
	_cleanup_free_ char *flags = flags_text(open_flag_names, file->flags, " ");

	if (!flags) {
		table->failed = true;
		return;
	}
	table_add(table, "%s%s%s", descriptor->close_on_exec ? "close_on_exec" : "",
		  descriptor->close_on_exec && *flags ? " " : "", flags);
}

static void add_descriptor(struct table *table, const struct descriptor *descriptor,
			   const struct file *file)
{
	const char *access = name_of(open_access_names, file->access);
	_cleanup_free_ char *what = record_line(file->type.type, file->type.state);

	table_add(table, "%u", descriptor->fd);
	table_add(table, "%u", descriptor->file);
	table_add(table, "%s", file->type.type->name);
	table_add(table, "%s", access ? access : "-");
	if (file->offset)
		table_add(table, "%" PRIu64, file->offset);
	else
		table_add(table, "%s", "");
	add_flags(table, descriptor, file);
	if (what)
		table_add_bytes(table, what);
	else
		table->failed = true;
}

int fds_print(struct inspect *inspect, FILE *out, struct err *err)
{
	const struct objects *list = &inspect->image.kinds[KIND_files];

	for (size_t i = 0; i < list->n_objects; i++) {
		const struct files *files = list->objects[i].record;
		_cleanup_table_ struct table table = { .columns = columns };

		if (!inspect_wants(inspect, list->objects[i].key.first))
			continue;
		inspect_heading(inspect, list->objects[i].key.first, out);
		for (size_t k = 0; k < files->n_descriptors; k++) {
			const struct descriptor *d = &files->descriptors[k];

			add_descriptor(&table, d, IMAGE_GET(&inspect->image, file, d->file, 0));
		}
		if (table_print(&table, out, err) < 0)
			return -1;
	}
	return 0;
}
