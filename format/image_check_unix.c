/* SPDX-License-Identifier: MIT */
/* What must hold between the unix sockets of an image. */
#include "format/err.h"
#include "format/file.h"
#include "format/image_check.h"
#include "format/unix_socket.h"

/* sun_path, with the zero byte before or behind it. */
#define NAME_MAX_BYTES 107
/* struct sock_filter, and BPF_MAXINSNS of them. */
#define FILTER_STEP 8
#define FILTER_MAX  (4096 * FILTER_STEP)
/* SCM_MAX_FD, include/net/scm.h */
#define RIGHTS_MAX 253

static int check_name(const struct unix_socket *s, struct err *err)
{
	if (s->path && s->abstract.size)
		return err_set(err, ERR_IMAGE, "$.path and $.abstract cannot both be there");
	if (s->abstract.size > NAME_MAX_BYTES)
		return err_set(err, ERR_IMAGE, "$.abstract: %zu bytes, and %d may be",
			       s->abstract.size, NAME_MAX_BYTES);
	if (s->path && !*s->path)
		return err_set(err, ERR_IMAGE, "$.path is empty");
	if (s->file && !s->path)
		return err_set(err, ERR_IMAGE, "$.file needs $.path");
	for (size_t i = 0; i < s->n_messages; i++)
		if (s->messages[i].abstract.size > NAME_MAX_BYTES)
			return err_set(err, ERR_IMAGE, "$.messages[%zu].abstract is too long", i);
	return 0;
}

static int check_peer(const struct image *image, const struct unix_socket *s, struct err *err)
{
	const struct unix_socket *peer = IMAGE_GET(image, unix_socket, s->peer, 0);

	if (!s->peer)
		return 0;
	if (!peer)
		return err_set(err, ERR_IMAGE, "$.peer: sockets/unix/%u.json is missing", s->peer);
	if (s->listening || s->peer_gone || s->outside || peer == s || peer->type != s->type ||
	    peer->listening)
		return err_set(err, ERR_IMAGE, "$.peer: %u cannot be connected to %u", s->id,
			       s->peer);
	if (peer->peer == s->id)
		return 0;
	if (s->type != UNIX_DATAGRAM)
		return err_set(err, ERR_IMAGE, "$.peer: %u, whose peer is %u", s->peer, peer->peer);
	IMAGE_EACH (image, unix_socket, other)
		if (other != s && other->peer == s->peer && !peer->path && !peer->abstract.size)
			return err_set(err, ERR_IMAGE,
				       "$.peer: %u has no name, and %u is connected to it, too",
				       s->peer, other->id);
	return 0;
}

static int check_waiting(const struct image *image, const struct unix_socket *s, struct err *err)
{
	for (size_t i = 0; i < s->n_waiting; i++) {
		const struct unix_socket *client = IMAGE_GET(image, unix_socket, s->waiting[i], 0);

		if (!client || client->type != s->type || client->peer || client->peer_gone ||
		    client->outside || client->listening || !s->listening)
			return err_set(err, ERR_IMAGE, "$.waiting[%zu]: %u does not wait for it", i,
				       s->waiting[i]);
	}
	if (s->listening && ((!s->path && !s->abstract.size) || s->type == UNIX_DATAGRAM))
		return err_set(err, ERR_IMAGE, "$.listening without a name, or of datagrams");
	return 0;
}

static bool is_peer(const struct image *image, const struct unix_socket *s)
{
	IMAGE_EACH (image, unix_socket, other)
		if (other->peer == s->id)
			return true;
	return false;
}

static int check_bytes(const struct image *image, const struct unix_socket *s, struct err *err)
{
	const struct blob *data;
	uint64_t sum = 0;
	char name[64];

	snprintf(name, sizeof(name), "sockets/unix/%u.data", s->id);
	data = image_blob(image, name);
	if ((data ? data->size : 0) != s->bytes)
		return err_set(err, ERR_IMAGE, "$.bytes: %u; %s has %zu", s->bytes, name,
			       data ? data->size : 0);
	for (size_t i = 0; i < s->n_messages; i++)
		for (size_t k = 0; k < s->messages[i].n_files; k++)
			if (!IMAGE_GET(image, file, s->messages[i].files[k], 0))
				return err_set(err, ERR_IMAGE,
					       "$.messages[%zu].files[%zu]: files/%u.json is "
					       "missing",
					       i, k, s->messages[i].files[k]);
	for (size_t i = 0; i < s->n_messages; i++)
		sum += s->messages[i].bytes;
	for (size_t i = 0; i < s->n_messages; i++)
		if (s->messages[i].n_files > RIGHTS_MAX ||
		    (s->type == UNIX_STREAM && !s->messages[i].bytes))
			return err_set(err, ERR_IMAGE,
				       "$.messages[%zu]: %u bytes and %zu descriptors cannot be "
				       "sent together",
				       i, s->messages[i].bytes, s->messages[i].n_files);
	if (s->type == UNIX_STREAM && !s->n_messages ? false : sum != s->bytes)
		return err_set(err, ERR_IMAGE, "$.messages: %lu bytes in all, but $.bytes is %u",
			       sum, s->bytes);
	if ((!s->bytes && !s->n_messages) || s->outside)
		return 0;
	if (s->type == UNIX_DATAGRAM ? !s->peer && !s->peer_gone && !s->path && !s->abstract.size &&
					       !is_peer(image, s)
				     : !s->peer && !s->peer_gone)
		return err_set(err, ERR_IMAGE, "$.bytes: %u, which nobody can have sent", s->bytes);
	return 0;
}

int check_unix_socket(const struct image *image, const struct unix_socket *socket, struct err *err)
{
	if (socket->type != UNIX_STREAM && socket->type != UNIX_DATAGRAM &&
	    socket->type != UNIX_PACKET)
		return err_set(err, ERR_IMAGE, "$.type: %u is not known", socket->type);
	if (socket->shutdown > (UNIX_SHUTDOWN_READ | UNIX_SHUTDOWN_WRITE))
		return err_set(err, ERR_IMAGE, "$.shutdown: 0x%x is not known", socket->shutdown);
	if (socket->options.filter.size % FILTER_STEP || socket->options.filter.size > FILTER_MAX)
		return err_set(err, ERR_IMAGE, "$.options.filter: %zu bytes are no filter",
			       socket->options.filter.size);
	if (check_name(socket, err) < 0 || check_peer(image, socket, err) < 0 ||
	    check_waiting(image, socket, err) < 0)
		return -1;
	return check_bytes(image, socket, err);
}
