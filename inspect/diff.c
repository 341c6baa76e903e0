/* SPDX-License-Identifier: MIT */
/* `diff`: what differs between two images, records and memory. */
#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_previous.h"
#include "format/pimage.h"
#include "format/working_set.h"
#include "inspect/diff_memory.h"
#include "inspect/inspect.h"
#include "inspect/pairs.h"
#include "inspect/print.h"

#include <string.h>

enum { XSTATE_BV = 512 };

/* Two images, and what is being compared. */
struct diff {
	struct inspect a, b;
	struct inspect alone[2]; /* of those that have pages elsewhere: see image_own_pages */
	const struct image *records[2]; /* in which fields are compared */
	unsigned skip;			/* flags of fields that are not compared */
	struct id_pairs ids;		/* none: no word may differ */
	const char *path;
	size_t n; /* differences so far */
};

static void diff_done(struct diff *diff)
{
	inspect_done(&diff->a);
	inspect_done(&diff->b);
	inspect_done(&diff->alone[0]);
	inspect_done(&diff->alone[1]);
	free(diff->ids.pairs);
}

static void print_difference(void *context, const char *path, const char *a, const char *b)
{
	const struct diff *diff = context;

	printf("%s: %s: ", diff->path, path);
	put_string(a, stdout);
	fputs(" -> ", stdout);
	put_string(b, stdout);
	putchar('\n');
}

static void only_in(struct diff *diff, const struct inspect *inspect, const char *path)
{
	printf("%s: only in %s\n", path, inspect->file);
	diff->n++;
}

/*
 * XSTATE_BV in an XSAVE area says which parts may not be in their initial state. The CPU decides that anew each time it
 * saves them, and the kernel writes out initial parts too, so that the area itself tells all there is.
 */
static bool may_differ(const struct blob *blob, size_t at)
{
	const char *end = strrchr(blob->name, '.');

	return end && strcmp(end, ".xstate") == 0 && at >= XSTATE_BV && at < XSTATE_BV + 8;
}

/* A raw entry beside a record. */
static void diff_blob(struct diff *diff, const struct blob *a, const struct blob *b)
{
	size_t at = 0;

	if (!a || !b) {
		if (a || b)
			only_in(diff, a ? &diff->a : &diff->b, a ? a->name : b->name);
		return;
	}
	while (at < a->size && at < b->size &&
	       (((const uint8_t *)a->data)[at] == ((const uint8_t *)b->data)[at] ||
		may_differ(a, at)))
		at++;
	if (at == a->size && at == b->size)
		return;
	printf("%s: %zu and %zu bytes, which differ from byte %zu on\n", a->name, a->size, b->size,
	       at);
	diff->n++;
}

static int diff_pair(struct diff *diff, enum kind kind, struct key a, struct key b, struct err *err)
{
	const void *record_a = image_get(diff->records[0], kind, a);
	const void *record_b = image_get(diff->records[1], kind, b);
	char path[64], path_b[64];
	int n;

	kind_path(kind, a, path, sizeof(path));
	kind_path(kind, b, path_b, sizeof(path_b));
	diff->path = path;
	n = record_diff(kinds[kind].record, record_a, record_b, diff->skip, print_difference, diff,
			err);
	if (n < 0)
		return err_prefix(err, "%s", path);
	diff->n += (size_t)n;
	for (size_t i = 0; i < BLOB_ENDINGS; i++)
		diff_blob(diff, image_blob_beside(&diff->a.image, path, i),
			  image_blob_beside(&diff->b.image, path_b, i));
	if (kind != KIND_memory && kind != KIND_shm)
		return 0;
	n = diff_memory(&diff->a, &diff->b, kind, a.first, b.first, &diff->ids, err);
	if (n < 0)
		return -1;
	diff->n += (size_t)n;
	return 0;
}

static int diff_kind(struct diff *diff, enum kind kind, struct err *err)
{
	_cleanup_free_ struct key *a = NULL;
	_cleanup_free_ struct key *b = NULL;
	size_t n_a, n_b;
	char path[64];

	if (keys_in_order(&diff->a.image, kind, &a, &n_a, err) < 0 ||
	    keys_in_order(&diff->b.image, kind, &b, &n_b, err) < 0)
		return -1;
	for (size_t i = 0; i < n_a || i < n_b; i++) {
		if (i < n_a && i < n_b) {
			if (diff_pair(diff, kind, a[i], b[i], err) < 0)
				return -1;
			continue;
		}
		kind_path(kind, i < n_a ? a[i] : b[i], path, sizeof(path));
		only_in(diff, i < n_a ? &diff->a : &diff->b, path);
	}
	return 0;
}

/* Whether pages are in the image before, or with another process. */
static bool has_elsewhere(const struct image *image)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);

	for (size_t i = 0; i < pimage->n_required_features; i++)
		if (strcmp(pimage->required_features[i], FEATURE_SAME_PAGES) == 0)
			return true;
	return image->previous;
}

/* Where pages are is no difference. */
static int choose_records(struct diff *diff, const struct inspect *inspect, int which,
			  struct err *err)
{
	struct inspect *alone = &diff->alone[which];

	diff->records[which] = &inspect->image;
	if (!has_elsewhere(&inspect->image))
		return 0;
	diff->records[which] = &alone->image;
	if (inspect_open(inspect->file, inspect->options, false, alone, err) < 0)
		return -1;
	return image_own_pages(&alone->image, err);
}

int diff_run(const void *options, int argc, char **argv, struct err *err)
{
	_cleanup_(diff_done) struct diff diff = { 0 };
	const struct inspect_options *o = options;

	if (inspect_operands("diff", argc, 2, 2, err) < 0 ||
	    inspect_open(argv[0], o, true, &diff.a, err) < 0 ||
	    inspect_open(argv[1], o, true, &diff.b, err) < 0 ||
	    choose_records(&diff, &diff.a, 0, err) < 0 ||
	    choose_records(&diff, &diff.b, 1, err) < 0)
		return -1;
	/* Whether it is known is no difference, and neither is that who reads it must know what it is. */
	for (int i = 0; !o->all && i < 2; i++)
		if (diff.alone[i].file)
			working_set_forget(&diff.alone[i].image);
	if (!o->all) {
		working_set_forget(&diff.a.image);
		working_set_forget(&diff.b.image);
	}
	diff.skip = o->all ? 0 : FIELD_VOLATILE | FIELD_INFO;
	if (!o->all && id_pairs_make(&diff.a.image, &diff.b.image, &diff.ids, err) < 0)
		return -1;
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		if (diff_kind(&diff, kind, err) < 0)
			return -1;
	return diff.n != 0;
}
