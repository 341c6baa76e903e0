/* SPDX-License-Identifier: MIT */
/* Reads what proc_status.h parses. */
#ifndef PIMAGE_TASK_STATUS_H
#define PIMAGE_TASK_STATUS_H

#include <sys/types.h>

#include "kernel/proc_stat.h"
#include "kernel/proc_status.h"

struct err;

/* /proc/TID/status, also of a thread that leads no process. Release with proc_status_release, also after a failure. */
int task_status(pid_t tid, struct proc_status *ret_status, struct err *err);

/* The same of /proc/TID/stat. */
int task_stat(pid_t tid, struct proc_stat *ret_stat, struct err *err);

#endif
