/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The handle: checks ranges, then lets the backend work.
 */

#include <stdlib.h>

#include "../core/internal.h"
#include "internal.h"

struct hpt_table {
	struct hpt_table_facts facts;         /* see internal.h */
	const struct hpt_table_ops *identity; /* as given, to know our own backends by */
	struct hpt_table_ops ops;             /* what of it this library knows */
	void *ctx;
	const char *backend;
	uint64_t entries;
	bool in_place; /* see internal.h */
};

_Static_assert(offsetof(struct hpt_table, facts) == 0, "hpt_table_facts()");

#define ULL(x) ((unsigned long long)(x))
#define CONFIG_FLAGS (HPT_TABLE_CONCURRENT | HPT_TABLE_LIVE)
/* Entries on the stack where a backend has no way of its own. */
#define BATCH 256

static int check_config(const struct hpt_table_config *c, struct hpt_error *err)
{
	if (!c->backend)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "table: the backend has no name");
	if (c->flags & ~CONFIG_FLAGS)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "table: flags are %#x, expected of %#x",
				c->flags, CONFIG_FLAGS);
	if (c->form != HPT_FORM_CLASSIC && c->form != HPT_FORM_V3)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "table: form is %d, expected 0 or 1",
				(int)c->form);
	return hpt_check_order(c->order, HPT_ORDER_MAX, err);
}

static uint32_t result_flags(const struct hpt_table_ops *ops, uint32_t flags)
{
	if (ops->write)
		flags |= HPT_TABLE_WRITABLE;
	if (ops->view)
		flags |= HPT_TABLE_VIEW;
	if (ops->next_change)
		flags |= HPT_TABLE_CHANGES;
	return flags;
}

int hpt_table_open(const struct hpt_table_ops *ops, void *ctx,
		   const struct hpt_table_config *config, struct hpt_table **out,
		   struct hpt_error *err)
{
	struct hpt_table_config c;
	struct hpt_table_ops o;
	struct hpt_table *table;
	int ret;

	if (!ops || !config || !out)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "table: NULL");
	ret = hpt_options_in(&c, sizeof(c), sizeof(c), config, "hpt_table_config", err);
	if (!ret)
		ret = check_config(&c, err);
	if (!ret)
		ret = hpt_options_in(&o, sizeof(o), sizeof(o), ops, "hpt_table_ops", err);
	if (ret)
		return ret;
	if (!o.read)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_table_ops: no read");
	table = malloc(sizeof(*table));
	if (!table)
		return hpt_fail(err, HPT_ERR_MEMORY, "table: out of memory");
	*table = (struct hpt_table){
		.identity = ops, .ops = o, .ctx = ctx, .backend = c.backend,
		.entries = UINT64_C(1) << (c.order - HPT_ENTRY_SHIFT),
		.facts = { .order = c.order, .flags = result_flags(&o, c.flags),
			   .form = c.form },
	};
	*out = table;
	return HPT_OK;
}

void hpt_table_close(struct hpt_table *table)
{
	if (!table)
		return;
	if (table->ops.close)
		table->ops.close(table->ctx);
	free(table);
}

void *hpt_table_context(const struct hpt_table *table, const struct hpt_table_ops *ops)
{
	return table && table->identity == ops ? table->ctx : NULL;
}

void hpt_table_set_in_place(struct hpt_table *table)
{
	table->in_place = true;
}

bool hpt_table_in_place(const struct hpt_table *table)
{
	return table->in_place;
}

void hpt_table_set_base(struct hpt_table *table, const struct hpt_raw_entry *base, bool avx2)
{
	struct hpt_table_facts *facts = &table->facts;

	facts->base = base;
	facts->avx2 = avx2;
	if (!(facts->flags & HPT_TABLE_LIVE) && facts->form == HPT_FORM_CLASSIC)
		facts->quick = base;
	facts->group_mask = (UINT64_C(1) << facts->order) - (UINT64_C(1) << HPT_PTEG_SHIFT);
}

int hpt_table_info(const struct hpt_table *table, struct hpt_table_info *info,
		   struct hpt_error *err)
{
	const struct hpt_table_info found = {
		.size = sizeof(found), .backend = table->backend, .entries = table->entries,
		.order = table->facts.order, .flags = table->facts.flags, .form = table->facts.form,
	};

	return hpt_result_out(info, sizeof(found), &found, sizeof(found), "hpt_table_info", err);
}

unsigned hpt_table_order(const struct hpt_table *table)
{
	return table->facts.order;
}

uint64_t hpt_table_entries(const struct hpt_table *table)
{
	return table->entries;
}

static int check_range(const struct hpt_table *table, uint64_t ptex, uint64_t n,
		       struct hpt_error *err)
{
	if (ptex <= table->entries && n <= table->entries - ptex)
		return HPT_OK;
	return hpt_fail_ptex(err, HPT_ERR_RANGE, ptex,
			     "%llu entries from index %#llx do not lie in the table, which has "
			     "%#llx slots (order %u)", ULL(n), ULL(ptex), ULL(table->entries),
			     table->facts.order);
}

static int check_writable(const struct hpt_table *table, struct hpt_error *err)
{
	if (table->ops.write)
		return HPT_OK;
	return hpt_fail(err, HPT_ERR_READ_ONLY, "this %s table cannot be written",
			table->backend);
}

/*
 * Backends are promised an error to fill. A caller without one gets this one instead.
 */
struct quiet {
	struct hpt_error own;
};

static struct hpt_error *or_own(struct hpt_error *err, struct quiet *q)
{
	return err ? err : &q->own;
}

int hpt_table_read(const struct hpt_table *table, uint64_t ptex, size_t n,
		   struct hpt_entry *out, struct hpt_error *err)
{
	struct quiet q;
	int ret = check_range(table, ptex, n, err);

	if (ret || !n)
		return ret;
	return table->ops.read(table->ctx, ptex, n, out, or_own(err, &q));
}

int hpt_table_write(struct hpt_table *table, uint64_t ptex, size_t n,
		    const struct hpt_entry *in, struct hpt_error *err)
{
	struct quiet q;
	int ret = check_writable(table, err);

	if (!ret)
		ret = check_range(table, ptex, n, err);
	if (ret || !n)
		return ret;
	return table->ops.write(table->ctx, ptex, n, in, or_own(err, &q));
}

static int clear_by_writing(struct hpt_table *table, uint64_t ptex, uint64_t n,
			    struct hpt_error *err)
{
	static const struct hpt_entry nothing[BATCH];
	int ret = HPT_OK;

	while (n && !ret) {
		size_t part = n < BATCH ? (size_t)n : BATCH;

		ret = table->ops.write(table->ctx, ptex, part, nothing, err);
		ptex += part;
		n -= part;
	}
	return ret;
}

int hpt_table_clear(struct hpt_table *table, uint64_t ptex, uint64_t n,
		    struct hpt_error *err)
{
	struct quiet q;
	int ret = check_writable(table, err);

	if (!ret)
		ret = check_range(table, ptex, n, err);
	if (ret || !n)
		return ret;
	if (table->ops.clear)
		return table->ops.clear(table->ctx, ptex, n, or_own(err, &q));
	return clear_by_writing(table, ptex, n, or_own(err, &q));
}

/* Give @fn the runs of valid entries among @n at @entries. */
static int give_runs(uint64_t ptex, size_t n, const struct hpt_entry *entries,
		     hpt_each_fn *fn, void *arg)
{
	size_t i = 0;

	while (i < n) {
		size_t first;

		while (i < n && !(entries[i].v & HPT_V_VALID))
			i++;
		first = i;
		while (i < n && entries[i].v & HPT_V_VALID)
			i++;
		if (i > first && fn(arg, ptex + first, i - first, entries + first))
			return HPT_ERR_STOPPED;
	}
	return HPT_OK;
}

static int each_by_reading(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			   hpt_each_fn *fn, void *arg, struct hpt_error *err)
{
	struct hpt_entry entries[BATCH];
	int ret = HPT_OK;

	while (n && !ret) {
		size_t part = n < BATCH ? (size_t)n : BATCH;

		ret = table->ops.read(table->ctx, ptex, part, entries, err);
		if (!ret)
			ret = give_runs(ptex, part, entries, fn, arg);
		ptex += part;
		n -= part;
	}
	return ret;
}

int hpt_each_range(const struct hpt_table *table, uint64_t ptex, uint64_t *n,
		   struct hpt_error *err)
{
	if (*n == UINT64_MAX && ptex <= table->entries)
		*n = table->entries - ptex;
	return check_range(table, ptex, *n, err);
}

int hpt_each_stopped(struct hpt_error *err)
{
	return hpt_fail(err, HPT_ERR_STOPPED, "the iteration was stopped by its callback");
}

int hpt_table_each(const struct hpt_table *table, uint64_t ptex, uint64_t n,
		   hpt_each_fn *fn, void *arg, struct hpt_error *err)
{
	struct quiet q;
	int ret = hpt_each_range(table, ptex, &n, err);

	if (ret || !n)
		return ret;
	if (table->ops.each)
		ret = table->ops.each(table->ctx, ptex, n, fn, arg, or_own(err, &q));
	else
		ret = each_by_reading(table, ptex, n, fn, arg, or_own(err, &q));
	return ret == HPT_ERR_STOPPED ? hpt_each_stopped(err) : ret;
}

bool hpt_has_own_blocks(const struct hpt_table *table)
{
	return table->ops.each_block;
}

int hpt_own_blocks_each(const struct hpt_table *table, uint64_t ptex, uint64_t n,
			hpt_block_fn *fn, void *arg, struct hpt_error *err)
{
	struct quiet q;

	return table->ops.each_block(table->ctx, ptex, n, fn, arg, or_own(err, &q));
}

const struct hpt_raw_entry *hpt_table_view(const struct hpt_table *table, uint64_t ptex,
					   size_t n)
{
	uint64_t in_group = ptex % HPT_PTEG_ENTRIES;

	if (!table->ops.view || ptex >= table->entries || !n || n > HPT_PTEG_ENTRIES - in_group)
		return NULL;
	return table->ops.view(table->ctx, ptex, n);
}

int hpt_table_next_change(struct hpt_table *table, struct hpt_change *change,
			  struct hpt_entry *out, size_t max, struct hpt_error *err)
{
	struct quiet q;

	if (!table->ops.next_change)
		return hpt_fail(err, HPT_ERR_UNSUPPORTED,
				"a %s table keeps no record of changes", table->backend);
	if (!change || !out || !max)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "next change: NULL, or no room");
	return table->ops.next_change(table->ctx, change, out, max, or_own(err, &q));
}

struct copy {
	struct hpt_table *to;
	uint64_t done;          /* every slot below is equal */
	int ret;                /* of the write that failed */
	struct hpt_error fault; /* why; the iteration's own error is only "stopped" */
};

static int copy_failed(struct copy *c, int ret)
{
	c->ret = ret;
	/* Slots up to the one that the backend names are done. */
	if (c->fault.has & HPT_ERROR_HAS_PTEX && c->fault.ptex > c->done)
		c->done = c->fault.ptex;
	return ret;
}

/* Make the slots from what is done up to @ptex invalid. */
static int copy_gap(struct copy *c, uint64_t ptex)
{
	int ret = hpt_table_clear(c->to, c->done, ptex - c->done, &c->fault);

	if (ret)
		return copy_failed(c, ret);
	c->done = ptex;
	return HPT_OK;
}

static int copy_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct copy *c = arg;
	int ret = copy_gap(c, ptex);

	if (ret)
		return ret;
	ret = hpt_table_write(c->to, ptex, n, entries, &c->fault);
	if (ret)
		return copy_failed(c, ret);
	c->done = ptex + n;
	return HPT_OK;
}

int hpt_table_copy(struct hpt_table *to, const struct hpt_table *from, uint64_t *done,
		   struct hpt_error *err)
{
	struct copy c = { .to = to };
	int ret = check_writable(to, err);

	if (!ret && to->facts.order != from->facts.order)
		ret = hpt_fail(err, HPT_ERR_ORDER,
			       "copy: a table of order %u cannot be made equal to one of order %u",
			       to->facts.order, from->facts.order);
	if (!ret)
		ret = hpt_table_each(from, 0, UINT64_MAX, copy_run, &c, err);
	if (!ret)
		ret = copy_gap(&c, to->entries);
	if (c.ret) {
		ret = c.ret;
		if (err)
			*err = c.fault;
	}
	if (done)
		*done = c.done;
	return ret;
}
