/* SPDX-License-Identifier: MIT */
/* libarchive as a reader of tars and nothing else. */
#include "format/image_tar.h"

#include "format/cleanup.h"
#include "format/entry.h"
#include "format/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BUFFER_SIZE = 64 << 10,
	/* Who writes into the pipe should not die of a few blocks of padding that nobody reads. */
	DRAIN_MAX = 1 << 20,
};

struct tar {
	int fd;
	bool regular;
	uint64_t base;
	uint64_t file_size; /* from base on */
	struct archive *archive;
	struct err err; /* of the read that failed */
	char name[ENTRY_NAME_MAX + 1];
	char link[ENTRY_NAME_MAX + 1];
	uint8_t buffer[]; /* BUFFER_SIZE */
};

static la_ssize_t give_input(struct archive *archive, void *context, const void **ret_data)
{
	struct tar *tar = context;
	ssize_t n;

	do
		n = read(tar->fd, tar->buffer, BUFFER_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		err_sys(&tar->err, "read the image");
		archive_set_error(archive, errno, "%s", tar->err.msg);
		return ARCHIVE_FATAL;
	}
	*ret_data = tar->buffer;
	return n;
}

static la_int64_t skip_input(struct archive *archive, void *context, la_int64_t size)
{
	struct tar *tar = context;

	(void)archive;
	/*
	 * 0 makes libarchive read instead. Never past the end: a file that is cut off must not
	 * look whole.
	 */
	if (!tar->regular || size < BUFFER_SIZE)
		return 0;
	size -= size % BUFFER_SIZE;
	return lseek(tar->fd, size, SEEK_CUR) < 0 ? 0 : size;
}

static int tar_failed(struct tar *tar, struct err *err)
{
	if (tar->err.code) {
		if (err)
			*err = tar->err;
		return -1;
	}
	if (tar->name[0] == '\0')
		return err_set(err, ERR_IMAGE, "not an image: %s",
			       archive_error_string(tar->archive));
	return err_set(err, ERR_IMAGE, "the image is damaged or cut off in or behind entry %s: %s",
		       tar->name, archive_error_string(tar->archive));
}

static int start_archive(struct tar *tar, struct err *err)
{
	struct archive *archive = tar->archive = archive_read_new();

	if (!archive)
		return err_set(err, ERR_FAILED, "no memory for reading an image");
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_support_filter_gzip(archive) < ARCHIVE_WARN ||
	    archive_read_support_filter_zstd(archive) < ARCHIVE_WARN ||
	    archive_read_support_filter_xz(archive) < ARCHIVE_WARN ||
	    archive_read_open2(archive, tar, NULL, give_input, skip_input, NULL) != ARCHIVE_OK)
		return tar_failed(tar, err);
	return 0;
}

int tar_open(int fd, struct tar **ret_tar, struct err *err)
{
	struct tar *tar = malloc(sizeof(*tar) + BUFFER_SIZE);
	struct stat st;
	off_t base;

	if (!tar)
		return err_sys(err, "memory for reading an image");
	*tar = (struct tar){ .fd = fd };
	if (fstat(fd, &st) < 0) {
		free(tar);
		return err_sys(err, "stat the image");
	}
	base = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
	if (base >= 0) {
		tar->regular = true;
		tar->base = (uint64_t)base;
		tar->file_size = st.st_size > base ? (uint64_t)(st.st_size - base) : 0;
	}
	if (start_archive(tar, err) < 0) {
		tar_close(tar);
		return -1;
	}
	*ret_tar = tar;
	return 0;
}

void tar_close(struct tar *tar)
{
	if (!tar)
		return;
	archive_read_free(tar->archive);
	free(tar);
}

bool tar_seekable(const struct tar *tar, uint64_t *ret_base)
{
	*ret_base = tar->base;
	return tar->regular && archive_filter_code(tar->archive, 0) == ARCHIVE_FILTER_NONE;
}

/* Archivers put "./" before names and "/" behind directories. "" is the top directory itself. */
static int plain_name(const char *name, char ret_name[ENTRY_NAME_MAX + 1], struct err *err)
{
	size_t length;

	if (!name)
		return err_set(err, ERR_IMAGE, "an entry has no name, or one that is not text");
	while (name[0] == '.' && name[1] == '/') {
		name += 2;
		while (name[0] == '/')
			name++;
	}
	length = strlen(name);
	while (length > 1 && name[length - 1] == '/')
		length--;
	if (length > ENTRY_NAME_MAX)
		return entry_check_name(name, err);
	memcpy(ret_name, name, length);
	ret_name[length] = '\0';
	if (strcmp(ret_name, ".") == 0)
		ret_name[0] = '\0';
	return ret_name[0] ? entry_check_name(ret_name, err) : 0;
}

static int read_header(struct tar *tar, struct archive_entry *entry, struct tar_header *header,
		       struct err *err)
{
	const char *link = archive_entry_hardlink(entry);
	la_int64_t size = archive_entry_size(entry);
	uint64_t base;

	*header = (struct tar_header){
		.name = tar->name,
		.link = link ? tar->link : NULL,
		.size = link ? 0 : (uint64_t)size,
		.mtime = archive_entry_mtime(entry),
		.offset = (uint64_t)archive_filter_bytes(tar->archive, 0),
		.sparse = archive_entry_sparse_count(entry) > 0,
	};
	if (link)
		return plain_name(link, tar->link, err);
	if (archive_entry_filetype(entry) != AE_IFREG || tar->name[0] == '\0' || size < 0)
		return err_set(err, ERR_IMAGE,
			       "the entry %s is neither a file nor a directory nor a hard link",
			       tar->name);
	if (tar_seekable(tar, &base) && !header->sparse &&
	    (header->offset > tar->file_size || header->size > tar->file_size - header->offset))
		return err_set(err, ERR_IMAGE,
			       "the image is cut off in the entry %s: %llu bytes are missing",
			       tar->name,
			       (unsigned long long)(header->offset + header->size -
						    tar->file_size));
	return 0;
}

static void drain(struct tar *tar)
{
	for (size_t done = 0; !tar->regular && done < DRAIN_MAX;) {
		ssize_t n = read(tar->fd, tar->buffer, BUFFER_SIZE);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
}

int tar_next(struct tar *tar, struct tar_header *ret_header, struct err *err)
{
	struct archive_entry *entry;
	struct tar_header header;
	int r;

	for (;;) {
		r = archive_read_next_header(tar->archive, &entry);
		if (r == ARCHIVE_EOF) {
			drain(tar);
			return 0;
		}
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return tar_failed(tar, err);
		if (plain_name(archive_entry_pathname(entry), tar->name, err) < 0)
			return -1;
		if (archive_entry_filetype(entry) == AE_IFDIR && !archive_entry_hardlink(entry))
			continue;
		if (read_header(tar, entry, &header, err) < 0)
			return -1;
		*ret_header = header;
		return 1;
	}
}

ssize_t tar_read(struct tar *tar, void *buffer, size_t size, struct err *err)
{
	size_t done = 0;

	while (done < size) {
		la_ssize_t n =
			archive_read_data(tar->archive, (uint8_t *)buffer + done, size - done);

		if (n < 0)
			return tar_failed(tar, err);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}
