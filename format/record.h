/* SPDX-License-Identifier: MIT */
/*
 * The codec over field tables. One const table per record says what it holds; from it come the JSON
 * encoder, the strict decoder, the release function, the printer, the comparison and the JSON
 * Schema.
 */
#ifndef PIMAGE_RECORD_H
#define PIMAGE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct record;

/* A half-open range of addresses, offsets or pages: [start, end). */
struct range {
	uint64_t start;
	uint64_t end;
};

/* Raw bytes that are part of the JSON, as lower-case hex digits. data is malloc'd; NULL when size
 * is 0. */
struct bytes {
	uint8_t *data;
	size_t size;
};

/* Names of enumeration values or of single flag bits; ends with a NULL name. */
struct name {
	const char *name;
	uint64_t value;
};

/* The name of a value, or NULL; and the way back: returns <0 when there is no such name. */
const char *name_of(const struct name *names, uint64_t value);
int name_value(const struct name *names, const char *name, uint64_t *ret_value);

/*
 * JSON of each type, as it is written; what else is read stands in brackets:
 *   BOOL     true, false
 *   UINT     a number below 2^53, else "0x..." [always "0x..."], because readers lose precision
 *            above that
 *   INT      a number of magnitude below 2^53, else a string of decimal digits [always a string]
 *   HEX      always "0x..." [a number below 2^53]
 *   ENUM     a name from the table; a value that has none is "0x..." and is kept
 *   FLAGS    a list of names in table order; bits without a name follow as one "0x..."
 *   STRING   kernel bytes: UTF-8 as it is; a backslash and every byte that is not UTF-8 or part
 *            of a control character (below U+0020, U+007F to U+009F) as \xNN (lower case) inside
 *            the JSON string [any byte but 0 may be escaped]. Never NULL unless optional.
 *   RANGE    "0x...-0x..."
 *   BYTES    a string of hex digits, lower case
 *   RECORD   an object; inline in the struct, or behind a pointer (OPTIONAL: NULL is absent)
 *   LIST     an array of items; an item is anything but a list or a variant
 *   VARIANT  two keys: this field's name holds the record's name, and a key of that name holds
 *            the record
 */
enum field_type {
	FIELD_END,
	FIELD_BOOL,
	FIELD_UINT,
	FIELD_INT,
	FIELD_HEX,
	FIELD_ENUM,
	FIELD_FLAGS,
	FIELD_STRING,
	FIELD_RANGE,
	FIELD_BYTES,
	FIELD_RECORD,
	FIELD_LIST,
	FIELD_VARIANT,
};

enum {
	/*
	 * Absent when 0, false, NULL, an empty list, no bytes, or an inline record of nothing but
	 * those; an absent key decodes to that. An empty string is not absent, only NULL is.
	 */
	FIELD_OPTIONAL = 1 << 0,
	/* May differ between a dump and the dump of what was restored from it. */
	FIELD_VOLATILE = 1 << 1,
	/* Informative: saved for the reader, not used by restore. */
	FIELD_INFO = 1 << 2,
	/* RECORD behind a pointer instead of inline. */
	FIELD_POINTER = 1 << 3,
};

struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	size_t offset;		     /* in the struct that holds it */
	size_t size;		     /* of one value: scalars 1, 2, 4 or 8; items of a list */
	const struct name *names;    /* ENUM, FLAGS */
	const struct record *record; /* RECORD */
	const struct field *item;    /* LIST: what one element is (offset 0) */
	size_t count_offset;	     /* LIST: a size_t that holds the number of elements */
	const struct record *const *variants; /* VARIANT: NULL-terminated */
	const char *doc; /* one sentence, with the unit; goes into schema and specification */
};

struct record {
	const char *name;
	size_t size;
	const struct field *fields; /* ends with FIELD_END */
	const char *doc;
	/* Unknown keys are ignored: a record of a format that is not ours (OCI asks for it). */
	bool open;
};

/*
 * Held by a struct for a VARIANT field: which record, and the record itself (malloc'd, of
 * type->size bytes).
 */
struct variant {
	const struct record *type;
	void *state;
};

/* The record of struct T; n is its name, f its table. */
#define RECORD_OF(T, n, f, d)                                                                      \
	{                                                                                          \
		.name = (n), .size = sizeof(T), .fields = (f), .doc = (d)                          \
	}

/* Rows. T is the struct, m its member; the JSON name is the member's name. */
#define FIELD_SIZE(T, m) sizeof(((T *)0)->m)
#define FIELD_SCALAR_AS(T, m, j, t, f, n, d)                                                       \
	{                                                                                          \
		.name = (j), .type = (t), .flags = (f), .offset = offsetof(T, m),                  \
		.size = FIELD_SIZE(T, m), .names = (n), .doc = (d)                                 \
	}
#define FIELD_SCALAR(T, m, t, f, n, d) FIELD_SCALAR_AS(T, m, #m, t, f, n, d)
#define BOOL(T, m, f, d)	       FIELD_SCALAR(T, m, FIELD_BOOL, f, NULL, d)
#define UINT(T, m, f, d)	       FIELD_SCALAR(T, m, FIELD_UINT, f, NULL, d)
#define INT(T, m, f, d)		       FIELD_SCALAR(T, m, FIELD_INT, f, NULL, d)
#define HEX(T, m, f, d)		       FIELD_SCALAR(T, m, FIELD_HEX, f, NULL, d)
#define ENUM(T, m, f, names, d)	       FIELD_SCALAR(T, m, FIELD_ENUM, f, names, d)
#define FLAGS(T, m, f, names, d)       FIELD_SCALAR(T, m, FIELD_FLAGS, f, names, d)
#define STRING(T, m, f, d)	       FIELD_SCALAR(T, m, FIELD_STRING, f, NULL, d)
#define RANGE(T, m, f, d)	       FIELD_SCALAR(T, m, FIELD_RANGE, f, NULL, d)
#define BYTES(T, m, f, d)	       FIELD_SCALAR(T, m, FIELD_BYTES, f, NULL, d)
/* The same under the JSON name j, for keys that another format prescribes ("mediaType", names with
 * dots). */
#define UINT_AS(T, m, j, f, d)	 FIELD_SCALAR_AS(T, m, j, FIELD_UINT, f, NULL, d)
#define STRING_AS(T, m, j, f, d) FIELD_SCALAR_AS(T, m, j, FIELD_STRING, f, NULL, d)
#define RECORD_IN(T, m, f, r, d)                                                                   \
	{                                                                                          \
		.name = #m, .type = FIELD_RECORD, .flags = (f), .offset = offsetof(T, m),          \
		.size = FIELD_SIZE(T, m), .record = &(r), .doc = (d)                               \
	}
#define RECORD_AT(T, m, f, r, d)                                                                   \
	{                                                                                          \
		.name = #m, .type = FIELD_RECORD, .flags = (f) | FIELD_POINTER | FIELD_OPTIONAL,   \
		.offset = offsetof(T, m), .size = sizeof(*((T *)0)->m), .record = &(r), .doc = (d) \
	}
/* A list needs a second member n_<m> of type size_t. item is a const struct field made by the ITEM_
 * rows below. */
#define LIST(T, m, f, i, d)                                                                        \
	{                                                                                          \
		.name = #m, .type = FIELD_LIST, .flags = (f), .offset = offsetof(T, m),            \
		.size = sizeof(*((T *)0)->m), .item = &(i), .count_offset = offsetof(T, n_##m),    \
		.doc = (d)                                                                         \
	}
/* m is a struct variant; the key before it is its own name (usually "type"). */
#define VARIANT(T, m, f, v, d)                                                                     \
	{                                                                                          \
		.name = #m, .type = FIELD_VARIANT, .flags = (f), .offset = offsetof(T, m),         \
		.size = FIELD_SIZE(T, m), .variants = (v), .doc = (d)                              \
	}
#define ITEM_SCALAR(t, T, n)                                                                       \
	{                                                                                          \
		.name = "", .type = (t), .size = sizeof(T), .names = (n)                           \
	}
#define ITEM_RECORD(T, r)                                                                          \
	{                                                                                          \
		.name = "", .type = FIELD_RECORD, .size = sizeof(T), .record = &(r)                \
	}

/* Items that several records share. */
extern const struct field item_uint32; /* uint32_t as UINT */
extern const struct field item_string; /* char * as STRING */
extern const struct field item_range;  /* struct range as RANGE */

/*
 * The JSON text of an object: keys in table order, indented by two, newline at the end; malloc'd,
 * NUL-terminated; ret_size (may be NULL) does not count the NUL. An object or list that fits into
 * 100 columns stands on one line. The same object always gives the same text. Fails only for lack
 * of memory and for what the program left unset (a required string, a variant's type).
 */
int record_encode(const struct record *record, const void *object, char **ret_text,
		  size_t *ret_size, struct err *err);

/*
 * Fills a zeroed object from JSON text. Refuses unknown and duplicate keys, missing required keys,
 * wrong types, unknown names and values that do not fit, and names the JSON path
 * ("$.vmas[3].prot"). On failure the object holds nothing that needs releasing.
 */
int record_decode(const struct record *record, const char *text, size_t size, void *object,
		  struct err *err);

/* Frees everything the object owns and zeroes it. Accepts a zeroed object. */
void record_release(const struct record *record, void *object);

/*
 * Whether the table, with all below it, is one that the codec can walk: sizes that fit the types,
 * names where they are needed, no key twice. For tests; the messages are for who wrote the table.
 */
int record_check(const struct record *record, struct err *err);

/*
 * The JSON Schema (2020-12) of the record; checks the table first. It says what record_decode()
 * accepts, with "x-volatile" and "x-informative" for those two flags.
 */
int record_schema(const struct record *record, FILE *out, struct err *err);

/*
 * For people: aligned "name  value" lines, indented by `indent` columns; a list of records without
 * lists of their own is a table. What is absent or an empty list is left out. Safe on a terminal.
 */
void record_print(const struct record *record, const void *object, unsigned indent, FILE *out);

/*
 * Compares two objects of one record. Calls `differ` (which may be NULL) for every field whose
 * values differ, with its path ("vmas[3].prot") and both values as JSON text ("(absent)" where
 * there is none). Fields that carry any of `skip_flags` (FIELD_VOLATILE, FIELD_INFO) are not
 * compared. Lists are compared by index; where the lengths differ, that is reported as "12 items"
 * and "13 items", and beside it only the first item that differs. Returns the number of
 * differences, <0 on failure.
 */
typedef void record_differ(void *context, const char *path, const char *a, const char *b);
int record_diff(const struct record *record, const void *a, const void *b, unsigned skip_flags,
		record_differ *differ, void *context, struct err *err);

/*
 * Makes room for one more element at the end of a list (any `T *items; size_t n_items;`) and
 * returns it zeroed, or NULL with err set. Pointers into the list become invalid.
 */
#define LIST_ADD(object, member, err)                                                              \
	((__typeof__((object)->member))list_add((void **)&(object)->member, &(object)->n_##member, \
						sizeof(*(object)->member), err))
void *list_add(void **items, size_t *count, size_t size, struct err *err);

#endif
