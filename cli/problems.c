/* SPDX-License-Identifier: MIT */
#include "cli/problems.h"

#include "format/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct field problems_fields[] = {
	LIST(struct problems, notes, 0, item_note, "What was found."),
	{ 0 },
};

const struct record problems_record =
	RECORD_OF(struct problems, "problems", problems_fields, "What a check found.");

/* Either all of a note is there, or none of it and the list is known to be incomplete. */
static void add_note(struct problems *problems, enum verdict verdict, const char *object,
		     char *what)
{
	char *copy = strdup(object);
	struct note *note = NULL;

	if (copy && what)
		note = LIST_ADD(problems, notes, NULL);
	if (!note) {
		free(copy);
		free(what);
		problems->failed = true;
		return;
	}
	*note = (struct note){ .verdict = verdict, .object = copy, .what = what };
}

static char *format_text(const char *fmt, va_list ap)
{
	char *text;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

void problems_add(struct problems *problems, enum verdict verdict, const char *object,
		  const char *what, ...)
{
	va_list ap;

	va_start(ap, what);
	add_note(problems, verdict, object, format_text(what, ap));
	va_end(ap);
}

void problems_add_err(struct problems *problems, enum verdict verdict, const char *object,
		      const struct err *err)
{
	add_note(problems, verdict, object, strdup(err->msg));
}

void problems_remedy(struct problems *problems, const char *remedy, ...)
{
	struct note *last;
	va_list ap;

	/* Without memory the last one is not the one that is meant. */
	if (problems->failed || problems->n_notes == 0)
		return;
	last = &problems->notes[problems->n_notes - 1];
	free(last->remedy);
	va_start(ap, remedy);
	last->remedy = format_text(remedy, ap);
	va_end(ap);
	problems->failed = !last->remedy;
}

void problems_pass(struct problems *problems)
{
	problems->n_passing++;
}

bool problems_passing(const struct problems *problems)
{
	return problems->n_passing && !problems->failed &&
	       problems->n_passing == problems_count(problems, VERDICT_BLOCKING);
}

size_t problems_count(const struct problems *problems, enum verdict verdict)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < problems->n_notes; i++)
		count += problems->notes[i].verdict == (int)verdict;
	return count;
}

int problems_refuse(const struct problems *problems, enum err_code code, struct err *err)
{
	size_t blocking = problems_count(problems, VERDICT_BLOCKING);

	if (problems->failed)
		return err_set(err, ERR_FAILED, "out of memory for the list of problems");
	if (blocking == 0)
		return 0;
	return err_set(err, code, "%zu problem%s in the way", blocking,
		       blocking == 1 ? " stands" : "s stand");
}

/* Names of the kernel's may hold anything, and the note may come from an image. */
static void put_escaped(const char *prefix, const char *string, FILE *out)
{
	_cleanup_text_ struct text text = { 0 };

	text_string(&text, prefix);
	text_escape(&text, string, strlen(string));
	if (!text.failed)
		fwrite(text.data, 1, text.size, out);
}

static void put_note(const struct note *note, FILE *out)
{
	put_escaped("  ", note->object, out);
	put_escaped(": ", note->what, out);
	fputc('\n', out);
	if (!note->remedy)
		return;
	put_escaped("      -> ", note->remedy, out);
	fputc('\n', out);
}

void problems_print(const struct problems *problems, FILE *out)
{
	static const char *const headings[] = {
		[VERDICT_BLOCKING] = "In the way",
		[VERDICT_LOST] = "Lost",
		[VERDICT_APPROXIMATED] = "Approximated",
		[VERDICT_NOTE] = "Worth knowing",
	};
	int verdict;
	size_t i;

	for (verdict = VERDICT_BLOCKING; verdict <= VERDICT_NOTE; verdict++) {
		size_t count = problems_count(problems, (enum verdict)verdict);

		if (count == 0)
			continue;
		fprintf(out, "%s (%zu):\n", headings[verdict], count);
		for (i = 0; i < problems->n_notes; i++)
			if (problems->notes[i].verdict == verdict)
				put_note(&problems->notes[i], out);
	}
}

void problems_done(struct problems *problems)
{
	record_release(&problems_record, problems);
}
