/* SPDX-License-Identifier: MIT */
/* The examples of the specification: good ones are canonical, bad ones are refused with a place. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image.h"
#include "format/working_set.h"
#include "tests/unit/test.h"

/* The record of "file-regular.json" is "file". */
static const struct record *record_of(const char *file)
{
	size_t length = strcspn(file, "-.");

	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (strlen(kinds[kind].record->name) == length &&
		    strncmp(kinds[kind].record->name, file, length) == 0)
			return kinds[kind].record;
	if (strcmp(file, "working_set.json") == 0)
		return &working_set_record;
	return NULL;
}

static char *read_example(const char *folder, const char *file, size_t *ret_size)
{
	static char text[1 << 16];
	char path[300];
	FILE *in;

	snprintf(path, sizeof(path), "spec/examples/%s/%s", folder, file);
	in = fopen(path, "r");
	CHECK(in, "%s", path);
	*ret_size = in ? fread(text, 1, sizeof(text) - 1, in) : 0;
	text[*ret_size] = '\0';
	if (in)
		fclose(in);
	return text;
}

static void check_good(const char *file, const struct record *record)
{
	_cleanup_free_ void *object = calloc(1, record->size);
	_cleanup_free_ char *again = NULL;
	struct err err = { 0 };
	size_t size;
	char *text = read_example("good", file, &size);

	CHECK(record_decode(record, text, size, object, &err) == 0, "%s: %s", file, err.msg);
	CHECK(record_encode(record, object, &again, NULL, &err) == 0, "%s: %s", file, err.msg);
	CHECK_STR(again, text);
	record_release(record, object);
}

static void check_bad(const char *file, const struct record *record)
{
	_cleanup_free_ void *object = calloc(1, record->size);
	struct err err = { 0 };
	size_t size;
	char *text = read_example("bad", file, &size);

	CHECK(record_decode(record, text, size, object, &err) < 0, "%s: accepted", file);
	CHECK(err.code == ERR_IMAGE, "%s: %d", file, err.code);
	CHECK(strstr(err.msg, "$.") || strstr(err.msg, "JSON") || strstr(err.msg, "$:"), "%s: %s",
	      file, err.msg);
	if (getenv("VERBOSE"))
		printf("%-36s %s\n", file, err.msg);
}

/* Returns how many records have an example there. */
static void check_folder(const char *folder, void (*check)(const char *, const struct record *))
{
	bool seen[KIND_COUNT] = { 0 };
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *item;
	char path[100];

	snprintf(path, sizeof(path), "spec/examples/%s", folder);
	dir = opendir(path);
	CHECK(dir, "%s", path);
	while (dir && (item = readdir(dir))) {
		const struct record *record = record_of(item->d_name);

		if (item->d_name[0] == '.')
			continue;
		CHECK(record, "%s/%s belongs to no record", path, item->d_name);
		if (!record)
			continue;
		check(item->d_name, record);
		for (enum kind kind = 0; kind < KIND_COUNT; kind++)
			seen[kind] |= kinds[kind].record == record;
	}
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		CHECK(seen[kind], "%s: no example of %s", folder, kinds[kind].record->name);
}

int main(void)
{
	check_folder("good", check_good);
	check_folder("bad", check_bad);
	return test_done("examples");
}
