/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include "watch.h"

/* What is seen, as a table on a terminal: totals, rates, and the last differences. */

#ifdef HAVE_NCURSES

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NCURSES_NOMACROS 1
#include <curses.h>

enum {
	ROWS_ABOVE = 6,
	RING = 512, /* the last differences, as text */
	WIDTH = 200,
};

struct screen {
	SCREEN *terminal;
	FILE *keys;
	FILE *said; /* what would go to standard error */
	int error_fd;
	struct output text; /* never written out: where a line is made */
	char ring[RING][WIDTH];
	size_t n; /* ever */
	struct timespec begun;
};

const char *screen_feature(void)
{
	static char text[64];

	(void)snprintf(text, sizeof(text), "live table: %s", curses_version());
	return text;
}

int screen_fd(const struct screen *screen)
{
	return fileno(screen->keys);
}

/* Messages wait until the terminal is as it was. */
static void hold_messages(struct screen *screen)
{
	screen->error_fd = dup(STDERR_FILENO);
	screen->said = tmpfile();
	if (screen->said && screen->error_fd >= 0 && isatty(STDERR_FILENO))
		(void)dup2(fileno(screen->said), STDERR_FILENO);
}

static void give_messages(struct screen *screen)
{
	char buffer[4096];
	size_t n;

	if (screen->error_fd >= 0) {
		(void)dup2(screen->error_fd, STDERR_FILENO);
		close(screen->error_fd);
	}
	if (!screen->said)
		return;
	rewind(screen->said);
	while ((n = fread(buffer, 1, sizeof(buffer), screen->said)) > 0)
		if (write(STDERR_FILENO, buffer, n) < 0)
			break;
	(void)fclose(screen->said);
}

static void free_screen(struct screen *screen)
{
	if (screen->keys)
		(void)fclose(screen->keys);
	free(screen->text.buffer);
	free(screen);
}

struct screen *screen_begin(const struct watch *watch)
{
	const char *term = getenv("TERM");
	struct screen *screen;

	(void)watch;
	if (!isatty(STDOUT_FILENO) || !term || !*term || strcmp(term, "dumb") == 0)
		return NULL;
	screen = calloc(1, sizeof(*screen));
	if (!screen)
		return NULL;
	screen->keys = fopen("/dev/tty", "r");
	if (screen->keys && !output_open(&screen->text, -1, "a line"))
		screen->terminal = newterm(NULL, stdout, screen->keys);
	if (!screen->terminal) {
		free_screen(screen);
		return NULL;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &screen->begun);
	hold_messages(screen);
	(void)cbreak();
	(void)noecho();
	(void)nodelay(stdscr, TRUE);
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	return screen;
}

void screen_end(struct screen *screen)
{
	if (!screen)
		return;
	(void)endwin();
	delscreen(screen->terminal);
	give_messages(screen);
	free_screen(screen);
}

void screen_difference(struct screen *screen, const struct comparison *comparison,
		       const struct difference *difference)
{
	char *line = screen->ring[screen->n++ % RING];
	size_t n;

	screen->text.used = 0;
	put_difference(&screen->text, comparison, difference);
	n = screen->text.used < WIDTH - 1 ? screen->text.used : WIDTH - 1;
	memcpy(line, screen->text.buffer, n);
	line[n] = '\0';
}

static double seconds_since(const struct timespec *begun)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) +
	       (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static void draw_totals(const struct screen *screen, const struct watch *watch)
{
	double seconds = seconds_since(&screen->begun);
	char name[256];

	(void)printable(name, sizeof(name), watch->common.source);
	(void)attron(A_BOLD);
	(void)mvprintw(0, 0, "hpt watch %s", name);
	(void)attroff(A_BOLD);
	(void)mvprintw(1, 0, "%s %llu, %.0f s; q ends", watch->unit,
		       (unsigned long long)watch->looks, seconds);
	(void)mvprintw(2, 0, "entries %llu, bolted %llu", (unsigned long long)watch->valid,
		       (unsigned long long)watch->bolted);
	(void)move(3, 0);
	for (unsigned i = 0; i < DIFF_KINDS; i++)
		(void)printw("%s %llu (%llu, %.1f/s)  ", kind_name((enum difference_kind)i),
			     (unsigned long long)watch->comparison.kinds[i],
			     (unsigned long long)watch->total[i],
			     seconds > 0 ? (double)watch->total[i] / seconds : 0.0);
}

static void draw_heading(struct screen *screen, const struct watch *watch)
{
	screen->text.used = 0;
	if (watch->looks)
		put_difference_heading(&screen->text, &watch->comparison);
	(void)attron(A_REVERSE);
	(void)mvaddnstr(ROWS_ABOVE - 1, 0, screen->text.buffer, (int)screen->text.used);
	(void)attroff(A_REVERSE);
}

/* The newest below, as a log has them. */
void screen_draw(struct screen *screen, const struct watch *watch)
{
	int height, width;
	size_t n;

	getmaxyx(stdscr, height, width);
	(void)width;
	(void)erase();
	draw_totals(screen, watch);
	draw_heading(screen, watch);
	n = height > ROWS_ABOVE ? (size_t)(height - ROWS_ABOVE) : 0;
	if (n > RING)
		n = RING;
	if (n > screen->n)
		n = screen->n;
	for (size_t i = 0; i < n; i++)
		(void)mvaddnstr(ROWS_ABOVE + (int)i, 0,
				screen->ring[(screen->n - n + i) % RING], width);
	(void)refresh();
}

bool screen_wants_end(struct screen *screen, const struct watch *watch)
{
	int key;

	while ((key = getch()) != ERR) {
		if (key == 'q' || key == 'Q')
			return true;
		if (key == KEY_RESIZE || key == 'L' - '@')
			screen_draw(screen, watch);
	}
	return false;
}

#else /* no ncurses: lines it is */

struct screen *screen_begin(const struct watch *watch)
{
	(void)watch;
	return NULL;
}

void screen_end(struct screen *screen)
{
	(void)screen;
}

int screen_fd(const struct screen *screen)
{
	(void)screen;
	return -1;
}

void screen_difference(struct screen *screen, const struct comparison *comparison,
		       const struct difference *difference)
{
	(void)screen;
	(void)comparison;
	(void)difference;
}

void screen_draw(struct screen *screen, const struct watch *watch)
{
	(void)screen;
	(void)watch;
}

bool screen_wants_end(struct screen *screen, const struct watch *watch)
{
	(void)screen;
	(void)watch;
	return false;
}

const char *screen_feature(void)
{
	return "live table: no (built without ncurses)";
}

#endif
