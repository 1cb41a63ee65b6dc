/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A table in a guest's RAM, behind a callback.
 */

#include <stdlib.h>

#include <hpt/memory.h>

#include "../core/internal.h"
#include "internal.h"

struct ram {
	struct hpt_memory_ops ops;
	void *ctx;
	uint64_t ra; /* of the table */
	bool v3;
};

#define ATTEMPTS 1000
#define TABLE_ALIGN (UINT64_C(1) << HPT_ORDER_MIN)

static uint64_t ra_of(const struct ram *m, uint64_t ptex)
{
	return m->ra + ptex * HPT_ENTRY_BYTES;
}

/* An error of the callback names an address; say which entry was meant, too. */
static int with_ptex(int ret, uint64_t ptex, struct hpt_error *err)
{
	if (ret && !(err->has & HPT_ERROR_HAS_PTEX))
		hpt_error_set_ptex(err, ptex);
	return ret;
}

static int read_private(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			struct hpt_error *err)
{
	const struct ram *m = ctx;
	int ret = m->ops.read(m->ctx, ra_of(m, ptex), n * HPT_ENTRY_BYTES, out, err);

	if (ret)
		return with_ptex(ret, ptex, err);
	/* In place: an entry's bytes become its words. */
	hpt_entries_take_in(out, n, m->v3, out);
	return HPT_OK;
}

static int read_twice(const struct ram *m, uint64_t ptex, struct hpt_raw_entry *raw,
		      struct hpt_error *err)
{
	struct hpt_raw_entry before;
	int ret = m->ops.read(m->ctx, ra_of(m, ptex), sizeof(*raw), raw, err);

	for (int i = 0; !ret && i < ATTEMPTS; i++) {
		before = *raw;
		ret = m->ops.read(m->ctx, ra_of(m, ptex), sizeof(*raw), raw, err);
		if (!ret && !memcmp(&before, raw, sizeof(*raw)))
			return HPT_OK;
	}
	if (ret)
		return with_ptex(ret, ptex, err);
	return hpt_fail_ptex(err, HPT_ERR_UNSTABLE, ptex,
			     "entry %#llx changed at each of %d attempts to read it",
			     (unsigned long long)ptex, ATTEMPTS);
}

static int read_live_part(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			  struct hpt_error *err)
{
	const struct ram *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct hpt_raw_entry raw;
		int ret = read_twice(m, ptex + i, &raw, err);

		if (ret)
			return ret;
		hpt_entries_take_in(&raw, 1, m->v3, out + i);
	}
	return HPT_OK;
}

static int read_live(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		     struct hpt_error *err)
{
	return hpt_read_whole(read_live_part, ctx, ptex, n, out, err);
}

static int write_private(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
			 struct hpt_error *err)
{
	const struct ram *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct hpt_raw_entry raw;
		int ret = hpt_entry_put_out(in + i, ptex + i, m->v3, &raw, err);

		if (!ret)
			ret = m->ops.write(m->ctx, ra_of(m, ptex + i), sizeof(raw), &raw, err);
		if (ret)
			return with_ptex(ret, ptex + i, err);
	}
	return HPT_OK;
}

/* One entry in an order in which nobody sees V with another entry's words. */
static int write_in_order(const struct ram *m, uint64_t ptex, const struct hpt_raw_entry *raw,
			  struct hpt_error *err)
{
	const struct hpt_be64 no_v = { 0 };
	uint64_t ra = ra_of(m, ptex);
	int ret = m->ops.write(m->ctx, ra, sizeof(no_v), &no_v, err);

	if (!ret)
		ret = m->ops.write(m->ctx, ra + 8, sizeof(raw->r_be), &raw->r_be, err);
	if (!ret)
		ret = m->ops.write(m->ctx, ra, sizeof(raw->v_be), &raw->v_be, err);
	return ret;
}

static int write_live(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		      struct hpt_error *err)
{
	const struct ram *m = ctx;

	for (size_t i = 0; i < n; i++) {
		struct hpt_raw_entry raw;
		int ret = hpt_entry_put_out(in + i, ptex + i, m->v3, &raw, err);

		if (!ret)
			ret = write_in_order(m, ptex + i, &raw, err);
		if (ret)
			return with_ptex(ret, ptex + i, err);
	}
	return HPT_OK;
}

static const struct hpt_raw_entry *ram_view(void *ctx, uint64_t ptex, size_t n)
{
	const struct ram *m = ctx;
	const void *p = NULL;

	if (m->ops.view)
		p = m->ops.view(m->ctx, ra_of(m, ptex), n * HPT_ENTRY_BYTES);
	/* Raw entries are read as whole words: memory that cannot be is no view. */
	return (uintptr_t)p % sizeof(uint64_t) ? NULL : p;
}

#define OPS(name, reader, writer, viewer)                                                     \
	static const struct hpt_table_ops name = {                                            \
		.size = sizeof(name), .read = (reader), .write = (writer), .view = (viewer),  \
		.close = free,                                                                \
	}

OPS(private_ops, read_private, write_private, NULL);
OPS(private_view_ops, read_private, write_private, ram_view);
OPS(private_ro_ops, read_private, NULL, NULL);
OPS(private_ro_view_ops, read_private, NULL, ram_view);
OPS(live_ops, read_live, write_live, NULL);
OPS(live_view_ops, read_live, write_live, ram_view);
OPS(live_ro_ops, read_live, NULL, NULL);
OPS(live_ro_view_ops, read_live, NULL, ram_view);

/* Indexed by live, writable, view. */
static const struct hpt_table_ops *const all_ops[2][2][2] = {
	{ { &private_ro_ops, &private_ro_view_ops }, { &private_ops, &private_view_ops } },
	{ { &live_ro_ops, &live_ro_view_ops }, { &live_ops, &live_view_ops } },
};

static int check_ra(uint64_t ra, unsigned order, struct hpt_error *err)
{
	int ret = hpt_check_order(order, HPT_ORDER_MAX, err);

	if (ret)
		return ret;
	if (ra % TABLE_ALIGN)
		return hpt_fail_address(err, HPT_ERR_ARGUMENT, ra,
					"RAM table: real address is %#llx, expected a multiple "
					"of %#llx", (unsigned long long)ra,
					(unsigned long long)TABLE_ALIGN);
	if (ra + ((UINT64_C(1) << order) - 1) < ra)
		return hpt_fail_address(err, HPT_ERR_ARGUMENT, ra,
					"RAM table: 2^%u bytes from real address %#llx lead "
					"beyond 2^64", order, (unsigned long long)ra);
	return HPT_OK;
}

int hpt_ram_open(const struct hpt_memory_ops *ops, void *ctx, uint64_t ra, unsigned order,
		 const struct hpt_memory_options *options, struct hpt_table **out,
		 struct hpt_error *err)
{
	struct hpt_table_config config = { .size = sizeof(config), .backend = "ram",
					   .order = order };
	struct hpt_memory_options o;
	struct ram *m, given = { .ctx = ctx, .ra = ra };
	bool live, writable;
	int ret;

	if (!ops)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "RAM table: NULL");
	ret = hpt_memory_options_in(&o, options, err);
	if (!ret)
		ret = hpt_options_in(&given.ops, sizeof(given.ops), sizeof(given.ops), ops,
				     "hpt_memory_ops", err);
	if (!ret && !given.ops.read)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_memory_ops: no read");
	if (!ret)
		ret = check_ra(ra, order, err);
	if (ret)
		return ret;
	m = malloc(sizeof(*m));
	if (!m)
		return hpt_fail(err, HPT_ERR_MEMORY, "RAM table: out of memory");
	*m = given;
	m->v3 = o.flags & HPT_MEMORY_V3;
	live = o.flags & HPT_MEMORY_LIVE;
	writable = given.ops.write && !(o.flags & HPT_MEMORY_READ_ONLY);
	config.form = m->v3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC;
	config.flags = HPT_TABLE_CONCURRENT | (live ? HPT_TABLE_LIVE : 0);
	ret = hpt_table_open(all_ops[live][writable][given.ops.view ? 1 : 0], m, &config, out,
			     err);
	if (ret)
		free(m);
	return ret;
}
