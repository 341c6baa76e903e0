/* SPDX-License-Identifier: MIT */
#include "kernel/processes.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/proc_stat.h"
#include "kernel/readfile.h"

/* Whether it is still there; then what it is. */
static int read_entry(int proc, uint32_t pid, struct process_entry *ret)
{
	_cleanup_free_ char *text = NULL;
	struct proc_stat stat;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "%u/stat", pid);
	if (read_file_at(proc, path, &text, &size, NULL) < 0 ||
	    proc_stat_parse(text, size, &stat, NULL) < 0)
		return -1;
	/* The state is that of the main thread, which may end before the others. */
	*ret = (struct process_entry){ (pid_t)pid, stat.ppid, stat.session,
				       stat.state == 'Z' && stat.num_threads <= 1 };
	return 0;
}

int processes_read(struct processes *ret_processes, struct err *err)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ uint32_t *pids = NULL;
	struct processes processes = { 0 };
	size_t n;

	if (proc < 0)
		return err_sys(err, "cannot open /proc");
	if (list_numbers_at(proc, ".", &pids, &n, err) < 0)
		return -1;
	processes.list = calloc(n + 1, sizeof(*processes.list));
	if (!processes.list)
		return err_sys(err, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (read_entry(proc, pids[i], &processes.list[processes.count]) == 0)
			processes.count++;
	*ret_processes = processes;
	return 0;
}

const struct process_entry *processes_find(const struct processes *processes, pid_t pid)
{
	size_t low = 0, high = processes->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (processes->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < processes->count && processes->list[low].pid == pid ? &processes->list[low]
									 : NULL;
}

void processes_release(struct processes *processes)
{
	free(processes->list);
	*processes = (struct processes){ 0 };
}
