/* SPDX-License-Identifier: MIT */
/* Field tables of the OCI documents; readers must ignore keys that they do not know. */
#include "format/oci.h"

#include "format/err.h"

#include <stdlib.h>
#include <string.h>

static const struct field annotations_fields[] = {
	STRING_AS(struct oci_annotations, title, "org.opencontainers.image.title", FIELD_OPTIONAL,
		  "Name of the entry."),
	{ 0 },
};

static const struct record annotations_record = {
	.name = "oci_annotations",
	.size = sizeof(struct oci_annotations),
	.fields = annotations_fields,
	.doc = "Annotations of a descriptor.",
	.open = true,
};

static const struct field descriptor_fields[] = {
	STRING_AS(struct oci_descriptor, media_type, "mediaType", 0, "What the blob is."),
	STRING_AS(struct oci_descriptor, artifact_type, "artifactType", FIELD_OPTIONAL,
		  "Of a manifest: what the whole is."),
	STRING(struct oci_descriptor, digest, 0, "sha256: and the digest of the blob."),
	UINT(struct oci_descriptor, size, 0, "Bytes of the blob."),
	RECORD_AT(struct oci_descriptor, annotations, 0, annotations_record, "Its name."),
	{ 0 },
};

const struct record oci_descriptor_record = {
	.name = "oci_descriptor",
	.size = sizeof(struct oci_descriptor),
	.fields = descriptor_fields,
	.doc = "A blob.",
	.open = true,
};

static const struct field item_layer = ITEM_RECORD(struct oci_descriptor, oci_descriptor_record);

static const struct field manifest_fields[] = {
	UINT_AS(struct oci_manifest, schema_version, "schemaVersion", 0, "2, as OCI prescribes."),
	STRING_AS(struct oci_manifest, media_type, "mediaType", FIELD_OPTIONAL, OCI_MANIFEST_TYPE),
	STRING_AS(struct oci_manifest, artifact_type, "artifactType", FIELD_OPTIONAL,
		  OCI_ARTIFACT_TYPE),
	RECORD_IN(struct oci_manifest, config, 0, oci_descriptor_record, "pimage.json"),
	LIST(struct oci_manifest, layers, 0, item_layer,
	     "Every other entry before the tail, in order."),
	{ 0 },
};

const struct record oci_manifest_record = {
	.name = "oci_manifest",
	.size = sizeof(struct oci_manifest),
	.fields = manifest_fields,
	.doc = "The OCI image manifest.",
	.open = true,
};

static const struct field layout_fields[] = {
	STRING_AS(struct oci_layout, version, "imageLayoutVersion", 0, "1.0.0"),
	{ 0 },
};

const struct record oci_layout_record = {
	.name = "oci_layout",
	.size = sizeof(struct oci_layout),
	.fields = layout_fields,
	.doc = "oci-layout: by this entry tools know an OCI image layout.",
	.open = true,
};

#define DIGEST_PREFIX "sha256:"

int oci_describe(struct oci_descriptor *descriptor, const char *media_type,
		 const struct digest *digest, uint64_t size, const char *title, struct err *err)
{
	char text[sizeof(DIGEST_PREFIX) - 1 + DIGEST_HEX_SIZE] = DIGEST_PREFIX;

	digest_hex(digest, text + strlen(DIGEST_PREFIX));
	descriptor->media_type = strdup(media_type);
	descriptor->digest = strdup(text);
	descriptor->size = size;
	if (!descriptor->media_type || !descriptor->digest)
		return err_sys(err, "memory for a descriptor");
	if (!title)
		return 0;
	descriptor->annotations = calloc(1, sizeof(*descriptor->annotations));
	if (!descriptor->annotations)
		return err_sys(err, "memory for a descriptor");
	descriptor->annotations->title = strdup(title);
	if (!descriptor->annotations->title)
		return err_sys(err, "memory for a descriptor");
	return 0;
}

int oci_digest(const struct oci_descriptor *descriptor, struct digest *ret_digest, struct err *err)
{
	if (strncmp(descriptor->digest, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) != 0 ||
	    digest_parse(descriptor->digest + strlen(DIGEST_PREFIX), ret_digest) < 0)
		return err_set(err, ERR_IMAGE, "the OCI digest \"%.100s\" is not a SHA-256",
			       descriptor->digest);
	return 0;
}
