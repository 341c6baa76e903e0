/* SPDX-License-Identifier: MIT */
/* The image in memory: every record by kind and key, and the small raw entries beside them. */
#ifndef PIMAGE_IMAGE_H
#define PIMAGE_IMAGE_H

#include "format/record.h"

struct err;

enum kind {
#define RECORD(name, path) KIND_##name,
#include "format/resources.def"
#undef RECORD
	KIND_COUNT
};

/* A kind of record: its table and the path of its entries, in which each % is a key. */
struct kind_info {
	const struct record *record;
	const char *path;
};
extern const struct kind_info kinds[KIND_COUNT];

/* Keys in the order of the path: {pid, tid}, {pid, 0}, {id, 0}, {0, 0}. */
struct key {
	uint32_t first;
	uint32_t second;
};

struct object {
	struct key key;
	void *record;
	char *text; /* malloc'd, of image_make_text; NULL: not made */
	size_t text_size;
};

struct objects {
	struct object *objects;
	size_t n_objects;
};

/* A raw entry that is small enough to be held: .xstate, .data. */
struct blob {
	char *name;
	void *data;
	size_t size;
};

struct image_previous;

struct image {
	struct objects kinds[KIND_COUNT];
	struct blob *blobs; /* by length of the name, then by name */
	size_t n_blobs;
	struct image_previous *previous; /* image_previous_open; NULL: none is open */
};

void image_done(struct image *image);

/* Adds an object and returns its record, zeroed and owned by the image; NULL with err set (key
 * already taken). */
void *image_add(struct image *image, enum kind kind, struct key key, struct err *err);

/* The record, or NULL. Constant time when objects were added by ascending key, as writers do. */
void *image_get(const struct image *image, enum kind kind, struct key key);

/*
 * Makes the JSON of a record beforehand, which stays as it is from then on: for who has to wait anyway. Nothing if it is made already; what is not made is made when
 * it is written. The record must be there.
 */
int image_make_text(struct image *image, enum kind kind, struct key key, struct err *err);

/* The place of the first object whose key.first is at least this; those of one process follow one another. */
size_t image_first(const struct image *image, enum kind kind, uint32_t first);

#define IMAGE_ADD(image, name, first, second, err)                                                 \
	((struct name *)image_add(image, KIND_##name, (struct key){ first, second }, err))
#define IMAGE_GET(image, name, first, second)                                                      \
	((struct name *)image_get(image, KIND_##name, (struct key){ first, second }))

/* Loops over all records of a kind: IMAGE_EACH(image, file, f) { use f->...; } */
#define IMAGE_EACH(image, name, variable)                                                          \
	for (const struct objects *each_##variable = &(image)->kinds[KIND_##name],                 \
				  *once_##variable = each_##variable;                              \
	     once_##variable; once_##variable = NULL)                                              \
		for (size_t i_##variable = 0; i_##variable < each_##variable->n_objects;           \
		     i_##variable++)                                                               \
			for (struct name *variable =                                               \
				     each_##variable->objects[i_##variable].record;                \
			     variable; variable = NULL)

/* Takes over malloc'd data, but when it fails. Names must be new. */
int image_add_blob(struct image *image, const char *name, void *data, size_t size, struct err *err);
/* The blob, or NULL. Constant or logarithmic time, as image_get. */
const struct blob *image_blob(const struct image *image, const char *name);

/* The raw entry beside a record with that path, of the n-th of blob_endings; NULL: there is none. */
const struct blob *image_blob_beside(const struct image *image, const char *path, size_t n);

/* The path of an object's entry; `size` bytes suffice when >= 64. */
void kind_path(enum kind kind, struct key key, char *ret_path, size_t size);

/* Whether an entry's name is that of a record; then its kind and key. */
bool kind_of_path(const char *path, enum kind *ret_kind, struct key *ret_key);

/* The endings of raw entries, which stand beside a record's in place of ".json". */
enum { BLOB_ENDINGS = 2 };
extern const char *const blob_endings[BLOB_ENDINGS];

/* Whether a name is that of a raw entry; then kind and key of the record that it belongs to. */
bool kind_of_blob(const char *name, enum kind *ret_kind, struct key *ret_key);

/* Decodes the JSON of an entry into the image; the message begins with the entry's name. */
int image_decode(struct image *image, enum kind kind, struct key key, const char *text, size_t size,
		 struct err *err);

/*
 * Refuses what the tables cannot: references between records that lead nowhere, VMAs that overlap
 * or are not page aligned, keys that disagree with the record's own id, processes or threads that
 * are listed and absent or the other way round, raw entries without a record. Call once everything is decoded. What passes can be
 * used without further checks.
 */
int image_check(const struct image *image, struct err *err);

#endif
