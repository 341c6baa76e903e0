/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/record.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

/* Above any letter; the row's index is added. */
#define LONG_OPTION 256
#define HELP	    'h'
#define VERSION	    'V'

typedef int set_fn(const struct option_row *row, const char *arg, void *member, void *options,
		   struct err *err);

static int set_flag(const struct option_row *row, const char *arg, void *member, void *options,
		    struct err *err)
{
	(void)arg, (void)options, (void)err;
	if (row->size == sizeof(bool))
		*(bool *)member = row->value;
	else
		*(int *)member = row->value;
	return 0;
}

static int set_string(const struct option_row *row, const char *arg, void *member, void *options,
		      struct err *err)
{
	(void)row, (void)options, (void)err;
	*(const char **)member = arg;
	return 0;
}

static int set_uint(const struct option_row *row, const char *arg, void *member, void *options,
		    struct err *err)
{
	/* Some of these members are signed. */
	uint64_t max = row->size == 4 ? INT32_MAX : UINT64_MAX;
	uint64_t value;
	char *end;

	(void)options;
	errno = 0;
	value = strtoull(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end || errno || value > max)
		return err_set(err, ERR_USAGE, "--%s=%s: expected a number up to %llu", row->name,
			       arg, (unsigned long long)max);
	if (row->size == 4)
		*(uint32_t *)member = (uint32_t)value;
	else
		*(uint64_t *)member = value;
	return 0;
}

static int set_choice(const struct option_row *row, const char *arg, void *member, void *options,
		      struct err *err)
{
	const struct name *name;
	char known[300] = "";
	size_t used = 0;
	uint64_t value;

	(void)options;
	if (name_value(row->choices, arg, &value) == 0) {
		*(int *)member = (int)value;
		return 0;
	}
	for (name = row->choices; name->name && used < sizeof(known); name++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 used ? ", " : "", name->name);
	return err_set(err, ERR_USAGE, "--%s=%s: expected one of %s", row->name, arg, known);
}

static int set_list(const struct option_row *row, const char *arg, void *member, void *options,
		    struct err *err)
{
	size_t *count = (size_t *)((char *)options + row->count_offset);
	const char **item = list_add(member, count, sizeof(*item), err);

	if (!item)
		return -1;
	*item = arg;
	return 0;
}

static int set_option(const struct option_row *row, const char *arg, void *options, struct err *err)
{
	static set_fn *const set[] = {
		[OPTION_FLAG] = set_flag, [OPTION_STRING] = set_string,
		[OPTION_UINT] = set_uint, [OPTION_CHOICE] = set_choice,
		[OPTION_LIST] = set_list,
	};

	return set[row->type](row, arg, (char *)options + row->offset, options, err);
}

void options_release(const struct program *program, void *options)
{
	const struct option_row *row;

	for (row = program->options; row->name; row++) {
		if (row->type != OPTION_LIST)
			continue;
		free(*(void **)((char *)options + row->offset));
		*(void **)((char *)options + row->offset) = NULL;
		*(size_t *)((char *)options + row->count_offset) = 0;
	}
}

/* How many letters have to be changed, added or left out to make one of the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64];
	size_t length = strlen(b);
	size_t i, j;

	if (length >= 64)
		return SIZE_MAX;
	for (j = 0; j <= length; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (j = 0; j < length; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j + 1] = diagonal + 1 < best ? diagonal + 1 : best;
		}
	}
	return row[length];
}

/* Remembers the name nearest to what was given; one that is too far is no help. */
static void consider(const char *given, const char *name, const char **nearest, size_t *least)
{
	size_t d = distance(given, name);

	if (d < *least && d <= 2 && d <= strlen(name) / 2) {
		*least = d;
		*nearest = name;
	}
}

static int unknown_option(const struct program *program, const char *given, struct err *err)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;
	const struct option_row *row;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(given, "="), given);
	for (row = program->options; row->name; row++)
		consider(name, row->name, &nearest, &least);
	consider(name, "help", &nearest, &least);
	consider(name, "version", &nearest, &least);
	if (!nearest)
		return err_set(err, ERR_USAGE, "unknown option --%s", name);
	return err_set(err, ERR_USAGE, "unknown option --%s, did you mean --%s?", name, nearest);
}

const struct command *command_find(const struct program *program, const char *name, struct err *err)
{
	const struct command *command;
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	if (!name) {
		err_set(err, ERR_USAGE, "a command is missing");
		return NULL;
	}
	for (command = program->commands; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
		consider(name, command->name, &nearest, &least);
	}
	if (nearest)
		err_set(err, ERR_USAGE, "unknown command %s, did you mean %s?", name, nearest);
	else
		err_set(err, ERR_USAGE, "unknown command %s", name);
	return NULL;
}

/* The tables in getopt's form. */
struct getopt_tables {
	struct option *longs;
	size_t n_longs;
	char letters[256];
};

static void tables_done(struct getopt_tables *tables)
{
	free(tables->longs);
}

static int add_option(struct getopt_tables *tables, const char *name, char letter, bool arg,
		      int value, struct err *err)
{
	size_t used = strlen(tables->letters);
	struct option *option;

	if (letter)
		snprintf(tables->letters + used, sizeof(tables->letters) - used, "%c%s", letter,
			 arg ? ":" : "");
	option = LIST_ADD(tables, longs, err);
	if (!option)
		return -1;
	*option = (struct option){ .name = name,
				   .has_arg = arg ? required_argument : no_argument,
				   .val = value };
	return 0;
}

static int make_tables(const struct program *program, struct getopt_tables *tables, struct err *err)
{
	const struct option_row *row;

	/* The colon makes getopt tell a missing argument from an unknown option. */
	tables->letters[0] = ':';
	for (row = program->options; row->name; row++)
		if (row->type != OPTION_HEADING &&
		    add_option(tables, row->name, row->letter, row->arg != NULL,
			       LONG_OPTION + (int)(row - program->options), err) < 0)
			return -1;
	if (add_option(tables, "help", HELP, false, HELP, err) < 0 ||
	    add_option(tables, "version", VERSION, false, VERSION, err) < 0)
		return -1;
	return add_option(tables, NULL, 0, false, 0, err);
}

/* The row of what getopt returned or complained of; NULL if it has none. */
static const struct option_row *row_of(const struct program *program, int value)
{
	const struct option_row *row;

	if (value >= LONG_OPTION)
		return program->options + (value - LONG_OPTION);
	for (row = program->options; row->name; row++)
		if (value && row->letter == value)
			return row;
	return NULL;
}

/* What getopt meant by '?' or ':'. */
static int bad_option(const struct program *program, int value, const char *last, struct err *err)
{
	const struct option_row *row = row_of(program, optopt);

	if (row && value == ':')
		return err_set(err, ERR_USAGE, "--%s needs an argument: %s", row->name, row->arg);
	if (row || (optopt && strncmp(last, "--", 2) == 0))
		return err_set(err, ERR_USAGE, "%.60s: the option takes no argument", last);
	if (optopt)
		return err_set(err, ERR_USAGE, "unknown option -%c", optopt);
	return unknown_option(program, last + strspn(last, "-"), err);
}

int options_parse(const struct program *program, int argc, char **argv, void *options,
		  int *ret_first_operand, struct err *err)
{
	_cleanup_(tables_done) struct getopt_tables tables = { 0 };
	int value;

	if (make_tables(program, &tables, err) < 0)
		return -1;
	/* 0, and not 1, makes getopt forget an earlier command line. */
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, tables.letters, tables.longs, NULL)) != -1) {
		const struct option_row *row = row_of(program, value);

		if (row) {
			if (set_option(row, optarg, options, err) < 0)
				return -1;
		} else if (value == HELP) {
			options_help(program, stdout);
			return 1;
		} else if (value == VERSION) {
			printf("%s %s\n", program->name, PIMAGE_VERSION);
			return 1;
		} else {
			return bad_option(program, value, argv[optind - 1], err);
		}
	}
	*ret_first_operand = optind;
	return 0;
}

int program_failed(const struct program *program, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", program->name, err->msg);
	if (err->code == ERR_USAGE)
		fprintf(stderr, "Try '%s --help'.\n", program->name);
	return (int)err->code;
}
