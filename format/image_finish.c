/* SPDX-License-Identifier: MIT */
/* Whether an image is whole, and whether anybody changed it: entries against the index. */
#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image_reader.h"

#include <string.h>

/* One entry as the index or the manifest lists it. */
struct listed {
	const char *name;
	uint64_t size;
	bool has_digest;
	struct digest digest;
	const struct index_entry
		*index; /* NULL when it is from the manifest, which knows no places */
};

/* The common mistake: the directory was packed and not what is in it. */
static const char *missing_hint(const struct image_reader *reader, const char *name)
{
	for (size_t i = 0; i < reader->n_named; i++) {
		const char *slash = strchr(reader->named[i]->name, '/');

		if (slash && strcmp(slash + 1, name) == 0)
			return "; pack what is in the directory, not the directory";
	}
	return "";
}

static int decode_index(struct image_reader *reader, struct err *err)
{
	struct read_entry *entry = reader_find(reader, ENTRY_INDEX);

	if (!entry)
		return err_set(err, ERR_IMAGE,
			       "the image is incomplete: its last entry, index.json, is missing%s",
			       missing_hint(reader, ENTRY_INDEX));
	if (reader_hold(reader, entry->target, err) < 0)
		return -1;
	if (record_decode(&index_record, entry->target->memory, entry->target->public.size,
			  &reader->index, err) < 0)
		return err_prefix(err, ENTRY_INDEX);
	return 0;
}

/* The blob of a descriptor, in the size that it tells; `what` is for the message. */
static struct read_entry *find_blob(const struct image_reader *reader,
				    const struct oci_descriptor *descriptor, const char *what,
				    struct err *err)
{
	char name[ENTRY_NAME_MAX] = ENTRY_BLOBS;
	struct digest digest;
	struct read_entry *entry;

	if (oci_digest(descriptor, &digest, err) < 0) {
		err_prefix(err, "%s", what);
		return NULL;
	}
	digest_hex(&digest, name + strlen(name));
	entry = reader_find(reader, name);
	if (!entry) {
		err_set(err, ERR_IMAGE, "%s: the image lacks its blob %s", what, name);
		return NULL;
	}
	if (entry->target->public.size != descriptor->size) {
		err_set(err, ERR_IMAGE, "%s has %llu bytes, its blob %s %llu", what,
			(unsigned long long)descriptor->size, name,
			(unsigned long long)entry->target->public.size);
		return NULL;
	}
	return entry->target;
}

static int decode_manifest(struct image_reader *reader, struct err *err)
{
	const struct oci_descriptor *descriptor = reader->index.manifests;
	struct digest digest;
	struct read_entry *entry;

	if (reader->index.n_manifests != 1)
		return err_set(err, ERR_IMAGE, "index.json lists %zu manifests: expected one",
			       reader->index.n_manifests);
	entry = find_blob(reader, descriptor, "index.json: the OCI manifest", err);
	if (!entry || reader_hold(reader, entry, err) < 0 ||
	    oci_digest(descriptor, &digest, err) < 0)
		return -1;
	if (memcmp(&digest, &entry->digest, sizeof(digest)) != 0)
		return err_set(err, ERR_IMAGE,
			       "the OCI manifest %s is damaged: its SHA-256 differs", entry->name);
	if (record_decode(&oci_manifest_record, entry->memory, entry->public.size,
			  &reader->manifest, err) < 0)
		return err_prefix(err, "the OCI manifest");
	return 0;
}

/*
 * A blob gets its real name back. An entry that has it already is somebody's edit and goes
 * first.
 */
static int add_title(struct image_reader *reader, const struct oci_descriptor *descriptor,
		     const char *title, struct err *err)
{
	struct read_entry *entry, *blob;

	if (entry_check_name(title, err) < 0)
		return err_prefix(err, "a title in the OCI manifest");
	if (entry_is_tail(title))
		return err_set(err, ERR_IMAGE, "a title in the OCI manifest is %s", title);
	entry = reader_find(reader, title);
	if (entry && !entry->titled)
		return 0;
	blob = find_blob(reader, descriptor, title, err);
	if (!blob)
		return -1;
	entry = reader_add(reader, title, err);
	if (!entry)
		return -1;
	entry->titled = true;
	return reader_link(reader, entry, blob, err);
}

static const char *layer_title(const struct oci_descriptor *layer)
{
	return layer->annotations ? layer->annotations->title : NULL;
}

int reader_resolve(struct image_reader *reader, struct err *err)
{
	bool named = reader_find(reader, ENTRY_PIMAGE);

	if (decode_index(reader, err) < 0)
		return -1;
	if ((!named || !reader->index.n_entries) && decode_manifest(reader, err) < 0)
		return named ? -1 : err_prefix(err, "there is no entry " ENTRY_PIMAGE ", and");
	if (named)
		return 0;
	if (add_title(reader, &reader->manifest.config, ENTRY_PIMAGE, err) < 0)
		return -1;
	for (size_t i = 0; i < reader->manifest.n_layers; i++) {
		const struct oci_descriptor *layer = &reader->manifest.layers[i];

		if (layer_title(layer) && add_title(reader, layer, layer_title(layer), err) < 0)
			return -1;
	}
	return 0;
}

static int append_name(const char ***list, size_t *count, const char *name, struct err *err)
{
	const char **slot = list_add((void **)list, count, sizeof(name), err);

	if (!slot)
		return -1;
	*slot = name;
	return 0;
}

/* One entry of the list against the image. */
static int check_listed(struct image_reader *reader, const struct listed *listed, struct err *err)
{
	struct read_entry *entry = reader_find(reader, listed->name);
	const struct index_entry *index = listed->index;
	struct read_entry *target;
	bool in_place, sized, same;

	if (!entry)
		return err_set(err, ERR_IMAGE,
			       "the image is incomplete: index.json lists %.255s, which is "
			       "missing; if that is meant, write "
			       "the index anew with pinspect pack",
			       listed->name);
	if (entry->expected)
		return err_set(err, ERR_IMAGE, "the index lists entry %s twice", entry->name);
	entry->expected = true;
	target = entry->target;
	sized = target->public.size == listed->size;
	if ((reader->flags & IMAGE_READ_VERIFY || !sized) && reader_digest(target, err) < 0)
		return -1;
	if (listed->has_digest)
		same = !target->has_digest ||
		       memcmp(&target->digest, &listed->digest, sizeof(listed->digest)) == 0;
	else
		same = sized;
	if (same && !sized)
		return err_set(err, ERR_IMAGE,
			       "index.json is damaged: entry %s has %llu bytes, not %llu",
			       entry->name, (unsigned long long)target->public.size,
			       (unsigned long long)listed->size);
	in_place =
		entry->titled || (index && target == entry && sized &&
				  entry->offset == index->offset && entry->mtime == index->mtime);
	if (!same && in_place)
		return err_set(err, ERR_IMAGE,
			       "entry %s is damaged: its SHA-256 is not the one in index.json",
			       entry->name);
	if (!in_place)
		reader->report.original = false;
	if (same)
		return 0;
	return append_name(&reader->report.edited, &reader->report.n_edited, entry->name, err);
}

static int check_index(struct image_reader *reader, struct err *err)
{
	for (size_t i = 0; i < reader->index.n_entries; i++) {
		const struct index_entry *entry = &reader->index.entries[i];
		struct listed listed = { entry->name, entry->size, reader->report.digests,
					 .index = entry };

		if (entry->sha256.size != (listed.has_digest ? DIGEST_SIZE : 0))
			return err_set(err, ERR_IMAGE,
				       "index.json: entries[%zu].sha256 is no SHA-256", i);
		if (listed.has_digest)
			memcpy(listed.digest.bytes, entry->sha256.data, DIGEST_SIZE);
		if (check_listed(reader, &listed, err) < 0)
			return -1;
	}
	return 0;
}

static int check_descriptor(struct image_reader *reader, const struct oci_descriptor *descriptor,
			    const char *name, struct err *err)
{
	struct listed listed = { name, descriptor->size, true, .index = NULL };

	if (oci_digest(descriptor, &listed.digest, err) < 0)
		return -1;
	return check_listed(reader, &listed, err);
}

static int check_manifest(struct image_reader *reader, struct err *err)
{
	if (check_descriptor(reader, &reader->manifest.config, ENTRY_PIMAGE, err) < 0)
		return -1;
	for (size_t i = 0; i < reader->manifest.n_layers; i++) {
		const struct oci_descriptor *layer = &reader->manifest.layers[i];

		if (layer_title(layer) &&
		    check_descriptor(reader, layer, layer_title(layer), err) < 0)
			return -1;
	}
	return 0;
}

static int check_blob_names(struct image_reader *reader, struct err *err)
{
	for (size_t i = 0; i < reader->n_entries; i++) {
		struct read_entry *entry = reader->entries[i];
		char hex[DIGEST_HEX_SIZE];

		if (strncmp(entry->name, ENTRY_BLOBS, strlen(ENTRY_BLOBS)) != 0)
			continue;
		if (reader->flags & IMAGE_READ_VERIFY && reader_digest(entry->target, err) < 0)
			return -1;
		if (!entry->target->has_digest)
			continue;
		digest_hex(&entry->target->digest, hex);
		if (strcmp(hex, entry->name + strlen(ENTRY_BLOBS)) != 0)
			return err_set(err, ERR_IMAGE,
				       "entry %s is damaged: its name is not its SHA-256",
				       entry->name);
	}
	return 0;
}

static int check_layout(struct image_reader *reader, struct err *err)
{
	struct read_entry *entry = reader_find(reader, ENTRY_OCI_LAYOUT);
	struct oci_layout layout = { 0 };
	bool same;

	if (!entry)
		return err_set(err, ERR_IMAGE, "the image is incomplete: oci-layout is missing");
	if (reader_hold(reader, entry->target, err) < 0 ||
	    record_decode(&oci_layout_record, entry->target->memory, entry->target->public.size,
			  &layout, err) < 0)
		return err_prefix(err, ENTRY_OCI_LAYOUT);
	same = strcmp(layout.version, OCI_LAYOUT_VERSION) == 0;
	record_release(&oci_layout_record, &layout);
	return same ? 0 : err_set(err, ERR_IMAGE, "entry oci-layout is damaged");
}

static bool same_text(const char *text, const char *want)
{
	return text && strcmp(text, want) == 0;
}

/*
 * In an image that nobody repacked, the tail must be right as well, though nothing here depends
 * on it.
 */
static int check_tail(struct image_reader *reader, struct err *err)
{
	const struct image_index *index = &reader->index;
	const struct oci_descriptor *manifest = index->manifests;

	if (index->schema_version != 2 || !same_text(index->media_type, OCI_INDEX_TYPE) ||
	    index->n_manifests != 1 || !same_text(manifest->media_type, OCI_MANIFEST_TYPE) ||
	    !same_text(manifest->artifact_type, OCI_ARTIFACT_TYPE))
		return err_set(err, ERR_IMAGE,
			       "index.json is damaged: it is not the OCI index of an image");
	if (!find_blob(reader, manifest, "index.json: the OCI manifest", err) ||
	    check_layout(reader, err) < 0)
		return -1;
	return check_blob_names(reader, err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_added(struct image_reader *reader, struct err *err)
{
	struct image_report *report = &reader->report;

	for (size_t i = 0; i < reader->n_named; i++) {
		const struct read_entry *entry = reader->named[i];

		if (entry->expected)
			continue;
		report->original = false;
		if (append_name(&report->added, &report->n_added, entry->name, err) < 0)
			return -1;
	}
	if (report->n_added)
		qsort(report->added, report->n_added, sizeof(*report->added), compare_names);
	if (report->n_edited)
		qsort(report->edited, report->n_edited, sizeof(*report->edited), compare_names);
	return 0;
}

int image_reader_finish(struct image_reader *reader, struct image_report *ret_report,
			struct err *err)
{
	int r;

	while (!reader->complete)
		if (reader_pass(reader, err) < 0 || reader_scan(reader, err) < 0)
			return -1;
	for (size_t i = 0; i < reader->n_entries; i++)
		reader->entries[i]->expected = false;
	reader->report.original = true;
	/* Only what has digests can have a manifest. */
	reader->report.digests = reader->index.n_manifests || !reader->index.n_entries;
	reader->report.n_edited = 0;
	reader->report.n_added = 0;
	r = reader->index.n_entries ? check_index(reader, err) : check_manifest(reader, err);
	if (r < 0 || find_added(reader, err) < 0)
		return -1;
	if (reader->report.original && reader->index.n_entries && reader->report.digests &&
	    check_tail(reader, err) < 0)
		return -1;
	if (ret_report)
		*ret_report = reader->report;
	return 0;
}
