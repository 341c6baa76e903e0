/* SPDX-License-Identifier: MIT */
#include "format/image_load.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_read.h"

#include <stdlib.h>
#include <string.h>

static int load_blob(struct image *image, const struct image_entry *entry, struct err *err)
{
	_cleanup_free_ void *copy = malloc(entry->size + 1);

	if (!copy)
		return err_sys(err, "%s: out of memory", entry->name);
	memcpy(copy, entry->data, entry->size);
	if (image_add_blob(image, entry->name, copy, entry->size, err) < 0)
		return -1;
	(void)TAKE_PTR(copy);
	return 0;
}

static int load_entry(struct image *image, const struct image_entry *entry, struct err *err)
{
	struct pages_entry pages;
	enum kind kind;
	struct key key;

	if (kind_of_path(entry->name, &kind, &key))
		return image_decode(image, kind, key, entry->data, entry->size, err);
	if (kind_of_blob(entry->name, &kind, &key))
		return load_blob(image, entry, err);
	if (pages_entry_parse(entry->name, &pages))
		return 0;
	return err_set(err, ERR_IMAGE, "%s: an image has no entry of that name", entry->name);
}

static int load_entries(struct image_reader *reader, struct image *image, struct err *err)
{
	const struct image_entry *entry;

	for (size_t i = 0; (entry = image_reader_entry(reader, i)); i++)
		if (load_entry(image, entry, err) < 0)
			return -1;
	return image_check(image, err);
}

static int compare(const void *a, const void *b)
{
	const struct pages_entry *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* What the records say of this entry; NULL: nothing. */
static const struct pages_entry *find_expected(const struct image_pages_walk *walk,
					       const struct pages_entry *pages)
{
	if (!walk->n_expected)
		return NULL;
	return bsearch(pages, walk->expected, walk->n_expected, sizeof(*pages), compare);
}

/* Each entry of page data has to be there, and no other. */
static int check_pages(struct image_reader *reader, const struct image *image, struct err *err)
{
	_cleanup_image_pages_ struct image_pages_walk walk = { 0 };
	const struct image_entry *entry;
	struct pages_entry pages;
	char name[PAGES_NAME];
	size_t found = 0;

	if (image_pages_start(reader, image, &walk, err) < 0)
		return -1;
	for (size_t i = 0; i < walk.n_expected; i++) {
		pages_entry_name(&walk.expected[i], name);
		if (!image_reader_find(reader, name))
			return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	}
	for (size_t i = 0; (entry = image_reader_entry(reader, i)); i++) {
		if (!pages_entry_parse(entry->name, &pages))
			continue;
		if (++found > walk.n_expected || !find_expected(&walk, &pages))
			return err_set(err, ERR_IMAGE, "%s: no record says what pages these are",
				       entry->name);
	}
	return 0;
}

int image_load(struct image_reader *reader, struct image *ret_image, struct err *err)
{
	struct image image = { 0 };
	int ret;

	/* What is damaged should be called that, before it turns up as a record that makes no sense. */
	if (image_reader_complete(reader) && image_reader_finish(reader, NULL, err) < 0)
		return -1;
	ret = load_entries(reader, &image, err);

	if (ret < 0 && !image_reader_complete(reader)) {
		/* What is missing may still come: somebody has packed it in another order. */
		image_done(&image);
		ret = image_reader_spool(reader, err);
		if (ret == 0)
			ret = load_entries(reader, &image, err);
	}
	if (ret == 0 && image_reader_complete(reader))
		ret = check_pages(reader, &image, err);
	if (ret < 0) {
		image_done(&image);
		return -1;
	}
	*ret_image = image;
	return 0;
}

static int check_loaded(const struct image *image, const struct image_entry *entry, struct err *err)
{
	enum kind kind;
	struct key key;

	if (entry->pages || image_blob(image, entry->name))
		return 0;
	if (!kind_of_path(entry->name, &kind, &key) && !kind_of_blob(entry->name, &kind, &key))
		return err_set(err, ERR_IMAGE, "%s: an image has no entry of that name",
			       entry->name);
	if (image_get(image, kind, key) && !kind_of_blob(entry->name, &kind, &key))
		return 0;
	return err_set(err, ERR_IMAGE,
		       "%s comes after page data that was already used; put the image into a file "
		       "first",
		       entry->name);
}

int image_finish(struct image_reader *reader, const struct image *image,
		 struct image_report *ret_report, struct err *err)
{
	const struct image_entry *entry;

	if (image_reader_finish(reader, ret_report, err) < 0)
		return -1;
	for (size_t i = 0; (entry = image_reader_entry(reader, i)); i++)
		if (check_loaded(image, entry, err) < 0)
			return -1;
	return 0;
}

int image_pages_start(struct image_reader *reader, const struct image *image,
		      struct image_pages_walk *ret_walk, struct err *err)
{
	struct image_pages_walk walk = { .reader = reader };

	if (image_pages(image, &walk.expected, &walk.n_expected, err) < 0)
		return -1;
	walk.seen = calloc(walk.n_expected + 1, sizeof(*walk.seen));
	if (!walk.seen) {
		image_pages_done(&walk);
		return err_sys(err, "out of memory");
	}
	if (walk.n_expected)
		qsort(walk.expected, walk.n_expected, sizeof(*walk.expected), compare);
	*ret_walk = walk;
	return 0;
}

void image_pages_done(struct image_pages_walk *walk)
{
	free(walk->expected);
	free(walk->seen);
	*walk = (struct image_pages_walk){ 0 };
}

static int say_missing(const struct image_pages_walk *walk, struct err *err)
{
	char name[PAGES_NAME];

	for (size_t i = 0; i < walk->n_expected; i++) {
		if (walk->seen[i])
			continue;
		pages_entry_name(&walk->expected[i], name);
		return err_set(err, ERR_IMAGE, "%s is missing from the image", name);
	}
	return 0;
}

int image_pages_next(struct image_pages_walk *walk, const struct image_entry **ret_entry,
		     struct pages_entry *ret_pages, struct err *err)
{
	const struct pages_entry *found = NULL;
	struct pages_entry pages;
	int more = image_reader_next(walk->reader, ret_entry, err);

	if (more < 0)
		return -1;
	if (more == 0)
		return say_missing(walk, err);
	if (pages_entry_parse((*ret_entry)->name, &pages))
		found = find_expected(walk, &pages);
	if (!found)
		return err_set(err, ERR_IMAGE, "%s: no record says what pages these are",
			       (*ret_entry)->name);
	if (walk->seen[found - walk->expected])
		return err_set(err, ERR_IMAGE, "%s: there are two of it", (*ret_entry)->name);
	walk->seen[found - walk->expected] = true;
	*ret_pages = *found;
	return 1;
}
