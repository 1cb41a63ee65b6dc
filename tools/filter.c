/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "filter.h"

/* Which entries a dump shows. */

#include <string.h>

static int parse_shift(const char *text, unsigned *shift)
{
	uint64_t bytes;

	if (parse_number(text, &bytes) || !bytes || (bytes & (bytes - 1)))
		return OPT_BAD;
	for (*shift = 0; bytes >> 1; bytes >>= 1)
		(*shift)++;
	return *shift >= 12 && *shift <= 34 ? 0 : OPT_BAD;
}

/* "64K": pages of that size, whatever their segment; "4K/64K": base and actual. */
static int parse_page_size(struct filter *filter, const char *text)
{
	const char *slash = strchr(text, '/');
	char base[TEXT_MAX];
	unsigned base_shift = 0;
	unsigned actual_shift;

	if (slash) {
		size_t len = (size_t)(slash - text);

		if (len >= sizeof(base))
			return OPT_BAD;
		memcpy(base, text, len);
		base[len] = '\0';
		if (parse_shift(base, &base_shift))
			return OPT_BAD;
		text = slash + 1;
	}
	if (parse_shift(text, &actual_shift))
		return OPT_BAD;
	filter->base_shift = base_shift;
	filter->actual_shift = actual_shift;
	return 0;
}

int filter_range(const struct common *common, const char *option, struct range *range)
{
	if (parse_range(optarg, range))
		return bad_value(common, option, optarg, "a range: A, A-B, A- or A+N");
	return 0;
}

int filter_option(struct filter *filter, const struct common *common, int code)
{
	switch (code) {
	case OPT_VSID:
		filter->by_vsid = true;
		return filter_range(common, "vsid", &filter->vsid);
	case OPT_RA:
		filter->by_ra = true;
		return filter_range(common, "ra", &filter->ra);
	case OPT_PAGE_SIZE:
		if (!parse_page_size(filter, optarg))
			return 0;
		return bad_value(common, "page-size", optarg,
				 "a page size such as 64K, or two: BASE/ACTUAL");
	default:
		filter->bolted = true;
		return 0;
	}
}

static bool within(const struct range *range, uint64_t first, uint64_t last)
{
	return first <= range->last && last >= range->first;
}

static bool page_matches(const struct filter *filter, const struct row *row)
{
	if (filter->actual_shift &&
	    (!row->has_page || row->page.actual_shift != filter->actual_shift))
		return false;
	if (filter->base_shift && row->page.base_shift != filter->base_shift)
		return false;
	if (!filter->by_ra)
		return true;
	return row->has_page &&
	       within(&filter->ra, row->ra,
		      row->ra + ((UINT64_C(1) << row->page.actual_shift) - 1));
}

bool filter_match(const struct filter *filter, const struct row *row)
{
	if (!row->fields.valid)
		return !filter->by_vsid && !filter->by_ra && !filter->bolted &&
		       !filter->actual_shift;
	if (filter->bolted && !(row->entry.v & HPT_V_BOLTED))
		return false;
	if (filter->by_vsid &&
	    (!row->has_vsid || !within(&filter->vsid, row->vsid, row->vsid)))
		return false;
	return page_matches(filter, row);
}

bool filter_is_empty(const struct filter *filter)
{
	return !filter->by_vsid && !filter->by_ra && !filter->bolted &&
	       !filter->actual_shift && !filter->base_shift;
}
