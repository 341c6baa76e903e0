/* SPDX-License-Identifier: MIT */
/* userfaultfd(2): pages of another process given when it first needs them. */
#ifndef PIMAGE_UFFD_H
#define PIMAGE_UFFD_H

#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct kernel_features;
struct frozen_thread;
struct remote;

/*
 * Whether this user may make one that is also told when the kernel misses a page (in read(2) into it, say; else the call
 * would fail with EFAULT), and when the process forks. fs/userfaultfd.c (6.18) wants CAP_SYS_PTRACE in the first user namespace for either; for the
 * former the right to open /dev/userfaultfd (6.1) will do, or the sysctl vm.unprivileged_userfaultfd. *ret_device is that
 * descriptor; -1: the processes have to do without, and can.
 * `same_user`: they have all the capabilities that the caller has.
 */
int uffd_allowed(const struct kernel_features *features, bool same_user, int *ret_device,
		 struct err *err);

/*
 * One for the address space of a process in which remote calls are made; there `device` (-1: none) is open under the same number. Nothing of it
 * stays in the process. Returns a descriptor.
 */
int uffd_open(struct remote *remote, struct frozen_thread *thread, int device, struct err *err);

/* From now on accesses to missing pages of the range, whose private anonymous mapping it lies in, wait for an answer. */
int uffd_register(int uffd, uint64_t start, uint64_t end, struct err *err);

/* What happened. Returns 1; 0: nothing. Never waits. */
int uffd_read(int uffd, struct uffd_msg *ret_message, struct err *err);

/*
 * Gives pages and wakes who waits for them. Returns the bytes done, or -errno: EEXIST: the first one is there already; EAGAIN: events are
 * to be read first; ENOENT: not there any more, or not registered; ESRCH: the process is gone.
 */
ssize_t uffd_copy(int uffd, uint64_t to, const void *pages, size_t size);
ssize_t uffd_zero(int uffd, uint64_t to, size_t size);

/* Who waits for pages that are there looks again. */
void uffd_wake(int uffd, uint64_t start, size_t size);

/* Whether the address space has ended, of which nothing else tells; asked by pages that are missing, which stay so. */
bool uffd_is_gone(int uffd, uint64_t missing, size_t size);

/* Accesses to what is missing raise SIGBUS. Since 6.6; returns -errno. */
int uffd_poison(int uffd, uint64_t start, uint64_t end);

#endif
