/* SPDX-License-Identifier: MIT */
/* A restore under way: plan and check everything, make objects here, build processes stopped,
 * commit. */
#ifndef PIMAGE_RESTORE_H
#define PIMAGE_RESTORE_H

#include "cli/problems.h"
#include "format/image.h"
#include "restore/lazy_plan.h"
#include "restore/lineage.h"
#include "restore/options.h"

struct canvas;
struct kernel_features;
struct descriptor;
struct err;
struct extra;
struct file;
struct file_id;
struct fill;
struct heap;
struct restore_descriptors;
struct template;
struct unix_names;
struct unix_works;

/* An open file description that prestore made and that canvases inherit under the same number. */
struct made_file {
	uint32_t id;
	int fd;
};

/* What prestore made for an object of its own: both ends of a pipe, a memfd, a terminal's master and slave. */
struct made_object {
	enum kind kind;
	uint32_t id;
	int fds[2];    /* that canvases inherit; -1: none */
	bool given[2]; /* an open file description of the image is that of this descriptor */
};

/* A file opened for mapping, inherited by canvases like open file descriptions. */
struct made_mapping {
	const struct file_id *file; /* in the image; NULL: anonymous shared memory */
	uint32_t contents;	    /* then: its id */
	bool writable;
	int fd;
};

struct restore {
	const struct restore_options *options;
	const struct kernel_features *features;
	const struct heap *heap;
	struct one_cpu *one_cpu; /* kernel/one_cpu.h; NULL: never held */
	char *cpus; /* that prestore may run on, and who is not bound: kernel/sched.h; from make_threads on */
	struct image image;
	struct problems problems;
	int base; /* descriptors from here on are free in every process of the image */
	struct made_file *files;
	size_t n_files;
	struct made_object *objects;
	size_t n_objects;
	struct made_mapping *mappings;
	size_t n_mappings;
	struct lazy lazy;
	struct template
		*template; /* of which the root is cloned, restore/template.h; NULL; not owned */
	struct fill *fill; /* page data on its way, while processes are made; not owned */
	struct lineage lineage; /* of whom processes are born, restore/lineage.h */
	struct canvas *canvases;
	size_t n_canvases;
	struct extra **extras; /* restore/extra.h */
	size_t n_extras;
	unsigned copy;	   /* its number among --copies, from 1 on; 0: there are none */
	bool keep;	   /* processes and threads get their saved numbers */
	bool root_leads;   /* the root makes a session of its own */
	bool own_terminal; /* the job gets a new terminal: restore/own_terminal.h */
	struct restore_descriptors *descriptors; /* what each becomes, restore/descriptors.h */
	struct unix_works *unix_works;		 /* restore/unix_work.h; NULL: none to be filled */
	struct unix_names *unix_names;		 /* files of sockets made so far; NULL: none */
};

/* Steps of building a process; those of one phase are in the order of the one list. */
enum phase {
	PHASE_NONE,
	PHASE_OPEN,    /* descriptors are put in place */
	PHASE_STATE,   /* signals, timers, ... : what remote calls set */
	PHASE_THREADS, /* threads exist, with what each sets itself */
	PHASE_LATE,    /* what threads have to exist for: pending signals, timers */
	PHASE_LAST,    /* credentials and limits: nothing may need the old ones after this */
};

/*
 * How each kind of record comes back.
 * `check` looks at everything that could go wrong and adds every problem with its remedy to
 * restore->problems; it makes nothing. `make` makes the object in prestore itself (NULL for kinds
 * that processes have). `apply` builds it in a process, stopped, in its phase. check and make are
 * called per record; apply per process.
 */
struct restorer {
	int (*check)(struct restore *restore, const void *record, struct key key, struct err *err);
	int (*make)(struct restore *restore, const void *record, struct key key, struct err *err);
	int (*apply)(struct restore *restore, struct canvas *canvas, struct err *err);
	enum phase phase;
};

/* One per line of RECORD in resources.def. `make` runs in the order pipe, tty, shm, file: objects
 * before files. */
#define RECORD(name, path) extern const struct restorer name##_restorer;
#include "format/resources.def"
#undef RECORD

/*
 * Open file descriptions by type. `open` returns a descriptor with the saved access mode and status
 * flags; offset, owner and such are set by the caller. `check` adds problems. `apply`, NULL for most, does
 * what is left when descriptors, signals and threads are in place: once in each process that has it, under
 * the first of its descriptors there, type by type in the order of the one list. The state is the struct of the type's record.
 */
struct file_type_restorer {
	const struct record *record;
	int (*check)(struct restore *restore, const struct file *file, const void *state,
		     struct err *err);
	int (*open)(struct restore *restore, const struct file *file, const void *state,
		    int *ret_fd, struct err *err);
	int (*apply)(struct restore *restore, struct canvas *canvas,
		     const struct descriptor *descriptor, const struct file *file,
		     const void *state, struct err *err);
	/* By which whoever restores the image opens one and the same; absent or NULL: each gets one of its own. */
	const char *(*path)(const struct restore *restore, const void *state);
};
#define FILE_TYPE(name) extern const struct file_type_restorer name##_type_restorer;
#include "format/resources.def"
#undef FILE_TYPE

/*
 * All checks; what prestore makes itself, objects that files refer to first, since their contents come from the image before
 * anything can be mapped or executed; one phase in every process.
 */
int restore_check(struct restore *restore, struct err *err);
int restore_make_objects(struct restore *restore, struct err *err);
int restore_make_files(struct restore *restore, struct err *err);
int restore_apply(struct restore *restore, enum phase phase, struct err *err);

/* Moves a descriptor to a number >= restore->base, without close-on-exec, and closes the old one.
 */
int restore_keep_fd(const struct restore *restore, int fd, struct err *err);

/* What was made under that number; NULL or -1 when nothing was. */
const struct made_object *restore_object(const struct restore *restore, enum kind kind,
					 uint32_t id);
int restore_file(const struct restore *restore, uint32_t id);

/*
 * Closes everything that was made here and that the processes hold by now: at commit, else a pipe
 * whose ends were all theirs would never end. With it go files, objects and descriptors.
 */
void restore_close_files(struct restore *restore);

/*
 * A memfd that holds the contents of anonymous shared memory until it is mapped, inherited by canvases; -1 when there is
 * none. restore_anonymous makes it.
 */
int restore_anonymous_fd(const struct restore *restore, uint32_t id);
/* Returns the descriptor or <0. */
int restore_anonymous(struct restore *restore, uint32_t id, uint64_t size, struct err *err);

/* From here on prestore and all processes may run wherever prestore could when it started. */
void restore_spread(const struct restore *restore);

/* A path of the image after --map-path; the buffer is the result or the path itself. */
const char *restore_path(const struct restore *restore, const char *path, char *buffer,
			 size_t size);

#endif
