/* SPDX-License-Identifier: MIT */
/* Options of prestore. */
#ifndef PIMAGE_RESTORE_OPTIONS_H
#define PIMAGE_RESTORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pids_mode { PIDS_AUTO, PIDS_KEEP, PIDS_NAMESPACE, PIDS_NEW };

struct restore_options {
	bool detach;
	char *pidfile;
	bool stopped;
	unsigned pids; /* enum pids_mode */
	bool plan;
	bool json; /* with plan */
	bool verify;
	bool accept_changed; /* --changed-files=accept */
	char **map_paths;    /* OLD=NEW */
	size_t n_map_paths;
	char **fds; /* N=FILE|inherit:M|null */
	size_t n_fds;
	bool verbose;
	bool quiet;
};

#endif
