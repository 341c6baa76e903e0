/* SPDX-License-Identifier: MIT */
/* What must hold of the terminals of an image. */
#include "format/err.h"
#include "format/file.h"
#include "format/image_check.h"
#include "format/pty_master.h"
#include "format/tty.h"

/* Far more than any kernel lets wait in a terminal. */
#define QUEUE_LIMIT (64 << 10)

static int check_queue(const struct bytes *queue, const char *name, struct err *err)
{
	if (queue->size > QUEUE_LIMIT)
		return err_set(err, ERR_IMAGE, "$.pair.%s: %zu bytes, and %d may be", name,
			       queue->size, QUEUE_LIMIT);
	return 0;
}

static int check_pair(const struct tty_pair *pair, struct err *err)
{
	uint32_t last = 0;

	if (check_queue(&pair->input, "input", err) < 0 ||
	    check_queue(&pair->unprocessed, "unprocessed", err) < 0 ||
	    check_queue(&pair->output, "output", err) < 0)
		return -1;
	for (size_t i = 0; i < pair->n_ends; i++) {
		if (pair->ends[i] < last || pair->ends[i] > pair->input.size)
			return err_set(err, ERR_IMAGE,
				       "$.pair.ends[%zu]: %u is out of order or not in the input",
				       i, pair->ends[i]);
		last = pair->ends[i];
	}
	if (pair->n_ends > QUEUE_LIMIT)
		return err_set(err, ERR_IMAGE, "$.pair.ends: too many");
	return 0;
}

int check_tty(const struct tty *tty, struct err *err)
{
	if (tty->kind > TTY_HUNG_UP)
		return err_set(err, ERR_IMAGE, "$.kind: 0x%x is not known", tty->kind);
	if ((tty->kind == TTY_PAIR) != (tty->pair != NULL))
		return err_set(err, ERR_IMAGE,
			       "$.pair: there has to be one if $.kind is pair, and "
			       "only then");
	return tty->pair ? check_pair(tty->pair, err) : 0;
}

int check_pty_master(const struct image *image, const struct file *file, struct err *err)
{
	const struct pty_master *master = file->type.state;
	const struct tty *tty;

	if (file->type.type != &pty_master_record)
		return 0;
	tty = IMAGE_GET(image, tty, master->tty, 0);
	if (!tty || tty->kind != TTY_PAIR)
		return err_set(err, ERR_IMAGE, "$.pty_master.tty: %u is not of kind pair",
			       master->tty);
	return 0;
}
