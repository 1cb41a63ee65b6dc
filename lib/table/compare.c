/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Two tables slot by slot. The valid entries of one are taken a batch at a time, and those of
 * the other walked over the same slots: neither is held, and empty slots cost nothing.
 */

#include "../core/internal.h"
#include "internal.h"

/* Entries of the first table on the stack. */
#define BATCH 256

struct compare {
	const struct hpt_table *after;
	struct hpt_compare_options o;
	hpt_compare_fn *fn;
	void *arg;
	uint64_t begin; /* every slot below is done */
	size_t n, at;   /* of the batch: how many, and the first that is not done */
	bool stopped;
	int ret;                /* of walking the second table */
	struct hpt_error fault; /* why; the first walk's own error is only "stopped" */
	uint64_t ptex[BATCH];
	struct hpt_entry before[BATCH];
};

static const struct hpt_entry nothing;

static int tell(struct compare *c, uint64_t ptex, struct hpt_entry before,
		struct hpt_entry after)
{
	c->stopped = c->fn(c->arg, ptex, before, after) != 0;
	return c->stopped;
}

static bool same(const struct compare *c, struct hpt_entry a, struct hpt_entry b)
{
	return !((a.v ^ b.v) & ~c->o.ignore.v) && !((a.r ^ b.r) & ~c->o.ignore.r);
}

/* The batch's entries below @ptex have none beside them. */
static int tell_removed(struct compare *c, uint64_t ptex)
{
	for (; c->at < c->n && c->ptex[c->at] < ptex; c->at++)
		if (tell(c, c->ptex[c->at], c->before[c->at], nothing))
			return 1;
	return 0;
}

static int compare_one(struct compare *c, uint64_t ptex, struct hpt_entry after)
{
	struct hpt_entry before = nothing;

	if (tell_removed(c, ptex))
		return 1;
	if (c->at < c->n && c->ptex[c->at] == ptex) {
		before = c->before[c->at++];
		if (same(c, before, after))
			return 0;
	}
	return tell(c, ptex, before, after);
}

static int compare_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	for (size_t i = 0; i < n; i++)
		if (compare_one(arg, ptex + i, entries[i]))
			return 1;
	return 0;
}

/* Compare the batch, which has all that there is in the slots up to @end. */
static int compare_batch(struct compare *c, uint64_t end)
{
	c->at = 0;
	c->ret = hpt_table_each(c->after, c->begin, end - c->begin, compare_run, c, &c->fault);
	if (c->ret || tell_removed(c, end))
		return 1;
	c->begin = end;
	c->n = 0;
	return 0;
}

static int collect_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct compare *c = arg;

	for (size_t i = 0; i < n; i++) {
		c->ptex[c->n] = ptex + i;
		c->before[c->n++] = entries[i];
		if (c->n == BATCH && compare_batch(c, ptex + i + 1))
			return 1;
	}
	return 0;
}

static int check_options(const struct hpt_compare_options *given,
			 const struct hpt_table *before, struct compare *c,
			 struct hpt_error *err)
{
	int ret = hpt_options_in(&c->o, sizeof(c->o), sizeof(c->o), given,
				 "hpt_compare_options", err);

	if (!ret && c->o.ignore.v & HPT_V_VALID)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT,
			       "compare: V cannot be among the bits that do not count");
	if (!ret && hpt_table_order(before) != hpt_table_order(c->after))
		ret = hpt_fail(
			err, HPT_ERR_ORDER,
			"compare: tables of order %u and order %u have no slots in common",
			hpt_table_order(before), hpt_table_order(c->after));
	c->o.ignore.v |= HPT_V_HYPERVISOR;
	return ret;
}

int hpt_table_compare(const struct hpt_table *before, const struct hpt_table *after,
		      const struct hpt_compare_options *options, hpt_compare_fn *fn, void *arg,
		      struct hpt_error *err)
{
	struct compare c;
	int ret;

	if (!before || !after || !fn)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "compare: NULL");
	c.after = after;
	c.fn = fn;
	c.arg = arg;
	c.begin = c.n = c.at = 0;
	c.stopped = false;
	c.ret = HPT_OK;
	ret = check_options(options, before, &c, err);
	if (ret)
		return ret;
	ret = hpt_table_each(before, 0, UINT64_MAX, collect_run, &c, err);
	if (!ret && compare_batch(&c, hpt_table_entries(before)))
		ret = HPT_ERR_STOPPED;
	if (c.stopped)
		return hpt_fail(err, HPT_ERR_STOPPED,
				"the comparison was stopped by its callback");
	if (c.ret) {
		ret = c.ret;
		if (err)
			*err = c.fault;
	}
	return ret;
}
