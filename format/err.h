/* SPDX-License-Identifier: MIT */
/* The one way a failure travels: a code and a sentence, set where it happens, explained where it is
 * caught. */
#ifndef PIMAGE_ERR_H
#define PIMAGE_ERR_H

#include <stdarg.h>

/*
 * The codes are the exit statuses of the three programs and never change their meaning.
 * 1 is any failure that has no code of its own.
 */
enum err_code {
	ERR_FAILED = 1,
	ERR_USAGE = 2,	     /* the command line */
	ERR_PERMISSION = 3,  /* the kernel or the file system refuses it to this user */
	ERR_IMAGE = 4,	     /* the image is damaged, incomplete or not understood */
	ERR_UNSUPPORTED = 5, /* the process has something that cannot be saved */
	ERR_HOST = 6,	     /* this host lacks something that the image needs */
	ERR_GONE = 7,	     /* no such process, or it ended meanwhile */
	ERR_IO = 8,	     /* reading or writing a file failed: disk full, I/O error */
};

/*
 * Lives in the caller: nothing to allocate, nothing to free, usable after fork.
 * Only meaningful after a function returned < 0. NULL may be passed where nobody will read it.
 */
struct err {
	enum err_code code;
	char msg[1000];
};

/* Sets the failure and returns -1, so that a leaf fails in one line: return err_set(err, ...). */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same from errno: the message ends in ": strerror", the code follows from errno. Keeps errno.
 */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts where it happened before the message, once, on the way out ("pid 42 fd 3: "). Returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
