/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A walk, told: what hpt_translate() finds, and beside it everything that it passed over.
 */

#include "internal.h"

static void tell_segments(const struct hpt_cpu *cpu, uint64_t ea, struct hpt_explanation *e)
{
	bool matched = false;

	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		struct hpt_segment_step *step = &e->segment[i];
		const struct hpt_base_size *base = hpt_base_of(cpu->sizes, cpu->slb[i].vsid);

		step->entry = cpu->slb[i];
		step->reason = hpt_slb_match(cpu, &cpu->slb[i], ea);
		step->segment_shift = (uint8_t)hpt_slb_shift(cpu->slb[i].vsid);
		step->base_shift = base ? (uint8_t)base->shift : 0;
		if (step->reason != HPT_SEGMENT_MATCH)
			continue;
		if (matched)
			step->reason = HPT_SEGMENT_DUPLICATE;
		matched = true;
	}
	e->n_segments = cpu->slb_n;
}

/* Field by field, in the order in which a reader would compare. */
static enum hpt_slot_reason slot_reason(const struct hpt_walk_env *env,
					const struct hpt_walk *w, bool secondary,
					struct hpt_slot_step *step)
{
	uint64_t different = step->entry.v ^ hpt_va_avpn(&w->x.va, w->base->shift);
	struct hpt_page page;

	if (!(step->entry.v & HPT_V_VALID))
		return HPT_SLOT_INVALID;
	if (different & HPT_V_B)
		return HPT_SLOT_SEGMENT_SIZE;
	if (different & HPT_V_AVPN)
		return HPT_SLOT_AVPN;
	if (!(step->entry.v & HPT_V_SECONDARY) == secondary)
		return HPT_SLOT_HASH;
	if (hpt_entry_page_in(env->cpu->sizes, step->entry, w->base->shift, &page, NULL))
		return HPT_SLOT_PAGE_SIZE;
	step->page_shift = page.actual_shift;
	return HPT_SLOT_MATCH;
}

static int tell_group(const struct hpt_walk_env *env, const struct hpt_walk *w, bool secondary,
		      bool *matched, struct hpt_explanation *e, struct hpt_error *err)
{
	uint64_t ptex = hpt_walk_group(env, w, secondary);
	struct hpt_entry entries[HPT_PTEG_ENTRIES];
	int ret = hpt_table_read(env->table, ptex, HPT_PTEG_ENTRIES, entries, err);

	if (ret)
		return ret;
	e->pteg_ptex[secondary] = ptex;
	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
		struct hpt_slot_step *step = &e->slot[e->n_slots++];

		*step = (struct hpt_slot_step){ .ptex = ptex + i, .entry = entries[i] };
		step->reason = slot_reason(env, w, secondary, step);
		if (step->reason != HPT_SLOT_MATCH)
			continue;
		if (*matched)
			step->reason = HPT_SLOT_DUPLICATE;
		*matched = true;
	}
	return HPT_OK;
}

static int tell_groups(const struct hpt_walk_env *env, const struct hpt_walk *w,
		       struct hpt_explanation *e, struct hpt_error *err)
{
	bool matched = false;
	int ret;

	if (!w->search)
		return HPT_OK;
	e->no_secondary = hpt_lpcr_has(env->cpu, HPT_LPCR_TC);
	ret = tell_group(env, w, false, &matched, e, err);
	if (!ret && !e->no_secondary)
		ret = tell_group(env, w, true, &matched, e, err);
	return ret;
}

static void tell_protection(const struct hpt_cpu *cpu, struct hpt_explanation *e)
{
	struct hpt_protection p;

	if (!(e->translation.has & HPT_HAS_ENTRY))
		return;
	hpt_protection_of(cpu, &e->translation, &p);
	e->key_bit = p.key_bit;
	e->amr_bits = p.amr_bits;
	e->iamr_bits = p.iamr_bits;
	e->pp_allows = p.pp_allows;
}

int hpt_explain(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		enum hpt_access access, uint32_t flags, struct hpt_explanation *out,
		struct hpt_error *err)
{
	struct hpt_explanation e = { .size = sizeof(e) };
	struct hpt_walk_env env;
	struct hpt_walk w;
	int ret = hpt_walk_prepare(&env, cpu, table, access, flags, err);

	if (!ret)
		ret = hpt_check_struct_size(out, sizeof(e), "hpt_explanation", err);
	if (!ret)
		ret = hpt_walk(&env, ea, access, &w, err);
	if (ret)
		return ret;
	e.mode = w.x.mode;
	e.linux_segment = w.linux_segment;
	e.small_pages = w.x.mode == HPT_MODE_SEGMENT && hpt_lpcr_has(cpu, HPT_LPCR_ISL);
	e.translation = w.x;
	if (w.x.mode == HPT_MODE_SEGMENT)
		tell_segments(cpu, w.x.ea, &e);
	ret = tell_groups(&env, &w, &e, err);
	if (ret)
		return ret;
	tell_protection(cpu, &e);
	return hpt_result_out(out, sizeof(e), &e, sizeof(e), "hpt_explanation", err);
}
