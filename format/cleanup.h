/* SPDX-License-Identifier: MIT */
/* Release by scope. Every release function accepts the empty value and keeps errno. */
#ifndef PIMAGE_CLEANUP_H
#define PIMAGE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	int error = errno;

	if (*fd >= 0)
		close(*fd);
	errno = error;
}

static inline void cleanup_file(FILE **file)
{
	int error = errno;

	if (*file)
		fclose(*file);
	errno = error;
}

static inline void cleanup_dir(DIR **dir)
{
	int error = errno;

	if (*dir)
		closedir(*dir);
	errno = error;
}

#define _cleanup_free_	_cleanup_(cleanup_free)
#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_file_	_cleanup_(cleanup_file)
#define _cleanup_dir_	_cleanup_(cleanup_dir)

/* Hand the value over and leave the empty one behind, so that the cleanup does nothing. */
#define TAKE_FD(fd)                                                                                \
	__extension__({                                                                            \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})
#define TAKE_PTR(pointer)                                                                          \
	__extension__({                                                                            \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#endif
