/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_MMU_KNOWN_H
#define HPT_MMU_KNOWN_H

/* What the usual walk need not work out for each address. */

#include "internal.h"

/*
 * The eight bytes of an answer from hpt_translation::base_shift to denied, as one word that is
 * written at once.
 */
enum hpt_tail {
	HPT_TAIL_BASE_SHIFT,
	HPT_TAIL_PAGE_SHIFT,
	HPT_TAIL_SECONDARY,
	HPT_TAIL_PP,
	HPT_TAIL_KEY,
	HPT_TAIL_WIMG,
	HPT_TAIL_ALLOWED,
	HPT_TAIL_DENIED,
};

#define HPT_TAIL_AT offsetof(struct hpt_translation, base_shift)
#define HPT_TAIL_HAS(number, member) \
	(offsetof(struct hpt_translation, member) == HPT_TAIL_AT + (number))
_Static_assert(HPT_TAIL_HAS(HPT_TAIL_PAGE_SHIFT, page_shift) &&
		       HPT_TAIL_HAS(HPT_TAIL_SECONDARY, secondary) &&
		       HPT_TAIL_HAS(HPT_TAIL_PP, pp) && HPT_TAIL_HAS(HPT_TAIL_KEY, key) &&
		       HPT_TAIL_HAS(HPT_TAIL_WIMG, wimg) &&
		       HPT_TAIL_HAS(HPT_TAIL_ALLOWED, allowed) &&
		       HPT_TAIL_HAS(HPT_TAIL_DENIED, denied),
	       "the members follow each other");

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HPT_TAIL_SHIFT(number) (8 * (number))
#else
#define HPT_TAIL_SHIFT(number) (56 - 8 * (number))
#endif

/* A byte where it stands in the word. */
#define HPT_TAIL(name, byte) ((uint64_t)(byte) << HPT_TAIL_SHIFT(HPT_TAIL_##name))

/* A base page size, and how an entry says that its page is the first of the base's. */
struct hpt_known_base {
	uint64_t shift;
	uint64_t avpn_mask; /* what of an address's offset goes into AVPN */
	uint64_t page_mask; /* offset in such a page */
	uint64_t rpn_mask;  /* what of doubleword 1 is the page's real address */
	uint64_t tail;      /* both shifts */
	/* L and LP as they lie in memory; the mask has the key as well, which is 0. */
	uint64_t v_be;
	uint64_t r_mask_be, r_be;
};

/* A page of 4K in a segment of 4K needs no LP. */
#define HPT_NEEDS_LP(base_shift, page_shift) ((base_shift) != 12 || (page_shift) != 12)
#define HPT_AVPN_FROM 23
#define HPT_R_KEY (HPT_R_KEY_HIGH | HPT_R_KEY_LOW)

#define HPT_KNOWN_BASE(base_shift, page_shift, lp)                                           \
	{                                                                                    \
		(base_shift),                                                                \
			~HPT_LOW_BITS((base_shift) > HPT_AVPN_FROM ? (base_shift)            \
								   : HPT_AVPN_FROM),         \
			HPT_LOW_BITS(page_shift), HPT_R_RPN & ~HPT_LOW_BITS(page_shift),     \
			HPT_TAIL(BASE_SHIFT, base_shift) | HPT_TAIL(PAGE_SHIFT, page_shift), \
			HPT_NEEDS_LP(base_shift, page_shift) ? HPT_WORD_BE(HPT_V_LARGE) : 0, \
			HPT_WORD_BE(HPT_R_KEY |                                              \
				    (HPT_NEEDS_LP(base_shift, page_shift)                    \
					     ? HPT_LOW_BITS(page_shift) & HPT_R_RPN          \
					     : 0)),                                          \
			HPT_NEEDS_LP(base_shift, page_shift)                                 \
				? HPT_WORD_BE((uint64_t)(lp) << 12)                          \
				: 0,                                                         \
	}

/* 0: an entry says that, and has key 0. */
static inline uint64_t hpt_unlike_base(const struct hpt_known_base *base,
				       const struct hpt_raw_entry *raw)
{
	return ((raw->v_be.raw_be ^ base->v_be) & HPT_WORD_BE(HPT_V_LARGE)) |
	       ((raw->r_be.raw_be & base->r_mask_be) ^ base->r_be);
}

/* Does it say that, whatever its key? */
static inline bool hpt_is_first_page(const struct hpt_known_base *base,
				     const struct hpt_raw_entry *raw)
{
	return !(
		((raw->v_be.raw_be ^ base->v_be) & HPT_WORD_BE(HPT_V_LARGE)) |
		((raw->r_be.raw_be & base->r_mask_be & ~HPT_WORD_BE(HPT_R_KEY)) ^ base->r_be));
}

static inline struct hpt_known_base hpt_known_base_of(uint32_t base_shift, uint32_t page_shift,
						      uint32_t lp)
{
	return (struct hpt_known_base)HPT_KNOWN_BASE(base_shift, page_shift, lp);
}

/* Are a base and the first of its pages those, whatever stands in somebody's numbers? */
static inline bool hpt_is_known_base(const struct hpt_known_base *known, uint32_t base_shift,
				     uint32_t page_shift, uint32_t lp)
{
	return known->shift == base_shift &&
	       known->tail ==
		       (HPT_TAIL(BASE_SHIFT, base_shift) | HPT_TAIL(PAGE_SHIFT, page_shift)) &&
	       (!HPT_NEEDS_LP(base_shift, page_shift) ||
		known->r_be == hpt_word_be((uint64_t)lp << 12));
}

/* By hpt_encoding(): what all sizes of hpt_page_sizes_of() that know it mean by it. */
extern const struct hpt_known_base hpt_known_bases[HPT_ENCODINGS] HPT_HIDDEN;

/*
 * pp, WIMG, allowed and denied in an answer's tail: by the key bit that counts and the access,
 * and of doubleword 1, turned left by one bit, by W, I, M, G, N, pp and, lowest, pp0.
 */
#define HPT_KNOWN_ROWS 256
typedef const uint64_t hpt_tails[HPT_KNOWN_ROWS];
extern hpt_tails hpt_known_tails[2][HPT_ACCESS_FETCH + 1] HPT_HIDDEN;

static inline uint64_t hpt_tail_of(hpt_tails *tails, uint64_t r)
{
	return (*tails)[r % (HPT_KNOWN_ROWS / 2) * 2 + (r >> 63)];
}

/* Those of a segment, whose N they do not know. */
static inline hpt_tails *hpt_known_tails_of(uint64_t msr, uint64_t vsid_word,
					    enum hpt_access access)
{
	/* Kp has to go one bit up to stand where Ks does. */
	unsigned problem = (uint32_t)msr / (uint32_t)HPT_MSR_PR & 1;
	unsigned key_bit = (unsigned)(vsid_word << problem) / HPT_SLB_KS & 1;

	return &hpt_known_tails[key_bit][access];
}
_Static_assert(HPT_SLB_KS == HPT_SLB_KP << 1, "bits");

/* ESID as far as segments of 1T have it. */
#define HPT_ESID_1T (UINT64_MAX << SEGMENT_1T)

/*
 * What is compared of SLB entries and of a group's, as vectors have it. Not where the compiler
 * sees the words, for it would make them anew each time.
 */
extern const uint64_t hpt_quick_slb_mask[4] HPT_HIDDEN;
extern const uint64_t hpt_quick_group_mask[4] HPT_HIDDEN;

#endif /* HPT_MMU_KNOWN_H */
