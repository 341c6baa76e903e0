/* SPDX-License-Identifier: MIT */
#include "format/process.h"

#include "format/names.h"

static const struct field ids_fields[] = {
	UINT(struct ids, real, 0, "Real id."),
	UINT(struct ids, effective, 0, "Effective id."),
	UINT(struct ids, saved, 0, "Saved set-user-ID or set-group-ID."),
	UINT(struct ids, filesystem, 0, "Id used for file system access."),
	{}
};
static const struct record ids_record =
	RECORD_OF(struct ids, "ids", ids_fields, "The four ids of credentials(7).");

static const struct field capability_fields[] = {
	FLAGS(struct capability_sets, inheritable, 0, capability_names, "Inheritable set."),
	FLAGS(struct capability_sets, permitted, 0, capability_names, "Permitted set."),
	FLAGS(struct capability_sets, effective, 0, capability_names, "Effective set."),
	FLAGS(struct capability_sets, bounding, FIELD_VOLATILE, capability_names,
	      "Bounding set; can only shrink on restore."),
	FLAGS(struct capability_sets, ambient, 0, capability_names, "Ambient set."),
	{}
};
static const struct record capability_record =
	RECORD_OF(struct capability_sets, "capability_sets", capability_fields,
		  "The five sets of capabilities(7).");

static const struct field credentials_fields[] = {
	RECORD_IN(struct credentials, uids, 0, ids_record, "User ids."),
	RECORD_IN(struct credentials, gids, 0, ids_record, "Group ids."),
	LIST(struct credentials, groups, 0, item_uint32, "Supplementary groups."),
	RECORD_IN(struct credentials, capabilities, 0, capability_record, "Capabilities."),
	FLAGS(struct credentials, securebits, 0, securebit_names, "PR_GET_SECUREBITS."),
	BOOL(struct credentials, no_new_privs, 0, "PR_GET_NO_NEW_PRIVS."),
	{}
};
static const struct record credentials_record =
	RECORD_OF(struct credentials, "credentials", credentials_fields,
		  "Who the process acts as.");

static const struct field limit_fields[] = {
	ENUM(struct limit, resource, 0, rlimit_names, "Which limit."),
	HEX(struct limit, soft, 0, "Soft limit; 0xffffffffffffffff is unlimited."),
	HEX(struct limit, hard, 0, "Hard limit."),
	{}
};
static const struct record limit_record =
	RECORD_OF(struct limit, "limit", limit_fields, "A resource limit, getrlimit(2).");
static const struct field item_limit = ITEM_RECORD(struct limit, limit_record);

static const struct field zombie_fields[] = {
	UINT(struct zombie, pid, FIELD_VOLATILE, "Process id."),
	UINT(struct zombie, group, FIELD_VOLATILE, "Process group id."),
	UINT(struct zombie, session, FIELD_VOLATILE, "Session id."),
	STRING(struct zombie, name, 0, "Name of the command."),
	INT(struct zombie, status, 0, "Its end, as waitpid(2) will give it."),
	{}
};
static const struct record zombie_record =
	RECORD_OF(struct zombie, "zombie", zombie_fields,
		  "A child that has ended and was not waited for.");
static const struct field item_zombie = ITEM_RECORD(struct zombie, zombie_record);

static const struct field process_fields[] = {
	UINT(struct process, pid, FIELD_VOLATILE,
	     "Process id as the process itself sees it, in its innermost namespace."),
	UINT(struct process, parent, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Process id of the parent; absent when that is not in the image."),
	UINT(struct process, group, FIELD_VOLATILE, "Process group id."),
	UINT(struct process, session, FIELD_VOLATILE, "Session id."),
	UINT(struct process, terminal, FIELD_OPTIONAL,
	     "Number of the tty object that is its controlling terminal."),
	BOOL(struct process, foreground, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Its group was the foreground group of that terminal."),
	ENUM(struct process, stopped, FIELD_OPTIONAL | FIELD_VOLATILE, signal_names,
	     "The signal that had stopped it (job control); absent when it ran."),
	BOOL(struct process, stop_unseen, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Its parent had not been told of that by waitpid(2) yet."),
	UINT(struct process, files_of, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Process id of the first of those with which it has one descriptor table "
	     "(CLONE_FILES); its own is "
	     "empty then."),
	UINT(struct process, fs_of, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "The same for what it has one of by CLONE_FS: current and root directory, umask."),
	LIST(struct process, command_line, FIELD_INFO, item_string,
	     "Its arguments, for the reader: what counts is in its memory."),
	RECORD_IN(struct process, exe, 0, file_id_record, "The program it executes."),
	STRING(struct process, cwd, 0, "Current directory."),
	STRING(struct process, root, 0, "Root directory."),
	UINT(struct process, umask, 0, "File mode creation mask."),
	RECORD_IN(struct process, credentials, 0, credentials_record, "Credentials."),
	LIST(struct process, limits, 0, item_limit, "Resource limits."),
	UINT(struct process, dumpable, 0, "PR_GET_DUMPABLE."),
	FLAGS(struct process, personality, 0, personality_flag_names, "Execution domain."),
	INT(struct process, oom_score_adj, 0, "Adjustment of the out-of-memory score."),
	HEX(struct process, coredump_filter, 0, "Which mappings go into a core, core(5)."),
	BOOL(struct process, child_subreaper, 0, "PR_GET_CHILD_SUBREAPER."),
	BOOL(struct process, thp_disable, 0, "PR_GET_THP_DISABLE."),
	LIST(struct process, zombies, FIELD_OPTIONAL, item_zombie, "Its zombies, by process id."),
	LIST(struct process, threads, FIELD_VOLATILE, item_uint32, "Thread ids, the leader first."),
	{}
};

const struct record process_record = RECORD_OF(struct process, "process", process_fields,
					       "A process: identity, credentials, limits, paths.");
