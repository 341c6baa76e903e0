/* SPDX-License-Identifier: MIT */
/* What else comes from a field table: the table's own check, the schema, the print and the
 * comparison. */
#include "format/record.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "tests/unit/test.h"

struct vma {
	uint64_t start;
	uint32_t prot;
	char *path;
};

struct pipe {
	uint32_t capacity;
};

struct extra {
	uint32_t *numbers;
	size_t n_numbers;
};

struct state {
	uint32_t pid;
	uint64_t ticks;
	char *comm;
	uint32_t flags;
	struct bytes raw;
	struct vma first;
	struct vma *also;
	struct vma *vmas;
	size_t n_vmas;
	uint32_t *numbers;
	size_t n_numbers;
	struct extra *extras;
	size_t n_extras;
	struct variant type;
};

static const struct name prot_names[] = { { "read", 1 }, { "write", 2 }, { NULL, 0 } };

static const struct field vma_fields[] = {
	HEX(struct vma, start, 0, "Where it starts."),
	FLAGS(struct vma, prot, 0, prot_names, "What is allowed."),
	STRING(struct vma, path, FIELD_OPTIONAL, "The file."),
	{ 0 },
};
static const struct record vma_record = RECORD_OF(struct vma, "vma", vma_fields, "A mapping.");
static const struct field item_vma = ITEM_RECORD(struct vma, vma_record);

static const struct field pipe_fields[] = {
	UINT(struct pipe, capacity, 0, "In bytes."),
	{ 0 },
};
static const struct record pipe_record = RECORD_OF(struct pipe, "pipe", pipe_fields, "A pipe.");
static const struct record null_record = RECORD_OF(struct pipe, "null", pipe_fields, "Not a pipe.");
static const struct record *const types[] = { &pipe_record, &null_record, NULL };

static const struct field extra_fields[] = {
	LIST(struct extra, numbers, 0, item_uint32, "Numbers."),
	{ 0 },
};
static const struct record extra_record = RECORD_OF(struct extra, "extra", extra_fields, "More.");
static const struct field item_extra = ITEM_RECORD(struct extra, extra_record);

static const struct field state_fields[] = {
	UINT(struct state, pid, 0, "The \"process\"."),
	UINT(struct state, ticks, FIELD_VOLATILE, "Time."),
	STRING(struct state, comm, FIELD_INFO, "Its name."),
	FLAGS(struct state, flags, 0, prot_names, "Flags."),
	BYTES(struct state, raw, FIELD_OPTIONAL, "Bytes."),
	RECORD_IN(struct state, first, FIELD_OPTIONAL, vma_record, "The first."),
	RECORD_AT(struct state, also, 0, vma_record, "Another."),
	LIST(struct state, vmas, 0, item_vma, "All of them."),
	LIST(struct state, numbers, FIELD_OPTIONAL, item_uint32, "Numbers."),
	LIST(struct state, extras, FIELD_OPTIONAL, item_extra, "Lists in lists."),
	VARIANT(struct state, type, FIELD_OPTIONAL, types, "What it is."),
	{ 0 },
};
static const struct record state_record =
	RECORD_OF(struct state, "state", state_fields, "A state.");

static void state_done(struct state *state)
{
	record_release(&state_record, state);
}
#define _cleanup_state_ _cleanup_(state_done)

#define STATE                                                                                      \
	"{\"pid\": 42, \"ticks\": 5, \"comm\": \"a\\\\x1b \xc3\xa9\", \"flags\": [],"              \
	" \"first\": {\"start\": \"0x1\", \"prot\": [\"read\"]},"                                  \
	" \"vmas\": [{\"start\": \"0x1000\", \"prot\": [\"read\", \"write\"]},"                    \
	" {\"start\": \"0x20000\", \"prot\": [], \"path\": \"/bin/x y\"}],"                        \
	" \"numbers\": [1, 2, 3], \"extras\": [{\"numbers\": [7]}, {\"numbers\": []}],"            \
	" \"type\": \"pipe\", \"pipe\": {\"capacity\": 4096}}"

static void get_state(struct state *state)
{
	struct err err = { 0 };

	memset(state, 0, sizeof(*state));
	CHECK(record_decode(&state_record, STATE, strlen(STATE), state, &err) == 0, "%s", err.msg);
}

static char *printed(const struct state *state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	record_print(&state_record, state, 1, out);
	fclose(out);
	return text;
}

static void test_print(void)
{
	_cleanup_state_ struct state state;
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *longer = NULL;
	struct err err;
	unsigned i;

	get_state(&state);
	text = printed(&state);
	CHECK_STR(text, " pid      42\n"
			" ticks    5\n"
			" comm     a\\x1b \xc3\xa9\n"
			" flags    -\n"
			" first\n"
			"   start  0x1\n"
			"   prot   read\n"
			" vmas\n"
			"   start    prot         path\n"
			"   0x1000   read, write  -\n"
			"   0x20000  -            /bin/x y\n"
			" numbers  1, 2, 3\n"
			" extras\n"
			"   [0]\n"
			"     numbers  7\n"
			"   [1]\n"
			" type     pipe\n"
			"   capacity  4096\n");
	for (i = 0; i < 60; i++)
		*LIST_ADD(&state, numbers, &err) = i;
	longer = printed(&state);
	CHECK(strstr(longer, ", 21,\n          22, 23, "), "%s", longer);
}

struct seen {
	unsigned count;
	char text[1000];
};

static void see(void *context, const char *path, const char *a, const char *b)
{
	struct seen *seen = context;
	size_t used = strlen(seen->text);

	seen->count++;
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s: %s | %s\n", path, a, b);
}

static void check_diff(const struct state *a, const struct state *b, unsigned skip,
		       const char *want)
{
	struct seen seen = { 0 };
	struct err err = { 0 };
	int count = record_diff(&state_record, a, b, skip, see, &seen, &err);

	CHECK(count == (int)seen.count, "%d %u %s", count, seen.count, err.msg);
	CHECK(record_diff(&state_record, a, b, skip, NULL, NULL, &err) == count);
	CHECK_STR(seen.text, want);
}

static void test_diff_values(void)
{
	_cleanup_state_ struct state a;
	_cleanup_state_ struct state b;

	get_state(&a);
	get_state(&b);
	check_diff(&a, &b, 0, "");
	b.pid = 43;
	b.ticks = 6;
	free(b.comm);
	b.comm = strdup("b");
	b.flags = 2;
	b.raw = (struct bytes){ .data = calloc(1, 2), .size = 2 };
	b.first.prot = 3;
	b.also = calloc(1, sizeof(*b.also));
	((struct pipe *)b.type.state)->capacity = 1;
	check_diff(&a, &b, FIELD_VOLATILE | FIELD_INFO,
		   "pid: 42 | 43\n"
		   "flags: [] | [\"write\"]\n"
		   "raw: (absent) | \"0000\"\n"
		   "first.prot: [\"read\"] | [\"read\", \"write\"]\n"
		   "also: (absent) | {\"start\": \"0x0\", \"prot\": []}\n"
		   "pipe.capacity: 4096 | 1\n");
	b.type.type = &null_record;
	CHECK(record_diff(&state_record, &a, &b, FIELD_VOLATILE, NULL, NULL, NULL) == 7);
	b.pid = 42;
	b.flags = 0;
	free(b.raw.data);
	b.raw = (struct bytes){ 0 };
	b.first.prot = 1;
	free(TAKE_PTR(b.also));
	check_diff(&a, &b, 0,
		   "ticks: 5 | 6\n"
		   "comm: \"a\\\\x1b \xc3\xa9\" | \"b\"\n"
		   "type: pipe | null\n");
}

static void test_diff_lists(void)
{
	_cleanup_state_ struct state a;
	_cleanup_state_ struct state b;
	struct err err;

	get_state(&a);
	get_state(&b);
	b.numbers[0] = 9;
	b.numbers[2] = 9;
	b.vmas[1].start = 1;
	check_diff(&a, &b, 0,
		   "vmas[1].start: \"0x20000\" | \"0x1\"\n"
		   "numbers[0]: 1 | 9\n"
		   "numbers[2]: 3 | 9\n");
	b.vmas[1].start = 0x20000;
	*LIST_ADD(&b, numbers, &err) = 4;
	*LIST_ADD(&b, vmas, &err) = (struct vma){ .start = 5 };
	check_diff(&a, &b, 0,
		   "vmas: 2 items | 3 items\n"
		   "vmas[2]: (absent) | {\"start\": \"0x5\", \"prot\": []}\n"
		   "numbers: 3 items | 4 items\n"
		   "numbers[0]: 1 | 9\n");
	a.n_numbers = 0;
	check_diff(&b, &a, 0,
		   "vmas: 3 items | 2 items\n"
		   "vmas[2]: {\"start\": \"0x5\", \"prot\": []} | (absent)\n"
		   "numbers: 4 items | 0 items\n"
		   "numbers[0]: 9 | (absent)\n");
}

static void test_schema(void)
{
	_cleanup_free_ char *text = NULL;
	struct err err = { 0 };
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK(record_schema(&state_record, out, &err) == 0, "%s", err.msg);
	fclose(out);
	CHECK(strstr(text, "\"required\": [\"pid\", \"ticks\", \"comm\", \"flags\", \"vmas\"]"));
	CHECK(strstr(text, "\"description\": \"The \\\"process\\\".\",\n"));
	CHECK(strstr(text, "\"x-volatile\": true,") && strstr(text, "\"x-informative\": true,"));
	CHECK(strstr(text, "\"enum\": [\"pipe\", \"null\"]"));
	CHECK(strstr(text, "\"items\": {\"$ref\": \"#/$defs/vma\"}"));
	CHECK(strstr(text, "\"additionalProperties\": false\n}\n"));
}

static void check_bad(const struct field *bad, const char *want)
{
	const struct field fields[] = { state_fields[0], *bad, { 0 } };
	const struct record record = { .name = "bad",
				       .size = sizeof(struct state),
				       .fields = fields };
	struct err err = { 0 };

	CHECK(record_check(&record, &err) < 0);
	CHECK_STR(err.msg, want);
}

static void test_check(void)
{
	struct field bad = state_fields[0];
	struct err err = { 0 };

	CHECK(record_check(&state_record, &err) == 0, "%s", err.msg);
	check_bad(&bad, "table bad: $.pid: two of that name");
	bad.name = "other";
	bad.doc = NULL;
	check_bad(&bad, "table bad: $.other: without a description");
	bad.doc = "Other.";
	bad.type = FIELD_BOOL;
	check_bad(&bad, "table bad: $.other: a member of 4 bytes is no bool");
	bad.type = FIELD_STRING;
	check_bad(&bad, "table bad: $.other: a member of 4 bytes is no string");
	bad.type = FIELD_ENUM;
	check_bad(&bad, "table bad: $.other: without a table of names");
	bad = state_fields[7];
	bad.item = &item_uint32;
	check_bad(&bad, "table bad: $.vmas: items of 4 bytes, but the list's have 24");
	bad.item = &state_fields[8];
	check_bad(&bad, "table bad: $.vmas: a list cannot have such items");
}

int main(void)
{
	test_print();
	test_diff_values();
	test_diff_lists();
	test_schema();
	test_check();
	return test_done("record_views");
}
