/* SPDX-License-Identifier: MIT */
/* What is said between a keeper and who attaches, how jobs are found, and what may be typed on the command line. */
#include "format/cleanup.h"
#include "format/err.h"
#include "restore/attachable.h"
#include "restore/relay.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_keys(void)
{
	static const struct {
		const char *text;
		int key;
	} good[] = { { "^]", 0x1d }, { "^a", 1 }, { "^A", 1 }, { "^@", 0 }, { "none", -1 } };
	static const char *const bad[] = { "", "^", "]", "a", "^]x", "^1", "^?", "None", "^ " };
	struct err err;
	int key;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		key = 99;
		CHECK(detach_key_parse(good[i].text, &key, &err) == 0, "%s", good[i].text);
		CHECK(key == good[i].key, "%s: %d", good[i].text, key);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		key = 99;
		CHECK(detach_key_parse(bad[i], &key, &err) < 0 && err.code == ERR_USAGE, "%s",
		      bad[i]);
		CHECK(key == 99);
	}
}

static void test_file_names(void)
{
	static const char *const bad[] = {
		"",	  "x",		 "0",	"-1",
		"12x",	  ".",		 "12.", "12.a/b",
		"12.a b", "99999999999", "..",	"12.abcdefghijklmnopqrstuvwxyz0123456"
	};
	char name[NAME_MAX_ATTACH + 1];
	pid_t pid = 0;

	CHECK(attachable_parse("4242", &pid, name) && pid == 4242);
	CHECK_STR(name, "");
	CHECK(attachable_parse("7.my-build_2.x+", &pid, name) && pid == 7);
	CHECK_STR(name, "my-build_2.x+");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!attachable_parse(bad[i], &pid, name), "%s", bad[i]);
}

static void test_messages(void)
{
	static char full[MESSAGE_MAX];
	struct message message;
	int sockets[2];
	struct ready ready;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0);
	CHECK(message_receive(sockets[1], &message) < 0 && errno == EAGAIN);
	memset(full, 'x', sizeof(full));
	CHECK(message_send(sockets[0], MESSAGE_INPUT, full, sizeof(full)) == 0);
	CHECK(message_send(sockets[0], MESSAGE_CONTINUE, NULL, 0) == 0);
	CHECK(message_receive(sockets[1], &message) == 1);
	CHECK(message.type == MESSAGE_INPUT && message.size == MESSAGE_MAX);
	/* One that is shorter than what it should hold reads as zeroes, not as the one before. */
	CHECK(message_receive(sockets[1], &message) == 1);
	CHECK(message.type == MESSAGE_CONTINUE && message.size == 0);
	memcpy(&ready, message.bytes, sizeof(ready));
	CHECK(ready.pid == 0 && ready.name[0] == '\0');
	while (message_send(sockets[0], MESSAGE_OUTPUT, full, sizeof(full)) == 0)
		continue;
	CHECK(errno == EAGAIN);
	close(sockets[0]);
	while (message_receive(sockets[1], &message) > 0)
		continue;
	CHECK(message_receive(sockets[1], &message) == 0);
	close(sockets[1]);
	/* Last words are heard, even when the other side did not listen to ours. */
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0);
	CHECK(message_send(sockets[1], MESSAGE_INPUT, full, 1) == 0);
	CHECK(message_send(sockets[0], MESSAGE_ENDED, full, 4) == 0);
	close(sockets[0]);
	CHECK(message_receive(sockets[1], &message) == 1 && message.type == MESSAGE_ENDED);
	CHECK(message_receive(sockets[1], &message) == 0);
	close(sockets[1]);
}

static void test_places(void)
{
	char directory[] = "/tmp/pimage-unit.XXXXXX", path[64];
	struct sockaddr_un address;
	struct err err;
	int listener, other, fd;

	CHECK(mkdtemp(directory) != NULL);
	setenv("XDG_RUNTIME_DIR", directory, 1);
	listener = attachable_listen(4242, "here", &address, &err);
	CHECK(listener >= 0, "%s", err.msg);
	CHECK(attachable_check_name("here", &err) < 0 && strstr(err.msg, "4242 here"), "%s",
	      err.msg);
	CHECK(attachable_check_name("there", &err) == 0);
	CHECK(attachable_check_name("4243", &err) < 0);
	CHECK(attachable_check_name("a/b", &err) < 0);
	fd = attachable_connect("here", &err);
	CHECK(fd >= 0 && attachable_peer_is_own(fd));
	cleanup_close(&fd);
	fd = attachable_connect("4242", &err);
	CHECK(fd >= 0);
	cleanup_close(&fd);
	CHECK(attachable_connect("nowhere", &err) < 0 && strstr(err.msg, "there are: 4242 here"),
	      "%s", err.msg);
	/* The same name twice: only the process ids tell which. */
	other = attachable_listen(4243, "here", &address, &err);
	CHECK(other >= 0 && attachable_connect("here", &err) < 0 &&
		      strstr(err.msg, "more than one"),
	      "%s", err.msg);
	/* Nobody listens any more: it goes in passing. */
	close(other);
	fd = attachable_connect("here", &err);
	CHECK(fd >= 0 && access(address.sun_path, F_OK) < 0);
	cleanup_close(&fd);
	/* A place that others may enter is not used. */
	snprintf(path, sizeof(path), "%s/pimage", directory);
	CHECK(chmod(path, 0755) == 0);
	CHECK(attachable_connect("here", &err) < 0 && strstr(err.msg, path), "%s", err.msg);
	CHECK(chmod(path, 0700) == 0);
	close(listener);
	CHECK(attachable_connect("here", &err) < 0 && !strstr(err.msg, "there are"), "%s", err.msg);
	CHECK(rmdir(path) == 0 && rmdir(directory) == 0);
}

int main(void)
{
	test_keys();
	test_file_names();
	test_messages();
	test_places();
	return test_done("attach");
}
