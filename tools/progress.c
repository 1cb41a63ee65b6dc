/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* A bar on standard error, when that is a terminal and the work takes its time. */

#include <stdio.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define APPEAR_AFTER_MS 500
#define REDRAW_AFTER_MS 100

static int64_t milliseconds(const struct timespec *from, const struct timespec *to)
{
	return ((int64_t)to->tv_sec - from->tv_sec) * 1000 +
	       ((int64_t)to->tv_nsec - from->tv_nsec) / 1000000;
}

void progress_begin(struct progress *progress, const char *what)
{
	*progress = (struct progress){ .what = what, .terminal = isatty(STDERR_FILENO) };
	clock_gettime(CLOCK_MONOTONIC, &progress->begun);
	progress->drawn = progress->begun;
}

static void draw(const struct progress *progress, uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	unsigned filled;

	if (!total || done > total) {
		(void)fprintf(stderr, "\r%s  %llu MiB", progress->what,
			      (unsigned long long)(done >> 20));
		return;
	}
	filled = (unsigned)((double)done / (double)total * BAR_WIDTH);
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	(void)fprintf(stderr, "\r%s  [%s] %3u %%", progress->what, bar,
		      (unsigned)((double)done / (double)total * 100));
}

void progress_step(struct progress *progress, uint64_t done, uint64_t total)
{
	struct timespec now;

	if (!progress->terminal)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (milliseconds(&progress->begun, &now) < APPEAR_AFTER_MS ||
	    (progress->visible && milliseconds(&progress->drawn, &now) < REDRAW_AFTER_MS))
		return;
	draw(progress, done, total);
	progress->drawn = now;
	progress->visible = true;
}

/* Wipe the bar out, so that answers and errors begin on a clean line. */
void progress_end(struct progress *progress)
{
	if (progress->visible)
		(void)fputs("\r\033[K", stderr);
	progress->visible = false;
}
