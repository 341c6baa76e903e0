/* SPDX-License-Identifier: MIT */
/* Anonymous files: names, sizes, seals, permissions, read-only descriptions, huge pages. */
#include "tests/subject/file_view.h"

#include <sys/mman.h>

#define SIZE (1L << 20)

struct state {
	int plain, sealed, reader, closed_seals, empty;
};

static void look(struct view *view, void *state)
{
	const struct state *s = state;
	char text[16] = "";

	view_fd(view, "plain", s->plain);
	view_fd(view, "sealed", s->sealed);
	view_fd(view, "reader", s->reader);
	view_fd(view, "closed_seals", s->closed_seals);
	view_fd(view, "empty", s->empty);
	view_hex(view, "plain.seals", (unsigned)fcntl(s->plain, F_GET_SEALS));
	view_hex(view, "sealed.seals", (unsigned)fcntl(s->sealed, F_GET_SEALS));
	view_hex(view, "closed_seals.seals", (unsigned)fcntl(s->closed_seals, F_GET_SEALS));
	MUST(pread(s->plain, text, 6, SIZE / 2) == 6);
	view_str(view, "plain.text", text);
	MUST(pread(s->reader, text, 6, 0) == 6);
	view_str(view, "sealed.text", text);
}

static void use(void *state)
{
	const struct state *s = state;

	MUST(pwrite(s->sealed, "x", 1, 0) < 0 && errno == EPERM);
	MUST(ftruncate(s->sealed, 1) < 0 && errno == EPERM);
	MUST(fcntl(s->closed_seals, F_ADD_SEALS, F_SEAL_GROW) < 0 && errno == EPERM);
	MUST(fcntl(s->plain, F_ADD_SEALS, F_SEAL_GROW) == 0);
	MUST(write(s->reader, "x", 1) < 0 && errno == EBADF);
}

int main(void)
{
	struct state s = {
		.plain = memfd_create("plain name", MFD_ALLOW_SEALING | MFD_CLOEXEC),
		.sealed = memfd_create("sealed", MFD_ALLOW_SEALING),
		.closed_seals = memfd_create("no seals", 0),
		.empty = memfd_create("", MFD_CLOEXEC),
	};
	char path[64];

	MUST(s.plain >= 0 && s.sealed >= 0 && s.closed_seals >= 0 && s.empty >= 0);
	MUST(ftruncate(s.plain, SIZE + 100) == 0 && pwrite(s.plain, "middle", 6, SIZE / 2) == 6);
	MUST(lseek(s.plain, 1234, SEEK_SET) == 1234 && fchmod(s.plain, 0640) == 0);
	MUST(write(s.sealed, "sealed", 6) == 6);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s.sealed);
	s.reader = open(path, O_RDONLY);
	MUST(s.reader >= 0);
	MUST(fcntl(s.sealed, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
	return subject_use(look, use, &s);
}
