/* SPDX-License-Identifier: MIT */
#include "kernel/capabilities.h"

#include <sys/capability.h>

#include "format/cleanup.h"
#include "format/err.h"

static void cleanup_cap(cap_t *set)
{
	if (*set)
		cap_free(*set);
}

uint64_t capabilities_effective(void)
{
	_cleanup_(cleanup_cap) cap_t set = cap_get_proc();
	uint64_t bits = 0;

	for (cap_value_t c = 0; set && c < 64 && CAP_IS_SUPPORTED(c); c++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(set, c, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET)
			bits |= UINT64_C(1) << c;
	}
	return bits;
}

int capabilities_keep(uint64_t keep, struct err *err)
{
	_cleanup_(cleanup_cap) cap_t set = cap_get_proc();

	if (!set)
		return err_sys(err, "cannot read the capabilities of this program");
	for (cap_value_t c = 0; c < 64 && CAP_IS_SUPPORTED(c); c++) {
		if (keep >> c & 1)
			continue;
		if (cap_set_flag(set, CAP_EFFECTIVE, 1, &c, CAP_CLEAR) < 0 ||
		    cap_set_flag(set, CAP_PERMITTED, 1, &c, CAP_CLEAR) < 0)
			return err_sys(err, "capability %d", c);
	}
	if (cap_set_proc(set) < 0)
		return err_sys(err, "cannot give up capabilities");
	return 0;
}
