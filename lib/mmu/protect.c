/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a page allows, and what the CPU meets when it does not. Power ISA 2.07 Book III-S
 * 5.7.9 (storage protection), 6.5.3 to 6.5.6 and 6.5.17, 6.5.18 (interrupts).
 */

#include "internal.h"

#define RO HPT_ALLOW_READ
#define RW (HPT_ALLOW_READ | HPT_ALLOW_WRITE)

/* By key bit and pp; what the ISA leaves undefined allows nothing. */
static const uint8_t pp_table[2][8] = {
	{ RW, RW, RW, RO, 0, 0, RO, 0 },
	{ 0, RO, RW, RO, 0, 0, 0, 0 },
};

/* The two bits of a storage key in AMR or IAMR. */
static uint8_t key_bits(uint64_t mask, unsigned key)
{
	return (uint8_t)(mask >> (62 - 2 * key) & 3);
}

#define AMR_NO_LOADS 1u
#define AMR_NO_STORES 2u
#define IAMR_NO_FETCHES 1u

/* The VRMA's made-up segment has key bits of 0, and AMR is not consulted in real mode. */
static void read_keys(const struct hpt_cpu *cpu, const struct hpt_translation *x,
		      struct hpt_protection *p)
{
	uint64_t bit = cpu->msr & HPT_MSR_PR ? HPT_SLB_KP : HPT_SLB_KS;

	p->key_bit = x->segment.vsid & bit ? 1 : 0;
	if (x->mode != HPT_MODE_SEGMENT)
		return;
	if (hpt_has_keys(cpu))
		p->amr_bits = key_bits(cpu->amr, x->key);
	if (hpt_has_fetch_keys(cpu))
		p->iamr_bits = key_bits(cpu->iamr, x->key);
}

static uint8_t denials_of_fetch(const struct hpt_translation *x)
{
	uint8_t denied = 0;

	if (x->segment.vsid & HPT_SLB_N)
		denied |= HPT_DENY_SEGMENT_N;
	if (x->entry.r & HPT_R_NO_EXECUTE)
		denied |= HPT_DENY_N;
	if (x->entry.r & HPT_R_G)
		denied |= HPT_DENY_GUARDED;
	return denied;
}

static uint8_t unless(unsigned allowed, unsigned denial)
{
	return (uint8_t)(allowed ? 0 : denial);
}

/* Everything that forbids one access; 0: nothing. To fetch needs the right to read, by pp. */
static uint8_t denials(const struct hpt_translation *x, const struct hpt_protection *p,
		       enum hpt_access access)
{
	switch (access) {
	case HPT_ACCESS_READ:
		return unless(p->pp_allows & HPT_ALLOW_READ, HPT_DENY_PP) |
		       unless(!(p->amr_bits & AMR_NO_LOADS), HPT_DENY_KEY);
	case HPT_ACCESS_WRITE:
		return unless(p->pp_allows & HPT_ALLOW_WRITE, HPT_DENY_PP) |
		       unless(!(p->amr_bits & AMR_NO_STORES), HPT_DENY_KEY);
	case HPT_ACCESS_FETCH:
		break;
	}
	return denials_of_fetch(x) | unless(p->pp_allows & HPT_ALLOW_READ, HPT_DENY_PP) |
	       unless(!(p->iamr_bits & IAMR_NO_FETCHES), HPT_DENY_KEY);
}

void hpt_protection_of(const struct hpt_cpu *cpu, const struct hpt_translation *x,
		       struct hpt_protection *out)
{
	struct hpt_protection p = { 0 };

	read_keys(cpu, x, &p);
	p.pp_allows = pp_table[p.key_bit][x->pp & 7];
	if (!denials(x, &p, HPT_ACCESS_READ))
		p.allowed |= HPT_ALLOW_READ;
	if (!denials(x, &p, HPT_ACCESS_WRITE))
		p.allowed |= HPT_ALLOW_WRITE;
	if (!denials(x, &p, HPT_ACCESS_FETCH))
		p.allowed |= HPT_ALLOW_FETCH;
	p.denied = denials(x, &p, x->access);
	if (p.pp_allows & HPT_ALLOW_READ)
		p.pp_allows |= HPT_ALLOW_FETCH;
	*out = p;
}

static enum hpt_outcome outcome_of(uint8_t denied)
{
	if (denied & (HPT_DENY_N | HPT_DENY_SEGMENT_N))
		return HPT_OUTCOME_NO_EXECUTE;
	if (denied & HPT_DENY_GUARDED)
		return HPT_OUTCOME_GUARDED;
	if (denied & HPT_DENY_PP)
		return HPT_OUTCOME_PROTECTION;
	return denied ? HPT_OUTCOME_KEY : HPT_OUTCOME_MAPPED;
}

void hpt_walk_protect(const struct hpt_walk_env *env, struct hpt_walk *w)
{
	struct hpt_translation *x = &w->x;
	uint64_t in_page = hpt_low_bits(x->page_shift);
	struct hpt_protection p;
	struct hpt_fields fields;
	enum hpt_outcome outcome;

	hpt_entry_split(x->entry, &fields);
	x->pp = fields.pp;
	x->key = fields.key;
	x->wimg = fields.wimg;
	x->page_ra = hpt_entry_ra(x->entry, x->page_shift);
	x->ra = x->page_ra | (x->ea & in_page);
	x->has |= HPT_HAS_RA;
	hpt_protection_of(env->cpu, x, &p);
	x->allowed = p.allowed;
	x->denied = p.denied;
	outcome = outcome_of(p.denied);
	if (outcome != HPT_OUTCOME_MAPPED && !(env->flags & HPT_XLATE_DEBUG))
		hpt_walk_fault(env->cpu, x, outcome, p.denied);
}

/* Do storage faults of this walk go to the hypervisor? */
static bool to_hypervisor(const struct hpt_cpu *cpu, const struct hpt_translation *x)
{
	if (cpu->platform != HPT_PLATFORM_BARE || cpu->msr & HPT_MSR_HV)
		return false;
	if (x->mode == HPT_MODE_SEGMENT)
		return hpt_lpcr_has(cpu, HPT_LPCR_VPM1);
	return x->mode == HPT_MODE_REAL_VRMA;
}

static uint32_t dsisr_of(const struct hpt_translation *x)
{
	uint32_t dsisr = x->access == HPT_ACCESS_WRITE ? HPT_DSISR_STORE : 0;

	if (x->outcome == HPT_OUTCOME_NO_ENTRY)
		return dsisr | HPT_DSISR_NO_ENTRY;
	if (x->outcome == HPT_OUTCOME_REAL_LIMIT || x->denied & HPT_DENY_PP)
		dsisr |= HPT_DSISR_PROTECTION;
	if (x->denied & HPT_DENY_KEY)
		dsisr |= HPT_DSISR_KEY;
	return dsisr;
}

#define DENY_EXECUTION (HPT_DENY_N | HPT_DENY_GUARDED | HPT_DENY_SEGMENT_N)

static uint64_t srr1_of(const struct hpt_translation *x)
{
	uint64_t srr1 = 0;

	if (x->outcome == HPT_OUTCOME_NO_ENTRY)
		return HPT_SRR1_NO_ENTRY;
	if (x->denied & DENY_EXECUTION)
		srr1 = HPT_SRR1_NO_EXECUTE;
	else if (x->outcome == HPT_OUTCOME_REAL_LIMIT || x->denied & HPT_DENY_PP)
		srr1 = HPT_SRR1_PROTECTION;
	if (x->denied & HPT_DENY_KEY)
		srr1 |= HPT_SRR1_KEY;
	return srr1;
}

static void set_dar(struct hpt_translation *x)
{
	if (x->access == HPT_ACCESS_FETCH)
		return;
	x->dar = x->ea;
	x->has |= HPT_HAS_DAR;
}

static void storage_interrupt(const struct hpt_cpu *cpu, struct hpt_translation *x)
{
	bool hypervisor = to_hypervisor(cpu, x);

	set_dar(x);
	if (x->access == HPT_ACCESS_FETCH) {
		x->interrupt = hypervisor ? 0xE20 : 0x400;
		x->srr1 = srr1_of(x);
		x->has |= HPT_HAS_SRR1;
	} else {
		x->interrupt = hypervisor ? 0xE00 : 0x300;
		x->dsisr = dsisr_of(x);
		x->has |= HPT_HAS_DSISR;
	}
	if (hypervisor && cpu->isa >= HPT_ISA_3_0) {
		x->asdr = x->segment.vsid;
		x->has |= HPT_HAS_ASDR;
	}
}

void hpt_walk_fault(const struct hpt_cpu *cpu, struct hpt_translation *x,
		    enum hpt_outcome outcome, uint8_t denied)
{
	x->outcome = outcome;
	x->denied = denied;
	switch (outcome) {
	case HPT_OUTCOME_MAPPED:
	case HPT_OUTCOME_BAD_SEGMENT:
		break;
	case HPT_OUTCOME_NO_SEGMENT:
		x->interrupt = x->access == HPT_ACCESS_FETCH ? 0x480 : 0x380;
		x->has |= x->access == HPT_ACCESS_FETCH ? HPT_HAS_SRR1 : 0;
		set_dar(x);
		break;
	case HPT_OUTCOME_SEGMENTS:
	case HPT_OUTCOME_BAD_VRMA:
		x->interrupt = 0x200;
		set_dar(x);
		break;
	case HPT_OUTCOME_NO_ENTRY:
	case HPT_OUTCOME_PROTECTION:
	case HPT_OUTCOME_KEY:
	case HPT_OUTCOME_NO_EXECUTE:
	case HPT_OUTCOME_GUARDED:
	case HPT_OUTCOME_REAL_LIMIT:
		storage_interrupt(cpu, x);
		break;
	}
}
