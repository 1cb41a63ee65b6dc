/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stat.h"

/* "hpt stat" for programs: one object. */

static void put_key(struct output *out, const char *key)
{
	put_char(out, ',');
	json_key(out, key);
}

static void put_number_field(struct output *out, const char *key, uint64_t value)
{
	put_key(out, key);
	put_number(out, value);
}

static void put_array(struct output *out, const char *key, const uint64_t *counts, unsigned n)
{
	put_key(out, key);
	for (unsigned i = 0; i < n; i++) {
		put_char(out, i ? ',' : '[');
		put_number(out, counts[i]);
	}
	put_char(out, ']');
}

static void put_occupancy(struct output *out, const struct tally *tally)
{
	json_key(out, "slots");
	put_number(out, tally->slots);
	put_number_field(out, "valid", tally->valid);
	put_number_field(out, "free", tally->slots - tally->valid);
	put_number_field(out, "ptegs", tally->slots / HPT_PTEG_ENTRIES);
	put_number_field(out, "full_ptegs", tally->per_pteg[HPT_PTEG_ENTRIES]);
	put_number_field(out, "empty_ptegs", tally->per_pteg[0]);
	put_array(out, "ptegs_by_entries", tally->per_pteg, HPT_PTEG_ENTRIES + 1);
}

static void put_kinds(struct output *out, const struct tally *tally)
{
	put_number_field(out, "primary", tally->valid - tally->secondary);
	put_number_field(out, "secondary", tally->secondary);
	put_number_field(out, "bolted", tally->bolted);
	put_number_field(out, "referenced", tally->referenced);
	put_number_field(out, "changed", tally->changed);
	put_number_field(out, "referenced_and_changed", tally->both);
	put_number_field(out, "no_execute", tally->no_execute);
}

static void put_pages(struct output *out, const struct tally *tally)
{
	put_text(out, ",\"page_sizes\":[");
	for (size_t i = 0; i < tally->n_pages; i++) {
		const struct page_count *count = &tally->pages[i];

		if (i)
			put_char(out, ',');
		put_char(out, '{');
		json_key(out, "base_page");
		put_number(out, UINT64_C(1) << count->page.base_shift);
		put_number_field(out, "actual_page", UINT64_C(1) << count->page.actual_shift);
		put_number_field(out, "entries", count->entries);
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_segments(struct output *out, const struct tally *tally)
{
	put_text(out, ",\"segments\":{");
	json_key(out, "256M");
	put_number(out, tally->segments[0]);
	put_number_field(out, "1T", tally->segments[1]);
	put_char(out, '}');
	put_number_field(out, "vsids", tally->vsids.used);
	put_text(out, ",\"top_vsids\":[");
	for (size_t i = 0; i < tally->n_top; i++) {
		if (i)
			put_char(out, ',');
		put_char(out, '{');
		json_key(out, "vsid");
		json_hex(out, tally->top[i].vsid);
		put_key(out, "segment");
		json_string(out, tally->top[i].is_1t ? "1T" : "256M");
		put_number_field(out, "entries", tally->top[i].entries);
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_problems(struct output *out, const struct tally *tally)
{
	put_text(out, ",\"problems\":{");
	for (unsigned i = PROBLEM_LP; i <= PROBLEM_AVPN; i++) {
		if (i > PROBLEM_LP)
			put_char(out, ',');
		json_key(out, problem_name((enum problem)i));
		put_number(out, tally->problems[i]);
	}
	put_char(out, '}');
}

void stat_json(struct output *out, const struct tally *tally)
{
	put_char(out, '{');
	put_occupancy(out, tally);
	put_kinds(out, tally);
	put_pages(out, tally);
	put_segments(out, tally);
	put_array(out, "pp", tally->pp, 8);
	put_array(out, "keys", tally->key, 32);
	put_array(out, "wimg", tally->wimg, 16);
	put_problems(out, tally);
	put_text(out, "}\n");
}
