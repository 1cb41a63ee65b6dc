/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump for programs: one JSON object a line. What is not known is null. */

static void put_key(struct output *out, const char *key)
{
	put_char(out, ',');
	json_key(out, key);
}

static void put_hex_field(struct output *out, const char *key, bool known, uint64_t value)
{
	put_key(out, key);
	if (known)
		json_hex(out, value);
	else
		put_text(out, "null");
}

static void put_number_field(struct output *out, const char *key, bool known, uint64_t value)
{
	put_key(out, key);
	if (known)
		put_number(out, value);
	else
		put_text(out, "null");
}

static void put_bool_field(struct output *out, const char *key, bool value)
{
	put_key(out, key);
	json_bool(out, value);
}

static void put_mapping(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_hex_field(out, "vsid", row->has_vsid, row->vsid);
	put_key(out, "segment");
	if (row->has_vsid)
		json_string(out, segment_name(row));
	else
		put_text(out, "null");
	put_key(out, "va");
	json_string_or_null(out, row->has_va ? text_va(buffer, &row->va) : NULL);
	put_number_field(out, "base_page", row->has_page, UINT64_C(1) << row->page.base_shift);
	put_number_field(out, "actual_page", row->has_page,
			 UINT64_C(1) << row->page.actual_shift);
	put_hex_field(out, "ra", row->has_page, row->ra);
}

static void put_row(struct output *out, const struct view *view, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;

	(void)view;
	put_char(out, '{');
	json_key(out, "ptex");
	json_hex(out, row->ptex);
	put_hex_field(out, "v", true, row->entry.v);
	put_hex_field(out, "r", true, row->entry.r);
	put_bool_field(out, "valid", fields->valid);
	put_hex_field(out, "pteg", true, row->ptex / HPT_PTEG_ENTRIES);
	put_number_field(out, "slot", true, row->ptex % HPT_PTEG_ENTRIES);
	if (fields->valid) {
		put_bool_field(out, "secondary", fields->secondary);
		put_mapping(out, row);
		put_number_field(out, "pp", true, fields->pp);
		put_number_field(out, "key", true, fields->key);
		put_number_field(out, "wimg", true, fields->wimg);
		put_bool_field(out, "no_execute", fields->no_execute);
		put_bool_field(out, "referenced", fields->referenced);
		put_bool_field(out, "changed", fields->changed);
		put_bool_field(out, "bolted", row->entry.v & HPT_V_BOLTED);
		put_number_field(out, "software", true, fields->software);
		put_key(out, "problem");
		json_string_or_null(out, problem_name(row->problem));
	}
	put_text(out, "}\n");
}

const struct form json_form = { .row = put_row };
