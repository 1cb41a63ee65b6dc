/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Raw entries by the block. */

#include "block.h"
#include "internal.h"

static uint64_t valid_plain(const struct hpt_raw_entry *raw)
{
	uint64_t v_be = hpt_word_be(HPT_V_VALID);
	uint64_t any[4] = { 0 };

	for (unsigned i = 0; i < HPT_BLOCK; i += 4)
		for (unsigned j = 0; j < 4; j++)
			any[j] |= raw[i + j].v_be.raw_be;
	if (!((any[0] | any[1] | any[2] | any[3]) & v_be))
		return 0;
	return hpt_match_plain(raw, HPT_BLOCK, v_be, v_be);
}

static uint64_t take_plain(const struct hpt_raw_entry *raw, struct hpt_entry *out)
{
	uint64_t valid = 0;

	for (unsigned i = 0; i < HPT_BLOCK; i++) {
		uint64_t v = hpt_load_be64(&raw[i].v_be);
		uint64_t keep = -(v & HPT_V_VALID);

		out[i].v = v & ~HPT_V_HYPERVISOR & keep;
		out[i].r = hpt_load_be64(&raw[i].r_be) & keep;
		valid |= (v & HPT_V_VALID) << i;
	}
	return valid;
}

#ifdef HPT_HAVE_AVX2

/* V of eight entries, in the order 0, 2, 4, 6, 1, 3, 5, 7: bit 24 of what is above bit 31. */
HPT_TARGET_AVX2 static inline unsigned eight_valid(__m256i x0, __m256i x1, __m256i x2,
						   __m256i x3)
{
	__m256 low = _mm256_castsi256_ps(_mm256_unpacklo_epi64(x0, x1));
	__m256 high = _mm256_castsi256_ps(_mm256_unpacklo_epi64(x2, x3));
	__m256 upper = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
	__m256i v = _mm256_slli_epi32(_mm256_castps_si256(upper), 7);

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(v));
}

/* Exchange the bits of @mask with those that are @by above them. */
static inline uint64_t exchange(uint64_t x, unsigned by, uint64_t mask)
{
	uint64_t differ = (x ^ x >> by) & mask;

	return x ^ differ ^ differ << by;
}

/* Eight times eight bits as eight_valid() has them, in their own order. */
static inline uint64_t in_order(uint64_t valid)
{
	valid = exchange(valid, 2, UINT64_C(0x0c0c0c0c0c0c0c0c));
	return exchange(valid, 1, UINT64_C(0x2222222222222222));
}

HPT_TARGET_AVX2 static uint64_t valid_avx2(const struct hpt_raw_entry *raw)
{
	const __m256i *p = (const void *)raw;
	uint64_t valid = 0;

	for (unsigned i = 0; i < HPT_BLOCK; i += 8, p += 4)
		valid |= (uint64_t)eight_valid(
				 _mm256_loadu_si256(p), _mm256_loadu_si256(p + 1),
				 _mm256_loadu_si256(p + 2), _mm256_loadu_si256(p + 3))
			 << i;
	return in_order(valid);
}

/* Two entries: their bytes turned round, and V of each in the highest bit of all its bytes. */
HPT_TARGET_AVX2 static inline void put_two(struct hpt_entry *out, __m256i two)
{
	const __m256i turn =
		_mm256_set_epi8(8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
				11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
	const __m256i keep = _mm256_set_epi64x(-1, ~(long long)HPT_V_HYPERVISOR, -1,
					       ~(long long)HPT_V_HYPERVISOR);
	__m256i v = _mm256_slli_epi16(_mm256_shuffle_epi8(two, _mm256_set1_epi8(7)), 7);

	two = _mm256_and_si256(_mm256_shuffle_epi8(two, turn), keep);
	two = _mm256_blendv_epi8(_mm256_setzero_si256(), two, v);
	_mm256_storeu_si256((void *)out, two);
}

HPT_TARGET_AVX2 static uint64_t take_avx2(const struct hpt_raw_entry *raw,
					  struct hpt_entry *out)
{
	const __m256i *p = (const void *)raw;
	uint64_t valid = 0;

	for (unsigned i = 0; i < HPT_BLOCK; i += 8, p += 4, out += 8) {
		__m256i x0 = _mm256_loadu_si256(p), x1 = _mm256_loadu_si256(p + 1);
		__m256i x2 = _mm256_loadu_si256(p + 2), x3 = _mm256_loadu_si256(p + 3);

		valid |= (uint64_t)eight_valid(x0, x1, x2, x3) << i;
		put_two(out, x0);
		put_two(out + 2, x1);
		put_two(out + 4, x2);
		put_two(out + 6, x3);
	}
	return in_order(valid);
}

uint64_t hpt_block_valid(const struct hpt_raw_entry *raw, bool avx2)
{
	return avx2 ? valid_avx2(raw) : valid_plain(raw);
}

uint64_t hpt_block_take(const struct hpt_raw_entry *raw, struct hpt_entry *out, bool avx2)
{
	return avx2 ? take_avx2(raw, out) : take_plain(raw, out);
}

#else

uint64_t hpt_block_valid(const struct hpt_raw_entry *raw, bool avx2)
{
	(void)avx2;
	return valid_plain(raw);
}

uint64_t hpt_block_take(const struct hpt_raw_entry *raw, struct hpt_entry *out, bool avx2)
{
	(void)avx2;
	return take_plain(raw, out);
}

#endif
