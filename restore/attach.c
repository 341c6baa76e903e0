/* SPDX-License-Identifier: MIT */
#include "restore/attach.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/attachable.h"
#include "restore/foreground.h"
#include "restore/keeper.h"
#include "restore/person.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds: how soon it is seen that a shell has put us into the foreground again. */
enum { LOOK = 500 };

struct attached {
	const struct restore_options *options;
	int socket; /* to the keeper; does not block */
	int signals;
	struct person person;
	struct ready ready;
	struct message typed; /* what the keeper has not taken yet; size 0: nothing */
};

/* How it goes on after an event. */
enum next { GO_ON, LEFT, TAKEN, CIRCLE, ENDED, FAILED };

static void send_size(const struct attached *a)
{
	struct winsize size;

	if (a->person.terminal && ioctl(a->person.in, TIOCGWINSZ, &size) == 0)
		message_send(a->socket, MESSAGE_SIZE, &size, sizeof(size));
}

static void take_terminal(struct attached *a)
{
	if (person_take(&a->person))
		send_size(a);
}

static void detach(struct attached *a)
{
	person_give_back(&a->person);
	cleanup_close(&a->socket);
	cleanup_close(&a->signals);
}

/* As a program does at ^Z: the shell gets the terminal; its fg or bg continues the job. Without a shell, it goes on at once. */
static void stop_too(struct attached *a)
{
	sigset_t set;

	person_give_back(&a->person);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	take_terminal(a);
	message_send(a->socket, MESSAGE_CONTINUE, NULL, 0);
}

static enum next hear(struct attached *a, int *ret_status)
{
	struct message message;
	int ret = message_receive(a->socket, &message);
	int32_t status;

	if (ret < 0)
		return errno == EAGAIN || errno == EINTR ? GO_ON : FAILED;
	if (ret == 0)
		return FAILED;
	switch (message.type) {
	case MESSAGE_READY:
		memcpy(&a->ready, message.bytes, sizeof(a->ready));
		return GO_ON;
	case MESSAGE_OUTPUT:
		person_show(&a->person, message.bytes, message.size);
		return GO_ON;
	case MESSAGE_STOPPED:
		stop_too(a);
		return GO_ON;
	case MESSAGE_TAKEN:
		return TAKEN;
	case MESSAGE_ITSELF:
		return CIRCLE;
	case MESSAGE_ENDED:
		memcpy(&status, message.bytes, sizeof(status));
		*ret_status = status;
		return ENDED;
	default:
		return GO_ON;
	}
}

static void send_typed(struct attached *a)
{
	if (a->typed.size &&
	    (message_send(a->socket, MESSAGE_INPUT, a->typed.bytes, a->typed.size) == 0 ||
	     errno != EAGAIN))
		a->typed.size = 0;
}

/* What comes before the detach key still goes. */
static enum next type(struct attached *a)
{
	ssize_t n = read(a->person.in, a->typed.bytes, sizeof(a->typed.bytes));
	const char *key = NULL;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GO_ON;
	/* The end of a file is none of what is typed; that of a terminal is that it has gone. */
	if (n <= 0) {
		a->person.in = -1;
		return a->person.terminal ? LEFT : GO_ON;
	}
	if (a->person.terminal && a->options->detach_key >= 0)
		key = memchr(a->typed.bytes, a->options->detach_key, (size_t)n);
	a->typed.size = key ? (size_t)(key - a->typed.bytes) : (size_t)n;
	send_typed(a);
	return key ? LEFT : GO_ON;
}

/*
 * A person at a terminal, who closes it or ends prestore, leaves the job to itself. Where there is none, prestore stands for
 * the job towards whoever has started it.
 */
static enum next signalled(struct attached *a)
{
	struct signalfd_siginfo info;
	int32_t number;

	if (read(a->signals, &info, sizeof(info)) != sizeof(info))
		return GO_ON;
	number = (int32_t)info.ssi_signo;
	switch (number) {
	case SIGCHLD:
		break;
	case SIGWINCH:
		send_size(a);
		break;
	case SIGCONT:
		take_terminal(a);
		message_send(a->socket, MESSAGE_CONTINUE, NULL, 0);
		break;
	default:
		if (a->person.terminal && (number == SIGHUP || number == SIGTERM))
			return LEFT;
		message_send(a->socket, MESSAGE_SIGNAL, &number, sizeof(number));
	}
	return GO_ON;
}

enum { SIGNALS, KEEPER, INPUT, POLLS };

static enum next turn(struct attached *a, int *ret_status)
{
	bool held = a->typed.size != 0, background = a->person.terminal && !a->person.raw;
	struct pollfd polls[POLLS] = {
		[SIGNALS] = { a->signals, POLLIN, 0 },
		[KEEPER] = { a->socket, (short)(POLLIN | (held ? POLLOUT : 0)), 0 },
		[INPUT] = { held || background ? -1 : a->person.in, POLLIN, 0 },
	};
	enum next next = GO_ON;

	if (poll(polls, POLLS, background && a->person.in >= 0 ? LOOK : -1) < 0 && errno != EINTR)
		return FAILED;
	if (background)
		take_terminal(a);
	if (polls[KEEPER].revents & POLLOUT)
		send_typed(a);
	if (polls[SIGNALS].revents)
		next = signalled(a);
	if (next == GO_ON && polls[KEEPER].revents & ~POLLOUT)
		next = hear(a, ret_status);
	if (next == GO_ON && polls[INPUT].revents)
		next = type(a);
	return next;
}

static void tell(const struct attached *a, const char *what)
{
	if (a->options->quiet)
		return;
	if (*a->ready.name)
		fprintf(stderr, "%s; prestore --attach=%s returns\n", what, a->ready.name);
	else
		fprintf(stderr, "%s; prestore --attach=%d returns\n", what, a->ready.pid);
}

/* What has started prestore without a terminal waits for the end of the job, whoever else looks at it meanwhile. */
static int outwait(const struct attached *a, pid_t keeper, struct err *err)
{
	struct pollfd signals = { a->signals, POLLIN, 0 };
	struct signalfd_siginfo info;
	pid_t ended = 0;
	int status;

	while ((ended = waitpid(keeper, &status, WNOHANG)) == 0) {
		if (poll(&signals, 1, -1) < 0 && errno != EINTR)
			return err_sys(err, "poll");
		if (read(a->signals, &info, sizeof(info)) == sizeof(info) &&
		    info.ssi_signo != SIGCHLD)
			kill(a->ready.pid, (int)info.ssi_signo);
	}
	return ended < 0 ? err_sys(err, "waiting for process %d", keeper) : foreground_end(status);
}

/* keeper: our child; 0: somebody else's. */
static int relay(struct attached *a, pid_t keeper, struct err *err)
{
	sigset_t set = foreground_signals();
	enum next next = GO_ON;
	int status = 0;

	a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signals < 0)
		return err_sys(err, "signalfd");
	fcntl(a->socket, F_SETFL, O_NONBLOCK);
	take_terminal(a);
	while (next == GO_ON)
		next = turn(a, &status);
	if (next == TAKEN && !a->person.terminal && keeper)
		return outwait(a, keeper, err);
	detach(a);
	if (next == ENDED)
		return foreground_end(status);
	if (next == LEFT || next == TAKEN) {
		tell(a, next == TAKEN ? "\nanother prestore is attached now" : "\ndetached");
		return 0;
	}
	if (next == CIRCLE)
		return err_set(err, ERR_USAGE, "--attach=%s: that is the terminal here",
			       a->options->attach);
	return err_set(err, ERR_GONE, "the keeper of the terminal of process %d is gone",
		       a->ready.pid);
}

static struct attached *attached_new(const struct restore_options *options, int socket,
				     struct err *err)
{
	struct attached *a = calloc(1, sizeof(*a));

	if (!a) {
		err_sys(err, "out of memory");
		return NULL;
	}
	a->options = options;
	a->socket = socket;
	a->signals = -1;
	person_find(&a->person, options->file);
	return a;
}

/* It has printed why. */
static int failure_of(const struct keeper *keeper, struct err *err)
{
	int status;

	if (waitpid(keeper->pid, &status, 0) < 0)
		return err_sys(err, "waiting for process %d", keeper->pid);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	return err_set(err, ERR_FAILED, "the keeper of the terminal, process %d, has ended (0x%x)",
		       keeper->pid, status);
}

int attach_first(const struct restore_options *options, struct keeper *keeper, struct err *err)
{
	_cleanup_free_ struct attached *a = attached_new(options, keeper->client, err);
	struct message message;

	if (!a)
		return -1;
	if (message_receive(keeper->client, &message) <= 0 || message.type != MESSAGE_READY)
		return failure_of(keeper, err);
	memcpy(&a->ready, message.bytes, sizeof(a->ready));
	if (!options->detach) {
		keeper->client = -1;
		if (!a->person.terminal)
			tell(a, "it has a terminal of its own");
		return relay(a, keeper->pid, err);
	}
	if (!options->quiet)
		fprintf(stderr, "pid %d\n", a->ready.pid);
	tell(a, "it has a terminal of its own");
	return 0;
}

int attach_again(const struct restore_options *options, struct err *err)
{
	_cleanup_free_ struct attached *a = NULL;
	struct hello hello = { 0 };
	int fd;

	if (foreground_prepare(err) < 0)
		return -1;
	fd = attachable_connect(options->attach, err);
	if (fd < 0)
		return -1;
	a = attached_new(options, fd, err);
	if (!a) {
		close(fd);
		return -1;
	}
	if (a->person.terminal) {
		ioctl(a->person.in, TIOCGWINSZ, &hello.size);
		ioctl(a->person.in, TIOCGDEV, &hello.device);
	}
	if (message_send(fd, MESSAGE_HELLO, &hello, sizeof(hello)) < 0) {
		close(fd);
		return err_sys(err, "--attach=%s", options->attach);
	}
	return relay(a, 0, err);
}
