/* SPDX-License-Identifier: MIT */
/*
 * limit PID FILE: as little as any program can do that stores the memory of a process by SHA-256: reads the largest mapping, digests it in pieces as
 * those of an image and writes it, by all processors. Nothing is stopped, found out, checked or described.
 */
#include "format/digest.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 64 << 20, STEP = 256 << 10, THREADS_MAX = 64 };

struct work {
	int memory;
	int file;
	unsigned long start;
	unsigned long size;
	atomic_ulong next;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void largest_mapping(const char *pid, struct work *work)
{
	unsigned long start, end;
	char path[64], line[512];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		fail(path);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx rw-p", &start, &end) == 2 && end - start > work->size) {
			work->start = start;
			work->size = end - start;
		}
	fclose(maps);
}

static void do_piece(struct work *work, unsigned long piece, void *buffer)
{
	unsigned long end = piece + PIECE < work->size ? piece + PIECE : work->size;
	struct digest_state state;
	struct digest digest;

	digest_init(&state);
	for (unsigned long at = piece; at < end; at += STEP) {
		size_t size = end - at < STEP ? end - at : STEP;

		if (pread(work->memory, buffer, size, (off_t)(work->start + at)) != (ssize_t)size)
			fail("read");
		digest_update(&state, buffer, size);
		if (pwrite(work->file, buffer, size, (off_t)at) != (ssize_t)size)
			fail("write");
	}
	digest_final(&state, &digest);
}

static void *do_pieces(void *argument)
{
	struct work *work = argument;
	void *buffer = malloc(STEP);
	unsigned long piece;

	if (!buffer)
		fail("memory");
	while ((piece = atomic_fetch_add(&work->next, PIECE)) < work->size)
		do_piece(work, piece, buffer);
	free(buffer);
	return NULL;
}

int main(int argc, char **argv)
{
	long threads = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t others[THREADS_MAX];
	struct work work = { 0 };
	char path[64];

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	work.memory = open(path, O_RDONLY | O_CLOEXEC);
	work.file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (work.memory < 0 || work.file < 0)
		fail(work.memory < 0 ? path : argv[2]);
	largest_mapping(argv[1], &work);
	for (long i = 1; i < threads && i < THREADS_MAX; i++)
		if (pthread_create(&others[i], NULL, do_pieces, &work) != 0)
			fail("thread");
	do_pieces(&work);
	for (long i = 1; i < threads && i < THREADS_MAX; i++)
		pthread_join(others[i], NULL);
	return 0;
}
