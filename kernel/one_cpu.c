/* SPDX-License-Identifier: MIT */
#include "kernel/one_cpu.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long get(uint64_t *mask, size_t size)
{
	return syscall(SYS_sched_getaffinity, 0, size, mask);
}

static long set(pid_t tid, const uint64_t *mask, size_t size)
{
	return syscall(SYS_sched_setaffinity, tid, size, mask);
}

void one_cpu_hold(struct one_cpu *one_cpu)
{
	uint64_t only[SCHED_CPUS_MAX / 64] = { 0 };
	long size = get(one_cpu->mask, sizeof(one_cpu->mask));
	int cpu = sched_getcpu();

	if (size <= 0 || cpu < 0 || cpu >= 8 * size)
		return;
	one_cpu->size = (size_t)size;
	only[cpu / 64] = UINT64_C(1) << cpu % 64;
	one_cpu->held =
		memcmp(only, one_cpu->mask, one_cpu->size) != 0 && set(0, only, one_cpu->size) == 0;
}

/*
 * Since 6.2 the kernel keeps what was asked for, and cuts it by the cpuset whenever that changes (user_cpus_ptr, kernel/sched/core.c). Whoever
 * never asked gets more when the cpuset grows, and so does who asked for all there may be; so that is asked for, unless it is more than before.
 */
void one_cpu_release(struct one_cpu *one_cpu)
{
	uint64_t all[SCHED_CPUS_MAX / 64], now[SCHED_CPUS_MAX / 64];

	if (!one_cpu->held)
		return;
	one_cpu->held = false;
	memset(all, 0xff, sizeof(all));
	if (set(0, all, one_cpu->size) < 0 || get(now, sizeof(now)) != (long)one_cpu->size ||
	    memcmp(now, one_cpu->mask, one_cpu->size) != 0)
		set(0, one_cpu->mask, one_cpu->size);
	else
		memcpy(one_cpu->mask, all, one_cpu->size);
}

void one_cpu_release_born(const struct one_cpu *one_cpu, pid_t tid)
{
	set(tid, one_cpu->mask, one_cpu->size);
}
