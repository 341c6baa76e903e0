/* SPDX-License-Identifier: MIT */
/* What the walkers over field tables share among themselves. No other file includes it. */
#ifndef PIMAGE_RECORD_JSON_H
#define PIMAGE_RECORD_JSON_H

#include "format/err.h"
#include "format/record.h"
#include "format/text.h"

/* From 2^53 on, readers that keep numbers as doubles lose digits. */
#define JSON_EXACT (UINT64_C(1) << 53)

/* Where a value stands, from the inside out; NULL is the outermost object. key is NULL for an
 * index. */
struct path {
	const struct path *up;
	const char *key;
	size_t index;
};

/* Appends "$.vmas[3].prot"; keys are escaped and cut, for they may come from a stranger. */
void path_text(const struct path *path, struct text *text);

/* err_set() with the path before the message. */
int path_fail(const struct path *path, struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The member of the struct; integers of 1, 2, 4 or 8 bytes widened and back. */
static inline const void *field_at(const struct field *field, const void *object)
{
	return (const char *)object + field->offset;
}
static inline size_t field_count(const struct field *field, const void *object)
{
	return *(const size_t *)((const char *)object + field->count_offset);
}
static inline const void *field_element(const struct field *field, const void *object, size_t index)
{
	return *(const char *const *)field_at(field, object) + index * field->size;
}
uint64_t field_load(const struct field *field, const void *object);
int64_t field_load_signed(const struct field *field, const void *object);
void field_store(const struct field *field, void *object, uint64_t value);
uint64_t field_max(const struct field *field);

/* The record behind a RECORD field, inline or by pointer; NULL if the pointer is. */
const void *field_record(const struct field *field, const void *object);

/* Whether the value is the one that an OPTIONAL field stands for by being absent. */
bool field_is_zero(const struct field *field, const void *object);
static inline bool field_is_absent(const struct field *field, const void *object)
{
	return (field->flags & FIELD_OPTIONAL) && field_is_zero(field, object);
}

/* Neither a record, a variant nor a list of them: something that is written in one piece. */
bool field_is_plain(const struct field *field);

/* Appends "text" with quotes, for text that is UTF-8 and holds no control characters. */
void json_quote(struct text *text, const char *utf8, size_t size);

/* The JSON text of one field's value, on one line. */
int field_json(const struct field *field, const void *object, struct text *text, struct err *err);

#endif
