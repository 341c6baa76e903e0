/* SPDX-License-Identifier: MIT */
/* A list of process ids is there as a whole or not at all. */
#include "restore/pidfile.h"

#include "format/err.h"
#include "tests/unit/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void check_text(const char *path, const char *want)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	CHECK(file && fread(text, 1, sizeof(text) - 1, file) == strlen(want));
	CHECK_STR(text, want);
	if (file)
		fclose(file);
}

int main(void)
{
	char folder[] = "/tmp/pimage-pidfile-XXXXXX", path[64];
	const pid_t pids[] = { 1234567, 2, 3 };
	struct rlimit before, little;
	struct err err = { 0 };

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/pids", folder);
	CHECK(pidfile_write(path, pids, 3, &err) == 0, "%s", err.msg);
	check_text(path, "1234567\n2\n3\n");
	CHECK(pidfile_write(path, pids, 1, &err) == 0, "%s", err.msg);
	check_text(path, "1234567\n");

	/* Room for the first, and for a part of the second. */
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	little = (struct rlimit){ 9, before.rlim_max };
	CHECK(setrlimit(RLIMIT_FSIZE, &little) == 0);
	CHECK(pidfile_write(path, pids, 3, &err) < 0 && strstr(err.msg, path), "%s", err.msg);
	setrlimit(RLIMIT_FSIZE, &before);
	CHECK(access(path, F_OK) < 0, "a part of the list is left");

	CHECK(pidfile_write("/dev/full", pids, 1, &err) < 0 && strstr(err.msg, "/dev/full"), "%s",
	      err.msg);
	CHECK(access("/dev/full", F_OK) == 0, "a device was removed");
	pidfile_remove(NULL);
	pidfile_remove(path);
	rmdir(folder);
	return test_done("pidfile");
}
