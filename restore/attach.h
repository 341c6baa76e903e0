/* SPDX-License-Identifier: MIT */
/* Being attached to a job's own terminal: what is typed goes there, what is written there is shown here. */
#ifndef PIMAGE_RESTORE_ATTACH_H
#define PIMAGE_RESTORE_ATTACH_H

struct err;
struct keeper;
struct restore_options;

/*
 * In the prestore that has forked a keeper: waits until the job has come back; then is attached, unless --detach. Returns the
 * exit status of prestore: that of the job, 0 when it was left, or that of a keeper who has said why it failed.
 */
int attach_first(const struct restore_options *options, struct keeper *keeper, struct err *err);

/* --attach. */
int attach_again(const struct restore_options *options, struct err *err);

#endif
