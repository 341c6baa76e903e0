/* SPDX-License-Identifier: MIT */
/* Every record of the image as one JSON object, keyed by the names of the entries. */
#include "format/cleanup.h"
#include "format/err.h"
#include "inspect/inspect.h"

#include <string.h>

/* JSON has no line breaks inside strings, so the text can be indented by line. */
static void put_indented(const char *text, FILE *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		fwrite(text, 1, length, out);
		text += length;
		if (*text && *++text)
			fputs("\n  ", out);
	}
}

/* Objects that processes share are shown whichever process is asked for. */
static bool is_wanted(const struct inspect *inspect, enum kind kind, struct key key)
{
	return strncmp(kinds[kind].path, "processes/", 10) != 0 ||
	       inspect_wants(inspect, key.first);
}

int json_print(struct inspect *inspect, FILE *out, struct err *err)
{
	const char *before = "{\n  ";

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		const struct objects *list = &inspect->image.kinds[kind];

		for (size_t i = 0; i < list->n_objects; i++) {
			_cleanup_free_ char *text = NULL;
			char path[64];

			if (!is_wanted(inspect, kind, list->objects[i].key))
				continue;
			kind_path(kind, list->objects[i].key, path, sizeof(path));
			if (record_encode(kinds[kind].record, list->objects[i].record, &text, NULL,
					  err) < 0)
				return err_prefix(err, "%s", path);
			fprintf(out, "%s\"%s\": ", before, path);
			put_indented(text, out);
			before = ",\n  ";
		}
	}
	fputs("\n}\n", out);
	return 0;
}
