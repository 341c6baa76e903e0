/* SPDX-License-Identifier: MIT */
/* The first process of the image with all of its private memory, of which the same process of each copy is cloned. */
#ifndef PIMAGE_RESTORE_TEMPLATE_H
#define PIMAGE_RESTORE_TEMPLATE_H

#include "restore/canvas.h"
#include "restore/fill.h"
#include "restore/restore.h"

struct job;
struct steps;

struct template
{
	struct restore restore; /* owns nothing: sees the template as the root of the image */
	struct canvas canvas;
	struct fill fill; /* of its pages; what copies ask of them is remembered here */
};

/*
 * Makes and fills it, in prestore's own namespaces; it inherits all descriptors that stand from restore->base on. It never runs. The
 * image must be a file. ret_template must stay where it is.
 */
int template_make(struct restore *restore, struct image_reader *reader, enum pids_mode mode,
		  struct steps *steps, struct template *ret_template, struct err *err);

/*
 * The root of a copy, leader of a session; in the namespaces of job->init, where there is one, and its child; else a child of
 * whoever has the orphans here. Sets canvas and job->pid.
 */
int template_bear(struct template *template, const struct restore *restore, struct job *job,
		  struct canvas *ret_canvas, struct err *err);

/* Kills it. Accepts an empty one. */
void template_done(struct template *template);

#endif
