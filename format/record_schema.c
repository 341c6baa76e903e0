/* SPDX-License-Identifier: MIT */
#include "format/cleanup.h"
#include "format/record_json.h"

#include <stdlib.h>
#include <string.h>

struct schema {
	struct text text;
	unsigned depth;
	const struct record **records; /* that are referred to, each once, in order of reference */
	size_t n_records;
};

typedef void schema_fn(struct schema *s, const struct field *field);

static void schema_done(struct schema *s)
{
	text_done(&s->text);
	free(s->records);
}

static void quote(struct schema *s, const char *string)
{
	json_quote(&s->text, string, strlen(string));
}

static void new_line(struct schema *s)
{
	text_char(&s->text, '\n');
	text_fill(&s->text, ' ', 2 * (size_t)s->depth);
}

static void keyword(struct schema *s, const char *key, const char *value)
{
	quote(s, key);
	text_string(&s->text, ": ");
	quote(s, value);
	text_char(&s->text, ',');
	new_line(s);
}

static void open_group(struct schema *s, char bracket)
{
	text_char(&s->text, bracket);
	s->depth++;
	new_line(s);
}

static void close_group(struct schema *s, char bracket)
{
	s->depth--;
	new_line(s);
	text_char(&s->text, bracket);
}

/* Between two members, each on a line of its own. */
static void next_line(struct schema *s, bool *first)
{
	if (!*first) {
		text_char(&s->text, ',');
		new_line(s);
	}
	*first = false;
}

static void pattern(struct schema *s, const char *expression)
{
	text_string(&s->text, "\"pattern\": ");
	quote(s, expression);
}

static void hex_pattern(struct schema *s, const struct field *field)
{
	char expression[40];

	snprintf(expression, sizeof(expression), "^0x0*[0-9a-fA-F]{1,%zu}$", 2 * field->size);
	pattern(s, expression);
}

static void schema_bool(struct schema *s, const struct field *field)
{
	(void)field;
	text_string(&s->text, "\"type\": \"boolean\"");
}

static void schema_unsigned(struct schema *s, const struct field *field)
{
	uint64_t max = field_max(field);

	text_string(&s->text, "\"type\": [\"integer\", \"string\"], \"minimum\": 0, \"maximum\": ");
	text_uint(&s->text, max < JSON_EXACT ? max : JSON_EXACT - 1);
	text_string(&s->text, ", ");
	hex_pattern(s, field);
}

static void schema_int(struct schema *s, const struct field *field)
{
	bool wide = field->size == 8;
	int64_t max = wide ? (int64_t)JSON_EXACT - 1 : (int64_t)(field_max(field) >> 1);

	text_string(&s->text, "\"type\": [\"integer\", \"string\"], \"minimum\": ");
	text_int(&s->text, wide ? -max : -max - 1);
	text_string(&s->text, ", \"maximum\": ");
	text_int(&s->text, max);
	text_string(&s->text, ", ");
	pattern(s, "^-?[0-9]+$");
}

static void schema_enum(struct schema *s, const struct field *field)
{
	const struct name *name;

	text_string(&s->text, "\"anyOf\": [{\"enum\": [");
	for (name = field->names; name->name; name++) {
		text_string(&s->text, name == field->names ? "" : ", ");
		quote(s, name->name);
	}
	text_string(&s->text, "]}, {\"type\": \"string\", ");
	hex_pattern(s, field);
	text_string(&s->text, "}]");
}

static void schema_flags(struct schema *s, const struct field *field)
{
	text_string(&s->text, "\"type\": \"array\", \"items\": {");
	schema_enum(s, field);
	text_char(&s->text, '}');
}

static void schema_string(struct schema *s, const struct field *field)
{
	(void)field;
	text_string(&s->text, "\"type\": \"string\", ");
	pattern(s, "^(?:[^\\\\\\u0000-\\u001f\\u007f-\\u009f]"
		   "|\\\\x(?:0[1-9a-f]|[1-9a-f][0-9a-f]))*$");
}

static void schema_range(struct schema *s, const struct field *field)
{
	(void)field;
	text_string(&s->text, "\"type\": \"string\", ");
	pattern(s, "^0x0*[0-9a-fA-F]{1,16}-0x0*[0-9a-fA-F]{1,16}$");
}

static void schema_bytes(struct schema *s, const struct field *field)
{
	(void)field;
	text_string(&s->text, "\"type\": \"string\", ");
	pattern(s, "^(?:[0-9a-f]{2})*$");
}

static void schema_record(struct schema *s, const struct field *field)
{
	text_string(&s->text, "\"$ref\": \"#/$defs/");
	text_string(&s->text, field->record->name);
	text_char(&s->text, '"');
}

static void schema_type(struct schema *s, const struct field *field);

static void schema_list(struct schema *s, const struct field *field)
{
	text_string(&s->text, "\"type\": \"array\", \"items\": {");
	schema_type(s, field->item);
	text_char(&s->text, '}');
}

/* The first of the two keys; the other is a property for each of the types. */
static void schema_variant(struct schema *s, const struct field *field)
{
	const struct record *const *variant;

	text_string(&s->text, "\"enum\": [");
	for (variant = field->variants; *variant; variant++) {
		text_string(&s->text, variant == field->variants ? "" : ", ");
		quote(s, (*variant)->name);
	}
	text_char(&s->text, ']');
}

static void schema_type(struct schema *s, const struct field *field)
{
	static schema_fn *const schema[] = {
		[FIELD_BOOL] = schema_bool,	[FIELD_UINT] = schema_unsigned,
		[FIELD_INT] = schema_int,	[FIELD_HEX] = schema_unsigned,
		[FIELD_ENUM] = schema_enum,	[FIELD_FLAGS] = schema_flags,
		[FIELD_STRING] = schema_string, [FIELD_RANGE] = schema_range,
		[FIELD_BYTES] = schema_bytes,	[FIELD_RECORD] = schema_record,
		[FIELD_LIST] = schema_list,	[FIELD_VARIANT] = schema_variant,
	};

	schema[field->type](s, field);
}

static void schema_property(struct schema *s, const struct field *field)
{
	quote(s, field->name);
	text_string(&s->text, ": ");
	open_group(s, '{');
	if (field->doc)
		keyword(s, "description", field->doc);
	if (field->flags & FIELD_VOLATILE) {
		text_string(&s->text, "\"x-volatile\": true,");
		new_line(s);
	}
	if (field->flags & FIELD_INFO) {
		text_string(&s->text, "\"x-informative\": true,");
		new_line(s);
	}
	schema_type(s, field);
	close_group(s, '}');
}

static void schema_properties(struct schema *s, const struct record *record)
{
	const struct record *const *variant;
	struct field state = { .type = FIELD_RECORD };
	const struct field *field;
	bool first = true;

	text_string(&s->text, "\"properties\": ");
	open_group(s, '{');
	for (field = record->fields; field->type != FIELD_END; field++) {
		next_line(s, &first);
		schema_property(s, field);
		for (variant = field->variants; variant && *variant; variant++) {
			next_line(s, &first);
			quote(s, (*variant)->name);
			text_string(&s->text, ": {");
			state.record = *variant;
			schema_record(s, &state);
			text_char(&s->text, '}');
		}
	}
	close_group(s, '}');
}

static void schema_required(struct schema *s, const struct record *record)
{
	const struct field *field;
	bool first = true;

	text_string(&s->text, "\"required\": [");
	for (field = record->fields; field->type != FIELD_END; field++) {
		if (field->flags & FIELD_OPTIONAL)
			continue;
		text_string(&s->text, first ? "" : ", ");
		quote(s, field->name);
		first = false;
	}
	text_char(&s->text, ']');
}

static void schema_const(struct schema *s, const char *key, const char *value)
{
	text_string(&s->text, "\"properties\": {");
	quote(s, key);
	text_string(&s->text, ": {\"const\": ");
	quote(s, value);
	text_string(&s->text, "}}, \"required\": [");
	quote(s, key);
}

static void schema_dependents(struct schema *s, const struct field *field)
{
	const struct record *const *variant;
	bool first = true;

	text_string(&s->text, "\"dependentSchemas\": ");
	open_group(s, '{');
	for (variant = field->variants; *variant; variant++) {
		next_line(s, &first);
		quote(s, (*variant)->name);
		text_string(&s->text, ": {");
		schema_const(s, field->name, (*variant)->name);
		text_string(&s->text, "]}");
	}
	close_group(s, '}');
}

/* A type demands the key of its name, and such a key demands its type: so there is just one. */
static void schema_choices(struct schema *s, const struct field *field)
{
	const struct record *const *variant;
	bool first = true;

	open_group(s, '{');
	text_string(&s->text, "\"anyOf\": ");
	open_group(s, '[');
	for (variant = field->variants; *variant; variant++) {
		next_line(s, &first);
		text_char(&s->text, '{');
		schema_const(s, field->name, (*variant)->name);
		text_string(&s->text, ", ");
		quote(s, (*variant)->name);
		text_string(&s->text, "]}");
	}
	if (field->flags & FIELD_OPTIONAL) {
		next_line(s, &first);
		text_string(&s->text, "{\"not\": {\"required\": [");
		quote(s, field->name);
		text_string(&s->text, "]}}");
	}
	close_group(s, ']');
	text_char(&s->text, ',');
	new_line(s);
	schema_dependents(s, field);
	close_group(s, '}');
}

static void schema_variants(struct schema *s, const struct record *record)
{
	const struct field *field;
	bool first = true;

	for (field = record->fields; field->type != FIELD_END; field++) {
		if (field->type != FIELD_VARIANT)
			continue;
		text_string(&s->text, first ? "\"allOf\": [" : ", ");
		schema_choices(s, field);
		first = false;
	}
	if (first)
		return;
	text_string(&s->text, "],");
	new_line(s);
}

/* What stands inside the braces of a record's schema. */
static void schema_object(struct schema *s, const struct record *record)
{
	keyword(s, "title", record->name);
	if (record->doc)
		keyword(s, "description", record->doc);
	keyword(s, "type", "object");
	schema_properties(s, record);
	text_char(&s->text, ',');
	new_line(s);
	schema_required(s, record);
	text_char(&s->text, ',');
	new_line(s);
	schema_variants(s, record);
	text_string(&s->text, "\"additionalProperties\": ");
	text_string(&s->text, record->open ? "true" : "false");
}

static int refer(struct schema *s, const struct record *record, struct err *err)
{
	const struct record **added;
	size_t i;

	for (i = 0; i < s->n_records; i++) {
		if (s->records[i] == record)
			return 0;
		if (strcmp(s->records[i]->name, record->name) == 0)
			return err_set(err, ERR_FAILED, "two tables are named %s", record->name);
	}
	added = LIST_ADD(s, records, err);
	if (!added)
		return -1;
	*added = record;
	return 0;
}

static int refer_members(struct schema *s, const struct record *record, struct err *err)
{
	const struct record *const *variant;
	const struct field *field;

	for (field = record->fields; field->type != FIELD_END; field++) {
		const struct field *inner = field->type == FIELD_LIST ? field->item : field;

		if (inner->type == FIELD_RECORD && refer(s, inner->record, err) < 0)
			return -1;
		for (variant = field->variants; variant && *variant; variant++)
			if (refer(s, *variant, err) < 0)
				return -1;
	}
	return 0;
}

/* Every record below this one, found breadth first. */
static int schema_definitions(struct schema *s, const struct record *record, struct err *err)
{
	bool first = true;
	size_t i;

	if (refer_members(s, record, err) < 0)
		return -1;
	for (i = 0; i < s->n_records; i++)
		if (refer_members(s, s->records[i], err) < 0)
			return -1;
	if (s->n_records == 0)
		return 0;
	text_string(&s->text, "\"$defs\": ");
	open_group(s, '{');
	for (i = 0; i < s->n_records; i++) {
		next_line(s, &first);
		quote(s, s->records[i]->name);
		text_string(&s->text, ": ");
		open_group(s, '{');
		schema_object(s, s->records[i]);
		close_group(s, '}');
	}
	close_group(s, '}');
	text_char(&s->text, ',');
	new_line(s);
	return 0;
}

int record_schema(const struct record *record, FILE *out, struct err *err)
{
	_cleanup_(schema_done) struct schema s = { 0 };

	if (record_check(record, err) < 0)
		return -1;
	open_group(&s, '{');
	keyword(&s, "$schema", "https://json-schema.org/draft/2020-12/schema");
	if (schema_definitions(&s, record, err) < 0)
		return -1;
	schema_object(&s, record);
	close_group(&s, '}');
	text_char(&s.text, '\n');
	if (s.text.failed)
		return err_set(err, ERR_FAILED, "out of memory");
	if (fwrite(s.text.data, 1, s.text.size, out) != s.text.size)
		return err_sys(err, "write the schema of %s", record->name);
	return 0;
}
