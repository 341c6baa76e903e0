/* SPDX-License-Identifier: MIT */
#include "inspect/print.h"

#include "format/cleanup.h"
#include "format/file_id.h"
#include "format/text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

const char *size_text(uint64_t size, char ret_text[SIZE_TEXT])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)size / 1024;
	size_t unit = 0;

	if (size < 1024) {
		snprintf(ret_text, SIZE_TEXT, "%" PRIu64 " B", size);
		return ret_text;
	}
	for (; value >= 1000 && unit < 5; unit++)
		value /= 1024;
	snprintf(ret_text, SIZE_TEXT, "%.*f %s", value < 10 && value != (double)(int)value, value,
		 units[unit]);
	return ret_text;
}

const char *time_text(uint64_t nanoseconds, char ret_text[TIME_TEXT])
{
	time_t seconds = (time_t)(nanoseconds / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    !strftime(ret_text, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(ret_text, TIME_TEXT, "(no time)");
	return ret_text;
}

void put_bytes(const char *bytes, size_t size, FILE *out)
{
	_cleanup_text_ struct text text = { 0 };

	text_escape(&text, bytes, size);
	if (text.size)
		fwrite(text.data, 1, text.size, out);
}

void put_string(const char *string, FILE *out)
{
	put_bytes(string, strlen(string), out);
}

static void put_argument(const char *argument, FILE *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "%+,-./:=@_^";

	if (*argument && argument[strspn(argument, plain)] == '\0') {
		fputs(argument, out);
		return;
	}
	fputc('\'', out);
	for (const char *quote; (quote = strchr(argument, '\'')); argument = quote + 1) {
		put_bytes(argument, (size_t)(quote - argument), out);
		fputs("'\\''", out);
	}
	put_string(argument, out);
	fputc('\'', out);
}

void put_command(char *const *arguments, size_t n, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputc(' ', out);
		put_argument(arguments[i], out);
	}
}

char *flags_text(const struct name *names, uint64_t value, const char *between)
{
	_cleanup_text_ struct text text = { 0 };
	char *result = NULL;

	for (const struct name *n = names; n->name; n++) {
		if (!(value & n->value))
			continue;
		value &= ~n->value;
		if (text.size)
			text_string(&text, between);
		text_string(&text, n->name);
	}
	if (value) {
		if (text.size)
			text_string(&text, between);
		text_hex(&text, value);
	}
	return text_take(&text, &result, NULL, NULL) < 0 ? NULL : result;
}

static uint64_t load(const struct field *field, const void *object)
{
	const void *at = (const char *)object + field->offset;

	if (field->size == 1)
		return *(const uint8_t *)at;
	if (field->size == 2)
		return *(const uint16_t *)at;
	return field->size == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static void value_line(const struct field *field, const void *object, struct text *text)
{
	const void *at = (const char *)object + field->offset;
	uint64_t value;

	if (field->type == FIELD_RECORD && field->record == &file_id_record) {
		const struct file_id *file = at;

		text_string(text, file->path);
		if (file->contents)
			text_printf(text, " (deleted; shm %u)", file->contents);
		return;
	}
	if (field->type == FIELD_STRING) {
		if (*(char *const *)at)
			text_string(text, *(char *const *)at);
		return;
	}
	if (field->type != FIELD_BOOL && field->type != FIELD_HEX && field->type != FIELD_UINT)
		return;
	value = load(field, object);
	if (field->type == FIELD_BOOL)
		text_string(text, value ? field->name : "");
	else if (field->type == FIELD_HEX && value)
		text_printf(text, "%s 0x%" PRIx64, field->name, value);
	else if (field->type == FIELD_UINT)
		text_printf(text, "%s %" PRIu64, field->name, value);
}

char *record_line(const struct record *record, const void *object)
{
	_cleanup_text_ struct text text = { 0 };
	char *result = NULL;

	for (const struct field *field = record->fields; field->type != FIELD_END; field++) {
		size_t before = text.size;

		if (before)
			text_char(&text, ' ');
		value_line(field, object, &text);
		if (text.size == before + (before != 0))
			text.size = before;
	}
	return text_take(&text, &result, NULL, NULL) < 0 ? NULL : result;
}
