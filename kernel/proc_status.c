/* SPDX-License-Identifier: MIT */
#include "kernel/proc_status.h"

#include <string.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/array.h"
#include "kernel/scan.h"

/* Each takes the value of one line and stores it at `at`, a member of status. False: malformed. */
typedef bool take(struct scan *value, struct proc_status *status, void *at);

/* The kernel escapes the newline and the backslash, as string_escape_mem does: "\n" and "\\". */
static bool take_name(struct scan *value, struct proc_status *status, void *at)
{
	char *out = at, *end = out + sizeof(status->name) - 1;

	while (!scan_done(value)) {
		if (out == end)
			return false;
		if (scan_literal(value, "\\n"))
			*out++ = '\n';
		else if (scan_literal(value, "\\\\"))
			*out++ = '\\';
		else
			*out++ = *value->at++;
	}
	*out = '\0';
	return true;
}

/* "S (sleeping)": the letter says it all. */
static bool take_state(struct scan *value, struct proc_status *status, void *at)
{
	(void)status;
	if (scan_done(value))
		return false;
	*(char *)at = *value->at;
	value->at = value->end;
	return *(char *)at > ' ';
}

static bool take_int(struct scan *value, struct proc_status *status, void *at)
{
	int64_t number;

	(void)status;
	if (!scan_signed(value, INT32_MIN, INT32_MAX, &number))
		return false;
	*(int32_t *)at = number;
	return true;
}

static bool take_unsigned(struct scan *value, struct proc_status *status, void *at)
{
	uint64_t number;

	(void)status;
	if (!scan_unsigned(value, 10, UINT32_MAX, &number))
		return false;
	*(uint32_t *)at = number;
	return true;
}

static bool take_octal(struct scan *value, struct proc_status *status, void *at)
{
	uint64_t number;

	(void)status;
	if (!scan_unsigned(value, 8, 07777, &number))
		return false;
	*(int32_t *)at = number;
	return true;
}

static bool take_bool(struct scan *value, struct proc_status *status, void *at)
{
	uint64_t number;

	(void)status;
	if (!scan_unsigned(value, 10, 1, &number))
		return false;
	*(bool *)at = number;
	return true;
}

static bool take_thp(struct scan *value, struct proc_status *status, void *at)
{
	uint64_t number;

	(void)status;
	if (!scan_unsigned(value, 10, 1, &number))
		return false;
	*(int8_t *)at = number;
	return true;
}

static bool take_mask(struct scan *value, struct proc_status *status, void *at)
{
	(void)status;
	return scan_unsigned(value, 16, UINT64_MAX, at);
}

static bool take_id_set(struct scan *value, struct proc_status *status, void *at)
{
	struct id_set *set = at;
	uint32_t *ids[] = { &set->real, &set->effective, &set->saved, &set->fs };

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		scan_blanks(value);
		if (!take_unsigned(value, status, ids[i]))
			return false;
	}
	return true;
}

static bool take_groups(struct scan *value, struct proc_status *status, void *at)
{
	for (; !scan_done(value); scan_blanks(value)) {
		uint32_t *group = ARRAY_ADD(&status->groups, &status->n_groups, NULL);

		(void)at;
		if (!group || !take_unsigned(value, status, group))
			return false;
	}
	return true;
}

static bool take_ns_ids(struct scan *value, struct proc_status *status, void *at)
{
	struct ns_ids *ids = at;

	for (ids->count = 0; !scan_done(value); ids->count++) {
		if (ids->count == sizeof(ids->id) / sizeof(*ids->id) ||
		    !take_int(value, status, &ids->id[ids->count]))
			return false;
		scan_blanks(value);
	}
	return true;
}

static bool take_features(struct scan *value, struct proc_status *status, void *at)
{
	uint32_t *features = at;

	(void)status;
	*features = 0;
	for (; !scan_done(value); scan_blanks(value)) {
		const char *word = value->at;
		size_t length;

		while (!scan_done(value) && *value->at != ' ' && *value->at != '\t')
			value->at++;
		length = value->at - word;
		if (length == 5 && memcmp(word, "shstk", 5) == 0)
			*features |= THREAD_FEATURE_SHSTK;
		else if (length == 4 && memcmp(word, "wrss", 4) == 0)
			*features |= THREAD_FEATURE_WRSS;
		else
			*features |= THREAD_FEATURE_OTHER;
	}
	return true;
}

#define AT(member) offsetof(struct proc_status, member)

static const struct key {
	const char *key;
	take *take;
	size_t offset;
	bool required;
} keys[] = {
	{ "Name:", take_name, AT(name), true },
	{ "Umask:", take_octal, AT(umask), false },
	{ "State:", take_state, AT(state), true },
	{ "Tgid:", take_int, AT(tgid), true },
	{ "Ngid:", take_int, AT(ngid), false },
	{ "Pid:", take_int, AT(pid), true },
	{ "PPid:", take_int, AT(ppid), true },
	{ "TracerPid:", take_int, AT(tracer_pid), true },
	{ "Uid:", take_id_set, AT(uid), true },
	{ "Gid:", take_id_set, AT(gid), true },
	{ "Groups:", take_groups, AT(groups), true },
	{ "NStgid:", take_ns_ids, AT(ns_tgid), false },
	{ "NSpid:", take_ns_ids, AT(ns_pid), false },
	{ "NSpgid:", take_ns_ids, AT(ns_pgid), false },
	{ "NSsid:", take_ns_ids, AT(ns_sid), false },
	{ "Kthread:", take_bool, AT(kernel_thread), false },
	{ "CoreDumping:", take_bool, AT(core_dumping), false },
	{ "THP_enabled:", take_thp, AT(thp_enabled), false },
	{ "Threads:", take_unsigned, AT(threads), true },
	{ "SigPnd:", take_mask, AT(sig_pending), true },
	{ "ShdPnd:", take_mask, AT(sig_shared_pending), true },
	{ "SigBlk:", take_mask, AT(sig_blocked), true },
	{ "SigIgn:", take_mask, AT(sig_ignored), true },
	{ "SigCgt:", take_mask, AT(sig_caught), true },
	{ "CapInh:", take_mask, AT(cap_inheritable), true },
	{ "CapPrm:", take_mask, AT(cap_permitted), true },
	{ "CapEff:", take_mask, AT(cap_effective), true },
	{ "CapBnd:", take_mask, AT(cap_bounding), true },
	{ "CapAmb:", take_mask, AT(cap_ambient), false },
	{ "NoNewPrivs:", take_bool, AT(no_new_privs), true },
	{ "Seccomp:", take_unsigned, AT(seccomp), false },
	{ "Seccomp_filters:", take_unsigned, AT(seccomp_filters), false },
	{ "x86_Thread_features:", take_features, AT(thread_features), false },
	{ "x86_Thread_features_locked:", take_features, AT(thread_features_locked), false },
};

#define N_KEYS (sizeof(keys) / sizeof(*keys))

/*
 * Index into keys of the key that starts the line, which is then behind it; N_KEYS if none. The kernel
 * has them in this order too, so that the one after the last one found is looked at first.
 */
static size_t take_key(struct scan *line, size_t first)
{
	for (size_t n = 0; n < N_KEYS; n++) {
		size_t i = first + n < N_KEYS ? first + n : first + n - N_KEYS;

		if (*line->at == keys[i].key[0] && scan_literal(line, keys[i].key))
			return i;
	}
	return N_KEYS;
}

static int take_line(struct scan line, struct proc_status *status, uint64_t *seen, size_t *next,
		     size_t number, struct err *err)
{
	const struct scan whole = line;
	size_t i = scan_done(&line) ? N_KEYS : take_key(&line, *next);

	if (i == N_KEYS)
		return 0;
	*next = i + 1;
	if (*seen & UINT64_C(1) << i)
		return scan_failed(&whole, "status", number, "each key once", err);
	*seen |= UINT64_C(1) << i;
	/* One tab only: a name may begin with blanks. */
	scan_char(&line, '\t');
	if (keys[i].take != take_name)
		scan_blanks(&line);
	if (!keys[i].take(&line, status, (char *)status + keys[i].offset))
		return scan_failed(&whole, "status", number, "a value that fits the key", err);
	scan_blanks(&line);
	if (!scan_done(&line))
		return scan_failed(&whole, "status", number, "nothing more on the line", err);
	return 0;
}

int proc_status_parse(const char *text, size_t size, struct proc_status *ret_status,
		      struct err *err)
{
	_cleanup_(proc_status_release) struct proc_status status = { .umask = -1,
								     .thp_enabled = -1 };
	struct scan in = scan_text(text, size), line;
	size_t number = 0, next = 0;
	uint64_t seen = 0;

	_Static_assert(N_KEYS <= 64, "seen has a bit for each key");
	while (scan_line(&in, &line, NULL)) {
		if (take_line(line, &status, &seen, &next, ++number, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < N_KEYS; i++) {
		if (keys[i].required && !(seen & UINT64_C(1) << i))
			return err_set(err, ERR_FAILED, "status: the line \"%s\" is missing",
				       keys[i].key);
	}
	*ret_status = status;
	status = (struct proc_status){};
	return 0;
}

void proc_status_release(struct proc_status *status)
{
	free(status->groups);
	*status = (struct proc_status){};
}
