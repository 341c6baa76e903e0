/* SPDX-License-Identifier: MIT */
/* Open file descriptions made from records: what prestore hands over to the processes. */
#include "tests/unit/test.h"

#include "format/err.h"
#include "format/eventfd.h"
#include "format/external.h"
#include "format/file.h"
#include "format/files.h"
#include "format/memfd.h"
#include "format/pipe.h"
#include "format/pipe_end.h"
#include "format/regular.h"
#include "format/shm.h"
#include "restore/descriptors.h"
#include "restore/shm.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PID 42

struct fixture {
	struct restore_options options;
	struct restore restore;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	f->restore.options = &f->options;
	IMAGE_ADD(&f->restore.image, files, PID, 0, &f->err);
}

static void end(struct fixture *f)
{
	restore_close_files(&f->restore);
	descriptors_free(f->restore.descriptors);
	problems_done(&f->restore.problems);
	image_done(&f->restore.image);
}

static void *add_file(struct fixture *f, uint32_t fd, uint32_t id, const struct record *type,
		      uint32_t flags)
{
	struct files *files = IMAGE_GET(&f->restore.image, files, PID, 0);
	struct descriptor *d = LIST_ADD(files, descriptors, &f->err);
	struct file *file = IMAGE_GET(&f->restore.image, file, id, 0);

	*d = (struct descriptor){ fd, id, false };
	if (file)
		return file->type.state;
	file = IMAGE_ADD(&f->restore.image, file, id, 0, &f->err);
	file->id = id;
	file->access = flags & O_ACCMODE;
	file->flags = flags & ~(uint32_t)O_ACCMODE;
	file->type = (struct variant){ type, calloc(1, type->size) };
	return file->type.state;
}

static int run(struct fixture *f, bool make)
{
	static const struct {
		const struct restorer *restorer;
		enum kind kind;
	} steps[] = { { &files_restorer, KIND_files },
		      { &pipe_restorer, KIND_pipe },
		      { &tty_restorer, KIND_tty },
		      { &shm_restorer, KIND_shm },
		      { &file_restorer, KIND_file } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		const struct objects *list = &f->restore.image.kinds[steps[i].kind];

		for (size_t k = 0; k < list->n_objects; k++) {
			int (*step)(struct restore *, const void *, struct key, struct err *) =
				make ? steps[i].restorer->make : steps[i].restorer->check;

			if (step && step(&f->restore, list->objects[k].record, list->objects[k].key,
					 &f->err) < 0)
				return -1;
		}
	}
	return 0;
}

static int make_all(struct fixture *f)
{
	int ret = run(f, false);

	if (ret == 0)
		ret = problems_refuse(&f->restore.problems, ERR_HOST, &f->err);
	if (ret == 0)
		ret = run(f, true);
	CHECK(ret == 0, "%s", f->err.msg);
	return ret;
}

static void check_path(void)
{
	const char *maps[] = { "/old=/new", "/a/b/=/c", "/=/root" };
	struct restore_options options = { .map_paths = maps, .n_map_paths = 2 };
	struct restore restore = { .options = &options };
	char buffer[64];

	CHECK_STR(restore_path(&restore, "/old/file", buffer, sizeof(buffer)), "/new/file");
	CHECK_STR(restore_path(&restore, "/old", buffer, sizeof(buffer)), "/new");
	CHECK_STR(restore_path(&restore, "/older", buffer, sizeof(buffer)), "/older");
	CHECK_STR(restore_path(&restore, "/a/b/x", buffer, sizeof(buffer)), "/c/x");
	CHECK_STR(restore_path(&restore, "/a/bx", buffer, sizeof(buffer)), "/a/bx");
	options.n_map_paths = 3;
	CHECK_STR(restore_path(&restore, "/x", buffer, sizeof(buffer)), "/root/x");
}

static void check_pipe(void)
{
	struct fixture f;
	struct pipe *pipe;
	char buffer[100];
	int bytes = 0, fd;

	begin(&f);
	((struct pipe_end *)add_file(&f, 5, 1, &pipe_end_record, O_RDONLY))->pipe = 1;
	((struct pipe_end *)add_file(&f, 6, 2, &pipe_end_record, O_WRONLY | O_DIRECT))->pipe = 1;
	((struct pipe_end *)add_file(&f, 9, 3, &pipe_end_record, O_RDONLY | O_NONBLOCK | 0100000))
		->pipe = 1;
	pipe = IMAGE_ADD(&f.restore.image, pipe, 1, 0, &f.err);
	pipe->id = 1;
	pipe->capacity = 16384;
	pipe->bytes = 7;
	pipe->n_packets = 2;
	pipe->packets = calloc(2, sizeof(*pipe->packets));
	pipe->packets[0] = 3;
	pipe->packets[1] = 4;
	image_add_blob(&f.restore.image, "pipes/1.data", strdup("abcdefg"), 7, &f.err);
	if (make_all(&f) == 0) {
		fd = restore_file(&f.restore, 1);
		CHECK(f.restore.base == 10 && fd >= 10, "base %d fd %d", f.restore.base, fd);
		CHECK(fcntl(fd, F_GETFL) == O_RDONLY && fcntl(fd, F_GETFD) == 0);
		CHECK((fcntl(restore_file(&f.restore, 2), F_GETFL)) == (O_WRONLY | O_DIRECT));
		CHECK(fcntl(restore_file(&f.restore, 3), F_GETFL) == (O_NONBLOCK | 0100000));
		CHECK(fcntl(fd, F_GETPIPE_SZ) == 16384);
		CHECK(ioctl(fd, FIONREAD, &bytes) == 0 && bytes == 7, "%d bytes", bytes);
		CHECK(read(fd, buffer, sizeof(buffer)) == 3 && memcmp(buffer, "abc", 3) == 0);
		CHECK(read(fd, buffer, sizeof(buffer)) == 4 && memcmp(buffer, "defg", 4) == 0);
	}
	end(&f);
}

static void check_contents(void)
{
	struct fixture f;
	struct regular *regular;
	struct shm *shm;
	char name[] = "/tmp/pimage-unit-deleted", buffer[8] = "", page[4096] = "hello";
	struct stat st;
	int fd;

	begin(&f);
	((struct memfd *)add_file(&f, 3, 1, &memfd_record, O_RDWR))->contents = 1;
	regular = add_file(&f, 4, 2, &regular_record, O_RDONLY);
	regular->file = (struct file_id){ .path = strdup(name), .contents = 2 };
	IMAGE_GET(&f.restore.image, file, 2, 0)->offset = 3;
	shm = IMAGE_ADD(&f.restore.image, shm, 1, 0, &f.err);
	*shm = (struct shm){ .id = 1,
			     .kind = SHM_MEMFD,
			     .name = strdup("n"),
			     .size = 100,
			     .mode = 0100600,
			     .seals = F_SEAL_WRITE | F_SEAL_GROW };
	shm = IMAGE_ADD(&f.restore.image, shm, 2, 0, &f.err);
	*shm = (struct shm){
		.id = 2, .kind = SHM_DELETED_FILE, .name = strdup(name), .size = 5, .mode = 0100400
	};
	if (make_all(&f) == 0) {
		CHECK(shm_fill(&f.restore, 1, 0, page, sizeof(page), &f.err) == 0, "%s", f.err.msg);
		CHECK(shm_fill(&f.restore, 2, 0, page, sizeof(page), &f.err) == 0, "%s", f.err.msg);
		CHECK(shm_finish(&f.restore, &f.err) == 0, "%s", f.err.msg);
		fd = restore_file(&f.restore, 1);
		CHECK(fstat(fd, &st) == 0 && st.st_size == 100 && st.st_mode == 0100600);
		CHECK(fcntl(fd, F_GET_SEALS) == (F_SEAL_WRITE | F_SEAL_GROW));
		fd = restore_file(&f.restore, 2);
		CHECK(fstat(fd, &st) == 0 && st.st_size == 5 && st.st_nlink == 0 &&
		      st.st_mode == 0100400);
		CHECK(read(fd, buffer, sizeof(buffer)) == 2 && memcmp(buffer, "lo", 2) == 0);
		CHECK(access(name, F_OK) < 0);
	}
	end(&f);
}

static void check_eventfd(void)
{
	struct eventfd *eventfd;
	struct fixture f;
	uint64_t value = 0;
	int fd;

	begin(&f);
	eventfd = add_file(&f, 3, 1, &eventfd_record, O_RDWR | O_NONBLOCK);
	*eventfd = (struct eventfd){ .count = UINT64_MAX - 1, .semaphore = false };
	if (make_all(&f) == 0) {
		fd = restore_file(&f.restore, 1);
		CHECK(read(fd, &value, 8) == 8 && value == UINT64_MAX - 1);
	}
	end(&f);
}

static void check_overrides(void)
{
	const char *good[] = { "7=/dev/null" };
	const char *bad[] = { "x=1", "7=", "7", "7=inherit:99999", "8=null", "-1=null" };
	struct fixture f;

	begin(&f);
	((struct external *)add_file(&f, 7, 1, &external_record, O_RDWR))->what = strdup("socket:");
	add_file(&f, 9, 1, NULL, 0);
	CHECK(run(&f, false) == 0 && problems_refuse(&f.restore.problems, ERR_HOST, &f.err) < 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		descriptors_free(f.restore.descriptors);
		f.restore.descriptors = NULL;
		f.options.fds = &bad[i];
		f.options.n_fds = 1;
		CHECK(run(&f, false) < 0 && f.err.code == ERR_USAGE, "%s", bad[i]);
	}
	descriptors_free(f.restore.descriptors);
	f.restore.descriptors = NULL;
	problems_done(&f.restore.problems);
	f.restore.problems = (struct problems){ 0 };
	f.options.fds = good;
	/* The other descriptor of the same description follows the one that is named. */
	if (make_all(&f) == 0) {
		const struct files *files = IMAGE_GET(&f.restore.image, files, PID, 0);

		CHECK(descriptors_source(&f.restore, &files->descriptors[0], &f.err) >= 10);
		CHECK(descriptors_source(&f.restore, &files->descriptors[1], &f.err) ==
		      descriptors_source(&f.restore, &files->descriptors[0], &f.err));
	}
	end(&f);
}

int main(void)
{
	check_path();
	check_pipe();
	check_contents();
	check_eventfd();
	check_overrides();
	return test_done("restore_files");
}
