/* SPDX-License-Identifier: MIT */
/* What an open file description is like, from the text of /proc/PID/fdinfo/FD. */
#ifndef PIMAGE_PROC_FDINFO_H
#define PIMAGE_PROC_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct proc_fdinfo {
	int64_t pos;	/* bytes */
	uint32_t flags; /* O_ bits with the access mode; O_CLOEXEC is that of the descriptor */
	uint32_t mnt_id;
	uint64_t ino; /* 0 before 5.14: take st_ino then */
};

/* The lines that every descriptor has. The others: see below. */
int proc_fdinfo_parse(const char *text, size_t size, struct proc_fdinfo *ret_info, struct err *err);

/*
 * The value of the next line that starts with "key:", from `from` on (the text itself,
 * NUL-terminated, or what the previous call returned: keys like "tfd", "lock" and "inotify wd" come
 * once per item). Leading blanks are skipped, the newline is not part of it. NULL: no more. The
 * text is not copied. Keys: eventfd-count eventfd-id eventfd-semaphore sigmask tfd clockid ticks
 * "settime flags" it_value it_interval lock "inotify wd" Pid NSpid ...
 */
const char *proc_fdinfo_find(const char *from, const char *key, size_t *ret_length);

/*
 * The number that the first line of this key holds, in base 8, 10 or 16. 0 if found, -1 if no such
 * line or no number.
 */
int proc_fdinfo_number(const char *text, const char *key, unsigned base, uint64_t *ret_value);

/*
 * Within one value, the number behind "key:", for lines such as
 * "tfd:        5 events:       19 data:                5  pos:0 ino:61af sdev:7" (base 16 but for
 * the descriptor and pos). 0 if found, else -1.
 */
int proc_fdinfo_word(const char *value, size_t length, const char *key, unsigned base,
		     uint64_t *ret_value);

#endif
