/* SPDX-License-Identifier: MIT */
#include "restore/keeper.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/fork_limit.h"
#include "kernel/readfile.h"
#include "restore/attachable.h"
#include "restore/desk.h"
#include "restore/foreground.h"
#include "restore/own_terminal.h"
#include "restore/spawn.h"
#include "restore/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Milliseconds that a program has to see that its window is smaller, before it is as before. */
enum { SQUEEZE = 60 };

int keeper_fork(struct restore *restore, struct keeper *ret_keeper, struct err *err)
{
	struct keeper keeper = KEEPER_EMPTY;
	int sockets[2];

	if (restore->options->name && attachable_check_name(restore->options->name, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return err_sys(err, "socketpair");
	keeper.pid = fork();
	if (keeper.pid < 0) {
		close(sockets[0]);
		close(sockets[1]);
		return err_sys(err, "cannot make a process that keeps the terminal%s",
			       fork_limit(errno));
	}
	close(sockets[keeper.pid ? 1 : 0]);
	keeper.client = sockets[keeper.pid ? 0 : 1];
	*ret_keeper = keeper;
	if (keeper.pid)
		return 1;
	fcntl(keeper.client, F_SETFL, O_NONBLOCK);
	ret_keeper->desk = calloc(1, sizeof(*ret_keeper->desk));
	if (!ret_keeper->desk)
		return err_sys(err, "out of memory");
	*ret_keeper->desk = (struct desk){ .client = -1, .pending = -1 };
	ret_keeper->master = own_terminal_make(restore, err);
	if (ret_keeper->master < 0)
		return -1;
	ret_keeper->slave = tty_own(restore);
	return 0;
}

int keeper_listen(struct keeper *keeper, const struct restore *restore, const struct job *job,
		  struct err *err)
{
	const char *name = restore->options->name;

	keeper->desk->ready.pid = job->pid;
	snprintf(keeper->desk->ready.name, sizeof(keeper->desk->ready.name), "%s",
		 name ? name : "");
	keeper->listener = attachable_listen(job->pid, name, &keeper->address, err);
	return keeper->listener < 0 ? -1 : 0;
}

void keeper_done(struct keeper *keeper)
{
	if (keeper->listener >= 0)
		unlink(keeper->address.sun_path);
	cleanup_close(&keeper->listener);
	cleanup_close(&keeper->client);
	cleanup_close(&keeper->master);
	free(keeper->desk);
	*keeper = (struct keeper)KEEPER_EMPTY;
}

/* Nobody who waits for the end of a pipe of prestore's, or wants to unmount where it was started, waits for a keeper. */
static void let_go(const struct keeper *keeper, int signals, int status)
{
	const int keep[] = { keeper->client,   keeper->master, keeper->slave,
			     keeper->listener, signals,	       status };
	_cleanup_free_ uint32_t *numbers = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t count = 0;

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	list_numbers_at(AT_FDCWD, "/proc/self/fd", &numbers, &count, NULL);
	for (size_t i = 0; i < count; i++) {
		bool kept = numbers[i] <= 2;

		for (size_t k = 0; k < sizeof(keep) / sizeof(*keep); k++)
			kept |= (int)numbers[i] == keep[k];
		if (!kept)
			close((int)numbers[i]);
	}
	if (chdir("/") < 0)
		errno = 0;
}

static void admit(struct desk *desk, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && attachable_peer_is_own(fd))
		desk->pending = fd;
	else
		cleanup_close(&fd);
}

static void look_for_news(struct keeper *keeper)
{
	struct desk *desk = keeper->desk;
	int status, ret;

	while (!desk->ended && (ret = foreground_status(desk->job, &status, NULL)) != 0) {
		if (ret < 0)
			status =
				SIGKILL; /* the namespace's init was killed, and everything in it */
		desk_learn(desk, status);
		if (desk->ended)
			unlink(keeper->address.sun_path);
		if (desk->job->status >= 0)
			return;
	}
}

/* SIGTERM and its like, sent to the keeper itself, mean what closing a window means. */
static bool is_called_off(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			return true;
	return false;
}

enum { SIGNALS, NEWS, TERMINAL, LISTENER, PENDING, CLIENT, POLLS };

static int wait_for(const struct keeper *keeper, int signals, struct pollfd polls[POLLS])
{
	const struct desk *desk = keeper->desk;
	bool writing = desk->input.end != 0, showing = desk->output.end != 0;
	bool reading = !showing && !desk->ended, hearing = !writing;
	const struct pollfd want[POLLS] = {
		[SIGNALS] = { signals, POLLIN, 0 },
		[NEWS] = { desk->ended ? -1 : desk->job->status, POLLIN, 0 },
		[TERMINAL] = { desk->master,
			       (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), 0 },
		[LISTENER] = { desk->pending < 0 && !desk->ended ? keeper->listener : -1, POLLIN,
			       0 },
		[PENDING] = { desk->pending, POLLIN, 0 },
		[CLIENT] = { hearing || showing ? desk->client : -1,
			     (short)((hearing ? POLLIN : 0) | (showing ? POLLOUT : 0)), 0 },
	};

	memcpy(polls, want, sizeof(want));
	return poll(polls, POLLS, desk->squeezed ? SQUEEZE : -1);
}

/* Returns whether it goes on. */
static bool turn(struct keeper *keeper, int signals)
{
	struct desk *desk = keeper->desk;
	struct pollfd polls[POLLS];
	int ready = wait_for(keeper, signals, polls);

	if (ready == 0)
		desk_set_size(desk, &desk->size);
	if (ready <= 0)
		return ready == 0 || errno == EINTR;
	if (polls[SIGNALS].revents && is_called_off(signals))
		return false;
	if (polls[TERMINAL].revents & POLLOUT)
		desk_write(desk);
	if (polls[TERMINAL].revents & POLLIN)
		desk_read(desk);
	if (polls[CLIENT].revents)
		desk_flush(desk);
	if (polls[CLIENT].revents & ~POLLOUT && !desk->input.end)
		desk_hear(desk);
	if (polls[PENDING].revents)
		desk_hear_pending(desk);
	if (polls[LISTENER].revents)
		admit(desk, keeper->listener);
	/* Without a namespace they come with SIGCHLD. */
	if (desk->job->status < 0 || polls[NEWS].revents)
		look_for_news(keeper);
	return !desk->ended || !desk_told(desk);
}

static int own_signals(void)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void keeper_run(struct keeper *keeper, const struct job *job)
{
	struct desk *desk = keeper->desk;
	int signals = own_signals(), status;

	desk->job = job;
	desk->client = TAKE_FD(keeper->client);
	desk->master = keeper->master;
	message_send(desk->client, MESSAGE_READY, &desk->ready, sizeof(desk->ready));
	keeper->client = desk->client;
	let_go(keeper, signals, job->status);
	keeper->client = -1;
	if (job->status < 0)
		look_for_news(keeper);
	desk_repaint(desk);
	while (turn(keeper, signals))
		;
	status = desk->ended ? desk->status : SIGTERM;
	keeper_done(keeper);
	_exit(foreground_end(status));
}
