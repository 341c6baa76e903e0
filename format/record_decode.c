/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef int decode_fn(const struct path *at, const struct field *field, const json_t *value,
		      void *object, struct err *err);
static decode_fn decode_field;

static void *member(const struct field *field, void *object)
{
	return (char *)object + field->offset;
}

static int wrong_type(const struct path *at, const char *expected, const json_t *value,
		      struct err *err)
{
	static const char *const found[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",	 [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",	     [JSON_NULL] = "null",
	};

	return path_fail(at, err, ERR_IMAGE, "expected %s, found %s", expected,
			 found[json_typeof(value)]);
}

/* The first of a string from the image that may stand in a message. */
static int wrong_string(const struct path *at, const char *expected, const char *string,
			struct err *err)
{
	_cleanup_text_ struct text shown = { 0 };
	size_t size = strlen(string);

	text_escape(&shown, string, size < 64 ? size : 64);
	return path_fail(at, err, ERR_IMAGE, "expected %s, found \"%.*s%s\"", expected,
			 (int)shown.size, shown.size ? shown.data : "", size < 64 ? "" : "...");
}

/* Digits of one base and nothing else, up to the end or to `stop`; returns where they end, or NULL.
 */
static const char *parse_digits(const char *digits, int base, char stop, uint64_t *ret_value)
{
	uint64_t value;
	char *end;

	/* strtoull would take blanks, a sign and a second "0x" for part of the number. */
	if (!isxdigit((unsigned char)*digits))
		return NULL;
	if (base == 16 && digits[0] == '0' && (digits[1] | 0x20) == 'x')
		return NULL;
	errno = 0;
	value = strtoull(digits, &end, base);
	if (errno || end == digits || *end != stop)
		return NULL;
	*ret_value = value;
	return end;
}

static const char *parse_hex(const char *string, char stop, uint64_t *ret_value)
{
	if (string[0] != '0' || string[1] != 'x')
		return NULL;
	return parse_digits(string + 2, 16, stop, ret_value);
}

static int store(const struct path *at, const struct field *field, uint64_t value, void *object,
		 struct err *err)
{
	if (value > field_max(field))
		return path_fail(at, err, ERR_IMAGE, "0x%llx does not fit, the greatest is 0x%llx",
				 (unsigned long long)value, (unsigned long long)field_max(field));
	field_store(field, object, value);
	return 0;
}

static int decode_bool(const struct path *at, const struct field *field, const json_t *value,
		       void *object, struct err *err)
{
	if (!json_is_boolean(value))
		return wrong_type(at, "true or false", value, err);
	*(bool *)member(field, object) = json_is_true(value);
	return 0;
}

/* UINT and HEX: a number that is not negative and exact, or "0x...". */
static int decode_unsigned(const struct path *at, const struct field *field, const json_t *value,
			   void *object, struct err *err)
{
	json_int_t number = json_integer_value(value);
	const char *string = json_string_value(value);
	uint64_t hex;

	if (string) {
		if (!parse_hex(string, '\0', &hex))
			return wrong_string(at, "a number or \"0x...\" of 64 bits", string, err);
		return store(at, field, hex, object, err);
	}
	if (!json_is_integer(value))
		return wrong_type(at, "a number or \"0x...\"", value, err);
	if (number < 0)
		return path_fail(at, err, ERR_IMAGE, "%lld is negative", (long long)number);
	if (number >= (json_int_t)JSON_EXACT)
		return path_fail(at, err, ERR_IMAGE, "%lld must be written as \"0x%llx\"",
				 (long long)number, (unsigned long long)number);
	return store(at, field, (uint64_t)number, object, err);
}

static bool parse_signed(const char *string, int64_t *ret_value)
{
	bool negative = *string == '-';
	uint64_t value;

	if (!parse_digits(string + negative, 10, '\0', &value))
		return false;
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*ret_value = (int64_t)(negative ? -value : value);
	return true;
}

static int decode_int(const struct path *at, const struct field *field, const json_t *value,
		      void *object, struct err *err)
{
	int64_t greatest = (int64_t)(field_max(field) >> 1);
	const char *string = json_string_value(value);
	int64_t number = json_integer_value(value);

	if (string && !parse_signed(string, &number))
		return wrong_string(at, "a number of 64 bits in decimal digits", string, err);
	if (!string && !json_is_integer(value))
		return wrong_type(at, "a number", value, err);
	if (!string && (number >= (int64_t)JSON_EXACT || number <= -(int64_t)JSON_EXACT))
		return path_fail(at, err, ERR_IMAGE, "%lld must be written as \"%lld\"",
				 (long long)number, (long long)number);
	if (number > greatest || number < -greatest - 1)
		return path_fail(at, err, ERR_IMAGE, "%lld does not fit, it may be %lld to %lld",
				 (long long)number, (long long)(-greatest - 1),
				 (long long)greatest);
	field_store(field, object, (uint64_t)number);
	return 0;
}

/* "one of: a, b, c", as far as it is worth reading. */
static int unknown_name(const struct path *at, const struct field *field, const char *string,
			struct err *err)
{
	const struct name *name = field->names;
	char expected[200] = "one of";
	size_t used = strlen(expected);

	for (; name->name && used < sizeof(expected) - 80; name++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s %.60s",
					 name == field->names ? "" : ",", name->name);
	if (name->name)
		snprintf(expected + used, sizeof(expected) - used, ", ... or \"0x...\"");
	return wrong_string(at, expected, string, err);
}

/* A name of the table, or the hex form of what has none. */
static int decode_name(const struct path *at, const struct field *field, const json_t *value,
		       uint64_t *ret_value, struct err *err)
{
	const char *string = json_string_value(value);

	if (!string)
		return wrong_type(at, "a name", value, err);
	if (name_value(field->names, string, ret_value) == 0) {
		*ret_value &= field_max(field);
		return 0;
	}
	if (!parse_hex(string, '\0', ret_value))
		return unknown_name(at, field, string, err);
	return 0;
}

static int decode_enum(const struct path *at, const struct field *field, const json_t *value,
		       void *object, struct err *err)
{
	uint64_t number;

	if (decode_name(at, field, value, &number, err) < 0)
		return -1;
	return store(at, field, number, object, err);
}

static int decode_flags(const struct path *at, const struct field *field, const json_t *value,
			void *object, struct err *err)
{
	struct path index = { .up = at };
	uint64_t bits = 0;

	if (!json_is_array(value))
		return wrong_type(at, "a list of names", value, err);
	for (; index.index < json_array_size(value); index.index++) {
		uint64_t bit;

		if (decode_name(&index, field, json_array_get(value, index.index), &bit, err) < 0)
			return -1;
		bits |= bit;
	}
	return store(at, field, bits, object, err);
}

static int decode_string(const struct path *at, const struct field *field, const json_t *value,
			 void *object, struct err *err)
{
	struct err why;
	char *string;

	if (!json_is_string(value))
		return wrong_type(at, "a string", value, err);
	if (text_unescape(json_string_value(value), json_string_length(value), &string, &why) < 0)
		return path_fail(at, err, why.code, "%s", why.msg);
	*(char **)member(field, object) = string;
	return 0;
}

static int decode_range(const struct path *at, const struct field *field, const json_t *value,
			void *object, struct err *err)
{
	const char *string = json_string_value(value);
	struct range range;
	const char *end;

	if (!string)
		return wrong_type(at, "a range \"0x...-0x...\"", value, err);
	end = parse_hex(string, '-', &range.start);
	if (!end || !parse_hex(end + 1, '\0', &range.end))
		return wrong_string(at, "a range \"0x...-0x...\"", string, err);
	if (range.end < range.start)
		return wrong_string(at, "a range whose end is not below its start", string, err);
	*(struct range *)member(field, object) = range;
	return 0;
}

static int decode_bytes(const struct path *at, const struct field *field, const json_t *value,
			void *object, struct err *err)
{
	struct bytes *bytes = member(field, object);
	const char *digits = json_string_value(value);
	size_t size = json_string_length(value);
	size_t i;

	if (!digits)
		return wrong_type(at, "a string of hex digits", value, err);
	if (size % 2 || strspn(digits, "0123456789abcdef") != size)
		return wrong_string(at, "an even number of lower-case hex digits", digits, err);
	if (size == 0)
		return 0;
	bytes->data = malloc(size / 2);
	if (!bytes->data)
		return path_fail(at, err, ERR_FAILED, "out of memory");
	bytes->size = size / 2;
	for (i = 0; i < bytes->size; i++)
		bytes->data[i] =
			(uint8_t)(hex_digit(digits[2 * i]) << 4 | hex_digit(digits[2 * i + 1]));
	return 0;
}

/* Which record, then the key that the record's name makes. Its state is in the object before it is
 * filled. */
static int decode_variant(const struct path *at, const struct field *field, const json_t *value,
			  const json_t *holder, void *object, struct err *err)
{
	struct variant *variant = member(field, object);
	const char *type = json_string_value(value);
	const struct record *const *known;
	struct path key = { .up = at->up };
	struct field chosen = { .type = FIELD_RECORD };

	if (!type)
		return wrong_type(at, "the name of a type", value, err);
	for (known = field->variants; *known && strcmp((*known)->name, type) != 0; known++)
		;
	if (!*known)
		return wrong_string(at, "a type that this version knows", type, err);
	key.key = (*known)->name;
	value = json_object_get(holder, key.key);
	if (!value)
		return path_fail(&key, err, ERR_IMAGE, "missing");
	variant->state = calloc(1, (*known)->size);
	if (!variant->state)
		return path_fail(at, err, ERR_FAILED, "out of memory");
	variant->type = *known;
	chosen.record = *known;
	return decode_field(&key, &chosen, value, variant->state, err);
}

/* Every known key has been found; so a surplus is unknown, or belongs to a variant that was not
 * chosen. */
static int unknown_key(const struct path *at, const struct record *record, json_t *value,
		       const void *object, struct err *err)
{
	struct path key = { .up = at };
	const struct field *f;
	json_t *unused;

	json_object_foreach(value, key.key, unused)
	{
		for (f = record->fields; f->type != FIELD_END; f++) {
			const struct variant *variant = field_at(f, object);

			if (strcmp(f->name, key.key) == 0)
				break;
			if (f->type == FIELD_VARIANT && variant->type &&
			    strcmp(variant->type->name, key.key) == 0)
				break;
		}
		if (f->type == FIELD_END)
			return path_fail(&key, err, ERR_IMAGE, "unknown key");
	}
	return path_fail(at, err, ERR_IMAGE, "unknown keys");
}

static int decode_members(const struct path *at, const struct record *record, const json_t *value,
			  void *object, struct err *err)
{
	const struct field *field;
	size_t keys = 0;

	for (field = record->fields; field->type != FIELD_END; field++) {
		struct path key = { .up = at, .key = field->name };
		const json_t *found = json_object_get(value, field->name);
		int r;

		if (!found && field->flags & FIELD_OPTIONAL)
			continue;
		if (!found)
			return path_fail(&key, err, ERR_IMAGE, "missing");
		if (field->type == FIELD_VARIANT)
			r = decode_variant(&key, field, found, value, object, err);
		else
			r = decode_field(&key, field, found, object, err);
		if (r < 0)
			return -1;
		keys += field->type == FIELD_VARIANT ? 2 : 1;
	}
	if (keys != json_object_size(value) && !record->open)
		return unknown_key(at, record, (json_t *)value, object, err);
	return 0;
}

static int decode_record(const struct path *at, const struct field *field, const json_t *value,
			 void *object, struct err *err)
{
	void *inner = member(field, object);

	if (!json_is_object(value))
		return wrong_type(at, "an object", value, err);
	if (field->flags & FIELD_POINTER) {
		void *state = calloc(1, field->record->size);

		if (!state)
			return path_fail(at, err, ERR_FAILED, "out of memory");
		*(void **)inner = state;
		inner = state;
	}
	return decode_members(at, field->record, value, inner, err);
}

static int decode_list(const struct path *at, const struct field *field, const json_t *value,
		       void *object, struct err *err)
{
	size_t count = json_array_size(value);
	struct path index = { .up = at };
	char *items;

	if (!json_is_array(value))
		return wrong_type(at, "a list", value, err);
	if (count == 0)
		return 0;
	items = calloc(count, field->size);
	if (!items)
		return path_fail(at, err, ERR_FAILED, "out of memory for %zu items", count);
	/* Zeroed items are released as well, so the count can stand before they are filled. */
	*(void **)member(field, object) = items;
	*(size_t *)((char *)object + field->count_offset) = count;
	for (; index.index < count; index.index++)
		if (decode_field(&index, field->item, json_array_get(value, index.index),
				 items + index.index * field->size, err) < 0)
			return -1;
	return 0;
}

static int decode_field(const struct path *at, const struct field *field, const json_t *value,
			void *object, struct err *err)
{
	static decode_fn *const decode[] = {
		[FIELD_BOOL] = decode_bool,	[FIELD_UINT] = decode_unsigned,
		[FIELD_INT] = decode_int,	[FIELD_HEX] = decode_unsigned,
		[FIELD_ENUM] = decode_enum,	[FIELD_FLAGS] = decode_flags,
		[FIELD_STRING] = decode_string, [FIELD_RANGE] = decode_range,
		[FIELD_BYTES] = decode_bytes,	[FIELD_RECORD] = decode_record,
		[FIELD_LIST] = decode_list,
	};

	return decode[field->type](at, field, value, object, err);
}

/* jansson quotes the text in its messages, which may hold anything. */
static int not_json(const json_error_t *why, struct err *err)
{
	_cleanup_text_ struct text shown = { 0 };

	text_escape(&shown, why->text, strlen(why->text));
	return err_set(err, ERR_IMAGE, "line %d column %d: not JSON: %.*s", why->line, why->column,
		       (int)shown.size, shown.size ? shown.data : "");
}

int record_decode(const struct record *record, const char *text, size_t size, void *object,
		  struct err *err)
{
	const struct field whole = { .type = FIELD_RECORD, .record = record };
	json_error_t why;
	json_t *value;
	int r;

	/* jansson 2.14 skips a NUL that follows a number. */
	if (memchr(text, '\0', size))
		return err_set(err, ERR_IMAGE, "not JSON: it holds a NUL byte");
	value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!value)
		return not_json(&why, err);
	r = decode_field(NULL, &whole, value, object, err);
	json_decref(value);
	if (r < 0)
		record_release(record, object);
	return r;
}
