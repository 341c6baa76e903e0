/* SPDX-License-Identifier: MIT */
/* The date that reproducible output carries instead of the present one, reproducible-builds.org. */
#ifndef PIMAGE_EPOCH_H
#define PIMAGE_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

/* Whether SOURCE_DATE_EPOCH is set to a number of seconds since 1970; then that. */
bool source_date_epoch(int64_t *ret_epoch);

#endif
