/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Commands and their answers. Events come in between; the few that matter are kept. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_JANSSON
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qmp.h"

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a command");
}

int qmp_send(struct qmp *q, const char *command, json_t *arguments, int pass,
	     struct hpt_error *err)
{
	json_t *message = json_pack("{s:s, s:I}", "execute", command, "id", ++q->id);
	char *text = NULL;
	int r;

	if (json_is_null(arguments) || !json_object_set_new(message, "arguments", arguments))
		text = json_dumps(message, JSON_COMPACT);
	json_decref(message);
	r = text ? qmp_write(q, text, strlen(text), pass, err) : no_memory(err);
	free(text);
	if (r)
		hpt_error_prepend(err, command);
	return r;
}

/* When, by QEMU's clock. */
static uint64_t event_time(const json_t *message)
{
	const json_t *when = json_object_get(message, "timestamp");
	json_int_t seconds = json_integer_value(json_object_get(when, "seconds"));
	json_int_t us = json_integer_value(json_object_get(when, "microseconds"));

	if (seconds <= 0 || seconds > INT32_MAX || us < 0 || us > 999999)
		return 0;
	return (uint64_t)seconds * 1000000 + (uint64_t)us;
}

static void take_event(struct qmp *q, const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "event"));

	if (name && !strcmp(name, "STOP") && !q->stop_us)
		q->stop_us = event_time(message);
	else if (name && !strcmp(name, "RESUME"))
		q->resume_us = event_time(message);
}

/* Is it the answer to the last command? An event is taken, an older answer passed over. */
bool qmp_is_answer(struct qmp *q, const json_t *message)
{
	const json_t *id = json_object_get(message, "id");

	if (json_object_get(message, "event")) {
		take_event(q, message);
		return false;
	}
	return json_is_integer(id) && json_integer_value(id) == q->id;
}

static int refused(const json_t *error, struct hpt_error *err)
{
	const char *words = json_string_value(json_object_get(error, "desc"));

	return guest_fail(err, HPT_ERR_REFUSED, "QEMU says: %.200s",
			  words ? words : "an error without a description");
}

/* Takes the answer over. */
static int take_answer(json_t *message, json_t **result, struct hpt_error *err)
{
	json_t *error = json_object_get(message, "error");
	json_t *value = json_object_get(message, "return");
	int r = 0;

	if (error)
		r = refused(error, err);
	else if (!value)
		r = guest_fail(err, HPT_ERR_FORMAT,
			       "an answer with neither \"return\" nor \"error\"");
	else if (result)
		*result = json_incref(value);
	json_decref(message);
	return r;
}

static int wait_for(struct qmp *q, json_t **result, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	json_t *message = NULL;
	bool found = false;
	int r;

	/* The deadline holds for talkative ones, too. */
	while (!found) {
		json_decref(message);
		r = qmp_message(q, deadline, &message, err);
		if (r)
			return r;
		found = message && qmp_is_answer(q, message);
		if (!found && (!message || qmp_late(q, deadline))) {
			json_decref(message);
			return guest_fail_errno(err, ETIMEDOUT, "no answer within %u ms",
						q->timeout_ms);
		}
	}
	return take_answer(message, result, err);
}

int qmp_ask(struct qmp *q, const char *command, json_t *arguments, int pass, json_t **result,
	    struct hpt_error *err)
{
	int r = qmp_send(q, command, arguments, pass, err);

	if (r)
		return r;
	r = wait_for(q, result, err);
	if (r)
		hpt_error_prepend(err, command);
	return r;
}

int qmp_greet(struct qmp *q, struct hpt_error *err)
{
	json_t *greeting;
	bool good;
	int r = qmp_message(q, qmp_now() + q->timeout_ms, &greeting, err);

	if (r)
		return r;
	if (!greeting)
		return guest_fail_errno(err, ETIMEDOUT,
					"no greeting within %u ms: is the monitor in use by "
					"another program, such as libvirt?",
					q->timeout_ms);
	good = json_is_object(json_object_get(greeting, "QMP"));
	json_decref(greeting);
	if (!good)
		return guest_fail(err, HPT_ERR_FORMAT,
				  "this is not QMP: the first message is no greeting");
	return qmp_ask(q, "qmp_capabilities", QMP_NO_ARGUMENTS, -1, NULL, err);
}
#endif
