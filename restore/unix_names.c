/* SPDX-License-Identifier: MIT */
#include "restore/unix_names.h"

#include "format/cleanup.h"
#include "format/err.h"

#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* A file that was made, and what was there before. */
struct unix_name {
	char *path;
	char *aside; /* where the old file is; NULL: there was none */
	bool made;
};

struct unix_names {
	struct unix_name *names;
	size_t n_names;
};

void unix_title(const struct unix_socket *socket, char *ret_title, size_t size)
{
	if (socket->abstract.size)
		snprintf(ret_title, size, "unix socket %u @%.*s", socket->id,
			 (int)socket->abstract.size, (const char *)socket->abstract.data);
	else
		snprintf(ret_title, size, "unix socket %u%s%s", socket->id, socket->path ? " " : "",
			 socket->path ? socket->path : "");
}

/* Where it is now: absolute, but what a saved name that leads nowhere is relative to is not known. */
static void full_path(const struct restore *restore, const struct unix_socket *socket,
		      char *ret_path, size_t size)
{
	char buffer[PATH_MAX];

	if (socket->file && socket->file->directory && socket->path[0] != '/')
		snprintf(ret_path, size, "%s/%s",
			 restore_path(restore, socket->file->directory, buffer, sizeof(buffer)),
			 socket->path);
	else
		snprintf(ret_path, size, "%s",
			 restore_path(restore, socket->path, buffer, sizeof(buffer)));
}

/* What bind(2) gets: the path as the program gave it, but for --map-path. */
static const char *bind_path(const struct unix_socket *socket, const char *path)
{
	return socket->path[0] == '/' ? path : socket->path;
}

socklen_t unix_name_address(const struct unix_socket *socket, int inode,
			    struct sockaddr_un *ret_address)
{
	char path[64];

	if (socket->abstract.size)
		return unix_abstract_address(&socket->abstract, ret_address);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", inode);
	return unix_path_address(path, ret_address);
}

static const char end_it[] = "end the process that has it, or let prestore give it another: "
			     "--map-path OLD=NEW";

/* A name that the kernel chose, unix_autobind() of net/unix/af_unix.c: whoever knows it was told it as a sender's. */
static bool is_automatic(const struct unix_socket *socket)
{
	const struct bytes *name = &socket->abstract;
	bool hex = name->size == 5;

	for (size_t i = 0; hex && i < name->size; i++)
		hex = memchr("0123456789abcdef", name->data[i], 16);
	return hex && !socket->listening;
}

static void check_abstract(struct restore *restore, const char *title,
			   const struct unix_socket *socket)
{
	struct sockaddr_un address;
	socklen_t length = unix_abstract_address(&socket->abstract, &address);

	if (is_automatic(socket) || unix_address_taken(socket->type, &address, length) == 0)
		return;
	problems_add(&restore->problems, VERDICT_BLOCKING, title,
		     "this abstract name is in use by another process");
	problems_remedy(&restore->problems,
			"end that process, or run prestore in a network namespace of its own");
}

static bool may_make(const char *path)
{
	char directory[PATH_MAX + 8];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	return faccessat(AT_FDCWD, slash ? directory : ".", W_OK | X_OK, AT_EACCESS) == 0;
}

static void check_path(struct restore *restore, const char *title, const struct unix_socket *socket)
{
	char path[PATH_MAX + sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct sockaddr_un address;
	struct stat st;
	int inode, taken;

	full_path(restore, socket, path, sizeof(path));
	if (strlen(bind_path(socket, path)) >= sizeof(address.sun_path)) {
		problems_add(&restore->problems, VERDICT_BLOCKING, title,
			     "%s is longer than the %zu bytes that the name of a socket may have",
			     path, sizeof(address.sun_path) - 1);
		problems_remedy(&restore->problems, "--map-path OLD=NEW with a shorter path");
	} else if (!may_make(path)) {
		problems_add(&restore->problems, VERDICT_BLOCKING, title, "%s cannot be made: %s",
			     path, strerror(errno));
		problems_remedy(&restore->problems,
				"make the directory, or --map-path OLD=NEW says where it is now");
	} else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		problems_add(&restore->problems, VERDICT_BLOCKING, title,
			     "%s is another file now and was a socket", path);
		problems_remedy(&restore->problems, "move it away, or --map-path OLD=NEW");
	} else {
		inode = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		taken = inode >= 0 ? unix_address_taken(UNIX_DATAGRAM, &address,
							unix_name_address(socket, inode, &address))
				   : 0;
		cleanup_close(&inode);
		if (taken == 0)
			return;
		problems_add(&restore->problems, VERDICT_BLOCKING, title,
			     taken > 0 ? "%s is in use by another process"
				       : "%s: it cannot be told whether somebody uses it",
			     path);
		problems_remedy(&restore->problems, "%s", end_it);
	}
}

/* A connected socket's name is told to its peer at most: others find those that listen or get datagrams. */
bool unix_name_is_reached(const struct unix_socket *socket)
{
	return socket->listening || socket->file ||
	       (socket->type == UNIX_DATAGRAM && socket->abstract.size);
}

void unix_name_check(struct restore *restore, const struct unix_socket *socket)
{
	char title[256];

	unix_title(socket, title, sizeof(title));
	if (!unix_name_is_reached(socket))
		return;
	if (socket->abstract.size)
		check_abstract(restore, title, socket);
	else if (socket->file)
		check_path(restore, title, socket);
}

static void give_up(struct restore *restore, const struct unix_socket *socket, const char *instead)
{
	char title[256];

	unix_title(socket, title, sizeof(title));
	problems_add(&restore->problems, VERDICT_APPROXIMATED, title, "the name is in use: %s",
		     instead);
}

static void lose(struct restore *restore, const struct unix_socket *socket, const char *why)
{
	char title[256];

	unix_title(socket, title, sizeof(title));
	problems_add(&restore->problems, VERDICT_APPROXIMATED, title,
		     "it has no name any more (getsockname(2)): %s", why);
}

static int bind_abstract(struct restore *restore, const struct unix_socket *socket, int fd,
			 struct err *err)
{
	struct sockaddr_un address;
	socklen_t length = unix_abstract_address(&socket->abstract, &address);

	if (bind(fd, (struct sockaddr *)&address, length) == 0)
		return 0;
	if (errno != EADDRINUSE || (unix_name_is_reached(socket) && !is_automatic(socket)))
		return err_sys(err, "bind it to its abstract name");
	if (!is_automatic(socket) || bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0)
		give_up(restore, socket, "it has no name any more (getsockname(2))");
	else
		give_up(restore, socket, "it has another automatic name");
	return 0;
}

/* A file is only set aside when nobody can be behind it. */
static int set_aside(const char *path, char **ret_aside, struct err *err)
{
	_cleanup_close_ int inode = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_free_ char *aside = NULL;
	struct unix_socket unnamed = { 0 };
	struct sockaddr_un address;
	struct stat st;

	if (inode < 0 && errno == ENOENT)
		return 0;
	if (inode < 0 || fstat(inode, &st) < 0)
		return err_sys(err, "%s", path);
	if (!S_ISSOCK(st.st_mode) ||
	    unix_address_taken(UNIX_DATAGRAM, &address,
			       unix_name_address(&unnamed, inode, &address)) != 0)
		return err_set(err, ERR_HOST, "%s is in use", path);
	if (asprintf(&aside, "%s.pimage-%d", path, (int)getpid()) < 0)
		return err_sys(err, "out of memory");
	if (rename(path, aside) < 0)
		return err_sys(err, "set aside the dead socket %s", path);
	*ret_aside = TAKE_PTR(aside);
	return 0;
}

static void put_back(struct unix_name *name)
{
	if (name->made)
		unlink(name->path);
	if (name->aside)
		rename(name->aside, name->path);
	free(name->path);
	free(name->aside);
	*name = (struct unix_name){ 0 };
}

/* A relative name is kept as it was given, and so it is bound from its directory. */
static int bind_from(const char *directory, int fd, const char *name, struct err *err)
{
	_cleanup_close_ int here = directory ? open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct sockaddr_un address;
	socklen_t length = unix_path_address(name, &address);
	int ret;

	if (directory && (here < 0 || chdir(directory) < 0))
		return err_sys(err, "change to the directory %s", directory);
	ret = bind(fd, (struct sockaddr *)&address, length);
	if (ret < 0)
		err_sys(err, "bind it to %s", name);
	if (directory && fchdir(here) < 0)
		return err_sys(err, "change back from %s", directory);
	return ret;
}

static int set_owner(const char *path, const struct unix_file *file, struct err *err)
{
	struct stat st;

	if (chmod(path, file->mode) < 0 || stat(path, &st) < 0)
		return err_sys(err, "%s", path);
	if ((st.st_uid != file->uid || st.st_gid != file->gid) &&
	    lchown(path, file->uid, file->gid) < 0 && errno != EPERM)
		return err_sys(err, "%s: set its owner", path);
	return 0;
}

static int bind_path_at(struct restore *restore, const struct unix_socket *socket, int fd,
			struct unix_name *name, int *ret_inode, struct err *err)
{
	char buffer[PATH_MAX];
	const char *directory = NULL;

	if (socket->file && socket->file->directory && socket->path[0] != '/')
		directory = restore_path(restore, socket->file->directory, buffer, sizeof(buffer));
	if (bind_from(directory, fd, bind_path(socket, name->path), err) < 0)
		return -1;
	name->made = true;
	*ret_inode = open(name->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_inode < 0)
		return err_sys(err, "open %s", name->path);
	return socket->file ? set_owner(name->path, socket->file, err) : 0;
}

/* A name that led nowhere is only for the socket to tell: the file is there for a moment. */
static int bind_nowhere(struct restore *restore, const struct unix_socket *socket, int fd,
			int *ret_inode, struct err *err)
{
	struct unix_name name = { 0 };
	char path[PATH_MAX];
	struct err why = { 0 };
	int ret;

	if (socket->path[0] != '/') {
		lose(restore, socket, "where the relative name led is not known");
		return 0;
	}
	full_path(restore, socket, path, sizeof(path));
	if (set_aside(path, &name.aside, &why) < 0 || !may_make(path)) {
		lose(restore, socket, why.msg[0] ? why.msg : "its directory is not there");
		return 0;
	}
	name.path = strdup(path);
	if (!name.path)
		return err_sys(err, "out of memory");
	ret = bind_path_at(restore, socket, fd, &name, ret_inode, err);
	put_back(&name);
	return ret;
}

static int bind_file(struct restore *restore, const struct unix_socket *socket, int fd,
		     int *ret_inode, struct err *err)
{
	char path[PATH_MAX + sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct unix_name *name;

	if (!restore->unix_names)
		restore->unix_names = calloc(1, sizeof(*restore->unix_names));
	name = restore->unix_names ? LIST_ADD(restore->unix_names, names, err) : NULL;
	if (!name)
		return err_sys(err, "out of memory");
	full_path(restore, socket, path, sizeof(path));
	if (set_aside(path, &name->aside, err) < 0) {
		restore->unix_names->n_names--;
		return -1;
	}
	name->path = strdup(path);
	if (!name->path)
		return err_sys(err, "out of memory");
	return bind_path_at(restore, socket, fd, name, ret_inode, err);
}

int unix_name_bind(struct restore *restore, const struct unix_socket *socket, int fd,
		   int *ret_inode, struct err *err)
{
	if (socket->abstract.size)
		return bind_abstract(restore, socket, fd, err);
	if (!socket->path)
		return 0;
	return socket->file ? bind_file(restore, socket, fd, ret_inode, err)
			    : bind_nowhere(restore, socket, fd, ret_inode, err);
}

void unix_names_commit(struct restore *restore)
{
	struct unix_names *names = restore->unix_names;

	for (size_t i = 0; names && i < names->n_names; i++) {
		if (names->names[i].aside)
			unlink(names->names[i].aside);
		free(names->names[i].path);
		free(names->names[i].aside);
	}
	if (names)
		free(names->names);
	free(names);
	restore->unix_names = NULL;
}

void unix_names_undo(struct restore *restore)
{
	struct unix_names *names = restore->unix_names;

	for (size_t i = names ? names->n_names : 0; i-- > 0;)
		if (names->names[i].path)
			put_back(&names->names[i]);
	if (names)
		free(names->names);
	free(names);
	restore->unix_names = NULL;
}
