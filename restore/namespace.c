/* SPDX-License-Identifier: MIT */
#include "restore/namespace.h"

#include "arch/host.h"
#include "cli/heap.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fork_limit.h"
#include "kernel/one_cpu.h"
#include "restore/canvas.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS)

enum { TRY_STACK = 8 << 10 };

/* What init has of the pipes and sockets to prestore. */
struct init_ends {
	int control;
	int status;
	const struct newborn *newborn;
};

static int write_file(pid_t pid, const char *name, const char *text, struct err *err)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, "cannot write %s", path);
	return 0;
}

/* Root maps everybody to himself; others may map but themselves, and have to give up setgroups(2) for that. */
static int write_maps(pid_t pid, struct err *err)
{
	static const char everybody[] = "0 0 4294967295\n";
	char text[64];

	if (write_file(pid, "uid_map", everybody, NULL) == 0)
		return write_file(pid, "gid_map", everybody, err);
	snprintf(text, sizeof(text), "%u %u 1\n", geteuid(), geteuid());
	if (write_file(pid, "uid_map", text, err) < 0 ||
	    write_file(pid, "setgroups", "deny", err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%u %u 1\n", getegid(), getegid());
	return write_file(pid, "gid_map", text, err);
}

/* Reaps whatever ends here and tells prestore what becomes of the root. */
static void __attribute__((noreturn)) reap(pid_t root, int status_fd)
{
	int result = 0, status;

	for (;;) {
		pid_t pid = waitpid(-1, &status, WUNTRACED | WCONTINUED | __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (pid != root)
			continue;
		/* Nobody may be listening any more; then this fails, and that is all. */
		if (write(status_fd, &status, sizeof(status)) < 0)
			errno = 0;
		if (WIFEXITED(status))
			result = WEXITSTATUS(status);
		else if (WIFSIGNALED(status))
			result = 128 + WTERMSIG(status);
	}
	_exit(result);
}

/*
 * A reaper must not hold the terminal, nor pipes that somebody waits on for their end: only
 * INIT_STATUS and INIT_CONTROL stay open.
 */
enum { INIT_STATUS = 3, INIT_CONTROL = 4 };

static void let_go(const struct init_ends *ends)
{
	int status = fcntl(ends->status, F_DUPFD, INIT_CONTROL + 1);
	int control = fcntl(ends->control, F_DUPFD, INIT_CONTROL + 1);
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	dup2(status, INIT_STATUS);
	dup2(control, INIT_CONTROL);
	syscall(SYS_close_range, INIT_CONTROL + 1, ~0U, 0);
}

/* The namespace is ready for a process under that number. */
static pid_t say_hello(const struct newborn *newborn)
{
	int32_t hello = 0;

	return send(newborn->socket, &hello, sizeof(hello), MSG_NOSIGNAL) < 0
		       ? -1
		       : (pid_t)newborn->own_pid;
}

static void __attribute__((noreturn)) be_init(const struct init_ends *ends)
{
	const struct newborn *newborn = ends->newborn;
	pid_t root;
	char byte;

	signal(SIGPIPE, SIG_IGN);
	/* The maps must stand before anything is done under a user id. */
	if (recv(ends->control, &byte, 1, 0) != 1)
		_exit(1);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		newborn_fail(newborn->socket, STEP_MOUNT, errno);
	/* While the root has not executed, we wait and hold what is open here; that end tells it of the end of prestore. */
	close(newborn->far_end);
	root = newborn->elsewhere ? say_hello(newborn) : newborn_clone(newborn, true, CLONE_VFORK);
	if (root < 0)
		newborn_fail(newborn->socket, STEP_CLONE, errno);
	if (newborn->one_cpu)
		one_cpu_release(newborn->one_cpu);
	let_go(ends);
	/* End-of-file: the restore has failed. Init's end kills all that is in the namespace. */
	if (recv(INIT_CONTROL, &byte, 1, 0) != 1)
		_exit(1);
	close(INIT_CONTROL);
	if (newborn->new_session)
		setsid();
	reap(root, INIT_STATUS);
}

static pid_t clone_init(void)
{
	struct clone_args args = { .flags = NAMESPACES, .exit_signal = SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static int refused(struct err *err)
{
	return err_sys(err, "cannot make a user and pid namespace%s",
		       errno == EAGAIN ? fork_limit(errno)
				       : " (see /proc/sys/user/max_user_namespaces and "
					 "/proc/sys/kernel/unprivileged_userns_clone)");
}

int namespace_start(const struct newborn *newborn, struct job *job, struct err *err)
{
	_cleanup_close_ int control = -1, status = -1;
	int sockets[2], pipes[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return err_sys(err, "socketpair");
	job->control = sockets[0];
	control = sockets[1];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	job->status = pipes[0];
	status = pipes[1];
	if (newborn->heap)
		heap_inherit(newborn->heap, false);
	job->init = clone_init();
	if (newborn->heap && job->init != 0)
		heap_inherit(newborn->heap, true);
	if (job->init < 0)
		return refused(err);
	if (job->init == 0) {
		const struct init_ends ends = { control, status, newborn };

		/* Else the end-of-file that tells of prestore's death would never come. */
		close(job->control);
		close(job->status);
		be_init(&ends);
	}
	if (write_maps(job->init, err) < 0)
		return -1;
	if (send(job->control, "", 1, MSG_NOSIGNAL) < 0)
		return err_sys(err, "the init process of the new namespace");
	return 0;
}

/* With the right to trace init, by which one comes into its namespaces (setns(2)). */
static int keep_init(int base, struct job *job, struct err *err)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, job->init, 0);

	job->init_fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD, base);
	return job->init_fd < 0 ? err_sys(err, "pidfd_open for process %d", job->init) : 0;
}

int namespace_prepare(uint32_t root, bool new_session, int base, struct job *job, struct err *err)
{
	struct newborn newborn = { .own_pid = root, .new_session = new_session, .elsewhere = true };
	_cleanup_close_ int here = -1, there = -1;
	int sockets[2], on = 1;
	pid_t init;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return err_sys(err, "socketpair");
	newborn.far_end = here = sockets[0];
	newborn.socket = there = sockets[1];
	setsockopt(here, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	if (namespace_start(&newborn, job, err) < 0)
		return -1;
	close(TAKE_FD(there));
	return newborn_hear(here, &init, err) < 0 ? -1 : keep_init(base, job, err);
}

/* What execve(2) leaves of the full set, newborn.c: the right to choose process ids, which programs executed later keep, too. */
static int cut_capabilities(struct canvas *canvas, uint64_t bounding, struct err *err)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(&canvas->remote);
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const uint32_t bit = 1u << (CAP_CHECKPOINT_RESTORE - 32);
	struct __user_cap_data_struct data[2] = { { 0 }, { bit, bit, bit } };
	size_t set;
	uint64_t at;

	for (uint64_t c = 0; c < 64; c++)
		if (!(bounding >> c & 1))
			remote_push(batch, REMOTE_CALL(prctl, PR_CAPBSET_DROP, c));
	at = remote_data(batch, &header, sizeof(header));
	set = remote_push(batch, REMOTE_CALL(capset, at, remote_data(batch, data, sizeof(data))));
	remote_push(batch, REMOTE_CALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
				       CAP_CHECKPOINT_RESTORE, 0, 0));
	if (remote_run(&canvas->remote, canvas_leader(canvas), batch, err) < 0)
		return -1;
	/* Capabilities that this kernel does not know cannot be dropped. */
	return remote_check(batch, set, err) < 0 ? -1 : remote_check(batch, set + 1, err);
}

int namespace_enter(struct canvas *canvas, const struct job *job, uint64_t bounding,
		    struct err *err)
{
	if (CANVAS_CALL(canvas, err, setns, (uint64_t)job->init_fd, NAMESPACES) < 0)
		return -1;
	/* Root keeps everything across execve(2). */
	return geteuid() == 0 ? 0 : cut_capabilities(canvas, bounding, err);
}

/* In the memory of prestore, which waits. */
static void try_mounts(const void *unused)
{
	(void)unused;
	/* A /proc that is partly hidden, as in many containers, cannot be mounted anew. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		_exit(errno);
	_exit(0);
}

int namespace_check(struct err *err)
{
	char stack[TRY_STACK];
	const struct clone_args args = { .flags = NAMESPACES | CLONE_VM | CLONE_VFORK,
					 .exit_signal = SIGCHLD,
					 .stack = (uintptr_t)stack,
					 .stack_size = sizeof(stack) };
	long pid = arch_clone(&args, sizeof(args), try_mounts, NULL);
	int status;

	if (pid < 0) {
		errno = (int)-pid;
		return refused(err);
	}
	if (waitpid((pid_t)pid, &status, 0) < 0 || !WIFEXITED(status))
		return err_set(err, ERR_FAILED, "a new pid namespace fails");
	if (WEXITSTATUS(status)) {
		errno = WEXITSTATUS(status);
		return err_sys(err, "cannot mount /proc in a new pid namespace");
	}
	return 0;
}
