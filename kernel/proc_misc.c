/* SPDX-License-Identifier: MIT */
#include "kernel/proc_misc.h"

#include <stdlib.h>
#include <string.h>

#include "format/err.h"
#include "kernel/scan.h"

static bool at_end(struct scan *scan)
{
	scan_char(scan, '\n');
	return scan_done(scan);
}

int proc_hex_parse(const char *text, size_t size, const char *what, uint64_t *ret_value,
		   struct err *err)
{
	struct scan scan = scan_text(text, size), whole = scan;
	uint64_t value;

	if (!scan_unsigned(&scan, 16, UINT64_MAX, &value) || !at_end(&scan))
		return scan_failed(&whole, what, 0, "a hexadecimal number", err);
	*ret_value = value;
	return 0;
}

int proc_unsigned_parse(const char *text, size_t size, const char *what, uint64_t *ret_value,
			struct err *err)
{
	struct scan scan = scan_text(text, size), whole = scan;
	uint64_t value;

	if (!scan_unsigned(&scan, 10, UINT64_MAX, &value) || !at_end(&scan))
		return scan_failed(&whole, what, 0, "a number", err);
	*ret_value = value;
	return 0;
}

int proc_signed_parse(const char *text, size_t size, const char *what, int64_t *ret_value,
		      struct err *err)
{
	struct scan scan = scan_text(text, size), whole = scan;
	int64_t value;

	if (!scan_signed(&scan, INT64_MIN, INT64_MAX, &value) || !at_end(&scan))
		return scan_failed(&whole, what, 0, "a number", err);
	*ret_value = value;
	return 0;
}

int proc_comm_parse(const char *text, size_t size, char ret_name[64], struct err *err)
{
	struct scan whole = scan_text(text, size);

	if (size == 0 || size > 64 || text[size - 1] != '\n' || memchr(text, '\0', size))
		return scan_failed(&whole, "comm", 0, "a name of at most 63 bytes and a newline",
				   err);
	memcpy(ret_name, text, size - 1);
	ret_name[size - 1] = '\0';
	return 0;
}

static size_t count_strings(const char *text, size_t size)
{
	const char *end = text + size;
	size_t count = 0;

	for (const char *at = text; at != end; count++) {
		const char *nul = memchr(at, '\0', end - at);

		at = nul ? nul + 1 : end;
	}
	return count;
}

int proc_strings_parse(const char *text, size_t size, struct proc_strings *ret_strings,
		       struct err *err)
{
	size_t count = count_strings(text, size);
	char **list = malloc((count + 1) * sizeof(*list) + size + 1);
	char *at;

	if (!list)
		return err_sys(err, "memory for %zu strings", count);
	at = (char *)(list + count + 1);
	memcpy(at, text, size);
	at[size] = '\0';
	for (size_t i = 0; i < count; i++) {
		list[i] = at;
		at += strlen(at) + 1;
	}
	list[count] = NULL;
	*ret_strings = (struct proc_strings){ list, count, size > 0 && text[size - 1] != '\0' };
	return 0;
}

void proc_strings_release(struct proc_strings *strings)
{
	free(strings->list);
	*strings = (struct proc_strings){};
}

/* " 0x1f" */
static bool take_word(struct scan *scan, uint64_t *ret_value)
{
	return scan_literal(scan, " 0x") && scan_unsigned(scan, 16, UINT64_MAX, ret_value);
}

/* fs/proc/base.c proc_pid_syscall: "running", "-1 SP PC" or "NR six-arguments SP PC". */
int proc_syscall_parse(const char *text, size_t size, struct proc_syscall *ret_syscall,
		       struct err *err)
{
	struct scan scan = scan_text(text, size), whole = scan;
	struct proc_syscall call = { .kind = PROC_SYSCALL_RUNNING };
	bool good = true;

	if (!scan_literal(&scan, "running")) {
		good = scan_signed(&scan, -1, INT64_MAX, &call.nr);
		call.kind = call.nr < 0 ? PROC_SYSCALL_NONE : PROC_SYSCALL_IN;
		for (int i = 0; i < 6 && good && call.kind == PROC_SYSCALL_IN; i++)
			good = take_word(&scan, &call.args[i]);
		good = good && take_word(&scan, &call.sp) && take_word(&scan, &call.pc);
	}
	if (!good || !at_end(&scan))
		return scan_failed(&whole, "syscall", 0, "\"running\" or numbers", err);
	*ret_syscall = call;
	return 0;
}
