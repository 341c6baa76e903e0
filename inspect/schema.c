/* SPDX-License-Identifier: MIT */
/* The JSON Schema of a record, from its table. */
#include "format/err.h"
#include "inspect/inspect.h"

#include <string.h>

int schema_run(const void *options, int argc, char **argv, struct err *err)
{
	(void)options;
	if (inspect_operands("schema", argc, 0, 1, err) < 0)
		return -1;
	for (enum kind kind = 0; argc && kind < KIND_COUNT; kind++)
		if (strcmp(kinds[kind].record->name, argv[0]) == 0)
			return record_schema(kinds[kind].record, stdout, err);
	if (argc)
		return err_set(err, ERR_USAGE,
			       "schema: no record \"%s\"; \"pinspect schema\" shows all of them",
			       argv[0]);
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		printf("%s\"%s\": ", kind ? ",\n" : "{\n", kinds[kind].record->name);
		if (record_schema(kinds[kind].record, stdout, err) < 0)
			return -1;
	}
	puts("}");
	return 0;
}
