/* SPDX-License-Identifier: MIT */
/* Writes what the field tables say: the JSON Schemas, and the tables of the specification. */
#include "format/err.h"
#include "format/file.h"
#include "format/image.h"
#include "format/index.h"
#include "format/names.h"
#include "format/working_set.h"

#include <stdlib.h>
#include <string.h>

/* Names that several records share, or too many to stand beside a field: the appendix has them. */
static const struct title {
	const struct name *names;
	const char *title;
	bool flags;
} titles[] = {
	{ signal_names, "signal", false },
	{ sigaction_flag_names, "sigaction", true },
	{ open_flag_names, "open", true },
	{ mmap_prot_names, "protection", true },
	{ auxv_names, "auxv", false },
	{ rlimit_names, "limit", false },
	{ capability_names, "capability", true },
	{ securebit_names, "securebit", true },
	{ personality_flag_names, "personality", true },
	{ clock_names, "clock", false },
	{ sched_policy_names, "scheduling policy", false },
	{ tty_iflag_names, "terminal input", true },
	{ tty_oflag_names, "terminal output", true },
	{ tty_cflag_names, "terminal control", true },
	{ tty_lflag_names, "terminal local", true },
};
enum { N_TITLES = sizeof(titles) / sizeof(*titles), RECORDS_MAX = 200 };

/* What has been written into the document, so that nothing is written twice. */
struct document {
	const struct record *done[RECORDS_MAX];
	size_t n_done;
	bool used[N_TITLES];
	FILE *out;
};

/* Of the container, and of a file beside it; the others are in the one list. */
static const struct record *const container_records[] = {
	&index_record, &oci_manifest_record, &oci_layout_record, &working_set_record, NULL,
};

/* Records with a schema and a section of their own, by place; NULL at the end. */
static const struct record *record_at(size_t i)
{
	if (i < KIND_COUNT)
		return kinds[i].record;
	i -= KIND_COUNT;
	for (size_t k = 0; file_types[k]; k++)
		if (i-- == 0)
			return file_types[k];
	return container_records[i];
}

static const struct record *record_named(const char *name)
{
	const struct record *record;

	for (size_t i = 0; (record = record_at(i)); i++)
		if (strcmp(record->name, name) == 0)
			return record;
	return NULL;
}

static void put_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static const char *title_of(struct document *document, const struct name *names)
{
	if (names == signal_set_names)
		names = signal_names;
	for (size_t i = 0; i < N_TITLES; i++) {
		if (titles[i].names == names) {
			document->used[i] = true;
			return titles[i].title;
		}
	}
	return NULL;
}

static void put_names(FILE *out, const struct name *names, bool flags)
{
	for (size_t i = 0; names[i].name; i++)
		fprintf(out, flags ? "%s`%s` 0x%lx" : "%s`%s` %lu", i ? ", " : "", names[i].name,
			names[i].value);
}

static void put_bits(FILE *out, const char *word, const struct field *field)
{
	fprintf(out, "%s%zu", word, field->size * 8);
}

static void put_type(struct document *document, const struct field *field);

static void put_named(struct document *document, const struct field *field, const char *word)
{
	const char *title = title_of(document, field->names);

	fprintf(document->out, title ? "%s (%s)" : "%s", word, title);
}

static void put_variants(FILE *out, const struct record *const *variants)
{
	fputs("one of", out);
	for (size_t i = 0; variants[i]; i++)
		fprintf(out, "%s `%s`", i ? "," : "", variants[i]->name);
}

static void put_type(struct document *document, const struct field *field)
{
	FILE *out = document->out;

	switch (field->type) {
	case FIELD_BOOL:
		fputs("bool", out);
		return;
	case FIELD_UINT:
		put_bits(out, "uint", field);
		return;
	case FIELD_INT:
		put_bits(out, "int", field);
		return;
	case FIELD_HEX:
		put_bits(out, "hex", field);
		return;
	case FIELD_ENUM:
		put_named(document, field, "name");
		return;
	case FIELD_FLAGS:
		put_named(document, field, "flags");
		return;
	case FIELD_STRING:
		fputs("string", out);
		return;
	case FIELD_RANGE:
		fputs("range", out);
		return;
	case FIELD_BYTES:
		fputs("bytes", out);
		return;
	case FIELD_RECORD:
		fprintf(out, "record `%s`", field->record->name);
		return;
	case FIELD_LIST:
		fputs("list of ", out);
		put_type(document, field->item);
		return;
	case FIELD_VARIANT:
		put_variants(out, field->variants);
		return;
	case FIELD_END:
		return;
	}
}

static void put_marks(FILE *out, unsigned flags)
{
	static const struct name marks[] = {
		{ "optional", FIELD_OPTIONAL },
		{ "volatile", FIELD_VOLATILE },
		{ "informative", FIELD_INFO },
		{ NULL, 0 },
	};
	const char *before = "";

	for (size_t i = 0; marks[i].name; i++) {
		if (!(flags & marks[i].value))
			continue;
		fprintf(out, "%s%s", before, marks[i].name);
		before = ", ";
	}
}

static void put_row(struct document *document, const struct field *field)
{
	const struct field *named = field->item ? field->item : field;
	FILE *out = document->out;

	fprintf(out, "| `%s` | ", field->name);
	put_type(document, field);
	fputs(" | ", out);
	put_marks(out, field->flags);
	fputs(" | ", out);
	put_text(out, field->doc);
	if (named->names && !title_of(document, named->names)) {
		fputs(" Values: ", out);
		put_names(out, named->names, named->type == FIELD_FLAGS);
		fputc('.', out);
	}
	fputs(" |\n", out);
}

static bool first_time(struct document *document, const struct record *record)
{
	for (size_t i = 0; i < document->n_done; i++)
		if (document->done[i] == record)
			return false;
	if (document->n_done < RECORDS_MAX)
		document->done[document->n_done++] = record;
	return true;
}

static void put_record(struct document *document, const struct record *record)
{
	if (!first_time(document, record))
		return;
	fprintf(document->out,
		"\n**`%s`**: %s%s\n\n| key | type | | meaning |\n|---|---|---|---|\n", record->name,
		record->doc, record->open ? " Unknown keys are ignored." : "");
	for (const struct field *field = record->fields; field->type != FIELD_END; field++)
		put_row(document, field);
	for (const struct field *field = record->fields; field->type != FIELD_END; field++) {
		const struct field *inner = field->item ? field->item : field;

		if (inner->type == FIELD_RECORD && !record_named(inner->record->name))
			put_record(document, inner->record);
		for (size_t i = 0; field->variants && field->variants[i]; i++)
			if (!record_named(field->variants[i]->name))
				put_record(document, field->variants[i]);
	}
}

static void put_appendix(struct document *document)
{
	FILE *out = document->out;

	fputs("\n| names | values |\n|---|---|\n", out);
	for (size_t i = 0; i < N_TITLES; i++) {
		if (!document->used[i])
			continue;
		fprintf(out, "| %s | ", titles[i].title);
		put_names(out, titles[i].names, titles[i].flags);
		fputs(" |\n", out);
	}
}

/* Every field that carries the flag, with its path in the record. */
static void put_flagged(FILE *out, const struct record *record, const char *path, unsigned flag)
{
	for (const struct field *field = record->fields; field->type != FIELD_END; field++) {
		const struct field *inner = field->item ? field->item : field;
		char name[200];

		snprintf(name, sizeof(name), "%s.%s%s", path, field->name, field->item ? "[]" : "");
		if (field->flags & flag)
			fprintf(out, "| `%s` | %s |\n", name, field->doc);
		else if (inner->type == FIELD_RECORD)
			put_flagged(out, inner->record, name, flag);
	}
}

static void put_volatile(FILE *out)
{
	const struct record *record;

	fputs("\n| field | |\n|---|---|\n", out);
	for (size_t i = 0; (record = record_at(i)); i++)
		if (!record->open)
			put_flagged(out, record, record->name, FIELD_VOLATILE);
}

static int put_marked(struct document *document, const char *what, struct err *err)
{
	const struct record *record = record_named(what);

	if (strcmp(what, "names") == 0)
		put_appendix(document);
	else if (strcmp(what, "volatile") == 0)
		put_volatile(document->out);
	else if (record)
		put_record(document, record);
	else
		return err_set(err, ERR_FAILED, "no record \"%s\" for the document", what);
	fputc('\n', document->out);
	return 0;
}

static int check_complete(const struct document *document, struct err *err)
{
	const struct record *record;

	for (size_t i = 0; (record = record_at(i)); i++) {
		size_t k = 0;

		while (k < document->n_done && document->done[k] != record)
			k++;
		if (k == document->n_done)
			return err_set(err, ERR_FAILED,
				       "the document lacks the line <!-- table: %s -->",
				       record->name);
	}
	return 0;
}

/* Copies a document; what stands between <!-- table: WHAT --> and <!-- end --> is made anew. */
static int fill_document(FILE *in, FILE *out, struct err *err)
{
	struct document document = { .out = out };
	char line[4096], what[64];
	bool inside = false;

	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, "<!-- end -->", 12) == 0)
			inside = false;
		if (!inside)
			fputs(line, out);
		if (sscanf(line, "<!-- table: %63[a-z0-9_] -->", what) != 1)
			continue;
		inside = true;
		if (put_marked(&document, what, err) < 0)
			return -1;
	}
	return check_complete(&document, err);
}

static int run(int argc, char **argv, struct err *err)
{
	const struct record *record;

	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; (record = record_at(i)); i++)
			puts(record->name);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "document") == 0)
		return fill_document(stdin, stdout, err);
	if (argc == 3 && strcmp(argv[1], "schema") == 0 && (record = record_named(argv[2])))
		return record_schema(record, stdout, err);
	return err_set(err, ERR_USAGE, "usage: generate list | document <IN | schema RECORD");
}

int main(int argc, char **argv)
{
	struct err err;

	if (run(argc, argv, &err) == 0)
		return 0;
	fprintf(stderr, "generate: %s\n", err.msg);
	return err.code;
}
