/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_ROW_H
#define HPT_TOOL_ROW_H

/* One entry taken apart, and how the output forms of a dump write it. */

#include "tool.h"

/* Why not all of a valid entry is known. */
enum problem {
	PROBLEM_NONE = 0,
	PROBLEM_LP,	 /* L and LP name no page size of the processor */
	PROBLEM_PTEG,	 /* nothing that it could map hashes to its group */
	PROBLEM_SEGMENT, /* B is reserved */
	PROBLEM_AVPN,	 /* AVPN has bits below its base page size */
};

/* What the decoding of an entry needs to know of its table. */
struct view {
	const struct hpt_page_sizes *sizes;
	unsigned order;
	/* KVM's listing, if the host's side is to be shown too; else NULL */
	const struct hpt_table *listing;
	unsigned ptex_digits;
	unsigned pteg_digits;
};

struct row {
	uint64_t ptex;
	struct hpt_entry entry;
	struct hpt_fields fields;
	struct hpt_page page; /* when has_page */
	struct hpt_va va;     /* when has_va */
	uint64_t vsid;	      /* when has_vsid */
	uint64_t ra;	      /* when has_page */
	struct hpt_debugfs_slot host; /* when view->listing */
	bool has_page;
	bool has_va;
	bool has_vsid;
	enum problem problem;
};

void view_init(struct view *view, const struct hpt_table *table,
	       const struct hpt_page_sizes *sizes);
void row_decode(struct row *row, const struct view *view, uint64_t ptex,
		struct hpt_entry entry);
const char *problem_name(enum problem problem);
const char *segment_name(const struct row *row);

/* The host's real address of the page; false where there is none, or it cannot be told. */
bool row_host_ra(const struct row *row, uint64_t *ra);

/* row_text.c: "64K/16M", in a buffer of TEXT_MAX bytes; and " pp key WIMG NRCB" */
const char *row_pages(char *buffer, const struct row *row);
void put_row_attributes(struct output *out, const struct row *row);

/* dump_text.c: the names of all columns, and a row of them, without the line's end */
void put_row_heading(struct output *out, const struct view *view);
void put_row_columns(struct output *out, const struct view *view, const struct row *row);

/*
 * dump_quick.c: lines of the text form for entries of which all can be told, several times as
 * fast as the form. quick_lines() prints the valid ones of up to 64 slots, which are all in one
 * 64 that begin at a multiple of it, and returns those that are left, from the first on for
 * which it has no line. To be freed; NULL: there is none of this view.
 */
struct quick;
struct quick *quick_open(const struct view *view);
uint64_t quick_lines(const struct quick *quick, struct output *out, uint64_t ptex,
		     uint64_t valid, const struct hpt_entry *entries);

/* dump_json.c: an entry as an object */
void json_row(struct output *out, const struct row *row);

/* An output form: what it writes first, and for each entry. */
struct form {
	void (*begin)(struct output *out, const struct view *view);
	void (*row)(struct output *out, const struct view *view, const struct row *row);
	bool binary;
};

extern const struct form text_form;
extern const struct form json_form;
extern const struct form csv_form;
extern const struct form raw_form;

#endif /* HPT_TOOL_ROW_H */
