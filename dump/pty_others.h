/* SPDX-License-Identifier: MIT */
/*
 * The other processes of a dump, while what waits in a pseudo-terminal is out of it. If this program is killed then, they run again before the
 * bytes are back: they would read past them, or write before them, or sleep in a write(2) with the lock without which nothing can be put back
 * (iterate_tty_write, drivers/tty/tty_io.c). So the process that takes the bytes also sends the others SIGSTOP before, which
 * does nothing to whoever is traced and stands still, and SIGCONT after, which takes it back.
 */
#ifndef PIMAGE_DUMP_PTY_OTHERS_H
#define PIMAGE_DUMP_PTY_OTHERS_H

#include "dump/dump.h"

/* Of more, none is stopped: a batch must be one part, or this program could be killed between two. */
enum { PTY_OTHERS_MAX = 512 };

/* Bytes of scratch memory that the calls for this many processes take. */
size_t pty_others_room(size_t n_targets);

/*
 * Adds the calls to a batch of the holder. Left out: those that it may not send signals to (kill(2)); those that are stopped anyway, and all if the holder
 * is, who would stop in the middle and start nobody again; those for which
 * SIGCONT or a signal that stops is pending, which would be gone.
 */
void push_stop_others(const struct dump *dump, const struct target *holder,
		      struct remote_batch *batch);
void push_continue_others(const struct dump *dump, const struct target *holder,
			  struct remote_batch *batch);

/* The SIGCONT that is pending for each of them since that batch was run is taken out of the queue again. */
int forget_continue(const struct dump *dump, const struct target *holder, struct err *err);

#endif
