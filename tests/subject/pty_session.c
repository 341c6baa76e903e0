/* SPDX-License-Identifier: MIT */
/*
 * A session on a pseudo-terminal whose master its parent has: a leader, a job in the foreground, one in the background, one that has given
 * the terminal up; descriptors of /dev/tty. No signal may come of it.
 * Objects: tty, terminal, pty_master
 */
#include "tree.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

enum { HAS_TERMINAL = 1, IN_FOREGROUND = 2, SAME_AS_MASTER = 4, BY_DEV_TTY = 8, SIGNALLED = 16 };

static int master, slave = -1, dev_tty = -1;
static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

/* What it sees of its terminal, by bits. */
static long see(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY);
	struct stat st, pair;
	unsigned number;
	long bits = signalled ? SIGNALLED : 0;

	if (fd >= 0)
		bits |= HAS_TERMINAL | (tcgetpgrp(fd) == getpgrp() ? IN_FOREGROUND : 0);
	if (fd >= 0)
		close(fd);
	if (slave >= 0) {
		MUST(ioctl(master, TIOCGPTN, &number) == 0 && fstat(slave, &st) == 0);
		bits |= (st.st_rdev & 0xff) == (number & 0xff) ? SAME_AS_MASTER : 0;
	}
	if (dev_tty >= 0) {
		MUST(fstat(dev_tty, &pair) == 0);
		bits |= pair.st_rdev == 0x500 && isatty(dev_tty) ? BY_DEV_TTY : 0;
	}
	return bits;
}

__attribute__((noreturn)) static void serve(struct tree_place *place)
{
	tree_fill(place);
	place->number = see();
	place->done = 1;
	while (tree_asked(place)) {
		tree_fill(place);
		place->number = see();
		place->done = place->wish;
	}
	_exit(signalled);
}

static struct tree_place *branch(const char *name, bool gives_up)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		MUST(setpgid(0, 0) == 0);
		if (gives_up)
			MUST(ioctl(slave, TIOCNOTTY) == 0);
		serve(tree_enter(name));
	}
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
	return tree_find(name);
}

static void lead(void)
{
	struct tree_place *job;
	char path[32];
	pid_t group;
	unsigned number;

	MUST(setsid() > 0 && ioctl(master, TIOCGPTN, &number) == 0);
	snprintf(path, sizeof(path), "/dev/pts/%u", number);
	slave = open(path, O_RDWR);
	dev_tty = open("/dev/tty", O_WRONLY);
	MUST(slave >= 0 && dev_tty >= 0);
	signal(SIGTTOU, SIG_IGN);
	branch("background", false);
	branch("none", true);
	job = branch("job", false);
	group = job->pid;
	MUST(tcsetpgrp(slave, group) == 0);
	tree_ask(job);
	tree_ask(tree_find("background"));
	signal(SIGTTOU, on_signal);
	serve(tree_enter("leader"));
}

static void look(struct view *view, void *state)
{
	(void)state;
	tree_view(view);
	for (int i = 1; i < tree->used; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%s.terminal", tree->places[i].name);
		view_num(view, key, tree->places[i].number);
	}
}

/* The interrupt character reaches the job in the foreground and nobody else; what it writes comes to the master. */
static void use(void)
{
	struct tree_place *job = tree_find("job");
	char text[64];

	MUST(write(master, "\x03", 1) == 1);
	usleep(50000);
	for (int i = 1; i < tree->used; i++)
		tree_ask(&tree->places[i]);
	MUST((job->number & SIGNALLED) && !(tree_find("leader")->number & SIGNALLED) &&
	     !(tree_find("background")->number & SIGNALLED));
	MUST(read(master, text, sizeof(text)) > 0);
}

int main(void)
{
	const struct winsize size = { .ws_row = 30, .ws_col = 90 };
	static const int watched[] = { SIGHUP, SIGINT, SIGWINCH, SIGTTIN, SIGTTOU };

	subject_block();
	tree_start();
	tree_enter("root");
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		signal(watched[i], on_signal);
	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master < 0)
		subject_skip("no pseudo-terminals here");
	MUST(grantpt(master) == 0 && unlockpt(master) == 0);
	MUST(ioctl(master, TIOCSWINSZ, &size) == 0);
	if (fork() == 0)
		lead();
	while (!tree_find("leader") || !tree_find("leader")->done)
		usleep(500);
	subject_show(look, NULL);
	subject_wait();
	subject_show(look, NULL);
	use();
	tree_end();
	subject_say("done");
	return 0;
}
