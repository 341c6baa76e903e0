/* SPDX-License-Identifier: MIT */
/* The command line of a program as one const table: parsing, --help and the check of its manual come from it. */
#ifndef PIMAGE_OPTIONS_H
#define PIMAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct err;
struct name;

enum option_type {
	OPTION_FLAG,	/* bool or int: becomes `value` */
	OPTION_STRING,	/* const char *, into argv */
	OPTION_UINT,	/* unsigned of 4 or 8 bytes, decimal */
	OPTION_CHOICE,	/* int: one of `choices` */
	OPTION_LIST,	/* const char **, and size_t n_: each use adds an element, into argv */
	OPTION_HEADING, /* no option: a line of --help above those that follow */
};

/* Use the rows below. A table ends with { 0 }. --help (-h) and --version (-V) need no row. */
struct option_row {
	const char *name; /* long, without dashes */
	char letter;	  /* short, or 0 */
	enum option_type type;
	size_t offset; /* in the program's own struct options */
	size_t size;
	size_t count_offset; /* LIST */
	const char *arg;     /* what --help calls the argument; NULL for a FLAG */
	const struct name *choices;
	int value;	  /* FLAG */
	const char *help; /* a phrase, no full stop */
};

#define OPTION_ROW(T, m, t, n, l, ...)                                                             \
	{                                                                                          \
		.name = (n), .letter = (l), .type = (t), .offset = offsetof(T, m),                 \
		.size = sizeof(((T *)0)->m), __VA_ARGS__                                           \
	}
/* T is struct options, m its member, n the long name, l the letter or 0, a the argument's name, h the help. */
#define FLAG_OPTION(T, m, n, l, h) OPTION_ROW(T, m, OPTION_FLAG, n, l, .value = 1, .help = (h))
/* A flag that sets the member to v: --no-x (false), or one of several ways (an int). */
#define VALUE_OPTION(T, m, n, l, v, h)                                                             \
	OPTION_ROW(T, m, OPTION_FLAG, n, l, .value = (v), .help = (h))
#define STRING_OPTION(T, m, n, l, a, h)                                                            \
	OPTION_ROW(T, m, OPTION_STRING, n, l, .arg = (a), .help = (h))
#define UINT_OPTION(T, m, n, l, a, h) OPTION_ROW(T, m, OPTION_UINT, n, l, .arg = (a), .help = (h))
#define CHOICE_OPTION(T, m, n, l, a, c, h)                                                         \
	OPTION_ROW(T, m, OPTION_CHOICE, n, l, .arg = (a), .choices = (c), .help = (h))
#define LIST_OPTION(T, m, n, l, a, h)                                                              \
	OPTION_ROW(T, m, OPTION_LIST, n, l, .count_offset = offsetof(T, n_##m), .arg = (a),        \
		   .help = (h))
#define OPTIONS_HEADING(h)                                                                         \
	{                                                                                          \
		.name = "", .type = OPTION_HEADING, .help = (h)                                    \
	}

/* A sub-command. A table ends with { 0 }. run gets the operands that follow the command's name. */
struct command {
	const char *name;
	const char *args; /* "IMAGE [ENTRY]" */
	const char *help;
	int (*run)(const void *options, int argc, char **argv, struct err *err);
};

struct exit_status {
	int status;
	const char *meaning;
};

/* What the three programs' exit statuses mean: 0 and enum err_code. Ends with a NULL meaning. */
extern const struct exit_status exit_statuses[];

struct program {
	const char *name;
	const char *purpose;	  /* one sentence */
	const char *const *usage; /* what follows the name, each way to call it; ends with NULL */
	const struct option_row *options;
	const struct command *commands;	    /* or NULL */
	const struct exit_status *statuses; /* its own, beside exit_statuses, or NULL */
	const char *notes;		    /* paragraphs at the end of --help, or NULL */
};

/*
 * Fills `options` (zeroes or defaults) from argv, whose operands it moves behind the options.
 * Returns 0 and where the operands begin; 1 if --help or --version has been answered on stdout; <0
 * with ERR_USAGE. Release with options_release() in any case.
 */
int options_parse(const struct program *program, int argc, char **argv, void *options,
		  int *ret_first_operand, struct err *err);

/* Frees what options_parse() allocated: the arrays of lists. */
void options_release(const struct program *program, void *options);

/* The sub-command of that name, or NULL with ERR_USAGE; name may be NULL. */
const struct command *command_find(const struct program *program, const char *name,
				   struct err *err);

void options_help(const struct program *program, FILE *out);

/* For main: says on stderr why the program failed, and returns the exit status. */
int program_failed(const struct program *program, const struct err *err);

/*
 * Whether a manual page (its man(7) source) and the table know the same options and commands: each
 * has an entry there, which is a line after .TP or .TQ that names it (\\-\\-name, or the command's
 * name), and there is no entry for an option that the program does not have. For tests.
 */
int options_check_manual(const struct program *program, const char *manual, struct err *err);

#endif
