/* SPDX-License-Identifier: MIT */
#include "restore/foreground.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "restore/tty.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>

/* What a person or a batch system may send to prestore and means for the process. */
static const int passed_on[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
				 SIGUSR2, SIGALRM, SIGTSTP, SIGCONT, SIGWINCH };

sigset_t foreground_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		sigaddset(&set, passed_on[i]);
	return set;
}

int foreground_prepare(struct err *err)
{
	sigset_t set = foreground_signals();

	/* Else taking the terminal back from the background would stop prestore. */
	signal(SIGTTOU, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, "sigprocmask");
	return 0;
}

/* Only who has the terminal may give it away: a prestore in the background leaves it alone. */
static bool has_terminal(struct restore *restore)
{
	int tty = tty_own(restore);

	return tty >= 0 && tcgetpgrp(tty) == getpgrp();
}

int foreground_take(struct restore *restore, const struct job *job, struct err *err)
{
	/* One of its own has the settings in any case; a leader in the image has it already. */
	if ((restore->own_terminal || has_terminal(restore)) && tty_commit(restore, err) < 0)
		return -1;
	if (!has_terminal(restore))
		return 0;
	/* A process in a session of its own cannot have this terminal. */
	if (getsid(job->pid) == getsid(0) &&
	    tcsetpgrp(tty_own(restore), getpgid(job->foreground ? job->foreground : job->pid)) < 0)
		return err_sys(err, "cannot hand the terminal over");
	return 0;
}

static void take_back(struct restore *restore)
{
	int tty = tty_own(restore);

	if (tty < 0)
		return;
	tcsetpgrp(tty, getpgrp());
	tty_undo(restore);
}

/* The shell sees prestore stopped; its fg or bg continues both. */
static int stop_too(struct restore *restore, const struct job *job, struct err *err)
{
	take_back(restore);
	raise(SIGSTOP);
	if (foreground_take(restore, job, err) < 0)
		return -1;
	kill(-getpgid(job->pid), SIGCONT);
	return 0;
}

/* Dies as the process did, without a core of its own. */
static int die_by(int signal_number)
{
	const struct rlimit none = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signal_number);
	return 128 + signal_number;
}

int foreground_end(int status)
{
	return WIFSIGNALED(status) ? die_by(WTERMSIG(status)) : WEXITSTATUS(status);
}

/* Returns the exit status once it has ended, -1 while it lives, -2 on failure. */
static int look_at(struct restore *restore, const struct job *job, int status, struct err *err)
{
	if (WIFSTOPPED(status))
		return stop_too(restore, job, err) < 0 ? -2 : -1;
	if (WIFCONTINUED(status))
		return -1;
	take_back(restore);
	return foreground_end(status);
}

int foreground_status(const struct job *job, int *ret_status, struct err *err)
{
	pid_t pid;

	if (job->status >= 0) {
		ssize_t n = read(job->status, ret_status, sizeof(*ret_status));

		if (n == sizeof(*ret_status))
			return 1;
		return err_set(err, ERR_FAILED, "the init process of the namespace is gone");
	}
	pid = waitpid(job->pid, ret_status, WNOHANG | WUNTRACED | WCONTINUED);
	if (pid < 0)
		return err_sys(err, "waiting for process %d", job->pid);
	return pid > 0;
}

static void pass_on(int signals, const struct job *job)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo != SIGCHLD)
		kill(job->pid, (int)info.ssi_signo);
}

int foreground_wait(struct restore *restore, const struct job *job, struct err *err)
{
	_cleanup_close_ int signals = -1;
	sigset_t set = foreground_signals();

	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return err_sys(err, "signalfd");
	for (;;) {
		struct pollfd polls[] = { { signals, POLLIN, 0 }, { job->status, POLLIN, 0 } };
		int status, ret;

		/* Without namespaces the state is asked for first: it may have ended before signalfd was there. */
		ret = job->status < 0 ? foreground_status(job, &status, err) : 0;
		if (ret == 0) {
			if (poll(polls, 2, -1) < 0 && errno != EINTR)
				return err_sys(err, "poll");
			if (polls[0].revents)
				pass_on(signals, job);
			if (polls[1].revents)
				ret = foreground_status(job, &status, err);
		}
		if (ret < 0)
			return -1;
		if (ret == 0)
			continue;
		ret = look_at(restore, job, status, err);
		if (ret != -1)
			return ret < 0 ? -1 : ret;
	}
}
