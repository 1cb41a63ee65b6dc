/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef CREW_H
#define CREW_H

#include "tool.h"

/*
 * Several threads that print a range of a table's slots, part by part, into buffers; whoever has
 * made one and finds that the next one in turn is whole writes it, while others go on. So what
 * comes out is what one would print, and no thread waits for another unless it is far ahead.
 *
 * @fn prints @n slots from @ptex on to @out, which is its own. 0; HPT_ERR_STOPPED when @out
 * failed; else an error of the table, which ends the whole where one thread would have met it.
 */
typedef int crew_fn(const void *arg, struct output *out, uint64_t ptex, uint64_t n,
		    struct hpt_error *err);

/* So many slots or more are worth a crew, on a machine that has processors for one. */
bool crew_pays(uint64_t n);

/* As @fn of all. What failed of @out is told when it is closed. */
int crew_print(struct output *out, uint64_t ptex, uint64_t n, crew_fn *fn, const void *arg,
	       struct hpt_error *err);

#endif
