/* SPDX-License-Identifier: MIT */
/* The field table of index.json. */
#include "format/index.h"

static const struct field index_entry_fields[] = {
	STRING(struct index_entry, name, 0, "Name of the entry."),
	UINT(struct index_entry, offset, 0, "Where its data begins in the tar, in bytes."),
	UINT(struct index_entry, size, 0, "Bytes of data."),
	INT(struct index_entry, mtime, 0, "Modification time in the tar, in seconds since 1970."),
	BYTES(struct index_entry, sha256, FIELD_OPTIONAL,
	      "SHA-256 of the data: all entries have it or none."),
	{ 0 },
};

static const struct record index_entry_record = {
	.name = "index_entry",
	.size = sizeof(struct index_entry),
	.fields = index_entry_fields,
	.doc = "An entry of the image as it was written.",
};

static const struct field item_manifest = ITEM_RECORD(struct oci_descriptor, oci_descriptor_record);
static const struct field item_entry = ITEM_RECORD(struct index_entry, index_entry_record);

static const struct field index_fields[] = {
	UINT_AS(struct image_index, schema_version, "schemaVersion", 0, "2, as OCI prescribes."),
	STRING_AS(struct image_index, media_type, "mediaType", FIELD_OPTIONAL,
		  "application/vnd.oci.image.index.v1+json"),
	LIST(struct image_index, manifests, 0, item_manifest,
	     "One: the OCI manifest. None if the entries have no SHA-256."),
	LIST(struct image_index, entries, FIELD_OPTIONAL, item_entry,
	     "Every entry before the tail, in order."),
	{ 0 },
};

/* Open, because registries and their tools write an index of their own. */
const struct record index_record = {
	.name = "index",
	.size = sizeof(struct image_index),
	.fields = index_fields,
	.doc = "index.json, the last entry: its presence proves that the image is complete.",
	.open = true,
};
