/* SPDX-License-Identifier: MIT */
#include "format/external.h"

#include "format/err.h"
#include "restore/descriptors.h"

static int check(struct restore *restore, const struct file *file, const void *state,
		 struct err *err)
{
	const struct external *external = state;

	(void)err;
	if (!descriptors_foreign(restore, file))
		file_problem(restore, file, VERDICT_BLOCKING,
			     "--fd N=FILE, N=inherit:M or N=null says what it becomes",
			     "%s ended outside of what was saved", external->what);
	return 0;
}

static int open_it(struct restore *restore, const struct file *file, const void *state, int *ret_fd,
		   struct err *err)
{
	(void)restore;
	(void)file;
	(void)state;
	(void)ret_fd;
	return err_set(err, ERR_FAILED, "it is nothing that can be made");
}

const struct file_type_restorer external_type_restorer = { .record = &external_record,
							   .check = check,
							   .open = open_it };
