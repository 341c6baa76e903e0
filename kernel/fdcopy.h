/* SPDX-License-Identifier: MIT */
/* Duplicates of another process's descriptors, and which of them are one open file. */
#ifndef PIMAGE_FDCOPY_H
#define PIMAGE_FDCOPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct kernel_features;

/*
 * A duplicate of descriptor fd of the process behind pidfd (close-on-exec): the same open file
 * description, so that its offset, flags and locks are those of the target; do not disturb them.
 * The caller closes it soon: while it lives, closing the target's one does not end a pipe.
 *
 * Where pidfd_getfd is absent or forbidden, regular files are opened anew through /proc/PID/fd/FD,
 * read-only: the same file but not the same open file description; *ret_same (may be NULL) says
 * which it is. Other types then fail with an error that says what is missing.
 *
 * Returns the descriptor or <0.
 */
int fdcopy_get(pid_t pid, int pidfd, int fd, const struct kernel_features *features, bool *ret_same,
	       struct err *err);

/*
 * What two tasks share, by kcmp(2): 0 the same, 1 or 2 an order that is stable for sorting, 3
 * different without order. The operations are KCMP_ numbers of <linux/kcmp.h>; for KCMP_FILE the
 * indices are descriptors. Without kcmp KCMP_FILE is answered from duplicates (0 or 3), since 6.10.
 */
int fdcopy_compare(pid_t pid1, pid_t pid2, int operation, unsigned long index1,
		   unsigned long index2, const struct kernel_features *features, struct err *err);

/*
 * Whether descriptor fd of one process is the file that is registered under that number in the epoll
 * descriptor of another (or the same): 1 or 0; <0 without kcmp. `nth`: of several registrations of the
 * number, in the order of fdinfo, from 0 on.
 */
int fdcopy_watched(pid_t pid, uint32_t fd, pid_t epoll_pid, uint32_t epoll, uint32_t nth,
		   const struct kernel_features *features);

#endif
