/* SPDX-License-Identifier: MIT */
/* Pending signals with what they carry. */
#ifndef PIMAGE_DUMP_SIGINFO_H
#define PIMAGE_DUMP_SIGINFO_H

#include "format/signals.h"

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* Appends the queue of a stopped thread, or the shared one of its process, without taking anything from it. */
int siginfo_peek(pid_t tid, bool shared, struct siginfo_record **pending, size_t *n_pending,
		 struct err *err);

#endif
