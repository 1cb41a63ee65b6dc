/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_DIFF_H
#define HPT_TOOL_DIFF_H

/* What "hpt diff" and "hpt watch" share: two tables compared, and how differences are written. */

#include "filter.h"

/* What of an entry can differ while it maps the same virtual page. */
enum field {
	FIELD_BASE_PAGE,
	FIELD_ACTUAL_PAGE,
	FIELD_RA,
	FIELD_PP,
	FIELD_KEY,
	FIELD_WIMG,
	FIELD_NO_EXECUTE,
	FIELD_REFERENCED,
	FIELD_CHANGED,
	FIELD_BOLTED,
	FIELD_SOFTWARE,
	FIELD_PTEX,
	FIELD_COUNT
};

enum difference_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED, DIFF_MOVED, DIFF_KINDS };

/* One difference; what is not valid (row.fields.valid) is not there. */
struct difference {
	enum difference_kind kind;
	unsigned fields; /* 1 << enum field; FIELD_PTEX when it moved */
	struct row before;
	struct row after;
};

struct compared {
	const struct hpt_table *table;
	struct view view;
};

/* How to compare two tables, and how often what was found. */
struct comparison {
	struct compared before, after;
	unsigned ignore; /* 1 << enum field: such a difference is none */
	bool by_page;    /* where an entry stands says nothing */
	struct range ptex;
	struct filter filter; /* an entry before or after must match */
	/* Called for each difference; not 0 ends the comparison. */
	int (*found)(void *arg, const struct comparison *comparison,
		     const struct difference *difference);
	void *arg;
	uint64_t kinds[DIFF_KINDS];
	uint64_t fields[FIELD_COUNT];
	bool stopped;
};

/* compare.c */
int comparison_run(struct comparison *comparison, struct hpt_error *err);
bool comparison_wants(const struct comparison *comparison, const struct row *row);
const char *field_name(enum field field);
const char *kind_name(enum difference_kind kind);
int parse_fields(const char *text, unsigned *fields);

/* diff_text.c: a heading; a line, without its end; totals */
void put_difference_heading(struct output *out, const struct comparison *comparison);
void put_difference(struct output *out, const struct comparison *comparison,
		    const struct difference *difference);

/* diff_json.c: the members of an object */
void json_difference(struct output *out, const struct difference *difference);
void json_counts(struct output *out, const struct comparison *comparison);

#endif /* HPT_TOOL_DIFF_H */
