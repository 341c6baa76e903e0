/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals with both ends in the process: what waits in either direction, raw and in lines, full; packet mode, stopped, locked,
 * exclusive; the slave closed, never opened, hung up.
 * Objects: tty, terminal, pty_master
 */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

/* The one of the kernel, without speeds; ioctl_tty(2). */
struct kernel_termios {
	unsigned flags[4];
	unsigned char line, chars[19];
};

struct pair {
	const char *name;
	int master, slave;
	int full; /* bytes that fitted in */
};

enum {
	RAW,
	LINES,
	PARTIAL,
	ENDS,
	PUSHED,
	PACKET,
	FLOW,
	CHARACTER,
	FULL,
	LOCKED,
	CLOSED,
	UNOPENED,
	HUNG,
	PAIRS
};

struct state {
	struct pair pairs[PAIRS];
};

static int number_of(int fd, unsigned long request)
{
	int value = -1;

	return ioctl(fd, request, &value) < 0 ? -errno : value;
}

static void look_pair(struct view *view, const struct pair *pair)
{
	int fd = pair->master >= 0 ? pair->master : pair->slave;
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	struct termios termios = { 0 };
	struct winsize size = { 0 };
	unsigned char locks[sizeof(struct kernel_termios)] = { 0 };
	struct stat st = { 0 };
	char key[64];

#define KEY(what) (snprintf(key, sizeof(key), "%s.%s", pair->name, what), key)
	MUST(poll(&poller, 1, 0) >= 0);
	view_num(view, KEY("events"), poller.revents);
	tcgetattr(fd, &termios);
	ioctl(fd, TIOCGWINSZ, &size);
	view_hash(view, KEY("settings"), &termios, sizeof(termios));
	view_num(view, KEY("rows"), size.ws_row);
	view_num(view, KEY("columns"), size.ws_col);
	view_num(view, KEY("flags"), fcntl(fd, F_GETFL));
	view_num(view, KEY("unread"), number_of(fd, FIONREAD));
	if (pair->master >= 0) {
		ioctl(fd, TIOCGLCKTRMIOS, locks);
		view_hash(view, KEY("locks"), locks, sizeof(locks));
		view_num(view, KEY("packet"), number_of(fd, TIOCGPKT));
		view_num(view, KEY("locked"), number_of(fd, TIOCGPTLCK));
	}
	if (pair->slave >= 0) {
		poller.fd = pair->slave;
		poller.events = POLLIN | POLLOUT;
		MUST(poll(&poller, 1, 0) >= 0 && fstat(pair->slave, &st) == 0);
		/* How much fits in depends on the pieces: what is put together has more room. */
		view_num(view, KEY("slave.events"), pair->full ? 0 : poller.revents);
		view_num(view, KEY("slave.unread"), number_of(pair->slave, FIONREAD));
		view_num(view, KEY("slave.exclusive"), number_of(pair->slave, TIOCGEXCL));
		view_hex(view, KEY("slave.mode"), st.st_mode);
		view_num(view, KEY("slave.flags"), fcntl(pair->slave, F_GETFL));
	}
#undef KEY
}

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	for (int i = 0; i < PAIRS; i++)
		look_pair(view, &s->pairs[i]);
}

static void expect_bytes(int fd, const char *text, size_t size)
{
	char buffer[8192];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n != (ssize_t)size || memcmp(buffer, text, size) != 0)
		subject_fail("read %zd bytes \"%.*s\", not \"%s\"", n, n > 0 ? (int)n : 0, buffer,
			     text);
}

static void expect(int fd, const char *text)
{
	expect_bytes(fd, text, strlen(text));
}

/* What is on its way is moved by the kernel in the background. */
static void settle(void)
{
	usleep(20000);
}

static void use_full(const struct pair *pair)
{
	char buffer[4096];
	int done = 0;
	ssize_t n;

	while ((n = read(pair->master, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < n; i++, done++)
			MUST(buffer[i] == (char)('a' + done % 26));
	MUST(done == pair->full);
	MUST(write(pair->slave, "more", 4) == 4);
	settle();
	expect(pair->master, "more");
}

static void use_states(const struct pair *pairs)
{
	char byte;

	expect_bytes(pairs[PACKET].master, "\0packet\r\n", 9);
	MUST(ioctl(pairs[FLOW].slave, TCXONC, TCOON) == 0);
	MUST(write(pairs[FLOW].slave, "x", 1) == 1 && write(pairs[CHARACTER].slave, "x", 1) < 0);
	MUST(write(pairs[CHARACTER].master, "\x11", 1) == 1);
	settle();
	MUST(write(pairs[CHARACTER].slave, "x", 1) == 1);
	expect(pairs[CLOSED].master, "last\r\n");
	MUST(read(pairs[CLOSED].master, &byte, 1) < 0 && errno == EIO);
	MUST(read(pairs[UNOPENED].master, &byte, 1) < 0 && errno == EAGAIN);
	MUST(read(pairs[HUNG].slave, &byte, 1) == 0);
	MUST(write(pairs[HUNG].slave, &byte, 1) < 0 && errno == EIO);
}

static void use(void *state)
{
	const struct pair *pairs = ((struct state *)state)->pairs;

	expect(pairs[RAW].slave, "raw\r\x03\x04 input");
	expect(pairs[RAW].master, "output\r\nof two lines");
	expect(pairs[LINES].slave, "first\n");
	expect(pairs[LINES].slave, "second\n");
	MUST(write(pairs[PARTIAL].master, "\x7f\x7fXY\n", 5) == 5);
	settle();
	expect(pairs[PARTIAL].slave, "whole\n");
	expect(pairs[PARTIAL].slave, "haXY\n");
	expect(pairs[ENDS].slave, "one");
	expect(pairs[ENDS].slave, "two\n");
	expect(pairs[ENDS].slave, "");
	expect(pairs[PUSHED].slave, "no end of line");
	use_states(pairs);
	use_full(&pairs[FULL]);
}

static void set(int fd, tcflag_t input, tcflag_t local)
{
	struct termios termios;

	MUST(tcgetattr(fd, &termios) == 0);
	termios.c_iflag = input;
	termios.c_lflag = local;
	MUST(tcsetattr(fd, TCSANOW, &termios) == 0);
}

/* Without privilege it cannot, and then it is nothing that could be lost. */
static void lock_settings(int fd)
{
	const struct kernel_termios locks = { .flags = { ICRNL, OPOST, 0, ECHO },
					      .chars = { [VINTR] = 1 } };

	ioctl(fd, TIOCSLCKTRMIOS, &locks);
}

static void make(struct state *s, int which, const char *name)
{
	const struct winsize size = { .ws_row = (unsigned short)(20 + which), .ws_col = 100 };
	struct pair *pair = &s->pairs[which];

	*pair = (struct pair){ .name = name, .slave = -1 };
	pair->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (pair->master < 0)
		subject_skip("no pseudo-terminals here");
	MUST(ioctl(pair->master, TIOCSWINSZ, &size) == 0);
	if (which == LOCKED)
		lock_settings(pair->master);
	if (which == LOCKED)
		return;
	MUST(unlockpt(pair->master) == 0);
	if (which == UNOPENED)
		return;
	pair->slave = ioctl(pair->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	MUST(pair->slave >= 0);
	set(pair->slave, ICRNL | IXON, ISIG | ICANON | ECHOE | IEXTEN);
}

/* poll(2) waits for what is on its way to one who has nothing to read yet; for more than that a while has to do. */
static void arrive(const struct pair *pair)
{
	struct pollfd ends[] = { { pair->master, POLLIN, 0 }, { pair->slave, POLLIN, 0 } };

	MUST(poll(ends, 2, 0) >= 0);
	usleep(5000);
}

static void say(int fd, const char *text)
{
	MUST(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void fill(struct pair *pair)
{
	char text[1000];

	set(pair->slave, 0, 0);
	for (int idle = 0; idle < 3;) {
		ssize_t n;

		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)('a' + (pair->full + (int)i) % 26);
		n = write(pair->slave, text, sizeof(text));
		pair->full += n > 0 ? (int)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		if (n <= 0)
			settle();
	}
}

static void make_states(struct pair *pairs)
{
	MUST(ioctl(pairs[PACKET].master, TIOCPKT, &(int){ 1 }) == 0);
	say(pairs[PACKET].slave, "packet\n");
	MUST(ioctl(pairs[FLOW].slave, TCXONC, TCOOFF) == 0);
	say(pairs[CHARACTER].master, "\x13");
	fill(&pairs[FULL]);
	say(pairs[CLOSED].slave, "last\n");
	MUST(close(pairs[CLOSED].slave) == 0 && close(pairs[HUNG].master) == 0);
	pairs[CLOSED].slave = pairs[HUNG].master = -1;
	MUST(fchmod(pairs[RAW].slave, 0622) == 0 && ioctl(pairs[LINES].slave, TIOCEXCL) == 0);
	MUST(fcntl(pairs[LINES].master, F_SETFL, O_RDWR) == 0);
}

int main(void)
{
	static const char *const names[] = { "raw",    "lines",	   "partial",	"ends", "pushed",
					     "packet", "flow",	   "character", "full", "locked",
					     "closed", "unopened", "hung" };
	struct state s;
	struct pair *pairs = s.pairs;

	for (int i = 0; i < PAIRS; i++)
		make(&s, i, names[i]);
	set(pairs[RAW].slave, 0, 0);
	say(pairs[RAW].master, "raw\r\x03\x04 input");
	say(pairs[RAW].slave, "output\nof two lines");
	say(pairs[LINES].master, "first\rsecond\r");
	say(pairs[PARTIAL].master, "whole\nhalf");
	say(pairs[ENDS].master, "one\x04two\n\x04");
	set(pairs[PUSHED].slave, 0, 0);
	say(pairs[PUSHED].master, "no end of line");
	for (int i = 0; i < PAIRS; i++)
		arrive(&pairs[i]);
	set(pairs[PUSHED].slave, ICRNL, ICANON);
	make_states(pairs);
	for (int i = 0; i < PAIRS; i++)
		if (pairs[i].master >= 0)
			arrive(&pairs[i]);
	return subject_use(look, use, &s);
}
