/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_QMP_H
#define HPT_TOOL_QMP_H

/* A guest that runs: what qmp.c and guard.c share. */

#include "tool.h"

#include <sys/types.h>

#include <hpt/qmp.h>

struct guard {
	const char *address;
	uint32_t timeout_ms;
	int line; /* to the second process; -1: there is none */
	pid_t second;
};

/* A hpt_qmp_watch_fn; its argument is the guard. */
int guard_watch(void *arg, enum hpt_qmp_step step, const struct hpt_qmp_before *before);
void guard_end(const struct guard *guard);
/* The same for a guest that was held: the second process lets it go on. */
void guard_let_go(const struct guard *guard);

#endif /* HPT_TOOL_QMP_H */
