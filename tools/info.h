/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_INFO_H
#define HPT_TOOL_INFO_H

#include "tool.h"

/* What "hpt info" knows of a source. */
struct info {
	const char *name;
	const struct hpt_guest *guest;
	struct hpt_guest_info known;
	uint64_t slots; /* 0: no table */
	uint64_t valid;
	const char *no_table; /* why there is none, or NULL */
};

const char *mmu_name(enum hpt_guest_mmu mmu);
void info_text(struct output *out, const struct info *info);
void info_json(struct output *out, const struct info *info);

#endif /* HPT_TOOL_INFO_H */
