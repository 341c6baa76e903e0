/* SPDX-License-Identifier: MIT */
#include "format/signalfd.h"

#include "format/names.h"

static const struct field signalfd_fields[] = {
	FLAGS(struct signalfd, mask, 0, signal_set_names, "Signals that are read from it."), {}
};

const struct record signalfd_record =
	RECORD_OF(struct signalfd, "signalfd", signalfd_fields,
		  "Signals as something to read; those that wait are pending ones of the process.");
