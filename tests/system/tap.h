/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_TAP_H
#define SYSTEM_TAP_H

/* The Test Anything Protocol for a program inside: one test point gathers many checks. */

#include <stdbool.h>

#include <hpt/hpt.h>

/* What the call under test said; a failing check prints it. */
extern struct hpt_error err;

/* Begins a test point, of which each CHECK() until tap_end() is a part. */
__attribute__((format(printf, 1, 2))) void tap_begin(const char *format, ...);
void tap_end(void);
/* Ends it likewise: it could not be had here. */
void tap_skip(const char *why);

/* The plan. Returns the exit status. */
int tap_finish(void);

bool tap_check(bool good, const char *file, int line, const char *what);
#define CHECK(condition) tap_check(condition, __FILE__, __LINE__, #condition)

#endif /* SYSTEM_TAP_H */
