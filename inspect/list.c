/* SPDX-License-Identifier: MIT */
/* `ls`: the entries of an image. */
#include "format/err.h"
#include "format/pages.h"
#include "inspect/inspect.h"
#include "inspect/table.h"

#include <inttypes.h>

static const struct column columns[] = {
	{ "SIZE", true },
	{ "PAGES", true },
	{ "NAME", false },
	{},
};

/* The amount of memory in an entry of page data, where its seek table tells. */
static int add_pages(struct table *table, const struct image_entry *entry, struct err *err)
{
	struct page_table pages = { 0 };
	struct page_source source;

	if (!entry->pages) {
		table_add(table, "%s", "");
		return 0;
	}
	source = image_entry_source(entry);
	if (page_table_read(&source, entry->size, &pages, err) < 0)
		return err_prefix(err, "%s", entry->name);
	table_add_size(table, pages.size);
	page_table_done(&pages);
	return 0;
}

int list_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	_cleanup_table_ struct table table = { .columns = columns };
	const struct image_entry *entry;

	(void)options;
	if (inspect_operands("ls", argc, 1, 1, err) < 0 ||
	    inspect_read(argv[0], 0, &inspect, err) < 0)
		return -1;
	if (image_reader_spool(inspect.reader, err) < 0)
		return err_prefix(err, "%s", argv[0]);
	for (size_t i = 0; (entry = image_reader_entry(inspect.reader, i)); i++) {
		table_add(&table, "%" PRIu64, entry->size);
		if (add_pages(&table, entry, err) < 0)
			return err_prefix(err, "%s", argv[0]);
		table_add_bytes(&table, entry->name);
	}
	return table_print(&table, stdout, err);
}
