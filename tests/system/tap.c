/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SHOWN 8 /* failing checks of one test point */

struct hpt_error err;

static char name[160];
static unsigned points, failed_points;
static unsigned long checks, failed, all_checks;
static double begun;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void tap_begin(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	checks = 0;
	failed = 0;
	memset(&err, 0, sizeof(err));
	begun = seconds();
}

void tap_end(void)
{
	bool good = checks && !failed;

	points++;
	failed_points += !good;
	all_checks += checks;
	printf("%s %u - %s (%lu checks, %.1f s)\n", good ? "ok" : "not ok", points, name,
	       checks, seconds() - begun);
	fflush(stdout);
}

void tap_skip(const char *why)
{
	points++;
	printf("ok %u - %s # SKIP %s\n", points, name, why);
}

bool tap_check(bool good, const char *file, int line, const char *what)
{
	checks++;
	if (good)
		return true;
	failed++;
	if (failed <= SHOWN)
		printf("# %s: %s:%d: %s; last error %d: %s\n", name, file, line, what,
		       err.code, err.text);
	return false;
}

int tap_finish(void)
{
	printf("# %lu checks\n", all_checks);
	printf("1..%u\n", points);
	fflush(stdout);
	return failed_points ? 1 : 0;
}
