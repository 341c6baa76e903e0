/* SPDX-License-Identifier: MIT */
#include "format/image.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_previous.h"
#include "format/search.h"

#include <string.h>

#define RECORD(name, path) extern const struct record name##_record;
#include "format/resources.def"
#undef RECORD

#define RECORD(name, path) [KIND_##name] = { &name##_record, path },
const struct kind_info kinds[KIND_COUNT] = {
#include "format/resources.def"
};
#undef RECORD

void image_done(struct image *image)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		struct objects *list = &image->kinds[k];

		for (size_t i = 0; i < list->n_objects; i++) {
			record_release(kinds[k].record, list->objects[i].record);
			free(list->objects[i].record);
			free(list->objects[i].text);
		}
		free(list->objects);
	}
	for (size_t i = 0; i < image->n_blobs; i++) {
		free(image->blobs[i].name);
		free(image->blobs[i].data);
	}
	free(image->blobs);
	image_previous_free(image->previous);
	*image = (struct image){ 0 };
}

static int key_compare(struct key a, struct key b)
{
	if (a.first != b.first)
		return a.first < b.first ? -1 : 1;
	if (a.second != b.second)
		return a.second < b.second ? -1 : 1;
	return 0;
}

/* The index of the first object whose key is not below `key`. */
static size_t objects_find(const struct objects *list, struct key key)
{
	size_t n = list->n_objects;

	/* Writers add in ascending order. */
	if (n && key_compare(list->objects[n - 1].key, key) < 0)
		return n;
	return SEARCH(n, i, key_compare(list->objects[i].key, key) < 0);
}

size_t image_first(const struct image *image, enum kind kind, uint32_t first)
{
	return objects_find(&image->kinds[kind], (struct key){ first, 0 });
}

void *image_get(const struct image *image, enum kind kind, struct key key)
{
	const struct objects *list = &image->kinds[kind];
	size_t at = objects_find(list, key);

	if (at == list->n_objects || key_compare(list->objects[at].key, key) != 0)
		return NULL;
	return list->objects[at].record;
}

void *image_add(struct image *image, enum kind kind, struct key key, struct err *err)
{
	struct objects *list = &image->kinds[kind];
	_cleanup_free_ void *record = NULL;
	size_t at = objects_find(list, key);
	char path[64];

	if (image_get(image, kind, key)) {
		kind_path(kind, key, path, sizeof(path));
		err_set(err, ERR_IMAGE, "%s: there are two of it", path);
		return NULL;
	}
	record = calloc(1, kinds[kind].record->size);
	if (!record) {
		err_sys(err, "out of memory");
		return NULL;
	}
	if (!LIST_ADD(list, objects, err))
		return NULL;
	memmove(&list->objects[at + 1], &list->objects[at],
		(list->n_objects - 1 - at) * sizeof(*list->objects));
	list->objects[at] = (struct object){ .key = key, .record = record };
	return TAKE_PTR(record);
}

int image_make_text(struct image *image, enum kind kind, struct key key, struct err *err)
{
	struct objects *list = &image->kinds[kind];
	struct object *object = &list->objects[objects_find(list, key)];
	char path[64];

	if (object->text || record_encode(kinds[kind].record, object->record, &object->text,
					  &object->text_size, err) == 0)
		return 0;
	kind_path(kind, key, path, sizeof(path));
	return err_prefix(err, "%s", path);
}

/* Shorter names first: numbers then sort by value, so that writers and readers append. */
static int name_compare(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);

	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return memcmp(a, b, length_a);
}

/* The index of the first blob whose name is not below `name`. */
static size_t blobs_find(const struct image *image, const char *name)
{
	size_t n = image->n_blobs;

	if (n && name_compare(image->blobs[n - 1].name, name) < 0)
		return n;
	return SEARCH(n, i, name_compare(image->blobs[i].name, name) < 0);
}

int image_add_blob(struct image *image, const char *name, void *data, size_t size, struct err *err)
{
	size_t at = blobs_find(image, name);
	_cleanup_free_ char *copy = NULL;

	if (at < image->n_blobs && strcmp(image->blobs[at].name, name) == 0)
		return err_set(err, ERR_IMAGE, "%s: there are two of it", name);
	copy = strdup(name);
	if (!copy)
		return err_sys(err, "out of memory");
	if (!LIST_ADD(image, blobs, err))
		return -1;
	memmove(&image->blobs[at + 1], &image->blobs[at],
		(image->n_blobs - 1 - at) * sizeof(*image->blobs));
	image->blobs[at] = (struct blob){ TAKE_PTR(copy), data, size };
	return 0;
}

const struct blob *image_blob(const struct image *image, const char *name)
{
	size_t at = blobs_find(image, name);

	if (at == image->n_blobs || strcmp(image->blobs[at].name, name) != 0)
		return NULL;
	return &image->blobs[at];
}

void kind_path(enum kind kind, struct key key, char *ret_path, size_t size)
{
	uint32_t keys[] = { key.first, key.second };
	size_t length = 0, n = 0;

	for (const char *p = kinds[kind].path; *p && length + 12 < size; p++) {
		if (*p == '%' && n < 2)
			length +=
				(size_t)snprintf(ret_path + length, size - length, "%u", keys[n++]);
		else
			ret_path[length++] = *p;
	}
	ret_path[length] = '\0';
}

/* A decimal number without sign or leading zeros, as writers make it: one name, one object. */
static bool parse_key(const char **text, uint32_t *ret)
{
	uint64_t value = 0;
	const char *p = *text;

	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	while (*p >= '0' && *p <= '9') {
		value = value * 10 + (uint64_t)(*p++ - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*text = p;
	*ret = (uint32_t)value;
	return true;
}

static bool match_path(const char *pattern, const char *path, struct key *ret_key)
{
	uint32_t keys[2] = { 0, 0 };
	size_t n = 0;

	for (; *pattern; pattern++) {
		if (*pattern == '%') {
			if (!parse_key(&path, &keys[n++]))
				return false;
		} else if (*pattern != *path++) {
			return false;
		}
	}
	if (*path)
		return false;
	*ret_key = (struct key){ keys[0], keys[1] };
	return true;
}

bool kind_of_path(const char *path, enum kind *ret_kind, struct key *ret_key)
{
	for (size_t k = 0; k < KIND_COUNT; k++) {
		if (match_path(kinds[k].path, path, ret_key)) {
			*ret_kind = (enum kind)k;
			return true;
		}
	}
	return false;
}

const char *const blob_endings[BLOB_ENDINGS] = { ".xstate", ".data" };

const struct blob *image_blob_beside(const struct image *image, const char *path, size_t n)
{
	const char *dot = strrchr(path, '.');
	char name[80];

	snprintf(name, sizeof(name), "%.*s%s", (int)(dot - path), path, blob_endings[n]);
	return image_blob(image, name);
}

bool kind_of_blob(const char *name, enum kind *ret_kind, struct key *ret_key)
{
	const char *dot = strrchr(name, '.');
	char record[64];

	for (size_t i = 0; dot && i < BLOB_ENDINGS; i++) {
		if (strcmp(dot, blob_endings[i]) != 0)
			continue;
		snprintf(record, sizeof(record), "%.*s.json", (int)(dot - name), name);
		return kind_of_path(record, ret_kind, ret_key);
	}
	return false;
}

int image_decode(struct image *image, enum kind kind, struct key key, const char *text, size_t size,
		 struct err *err)
{
	char path[64];
	void *record;

	record = image_add(image, kind, key, err);
	if (!record)
		return -1;
	if (record_decode(kinds[kind].record, text, size, record, err) < 0) {
		kind_path(kind, key, path, sizeof(path));
		return err_prefix(err, "%s", path);
	}
	return 0;
}
