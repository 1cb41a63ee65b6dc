/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* Columns that more than one output for people has. */

/* 2^shift bytes, in the largest unit of which it is a whole number. */
static char *put_shift(char *p, unsigned shift)
{
	unsigned number = 1u << shift % 10;

	if (number >= 100)
		*p++ = (char)('0' + number / 100);
	if (number >= 10)
		*p++ = (char)('0' + number / 10 % 10);
	*p++ = (char)('0' + number % 10);
	if (shift >= 10)
		*p++ = "KMGTPE"[shift / 10 - 1];
	return p;
}

const char *row_pages(char *buffer, const struct row *row)
{
	char *p;

	if (!row->has_page)
		return "?/?";
	p = put_shift(buffer, row->page.base_shift);
	*p++ = '/';
	*put_shift(p, row->page.actual_shift) = '\0';
	return buffer;
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
