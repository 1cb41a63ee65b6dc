/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "watch.h"

/* A source that is opened anew for every look, and compared with the look before. */

/* So many looks in a row that fail end it: what is being written may be whole next time. */
#define FAILURES_MAX 3

int watch_poll(struct watch *watch, struct source *first)
{
	struct source last = *first;
	unsigned failures = 0;
	int ret;

	watch->unit = "look";
	ret = watch_look(watch, NULL, last.table);
	while (!ret && !watch_is_over(watch)) {
		struct source now;

		if (watch_wait(watch, -1, watch->interval_ms) == AWAITED_END)
			break;
		if (source_need_table(&now, &watch->common, 0)) {
			if (++failures == FAILURES_MAX)
				ret = EXIT_ERROR;
			continue;
		}
		failures = 0;
		ret = watch_look(watch, last.table, now.table);
		source_close(&last);
		last = now;
	}
	source_close(&last);
	return ret;
}
