/* SPDX-License-Identifier: MIT */
/* Pages that the images before this one have: filled as soon as an object or an address space is there. */
#ifndef PIMAGE_FILL_PREVIOUS_H
#define PIMAGE_FILL_PREVIOUS_H

struct canvas;
struct err;
struct restore;

/* restore->image.previous must be open where the image leads to another. */
int fill_previous(const struct restore *restore, struct canvas *canvas, struct err *err);

/* The same of all shared objects. */
int fill_previous_objects(const struct restore *restore, struct err *err);

#endif
