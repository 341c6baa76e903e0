/* SPDX-License-Identifier: MIT */
/*
 * index.json, the last entry: the OCI image index, and the proof that everything before it is
 * there.
 */
#ifndef PIMAGE_INDEX_H
#define PIMAGE_INDEX_H

#include "format/oci.h"
#include "format/record.h"

struct index_entry {
	char *name;
	uint64_t offset;
	uint64_t size;
	int64_t mtime;
	struct bytes sha256;
};

struct image_index {
	uint32_t schema_version;
	char *media_type;
	struct oci_descriptor *manifests;
	size_t n_manifests;
	struct index_entry *entries;
	size_t n_entries;
};

extern const struct record index_record;

#endif
