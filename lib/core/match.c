/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What vectors there are. Asked of the CPU itself: compilers' and libcs' own ways keep data
 * that can be written.
 */

#include "match.h"

#ifdef HPT_HAVE_AVX2

#include <cpuid.h>

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
