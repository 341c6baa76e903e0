/* SPDX-License-Identifier: MIT */
#include "cli/epoch.h"

#include <stdlib.h>

bool source_date_epoch(int64_t *ret_epoch)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;
	long long value;

	if (!text || !*text)
		return false;
	value = strtoll(text, &end, 10);
	if (*end || value < 0)
		return false;
	*ret_epoch = value;
	return true;
}
