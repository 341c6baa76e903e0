/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <limits.h>
#include <string.h>

struct diff {
	unsigned skip_flags;
	record_differ *differ;
	void *context;
	int count;
	struct err *err;
};

typedef int diff_fn(struct diff *diff, const struct path *at, const struct field *field,
		    const void *a, const void *b);
static diff_fn diff_field;

static int report(struct diff *diff, const struct path *at, const char *a, const char *b)
{
	_cleanup_text_ struct text path = { 0 };

	path_text(at, &path);
	text_char(&path, '\0');
	if (path.failed)
		return err_set(diff->err, ERR_FAILED, "out of memory");
	if (diff->differ)
		diff->differ(diff->context, path.data + strlen("$."), a, b);
	if (diff->count < INT_MAX)
		diff->count++;
	return 0;
}

/* The value as JSON text; NULL for the object and a value that stands for nothing are "(absent)".
 */
static int value_text(struct diff *diff, const struct path *at, const struct field *field,
		      const void *object, struct text *text)
{
	if (!object || field_is_absent(field, object))
		text_string(text, "(absent)");
	else if (field_json(field, object, text, diff->err) < 0)
		return err_prefix(diff->err, "compare %s", at->key ? at->key : "an item");
	text_char(text, '\0');
	if (text->failed)
		return err_set(diff->err, ERR_FAILED, "out of memory");
	return 0;
}

static int report_values(struct diff *diff, const struct path *at, const struct field *field,
			 const void *a, const void *b)
{
	_cleanup_text_ struct text text_a = { 0 };
	_cleanup_text_ struct text text_b = { 0 };

	if (value_text(diff, at, field, a, &text_a) < 0 ||
	    value_text(diff, at, field, b, &text_b) < 0)
		return -1;
	return report(diff, at, text_a.data, text_b.data);
}

static int diff_scalar(struct diff *diff, const struct path *at, const struct field *field,
		       const void *a, const void *b)
{
	if (memcmp(field_at(field, a), field_at(field, b), field->size) == 0)
		return 0;
	return report_values(diff, at, field, a, b);
}

static int diff_string(struct diff *diff, const struct path *at, const struct field *field,
		       const void *a, const void *b)
{
	const char *string_a = *(const char *const *)field_at(field, a);
	const char *string_b = *(const char *const *)field_at(field, b);

	if (string_a == string_b || (string_a && string_b && strcmp(string_a, string_b) == 0))
		return 0;
	return report_values(diff, at, field, a, b);
}

static int diff_bytes(struct diff *diff, const struct path *at, const struct field *field,
		      const void *a, const void *b)
{
	const struct bytes *bytes_a = field_at(field, a);
	const struct bytes *bytes_b = field_at(field, b);

	if (bytes_a->size == bytes_b->size &&
	    (bytes_a->size == 0 || memcmp(bytes_a->data, bytes_b->data, bytes_a->size) == 0))
		return 0;
	return report_values(diff, at, field, a, b);
}

static int diff_members(struct diff *diff, const struct path *at, const struct record *record,
			const void *a, const void *b)
{
	const struct field *field;

	for (field = record->fields; field->type != FIELD_END; field++) {
		struct path key = { .up = at, .key = field->name };

		if (field->flags & diff->skip_flags)
			continue;
		if (diff_field(diff, &key, field, a, b) < 0)
			return -1;
	}
	return 0;
}

static int diff_record(struct diff *diff, const struct path *at, const struct field *field,
		       const void *a, const void *b)
{
	const void *inner_a = field_record(field, a);
	const void *inner_b = field_record(field, b);

	if (!inner_a && !inner_b)
		return 0;
	if (!inner_a || !inner_b)
		return report_values(diff, at, field, a, b);
	return diff_members(diff, at, field->record, inner_a, inner_b);
}

static int diff_lengths(struct diff *diff, const struct path *at, size_t count_a, size_t count_b)
{
	char text_a[40], text_b[40];

	snprintf(text_a, sizeof(text_a), "%zu item%s", count_a, count_a == 1 ? "" : "s");
	snprintf(text_b, sizeof(text_b), "%zu item%s", count_b, count_b == 1 ? "" : "s");
	return report(diff, at, text_a, text_b);
}

/*
 * By index. Where the lengths differ, one item too many makes all that follow differ, so only the
 * first that differs is shown.
 */
static int diff_list(struct diff *diff, const struct path *at, const struct field *field,
		     const void *a, const void *b)
{
	size_t count_a = field_count(field, a);
	size_t count_b = field_count(field, b);
	size_t count = count_a < count_b ? count_a : count_b;
	struct path index = { .up = at };
	int before;

	if (count_a != count_b && diff_lengths(diff, at, count_a, count_b) < 0)
		return -1;
	before = diff->count;
	for (; index.index < count; index.index++) {
		if (diff_field(diff, &index, field->item, field_element(field, a, index.index),
			       field_element(field, b, index.index)) < 0)
			return -1;
		if (count_a != count_b && diff->count != before)
			return 0;
	}
	if (count_a == count_b)
		return 0;
	return report_values(diff, &index, field->item,
			     count_a > count ? field_element(field, a, count) : NULL,
			     count_b > count ? field_element(field, b, count) : NULL);
}

static int diff_variant(struct diff *diff, const struct path *at, const struct field *field,
			const void *a, const void *b)
{
	const struct variant *variant_a = field_at(field, a);
	const struct variant *variant_b = field_at(field, b);
	struct path key = { .up = at->up };

	if (variant_a->type != variant_b->type)
		return report(diff, at, variant_a->type ? variant_a->type->name : "(absent)",
			      variant_b->type ? variant_b->type->name : "(absent)");
	if (!variant_a->type)
		return 0;
	key.key = variant_a->type->name;
	return diff_members(diff, &key, variant_a->type, variant_a->state, variant_b->state);
}

static int diff_field(struct diff *diff, const struct path *at, const struct field *field,
		      const void *a, const void *b)
{
	static diff_fn *const diff_type[] = {
		[FIELD_BOOL] = diff_scalar,   [FIELD_UINT] = diff_scalar,
		[FIELD_INT] = diff_scalar,    [FIELD_HEX] = diff_scalar,
		[FIELD_ENUM] = diff_scalar,   [FIELD_FLAGS] = diff_scalar,
		[FIELD_STRING] = diff_string, [FIELD_RANGE] = diff_scalar,
		[FIELD_BYTES] = diff_bytes,   [FIELD_RECORD] = diff_record,
		[FIELD_LIST] = diff_list,     [FIELD_VARIANT] = diff_variant,
	};

	return diff_type[field->type](diff, at, field, a, b);
}

int record_diff(const struct record *record, const void *a, const void *b, unsigned skip_flags,
		record_differ *differ, void *context, struct err *err)
{
	struct diff diff = {
		.skip_flags = skip_flags, .differ = differ, .context = context, .err = err
	};

	if (diff_members(&diff, NULL, record, a, b) < 0)
		return -1;
	return diff.count;
}
