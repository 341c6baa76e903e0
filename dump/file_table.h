/* SPDX-License-Identifier: MIT */
/* What the descriptors of a dump have in common: the objects behind them that were met so far. */
#ifndef PIMAGE_DUMP_FILE_TABLE_H
#define PIMAGE_DUMP_FILE_TABLE_H

#include "dump/contents.h"
#include "dump/file.h"
#include "format/tty.h"

#define KNOWN_BUCKETS 4096

/* A descriptor that stands for its open file description, with what all descriptors of it share. */
struct known_file {
	struct known_file *next; /* that looks otherwise */
	/* Those that look the same, as a tree in the order of kcmp(2), which is random enough to need no balance. */
	struct known_file *below;
	struct known_file *above;
	dev_t dev;
	ino_t ino;
	uint32_t flags;
	int64_t pos;
	const struct target *target;
	uint32_t fd;
	uint32_t id;
};

/* A pipe with a descriptor for each of its ends that is open in a target; NULL: none is. */
struct known_pipe {
	dev_t dev;
	ino_t ino;
	struct target *reader;
	struct target *writer;
	uint32_t reader_fd;
	uint32_t writer_fd;
	bool packets; /* a writer is in packet mode */
	uint32_t id;  /* 0: not yet in the image */
};

struct known_tty {
	dev_t device;
	uint32_t id;
};

struct flights;

/* A pseudo-terminal whose master a target has; descriptors of both sides for those who look at it. */
struct known_pty {
	dev_t instance; /* file system of its slave: each mount of devpts may have numbers of its own */
	unsigned number;
	pid_t session; /* as this program sees it; 0: none has it for its controlling terminal */
	pid_t foreground;
	struct target *holder;
	uint32_t master_fd;
	struct target *user; /* NULL: no target has the slave open */
	uint32_t slave_fd;
	uint32_t id; /* 0: not yet in the image */
};

struct dump_files {
	struct known_file *known[KNOWN_BUCKETS];
	bool guessed; /* it was noted that duplicates are told by their looks */
	struct known_pipe *pipes;
	size_t n_pipes;
	bool unseen;	  /* there are descriptors in flight that were not looked at */
	bool has_sockets; /* there are some, of whatever family */
	bool surveyed;	  /* pipes, flights and unix_table are complete */
	struct known_tty *ttys;
	size_t n_ttys;
	struct known_pty *ptys;
	size_t n_ptys;
	struct contents *contents;
	size_t n_contents;
	struct flights *flights;       /* dump/flights.h; NULL: there are none */
	struct unix_table *unix_table; /* NULL: no unix socket was met yet */
};

/* The table of this dump, made when first asked for; NULL with err set. */
struct dump_files *dump_files(struct dump *dump, struct err *err);

/* Finds all pipes, pseudo-terminals, unix sockets and descriptors in flight. Before any descriptor is collected. */
int descriptors_survey(struct dump *dump, struct err *err);

/* If the target's descriptor is one: who holds which of its ends. */
int pipe_survey(struct dump *dump, struct target *target, uint32_t fd, struct err *err);

/* Whether it is a pipe that dump_pipe can make an object of. */
bool pipe_is_known(const struct dump *dump, const struct dump_fd *fd);

/* Whether nobody but targets is at either end of the pipe. */
bool pipe_is_inside(const struct dump *dump, const struct dump_fd *fd);

/* The pipe behind a descriptor as an object of the image. */
int dump_pipe(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err);

/* Whether it is a unix socket, of whatever kind. */
bool unix_is_one(const struct dump_fd *fd);

/* Finds all unix sockets and which of them the targets hold, if they hold any, or they are in flight. */
int unix_survey(struct dump *dump, struct err *err);

enum unix_place {
	UNIX_INSIDE,	  /* all of its ends are held by targets, or closed */
	UNIX_OUTSIDE,	  /* the other end is elsewhere */
	UNIX_UNSUPPORTED, /* it cannot be saved as a socket */
};

/* *ret_why: in words, unless it is UNIX_INSIDE. */
enum unix_place unix_place(const struct dump *dump, const struct dump_fd *fd, const char **ret_why);

/* The inode of the socket that it is connected to; 0: not known. */
uint32_t unix_peer(const struct dump *dump, const struct dump_fd *fd);

/* The unix socket behind a descriptor as an object of the image. */
int dump_unix(struct dump *dump, const struct dump_fd *fd, uint32_t *ret_id, struct err *err);

/* Accepts NULL. */
void unix_table_free(struct unix_table *table);

/* Locks that the process holds through this description, from its fdinfo. */
int dump_locks(struct dump *dump, const struct dump_fd *fd, struct file *file, struct err *err);

/* Notes a master that the survey has met. */
int pty_survey(struct dump *dump, struct target *target, uint32_t fd, struct err *err);

/* The pair whose master, or whose slave, a descriptor is, if a target has the master; else NULL. */
struct known_pty *pty_of_master(const struct dump *dump, const struct dump_fd *fd);
struct known_pty *pty_of_slave(const struct dump *dump, const struct dump_fd *fd);

/* The pair that is the controlling terminal of a target, or NULL. */
struct known_pty *pty_of_session(const struct dump *dump, const struct target *target);

/* The pair as an object of the image: what it is set to. */
int dump_pty(struct dump *dump, struct known_pty *known, uint32_t *ret_id, struct err *err);

/* Its state and what waits in it, when all descriptors of it are known. */
int pty_collect(struct dump *dump, const struct known_pty *known, struct err *err);

/*
 * The terminal behind a descriptor of this program (or the target's copy) as an object of the image, of any kind
 * but a pair.
 */
int dump_tty(struct dump *dump, int fd, const char *path, enum tty_kind kind, uint32_t *ret_id,
	     struct err *err);

/* Settings and window of a terminal; of a pair, from either side. */
int tty_collect_settings(int fd, struct tty *tty, struct err *err);

/* The controlling terminal of a target, if nobody among the targets has its other end; 0: there is none. */
dev_t tty_of_dump(const struct dump *dump);

/* The number of the terminal's device behind fd (also when it was opened as /dev/tty); 0: none. */
dev_t tty_device(int fd);

#endif
