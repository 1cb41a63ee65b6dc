/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Random worlds: a CPU in any state, segments that are mostly good, and a table with what
 * they map, almost map, and map twice.
 */

#include "mmu_naive.h"

static bool chance(uint64_t *seed, unsigned one_in)
{
	return unit_random(seed) % one_in == 0;
}

static uint64_t below(uint64_t *seed, uint64_t n)
{
	return unit_random(seed) % n;
}

static void make_registers(struct world *w, uint64_t *seed)
{
	static const uint64_t lpcr_bits[] = { HPT_LPCR_VPM0, HPT_LPCR_VPM1, HPT_LPCR_ISL,
					      HPT_LPCR_TC };
	struct hpt_cpu *cpu = &w->cpu;

	cpu->msr = chance(seed, 12) ? 0 : HPT_MSR_SF;
	cpu->msr |= chance(seed, 3) ? HPT_MSR_HV : 0;
	cpu->msr |= chance(seed, 2) ? HPT_MSR_PR : 0;
	cpu->msr |= chance(seed, w->everyday ? 12 : 4) ? 0 : HPT_MSR_IR;
	cpu->msr |= chance(seed, w->everyday ? 12 : 4) ? 0 : HPT_MSR_DR;
	cpu->lpcr = unit_random(seed) &
		    ~(lpcr_bits[0] | lpcr_bits[1] | lpcr_bits[2] | lpcr_bits[3]);
	for (unsigned i = 0; i < COUNT(lpcr_bits); i++)
		cpu->lpcr |= chance(seed, i < 2 ? 2 : 6) ? lpcr_bits[i] : 0;
	/* Mostly a VRMA of 4K, 64K or 16M pages. */
	if (!chance(seed, 4)) {
		uint64_t llp = below(seed, 3);

		llp = llp == 2 ? 0 : llp == 1 ? 0x10 : 0x11;
		cpu->lpcr = (cpu->lpcr & ~HPT_LPCR_VRMASD) | llp << 47;
		cpu->pate0 = ((llp >> 2 & 4) | (llp & 3)) << 5;
	} else {
		cpu->pate0 = unit_random(seed);
	}
	if (!w->everyday || chance(seed, 10))
		cpu->amr = unit_random(seed) & unit_random(seed) & unit_random(seed);
	if (!w->everyday || chance(seed, 10))
		cpu->iamr = unit_random(seed) & unit_random(seed) & unit_random(seed);
	cpu->rmor = below(seed, 64) << 26;
	cpu->hrmor = below(seed, 64) << 26;
}

/* The bit between C and LP, which says nothing. */
#define SLB_NO_FIELD UINT64_C(0x40)

static uint64_t random_llp(const struct world *w, uint64_t *seed)
{
	const struct hpt_page_sizes *sizes = w->cpu.sizes;

	if (chance(seed, 24))
		return unit_random(seed) & HPT_SLB_LLP;
	return sizes->base[below(seed, sizes->n)].slb_enc;
}

static struct hpt_slb_entry random_segment(const struct world *w, uint64_t *seed)
{
	bool big = w->processor != HPT_CPU_970 ? chance(seed, 2) : chance(seed, 20);
	uint64_t vsid = unit_random(seed) >> below(seed, 40);
	struct hpt_slb_entry e;

	e.esid = unit_random(seed) << (big ? 40 : 28) >> (chance(seed, 2) ? 20 : 0);
	if (!(w->cpu.msr & HPT_MSR_SF) && !chance(seed, 3))
		e.esid = below(seed, 16) << 28;
	e.esid = e.esid >> (big ? 40 : 28) << (big ? 40 : 28);
	e.esid |= HPT_SLB_VALID | (chance(seed, 2) ? below(seed, 64) : 0);
	e.vsid = (big ? vsid << 24 : vsid << 12) & HPT_SLB_VSID;
	e.vsid |= big ? UINT64_C(1) << 62 : 0;
	e.vsid |= random_llp(w, seed) |
		  (unit_random(seed) & (HPT_SLB_KS | HPT_SLB_KP | HPT_SLB_C | SLB_NO_FIELD));
	e.vsid |= chance(seed, 6) ? HPT_SLB_N : 0;
	if (chance(seed, 20))
		e.vsid |= UINT64_C(1) << 63;
	if (chance(seed, 12))
		e.esid &= ~HPT_SLB_VALID;
	return e;
}

static void make_slb(struct world *w, uint64_t *seed)
{
	struct hpt_cpu *cpu = &w->cpu;

	/* All slots are there, and now and then many are in use. */
	cpu->slb_n = (uint32_t)below(seed, chance(seed, 8) ? HPT_SLB_MAX + 1 : 14);
	if (cpu->slb_n < HPT_SLB_MAX && chance(seed, 3))
		cpu->slb[cpu->slb_n] = random_segment(w, seed);
	for (unsigned i = 0; i < cpu->slb_n; i++) {
		cpu->slb[i] = random_segment(w, seed);
		/* Now and then one that another covers. */
		if (i && chance(seed, 30))
			cpu->slb[i].esid = cpu->slb[below(seed, i)].esid;
	}
}

/* A segment in which pages shall be: of the SLB, or the VRMA's. */
static struct hpt_slb_entry pick_segment(const struct world *w, uint64_t *seed)
{
	const struct hpt_cpu *cpu = &w->cpu;
	struct hpt_slb_entry e = { HPT_SLB_VALID, UINT64_C(0x4001FFFFFF000000) };
	uint64_t llp = w->processor >= HPT_CPU_POWER9
			       ? ((cpu->pate0 >> 5 & 4) << 6 | (cpu->pate0 >> 5 & 3) << 4)
			       : (cpu->lpcr & HPT_LPCR_VRMASD) >> 43 & HPT_SLB_LLP;

	/* Or of a slot that is not in use. */
	if (cpu->slb_n < HPT_SLB_MAX && chance(seed, 40))
		return cpu->slb[cpu->slb_n];
	if (cpu->slb_n && !chance(seed, 4))
		return cpu->slb[below(seed, cpu->slb_n)];
	e.vsid |= llp;
	return e;
}

/* An entry for a page of that segment, in one of its groups; wrong now and then. */
static void put_entry(struct world *w, uint64_t *seed, const struct hpt_va *va,
		      const struct hpt_base_size *base)
{
	const struct hpt_page_encoding *enc = &base->actual[below(seed, base->n)];
	bool secondary = chance(seed, 3);
	uint64_t pteg = hpt_hash_pteg(hpt_va_hash(va, base->shift), WORLD_ORDER, secondary);
	uint64_t slot = pteg * 8 + below(seed, 8);
	struct hpt_entry e;

	e.v = hpt_va_avpn(va, base->shift) | HPT_V_VALID | (secondary ? HPT_V_SECONDARY : 0);
	e.v |= unit_random(seed) & (HPT_V_BOLTED | HPT_V_OS_LOCK);
	e.r = unit_random(seed) & ~(HPT_R_NO_EXECUTE | HPT_R_G) &
	      ~UINT64_C(0x0E00000000000000);
	if (w->everyday && !chance(seed, 4))
		e.r &= ~(HPT_R_KEY_HIGH | HPT_R_KEY_LOW);
	e.r |= chance(seed, 4) ? HPT_R_NO_EXECUTE : 0;
	e.r |= chance(seed, 6) ? HPT_R_G : 0;
	if (enc->shift != 12) {
		uint64_t below_page = ((UINT64_C(1) << enc->shift) - 1) & HPT_R_RPN;

		e.v |= HPT_V_LARGE;
		e.r = (e.r & ~below_page) | (uint64_t)enc->lp << 12;
	}
	if (chance(seed, 16))
		e.v ^= UINT64_C(1) << below(seed, 64);
	if (chance(seed, 24))
		e.r ^= UINT64_C(0x1000) << below(seed, 12);
	e.v &= ~HPT_V_HYPERVISOR;
	w->entries[slot] = e;
	w->used[w->n_used++] = (unsigned)slot;
}

static const struct hpt_base_size *base_for(const struct world *w, uint64_t *seed,
					    uint64_t vsid_word)
{
	const struct hpt_page_sizes *sizes = w->cpu.sizes;

	/* LPCR[ISL] makes all of them 4K; so it is for a few, whatever LPCR says. */
	if (w->cpu.lpcr & HPT_LPCR_ISL ? !chance(seed, 6) : chance(seed, 30))
		return &sizes->base[0];
	for (unsigned i = 0; i < sizes->n; i++)
		if (sizes->base[i].slb_enc == (vsid_word & HPT_SLB_LLP))
			return &sizes->base[i];
	return &sizes->base[0];
}

static void make_page(struct world *w, uint64_t *seed)
{
	struct hpt_slb_entry s = pick_segment(w, seed);
	const struct hpt_base_size *base = base_for(w, seed, s.vsid);
	bool big = s.vsid >> 62 & 1;
	unsigned shift = big ? 40 : 28;
	struct hpt_va va = { .segment_shift = (uint8_t)shift };
	uint64_t mask = (UINT64_C(1) << shift) - 1;

	va.vsid = (s.vsid & HPT_SLB_VSID) >> (big ? 24 : 12);
	va.offset = unit_random(seed) & mask;
	/* Entries of pages that are larger than their segment are there, too. */
	if (base->shift >= shift && chance(seed, 2))
		return;
	w->ea[w->n_ea++] = (s.esid >> shift << shift) | va.offset;
	va.offset = va.offset >> base->shift << base->shift;
	put_entry(w, seed, &va, base);
	if (chance(seed, 8))
		put_entry(w, seed, &va, base);
}

void world_twist_sizes(struct world *w, uint64_t *seed)
{
	struct hpt_base_size *base = &w->sizes.base[below(seed, w->sizes.n)];
	struct hpt_base_size *other = &w->sizes.base[below(seed, w->sizes.n)];
	uint32_t enc = base->slb_enc;

	w->cpu.sizes = &w->sizes;
	switch (below(seed, 5)) {
	case 0: /* named otherwise */
		base->slb_enc = other->slb_enc;
		other->slb_enc = enc;
		break;
	case 1: /* encoded otherwise */
		base->actual[0].lp ^= 1;
		break;
	case 2: /* without its own page */
		base->actual[0] = base->actual[base->n - 1];
		break;
	case 3: /* of one size two, with other encodings */
		*base = *other;
		base->slb_enc = enc;
		base->actual[0].lp ^= 1;
		break;
	default: /* without any page */
		base->n = 0;
		break;
	}
}

void world_make(struct world *w, uint64_t *seed)
{
	static const enum hpt_processor processors[] = {
		HPT_CPU_970,    HPT_CPU_POWER6, HPT_CPU_POWER7,  HPT_CPU_POWER8,
		HPT_CPU_POWER8, HPT_CPU_POWER9, HPT_CPU_POWER10, HPT_CPU_POWER5P,
	};

	for (unsigned i = 0; i < w->n_used; i++)
		w->entries[w->used[i]] = (struct hpt_entry){ 0, 0 };
	w->n_used = 0;
	w->n_ea = 0;
	w->processor = processors[below(seed, COUNT(processors))];
	w->cpu.size = sizeof(w->cpu);
	assert_int_equal(
		hpt_cpu_init(&w->cpu, w->processor, (enum hpt_platform)below(seed, 3), NULL),
		0);
	/* Half of them are as most CPUs are, but for this or that. */
	w->everyday = chance(seed, 2);
	/* Page sizes may be the library's, or their like in the caller's memory. */
	w->sizes = *w->cpu.sizes;
	if (chance(seed, 4))
		w->cpu.sizes = &w->sizes;
	make_registers(w, seed);
	make_slb(w, seed);
	for (unsigned i = 0; i < WORLD_PAGES; i++)
		make_page(w, seed);
}

uint64_t world_ea(const struct world *w, uint64_t *seed)
{
	uint64_t ea = w->n_ea ? w->ea[below(seed, w->n_ea)] : 0;

	switch (below(seed, 12)) {
	case 0: /* anywhere */
		return unit_random(seed) >> below(seed, 50);
	case 1: /* a page or so further */
		return ea + (UINT64_C(1) << below(seed, 26));
	case 2: /* another segment, or what real mode ignores */
		return ea ^ UINT64_C(1) << (28 + below(seed, 36));
	case 3: /* another byte of the page */
		return ea ^ below(seed, 4096);
	default:
		return ea;
	}
}

uint32_t world_flags(uint64_t *seed)
{
	static const uint32_t flags[] = {
		0,
		0,
		0,
		0,
		HPT_XLATE_ANY,
		HPT_XLATE_DEBUG,
		HPT_XLATE_DEBUG | HPT_XLATE_ON,
		HPT_XLATE_ON,
		HPT_XLATE_REAL,
		HPT_XLATE_DEBUG | HPT_XLATE_ANY,
		HPT_XLATE_ON | HPT_XLATE_ANY,
		HPT_XLATE_DEBUG | HPT_XLATE_REAL,
	};

	return flags[below(seed, COUNT(flags))];
}

#define SAME(member)                                                                         \
	do {                                                                                 \
		if (found->member != expected->member)                                       \
			fail_msg("%#llx (access %d): " #member " is %#llx, expected %#llx; " \
				 "outcome %s, expected %s",                                  \
				 ULL(expected->ea), (int)expected->access,                   \
				 ULL(found->member), ULL(expected->member),                  \
				 hpt_outcome_name(found->outcome),                           \
				 hpt_outcome_name(expected->outcome));                       \
	} while (0)

void same_translation(const struct hpt_translation *found,
		      const struct hpt_translation *expected)
{
	SAME(outcome);
	SAME(access);
	SAME(mode);
	SAME(has);
	SAME(ea);
	SAME(ra);
	SAME(page_ra);
	SAME(segment.esid);
	SAME(segment.vsid);
	SAME(va.vsid);
	SAME(va.offset);
	SAME(va.segment_shift);
	SAME(hash);
	SAME(ptex);
	SAME(entry.v);
	SAME(entry.r);
	SAME(slb_slot);
	SAME(base_shift);
	SAME(page_shift);
	SAME(secondary);
	SAME(pp);
	SAME(key);
	SAME(wimg);
	SAME(allowed);
	SAME(denied);
	SAME(interrupt);
	SAME(dsisr);
	SAME(srr1);
	SAME(dar);
	SAME(asdr);
}
