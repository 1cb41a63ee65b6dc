/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The usual walk's tables. */

#include "known.h"

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

/*
 * A page of @pp that allows @a: loads (1), stores (2); @ng are its N and G, which are denials as
 * they stand. To fetch needs the right to load.
 */
#define DENIED(access, ng, a)                            \
	((access) == HPT_ACCESS_READ    ? 1 - ((a)&1)    \
	 : (access) == HPT_ACCESS_WRITE ? 1 - ((a) >> 1) \
					: (1 - ((a)&1)) | (ng))
/* @miw: its M, I and W. */
#define ROW(access, pp, miw, ng, a)                                                          \
	HPT_TAIL(PP, pp) | HPT_TAIL(ALLOWED, (a) | ((a)&1 && !(ng) ? HPT_ALLOW_FETCH : 0)) | \
		HPT_TAIL(WIMG, (miw)*2 | (ng) >> 3) | HPT_TAIL(DENIED, DENIED(access, ng, a))
#define ROWS_2(access, pp, miw, ng, low, high) \
	ROW(access, pp, miw, ng, low), ROW(access, (pp) + 4, miw, ng, high)
#define ROWS_8(access, miw, ng, a0, a1, a2, a3, a4, a5, a6, a7)                 \
	ROWS_2(access, 0, miw, ng, a0, a4), ROWS_2(access, 1, miw, ng, a1, a5), \
		ROWS_2(access, 2, miw, ng, a2, a6), ROWS_2(access, 3, miw, ng, a3, a7)
#define ROWS_32(access, miw, ...)                                                 \
	ROWS_8(access, miw, 0, __VA_ARGS__), ROWS_8(access, miw, 4, __VA_ARGS__), \
		ROWS_8(access, miw, 8, __VA_ARGS__), ROWS_8(access, miw, 12, __VA_ARGS__)
#define ROWS_128(access, miw, ...)                                                  \
	ROWS_32(access, miw, __VA_ARGS__), ROWS_32(access, (miw) + 1, __VA_ARGS__), \
		ROWS_32(access, (miw) + 2, __VA_ARGS__),                            \
		ROWS_32(access, (miw) + 3, __VA_ARGS__)
#define ROWS_256(access, ...)                                                      \
	{                                                                          \
		ROWS_128(access, 0, __VA_ARGS__), ROWS_128(access, 4, __VA_ARGS__) \
	}
/* By pp, 0 to 7; what is undefined allows nothing. */
#define ROWS(...)                                                \
	{                                                        \
		ROWS_256(HPT_ACCESS_READ, __VA_ARGS__),          \
			ROWS_256(HPT_ACCESS_WRITE, __VA_ARGS__), \
			ROWS_256(HPT_ACCESS_FETCH, __VA_ARGS__), \
	}
/* There are 1,536 of them, which take clang-tidy a minute. */
#ifdef __clang_analyzer__
#undef ROWS
#define ROWS(...)         \
	{                 \
		{         \
			0 \
		}         \
	}
#endif
_Static_assert(HPT_DENY_PP == 1 && HPT_R_NO_EXECUTE == HPT_DENY_N &&
		       HPT_R_G == HPT_DENY_GUARDED,
	       "bits");

/* Power ISA 2.07 Book III-S 5.7.9 (storage protection). */
hpt_tails hpt_known_tails[2][HPT_ACCESS_FETCH + 1] = {
	ROWS(3, 3, 3, 1, 0, 0, 1, 0),
	ROWS(0, 1, 3, 1, 0, 0, 0, 0),
};

#define SLB_WORD (HPT_ESID_1T | HPT_SLB_VALID)
const uint64_t hpt_quick_slb_mask[4]
	__attribute__((aligned(32))) = { SLB_WORD, SLB_WORD, SLB_WORD, SLB_WORD };

#define GROUP_WORD HPT_WORD_BE(HPT_COMPARED)
const uint64_t hpt_quick_group_mask[4]
	__attribute__((aligned(32))) = { GROUP_WORD, GROUP_WORD, GROUP_WORD, GROUP_WORD };
