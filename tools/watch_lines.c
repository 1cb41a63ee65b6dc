/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "watch.h"

/* What is seen, a line each: a time, and the difference as "hpt diff" writes it. */

#include <stdio.h>

static void put_time(struct output *out, bool utc)
{
	char text[64], whole[96];
	struct timespec now;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (utc) {
		(void)gmtime_r(&now.tv_sec, &tm);
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	} else {
		(void)localtime_r(&now.tv_sec, &tm);
		(void)strftime(text, sizeof(text), "%H:%M:%S", &tm);
	}
	(void)snprintf(whole, sizeof(whole), "%s.%03ld%s", text, now.tv_nsec / 1000000,
		       utc ? "Z" : "");
	put_text(out, whole);
}

static void begin_event(struct watch *watch, const char *event)
{
	struct output *out = &watch->out;

	put_char(out, '{');
	json_key(out, "event");
	json_string(out, event);
	put_char(out, ',');
	json_key(out, "time");
	put_char(out, '"');
	put_time(out, true);
	put_char(out, '"');
	json_field(out, watch->unit, true, watch->looks);
}

void lines_difference(struct watch *watch, const struct comparison *comparison,
		      const struct difference *difference)
{
	struct output *out = &watch->out;

	if (watch->json) {
		begin_event(watch, "change");
		put_char(out, ',');
		json_difference(out, difference);
		put_text(out, "}\n");
		return;
	}
	put_time(out, false);
	put_char(out, ' ');
	put_difference(out, comparison, difference);
	put_char(out, '\n');
}

static void put_counts(struct output *out, const uint64_t *counts)
{
	for (unsigned i = 0; i < DIFF_KINDS; i++) {
		put_text(out, i ? ", " : ": ");
		put_number(out, counts[i]);
		put_char(out, ' ');
		put_text(out, kind_name((enum difference_kind)i));
	}
}

/* After a look. One that found nothing new is not worth a line, but for programs. */
void lines_look(struct watch *watch)
{
	const uint64_t *kinds = watch->comparison.kinds;
	struct output *out = &watch->out;

	if (watch->json) {
		begin_event(watch, watch->unit);
		json_field(out, "entries", true, watch->valid);
		json_field(out, "bolted", true, watch->bolted);
		json_counts(out, &watch->comparison);
		put_text(out, "}\n");
	} else if (watch->looks == 1 || kinds[DIFF_ADDED] || kinds[DIFF_REMOVED] ||
		   kinds[DIFF_CHANGED] || kinds[DIFF_MOVED]) {
		put_time(out, false);
		put_char(out, ' ');
		put_style(out, STYLE_BOLD);
		put_text(out, watch->unit);
		put_char(out, ' ');
		put_number(out, watch->looks);
		put_text(out, ": ");
		put_number(out, watch->valid);
		put_text(out, " entries");
		if (watch->looks > 1)
			put_counts(out, kinds);
		put_style(out, STYLE_NONE);
		put_char(out, '\n');
	}
	output_flush(out);
}

void lines_end(struct watch *watch)
{
	struct output *out = &watch->out;

	if (watch->json) {
		begin_event(watch, "end");
		json_field(out, "entries", true, watch->valid);
		for (unsigned i = 0; i < DIFF_KINDS; i++)
			json_field(out, kind_name((enum difference_kind)i), true,
				   watch->total[i]);
		put_text(out, "}\n");
		return;
	}
	put_time(out, false);
	put_char(out, ' ');
	put_style(out, STYLE_BOLD);
	put_text(out, "end after ");
	put_number(out, watch->looks);
	put_char(out, ' ');
	put_text(out, watch->unit);
	if (watch->looks != 1)
		put_text(out, watch->unit[0] == 'p' ? "es" : "s");
	put_counts(out, watch->total);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}
