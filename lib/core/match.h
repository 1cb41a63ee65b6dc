/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_CORE_MATCH_H
#define HPT_CORE_MATCH_H

/*
 * Which of several pairs of doublewords have a first one that is looked for: the entries of a
 * group, or slots of an SLB. They are compared as they lie in memory, so that byte order is
 * the caller's affair. Nothing here is for memory that others write.
 *
 * There is a form in plain C and one for AVX2. A build with HPT_PORTABLE has the first only.
 */

#include <stdbool.h>
#include <stdint.h>

#include <hpt/hpte.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(HPT_PORTABLE)
#define HPT_HAVE_AVX2 1
/* What is compiled for such CPUs may use of them. */
#define HPT_AVX2 "avx2,bmi,bmi2"
#include <immintrin.h>
#endif

/* Pairs are compared by so many. */
#define HPT_MATCH_STEP 8u

struct hpt_pair {
	uint64_t first, second;
};

/*
 * Bit i of the result: (first doubleword of pair i & @mask) == @value, for @n pairs at @pairs,
 * at most 64, rounded up to a multiple of 8. Without a branch: where in a group the entry
 * stands is what nothing could predict.
 */
static inline uint64_t hpt_match_plain(const void *pairs, unsigned n, uint64_t mask,
				       uint64_t value)
{
	const struct hpt_pair *p = pairs;
	uint64_t found = 0;

	for (unsigned i = 0; i < n; i += HPT_MATCH_STEP) {
		unsigned eight = 0;

		for (unsigned j = 0; j < HPT_MATCH_STEP; j++)
			eight |= (unsigned)((p[i + j].first & mask) == value) << j;
		found |= (uint64_t)eight << i;
	}
	return found;
}

/* The one or the other, in a function of its own. */
uint64_t hpt_match(const void *pairs, unsigned n, uint64_t mask, uint64_t value, bool avx2);

/* hpt_entries_from_bytes() for @n entries, an even number. */
void hpt_swap_entries(const struct hpt_raw_entry *raw, unsigned n, struct hpt_entry *out,
		      bool avx2);

/* Does this CPU, under this system, have what HPT_AVX2 names? Not cheap: once a handle. */
bool hpt_have_avx2(void);

#ifdef HPT_HAVE_AVX2

#define HPT_TARGET_AVX2 __attribute__((target(HPT_AVX2)))

/* All ones where one of four pairs matches, in their order. */
HPT_TARGET_AVX2 static inline unsigned hpt_match_four(const struct hpt_pair *p, __m256i mask,
						      __m256i value)
{
	__m256i low = _mm256_loadu_si256((const void *)p);
	__m256i high = _mm256_loadu_si256((const void *)(p + 2));
	/* The first doublewords, in the order 0, 2, 1, 3. */
	__m256i firsts = _mm256_unpacklo_epi64(low, high);
	__m256i equal = _mm256_cmpeq_epi64(_mm256_and_si256(firsts, mask), value);

	equal = _mm256_permute4x64_epi64(equal, 0xd8);
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(equal));
}

HPT_TARGET_AVX2 static inline uint64_t hpt_match_avx2(const void *pairs, unsigned n,
						      uint64_t mask, uint64_t value)
{
	const struct hpt_pair *p = pairs;
	__m256i masks = _mm256_set1_epi64x((long long)mask);
	__m256i values = _mm256_set1_epi64x((long long)value);
	uint64_t found = 0;

	for (unsigned i = 0; i < n; i += HPT_MATCH_STEP) {
		unsigned low = hpt_match_four(p + i, masks, values);
		unsigned high = hpt_match_four(p + i + 4, masks, values);

		found |= (uint64_t)(low | high << 4) << i;
	}
	return found;
}

#endif

#endif /* HPT_CORE_MATCH_H */
