/* SPDX-License-Identifier: MIT */
/* The codec over field tables: every type there and back, and every refusal with its place. */
#include "format/record.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

enum { COLOR_RED = 1, COLOR_BLUE = 5, COLOR_NONE = -1 };

struct point {
	uint16_t x;
	int8_t y;
};

struct socket {
	char *path;
};

struct nothing {
	bool unused;
};

struct shape {
	bool filled;
	uint32_t count;
	uint64_t big;
	int64_t delta;
	int32_t small;
	uint64_t address;
	int color;
	uint32_t flags;
	char *name;
	char *note;
	struct range range;
	struct bytes raw;
	struct point at;
	struct point origin;
	struct point *also;
	struct point *points;
	size_t n_points;
	uint32_t *numbers;
	size_t n_numbers;
	char **words;
	size_t n_words;
	struct range *runs;
	size_t n_runs;
	struct variant type;
	struct variant extra;
};

static const struct name color_names[] = {
	{ "red", COLOR_RED },
	{ "blue", COLOR_BLUE },
	{ "none", (uint64_t)COLOR_NONE },
	{ NULL, 0 },
};

static const struct name flag_names[] = {
	{ "a", 1 },
	{ "c", 4 },
	{ "top", 0x80000000 },
	{ NULL, 0 },
};

static const struct field point_fields[] = {
	UINT(struct point, x, 0, "To the right."),
	INT(struct point, y, FIELD_OPTIONAL, "Down."),
	{ 0 },
};
static const struct record point_record =
	RECORD_OF(struct point, "point", point_fields, "A point.");

static const struct field socket_fields[] = {
	STRING(struct socket, path, 0, "Where it is bound."),
	{ 0 },
};
static const struct record socket_record =
	RECORD_OF(struct socket, "socket", socket_fields, "A socket.");

static const struct field nothing_fields[] = {
	BOOL(struct nothing, unused, FIELD_OPTIONAL, "Nothing."),
	{ 0 },
};
static const struct record nothing_record =
	RECORD_OF(struct nothing, "nothing", nothing_fields, "Nothing.");

static const struct record *const types[] = { &socket_record, &nothing_record, NULL };
static const struct record *const extras[] = { &point_record, NULL };

static const struct field item_point = ITEM_RECORD(struct point, point_record);

static const struct field shape_fields[] = {
	BOOL(struct shape, filled, 0, "Whether it is filled."),
	UINT(struct shape, count, 0, "How many."),
	UINT(struct shape, big, FIELD_OPTIONAL, "Many \"more\"."),
	INT(struct shape, delta, FIELD_VOLATILE, "A difference."),
	INT(struct shape, small, FIELD_OPTIONAL, "A small one."),
	HEX(struct shape, address, 0, "Where."),
	ENUM(struct shape, color, FIELD_OPTIONAL, color_names, "Its color."),
	FLAGS(struct shape, flags, 0, flag_names, "Its flags."),
	STRING(struct shape, name, 0, "Its name."),
	STRING(struct shape, note, FIELD_OPTIONAL | FIELD_INFO, "A note."),
	RANGE(struct shape, range, FIELD_OPTIONAL, "What it covers."),
	BYTES(struct shape, raw, FIELD_OPTIONAL, "Its bytes."),
	RECORD_IN(struct shape, at, 0, point_record, "Where it is."),
	RECORD_IN(struct shape, origin, FIELD_OPTIONAL, point_record, "Where it was."),
	RECORD_AT(struct shape, also, 0, point_record, "Where it is too."),
	LIST(struct shape, points, FIELD_OPTIONAL, item_point, "Corners."),
	LIST(struct shape, numbers, FIELD_OPTIONAL, item_uint32, "Numbers."),
	LIST(struct shape, words, FIELD_OPTIONAL, item_string, "Words."),
	LIST(struct shape, runs, FIELD_OPTIONAL, item_range, "Runs."),
	VARIANT(struct shape, type, 0, types, "What it is."),
	VARIANT(struct shape, extra, FIELD_OPTIONAL, extras, "What else."),
	{ 0 },
};
static const struct record shape_record =
	RECORD_OF(struct shape, "shape", shape_fields, "A shape.");

static void shape_done(struct shape *shape)
{
	record_release(&shape_record, shape);
}
#define _cleanup_shape_ _cleanup_(shape_done)

#define MINIMAL                                                                                    \
	"{\n"                                                                                      \
	"  \"filled\": false,\n"                                                                   \
	"  \"count\": 0,\n"                                                                        \
	"  \"delta\": 0,\n"                                                                        \
	"  \"address\": \"0x0\",\n"                                                                \
	"  \"flags\": [],\n"                                                                       \
	"  \"name\": \"\",\n"                                                                      \
	"  \"at\": {\"x\": 0},\n"                                                                  \
	"  \"type\": \"nothing\",\n"                                                               \
	"  \"nothing\": {}\n"                                                                      \
	"}\n"

#define FULL                                                                                       \
	"{\n"                                                                                      \
	"  \"filled\": true,\n"                                                                    \
	"  \"count\": 4294967295,\n"                                                               \
	"  \"big\": \"0x20000000000000\",\n"                                                       \
	"  \"delta\": \"-9223372036854775808\",\n"                                                 \
	"  \"small\": -2147483648,\n"                                                              \
	"  \"address\": \"0xffffffffffffffff\",\n"                                                 \
	"  \"color\": \"none\",\n"                                                                 \
	"  \"flags\": [\"a\", \"top\", \"0x12\"],\n"                                               \
	"  \"name\": \"\\\"q\\\" \\\\x5c \\\\xff \\\\x0a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 "  \
	"\\\\xc2\\\\x9b\",\n"                                                                      \
	"  \"note\": \"\",\n"                                                                      \
	"  \"range\": \"0x1000-0x2000\",\n"                                                        \
	"  \"raw\": \"00ff7f\",\n"                                                                 \
	"  \"at\": {\"x\": 65535, \"y\": -128},\n"                                                 \
	"  \"origin\": {\"x\": 0, \"y\": 1},\n"                                                    \
	"  \"also\": {\"x\": 7},\n"                                                                \
	"  \"points\": [{\"x\": 1}, {\"x\": 2, \"y\": 2}],\n"                                      \
	"  \"numbers\": [1, 2, 3],\n"                                                              \
	"  \"words\": [\"one\", \"\", \"two\"],\n"                                                 \
	"  \"runs\": [\"0x0-0x0\", \"0x1-0xffffffffffffffff\"],\n"                                 \
	"  \"type\": \"socket\",\n"                                                                \
	"  \"socket\": {\"path\": \"/run/x\"},\n"                                                  \
	"  \"extra\": \"point\",\n"                                                                \
	"  \"point\": {\"x\": 3}\n"                                                                \
	"}\n"

static char *encode(const struct shape *shape)
{
	struct err err = { 0 };
	size_t size = 0;
	char *text = NULL;

	CHECK(record_encode(&shape_record, shape, &text, &size, &err) == 0, "%s", err.msg);
	CHECK(text && strlen(text) == size);
	return text;
}

static int decode(const char *text, struct shape *shape, struct err *err)
{
	memset(shape, 0, sizeof(*shape));
	return record_decode(&shape_record, text, strlen(text), shape, err);
}

/* The text is what encoding what it decodes to gives. */
static void check_same(const char *text)
{
	_cleanup_shape_ struct shape shape = { 0 };
	_cleanup_free_ char *again = NULL;
	struct err err = { 0 };

	CHECK(decode(text, &shape, &err) == 0, "%s", err.msg);
	again = encode(&shape);
	CHECK_STR(again, text);
}

static void test_round_trip(void)
{
	_cleanup_shape_ struct shape shape = { 0 };
	struct err err = { 0 };

	check_same(MINIMAL);
	check_same(FULL);
	CHECK(decode(FULL, &shape, &err) == 0, "%s", err.msg);
	CHECK(shape.filled && shape.count == UINT32_MAX && shape.big == UINT64_C(1) << 53);
	CHECK(shape.delta == INT64_MIN && shape.small == INT32_MIN && shape.address == UINT64_MAX);
	CHECK(shape.color == COLOR_NONE && shape.flags == 0x80000013);
	CHECK_STR(shape.name, "\"q\" \\ \xff \n \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\x9b");
	CHECK_STR(shape.note, "");
	CHECK(shape.raw.size == 3 && memcmp(shape.raw.data, "\0\xff\x7f", 3) == 0);
	CHECK(shape.at.x == 65535 && shape.at.y == -128 && shape.also && shape.also->x == 7);
	CHECK(shape.n_points == 2 && shape.points[1].y == 2 && shape.n_words == 3);
	CHECK_STR(shape.words[2], "two");
	CHECK(shape.type.type == &socket_record);
	CHECK_STR(((struct socket *)shape.type.state)->path, "/run/x");
}

/* Decodes MINIMAL with something in it replaced, or with something more at its beginning. */
static int decode_with(const char *old, const char *new, struct shape *shape, struct err *err)
{
	const char *at = strstr(MINIMAL, old ? old : "  ");
	size_t skip = old ? strlen(old) : 0;
	char *text;
	int r;

	if (asprintf(&text, "%.*s%s%s", (int)(at - MINIMAL), MINIMAL, new, at + skip) < 0)
		abort();
	r = decode(text, shape, err);
	free(text);
	return r;
}

static void check_accepted(const char *old, const char *new)
{
	_cleanup_shape_ struct shape shape = { 0 };
	struct err err = { 0 };

	CHECK(decode_with(old, new, &shape, &err) == 0, "%s: %s", new, err.msg);
}

static void check_refused(const char *old, const char *new, const char *message)
{
	static const struct shape nothing;
	struct shape shape;
	struct err err = { 0 };

	CHECK(decode_with(old, new, &shape, &err) < 0, "%s", new);
	CHECK(err.code == ERR_IMAGE, "%s: code %d", new, err.code);
	CHECK(strncmp(err.msg, message, strlen(message)) == 0, "got \"%s\", want \"%s\"", err.msg,
	      message);
	CHECK(memcmp(&shape, &nothing, sizeof(shape)) == 0, "%s left something", new);
}

static void test_accepted(void)
{
	check_accepted("\"count\": 0", "\"count\": \"0xFFffffff\"");
	check_accepted("\"address\": \"0x0\"", "\"address\": 4096");
	check_accepted("\"delta\": 0", "\"delta\": \"-5\"");
	check_accepted(NULL, "\"color\": \"0x63\",");
	check_accepted(NULL, "\"color\": \"0xffffffff\",");
	check_accepted(NULL, "\"origin\": {\"x\": 0},");
	check_accepted(NULL, "\"points\": [],");
	check_accepted(NULL, "\"raw\": \"\",");
	check_accepted("\"name\": \"\"", "\"name\": \"\\\\x41\\u00e9\"");
}

static void test_refused_numbers(void)
{
	check_refused("\"count\": 0", "\"count\": 4294967296", "$.count: 0x100000000 does not fit");
	check_refused("\"count\": 0", "\"count\": \"0x100000000\"", "$.count: 0x100000000 does");
	check_refused("\"count\": 0", "\"count\": -1", "$.count: -1 is negative");
	check_refused("\"count\": 0", "\"count\": 1.0", "$.count: expected a number or \"0x...\"");
	check_refused("\"count\": 0", "\"count\": null", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"7\"", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"0x\"", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"0x0x1\"", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"0x-1\"", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"0x\\t1\"", "$.count: expected a number or");
	check_refused("\"count\": 0", "\"count\": \"0x10000000000000000\"", "$.count: expected a");
	check_refused(NULL, "\"big\": 9007199254740992,",
		      "$.big: 9007199254740992 must be written as \"0x20000000000000\"");
	check_refused("\"delta\": 0", "\"delta\": 9007199254740992", "$.delta: 9007199254740992");
	check_refused("\"delta\": 0", "\"delta\": \"9223372036854775808\"", "$.delta: expected a");
	check_refused("\"delta\": 0", "\"delta\": \"--1\"", "$.delta: expected a");
	check_refused("\"delta\": 0", "\"delta\": \"0x1\"", "$.delta: expected a");
	check_refused("\"delta\": 0", "\"delta\": 99999999999999999999", "line 4 column ");
	check_refused(NULL, "\"small\": 2147483648,",
		      "$.small: 2147483648 does not fit, it may be -2147483648 to 2147483647");
	check_refused("{\"x\": 0}", "{\"x\": 0, \"y\": -129}", "$.at.y: -129 does not fit");
	check_refused("\"filled\": false", "\"filled\": 0", "$.filled: expected true or false");
	check_refused(NULL, "\"range\": \"0x2-0x1\",", "$.range: expected a range whose end");
	check_refused(NULL, "\"range\": \"0x2\",", "$.range: expected a range \"0x...-0x...\"");
	check_refused(NULL, "\"range\": \"0x1-0x2-\",", "$.range: expected a range");
	check_refused(NULL, "\"range\": 5,", "$.range: expected a range");
}

static void test_refused_names(void)
{
	check_refused(NULL, "\"color\": \"green\",",
		      "$.color: expected one of red, blue, none, found \"green\"");
	check_refused(NULL, "\"color\": \"0x100000000\",", "$.color: 0x100000000 does not fit");
	check_refused(NULL, "\"color\": 1,", "$.color: expected a name, found a number");
	check_refused("\"flags\": []", "\"flags\": [\"a\", \"b\"]",
		      "$.flags[1]: expected one of a, c, top, found \"b\"");
	check_refused("\"flags\": []", "\"flags\": [4]", "$.flags[0]: expected a name");
	check_refused("\"flags\": []", "\"flags\": \"a\"", "$.flags: expected a list of names");
	check_refused("\"flags\": []", "\"flags\": [\"0x100000000\"]", "$.flags: 0x100000000 does");
	check_refused("\"type\": \"nothing\"", "\"type\": \"point\"",
		      "$.type: expected a type that this version knows, found \"point\"");
	check_refused("\"type\": \"nothing\"", "\"type\": \"socket\"", "$.socket: missing");
	check_refused("\"type\": \"nothing\"", "\"type\": []", "$.type: expected the name");
	check_refused("\"nothing\": {}", "\"nothing\": {}, \"socket\": {\"path\": \"\"}",
		      "$.socket: unknown key");
	check_refused("\"nothing\": {}", "\"nothing\": []", "$.nothing: expected an object");
	check_refused("\"nothing\": {}", "\"nothing\": {\"x\": 1}", "$.nothing.x: unknown key");
	check_refused(NULL, "\"point\": {\"x\": 3},", "$.point: unknown key");
}

static void test_refused_strings(void)
{
	check_refused("\"name\": \"\"", "\"name\": \"\\\\\"", "$.name: a backslash must begin");
	check_refused("\"name\": \"\"", "\"name\": \"\\\\x4\"", "$.name: a backslash must begin");
	check_refused("\"name\": \"\"", "\"name\": \"\\\\xFF\"", "$.name: a backslash must begin");
	check_refused("\"name\": \"\"", "\"name\": \"\\\\n\"", "$.name: a backslash must begin");
	check_refused("\"name\": \"\"", "\"name\": \"\\\\x00\"", "$.name: \\x00 cannot be");
	check_refused("\"name\": \"\"", "\"name\": \"\\n\"", "$.name: byte 0x0a must be written");
	check_refused("\"name\": \"\"", "\"name\": \"\\u001b\"", "$.name: byte 0x1b must be");
	check_refused("\"name\": \"\"", "\"name\": \"\x7f\"", "$.name: byte 0x7f must be");
	check_refused("\"name\": \"\"", "\"name\": \"\\u009b\"", "$.name: byte 0xc2 must be");
	check_refused("\"name\": \"\"", "\"name\": \"\\u0000\"", "line 7 column ");
	check_refused("\"name\": \"\"", "\"name\": \"\\ud800\"", "line 7 column ");
	check_refused("\"name\": \"\"", "\"name\": \"\xff\"", "line 7 column ");
	check_refused("\"name\": \"\"", "\"name\": \"\x1b\"", "line 7 column ");
	check_refused("\"name\": \"\"", "\"name\": 5", "$.name: expected a string, found a num");
	check_refused(NULL, "\"raw\": \"0\",", "$.raw: expected an even number");
	check_refused(NULL, "\"raw\": \"0g\",", "$.raw: expected an even number");
	check_refused(NULL, "\"raw\": [],", "$.raw: expected a string of hex digits");
	check_refused(NULL, "\"words\": [\"one\", \"two\", 3],", "$.words[2]: expected a string");
}

static void test_refused_shape(void)
{
	check_refused("  \"count\": 0,\n", "", "$.count: missing");
	check_refused("  \"type\": \"nothing\",\n", "", "$.type: missing");
	check_refused(NULL, "\"surplus\": 1,", "$.surplus: unknown key");
	check_refused(NULL, "\"a\\u001b[31m\": 1,", "$.a\\x1b[31m: unknown key");
	check_refused(NULL, "\"filled\": true,", "line 2 column ");
	check_refused("{\"x\": 0}", "{\"x\": 0, \"x\": 0}", "line 8 column ");
	check_refused("{\"x\": 0}", "{}", "$.at.x: missing");
	check_refused("{\"x\": 0}", "{\"x\": 0, \"z\": 0}", "$.at.z: unknown key");
	check_refused("{\"x\": 0}", "[0]", "$.at: expected an object, found a list");
	check_refused(NULL, "\"also\": null,", "$.also: expected an object, found null");
	check_refused(NULL, "\"also\": {\"x\": 1, \"y\": 200},", "$.also.y: 200 does not fit");
	check_refused(NULL, "\"points\": {},", "$.points: expected a list, found an object");
	check_refused(NULL, "\"points\": [{\"x\": 1}, {\"x\": 70000}],",
		      "$.points[1].x: 0x11170 does not fit");
	check_refused(NULL, "\"runs\": [\"0x0-0x1\", 5],", "$.runs[1]: expected a range");
}

static void test_hostile(void)
{
	static const struct shape nothing;
	size_t size = strlen(FULL);
	struct shape shape = { 0 };
	struct err err;
	size_t i;

	/* Cut anywhere, or with a NUL or garbage anywhere: refused or understood, never more than
	 * that. */
	for (i = 0; i < size - 2; i++) {
		CHECK(record_decode(&shape_record, FULL, i, &shape, &err) < 0, "cut at %zu", i);
		CHECK(memcmp(&shape, &nothing, sizeof(shape)) == 0, "cut at %zu", i);
	}
	for (i = 0; i < size; i++) {
		char *text = strdup(FULL);

		text[i] = '\0';
		CHECK(record_decode(&shape_record, text, size, &shape, &err) < 0, "NUL at %zu", i);
		text[i] ^= FULL[i] ^ (i % 7 + 1);
		if (record_decode(&shape_record, text, size, &shape, &err) == 0)
			shape_done(&shape);
		free(text);
	}
	CHECK(decode("", &shape, &err) < 0 && decode("[]", &shape, &err) < 0);
	CHECK_STR(err.msg, "$: expected an object, found a list");
	CHECK(decode("null", &shape, &err) < 0 && decode("{} {}", &shape, &err) < 0);
}

/* A record of a format that is not ours. */
static void test_open(void)
{
	static const struct record open_record = {
		.name = "open", .size = sizeof(struct point), .fields = point_fields, .open = true
	};
	static const char text[] = "{\"y\": 2, \"z\": {\"x\": []}, \"x\": 1}";
	struct point point = { 0 };
	struct err err = { 0 };

	CHECK(record_decode(&open_record, text, strlen(text), &point, &err) == 0, "%s", err.msg);
	CHECK(point.x == 1 && point.y == 2);
	CHECK(record_decode(&open_record, "{\"z\": 1}", 8, &point, &err) < 0);
	CHECK_STR(err.msg, "$.x: missing");
}

static void test_deep(void)
{
	static const char *const nests[] = { "[", "{\"a\":", "{\"at\":" };
	size_t i, n;

	for (n = 0; n < sizeof(nests) / sizeof(*nests); n++) {
		size_t length = strlen(nests[n]);
		char *text = malloc(1000000 * length);
		struct shape shape = { 0 };
		struct err err;

		for (i = 0; i < 1000000; i++)
			memcpy(text + i * length, nests[n], length);
		CHECK(record_decode(&shape_record, text, 1000000 * length, &shape, &err) < 0);
		CHECK(err.code == ERR_IMAGE);
		free(text);
	}
}

static void test_unset(void)
{
	struct shape shape = { 0 };
	struct err err;
	char *text = NULL;

	CHECK(record_encode(&shape_record, &shape, &text, NULL, &err) < 0);
	CHECK_STR(err.msg, "$.name: the string is not set");
	shape.name = (char[]){ "x" };
	CHECK(record_encode(&shape_record, &shape, &text, NULL, &err) < 0);
	CHECK_STR(err.msg, "$.type: the type is not set");
	CHECK(text == NULL);
}

static void test_lists(void)
{
	_cleanup_shape_ struct shape shape = { 0 };
	_cleanup_shape_ struct shape back = { 0 };
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	unsigned i;

	CHECK(decode(MINIMAL, &shape, &err) == 0, "%s", err.msg);
	for (i = 0; i < 100000; i++) {
		struct point *point = LIST_ADD(&shape, points, &err);
		uint32_t *number = LIST_ADD(&shape, numbers, &err);

		*point = (struct point){ .x = (uint16_t)i, .y = 1 };
		*number = i;
	}
	CHECK(shape.n_points == 100000 && shape.n_numbers == 100000);
	text = encode(&shape);
	CHECK(strstr(text,
		     "  \"points\": [\n    {\"x\": 0, \"y\": 1},\n    {\"x\": 1, \"y\": 1},\n"));
	CHECK(strstr(text, "  \"numbers\": [\n    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "));
	CHECK(strstr(text, " 99999\n  ],\n"));
	check_same(text);
	CHECK(decode(text, &back, &err) == 0, "%s", err.msg);
	CHECK(back.n_points == 100000 && back.points[99999].x == 99999 % 65536);
	CHECK(LIST_ADD(&back, points, &err) && back.n_points == 100001);
}

static void test_names(void)
{
	uint64_t value = 9;

	CHECK_STR(name_of(flag_names, 4), "c");
	CHECK(name_of(flag_names, 2) == NULL);
	CHECK(name_value(flag_names, "b", &value) < 0 && value == 9);
	CHECK(name_value(flag_names, "top", &value) == 0 && value == 0x80000000);
}

int main(void)
{
	test_round_trip();
	test_accepted();
	test_refused_numbers();
	test_refused_names();
	test_refused_strings();
	test_refused_shape();
	test_hostile();
	test_open();
	test_deep();
	test_unset();
	test_lists();
	test_names();
	return test_done("record");
}
