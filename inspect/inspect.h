/* SPDX-License-Identifier: MIT */
/* An image under inspection, and what the program can do with one. */
#ifndef PIMAGE_INSPECT_H
#define PIMAGE_INSPECT_H

#include "format/image.h"
#include "format/image_read.h"
#include "inspect/options.h"

#include <stdio.h>

struct err;

struct inspect {
	const struct inspect_options *options;
	const char *file; /* as the user named it */
	int fd;
	struct image_reader *reader;
	struct image_report report;
	struct image image;
	bool headed; /* a heading has been printed */
};

/*
 * Opens an image ("-": standard input), decodes and checks every record; with `pages` page data can
 * be read at any place. Release with inspect_done; one that is all zeroes may be released too.
 */
int inspect_open(const char *file, const struct inspect_options *options, bool pages,
		 struct inspect *ret_inspect, struct err *err);
/* The same without a look at any entry; flags are those of image_reader_new(). */
int inspect_read(const char *file, unsigned flags, struct inspect *ret_inspect, struct err *err);
void inspect_done(struct inspect *inspect);

#define _cleanup_inspect_ __attribute__((cleanup(inspect_done)))

/* Whether --pid leaves this process in. */
bool inspect_wants(const struct inspect *inspect, uint32_t pid);

/* The line above what a view says of one of several processes, apart from what was before. */
void inspect_heading(struct inspect *inspect, uint32_t pid, FILE *out);

/* The process that --pid names, or else the root of the tree. */
int inspect_process(const struct inspect *inspect, uint32_t *ret_pid, struct err *err);

/* `pinspect [VIEW...] FILE`: the views that were asked for, or the summary. */
int inspect_views(const struct inspect_options *options, int argc, char *const *argv,
		  struct err *err);

/* A view prints one aspect of an image. */
typedef int view_fn(struct inspect *inspect, FILE *out, struct err *err);
view_fn summary_print, maps_print, fds_print, signals_print, threads_print, env_print, json_print;

/*
 * Commands, as cli/options.h has them; the options are struct inspect_options. They return the exit
 * status (0, or 1 where diff found differences), <0 with err set on failure.
 */
typedef int command_fn(const void *options, int argc, char **argv, struct err *err);
command_fn list_run, cat_run, verify_run, hexdump_run, extract_run, pack_run, diff_run, schema_run,
	flatten_run, learn_run;

/* Refuses a number of operands outside of min..max with the command's usage. */
int inspect_operands(const char *command, int argc, int min, int max, struct err *err);

#endif
