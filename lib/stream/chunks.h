/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The loop over plain chunks, the body of chunks.c and chunks_avx2.c. They say what
 * CHUNKS(name) is called there, how many entries STEP is, and have
 *
 *	bool put_step(void *to, const unsigned char *from, uint32_t n)
 *		copy the first @n of STEP entries as they are, zeros behind them; have all V?
 *		@from has STEP
 *	bool all_valid(const unsigned char *from, uint32_t n)
 *		have all of @n entries, a multiple of LINE, V?
 *	void put_entry(struct hpt_raw_entry *to, const unsigned char *from, uint64_t hypervisor,
 *		       bool past)
 *		copy an entry without the hypervisor's bits; @past the caches, if that is said
 *		and there is a way
 *	void put_line(struct hpt_raw_entry *to, const void *from, uint64_t hypervisor, bool past)
 *		likewise LINE entries; @to is a line if @past is said
 *	void move_lines(struct hpt_raw_entry *to, void *from, uint32_t n, uint64_t hypervisor,
 *			bool past)
 *		put_line() for @n entries, a multiple of LINE, and zeros where they were
 *	bool load_lines(struct plain *c)
 *		a way of its own for what load_span() does, of a table that goes past the caches;
 *		false: none, or not even one chunk
 *	void past_ends(void)
 *		what was written past the caches is in order with what follows
 *
 * Short chunks, as tables have them that are in use for long, go through a stage of some
 * lines that is always near, zero where nothing was put yet: there whole steps are written
 * where a few entries were meant. How long a run is nothing could guess, and so nothing has
 * to. The stage goes to the table in whole lines.
 */

#include <string.h>

/* Entries of a line of the caches. */
#define LINE 4u
/* Entries that are checked, then copied while they are near. */
#define BLOCK 64u
/* Invalid slots of a chunk from which on it may be one of many such. */
#define MANY 32u
/* Such chunks are mostly invalid while one slot in so many is valid. */
#define FEW 8u
/* Chunks whose lines are on their way before they are written. */
#define AHEAD 128u
/* Slots of the stage, and of a chunk that goes through it. */
#define STAGE 512u
#define SHORT 128u
/* Bytes that a chunk may have which goes through it, and what is read behind them. */
#define FAR (HPT_CHUNK_HEADER + (SHORT + STEP) * HPT_ENTRY_BYTES)
/*
 * Slots that go on to the table at once, and so many behind those that were put last: what
 * was just written cannot be read at once, being on its way to the cache in other pieces.
 */
#define PIECE 128u
#define BEHIND 64u

#define INLINE static inline __attribute__((always_inline))

struct stage {
	_Alignas(64) unsigned char bytes[(STAGE + SHORT + STEP) * HPT_ENTRY_BYTES];
};

/* Chunks on their way through the stage. */
struct flow {
	const unsigned char *p;    /* the next one */
	const unsigned char *safe; /* in front of this any that is short is whole */
	uint64_t slot;       /* of the table: where the stage's first goes, that of a line */
	uint32_t from, fill; /* slots that are there */
	uint32_t chunks;
};

static const unsigned char zeros[LINE * HPT_ENTRY_BYTES];

INLINE void put_entries(struct hpt_raw_entry *to, const unsigned char *from, uint32_t n,
			const struct plain *c)
{
	for (uint32_t i = 0; i < n; i++, from += HPT_ENTRY_BYTES) {
		if (c->past)
			put_entry(to + i, from, c->hypervisor, true);
		else
			put_entry(to + i, from, c->hypervisor, false);
	}
}

/* Slots of a table up to where a line begins. */
INLINE uint32_t to_line(const struct hpt_raw_entry *to, uint32_t n)
{
	uint32_t some = (uint32_t)(-((uintptr_t)to / HPT_ENTRY_BYTES) % LINE);

	return some < n ? some : n;
}

INLINE void put_lines(struct hpt_raw_entry *to, const unsigned char *from, uint32_t n,
		      const struct plain *c)
{
	uint32_t i = to_line(to, n);

	put_entries(to, from, i, c);
	for (; n - i >= LINE; i += LINE)
		put_line(to + i, from + (size_t)i * HPT_ENTRY_BYTES, c->hypervisor, c->past);
	put_entries(to + i, from + (size_t)i * HPT_ENTRY_BYTES, n - i, c);
}

INLINE void clear_few(struct hpt_raw_entry *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		put_entry(to + i, zeros, 0, true);
}

INLINE void clear_entries(struct hpt_raw_entry *to, uint32_t n, const struct plain *c)
{
	uint32_t i = to_line(to, n);

	if (!c->past) {
		memset(to, 0, (size_t)n * sizeof(*to));
		return;
	}
	clear_few(to, i);
	for (; n - i >= LINE; i += LINE)
		put_line(to + i, zeros, 0, true);
	clear_few(to + i, n - i);
}

/* Returns how many were good. */
INLINE uint32_t load_entries(struct hpt_raw_entry *to, const unsigned char *from, uint32_t n,
			     const struct plain *c)
{
	for (uint32_t i = 0, part; i < n; i += part) {
		const unsigned char *block = from + (size_t)i * HPT_ENTRY_BYTES;
		uint32_t good;

		part = n - i < BLOCK ? n - i : BLOCK;
		good = part;
		if (part < BLOCK || !all_valid(block, BLOCK))
			good = hpt_first_without_v(block, part);
		put_lines(to + i, block, good, c);
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
INLINE bool load_chunk(struct plain *c, const struct chunk_header *h)
{
	struct hpt_raw_entry *to = c->raw + h->index;

	if (load_entries(to, c->p + HPT_CHUNK_HEADER, h->n_valid, c) < h->n_valid)
		return false;
	clear_entries(to + h->n_valid, h->n_invalid, c);
	step(c, h);
	return true;
}

INLINE unsigned char *at(struct stage *s, uint32_t slot)
{
	return s->bytes + (size_t)slot * HPT_ENTRY_BYTES;
}

/* More than a step. False: an entry is bad. */
static __attribute__((noinline)) bool put_steps(unsigned char *to, const unsigned char *from,
						uint32_t n)
{
	for (uint32_t i = 0; i < n; i += STEP)
		if (!put_step(to + i * HPT_ENTRY_BYTES, from + i * HPT_ENTRY_BYTES,
			      n - i < STEP ? n - i : STEP))
			return false;
	return true;
}

/*
 * Short chunks that leave no slot out into the stage, until it holds @until slots or there are
 * no more: those near the end of the bytes or of the table are none. All that changes is in
 * registers.
 */
INLINE void stage_fill(struct stage *s, struct flow *flow, uint32_t until, bool little)
{
	const unsigned char *p = flow->p;
	const uint32_t base = (uint32_t)flow->slot;
	uint32_t fill = flow->fill, chunks = 0;

	while (fill < until && p < flow->safe) {
		struct chunk_header h = hpt_stream_header(p, little);
		uint32_t n = h.n_valid + h.n_invalid;
		unsigned char *to = at(s, fill);

		if (n - 1 >= SHORT || (uint32_t)h.index - base != fill)
			break;
		p += HPT_CHUNK_HEADER;
		if (h.n_valid <= STEP ? !put_step(to, p, h.n_valid)
				      : !put_steps(to, p, h.n_valid)) {
			memset(to, 0, (SHORT + STEP) * HPT_ENTRY_BYTES);
			p -= HPT_CHUNK_HEADER;
			break;
		}
		fill += n;
		p += h.n_valid * HPT_ENTRY_BYTES;
		chunks++;
	}
	flow->p = p;
	flow->fill = fill;
	flow->chunks += chunks;
}

/* Less than a line of the stage, to the table. */
INLINE void stage_put_few(struct stage *s, uint32_t from, uint32_t n, struct hpt_raw_entry *to,
			  const struct plain *c)
{
	if (n) {
		put_entries(to, at(s, from), n, c);
		memset(at(s, from), 0, n * HPT_ENTRY_BYTES);
	}
}

/* What is there below @end goes to the table, and leaves zeros behind. */
INLINE void stage_put(struct stage *s, struct flow *flow, const struct plain *c, uint32_t end)
{
	struct hpt_raw_entry *to = c->raw + (flow->slot + flow->from);
	uint32_t i = flow->from, n = to_line(to, end - i);

	stage_put_few(s, i, n, to, c);
	i += n;
	to += n;
	n = (end - i) & ~(LINE - 1);
	if (c->past)
		move_lines(to, at(s, i), n, c->hypervisor, true);
	else
		move_lines(to, at(s, i), n, c->hypervisor, false);
	stage_put_few(s, i + n, end - i - n, to + n, c);
	flow->from = end;
}

/* The stage is full: begin at its front again. */
INLINE void stage_turn(struct stage *s, struct flow *flow, const struct plain *c)
{
	uint32_t whole = flow->fill & ~(LINE - 1);

	stage_put(s, flow, c, whole);
	memcpy(s->bytes, at(s, whole), LINE * HPT_ENTRY_BYTES);
	memset(at(s, whole), 0, LINE * HPT_ENTRY_BYTES);
	flow->slot += whole;
	flow->fill -= whole;
	flow->from = 0;
}

/*
 * Short chunks that leave no slot out, as many as there are, through a stage that is all zero.
 * False: not even one.
 */
static __attribute__((noinline)) bool load_staged(struct plain *c, struct stage *s)
{
	/* The stage's lines are those of the table. */
	uint32_t from = (uint32_t)((uintptr_t)(c->raw + c->next) / HPT_ENTRY_BYTES % LINE);
	struct flow flow = { c->p, NULL, c->next - from, from, from, 0 };
	const uint64_t limit = c->slots < INDEX_LIMIT ? c->slots : INDEX_LIMIT;
	bool more;

	if ((size_t)(c->end - c->p) <= FAR)
		return false;
	flow.safe = c->end - FAR;
	do {
		uint64_t slots = limit - flow.slot;
		uint32_t until = flow.from + PIECE + BEHIND, stop;

		if (until > STAGE)
			until = STAGE;
		stop = until;
		if (slots < until + SHORT)
			stop = slots < SHORT ? 0 : (uint32_t)slots - SHORT;
		if (c->little)
			stage_fill(s, &flow, stop, true);
		else
			stage_fill(s, &flow, stop, false);
		more = flow.fill >= until;
		if (flow.fill >= STAGE)
			stage_turn(s, &flow, c);
		else if (more)
			stage_put(s, &flow, c, (flow.fill - BEHIND) & ~(LINE - 1));
	} while (more);
	stage_put(s, &flow, c, flow.fill);
	c->p = flow.p;
	c->next = flow.slot + flow.fill;
	c->chunks += flow.chunks;
	return flow.chunks;
}

/* Is this too much for what is mostly invalid? */
INLINE bool is_dense(uint64_t valid, uint64_t slots)
{
	return valid > MANY + slots / FEW;
}

/* Of few entries, all good? */
INLINE bool few_valid(const unsigned char *from, uint32_t n)
{
	unsigned all = 1;

	for (uint32_t i = 0; i < n; i++)
		all &= from[(size_t)i * HPT_ENTRY_BYTES + 7];
	return all;
}

/*
 * Behind a chunk of which most have one entry: a guess that is right lets the processor look
 * at the next ones before it knows where they are.
 */
INLINE const unsigned char *behind(const unsigned char *p, uint32_t n_valid)
{
	if (__builtin_expect(n_valid == 1, 1)) {
		p += HPT_CHUNK_HEADER + HPT_ENTRY_BYTES;
		__asm__("" : "+r"(p));
		return p;
	}
	return p + HPT_CHUNK_HEADER + (size_t)n_valid * HPT_ENTRY_BYTES;
}

static bool load_lines(struct plain *c);

/* The chunks from here on that leave no slot out and are mostly invalid; all entries good. */
static struct plain find_span(const struct plain *c)
{
	struct plain to = *c;
	struct chunk_header h;
	uint64_t valid = 0;

	while (is_plain(&to, &h) && h.index == to.next &&
	       few_valid(to.p + HPT_CHUNK_HEADER, h.n_valid)) {
		valid += h.n_valid;
		if (is_dense(valid, to.next - c->next))
			break;
		to.next = h.index + h.n_valid + h.n_invalid;
		to.p = behind(to.p, h.n_valid);
		to.chunks++;
	}
	return to;
}

/* Entries of the chunks up to @end, into slots that are clear and perhaps no longer near. */
static void put_span(const struct plain *c, const unsigned char *end)
{
	const unsigned char *p = c->p, *ahead = p;

	for (unsigned n = 0; p < end; n++) {
		struct chunk_header h;

		if (ahead < end) {
			h = hpt_stream_header(ahead, c->little);
			__builtin_prefetch(c->raw + h.index, 1);
			ahead = behind(ahead, h.n_valid);
			if (n < AHEAD)
				continue;
		}
		h = hpt_stream_header(p, c->little);
		for (uint32_t i = 0; i < h.n_valid; i++)
			put_entry(c->raw + h.index + i,
				  p + HPT_CHUNK_HEADER + i * HPT_ENTRY_BYTES, c->hypervisor,
				  false);
		p = behind(p, h.n_valid);
	}
}

/*
 * All are cleared at once, the more the better: processors have a way of their own for many
 * megabytes. Then the few entries are put among them. False: not even one chunk.
 */
static __attribute__((noinline)) bool load_span(struct plain *c)
{
	const struct plain to = find_span(c);

	if (to.p == c->p)
		return false;
	memset(c->raw + c->next, 0, (size_t)(to.next - c->next) * sizeof(*c->raw));
	put_span(c, to.p);
	*c = to;
	return true;
}

void CHUNKS(load_chunks)(struct plain *c)
{
	struct chunk_header h;
	struct stage s;

	memset(s.bytes, 0, sizeof(s.bytes));
	while (is_plain(c, &h)) {
		bool follows = h.index == c->next;

		bool sparse = h.n_invalid >= MANY;

		if (follows && sparse && (load_lines(c) || load_span(c)))
			continue;
		if (follows && !sparse && load_staged(c, &s))
			continue;
		if (!load_chunk(c, &h))
			break;
	}
	if (c->past)
		past_ends();
}
