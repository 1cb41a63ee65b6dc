/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "diff.h"

/*
 * Two tables compared: slot by slot, where they have the same slots, and an entry that is gone
 * from one slot is looked for in the two groups where hardware would; or page by page.
 * Nothing is held of either table.
 */

#include <string.h>

static const char *const field_names[FIELD_COUNT] = {
	[FIELD_BASE_PAGE] = "base_page",
	[FIELD_ACTUAL_PAGE] = "actual_page",
	[FIELD_RA] = "ra",
	[FIELD_PP] = "pp",
	[FIELD_KEY] = "key",
	[FIELD_WIMG] = "wimg",
	[FIELD_NO_EXECUTE] = "no_execute",
	[FIELD_REFERENCED] = "referenced",
	[FIELD_CHANGED] = "changed",
	[FIELD_BOLTED] = "bolted",
	[FIELD_SOFTWARE] = "software",
	[FIELD_PTEX] = "ptex",
};

/* As the columns have them. */
static const char *const field_letters[FIELD_COUNT] = {
	[FIELD_NO_EXECUTE] = "N", [FIELD_REFERENCED] = "R", [FIELD_CHANGED] = "C",
	[FIELD_BOLTED] = "B",     [FIELD_WIMG] = "WIMG",
};

const char *field_name(enum field field)
{
	return field_names[field];
}

const char *kind_name(enum difference_kind kind)
{
	static const char *const names[] = { "added", "removed", "changed", "moved" };

	return names[kind];
}

static bool is_word(const char *word, const char *text, size_t len)
{
	return word && strlen(word) == len && !strncmp(word, text, len);
}

/* "R,C,pp": names or letters, with commas. */
int parse_fields(const char *text, unsigned *fields)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		unsigned i = 0;

		while (i < FIELD_COUNT && !is_word(field_names[i], text, len) &&
		       !is_word(field_letters[i], text, len))
			i++;
		if (i == FIELD_COUNT)
			return OPT_BAD;
		*fields |= 1u << i;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

/* Bits of an entry that are fields of their own, so that the library need not tell of them. */
static struct hpt_entry ignored_bits(unsigned ignore)
{
	static const struct {
		enum field field;
		struct hpt_entry bits;
	} fields[] = {
		{ FIELD_PP, { 0, HPT_R_PP0 | HPT_R_PP } },
		{ FIELD_KEY, { 0, HPT_R_KEY_HIGH | HPT_R_KEY_LOW } },
		{ FIELD_WIMG, { 0, HPT_R_WIMG } },
		{ FIELD_NO_EXECUTE, { 0, HPT_R_NO_EXECUTE } },
		{ FIELD_REFERENCED, { 0, HPT_R_REFERENCED } },
		{ FIELD_CHANGED, { 0, HPT_R_CHANGED } },
		{ FIELD_BOLTED, { HPT_V_BOLTED, 0 } },
		{ FIELD_SOFTWARE, { HPT_V_OS_LOCK, 0 } },
	};
	/* KVM's own mark, beside those of the hypervisor that are never there. */
	struct hpt_entry bits = { 0, HPT_R_SOFTWARE };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!(ignore & 1u << fields[i].field))
			continue;
		bits.v |= fields[i].bits.v;
		bits.r |= fields[i].bits.r;
	}
	return bits;
}

/* The real page, as far as it can be told. */
static uint64_t real_page(const struct row *row)
{
	return row->has_page ? row->ra : row->fields.rpn << 12;
}

static unsigned if_field(bool differs, enum field field)
{
	return differs ? 1u << field : 0;
}

static unsigned differing_fields(const struct row *a, const struct row *b)
{
	const struct hpt_fields *x = &a->fields;
	const struct hpt_fields *y = &b->fields;
	uint64_t v = a->entry.v ^ b->entry.v;

	return if_field(a->page.base_shift != b->page.base_shift, FIELD_BASE_PAGE) |
	       if_field(a->page.actual_shift != b->page.actual_shift, FIELD_ACTUAL_PAGE) |
	       if_field(real_page(a) != real_page(b), FIELD_RA) |
	       if_field(x->pp != y->pp, FIELD_PP) | if_field(x->key != y->key, FIELD_KEY) |
	       if_field(x->wimg != y->wimg, FIELD_WIMG) |
	       if_field(x->no_execute != y->no_execute, FIELD_NO_EXECUTE) |
	       if_field(x->referenced != y->referenced, FIELD_REFERENCED) |
	       if_field(x->changed != y->changed, FIELD_CHANGED) |
	       if_field(v & HPT_V_BOLTED, FIELD_BOLTED) |
	       if_field(v & HPT_V_OS_LOCK, FIELD_SOFTWARE);
}

static bool same_va(const struct row *a, const struct row *b)
{
	return a->va.vsid == b->va.vsid && a->va.offset == b->va.offset &&
	       a->va.segment_shift == b->va.segment_shift;
}

/* Of one slot: do both map the same virtual page, as far as can be told? */
static bool same_page_here(const struct row *a, const struct row *b)
{
	const uint64_t bits = HPT_V_B | HPT_V_AVPN | HPT_V_SECONDARY;

	if (!a->fields.valid || !b->fields.valid)
		return false;
	if (a->has_va && b->has_va)
		return same_va(a, b);
	return !((a->entry.v ^ b->entry.v) & bits);
}

bool comparison_wants(const struct comparison *c, const struct row *row)
{
	return row->fields.valid && row->ptex >= c->ptex.first && row->ptex <= c->ptex.last &&
	       filter_match(&c->filter, row);
}

static int tell(struct comparison *c, const struct difference *d)
{
	if (!comparison_wants(c, &d->before) && !comparison_wants(c, &d->after))
		return 0;
	c->kinds[d->kind]++;
	for (unsigned i = 0; i < FIELD_COUNT; i++)
		c->fields[i] += d->fields >> i & 1;
	c->stopped = c->found && c->found(c->arg, c, d);
	return c->stopped;
}

/* Two entries that map the same page. */
static int tell_pair(struct comparison *c, const struct row *before, const struct row *after)
{
	struct difference d = { .kind = DIFF_CHANGED };

	d.fields = differing_fields(before, after) & ~c->ignore;
	if (!c->by_page && before->ptex != after->ptex && !(c->ignore & 1u << FIELD_PTEX)) {
		d.kind = DIFF_MOVED;
		d.fields |= 1u << FIELD_PTEX;
	}
	if (!d.fields)
		return 0;
	d.before = *before;
	d.after = *after;
	return tell(c, &d);
}

static int tell_single(struct comparison *c, enum difference_kind kind, const struct row *row)
{
	struct difference d = { .kind = kind };

	if (kind == DIFF_ADDED)
		d.after = *row;
	else
		d.before = *row;
	return tell(c, &d);
}

/* Entries of one table that map a page, from its primary group on. */
struct holders {
	struct row row[2 * HPT_PTEG_ENTRIES];
	unsigned n;
};

static int read_row(const struct compared *side, uint64_t ptex, struct row *row,
		    struct hpt_error *err)
{
	struct hpt_entry entry;
	int ret = hpt_table_read(side->table, ptex, 1, &entry, err);

	if (!ret)
		row_decode(row, &side->view, ptex, entry);
	return ret;
}

/* Does the other table have the page in the very slot? */
static int is_settled(const struct comparison *c, const struct compared *other,
		      const struct row *row, bool *settled, struct hpt_error *err)
{
	struct row there;
	int ret;

	*settled = false;
	if (c->by_page)
		return 0;
	ret = read_row(other, row->ptex, &there, err);
	*settled = !ret && same_page_here(row, &there);
	return ret;
}

static int find_in_group(const struct comparison *c, const struct compared *side,
			 const struct compared *other, const struct row *wanted,
			 bool secondary, struct holders *holders, struct hpt_error *err)
{
	uint64_t hash = hpt_va_hash(&wanted->va, wanted->page.base_shift);
	uint64_t first = hpt_hash_pteg(hash, side->view.order, secondary) * HPT_PTEG_ENTRIES;
	struct hpt_entry group[HPT_PTEG_ENTRIES];
	int ret = hpt_table_read(side->table, first, HPT_PTEG_ENTRIES, group, err);

	for (unsigned i = 0; i < HPT_PTEG_ENTRIES && !ret; i++) {
		struct row *row = &holders->row[holders->n];
		bool settled;

		if (!(group[i].v & HPT_V_VALID) ||
		    ((group[i].v ^ wanted->entry.v) & (HPT_V_B | HPT_V_AVPN)) ||
		    !(group[i].v & HPT_V_SECONDARY) == secondary)
			continue;
		row_decode(row, &side->view, first + i, group[i]);
		if (!row->has_va || !same_va(row, wanted) ||
		    row->page.base_shift != wanted->page.base_shift)
			continue;
		ret = is_settled(c, other, row, &settled, err);
		holders->n += !settled;
	}
	return ret;
}

/* Where @side maps a page in a slot where @other does not. */
static int find_holders(const struct comparison *c, const struct compared *side,
			const struct compared *other, const struct row *wanted,
			struct holders *holders, struct hpt_error *err)
{
	int ret;

	holders->n = 0;
	ret = find_in_group(c, side, other, wanted, false, holders, err);
	return ret ? ret : find_in_group(c, side, other, wanted, true, holders, err);
}

/*
 * The entry of the other table that goes with this one, whose slot has another there or none.
 * Where a table maps a page more than once the first goes with the first, and so on: seen from
 * either table the pairs are the same.
 */
static int find_partner(const struct comparison *c, const struct compared *side,
			const struct compared *other, const struct row *row,
			struct row *partner, struct hpt_error *err)
{
	struct holders own, others;
	unsigned i = 0;
	int ret = 0;

	partner->fields.valid = false;
	if (!row->has_va)
		return 0;
	ret = find_holders(c, side, other, row, &own, err);
	if (!ret)
		ret = find_holders(c, other, side, row, &others, err);
	if (ret)
		return ret;
	while (i < own.n && own.row[i].ptex != row->ptex)
		i++;
	if (i < own.n && i < others.n)
		*partner = others.row[i];
	return 0;
}

/* A library's callback, and what went wrong in it. */
struct walk {
	struct comparison *c;
	int ret;
	struct hpt_error err;
};

/* An entry of the first table that is not in its slot of the second. */
static int gone(struct walk *w, const struct row *row)
{
	struct comparison *c = w->c;
	struct row partner;

	w->ret = find_partner(c, &c->before, &c->after, row, &partner, &w->err);
	if (w->ret)
		return 1;
	if (partner.fields.valid)
		return tell_pair(c, row, &partner);
	return tell_single(c, DIFF_REMOVED, row);
}

/* And the other way; one that has a partner was told of with it. */
static int come(struct walk *w, const struct row *row)
{
	struct comparison *c = w->c;
	struct row partner;

	w->ret = find_partner(c, &c->after, &c->before, row, &partner, &w->err);
	if (w->ret)
		return 1;
	return partner.fields.valid ? 0 : tell_single(c, DIFF_ADDED, row);
}

static int compare_slot(void *arg, uint64_t ptex, struct hpt_entry old, struct hpt_entry new)
{
	struct walk *w = arg;
	struct comparison *c = w->c;
	struct row before, after;

	row_decode(&before, &c->before.view, ptex, old);
	row_decode(&after, &c->after.view, ptex, new);
	if (same_page_here(&before, &after))
		return tell_pair(c, &before, &after);
	if (before.fields.valid && gone(w, &before))
		return 1;
	return after.fields.valid && come(w, &after);
}

static int run_before(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct walk *w = arg;
	struct row row;

	for (size_t i = 0; i < n; i++) {
		row_decode(&row, &w->c->before.view, ptex + i, entries[i]);
		if (gone(w, &row))
			return 1;
	}
	return 0;
}

static int run_after(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct walk *w = arg;
	struct row row;

	for (size_t i = 0; i < n; i++) {
		row_decode(&row, &w->c->after.view, ptex + i, entries[i]);
		if (come(w, &row))
			return 1;
	}
	return 0;
}

/* Returns 0 also when told to stop. */
int comparison_run(struct comparison *c, struct hpt_error *err)
{
	const struct hpt_compare_options options = { .size = sizeof(options),
						     .ignore = ignored_bits(c->ignore) };
	struct walk w = { .c = c };
	int ret;

	c->stopped = false;
	if (!c->by_page) {
		ret = hpt_table_compare(c->before.table, c->after.table, &options,
					compare_slot, &w, err);
	} else {
		ret = hpt_table_each(c->before.table, 0, UINT64_MAX, run_before, &w, err);
		if (!ret)
			ret = hpt_table_each(c->after.table, 0, UINT64_MAX, run_after, &w,
					     err);
	}
	if (w.ret) {
		*err = w.err;
		return w.ret;
	}
	return c->stopped ? 0 : ret;
}
