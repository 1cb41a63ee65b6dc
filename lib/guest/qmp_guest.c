/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A guest that runs: QEMU migrates it into a socket, of which the other end is read here.
 * While the last part comes, QEMU answers no command; so nothing waits for an answer as long
 * as the stream flows.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hpt/qmp.h>

#include "internal.h"

#ifdef HAVE_JANSSON
#include <poll.h>

#include "qmp.h"

/* More than any host copies, and far from where QEMU's sums would overflow. */
#define BANDWIDTH ((uint64_t)1 << 50)
#define ASK_EACH_MS 100
#define WATCH_EACH_MS 1000
#define SOCKET_BYTES (1 << 20)
/* A resumed guest's event comes before the answer, so this hardly ever passes. */
#define RESUME_WITHIN_MS 200
#define NAME_ROOM 120

struct look {
	struct qmp qmp;
	const char *address;
	struct hpt_qmp_options options;
	struct hpt_qmp_before before;
	struct qmp_status status;
	int stream;    /* our end of the socket */
	bool touched;  /* something may have been changed */
	bool begun;    /* and whoever watches knows */
	bool asked;    /* for the status, and there is no answer yet */
	bool raised;   /* the limit of its standstill */
	bool finished; /* the stream was read to its end, and all is right again, or */
	bool held;     /* the guest is left still, as was asked for */
	int failed;    /* what reading came to, and comes to again: */
	struct hpt_error failure;
	int64_t ask_at; /* when to do these: */
	int64_t watch_at;
	int64_t give_up_at;
	uint64_t bytes;
};

static int tell(struct look *look, enum hpt_qmp_step step, struct hpt_error *err)
{
	const struct hpt_qmp_options *options = &look->options;

	if (options->watch && options->watch(options->arg, step, &look->before) &&
	    step != HPT_QMP_END)
		return guest_fail(err, HPT_ERR_STOPPED, "stopped by the watch callback");
	return 0;
}

static int make_sockets(int pair[2], struct hpt_error *err)
{
	int bytes = SOCKET_BYTES;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return guest_fail_errno(err, errno, "cannot make a pair of sockets");
	/* Only for speed. */
	setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

/* The other end is QEMU's alone, so that its death ends the stream. */
static int hand_over(struct look *look, struct hpt_error *err)
{
	int pair[2];
	int r = make_sockets(pair, err);

	if (r)
		return r;
	look->stream = pair[0];
	look->before.stream = pair[0];
	look->touched = true;
	r = qmp_ask(&look->qmp, "getfd", json_pack("{s:s}", "fdname", QMP_FD_NAME), pair[1],
		    NULL, err);
	close(pair[1]);
	return r;
}

static int start(struct look *look, struct hpt_error *err)
{
	struct hpt_qmp_before fast = { .has = HPT_QMP_HAS_MAX_BANDWIDTH,
				       .max_bandwidth = BANDWIDTH };
	int r = 0;

	if (look->before.running && (look->options.flags & HPT_QMP_PAUSE))
		r = qmp_ask(&look->qmp, "stop", QMP_NO_ARGUMENTS, -1, NULL, err);
	if (!r)
		r = qmp_set_parameters(&look->qmp, &fast, err);
	if (!r)
		r = qmp_ask(&look->qmp, "migrate",
			    json_pack("{s:s}", "uri", "fd:" QMP_FD_NAME), -1, NULL, err);
	look->give_up_at = qmp_now() + look->qmp.timeout_ms;
	return r;
}

/*
 * All that changes nothing, then the rest. A second process has our end of the stream, too:
 * QEMU does not take it well when that breaks.
 */
static int begin(struct look *look, struct hpt_error *err)
{
	int r = qmp_connect(&look->qmp, look->address, err);

	if (!r)
		r = qmp_greet(&look->qmp, err);
	if (!r)
		r = qmp_look(&look->qmp, &look->before, err);
	if (!r)
		r = hand_over(look, err);
	if (!r)
		r = tell(look, HPT_QMP_BEGIN, err);
	if (r)
		return r;
	look->begun = true;
	return start(look, err);
}

static int take_messages(struct look *look, struct hpt_error *err)
{
	json_t *message = NULL;
	int r;

	do {
		json_decref(message);
		r = qmp_message(&look->qmp, 0, &message, err);
		if (r || !message)
			return r;
		if (!qmp_is_answer(&look->qmp, message))
			continue;
		if (look->asked)
			qmp_status_take(json_object_get(message, "return"), &look->status);
		look->asked = false;
	} while (true);
}

/* What is due on the monitor's side while the stream flows. */
static int serve(struct look *look, struct hpt_error *err)
{
	int64_t now = qmp_now();
	int r = 0;

	if (now >= look->watch_at) {
		look->watch_at = now + WATCH_EACH_MS;
		r = tell(look, HPT_QMP_GOING, err);
	}
	if (r || now < look->ask_at)
		return r;
	look->ask_at = now + ASK_EACH_MS;
	r = take_messages(look, err);
	if (r || look->asked)
		return r;
	if (look->status.passes >= QMP_PASSES_MAX && !look->raised) {
		look->raised = true;
		return qmp_raise_limit(&look->qmp, err);
	}
	look->asked = true;
	return qmp_send(&look->qmp, "query-migrate", QMP_NO_ARGUMENTS, -1, err);
}

/* The guest's own clock of it, from its last STOP to its last RESUME. */
static void await_resume(struct look *look)
{
	int64_t deadline = qmp_now() + RESUME_WITHIN_MS;
	json_t *message = NULL;

	while (look->before.running && look->qmp.stop_us && !look->qmp.resume_us &&
	       !qmp_message(&look->qmp, deadline, &message, NULL) && message) {
		(void)qmp_is_answer(&look->qmp, message);
		json_decref(message);
	}
}

/* The stream has ended: well, if QEMU says so, too. */
static int finish(struct look *look, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + look->qmp.timeout_ms;
	int r;

	for (;;) {
		r = qmp_status(&look->qmp, &look->status, err);
		if (r || look->status.migration != QMP_MIGRATING)
			break;
		if (qmp_now() >= deadline)
			return guest_fail_errno(err, ETIMEDOUT,
						"the migration's stream ended, but not the "
						"migration");
		qmp_nap(&look->qmp, deadline);
	}
	if (!r && look->status.migration != QMP_COMPLETED)
		return guest_fail(err, HPT_ERR_REFUSED, "migrate: QEMU says: %s%s%s",
				  *look->status.word ? look->status.word : "none",
				  *look->status.why ? ": " : "", look->status.why);
	look->held = !r && look->before.running && look->options.flags & HPT_QMP_HOLD;
	if (!r && !look->held)
		r = qmp_put_right(&look->qmp, &look->before, err);
	if (r)
		return r;
	look->finished = true;
	if (look->held)
		return 0;
	await_resume(look);
	tell(look, HPT_QMP_END, NULL);
	return 0;
}

/* Wait for bytes, a message or what is due next. */
static int wait_for_bytes(struct look *look, struct hpt_error *err)
{
	struct pollfd both[2] = { { .fd = look->stream, .events = POLLIN },
				  { .fd = look->qmp.fd, .events = POLLIN } };
	int n = poll(both, 2, ASK_EACH_MS);

	if (n > 0 && both[0].revents)
		return 0;
	if (qmp_now() >= look->give_up_at)
		return guest_fail_errno(err, ETIMEDOUT,
					"no byte of the migration's stream within %u ms",
					look->qmp.timeout_ms);
	return n > 0 ? take_messages(look, err) : 0;
}

static int read_stream(struct look *look, void *bytes, size_t len, size_t *got,
		       struct hpt_error *err)
{
	ssize_t n;
	int r;

	do {
		r = serve(look, err);
		if (r)
			return r;
		n = recv(look->stream, bytes, len, MSG_DONTWAIT);
		if (n == 0)
			return finish(look, err);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return guest_fail_errno(err, errno, "cannot read the stream");
		if (n < 0)
			r = wait_for_bytes(look, err);
	} while (!r && n < 0);
	if (r)
		return r;
	look->give_up_at = qmp_now() + look->qmp.timeout_ms;
	look->bytes += (uint64_t)n;
	*got = (size_t)n;
	return 0;
}

/* A parser may take an error for the end of what it reads; it is not to be lost. */
static int look_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct look *look = ctx;

	*got = 0;
	if (look->finished)
		return 0;
	if (!look->failed)
		look->failed = read_stream(look, bytes, len, got, &look->failure);
	if (look->failed && err)
		*err = look->failure;
	return look->failed;
}

static const struct hpt_reader_ops look_ops = {
	.size = sizeof(struct hpt_reader_ops),
	.read = look_read,
};

/* Whoever wanted the table alone did not read on. */
static int drain(struct look *look, struct hpt_error *err)
{
	unsigned char bytes[16384];
	size_t got;
	int r = 0;

	while (!r && !look->finished)
		r = look_read(look, bytes, sizeof(bytes), &got, err);
	return r;
}

/* Without a listener there is no QEMU any more, and nothing to put right. */
static int reconnect(struct qmp *q, const char *address, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	struct hpt_error why;
	bool gone;
	int r;

	do {
		qmp_close(q);
		r = qmp_connect(q, address, &why);
		if (!r)
			r = qmp_greet(q, &why);
		if (!r)
			return 0;
		gone = why.os_errno == ECONNREFUSED || why.os_errno == ENOENT;
		if (!gone)
			qmp_nap(q, deadline);
	} while (!gone && !qmp_late(q, deadline));
	if (err)
		*err = why;
	return r;
}

/* Over the connection there is, or a new one. What QEMU refused it would refuse again. */
static int put_right_somehow(struct qmp *q, const char *address,
			     const struct hpt_qmp_before *before, struct hpt_error *err)
{
	int r = q->fd >= 0 ? qmp_put_right(q, before, err) : HPT_ERR_SYSTEM;

	if (!r || r == HPT_ERR_REFUSED)
		return r;
	r = reconnect(q, address, err);
	return r ? r : qmp_put_right(q, before, err);
}

/* It failed; the guest goes on all the same. */
static void recover(struct look *look, struct hpt_error *err)
{
	struct hpt_error more;
	char text[HPT_ERROR_TEXT];

	if (!look->touched || (look->finished && !look->held))
		return;
	look->held = false;
	look->qmp.stream = look->stream;
	if (!put_right_somehow(&look->qmp, look->address, &look->before, &more)) {
		if (look->begun)
			tell(look, HPT_QMP_END, NULL);
		return;
	}
	if (!err)
		return;
	snprintf(text, sizeof(text), "%.150s; and the guest may STAND STILL: %.130s",
		 err->text, more.text);
	memcpy(err->text, text, sizeof(text));
}

/* Its standstill by QEMU's clock; without the events by what QEMU counts, if it stopped it. */
static void fill_report(const struct look *look, struct hpt_qmp_report *report)
{
	const struct qmp *q = &look->qmp;

	*report = (struct hpt_qmp_report){ .size = sizeof(*report) };
	report->was_running = look->before.running;
	report->passes = (uint32_t)look->status.passes;
	report->bytes = look->bytes;
	memcpy(report->run_state, look->before.run_state, sizeof(report->run_state));
	if (!look->before.running || look->held)
		return;
	if (q->stop_us && q->resume_us >= q->stop_us) {
		report->still_known = true;
		report->still_us = q->resume_us - q->stop_us;
	} else if (!(look->options.flags & HPT_QMP_PAUSE) && look->status.downtime_ms) {
		report->still_known = true;
		report->still_us = look->status.downtime_ms * 1000;
	}
}

static int how_in(struct hpt_guest_options *to, const struct hpt_guest_options *from,
		  struct hpt_error *err)
{
	int r = guest_options_in(to, from, err);

	if (r)
		return r;
	if (to->kind && to->kind != HPT_SOURCE_QEMU)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "a guest that runs is of kind qemu, not %s",
				  hpt_source_kind_name(to->kind));
	to->size = sizeof(*to);
	to->kind = HPT_SOURCE_QEMU;
	return 0;
}

static int open_look(struct look *look, const struct hpt_guest_options *how,
		     struct hpt_guest **out, struct hpt_error *err)
{
	struct hpt_guest *guest = NULL;
	int r = begin(look, err);

	if (!r)
		r = guest_open_live(&look_ops, look, how, &guest, err);
	if (!r)
		r = drain(look, err);
	if (guest)
		guest_live_end(guest);
	if (r) {
		recover(look, err);
		hpt_guest_close(guest);
		return r;
	}
	*out = guest;
	return 0;
}

int qmp_options_in(struct hpt_qmp_options *to, const struct hpt_qmp_options *from,
		   struct hpt_error *err)
{
	int r = 0;

	*to = (struct hpt_qmp_options){ .size = sizeof(*to) };
	if (from)
		r = guest_struct_in(to, from, sizeof(*to), "hpt_qmp_options", err);
	if (r)
		return r;
	if (to->flags & ~(HPT_QMP_PAUSE | HPT_QMP_HOLD))
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_qmp_options: unknown flags 0x%x",
				  to->flags);
	if (!to->timeout_ms)
		to->timeout_ms = QMP_TIMEOUT_MS;
	return 0;
}

int hpt_qmp_open_guest(const char *address, const struct hpt_qmp_options *options,
		       const struct hpt_guest_options *how, struct hpt_guest **out,
		       struct hpt_qmp_report *report, struct hpt_error *err)
{
	struct look look = { .qmp = { .fd = -1, .stream = -1 },
			     .address = address,
			     .stream = -1 };
	struct hpt_guest_options opening;
	struct hpt_qmp_report found;
	char name[NAME_ROOM];
	int r;

	if (!address || !out || (report && report->size < sizeof(*report)))
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_qmp_open_guest: a NULL, or a report that is too small");
	r = qmp_options_in(&look.options, options, err);
	if (!r)
		r = how_in(&opening, how, err);
	look.qmp.timeout_ms = look.options.timeout_ms;
	if (!r)
		r = open_look(&look, &opening, out, err);
	if (look.stream >= 0)
		close(look.stream);
	if (look.held)
		qmp_leave(&look.qmp);
	else
		qmp_close(&look.qmp);
	snprintf(name, sizeof(name), "qmp:%s", address);
	if (r) {
		hpt_error_prepend(err, name);
		return r;
	}
	fill_report(&look, &found);
	return report ? guest_result_out(report, &found, sizeof(found), "hpt_qmp_report", err)
		      : 0;
}

int hpt_qmp_restore(const char *address, const struct hpt_qmp_before *before,
		    const struct hpt_qmp_options *options, struct hpt_error *err)
{
	static const char reset = '\xff'; /* ends a half command; answered by an error */
	struct hpt_qmp_options wanted;
	struct qmp q = { .fd = -1 };
	char name[NAME_ROOM];
	int r;

	if (!address || !before || before->size < sizeof(*before))
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_qmp_restore: a NULL, or a structure that is too small");
	r = qmp_options_in(&wanted, options, err);
	if (r)
		return r;
	q.timeout_ms = wanted.timeout_ms;
	q.stream = before->stream;
	if (before->fd >= 0)
		qmp_inherit(&q, before->fd);
	if (q.fd >= 0 && qmp_write(&q, &reset, 1, -1, NULL))
		qmp_close(&q);
	r = put_right_somehow(&q, address, before, err);
	qmp_close(&q);
	snprintf(name, sizeof(name), "qmp:%s", address);
	if (r)
		hpt_error_prepend(err, name);
	return r;
}

#else

static int not_here(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_UNSUPPORTED,
			  "a guest that runs needs a build with jansson, which this is not");
}

int hpt_qmp_open_guest(const char *address, const struct hpt_qmp_options *options,
		       const struct hpt_guest_options *how, struct hpt_guest **out,
		       struct hpt_qmp_report *report, struct hpt_error *err)
{
	(void)address;
	(void)options;
	(void)how;
	(void)out;
	(void)report;
	return not_here(err);
}

int hpt_qmp_restore(const char *address, const struct hpt_qmp_before *before,
		    const struct hpt_qmp_options *options, struct hpt_error *err)
{
	(void)address;
	(void)before;
	(void)options;
	return not_here(err);
}
#endif
