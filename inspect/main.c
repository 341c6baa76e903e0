/* SPDX-License-Identifier: MIT */
/* pinspect: reads, checks, compares, unpacks and packs images. */
#include "format/err.h"
#include "inspect/inspect.h"

#include <string.h>

static int run(const struct inspect_options *options, int argc, char **argv, struct err *err)
{
	const struct command *command = inspect_program.commands;

	for (; argc && command->name; command++)
		if (strcmp(command->name, argv[0]) == 0)
			return command->run(options, argc - 1, argv + 1, err);
	return inspect_views(options, argc, argv, err);
}

int main(int argc, char **argv)
{
	struct inspect_options options = { 0 };
	struct err err = { 0 };
	int first = 0, ret;

	ret = options_parse(&inspect_program, argc, argv, &options, &first, &err);
	if (ret == 0)
		ret = run(&options, argc - first, argv + first, &err);
	else if (ret > 0)
		ret = 0;
	if (ret >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		ret = err_sys(&err, "write standard output");
	options_release(&inspect_program, &options);
	return ret < 0 ? program_failed(&inspect_program, &err) : ret;
}
