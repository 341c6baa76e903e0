/* SPDX-License-Identifier: MIT */
#include "format/external.h"

static const struct field external_fields[] = {
	STRING(struct external, what, FIELD_VOLATILE,
	       "The kernel's name for it, as in \"pipe:[4711]\"."),
	{}
};

const struct record external_record =
	RECORD_OF(struct external, "external", external_fields,
		  "An end of something outside; on descriptors 0, 1 and 2 it "
		  "becomes prestore's own, else --fd says what.");
