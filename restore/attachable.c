/* SPDX-License-Identifier: MIT */
#include "restore/attachable.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/readfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTED = 1000 }; /* bytes of a list in a message */

static bool is_ours_alone(const char *path, bool exactly)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       (!exactly || !(st.st_mode & 077));
}

/* Both sides must come to the same place: what does not fit into an address, or is not ours, is passed over by both. */
static int find_directory(char *ret_path, size_t size, struct err *err)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	const size_t room = sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/pimage/") -
			    sizeof("4294967295.") - NAME_MAX_ATTACH;

	if (run && run[0] == '/' && strlen(run) < room && is_ours_alone(run, false))
		snprintf(ret_path, size, "%s/pimage", run);
	else
		snprintf(ret_path, size, "/tmp/pimage-%u", geteuid());
	if (mkdir(ret_path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "cannot make %s, where terminals are found", ret_path);
	if (!is_ours_alone(ret_path, true))
		return err_set(err, ERR_HOST,
			       "%s, where terminals are found, is no directory of this user that "
			       "nobody else may enter; remove it or set XDG_RUNTIME_DIR",
			       ret_path);
	return 0;
}

int attachable_prepare(struct err *err)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];

	return find_directory(directory, sizeof(directory), err);
}

static bool is_name(const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.";

	return *name && strlen(name) <= NAME_MAX_ATTACH && name[strspn(name, allowed)] == '\0';
}

bool attachable_parse(const char *file, pid_t *ret_pid, char ret_name[NAME_MAX_ATTACH + 1])
{
	char *end;
	unsigned long pid = strtoul(file, &end, 10);

	if (*file < '1' || *file > '9' || pid > INT32_MAX || (*end && *end != '.'))
		return false;
	if (*end && !is_name(end + 1))
		return false;
	*ret_pid = (pid_t)pid;
	snprintf(ret_name, NAME_MAX_ATTACH + 1, "%s", *end ? end + 1 : "");
	return true;
}

bool attachable_peer_is_own(int socket)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

/* Returns the socket, or -1 with errno. */
static int try_connect(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -1;
	if (!attachable_peer_is_own(fd)) {
		errno = EPERM;
		return -1;
	}
	return TAKE_FD(fd);
}

static int set_address(struct sockaddr_un *address, const char *directory, const char *file)
{
	int n;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", directory, file);
	return n < (int)sizeof(address->sun_path) ? 0 : -1;
}

/* What is looked for, and what has been found on the way. */
struct search {
	const char *what; /* a name or a number; NULL: nothing, only list */
	pid_t pid;	  /* or 0 */
	int socket;
	unsigned matches;
	char list[LISTED];
};

static void list(struct search *search, pid_t pid, const char *name)
{
	size_t length = strlen(search->list);
	_cleanup_free_ char *comm = NULL;
	_cleanup_close_ int proc = proc_open(pid, NULL);
	size_t size = 0;

	if (proc >= 0)
		read_file_at(proc, "comm", &comm, &size, NULL);
	while (size && comm[size - 1] == '\n')
		size--;
	snprintf(search->list + length, sizeof(search->list) - length, "%s%d%s%s (%.*s)",
		 length ? ", " : "", pid, *name ? " " : "", name, comm ? (int)size : 1,
		 comm ? comm : "?");
}

static void look_at(struct search *search, const char *directory, const char *file)
{
	char name[NAME_MAX_ATTACH + 1];
	struct sockaddr_un address;
	pid_t pid;
	_cleanup_close_ int fd = -1;

	if (!attachable_parse(file, &pid, name) || set_address(&address, directory, file) < 0)
		return;
	fd = try_connect(&address);
	if (fd < 0) {
		/* Its keeper was killed. */
		if (errno == ECONNREFUSED)
			unlink(address.sun_path);
		return;
	}
	list(search, pid, name);
	if (pid != search->pid &&
	    (!search->what || (strcmp(search->what, name) != 0 && strcmp(search->what, file) != 0)))
		return;
	search->matches++;
	cleanup_close(&search->socket);
	search->socket = TAKE_FD(fd);
}

static int look(struct search *search, struct err *err)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *entry;

	if (find_directory(directory, sizeof(directory), err) < 0)
		return -1;
	dir = opendir(directory);
	if (!dir)
		return err_sys(err, "cannot open %s", directory);
	while ((entry = readdir(dir)))
		look_at(search, directory, entry->d_name);
	return 0;
}

int attachable_check_name(const char *name, struct err *err)
{
	struct search search = { .what = name, .socket = -1 };
	char *end;

	strtoul(name, &end, 10);
	if (!is_name(name) || !*end)
		return err_set(err, ERR_USAGE,
			       "--name=%s: expected at most %d letters, digits or -_+. and no "
			       "number",
			       name, NAME_MAX_ATTACH);
	if (look(&search, err) < 0)
		return -1;
	cleanup_close(&search.socket);
	if (search.matches)
		return err_set(err, ERR_USAGE, "--name=%s: a job has this name; there are: %s",
			       name, search.list);
	return 0;
}

int attachable_listen(pid_t pid, const char *name, struct sockaddr_un *ret_address, struct err *err)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	_cleanup_close_ int fd = -1, other = -1;
	char file[NAME_MAX_ATTACH + 16];
	struct sockaddr_un address;

	snprintf(file, sizeof(file), "%d%s%s", pid, name ? "." : "", name ? name : "");
	if (find_directory(directory, sizeof(directory), err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || set_address(&address, directory, file) < 0)
		return err_sys(err, "a socket in %s", directory);
	/* The process id is ours by now: what is left under it is of one that has ended. But /tmp may be shared with a container. */
	other = try_connect(&address);
	if (other < 0)
		unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, "cannot bind %s", address.sun_path);
	if (listen(fd, 8) < 0) {
		unlink(address.sun_path);
		return err_sys(err, "cannot listen at %s", address.sun_path);
	}
	*ret_address = address;
	return TAKE_FD(fd);
}

/* Of a file that --pidfile has written; 0: it is none. */
static pid_t pid_in_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[16] = "", *end;
	unsigned long pid;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 0;
	pid = strtoul(text, &end, 10);
	return end > text && *end == '\n' && pid <= INT32_MAX ? (pid_t)pid : 0;
}

int attachable_connect(const char *what, struct err *err)
{
	struct search search = { .what = what, .socket = -1 };
	char *end;
	unsigned long number = strtoul(what, &end, 10);

	if (*what && !*end && number <= INT32_MAX)
		search.pid = (pid_t)number;
	if (look(&search, err) < 0)
		return -1;
	if (!search.matches) {
		search = (struct search){ .socket = -1, .pid = pid_in_file(what) };
		if (look(&search, err) < 0)
			return -1;
	}
	if (search.matches == 1)
		return search.socket;
	cleanup_close(&search.socket);
	if (search.matches)
		return err_set(err, ERR_USAGE, "--attach=%s: more than one has this name: %s", what,
			       search.list);
	return err_set(err, ERR_USAGE,
		       "--attach=%s: there is no job of this name, process id or pidfile with a "
		       "terminal of its own%s%s",
		       what, *search.list ? "; there are: " : "", search.list);
}
