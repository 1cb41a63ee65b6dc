/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_EXPLAIN_H
#define HPT_TOOL_EXPLAIN_H

#include "translate.h"

/* A walk, and what else its telling needs. */
struct told {
	const struct machine *machine;
	uint64_t ea;    /* as it was asked */
	unsigned order; /* of the table, 0: there is none */
	unsigned ptex_digits;
	struct hpt_explanation walk;
};

/* Fills all of it; returns what hpt_explain() does. */
int explain_walk(struct told *told, const struct machine *machine, uint64_t ea,
		 struct hpt_error *err);
void explain_text(struct output *out, const struct told *told);
void explain_json(struct output *out, const struct told *told);

/* Words of the walk that both forms use. */
const char *segment_reason(enum hpt_segment_reason reason);
const char *slot_reason(enum hpt_slot_reason reason);

#endif /* HPT_TOOL_EXPLAIN_H */
