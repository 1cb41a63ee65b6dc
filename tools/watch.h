/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_WATCH_H
#define HPT_TOOL_WATCH_H

/* "hpt watch": where the tables come from, and where their differences go. */

#include "diff.h"

struct screen;

struct watch {
	struct common common;
	struct comparison comparison;
	const struct hpt_page_sizes *sizes;
	uint64_t interval_ms;
	uint64_t count; /* looks; 0: no end */
	bool has_interval;
	bool follow;
	bool json;
	bool lines;
	bool by_page;
	bool quit; /* the user wants an end */
	struct output out;
	struct screen *screen; /* NULL: lines */
	const char *unit;      /* what a look is: "look" or "pass" */
	uint64_t looks;
	uint64_t valid, bolted; /* as it is now */
	uint64_t total[DIFF_KINDS];
};

/*
 * watch.c: a table as it is now, beside what it was (NULL: the first). An exit status, or 0.
 */
int watch_look(struct watch *watch, const struct hpt_table *before,
	       const struct hpt_table *after);
bool watch_is_over(const struct watch *watch);

/* Wait until @fd (-1: none) has bytes, a time has passed, or the user wants an end. */
enum awaited { AWAITED_BYTES, AWAITED_TIME, AWAITED_END };
enum awaited watch_wait(struct watch *watch, int fd, uint64_t ms);

/* watch_poll.c, watch_stream.c: to the end; an exit status */
int watch_poll(struct watch *watch, struct source *first);
int watch_stream(struct watch *watch, int fd, const char *name);

/* watch_lines.c */
void lines_difference(struct watch *watch, const struct comparison *comparison,
		      const struct difference *difference);
void lines_look(struct watch *watch);
void lines_end(struct watch *watch);

/* watch_screen.c: NULL where there is no terminal for it, or no ncurses in this build */
struct screen *screen_begin(const struct watch *watch);
void screen_end(struct screen *screen);
int screen_fd(const struct screen *screen);
void screen_difference(struct screen *screen, const struct comparison *comparison,
		       const struct difference *difference);
void screen_draw(struct screen *screen, const struct watch *watch);
bool screen_wants_end(struct screen *screen, const struct watch *watch);

#endif /* HPT_TOOL_WATCH_H */
