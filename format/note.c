/* SPDX-License-Identifier: MIT */
#include "format/note.h"

const struct name verdict_names[] = {
	{ "blocking", VERDICT_BLOCKING },
	{ "lost", VERDICT_LOST },
	{ "approximated", VERDICT_APPROXIMATED },
	{ "note", VERDICT_NOTE },
	{ NULL, 0 },
};

static const struct field note_fields[] = {
	ENUM(struct note, verdict, 0, verdict_names, "How bad it is."),
	STRING(struct note, object, 0, "What it is about, as messages name it: pid 42 fd 3 /path."),
	STRING(struct note, what, 0, "What was expected and what was found, or what is not exact."),
	STRING(struct note, remedy, FIELD_OPTIONAL, "What can be done about it."),
	{ 0 },
};

const struct record note_record = RECORD_OF(struct note, "note", note_fields,
					    "Something that is not exactly as it should be.");
const struct field item_note = ITEM_RECORD(struct note, note_record);
