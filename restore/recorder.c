/* SPDX-License-Identifier: MIT */
#include "restore/recorder.h"

#include "cli/output.h"
#include "cli/progress.h"
#include "format/cleanup.h"
#include "format/err.h"

#include <stdlib.h>

static struct recorded *find(const struct recorder *recorder, uint32_t own_pid)
{
	for (size_t i = 0; i < recorder->n_processes; i++)
		if (recorder->processes[i].wanted.pid == own_pid)
			return &recorder->processes[i];
	return NULL;
}

int recorder_expect(struct recorder *recorder, uint32_t own_pid, uint64_t start, uint64_t end,
		    struct err *err)
{
	struct recorded *process = find(recorder, own_pid);

	if (!process)
		process = LIST_ADD(recorder, processes, err);
	if (!process)
		return -1;
	process->wanted.pid = own_pid;
	return pending_add(&process->rest, (struct pending_run){ start, end, 0 }, err);
}

void recorder_begin(struct recorder *recorder)
{
	recorder->until = progress_now() + recorder->time;
}

bool recorder_goes_on(const struct recorder *recorder)
{
	return !recorder->until || progress_now() < recorder->until;
}

static int append(struct wanted_pages *wanted, uint64_t start, uint64_t end, struct err *err)
{
	struct range *last = wanted->n_ranges ? &wanted->ranges[wanted->n_ranges - 1] : NULL;

	if (last && last->end == start) {
		last->end = end;
		return 0;
	}
	last = LIST_ADD(wanted, ranges, err);
	if (!last)
		return -1;
	*last = (struct range){ start, end };
	return 0;
}

int recorder_note(struct recorder *recorder, uint32_t own_pid, uint64_t start, uint64_t end,
		  struct err *err)
{
	struct recorded *process = find(recorder, own_pid);
	struct pending *rest;

	if (!process)
		return 0;
	rest = &process->rest;
	for (size_t i = pending_find(rest, start); i < rest->n_runs; i++) {
		uint64_t from = rest->runs[i].start, to = rest->runs[i].end;

		if (from >= end)
			break;
		from = from > start ? from : start;
		to = to < end ? to : end;
		if (from < to && append(&process->wanted, from, to, err) < 0)
			return -1;
	}
	return pending_remove(rest, start, end, err);
}

/* Those that asked for something. */
static int select_wanted(const struct recorder *recorder, struct working_set *ret_set,
			 struct err *err)
{
	for (size_t i = 0; i < recorder->n_processes; i++) {
		const struct wanted_pages *wanted = &recorder->processes[i].wanted;
		struct wanted_pages *slot;

		if (!wanted->n_ranges)
			continue;
		slot = LIST_ADD(ret_set, processes, err);
		if (!slot)
			return -1;
		*slot = *wanted;
	}
	return 0;
}

static int put(int fd, const char *text, size_t size, struct err *err)
{
	while (size) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write");
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

int recorder_write(const struct recorder *recorder, const char *path, struct err *err)
{
	_cleanup_(output_done) struct output output = OUTPUT_EMPTY;
	_cleanup_free_ char *text = NULL;
	struct working_set set = { 0 };
	size_t size;
	int ret;

	ret = select_wanted(recorder, &set, err);
	if (ret == 0)
		ret = record_encode(&working_set_record, &set, &text, &size, err);
	free(set.processes);
	if (ret < 0 || output_open(path, &output, err) < 0 || put(output.fd, text, size, err) < 0)
		return -1;
	return output_commit(&output, err);
}

void recorder_done(struct recorder *recorder)
{
	for (size_t i = 0; i < recorder->n_processes; i++) {
		pending_done(&recorder->processes[i].rest);
		free(recorder->processes[i].wanted.ranges);
	}
	free(recorder->processes);
	*recorder = (struct recorder){ 0 };
}
