/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A stream decoded straight into a table in memory. Most chunks are plain: they follow the one
 * before and lie whole in the buffer. Those are done here, in a loop whose state is in
 * registers; hpt_decoder_next() sees to all others, and to every error.
 */

#include "internal.h"

/* Invalid slots up to which stores are faster than a call. */
#define FEW 8u
/* Entries that are checked, then copied while they are near. */
#define BLOCK 64u
/* Invalid slots of a chunk from which on it may be one of many such. */
#define MANY 32u
/* Tables from this order on are larger than what caches are for. */
#define PAST_ORDER 24u

#define INLINE static inline __attribute__((always_inline))

/* The decoder's state while plain chunks come. */
struct plain {
	const unsigned char *p, *end;
	struct hpt_raw_entry *raw;
	uint64_t next; /* slot behind the chunk before */
	uint64_t slots;
	uint64_t chunks;
	uint64_t left_out; /* slots that no chunk has named */
	uint64_t first_gap;
	uint64_t hypervisor; /* the bits to clear, as they lie in memory */
	bool little;         /* headers' byte order */
};

static inline void put_near(struct hpt_raw_entry *to, const unsigned char *from,
			    uint64_t hypervisor)
{
	uint64_t words[2];

	memcpy(words, from, sizeof(words));
	*to = (struct hpt_raw_entry){ { words[0] & ~hypervisor }, { words[1] } };
}

/*
 * A large table goes to memory past the caches, which then need not read first what is about
 * to be replaced, nor lose what they hold. Elsewhere compilers have no word for it.
 */
#if defined(__SSE2__) && !defined(HPT_PORTABLE)
#include <emmintrin.h>

#define HAVE_PAST 1

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
#define HAVE_PAST 0

static inline void put_past(struct hpt_raw_entry *to, const unsigned char *from,
			    uint64_t hypervisor)
{
	put_near(to, from, hypervisor);
}

static inline void past_ends(void)
{
}
#endif

INLINE void put_entries(struct hpt_raw_entry *to, const unsigned char *from, uint32_t n,
			uint64_t hypervisor, bool past)
{
	for (uint32_t i = 0; i < n; i++, from += HPT_ENTRY_BYTES) {
		if (past)
			put_past(to + i, from, hypervisor);
		else
			put_near(to + i, from, hypervisor);
	}
}

INLINE void clear_entries(struct hpt_raw_entry *to, uint32_t n, bool past)
{
	static const unsigned char zeros[HPT_ENTRY_BYTES];

	if (n > FEW && !past) {
		memset(to, 0, (size_t)n * sizeof(*to));
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (past)
			put_past(to + i, zeros, 0);
		else
			to[i] = (struct hpt_raw_entry){ { 0 }, { 0 } };
	}
}

/* Returns how many were good. */
INLINE uint32_t load_entries(struct hpt_raw_entry *to, const unsigned char *from, uint32_t n,
			     uint64_t hypervisor, bool past)
{
	for (uint32_t i = 0, part; i < n; i += part) {
		const unsigned char *block = from + (size_t)i * HPT_ENTRY_BYTES;
		uint32_t good;

		part = n - i < BLOCK ? n - i : BLOCK;
		good = hpt_first_without_v(block, part);
		put_entries(to + i, block, good, hypervisor, past);
		if (good < part)
			return i + good;
	}
	return n;
}

/* The header at plain::p, if a plain chunk begins there. */
INLINE bool is_plain(const struct plain *c, struct chunk_header *h)
{
	uint64_t n;

	if (c->end - c->p < HPT_CHUNK_HEADER)
		return false;
	*h = hpt_stream_header(c->p, c->little);
	n = (uint64_t)h->n_valid + h->n_invalid;
	return n && h->index >= c->next && h->index < c->slots && n <= c->slots - h->index &&
	       (size_t)(c->end - c->p - HPT_CHUNK_HEADER) / HPT_ENTRY_BYTES >= h->n_valid;
}

INLINE void step(struct plain *c, const struct chunk_header *h)
{
	if (h->index != c->next) {
		if (!c->left_out)
			c->first_gap = c->next;
		c->left_out += h->index - c->next;
	}
	c->next = h->index + h->n_valid + h->n_invalid;
	c->p += HPT_CHUNK_HEADER + (size_t)h->n_valid * HPT_ENTRY_BYTES;
	c->chunks++;
}

/* False: an entry is bad, and nothing of its chunk is used up. */
INLINE bool load_chunk(struct plain *c, const struct chunk_header *h, bool past)
{
	const unsigned char *entries = c->p + HPT_CHUNK_HEADER;
	struct hpt_raw_entry *to = c->raw + h->index;

	if (h->n_valid == 1) {
		if (!(entries[7] & 1))
			return false;
		put_entries(to, entries, 1, c->hypervisor, past);
	} else if (load_entries(to, entries, h->n_valid, c->hypervisor, past) < h->n_valid) {
		return false;
	}
	clear_entries(to + h->n_valid, h->n_invalid, past);
	step(c, h);
	return true;
}

/* The chunks from here on that leave no slot out and are mostly invalid; all entries good. */
static struct plain find_span(const struct plain *c)
{
	struct plain to = *c;
	struct chunk_header h;
	uint64_t valid = 0;

	while (is_plain(&to, &h) && h.index == to.next &&
	       hpt_first_without_v(to.p + HPT_CHUNK_HEADER, h.n_valid) == h.n_valid) {
		valid += h.n_valid;
		if (valid > MANY + (to.next - c->next) / FEW)
			break;
		step(&to, &h);
	}
	return to;
}

/*
 * All are cleared at once, the more the better: processors have a way of their own for many
 * megabytes. Then the few entries are put among them. False: not even one chunk.
 */
static __attribute__((noinline)) bool load_span(struct plain *c)
{
	const struct plain to = find_span(c);
	struct chunk_header h;

	if (to.p == c->p)
		return false;
	memset(c->raw + c->next, 0, (size_t)(to.next - c->next) * sizeof(*c->raw));
	while (c->p < to.p) {
		h = hpt_stream_header(c->p, c->little);
		put_entries(c->raw + h.index, c->p + HPT_CHUNK_HEADER, h.n_valid,
			    c->hypervisor, false);
		step(c, &h);
	}
	return true;
}

/* As many plain chunks as there are. */
INLINE void load_chunks(struct plain *c, bool past)
{
	struct chunk_header h;

	while (is_plain(c, &h)) {
		bool sparse = h.n_invalid >= MANY && h.index == c->next;

		if (!(sparse && load_span(c)) && !load_chunk(c, &h, past))
			break;
	}
}

static void take_over(struct decoding *s, const struct plain *c, size_t bytes)
{
	uint64_t valid = (bytes - c->chunks * HPT_CHUNK_HEADER) / HPT_ENTRY_BYTES;

	s->valid += valid;
	s->invalid += c->next - s->end - c->left_out - valid;
	s->chunks += c->chunks;
	if (s->passes == 1 && s->gapless) {
		s->first_end = c->left_out ? c->first_gap : c->next;
		s->gapless = !c->left_out;
	}
	s->end = c->next;
	if (s->end > s->highest)
		s->highest = s->end;
	s->ended = false;
	s->offset += bytes;
}

/* Returns the bytes that they had. */
static size_t load_plain(struct decoding *s, const unsigned char *bytes, size_t len,
			 struct hpt_raw_entry *raw)
{
	struct plain c = {
		.p = bytes,
		.end = bytes + len,
		.raw = raw,
		.next = s->end,
		.slots = s->slots,
		.hypervisor = hpt_word_be(HPT_V_HYPERVISOR),
		.little = s->dialect == HPT_DIALECT_KVM_LE,
	};

	if (s->error || s->in_chunk || s->carried || s->new_pass)
		return 0;
	if (HAVE_PAST && s->order >= PAST_ORDER && (uintptr_t)raw % HPT_ENTRY_BYTES == 0) {
		load_chunks(&c, true);
		past_ends();
	} else {
		load_chunks(&c, false);
	}
	if (c.chunks)
		take_over(s, &c, (size_t)(c.p - bytes));
	return (size_t)(c.p - bytes);
}

int hpt_decoder_load(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		     enum hpt_event *event, struct hpt_raw_entry *raw, struct hpt_error *err)
{
	const unsigned char *p = bytes;
	enum hpt_event found = HPT_EVENT_RUN;
	size_t done = 0;

	if (!d || (!bytes && len) || !used || !event || !raw)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: NULL");
	if (!const_state_of(d)->order)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"decoder: a table in memory, and its order was not said");
	while (found == HPT_EVENT_RUN) {
		struct hpt_run run;
		size_t n;
		int ret;

		if (p)
			done += load_plain(state_of(d), p + done, len - done, raw);
		ret = hpt_decoder_next(d, p ? p + done : p, len - done, &n, &found, &run, err);
		if (ret)
			return ret;
		done += n;
		if (found != HPT_EVENT_RUN)
			break;
		put_entries(raw + run.ptex, run.entries_be, run.n_valid,
			    hpt_word_be(HPT_V_HYPERVISOR), false);
		clear_entries(raw + run.ptex + run.n_valid, run.n_invalid, false);
	}
	*used = done;
	*event = found;
	return HPT_OK;
}
