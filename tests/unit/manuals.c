/* SPDX-License-Identifier: MIT */
/* The manual pages know the options and commands that the programs have, and no others. */
#include "cli/options.h"
#include "dump/options.h"
#include "format/err.h"
#include "inspect/options.h"
#include "restore/options.h"
#include "tests/unit/test.h"

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0) {
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static void test_manual(const struct program *program, const char *path)
{
	char *text = read_text(path);
	struct err err = { 0 };

	CHECK(text, "%s cannot be read: run it at the top of the sources", path);
	if (!text)
		return;
	CHECK(options_check_manual(program, text, &err) == 0, "%s: %s", path, err.msg);
	/* That it would notice: an entry more, an entry less. */
	strcat(text, ".TP\n.B \\-\\-planted\n");
	CHECK(options_check_manual(program, text, &err) < 0, "%s", path);
	memset(strstr(text, "\\-\\-help"), 'x', 8);
	CHECK(options_check_manual(program, text, &err) < 0, "%s", path);
	free(text);
}

int main(void)
{
	test_manual(&pdump_program, "dump/pdump.1");
	test_manual(&prestore_program, "restore/prestore.1");
	test_manual(&inspect_program, "inspect/pinspect.1");
	return test_done("manuals");
}
