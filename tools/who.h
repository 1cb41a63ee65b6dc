/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_WHO_H
#define HPT_TOOL_WHO_H

#include "machine.h"
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

/* Which entries map a real address of a range. */
struct who {
	const struct owner_form *form;
	bool exact;
	struct range range;
	bool with_linux;
	struct hpt_linux rule;
	uint64_t n;       /* receives how many they are */
	struct view view; /* private, as what follows */
	struct owner owner;
	struct output *out;
};

/* Returns 0, or what hpt_table_each() does; the machine has a table. */
int who_look(struct who *who, const struct machine *machine, struct output *out,
	     struct hpt_error *err);

#endif /* HPT_TOOL_WHO_H */
