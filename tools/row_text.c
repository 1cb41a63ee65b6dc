/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* Columns that more than one output for people has. */

const char *row_pages(char *buffer, const struct row *row)
{
	char text[TEXT_MAX];

	if (!row->has_page)
		return "?/?";
	strcpy(buffer, text_shift(text, row->page.base_shift));
	strcat(buffer, "/");
	return strcat(buffer, text_shift(text, row->page.actual_shift));
}

/* " pp key WIMG NRCB", each as wide as its heading */
void put_row_attributes(struct output *out, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;
	char buffer[TEXT_MAX];

	put_char(out, ' ');
	put_right(out, text_number(buffer, fields->pp), 2);
	put_char(out, ' ');
	put_right(out, text_number(buffer, fields->key), 3);
	put_char(out, ' ');
	put_text(out, text_wimg(buffer, fields->wimg));
	put_char(out, ' ');
	put_char(out, fields->no_execute ? 'N' : '-');
	put_char(out, fields->referenced ? 'R' : '-');
	put_char(out, fields->changed ? 'C' : '-');
	put_char(out, row->entry.v & HPT_V_BOLTED ? 'B' : '-');
}
