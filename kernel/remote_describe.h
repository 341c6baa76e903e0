/* SPDX-License-Identifier: MIT */
/* A remote call in words, for errors. */
#ifndef PIMAGE_REMOTE_DESCRIBE_H
#define PIMAGE_REMOTE_DESCRIBE_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct remote_call;

/* Which argument is the address of a path; -1: none. */
int remote_path_argument(const struct remote_call *call);

/* "mprotect(0x7f0000000000, 0x1000, 0x5)", or "system call 999(...)"; with the path, if it is known (may be NULL), "chdir(\"/srv\")". */
char *remote_describe(const struct remote_call *call, const char *path, char *text, size_t size);

/* 0 if the result is no error, else <0 with errno set and the call in words. */
int remote_judge(const struct remote_call *call, const char *path, pid_t pid, struct err *err);

#endif
