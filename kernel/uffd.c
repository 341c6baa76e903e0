/* SPDX-License-Identifier: MIT */
#include "kernel/uffd.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fallback.h"
#include "kernel/fdcopy.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"

#include <fcntl.h>
#include <sys/ioctl.h>

enum { UFFD_FLAGS = O_CLOEXEC | O_NONBLOCK };

#define EVENTS                                                                                     \
	(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |          \
	 UFFD_FEATURE_EVENT_UNMAP)

static int greet(int uffd, struct err *err)
{
	struct uffdio_api api = { .api = UFFD_API, .features = EVENTS };

	if (ioctl(uffd, UFFDIO_API, &api) < 0)
		return err_sys(err, "userfaultfd that is told of forks");
	return 0;
}

static bool is_for_everybody(void)
{
	_cleanup_close_ int fd =
		open("/proc/sys/vm/unprivileged_userfaultfd", O_RDONLY | O_CLOEXEC);
	char value = '0';

	return fd >= 0 && read(fd, &value, 1) == 1 && value == '1';
}

int uffd_allowed(const struct kernel_features *features, bool same_user, int *ret_device,
		 struct err *err)
{
	_cleanup_close_ int device = -1, uffd = -1;

	if (!feature_on(features, FEATURE_USERFAULTFD)) {
		errno = ENOSYS;
		return err_sys(err, "userfaultfd");
	}
	device = open("/dev/userfaultfd", O_RDONLY | O_CLOEXEC);
	if (device < 0 && !same_user && !is_for_everybody())
		return err_sys(err, "cannot open /dev/userfaultfd");
	uffd = device >= 0 ? ioctl(device, USERFAULTFD_IOC_NEW, UFFD_FLAGS)
			   : (int)syscall(SYS_userfaultfd, UFFD_FLAGS);
	if (uffd < 0)
		return err_sys(err, "userfaultfd that sees page faults of the kernel");
	if (greet(uffd, err) < 0)
		return -1;
	*ret_device = TAKE_FD(device);
	return 0;
}

int uffd_open(struct remote *remote, struct frozen_thread *thread, int device, struct err *err)
{
	struct remote_call make =
		device >= 0 ? REMOTE_CALL(ioctl, (uint64_t)device, USERFAULTFD_IOC_NEW, UFFD_FLAGS)
			    : REMOTE_CALL(userfaultfd, UFFD_FLAGS);
	const struct frozen *frozen = remote->frozen;
	_cleanup_close_ int uffd = -1;
	struct remote_call end;

	if (remote_call(remote, thread, &make, err) < 0)
		return -1;
	uffd = fdcopy_get(frozen->pid, frozen->pidfd, (int)make.result, frozen->features, NULL,
			  err);
	end = REMOTE_CALL(close, (uint64_t)make.result);
	if (uffd < 0 || remote_call(remote, thread, &end, err) < 0 || greet(uffd, err) < 0)
		return -1;
	return TAKE_FD(uffd);
}

int uffd_register(int uffd, uint64_t start, uint64_t end, struct err *err)
{
	struct uffdio_register range = { .range = { start, end - start },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };

	if (ioctl(uffd, UFFDIO_REGISTER, &range) < 0)
		return err_sys(err, "userfaultfd: memory at 0x%llx", (unsigned long long)start);
	return 0;
}

int uffd_read(int uffd, struct uffd_msg *ret_message, struct err *err)
{
	ssize_t n = read(uffd, ret_message, sizeof(*ret_message));

	if (n == sizeof(*ret_message))
		return 1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return err_sys(err, "userfaultfd");
}

/* What was done before it failed counts; the rest shows when it is tried. */
static ssize_t result(int ret, int64_t done)
{
	if (ret == 0 || done > 0)
		return done;
	return done < 0 ? (ssize_t)done : -errno;
}

ssize_t uffd_copy(int uffd, uint64_t to, const void *pages, size_t size)
{
	struct uffdio_copy copy = { .dst = to, .src = (uint64_t)(uintptr_t)pages, .len = size };
	int ret = ioctl(uffd, UFFDIO_COPY, &copy);

	return result(ret, copy.copy);
}

ssize_t uffd_zero(int uffd, uint64_t to, size_t size)
{
	struct uffdio_zeropage zero = { .range = { to, size } };
	int ret = ioctl(uffd, UFFDIO_ZEROPAGE, &zero);

	return result(ret, zero.zeropage);
}

void uffd_wake(int uffd, uint64_t start, size_t size)
{
	struct uffdio_range range = { start, size };

	ioctl(uffd, UFFDIO_WAKE, &range);
}

/* userfaultfd_writeprotect() of fs/userfaultfd.c: no such page is registered for that (ENOENT), but ESRCH comes first. */
bool uffd_is_gone(int uffd, uint64_t missing, size_t size)
{
	struct uffdio_writeprotect nothing = { .range = { missing, size } };

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &nothing) < 0 && errno == ESRCH;
}

int uffd_poison(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_poison poison = { .range = { start, end - start } };

	return ioctl(uffd, UFFDIO_POISON, &poison) < 0 ? -errno : 0;
}
