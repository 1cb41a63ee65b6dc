/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a page allows, and what the CPU meets when it does not. Power ISA 2.07 Book III-S
 * 5.7.9 (storage protection), 6.5.3 to 6.5.6 and 6.5.17, 6.5.18 (interrupts).
 */

#include "rights.h"

/* Loads (1) and stores (2) that pp allows, for pp 0 to 7; what is undefined allows nothing. */
#define PP_ALLOWS_KEY0 UINT32_C(0x01001333)
#define PP_ALLOWS_KEY1 UINT32_C(0x00001310)

/* A row of the table, from its number. N and G are denials as they stand. */
#define PP_OF(i) (((i) >> 4 << 2) | ((i)&HPT_R_PP))
#define PP_ALLOWS(bit, i) (((bit) ? PP_ALLOWS_KEY1 : PP_ALLOWS_KEY0) >> (4 * PP_OF(i)) & 3)
#define NO_LOAD(bit, i) (~PP_ALLOWS(bit, i) & 1)
#define NO_STORE(bit, i) (~PP_ALLOWS(bit, i) >> 1 & 1)
/* To fetch needs the right to load, by pp. */
#define NO_FETCH(bit, i) (NO_LOAD(bit, i) | ((i) & (HPT_R_NO_EXECUTE | HPT_R_G)))
#define RIGHTS(bit, i)                                                                   \
	{                                                                                \
		.pp = PP_OF(i),                                                          \
		.allowed = PP_ALLOWS(bit, i) | (NO_FETCH(bit, i) ? 0 : HPT_ALLOW_FETCH), \
		.denied = { NO_LOAD(bit, i), NO_STORE(bit, i), NO_FETCH(bit, i) },       \
	}
#define RIGHTS_4(bit, i) \
	RIGHTS(bit, i), RIGHTS(bit, (i) + 1), RIGHTS(bit, (i) + 2), RIGHTS(bit, (i) + 3)
#define RIGHTS_16(bit, i)                                                 \
	RIGHTS_4(bit, i), RIGHTS_4(bit, (i) + 4), RIGHTS_4(bit, (i) + 8), \
		RIGHTS_4(bit, (i) + 12)

_Static_assert(HPT_DENY_PP == 1 && HPT_R_NO_EXECUTE == HPT_DENY_N &&
		       HPT_R_G == HPT_DENY_GUARDED,
	       "bits");

const struct hpt_page_rights hpt_page_rights[2][32] = {
	{ RIGHTS_16(0, 0), RIGHTS_16(0, 16) },
	{ RIGHTS_16(1, 0), RIGHTS_16(1, 16) },
};

void hpt_protection_of(const struct hpt_cpu *cpu, const struct hpt_translation *x,
		       struct hpt_protection *out)
{
	struct hpt_keys keys = hpt_keys_of(cpu, x->segment.vsid, x->mode, x->access);
	struct hpt_rights rights = hpt_rights_of(&keys, x->entry.r, x->access);
	const struct hpt_page_rights *page = hpt_page_rights_of(&keys, x->entry.r);

	*out = (struct hpt_protection){
		.key_bit = keys.key_bit,
		.amr_bits = rights.amr_bits,
		.iamr_bits = rights.iamr_bits,
		.pp_allows = page->allowed & (HPT_ALLOW_READ | HPT_ALLOW_WRITE),
		.allowed = rights.allowed,
		.denied = rights.denied,
	};
	/* By pp alone what may be loaded may be fetched. */
	if (out->pp_allows & HPT_ALLOW_READ)
		out->pp_allows |= HPT_ALLOW_FETCH;
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

void hpt_walk_denied(const struct hpt_cpu *cpu, uint32_t flags, struct hpt_translation *x)
{
	if (!(flags & HPT_XLATE_DEBUG))
		hpt_walk_fault(cpu, x, outcome_of(x->denied), x->denied);
}

void hpt_walk_protect(const struct hpt_walk_env *env, struct hpt_translation *x)
{
	struct hpt_keys keys = hpt_keys_of(env->cpu, x->segment.vsid, x->mode, x->access);
	struct hpt_rights rights = hpt_rights_of(&keys, x->entry.r, x->access);

	x->pp = rights.pp;
	x->key = rights.key;
	x->wimg = rights.wimg;
	x->page_ra = hpt_entry_ra(x->entry, x->page_shift);
	x->ra = x->page_ra | (x->ea & hpt_low_bits(x->page_shift));
	x->has |= HPT_HAS_RA;
	x->allowed = rights.allowed;
	x->denied = rights.denied;
	if (x->denied)
		hpt_walk_denied(env->cpu, env->flags, x);
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
