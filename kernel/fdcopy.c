/* SPDX-License-Identifier: MIT */
/* pidfd_getfd(2) and kcmp(2), and what can be done without them. */
#include "kernel/fdcopy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"

static int duplicate(int pidfd, int fd, const struct kernel_features *features)
{
	if (!feature_on(features, FEATURE_PIDFD_GETFD)) {
		errno = ENOSYS;
		return -1;
	}
	return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

/* error: why there is no duplicate. */
static int reopen(pid_t pid, int fd, int error, struct err *err)
{
	char path[64];
	struct stat st;
	int copy;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		copy = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (copy >= 0)
			return copy;
		error = errno;
	}
	errno = error;
	if (error == ENOSYS || error == EPERM)
		return err_sys(err,
			       "process %d: descriptor %d cannot be duplicated: pidfd_getfd, "
			       "which needs a kernel since 5.6 and the right to trace, is not "
			       "available here (a container's seccomp filter may forbid it)",
			       pid, fd);
	return err_sys(err, "process %d: duplicating descriptor %d", pid, fd);
}

int fdcopy_get(pid_t pid, int pidfd, int fd, const struct kernel_features *features, bool *ret_same,
	       struct err *err)
{
	int copy = duplicate(pidfd, fd, features);
	bool same = copy >= 0;

	if (copy < 0)
		copy = reopen(pid, fd, errno, err);
	if (copy >= 0 && ret_same)
		*ret_same = same;
	return copy;
}

static int compare_duplicates(pid_t pid1, pid_t pid2, int fd1, int fd2,
			      const struct kernel_features *features)
{
	_cleanup_close_ int pidfd1 = (int)syscall(SYS_pidfd_open, pid1, 0);
	_cleanup_close_ int pidfd2 = (int)syscall(SYS_pidfd_open, pid2, 0);
	_cleanup_close_ int copy1 = -1, copy2 = -1;
	int same;

	if (pidfd1 < 0 || pidfd2 < 0)
		return -1;
	copy1 = duplicate(pidfd1, fd1, features);
	if (copy1 < 0)
		return -1;
	copy2 = duplicate(pidfd2, fd2, features);
	if (copy2 < 0)
		return -1;
	same = fcntl(copy1, F_DUPFD_QUERY, copy2);
	return same < 0 ? -1 : same ? 0 : 3;
}

int fdcopy_compare(pid_t pid1, pid_t pid2, int operation, unsigned long index1,
		   unsigned long index2, const struct kernel_features *features, struct err *err)
{
	int order = -1;

	errno = ENOSYS;
	if (feature_on(features, FEATURE_KCMP))
		order = (int)syscall(SYS_kcmp, pid1, pid2, operation, index1, index2);
	if (order < 0 && operation == KCMP_FILE && (errno == ENOSYS || errno == EPERM))
		order = compare_duplicates(pid1, pid2, (int)index1, (int)index2, features);
	if (order < 0)
		return err_sys(err,
			       "comparing what processes %d and %d share (kcmp %d, %lu and %lu)",
			       pid1, pid2, operation, index1, index2);
	return order;
}

int fdcopy_watched(pid_t pid, uint32_t fd, pid_t epoll_pid, uint32_t epoll, uint32_t nth,
		   const struct kernel_features *features)
{
	const struct kcmp_epoll_slot slot = { .efd = epoll, .tfd = fd, .toff = nth };
	long order;

	if (!feature_on(features, FEATURE_KCMP))
		return -1;
	order = syscall(SYS_kcmp, pid, epoll_pid, KCMP_EPOLL_TFD, fd, &slot);
	if (order < 0)
		return errno == ENOSYS || errno == EPERM || errno == EINVAL ? -1 : 0;
	return order == 0;
}
