/* SPDX-License-Identifier: MIT */
/* A process but for its memory, descriptors, signals and timers: identity, credentials, limits,
 * paths. */
#ifndef PIMAGE_PROCESS_H
#define PIMAGE_PROCESS_H

#include "format/file_id.h"
#include "format/record.h"

struct ids {
	uint32_t real;
	uint32_t effective;
	uint32_t saved;
	uint32_t filesystem;
};

/* capabilities(7); each set has bit n for capability n. */
struct capability_sets {
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t effective;
	uint64_t bounding;
	uint64_t ambient;
};

struct credentials {
	struct ids uids;
	struct ids gids;
	uint32_t *groups;
	size_t n_groups;
	struct capability_sets capabilities;
	uint32_t securebits;
	bool no_new_privs;
};

/* getrlimit(2); ~0 is unlimited. */
struct limit {
	uint32_t resource;
	uint64_t soft;
	uint64_t hard;
};

/* A child that has ended and that its parent has not waited for. */
struct zombie {
	uint32_t pid;
	uint32_t group;
	uint32_t session;
	char *name;
	int32_t status; /* as waitpid(2) will give it */
};

struct process {
	uint32_t pid;
	uint32_t parent;
	uint32_t group;
	uint32_t session;
	uint32_t terminal;
	bool foreground;
	uint32_t stopped;
	bool stop_unseen;
	uint32_t files_of;
	uint32_t fs_of;
	char **command_line;
	size_t n_command_line;
	struct file_id exe;
	char *cwd;
	char *root;
	uint32_t umask;
	struct credentials credentials;
	struct limit *limits;
	size_t n_limits;
	uint32_t dumpable;
	uint64_t personality;
	int32_t oom_score_adj;
	uint64_t coredump_filter;
	bool child_subreaper;
	bool thp_disable;
	struct zombie *zombies;
	size_t n_zombies;
	uint32_t *threads;
	size_t n_threads;
};

extern const struct record process_record;

#endif
