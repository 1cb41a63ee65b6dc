/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What vectors there are. Asked of the CPU itself: compilers' and libcs' own ways keep data
 * that can be written. */

#include "match.h"

#ifdef HPT_HAVE_AVX2

#include <cpuid.h>

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

bool hpt_have_avx2(void)
{
	return false;
}

#endif
