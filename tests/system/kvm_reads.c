/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Reading a guest's table with the library: lengths, alignments, ends, patterns. */

#include "kvm_parts.h"

#define WINDOW 65600 /* slots with entries in a large table: more than a chunk counts */

/* On a POWER9 host such a VM counts as a radix guest. */
static void check_without_table(struct guest *g)
{
	struct hpt_entry entry = guest_entry(5, 0), before = entry;
	struct hpt_change change;

	tap_begin("order %u: before a table is allocated there is none", g->order);
	CHECK(hpt_table_read(g->table, 0, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(strstr(err.text, "radix"));
	CHECK(hpt_table_read(g->table, g->n - 1, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(same("output", 5, &entry, &before, 1));
	CHECK(hpt_table_write(g->table, 5, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(err.ptex == 5 && err.has & HPT_ERROR_HAS_PTEX);
	CHECK(hpt_table_clear(g->table, 5, 1, &err) == HPT_ERR_NO_HPT);
	CHECK(hpt_table_next_change(g->table, &change, &entry, 1, &err) == HPT_ERR_NO_HPT);
	tap_end();
	hpt_table_close(g->table);
	g->table = guest_open(g, g->order, 0);
}

/* The front, the middle and the end of a large table; all of a small one. */
static bool in_window(const struct guest *g, uint64_t i)
{
	return i < WINDOW || i - (g->n / 2 - 5) < WINDOW || i >= g->n - WINDOW;
}

static void check_fill(struct guest *g)
{
	tap_begin("order %u: a table that is written whole is there whole", g->order);
	guest_equip(g);
	check_listing(g);
	check_visit(g);
	for (uint64_t i = 0; i < g->n; i++) {
		/* Single ones, short runs, a long run, and the last; far apart elsewhere. */
		if (in_window(g, i) ? i % 29 == 3 || i % 64 / 7 == 2 || i == g->n - 1 ||
					      (i >= 1000 && i < 6000)
				    : i % 65521 == 7)
			g->truth[i] = guest_entry(i, 1);
	}
	CHECK(hpt_table_write(g->table, 0, g->n, g->truth, &err) == 0);
	check_whole(g);
	tap_end();
}

/* Where entries are few the kernel reads on to the end of a large table, to fill the room
 * that many entries would need: those reads are slow. */
static void check_reads_of(const struct guest *g, size_t n)
{
	unsigned alignments = n > 64 ? 9 : 17;
	unsigned slow = g->order > 21 && n > 4097 ? 1 : alignments;

	tap_begin("order %u: reads of %zu from many alignments", g->order, n);
	for (uint64_t ptex = 0; ptex < alignments; ptex++) {
		check_read_at(g, g->n - n - ptex, n);
		if (ptex >= slow)
			continue;
		check_read_at(g, ptex, n);
		check_read_at(g, ptex + 980, n);  /* into a run */
		check_read_at(g, ptex + 5980, n); /* out of it */
		check_read_at(g, g->n / 2 + ptex - n / 2, n);
	}
	tap_end();
}

static void check_ends(const struct guest *g)
{
	struct hpt_entry found[4], before[4];

	tap_begin("order %u: the last entry, and past the end", g->order);
	memset(found, 0x11, sizeof(found));
	memcpy(before, found, sizeof(found));
	CHECK(hpt_table_read(g->table, g->n - 3, 4, found, &err) == HPT_ERR_RANGE);
	CHECK(err.has & HPT_ERROR_HAS_PTEX && err.ptex == g->n - 3);
	CHECK(hpt_table_read(g->table, g->n, 1, found, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_read(g->table, UINT64_MAX, 2, found, &err) == HPT_ERR_RANGE);
	CHECK(same("outputs", 0, found, before, 4));
	CHECK(hpt_table_read(g->table, g->n, 0, found, &err) == 0);
	CHECK(hpt_table_write(g->table, g->n - 3, 4, found, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_clear(g->table, g->n, 1, &err) == HPT_ERR_RANGE);
	CHECK(hpt_table_read(g->table, g->n - 1, 1, found, &err) == 0);
	CHECK(same("last", g->n - 1, found, g->truth + g->n - 1, 1));
	check_listing(g);
	tap_end();
}

static void check_each(const struct guest *g)
{
	tap_begin("order %u: a visit of all valid entries", g->order);
	check_visit(g);
	tap_end();
}

void check_reading(struct guest *g)
{
	static const size_t counts[] = { 1, 2, 7, 8, 9, 63, 64, 65, 4096, 4097, MAX_READ };

	check_without_table(g);
	check_fill(g);
	for (size_t i = 0; i < COUNT(counts) && counts[i] <= g->n / 2; i++)
		check_reads_of(g, counts[i]);
	check_ends(g);
	check_each(g);
}

/* In all of a small table, or in a part of a large one: more than a chunk can count. (Entries
 * one by one are a write(2) each: fewer of those.) */
static void check_pattern(struct guest *g, const char *name, unsigned step)
{
	uint64_t n = g->order < 20 ? g->n : step > 1 ? 5000 : WINDOW;
	uint64_t first = n < g->n ? g->n / 2 - 1001 : 0;

	if (first + n > g->n)
		first = 0, n = g->n;
	tap_begin("order %u: entries in a pattern: %s", g->order, name);
	guest_write(g, first, n, 6 + step, step);
	if (g->order <= WHOLE_ORDER)
		check_whole(g);
	else
		check_listing(g), check_visit(g);
	for (uint64_t i = 0; i < 9; i++)
		check_read_at(g, first + 3 + i, 4097 + i);
	tap_end();
}

void check_patterns(struct guest *g)
{
	check_pattern(g, "full", 1);
	check_pattern(g, "every other slot", 2);
	tap_begin("order %u: entries in a pattern: empty", g->order);
	guest_clear(g, 0, g->n);
	check_listing(g);
	check_visit(g);
	for (uint64_t i = 0; i < 9; i++)
		check_read_at(g, g->n - 4200 + i, 4097 + i);
	tap_end();
}

static void check_larger_order(const struct guest *g)
{
	struct hpt_table *table = guest_open(g, g->order + 1, 0);
	struct hpt_entry *found = calloc(2 * g->n, sizeof(*found));
	struct hpt_entry entry = guest_entry(g->n, 1);

	tap_begin("order %u: opened as a larger one", g->order);
	CHECK(hpt_table_read(table, 0, 2 * g->n, found, &err) == HPT_ERR_CONTRADICTION);
	CHECK(err.ptex == g->n && strstr(err.text, "the kernel's table ends at slot"));
	CHECK(hpt_table_read(table, g->n - 1, 2, found, &err) == HPT_ERR_CONTRADICTION);
	CHECK(hpt_table_read(table, g->n, 1, found, &err) == HPT_ERR_NO_HPT);
	CHECK(found[0].v == 0 && found[1].v == 0);
	CHECK(hpt_table_write(table, g->n, 1, &entry, &err) == HPT_ERR_NO_HPT);
	CHECK(err.ptex == g->n);
	check_listing(g);
	tap_end();
	free(found);
	hpt_table_close(table);
}

static void check_smaller_order(const struct guest *g)
{
	struct hpt_table *table;

	if (g->order == HPT_ORDER_MIN)
		return;
	tap_begin("order %u: opened as a smaller one", g->order);
	table = guest_open(g, g->order - 1, 0);
	CHECK(hpt_table_read(table, 0, g->n / 2, g->found, &err) == HPT_ERR_CONTRADICTION);
	check_listing(g);
	tap_end();
	hpt_table_close(table);
}

void check_wrong_orders(const struct guest *g)
{
	check_larger_order(g);
	check_smaller_order(g);
}
