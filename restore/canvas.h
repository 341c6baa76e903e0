/* SPDX-License-Identifier: MIT */
/* A process under construction: it executes the dumped program's own executable and has not run an instruction of it. */
#ifndef PIMAGE_CANVAS_H
#define PIMAGE_CANVAS_H

#include "format/record.h"
#include "kernel/freeze.h"
#include "kernel/remote.h"

struct restore;

/* A thread of the image and the one that stands for it here. */
struct made_thread {
	uint32_t saved; /* tid in the image */
	uint32_t own;	/* tid as the process sees it now */
	pid_t tid;	/* as prestore sees it */
};

struct canvas {
	pid_t pid;	  /* as prestore sees it */
	uint32_t own_pid; /* key of the process in the image */
	uint32_t present; /* the number it sees itself under now */
	bool cloned; /* from its parent, when that was filled, instead of executing its program */
	bool is_template; /* restore/template.h: it will never run, and has what copies share */
	struct canvas *template; /* of which it is a clone with all of its private memory; NULL */
	bool filled;		 /* its memory is there, but for what comes later (--lazy) */
	char name[24];		 /* "pid 42", for messages: the saved one */
	struct frozen frozen;
	struct remote remote;
	struct range
		scratch;    /* where call loop and scratch memory lie while all else is replaced */
	bool redirect_vdso; /* the saved vDSO is of another kernel: its functions lead to this one's */
	struct range own_vdso;	    /* then: where this kernel's is */
	struct range saved_vdso;    /* and where the saved code is */
	uint32_t securebits;	    /* from exec, or its parent, until it gets its own */
	uint64_t personality;	    /* likewise */
	struct remote_batch *later; /* canvas_later; NULL: nothing is kept */
	bool credited;		    /* all threads but the first have their credentials already */
	struct made_thread *threads;
	size_t n_threads;
};

/* The main thread, in which calls for the process as a whole run. */
struct frozen_thread *canvas_leader(const struct canvas *canvas);

/* What stands for a thread of the image; NULL before threads are made. */
const struct made_thread *canvas_thread(const struct canvas *canvas, uint32_t saved);

/* One system call for the process; <0 with the call named when it fails. Returns its result. */
#define CANVAS_CALL(canvas, err, name, ...) canvas_call(canvas, REMOTE_CALL(name, __VA_ARGS__), err)
int64_t canvas_call(struct canvas *canvas, struct remote_call call, struct err *err);

/*
 * Calls of the main thread of which none may fail, and that nothing but other such calls waits for: they are kept and run with
 * whatever is run next in it by these functions, before that; at the latest by canvas_flush. A stop of the process costs
 * more than all calls of a batch. Data that the batch refers to is copied when it is pushed.
 */
struct remote_batch *canvas_later(struct canvas *canvas);
int canvas_flush(struct canvas *canvas, struct err *err);

/* remote_run and remote_run_all in the main thread, after what is kept. */
int canvas_run(struct canvas *canvas, struct remote_batch *batch, struct err *err);
int canvas_run_all(struct canvas *canvas, struct remote_batch *batch, struct err *err);

/* Kills whatever is there. Accepts an empty one. */
void canvas_kill(struct canvas *canvas);

/* Lets all threads of all canvases go at once. */
void canvas_release(struct canvas *canvas);

#endif
