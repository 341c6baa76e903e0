/* SPDX-License-Identifier: MIT */
#include "restore/unix_send.h"

#include "format/cleanup.h"
#include "format/err.h"
#include "kernel/memory.h"
#include "restore/canvas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CONTROL_SIZE (CMSG_SPACE(UNIX_RIGHTS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)))

/* Everything that sendmsg(2) is given, so that it can be sent from another address space. */
struct envelope {
	struct msghdr header;
	struct iovec vector;
	struct sockaddr_un address;
	_Alignas(struct cmsghdr) char control[CONTROL_SIZE];
	uint8_t data[];
};

static void put(struct envelope *e, size_t *at, int type, const void *data, size_t size)
{
	const struct cmsghdr header = { CMSG_LEN(size), SOL_SOCKET, type };

	memcpy(e->control + *at, &header, sizeof(header));
	memcpy(e->control + *at + CMSG_LEN(0), data, size);
	*at += CMSG_SPACE(size);
}

/* `base`: the address at which it will lie. */
static void address_envelope(struct envelope *e, const struct unix_parcel *p, uint64_t base)
{
	e->header.msg_iov = (void *)(base + offsetof(struct envelope, vector));
	e->header.msg_iovlen = 1;
	e->vector.iov_base = (void *)(base + offsetof(struct envelope, data));
	if (p->address_size)
		e->header.msg_name = (void *)(base + offsetof(struct envelope, address));
	e->header.msg_namelen = p->address_size;
	e->header.msg_control = (void *)(base + offsetof(struct envelope, control));
}

static struct envelope *envelope_new(const struct unix_parcel *p, struct err *err)
{
	struct envelope *e = calloc(1, sizeof(*e) + p->size);

	if (!e)
		err_sys(err, "out of memory");
	if (!e)
		return NULL;
	e->vector.iov_len = p->size;
	e->address = p->address;
	if (p->size)
		memcpy(e->data, p->data, p->size);
	return e;
}

static void put_control(struct envelope *e, const struct unix_parcel *p,
			const struct ucred *credentials)
{
	size_t at = 0;

	if (p->n_fds)
		put(e, &at, SCM_RIGHTS, p->fds, p->n_fds * sizeof(*p->fds));
	if (credentials)
		put(e, &at, SCM_CREDENTIALS, credentials, sizeof(*credentials));
	e->header.msg_controllen = at;
	if (!at)
		e->header.msg_control = NULL;
}

/* One call: returns what was sent, or -1 with errno. */
typedef ssize_t send_fn(void *context, const struct envelope *envelope, int from);

static ssize_t send_here(void *context, const struct envelope *envelope, int from)
{
	ssize_t n;

	(void)context;
	do
		n = sendmsg(from, &envelope->header, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

/* A user or group that the sender may not claim (EPERM) is left to the kernel. */
static ssize_t send_first(struct envelope *e, const struct unix_parcel *p, uint64_t base,
			  send_fn *call, void *context, bool *ret_unclaimed)
{
	ssize_t n;

	address_envelope(e, p, base);
	put_control(e, p, p->credentials.pid >= 0 ? &p->credentials : NULL);
	n = call(context, e, p->from);
	if (n >= 0 || errno != EPERM || p->credentials.pid < 0)
		return n;
	*ret_unclaimed = true;
	address_envelope(e, p, base);
	put_control(e, p, NULL);
	return call(context, e, p->from);
}

static int send_all(struct envelope *e, const struct unix_parcel *p, uint64_t base, send_fn *call,
		    void *context, struct err *err)
{
	struct unix_parcel rest = *p;
	bool unclaimed = false;

	do {
		ssize_t n = send_first(e, &rest, base, call, context, &unclaimed);

		if (n < 0)
			return err_sys(err, "put the saved bytes into it (%zu are left)",
				       rest.size);
		rest.n_fds = 0;
		rest.data += n;
		rest.size -= (size_t)n;
		memmove(e->data, e->data + n, rest.size);
		e->vector.iov_len = rest.size;
	} while (rest.size > 0);
	return unclaimed;
}

int unix_send(const struct unix_parcel *parcel, struct err *err)
{
	_cleanup_free_ struct envelope *e = envelope_new(parcel, err);

	return e ? send_all(e, parcel, (uint64_t)e, send_here, NULL, err) : -1;
}

struct sender {
	struct canvas *canvas;
	uint64_t at;
	size_t size;
};

static ssize_t send_there(void *context, const struct envelope *envelope, int from)
{
	const struct sender *sender = context;
	struct remote_call call =
		REMOTE_CALL(sendmsg, (uint64_t)from, sender->at, MSG_NOSIGNAL | MSG_DONTWAIT);
	struct err why;

	errno = EIO;
	if (memory_write(&sender->canvas->frozen.memory, sender->at, envelope, sender->size, &why) <
		    0 ||
	    remote_try(&sender->canvas->remote, canvas_leader(sender->canvas), &call, &why) < 0)
		return -1;
	if (call.result < 0)
		errno = (int)-call.result;
	return call.result < 0 ? -1 : call.result;
}

int unix_send_by(struct canvas *canvas, const struct unix_parcel *parcel, struct err *err)
{
	_cleanup_free_ struct envelope *e = envelope_new(parcel, err);
	struct sender sender = { .canvas = canvas, .size = sizeof(*e) + parcel->size };
	struct unix_parcel own = *parcel;
	int64_t at;
	int ret;

	if (!e)
		return -1;
	at = CANVAS_CALL(canvas, err, mmap, 0, sender.size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0);
	if (at < 0)
		return -1;
	sender.at = (uint64_t)at;
	own.credentials.pid = (pid_t)canvas->present;
	ret = send_all(e, &own, sender.at, send_there, &sender, err);
	if (CANVAS_CALL(canvas, err, munmap, sender.at, sender.size) < 0)
		return -1;
	return ret;
}
