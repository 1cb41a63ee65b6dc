/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk of many addresses, which go through it like beads on a string: the groups of
 * those ahead are on their way from memory while the one in front is searched. What is known of a
 * bead is written where its answer goes.
 *
 * Where most are not in their primary groups, and in large tables, a group is sent for twice. First
 * into the second cache, which may have more lines on their way; often that only has the
 * processor walk the page tables, but then what waits for them is no prefetch into the nearest
 * cache, which would hold up those behind it. Half of the way on follows that one.
 *
 * Behind usual.h in usual.c and usual_avx2.c.
 */

/*
 * Addresses that are on their way, and for how many it is looked at whether most of them were in
 * their primary groups.
 */
#define AHEAD 16u
/*
 * In tables of so many bytes and more, as a power of two, nearly each group's page tables must be
 * walked. A processor walks several at once where it finds their prefetches close together: there
 * the first ones come AHEAD at a time, and twice as many are on their way.
 */
#define BURST_ORDER 29u
/* So few are gone for one by one: a queue would cost more than it gives. */
#define FEW 4u

/*
 * A group is 128 bytes, aligned: one line on Power, two on most others. Both lines at once: to
 * find no entry in the first half is what nothing could predict, and costs more than the second
 * line.
 */
INLINE void prefetch_far(const struct hpt_raw_entry *group)
{
	__builtin_prefetch(group, 0, 2);
	__builtin_prefetch(group + HPT_PTEG_ENTRIES / 2, 0, 2);
}

INLINE void prefetch_near(const struct hpt_raw_entry *group)
{
	__builtin_prefetch(group, 0, 3);
	__builtin_prefetch(group + HPT_PTEG_ENTRIES / 2, 0, 3);
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

/* An address on its way to its primary group. */
struct bead {
	const struct segment *segment; /* NULL: the answer is there */
	const struct hpt_raw_entry *group;
};

/* Those that were not in their primary group wait once more. */
struct later {
	const struct segment *segment;
	struct hpt_translation *x;
};

struct queue {
	struct look look;
	struct bead first[2 * AHEAD];
	struct later second[AHEAD];
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
	const struct later *b = &q->second[q->done++ % AHEAD];

	search_secondary(&q->look, b->segment, b->x);
	end(env, q, b->x);
}

/* It is not in its primary group. */
INLINE void search_later(const struct hpt_walk_env *env, struct queue *q,
			 const struct segment *segment, struct hpt_translation *x)
{
	if (q->begun - q->done == AHEAD)
		search_oldest(env, q);
	prefetch_near(group_of(&q->look, ~x->hash));
	q->second[q->begun++ % AHEAD] = (struct later){ segment, x };
}

/* An address comes: its segment, its hash, its group. */
INLINE struct bead begin(const struct hpt_walk_env *env, const struct look *l, struct queue *q,
			 uint64_t ea, struct hpt_translation *x)
{
	uint64_t used = ea & l->ea_mask;
	const struct segment *segment = find_segment(l, &q->index, used);

	if (!segment) {
		walk_whole(env, ea, l->access, q->size, x);
		return (struct bead){ NULL, l->base };
	}
	x->size = q->size;
	put_head(l, segment, used, x);
	return (struct bead){ segment, group_of(l, x->hash) };
}

/* The answer that waits longest, unless it is there. */
INLINE void search_front(const struct hpt_walk_env *env, struct queue *q, struct bead b,
			 struct hpt_translation *x)
{
	if (!b.segment)
		return;
	if (search(&q->look, b.segment, b.group, false, x))
		end(env, q, x);
	else
		search_later(env, q, b.segment, x);
}

/* The other group of an address. */
INLINE const struct hpt_raw_entry *other_group(const struct look *l,
					       const struct hpt_raw_entry *group)
{
	return l->base + l->pteg_mask * HPT_PTEG_ENTRIES - (size_t)(group - l->base);
}

INLINE void prefetch_burst(const struct look *l, const struct bead *b, bool both)
{
	for (const struct bead *last = b + AHEAD; b < last; b++) {
		prefetch_far(b->group);
		if (both)
			prefetch_far(other_group(l, b->group));
	}
}

INLINE struct hpt_translation *after(struct hpt_translation *x, size_t size)
{
	return (struct hpt_translation *)(void *)((unsigned char *)x + size);
}

INLINE void queued(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		   enum hpt_access access, struct hpt_translation *out, bool bursts)
{
	const size_t most = bursts ? 2 * AHEAD : AHEAD;
	size_t size = out->size, ahead = n < most ? n : most, begun = 0;
	struct hpt_translation *front = out, *back = out;
	bool missing = false; /* most are not in their primary groups */
	struct queue q;

	q.look = look_of(env->cpu, env->facts, access, env->flags);
	q.size = size;
	queue_init(&q);
	for (size_t i = 0; i < ahead; i++, front = after(front, size)) {
		q.first[i] = begin(env, &q.look, &q, ea[i], front);
		prefetch_near(q.first[i].group);
	}
	for (size_t i = ahead; i < n; i++) {
		struct bead *b = &q.first[i % most], first = *b;
		struct bead new = begin(env, &q.look, &q, ea[i], front);

		*b = new;
		if (i % AHEAD == AHEAD - 1) {
			missing = q.begun - begun > AHEAD / 2;
			begun = q.begun;
			if (bursts)
				prefetch_burst(&q.look, b - (AHEAD - 1), missing);
		}
		if (bursts) {
			prefetch_near(q.first[(i - most / 2) % most].group);
		} else if (missing) {
			prefetch_far(new.group);
			prefetch_near(q.first[(i - most / 2) % most].group);
		} else {
			prefetch_near(new.group);
		}
		search_front(env, &q, first, back);
		back = after(back, size);
		front = after(front, size);
	}
	for (size_t i = n - ahead; i < n; i++, back = after(back, size))
		search_front(env, &q, q.first[i % most], back);
	while (q.done < q.begun)
		search_oldest(env, &q);
}

RARE void queued_singly(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
			enum hpt_access access, struct hpt_translation *out)
{
	queued(env, ea, n, access, out, false);
}

RARE void queued_in_bursts(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
			   enum hpt_access access, struct hpt_translation *out)
{
	queued(env, ea, n, access, out, true);
}

void USUAL(many)(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		 enum hpt_access access, struct hpt_translation *out)
{
	struct hpt_translation *x = out;
	size_t size = out->size;

	if (n > FEW) {
		if (env->facts->order >= BURST_ORDER)
			queued_in_bursts(env, ea, n, access, out);
		else
			queued_singly(env, ea, n, access, out);
		return;
	}
	for (size_t i = 0; i < n; i++, x = after(x, size)) {
		x->size = size;
		USUAL(any)(env->cpu, env->facts, ea[i], access, env->flags, x, NULL);
	}
}
