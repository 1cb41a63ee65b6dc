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
#define ROWS_4(access, pp, miw, ng, a0, a1, a2, a3)                       \
	ROW(access, pp, miw, ng, a0), ROW(access, (pp) + 1, miw, ng, a1), \
		ROW(access, (pp) + 2, miw, ng, a2), ROW(access, (pp) + 3, miw, ng, a3)
#define ROWS_16(access, pp, miw, ...)                                                     \
	ROWS_4(access, pp, miw, 0, __VA_ARGS__), ROWS_4(access, pp, miw, 4, __VA_ARGS__), \
		ROWS_4(access, pp, miw, 8, __VA_ARGS__),                                  \
		ROWS_4(access, pp, miw, 12, __VA_ARGS__)
#define ROWS_64(access, pp, miw, ...)                                                       \
	ROWS_16(access, pp, miw, __VA_ARGS__), ROWS_16(access, pp, (miw) + 1, __VA_ARGS__), \
		ROWS_16(access, pp, (miw) + 2, __VA_ARGS__),                                \
		ROWS_16(access, pp, (miw) + 3, __VA_ARGS__)
#define ROWS_128(access, pp, ...)                                                        \
	{                                                                                \
		ROWS_64(access, pp, 0, __VA_ARGS__), ROWS_64(access, pp, 4, __VA_ARGS__) \
	}
/* What pp 0 to 7 allow, with a key bit of 0 and of 1; what is undefined allows nothing. */
#define ROWS(access)                                                                          \
	{                                                                                     \
		{ ROWS_128(access, 0, 3, 3, 3, 1), ROWS_128(access, 4, 0, 0, 1, 0) },         \
			{ ROWS_128(access, 0, 0, 1, 3, 1), ROWS_128(access, 4, 0, 0, 0, 0) }, \
	}
/* There are 1,536 of them, which take clang-tidy a minute. */
#ifdef __clang_analyzer__
#undef ROWS
#define ROWS(access)              \
	{                         \
		{                 \
			{         \
				0 \
			}         \
		}                 \
	}
#endif
_Static_assert(HPT_DENY_PP == 1 && HPT_R_NO_EXECUTE == HPT_DENY_N &&
		       HPT_R_G == HPT_DENY_GUARDED,
	       "bits");

/* Power ISA 2.07 Book III-S 5.7.9 (storage protection). */
const uint64_t hpt_known_tails[HPT_ACCESS_FETCH + 1][2][2][HPT_KNOWN_ROWS] = {
	ROWS(HPT_ACCESS_READ),
	ROWS(HPT_ACCESS_WRITE),
	ROWS(HPT_ACCESS_FETCH),
};

#define SLB_WORD (HPT_ESID_1T | HPT_SLB_VALID)
const uint64_t hpt_quick_slb_mask[4]
	__attribute__((aligned(32))) = { SLB_WORD, SLB_WORD, SLB_WORD, SLB_WORD };

#define GROUP_WORD HPT_WORD_BE(HPT_COMPARED)
const uint64_t hpt_quick_group_mask[2]
	__attribute__((aligned(16))) = { GROUP_WORD, GROUP_WORD };
