/* SPDX-License-Identifier: MIT */
/*
 * make FILE            writes a valid image
 * make FILE REASON     one that must be refused for that reason
 * make --list          the reasons
 */
#include "tests/images/bad.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	static const struct bad good = { .reason = "good" };
	const struct bad *bad = argc == 3 ? bad_find(argv[2]) : &good;
	int fd;

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (bad = bad_images; bad->reason; bad++)
			puts(bad->reason);
		return 0;
	}
	if (argc < 2 || argc > 3 || !bad) {
		fputs("usage: make FILE [REASON] | --list\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		maker_stop(argv[1], "cannot be created");
	bad_write(bad, fd);
	return 0;
}
