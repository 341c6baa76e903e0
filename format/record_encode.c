/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <string.h>

/*
 * An object or list that fits into this many columns stands on one line, so that a list of mappings
 * or descriptors reads like a table; a longer list of plain values is filled like a paragraph.
 */
#define WIDTH 100

enum { USUAL_SIZE = 2000 }; /* most are smaller */

struct writer {
	struct text text;
	size_t line; /* where the current line begins in text */
	unsigned depth;
	bool flat;    /* no line breaks */
	bool fits;    /* of what is being tried on one line, so far */
	size_t limit; /* the size that text must not pass while it is tried; 0 is none */
	struct err *err;
};

typedef int encode_fn(struct writer *w, const struct path *at, const struct field *field,
		      const void *object);
static encode_fn encode_field;

void json_quote(struct text *text, const char *utf8, size_t size)
{
	size_t plain = 0;
	size_t i;

	text_char(text, '"');
	for (i = 0; i < size; i++) {
		if (utf8[i] != '"' && utf8[i] != '\\')
			continue;
		text_bytes(text, utf8 + plain, i - plain);
		text_char(text, '\\');
		plain = i;
	}
	text_bytes(text, utf8 + plain, size - plain);
	text_char(text, '"');
}

/* Of a table: there is nothing in it to escape. */
static void quote_name(struct text *text, const char *name, const char *behind)
{
	text_quoted(text, name, strlen(name), behind);
}

static void quote_hex(struct text *text, uint64_t value)
{
	text_char(text, '"');
	text_hex(text, value);
	text_char(text, '"');
}

static void new_line(struct writer *w)
{
	text_char(&w->text, '\n');
	w->line = w->text.size;
	text_fill(&w->text, ' ', 2 * (size_t)w->depth);
}

/* Before each member: the comma that ends the one before it, and the place for this one. */
static void separate(struct writer *w, bool first)
{
	if (!first)
		text_char(&w->text, ',');
	if (!w->flat)
		new_line(w);
	else if (!first)
		text_char(&w->text, ' ');
	if (w->limit && w->text.size > w->limit)
		w->fits = false;
}

static int encode_bool(struct writer *w, const struct path *at, const struct field *field,
		       const void *object)
{
	(void)at;
	text_string(&w->text, *(const bool *)field_at(field, object) ? "true" : "false");
	return 0;
}

static int encode_hex(struct writer *w, const struct path *at, const struct field *field,
		      const void *object)
{
	(void)at;
	quote_hex(&w->text, field_load(field, object));
	return 0;
}

static int encode_uint(struct writer *w, const struct path *at, const struct field *field,
		       const void *object)
{
	uint64_t value = field_load(field, object);

	if (value >= JSON_EXACT)
		return encode_hex(w, at, field, object);
	text_uint(&w->text, value);
	return 0;
}

static int encode_int(struct writer *w, const struct path *at, const struct field *field,
		      const void *object)
{
	int64_t value = field_load_signed(field, object);
	bool exact = value < (int64_t)JSON_EXACT && value > -(int64_t)JSON_EXACT;

	(void)at;
	if (!exact)
		text_char(&w->text, '"');
	text_int(&w->text, value);
	if (!exact)
		text_char(&w->text, '"');
	return 0;
}

static int encode_enum(struct writer *w, const struct path *at, const struct field *field,
		       const void *object)
{
	uint64_t value = field_load(field, object);
	const struct name *name;

	/* The table may hold a negative constant, wider than the member. */
	for (name = field->names; name->name; name++) {
		if ((name->value & field_max(field)) == value) {
			quote_name(&w->text, name->name, "");
			return 0;
		}
	}
	return encode_hex(w, at, field, object);
}

static int encode_flags(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	uint64_t rest = field_load(field, object);
	const struct name *name;
	bool first = true;

	(void)at;
	text_char(&w->text, '[');
	for (name = field->names; name->name; name++) {
		if (!name->value || (rest & name->value) != name->value)
			continue;
		if (!first)
			text_bytes(&w->text, ", ", 2);
		quote_name(&w->text, name->name, "");
		rest &= ~name->value;
		first = false;
	}
	if (rest) {
		text_string(&w->text, first ? "" : ", ");
		quote_hex(&w->text, rest);
	}
	text_char(&w->text, ']');
	return 0;
}

/* How much of it needs no escape of this program or of JSON: almost always all. */
static size_t plain_length(const char *string)
{
	const char *end = string;

	while (*end >= ' ' && *end < 0x7f && *end != '"' && *end != '\\')
		end++;
	return (size_t)(end - string);
}

static int encode_string(struct writer *w, const struct path *at, const struct field *field,
			 const void *object)
{
	const char *string = *(const char *const *)field_at(field, object);
	_cleanup_text_ struct text escaped = { 0 };
	size_t plain;

	if (!string)
		return path_fail(at, w->err, ERR_FAILED, "the string is not set");
	plain = plain_length(string);
	if (!string[plain]) {
		text_quoted(&w->text, string, plain, "");
		return 0;
	}
	text_escape(&escaped, string, strlen(string));
	w->text.failed |= escaped.failed;
	json_quote(&w->text, escaped.size ? escaped.data : "", escaped.size);
	return 0;
}

static int encode_range(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	const struct range *range = field_at(field, object);

	(void)at;
	text_char(&w->text, '"');
	text_hex(&w->text, range->start);
	text_char(&w->text, '-');
	text_hex(&w->text, range->end);
	text_char(&w->text, '"');
	return 0;
}

static int encode_bytes(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	const struct bytes *bytes = field_at(field, object);

	(void)at;
	text_char(&w->text, '"');
	text_digits(&w->text, bytes->data, bytes->size);
	text_char(&w->text, '"');
	return 0;
}

/* Two keys, the second named by the value of the first. */
static int encode_variant(struct writer *w, const struct path *at, const struct field *field,
			  const void *object)
{
	const struct variant *variant = field_at(field, object);
	const struct field inner = { .type = FIELD_RECORD, .record = variant->type };
	struct path key;

	if (!variant->type || !variant->state)
		return path_fail(at, w->err, ERR_FAILED, "the type is not set");
	key = (struct path){ .up = at->up, .key = variant->type->name };
	quote_name(&w->text, key.key, "");
	separate(w, false);
	quote_name(&w->text, key.key, ": ");
	return encode_field(w, &key, &inner, variant->state);
}

static int write_members(struct writer *w, const struct path *at, const struct record *record,
			 const void *object)
{
	const struct field *field;
	bool first = true;

	for (field = record->fields; field->type != FIELD_END && w->fits; field++) {
		struct path key = { .up = at, .key = field->name };

		if (field_is_absent(field, object))
			continue;
		separate(w, first);
		first = false;
		quote_name(&w->text, field->name, ": ");
		if (encode_field(w, &key, field, object) < 0)
			return -1;
	}
	return 0;
}

static int write_items(struct writer *w, const struct path *at, const struct field *field,
		       const void *object)
{
	size_t count = field_count(field, object);
	struct path index = { .up = at };

	for (; index.index < count && w->fits; index.index++) {
		separate(w, index.index == 0);
		if (encode_field(w, &index, field->item,
				 field_element(field, object, index.index)) < 0)
			return -1;
	}
	return 0;
}

/* Plain items, as many on each line as fit: an item that ran over its line is written again on the
 * next. */
static int fill_items(struct writer *w, const struct path *at, const struct field *field,
		      const void *object)
{
	size_t count = field_count(field, object);
	struct path index = { .up = at };

	for (; index.index < count; index.index++) {
		const void *item = field_element(field, object, index.index);
		size_t start = w->text.size;

		if (index.index > 0) {
			text_string(&w->text, ", ");
			if (encode_field(w, &index, field->item, item) < 0)
				return -1;
			if (w->text.size - w->line < WIDTH)
				continue;
			w->text.size = start;
		}
		separate(w, index.index == 0);
		if (encode_field(w, &index, field->item, item) < 0)
			return -1;
	}
	return 0;
}

/* What stands between the brackets of a record or list; `open` and `close` are the brackets. */
static int write_inside(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	if (field->type == FIELD_RECORD)
		return write_members(w, at, field->record, field_record(field, object));
	if (w->flat || !field_is_plain(field))
		return write_items(w, at, field, object);
	return fill_items(w, at, field, object);
}

static int write_group(struct writer *w, const struct path *at, const struct field *field,
		       const void *object)
{
	size_t empty;

	text_char(&w->text, field->type == FIELD_RECORD ? '{' : '[');
	empty = w->text.size;
	w->depth++;
	if (write_inside(w, at, field, object) < 0)
		return -1;
	w->depth--;
	if (!w->flat && w->text.size > empty)
		new_line(w);
	text_char(&w->text, field->type == FIELD_RECORD ? '}' : ']');
	if (w->limit && w->text.size > w->limit)
		w->fits = false;
	return 0;
}

/* A record or a list: on one line if it fits. The trial ends at the limit, so it costs little where
 * it fails. */
static int encode_group(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	size_t start = w->text.size;
	unsigned depth = w->depth;

	if (field->type == FIELD_RECORD && !field_record(field, object))
		return path_fail(at, w->err, ERR_FAILED, "the record is not set");
	if (w->flat || depth == 0)
		return write_group(w, at, field, object);
	w->flat = true;
	w->limit = w->line + WIDTH;
	if (write_group(w, at, field, object) < 0)
		return -1;
	w->flat = false;
	w->limit = 0;
	if (w->fits)
		return 0;
	w->fits = true;
	w->text.size = start;
	return write_group(w, at, field, object);
}

static int encode_field(struct writer *w, const struct path *at, const struct field *field,
			const void *object)
{
	static encode_fn *const encode[] = {
		[FIELD_BOOL] = encode_bool,	[FIELD_UINT] = encode_uint,
		[FIELD_INT] = encode_int,	[FIELD_HEX] = encode_hex,
		[FIELD_ENUM] = encode_enum,	[FIELD_FLAGS] = encode_flags,
		[FIELD_STRING] = encode_string, [FIELD_RANGE] = encode_range,
		[FIELD_BYTES] = encode_bytes,	[FIELD_RECORD] = encode_group,
		[FIELD_LIST] = encode_group,	[FIELD_VARIANT] = encode_variant,
	};

	return encode[field->type](w, at, field, object);
}

int record_encode(const struct record *record, const void *object, char **ret_text,
		  size_t *ret_size, struct err *err)
{
	const struct field whole = { .type = FIELD_RECORD, .record = record };
	struct writer w = { .fits = true, .err = err };
	int r;

	text_reserve(&w.text, USUAL_SIZE);
	r = encode_field(&w, NULL, &whole, object);
	text_char(&w.text, '\n');
	if (r == 0)
		r = text_take(&w.text, ret_text, ret_size, err);
	text_done(&w.text);
	return r;
}

int field_json(const struct field *field, const void *object, struct text *text, struct err *err)
{
	struct writer w = { .text = *text, .flat = true, .fits = true, .err = err };
	struct path root = { .key = field->name };
	int r = encode_field(&w, &root, field, object);

	*text = w.text;
	return r;
}
