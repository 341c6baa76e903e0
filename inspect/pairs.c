/* SPDX-License-Identifier: MIT */
#include "inspect/pairs.h"

#include "format/cleanup.h"
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

static int compare(const void *a, const void *b)
{
	const struct id_pair *x = a, *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

/* Leaders of thread groups among the threads are the processes. */
int id_pairs_make(const struct image *a, const struct image *b, struct id_pairs *ret_pairs,
		  struct err *err)
{
	_cleanup_free_ struct key *keys_a = NULL;
	_cleanup_free_ struct key *keys_b = NULL;
	struct id_pairs pairs = { 0 };
	size_t n_a, n_b;

	if (keys_in_order(a, KIND_thread, &keys_a, &n_a, err) < 0 ||
	    keys_in_order(b, KIND_thread, &keys_b, &n_b, err) < 0)
		return -1;
	for (size_t i = 0; i < n_a && i < n_b; i++) {
		struct id_pair *pair = LIST_ADD(&pairs, pairs, err);

		if (!pair) {
			free(pairs.pairs);
			return -1;
		}
		*pair = (struct id_pair){ keys_a[i].second, keys_b[i].second };
	}
	if (pairs.n_pairs)
		qsort(pairs.pairs, pairs.n_pairs, sizeof(*pairs.pairs), compare);
	*ret_pairs = pairs;
	return 0;
}

bool id_pairs_match(const struct id_pairs *pairs, uint32_t a, uint32_t b)
{
	const uint32_t mask = 0x3fffffff;
	struct id_pair pair = { a & mask, b & mask };

	return (a & ~mask) == (b & ~mask) && pairs->n_pairs &&
	       bsearch(&pair, pairs->pairs, pairs->n_pairs, sizeof(pair), compare);
}
