/* SPDX-License-Identifier: MIT */
/* Every thread with its registers and all that belongs to it alone. */
#include "format/thread.h"
#include "inspect/inspect.h"

int threads_print(struct inspect *inspect, FILE *out, struct err *err)
{
	const struct objects *list = &inspect->image.kinds[KIND_thread];
	uint32_t last = 0;

	(void)err;
	for (size_t i = 0; i < list->n_objects; i++) {
		uint32_t pid = list->objects[i].key.first;

		if (!inspect_wants(inspect, pid))
			continue;
		if (pid != last)
			inspect_heading(inspect, pid, out);
		last = pid;
		fprintf(out, "thread %u\n", list->objects[i].key.second);
		record_print(&thread_record, list->objects[i].record, 2, out);
	}
	return 0;
}
