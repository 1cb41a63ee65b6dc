/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The connection to QEMU's monitor: bytes out, messages in, and no waiting for ever. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_JANSSON
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "qmp.h"

#define NAP_MS 10
#define ROOM_STEP 4096

int64_t qmp_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_until(int64_t deadline)
{
	int64_t left = deadline - qmp_now();

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int64_t put_off(const struct qmp *q, int64_t deadline)
{
	int64_t later = q->stream_at + q->timeout_ms;

	return q->stream_at && later > deadline ? later : deadline;
}

bool qmp_late(const struct qmp *q, int64_t deadline)
{
	return qmp_now() >= put_off(q, deadline);
}

/* It stays open: whose it is closes it. */
static void throw_away(struct qmp *q)
{
	char bytes[16384];
	ssize_t n = recv(q->stream, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0)
		q->stream_at = qmp_now();
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		q->stream = -1;
}

/* Ready for @events by the deadline? A signal does not end the wait. -1 is never ready. */
static bool ready_by(struct qmp *q, int fd, short events, int64_t deadline)
{
	struct pollfd both[2] = { { .fd = fd, .events = events }, { .events = POLLIN } };
	int n;

	do {
		both[1].fd = q->stream;
		n = poll(both, 2, left_until(deadline));
		if (n > 0 && both[1].revents)
			throw_away(q);
	} while (n < 0 ? errno == EINTR : n > 0 && !both[0].revents);
	return n > 0;
}

static bool ready(struct qmp *q, short events, int64_t deadline)
{
	bool is_ready;

	do
		is_ready = ready_by(q, q->fd, events, put_off(q, deadline));
	while (!is_ready && !qmp_late(q, deadline));
	return is_ready;
}

void qmp_nap(struct qmp *q, int64_t deadline)
{
	int64_t end = qmp_now() + NAP_MS;

	(void)ready_by(q, -1, 0, end < deadline ? end : deadline);
}

static int timed_out(const struct qmp *q, const char *what, struct hpt_error *err)
{
	return guest_fail_errno(err, ETIMEDOUT, "%s within %u ms", what, q->timeout_ms);
}

/* A listener whose queue is full refuses for the moment (EAGAIN). */
static int connect_within(struct qmp *q, const struct sockaddr_un *to, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;

	while (connect(q->fd, (const struct sockaddr *)to, sizeof(*to))) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return guest_fail_errno(err, errno, "cannot connect to the monitor");
		if (qmp_late(q, deadline))
			return timed_out(q, "the monitor took no connection", err);
		qmp_nap(q, deadline);
	}
	return 0;
}

int qmp_connect(struct qmp *q, const char *address, struct hpt_error *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (!*address || strlen(address) >= sizeof(to.sun_path))
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "the path of a socket has 1 to %zu bytes",
				  sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, address, strlen(address));
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->fd < 0)
		return guest_fail_errno(err, errno, "cannot make a socket");
	return connect_within(q, &to, err);
}

/* Ids go on far above those of whoever used the connection before. */
void qmp_inherit(struct qmp *q, int fd)
{
	q->fd = fd;
	q->id = (json_int_t)1 << 32;
}

void qmp_leave(struct qmp *q)
{
	free(q->in);
	q->in = NULL;
	q->in_len = q->in_room = 0;
	q->frame = (struct qmp_frame){ .scanned = 0 };
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

void qmp_close(struct qmp *q)
{
	if (q->fd >= 0)
		shutdown(q->fd, SHUT_RDWR);
	qmp_leave(q);
}

/* The descriptor goes with the first byte. */
static ssize_t send_some(const struct qmp *q, const char *bytes, size_t len, int pass)
{
	struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };

	if (pass >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &pass, sizeof(int));
	}
	return sendmsg(q->fd, &message, MSG_NOSIGNAL);
}

int qmp_write(struct qmp *q, const char *bytes, size_t len, int pass, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	ssize_t n;

	while (len > 0) {
		n = send_some(q, bytes, len, pass);
		if (n < 0 && errno == EAGAIN && ready(q, POLLOUT, deadline))
			continue;
		if (n < 0 && errno == EAGAIN)
			return timed_out(q, "the monitor took no command", err);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return guest_fail_errno(err, errno, "cannot write to the monitor");
		bytes += n;
		len -= (size_t)n;
		pass = -1;
	}
	return 0;
}

static int make_room(struct qmp *q, struct hpt_error *err)
{
	size_t room = q->in_room ? 2 * q->in_room : ROOM_STEP;
	char *in;

	if (q->in_len < q->in_room)
		return 0;
	if (room > QMP_MESSAGE_MAX)
		return guest_fail(err, HPT_ERR_FORMAT, "a message of more than %zu bytes",
				  QMP_MESSAGE_MAX);
	in = realloc(q->in, room);
	if (!in)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a message");
	q->in = in;
	q->in_room = room;
	return 0;
}

/* What is there, at least one byte; or nothing by the deadline, and @more is false. */
static int read_more(struct qmp *q, int64_t deadline, bool *more, struct hpt_error *err)
{
	ssize_t n;
	int r = make_room(q, err);

	*more = false;
	while (!r) {
		n = recv(q->fd, q->in + q->in_len, q->in_room - q->in_len, 0);
		if (n > 0) {
			q->in_len += (size_t)n;
			*more = true;
			return 0;
		}
		if (n == 0)
			return guest_fail_errno(err, ECONNRESET,
						"QEMU ended the conversation");
		if (errno == EAGAIN && !ready(q, POLLIN, deadline))
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			r = guest_fail_errno(err, errno, "cannot read from the monitor");
	}
	return r;
}

/* Take the first @len bytes for a message. jansson refuses NULs, bad UTF-8, repeated keys. */
static int parse(struct qmp *q, size_t len, json_t **out, struct hpt_error *err)
{
	json_error_t why;

	*out = json_loadb(q->in, len, JSON_REJECT_DUPLICATES, &why);
	memmove(q->in, q->in + len, q->in_len - len);
	q->in_len -= len;
	return *out ? 0
		    : guest_fail(err, HPT_ERR_FORMAT, "a message that is no JSON: %s",
				 why.text);
}

int qmp_message(struct qmp *q, int64_t deadline, json_t **out, struct hpt_error *err)
{
	bool more = true;
	size_t len = 0;
	int r = 0;

	*out = NULL;
	while (!r && more) {
		r = qmp_frame_next(&q->frame, q->in, q->in_len, &len, err);
		if (!r && len)
			return parse(q, len, out, err);
		if (!r)
			r = read_more(q, deadline, &more, err);
	}
	return r;
}
#endif
