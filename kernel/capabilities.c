/* SPDX-License-Identifier: MIT */
#include "kernel/capabilities.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/err.h"

/* capget(2) and capset(2) with both halves of each set. libcap asks for every capability by a call of its own, three times over. */
struct sets {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct halves[2];
};

static bool read_sets(struct sets *ret)
{
	*ret = (struct sets){ .header = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	return syscall(SYS_capget, &ret->header, ret->halves) == 0;
}

uint64_t capabilities_effective(void)
{
	struct sets sets;

	if (!read_sets(&sets))
		return 0;
	return sets.halves[0].effective | (uint64_t)sets.halves[1].effective << 32;
}

int capabilities_keep(uint64_t keep, struct err *err)
{
	struct sets sets;

	if (!read_sets(&sets))
		return err_sys(err, "cannot read the capabilities of this program");
	for (unsigned i = 0; i < 2; i++) {
		sets.halves[i].effective &= (uint32_t)(keep >> (32 * i));
		sets.halves[i].permitted &= (uint32_t)(keep >> (32 * i));
	}
	if (syscall(SYS_capset, &sets.header, sets.halves) < 0)
		return err_sys(err, "cannot give up capabilities");
	return 0;
}
