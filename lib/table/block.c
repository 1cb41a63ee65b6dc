/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Iteration by the block. A table that lies in private memory is scanned where it lies; others
 * have a way of their own, or their runs are put together.
 */

#include "../core/block.h"
#include "../core/internal.h"
#include "internal.h"

/* A block's entries on their way to a callback. */
struct taken {
	_Alignas(64) struct hpt_entry entries[HPT_BLOCK];
	bool dirty; /* there may be others than zeros */
	bool full;  /* the block before had many */
};

/* Has a block so many that to take all at once is better than one by one? */
static bool is_full(uint64_t valid)
{
	for (unsigned i = 0; i < 5; i++)
		valid &= valid - 1;
	return valid;
}

/* Only those of @valid, the others being zeros. */
static void take_few(struct taken *t, const struct hpt_raw_entry *raw, uint64_t valid)
{
	if (t->dirty)
		memset(t->entries, 0, sizeof(t->entries));
	t->dirty = false;
	for (; valid; valid &= valid - 1) {
		unsigned i = (unsigned)__builtin_ctzll(valid);

		hpt_entries_from_bytes(raw + i, 1, t->entries + i);
	}
}

static void forget_few(struct taken *t, uint64_t valid)
{
	for (; valid; valid &= valid - 1)
		t->entries[__builtin_ctzll(valid)] = (struct hpt_entry){ 0, 0 };
}

/*
 * The block at @raw, of which only what is @wanted counts. One that is probably as full as
 * the one before is taken at once, since a second look at it would cost as much as the first.
 */
static uint64_t take(struct taken *t, const struct hpt_raw_entry *raw, uint64_t wanted,
		     bool avx2)
{
	uint64_t valid;

	if (t->full && wanted == UINT64_MAX) {
		valid = hpt_block_take(raw, t->entries, avx2);
		t->dirty = true;
		t->full = is_full(valid);
		return valid;
	}
	valid = hpt_block_valid(raw, avx2) & wanted;
	t->full = is_full(valid);
	if (t->full && wanted == UINT64_MAX) {
		hpt_block_take(raw, t->entries, avx2);
		t->dirty = true;
	} else if (valid) {
		take_few(t, raw, valid);
	}
	return valid;
}

static void from_v3(struct hpt_entry *entries, uint64_t valid)
{
	for (; valid; valid &= valid - 1) {
		unsigned i = (unsigned)__builtin_ctzll(valid);

		entries[i] = hpt_entry_from_v3(entries[i]);
	}
}

/* The bits of a block at @at whose slots lie in [ptex, end). */
static uint64_t within(uint64_t at, uint64_t ptex, uint64_t end)
{
	uint64_t bits = UINT64_MAX;

	if (at < ptex)
		bits &= UINT64_MAX << (ptex - at);
	if (at + HPT_BLOCK > end)
		bits &= UINT64_MAX >> (at + HPT_BLOCK - end);
	return bits;
}

int hpt_blocks_each(const struct hpt_blocks *b, uint64_t ptex, uint64_t n, hpt_block_fn *fn,
		    void *arg)
{
	uint64_t at = ptex - ptex % HPT_BLOCK, end = ptex + n;
	struct taken t = { .dirty = true };

	for (; at < end; at += HPT_BLOCK) {
		uint64_t valid = take(&t, b->base + at, within(at, ptex, end), b->avx2);

		if (!valid)
			continue;
		if (b->v3)
			from_v3(t.entries, valid);
		if (fn(arg, at, valid, t.entries))
			return HPT_ERR_STOPPED;
		if (!t.dirty)
			forget_few(&t, valid);
	}
	return HPT_OK;
}

/* Runs on their way into blocks. */
struct gathering {
	struct hpt_entry entries[HPT_BLOCK];
	uint64_t at, valid;
	hpt_block_fn *fn;
	void *arg;
};

/* The block that is complete. Returns what the callback does. */
static int give(struct gathering *g)
{
	uint64_t valid = g->valid;
	int ret = 0;

	if (valid)
		ret = g->fn(g->arg, g->at, valid, g->entries);
	for (; valid; valid &= valid - 1)
		g->entries[__builtin_ctzll(valid)] = (struct hpt_entry){ 0, 0 };
	g->valid = 0;
	return ret;
}

static int gather_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct gathering *g = arg;

	while (n) {
		unsigned first = (unsigned)(ptex % HPT_BLOCK), room = HPT_BLOCK - first;
		unsigned part = n < room ? (unsigned)n : room;

		if (ptex - first != g->at && give(g))
			return 1;
		g->at = ptex - first;
		memcpy(g->entries + first, entries, part * sizeof(*entries));
		g->valid |= UINT64_MAX >> (HPT_BLOCK - part) << first;
		entries += part;
		ptex += part;
		n -= part;
	}
	return 0;
}

static int each_gathered(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			 hpt_block_fn *fn, void *arg, struct hpt_error *err)
{
	struct gathering g = { .fn = fn, .arg = arg };
	int ret = hpt_table_each(table, ptex, n, gather_run, &g, err);

	/* What came before an error was an answer. */
	if (ret != HPT_ERR_STOPPED && give(&g) && !ret)
		ret = hpt_each_stopped(err);
	return ret;
}

int hpt_table_each_block(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			 hpt_block_fn *fn, void *arg, struct hpt_error *err)
{
	const struct hpt_table_facts *f = hpt_table_facts(table);
	struct hpt_blocks b = { .base = f->base,
				.v3 = f->form == HPT_FORM_V3,
				.avx2 = f->avx2 };
	int ret = hpt_each_range(table, ptex, &n, err);

	if (ret || !n)
		return ret;
	if (f->base && !(f->flags & HPT_TABLE_LIVE))
		ret = hpt_blocks_each(&b, ptex, n, fn, arg);
	else if (hpt_has_own_blocks(table))
		ret = hpt_own_blocks_each(table, ptex, n, fn, arg, err);
	else
		return each_gathered(table, ptex, n, fn, arg, err);
	return ret == HPT_ERR_STOPPED ? hpt_each_stopped(err) : ret;
}
