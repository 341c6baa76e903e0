/* SPDX-License-Identifier: MIT */
/* Memory that forked processes still have in common, and how each has gone its own way since. */
#include "tree.h"
#include "vma.h"

#include <sys/prctl.h>

enum { AREA = 1024, TAIL = 8, FILED = 16, DEEP = 400 << 10 };

static char *area, *tail, *filed, *unforked, *wiped, *brk_heap;

/* Without process_vm_readv(2), as is_readable() has it: that would give the process copies of its own. */
static bool can_read(const void *at)
{
	static int ends[2];
	char byte;

	MUST(ends[1] || pipe(ends) == 0);
	return write(ends[1], at, 1) == 1 && read(ends[0], &byte, 1) == 1;
}

static uint64_t digest(uint64_t hash, const char *at, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		const uint64_t *words = (const uint64_t *)(at + i * PAGE);
		bool readable = can_read(words);

		hash = (hash ^ readable) * 0x100000001b3;
		for (size_t k = 0; readable && k < PAGE / 8; k++)
			hash = (hash ^ words[k]) * 0x100000001b3;
	}
	return hash;
}

static long digest_all(void)
{
	uint64_t hash = digest(1, area, AREA);

	hash = digest(hash, tail, 2 * TAIL);
	hash = digest(hash, filed, FILED);
	hash = digest(hash, brk_heap, 64);
	return (long)(digest(digest(hash, wiped, TAIL), unforked, TAIL) >> 1);
}

__attribute__((noreturn)) static void serve(const char *name)
{
	struct tree_place *place = tree_enter(name);

	tree_fill(place);
	place->number = digest_all();
	place->done = 1;
	while (tree_asked(place)) {
		tree_fill(place);
		place->number = digest_all();
		place->done = place->wish;
	}
	_exit(0);
}

static void same(void)
{
}

static void writes(void)
{
	for (size_t i = 0; i < AREA; i += 17)
		fill_page(area + i * PAGE, 100000 + i);
	fill_page(filed + 2 * PAGE, 777);
	fill_page(wiped, 778);
}

/* Pages of zeros where the parent has others, the other way round, and its own contents again. */
static void zeroes(void)
{
	memset(area + 40 * PAGE, 0, 5 * PAGE);
	fill_pages(area + 900 * PAGE, 4, 5000);
	fill_page(area + 60 * PAGE, 0);
	fill_page(area + 60 * PAGE, 60);
	memset(filed, 0, PAGE);
}

static void drops(void)
{
	MUST(madvise(area + 100 * PAGE, 100 * PAGE, MADV_DONTNEED) == 0);
	MUST(madvise(filed + 4 * PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
	MUST(munmap(area + 300 * PAGE, 10 * PAGE) == 0);
	MUST(mprotect(area + 400 * PAGE, 10 * PAGE, PROT_READ) == 0);
	MUST(mprotect(area + 500 * PAGE, 10 * PAGE, PROT_NONE) == 0);
	MUST(mmap(area + 302 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	fill_page(area + 303 * PAGE, 9);
	MUST(mmap(area + 600 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED);
	fill_page(area + 601 * PAGE, 10);
	MUST(prctl(PR_SET_NAME, "drops") == 0);
}

static void deep(volatile char *from, int depth)
{
	volatile char here[4096];

	here[0] = from[0] + 1;
	if (depth > 0)
		deep(here, depth - 1);
}

static void grows(void)
{
	volatile char here[1] = { 0 };

	MUST(mremap(tail, TAIL * PAGE, 2 * TAIL * PAGE, 0) == tail);
	fill_pages(tail + TAIL * PAGE, TAIL, 4000);
	MUST(sbrk(40 * PAGE) != (void *)-1);
	deep(here, DEEP / 4096);
}

static void branch(const char *name, void (*change)(void), const char *below,
		   void (*change_below)(void));

static void fork_one(const char *name, void (*change)(void), const char *below,
		     void (*change_below)(void))
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid)
		return;
	change();
	if (below)
		branch(below, change_below, NULL, NULL);
	serve(name);
}

/* Forks one that changes its memory, forks another likewise below it if asked to, and serves. */
static void branch(const char *name, void (*change)(void), const char *below,
		   void (*change_below)(void))
{
	fork_one(name, change, below, change_below);
	while (!tree_find(name) || !tree_find(name)->done)
		usleep(500);
}

static void fill_all(void)
{
	char *room = map_private(4 * TAIL);
	int fd = make_file("filed", FILED);

	area = map_private(AREA);
	fill_pages(area, AREA - 200, 0);
	tail = room;
	fill_pages(tail, TAIL, 3000);
	filed = mmap(NULL, FILED * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST(filed != MAP_FAILED && close(fd) == 0);
	fill_pages(filed, FILED / 2, 2000);
	unforked = map_private(TAIL);
	wiped = map_private(TAIL);
	fill_pages(unforked, TAIL, 6000);
	fill_pages(wiped, TAIL, 7000);
	MUST(madvise(unforked, TAIL * PAGE, MADV_DONTFORK) == 0);
	MUST(madvise(wiped, TAIL * PAGE, MADV_WIPEONFORK) == 0);
	brk_heap = (char *)(((uintptr_t)sbrk(80 * PAGE) + PAGE - 1) & ~(PAGE - 1));
	fill_pages(brk_heap, 70, 8000);
	/* Room in which it can grow; the last thing, so that nothing else comes there. */
	MUST(munmap(room + TAIL * PAGE, 3 * TAIL * PAGE) == 0);
}

/* What the root does when its children are there. */
static void go_on(void)
{
	fill_pages(area + 700 * PAGE, 20, 30000);
	MUST(madvise(area + 750 * PAGE, 20 * PAGE, MADV_DONTNEED) == 0);
	MUST(mprotect(area + 200 * PAGE, 20 * PAGE, PROT_READ) == 0);
	fill_page(filed + 3 * PAGE, 31000);
	MUST(brk(brk_heap + 70 * PAGE) == 0);
}

/* KiB of anonymous memory of all processes; what several have in common counts once. */
static long pss(void)
{
	long sum = 0;

	for (int i = 0; i < tree->used; i++) {
		static char text[8192];
		char path[64], *at;

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", tree->places[i].pid);
		read_proc(path, text, sizeof(text));
		at = strstr(text, "Pss_Anon:");
		if (!at)
			subject_skip("this kernel does not tell of anonymous memory (Pss_Anon)");
		sum += strtol(at + strlen("Pss_Anon:"), NULL, 10);
	}
	return sum;
}

static void look(struct view *view, void *state)
{
	(void)state;
	for (int i = 0; i < tree->used; i++) {
		struct tree_place *place = &tree->places[i];

		if (i > 0)
			tree_ask(place);
		else
			tree_fill(place);
		view_hex(view, place->name,
			 i > 0 ? (unsigned long)place->number : (unsigned long)digest_all());
	}
}

int main(int argc, char **argv)
{
	long before, after;

	if (argc > 1) {
		int fd = open("tree", O_RDWR);

		tree = mmap(NULL, sizeof(*tree), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		MUST(tree != MAP_FAILED && close(fd) == 0);
		fill_all();
		serve("executed");
	}
	tree_start();
	fill_all();
	tree_enter("root");
	branch("same", same, NULL, NULL);
	branch("writes", writes, "below", zeroes);
	branch("zeroes", zeroes, NULL, NULL);
	branch("drops", drops, NULL, NULL);
	branch("grows", grows, "below grows", same);
	if (fork() == 0) {
		execl("/proc/self/exe", argv[0], "execute", NULL);
		_exit(127);
	}
	while (!tree_find("executed") || !tree_find("executed")->done)
		usleep(500);
	go_on();
	subject_block();
	subject_show(look, NULL);
	before = pss();
	subject_wait();
	subject_show(look, NULL);
	after = pss();
	if (after > before + before / 10)
		subject_fail("%ld KiB of memory became %ld", before, after);
	tree_end();
	while (wait(NULL) > 0)
		;
	subject_say("done");
	return 0;
}
