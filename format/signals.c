/* SPDX-License-Identifier: MIT */
#include "format/signals.h"

#include "format/names.h"

static const struct name handler_names[] = {
	{ "default", 0 },
	{ "ignore", 1 },
	{},
};

static const struct field disposition_fields[] = {
	ENUM(struct disposition, signal, 0, signal_names, "The signal."),
	ENUM(struct disposition, handler, 0, handler_names, "What happens: or the handler."),
	FLAGS(struct disposition, flags, 0, sigaction_flag_names, "sa_flags."),
	FLAGS(struct disposition, mask, 0, signal_set_names, "Blocked while the handler runs."),
	HEX(struct disposition, restorer, FIELD_OPTIONAL, "sa_restorer."),
	{}
};
static const struct record disposition_record =
	RECORD_OF(struct disposition, "disposition", disposition_fields,
		  "What a signal does, sigaction(2).");
static const struct field item_disposition = ITEM_RECORD(struct disposition, disposition_record);

static const struct field siginfo_fields[] = {
	ENUM(struct siginfo_record, signal, 0, signal_names, "si_signo."),
	INT(struct siginfo_record, error, FIELD_OPTIONAL, "si_errno."),
	INT(struct siginfo_record, code, 0, "si_code: who sent it."),
	BYTES(struct siginfo_record, data, 0,
	      "The rest of siginfo_t from byte 16 on, without the zeros at its end."),
	{}
};
static const struct record siginfo_record_ =
	RECORD_OF(struct siginfo_record, "siginfo", siginfo_fields,
		  "A pending signal with what it carries.");
const struct field item_siginfo = ITEM_RECORD(struct siginfo_record, siginfo_record_);

static const struct field signals_fields[] = {
	LIST(struct signals, dispositions, 0, item_disposition,
	     "Every signal whose disposition is not the plain default."),
	LIST(struct signals, pending, 0, item_siginfo,
	     "Signals pending for the process as a whole, in order of delivery."),
	{}
};

const struct record signals_record = RECORD_OF(struct signals, "signals", signals_fields,
					       "Dispositions and shared pending signals.");
