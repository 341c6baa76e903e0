/* SPDX-License-Identifier: MIT */
#include "inspect/inspect.h"

#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"
#include "inspect/print.h"

#include <string.h>

/* A view and the option that asks for it. */
struct view {
	size_t option; /* offset of a bool in struct inspect_options */
	view_fn *print;
};

static const struct view views[] = {
	{ offsetof(struct inspect_options, maps), maps_print },
	{ offsetof(struct inspect_options, fds), fds_print },
	{ offsetof(struct inspect_options, signals), signals_print },
	{ offsetof(struct inspect_options, threads), threads_print },
	{ offsetof(struct inspect_options, env), env_print },
	{ offsetof(struct inspect_options, json), json_print },
};

bool inspect_wants(const struct inspect *inspect, uint32_t pid)
{
	return !inspect->options->pid || inspect->options->pid == pid;
}

void inspect_heading(struct inspect *inspect, uint32_t pid, FILE *out)
{
	const struct process *process = IMAGE_GET(&inspect->image, process, pid, 0);

	fprintf(out, "%sprocess %u: ", inspect->headed ? "\n" : "", pid);
	inspect->headed = true;
	put_command(process->command_line, process->n_command_line, out);
	fputc('\n', out);
}

static int check_pid(const struct inspect *inspect, struct err *err)
{
	uint32_t pid = inspect->options->pid;

	if (!pid || IMAGE_GET(&inspect->image, process, pid, 0))
		return 0;
	return err_set(err, ERR_USAGE, "--pid %u: no such process in %s", pid, inspect->file);
}

int inspect_process(const struct inspect *inspect, uint32_t *ret_pid, struct err *err)
{
	if (check_pid(inspect, err) < 0)
		return -1;
	*ret_pid = inspect->options->pid ? inspect->options->pid
					 : IMAGE_GET(&inspect->image, pimage, 0, 0)->root;
	return 0;
}

int inspect_operands(const char *command, int argc, int min, int max, struct err *err)
{
	if (min <= argc && argc <= max)
		return 0;
	for (const struct command *c = inspect_program.commands; c->name; c++)
		if (strcmp(c->name, command) == 0)
			return err_set(err, ERR_USAGE, "usage: pinspect %s %s", c->name, c->args);
	return err_set(err, ERR_USAGE, "usage: pinspect [OPTION...] FILE; see pinspect --help");
}

int inspect_views(const struct inspect_options *options, int argc, char *const *argv,
		  struct err *err)
{
	_cleanup_inspect_ struct inspect inspect = { 0 };
	bool any = false;

	if (inspect_operands("", argc, 1, 1, err) < 0 ||
	    inspect_open(argv[0], options, options->env, &inspect, err) < 0 ||
	    check_pid(&inspect, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		const bool *asked = (const bool *)((const char *)options + views[i].option);

		if (!*asked)
			continue;
		any = true;
		if (views[i].print(&inspect, stdout, err) < 0)
			return -1;
	}
	return any ? 0 : summary_print(&inspect, stdout, err);
}
