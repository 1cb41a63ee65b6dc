/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_WHO_H
#define HPT_TOOL_WHO_H

#include "row.h"

/* An entry that maps a real address that was asked for. */
struct owner {
	struct row row;
	uint64_t ra;      /* the first of them that lies in its page */
	struct hpt_va va; /* the virtual address of that byte, when row.has_va */
	bool found_there; /* hardware finds this entry from that very address */
	bool has_ea;      /* by Linux's rule: */
	uint64_t context;
	uint64_t ea;
};

/* An output form of "hpt who": what it writes first, and for each entry. */
struct owner_form {
	void (*begin)(struct output *out, const struct view *view, bool with_linux);
	void (*owner)(struct output *out, const struct view *view, const struct owner *owner,
		      bool with_linux);
};

extern const struct owner_form owner_text;
extern const struct owner_form owner_json;

#endif /* HPT_TOOL_WHO_H */
