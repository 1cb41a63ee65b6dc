/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump for people: aligned columns, numbers written so that options take them back. */

enum {
	WIDTH_VSID = 12,
	WIDTH_SEGMENT = 4,
	WIDTH_VA = 20,
	WIDTH_PAGES = 9,
	WIDTH_RA = 14,
};

void put_row_heading(struct output *out, const struct view *view)
{
	put_left(out, "ptex", view->ptex_digits + 2);
	put_char(out, ' ');
	put_left(out, "pteg", view->pteg_digits + 4);
	put_text(out, " hash ");
	put_right(out, "vsid", WIDTH_VSID);
	put_text(out, "  seg ");
	put_right(out, "va", WIDTH_VA);
	put_char(out, ' ');
	put_right(out, "base/page", WIDTH_PAGES);
	put_char(out, ' ');
	put_right(out, "ra", WIDTH_RA);
	put_text(out, " pp key WIMG NRCB");
	if (view->listing) {
		put_char(out, ' ');
		put_right(out, "host", WIDTH_RA);
		put_text(out, " pp key NRC AIM");
	}
}

static void begin(struct output *out, const struct view *view)
{
	put_style(out, STYLE_BOLD);
	put_row_heading(out, view);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* Where it stands: 0x0002c 0x0005.4 */
static void put_place(struct output *out, const struct view *view, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_text(out, text_hex_digits(buffer, row->ptex, view->ptex_digits));
	put_char(out, ' ');
	put_text(out,
		 text_hex_digits(buffer, row->ptex / HPT_PTEG_ENTRIES, view->pteg_digits));
	put_char(out, '.');
	put_char(out, (char)('0' + row->ptex % HPT_PTEG_ENTRIES));
}

static void put_virtual(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_text(out, row->fields.secondary ? "  2nd " : "  1st ");
	put_right(out, row->has_vsid ? text_hex(buffer, row->vsid) : "-", WIDTH_VSID);
	put_char(out, ' ');
	put_right(out, segment_name(row), WIDTH_SEGMENT);
	put_char(out, ' ');
	put_right(out, row->has_va ? text_va(buffer, &row->va) : "-", WIDTH_VA);
}

static void put_real(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_char(out, ' ');
	put_right(out, row_pages(buffer, row), WIDTH_PAGES);
	put_char(out, ' ');
	put_right(out, row->has_page ? text_hex(buffer, row->ra) : "-", WIDTH_RA);
}

/* What KVM put in its place; A: absent, I: an access is emulated, M: modified. */
static void put_host(struct output *out, const struct row *row)
{
	const struct hpt_debugfs_slot *host = &row->host;
	struct hpt_fields fields;
	char buffer[TEXT_MAX];
	uint64_t ra;

	hpt_entry_split(host->host, &fields);
	put_char(out, ' ');
	put_right(out, row_host_ra(row, &ra) ? text_hex(buffer, ra) : "-", WIDTH_RA);
	put_char(out, ' ');
	put_right(out, text_number(buffer, fields.pp), 2);
	put_char(out, ' ');
	put_right(out, text_number(buffer, fields.key), 3);
	put_char(out, ' ');
	put_char(out, fields.no_execute ? 'N' : '-');
	put_char(out, fields.referenced ? 'R' : '-');
	put_char(out, fields.changed ? 'C' : '-');
	put_char(out, ' ');
	put_char(out, host->absent ? 'A' : '-');
	put_char(out, host->mmio ? 'I' : '-');
	put_char(out, host->modified ? 'M' : '-');
}

static void put_words(struct output *out, const struct hpt_entry *entry)
{
	put_text(out, " v=");
	put_hex(out, entry->v);
	put_text(out, " r=");
	put_hex(out, entry->r);
}

static void put_invalid(struct output *out, const struct row *row)
{
	put_style(out, STYLE_DIM);
	put_text(out, " invalid");
	if (row->entry.v || row->entry.r)
		put_words(out, &row->entry);
	put_style(out, STYLE_NONE);
}

void put_row_columns(struct output *out, const struct view *view, const struct row *row)
{
	put_place(out, view, row);
	if (!row->fields.valid) {
		put_invalid(out, row);
	} else {
		put_virtual(out, row);
		put_real(out, row);
		put_row_attributes(out, row);
		if (view->listing)
			put_host(out, row);
	}
	if (row->problem) {
		put_style(out, STYLE_RED);
		put_text(out, " !");
		put_text(out, problem_name(row->problem));
		put_words(out, &row->entry);
		put_style(out, STYLE_NONE);
	}
}

static void put_line(struct output *out, const struct view *view, const struct row *row)
{
	put_row_columns(out, view, row);
	put_char(out, '\n');
}

const struct form text_form = { .begin = begin, .row = put_line };
