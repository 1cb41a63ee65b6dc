/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MMU_RIGHTS_H
#define HPT_MMU_RIGHTS_H

/*
 * What a page's bits, the segment's key bit and the CPU's AMR and IAMR forbid. Power ISA 2.07
 * Book III-S 5.7.9 (storage protection). Without a branch, since it is done for each address.
 */

#include "internal.h"

/* What of the CPU and the segment counts. */
struct hpt_keys {
	uint64_t amr;  /* 0 where keys are not known, or not looked at */
	uint64_t iamr; /* likewise */
	uint8_t key_bit;
	uint8_t segment_n; /* HPT_DENY_SEGMENT_N, or 0 */
};

struct hpt_rights {
	uint8_t pp, key, wimg;
	uint8_t pp_allows; /* loads and stores, by pp alone */
	uint8_t amr_bits, iamr_bits;
	uint8_t denied[HPT_ACCESS_FETCH + 1]; /* by access: HPT_DENY_* */
	uint8_t allowed;                      /* HPT_ALLOW_* */
};

/* AMR's two bits of a key are these denials as they stand. */
#define AMR_NO_LOADS 1u
#define AMR_NO_STORES HPT_DENY_KEY
#define IAMR_NO_FETCHES 1u
/* And so are N and G of doubleword 1. */
#define DENIES_AS_IT_STANDS (HPT_R_NO_EXECUTE | HPT_R_G)
_Static_assert(HPT_R_NO_EXECUTE == HPT_DENY_N && HPT_R_G == HPT_DENY_GUARDED, "bits");

/* Loads (1) and stores (2) that pp allows, for pp 0 to 7; what is undefined allows nothing. */
#define PP_ALLOWS_KEY0 UINT32_C(0x01001333)
#define PP_ALLOWS_KEY1 UINT32_C(0x00001310)

static inline struct hpt_rights hpt_rights_of(const struct hpt_keys *keys, uint64_t r)
{
	uint32_t pp = (uint32_t)((r & HPT_R_PP0) >> 61 | (r & HPT_R_PP));
	uint32_t key = (uint32_t)((r & HPT_R_KEY_HIGH) >> 57 | (r & HPT_R_KEY_LOW) >> 9);
	uint32_t allows = (keys->key_bit ? PP_ALLOWS_KEY1 : PP_ALLOWS_KEY0) >> (4 * pp) & 3;
	uint32_t amr = (uint32_t)(keys->amr >> (62 - 2 * key)) & 3;
	uint32_t iamr = (uint32_t)(keys->iamr >> (62 - 2 * key)) & 3;
	uint32_t no_load = ~allows & HPT_DENY_PP;
	uint32_t read = no_load | (amr & AMR_NO_LOADS) * HPT_DENY_KEY;
	uint32_t write = (~allows >> 1 & HPT_DENY_PP) | (amr & AMR_NO_STORES);
	/* To fetch needs the right to load, by pp. */
	uint32_t fetch = no_load | (iamr & IAMR_NO_FETCHES) * HPT_DENY_KEY |
			 (uint32_t)(r & DENIES_AS_IT_STANDS) | keys->segment_n;

	return (struct hpt_rights){
		.pp = (uint8_t)pp,
		.key = (uint8_t)key,
		.wimg = (uint8_t)((r & HPT_R_WIMG) >> 3),
		.pp_allows = (uint8_t)allows,
		.amr_bits = (uint8_t)amr,
		.iamr_bits = (uint8_t)iamr,
		.denied = { (uint8_t)read, (uint8_t)write, (uint8_t)fetch },
		.allowed = (uint8_t)(!read * HPT_ALLOW_READ | !write * HPT_ALLOW_WRITE |
				     !fetch * HPT_ALLOW_FETCH),
	};
}

/* The VRMA's made-up segment has key bits of 0, and AMR is not consulted in real mode. */
static inline struct hpt_keys hpt_keys_of(const struct hpt_cpu *cpu, uint64_t segment_vsid,
					  enum hpt_mode mode)
{
	uint64_t bit = cpu->msr & HPT_MSR_PR ? HPT_SLB_KP : HPT_SLB_KS;
	bool looked_at = mode == HPT_MODE_SEGMENT;

	return (struct hpt_keys){
		.amr = looked_at && hpt_has_keys(cpu) ? cpu->amr : 0,
		.iamr = looked_at && hpt_has_fetch_keys(cpu) ? cpu->iamr : 0,
		.key_bit = segment_vsid & bit ? 1 : 0,
		.segment_n = segment_vsid & HPT_SLB_N ? HPT_DENY_SEGMENT_N : 0,
	};
}

#endif /* HPT_MMU_RIGHTS_H */
