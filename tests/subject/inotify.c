/* SPDX-License-Identifier: MIT */
/* Files and directories watched: numbers with gaps, one that is not open anywhere, one above. */
#include "tests/subject/file_view.h"

#include <poll.h>
#include <sys/inotify.h>

struct state {
	int fd, file, deep, above;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	struct pollfd poller = { .fd = s->fd, .events = POLLIN };

	view_fd(view, "fd", s->fd);
	view_num(view, "due", poll(&poller, 1, 0));
}

static void expect(int fd, int wd, uint32_t mask, const char *name)
{
	char buffer[sizeof(struct inotify_event) + 256]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event = (const struct inotify_event *)buffer;

	MUST(read(fd, buffer, sizeof(*event) + 16 * (name ? 1 : 0)) > 0);
	MUST(event->wd == wd && event->mask == mask);
	MUST(!name || strcmp(event->name, name) == 0);
}

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	MUST(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

static void use(void *state)
{
	const struct state *s = state;
	char none[4096];

	touch("file");
	expect(s->fd, s->file, IN_MODIFY, NULL);
	touch("deep/down/new");
	expect(s->fd, s->deep, IN_CREATE, "new");
	MUST(read(s->fd, none, sizeof(none)) < 0 && errno == EAGAIN);
	MUST(inotify_rm_watch(s->fd, s->above) == 0);
	expect(s->fd, s->above, IN_IGNORED, NULL);
}

int main(void)
{
	struct state s = { .fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC) };
	char none[4096];

	MUST(s.fd >= 0);
	MUST(mkdir("deep", 0700) == 0 && mkdir("deep/down", 0700) == 0);
	touch("file");
	for (int i = 0; i < 5; i++)
		MUST(inotify_rm_watch(s.fd, inotify_add_watch(s.fd, "deep", IN_OPEN)) == 0);
	s.file = inotify_add_watch(s.fd, "file", IN_MODIFY);
	MUST(inotify_rm_watch(s.fd, inotify_add_watch(s.fd, "deep", IN_OPEN)) == 0);
	s.deep = inotify_add_watch(s.fd, "deep/down", IN_CREATE | IN_EXCL_UNLINK);
	s.above = inotify_add_watch(s.fd, "/", IN_DELETE_SELF);
	MUST(s.file == 6 && s.deep == 8 && s.above == 9);
	MUST(read(s.fd, none, sizeof(none)) > 0);
	return subject_use(look, use, &s);
}
