/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_FILTER_H
#define HPT_TOOL_FILTER_H

#include "row.h"

/* Which entries a dump shows. */
struct filter {
	struct range vsid;
	struct range ra;
	unsigned base_shift;   /* 0: any */
	unsigned actual_shift; /* 0: any */
	bool by_vsid;
	bool by_ra;
	bool bolted;
};

/* The options of a filter; each returns 0, or OPT_BAD when it has said why. */
int filter_range(const struct common *common, const char *option, struct range *range);
int filter_option(struct filter *filter, const struct common *common, int code);
bool filter_match(const struct filter *filter, const struct row *row);
bool filter_is_empty(const struct filter *filter);

/* What filter_range(), of ptex, and filter_option() take. */
#define FILTER_OPTIONS                                                   \
	{ "ptex", required_argument, NULL, OPT_PTEX },                   \
		{ "vsid", required_argument, NULL, OPT_VSID },           \
		{ "ra", required_argument, NULL, OPT_RA },               \
		{ "page-size", required_argument, NULL, OPT_PAGE_SIZE }, \
	{                                                                \
		"bolted", no_argument, NULL, OPT_BOLTED                  \
	}

#endif /* HPT_TOOL_FILTER_H */
