/* SPDX-License-Identifier: MIT */
#include "restore/newborn.h"

#include "arch/host.h"
#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/compat.h"
#include "kernel/fork_limit.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { STACK_SIZE = 32 << 10 };

static const char *const steps[] = {
	[STEP_SESSION] = "cannot make its session or process group",
	[STEP_CAPABILITIES] = "cannot keep its capabilities",
	[STEP_EXEC] = "cannot execute its program",
	[STEP_MOUNT] = "cannot mount /proc in the new namespace",
	[STEP_CLONE] = "cannot be made",
};

int newborn_failure(int32_t word, struct err *err)
{
	uint32_t step = (uint32_t)word >> 16;

	errno = word & 0xffff;
	return err_sys(err, "the new process %s%s",
		       step < sizeof(steps) / sizeof(*steps) ? steps[step] : "failed",
		       fork_limit(errno));
}

/* The kernel translates the sender's process id into the receiver's namespace; nothing else tells it as surely. */
int newborn_hear(int socket, pid_t *ret_pid, struct err *err)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	int32_t word = 0;
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct ucred credentials;

	if (n < 0)
		return err_sys(err, "no answer from the new process");
	if (n == 0 || !header || header->cmsg_type != SCM_CREDENTIALS)
		return err_set(err, ERR_FAILED, "the new process ended before it began");
	if (word)
		return newborn_failure(word, err);
	memcpy(&credentials, CMSG_DATA(header), sizeof(credentials));
	*ret_pid = credentials.pid;
	return 0;
}

void newborn_fail(int socket, enum newborn_step step, int error)
{
	int32_t word = (int32_t)((uint32_t)step << 16 | (uint32_t)error);

	send(socket, &word, sizeof(word), MSG_NOSIGNAL);
	_exit(127);
}

static char *copy_text(char **at, const char *text)
{
	char *to = *at;

	*at = stpcpy(to, text) + 1;
	return to;
}

/* The list, the texts, and below both the stack: the pages of the heap may be missing there. */
static int make_place(const struct process *process, const char *path, struct newborn *newborn,
		      struct err *err)
{
	size_t n = process->n_command_line, list = (n + 2) * sizeof(*newborn->argv);
	size_t size = STACK_SIZE + list + strlen(path) + 1;
	char *texts;

	for (size_t i = 0; i < n; i++)
		size += strlen(process->command_line[i]) + 1;
	newborn->place =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (newborn->place == MAP_FAILED)
		return err_sys(err, "memory for a new process");
	newborn->size = size;
	newborn->argv = (char **)(void *)((char *)newborn->place + STACK_SIZE);
	texts = (char *)newborn->argv + list;
	newborn->path = copy_text(&texts, path);
	for (size_t i = 0; i < n; i++)
		newborn->argv[i] = copy_text(&texts, process->command_line[i]);
	if (!n)
		newborn->argv[0] = (char *)newborn->path;
	return 0;
}

int newborn_prepare(struct restore *restore, const struct process *process, struct newborn *newborn,
		    struct err *err)
{
	const struct made_object *contents =
		restore_object(restore, KIND_shm, process->exe.contents);
	char buffer[4096];

	newborn->heap = restore->heap;
	newborn->one_cpu = restore->one_cpu;
	newborn->exe = contents ? contents->fds[1] : -1;
	newborn->bounding = process->credentials.capabilities.bounding;
	return make_place(process, restore_path(restore, process->exe.path, buffer, sizeof(buffer)),
			  newborn, err);
}

void newborn_done(struct newborn *newborn)
{
	if (newborn->size)
		munmap(newborn->place, newborn->size);
	newborn->size = 0;
}

/*
 * Exec clears the capabilities of a process that is not root, but its threads get their old numbers only with
 * CAP_CHECKPOINT_RESTORE: ambient capabilities survive. They are dropped before anything of the program runs.
 */
static void keep_capability(int socket)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	const uint32_t bit = 1u << (CAP_CHECKPOINT_RESTORE - 32);

	if (syscall(SYS_capget, &header, data) < 0)
		newborn_fail(socket, STEP_CAPABILITIES, errno);
	if (!(data[1].permitted & bit))
		return;
	data[1].inheritable |= bit;
	if (syscall(SYS_capset, &header, data) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHECKPOINT_RESTORE, 0, 0) < 0)
		newborn_fail(socket, STEP_CAPABILITIES, errno);
}

/*
 * The bounding set of a new user namespace is full, and exec takes away what it needs to make it smaller. Where root
 * restores, it is cut when nothing needs it any more.
 */
static void cut_bounding(uint64_t bounding)
{
	for (unsigned long c = 0; geteuid() != 0 && c < 64; c++)
		if (!(bounding >> c & 1))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

static void reset_signals(void)
{
	sigset_t none;

	/* What prestore ignores would stay ignored across exec; what it blocks would stay blocked. */
	for (int s = 1; s <= 64; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void live(const void *argument)
{
	static char *const no_environment[] = { NULL };
	const struct newborn *newborn = argument;
	int32_t hello = 0;
	char go;

	close(newborn->far_end);
	reset_signals();
	if (newborn->new_session ? setsid() < 0 : setpgid(0, 0) < 0)
		newborn_fail(newborn->socket, STEP_SESSION, errno);
	/* Under Yama only an ancestor may trace it otherwise; elsewhere this fails and is not needed. */
	if (newborn->tracer)
		prctl(PR_SET_PTRACER, newborn->tracer, 0, 0, 0);
	keep_capability(newborn->socket);
	cut_bounding(newborn->bounding);
	send(newborn->socket, &hello, sizeof(hello), MSG_NOSIGNAL);
	if (recv(newborn->socket, &go, 1, 0) != 1)
		_exit(127);
	if (newborn->exe >= 0)
		syscall(SYS_execveat, newborn->exe, "", newborn->argv, no_environment,
			AT_EMPTY_PATH);
	else
		execve(newborn->path, newborn->argv, no_environment);
	newborn_fail(newborn->socket, STEP_EXEC, errno);
}

pid_t newborn_clone(const struct newborn *newborn, bool keep, uint64_t flags)
{
	pid_t number = (pid_t)newborn->own_pid;
	struct clone_args args = { .flags = CLONE_VM | flags,
				   .exit_signal = SIGCHLD,
				   .stack = (uintptr_t)newborn->place,
				   .stack_size = STACK_SIZE };
	long pid;

	if (keep) {
		args.set_tid = (uintptr_t)&number;
		args.set_tid_size = 1;
	}
	pid = arch_clone(&args, sizeof(args), live, newborn);
	if (pid < 0)
		errno = (int)-pid;
	return pid < 0 ? -1 : (pid_t)pid;
}
