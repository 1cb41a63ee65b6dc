/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How a guest that runs is, and the way back there. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_JANSSON
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "qmp.h"

/* The most that QEMU takes. */
#define DOWNTIME_MS 2000000

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool number_at(const json_t *object, const char *key, uint64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool is_among(const char *word, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}
#define IS_AMONG(word, words) is_among(word, words, sizeof(words) / sizeof((words)[0]))

/* A word that is not known is one for a migration under way. */
static enum qmp_migration migration_of(const char *word)
{
	if (!*word || !strcmp(word, "none"))
		return QMP_NO_MIGRATION;
	if (!strcmp(word, "completed"))
		return QMP_COMPLETED;
	if (!strcmp(word, "failed") || !strcmp(word, "cancelled"))
		return QMP_FAILED;
	return QMP_MIGRATING;
}

void qmp_status_take(const json_t *reply, struct qmp_status *status)
{
	const char *reason;

	*status = (struct qmp_status){ .migration = migration_of(text_at(reply, "status")) };
	snprintf(status->word, sizeof(status->word), "%s", text_at(reply, "status"));
	snprintf(status->why, sizeof(status->why), "%s", text_at(reply, "error-desc"));
	reason = json_string_value(
		json_array_get(json_object_get(reply, "blocked-reasons"), 0));
	snprintf(status->blocked, sizeof(status->blocked), "%s", reason ? reason : "");
	number_at(json_object_get(reply, "ram"), "dirty-sync-count", &status->passes);
	number_at(reply, "downtime", &status->downtime_ms);
}

int qmp_status(struct qmp *q, struct qmp_status *status, struct hpt_error *err)
{
	json_t *reply;
	int r = qmp_ask(q, "query-migrate", QMP_NO_ARGUMENTS, -1, &reply, err);

	if (r)
		return r;
	qmp_status_take(reply, status);
	json_decref(reply);
	return 0;
}

static int run_state(struct qmp *q, char word[32], struct hpt_error *err)
{
	json_t *reply;
	int r = qmp_ask(q, "query-status", QMP_NO_ARGUMENTS, -1, &reply, err);

	if (r)
		return r;
	snprintf(word, 32, "%s", text_at(reply, "status"));
	json_decref(reply);
	return 0;
}

/* Still, and still it stays. In other states QEMU does not migrate, or it changes what is. */
static const char *const still_states[] = { "paused",         "prelaunch", "debug",
					    "guest-panicked", "io-error",  "internal-error",
					    "shutdown",       "watchdog" };

static int check_run_state(struct hpt_qmp_before *before, struct hpt_error *err)
{
	const char *word = before->run_state;

	before->running = !strcmp(word, "running");
	if (before->running || IS_AMONG(word, still_states))
		return 0;
	if (!strcmp(word, "postmigrate"))
		return guest_fail(
			err, HPT_ERR_BUSY,
			"the guest stands still after a migration (its state is "
			"\"postmigrate\"), and QEMU refuses another one until it has "
			"run again: cont");
	if (!strcmp(word, "inmigrate"))
		return guest_fail(err, HPT_ERR_BUSY,
				  "the guest waits for a migration to come in (its state is "
				  "\"inmigrate\")");
	return guest_fail(err, HPT_ERR_BUSY,
			  "the guest's state is \"%s\", to which it could not be brought back",
			  word);
}

static int check_migration(struct qmp *q, struct hpt_error *err)
{
	struct qmp_status status;
	int r = qmp_status(q, &status, err);

	if (r)
		return r;
	if (*status.blocked)
		return guest_fail(err, HPT_ERR_UNSUPPORTED,
				  "the guest cannot be migrated, and so not looked at: %s",
				  status.blocked);
	if (status.migration != QMP_MIGRATING)
		return 0;
	return guest_fail(err, HPT_ERR_BUSY, "a migration of the guest is under way (\"%s\")",
			  status.word);
}

/* They need a second channel, an answer from the other side, a file or another command. */
static const char *const unfit_capabilities[] = { "multifd",
						  "return-path",
						  "postcopy-ram",
						  "x-colo",
						  "mapped-ram",
						  "block",
						  "background-snapshot",
						  "rdma-pin-all",
						  "switchover-ack",
						  "zero-copy-send",
						  "pause-before-switchover",
						  "x-multifd" };

static int check_capabilities(struct qmp *q, struct hpt_error *err)
{
	json_t *reply;
	const json_t *one;
	size_t i;
	int r = qmp_ask(q, "query-migrate-capabilities", QMP_NO_ARGUMENTS, -1, &reply, err);

	if (r)
		return r;
	for (i = 0; !r && i < json_array_size(reply); i++) {
		one = json_array_get(reply, i);
		if (json_is_true(json_object_get(one, "state")) &&
		    IS_AMONG(text_at(one, "capability"), unfit_capabilities))
			r = guest_fail(
				err, HPT_ERR_UNSUPPORTED,
				"the migration capability \"%.40s\" is on, with which "
				"the guest does not come through one socket: turn it off",
				text_at(one, "capability"));
	}
	json_decref(reply);
	return r;
}

static int look_at_parameters(struct qmp *q, struct hpt_qmp_before *before,
			      struct hpt_error *err)
{
	json_t *reply;
	int r = qmp_ask(q, "query-migrate-parameters", QMP_NO_ARGUMENTS, -1, &reply, err);

	if (r)
		return r;
	if (number_at(reply, "max-bandwidth", &before->max_bandwidth))
		before->has |= HPT_QMP_HAS_MAX_BANDWIDTH;
	if (number_at(reply, "downtime-limit", &before->downtime_limit))
		before->has |= HPT_QMP_HAS_DOWNTIME_LIMIT;
	if (*text_at(reply, "tls-creds"))
		r = guest_fail(err, HPT_ERR_UNSUPPORTED,
			       "the migration parameter \"tls-creds\" is set, which encrypts "
			       "what is to be read: clear it");
	json_decref(reply);
	return r;
}

/*
 * Without KVM, QEMU's own reading of a table, begun in a migration's last part after the
 * stream broke, ends at an assertion (7.2: htab_save_later_pass), and the guest with it. A
 * cancelled migration's stream is a broken one.
 */
static int look_at_kvm(struct qmp *q, struct hpt_qmp_before *before, struct hpt_error *err)
{
	json_t *reply;
	int r = qmp_ask(q, "query-kvm", QMP_NO_ARGUMENTS, -1, &reply, err);

	before->to_end = true;
	if (r)
		return r == HPT_ERR_REFUSED ? 0 : r;
	before->to_end = !json_is_true(json_object_get(reply, "enabled"));
	json_decref(reply);
	return 0;
}

int qmp_look(struct qmp *q, struct hpt_qmp_before *before, struct hpt_error *err)
{
	int r;

	*before =
		(struct hpt_qmp_before){ .size = sizeof(*before), .fd = q->fd, .stream = -1 };
	r = run_state(q, before->run_state, err);
	if (!r)
		r = check_migration(q, err);
	if (!r)
		r = check_run_state(before, err);
	if (!r)
		r = check_capabilities(q, err);
	if (!r)
		r = look_at_kvm(q, before, err);
	return r ? r : look_at_parameters(q, before, err);
}

int qmp_set_parameters(struct qmp *q, const struct hpt_qmp_before *values,
		       struct hpt_error *err)
{
	json_t *arguments = json_object();

	if (values->has & HPT_QMP_HAS_MAX_BANDWIDTH)
		json_object_set_new(arguments, "max-bandwidth",
				    json_integer((json_int_t)values->max_bandwidth));
	if (values->has & HPT_QMP_HAS_DOWNTIME_LIMIT)
		json_object_set_new(arguments, "downtime-limit",
				    json_integer((json_int_t)values->downtime_limit));
	return qmp_ask(q, "migrate-set-parameters", arguments, -1, NULL, err);
}

int qmp_raise_limit(struct qmp *q, struct hpt_error *err)
{
	return qmp_send(q, "migrate-set-parameters",
			json_pack("{s:i}", "downtime-limit", DOWNTIME_MS), -1, err);
}

static int is_over(struct qmp *q, struct qmp_status *status, bool *over, struct hpt_error *err)
{
	int r = qmp_status(q, status, err);

	*over = r || status->migration != QMP_MIGRATING;
	return r;
}

/* The rest of its stream comes, and is thrown away, until the deadline. */
static int await_end(struct qmp *q, bool *over, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	struct qmp_status status;
	bool raised = false;
	int r;

	for (;;) {
		r = is_over(q, &status, over, err);
		if (r || *over || qmp_late(q, deadline))
			return r;
		if (status.passes >= QMP_PASSES_MAX && !raised)
			r = qmp_raise_limit(q, err);
		raised = status.passes >= QMP_PASSES_MAX;
		if (r)
			return r;
		qmp_nap(q, deadline);
	}
}

/* One that has just ended does not mind being cancelled. */
static int cancel(struct qmp *q, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	struct qmp_status status;
	bool over;
	int r = qmp_ask(q, "migrate_cancel", QMP_NO_ARGUMENTS, -1, NULL, err);

	if (r && r != HPT_ERR_REFUSED)
		return r;
	for (;;) {
		r = is_over(q, &status, &over, err);
		if (over)
			return r;
		if (qmp_late(q, deadline))
			return guest_fail_errno(err, ETIMEDOUT,
						"the migration (\"%s\") does not end within "
						"%u ms",
						status.word, q->timeout_ms);
		qmp_nap(q, deadline);
	}
}

/* Nothing is lost by cancelling one of which nothing comes, but which QEMU still answers. */
static int end_migration(struct qmp *q, const struct hpt_qmp_before *before,
			 struct hpt_error *err)
{
	struct qmp_status status;
	bool over;
	int r = before->to_end ? await_end(q, &over, err) : is_over(q, &status, &over, err);

	return r || over ? r : cancel(q, err);
}

/* States from which it is ours to let it go on; others it came to by itself. */
static const char *const held_states[] = { "paused", "postmigrate", "finish-migrate" };

/* QEMU refuses for as long as the end of a migration is not dealt with. */
static int let_run(struct qmp *q, struct hpt_error *err)
{
	int64_t deadline = qmp_now() + q->timeout_ms;
	char word[32];
	int r;

	for (;;) {
		r = run_state(q, word, err);
		if (r || !IS_AMONG(word, held_states))
			return r;
		r = qmp_ask(q, "cont", QMP_NO_ARGUMENTS, -1, NULL, err);
		if (r && (r != HPT_ERR_REFUSED || qmp_late(q, deadline)))
			return r;
		if (qmp_late(q, deadline))
			return guest_fail_errno(err, ETIMEDOUT,
						"the guest stays \"%s\" for %u ms", word,
						q->timeout_ms);
		if (r)
			qmp_nap(q, deadline);
	}
}

/* The guest comes first. */
int qmp_put_right(struct qmp *q, const struct hpt_qmp_before *before, struct hpt_error *err)
{
	int r = end_migration(q, before, err);

	if (!r && before->running)
		r = let_run(q, err);
	if (!r)
		r = qmp_set_parameters(q, before, err);
	if (r)
		return r;
	/* There, if it was handed over and not used; else QEMU does not know it. */
	r = qmp_ask(q, "closefd", json_pack("{s:s}", "fdname", QMP_FD_NAME), -1, NULL, err);
	return r == HPT_ERR_REFUSED ? 0 : r;
}
#endif
