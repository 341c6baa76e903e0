/* SPDX-License-Identifier: MIT */
/* The shell between /proc and the parsers: whole files, links, numbered directories. */
#ifndef PIMAGE_READFILE_H
#define PIMAGE_READFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * All of these name the full path in their errors, and fail with ERR_GONE when the directory is one
 * of a process that has ended (the kernel says ENOENT or ESRCH then), ERR_PERMISSION for EACCES and
 * EPERM. errno is kept.
 */

/*
 * The directory of a process: a descriptor (O_PATH is not set, close-on-exec is), for dirfd below.
 * It stays bound to this very process: when the number is used again, everything through the
 * descriptor fails.
 */
int proc_open(pid_t pid, struct err *err);

/*
 * A whole file, relative to dirfd (or AT_FDCWD). *ret_text is malloc'd, at least *ret_size + 1
 * bytes, NUL-terminated; it may contain further NULs (cmdline, environ, auxv). ret_size may be
 * NULL. Files of /proc say size 0: it reads to the end. Refuses more than 1 GiB.
 *
 * The address space of a process that is dead or a kernel thread reads as empty (maps, smaps, auxv,
 * cmdline), without an error.
 */
int read_file_at(int dirfd, const char *name, char **ret_text, size_t *ret_size, struct err *err);

/*
 * The same of a file that the kernel makes in one piece: what is read into a buffer with room to spare ends there, and no second
 * call asks whether it does. In /proc those are all of single_open() and simple_read_from_buffer() (status, stat, sched,
 * syscall, limits, fdinfo/N, auxv, ...), but not those with a record for each of many things (maps, smaps, timers).
 */
int read_piece_at(int dirfd, const char *name, char **ret_text, size_t *ret_size, struct err *err);

/*
 * The same for many files one after another: up to 32 of them are closed by one call. NULL: each by itself. Descriptors that others open
 * meanwhile are theirs.
 */
struct closing {
	int first;
	unsigned count; /* their numbers follow one another; 0: there is none */
};
int read_piece_later(struct closing *closing, int dirfd, const char *name, char **ret_text,
		     size_t *ret_size, struct err *err);
/* Accepts and leaves an empty one. Keeps errno. */
void closing_done(struct closing *closing);
#define _cleanup_closing_ _cleanup_(closing_done)

/*
 * The same of a file of lines that may be long, without having it in memory: `take` gets whole lines, as many as were read, and fails or returns 0. What
 * follows the last newline, if anything, comes last.
 */
typedef int take_lines(void *context, const char *text, size_t size, struct err *err);
int read_lines_at(int dirfd, const char *name, take_lines *take, void *context, struct err *err);

/* The target of a symbolic link, malloc'd, of any length. */
int read_link_at(int dirfd, const char *name, char **ret_target, struct err *err);

/*
 * The entries of a directory that are decimal numbers (task, fd, fdinfo, /proc), ascending; others
 * are left out. *ret_numbers is malloc'd, NULL when there are none.
 */
int list_numbers_at(int dirfd, const char *name, uint32_t **ret_numbers, size_t *ret_count,
		    struct err *err);

#endif
