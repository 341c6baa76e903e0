/* SPDX-License-Identifier: MIT */
#include "inspect/pairs.h"

#include "format/err.h"
#include "format/pimage.h"
#include "format/process.h"

#include <stdlib.h>
#include <string.h>

struct keys {
	struct key *keys;
	size_t n_keys;
};

static int add(struct keys *keys, uint32_t first, uint32_t second, struct err *err)
{
	struct key *key = LIST_ADD(keys, keys, err);

	if (!key)
		return -1;
	*key = (struct key){ first, second };
	return 0;
}

static int add_threads(const struct image *image, uint32_t pid, struct keys *keys, struct err *err)
{
	const struct process *process = IMAGE_GET(image, process, pid, 0);

	for (size_t i = 0; i < process->n_threads; i++)
		if (add(keys, pid, process->threads[i], err) < 0)
			return -1;
	return 0;
}

static int add_processes(const struct image *image, enum kind kind, struct keys *keys,
			 struct err *err)
{
	const struct pimage *pimage = IMAGE_GET(image, pimage, 0, 0);
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < pimage->n_pids; i++)
		ret = kind == KIND_thread ? add_threads(image, pimage->pids[i], keys, err)
					  : add(keys, pimage->pids[i], 0, err);
	return ret;
}

static int add_others(const struct image *image, enum kind kind, struct keys *keys, struct err *err)
{
	const struct objects *list = &image->kinds[kind];

	for (size_t i = 0; i < list->n_objects; i++)
		if (add(keys, list->objects[i].key.first, list->objects[i].key.second, err) < 0)
			return -1;
	return 0;
}

int keys_in_order(const struct image *image, enum kind kind, struct key **ret_keys, size_t *ret_n,
		  struct err *err)
{
	struct keys keys = { 0 };
	int ret = strncmp(kinds[kind].path, "processes/", 10) == 0
			  ? add_processes(image, kind, &keys, err)
			  : add_others(image, kind, &keys, err);

	if (ret < 0) {
		free(keys.keys);
		return -1;
	}
	*ret_keys = keys.keys;
	*ret_n = keys.n_keys;
	return 0;
}
