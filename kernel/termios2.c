/* SPDX-License-Identifier: MIT */
#include "kernel/termios2.h"

#include "format/err.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>

/* <asm/termbits.h> and <termios.h> do not go together, so TCGETS2 is built from the former here. */
int termios2_get(int fd, struct termios2 *ret_termios, struct err *err)
{
	struct termios2 termios;

	if (ioctl(fd, TCGETS2, &termios) < 0)
		return err_sys(err, "ask for the settings of the terminal");
	*ret_termios = termios;
	return 0;
}

int termios2_set(int fd, const struct termios2 *termios, struct err *err)
{
	sigset_t block, old;
	int ret, error;

	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &old);
	ret = ioctl(fd, TCSETS2, termios);
	error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return ret < 0 ? err_sys(err, "change the settings of the terminal") : 0;
}
