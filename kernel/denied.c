/* SPDX-License-Identifier: MIT */
/* The rules of ptrace(2), "Ptrace access mode checking", asked one by one. */
#include "kernel/denied.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"
#include "kernel/task_status.h"

#define _cleanup_status_ _cleanup_(proc_status_release)

/* What the rules compare. */
struct denial {
	pid_t pid;
	const char *what;
	int error;
	struct proc_status them;
	struct proc_status us;
	struct stat file; /* of /proc/PID/status: owned by root when it is not dumpable */
};

/* A reason: says whether it is the one, and if so sets the error. */
typedef bool reason_fn(const struct denial *denial, struct err *err);

static bool because_zombie(const struct denial *d, struct err *err)
{
	if (d->them.state != 'Z' && d->them.state != 'X')
		return false;
	err_set(err, ERR_GONE,
		"process %d (%s) is a zombie: it has ended, and waits for its parent %d to collect "
		"its status",
		d->pid, d->them.name, d->them.ppid);
	return true;
}

static bool because_kernel_thread(const struct denial *d, struct err *err)
{
	char path[48], target[8];

	/* Kernels before 6.8 do not show Kthread; such a thread has no executable either. */
	snprintf(path, sizeof(path), "/proc/%d/exe", d->pid);
	if (!d->them.kernel_thread &&
	    !(d->them.ppid == 2 && readlink(path, target, sizeof(target)) < 0))
		return false;
	err_set(err, ERR_UNSUPPORTED, "process %d (%s) is a kernel thread", d->pid, d->them.name);
	return true;
}

/* Of any thread: a tracer may have but one. */
static pid_t tracer_of(const struct denial *d)
{
	_cleanup_free_ uint32_t *tids = NULL;
	pid_t found = d->them.tracer_pid;
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", d->pid);
	if (!found && list_numbers_at(AT_FDCWD, path, &tids, &n, NULL) < 0)
		return 0;
	for (size_t i = 0; i < n && !found; i++) {
		_cleanup_status_ struct proc_status status = { 0 };

		if (task_status((pid_t)tids[i], &status, NULL) == 0 &&
		    status.tracer_pid != getpid())
			found = status.tracer_pid;
	}
	return found;
}

static bool because_traced(const struct denial *d, struct err *err)
{
	struct proc_status tracer = { 0 };
	char name[64] = "?";
	pid_t pid = tracer_of(d);

	if (!pid || pid == getpid())
		return false;
	if (task_status(pid, &tracer, NULL) == 0)
		memcpy(name, tracer.name, sizeof(name));
	proc_status_release(&tracer);
	err_set(err, ERR_PERMISSION,
		"process %d is being traced by %s (pid %d), and a process can have one tracer "
		"only: detach or end that one",
		d->pid, name, pid);
	return true;
}

static bool is_foreign(uint32_t id, const struct id_set *ids)
{
	return ids->real != id || ids->effective != id || ids->saved != id;
}

static bool because_other_user(const struct denial *d, struct err *err)
{
	if (is_foreign(d->us.uid.real, &d->them.uid))
		err_set(err, ERR_PERMISSION,
			"%s %d: it belongs to another user (real, effective, saved uid %u, %u, %u; "
			"we are %u): do it as that user, or as root (CAP_SYS_PTRACE)",
			d->what, d->pid, d->them.uid.real, d->them.uid.effective, d->them.uid.saved,
			d->us.uid.real);
	else if (is_foreign(d->us.gid.real, &d->them.gid))
		err_set(err, ERR_PERMISSION,
			"%s %d: it runs with another group (real, effective, saved gid %u, %u, %u; "
			"ours is %u): do it with that group, or as root (CAP_SYS_PTRACE)",
			d->what, d->pid, d->them.gid.real, d->them.gid.effective, d->them.gid.saved,
			d->us.gid.real);
	else
		return false;
	return true;
}

static bool because_not_dumpable(const struct denial *d, struct err *err)
{
	if (d->file.st_uid == d->them.uid.effective)
		return false;
	err_set(err, ERR_PERMISSION,
		"%s %d: it is not dumpable (it was set-uid, has file capabilities, cannot be read "
		"by its user, or called prctl(PR_SET_DUMPABLE, 0)): do it as root (CAP_SYS_PTRACE)",
		d->what, d->pid);
	return true;
}

static bool because_capabilities(const struct denial *d, struct err *err)
{
	uint64_t more = d->them.cap_permitted & ~d->us.cap_effective;

	if (!more)
		return false;
	err_set(err, ERR_PERMISSION,
		"%s %d: it has capabilities that we do not have (0x%llx): do it as root "
		"(CAP_SYS_PTRACE)",
		d->what, d->pid, (unsigned long long)more);
	return true;
}

static bool because_yama(const struct denial *d, struct err *err)
{
	static const char *const remedy[] = {
		[1] = "only a parent may trace its children: run it as root (CAP_SYS_PTRACE), or "
		      "set it to 0 (sysctl kernel.yama.ptrace_scope=0)",
		[2] = "only root (CAP_SYS_PTRACE) may trace: run it as root",
		[3] = "nobody may trace until the next boot",
	};
	_cleanup_free_ char *text = NULL;
	long scope;

	if (read_piece_at(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", &text, NULL, NULL) < 0)
		return false;
	scope = strtol(text, NULL, 10);
	if (scope < 1 || scope > 3)
		return false;
	err_set(err, ERR_PERMISSION, "%s %d: kernel.yama.ptrace_scope is %ld: %s", d->what, d->pid,
		scope, remedy[scope]);
	return true;
}

static reason_fn *const reasons[] = {
	because_zombie,	      because_kernel_thread, because_traced, because_other_user,
	because_not_dumpable, because_capabilities,  because_yama,
};

static int gone(pid_t pid, struct err *err)
{
	return err_set(err, ERR_GONE, "there is no process %d", pid);
}

int explain_denied(pid_t pid, const char *what, struct err *err)
{
	struct denial denial = { .pid = pid, .what = what, .error = errno };
	_cleanup_status_ struct proc_status them = { 0 }, us = { 0 };
	char path[48];

	if (denial.error == ESRCH || denial.error == ENOENT)
		return gone(pid, err);
	if (task_status(getpid(), &us, NULL) < 0) {
		errno = denial.error;
		return err_sys(err, "%s %d", what, pid);
	}
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (task_status(pid, &them, NULL) < 0)
		return gone(pid, err);
	if (stat(path, &denial.file) < 0)
		return gone(pid, err);
	denial.them = them;
	denial.us = us;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i](&denial, err))
			return -1;
	errno = denial.error;
	return err_sys(err,
		       "%s %d: the kernel refuses it (a security module, or another user "
		       "namespace)",
		       what, pid);
}
