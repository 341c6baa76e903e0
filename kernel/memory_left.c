/* SPDX-License-Identifier: MIT */
#include "kernel/memory_left.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_misc.h"
#include "kernel/readfile.h"
#include "kernel/scan.h"

int memory_line_parse(const char *text, size_t size, const char *key, uint64_t *ret_bytes,
		      struct err *err)
{
	struct scan scan = scan_text(text, size), line;
	uint64_t kib;

	while (scan_line(&scan, &line, NULL)) {
		struct scan at = line;

		if (!scan_literal(&at, key) || !scan_char(&at, ':'))
			continue;
		scan_blanks(&at);
		if (!scan_unsigned(&at, 10, UINT64_MAX >> 10, &kib) || !scan_literal(&at, " kB"))
			return scan_failed(&line, key, 0, "a number of kB", err);
		*ret_bytes = kib << 10;
		return 0;
	}
	return err_set(err, ERR_FAILED, "%s: there is no such line", key);
}

char *cgroup_path_parse(const char *text, size_t size)
{
	struct scan scan = scan_text(text, size), line;

	while (scan_line(&scan, &line, NULL))
		if (scan_literal(&line, "0::"))
			return strndup(line.at, (size_t)scan_left(&line));
	return NULL;
}

static int read_line(const char *path, const char *key, uint64_t *ret_bytes, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (read_piece_at(AT_FDCWD, path, &text, &size, err) < 0)
		return -1;
	return memory_line_parse(text, size, key, ret_bytes, err);
}

static int read_number(const char *folder, const char *name, uint64_t *ret_value)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	size_t size;

	if (asprintf(&path, "/sys/fs/cgroup%s/%s", folder, name) < 0)
		return -1;
	if (read_piece_at(AT_FDCWD, path, &text, &size, NULL) < 0)
		return -1;
	/* "max" is no number, and no limit. */
	return proc_unsigned_parse(text, size, name, ret_value, NULL);
}

/* Every folder above may have a limit of its own. */
static void apply_cgroups(char *folder, uint64_t *left)
{
	for (;;) {
		char *slash = strrchr(folder, '/');
		uint64_t max, current;

		if (read_number(folder, "memory.max", &max) == 0 &&
		    read_number(folder, "memory.current", &current) == 0 &&
		    (max < current ? 0 : max - current) < *left)
			*left = max < current ? 0 : max - current;
		if (!slash)
			return;
		*slash = '\0';
	}
}

int memory_left(pid_t pid, uint64_t *ret_bytes, struct err *err)
{
	_cleanup_free_ char *text = NULL, *folder = NULL;
	char path[48];
	size_t size;

	if (read_line("/proc/meminfo", "MemAvailable", ret_bytes, err) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (read_piece_at(AT_FDCWD, path, &text, &size, err) < 0)
		return -1;
	folder = cgroup_path_parse(text, size);
	if (folder)
		apply_cgroups(folder, ret_bytes);
	return 0;
}

int memory_in_use_parse(const char *status, size_t size, uint64_t *ret_private,
			uint64_t *ret_shared, struct err *err)
{
	if (memory_line_parse(status, size, "RssAnon", ret_private, err) < 0)
		return -1;
	return memory_line_parse(status, size, "RssShmem", ret_shared, err);
}
