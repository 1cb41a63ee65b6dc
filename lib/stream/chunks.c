/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Plain chunks in plain C. */

#include "load.h"

#define CHUNKS(name) hpt_stream_##name
#define STEP 4u

static inline bool put_step(void *to, const unsigned char *from, uint32_t n)
{
	unsigned all = 1;

	for (size_t i = 0; i < STEP; i++) {
		uint64_t keep = -(uint64_t)(i < n), words[2];

		memcpy(words, from + i * HPT_ENTRY_BYTES, sizeof(words));
		words[0] &= keep;
		words[1] &= keep;
		memcpy((unsigned char *)to + i * HPT_ENTRY_BYTES, words, sizeof(words));
		all &= from[i * HPT_ENTRY_BYTES + 7] | (i >= n);
	}
	return all & 1;
}

static inline bool all_valid(const unsigned char *from, uint32_t n)
{
	uint64_t all = UINT64_MAX, word;

	for (uint32_t i = 0; i < n; i++) {
		memcpy(&word, from + (size_t)i * HPT_ENTRY_BYTES, sizeof(word));
		all &= word;
	}
	return all & hpt_word_be(HPT_V_VALID);
}

static inline void put_near(struct hpt_raw_entry *to, const unsigned char *from,
			    uint64_t hypervisor)
{
	uint64_t words[2];

	memcpy(words, from, sizeof(words));
	*to = (struct hpt_raw_entry){ { words[0] & ~hypervisor }, { words[1] } };
}

/* Past the caches there is a way by SSE2; elsewhere compilers have no word for it. */
#if defined(__SSE2__) && !defined(HPT_PORTABLE)
#include <emmintrin.h>

static inline void put_past(struct hpt_raw_entry *to, const unsigned char *from,
			    uint64_t hypervisor)
{
	__m128i bits = _mm_set_epi64x(0, (long long)hypervisor);
	__m128i entry = _mm_loadu_si128((const void *)from);

	_mm_stream_si128((__m128i *)(void *)to, _mm_andnot_si128(bits, entry));
}

static inline void past_ends(void)
{
	_mm_sfence();
}
#else
static inline void put_past(struct hpt_raw_entry *to, const unsigned char *from,
			    uint64_t hypervisor)
{
	put_near(to, from, hypervisor);
}

static inline void past_ends(void)
{
}
#endif

static inline void put_entry(struct hpt_raw_entry *to, const unsigned char *from,
			     uint64_t hypervisor, bool past)
{
	if (past)
		put_past(to, from, hypervisor);
	else
		put_near(to, from, hypervisor);
}

static inline void put_line(struct hpt_raw_entry *to, const void *from, uint64_t hypervisor,
			    bool past)
{
	const unsigned char *p = from;

	for (unsigned i = 0; i < 4; i++, p += HPT_ENTRY_BYTES)
		put_entry(to + i, p, hypervisor, past);
}

static inline void move_lines(struct hpt_raw_entry *to, void *from, uint32_t n,
			      uint64_t hypervisor, bool past)
{
	unsigned char *p = from;

	for (uint32_t i = 0; i < n; i += 4, p += (size_t)4 * HPT_ENTRY_BYTES) {
		put_line(to + i, p, hypervisor, past);
		memset(p, 0, (size_t)4 * HPT_ENTRY_BYTES);
	}
}

#include "chunks.h"

static bool load_lines(struct plain *c)
{
	(void)c;
	return false;
}
