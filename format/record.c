/* SPDX-License-Identifier: MIT */
#include "format/record.h"

#include "format/record_json.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct field item_uint32 = ITEM_SCALAR(FIELD_UINT, uint32_t, NULL);
const struct field item_string = ITEM_SCALAR(FIELD_STRING, char *, NULL);
const struct field item_range = ITEM_SCALAR(FIELD_RANGE, struct range, NULL);

const char *name_of(const struct name *names, uint64_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

int name_value(const struct name *names, const char *name, uint64_t *ret_value)
{
	for (; names->name; names++) {
		if (strcmp(names->name, name) == 0) {
			*ret_value = names->value;
			return 0;
		}
	}
	return -1;
}

/*
 * A list keeps no capacity beside its count; the allocator knows it, and so a list that came from
 * elsewhere (the decoder, calloc) can grow as well.
 */
void *list_add(void **items, size_t *count, size_t size, struct err *err)
{
	char *added;

	if ((*count + 1) * size > malloc_usable_size(*items)) {
		void *grown = reallocarray(*items, *count ? 2 * *count : 4, size);

		if (!grown) {
			err_set(err, ERR_FAILED, "out of memory for a list of %zu items", *count);
			return NULL;
		}
		*items = grown;
	}
	added = (char *)*items + (*count)++ * size;
	memset(added, 0, size);
	return added;
}

void path_text(const struct path *path, struct text *text)
{
	size_t size;

	if (!path) {
		text_char(text, '$');
		return;
	}
	path_text(path->up, text);
	if (!path->key) {
		text_printf(text, "[%zu]", path->index);
		return;
	}
	size = strlen(path->key);
	text_char(text, '.');
	text_escape(text, path->key, size < 64 ? size : 64);
}

int path_fail(const struct path *path, struct err *err, enum err_code code, const char *fmt, ...)
{
	_cleanup_text_ struct text text = { 0 };
	char message[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	path_text(path, &text);
	return err_set(err, code, "%.*s: %s", (int)text.size, text.data ? text.data : "", message);
}

uint64_t field_max(const struct field *field)
{
	return field->size >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->size)) - 1;
}

uint64_t field_load(const struct field *field, const void *object)
{
	const void *value = field_at(field, object);

	switch (field->size) {
	case 1:
		return *(const uint8_t *)value;
	case 2:
		return *(const uint16_t *)value;
	case 4:
		return *(const uint32_t *)value;
	default:
		return *(const uint64_t *)value;
	}
}

int64_t field_load_signed(const struct field *field, const void *object)
{
	unsigned unused = 64 - 8 * (unsigned)field->size;

	return (int64_t)(field_load(field, object) << unused) >> unused;
}

void field_store(const struct field *field, void *object, uint64_t value)
{
	void *to = (char *)object + field->offset;

	switch (field->size) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)to = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

const void *field_record(const struct field *field, const void *object)
{
	const void *value = field_at(field, object);

	return field->flags & FIELD_POINTER ? *(const void *const *)value : value;
}

static bool zero_scalar(const struct field *field, const void *object)
{
	return field_load(field, object) == 0;
}

static bool zero_string(const struct field *field, const void *object)
{
	return !*(const char *const *)field_at(field, object);
}

static bool zero_range(const struct field *field, const void *object)
{
	const struct range *range = field_at(field, object);

	return range->start == 0 && range->end == 0;
}

static bool zero_bytes(const struct field *field, const void *object)
{
	return ((const struct bytes *)field_at(field, object))->size == 0;
}

static bool zero_record(const struct field *field, const void *object)
{
	const void *inner = field_record(field, object);
	const struct field *f;

	if (!inner || field->flags & FIELD_POINTER)
		return !inner;
	for (f = field->record->fields; f->type != FIELD_END; f++)
		if (!field_is_zero(f, inner))
			return false;
	return true;
}

static bool zero_list(const struct field *field, const void *object)
{
	return field_count(field, object) == 0;
}

static bool zero_variant(const struct field *field, const void *object)
{
	return !((const struct variant *)field_at(field, object))->type;
}

bool field_is_zero(const struct field *field, const void *object)
{
	static bool (*const is_zero[])(const struct field *, const void *) = {
		[FIELD_BOOL] = zero_scalar,   [FIELD_UINT] = zero_scalar,
		[FIELD_INT] = zero_scalar,    [FIELD_HEX] = zero_scalar,
		[FIELD_ENUM] = zero_scalar,   [FIELD_FLAGS] = zero_scalar,
		[FIELD_STRING] = zero_string, [FIELD_RANGE] = zero_range,
		[FIELD_BYTES] = zero_bytes,   [FIELD_RECORD] = zero_record,
		[FIELD_LIST] = zero_list,     [FIELD_VARIANT] = zero_variant,
	};

	return is_zero[field->type](field, object);
}

bool field_is_plain(const struct field *field)
{
	if (field->type == FIELD_LIST)
		field = field->item;
	return field->type != FIELD_RECORD && field->type != FIELD_VARIANT &&
	       field->type != FIELD_LIST;
}
