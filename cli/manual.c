/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <string.h>

static const char word_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/*
 * The lines that begin an entry, one after another, without what roff needs: backslashes and fonts.
 * malloc'd; NULL without memory.
 */
static char *manual_entries(const char *manual)
{
	char *entries = malloc(strlen(manual) + 2);
	bool entry = false;
	char *to = entries;

	while (entries && *manual) {
		const char *end = strchrnul(manual, '\n');
		bool begins = strncmp(manual, ".TP", 3) == 0 || strncmp(manual, ".TQ", 3) == 0;

		for (; entry && manual < end; manual++) {
			if (manual[0] == '\\' && manual[1] == 'f' && end - manual > 2)
				manual += 2;
			else if (*manual != '\\')
				*to++ = *manual;
		}
		if (entry)
			*to++ = '\n';
		entry = begins;
		manual = end + (*end == '\n');
	}
	if (entries)
		*to = '\0';
	return entries;
}

/* Whether the word stands there, not as a part of a longer one. */
static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	const char *at;

	for (at = strstr(text, word); at; at = strstr(at + 1, word))
		if ((at == text || !strchr(word_letters, at[-1])) &&
		    (!at[length] || !strchr(word_letters, at[length])))
			return true;
	return false;
}

static bool has_option(const struct program *program, const char *name)
{
	const struct option_row *row;

	for (row = program->options; row->name; row++)
		if (row->type != OPTION_HEADING && strcmp(row->name, name) == 0)
			return true;
	return strcmp(name, "help") == 0 || strcmp(name, "version") == 0;
}

static int check_option(const char *entries, const char *name, struct err *err)
{
	char word[80];

	snprintf(word, sizeof(word), "--%s", name);
	if (has_word(entries, word))
		return 0;
	return err_set(err, ERR_FAILED, "the manual has no entry for %s", word);
}

static int check_surplus(const struct program *program, const char *entries, struct err *err)
{
	const char *at = entries;
	char name[80];

	while ((at = strstr(at, "--"))) {
		at += 2;
		snprintf(name, sizeof(name), "%.*s", (int)strspn(at, word_letters), at);
		if (*name && !has_option(program, name))
			return err_set(err, ERR_FAILED, "the manual has --%s, the program has not",
				       name);
	}
	return 0;
}

int options_check_manual(const struct program *program, const char *manual, struct err *err)
{
	_cleanup_free_ char *entries = manual_entries(manual);
	const struct command *command = program->commands;
	const struct option_row *row;

	if (!entries)
		return err_set(err, ERR_FAILED, "out of memory");
	for (row = program->options; row->name; row++)
		if (row->type != OPTION_HEADING && check_option(entries, row->name, err) < 0)
			return -1;
	if (check_option(entries, "help", err) < 0 || check_option(entries, "version", err) < 0)
		return -1;
	for (; command && command->name; command++)
		if (!has_word(entries, command->name))
			return err_set(err, ERR_FAILED,
				       "the manual has no entry for the command %s", command->name);
	return check_surplus(program, entries, err);
}
