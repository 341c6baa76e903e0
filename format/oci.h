/* SPDX-License-Identifier: MIT */
/* The documents that make an image an OCI archive (OCI image specification 1.1). */
#ifndef PIMAGE_OCI_H
#define PIMAGE_OCI_H

#include "format/digest.h"
#include "format/record.h"

struct err;

#define OCI_ARTIFACT_TYPE  "application/vnd.pimage.image.v1"
#define OCI_MANIFEST_TYPE  "application/vnd.oci.image.manifest.v1+json"
#define OCI_LAYOUT_VERSION "1.0.0"
#define OCI_INDEX_TYPE	   "application/vnd.oci.image.index.v1+json"

struct oci_annotations {
	char *title;
};

struct oci_descriptor {
	char *media_type;
	char *artifact_type;
	char *digest;
	uint64_t size;
	struct oci_annotations *annotations;
};

struct oci_manifest {
	uint32_t schema_version;
	char *media_type;
	char *artifact_type;
	struct oci_descriptor config;
	struct oci_descriptor *layers;
	size_t n_layers;
};

struct oci_layout {
	char *version;
};

extern const struct record oci_descriptor_record;
extern const struct record oci_manifest_record;
extern const struct record oci_layout_record;

/* Fills a zeroed descriptor. title may be NULL. */
int oci_describe(struct oci_descriptor *descriptor, const char *media_type,
		 const struct digest *digest, uint64_t size, const char *title, struct err *err);

/* The digest of a descriptor, which must be a SHA-256. */
int oci_digest(const struct oci_descriptor *descriptor, struct digest *ret_digest, struct err *err);

#endif
