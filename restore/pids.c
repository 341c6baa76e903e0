/* SPDX-License-Identifier: MIT */
#include "restore/pids.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/process.h"
#include "kernel/capabilities.h"
#include "kernel/readfile.h"
#include "restore/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
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

typedef void taken_fn(struct restore *restore, uint32_t id);

static bool ask(struct restore *restore, uint32_t id, taken_fn *one)
{
	if (!is_taken(id))
		return false;
	if (one)
		one(restore, id);
	return true;
}

/* Calls one for every id of the image that something else has. Returns how many there are. */
static unsigned each_taken(struct restore *restore, taken_fn *one)
{
	unsigned taken = 0;

	IMAGE_EACH (&restore->image, process, process)
		for (size_t i = 0; i < process->n_threads; i++)
			taken += ask(restore, process->threads[i], one);
	/* Zombies, too, and leaders who have ended. */
	for (size_t i = 0; i < restore->lineage.n_nodes; i++)
		if (!restore->lineage.nodes[i].process && restore->lineage.nodes[i].number)
			taken += ask(restore, restore->lineage.nodes[i].number, one);
	return taken;
}

static void tell_taken(struct restore *restore, uint32_t id)
{
	_cleanup_free_ char *name = NULL;
	char path[32], object[24];

	snprintf(path, sizeof(path), "/proc/%u/comm", id);
	if (read_file_at(AT_FDCWD, path, &name, NULL, NULL) == 0)
		name[strcspn(name, "\n")] = '\0';
	snprintf(object, sizeof(object), "pid %u", id);
	problems_add(&restore->problems, VERDICT_BLOCKING, object, "this id is taken by %s",
		     name ? name : "another process");
	problems_remedy(&restore->problems, "end that one, or --pids=namespace, or --pids=new");
}

static void add(struct restore *restore, const char *what, const char *remedy)
{
	problems_add(&restore->problems, VERDICT_BLOCKING, "--pids", "%s", what);
	problems_remedy(&restore->problems, "%s", remedy);
}

static void check_keep(struct restore *restore)
{
	if (!may_choose())
		add(restore, "keep needs CAP_CHECKPOINT_RESTORE",
		    "--pids=namespace, --pids=new, or run prestore as root");
	each_taken(restore, tell_taken);
}

static void check_namespace(struct restore *restore)
{
	struct err err;

	if (namespace_check(&err) < 0)
		add(restore, err.msg, "--pids=new");
	if (IMAGE_GET(&restore->image, process, 1, 0))
		add(restore, "process id 1 is that of a namespace's init", "--pids=new");
}

static enum pids_mode choose(struct restore *restore)
{
	if (restore->options->copies <= 1 && may_choose() && !each_taken(restore, NULL))
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
