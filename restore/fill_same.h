/* SPDX-License-Identifier: MIT */
/* Pages that are as those of another process: copied from there, or where those come later, from the image. */
#ifndef PIMAGE_FILL_SAME_H
#define PIMAGE_FILL_SAME_H

struct canvas;
struct err;
struct restore;

/*
 * Of one process, which is filled but for these: before others are born that get its pages. From a stream only if the processes
 * whose pages they are have come, which are those before it.
 */
int fill_same(struct restore *restore, struct canvas *canvas, struct err *err);

/* When all processes are there and filled: of those of which it was not done yet. */
int fill_same_all(struct restore *restore, struct err *err);

#endif
