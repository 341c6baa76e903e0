/* SPDX-License-Identifier: MIT */
/*
 * The entries of an image by their names: what a name may be, and what an entry of that name
 * holds.
 */
#ifndef PIMAGE_ENTRY_H
#define PIMAGE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define ENTRY_PIMAGE	 "pimage.json"
#define ENTRY_INDEX	 "index.json" /* always the last one */
#define ENTRY_OCI_LAYOUT "oci-layout"
#define ENTRY_BLOBS	 "blobs/sha256/" /* then the digest of what is in it */

enum {
	ENTRY_NAME_MAX = 255,	     /* bytes */
	ENTRY_SMALL_MAX = 64 << 20,  /* bytes of an entry that is not page data */
	ENTRY_PAGES_MAX = 128 << 20, /* bytes of one that is */
	ENTRIES_MAX = 1000000,
};

/* Page data: not held in memory, and the last thing before the tail. */
bool entry_is_pages(const char *name);

/* Part of the tail, which only serves the container: blobs, oci-layout, index.json. */
bool entry_is_tail(const char *name);

/* What the entry is as a layer of the OCI manifest. */
const char *entry_media_type(const char *name);

/*
 * Refuses names that lead out of the image or that a terminal or a file system could misunderstand:
 * absolute ones, empty, "." or ".." components, bytes other than printable ASCII, more than
 * ENTRY_NAME_MAX bytes.
 */
int entry_check_name(const char *name, struct err *err);

#endif
