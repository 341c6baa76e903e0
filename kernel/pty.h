/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: pty(7), ioctl_tty(2). A pair is known by its master, which is opened once. */
#ifndef PIMAGE_KERNEL_PTY_H
#define PIMAGE_KERNEL_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct termios2;

/* What a pair holds at most in one direction: drivers/tty/n_tty.c and tty_buffer.c. */
enum {
	PTY_LINE_MAX =
		4095, /* bytes that the line discipline takes; what follows waits before it */
	PTY_FRESH_MAX = PTY_LINE_MAX + 2 * (8192 + 1792), /* of a pair that has just been made */
	/*
	 * Buffers of 256 bytes that have been used before are kept and not counted (tty_buffer_alloc): the 33 that fit
	 * at once are there for what comes when larger ones have filled it up.
	 */
	PTY_SMALL = 256,
	PTY_QUEUE_MAX = PTY_FRESH_MAX + 2 * 33 * PTY_SMALL,
};

/* Whether it is the device of masters, /dev/ptmx. */
bool pty_is_master(dev_t device);

/* The device of a slave: N of /dev/pts/N, -1 when it is another device; and the way back. */
int pty_number_of(dev_t device);
dev_t pty_device(unsigned number);

/*
 * A new pair, unlocked, whose slave is not open yet. It gets the number that is asked for if that is free; the kernel
 * always gives the lowest, so those below are taken for a moment. Close-on-exec; never becomes the controlling
 * terminal. Returns the master or <0.
 */
int pty_open(unsigned number, struct err *err);

/* N of /dev/pts/N; <0. */
int pty_number(int master, struct err *err);

/*
 * Another open file description of the slave, whatever is mounted at /dev/pts; since Linux 4.13. The flags are those of open(2): O_PATH
 * changes nothing, any other opening ends the state in which the master sees that the slave was closed. Close-on-exec.
 */
int pty_slave(int master, int flags, struct err *err);

/* ioctl_tty(2): what is not 0 cannot be changed; layout of struct termios of the kernel. */
struct pty_locks {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[19];
};

int pty_get_locks(int master, struct pty_locks *ret_locks, struct err *err);
/* Needs CAP_SYS_ADMIN. */
int pty_set_locks(int master, const struct pty_locks *locks, struct err *err);
bool pty_locks_any(const struct pty_locks *locks);

/* Whether input is read in lines. */
bool pty_canonical(const struct termios2 *now);

/*
 * Settings under which bytes pass as they are in both directions, without echo, signals, or an end to a stop. In lines if
 * `lines`: only those characters end one that do so now, newline among them, and `end`, if not 0, is end of file.
 */
void pty_neutral(const struct termios2 *now, bool lines, uint8_t end, struct termios2 *ret_neutral);

/*
 * Input as it has to be written to the master, and the settings for that, so that it waits at the slave as it did: with an end of file at each of these
 * offsets; all of it readable as it is if `pushed`. *ret_text is malloc'd.
 */
int pty_input(const struct termios2 *now, const uint8_t *input, size_t size, const uint32_t *ends,
	      size_t n_ends, bool pushed, struct termios2 *ret_settings, uint8_t **ret_text,
	      size_t *ret_size, struct err *err);

/*
 * How much to write at once when that many bytes were written into an empty queue. The pieces leave no gap in the buffers of the kernel, so that
 * whatever was in a queue fits into it again.
 */
size_t pty_piece(size_t done);

/*
 * Makes a pair that is new and neutral hold as much as one that was full before. Both descriptors have O_NONBLOCK; what is written to the first comes out of
 * the other.
 */
void pty_season(int from, int to);

/*
 * Writes into one side what is to wait at the other, which nobody reads meanwhile. Waits for the kernel to move it on. Returns
 * how many bytes there was room for. The descriptor has O_NONBLOCK. `before`: bytes that the queue has already.
 */
size_t pty_fill(int fd, size_t before, const uint8_t *data, size_t size);

#endif
