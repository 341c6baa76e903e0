/* SPDX-License-Identifier: MIT */
/* The process in which a page server runs. */
#ifndef PIMAGE_PAGE_PROCESS_H
#define PIMAGE_PAGE_PROCESS_H

#include "restore/options.h"
#include "restore/page_server.h"

/*
 * Starts it, named prestore-pages, in a session of its own, with nothing open but what it needs and standard error. It ends by itself; if it is
 * killed, or finds the image damaged, the restored processes are killed, which it says. What the server has stays with the caller, too, who closes it.
 */
int page_process_start(struct page_server *server, const struct restore_options *options,
		       struct err *err);

#endif
