/* SPDX-License-Identifier: MIT */
#include "restore/tid_words.h"

#include "format/search.h"
#include "format/thread.h"
#include "restore/restore.h"

#include <stdlib.h>
#include <string.h>

/* What an image made for that could else cost in memory. */
enum { WORDS_MAX = 1 << 20 };

void tid_words_open(struct tid_words *words, const struct restore *restore, uint32_t own_pid)
{
	const struct objects *threads = &restore->image.kinds[KIND_thread];
	uint32_t lowest = UINT32_MAX, highest = 0;

	*words = (struct tid_words){ .wanted = !restore->keep };
	pthread_mutex_init(&words->lock, NULL);
	for (size_t i = 0; i < threads->n_objects; i++) {
		uint32_t id = threads->objects[i].key.second;

		if (threads->objects[i].key.first != own_pid)
			continue;
		lowest = id < lowest ? id : lowest;
		highest = id > highest ? id : highest;
	}
	words->lowest = lowest;
	words->span = highest - lowest;
}

void tid_words_done(struct tid_words *words)
{
	pthread_mutex_destroy(&words->lock);
	free(words->words);
	*words = (struct tid_words){ 0 };
}

static void add(struct tid_words *words, uint64_t address)
{
	uint64_t *slot = NULL;

	pthread_mutex_lock(&words->lock);
	if (words->n_words < WORDS_MAX)
		slot = LIST_ADD(words, words, NULL);
	if (slot)
		*slot = address;
	else
		words->incomplete = true;
	pthread_mutex_unlock(&words->lock);
}

void tid_words_note(struct tid_words *words, uint64_t address, const uint8_t *bytes, size_t size)
{
	if (!words->wanted)
		return;
	if (address % sizeof(uint64_t) || size % sizeof(uint64_t)) {
		words->incomplete = true;
		return;
	}
	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint32_t word;

		memcpy(&word, bytes + i, sizeof(word));
		if (word - words->lowest <= words->span)
			add(words, address + i);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void tid_words_sort(struct tid_words *words)
{
	if (words->n_words)
		qsort(words->words, words->n_words, sizeof(*words->words), compare);
}

size_t tid_words_find(const struct tid_words *words, uint64_t address)
{
	return SEARCH(words->n_words, i, words->words[i] < address);
}
