/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "diff.h"

/* Differences for programs. */

static void put_entry(struct output *out, const char *key, const struct row *row)
{
	put_char(out, ',');
	json_key(out, key);
	if (row->fields.valid)
		json_row(out, row);
	else
		put_text(out, "null");
}

void json_difference(struct output *out, const struct difference *d)
{
	bool first = true;

	json_key(out, "change");
	json_string(out, kind_name(d->kind));
	put_char(out, ',');
	json_key(out, "fields");
	put_char(out, '[');
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (!(d->fields & 1u << i))
			continue;
		if (!first)
			put_char(out, ',');
		json_string(out, field_name((enum field)i));
		first = false;
	}
	put_char(out, ']');
	put_entry(out, "before", &d->before);
	put_entry(out, "after", &d->after);
}

void json_counts(struct output *out, const struct comparison *comparison)
{
	for (unsigned i = 0; i < DIFF_KINDS; i++)
		json_field(out, kind_name((enum difference_kind)i), true,
			   comparison->kinds[i]);
	put_char(out, ',');
	json_key(out, "fields");
	put_char(out, '{');
	for (unsigned i = 0; i < FIELD_COUNT; i++) {
		if (i)
			put_char(out, ',');
		json_key(out, field_name((enum field)i));
		put_number(out, comparison->fields[i]);
	}
	put_char(out, '}');
}
