/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk of many addresses, which go through it like beads on a string: the groups of
 * those ahead are on their way from memory while the one in front is searched. What is known of a
 * bead is written where its answer goes.
 *
 * Behind usual.h in usual.c and usual_avx2.c.
 */

/* Addresses that are on their way, in each of two queues. A power of two. */
#define AHEAD 16u
/* So few are gone for one by one: a queue would cost more than it gives. */
#define FEW 4u

/*
 * A group is 128 bytes, aligned: one line on Power, two on most others. Into the nearest cache:
 * prefetches into the second one Zen 4 was seen to drop, after it had walked the page tables for
 * them. Both lines, and at once: to find no entry in the first half is what nothing could
 * predict, and costs more than the second line.
 */
INLINE void prefetch(const struct hpt_raw_entry *group)
{
	__builtin_prefetch(group);
	__builtin_prefetch(group + HPT_PTEG_ENTRIES / 2);
}

#define INDEX_BITS 7

/* Segments by ESID. */
struct esids {
	uint64_t esid[1u << INDEX_BITS];
	const struct segment *segment[1u << INDEX_BITS];
};

/*
 * The segments that addresses have met so far. First those of 1T; what lies in the same 1T as
 * another one stands among those of 256M, by as much of an address.
 */
struct index {
	struct esids of_1t, of_256m;
	uint64_t known, unusual; /* slots that know() was asked about; where it said no */
	struct segment by_slot[HPT_SLB_MAX];
};

/* Knuth's multiplicative hash, by the golden ratio: ESIDs count from 0, or from high up. */
INLINE unsigned bucket(uint64_t esid)
{
	return (unsigned)(esid * UINT64_C(0x9E3779B97F4A7C15) >> (64 - INDEX_BITS));
}

INLINE void remember(struct esids *esids, uint64_t esid, const struct segment *segment)
{
	unsigned i = bucket(esid);

	esids->esid[i] = esid;
	esids->segment[i] = segment;
}

/* An ESID that is not in the index. */
RARE const struct segment *meet(const struct look *l, struct index *index, uint64_t ea)
{
	uint64_t candidates = candidates_of(l->cpu, ea), bit;
	uint32_t slot = only_match(l->cpu, ea, candidates);
	struct segment *segment = &index->by_slot[slot % HPT_SLB_MAX];

	if (slot == NO_SLOT)
		return NULL;
	bit = UINT64_C(1) << slot;
	if (!(index->known & bit) && !know(l, slot, segment))
		index->unusual |= bit;
	index->known |= bit;
	if (index->unusual & bit)
		return NULL;
	if (segment->va.segment_shift == SEGMENT_1T && !(candidates & (candidates - 1)))
		remember(&index->of_1t, ea >> SEGMENT_1T, segment);
	else
		remember(&index->of_256m, ea >> SEGMENT_256M, segment);
	return segment;
}

INLINE const struct segment *find_256m(const struct look *l, struct index *index, uint64_t ea)
{
	uint64_t esid = ea >> SEGMENT_256M;
	unsigned i = bucket(esid);

	return index->of_256m.esid[i] == esid ? index->of_256m.segment[i] : meet(l, index, ea);
}

/* The segment of an address, or NULL: hpt_walk() must tell. */
INLINE const struct segment *find_segment(const struct look *l, struct index *index,
					  uint64_t ea)
{
	uint64_t esid = ea >> SEGMENT_1T;
	unsigned i = bucket(esid);

	return index->of_1t.esid[i] == esid ? index->of_1t.segment[i]
					    : find_256m(l, index, ea);
}

/* By the whole walk, where an answer asks for it. It cannot fail in such a table. */
RARE void walk_whole(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		     size_t size, struct hpt_translation *out)
{
	struct hpt_walk w;

	hpt_walk(env, ea, access, &w, NULL);
	w.x.size = size;
	*out = w.x;
}

/* An answer that waits for its group. */
struct bead {
	const struct segment *segment;
	struct hpt_translation *x;
};

/* Addresses on their way. Those that were not in their primary group wait once more. */
struct queue {
	struct look look;
	const struct segment *first[AHEAD]; /* NULL: the answer is there */
	struct bead second[AHEAD];
	size_t begun, done; /* of the second */
	size_t size;        /* of an answer */
	struct index index;
};

static void queue_init(struct queue *q)
{
	q->begun = q->done = 0;
	/* No ESID has such bits. */
	memset(q->index.of_1t.esid, 0xff, sizeof(q->index.of_1t.esid));
	memset(q->index.of_256m.esid, 0xff, sizeof(q->index.of_256m.esid));
	q->index.known = q->index.unusual = 0;
}

INLINE void end(const struct hpt_walk_env *env, const struct queue *q,
		struct hpt_translation *x)
{
	if (!is_last(&q->look, x))
		walk_whole(env, x->ea, q->look.access, q->size, x);
}

INLINE void search_oldest(const struct hpt_walk_env *env, struct queue *q)
{
	const struct bead *b = &q->second[q->done++ % AHEAD];

	search_secondary(&q->look, b->segment, b->x);
	end(env, q, b->x);
}

/* It is not in its primary group. */
INLINE void search_later(const struct hpt_walk_env *env, struct queue *q,
			 const struct segment *segment, struct hpt_translation *x)
{
	if (q->begun - q->done == AHEAD)
		search_oldest(env, q);
	prefetch(group_of(&q->look, ~x->hash));
	q->second[q->begun++ % AHEAD] = (struct bead){ segment, x };
}

/* An address comes: its segment, its hash, and its group is sent for. */
INLINE const struct segment *begin(const struct hpt_walk_env *env, struct queue *q,
				   uint64_t ea, struct hpt_translation *x)
{
	uint64_t used = ea & q->look.ea_mask;
	const struct segment *segment = find_segment(&q->look, &q->index, used);

	if (!segment) {
		walk_whole(env, ea, q->look.access, q->size, x);
		return NULL;
	}
	x->size = q->size;
	put_head(&q->look, segment, used, x);
	prefetch(group_of(&q->look, x->hash));
	return segment;
}

/* The answer that waits longest, unless it is there: @segment is NULL. */
INLINE void search_front(const struct hpt_walk_env *env, struct queue *q,
			 const struct segment *segment, struct hpt_translation *x)
{
	if (!segment)
		return;
	if (search(&q->look, segment, false, x))
		end(env, q, x);
	else
		search_later(env, q, segment, x);
}

INLINE struct hpt_translation *after(struct hpt_translation *x, size_t size)
{
	return (struct hpt_translation *)(void *)((unsigned char *)x + size);
}

static void queued(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		   enum hpt_access access, struct hpt_translation *out)
{
	size_t size = out->size, ahead = n < AHEAD ? n : AHEAD;
	struct hpt_translation *front = out, *back = out;
	struct queue q;

	q.look = look_of(env->cpu, env->facts, access, env->flags);
	q.size = size;
	queue_init(&q);
	for (size_t i = 0; i < ahead; i++, front = after(front, size))
		q.first[i] = begin(env, &q, ea[i], front);
	for (size_t i = ahead; i < n; i++) {
		const struct segment **first = &q.first[i % AHEAD], *segment = *first;

		*first = begin(env, &q, ea[i], front);
		search_front(env, &q, segment, back);
		back = after(back, size);
		front = after(front, size);
	}
	for (size_t i = n - ahead; i < n; i++, back = after(back, size))
		search_front(env, &q, q.first[i % AHEAD], back);
	while (q.done < q.begun)
		search_oldest(env, &q);
}

void USUAL(many)(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		 enum hpt_access access, struct hpt_translation *out)
{
	struct hpt_translation *x = out;
	size_t size = out->size;

	if (n > FEW) {
		queued(env, ea, n, access, out);
		return;
	}
	for (size_t i = 0; i < n; i++, x = after(x, size)) {
		x->size = size;
		USUAL(any)(env->cpu, env->facts, ea[i], access, env->flags, x, NULL);
	}
}
