/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump for programs: one JSON object a line. What is not known is null. */

static void put_mapping(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	json_hex_field(out, "vsid", row->has_vsid, row->vsid);
	json_string_field(out, "segment", row->has_vsid ? segment_name(row) : NULL);
	json_string_field(out, "va", row->has_va ? text_va(buffer, &row->va) : NULL);
	json_field(out, "base_page", row->has_page, UINT64_C(1) << row->page.base_shift);
	json_field(out, "actual_page", row->has_page, UINT64_C(1) << row->page.actual_shift);
	json_hex_field(out, "ra", row->has_page, row->ra);
}

static void put_host(struct output *out, const struct row *row)
{
	const struct hpt_debugfs_slot *host = &row->host;
	struct hpt_fields fields;
	uint64_t ra = 0;
	bool has_ra = row_host_ra(row, &ra);

	hpt_entry_split(host->host, &fields);
	put_text(out, ",\"host\":{");
	json_key(out, "v");
	json_hex(out, host->real.v);
	json_hex_field(out, "r", true, host->real.r);
	json_hex_field(out, "guest_r", true, host->guest_r);
	json_hex_field(out, "ra", has_ra, ra);
	json_field(out, "pp", true, fields.pp);
	json_field(out, "key", true, fields.key);
	json_bool_field(out, "no_execute", fields.no_execute);
	json_bool_field(out, "referenced", fields.referenced);
	json_bool_field(out, "changed", fields.changed);
	json_bool_field(out, "absent", host->absent);
	json_bool_field(out, "mmio", host->mmio);
	json_bool_field(out, "modified", host->modified);
	put_char(out, '}');
}

void json_row(struct output *out, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;

	put_char(out, '{');
	json_key(out, "ptex");
	json_hex(out, row->ptex);
	json_hex_field(out, "v", true, row->entry.v);
	json_hex_field(out, "r", true, row->entry.r);
	json_bool_field(out, "valid", fields->valid);
	json_hex_field(out, "pteg", true, row->ptex / HPT_PTEG_ENTRIES);
	json_field(out, "slot", true, row->ptex % HPT_PTEG_ENTRIES);
	if (fields->valid) {
		json_bool_field(out, "secondary", fields->secondary);
		put_mapping(out, row);
		json_field(out, "pp", true, fields->pp);
		json_field(out, "key", true, fields->key);
		json_field(out, "wimg", true, fields->wimg);
		json_bool_field(out, "no_execute", fields->no_execute);
		json_bool_field(out, "referenced", fields->referenced);
		json_bool_field(out, "changed", fields->changed);
		json_bool_field(out, "bolted", row->entry.v & HPT_V_BOLTED);
		json_field(out, "software", true, fields->software);
		json_string_field(out, "problem", problem_name(row->problem));
		if (row->host.listed)
			put_host(out, row);
	}
	put_char(out, '}');
}

static void put_line(struct output *out, const struct view *view, const struct row *row)
{
	(void)view;
	json_row(out, row);
	put_char(out, '\n');
}

const struct form json_form = { .row = put_line };
