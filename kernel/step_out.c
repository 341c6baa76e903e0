/* SPDX-License-Identifier: MIT */
#include "kernel/step_out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/freeze.h"
#include "kernel/maps_file.h"
#include "kernel/tracee.h"

enum { STEPS_MAX = 5000 };

struct stretch {
	uint64_t start;
	uint64_t end;
};

/* Where threads of a process stand. */
struct search {
	const struct frozen *frozen;
	struct stretch vdso;
	struct stretch other; /* a mapping that is not it */
};

static bool is_in(const struct stretch *stretch, uint64_t address)
{
	return address >= stretch->start && address < stretch->end;
}

/* A step ends with SIGTRAP; any other signal is one that is on its way to the thread and goes with the next step. */
static int step(const struct frozen *frozen, struct frozen_thread *thread, int *signal_number,
		struct err *err)
{
	struct stop stop;

	if (tracee_resume(thread->tid, PTRACE_SINGLESTEP, *signal_number, err) < 0 ||
	    tracee_wait(thread->tid, frozen->timeout_ms, &stop, err) < 0)
		return -1;
	if (stop.kind == STOP_GONE)
		return err_set(err, ERR_GONE, "thread %d ended", thread->tid);
	*signal_number = stop.kind == STOP_SIGNAL && stop.signal != SIGTRAP ? stop.signal : 0;
	return arch_regs_get(thread->tid, &thread->regs, err);
}

static int leave(const struct frozen *frozen, struct frozen_thread *thread,
		 const struct stretch *vdso, struct err *err)
{
	int signal_number = 0;

	/* Also as long as a signal waits to be handed over: it would be lost. */
	for (int i = 0; i < STEPS_MAX; i++) {
		if (!is_in(vdso, arch_regs_ip(&thread->regs)) && !signal_number)
			break;
		if (step(frozen, thread, &signal_number, err) < 0)
			return err_prefix(err, "leaving the vDSO");
	}
	return 0;
}

/* Most threads wait in another system call: nothing need be asked about them. These are what its functions fall back to. */
static bool may_be_inside(const struct frozen_thread *thread)
{
	static const long calls[] = { SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
				      SYS_time,		 SYS_getcpu,	   SYS_getrandom };
	long number = arch_regs_syscall(&thread->regs);

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (number == calls[i])
			return true;
	return number < 0;
}

/* Returns whether the kernel could be asked. */
static bool query(struct search *search, int maps, uint64_t address)
{
	char name[256] = "";
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = address,
		.vma_name_addr = (uintptr_t)name,
		.vma_name_size = sizeof(name),
	};

	/* Nothing there, or the long name of a file. */
	if (ioctl(maps, PROCMAP_QUERY, &query) < 0)
		return errno == ENOENT || errno == ENAMETOOLONG;
	*(strcmp(name, "[vdso]") == 0 ? &search->vdso : &search->other) =
		(struct stretch){ query.vma_start, query.vma_end };
	return true;
}

static int find_in_list(struct search *search, const char *path, struct err *err)
{
	_cleanup_(maps_release) struct maps maps = { 0 };

	if (maps_read_at(AT_FDCWD, path, &maps, err) < 0)
		return -1;
	search->other = (struct stretch){ 0, UINT64_MAX };
	for (size_t i = 0; i < maps.count; i++)
		if (maps.list[i].kind == MAP_KIND_VDSO)
			search->vdso = (struct stretch){ maps.list[i].start, maps.list[i].end };
	return 0;
}

static int look_at(struct search *search, uint64_t address, struct err *err)
{
	_cleanup_close_ int maps = -1;
	char path[32];

	if (search->vdso.end || is_in(&search->other, address))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", search->frozen->memory.pid);
	if (feature_on(search->frozen->features, FEATURE_PROCMAP_QUERY)) {
		maps = open(path, O_RDONLY | O_CLOEXEC);
		if (maps >= 0 && query(search, maps, address))
			return 0;
	}
	return find_in_list(search, path, err);
}

int frozen_leave_vdso(struct frozen *frozen, struct err *err)
{
	struct search search = { .frozen = frozen };

	for (size_t i = 0; i < frozen->n_threads; i++) {
		struct frozen_thread *thread = frozen->threads[i];
		uint64_t ip = arch_regs_ip(&thread->regs);

		if (thread->stop_signal || !may_be_inside(thread))
			continue;
		if (look_at(&search, ip, err) < 0)
			return -1;
		if (is_in(&search.vdso, ip) && leave(frozen, thread, &search.vdso, err) < 0)
			return -1;
	}
	return 0;
}

unsigned frozen_count_inside(const struct frozen *frozen, uint64_t start, uint64_t end)
{
	const struct stretch stretch = { start, end };
	unsigned count = 0;

	for (size_t i = 0; i < frozen->n_threads; i++)
		count += is_in(&stretch, arch_regs_ip(&frozen->threads[i]->regs));
	return count;
}
