/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "format/err.h"

#include <string.h>

#define WIDTH 80
#define LEFT  28

const struct exit_status exit_statuses[] = {
	{ 0, "success" },
	{ ERR_FAILED, "it failed for a reason that has no status of its own" },
	{ ERR_USAGE, "the command line is wrong" },
	{ ERR_PERMISSION, "this user may not do it" },
	{ ERR_IMAGE, "the image is damaged, incomplete or not understood" },
	{ ERR_UNSUPPORTED, "the process has something that cannot be saved" },
	{ ERR_HOST, "this host lacks something that the image needs" },
	{ ERR_GONE, "there is no such process, or it ended meanwhile" },
	{ ERR_IO, "a file could not be read or written" },
	{ 0, NULL },
};

/* Words from column `column` on, continued below `left`; ends the line. */
static void put_words(const char *words, size_t column, size_t left, FILE *out)
{
	bool first = true;

	while (*words) {
		size_t length = strcspn(words, " ");

		if (!first && column + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", (int)left, "");
			column = left;
			first = true;
		}
		fprintf(out, "%s%.*s", first ? "" : " ", (int)length, words);
		column += length + !first;
		words += length + strspn(words + length, " ");
		first = false;
	}
	fputc('\n', out);
}

/* One row of two columns; a left side that is too long has a line to itself. */
static void put_row(const char *left, const char *help, FILE *out)
{
	size_t used = (size_t)fprintf(out, "  %s", left);

	if (used + 2 > LEFT) {
		fputc('\n', out);
		used = 0;
	}
	fprintf(out, "%*s", (int)(LEFT - used), "");
	put_words(help, LEFT, LEFT, out);
}

static void put_option(const struct option_row *row, FILE *out)
{
	char left[100];
	char letter[] = { '-', row->letter, ',', ' ', '\0' };

	snprintf(left, sizeof(left), "%s--%s%s%s", row->letter ? letter : "    ", row->name,
		 row->arg ? "=" : "", row->arg ? row->arg : "");
	put_row(left, row->help, out);
}

static void put_options(const struct program *program, FILE *out)
{
	static const struct option_row own[] = {
		{ .name = "help", .letter = 'h', .help = "show this help and exit" },
		{ .name = "version", .letter = 'V', .help = "show the version and exit" },
	};
	const struct option_row *row = program->options;
	bool headings = false;

	if (!row->name || row->type != OPTION_HEADING)
		fprintf(out, "\nOptions:\n");
	for (; row->name; row++) {
		if (row->type != OPTION_HEADING) {
			put_option(row, out);
			continue;
		}
		fprintf(out, "\n%s:\n", row->help);
		headings = true;
	}
	if (headings)
		fputc('\n', out);
	put_option(&own[0], out);
	put_option(&own[1], out);
}

static void put_commands(const struct command *command, FILE *out)
{
	char left[100];

	fprintf(out, "\nCommands:\n");
	for (; command->name; command++) {
		snprintf(left, sizeof(left), "%s %s", command->name, command->args);
		put_row(left, command->help, out);
	}
}

static void put_statuses(const struct exit_status *status, FILE *out)
{
	for (; status && status->meaning; status++)
		fprintf(out, "  %-3d  %s\n", status->status, status->meaning);
}

/* Paragraphs are lines, however long. */
static void put_notes(const char *notes, FILE *out)
{
	char paragraph[1000];

	while (*notes) {
		size_t length = strcspn(notes, "\n");

		snprintf(paragraph, sizeof(paragraph), "%.*s", (int)length, notes);
		put_words(paragraph, 0, 0, out);
		notes += length + (notes[length] == '\n');
	}
}

void options_help(const struct program *program, FILE *out)
{
	const char *const *usage;

	for (usage = program->usage; *usage; usage++)
		fprintf(out, "%s %s %s\n", usage == program->usage ? "Usage:" : "      ",
			program->name, *usage);
	fputc('\n', out);
	put_words(program->purpose, 0, 0, out);
	if (program->commands)
		put_commands(program->commands, out);
	put_options(program, out);
	fprintf(out, "\nExit status:\n");
	put_statuses(exit_statuses, out);
	put_statuses(program->statuses, out);
	if (program->notes) {
		fputc('\n', out);
		put_notes(program->notes, out);
	}
}
