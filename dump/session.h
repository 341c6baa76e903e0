/* SPDX-License-Identifier: MIT */
/* Which processes make up a whole session: its members, and what came of them. */
#ifndef PIMAGE_DUMP_SESSION_H
#define PIMAGE_DUMP_SESSION_H

#include "kernel/processes.h"

#include <stdbool.h>

struct err;

/* A session as the dump sees it. */
struct session {
	pid_t id;
	pid_t root; /* its leader, or, where that has ended or is not ours, the topmost above the process that was named */
	pid_t foreign; /* a leader who belongs to another user, and stays outside; 0: none */
};

/* The session of a process. Fails where it cannot be told from others. */
int session_find(const struct processes *all, pid_t pid, struct session *ret_session,
		 struct err *err);

/* Whether a process belongs to it: a member, or a descendant of one. */
bool session_has(const struct session *session, const struct processes *all,
		 const struct process_entry *entry);

/* Whether it does, but its parent does not. */
bool session_begins(const struct session *session, const struct processes *all,
		    const struct process_entry *entry);

#endif
