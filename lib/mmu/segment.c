/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * From the effective address to the virtual one: which way it goes (translation, or one of
 * the four forms of real mode), and its segment.
 */

#include "internal.h"

const struct hpt_base_size *hpt_base_of(const struct hpt_page_sizes *sizes, uint64_t llp)
{
	for (uint32_t i = 0; i < sizes->n; i++)
		if (sizes->base[i].slb_enc == (llp & HPT_SLB_LLP))
			return &sizes->base[i];
	return NULL;
}

const struct hpt_base_size *hpt_base_of_shift(const struct hpt_page_sizes *sizes,
					      unsigned shift)
{
	for (uint32_t i = 0; i < sizes->n; i++)
		if (sizes->base[i].shift == shift)
			return &sizes->base[i];
	return NULL;
}

void hpt_walk_set_base(struct hpt_walk *w, const struct hpt_base_size *base)
{
	w->base = base;
	w->x.base_shift = (uint8_t)base->shift;
	w->x.hash = hpt_va_hash(&w->x.va, base->shift);
}

/* The segment is known: what follows from its words. */
static void take_segment(struct hpt_walk *w, const struct hpt_slb_entry *entry,
			 const struct hpt_base_size *base)
{
	struct hpt_translation *x = &w->x;
	unsigned shift = hpt_slb_shift(entry->vsid);

	x->segment = *entry;
	x->va.segment_shift = (uint8_t)shift;
	x->va.vsid = (entry->vsid & HPT_SLB_VSID) >> (shift == SEGMENT_1T ? 24 : 12);
	x->va.offset = x->ea & hpt_low_bits(shift);
	x->has |= HPT_HAS_SEGMENT;
	hpt_walk_set_base(w, base);
	w->search = true;
}

/* The first base page size that fits a segment, for those that will be tried. */
static const struct hpt_base_size *base_of_linux(const struct hpt_cpu *cpu,
						 const struct hpt_linux_segment *s)
{
	unsigned shift = s->base_shift;

	return shift ? hpt_base_of_shift(cpu->sizes, shift) : &cpu->sizes->base[0];
}

static void linux_segment(const struct hpt_cpu *cpu, struct hpt_walk *w)
{
	struct hpt_linux_segment s;
	const struct hpt_base_size *base;

	if (!cpu->linux_rule || !hpt_linux_find(cpu->linux_rule, w->x.ea, &s)) {
		hpt_walk_fault(cpu, &w->x, HPT_OUTCOME_NO_SEGMENT, 0);
		return;
	}
	base = base_of_linux(cpu, &s);
	s.entry.vsid |= base->slb_enc;
	w->linux_segment = true;
	w->any_base = !s.base_shift;
	take_segment(w, &s.entry, base);
}

/* Slot of the first entry that matches, or slb_n; whether there is another. */
static uint32_t search_slb(const struct hpt_cpu *cpu, uint64_t ea, bool *several)
{
	uint32_t first = cpu->slb_n;

	*several = false;
	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		/* What differs above a 1T segment is enough for most. */
		if ((cpu->slb[i].esid ^ ea) >> SEGMENT_1T ||
		    hpt_slb_match(cpu, &cpu->slb[i], ea) != HPT_SEGMENT_MATCH)
			continue;
		if (first < cpu->slb_n) {
			*several = true;
			break;
		}
		first = i;
	}
	return first;
}

static void slb_segment(const struct hpt_walk_env *env, struct hpt_walk *w)
{
	const struct hpt_cpu *cpu = env->cpu;
	const struct hpt_base_size *base;
	bool several;
	uint32_t slot = search_slb(cpu, w->x.ea, &several);
	uint64_t llp;

	if (slot == cpu->slb_n) {
		linux_segment(cpu, w);
		return;
	}
	w->x.slb_slot = slot;
	w->x.has |= HPT_HAS_SLB_SLOT;
	if (several && !(env->flags & HPT_XLATE_DEBUG)) {
		hpt_walk_fault(cpu, &w->x, HPT_OUTCOME_SEGMENTS, 0);
		return;
	}
	/* ISL mode: as if L and LP were 0. */
	llp = hpt_lpcr_has(cpu, HPT_LPCR_ISL) ? 0 : cpu->slb[slot].vsid;
	base = hpt_base_of(cpu->sizes, llp);
	if (!base || base->shift >= hpt_slb_shift(cpu->slb[slot].vsid)) {
		hpt_walk_fault(cpu, &w->x, HPT_OUTCOME_BAD_SEGMENT, 0);
		return;
	}
	take_segment(w, &cpu->slb[slot], base);
}

/* A fetch from a segment without execution faults before the table is looked at. */
static void check_segment_n(const struct hpt_walk_env *env, struct hpt_walk *w)
{
	if (!w->search || w->x.access != HPT_ACCESS_FETCH || env->flags & HPT_XLATE_DEBUG ||
	    !(w->x.segment.vsid & HPT_SLB_N))
		return;
	w->search = false;
	hpt_walk_fault(env->cpu, &w->x, HPT_OUTCOME_NO_EXECUTE, HPT_DENY_SEGMENT_N);
}

/* The four highest bits of an address are no part of it in real mode. */
#define REAL_BITS UINT64_C(0x0FFFFFFFFFFFFFFF)
#define EA_HIGHEST (UINT64_C(1) << 63)

static void real_address(struct hpt_translation *x, uint64_t ra)
{
	x->ra = ra;
	x->page_ra = ra;
	x->allowed = HPT_ALLOW_READ | HPT_ALLOW_WRITE | HPT_ALLOW_FETCH;
	x->has |= HPT_HAS_RA;
}

/* What LPCR[RMLS] says, in bytes. */
static uint64_t real_limit(const struct hpt_cpu *cpu)
{
	static const uint8_t shifts[16] = { 38, 34, 30, 26, 28, 0, 0, 27, 25 };
	unsigned shift = shifts[(cpu->lpcr & HPT_LPCR_RMLS) >> 26];

	return shift ? UINT64_C(1) << shift : 0;
}

static void real_by_offset(const struct hpt_cpu *cpu, struct hpt_translation *x)
{
	uint64_t ra = x->ea & REAL_BITS;

	if (ra < real_limit(cpu))
		real_address(x, ra | cpu->rmor);
	else
		hpt_walk_fault(cpu, x, HPT_OUTCOME_REAL_LIMIT, 0);
}

/* B is 1T; the VSID is fixed. Power ISA 2.07 Book III-S 5.7.3.3. */
#define VRMA_VSID UINT64_C(0x4001FFFFFF000000)
#define VRMASD_SHIFT 47
#define PATE0_PS_SHIFT 5 /* L and LP, three bits together */

static uint64_t vrma_llp(const struct hpt_cpu *cpu)
{
	uint64_t ps = cpu->pate0 >> PATE0_PS_SHIFT & 7;

	if (cpu->isa >= HPT_ISA_3_0)
		return (ps & 4) << 6 | (ps & 3) << 4;
	return (cpu->lpcr & HPT_LPCR_VRMASD) >> VRMASD_SHIFT << 4 & HPT_SLB_LLP;
}

static void real_by_vrma(const struct hpt_cpu *cpu, struct hpt_walk *w)
{
	uint64_t llp = vrma_llp(cpu);
	const struct hpt_base_size *base = hpt_base_of(cpu->sizes, llp);
	const struct hpt_slb_entry made_up = { HPT_SLB_VALID, VRMA_VSID | llp };

	if (base)
		take_segment(w, &made_up, base);
	else
		hpt_walk_fault(cpu, &w->x, HPT_OUTCOME_BAD_VRMA, 0);
}

static enum hpt_mode real_mode_of(const struct hpt_cpu *cpu)
{
	if (cpu->platform == HPT_PLATFORM_PSERIES)
		return HPT_MODE_REAL_GUEST;
	if (cpu->platform == HPT_PLATFORM_NO_HV || cpu->msr & HPT_MSR_HV)
		return HPT_MODE_REAL_HYPERVISOR;
	if (cpu->isa >= HPT_ISA_3_0 || hpt_lpcr_has(cpu, HPT_LPCR_VPM0))
		return HPT_MODE_REAL_VRMA;
	return HPT_MODE_REAL_OFFSET;
}

static bool is_translated(const struct hpt_walk_env *env, enum hpt_access access)
{
	uint64_t bit = access == HPT_ACCESS_FETCH ? HPT_MSR_IR : HPT_MSR_DR;

	if (env->flags & (HPT_XLATE_ON | HPT_XLATE_REAL))
		return env->flags & HPT_XLATE_ON;
	return env->cpu->msr & bit;
}

void hpt_walk_begin(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		    struct hpt_walk *w)
{
	const struct hpt_cpu *cpu = env->cpu;
	struct hpt_translation *x = &w->x;

	*w = (struct hpt_walk){ .x = { .size = sizeof(*x), .access = access, .ea = ea } };
	if (!(cpu->msr & HPT_MSR_SF) && !(env->flags & HPT_XLATE_DEBUG))
		x->ea = (uint32_t)ea;
	x->mode = is_translated(env, access) ? HPT_MODE_SEGMENT : real_mode_of(cpu);
	switch (x->mode) {
	case HPT_MODE_SEGMENT:
		slb_segment(env, w);
		check_segment_n(env, w);
		break;
	case HPT_MODE_REAL_GUEST:
		real_address(x, x->ea & REAL_BITS);
		break;
	case HPT_MODE_REAL_HYPERVISOR:
		real_address(x, (x->ea & REAL_BITS) | (x->ea & EA_HIGHEST ? 0 : cpu->hrmor));
		break;
	case HPT_MODE_REAL_VRMA:
		real_by_vrma(cpu, w);
		break;
	case HPT_MODE_REAL_OFFSET:
		real_by_offset(cpu, x);
		break;
	}
}
