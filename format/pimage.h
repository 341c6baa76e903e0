/* SPDX-License-Identifier: MIT */
/* The first entry of an image: what this is and where it comes from. */
#ifndef PIMAGE_PIMAGE_H
#define PIMAGE_PIMAGE_H

#include "format/note.h"
#include "format/record.h"

struct err;

#define PIMAGE_FORMAT_VERSION 1

struct host {
	char *name;
	char *kernel;
	char *kernel_version;
	char *cpu;
};

/* Nanoseconds, clock_gettime(2), at the freeze. */
struct clocks {
	uint64_t realtime;
	uint64_t monotonic;
	uint64_t boottime;
};

/* Extended processor state in use: XCR0 bits and the size of the XSAVE area (non-compacted form).
 */
struct xstate {
	uint64_t features;
	uint32_t size;
};

/* The image that this one leads to: of the same processes, some time before. */
struct previous {
	char *file;
	struct bytes sha256;
};

struct pimage {
	char *format;
	uint32_t version;
	char **required_features;
	size_t n_required_features;
	char *tool;
	char *arch;
	uint32_t page_size;
	struct host host;
	struct clocks clocks;
	struct xstate xstate;
	struct previous *previous;
	uint32_t root;
	uint32_t *pids;
	size_t n_pids;
	struct note *notes;
	size_t n_notes;
};

extern const struct record pimage_record;

/* Names in required_features. */
#define FEATURE_INHERITED_PAGES "inherited_pages"
#define FEATURE_PREVIOUS_PAGES	"previous_pages"
#define FEATURE_WORKING_SET	"working_set"
#define FEATURE_SAME_PAGES	"same_pages"

/* Adds one, unless it is there. */
int pimage_require(struct pimage *pimage, const char *feature, struct err *err);

/* Takes one away, if it is there. */
void pimage_require_no_more(struct pimage *pimage, const char *feature);

/* The image stands alone from now on. */
void pimage_forget_previous(struct pimage *pimage);

/* Refuses a format, version or required feature that this version does not know. */
int pimage_check(const struct pimage *pimage, struct err *err);

#endif
