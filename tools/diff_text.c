/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "diff.h"

/* Differences for people: a sign, the entry as a dump has it, and what is not as it was. */

void put_difference_heading(struct output *out, const struct comparison *comparison)
{
	put_style(out, STYLE_BOLD);
	put_text(out, "  ");
	put_row_heading(out, &comparison->after.view);
	put_style(out, STYLE_NONE);
}

static void put_old_and_new(struct output *out, const char *name, const char *old,
			    const char *new)
{
	put_char(out, ' ');
	put_text(out, name);
	put_char(out, ' ');
	put_text(out, old);
	put_text(out, "->");
	put_text(out, new);
}

static void put_numbers(struct output *out, const char *name, uint64_t old, uint64_t new)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	put_old_and_new(out, name, text_number(a, old), text_number(b, new));
}

static void put_field(struct output *out, enum field field, const struct row *old,
		      const struct row *new)
{
	const struct hpt_fields *x = &old->fields;
	const struct hpt_fields *y = &new->fields;
	char a[TEXT_MAX], b[TEXT_MAX];

	switch (field) {
	case FIELD_BASE_PAGE:
		put_old_and_new(out, "base", text_shift(a, old->page.base_shift),
				text_shift(b, new->page.base_shift));
		break;
	case FIELD_ACTUAL_PAGE:
		put_old_and_new(out, "page", text_shift(a, old->page.actual_shift),
				text_shift(b, new->page.actual_shift));
		break;
	case FIELD_RA:
		put_old_and_new(out, "ra", text_hex(a, old->has_page ? old->ra : x->rpn << 12),
				text_hex(b, new->has_page ? new->ra : y->rpn << 12));
		break;
	case FIELD_PP:
		put_numbers(out, "pp", x->pp, y->pp);
		break;
	case FIELD_KEY:
		put_numbers(out, "key", x->key, y->key);
		break;
	case FIELD_WIMG:
		put_old_and_new(out, "WIMG", text_wimg(a, x->wimg), text_wimg(b, y->wimg));
		break;
	case FIELD_NO_EXECUTE:
		put_numbers(out, "N", x->no_execute, y->no_execute);
		break;
	case FIELD_REFERENCED:
		put_numbers(out, "R", x->referenced, y->referenced);
		break;
	case FIELD_CHANGED:
		put_numbers(out, "C", x->changed, y->changed);
		break;
	case FIELD_BOLTED:
		put_numbers(out, "B", !!(old->entry.v & HPT_V_BOLTED),
			    !!(new->entry.v &HPT_V_BOLTED));
		break;
	case FIELD_SOFTWARE:
		put_numbers(out, "software", x->software, y->software);
		break;
	default:
		put_old_and_new(out, "ptex", text_hex(a, old->ptex), text_hex(b, new->ptex));
	}
}

void put_difference(struct output *out, const struct comparison *comparison,
		    const struct difference *d)
{
	static const char signs[DIFF_KINDS] = { '+', '-', '~', '>' };
	static const enum style styles[DIFF_KINDS] = { STYLE_GREEN, STYLE_RED, STYLE_YELLOW,
						       STYLE_YELLOW };
	bool is_new = d->after.fields.valid;

	put_style(out, styles[d->kind]);
	put_char(out, signs[d->kind]);
	put_style(out, STYLE_NONE);
	put_char(out, ' ');
	put_row_columns(out, is_new ? &comparison->after.view : &comparison->before.view,
			is_new ? &d->after : &d->before);
	if (!d->fields)
		return;
	put_style(out, STYLE_YELLOW);
	put_char(out, ' ');
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		if (d->fields & 1u << i)
			put_field(out, (enum field)i, &d->before, &d->after);
	put_style(out, STYLE_NONE);
}
