/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What vectors there are. Asked of the CPU itself: compilers' and libcs' own ways keep data
 * that can be written.
 */

#include "match.h"

#ifdef HPT_HAVE_AVX2

#include <cpuid.h>

/* Pair 0 is bit 0, then 2, 4 and 6; 1 is bit 4, then 3, 5 and 7. */
#define FIRST(bits)             \
	((bits)&0x01   ? 0 * 16 \
	 : (bits)&0x10 ? 1 * 16 \
	 : (bits)&0x02 ? 2 * 16 \
	 : (bits)&0x20 ? 3 * 16 \
	 : (bits)&0x04 ? 4 * 16 \
	 : (bits)&0x40 ? 5 * 16 \
	 : (bits)&0x08 ? 6 * 16 \
	 : (bits)&0x80 ? 7 * 16 \
		       : 8 * 16)
#define FIRST_4(bits) FIRST(bits), FIRST((bits) + 1), FIRST((bits) + 2), FIRST((bits) + 3)
#define FIRST_16(bits) \
	FIRST_4(bits), FIRST_4((bits) + 4), FIRST_4((bits) + 8), FIRST_4((bits) + 12)
#define FIRST_64(bits) \
	FIRST_16(bits), FIRST_16((bits) + 16), FIRST_16((bits) + 32), FIRST_16((bits) + 48)

const uint8_t hpt_first_of_mixed[256] = { FIRST_64(0), FIRST_64(64), FIRST_64(128),
					  FIRST_64(192) };

/* Pair 0 is bit 0, then 2; 1 is bit 2, then 3. */
const uint8_t hpt_first_of_mixed_4[16] = { 64, 0, 32, 0, 16, 0, 16, 0,
					   48, 0, 32, 0, 16, 0, 16, 0 };

HPT_TARGET_AVX2 static uint64_t match_avx2(const void *pairs, unsigned n, uint64_t mask,
					   uint64_t value)
{
	return hpt_match_avx2(pairs, n, mask, value);
}

uint64_t hpt_match(const void *pairs, unsigned n, uint64_t mask, uint64_t value, bool avx2)
{
	return avx2 ? match_avx2(pairs, n, mask, value)
		    : hpt_match_plain(pairs, n, mask, value);
}

#define XCR0_SSE_AVX 6u /* the system saves these registers */

bool hpt_have_avx2(void)
{
	const unsigned leaf1 = bit_OSXSAVE | bit_AVX, leaf7 = bit_BMI | bit_AVX2 | bit_BMI2;
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & leaf1) != leaf1)
		return false;
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	if ((a & XCR0_SSE_AVX) != XCR0_SSE_AVX)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & leaf7) == leaf7;
}

#else

uint64_t hpt_match(const void *pairs, unsigned n, uint64_t mask, uint64_t value, bool avx2)
{
	(void)avx2;
	return hpt_match_plain(pairs, n, mask, value);
}

bool hpt_have_avx2(void)
{
	return false;
}

#endif
