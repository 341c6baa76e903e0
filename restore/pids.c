/* SPDX-License-Identifier: MIT */
#include "restore/pids.h"

#include "format/err.h"
#include "format/process.h"
#include "kernel/capabilities.h"
#include "restore/namespace.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <unistd.h>

static bool may_choose(void)
{
	/* clone3(2), set_tid: either will do. */
	return capabilities_effective() & (CAPABILITY(CHECKPOINT_RESTORE) | CAPABILITY(SYS_ADMIN));
}

static bool is_taken(uint32_t id)
{
	return kill((pid_t)id, 0) == 0 || errno == EPERM;
}

/* The first id of the image that something else has; 0: none. */
static uint32_t taken_id(const struct restore *restore)
{
	IMAGE_EACH (&restore->image, process, process)
		for (size_t i = 0; i < process->n_threads; i++)
			if (is_taken(process->threads[i]))
				return process->threads[i];
	/* Zombies too, and leaders who have ended. */
	for (size_t i = 0; i < restore->lineage.n_nodes; i++) {
		uint32_t number = restore->lineage.nodes[i].number;

		if (number && is_taken(number))
			return number;
	}
	return 0;
}

static void add(struct restore *restore, const char *what, const char *remedy)
{
	problems_add(&restore->problems, VERDICT_BLOCKING, "--pids", "%s", what);
	problems_remedy(&restore->problems, "%s", remedy);
}

static void check_keep(struct restore *restore)
{
	uint32_t taken = taken_id(restore);
	char what[64];

	if (!may_choose())
		add(restore, "keep needs CAP_CHECKPOINT_RESTORE",
		    "--pids=namespace, --pids=new, or run prestore as root");
	if (!taken)
		return;
	snprintf(what, sizeof(what), "process id %u is taken", taken);
	add(restore, what, "--pids=namespace or --pids=new");
}

static void check_namespace(struct restore *restore)
{
	struct err err;

	if (namespace_check(&err) < 0)
		add(restore, err.msg, "--pids=new");
	if (IMAGE_GET(&restore->image, process, 1, 0))
		add(restore, "process id 1 is that of a namespace's init", "--pids=new");
}

static enum pids_mode choose(const struct restore *restore)
{
	if (may_choose() && !taken_id(restore))
		return PIDS_KEEP;
	if (namespace_check(NULL) == 0 && !IMAGE_GET(&restore->image, process, 1, 0))
		return PIDS_NAMESPACE;
	return PIDS_NEW;
}

enum pids_mode pids_choose(struct restore *restore)
{
	enum pids_mode mode = (enum pids_mode)restore->options->pids;

	if (mode == PIDS_AUTO)
		return choose(restore);
	if (mode == PIDS_KEEP)
		check_keep(restore);
	if (mode == PIDS_NAMESPACE)
		check_namespace(restore);
	return mode;
}
