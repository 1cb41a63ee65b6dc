/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "who.h"

/* Who maps a real address, for people: aligned columns. */

enum {
	WIDTH_RA = 14,
	WIDTH_VA = 22,
	WIDTH_PAGES = 9,
	WIDTH_CONTEXT = 8,
	WIDTH_EA = 18,
};

static void begin(struct output *out, const struct view *view, bool with_linux)
{
	put_style(out, STYLE_BOLD);
	put_right(out, "ra", WIDTH_RA);
	put_char(out, ' ');
	put_right(out, "va", WIDTH_VA);
	put_char(out, ' ');
	put_right(out, "base/page", WIDTH_PAGES);
	put_char(out, ' ');
	put_left(out, "ptex", view->ptex_digits + 2);
	put_text(out, " hash pp key WIMG NRCB");
	if (with_linux) {
		put_char(out, ' ');
		put_right(out, "context", WIDTH_CONTEXT);
		put_char(out, ' ');
		put_right(out, "ea", WIDTH_EA);
	}
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

static void put_addresses(struct output *out, const struct owner *owner)
{
	const struct row *row = &owner->row;
	char buffer[TEXT_MAX];

	put_right(out, text_hex(buffer, owner->ra), WIDTH_RA);
	put_char(out, ' ');
	put_right(out, row->has_va ? text_va(buffer, &owner->va) : "-", WIDTH_VA);
	put_char(out, ' ');
	put_right(out, row_pages(buffer, row), WIDTH_PAGES);
	put_char(out, ' ');
}

static void put_linux(struct output *out, const struct owner *owner)
{
	char buffer[TEXT_MAX];

	put_char(out, ' ');
	put_right(out, owner->has_ea ? text_number(buffer, owner->context) : "-",
		  WIDTH_CONTEXT);
	put_char(out, ' ');
	put_right(out, owner->has_ea ? text_hex_digits(buffer, owner->ea, 16) : "-", WIDTH_EA);
}

static void put_owner(struct output *out, const struct view *view, const struct owner *owner,
		      bool with_linux)
{
	const struct row *row = &owner->row;

	put_addresses(out, owner);
	put_hex_digits(out, row->ptex, view->ptex_digits);
	put_text(out, row->fields.secondary ? "  2nd" : "  1st");
	put_row_attributes(out, row);
	if (with_linux)
		put_linux(out, owner);
	put_style(out, STYLE_RED);
	if (row->problem) {
		put_text(out, " !");
		put_text(out, problem_name(row->problem));
	} else if (!owner->found_there) {
		put_text(out, " !base");
	}
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

const struct owner_form owner_text = { .begin = begin, .owner = put_owner };
