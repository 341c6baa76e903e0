/* SPDX-License-Identifier: MIT */
#include "format/image_save.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "format/image_write.h"

static int save_blobs(struct image_writer *writer, const struct image *image, const char *path,
		      struct err *err)
{
	for (size_t i = 0; i < BLOB_ENDINGS; i++) {
		const struct blob *blob = image_blob_beside(image, path, i);

		if (blob && image_write_entry(writer, blob->name, blob->data, blob->size, err) < 0)
			return -1;
	}
	return 0;
}

int image_save(struct image_writer *writer, const struct image *image, struct err *err)
{
	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		const struct objects *list = &image->kinds[kind];

		for (size_t i = 0; i < list->n_objects; i++) {
			_cleanup_free_ char *text = NULL;
			char path[64];
			size_t size;

			kind_path(kind, list->objects[i].key, path, sizeof(path));
			if (record_encode(kinds[kind].record, list->objects[i].record, &text, &size,
					  err) < 0)
				return err_prefix(err, "%s", path);
			if (image_write_entry(writer, path, text, size, err) < 0 ||
			    save_blobs(writer, image, path, err) < 0)
				return -1;
		}
	}
	return 0;
}
