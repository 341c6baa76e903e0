/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <string.h>

#define WIDTH 100

/* One-line value for people: JSON without its punctuation, and strings as they are. */
static void value_text(const struct field *field, const void *object, struct text *text)
{
	const struct field *plain = field->type == FIELD_LIST ? field->item : field;
	_cleanup_text_ struct text json = { 0 };
	const char *string;
	size_t i;

	if (field->type == FIELD_STRING) {
		string = *(const char *const *)field_at(field, object);
		string = string ? string : "";
		text_escape(text, *string ? string : "\"\"", *string ? strlen(string) : 2);
		return;
	}
	/* What cannot be written (a string that is not set) shows as nothing. */
	if (field_json(field, object, &json, NULL) < 0)
		return;
	for (i = 0; i < json.size; i++)
		if (plain->type == FIELD_STRING || !strchr("[]\"", json.data[i]))
			text_char(text, json.data[i]);
	if (text->size == 0)
		text_char(text, '-');
}

/* Columns on a terminal, near enough: characters. */
static size_t columns(const char *utf8, size_t size)
{
	size_t count = 0;

	while (size--)
		count += (utf8[size] & 0xc0) != 0x80;
	return count;
}

static void put_line(const struct text *text, size_t start, size_t end, FILE *out)
{
	if (end > start)
		fwrite(text->data + start, 1, end - start, out);
}

/* A long list of values goes on below its beginning; `left` is the column where that is. */
static void put_value(const struct text *text, size_t left, FILE *out)
{
	size_t room = left + 20 < WIDTH ? WIDTH - left : 20;
	size_t start = 0;

	while (text->size - start > room) {
		size_t end = start + room;

		while (end > start + 2 && memcmp(text->data + end - 2, ", ", 2) != 0)
			end--;
		if (end <= start + 2)
			break;
		put_line(text, start, end - 1, out);
		fprintf(out, "\n%*s", (int)left, "");
		start = end;
	}
	put_line(text, start, text->size, out);
	fputc('\n', out);
}

static void put_padded(const struct text *text, size_t width, FILE *out)
{
	size_t used = columns(text->size ? text->data : "", text->size);

	put_line(text, 0, text->size, out);
	fprintf(out, "%*s", used < width ? (int)(width - used) : 0, "");
}

#define MAX_COLUMNS 64

/* A list is a table if each item is a row of single values. */
static bool is_table(const struct field *list)
{
	const struct field *fields = list->item->record->fields;
	size_t c;

	for (c = 0; fields[c].type != FIELD_END; c++)
		if (c == MAX_COLUMNS || !field_is_plain(&fields[c]) || fields[c].type == FIELD_LIST)
			return false;
	return true;
}

static size_t cell_text(const struct field *field, const void *row, struct text *text)
{
	text->size = 0;
	if (field_is_absent(field, row))
		text_char(text, '-');
	else
		value_text(field, row, text);
	return columns(text->size ? text->data : "", text->size);
}

/* 0 for a column that is absent everywhere, which is left out. */
static size_t column_width(const struct field *list, const void *object, const struct field *column)
{
	size_t count = field_count(list, object);
	_cleanup_text_ struct text text = { 0 };
	size_t width = strlen(column->name);
	bool present = false;
	size_t i;

	for (i = 0; i < count; i++) {
		const void *row = field_element(list, object, i);
		size_t cell = cell_text(column, row, &text);

		present |= !field_is_absent(column, row);
		width = cell > width ? cell : width;
	}
	return present ? width : 0;
}

static void print_table(const struct field *list, const void *object, unsigned indent, FILE *out)
{
	const struct field *fields = list->item->record->fields;
	size_t width[MAX_COLUMNS] = { 0 };
	_cleanup_text_ struct text text = { 0 };
	size_t last = 0;
	size_t i, c;

	for (c = 0; fields[c].type != FIELD_END; c++) {
		width[c] = column_width(list, object, &fields[c]);
		last = width[c] ? c : last;
	}
	for (i = 0; i <= field_count(list, object); i++) {
		fprintf(out, "%*s", (int)indent, "");
		for (c = 0; c <= last; c++) {
			if (!width[c])
				continue;
			text.size = 0;
			if (i == 0)
				text_string(&text, fields[c].name);
			else
				cell_text(&fields[c], field_element(list, object, i - 1), &text);
			put_padded(&text, c == last ? 0 : width[c] + 2, out);
		}
		fputc('\n', out);
	}
}

static void print_list(const struct field *field, const void *object, unsigned indent, FILE *out)
{
	size_t i;

	fprintf(out, "%*s%s\n", (int)indent, "", field->name);
	if (is_table(field)) {
		print_table(field, object, indent + 2, out);
		return;
	}
	for (i = 0; i < field_count(field, object); i++) {
		fprintf(out, "%*s[%zu]\n", (int)indent + 2, "", i);
		record_print(field->item->record, field_element(field, object, i), indent + 4, out);
	}
}

static void print_value(const struct field *field, const void *object, unsigned indent, int width,
			FILE *out)
{
	_cleanup_text_ struct text text = { 0 };

	value_text(field, object, &text);
	fprintf(out, "%*s%-*s  ", (int)indent, "", width, field->name);
	put_value(&text, indent + (size_t)width + 2, out);
}

static void print_field(const struct field *field, const void *object, unsigned indent, int width,
			FILE *out)
{
	const struct variant *variant;

	if (field_is_plain(field)) {
		print_value(field, object, indent, width, out);
	} else if (field->type == FIELD_LIST) {
		print_list(field, object, indent, out);
	} else if (field->type == FIELD_RECORD) {
		fprintf(out, "%*s%s\n", (int)indent, "", field->name);
		record_print(field->record, field_record(field, object), indent + 2, out);
	} else {
		variant = field_at(field, object);
		fprintf(out, "%*s%-*s  %s\n", (int)indent, "", width, field->name,
			variant->type->name);
		record_print(variant->type, variant->state, indent + 2, out);
	}
}

/* An empty list is worth no line, required or not; a variant that is not set cannot have one. */
static bool is_left_out(const struct field *field, const void *object)
{
	bool shown_as_zero = field->type != FIELD_LIST && field->type != FIELD_VARIANT;

	return shown_as_zero ? field_is_absent(field, object) : field_is_zero(field, object);
}

void record_print(const struct record *record, const void *object, unsigned indent, FILE *out)
{
	const struct field *field;
	int width = 0;

	for (field = record->fields; field->type != FIELD_END; field++)
		if (!is_left_out(field, object) && (int)strlen(field->name) > width &&
		    (field_is_plain(field) || field->type == FIELD_VARIANT))
			width = (int)strlen(field->name);
	for (field = record->fields; field->type != FIELD_END; field++)
		if (!is_left_out(field, object))
			print_field(field, object, indent, width, out);
}
