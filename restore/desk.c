/* SPDX-License-Identifier: MIT */
#include "restore/desk.h"

#include "format/cleanup.h"
#include "restore/spawn.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void drop_client(struct desk *desk)
{
	cleanup_close(&desk->client);
	desk->client = -1;
	desk->output.begin = desk->output.end = 0;
	desk->tell_stopped = false;
}

void desk_flush(struct desk *desk)
{
	struct queue *queue = &desk->output;
	int client = desk->client;

	while (client >= 0 && queue->begin < queue->end) {
		size_t size = queue->end - queue->begin;

		size = size < MESSAGE_MAX ? size : MESSAGE_MAX;
		if (message_send(client, MESSAGE_OUTPUT, queue->bytes + queue->begin, size) < 0) {
			if (errno != EAGAIN)
				drop_client(desk);
			return;
		}
		queue->begin += size;
	}
	queue->begin = queue->end = 0;
	if (client >= 0 && desk->tell_stopped &&
	    message_send(client, MESSAGE_STOPPED, NULL, 0) == 0)
		desk->tell_stopped = false;
}

bool desk_read(struct desk *desk)
{
	struct queue *queue = &desk->output;
	ssize_t n;

	if (queue->end)
		return false;
	n = read(desk->master, queue->bytes, MESSAGE_MAX);
	if (n <= 0)
		return false;
	screen_feed(&desk->screen, queue->bytes, (size_t)n);
	queue->end = (size_t)n;
	desk_flush(desk);
	return true;
}

void desk_write(struct desk *desk)
{
	struct queue *queue = &desk->input;
	ssize_t n = write(desk->master, queue->bytes + queue->begin, queue->end - queue->begin);

	if (n > 0)
		queue->begin += (size_t)n;
	if (queue->begin == queue->end || (n < 0 && errno != EAGAIN && errno != EINTR))
		queue->begin = queue->end = 0;
}

void desk_set_size(struct desk *desk, const struct winsize *size)
{
	desk->squeezed = false;
	ioctl(desk->master, TIOCSWINSZ, size);
}

void desk_repaint(struct desk *desk)
{
	struct termios settings;
	struct winsize smaller;

	if (tcgetattr(desk->master, &settings) < 0 || settings.c_lflag & ICANON ||
	    ioctl(desk->master, TIOCGWINSZ, &desk->size) < 0 || desk->size.ws_row < 3)
		return;
	smaller = desk->size;
	smaller.ws_row--;
	desk_set_size(desk, &smaller);
	desk->squeezed = true;
}

static void go_on(struct desk *desk)
{
	if (desk->stopped)
		kill(-getpgid(desk->job->pid), SIGCONT);
}

static void take_size(struct desk *desk, const struct winsize *size)
{
	if (size->ws_row && size->ws_col)
		desk_set_size(desk, size);
}

/* One who says hello gets the terminal, as it was left. */
static void take_client(struct desk *desk, const struct message *hello)
{
	struct hello words;
	unsigned device = 0;
	size_t length;

	memcpy(&words, hello->bytes, sizeof(words));
	if (ioctl(desk->master, TIOCGDEV, &device) == 0 && words.device == device) {
		message_send(desk->pending, MESSAGE_ITSELF, NULL, 0);
		cleanup_close(&desk->pending);
		desk->pending = -1;
		return;
	}
	if (desk->client >= 0) {
		message_send(desk->client, MESSAGE_TAKEN, NULL, 0);
		drop_client(desk);
	}
	desk->client = TAKE_FD(desk->pending);
	message_send(desk->client, MESSAGE_READY, &desk->ready, sizeof(desk->ready));
	screen_enter(&desk->screen, desk->output.bytes);
	length = strlen(desk->output.bytes);
	desk->output.begin = 0;
	desk->output.end = length + screen_output(&desk->screen, desk->output.bytes + length);
	desk_flush(desk);
	take_size(desk, &words.size);
	desk_repaint(desk);
	go_on(desk);
}

static void obey(struct desk *desk, const struct message *message)
{
	struct winsize size;
	int32_t number;

	memcpy(&number, message->bytes, sizeof(number));
	memcpy(&size, message->bytes, sizeof(size));
	switch (message->type) {
	case MESSAGE_INPUT:
		memcpy(desk->input.bytes, message->bytes, message->size);
		desk->input.end = message->size;
		desk_write(desk);
		break;
	case MESSAGE_SIZE:
		take_size(desk, &size);
		break;
	case MESSAGE_SIGNAL:
		kill(desk->job->pid, number);
		break;
	case MESSAGE_CONTINUE:
		go_on(desk);
		break;
	default:
		break;
	}
}

void desk_hear(struct desk *desk)
{
	struct message message;
	int ret = message_receive(desk->client, &message);

	if (ret > 0)
		obey(desk, &message);
	else if (ret == 0 || errno != EAGAIN)
		drop_client(desk);
}

void desk_hear_pending(struct desk *desk)
{
	struct message message;
	int ret = message_receive(desk->pending, &message);

	if (ret > 0 && message.type == MESSAGE_HELLO) {
		take_client(desk, &message);
	} else if (ret >= 0 || errno != EAGAIN) {
		cleanup_close(&desk->pending);
		desk->pending = -1;
	}
}

static void end(struct desk *desk, int32_t status)
{
	desk->ended = true;
	desk->status = status;
	/* What it has written is there to the last byte: reading waits for what is on its way within the kernel (n_tty_read). */
	for (size_t n = 0; n < 256 && desk->client >= 0; n++) {
		if (!desk_read(desk))
			break;
	}
}

void desk_learn(struct desk *desk, int status)
{
	if (WIFSTOPPED(status)) {
		desk->stopped = true;
		desk->tell_stopped = desk->client >= 0;
		desk_flush(desk);
	} else if (WIFCONTINUED(status)) {
		desk->stopped = desk->tell_stopped = false;
	} else {
		end(desk, status);
	}
}

bool desk_told(struct desk *desk)
{
	int client = desk->client;

	if (client < 0)
		return true;
	if (desk->output.end)
		return false;
	return message_send(client, MESSAGE_ENDED, &desk->status, sizeof(desk->status)) == 0 ||
	       errno != EAGAIN;
}
