/* SPDX-License-Identifier: MIT */
/* Event counters: zero, large, semaphore. */
#include "tests/subject/file_view.h"

#include <sys/eventfd.h>

struct state {
	int zero, large, semaphore;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;

	view_fd(view, "zero", s->zero);
	view_fd(view, "large", s->large);
	view_fd(view, "semaphore", s->semaphore);
}

static void use(void *state)
{
	const struct state *s = state;
	eventfd_t value;

	MUST(eventfd_read(s->zero, &value) < 0 && errno == EAGAIN);
	MUST(eventfd_write(s->zero, 4) == 0 && eventfd_read(s->zero, &value) == 0 && value == 4);
	MUST(eventfd_read(s->large, &value) == 0 && value == UINT64_MAX - 5);
	for (int i = 0; i < 3; i++)
		MUST(eventfd_read(s->semaphore, &value) == 0 && value == 1);
	MUST(eventfd_read(s->semaphore, &value) < 0 && errno == EAGAIN);
}

int main(void)
{
	struct state s = {
		.zero = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.large = eventfd(0, 0),
		.semaphore = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK),
	};

	MUST(eventfd_write(s.large, UINT64_MAX - 5) == 0);
	return subject_use(look, use, &s);
}
