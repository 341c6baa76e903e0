/* SPDX-License-Identifier: MIT */
#include "restore/credentials.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/task_status.h"

#include <linux/capability.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/syscall.h>

enum { CAPABILITIES = 64 };

static bool same_ids(const struct ids *a, const struct id_set *b)
{
	return a->real == b->real && a->effective == b->effective && a->saved == b->saved &&
	       a->filesystem == b->fs;
}

static bool same_groups(const struct credentials *saved, const struct proc_status *now)
{
	return saved->n_groups == now->n_groups &&
	       (!now->n_groups ||
		memcmp(saved->groups, now->groups, now->n_groups * sizeof(*now->groups)) == 0);
}

/* Where it takes privilege to set them; else they are those of prestore. */
static void check_groups(struct restore *restore, const char *object,
			 const struct credentials *saved, const struct proc_status *own)
{
	if (!(own->cap_effective >> CAP_SETGID & 1) || same_groups(saved, own) ||
	    credentials_fit(saved, REMOTE_DATA_MAX))
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, object,
		     "it has %zu supplementary groups; at most %zu can be given to it",
		     saved->n_groups, REMOTE_DATA_MAX / sizeof(*saved->groups));
	problems_remedy(&restore->problems, "start prestore with these groups, setpriv --groups");
}

void credentials_check(struct restore *restore, const char *object, const struct credentials *saved)
{
	_cleanup_(proc_status_release) struct proc_status own = { 0 };
	uint64_t beyond;

	if (task_status(getpid(), &own, NULL) < 0)
		return;
	check_groups(restore, object, saved, &own);
	if (geteuid() == 0)
		return;
	if (!same_ids(&saved->uids, &own.uid) || !same_ids(&saved->gids, &own.gid)) {
		problems_add(&restore->problems, VERDICT_BLOCKING, object,
			     "it belongs to user %u, group %u; this is user %u, group %u",
			     saved->uids.effective, saved->gids.effective, own.uid.effective,
			     own.gid.effective);
		problems_remedy(&restore->problems, "run prestore as that user, or as root");
	} else if (!same_groups(saved, &own)) {
		problems_add(&restore->problems, VERDICT_APPROXIMATED, object,
			     "its supplementary groups become those of prestore");
	}
	beyond = saved->capabilities.permitted & ~own.cap_permitted;
	if (beyond) {
		problems_add(&restore->problems, VERDICT_BLOCKING, object,
			     "it has capabilities 0x%lx that this user has not", beyond);
		problems_remedy(&restore->problems, "run prestore as root");
	}
}

static void push_capset(struct remote_batch *batch, const struct capability_sets *sets)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	uint64_t at;

	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(sets->effective >> (32 * i)),
			.permitted = (uint32_t)(sets->permitted >> (32 * i)),
			.inheritable = (uint32_t)(sets->inheritable >> (32 * i)),
		};
	at = remote_data(batch, &header, sizeof(header));
	remote_push(batch, REMOTE_CALL(capset, at, remote_data(batch, data, sizeof(data))));
}

/* Needs CAP_SETPCAP in effect, which changing ids takes away. What is missing already cannot come back. */
static void push_bounding(struct remote_batch *batch, const struct capability_sets *saved,
			  const struct proc_status *now)
{
	for (uint32_t c = 0; c < CAPABILITIES; c++)
		if (now->cap_bounding >> c & 1 && !(saved->bounding >> c & 1) &&
		    now->cap_effective >> CAP_SETPCAP & 1)
			remote_push(batch, REMOTE_CALL(prctl, PR_CAPBSET_DROP, c));
}

static void push_capabilities(struct remote_batch *batch, const struct capability_sets *saved)
{
	push_capset(batch, saved);
	remote_push(batch, REMOTE_CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL));
	for (uint32_t c = 0; c < CAPABILITIES; c++)
		if (saved->ambient >> c & 1)
			remote_push(batch,
				    REMOTE_CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c));
}

static void push_ids(struct remote_batch *batch, const struct credentials *saved,
		     const struct proc_status *now)
{
	if (!same_groups(saved, now) && now->cap_effective >> CAP_SETGID & 1)
		remote_push(batch,
			    REMOTE_CALL(setgroups, saved->n_groups,
					remote_data(batch, saved->groups,
						    saved->n_groups * sizeof(*saved->groups))));
	/* Else leaving user 0 would clear the permitted set before it can be cut to the saved one. */
	remote_push(batch, REMOTE_CALL(prctl, PR_SET_KEEPCAPS, 1));
	if (!same_ids(&saved->gids, &now->gid))
		remote_push(batch, REMOTE_CALL(setresgid, saved->gids.real, saved->gids.effective,
					       saved->gids.saved));
	if (!same_ids(&saved->uids, &now->uid))
		remote_push(batch, REMOTE_CALL(setresuid, saved->uids.real, saved->uids.effective,
					       saved->uids.saved));
	/* They follow the effective ids, so they come last. */
	if (saved->gids.filesystem != saved->gids.effective)
		remote_push(batch, REMOTE_CALL(setfsgid, saved->gids.filesystem));
	if (saved->uids.filesystem != saved->uids.effective)
		remote_push(batch, REMOTE_CALL(setfsuid, saved->uids.filesystem));
	remote_push(batch, REMOTE_CALL(prctl, PR_SET_KEEPCAPS, 0));
}

static bool same(const struct credentials *saved, const struct proc_status *now,
		 uint32_t securebits)
{
	const struct capability_sets *caps = &saved->capabilities;

	return same_ids(&saved->uids, &now->uid) && same_ids(&saved->gids, &now->gid) &&
	       (same_groups(saved, now) || !(now->cap_effective >> CAP_SETGID & 1)) &&
	       caps->permitted == now->cap_permitted && caps->effective == now->cap_effective &&
	       caps->inheritable == now->cap_inheritable && caps->ambient == now->cap_ambient &&
	       saved->securebits == securebits && saved->no_new_privs == now->no_new_privs;
}

int credentials_look(struct canvas *canvas, const struct credentials *saved,
		     struct credentials_change *ret, struct err *err)
{
	if (task_status(canvas->pid, &ret->now, err) < 0)
		return -1;
	ret->securebits = canvas->securebits;
	ret->none = same(saved, &ret->now, ret->securebits);
	return 0;
}

void credentials_look_done(struct credentials_change *change)
{
	proc_status_release(&change->now);
}

bool credentials_fit(const struct credentials *saved, size_t bytes)
{
	return saved->n_groups * sizeof(*saved->groups) <= bytes;
}

void credentials_push(struct remote_batch *batch, const struct credentials *saved,
		      const struct credentials_change *change)
{
	if (change->none)
		return;
	push_bounding(batch, &saved->capabilities, &change->now);
	if (saved->securebits != change->securebits)
		remote_push(batch, REMOTE_CALL(prctl, PR_SET_SECUREBITS, saved->securebits));
	push_ids(batch, saved, &change->now);
	push_capabilities(batch, &saved->capabilities);
	if (saved->no_new_privs)
		remote_push(batch, REMOTE_CALL(prctl, PR_SET_NO_NEW_PRIVS, 1));
}

int credentials_apply(struct canvas *canvas, const struct credentials *saved, struct err *err)
{
	_cleanup_(credentials_look_done) struct credentials_change change = { 0 };
	size_t n = canvas->credited ? 1 : canvas->frozen.n_threads;

	if (credentials_look(canvas, saved, &change, err) < 0)
		return -1;
	/* All threads are clones of the first, so what holds for it holds for all. */
	for (size_t i = 0; i < n && !change.none; i++) {
		_cleanup_batch_ struct remote_batch *batch = NULL;

		if (i == 0) {
			credentials_push(canvas_later(canvas), saved, &change);
			continue;
		}
		batch = remote_batch_new(&canvas->remote);
		credentials_push(batch, saved, &change);
		if (remote_run_all(&canvas->remote, canvas->frozen.threads[i], batch, err) < 0)
			return err_prefix(err, "credentials");
	}
	return 0;
}
