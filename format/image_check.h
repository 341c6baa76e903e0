/* SPDX-License-Identifier: MIT */
/* Checks of single kinds of object, for image_check(). */
#ifndef PIMAGE_IMAGE_CHECK_H
#define PIMAGE_IMAGE_CHECK_H

#include "format/image.h"

struct unix_socket;

/* What connects sockets to each other, and what waits in them. */
int check_unix_socket(const struct image *image, const struct unix_socket *socket, struct err *err);

#endif
