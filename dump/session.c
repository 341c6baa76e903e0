/* SPDX-License-Identifier: MIT */
#include "dump/session.h"

#include "format/err.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A process has at most that many ancestors; while they come and go one may seem to be its own. */
enum { MAX_ANCESTORS = 100000 };

static bool is_member(const struct session *session, const struct process_entry *entry)
{
	return !entry->ended && entry->session == session->id && entry->pid != session->foreign;
}

bool session_has(const struct session *session, const struct processes *all,
		 const struct process_entry *entry)
{
	for (int i = 0; entry && i < MAX_ANCESTORS; i++) {
		if (is_member(session, entry))
			return true;
		entry = processes_find(all, entry->parent);
	}
	return false;
}

bool session_begins(const struct session *session, const struct processes *all,
		    const struct process_entry *entry)
{
	return is_member(session, entry) &&
	       !session_has(session, all, processes_find(all, entry->parent));
}

/* As whom it runs: only root may stop and restore others'. */
static bool is_foreign(pid_t pid)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return geteuid() != 0 && stat(path, &st) == 0 && st.st_uid != geteuid();
}

int session_find(const struct processes *all, pid_t pid, struct session *ret_session,
		 struct err *err)
{
	const struct process_entry *entry = processes_find(all, pid), *leader;
	struct session session = { 0 };

	if (!entry)
		return err_set(err, ERR_GONE, "there is no process %d", pid);
	if (!entry->session)
		return err_set(err, ERR_UNSUPPORTED,
			       "the session of process %d is of another pid namespace, outside of "
			       "this one: leave --session away, or run pdump there",
			       pid);
	session.id = entry->session;
	leader = processes_find(all, session.id);
	if (leader && !leader->ended && leader->session == session.id) {
		if (!is_foreign(leader->pid)) {
			session.root = leader->pid;
			*ret_session = session;
			return 0;
		}
		session.foreign = leader->pid;
	}
	while (entry && !session_begins(&session, all, entry))
		entry = processes_find(all, entry->parent);
	if (!entry)
		return err_set(
			err, ERR_PERMISSION,
			"process %d leads the session %d and belongs to another user: name a "
			"process of your own, or do it as root",
			pid, session.id);
	session.root = entry->pid;
	*ret_session = session;
	return 0;
}
