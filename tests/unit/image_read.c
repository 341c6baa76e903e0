/* SPDX-License-Identifier: MIT */
/*
 * Images as written, repacked, compressed, pulled and edited read the same from files and pipes;
 * damaged, cut off and hostile ones are refused.
 */
#include "tests/unit/image_sample.h"

#include <archive.h>
#include <archive_entry.h>
#include <signal.h>
#include <sys/stat.h>

struct image_bytes {
	uint8_t *data;
	size_t size;
	char text[TEXT_SIZE]; /* what is in it */
};

static void make(struct image_bytes *image, size_t pages_size)
{
	int fd = file_of("", 0);
	struct err err = { 0 };

	CHECK(sample_write(fd, 0, pages_size, &err) == 0, "%s", err.msg);
	image->size = (size_t)lseek(fd, 0, SEEK_END);
	image->data = malloc(image->size);
	CHECK(pread(fd, image->data, image->size, 0) == (ssize_t)image->size);
	lseek(fd, 0, SEEK_SET);
	CHECK(sample_text(fd, IMAGE_READ_VERIFY, false, image->text, NULL, &err) == 0, "%s",
	      err.msg);
	close(fd);
}

/* The descriptor is read with the same result as the original, and closed. */
static void same(int fd, bool spool, const struct image_bytes *image, bool original,
		 const char *more, const char *what)
{
	struct image_report report = { 0 };
	char text[TEXT_SIZE], want[TEXT_SIZE + 256];
	struct err err = { 0 };

	CHECK(fd >= 0, "%s", what);
	CHECK(sample_text(fd, IMAGE_READ_VERIFY, spool, text, &report, &err) == 0, "%s: %s", what,
	      err.msg);
	CHECK(report.original == original, "%s", what);
	snprintf(want, sizeof(want), "%s%s", image->text, more);
	CHECK(strcmp(text, want) == 0, "%s: got\n%swant\n%s", what, text, want);
	close(fd);
}

static void check_original(const struct image_bytes *image)
{
	int fd = file_of(image->data, image->size);

	CHECK(strstr(image->text, "pimage.json \"{\"format\": \"pimage\"}\""), "%s", image->text);
	CHECK(strstr(image->text, "processes/7/pages/400000 "), "%s", image->text);
	same(file_of(image->data, image->size), false, image, true, "", "file");
	same(pipe_of(image->data, image->size), false, image, true, "", "pipe");
	same(pipe_of(image->data, image->size), true, image, true, "", "pipe, spooled");
	/* Not at the start of the file. */
	CHECK(pwrite(fd, "12345", 5, 0) == 5 &&
	      pwrite(fd, image->data, image->size, 5) == (ssize_t)image->size);
	lseek(fd, 5, SEEK_SET);
	same(fd, false, image, true, "", "file from byte 5");
}

/* What the API promises beside the contents. */
static void check_api(const struct image_bytes *image)
{
	int fd = file_of(image->data, image->size), in = pipe_of(image->data, image->size),
	    place_fd;
	const struct image_entry *entry, *pages;
	struct image_reader *reader = NULL;
	struct page_source source;
	struct page_file *file = NULL;
	char buffer[16] = "";
	uint64_t place;
	struct err err = { 0 };

	CHECK(image_reader_new(fd, 0, &reader, &err) == 0 && image_reader_complete(reader));
	entry = image_reader_find(reader, "pimage.json");
	CHECK(entry && !entry->pages && ((const char *)entry->data)[entry->size] == '\0');
	CHECK(!image_reader_find(reader, "index.json") && !image_reader_find(reader, "nothing"));
	pages = image_reader_find(reader, "processes/7/pages/1000");
	CHECK(pages && pages->pages && !pages->data);
	source = image_entry_source(pages);
	CHECK(page_file_open(&source, pages->size, &file, &err) == 0, "%s", err.msg);
	CHECK(page_file_read(file, 6, buffer, 6, &err) == 0);
	CHECK_STR(buffer, "qbhft!");
	page_file_free(file);
	CHECK(image_entry_place(pages, &place_fd, &place) == 0 && place_fd == fd);
	CHECK(image_entry_place(entry, &place_fd, &place) < 0);
	CHECK(image_entry_read(entry, entry->size, buffer, 1, &err) < 0 && err.code == ERR_IMAGE);
	CHECK(image_reader_finish(reader, NULL, &err) == 0 &&
	      image_reader_finish(reader, NULL, &err) == 0);
	image_reader_free(reader);
	CHECK(image_reader_new(in, 0, &reader, &err) == 0 && !image_reader_complete(reader));
	CHECK(image_reader_find(reader, "files/1.json"));
	CHECK(image_reader_next(reader, &entry, &err) == 1 &&
	      strcmp(entry->name, "shm/2/pages/0") == 0);
	CHECK(image_reader_read(reader, buffer, 4, &err) == 4 &&
	      memcmp(buffer, "\x28\xb5\x2f\xfd", 4) == 0);
	CHECK(image_entry_read(entry, 0, buffer, 1, &err) < 0);
	CHECK(image_reader_spool(reader, &err) == 0 && image_reader_complete(reader), "%s",
	      err.msg);
	CHECK(image_reader_next(reader, &entry, &err) == 1 &&
	      strcmp(entry->name, "processes/7/pages/1000") == 0);
	CHECK(image_entry_read(entry, 0, buffer, 4, &err) == 0 &&
	      memcmp(buffer, "\x28\xb5\x2f\xfd", 4) == 0);
	CHECK(image_reader_next(reader, &entry, &err) == 1 &&
	      image_reader_next(reader, &entry, &err) == 0);
	CHECK(image_reader_finish(reader, NULL, &err) == 0, "%s", err.msg);
	image_reader_free(reader);
	close(fd);
	close(in);
}

static bool in_padding(const struct image_bytes *image, size_t at)
{
	return at < image->size && image->data[at] == 0;
}

/*
 * Every eleventh byte changed: the image is refused, or everything in it is still right. What may change
 * unseen are the zeros that fill blocks up, and words of the tail that nothing but a registry
 * needs.
 */
static void check_flips(struct image_bytes *image, bool pipe, unsigned flags, uint8_t flip,
			size_t first)
{
	const size_t step = 11;
	size_t passed = 0;

	for (size_t i = first; i < image->size; i += step) {
		struct image_report report = { 0 };
		char text[TEXT_SIZE];
		struct err err = { 0 };
		int fd, r;

		image->data[i] ^= flip;
		fd = pipe ? pipe_of(image->data, image->size) : file_of(image->data, image->size);
		r = sample_text(fd, flags, false, text, &report, &err);
		image->data[i] ^= flip;
		close(fd);
		if (r < 0) {
			CHECK(err.code == ERR_IMAGE, "byte %zu: %s", i, err.msg);
			continue;
		}
		CHECK(strcmp(text, image->text) == 0, "byte %zu: %s", i, text);
		passed += !in_padding(image, i);
	}
	CHECK(passed < image->size / step / 50, "%zu bytes other than padding may change", passed);
}

static void check_cuts(const struct image_bytes *image)
{
	char text[TEXT_SIZE];
	struct err err = { 0 };

	for (size_t n = 0; n < image->size; n += 512) {
		int file = file_of(image->data, n), in = pipe_of(image->data, n);
		/* Without its end mark of two blocks a tar is still whole. */
		bool whole = n >= image->size - 1024;

		CHECK((sample_text(file, 0, false, text, NULL, &err) == 0) == whole, "file of %zu",
		      n);
		CHECK(whole || err.code == ERR_IMAGE, "%s", err.msg);
		CHECK((sample_text(in, 0, false, text, NULL, &err) == 0) == whole, "pipe of %zu",
		      n);
		CHECK(whole || err.code == ERR_IMAGE, "%s", err.msg);
		close(file);
		close(in);
	}
	for (size_t n = 1; n < image->size - 1024; n += 101) {
		int file = file_of(image->data, n);

		CHECK(sample_text(file, 0, false, text, NULL, &err) < 0, "file of %zu", n);
		close(file);
	}
}

/* One hostile tar: entries {name, type, link or data}. */
struct hostile {
	const char *why;
	const char *expect; /* in the message */
	struct {
		const char *name;
		char type; /* f file, h hard link, l symbolic link, d directory, c device, p fifo */
		const char *text;
	} entries[3];
};

static const struct hostile hostile[] = {
	{ "absolute", "/etc/passwd", { { "/etc/passwd", 'f', "x" } } },
	{ "climbs", "..", { { "../x", 'f', "x" } } },
	{ "climbs inside", "a/../../x", { { "a/../../x", 'f', "x" } } },
	{ "directory climbs", "..", { { "..", 'd', "" } } },
	{ "control byte", "0x1b", { { "a\033[2J", 'f', "x" } } },
	{ "twice", "two entries named a", { { "a", 'f', "x" }, { "./a", 'f', "y" } } },
	{ "link and file",
	  "two entries named b",
	  { { "a", 'f', "x" }, { "b", 'h', "a" }, { "b", 'f', "y" } } },
	{ "link to itself", "not before it", { { "a", 'h', "a" } } },
	{ "link to nothing", "not before it", { { "a", 'h', "b" } } },
	{ "link outside", "/etc/passwd", { { "a", 'h', "/etc/passwd" } } },
	{ "symbolic link", "neither", { { "a", 'l', "/etc/passwd" } } },
	{ "device", "neither", { { "a", 'c', "" } } },
	{ "fifo", "neither", { { "a", 'p', "" } } },
	{ "no index", "index.json", { { "pimage.json", 'f', "{}" } } },
	{ "packed from outside",
	  "pack what is in",
	  { { "job/pimage.json", 'f', "{}" }, { "job/index.json", 'f', "{}" } } },
	{ "bad index",
	  "index.json: ",
	  { { "pimage.json", 'f', "{}" }, { "index.json", 'f', "[]" } } },
	{ "nothing in index",
	  "index.json",
	  { { "pimage.json", 'f', "{}" },
	    { "index.json", 'f', "{\"schemaVersion\": 2, \"manifests\": []}" } } },
	{ "missing",
	  "index.json lists b, which is missing",
	  { { "pimage.json", 'f', "{}" },
	    { "index.json", 'f',
	      "{\"schemaVersion\": 2, \"manifests\": [], \"entries\": [{\"name\": \"b\", "
	      "\"offset\": 0, \"size\": 0, \"mtime\": 0}]}" } } },
	{ "digest without a manifest",
	  "entries[0].sha256 is no SHA-256",
	  { { "pimage.json", 'f', "{}" },
	    { "index.json", 'f',
	      "{\"schemaVersion\": 2, \"manifests\": [], \"entries\": [{\"name\": \"pimage.json\", "
	      "\"offset\": 512, \"size\": 2, \"mtime\": 0, \"sha256\": "
	      "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]}" } } },
	{ "bad digest",
	  "no SHA-256",
	  { { "pimage.json", 'f', "{}" },
	    { "index.json", 'f',
	      "{\"schemaVersion\": 2, \"manifests\": [], \"entries\": [{\"name\": \"pimage.json\", "
	      "\"offset\": 0, \"size\": 0, \"mtime\": 0, \"sha256\": \"00\"}]}" } } },
};

static int hostile_file(const struct hostile *tar)
{
	static const struct {
		char type;
		mode_t mode;
	} modes[] = { { 'f', AE_IFREG }, { 'h', AE_IFREG }, { 'l', AE_IFLNK },
		      { 'd', AE_IFDIR }, { 'c', AE_IFCHR }, { 'p', AE_IFIFO } };
	struct archive *archive = archive_write_new();
	int fd = file_of("", 0);

	archive_write_set_format_gnutar(archive);
	archive_write_open_fd(archive, fd);
	for (size_t i = 0; i < 3 && tar->entries[i].name; i++) {
		struct archive_entry *entry = archive_entry_new();
		const char *text = tar->entries[i].text;
		char type = tar->entries[i].type;

		archive_entry_set_pathname(entry, tar->entries[i].name);
		for (size_t k = 0; k < 6; k++)
			if (modes[k].type == type)
				archive_entry_set_mode(entry, modes[k].mode | 0600);
		if (type == 'h')
			archive_entry_set_hardlink(entry, text);
		if (type == 'l')
			archive_entry_set_symlink(entry, text);
		archive_entry_set_size(entry, type == 'f' ? (la_int64_t)strlen(text) : 0);
		CHECK(archive_write_header(archive, entry) == ARCHIVE_OK);
		if (type == 'f')
			archive_write_data(archive, text, strlen(text));
		archive_entry_free(entry);
	}
	archive_write_free(archive);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void check_hostile(void)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		int fd = hostile_file(&hostile[i]);
		char text[TEXT_SIZE];
		struct err err = { 0 };

		CHECK(sample_text(fd, 0, false, text, NULL, &err) < 0, "%s", hostile[i].why);
		CHECK(err.code == ERR_IMAGE && strstr(err.msg, hostile[i].expect), "%s: %s",
		      hostile[i].why, err.msg);
		close(fd);
	}
}

static void check_garbage(void)
{
	static char zeros[20480], noise[20480];
	char text[TEXT_SIZE];
	struct err err = { 0 };
	int fds[] = { file_of("", 0), file_of(zeros, sizeof(zeros)), 0,
		      pipe_of("", 0), open("/dev/null", O_RDONLY),   open("/", O_RDONLY) };

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * i >> 3);
	fds[2] = file_of(noise, sizeof(noise));
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		CHECK(sample_text(fds[i], 0, false, text, NULL, &err) < 0, "%zu", i);
		CHECK(err.code == (i == 5 ? ERR_FAILED : ERR_IMAGE), "%zu: %s", i, err.msg);
		close(fds[i]);
	}
}

/* Runs a shell command in the directory, with the system's own tools; false when it fails. */
static bool run(const char *directory, const char *command)
{
	char line[2000];

	snprintf(line, sizeof(line), "PATH=/usr/bin:/bin:$PATH; cd %s && { %s; } >/dev/null 2>&1",
		 directory, command);
	return system(line) == 0;
}

static int open_in(const char *directory, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* same() from a pipe of any length. */
static void same_pipe(const char *directory, bool spool, const struct image_bytes *image,
		      bool original, const char *more, const char *what)
{
	char command[256];
	FILE *cat;

	snprintf(command, sizeof(command), "cat %s/x.tar", directory);
	cat = popen(command, "r");
	CHECK(cat);
	same(dup(fileno(cat)), spool, image, original, more, what);
	CHECK(pclose(cat) == 0, "the writer of the pipe was cut off");
}

/*
 * What a registry and its tools leave of the unpacked image: blobs, and an index that lists only
 * the manifest.
 */
#define PULL                                                                                       \
	"cp -a d e && cd e && rm -r pimage.json processes shm pipes files && "                     \
	"python3 -c 'import json; i = json.load(open(\"index.json\")); del i[\"entries\"]; "       \
	"i[\"manifests\"][0].pop(\"artifactType\"); i[\"annotations\"] = {\"by\": \"another "      \
	"tool\"}; "                                                                                \
	"json.dump(i, open(\"index.json\", \"w\"))' && "

/*
 * Other programs' tars: what they are, how they are made from the directory d (the image
 * unpacked).
 */
static const struct {
	const char *tool;
	const char *command;
	bool original; /* nothing but the outside has changed */
	const char *more;
} repacks[] = {
	{ "gzip", "gzip -k <job.tar >x.tar", true, "" },
	{ "zstd", "zstd -q <job.tar >x.tar", true, "" },
	{ "xz", "xz <job.tar >x.tar", true, "" },
	{ "tar", "tar -C d --sort=name -cf x.tar .", false, "" },
	{ "tar", "tar -C d --sort=name -czf x.tar .", false, "" },
	{ "tar", "tar -C d --format=posix -cf x.tar .", false, "" },
	{ "tar", "tar -C d --format=v7 --hard-dereference -cf x.tar .", false, "" },
	{ "tar", "cd d && tar -cf ../x.tar $(ls -r)", false, "" },
	{ "tar", "cd d && tar -cf ../x.tar index.json processes shm pipes files pimage.json", false,
	  "" },
	{ "tar", "tar -C d --sparse -cf x.tar .", false, "" },
	{ "bsdtar", "bsdtar -C d -cf x.tar .", false, "" },
	{ "bsdtar",
	  "bsdtar -C d --format=ustar -cf x.tar pimage.json index.json shm processes pipes files "
	  "blobs",
	  false, "" },
	{ "bsdtar", "bsdtar -cf x.tar @job.tar", true, "" },
	{ "busybox", "busybox tar -C d -cf x.tar .", false, "" },
	{ "python3",
	  "python3 -c 'import tarfile; t = tarfile.open(\"x.tar\", \"w\"); t.add(\"d\", \".\")'",
	  false, "" },
	{ "python3", PULL "tar -cf ../x.tar . ; rm -r ../e", true, "" },
	{ "python3", PULL "tar -cf ../x.tar oci-layout index.json blobs ; rm -r ../e", true, "" },
	{ "python3", PULL "mkdir pipes && : >pipes/1.data && tar -cf ../x.tar . ; rm -r ../e",
	  false, "" },
	{ "tar", "cp -a d e && echo hello > e/zzz.txt && tar -C e -cf x.tar . ; rm -r e", false,
	  "zzz.txt \"hello\"\nadded zzz.txt\n" },
	{ "zstd",
	  "cp -a d e && cd e/processes/7/pages && zstd -qdc 1000 >p && rm 1000 && "
	  "zstd -q -19 --check --rm p -o 1000 && cd ../../.. && tar -cf ../x.tar . ; rm -r ../e",
	  false, "edited processes/7/pages/1000\n" },
};

static void check_repacks(const struct image_bytes *image)
{
	char directory[] = "/tmp/pimage-test-XXXXXX", command[100];
	int fd;

	CHECK(mkdtemp(directory));
	snprintf(command, sizeof(command), "%s/job.tar", directory);
	fd = open(command, O_CREAT | O_WRONLY, 0600);
	CHECK(write(fd, image->data, image->size) == (ssize_t)image->size);
	close(fd);
	CHECK(run(directory, "mkdir d && tar -C d -xf job.tar"));
	for (size_t i = 0; i < sizeof(repacks) / sizeof(repacks[0]); i++) {
		snprintf(command, sizeof(command), "command -v %s", repacks[i].tool);
		if (!run(directory, command)) {
			test_skip("image_read", "for want of %s: %s", repacks[i].tool,
				  repacks[i].command);
			continue;
		}
		CHECK(run(directory, repacks[i].command), "%s", repacks[i].command);
		same(open_in(directory, "x.tar"), false, image, repacks[i].original,
		     repacks[i].more, repacks[i].command);
		same_pipe(directory, false, image, repacks[i].original, repacks[i].more,
			  repacks[i].command);
		same_pipe(directory, true, image, repacks[i].original, repacks[i].more,
			  repacks[i].command);
		CHECK(run(directory, "rm x.tar"));
	}
	snprintf(command, sizeof(command), "rm -r %s", directory);
	CHECK(run("/", command));
}

int main(void)
{
	static struct image_bytes image, big;

	make(&image, SAMPLE_PAGES);
	check_original(&image);
	check_api(&image);
	check_cuts(&image);
	check_hostile();
	check_garbage();
	check_repacks(&image);
	check_flips(&image, false, 0, 0x01, 0);
	check_flips(&image, false, IMAGE_READ_VERIFY, 0x80, 1);
	check_flips(&image, true, 0, 0x20, 2);
	free(image.data);
	/* Page data that is neither held in memory nor fits into a pipe. */
	make(&big, 3 << 20);
	check_repacks(&big);
	free(big.data);
	return test_done("image_read");
}
