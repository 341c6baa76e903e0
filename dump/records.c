/* SPDX-License-Identifier: MIT */
/* The records of an image, written in order; what texts were not made while processes answered are made by several threads. */
#include "dump/dump.h"
#include "format/cleanup.h"
#include "format/digest.h"
#include "format/err.h"
#include "format/image_write.h"
#include "format/together.h"

#include <stdlib.h>

enum {
	ROUND = 512, /* how many are made before they are written */
	EACH = 32,   /* of less the work is done before another thread has started */
};

/* One of a round. */
struct made {
	enum kind kind;
	struct object *object;
	char path[64];
	struct digest digest;
	struct {
		const struct blob *blob; /* NULL: it has none */
		struct digest digest;
	} beside[BLOB_ENDINGS];
};

struct round {
	struct image *image;
	struct made *made;
	size_t n;
	bool digests;
};

static int make(void *context, size_t index, struct err *err)
{
	const struct round *round = context;
	struct made *made = &round->made[index];
	struct object *object = made->object;

	kind_path(made->kind, object->key, made->path, sizeof(made->path));
	if (image_make_text(round->image, made->kind, object->key, err) < 0)
		return -1;
	if (round->digests)
		digest_of(object->text, object->text_size, &made->digest);
	for (size_t i = 0; i < BLOB_ENDINGS; i++) {
		const struct blob *blob = image_blob_beside(round->image, made->path, i);

		made->beside[i].blob = blob;
		if (blob && round->digests)
			digest_of(blob->data, blob->size, &made->beside[i].digest);
	}
	return 0;
}

static int write_one(const struct made *made, struct image_writer *writer, struct err *err)
{
	if (image_write_digested(writer, made->path, made->object->text, made->object->text_size,
				 &made->digest, err) < 0)
		return -1;
	for (size_t i = 0; i < BLOB_ENDINGS; i++) {
		const struct blob *blob = made->beside[i].blob;

		if (blob && image_write_digested(writer, blob->name, blob->data, blob->size,
						 &made->beside[i].digest, err) < 0)
			return -1;
	}
	return 0;
}

static int write_round(struct dump *dump, struct round *round, struct image_writer *writer,
		       struct err *err)
{
	unsigned threads = together_some(dump->settings.threads, round->n / EACH);
	int ret = together_try(threads, round->n, make, round, err);

	for (size_t i = 0; i < round->n; i++) {
		if (ret == 0)
			ret = write_one(&round->made[i], writer, err);
		free(TAKE_PTR(round->made[i].object->text));
	}
	round->n = 0;
	return ret;
}

int dump_write_records(struct dump *dump, struct image_writer *writer, struct err *err)
{
	_cleanup_free_ struct made *made = malloc(ROUND * sizeof(*made));
	struct round round = { .image = &dump->image,
			       .made = made,
			       .digests = image_writer_digests(writer) };

	if (!made)
		return err_sys(err, "memory for the records");
	for (enum kind kind = 0; kind < KIND_COUNT; kind++)
		for (size_t i = 0; i < dump->image.kinds[kind].n_objects; i++) {
			struct made *next = &made[round.n++];

			next->kind = kind;
			next->object = &dump->image.kinds[kind].objects[i];
			if (round.n == ROUND && write_round(dump, &round, writer, err) < 0)
				return -1;
		}
	return write_round(dump, &round, writer, err);
}
