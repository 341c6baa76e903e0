/* SPDX-License-Identifier: MIT */
/* `cat`: an entry of an image as it is. */
#include "format/entry.h"
#include "format/err.h"
#include "inspect/copy.h"
#include "inspect/inspect.h"

#include <string.h>
#include <unistd.h>

/* index.json is none of the entries that it lists, but people ask for it. */
static const struct image_entry *find_entry(struct image_reader *reader, const char *name)
{
	const struct image_entry *entry = image_reader_find(reader, name);

	if (!entry && strcmp(name, ENTRY_INDEX) == 0)
		entry = image_reader_index(reader);
	return entry;
}

static bool is_text(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

int cat_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	const struct image_entry *entry;

	(void)options;
	if (inspect_operands("cat", argc, 2, 2, err) < 0 ||
	    inspect_read(argv[0], 0, &inspect, err) < 0)
		return -1;
	entry = find_entry(inspect.reader, argv[1]);
	if (!entry || entry->pages) {
		if (image_reader_spool(inspect.reader, err) < 0)
			return err_prefix(err, "%s", argv[0]);
		entry = find_entry(inspect.reader, argv[1]);
	}
	if (!entry)
		return err_set(err, ERR_FAILED, "%s has no entry \"%s\"; see pinspect ls", argv[0],
			       argv[1]);
	if (!is_text(argv[1]) && isatty(STDOUT_FILENO))
		return err_set(err, ERR_USAGE,
			       "%s is not text: send it to a file or a pipe; memory is shown by "
			       "pinspect hexdump",
			       argv[1]);
	return copy_entry(entry, stdout, err);
}
