/* SPDX-License-Identifier: MIT */
#include "format/external.h"

static const struct field holder_fields[] = {
	UINT(struct external_holder, pid, 0, "Process id, as pdump saw it."),
	STRING(struct external_holder, name, 0, "Its name, /proc/PID/comm."),
	{}
};
static const struct record holder_record = RECORD_OF(struct external_holder, "external_holder",
						     holder_fields, "Who had the other end.");

static const struct field external_fields[] = {
	STRING(struct external, what, FIELD_VOLATILE,
	       "The kernel's name for it, as in \"pipe:[4711]\"."),
	UINT(struct external, pipe, FIELD_OPTIONAL, "Number of the pipe that it is an end of."),
	UINT(struct external, socket, FIELD_OPTIONAL, "Number of the unix socket that it is."),
	RECORD_AT(struct external, holder, FIELD_INFO, holder_record,
		  "A process that had the other end, as far as it could be seen."),
	STRING(struct external, policy, FIELD_OPTIONAL,
	       "What it becomes unless restore is told otherwise: null, eof, reset, reconnect, "
	       "fd:N, or a path with a slash in it."),
	{}
};

const struct record external_record =
	RECORD_OF(struct external, "external", external_fields,
		  "An end of something outside; on descriptors 0, 1 and 2 it "
		  "becomes prestore's own, else a policy says what.");
