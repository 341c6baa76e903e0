/* SPDX-License-Identifier: MIT */
#include "format/record_json.h"

#include <string.h>

typedef int check_fn(const struct path *at, const struct field *field, struct err *err);

static int check_members(const struct path *at, const struct record *record, struct err *err);

static int check_size(const struct path *at, const struct field *field, size_t size,
		      const char *type, struct err *err)
{
	if (field->size == size)
		return 0;
	return path_fail(at, err, ERR_FAILED, "a member of %zu bytes is no %s", field->size, type);
}

static int check_bool(const struct path *at, const struct field *field, struct err *err)
{
	return check_size(at, field, sizeof(bool), "bool", err);
}

static int check_scalar(const struct path *at, const struct field *field, struct err *err)
{
	if (field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8)
		return 0;
	return path_fail(at, err, ERR_FAILED, "a member of %zu bytes is no integer", field->size);
}

static int check_names(const struct path *at, const struct field *field, struct err *err)
{
	if (!field->names)
		return path_fail(at, err, ERR_FAILED, "without a table of names");
	return check_scalar(at, field, err);
}

static int check_string(const struct path *at, const struct field *field, struct err *err)
{
	return check_size(at, field, sizeof(char *), "string", err);
}

static int check_range(const struct path *at, const struct field *field, struct err *err)
{
	return check_size(at, field, sizeof(struct range), "range", err);
}

static int check_bytes(const struct path *at, const struct field *field, struct err *err)
{
	return check_size(at, field, sizeof(struct bytes), "struct bytes", err);
}

static int check_record(const struct path *at, const struct field *field, struct err *err)
{
	if (check_size(at, field, field->record->size, field->record->name, err) < 0)
		return -1;
	return check_members(at, field->record, err);
}

static int check_type(const struct path *at, const struct field *field, struct err *err);

static int check_list(const struct path *at, const struct field *field, struct err *err)
{
	const struct field *item = field->item;

	if (item->type == FIELD_LIST || item->type == FIELD_VARIANT ||
	    item->flags & FIELD_POINTER || item->offset != 0)
		return path_fail(at, err, ERR_FAILED, "a list cannot have such items");
	if (field->size != item->size)
		return path_fail(at, err, ERR_FAILED, "items of %zu bytes, but the list's have %zu",
				 item->size, field->size);
	return check_type(at, item, err);
}

static int check_variant(const struct path *at, const struct field *field, struct err *err)
{
	const struct record *const *variant;

	if (check_size(at, field, sizeof(struct variant), "struct variant", err) < 0)
		return -1;
	for (variant = field->variants; *variant; variant++) {
		struct path key = { .up = at->up, .key = (*variant)->name };

		if (check_members(&key, *variant, err) < 0)
			return -1;
	}
	return 0;
}

static int check_type(const struct path *at, const struct field *field, struct err *err)
{
	static check_fn *const check[] = {
		[FIELD_BOOL] = check_bool,     [FIELD_UINT] = check_scalar,
		[FIELD_INT] = check_scalar,    [FIELD_HEX] = check_scalar,
		[FIELD_ENUM] = check_names,    [FIELD_FLAGS] = check_names,
		[FIELD_STRING] = check_string, [FIELD_RANGE] = check_range,
		[FIELD_BYTES] = check_bytes,   [FIELD_RECORD] = check_record,
		[FIELD_LIST] = check_list,     [FIELD_VARIANT] = check_variant,
	};

	return check[field->type](at, field, err);
}

/* How many keys of the record have this name. */
static unsigned count_key(const struct record *record, const char *name)
{
	const struct record *const *variant;
	const struct field *field;
	unsigned count = 0;

	for (field = record->fields; field->type != FIELD_END; field++) {
		count += strcmp(field->name, name) == 0;
		for (variant = field->variants; variant && *variant; variant++)
			count += strcmp((*variant)->name, name) == 0;
	}
	return count;
}

static int check_members(const struct path *at, const struct record *record, struct err *err)
{
	const struct record *const *variant;
	const struct field *field;

	for (field = record->fields; field->type != FIELD_END; field++) {
		struct path key = { .up = at, .key = field->name };

		if (count_key(record, field->name) != 1)
			return path_fail(&key, err, ERR_FAILED, "two of that name");
		for (variant = field->variants; variant && *variant; variant++)
			if (count_key(record, (*variant)->name) != 1)
				return path_fail(&key, err, ERR_FAILED, "two keys are named %s",
						 (*variant)->name);
		if (!field->doc || !*field->doc)
			return path_fail(&key, err, ERR_FAILED, "without a description");
		if (check_type(&key, field, err) < 0)
			return -1;
	}
	return 0;
}

int record_check(const struct record *record, struct err *err)
{
	if (check_members(NULL, record, err) < 0)
		return err_prefix(err, "table %s", record->name);
	return 0;
}
