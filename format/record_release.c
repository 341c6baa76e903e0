/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <stdlib.h>
#include <string.h>

typedef void release_fn(const struct field *field, void *object);

static void *member(const struct field *field, void *object)
{
	return (char *)object + field->offset;
}

static void release_string(const struct field *field, void *object)
{
	free(*(char **)member(field, object));
}

static void release_bytes(const struct field *field, void *object)
{
	free(((struct bytes *)member(field, object))->data);
}

static void release_record(const struct field *field, void *object)
{
	void *inner = member(field, object);

	if (!(field->flags & FIELD_POINTER)) {
		record_release(field->record, inner);
		return;
	}
	inner = *(void **)inner;
	if (inner)
		record_release(field->record, inner);
	free(inner);
}

static void release_field(const struct field *field, void *object);

static void release_list(const struct field *field, void *object)
{
	char *items = *(char **)member(field, object);
	size_t i;

	for (i = 0; i < field_count(field, object); i++)
		release_field(field->item, items + i * field->size);
	free(items);
}

static void release_variant(const struct field *field, void *object)
{
	struct variant *variant = member(field, object);

	if (variant->type && variant->state)
		record_release(variant->type, variant->state);
	free(variant->state);
}

static void release_field(const struct field *field, void *object)
{
	static release_fn *const release[] = {
		[FIELD_STRING] = release_string,   [FIELD_BYTES] = release_bytes,
		[FIELD_RECORD] = release_record,   [FIELD_LIST] = release_list,
		[FIELD_VARIANT] = release_variant,
	};

	if (release[field->type])
		release[field->type](field, object);
}

void record_release(const struct record *record, void *object)
{
	const struct field *field;

	for (field = record->fields; field->type != FIELD_END; field++)
		release_field(field, object);
	memset(object, 0, record->size);
}
