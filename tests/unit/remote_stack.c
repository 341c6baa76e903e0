/* SPDX-License-Identifier: MIT */
/* Calls whose data lies below the stack of the process: what is there, nothing or the remains of functions, is there again afterwards. */
#include "kernel/remote_stack.h"

#include "kernel/maps_file.h"
#include "tests/unit/child.h"

#include <sys/syscall.h>
#include <unistd.h>

enum { LOOK = 64 << 10, CALLS = 60 };

static void leave_remains(void)
{
	volatile char remains[LOOK / 2];

	for (size_t i = 0; i < sizeof(remains); i++)
		remains[i] = (char)(i * 7 + 1);
}

static void sleep_in_main(struct shared *shared)
{
	leave_remains();
	shared->count = 1;
	for (;;)
		syscall(SYS_pause);
}

static void spin(struct shared *shared)
{
	for (;;)
		shared->count++;
}

static void *pause_for_ever(void *shared)
{
	((struct shared *)shared)->tid = (pid_t)syscall(SYS_gettid);
	((struct shared *)shared)->count = 1;
	while (shared)
		syscall(SYS_pause);
	return NULL;
}

static void sleep_in_thread(struct shared *shared)
{
	pthread_t thread;

	pthread_create(&thread, NULL, pause_for_ever, shared);
	pthread_join(thread, NULL);
}

static pid_t stopped(body_fn *body, struct frozen *frozen)
{
	struct shared *shared = shared_new();
	pid_t pid = spawn(body, shared);
	struct err err = { 0 };

	while (!shared->count)
		usleep(1000);
	CHECK(body == spin || comes_to_state(pid, "S"));
	CHECK(freeze_process(pid, NULL, NULL, frozen, &err) == 0, "%s", err.msg);
	return pid;
}

static struct memory_range room_of(const struct frozen *frozen, size_t thread)
{
	_cleanup_close_ int proc = proc_open(frozen->pid, NULL);
	_cleanup_(maps_release) struct maps maps = { 0 };
	struct err err = { 0 };

	CHECK(maps_read_at(proc, "maps", &maps, &err) == 0, "%s", err.msg);
	return remote_stack_room(&maps, frozen->threads[thread]);
}

/* Around the stack pointer, which is in the last quarter of it. */
static void look(const struct frozen *frozen, uint64_t end, char ret_bytes[LOOK])
{
	struct err err = { 0 };

	CHECK(memory_read(&frozen->memory, end + 1024 - LOOK, ret_bytes, LOOK, &err) == 0, "%s",
	      err.msg);
}

static void ask(struct remote *remote, size_t calls)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	struct frozen_thread *thread = remote->frozen->threads[0];
	static uint64_t masks[CALLS * 10];
	struct err err = { 0 };

	for (size_t i = 0; i < calls; i++) {
		masks[i] = 1;
		remote_push(batch, REMOTE_CALL(rt_sigprocmask, SIG_BLOCK, 0,
					       remote_out(batch, &masks[i], sizeof(*masks)), 8));
	}
	remote_push(batch, REMOTE_CALL(getpid));
	CHECK(remote_run_all(remote, thread, batch, &err) == 0, "%s", err.msg);
	CHECK(remote_result(batch, calls) == remote->frozen->pid);
	for (size_t i = 0; i < calls; i++)
		CHECK(masks[i] != 1, "%zu", i);
}

/* More data than there is room below a stack is for mapped memory only. */
static void ask_much(struct remote *remote, bool works)
{
	_cleanup_batch_ struct remote_batch *batch = remote_batch_new(remote);
	static char data[REMOTE_DATA_MAX];

	remote_push(batch, REMOTE_CALL(rt_sigprocmask, 99, 0, 0, 8));
	CHECK((remote_data(batch, data, sizeof(data)) != 0) == works);
}

static void test_return(bool maps_after, size_t calls)
{
	static char before[LOOK], meanwhile[LOOK], after[LOOK];
	FROZEN;
	pid_t pid = stopped(sleep_in_main, &frozen);
	struct remote_options options = { .stack = room_of(&frozen, 0), .lasting = true };
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	uint64_t end = options.stack.end, sp = arch_regs_sp(&frozen.threads[0]->regs);
	struct err err = { 0 };

	CHECK(end && end <= sp - 128 && end > sp - 256, "0x%lx, 0x%lx", end, sp);
	CHECK(end - options.stack.start == REMOTE_STACK);
	look(&frozen, end, before);
	CHECK(remote_open(&frozen, frozen.threads[0], &options, &remote, &err) == 0, "%s", err.msg);
	ask(&remote, calls);
	look(&frozen, end, meanwhile);
	CHECK(memcmp(before, meanwhile, LOOK) != 0);
	CHECK(memcmp(before + LOOK - 1024, meanwhile + LOOK - 1024, 1024) == 0);
	ask_much(&remote, false);
	if (maps_after) {
		CHECK(remote_map_scratch(&remote, frozen.threads[0], &err) == 0, "%s", err.msg);
		look(&frozen, end, meanwhile);
		CHECK(memcmp(before, meanwhile, LOOK) == 0);
		CHECK(remote_map_scratch(&remote, frozen.threads[0], &err) == 0, "%s", err.msg);
		ask(&remote, calls);
		ask_much(&remote, true);
	}
	CHECK(remote_close(&remote, NULL, &err) == 0, "%s", err.msg);
	look(&frozen, end, after);
	CHECK(memcmp(before, after, LOOK) == 0);
	thaw(&frozen);
	CHECK(comes_to_state(pid, "S"));
	finish(pid);
}

/* The end of the process while its stack is lent is no failure to return it. */
static void test_gone(void)
{
	FROZEN;
	pid_t pid = stopped(sleep_in_main, &frozen);
	struct remote_options options = { .stack = room_of(&frozen, 0) };
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	struct err err = { 0 };

	CHECK(remote_open(&frozen, frozen.threads[0], &options, &remote, &err) == 0, "%s", err.msg);
	ask(&remote, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	CHECK(remote_close(&remote, NULL, &err) < 0);
	CHECK(!remote.under && !remote.frozen);
}

/* A call that takes longer than we wait: what comes next lies in the stack, and must stay there until the thread has done it. */
static void test_late(void)
{
	static char before[LOOK], after[LOOK];
	FROZEN;
	pid_t pid = stopped(sleep_in_main, &frozen);
	struct remote_options options = { .stack = room_of(&frozen, 0) };
	_cleanup_remote_ struct remote remote = REMOTE_EMPTY;
	const struct timespec time = { 0, 400000000 };
	struct remote_batch *batch;
	struct err err = { 0 };

	look(&frozen, options.stack.end, before);
	CHECK(remote_open(&frozen, frozen.threads[0], &options, &remote, &err) == 0, "%s", err.msg);
	batch = remote_batch_new(&remote);
	remote_push(batch, REMOTE_CALL(nanosleep, remote_data(batch, &time, sizeof(time)), 0));
	for (int i = 0; i < CALLS; i++)
		remote_push(batch, REMOTE_CALL(getpid));
	frozen.timeout_ms = 50;
	CHECK(remote_run(&remote, frozen.threads[0], batch, &err) < 0);
	remote_batch_free(batch);
	CHECK(remote_close(&remote, NULL, &err) < 0);
	CHECK(strstr(err.msg, "did not come back"), "%s", err.msg);
	look(&frozen, options.stack.end, after);
	CHECK(memcmp(before, after, LOOK) != 0);
	thaw(&frozen);
	usleep(500000);
	CHECK(comes_to_state(pid, "S"));
	finish(pid);
}

static void test_nowhere(body_fn *body, size_t thread)
{
	FROZEN;
	pid_t pid = stopped(body, &frozen);
	struct memory_range room = room_of(&frozen, thread);

	CHECK(room.start == 0 && room.end == 0, "0x%lx-0x%lx", room.start, room.end);
	thaw(&frozen);
	finish(pid);
}

int main(void)
{
	test_return(false, CALLS);
	test_return(true, CALLS);
	/* In several parts. */
	test_return(false, CALLS * 10);
	test_gone();
	test_late();
	test_nowhere(spin, 0);
	test_nowhere(sleep_in_thread, 1);
	return test_done("remote_stack");
}
