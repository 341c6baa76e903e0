/* SPDX-License-Identifier: MIT */
/* Settings of a terminal as the kernel has them: with any speed, which struct termios of the C
 * library cannot say. */
#ifndef PIMAGE_TERMIOS2_H
#define PIMAGE_TERMIOS2_H

#include <asm/termbits.h>

struct err;

int termios2_get(int fd, struct termios2 *ret_termios, struct err *err);

/*
 * Sets them at once. In the background, where a terminal stops who changes it (SIGTTOU), it is not
 * stopped but changes it all the same.
 */
int termios2_set(int fd, const struct termios2 *termios, struct err *err);

#endif
