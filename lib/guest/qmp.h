/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_QMP_H
#define HPT_GUEST_QMP_H

/* What the files about QEMU's monitor share. */

#include <hpt/qmp.h>

#include <jansson.h>

#include "internal.h"

/* Answers to what is asked here have a few KiB. */
#define QMP_MESSAGE_MAX ((size_t)1 << 20)
#define QMP_NESTING_MAX 32
#define QMP_TIMEOUT_MS 10000
/* The name under which QEMU keeps the socket that it is handed. */
#define QMP_FD_NAME "hpt"
/* A guest that has not come to an end after so many passes over its RAM never will: it has
 * to stand still for what is left. */
#define QMP_PASSES_MAX 8

/* How far the message at the front of the buffer was looked at. */
struct qmp_frame {
	size_t scanned;
	unsigned int nesting;
	bool in_string;
	bool escaped;
};

/* A conversation. */
struct qmp {
	int fd;
	uint32_t timeout_ms;
	int stream;        /* thrown away while anything is waited for; or -1 */
	int64_t stream_at; /* when something came of it */
	char *in;          /* bytes that came and make no message yet */
	size_t in_len;
	size_t in_room;
	struct qmp_frame frame;
	json_int_t id; /* of the last command */
	/* By QEMU's clock, in microseconds: when the guest stopped, and when it went on. */
	uint64_t stop_us;
	uint64_t resume_us;
};

/* qmp_frame.c: the length of the first message, or 0: it is not whole yet. */
int qmp_frame_next(struct qmp_frame *frame, const char *bytes, size_t len, size_t *out,
		   struct hpt_error *err);

/* qmp_socket.c: times in milliseconds of the monotonic clock. */
int64_t qmp_now(void);
/* Is it over? It moves on as long as the stream that is thrown away comes. */
bool qmp_late(const struct qmp *q, int64_t deadline);
/* Sleep, no longer than to the deadline. */
void qmp_nap(struct qmp *q, int64_t deadline);
int qmp_connect(struct qmp *q, const char *address, struct hpt_error *err);
/* A connection that somebody else used, whose last command may be half written. */
void qmp_inherit(struct qmp *q, int fd);
/* Ends the conversation for all who share the connection. */
void qmp_close(struct qmp *q);
/* The same, but whoever else has the connection keeps it. */
void qmp_leave(struct qmp *q);
/* Hand on @pass, too, if that is not -1. */
int qmp_write(struct qmp *q, const char *bytes, size_t len, int pass, struct hpt_error *err);
/* The next message: NULL if there is none by the deadline, which may have passed. */
int qmp_message(struct qmp *q, int64_t deadline, json_t **out, struct hpt_error *err);

/* qmp_command.c: @arguments is taken over; NULL: there was no memory for it. */
#define QMP_NO_ARGUMENTS json_null()
int qmp_send(struct qmp *q, const char *command, json_t *arguments, int pass,
	     struct hpt_error *err);
bool qmp_is_answer(struct qmp *q, const json_t *message);
/* @result may be NULL; else it is the caller's. */
int qmp_ask(struct qmp *q, const char *command, json_t *arguments, int pass, json_t **result,
	    struct hpt_error *err);
int qmp_greet(struct qmp *q, struct hpt_error *err);

/* qmp_state.c */
enum qmp_migration {
	QMP_NO_MIGRATION = 0, /* also one that ended */
	QMP_MIGRATING,
	QMP_COMPLETED,
	QMP_FAILED,
};

struct qmp_status {
	enum qmp_migration migration;
	char word[32];     /* QEMU's */
	char why[160];     /* it failed; or "" */
	char blocked[160]; /* why there can be none; or "" */
	uint64_t passes;
	uint64_t downtime_ms;
};

void qmp_status_take(const json_t *reply, struct qmp_status *status);
int qmp_status(struct qmp *q, struct qmp_status *status, struct hpt_error *err);
/* How the guest is; fails when it could not be had back, or not be read. */
int qmp_look(struct qmp *q, struct hpt_qmp_before *before, struct hpt_error *err);
int qmp_set_parameters(struct qmp *q, const struct hpt_qmp_before *values,
		       struct hpt_error *err);
/* Let it stand still for as long as QEMU allows at most. The answer is not waited for. */
int qmp_raise_limit(struct qmp *q, struct hpt_error *err);
/* Lead back there: no migration, its parameters, the guest running. */
int qmp_put_right(struct qmp *q, const struct hpt_qmp_before *before, struct hpt_error *err);

/* qmp_guest.c */
int qmp_options_in(struct hpt_qmp_options *to, const struct hpt_qmp_options *from,
		   struct hpt_error *err);

#endif /* HPT_GUEST_QMP_H */
