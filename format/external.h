/* SPDX-License-Identifier: MIT */
/* Something whose other end is outside of the saved processes: restore must be told what it
 * becomes. */
#ifndef PIMAGE_EXTERNAL_H
#define PIMAGE_EXTERNAL_H

#include "format/record.h"

struct external {
	char *what;
};

extern const struct record external_record;

#endif
