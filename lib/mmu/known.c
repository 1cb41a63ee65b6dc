/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk's tables. */

#include "known.h"

#include "rights.h"

/* Whatever stands in the two bits between L and LP. */
#define BASE(name, shift, lp)                                         \
	[HPT_ENCODING_##name] = HPT_KNOWN_BASE(shift, shift, lp),     \
	[HPT_ENCODING_##name | 4] = HPT_KNOWN_BASE(shift, shift, lp), \
	[HPT_ENCODING_##name | 8] = HPT_KNOWN_BASE(shift, shift, lp), \
	[HPT_ENCODING_##name | 12] = HPT_KNOWN_BASE(shift, shift, lp)

const struct hpt_known_base hpt_known_bases[HPT_ENCODINGS] = {
	BASE(4K, 12, 0x0),  BASE(64K, 16, 0x1), BASE(1M, 20, 0x2),
	BASE(16M, 24, 0x0), BASE(16G, 34, 0x3),
};

/* WIMG of a byte @i, and with pp0 the index of hpt_page_rights. */
#define WIMG(i) ((i) >> 3 & 15)
#define PAGE(pp0, i) (((i)&15) | (pp0) << 4)
/* What the segment's N takes away. */
#define ALLOWED(n, bit, page) (HPT_PAGE_ALLOWS(bit, page) & ((n) ? ~HPT_ALLOW_FETCH : ~0u))
#define DENIED(access, n, bit, page)                                       \
	(((access) == HPT_ACCESS_READ    ? HPT_PAGE_NO_LOAD(bit, page)     \
	  : (access) == HPT_ACCESS_WRITE ? HPT_PAGE_NO_STORE(bit, page)    \
					 : HPT_PAGE_NO_FETCH(bit, page)) | \
	 ((access) == HPT_ACCESS_FETCH && (n) ? HPT_DENY_SEGMENT_N : 0))
#define TAIL(access, n, bit, pp0, i)                                        \
	HPT_TAIL(PP, HPT_PAGE_PP(PAGE(pp0, i))) | HPT_TAIL(WIMG, WIMG(i)) | \
		HPT_TAIL(ALLOWED, ALLOWED(n, bit, PAGE(pp0, i))) |          \
		HPT_TAIL(DENIED, DENIED(access, n, bit, PAGE(pp0, i)))
#define TAIL_4(a, n, bit, pp0, i)                               \
	TAIL(a, n, bit, pp0, i), TAIL(a, n, bit, pp0, (i) + 1), \
		TAIL(a, n, bit, pp0, (i) + 2), TAIL(a, n, bit, pp0, (i) + 3)
#define TAIL_16(a, n, bit, pp0, i)                                  \
	TAIL_4(a, n, bit, pp0, i), TAIL_4(a, n, bit, pp0, (i) + 4), \
		TAIL_4(a, n, bit, pp0, (i) + 8), TAIL_4(a, n, bit, pp0, (i) + 12)
#define TAIL_64(a, n, bit, pp0, i)                                     \
	TAIL_16(a, n, bit, pp0, i), TAIL_16(a, n, bit, pp0, (i) + 16), \
		TAIL_16(a, n, bit, pp0, (i) + 32), TAIL_16(a, n, bit, pp0, (i) + 48)
#define TAIL_256(a, n, bit, pp0)                                                    \
	{                                                                           \
		TAIL_64(a, n, bit, pp0, 0), TAIL_64(a, n, bit, pp0, 64),            \
			TAIL_64(a, n, bit, pp0, 128), TAIL_64(a, n, bit, pp0, 192), \
	}
#define BY_PP0(a, n, bit)                                      \
	{                                                      \
		TAIL_256(a, n, bit, 0), TAIL_256(a, n, bit, 1) \
	}
#define BY_KEY_BIT(a, n)                         \
	{                                        \
		BY_PP0(a, n, 0), BY_PP0(a, n, 1) \
	}
#define BY_N(a)                                    \
	{                                          \
		BY_KEY_BIT(a, 0), BY_KEY_BIT(a, 1) \
	}

const uint64_t hpt_known_tails[HPT_ACCESS_FETCH + 1][2][2][2][256] = {
	BY_N(HPT_ACCESS_READ),
	BY_N(HPT_ACCESS_WRITE),
	BY_N(HPT_ACCESS_FETCH),
};

#define SLB_WORD (HPT_ESID_1T | HPT_SLB_VALID)
const uint64_t hpt_quick_slb_mask[4]
	__attribute__((aligned(32))) = { SLB_WORD, SLB_WORD, SLB_WORD, SLB_WORD };

#define GROUP_WORD HPT_WORD_BE(HPT_COMPARED)
const uint64_t hpt_quick_group_mask[2]
	__attribute__((aligned(16))) = { GROUP_WORD, GROUP_WORD };
