/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The search of a page's groups: in place where the table has a view, else by one read.
 */

#include "internal.h"

/* Doubleword 0 of the entry that is looked for, and the bits that count. */
struct wanted {
	uint64_t v;      /* value */
	uint64_t v_mask; /* of it */
	uint64_t v_be;   /* both again, as words in memory */
	uint64_t mask_be;
	uint64_t r3; /* ISA 3.0 form: B in doubleword 1 */
};

/* In the ISA 3.0 form or the classic one. */
static struct wanted wanted_of(const struct hpt_walk *w, bool secondary, bool v3)
{
	uint64_t v = hpt_va_avpn(&w->x.va, w->base->shift) | HPT_V_VALID |
		     (secondary ? HPT_V_SECONDARY : 0);
	struct wanted want = { .v = v, .v_mask = HPT_COMPARED };

	if (v3) {
		/*
		 * A virtual page number too large for this form keeps its bits outside the
		 * mask, so that nothing matches, as nothing could map it.
		 */
		want.r3 = v >> HPT_V_B_SHIFT << HPT_V3_R_B_SHIFT;
		want.v = v & ~HPT_V_B;
		want.v_mask = HPT_COMPARED_V3;
	}
	want.v_be = hpt_be64_make(want.v).raw_be;
	want.mask_be = hpt_be64_make(want.v_mask).raw_be;
	return want;
}

uint64_t hpt_walk_group(const struct hpt_walk_env *env, const struct hpt_walk *w,
			bool secondary)
{
	return hpt_hash_pteg(w->x.hash, env->order, secondary) * HPT_PTEG_ENTRIES;
}

/* An entry has the right words: it counts if its page size is legal here. */
static bool take_entry(const struct hpt_walk_env *env, struct hpt_walk *w, uint64_t ptex,
		       struct hpt_entry entry, bool secondary)
{
	struct hpt_translation *x = &w->x;
	struct hpt_page page;

	if (hpt_entry_page_in(env->cpu->sizes, entry, w->base->shift, &page, NULL))
		return false;
	x->entry = entry;
	x->ptex = ptex;
	x->secondary = secondary;
	x->page_shift = page.actual_shift;
	x->has |= HPT_HAS_ENTRY;
	return true;
}

enum live {
	LIVE_STABLE,  /* both words are of one moment */
	LIVE_OTHER,   /* it is not the entry that is looked for */
	LIVE_CHANGES, /* it changed at each reading */
};

/* Doubleword 0, 1 and both again, as hpt/memory.h says. */
static enum live read_live(const struct hpt_raw_entry *raw, const struct wanted *want,
			   struct hpt_raw_entry *out)
{
	for (int i = 0; i < HPT_MMU_ATTEMPTS; i++) {
		uint64_t v = __atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE), r;

		if ((v & want->mask_be) != want->v_be)
			return LIVE_OTHER;
		r = __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_ACQUIRE);
		out->v_be.raw_be = v;
		out->r_be.raw_be = r;
		if (__atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE) == v &&
		    __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_RELAXED) == r)
			return LIVE_STABLE;
	}
	return LIVE_CHANGES;
}

/* Doubleword 0 of @raw has matched: does the rest? */
static bool take_raw(const struct hpt_walk_env *env, struct hpt_walk *w, uint64_t ptex,
		     const struct hpt_raw_entry *raw, const struct wanted *want,
		     bool secondary)
{
	struct hpt_entry entry;

	hpt_entries_from_bytes(raw, 1, &entry);
	if (env->v3) {
		if ((entry.r & HPT_V3_R_B) != want->r3)
			return false;
		entry = hpt_entry_from_v3(entry);
	}
	return take_entry(env, w, ptex, entry, secondary);
}

static int search_live(const struct hpt_walk_env *env, struct hpt_walk *w, uint64_t ptex,
		       const struct hpt_raw_entry *raw, bool secondary, bool *found,
		       struct hpt_error *err)
{
	struct wanted want = wanted_of(w, secondary, env->v3);

	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
		struct hpt_raw_entry copy;
		enum live live = read_live(raw + i, &want, &copy);

		if (live == LIVE_CHANGES)
			return hpt_fail_ptex(
				err, HPT_ERR_UNSTABLE, ptex + i,
				"entry %#llx changed at each of %d attempts to read "
				"it",
				ULL(ptex + i), HPT_MMU_ATTEMPTS);
		if (live == LIVE_OTHER || !take_raw(env, w, ptex + i, &copy, &want, secondary))
			continue;
		w->raw = raw + i;
		w->r_be = copy.r_be;
		*found = true;
		break;
	}
	return HPT_OK;
}

static void search_view(const struct hpt_walk_env *env, struct hpt_walk *w, uint64_t ptex,
			const struct hpt_raw_entry *raw, bool secondary, bool *found)
{
	struct wanted want = wanted_of(w, secondary, env->v3);

	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
		if ((raw[i].v_be.raw_be & want.mask_be) != want.v_be ||
		    !take_raw(env, w, ptex + i, raw + i, &want, secondary))
			continue;
		w->raw = raw + i;
		w->r_be = raw[i].r_be;
		*found = true;
		break;
	}
}

static int search_copy(const struct hpt_walk_env *env, struct hpt_walk *w, uint64_t ptex,
		       bool secondary, bool *found, struct hpt_error *err)
{
	struct wanted want = wanted_of(w, secondary, false);
	struct hpt_entry entries[HPT_PTEG_ENTRIES];
	int ret = hpt_table_read(env->table, ptex, HPT_PTEG_ENTRIES, entries, err);

	for (unsigned i = 0; !ret && !*found && i < HPT_PTEG_ENTRIES; i++)
		if ((entries[i].v & want.v_mask) == want.v)
			*found = take_entry(env, w, ptex + i, entries[i], secondary);
	return ret;
}

static int search_group(const struct hpt_walk_env *env, struct hpt_walk *w, bool secondary,
			bool *found, struct hpt_error *err)
{
	uint64_t ptex = hpt_walk_group(env, w, secondary);
	const struct hpt_raw_entry *raw = hpt_table_view(env->table, ptex, HPT_PTEG_ENTRIES);

	if (!raw)
		return search_copy(env, w, ptex, secondary, found, err);
	if (env->live)
		return search_live(env, w, ptex, raw, secondary, found, err);
	search_view(env, w, ptex, raw, secondary, found);
	return HPT_OK;
}

static int no_table(const struct hpt_walk *w, struct hpt_error *err)
{
	return hpt_fail_address(
		err, HPT_ERR_ARGUMENT, w->x.ea,
		"address %#llx: its way leads through a table, and there is none",
		ULL(w->x.ea));
}

int hpt_walk_search(const struct hpt_walk_env *env, struct hpt_walk *w, bool *found,
		    struct hpt_error *err)
{
	int ret;

	*found = false;
	if (!env->table)
		return no_table(w, err);
	ret = search_group(env, w, false, found, err);
	if (!ret && !*found && !hpt_lpcr_has(env->cpu, HPT_LPCR_TC))
		ret = search_group(env, w, true, found, err);
	return ret;
}

/* A group is 128 bytes, aligned: one line on Power, two on most others. */
static void prefetch_group(const struct hpt_walk_env *env, const struct hpt_walk *w,
			   bool secondary)
{
	const struct hpt_raw_entry *raw = hpt_table_view(
		env->table, hpt_walk_group(env, w, secondary), HPT_PTEG_ENTRIES);

	if (raw) {
		__builtin_prefetch(raw);
		__builtin_prefetch(raw + HPT_PTEG_ENTRIES / 2);
	}
}

void hpt_walk_prefetch(const struct hpt_walk_env *env, const struct hpt_walk *w)
{
	if (!w->search || !env->table)
		return;
	prefetch_group(env, w, false);
	prefetch_group(env, w, true);
}
