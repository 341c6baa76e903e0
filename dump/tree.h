/* SPDX-License-Identifier: MIT */
/* The processes that are dumped together: a root and its descendants, or a session; all stopped before anything is read. */
#ifndef PIMAGE_TREE_H
#define PIMAGE_TREE_H

#include "kernel/freeze.h"
#include "kernel/processes.h"
#include "kernel/remote.h"

struct dump_options;
struct err;
struct kernel_features;

/* By /proc/PID/status, once. */
struct tree_look {
	pid_t tracer;
	uint64_t private; /* bytes in use: memory_in_use_parse */
	uint64_t shared;
};

struct tree_process {
	pid_t pid;
	struct tree_look look; /* of tree_look; else zeros, as of one that has ended meanwhile */
	struct frozen frozen;  /* empty for --check */
	struct remote remote;
};

/* A child that has ended and was not waited for. */
struct tree_zombie {
	pid_t pid;
	pid_t parent;
};

/* Pointers to processes stay valid: each is allocated by itself. */
struct tree {
	struct tree_process **processes; /* parents before children */
	size_t n_processes;
	struct tree_zombie *zombies;
	size_t n_zombies;
	struct processes seen; /* what the list said in which they were found */
	uint64_t seen_ns;      /* CLOCK_MONOTONIC: when it was read */
	pid_t foreign; /* leader of the session, who belongs to another user and stays outside; 0: none */
};

enum tree_scope {
	TREE_DESCENDANTS, /* the root and what came of it */
	TREE_ONLY,	  /* the root alone */
	TREE_SESSION, /* all of its session, and what came of it; then the root may be another, dump/session.h */
};

/*
 * Finds the processes that the options (pid, scope, timeout) ask for and, if `freeze`, stops them, from the root down: a process that is stopped makes no more children, so that in
 * the end none is missing. On failure everything runs on. With what was found of them less than a tenth of a second ago (`known`, or NULL), all of those are stopped
 * before the first look: by then hardly any number is that of another process.
 */
int tree_open(const struct dump_options *options, bool freeze, const struct tree *known,
	      const struct kernel_features *features, struct tree *ret_tree, struct err *err);

/* For processes that somebody else holds: only their zombies are looked for. */
int tree_of(const pid_t *pids, size_t n_pids, struct tree *ret_tree, struct err *err);

/* What is to be known of processes that run, before any is stopped; by up to so many threads. */
void tree_look(struct tree *tree, unsigned threads);

/* Whether it is one of the processes; zombies are none. */
bool tree_has(const struct tree *tree, pid_t pid);

/* Lets everything go. Accepts an empty one and leaves an empty one. */
void tree_thaw(struct tree *tree);
#define _cleanup_tree_ _cleanup_(tree_thaw)

#endif
