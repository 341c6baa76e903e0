/* SPDX-License-Identifier: MIT */
#include "kernel/sched.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { CPUS_MAX = SCHED_CPUS_MAX };

static void add_span(char *text, size_t size, size_t *length, int first, int last)
{
	const char *comma = *length ? "," : "";

	if (first == last)
		*length += (size_t)snprintf(text + *length, size - *length, "%s%d", comma, first);
	else
		*length += (size_t)snprintf(text + *length, size - *length, "%s%d-%d", comma, first,
					    last);
}

/* "0-3,8". NULL: no memory. */
static char *affinity_text(const cpu_set_t *set, size_t bytes)
{
	const size_t room = 6 * CPUS_MAX;
	_cleanup_free_ char *text = malloc(room);
	size_t length = 0;

	if (!text)
		return NULL;
	text[0] = '\0';
	for (int cpu = 0; cpu < 8 * (int)bytes; cpu++) {
		int last = cpu;

		if (!CPU_ISSET_S((size_t)cpu, bytes, set))
			continue;
		while (last + 1 < 8 * (int)bytes && CPU_ISSET_S((size_t)last + 1, bytes, set))
			last++;
		add_span(text, room, &length, cpu, last);
		cpu = last;
	}
	return strdup(text);
}

/* Unlike the C library, the kernel tells how many bytes it has. */
static int get_cpus(pid_t tid, struct sched_answers *ret, struct err *err)
{
	ret->used = syscall(SYS_sched_getaffinity, tid, sizeof(ret->cpus), ret->cpus);
	if (ret->used < 0)
		return err_sys(err, "cannot read the CPU affinity of thread %d", tid);
	return 0;
}

static int get_affinity(pid_t tid, char **ret_affinity, struct err *err)
{
	struct sched_answers answers;

	if (get_cpus(tid, &answers, err) < 0)
		return -1;
	*ret_affinity = affinity_text((const cpu_set_t *)answers.cpus, (size_t)answers.used);
	return *ret_affinity ? 0 : err_sys(err, "out of memory");
}

static int get_attributes(pid_t tid, struct sched_attributes *ret, struct err *err)
{
	*ret = (struct sched_attributes){ .size = sizeof(*ret) };
	if (syscall(SYS_sched_getattr, tid, ret, sizeof(*ret), 0) < 0)
		return err_sys(err, "cannot read the scheduling of thread %d", tid);
	return 0;
}

/* sched_getattr(2) shows that of normal and batch threads only; others have one too. */
static int get_nice(pid_t tid, const struct sched_attributes *attributes, int *ret_nice,
		    struct err *err)
{
	if (attributes->policy == SCHED_OTHER || attributes->policy == SCHED_BATCH) {
		*ret_nice = attributes->nice;
		return 0;
	}
	errno = 0;
	*ret_nice = getpriority(PRIO_PROCESS, (id_t)tid);
	if (*ret_nice == -1 && errno)
		return err_sys(err, "cannot read the nice value of thread %d", tid);
	return 0;
}

int sched_facts_of(pid_t tid, const struct sched_answers *answers, struct sched_facts *ret_facts,
		   struct err *err)
{
	const struct sched_attributes *attributes = &answers->attributes;
	int nice;

	if (get_nice(tid, attributes, &nice, err) < 0)
		return -1;
	*ret_facts = (struct sched_facts){
		.policy = attributes->policy,
		.flags = attributes->flags,
		.nice = nice,
		.priority = attributes->priority,
		.ioprio = (int)answers->ioprio,
		.affinity = affinity_text((const cpu_set_t *)answers->cpus, (size_t)answers->used),
	};
	/* Since 6.12 the kernel shows the slice of fair threads as their runtime; it is no property of the thread. */
	if (attributes->policy == SCHED_DEADLINE) {
		ret_facts->runtime = attributes->runtime;
		ret_facts->deadline = attributes->deadline;
		ret_facts->period = attributes->period;
	}
	return ret_facts->affinity ? 0 : err_sys(err, "out of memory");
}

size_t sched_mask_size(void)
{
	uint64_t cpus[SCHED_CPUS_MAX / 64];
	long used = syscall(SYS_sched_getaffinity, 0, sizeof(cpus), cpus);

	return used > 0 ? (size_t)used : sizeof(cpus);
}

int sched_facts(pid_t tid, struct sched_facts *ret_facts, struct err *err)
{
	struct sched_answers answers = { 0 };

	if (get_attributes(tid, &answers.attributes, err) < 0)
		return -1;
	answers.ioprio = syscall(SYS_ioprio_get, SCHED_IOPRIO_THREAD, tid);
	if (answers.ioprio < 0)
		return err_sys(err, "cannot read the I/O priority of thread %d", tid);
	if (get_cpus(tid, &answers, err) < 0)
		return -1;
	return sched_facts_of(tid, &answers, ret_facts, err);
}

char *sched_unbound(void)
{
	struct sched_answers before, all;
	uint64_t every[SCHED_CPUS_MAX / 64];
	char *ret = NULL;

	memset(every, 0xff, sizeof(every));
	/* The kernel cuts what it is asked for, sched_setaffinity(2). */
	if (get_cpus(0, &before, NULL) < 0 ||
	    sched_setaffinity(0, (size_t)before.used, (const cpu_set_t *)every) < 0)
		return NULL;
	if (get_cpus(0, &all, NULL) == 0)
		ret = affinity_text((const cpu_set_t *)all.cpus, (size_t)all.used);
	if (!ret || memcmp(before.cpus, all.cpus, (size_t)before.used) != 0)
		sched_setaffinity(0, (size_t)before.used, (const cpu_set_t *)before.cpus);
	return ret;
}

bool sched_same_cpuset(int procdir)
{
	_cleanup_free_ char *its = NULL, *own = NULL;
	int a = read_file_at(procdir, "cpuset", &its, NULL, NULL);
	int b = read_file_at(AT_FDCWD, "/proc/self/cpuset", &own, NULL, NULL);

	/* Neither is there where the kernel has no cpusets. */
	return a < 0 || b < 0 ? a < 0 && b < 0 : strcmp(its, own) == 0;
}

/* "0-3,8" into a set; fails on anything else. */
static int parse_affinity(const char *text, cpu_set_t *set, size_t bytes, struct err *err)
{
	const char *p = text;

	while (*p) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;

		if (end == p)
			break;
		if (*end == '-') {
			p = end + 1;
			last = strtoul(p, &end, 10);
		}
		if (end == p || first > last || last >= CPUS_MAX || (*end && *end != ','))
			break;
		for (unsigned long cpu = first; cpu <= last; cpu++)
			CPU_SET_S(cpu, bytes, set);
		p = *end ? end + 1 : end;
	}
	if (*p)
		return err_set(err, ERR_IMAGE, "affinity \"%s\" is no list of CPUs", text);
	return 0;
}

static int set_affinity(pid_t tid, const char *affinity, struct err *err)
{
	_cleanup_free_ cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	_cleanup_free_ char *now = NULL;
	size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);

	if (get_affinity(tid, &now, err) < 0)
		return -1;
	if (strcmp(now, affinity) == 0)
		return 0;
	if (!set)
		return err_sys(err, "out of memory");
	CPU_ZERO_S(bytes, set);
	if (parse_affinity(affinity, set, bytes, err) < 0)
		return -1;
	/* EINVAL: none of them exists here or is allowed; fewer than asked for are no error of the kernel. */
	if (sched_setaffinity(tid, bytes, set) < 0)
		return errno == EINVAL
			       ? 1
			       : err_sys(err, "cannot set the CPU affinity of thread %d", tid);
	free(now);
	now = NULL;
	if (get_affinity(tid, &now, err) < 0)
		return -1;
	return strcmp(now, affinity) != 0;
}

/* Before the policy: where it is real-time, the nice value waits for the thread to become normal again. */
static int set_nice(pid_t tid, int nice, struct err *err)
{
	if (getpriority(PRIO_PROCESS, (id_t)tid) == nice)
		return 0;
	if (setpriority(PRIO_PROCESS, (id_t)tid, nice) < 0)
		return err_sys(err, "cannot set nice value %d of thread %d", nice, tid);
	return 0;
}

static int set_attributes(pid_t tid, const struct sched_facts *facts, struct err *err)
{
	struct sched_attributes now, want = {
		.size = sizeof(want),
		.policy = facts->policy,
		.flags = facts->flags,
		.nice = facts->nice,
		.priority = facts->priority,
		.runtime = facts->runtime,
		.deadline = facts->deadline,
		.period = facts->period,
	};

	if (get_attributes(tid, &now, err) < 0)
		return -1;
	if (now.policy == want.policy && now.priority == want.priority && now.flags == want.flags)
		return 0;
	if (syscall(SYS_sched_setattr, tid, &want, 0) < 0)
		return err_sys(err,
			       "cannot set scheduling policy %u, nice %d, priority %u of thread %d",
			       want.policy, want.nice, want.priority, tid);
	return 0;
}

int sched_apply(pid_t tid, const struct sched_facts *facts, struct err *err)
{
	if (set_nice(tid, facts->nice, err) < 0 || set_attributes(tid, facts, err) < 0)
		return -1;
	if (syscall(SYS_ioprio_get, SCHED_IOPRIO_THREAD, tid) != facts->ioprio &&
	    syscall(SYS_ioprio_set, SCHED_IOPRIO_THREAD, tid, facts->ioprio) < 0)
		return err_sys(err, "cannot set I/O priority 0x%x of thread %d", facts->ioprio,
			       tid);
	return facts->affinity ? set_affinity(tid, facts->affinity, err) : 0;
}
