/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "qmp.h"

#include "source.h"

#include <stdlib.h>

/* qmp:SOCKET, a guest that runs under QEMU. */

#define DEFAULT_TIMEOUT_MS 10000

static int step(void *arg, uint64_t done, uint64_t total)
{
	progress_step(arg, done, total);
	return 0;
}

/* What it cost the guest is said in any case: it is not ours to hide. */
static void tell(const struct common *common, const struct hpt_qmp_report *report)
{
	if (!report->was_running)
		complain(
			"%s: the guest was \"%s\" and stays still, which QEMU calls "
			"\"postmigrate\" now: it refuses another look until the guest has run "
			"again (cont)",
			common->source, report->run_state);
	else if (common->hold)
		complain("%s: the guest stands still while it is looked at", common->source);
	else if (report->still_known)
		complain("%s: the guest stood still for %llu.%03llu ms", common->source,
			 (unsigned long long)(report->still_us / 1000),
			 (unsigned long long)(report->still_us % 1000));
	else
		complain("%s: the guest runs on; how long it stood still is not known",
			 common->source);
}

/* The second process stays, and has the guest go on when this one lets go of it, or ends. */
static int keep(struct source *source, const struct guard *guard, struct hpt_error *err)
{
	source->held = malloc(sizeof(*guard));
	if (!source->held) {
		guard_let_go(guard);
		return hpt_error_fill(err, HPT_ERR_MEMORY, 0, "no memory");
	}
	*source->held = *guard;
	return 0;
}

void qmp_release(struct guard *guard)
{
	if (guard)
		guard_let_go(guard);
	free(guard);
}

void source_hold_on(const struct source *source)
{
	if (source->held)
		(void)guard_watch(source->held, HPT_QMP_GOING, NULL);
}

static int open_running(struct source *source, const struct common *common, const char *path,
			const struct hpt_guest_options *how, struct hpt_error *err)
{
	struct hpt_qmp_report report = { .size = sizeof(report) };
	struct guard guard = { .address = path, .line = -1 };
	struct hpt_qmp_options options = { .size = sizeof(options) };
	int ret;

	guard.timeout_ms = common->timeout_ms ? common->timeout_ms : DEFAULT_TIMEOUT_MS;
	options.flags = common->pause ? HPT_QMP_PAUSE : 0;
	if (common->hold)
		options.flags |= HPT_QMP_HOLD;
	options.timeout_ms = guard.timeout_ms;
	options.watch = guard_watch;
	options.arg = &guard;
	ret = hpt_qmp_open_guest(path, &options, how, &source->guest, &report, err);
	progress_end(how->arg);
	if (!ret && common->hold && report.was_running)
		ret = keep(source, &guard, err);
	else
		guard_end(&guard);
	if (!ret)
		tell(common, &report);
	return ret;
}

int open_qmp(struct source *source, const struct common *common, const char *rest,
	     uint32_t flags, struct hpt_error *err)
{
	struct hpt_guest_options how = common->guest;
	struct progress progress;

	if (common->ram)
		return usage_error(common->command,
				   "a guest that runs is of kind qemu, not ram");
	if (common->n_then)
		return usage_error(common->command, "--then belongs to --kind kvm-stream");
	progress_begin(&progress, "reading");
	how.flags = flags;
	how.progress = step;
	how.arg = &progress;
	return open_running(source, common, rest, &how, err);
}
