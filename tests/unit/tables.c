/* SPDX-License-Identifier: MIT */
/* Every field table of the image is one that the codec can walk, and gives a schema. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image.h"
#include "tests/unit/test.h"

static void check_table(const struct kind_info *kind)
{
	_cleanup_free_ char *schema = NULL;
	struct err err = { 0 };
	size_t size;
	FILE *out = open_memstream(&schema, &size);
	int r = record_schema(kind->record, out, &err);

	fclose(out);
	CHECK(r == 0, "%s: %s", kind->path, err.msg);
	CHECK(r < 0 || strstr(schema, kind->record->name), "%s", kind->path);
}

int main(void)
{
	size_t i;

	for (i = 0; i < KIND_COUNT; i++)
		check_table(&kinds[i]);
	return test_done("tables");
}
