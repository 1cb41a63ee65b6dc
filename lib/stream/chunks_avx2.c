/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Plain chunks for CPUs with AVX2: more entries at once, and lines past the caches. */

#include "load.h"

#ifdef HPT_HAVE_AVX2
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2"))), apply_to = function)
#else
#pragma GCC target("avx2,bmi,bmi2")
#endif

#define CHUNKS(name) hpt_stream_##name##_avx2
#define STEP 4u

/* V of four entries, in the order 0, 2, 1, 3: bit 56 of a first doubleword as it is loaded. */
static inline unsigned v_of(__m256i low, __m256i high)
{
	__m256i firsts = _mm256_unpacklo_epi64(low, high);

	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_slli_epi64(firsts, 7)));
}

#define ONES UINT64_MAX

/* From the fourth on backwards: ones where the first entries are, zeros behind. */
static const uint64_t first_few[4 * STEP] = { ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES };

/* From the third on backwards: ones where one entry is. */
static const uint64_t only_one[14] = { [6] = ONES, ONES };

static inline bool put_step(void *to, const unsigned char *from, uint32_t n)
{
	/* V of the first entries in that order. */
	static const unsigned char needed[STEP + 1] = { 0x0, 0x1, 0x5, 0x7, 0xf };
	const __m256i *p = (const void *)from;
	const __m256i *keep = (const void *)(first_few + 2 * (size_t)(STEP - n));
	__m256i low = _mm256_and_si256(_mm256_loadu_si256(p), _mm256_loadu_si256(keep));
	__m256i high =
		_mm256_and_si256(_mm256_loadu_si256(p + 1), _mm256_loadu_si256(keep + 1));

	_mm256_storeu_si256(to, low);
	_mm256_storeu_si256((__m256i *)to + 1, high);
	return v_of(low, high) == needed[n];
}

static inline bool all_valid(const unsigned char *from, uint32_t n)
{
	const __m256i *p = (const void *)from;
	__m256i all = _mm256_set1_epi64x(-1), also = all;

	for (uint32_t i = 0; i < n; i += 4, p += 2) {
		all = _mm256_and_si256(all, _mm256_loadu_si256(p));
		also = _mm256_and_si256(also, _mm256_loadu_si256(p + 1));
	}
	return v_of(all, also) == 0xf;
}

static inline void put_entry(struct hpt_raw_entry *to, const unsigned char *from,
			     uint64_t hypervisor, bool past)
{
	__m128i bits = _mm_set_epi64x(0, (long long)hypervisor);
	__m128i entry = _mm_andnot_si128(bits, _mm_loadu_si128((const void *)from));

	if (past)
		_mm_stream_si128((__m128i *)(void *)to, entry);
	else
		_mm_storeu_si128((__m128i *)(void *)to, entry);
}

static inline void put_line(struct hpt_raw_entry *to, const void *from, uint64_t hypervisor,
			    bool past)
{
	const __m256i bits =
		_mm256_set_epi64x(0, (long long)hypervisor, 0, (long long)hypervisor);
	__m256i *p = (void *)to;

	__m256i low = _mm256_andnot_si256(bits, _mm256_loadu_si256(from));
	__m256i high =
		_mm256_andnot_si256(bits, _mm256_loadu_si256((const __m256i *)from + 1));

	if (past) {
		_mm256_stream_si256(p, low);
		_mm256_stream_si256(p + 1, high);
	} else {
		_mm256_storeu_si256(p, low);
		_mm256_storeu_si256(p + 1, high);
	}
}

static inline void move_lines(struct hpt_raw_entry *to, void *from, uint32_t n,
			      uint64_t hypervisor, bool past)
{
	struct hpt_raw_entry *end = to + n;

	for (unsigned char *p = from; to < end; to += 4, p += sizeof(__m256i[2])) {
		put_line(to, p, hypervisor, past);
		_mm256_storeu_si256((__m256i *)(void *)p, _mm256_setzero_si256());
		_mm256_storeu_si256((__m256i *)(void *)p + 1, _mm256_setzero_si256());
	}
}

static inline void past_ends(void)
{
	_mm_sfence();
}

#include "chunks.h"

/* A line of the table that is being made, in registers: memory would be read too soon. */
struct line {
	struct hpt_raw_entry *to;
	__m256i low, high;
	uint32_t fill; /* its slots that are there; zeros behind them */
};

INLINE void line_add(struct line *l, const unsigned char *from, uint64_t hypervisor)
{
	const __m128i bits = _mm_set_epi64x(0, (long long)hypervisor);
	const __m256i *place = (const void *)(only_one + 2 * (size_t)(3 - l->fill));
	__m128i entry = _mm_andnot_si128(bits, _mm_loadu_si128((const void *)from));
	__m256i two = _mm256_broadcastsi128_si256(entry);

	l->low = _mm256_or_si256(l->low, _mm256_and_si256(two, _mm256_loadu_si256(place)));
	l->high =
		_mm256_or_si256(l->high, _mm256_and_si256(two, _mm256_loadu_si256(place + 1)));
}

/* So many slots on. */
INLINE void line_step(struct line *l, uint32_t n)
{
	uint32_t lines = (l->fill + n) / LINE;

	l->fill = (l->fill + n) % LINE;
	if (!lines)
		return;
	_mm256_stream_si256((void *)l->to, l->low);
	_mm256_stream_si256((__m256i *)(void *)l->to + 1, l->high);
	l->low = l->high = _mm256_setzero_si256();
	for (l->to += LINE; --lines; l->to += LINE)
		put_line(l->to, zeros, 0, true);
}

INLINE void line_chunk(struct line *l, const struct chunk_header *h, const unsigned char *from,
		       uint64_t hypervisor)
{
	if (__builtin_expect(h->n_valid == 1, 1)) {
		line_add(l, from, hypervisor);
		line_step(l, 1u + h->n_invalid);
		return;
	}
	for (uint32_t i = 0; i < h->n_valid; i++, from += HPT_ENTRY_BYTES) {
		line_add(l, from, hypervisor);
		line_step(l, 1);
	}
	line_step(l, h->n_invalid);
}

/* The line in which @slot lies, and what of it is in front. */
INLINE bool line_begin(struct line *l, const struct plain *c)
{
	uint32_t fill = (uint32_t)((uintptr_t)(c->raw + c->next) / HPT_ENTRY_BYTES % LINE);
	const __m256i *keep = (const void *)(first_few + 2 * (size_t)(LINE - fill));
	const __m256i *p;

	if (!c->past || c->next < LINE || c->slots - c->next < LINE)
		return false;
	l->to = c->raw + (c->next - fill);
	l->fill = fill;
	p = (const void *)l->to;
	l->low = _mm256_and_si256(_mm256_load_si256(p), _mm256_loadu_si256(keep));
	l->high = _mm256_and_si256(_mm256_load_si256(p + 1), _mm256_loadu_si256(keep + 1));
	return true;
}

INLINE void line_end(const struct line *l)
{
	__m256i line[2] = { l->low, l->high };

	memcpy(l->to, line, (size_t)l->fill * HPT_ENTRY_BYTES);
}

/* Chunks that leave no slot out and are mostly invalid, line by line. */
static __attribute__((noinline)) bool load_lines(struct plain *state)
{
	struct plain c = *state;
	struct chunk_header h;
	uint64_t valid = 0;
	struct line line;

	if (!line_begin(&line, &c))
		return false;
	while (is_plain(&c, &h) && h.index == c.next &&
	       few_valid(c.p + HPT_CHUNK_HEADER, h.n_valid)) {
		valid += h.n_valid;
		if (is_dense(valid, c.next - state->next))
			break;
		line_chunk(&line, &h, c.p + HPT_CHUNK_HEADER, c.hypervisor);
		c.next = h.index + h.n_valid + h.n_invalid;
		c.p = behind(c.p, h.n_valid);
		c.chunks++;
	}
	line_end(&line);
	if (c.p == state->p)
		return false;
	*state = c;
	return true;
}

#ifdef __clang__
#pragma clang attribute pop
#endif
#endif
