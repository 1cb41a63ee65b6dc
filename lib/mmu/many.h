/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk of many addresses, which go through it like beads on a string: the groups of
 * those ahead are on their way from memory while the one in front is searched. What is known of a
 * bead is written where its answer goes.
 *
 * A group is 128 bytes, aligned: one line on Power, two on most others. In a table that is half
 * full four entries of five are in the first half of their groups. Only that half is sent for; some
 * way on it is looked whether the other one is needed. Where most addresses are not in their
 * primary groups both halves are sent for at once, and first into the second cache, which
 * may have more lines on their way; but a processor may drop that, so they are sent for into the
 * nearest one, too, some way on.
 *
 * Behind usual.h in usual.c and usual_avx2.c.
 */

/* So few are gone for one by one: a queue would cost more than it gives. */
#define FEW 4u
/* For fewer addresses segments are not looked for before one is needed. */
#define MANY 64u
/* Half a group, which is what FIRST_OF_4() gives where there is none. */
#define HALF_BYTES 64u

/* How groups are sent for. */
struct pace {
	/*
	 * So many beads are between a group's being sent for and the choice of its half, and so
	 * many more behind that.
	 */
	size_t way;
	/*
	 * So many groups are sent for at a time: of addresses that are in their primary
	 * groups, and where most are not.
	 */
	size_t hits, misses;
};

/*
 * The larger a table is, the more groups need a walk of page tables. A processor does several
 * walks at once where it finds their prefetches close together; where it needs none, or finds what
 * it walks in a near cache, it is better if they are not. No more than some twenty lines are on
 * their way at once.
 */
#define PACE_LARGE_ORDER 28u
#define PACE_HUGE_ORDER 29u
#define PACE ((struct pace){ 16, 1, 1 })
#define PACE_LARGE ((struct pace){ 32, 1, 16 })
#define PACE_HUGE ((struct pace){ 32, 16, 16 })
#define WAY_MAX 32u
/* Those that were not in their primary group, and are on their way to the other one. */
#define LATER 16u

/* Into the second cache. */
INLINE void prefetch_far(const struct hpt_raw_entry *group)
{
	__builtin_prefetch(group, 0, 2);
	__builtin_prefetch(group + HPT_PTEG_ENTRIES / 2, 0, 2);
}

INLINE void prefetch_half(const struct hpt_raw_entry *half)
{
	__builtin_prefetch(half, 0, 3);
}

INLINE void prefetch_near(const struct hpt_raw_entry *group)
{
	prefetch_half(group);
	prefetch_half(group + HPT_PTEG_ENTRIES / 2);
}

#define INDEX_BITS 7

#define NO_ESID UINT64_MAX /* none has so many bits */

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

static void forget(struct esids *esids, uint64_t esid)
{
	unsigned i = bucket(esid);

	if (esids->esid[i] == esid)
		esids->esid[i] = NO_ESID;
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

/*
 * All segments of 1T before the first address comes: one by one, as addresses meet them, each
 * costs a branch that was guessed wrong, with all that was begun behind it. Those that share
 * their 1T, or a place in the index, are left for meet() to tell apart.
 */
RARE void meet_all(const struct look *l, struct index *index)
{
	const struct hpt_slb_entry *slb = l->cpu->slb;
	uint64_t shared = 0;

	for (uint32_t slot = 0; slot < l->cpu->slb_n; slot++) {
		uint64_t bit = UINT64_C(1) << slot, esid = slb[slot].esid >> SEGMENT_1T;
		unsigned i = bucket(esid);

		/* Does it match anything? */
		if (hpt_slb_match(l->cpu, &slb[slot], slb[slot].esid) != HPT_SEGMENT_MATCH)
			continue;
		if (hpt_slb_shift(slb[slot].vsid) != SEGMENT_1T ||
		    index->of_1t.esid[i] == esid) {
			shared |= bit;
			continue;
		}
		index->known |= bit;
		if (!know(l, slot, &index->by_slot[slot])) {
			index->unusual |= bit;
			shared |= bit;
		} else if (index->of_1t.esid[i] == NO_ESID) {
			remember(&index->of_1t, esid, &index->by_slot[slot]);
		}
	}
	for (; shared; shared &= shared - 1)
		forget(&index->of_1t, slb[__builtin_ctzll(shared)].esid >> SEGMENT_1T);
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

/* An address on its way to its primary group. */
struct bead {
	const struct segment *segment; /* NULL: the answer is there */
	/* The group's first half, then the one that has the entry, if either has. */
	const struct hpt_raw_entry *half;
	uint64_t wanted_be; /* doubleword 0 */
};

/* Those that were not in their primary group wait once more. */
struct later {
	const struct segment *segment;
	struct hpt_translation *x;
};

struct queue {
	struct look look;
	struct bead first[2 * WAY_MAX];
	struct later second[LATER];
	size_t begun, done; /* of the second */
	size_t size;        /* of an answer */
	struct index index;
};

static void queue_init(struct queue *q)
{
	q->begun = q->done = 0;
	/* NO_ESID everywhere. */
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
	const struct later *b = &q->second[q->done++ % LATER];

	search_secondary(&q->look, b->segment, b->x);
	end(env, q, b->x);
}

/* It is not in its primary group. */
INLINE void search_later(const struct hpt_walk_env *env, struct queue *q,
			 const struct segment *segment, struct hpt_translation *x)
{
	if (q->begun - q->done == LATER)
		search_oldest(env, q);
	prefetch_near(group_of(&q->look, ~x->hash));
	q->second[q->begun++ % LATER] = (struct later){ segment, x };
}

/* An address comes: its segment, its hash, its group. */
INLINE struct bead begin(const struct hpt_walk_env *env, const struct look *l, struct queue *q,
			 uint64_t ea, struct hpt_translation *x)
{
	uint64_t used = ea & l->ea_mask;
	const struct segment *segment = find_segment(l, &q->index, used);

	if (!segment) {
		walk_whole(env, ea, l->access, q->size, x);
		return (struct bead){ NULL, l->base, 0 };
	}
	x->size = q->size;
	put_head(l, segment, used, x);
	return (struct bead){ segment, group_of(l, x->hash),
			      hpt_word_be(wanted_of(segment, used)) };
}

/*
 * Without a branch: which half it is nothing could predict, and a wrong guess would cost more than
 * a line. @missing: both were sent for.
 */
INLINE void choose_half(const struct look *l, struct bead *b, bool missing)
{
	b->half =
		entry_at(b->half, FIRST_OF_4(b->half, l->mask_be, b->wanted_be) & HALF_BYTES);
	if (!missing)
		prefetch_half(b->half);
}

/* True: the answer is there. */
INLINE bool search_half(const struct look *l, struct bead b, struct hpt_translation *x)
{
	unsigned at = FIRST_OF_4(b.half, l->mask_be, b.wanted_be);

	if (at == HALF_BYTES)
		return false;
	if (take(l, b.segment, entry_at(b.half, at), false, x))
		return true;
	return search_all(l, b.segment, group_of(l, x->hash), false, x);
}

/* The answer that waits longest, unless it is there. */
INLINE void search_front(const struct hpt_walk_env *env, struct queue *q, struct bead b,
			 struct hpt_translation *x)
{
	if (!b.segment)
		return;
	if (search_half(&q->look, b, x))
		end(env, q, x);
	else
		search_later(env, q, b.segment, x);
}

/* The other group of an address, of which no half was chosen yet. */
INLINE const struct hpt_raw_entry *other_group(const struct look *l,
					       const struct hpt_raw_entry *group)
{
	return l->base + l->pteg_mask * HPT_PTEG_ENTRIES - (size_t)(group - l->base);
}

/* Those that came last up to @last. */
INLINE void prefetch_hits(const struct bead *last, size_t n)
{
	for (const struct bead *b = last - (n - 1); b <= last; b++)
		prefetch_half(b->half);
}

INLINE void prefetch_misses(const struct look *l, const struct bead *last, size_t n)
{
	for (const struct bead *b = last - (n - 1); b <= last; b++) {
		prefetch_far(b->half);
		/* A second one later would find no walk of page tables beside it. */
		if (n > 1)
			prefetch_far(other_group(l, b->half));
	}
}

/* Bead @i came last. */
INLINE void send_for(struct queue *q, struct pace pace, size_t i, bool missing)
{
	const size_t most = 2 * pace.way, between = (3 * pace.way + pace.misses) / 4;
	const struct bead *last = &q->first[i % most];

	if (missing) {
		if (i % pace.misses == pace.misses - 1)
			prefetch_misses(&q->look, last, pace.misses);
		prefetch_near(q->first[(i - between) % most].half);
	} else if (i % pace.hits == pace.hits - 1) {
		prefetch_hits(last, pace.hits);
	}
}

INLINE struct hpt_translation *after(struct hpt_translation *x, size_t size)
{
	return (struct hpt_translation *)(void *)((unsigned char *)x + size);
}

INLINE void queued(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		   enum hpt_access access, struct hpt_translation *out, struct pace pace)
{
	const size_t most = 2 * pace.way;
	size_t size = out->size, ahead = n < most ? n : most, begun = 0;
	struct hpt_translation *front = out, *back = out;
	bool missing = false; /* most are not in their primary groups */
	struct queue q;

	q.look = look_of(env->cpu, env->facts, access, env->flags);
	q.size = size;
	queue_init(&q);
	if (n >= MANY)
		meet_all(&q.look, &q.index);
	for (size_t i = 0; i < ahead; i++, front = after(front, size)) {
		q.first[i] = begin(env, &q.look, &q, ea[i], front);
		prefetch_half(q.first[i].half);
	}
	for (size_t i = 0; i < pace.way && i < ahead; i++)
		choose_half(&q.look, &q.first[i], false);
	for (size_t i = ahead; i < n; i++) {
		struct bead *new = &q.first[i % most], first = *new;

		*new = begin(env, &q.look, &q, ea[i], front);
		if (i % pace.way == pace.way - 1) {
			missing = q.begun - begun > pace.way / 2;
			begun = q.begun;
		}
		send_for(&q, pace, i, missing);
		choose_half(&q.look, &q.first[(i + pace.way) % most], missing);
		search_front(env, &q, first, back);
		back = after(back, size);
		front = after(front, size);
	}
	/* No whole burst. */
	for (size_t i = n > ahead ? n - n % pace.hits : n; i < n; i++)
		prefetch_half(q.first[i % most].half);
	for (size_t i = n - ahead; i < n; i++, back = after(back, size)) {
		if (i + pace.way < n)
			choose_half(&q.look, &q.first[(i + pace.way) % most], missing);
		search_front(env, &q, q.first[i % most], back);
	}
	while (q.done < q.begun)
		search_oldest(env, &q);
}

RARE void queued_small(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		       enum hpt_access access, struct hpt_translation *out)
{
	queued(env, ea, n, access, out, PACE);
}

RARE void queued_large(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		       enum hpt_access access, struct hpt_translation *out)
{
	queued(env, ea, n, access, out, PACE_LARGE);
}

RARE void queued_huge(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		      enum hpt_access access, struct hpt_translation *out)
{
	queued(env, ea, n, access, out, PACE_HUGE);
}

void USUAL(many)(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		 enum hpt_access access, struct hpt_translation *out)
{
	struct hpt_translation *x = out;
	size_t size = out->size;

	if (n > FEW) {
		if (env->facts->order >= PACE_HUGE_ORDER)
			queued_huge(env, ea, n, access, out);
		else if (env->facts->order >= PACE_LARGE_ORDER)
			queued_large(env, ea, n, access, out);
		else
			queued_small(env, ea, n, access, out);
		return;
	}
	for (size_t i = 0; i < n; i++, x = after(x, size)) {
		x->size = size;
		USUAL(any)(env->cpu, env->facts, ea[i], access, env->flags, x, NULL);
	}
}
