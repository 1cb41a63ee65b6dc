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

/*
 * Where among eight pairs the first one stands that matches, in bytes, or 128. The mask comes
 * four times, as vectors have it.
 */
static inline unsigned hpt_first_of_8_plain(const void *pairs, const uint64_t mask[4],
					    uint64_t value)
{
	uint64_t found = hpt_match_plain(pairs, 8, mask[0], value);

	return (unsigned)__builtin_ctzll(found | 1u << 8) * (unsigned)sizeof(struct hpt_pair);
}

/* The same among four pairs, with one mask: in bytes, or 64. */
static inline unsigned hpt_first_of_4_plain(const void *pairs, uint64_t mask, uint64_t value)
{
	const struct hpt_pair *p = pairs;
	unsigned found = 1u << 4;

	for (unsigned i = 0; i < 4; i++)
		found |= (unsigned)((p[i].first & mask) == value) << i;
	return (unsigned)__builtin_ctz(found) * (unsigned)sizeof(struct hpt_pair);
}

/*
 * Where the only one stands that matches of 32 pairs, in bytes, or 512: none does, or several
 * do. With four masks.
 */
static inline unsigned hpt_only_of_32_plain(const void *pairs, const uint64_t mask[4],
					    uint64_t value)
{
	uint64_t found = hpt_match_plain(pairs, 32, mask[0], value);

	if (!found || found & (found - 1))
		return 32 * sizeof(struct hpt_pair);
	return (unsigned)__builtin_ctzll(found) * (unsigned)sizeof(struct hpt_pair);
}

/* The one or the other, in a function of its own. */
uint64_t hpt_match(const void *pairs, unsigned n, uint64_t mask, uint64_t value, bool avx2);

/* Does this CPU, under this system, have what HPT_AVX2 names? Not cheap: once a handle. */
bool hpt_have_avx2(void);

#ifdef HPT_HAVE_AVX2

#define HPT_TARGET_AVX2 __attribute__((target(HPT_AVX2)))
/* Where the number of pairs is known little is left of it. */
#define HPT_INLINE_AVX2 static inline __attribute__((always_inline, target(HPT_AVX2)))

/* All ones where one of four pairs matches, in the order 0, 2, 1, 3. */
HPT_INLINE_AVX2 __m256i hpt_match_four(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	__m256i low = _mm256_loadu_si256((const void *)p);
	__m256i high = _mm256_loadu_si256((const void *)(p + 2));
	__m256i firsts = _mm256_unpacklo_epi64(low, high);

	return _mm256_cmpeq_epi64(_mm256_and_si256(firsts, mask), value);
}

/* Halved words of eight pairs: 0, 2, 4, 6, then 1, 3, 5, 7. */
HPT_INLINE_AVX2 __m256i hpt_match_halves(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	__m256i low = hpt_match_four(p, mask, value);
	__m256i high = hpt_match_four(p + 4, mask, value);

	return _mm256_packs_epi32(low, high);
}

/* A bit for each of eight pairs. */
HPT_INLINE_AVX2 unsigned hpt_match_8(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	__m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i eight = hpt_match_halves(p, mask, value);

	eight = _mm256_permutevar8x32_epi32(eight, order);
	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(eight));
}

/* A byte for each of 32 pairs, all even ones and then all odd ones. */
HPT_INLINE_AVX2 __m256i hpt_match_bytes(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	__m256i low = _mm256_packs_epi32(hpt_match_halves(p, mask, value),
					 hpt_match_halves(p + 8, mask, value));
	__m256i high = _mm256_packs_epi32(hpt_match_halves(p + 16, mask, value),
					  hpt_match_halves(p + 24, mask, value));

	return _mm256_packs_epi16(low, high);
}

/* A bit for each of 32, in that order. */
HPT_INLINE_AVX2 uint32_t hpt_match_mixed(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	return (uint32_t)_mm256_movemask_epi8(hpt_match_bytes(p, mask, value));
}

/* A bit for each of 32. */
HPT_INLINE_AVX2 uint32_t hpt_match_32(const struct hpt_pair *p, __m256i mask, __m256i value)
{
	__m256i all = hpt_match_bytes(p, mask, value);
	__m128i even = _mm256_castsi256_si128(all), odd = _mm256_extracti128_si256(all, 1);

	return (uint32_t)_mm_movemask_epi8(_mm_unpacklo_epi8(even, odd)) |
	       (uint32_t)_mm_movemask_epi8(_mm_unpackhi_epi8(even, odd)) << 16;
}

/* For callers that are compiled for such CPUs, too. */
HPT_INLINE_AVX2 uint64_t hpt_match_inline(const void *pairs, unsigned n, uint64_t mask,
					  uint64_t value)
{
	const struct hpt_pair *p = pairs;
	__m256i masks = _mm256_set1_epi64x((long long)mask);
	__m256i values = _mm256_set1_epi64x((long long)value);
	uint64_t found = 0;
	unsigned i = 0;

	for (; i + 32 <= n; i += 32)
		found |= (uint64_t)hpt_match_32(p + i, masks, values) << i;
	for (; i < n; i += HPT_MATCH_STEP)
		found |= (uint64_t)hpt_match_8(p + i, masks, values) << i;
	return found;
}

/* By the bits of eight pairs in the order of hpt_match_halves(): what hpt_first_of_8_plain() gives. */
extern const uint8_t hpt_first_of_mixed[256] __attribute__((visibility("hidden")));

/* As hpt_first_of_8_plain(). */
HPT_INLINE_AVX2 unsigned hpt_first_of_8_inline(const void *pairs, const uint64_t mask[4],
					       uint64_t value)
{
	__m256i masks = _mm256_load_si256((const void *)mask);
	__m256i values = _mm256_set1_epi64x((long long)value);
	__m256i eight = hpt_match_halves(pairs, masks, values);

	return hpt_first_of_mixed[_mm256_movemask_ps(_mm256_castsi256_ps(eight))];
}

/* By the bits of four pairs in the order of hpt_match_four(): what hpt_first_of_4_plain() gives. */
extern const uint8_t hpt_first_of_mixed_4[16] __attribute__((visibility("hidden")));

/* As hpt_first_of_4_plain(). */
HPT_INLINE_AVX2 unsigned hpt_first_of_4_inline(const void *pairs, uint64_t mask,
					       uint64_t value)
{
	__m256i masks = _mm256_set1_epi64x((long long)mask);
	__m256i values = _mm256_set1_epi64x((long long)value);
	__m256i four = hpt_match_four(pairs, masks, values);

	return hpt_first_of_mixed_4[_mm256_movemask_pd(_mm256_castsi256_pd(four))];
}

/* As hpt_only_of_32_plain(). */
HPT_INLINE_AVX2 unsigned hpt_only_of_32_inline(const void *pairs, const uint64_t mask[4],
					       uint64_t value)
{
	const struct hpt_pair *p = pairs;
	__m256i masks = _mm256_load_si256((const void *)mask);
	__m256i values = _mm256_set1_epi64x((long long)value);
	uint32_t found = hpt_match_mixed(p, masks, values), i;

	if (!found || found & (found - 1))
		return 32 * sizeof(struct hpt_pair);
	i = (uint32_t)__builtin_ctz(found);
	/* Even ones first, as hpt_match_mixed() has them: 16 times 2 i, or 2 (i - 16) + 1. */
	return (i << 5 | i) & 0x1f0;
}

HPT_TARGET_AVX2 static inline uint64_t hpt_match_avx2(const void *pairs, unsigned n,
						      uint64_t mask, uint64_t value)
{
	return hpt_match_inline(pairs, n, mask, value);
}

#endif

#endif /* HPT_CORE_MATCH_H */
