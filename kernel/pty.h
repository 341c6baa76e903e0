/* SPDX-License-Identifier: MIT */
/* Pseudo-terminals: pty(7), ioctl_tty(2). A pair is known by its master, which is opened once. */
#ifndef PIMAGE_KERNEL_PTY_H
#define PIMAGE_KERNEL_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* What a pair holds at most in one direction: drivers/tty/n_tty.c and tty_buffer.c. */
enum {
	PTY_LINE_MAX =
		4095, /* bytes that the line discipline takes; what follows waits before it */
	PTY_QUEUE_MAX = PTY_LINE_MAX + 2 * (8192 + 1792),
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
 * changes nothing, any other opening ends the state in which the master sees that the slave was closed.
 */
int pty_slave(int master, int flags, struct err *err);

/*
 * Writes into one side what is to wait at the other, which nobody reads meanwhile. Waits for the kernel to move it on. Returns
 * how many bytes there was room for. The descriptor has O_NONBLOCK.
 */
size_t pty_fill(int fd, const uint8_t *data, size_t size);

#endif
