/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump as bytes: 16 an entry, big-endian, as entries lie in a table. */

static void put_row(struct output *out, const struct view *view, const struct row *row)
{
	unsigned char bytes_be[HPT_ENTRY_BYTES];

	(void)view;
	hpt_entries_to_bytes(&row->entry, 1, bytes_be);
	put_bytes(out, bytes_be, sizeof(bytes_be));
}

const struct form raw_form = { .row = put_row, .binary = true };
