/* SPDX-License-Identifier: MIT */
/* The engine as a restore uses it: an executed program is emptied and becomes something else. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/freeze.h"
#include "kernel/proc_maps.h"
#include "kernel/readfile.h"
#include "kernel/remote.h"
#include "tests/unit/test.h"

#define MOVED	   UINT64_C(0x300000000000)
#define MOVED_SIZE (256 << 10)
#define CODE	   UINT64_C(0x10000000)
#define VDSO	   UINT64_C(0x20000000)
#define PAGE	   4096

/*
 * main: add the thread's mark (an aligned word behind the code) and exit_group(it); thread: set the
 * mark, and exit.
 */
static const unsigned char code[] = {
	0x8b, 0x3c, 0x25, 0x00, 0x08, 0x00, 0x10, /* 0: mov 0x10000800, %edi */
	0x83, 0xff, 0x00,			  /* cmp $0, %edi */
	0x74, 0xf4,				  /* je 0 */
	0x01, 0xdf,				  /* add %ebx, %edi */
	0xb8, 0xe7, 0x00, 0x00, 0x00,		  /* mov $231, %eax */
	0x0f, 0x05,				  /* syscall */
	0xc7, 0x04, 0x25, 0x00, 0x08, 0x00, 0x10, 0x05, 0x00, 0x00, 0x00, /* 21: movl $5, mark */
	0x31, 0xff,							  /* xor %edi, %edi */
	0xb8, 0x3c, 0x00, 0x00, 0x00,					  /* mov $60, %eax */
	0x0f, 0x05,							  /* syscall */
};
#define THREAD_CODE 21

static pid_t start(void)
{
	int go[2], status;
	pid_t pid;
	char byte;

	if (pipe(go) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(1);
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	CHECK(ptrace(PTRACE_SEIZE, pid, 0,
		     PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACESYSGOOD) == 0);
	CHECK(write(go[1], "g", 1) == 1);
	close(go[0]);
	close(go[1]);
	CHECK(waitpid(pid, &status, __WALL) == pid && status >> 16 == PTRACE_EVENT_EXEC);
	return pid;
}

static void read_maps(pid_t pid, struct maps *ret_maps)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	if (read_file_at(AT_FDCWD, path, &text, &size, NULL) < 0 ||
	    maps_parse(text, size, ret_maps, NULL) < 0)
		abort();
}

static bool is_kernels(const struct map *map)
{
	return map->kind == MAP_KIND_VDSO || map->kind == MAP_KIND_VVAR ||
	       map->kind == MAP_KIND_VVAR_VCLOCK || map->kind == MAP_KIND_VSYSCALL;
}

/* Everything goes but what is the kernel's, which moves; the call loop lives elsewhere by then. */
static void empty(struct remote *remote, struct frozen_thread *thread, pid_t pid)
{
	_cleanup_(maps_release) struct maps maps = { 0 };
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	struct err err = { 0 };
	uint64_t first = 0;

	read_maps(pid, &maps);
	for (size_t i = 0; i < maps.count; i++) {
		const struct map *map = &maps.list[i];
		uint64_t size = map->end - map->start;

		if (map->kind == MAP_KIND_VSYSCALL ||
		    (map->start >= MOVED && map->start < MOVED + MOVED_SIZE))
			continue;
		if (!first && is_kernels(map))
			first = map->start;
		if (is_kernels(map))
			remote_push(batch, REMOTE_CALL(mremap, map->start, size, size,
						       MREMAP_MAYMOVE | MREMAP_FIXED,
						       VDSO + map->start - first));
		else
			remote_push(batch, REMOTE_CALL(munmap, map->start, size));
	}
	CHECK(remote_run(remote, thread, batch, &err) == 0, "%s", err.msg);
	for (size_t i = 0; remote_result(batch, i) != -EINVAL; i++)
		CHECK(remote_check(batch, i, &err) == 0, "%s", err.msg);
}

static int note_event(void *context, struct frozen_thread *thread, int event, unsigned long message,
		      struct err *err)
{
	(void)thread;
	(void)err;
	if (event == PTRACE_EVENT_CLONE)
		*(pid_t *)context = (pid_t)message;
	return 0;
}

static void add_code(struct frozen *frozen, struct remote *remote, struct frozen_thread *thread)
{
	struct remote_call call =
		REMOTE_CALL(mmap, CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (uint64_t)-1, 0);
	struct err err = { 0 };

	CHECK(remote_call(remote, thread, &call, &err) == 0, "%s", err.msg);
	CHECK(memory_write(&frozen->memory, CODE, code, sizeof(code), &err) == 0, "%s", err.msg);
}

static pid_t add_thread(struct remote *remote, struct frozen_thread *thread, const pid_t *reported)
{
	struct remote_call call = REMOTE_CALL(clone,
					      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
						      CLONE_THREAD | CLONE_SYSVSEM,
					      CODE + 3000, 0, 0, 0);
	struct err err = { 0 };

	CHECK(remote_call(remote, thread, &call, &err) == 0, "%s", err.msg);
	CHECK(call.result > 0 && *reported == call.result, "%d", *reported);
	CHECK(frozen_wait_born((pid_t)call.result, 0, &err) == 0, "%s", err.msg);
	return (pid_t)call.result;
}

/* Queued while the default signal of the rendezvous is taken by a handler, and another is pending. */
static void queue_signals(struct remote *remote, struct frozen_thread *thread)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} action = { CODE, 0x04000000, CODE, 0 };
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	siginfo_t info = { .si_signo = SIGWINCH, .si_code = SI_QUEUE };
	struct err err = { 0 };

	remote_push(batch, REMOTE_CALL(rt_sigaction, SIGURG,
				       remote_data(batch, &action, sizeof(action)), 0, 8));
	remote_push(batch, REMOTE_CALL(rt_sigqueueinfo, (uint64_t)thread->tid, SIGWINCH,
				       remote_data(batch, &info, sizeof(info))));
	CHECK(remote_run(remote, thread, batch, &err) == 0, "%s", err.msg);
	CHECK(remote_check(batch, 0, &err) == 0, "%s", err.msg);
	CHECK(remote_check(batch, 1, &err) == 0, "%s", err.msg);
}

static bool is_pending(pid_t pid, int signal)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (read_file_at(AT_FDCWD, path, &text, NULL, NULL) < 0)
		abort();
	at = strstr(text, "ShdPnd:");
	return at && strtoull(at + 7, NULL, 16) & (UINT64_C(1) << (signal - 1));
}

static void test_canvas(void)
{
	pid_t pid = start(), reported = 0, tid;
	struct remote_options options = { .event = note_event, .context = &reported };
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	_cleanup_(maps_release) struct maps maps = { 0 };
	struct frozen_thread *thread, *second;
	struct arch_regs regs;
	struct err err = { 0 };
	int status;

	CHECK(frozen_adopt(pid, NULL, &frozen, &err) == 0, "%s", err.msg);
	thread = frozen.threads[0];
	CHECK(remote_open(&frozen, thread, &options, &remote, &err) == 0, "%s", err.msg);
	CHECK(remote_move(&remote, thread, MOVED, MOVED_SIZE, &err) == 0, "%s", err.msg);
	empty(&remote, thread, pid);
	add_code(&frozen, &remote, thread);
	tid = add_thread(&remote, thread, &reported);
	CHECK(frozen_add_thread(&frozen, tid, &second, &err) == 0, "%s", err.msg);
	/* Blocked, so that it stays pending although it is ignored. */
	regs = thread->regs;
	CHECK(frozen_set_state(&frozen, thread, &regs, 1 << (SIGWINCH - 1), &err) == 0);
	CHECK(frozen_set_state(&frozen, second, &second->regs, 1 << (SIGWINCH - 1), &err) == 0);
	queue_signals(&remote, thread);
	CHECK(is_pending(pid, SIGWINCH));
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	CHECK(is_pending(pid, SIGWINCH));
	read_maps(pid, &maps);
	CHECK(maps.count >= 3 && maps.count <= 5, "%zu", maps.count);
	arch_regs_set_ip(&regs, CODE);
	regs.user.rbx = 37;
	regs.user.orig_rax = (uint64_t)-1;
	CHECK(frozen_set_state(&frozen, thread, &regs, 0, &err) == 0, "%s", err.msg);
	arch_regs_set_ip(&regs, CODE + THREAD_CODE);
	CHECK(frozen_set_state(&frozen, second, &regs, 0, &err) == 0, "%s", err.msg);
	thaw(&frozen);
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "%x", status);
	CHECK(WEXITSTATUS(status) == 42, "%d", WEXITSTATUS(status));
}

/* A program executed remotely, as for the processes of a tree. */
static void test_exec(void)
{
	pid_t pid = start();
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	char path[] = "/bin/true";
	struct remote_call call;
	struct err err = { 0 };
	uint64_t list[2] = { 0 };
	int status;

	CHECK(frozen_adopt(pid, NULL, &frozen, &err) == 0, "%s", err.msg);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	list[0] = remote.scratch;
	CHECK(memory_write(&frozen.memory, remote.scratch, path, sizeof(path), &err) == 0);
	CHECK(memory_write(&frozen.memory, remote.scratch + 64, list, sizeof(list), &err) == 0);
	call = REMOTE_CALL(execve, remote.scratch, remote.scratch + 64, 0);
	CHECK(remote_call(&remote, frozen.threads[0], &call, &err) == 0, "%s", err.msg);
	CHECK(remote.execed);
	CHECK(remote_call(&remote, frozen.threads[0], &call, &err) < 0);
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	CHECK(frozen_reopen_memory(&frozen, &err) == 0, "%s", err.msg);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	call = REMOTE_CALL(getpid);
	CHECK(remote_call(&remote, frozen.threads[0], &call, &err) == 0 && call.result == pid, "%s",
	      err.msg);
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	thaw(&frozen);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%x", status);
}

static void test_killed(void)
{
	pid_t pid = start();
	_cleanup_thaw_ struct frozen frozen = FROZEN_EMPTY;
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct remote_call call = REMOTE_CALL(exit_group, 3);
	struct err err = { 0 };

	CHECK(frozen_adopt(pid, NULL, &frozen, &err) == 0, "%s", err.msg);
	CHECK(remote_open(&frozen, frozen.threads[0], NULL, &remote, &err) == 0, "%s", err.msg);
	CHECK(remote_call(&remote, frozen.threads[0], &call, &err) < 0);
	CHECK(err.code == ERR_GONE, "%d %s", err.code, err.msg);
}

int main(void)
{
	test_canvas();
	test_exec();
	test_killed();
	return test_done("canvas");
}
