/* SPDX-License-Identifier: MIT */
/* The file an image is written to, which stands under its name only when it is complete. */
#ifndef PIMAGE_OUTPUT_H
#define PIMAGE_OUTPUT_H

struct err;

struct output {
	int fd;
	const char *path; /* not owned; NULL: standard output, or nothing to be renamed */
	char *temporary;  /* its name until then; NULL: it has none */
};

#define OUTPUT_EMPTY                                                                               \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * "-" is standard output. A regular file gets a nameless one (O_TMPFILE) in the same directory where the file system has
 * that, so that not even SIGKILL leaves something behind; else a temporary name. A device or FIFO is written directly.
 */
int output_open(const char *path, struct output *ret_output, struct err *err);

/* Makes it durable. */
int output_sync(const struct output *output, struct err *err);

/* Gives it its name, replacing what had it. */
int output_commit(struct output *output, struct err *err);

/* Closes; what was not committed disappears. */
void output_done(struct output *output);

#endif
