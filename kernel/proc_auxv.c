/* SPDX-License-Identifier: MIT */
#include "kernel/proc_auxv.h"

#include <stdlib.h>
#include <string.h>

#include "format/cleanup.h"
#include "format/err.h"

int proc_auxv_parse(const void *blob, size_t size, struct proc_auxv *ret_auxv, struct err *err)
{
	_cleanup_free_ struct auxv_entry *list = NULL;
	size_t room = size / sizeof(*list), count = 0;

	if (size == 0) {
		*ret_auxv = (struct proc_auxv){};
		return 0;
	}
	list = malloc(room ? room * sizeof(*list) : 1);
	if (!list)
		return err_sys(err, "memory for the auxiliary vector");
	memcpy(list, blob, room * sizeof(*list));
	while (count < room && list[count].type != 0)
		count++;
	if (count == room)
		return err_set(err, ERR_FAILED,
			       "auxv: expected AT_NULL at the end, found %zu bytes without it",
			       size);
	*ret_auxv = (struct proc_auxv){ TAKE_PTR(list), count };
	return 0;
}

uint64_t proc_auxv_get(const struct proc_auxv *auxv, uint64_t type, uint64_t otherwise)
{
	for (size_t i = 0; i < auxv->count; i++) {
		if (auxv->list[i].type == type)
			return auxv->list[i].value;
	}
	return otherwise;
}

void proc_auxv_release(struct proc_auxv *auxv)
{
	free(auxv->list);
	*auxv = (struct proc_auxv){};
}
