/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "who.h"

/* Who maps a real address, for programs: one JSON object a line. What is not known is null. */

static void put_page(struct output *out, const struct row *row)
{
	json_field(out, "base_page", true, UINT64_C(1) << row->page.base_shift);
	json_field(out, "actual_page", true, UINT64_C(1) << row->page.actual_shift);
	json_hex_field(out, "page_ra", true, row->ra);
}

static void put_entry(struct output *out, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;

	json_hex_field(out, "ptex", true, row->ptex);
	json_hex_field(out, "v", true, row->entry.v);
	json_hex_field(out, "r", true, row->entry.r);
	json_bool_field(out, "secondary", fields->secondary);
	json_field(out, "pp", true, fields->pp);
	json_field(out, "key", true, fields->key);
	json_field(out, "wimg", true, fields->wimg);
	json_bool_field(out, "no_execute", fields->no_execute);
	json_bool_field(out, "referenced", fields->referenced);
	json_bool_field(out, "changed", fields->changed);
	json_bool_field(out, "bolted", row->entry.v & HPT_V_BOLTED);
	json_string_field(out, "problem", problem_name(row->problem));
}

static void put_owner(struct output *out, const struct view *view, const struct owner *owner,
		      bool with_linux)
{
	const struct row *row = &owner->row;
	char buffer[TEXT_MAX];

	(void)view;
	(void)with_linux;
	put_char(out, '{');
	json_key(out, "ra");
	json_hex(out, owner->ra);
	json_hex_field(out, "vsid", row->has_vsid, row->vsid);
	json_string_field(out, "segment", row->has_vsid ? segment_name(row) : NULL);
	json_string_field(out, "va", row->has_va ? text_va(buffer, &owner->va) : NULL);
	put_page(out, row);
	put_entry(out, row);
	json_bool_field(out, "found_there", owner->found_there);
	json_field(out, "context", owner->has_ea, owner->context);
	json_hex_field(out, "ea", owner->has_ea, owner->ea);
	put_text(out, "}\n");
}

const struct owner_form owner_json = { .owner = put_owner };
