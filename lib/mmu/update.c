/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * R and C, set as an access would: the only place of this room that writes.
 */

#include "internal.h"

/* Bits that the access is to set and that are not set yet. */
static uint64_t missing_bits(const struct hpt_translation *x)
{
	uint64_t bits = HPT_R_REFERENCED;

	if (x->outcome != HPT_OUTCOME_MAPPED || !(x->has & HPT_HAS_ENTRY))
		return 0;
	if (x->access == HPT_ACCESS_WRITE)
		bits |= HPT_R_CHANGED;
	return bits & ~x->entry.r;
}

static int check_writable(const struct hpt_table *table, struct hpt_error *err)
{
	struct hpt_table_info info = { .size = sizeof(info) };
	int ret = hpt_table_info(table, &info, err);

	if (!ret && !(info.flags & HPT_TABLE_WRITABLE))
		ret = hpt_fail(err, HPT_ERR_READ_ONLY,
			       "R and C are to be set, and this %s table cannot be written",
			       info.backend);
	return ret;
}

/* One exchange of doubleword 1; false: somebody has changed it since it was read. */
static bool set_in_place(const struct hpt_walk *w, uint64_t bits)
{
	/* The view is of memory that the table may write. */
	uint64_t *word = (uint64_t *)(uintptr_t)&w->raw->r_be.raw_be;
	uint64_t old = w->r_be.raw_be;

	return __atomic_compare_exchange_n(word, &old, old | hpt_be64_make(bits).raw_be, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Sets what is missing; *again: the walk must be gone once more. */
static int set_bits(struct hpt_table *table, struct hpt_walk *w, uint64_t bits, bool *again,
		    struct hpt_error *err)
{
	struct hpt_entry entry = { w->x.entry.v, w->x.entry.r | bits };
	int ret = check_writable(table, err);

	*again = false;
	if (ret)
		return ret;
	if (hpt_table_in_place(table) && w->raw)
		*again = !set_in_place(w, bits);
	else
		ret = hpt_table_write(table, w->x.ptex, 1, &entry, err);
	if (!ret)
		w->x.entry = entry;
	return ret;
}

static int walk_and_set(const struct hpt_walk_env *env, struct hpt_table *table, uint64_t ea,
			enum hpt_access access, struct hpt_walk *w, struct hpt_error *err)
{
	for (int i = 0; i < HPT_MMU_ATTEMPTS; i++) {
		int ret = hpt_walk(env, ea, access, w, err);
		bool again = false;
		uint64_t bits;

		if (ret)
			return ret;
		bits = missing_bits(&w->x);
		if (bits)
			ret = set_bits(table, w, bits, &again, err);
		if (!again)
			return ret;
	}
	return hpt_fail_ptex(err, HPT_ERR_UNSTABLE, w->x.ptex,
			     "entry %#llx changed at each of %d attempts to set R and C",
			     ULL(w->x.ptex), HPT_MMU_ATTEMPTS);
}

int hpt_translate_update(const struct hpt_cpu *cpu, struct hpt_table *table, uint64_t ea,
			 enum hpt_access access, uint32_t flags, struct hpt_translation *out,
			 struct hpt_error *err)
{
	struct hpt_walk_env env;
	struct hpt_walk w;
	int ret;

	if (flags & (HPT_XLATE_DEBUG | HPT_XLATE_ANY))
		return hpt_fail(
			err, HPT_ERR_ARGUMENT,
			"flags are %#x: a look that changes nothing, and R and C to be set",
			flags);
	ret = hpt_walk_prepare(&env, cpu, table, access, flags, err);
	if (!ret)
		ret = hpt_check_struct_size(out, sizeof(*out), "hpt_translation", err);
	if (!ret)
		ret = walk_and_set(&env, table, ea, access, &w, err);
	if (ret)
		return ret;
	return hpt_result_out(out, sizeof(w.x), &w.x, sizeof(w.x), "hpt_translation", err);
}
