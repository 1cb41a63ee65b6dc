/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* One entry taken apart, as far as it can be. */

static unsigned hex_digits_for(unsigned bits)
{
	return (bits + 3) / 4;
}

void view_init(struct view *view, const struct hpt_table *table,
	       const struct hpt_page_sizes *sizes)
{
	view->sizes = sizes;
	view->listing = NULL;
	view->order = hpt_table_order(table);
	view->ptex_digits = hex_digits_for(view->order - HPT_ENTRY_SHIFT);
	view->pteg_digits = hex_digits_for(view->order - HPT_PTEG_SHIFT);
}

/* AVPN is VA >> 23; a segment of 2^28 or 2^40 bytes leaves its upper bits to the VSID. */
static void decode_segment(struct row *row)
{
	row->has_vsid = row->fields.segment <= 1;
	row->vsid = row->fields.avpn >> (row->fields.segment ? 40 - 23 : 28 - 23);
	if (!row->has_vsid)
		row->problem = PROBLEM_SEGMENT;
}

bool row_host_ra(const struct row *row, uint64_t *ra)
{
	if (!row->host.listed || row->host.absent || !row->has_page)
		return false;
	*ra = hpt_entry_ra(row->host.host, row->page.actual_shift);
	return true;
}

void row_decode(struct row *row, const struct view *view, uint64_t ptex,
		struct hpt_entry entry)
{
	*row = (struct row){ .ptex = ptex, .entry = entry };
	row->host.size = sizeof(row->host);
	if (view->listing)
		(void)hpt_debugfs_slot(view->listing, ptex, &row->host, NULL);
	hpt_entry_split(entry, &row->fields);
	if (!row->fields.valid)
		return;
	decode_segment(row);
	if (hpt_entry_page(view->sizes, entry, &row->page, NULL)) {
		row->problem = PROBLEM_LP;
		return;
	}
	row->has_page = true;
	row->ra = hpt_entry_ra(entry, row->page.actual_shift);
	if (!row->has_vsid)
		return;
	switch (hpt_entry_va(entry, ptex, view->order, row->page.base_shift, &row->va, NULL)) {
	case HPT_OK:
		row->has_va = true;
		break;
	case HPT_ERR_FORM:
		row->problem = PROBLEM_AVPN;
		break;
	default:
		row->problem = PROBLEM_PTEG;
		break;
	}
}

const char *problem_name(enum problem problem)
{
	static const char *const names[] = {
		[PROBLEM_NONE] = "",	 [PROBLEM_LP] = "lp",
		[PROBLEM_PTEG] = "pteg", [PROBLEM_SEGMENT] = "segment",
		[PROBLEM_AVPN] = "avpn",
	};

	return names[problem];
}

const char *segment_name(const struct row *row)
{
	static const char *const names[] = { "256M", "1T", "B=2", "B=3" };

	return names[row->fields.segment & 3];
}
