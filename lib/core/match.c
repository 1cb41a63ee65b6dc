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

/* Two entries at once: their bytes turned round, and the hypervisor's bits cleared. */
HPT_TARGET_AVX2 static void swap_avx2(const struct hpt_raw_entry *raw, unsigned n,
				      struct hpt_entry *out)
{
	const __m256i turn =
		_mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
				11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
	const __m256i keep = _mm256_set_epi64x(-1, ~(long long)HPT_V_HYPERVISOR, -1,
					       ~(long long)HPT_V_HYPERVISOR);

	for (unsigned i = 0; i < n; i += 2) {
		__m256i two = _mm256_loadu_si256((const void *)(raw + i));

		two = _mm256_and_si256(_mm256_shuffle_epi8(two, turn), keep);
		_mm256_storeu_si256((void *)(out + i), two);
	}
}

void hpt_swap_entries(const struct hpt_raw_entry *raw, unsigned n, struct hpt_entry *out,
		      bool avx2)
{
	if (avx2)
		swap_avx2(raw, n, out);
	else
		hpt_entries_from_bytes(raw, n, out);
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

void hpt_swap_entries(const struct hpt_raw_entry *raw, unsigned n, struct hpt_entry *out,
		      bool avx2)
{
	(void)avx2;
	hpt_entries_from_bytes(raw, n, out);
}

bool hpt_have_avx2(void)
{
	return false;
}

#endif
