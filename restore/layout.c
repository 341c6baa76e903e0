/* SPDX-License-Identifier: MIT */
#include "restore/layout.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <linux/prctl.h>
#include <string.h>
#include <sys/syscall.h>

/* AT_VECTOR_SIZE of the kernel is larger than what programs get; both are bounded by this. */
enum { AUXV_WORDS_MAX = 128 };

int layout_apply(const struct memory *memory, struct remote_batch *batch, struct err *err)
{
	const struct layout *layout = &memory->layout;
	uint64_t auxv[AUXV_WORDS_MAX] = { 0 };
	size_t words = 0;
	struct prctl_mm_map map = {
		.start_code = layout->start_code,
		.end_code = layout->end_code,
		.start_data = layout->start_data,
		.end_data = layout->end_data,
		.start_brk = layout->start_brk,
		.brk = layout->brk,
		.start_stack = layout->start_stack,
		.arg_start = layout->arg_start,
		.arg_end = layout->arg_end,
		.env_start = layout->env_start,
		.env_end = layout->env_end,
		/* The executable is right already, by exec; changing it would need a capability. */
		.exe_fd = (uint32_t)-1,
	};

	if (memory->n_auxv * 2 + 2 > AUXV_WORDS_MAX)
		return err_set(err, ERR_IMAGE, "%zu auxiliary values are too many", memory->n_auxv);
	for (size_t i = 0; i < memory->n_auxv; i++) {
		auxv[words++] = memory->auxv[i].type;
		auxv[words++] = memory->auxv[i].value;
	}
	/* AT_NULL. The kernel takes the vector from the caller's memory. */
	words += 2;
	map.auxv_size = (uint32_t)(words * sizeof(*auxv));
	map.auxv = (void *)remote_data(batch, auxv, words * sizeof(*auxv));
	remote_push(batch, REMOTE_CALL(prctl, PR_SET_MM, PR_SET_MM_MAP,
				       remote_data(batch, &map, sizeof(map)), sizeof(map), 0));
	return 0;
}
