/* SPDX-License-Identifier: MIT */
#include "format/pimage.h"

#include "format/digest.h"
#include "format/err.h"

#include <stdlib.h>
#include <string.h>

static const struct field host_fields[] = {
	STRING(struct host, name, 0, "Host name."),
	STRING(struct host, kernel, 0, "Kernel release, uname -r."),
	STRING(struct host, kernel_version, 0, "Kernel version, uname -v."),
	STRING(struct host, cpu, 0, "Processor model."),
	{}
};
static const struct record host_record =
	RECORD_OF(struct host, "host", host_fields, "Where the image was made.");

static const struct field clocks_fields[] = { UINT(struct clocks, realtime, 0,
						   "CLOCK_REALTIME: nanoseconds since 1970."),
					      UINT(struct clocks, monotonic, 0, "CLOCK_MONOTONIC."),
					      UINT(struct clocks, boottime, 0, "CLOCK_BOOTTIME."),
					      {} };
static const struct record clocks_record = RECORD_OF(
	struct clocks, "clocks", clocks_fields,
	"Clocks at the freeze, nanoseconds; realtime is SOURCE_DATE_EPOCH and the others 0 when "
	"that is set.");

static const struct field xstate_fields[] = {
	HEX(struct xstate, features, 0, "Features enabled in XCR0."),
	UINT(struct xstate, size, 0, "Size of the XSAVE area in bytes."),
	{}
};
static const struct record xstate_record =
	RECORD_OF(struct xstate, "xstate", xstate_fields, "Extended processor state.");

static const struct field previous_fields[] = {
	STRING(struct previous, file, 0, "Its name, in the folder where this image is."),
	BYTES(struct previous, sha256, 0, "SHA-256 of its index.json."),
	{}
};
static const struct record previous_record = RECORD_OF(
	struct previous, "previous", previous_fields,
	"An image of the same processes, some time before, that has pages which this one lacks.");

static const struct field pimage_fields[] = {
	STRING(struct pimage, format, 0, "Always \"pimage\"."),
	UINT(struct pimage, version, 0, "Version of the format: 1."),
	LIST(struct pimage, required_features, 0, item_string,
	     "What a reader must know to use the image at all."),
	STRING(struct pimage, tool, FIELD_INFO, "What wrote it."),
	STRING(struct pimage, arch, 0, "Architecture, uname -m."),
	UINT(struct pimage, page_size, 0, "Bytes of a page."),
	RECORD_IN(struct pimage, host, FIELD_INFO, host_record, "Where it was made."),
	RECORD_IN(struct pimage, clocks, FIELD_VOLATILE, clocks_record, "When it was made."),
	RECORD_IN(struct pimage, xstate, 0, xstate_record, "Extended processor state in use."),
	RECORD_AT(struct pimage, previous, FIELD_OPTIONAL, previous_record,
		  "The image that the previous ranges of VMAs are about."),
	UINT(struct pimage, root, FIELD_VOLATILE, "Process id of the root of the tree."),
	LIST(struct pimage, pids, FIELD_VOLATILE, item_uint32, "All processes, parents first."),
	LIST(struct pimage, notes, FIELD_OPTIONAL | FIELD_INFO, item_note,
	     "Everything that is not saved exactly."),
	{}
};

const struct record pimage_record =
	RECORD_OF(struct pimage, "pimage", pimage_fields, "What this image is.");

static const char *const known_features[] = { FEATURE_INHERITED_PAGES, FEATURE_PREVIOUS_PAGES,
					      FEATURE_WORKING_SET, FEATURE_SAME_PAGES };

static bool is_known(const char *feature)
{
	for (size_t i = 0; i < sizeof(known_features) / sizeof(*known_features); i++)
		if (strcmp(known_features[i], feature) == 0)
			return true;
	return false;
}

int pimage_require(struct pimage *pimage, const char *feature, struct err *err)
{
	char **slot;

	for (size_t i = 0; i < pimage->n_required_features; i++)
		if (strcmp(pimage->required_features[i], feature) == 0)
			return 0;
	slot = LIST_ADD(pimage, required_features, err);
	if (!slot)
		return -1;
	*slot = strdup(feature);
	return *slot ? 0 : err_sys(err, "out of memory");
}

void pimage_require_no_more(struct pimage *pimage, const char *feature)
{
	size_t n = 0;

	for (size_t i = 0; i < pimage->n_required_features; i++) {
		if (strcmp(pimage->required_features[i], feature) == 0)
			free(pimage->required_features[i]);
		else
			pimage->required_features[n++] = pimage->required_features[i];
	}
	pimage->n_required_features = n;
}

void pimage_forget_previous(struct pimage *pimage)
{
	if (pimage->previous)
		record_release(&previous_record, pimage->previous);
	free(pimage->previous);
	pimage->previous = NULL;
	pimage_require_no_more(pimage, FEATURE_PREVIOUS_PAGES);
}

/* It is looked for in the image's own folder and nowhere else. */
static int check_previous(const struct previous *previous, struct err *err)
{
	const char *file = previous->file;

	if (!*file || strchr(file, '/') || strcmp(file, ".") == 0 || strcmp(file, "..") == 0)
		return err_set(err, ERR_IMAGE,
			       "pimage.json: $.previous.file: \"%s\" is no file name", file);
	if (previous->sha256.size != DIGEST_SIZE)
		return err_set(err, ERR_IMAGE, "pimage.json: $.previous.sha256 is no SHA-256");
	return 0;
}

int pimage_check(const struct pimage *pimage, struct err *err)
{
	if (strcmp(pimage->format, "pimage") != 0)
		return err_set(err, ERR_IMAGE,
			       "pimage.json: $.format: \"%s\" instead of \"pimage\"",
			       pimage->format);
	if (pimage->version != PIMAGE_FORMAT_VERSION)
		return err_set(err, ERR_IMAGE,
			       "pimage.json: $.version: %u; this program reads version %u",
			       pimage->version, PIMAGE_FORMAT_VERSION);
	for (size_t i = 0; i < pimage->n_required_features; i++)
		if (!is_known(pimage->required_features[i]))
			return err_set(err, ERR_IMAGE,
				       "pimage.json: $.required_features[%zu]: \"%s\" is not known "
				       "to this version; a newer pimage is needed",
				       i, pimage->required_features[i]);
	return pimage->previous ? check_previous(pimage->previous, err) : 0;
}
