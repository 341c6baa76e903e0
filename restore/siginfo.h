/* SPDX-License-Identifier: MIT */
/* Signals that were pending, pending again with what they carry. */
#ifndef PIMAGE_RESTORE_SIGINFO_H
#define PIMAGE_RESTORE_SIGINFO_H

#include "format/image.h"
#include "format/signals.h"
#include "format/timers.h"
#include "restore/canvas.h"

/* Refuses what no siginfo can be. */
int siginfo_check(const struct siginfo_record *pending, size_t n, struct err *err);

/*
 * Whether a signal of this periodic timer waits, for the process or one of its threads. The timer sends it anew, so
 * siginfo_queue leaves it out.
 */
bool timer_is_pending(const struct image *image, uint32_t own_pid, const struct posix_timer *timer);

/* Queues them for the process, or for the thread whose own tid is given (not 0), in order. */
int siginfo_queue(const struct image *image, struct canvas *canvas, struct frozen_thread *thread,
		  uint32_t own_tid, const struct siginfo_record *pending, size_t n,
		  struct err *err);

#endif
