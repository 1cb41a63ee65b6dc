/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A table at a pointer in this process.
 */

#include <stdlib.h>

#include <hpt/memory.h>

#include "../core/internal.h"
#include "../core/match.h"
#include "../table/internal.h"

struct memory {
	struct hpt_raw_entry *base;
	bool live;
	bool v3;
	bool avx2;
};

/* How often a live entry is read before giving up on it. */
#define ATTEMPTS 1000
/* Entries that are handed to a callback at once. */
#define BATCH 64u

static int unstable(uint64_t ptex, struct hpt_error *err)
{
	return hpt_fail_ptex(err, HPT_ERR_UNSTABLE, ptex,
			     "entry %#llx changed at each of %d attempts to read it",
			     (unsigned long long)ptex, ATTEMPTS);
}

/*
 * Doubleword 0, doubleword 1, and both again, in that order (acquire): a writer clears V first,
 * and doubleword 0 was read while doubleword 1 stood still, so equal words say that they belong
 * together, even if doubleword 0 had changed and come back between its two readings.
 */
static bool read_live(const struct hpt_raw_entry *raw, struct hpt_raw_entry *out)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t v = __atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE);
		uint64_t r = __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE) != v ||
		    __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_RELAXED) != r)
			continue;
		out->v_be.raw_be = v;
		out->r_be.raw_be = r;
		return true;
	}
	return false;
}

/*
 * V clear, doubleword 1, doubleword 0, each behind the one before (release): nobody sees V
 * with another entry's words.
 */
static void write_live(struct hpt_raw_entry *raw, const struct hpt_raw_entry *in)
{
	__atomic_store_n(&raw->v_be.raw_be, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&raw->r_be.raw_be, in->r_be.raw_be, __ATOMIC_RELEASE);
	__atomic_store_n(&raw->v_be.raw_be, in->v_be.raw_be, __ATOMIC_RELEASE);
}

static int read_live_part(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			  struct hpt_error *err)
{
	const struct memory *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct hpt_raw_entry raw;

		if (!read_live(m->base + ptex + i, &raw))
			return unstable(ptex + i, err);
		hpt_entries_take_in(&raw, 1, m->v3, out + i);
	}
	return HPT_OK;
}

static int memory_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		       struct hpt_error *err)
{
	const struct memory *m = ctx;

	if (m->live)
		return hpt_read_whole(read_live_part, ctx, ptex, n, out, err);
	hpt_entries_take_in(m->base + ptex, n, m->v3, out);
	return HPT_OK;
}

static int memory_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
			struct hpt_error *err)
{
	const struct memory *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct hpt_raw_entry raw;
		int ret = hpt_entry_put_out(in + i, ptex + i, m->v3, &raw, err);

		if (ret)
			return ret;
		if (m->live)
			write_live(m->base + ptex + i, &raw);
		else
			m->base[ptex + i] = raw;
	}
	return HPT_OK;
}

/*
 * Is there a valid entry among @n? V is the last bit of doubleword 0 in both forms. A look
 * without order is enough: what is missed was not there a moment ago.
 */
static bool any_valid_live(const struct hpt_raw_entry *raw, unsigned n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all |= __atomic_load_n(&raw[i].v_be.raw_be, __ATOMIC_RELAXED);
	return all & hpt_be64_make(HPT_V_VALID).raw_be;
}

/* Give @fn the runs of valid entries among @n, at most BATCH, at @entries. */
static int give_runs(uint64_t ptex, unsigned n, const struct hpt_entry *entries,
		     hpt_each_fn *fn, void *arg)
{
	for (unsigned i = 0, first; i < n; i++) {
		if (!(entries[i].v & HPT_V_VALID))
			continue;
		for (first = i; i < n && entries[i].v & HPT_V_VALID;)
			i++;
		if (fn(arg, ptex + first, i - first, entries + first))
			return HPT_ERR_STOPPED;
	}
	return HPT_OK;
}

static int each_live(const struct memory *m, uint64_t ptex, uint64_t n, hpt_each_fn *fn,
		     void *arg, struct hpt_error *err)
{
	struct hpt_entry entries[BATCH];
	int ret = HPT_OK;

	while (n && !ret) {
		unsigned part = n < BATCH ? (unsigned)n : BATCH;

		if (any_valid_live(m->base + ptex, part)) {
			ret = read_live_part((void *)(uintptr_t)m, ptex, part, entries, err);
			if (!ret)
				ret = give_runs(ptex, part, entries, fn, arg);
		}
		ptex += part;
		n -= part;
	}
	return ret;
}

/* Who is given the runs of a block. */
struct runs {
	hpt_each_fn *fn;
	void *arg;
};

static int block_runs(void *arg, uint64_t ptex, uint64_t valid,
		      const struct hpt_entry *entries)
{
	const struct runs *runs = arg;

	while (valid) {
		unsigned first = (unsigned)__builtin_ctzll(valid);
		/* Adding to the lowest bit carries to the run's end; past bit 63 nothing is left. */
		uint64_t carried = valid + (UINT64_C(1) << first);
		unsigned end = carried ? (unsigned)__builtin_ctzll(carried) : BATCH;

		if (runs->fn(runs->arg, ptex + first, end - first, entries + first))
			return 1;
		valid &= carried;
	}
	return 0;
}

static int memory_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		       struct hpt_error *err)
{
	const struct memory *m = ctx;
	struct hpt_blocks blocks = { m->base, m->v3, m->avx2 };
	struct runs runs = { fn, arg };

	if (m->live)
		return each_live(m, ptex, n, fn, arg, err);
	return hpt_blocks_each(&blocks, ptex, n, block_runs, &runs);
}

static const struct hpt_raw_entry *memory_view(void *ctx, uint64_t ptex, size_t n)
{
	const struct memory *m = ctx;

	(void)n;
	return m->base + ptex;
}

static const struct hpt_table_ops writable_ops = {
	.size = sizeof(writable_ops),
	.read = memory_read,
	.write = memory_write,
	.each = memory_each,
	.view = memory_view,
	.close = free,
};

static const struct hpt_table_ops read_only_ops = {
	.size = sizeof(read_only_ops),
	.read = memory_read,
	.each = memory_each,
	.view = memory_view,
	.close = free,
};

static int check_base(const void *base, unsigned order, struct hpt_error *err)
{
	int ret = hpt_check_order(order, HPT_ORDER_MAX, err);

	if (ret)
		return ret;
	if (!base || (uintptr_t)base % HPT_ENTRY_BYTES)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"memory table: base is %#zx, expected a multiple of %d",
				(size_t)(uintptr_t)base, HPT_ENTRY_BYTES);
	if (UINT64_C(1) << order > UINTPTR_MAX - (uintptr_t)base)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"memory table: 2^%u bytes do not fit the address space",
				order);
	return HPT_OK;
}

int hpt_memory_open(void *base, unsigned order, const struct hpt_memory_options *options,
		    struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_table_config config = {
		.size = sizeof(config),
		.backend = "memory",
		.order = order,
		.flags = HPT_TABLE_CONCURRENT,
	};
	struct hpt_memory_options o;
	struct memory *m;
	bool read_only;
	int ret = hpt_memory_options_in(&o, options, err);

	if (!ret)
		ret = check_base(base, order, err);
	if (ret)
		return ret;
	m = malloc(sizeof(*m));
	if (!m)
		return hpt_fail(err, HPT_ERR_MEMORY, "memory table: out of memory");
	*m = (struct memory){ .base = base,
			      .live = o.flags & HPT_MEMORY_LIVE,
			      .v3 = o.flags & HPT_MEMORY_V3,
			      .avx2 = hpt_have_avx2() };
	config.form = m->v3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC;
	if (m->live)
		config.flags |= HPT_TABLE_LIVE;
	read_only = o.flags & HPT_MEMORY_READ_ONLY;
	ret = hpt_table_open(read_only ? &read_only_ops : &writable_ops, m, &config, out, err);
	if (ret) {
		free(m);
		return ret;
	}
	hpt_table_set_base(*out, base, m->avx2);
	if (!read_only)
		hpt_table_set_in_place(*out);
	return HPT_OK;
}
