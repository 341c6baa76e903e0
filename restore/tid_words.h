/* SPDX-License-Identifier: MIT */
/* Words that may be thread ids, noted while pages pass on their way into a process: looking through all of its memory again costs as much as filling it. */
#ifndef PIMAGE_TID_WORDS_H
#define PIMAGE_TID_WORDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct restore;

struct tid_words {
	uint32_t lowest; /* of the saved thread ids */
	uint32_t span;	 /* the highest is that much above */
	bool wanted;	 /* ids change, so that somebody will ask */
	pthread_mutex_t lock;
	uint64_t *words; /* addresses; in no order until tid_words_sort() */
	size_t n_words;
	bool incomplete; /* there are too many, or words came in pieces: all memory has to be looked through */
};

void tid_words_open(struct tid_words *words, const struct restore *restore, uint32_t own_pid);
void tid_words_done(struct tid_words *words);

/* From several threads at once. */
void tid_words_note(struct tid_words *words, uint64_t address, const uint8_t *bytes, size_t size);

void tid_words_sort(struct tid_words *words);

/* The index of the first at or above an address. */
size_t tid_words_find(const struct tid_words *words, uint64_t address);

#endif
