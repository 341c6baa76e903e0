/* SPDX-License-Identifier: MIT */
/* Reading the restored process back before it runs. */
#ifndef PIMAGE_VERIFY_H
#define PIMAGE_VERIFY_H

#include "restore/restore.h"

/*
 * Collects the stopped canvases with the code of pdump and compares record by record with the image, but for volatile and
 * informative fields. Fails with the first differences named. Page data has been compared while it was filled in.
 */
int verify(struct restore *restore, struct err *err);

#endif
