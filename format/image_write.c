/* SPDX-License-Identifier: MIT */
/* The image as a tar: entries as they come, then the tail that proves them complete. */
#include "format/image_write.h"

#include "format/cleanup.h"
#include "format/digest.h"
#include "format/entry.h"
#include "format/err.h"
#include "format/image_writer.h"
#include "format/index.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <poll.h>
#include <search.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum {
	/* Headers and small entries are gathered, for a process of many threads has thousands. */
	BUFFER_SIZE = 64 << 10,
};

#define USTAR_TIME_MAX 077777777777 /* eleven octal digits */

/* Behind O_APPEND pwrite(2) goes to the end. */
static off_t find_start(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fcntl(fd, F_GETFL) & O_APPEND)
		return -1;
	return lseek(fd, 0, SEEK_CUR);
}

static int write_all(int fd, const uint8_t *data, size_t size, struct err *err)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			poll(&wait, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "write");
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int writer_flush(struct image_writer *writer)
{
	size_t used = writer->used;

	writer->used = 0;
	return write_all(writer->fd, writer->buffer, used, &writer->err);
}

int writer_take(struct image_writer *writer, const void *data, size_t size)
{
	if (size > BUFFER_SIZE - writer->used && writer_flush(writer) < 0)
		return -1;
	if (size >= BUFFER_SIZE && write_all(writer->fd, data, size, &writer->err) < 0)
		return -1;
	if (size < BUFFER_SIZE) {
		memcpy(writer->buffer + writer->used, data, size);
		writer->used += size;
	}
	writer->position += size;
	return 0;
}

/* libarchive calls it with every header, every piece of data and all padding, in turn. */
static la_ssize_t take_output(struct archive *archive, void *context, const void *data, size_t size)
{
	struct image_writer *writer = context;

	if (writer->discard || writer_take(writer, data, size) == 0)
		return (la_ssize_t)size;
	archive_set_error(archive, errno, "%s", writer->err.msg);
	return -1;
}

int writer_failed(struct image_writer *writer, const char *name, struct err *err)
{
	if (!writer->err.code)
		err_set(&writer->err, ERR_FAILED, "%s", archive_error_string(writer->archive));
	writer->failed = true;
	if (err)
		*err = writer->err;
	return err_prefix(err, "image entry %s", name);
}

/*
 * ustar has room for all names and sizes of entries, and for times of the next 200 years. With pax for what it cannot say, libarchive makes
 * five times as much of each header.
 */
static int set_format(struct archive *archive, bool ustar)
{
	return ustar ? archive_write_set_format_ustar(archive)
		     : archive_write_set_format_pax_restricted(archive);
}

int image_writer_new(int fd, int64_t mtime, bool digests, struct image_writer **ret_writer,
		     struct err *err)
{
	struct image_writer *writer = calloc(1, sizeof(*writer));

	if (writer) {
		writer->fd = fd;
		writer->start = find_start(fd);
		writer->mtime = mtime;
		writer->ustar = mtime >= 0 && mtime <= USTAR_TIME_MAX;
		writer->digests = digests;
		writer->archive = archive_write_new();
		writer->header = archive_entry_new();
		writer->buffer = malloc(BUFFER_SIZE);
	}
	if (!writer || !writer->archive || !writer->header || !writer->buffer) {
		image_writer_free(writer);
		return err_set(err, ERR_FAILED, "no memory for writing an image");
	}
	/* No blocks, so that positions are exact. */
	if (set_format(writer->archive, writer->ustar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(writer->archive, 0) != ARCHIVE_OK ||
	    archive_write_open(writer->archive, writer, NULL, take_output, NULL) != ARCHIVE_OK) {
		err_set(err, ERR_FAILED, "libarchive: %s", archive_error_string(writer->archive));
		image_writer_free(writer);
		return -1;
	}
	*ret_writer = writer;
	return 0;
}

static void keep_name(void *name)
{
	(void)name; /* the index owns it */
}

void image_writer_free(struct image_writer *writer)
{
	if (!writer)
		return;
	/* libarchive writes an end-of-archive mark even behind what was given up. */
	writer->discard = true;
	archive_write_free(writer->archive);
	archive_entry_free(writer->header);
	tdestroy(writer->names, keep_name);
	tdestroy(writer->folders, free);
	record_release(&index_record, &writer->index);
	free(writer->buffer);
	free(writer);
}

/*
 * One tar entry: a file, or with `link` a hard link to an earlier one. Afterwards position is
 * that of the data.
 */
static int put_header(struct image_writer *writer, const char *name, size_t size, const char *link)
{
	struct archive_entry *header = archive_entry_clear(writer->header);

	archive_entry_set_pathname(header, name);
	archive_entry_set_mode(header, AE_IFREG | 0600);
	archive_entry_set_mtime(header, writer->mtime, 0);
	archive_entry_set_size(header, (la_int64_t)size);
	if (link)
		archive_entry_set_hardlink(header, link);
	return archive_write_header(writer->archive, header) == ARCHIVE_OK ? 0 : -1;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int put_folder(struct image_writer *writer, const char *name)
{
	struct archive_entry *header = archive_entry_clear(writer->header);

	archive_entry_set_pathname(header, name);
	archive_entry_set_mode(header, AE_IFDIR | 0700);
	archive_entry_set_mtime(header, writer->mtime, 0);
	return archive_write_header(writer->archive, header) == ARCHIVE_OK ? 0 : -1;
}

/*
 * The directories above an entry, each once and before it: tools of OCI make those that are missing
 * with root as their owner, which only root can.
 */
static int put_folders(struct image_writer *writer, const char *name, struct err *err)
{
	const char *last = strrchr(name, '/');
	size_t length = last ? (size_t)(last - name) : 0;

	/* As most are. */
	if (writer->folder && strncmp(writer->folder, name, length) == 0 && !writer->folder[length])
		return 0;
	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		_cleanup_free_ char *folder = strndup(name, (size_t)(slash - name));
		char **known = folder ? tsearch(folder, &writer->folders, compare_names) : NULL;

		if (!known)
			return err_sys(err, "memory for the names of directories");
		writer->folder = *known;
		if (*known != folder)
			continue;
		TAKE_PTR(folder);
		if (put_folder(writer, writer->folder) < 0)
			return writer_failed(writer, name, err);
	}
	return 0;
}

static int put_file(struct image_writer *writer, const char *name, const void *data, size_t size,
		    uint64_t *ret_offset, struct err *err)
{
	if (put_folders(writer, name, err) < 0)
		return -1;
	if (put_header(writer, name, size, NULL) < 0)
		return writer_failed(writer, name, err);
	if (ret_offset)
		*ret_offset = writer->position;
	if (archive_write_data(writer->archive, data, size) != (la_ssize_t)size ||
	    archive_write_finish_entry(writer->archive) != ARCHIVE_OK)
		return writer_failed(writer, name, err);
	return 0;
}

/* What no reader would take must not be written. */
static int check_entry(const struct image_writer *writer, const char *name, size_t size,
		       struct err *err)
{
	if (writer->failed)
		return err_set(err, writer->err.code, "image entry %s: writing failed before: %s",
			       name, writer->err.msg);
	if (entry_check_name(name, err) < 0)
		return -1;
	if (entry_is_tail(name) || tfind(name, &writer->names, compare_names))
		return err_set(err, ERR_FAILED, "image entry %s: there can be only one", name);
	if (writer->index.n_entries >= ENTRIES_MAX)
		return err_set(err, ERR_UNSUPPORTED, "an image cannot have more than %d entries",
			       ENTRIES_MAX);
	if (!entry_is_pages(name) && size > ENTRY_SMALL_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			       "image entry %s has %zu bytes, only page data may have more than %d",
			       name, size, ENTRY_SMALL_MAX);
	return 0;
}

static struct index_entry *add_to_index(struct image_writer *writer, const char *name,
					struct err *err)
{
	struct index_entry *entry = LIST_ADD(&writer->index, entries, err);

	if (!entry)
		return NULL;
	entry->mtime = writer->mtime;
	entry->name = strdup(name);
	if (entry->name && tsearch(entry->name, &writer->names, compare_names))
		return entry;
	err_sys(err, "memory for the index");
	return NULL;
}

int writer_set_digest(const struct image_writer *writer, struct index_entry *entry,
		      const struct digest *digest, struct err *err)
{
	if (!writer->digests)
		return 0;
	entry->sha256.data = malloc(DIGEST_SIZE);
	if (!entry->sha256.data)
		return err_sys(err, "memory for the index");
	memcpy(entry->sha256.data, digest->bytes, DIGEST_SIZE);
	entry->sha256.size = DIGEST_SIZE;
	return 0;
}

bool image_writer_digests(const struct image_writer *writer)
{
	return writer->digests;
}

int image_write_entry(struct image_writer *writer, const char *name, const void *data, size_t size,
		      struct err *err)
{
	struct digest digest;

	if (writer->digests)
		digest_of(data, size, &digest);
	return image_write_digested(writer, name, data, size, &digest, err);
}

struct index_entry *writer_put(struct image_writer *writer, const char *name, const void *data,
			       size_t size, struct err *err)
{
	struct index_entry *entry;

	if (check_entry(writer, name, size, err) < 0)
		return NULL;
	entry = add_to_index(writer, name, err);
	if (!entry || put_file(writer, name, data, size, &entry->offset, err) < 0)
		return NULL;
	entry->size = size;
	return entry;
}

int image_write_digested(struct image_writer *writer, const char *name, const void *data,
			 size_t size, const struct digest *digest, struct err *err)
{
	struct index_entry *entry = writer_put(writer, name, data, size, err);

	return entry ? writer_set_digest(writer, entry, digest, err) : -1;
}

static void blob_name(const struct digest *digest, char ret_name[ENTRY_NAME_MAX])
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(digest, hex);
	snprintf(ret_name, ENTRY_NAME_MAX, "%s%s", ENTRY_BLOBS, hex);
}

static int compare_digests(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

/* Entries under the names by which OCI knows them; entries of the same contents share one. */
static int put_links(struct image_writer *writer, void **seen, struct err *err)
{
	for (size_t i = 0; i < writer->index.n_entries; i++) {
		const struct index_entry *entry = &writer->index.entries[i];
		struct digest digest;
		char name[ENTRY_NAME_MAX];

		if (tfind(entry->sha256.data, seen, compare_digests))
			continue;
		if (!tsearch(entry->sha256.data, seen, compare_digests))
			return err_sys(err, "memory for the tail of the image");
		memcpy(digest.bytes, entry->sha256.data, DIGEST_SIZE);
		blob_name(&digest, name);
		if (put_folders(writer, name, err) < 0)
			return -1;
		if (put_header(writer, name, 0, entry->name) < 0)
			return writer_failed(writer, name, err);
	}
	return 0;
}

static int describe(const struct index_entry *entry, struct oci_descriptor *descriptor,
		    struct err *err)
{
	struct digest digest;

	memcpy(digest.bytes, entry->sha256.data, DIGEST_SIZE);
	return oci_describe(descriptor, entry_media_type(entry->name), &digest, entry->size,
			    entry->name, err);
}

static int fill_manifest(const struct image_index *index, struct oci_manifest *manifest,
			 struct err *err)
{
	manifest->schema_version = 2;
	manifest->media_type = strdup(OCI_MANIFEST_TYPE);
	manifest->artifact_type = strdup(OCI_ARTIFACT_TYPE);
	if (!manifest->media_type || !manifest->artifact_type)
		return err_sys(err, "memory for the OCI manifest");
	for (size_t i = 0; i < index->n_entries; i++) {
		const struct index_entry *entry = &index->entries[i];
		struct oci_descriptor *descriptor = &manifest->config;

		if (strcmp(entry->name, ENTRY_PIMAGE) != 0)
			descriptor = LIST_ADD(manifest, layers, err);
		if (!descriptor || describe(entry, descriptor, err) < 0)
			return -1;
	}
	if (!manifest->config.digest)
		return err_set(err, ERR_FAILED, "an image needs an entry " ENTRY_PIMAGE);
	return 0;
}

static int encode_manifest(const struct image_index *index, char **ret_text, size_t *ret_size,
			   struct err *err)
{
	struct oci_manifest manifest = { 0 };
	int r = fill_manifest(index, &manifest, err);

	if (r == 0)
		r = record_encode(&oci_manifest_record, &manifest, ret_text, ret_size, err);
	record_release(&oci_manifest_record, &manifest);
	return r;
}

/* The manifest becomes a blob, and the index names it. */
static int put_manifest(struct image_writer *writer, struct err *err)
{
	struct oci_descriptor *descriptor;
	_cleanup_free_ char *text = NULL;
	struct digest digest;
	char name[ENTRY_NAME_MAX];
	size_t size;

	if (encode_manifest(&writer->index, &text, &size, err) < 0)
		return -1;
	digest_of(text, size, &digest);
	blob_name(&digest, name);
	descriptor = LIST_ADD(&writer->index, manifests, err);
	if (!descriptor ||
	    oci_describe(descriptor, OCI_MANIFEST_TYPE, &digest, size, NULL, err) < 0)
		return -1;
	descriptor->artifact_type = strdup(OCI_ARTIFACT_TYPE);
	if (!descriptor->artifact_type)
		return err_sys(err, "memory for the index");
	return put_file(writer, name, text, size, NULL, err);
}

static int put_record(struct image_writer *writer, const char *name, const struct record *record,
		      const void *object, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (record_encode(record, object, &text, &size, err) < 0)
		return err_prefix(err, "image entry %s", name);
	return put_file(writer, name, text, size, NULL, err);
}

static int put_artifact(struct image_writer *writer, struct err *err)
{
	struct oci_layout layout = { .version = (char *)OCI_LAYOUT_VERSION };
	void *seen = NULL;
	int r = put_links(writer, &seen, err);

	tdestroy(seen, keep_name);
	if (r < 0 || put_manifest(writer, err) < 0)
		return -1;
	return put_record(writer, ENTRY_OCI_LAYOUT, &oci_layout_record, &layout, err);
}

static int put_tail(struct image_writer *writer, struct err *err)
{
	if (writer->digests && put_artifact(writer, err) < 0)
		return -1;
	writer->index.schema_version = 2;
	writer->index.media_type = strdup(OCI_INDEX_TYPE);
	if (!writer->index.media_type)
		return err_sys(err, "memory for the index");
	return put_record(writer, ENTRY_INDEX, &index_record, &writer->index, err);
}

/* What was written ahead may have been farther ahead than the image got in the end. */
static int cut(struct image_writer *writer)
{
	off_t end = writer->start + (off_t)writer->position;
	struct stat st;

	if (!writer->ahead)
		return 0;
	if (fstat(writer->fd, &st) < 0 || (st.st_size > end && ftruncate(writer->fd, end) < 0))
		return err_sys(&writer->err, "ftruncate");
	return 0;
}

int image_writer_close(struct image_writer *writer, struct err *err)
{
	if (writer->failed)
		return err_set(err, writer->err.code, "the image cannot be finished: %s",
			       writer->err.msg);
	if (put_tail(writer, err) < 0) {
		writer->failed = true;
		return -1;
	}
	if (archive_write_close(writer->archive) != ARCHIVE_OK || writer_flush(writer) < 0 ||
	    cut(writer) < 0)
		return writer_failed(writer, ENTRY_INDEX, err);
	return 0;
}

uint64_t image_writer_size(const struct image_writer *writer)
{
	return writer->position;
}
