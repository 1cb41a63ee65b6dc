/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump for spreadsheets. What is not known is empty; no field needs quotes. */

static void begin(struct output *out, const struct view *view)
{
	put_text(out, "ptex,v,r,valid,pteg,slot,secondary,vsid,segment,va,base_page,"
		      "actual_page,ra,pp,key,wimg,no_execute,referenced,changed,bolted,"
		      "software,problem");
	if (view->listing)
		put_text(out, ",host_v,host_r,guest_r,host_ra,host_pp,host_key,host_no_execute,"
			      "host_referenced,host_changed,absent,mmio,modified");
	put_char(out, '\n');
}

static void put_hex_field(struct output *out, bool known, uint64_t value)
{
	if (known)
		put_hex(out, value);
	put_char(out, ',');
}

static void put_number_field(struct output *out, bool known, uint64_t value)
{
	if (known)
		put_number(out, value);
	put_char(out, ',');
}

static void put_mapping(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_hex_field(out, row->has_vsid, row->vsid);
	if (row->has_vsid)
		put_text(out, segment_name(row));
	put_char(out, ',');
	if (row->has_va)
		put_text(out, text_va(buffer, &row->va));
	put_char(out, ',');
	put_number_field(out, row->has_page, UINT64_C(1) << row->page.base_shift);
	put_number_field(out, row->has_page, UINT64_C(1) << row->page.actual_shift);
	put_hex_field(out, row->has_page, row->ra);
}

/* Each field with the comma before it, since they come last. */
static void put_host(struct output *out, const struct row *row)
{
	const struct hpt_debugfs_slot *host = &row->host;
	const uint64_t words[] = { host->real.v, host->real.r, host->guest_r };
	struct hpt_fields fields;
	uint64_t ra;

	hpt_entry_split(host->host, &fields);
	if (!host->listed) {
		put_text(out, ",,,,,,,,,,,,");
		return;
	}
	for (unsigned i = 0; i < 3; i++) {
		put_char(out, ',');
		put_hex(out, words[i]);
	}
	put_char(out, ',');
	if (row_host_ra(row, &ra))
		put_hex(out, ra);
	put_char(out, ',');
	put_number_field(out, true, fields.pp);
	put_number_field(out, true, fields.key);
	put_number_field(out, true, fields.no_execute);
	put_number_field(out, true, fields.referenced);
	put_number_field(out, true, fields.changed);
	put_number_field(out, true, host->absent);
	put_number_field(out, true, host->mmio);
	put_number(out, host->modified);
}

static void put_row(struct output *out, const struct view *view, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;
	bool valid = fields->valid;

	put_hex_field(out, true, row->ptex);
	put_hex_field(out, true, row->entry.v);
	put_hex_field(out, true, row->entry.r);
	put_number_field(out, true, valid);
	put_hex_field(out, true, row->ptex / HPT_PTEG_ENTRIES);
	put_number_field(out, true, row->ptex % HPT_PTEG_ENTRIES);
	put_number_field(out, valid, fields->secondary);
	put_mapping(out, row);
	put_number_field(out, valid, fields->pp);
	put_number_field(out, valid, fields->key);
	put_number_field(out, valid, fields->wimg);
	put_number_field(out, valid, fields->no_execute);
	put_number_field(out, valid, fields->referenced);
	put_number_field(out, valid, fields->changed);
	put_number_field(out, valid, (row->entry.v & HPT_V_BOLTED) != 0);
	put_number_field(out, valid, fields->software);
	put_text(out, problem_name(row->problem));
	if (view->listing)
		put_host(out, row);
	put_char(out, '\n');
}

const struct form csv_form = { .begin = begin, .row = put_row };
