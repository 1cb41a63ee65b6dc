/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MMU_RIGHTS_H
#define HPT_MMU_RIGHTS_H

/*
 * What a page's bits, the segment's key bit and the CPU's AMR and IAMR forbid. Power ISA 2.07
 * Book III-S 5.7.9 (storage protection). Without a branch, since it is done for each address.
 */

#include "internal.h"

/* What of the CPU and the segment counts, for one kind of access. */
struct hpt_keys {
	uint64_t amr;  /* 0 where keys are not known, or not looked at */
	uint64_t iamr; /* likewise */
	uint8_t key_bit;
	uint8_t segment_allows; /* HPT_ALLOW_*, by the segment's N alone */
	uint8_t segment_denies; /* HPT_DENY_SEGMENT_N to a fetch, or 0 */
};

/* In the order of struct hpt_translation, so that they are copied at once. */
struct hpt_rights {
	uint8_t pp, key, wimg;
	uint8_t allowed; /* HPT_ALLOW_* */
	uint8_t denied;  /* HPT_DENY_* */
	uint8_t amr_bits, iamr_bits;
};

/* What pp, N and G of doubleword 1 say, with the key bit. */
struct hpt_page_rights {
	uint8_t pp;
	uint8_t allowed;                      /* HPT_ALLOW_* */
	uint8_t denied[HPT_ACCESS_FETCH + 1]; /* by access: HPT_DENY_* */
};

/* By the key bit, and by pp0, G, N and the rest of pp in that order. */
extern const struct hpt_page_rights hpt_page_rights[2][32];

static inline const struct hpt_page_rights *hpt_page_rights_of(const struct hpt_keys *keys,
							       uint64_t r)
{
	uint64_t low = r & (HPT_R_PP | HPT_R_NO_EXECUTE | HPT_R_G);

	return &hpt_page_rights[keys->key_bit][low | (r & HPT_R_PP0) >> 59];
}

/* The storage key that doubleword 1 has in two places. */
static inline unsigned hpt_key_of(uint64_t r)
{
	return (unsigned)((r & HPT_R_KEY_HIGH) >> 57 | (r & HPT_R_KEY_LOW) >> 9);
}

static inline struct hpt_rights hpt_rights_of(const struct hpt_keys *keys, uint64_t r,
					      enum hpt_access access)
{
	const struct hpt_page_rights *page = hpt_page_rights_of(keys, r);
	uint32_t key = hpt_key_of(r), amr = 0, iamr = 0, by_key;

	/* Most CPUs have neither. */
	if (keys->amr | keys->iamr) {
		amr = (uint32_t)(keys->amr >> (62 - 2 * key)) & 3;
		iamr = (uint32_t)(keys->iamr >> (62 - 2 * key)) & 3;
	}
	/* AMR's two bits, for loads and stores, and the lower of IAMR's: as HPT_ALLOW_*. */
	by_key = amr | (iamr & 1) << 2;
	return (struct hpt_rights){
		.pp = page->pp,
		.key = (uint8_t)key,
		.wimg = (uint8_t)((r & HPT_R_WIMG) >> 3),
		.amr_bits = (uint8_t)amr,
		.iamr_bits = (uint8_t)iamr,
		.allowed = (uint8_t)(page->allowed & keys->segment_allows & ~by_key),
		.denied = (uint8_t)(page->denied[access] | keys->segment_denies |
				    (by_key >> access & 1) * HPT_DENY_KEY),
	};
}

/* The VRMA's made-up segment has key bits of 0, and AMR is not consulted in real mode. */
static inline struct hpt_keys hpt_keys_of(const struct hpt_cpu *cpu, uint64_t segment_vsid,
					  enum hpt_mode mode, enum hpt_access access)
{
	uint64_t bit = cpu->msr & HPT_MSR_PR ? HPT_SLB_KP : HPT_SLB_KS;
	bool looked_at = mode == HPT_MODE_SEGMENT, n = segment_vsid & HPT_SLB_N;
	bool key_bit = segment_vsid & bit;

	return (struct hpt_keys){
		.amr = looked_at && hpt_has_keys(cpu) ? cpu->amr : 0,
		.iamr = looked_at && hpt_has_fetch_keys(cpu) ? cpu->iamr : 0,
		.key_bit = key_bit,
		.segment_allows = HPT_ALLOW_READ | HPT_ALLOW_WRITE | (n ? 0 : HPT_ALLOW_FETCH),
		.segment_denies = n && access == HPT_ACCESS_FETCH ? HPT_DENY_SEGMENT_N : 0,
	};
}

#endif /* HPT_MMU_RIGHTS_H */
