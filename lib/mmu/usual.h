/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk, short: translation on, one SLB entry that matches, a table that lies in
 * private memory. What it cannot tell it leaves to hpt_walk(), whose answers its own equal.
 * Many addresses go through it like beads on a string: the groups of those ahead are on
 * their way from memory while the one in front is searched. What is known of a bead is
 * written where its answer goes.
 *
 * This is the body of usual.c and usual_avx2.c, which say what USUAL(name) is called there and
 * how MATCH_PAIRS() compares.
 */

#define AVPN_SHIFT 23
#define V_SHIFT (AVPN_SHIFT - HPT_V_AVPN_SHIFT) /* from an address to its AVPN in place */
/* Addresses that are on their way, in each of two queues. A power of two. */
#define AHEAD 16u
/* So few are gone for one by one: a queue would cost more than it gives. */
#define FEW 4u
#define NO_SLOT HPT_SLB_MAX
/* Between the two halves of a loop's body, and in it: a call would cost as much again. */
#define INLINE static inline __attribute__((always_inline))
/* What is rare is kept out of the way. */
#define RARE static __attribute__((noinline))

#define COMPARED (HPT_V_B | HPT_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)
#define COMPARED_V3 (HPT_V3_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)

/* What all addresses of one call have in common. */
struct look {
	const struct hpt_cpu *cpu;
	const struct hpt_raw_entry *base;
	uint64_t ea_mask;
	uint64_t pteg_mask;
	uint64_t mask_be; /* what is compared of doubleword 0, as it lies in memory */
	size_t size;      /* of an answer */
	enum hpt_access access;
	uint32_t flags;
	bool v3;
};

/* What follows from an SLB entry, for all addresses of its segment. */
struct segment {
	const struct hpt_slb_entry *entry;
	uint64_t v;      /* B, AVPN of its first byte, V: doubleword 0 as it is sought */
	uint64_t v_mask; /* what an address gives to AVPN, when shifted */
	uint64_t offset_mask;
	uint64_t hash; /* its part of the hash */
	uint64_t vsid;
	const struct hpt_base_size *base;
	/* How an entry says that its page is the first of the base's. */
	uint64_t r_mask, r_lp;
	uint64_t large;
	uint64_t page_mask;   /* offset in such a page */
	struct hpt_keys keys; /* for many addresses */
	uint32_t slot;
	uint8_t shift;
	uint8_t base_shift;
	uint8_t page_shift; /* of the first of the base's pages */
};

/* What an entry allows, worked out before: @bits are RIGHTS of doubleword 1, and the keys. */
struct known_rights {
	uint64_t bits;
	struct hpt_rights rights;
};

#define RIGHTS \
	(HPT_R_PP0 | HPT_R_KEY_HIGH | HPT_R_KEY_LOW | HPT_R_WIMG | HPT_R_NO_EXECUTE | HPT_R_PP)
/* By pp, N, G and M. */
#define KNOWN_RIGHTS 32u

INLINE struct look look_of(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
			   enum hpt_access access, uint32_t flags, size_t size)
{
	bool cut = !(cpu->msr & HPT_MSR_SF) && !(flags & HPT_XLATE_DEBUG);
	bool v3 = facts->form == HPT_FORM_V3;

	return (struct look){
		.cpu = cpu,
		.base = facts->base,
		.ea_mask = cut ? UINT32_MAX : UINT64_MAX,
		.pteg_mask = hpt_low_bits(facts->order - HPT_PTEG_SHIFT),
		.mask_be = v3 ? hpt_word_be(COMPARED_V3) : hpt_word_be(COMPARED),
		.size = size,
		.access = access,
		.flags = flags,
		.v3 = v3,
	};
}

/* The only base page size of its shift that the words name, or NULL. */
INLINE const struct hpt_base_size *only_base(const struct hpt_page_sizes *sizes, uint64_t llp)
{
	const struct hpt_base_size *base = sizes->base, *end = base + sizes->n;

	while (base->slb_enc != (llp & HPT_SLB_LLP))
		if (++base == end)
			return NULL;
	for (const struct hpt_base_size *other = sizes->base; other < base; other++)
		if (other->shift == base->shift)
			return NULL;
	return base;
}

/* How entries of the segment say what page they are of. */
INLINE void know_pages(const struct hpt_base_size *base, struct segment *s)
{
	unsigned page_shift = base->actual[0].shift;
	/* All ones unless the page is one of 4K in a segment of 4K, which needs no LP. */
	uint64_t large = (base->shift ^ 12) | (page_shift ^ 12) ? UINT64_MAX : 0;

	s->base = base;
	s->page_mask = hpt_low_bits(page_shift);
	s->large = large & HPT_V_LARGE;
	s->r_mask = large & HPT_R_RPN & s->page_mask;
	s->r_lp = large & (uint64_t)base->actual[0].lp << 12;
	s->page_shift = (uint8_t)page_shift;
	s->base_shift = (uint8_t)base->shift;
}

/* False: hpt_walk() must look at it. */
INLINE bool know(const struct look *l, uint32_t slot, struct segment *s)
{
	const struct hpt_cpu *cpu = l->cpu;
	uint64_t word = cpu->slb[slot].vsid;
	unsigned shift = word >> HPT_SLB_B_SHIFT ? SEGMENT_1T : SEGMENT_256M;
	uint64_t llp = hpt_lpcr_has(cpu, HPT_LPCR_ISL) ? 0 : word;
	const struct hpt_base_size *base = only_base(cpu->sizes, llp);
	unsigned first_shift;

	if (!base || base->shift >= shift || !base->n)
		return false;
	/* A fetch from such a segment faults before the table is looked at. */
	if (l->access == HPT_ACCESS_FETCH && word & HPT_SLB_N && !(l->flags & HPT_XLATE_DEBUG))
		return false;
	know_pages(base, s);
	s->entry = &cpu->slb[slot];
	s->slot = slot;
	s->shift = (uint8_t)shift;
	s->offset_mask = hpt_low_bits(shift);
	s->vsid = (word & HPT_SLB_VSID) >> (shift - V_SHIFT);
	s->hash = hpt_vsid_hash(s->vsid, shift);
	/*
	 * The ISA 3.0 form has B elsewhere. A virtual page number too large for it keeps its
	 * bits outside the mask, so that nothing matches, as nothing could map it.
	 */
	s->v = (l->v3 ? 0 : word & HPT_V_B) | HPT_V_VALID | s->vsid << (shift - V_SHIFT);
	first_shift = base->shift > AVPN_SHIFT ? base->shift : AVPN_SHIFT;
	s->v_mask = (s->offset_mask & ~hpt_low_bits(first_shift)) >> V_SHIFT;
	return true;
}

/* The slots whose entries are valid, and for the same 1T. */
INLINE uint64_t candidates_of(const struct hpt_cpu *cpu, uint64_t ea)
{
	uint64_t above = UINT64_MAX << SEGMENT_1T;
	uint64_t found = MATCH_PAIRS(cpu->slb, cpu->slb_n, above | HPT_SLB_VALID,
				     (ea & above) | HPT_SLB_VALID);

	return cpu->slb_n < HPT_SLB_MAX ? found & hpt_low_bits(cpu->slb_n) : found;
}

RARE uint32_t only_of_several(const struct hpt_cpu *cpu, uint64_t ea, uint64_t candidates)
{
	uint32_t slot = NO_SLOT;

	for (; candidates; candidates &= candidates - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(candidates);

		if (hpt_slb_match(cpu, &cpu->slb[i], ea) != HPT_SEGMENT_MATCH)
			continue;
		if (slot != NO_SLOT)
			return NO_SLOT;
		slot = i;
	}
	return slot;
}

/* Of these slots the one that matches, or NO_SLOT: none, or several, which is a fault. */
INLINE uint32_t only_match(const struct hpt_cpu *cpu, uint64_t ea, uint64_t candidates)
{
	uint32_t slot;

	if (!candidates || candidates & (candidates - 1))
		return only_of_several(cpu, ea, candidates);
	slot = (uint32_t)__builtin_ctzll(candidates);
	return hpt_slb_match(cpu, &cpu->slb[slot], ea) == HPT_SEGMENT_MATCH ? slot : NO_SLOT;
}

INLINE const struct hpt_raw_entry *group_of(const struct look *l, uint64_t hash)
{
	return l->base + (hash & l->pteg_mask) * HPT_PTEG_ENTRIES;
}

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

/* All that is known without an entry. The rest is put by put_entry() or no_entry(). */
INLINE void put_head(const struct look *l, const struct segment *s, uint64_t ea,
		     struct hpt_translation *x)
{
	uint64_t offset = ea & s->offset_mask;

	x->size = l->size;
	x->outcome = HPT_OUTCOME_MAPPED;
	x->access = l->access;
	x->mode = HPT_MODE_SEGMENT;
	x->ea = ea;
	x->segment = *s->entry;
	x->va.vsid = s->vsid;
	x->va.offset = offset;
	x->va.segment_shift = s->shift;
	x->hash = s->hash ^ offset >> s->base_shift;
	x->slb_slot = s->slot;
	x->base_shift = s->base_shift;
	x->interrupt = 0;
	x->dsisr = 0;
	x->srr1 = 0;
	x->dar = 0;
	x->asdr = 0;
}

/* An entry that was found, and how large its page is. */
struct found {
	uint64_t v, r;
	uint64_t ptex;
	uint64_t page_mask;
	uint8_t page_shift;
	bool secondary;
};

INLINE void put_entry(const struct look *l, const struct found *f,
		      const struct hpt_rights *rights, struct hpt_translation *x)
{
	uint64_t page_ra = f->r & HPT_R_RPN & ~f->page_mask;

	x->has = HPT_HAS_RA | HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT | HPT_HAS_ENTRY;
	x->ra = page_ra | (x->ea & f->page_mask);
	x->page_ra = page_ra;
	x->ptex = f->ptex;
	x->entry.v = f->v;
	x->entry.r = f->r;
	x->page_shift = f->page_shift;
	x->secondary = f->secondary;
	x->pp = rights->pp;
	x->key = rights->key;
	x->wimg = rights->wimg;
	x->allowed = rights->allowed;
	x->denied = rights->denied;
	if (rights->denied)
		hpt_walk_denied(l->cpu, l->flags, x);
}

INLINE void no_entry(const struct look *l, struct hpt_translation *x)
{
	x->has = HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT;
	x->ra = x->page_ra = x->ptex = 0;
	x->entry.v = x->entry.r = 0;
	x->page_shift = 0;
	x->secondary = false;
	x->pp = x->key = x->wimg = x->allowed = 0;
	hpt_walk_fault(l->cpu, x, HPT_OUTCOME_NO_ENTRY, 0);
}

/* log2 of the bytes of an entry's page where it is not the base's first, 0: illegal here. */
RARE unsigned other_page(const struct hpt_base_size *base, uint64_t v, uint64_t r)
{
	uint32_t page = hpt_page_of(base, (struct hpt_entry){ v, r });

	return page == base->n ? 0 : base->actual[page].shift;
}

RARE const struct hpt_rights *work_out(const struct segment *s, uint64_t r,
				       enum hpt_access access, struct known_rights *known)
{
	known->bits = (r & RIGHTS) | s->keys.kind;
	known->rights = hpt_rights_of(&s->keys, r, access);
	return &known->rights;
}

/* @known: NULL, for one address alone, or KNOWN_RIGHTS of them. */
INLINE void put_rights(const struct look *l, const struct segment *s, const struct found *f,
		       struct known_rights *known, struct hpt_translation *x)
{
	const struct hpt_rights *rights;
	struct hpt_rights own;
	struct hpt_keys keys;

	if (known) {
		known += f->r % KNOWN_RIGHTS;
		rights = &known->rights;
		if (known->bits != ((f->r & RIGHTS) | s->keys.kind))
			rights = work_out(s, f->r, l->access, known);
	} else {
		keys = hpt_keys_of(l->cpu, s->entry->vsid, HPT_MODE_SEGMENT, l->access);
		own = hpt_rights_of(&keys, f->r, l->access);
		rights = &own;
	}
	put_entry(l, f, rights, x);
}

/* Doubleword 0 has matched. True: so does the rest, and the answer is whole. */
INLINE bool take(const struct look *l, const struct segment *s,
		 const struct hpt_raw_entry *raw, bool secondary, struct known_rights *known,
		 struct hpt_translation *x)
{
	struct found f = { .v = hpt_word_be(raw->v_be.raw_be) & ~HPT_V_HYPERVISOR,
			   .r = hpt_word_be(raw->r_be.raw_be) };

	if (l->v3) {
		struct hpt_entry classic = hpt_entry_from_v3((struct hpt_entry){ f.v, f.r });

		if (classic.v >> HPT_V_B_SHIFT != s->entry->vsid >> HPT_SLB_B_SHIFT)
			return false;
		f.v = classic.v;
		f.r = classic.r;
	}
	f.ptex = (uint64_t)(raw - l->base);
	f.secondary = secondary;
	f.page_shift = s->page_shift;
	f.page_mask = s->page_mask;
	if (((f.v ^ s->large) & HPT_V_LARGE) | ((f.r & s->r_mask) ^ s->r_lp)) {
		f.page_shift = (uint8_t)other_page(s->base, f.v, f.r);
		f.page_mask = hpt_low_bits(f.page_shift);
		if (!f.page_shift)
			return false;
	}
	put_rights(l, s, &f, known, x);
	return true;
}

/* The slots whose doubleword 0 is the one that is looked for. */
INLINE uint64_t slots_of(const struct look *l, const struct segment *s,
			 const struct hpt_raw_entry *group, bool secondary,
			 const struct hpt_translation *x)
{
	uint64_t v = s->v | (x->ea >> V_SHIFT & s->v_mask) | (secondary ? HPT_V_SECONDARY : 0);

	return MATCH_PAIRS(group, HPT_PTEG_ENTRIES, l->mask_be, hpt_word_be(v));
}

/* Each of them, in their order, since the first did not match as a whole. */
RARE bool search_all(const struct look *l, const struct segment *s, bool secondary,
		     struct known_rights *known, struct hpt_translation *x)
{
	const struct hpt_raw_entry *group = group_of(l, secondary ? ~x->hash : x->hash);
	uint64_t found = slots_of(l, s, group, secondary, x);

	for (; found; found &= found - 1)
		if (take(l, s, group + __builtin_ctzll(found), secondary, known, x))
			return true;
	return false;
}

INLINE bool search(const struct look *l, const struct segment *s, bool secondary,
		   struct known_rights *known, struct hpt_translation *x)
{
	const struct hpt_raw_entry *group = group_of(l, secondary ? ~x->hash : x->hash);
	uint64_t found = slots_of(l, s, group, secondary, x);

	if (!found)
		return false;
	if (take(l, s, group + __builtin_ctzll(found), secondary, known, x))
		return true;
	return search_all(l, s, secondary, known, x);
}

INLINE void search_secondary(const struct look *l, const struct segment *s,
			     struct known_rights *known, struct hpt_translation *x)
{
	if (hpt_lpcr_has(l->cpu, HPT_LPCR_TC) || !search(l, s, true, known, x))
		no_entry(l, x);
}

/* The answer is there: is it the last word? */
INLINE bool is_last(const struct look *l, const struct hpt_translation *x)
{
	return !(l->flags & HPT_XLATE_ANY) || x->outcome == HPT_OUTCOME_MAPPED;
}

/* The one group or the other. Nothing here is kept for later, which registers are too few for. */
INLINE int one(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
	       enum hpt_access access, uint32_t flags, struct hpt_translation *out,
	       struct hpt_error *err, hpt_usual_fn *other)
{
	struct look l = look_of(cpu, facts, access, flags, out->size);
	uint64_t used = ea & l.ea_mask, found;
	uint32_t slot = only_match(cpu, used, candidates_of(cpu, used));
	const struct hpt_raw_entry *group;
	struct segment segment;

	if (slot == NO_SLOT || !know(&l, slot, &segment))
		goto whole;
	put_head(&l, &segment, used, out);
	group = group_of(&l, other ? out->hash : ~out->hash);
	found = slots_of(&l, &segment, group, !other, out);
	if (!found && other && !hpt_lpcr_has(cpu, HPT_LPCR_TC))
		return other(cpu, facts, ea, access, flags, out, err);
	if (!found)
		no_entry(&l, out);
	else if (!take(&l, &segment, group + __builtin_ctzll(found), !other, NULL, out))
		goto whole;
	if (is_last(&l, out))
		return HPT_OK;
whole:
	return hpt_translate_whole(cpu, hpt_table_of(facts), ea, access, flags, out, err);
}

RARE int one_secondary(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		       uint64_t ea, enum hpt_access access, uint32_t flags,
		       struct hpt_translation *out, struct hpt_error *err)
{
	return one(cpu, facts, ea, access, flags, out, err, NULL);
}

int USUAL(one)(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
	       enum hpt_access access, uint32_t flags, struct hpt_translation *out,
	       struct hpt_error *err)
{
	return one(cpu, facts, ea, access, flags, out, err, one_secondary);
}

#define FIRST_BITS 6
#define SECOND_BITS 7
/* Of an ESID of 256M those bits that one of 1T has, too. */
#define ESID_1T (UINT64_MAX << (SEGMENT_1T - SEGMENT_256M))

/*
 * The segments that addresses have met so far, by ESID. First by that of 1T: do segments of
 * 256M lie there (or in another 1T with this bucket)? Then by as much of that of 256M.
 */
struct index {
	uint64_t mask[1u << FIRST_BITS]; /* ESID_1T or all ones */
	uint64_t esid[1u << SECOND_BITS];
	const struct segment *segment[1u << SECOND_BITS];
	uint64_t known, unusual; /* slots that know() was asked about; where it said no */
	struct segment by_slot[HPT_SLB_MAX];
};

/*
 * Knuth's multiplicative hash: ESIDs differ in their highest bits or in their lowest. By the
 * golden ratio, and by the same 12 bits further on, for ESIDs that end in zeros.
 */
INLINE unsigned bucket(uint64_t esid, unsigned bits)
{
	return (unsigned)(esid * UINT64_C(0x9E39E3779B97F4A7) >> (64 - bits));
}

static void know_for_many(const struct look *l, struct index *index, uint32_t slot)
{
	struct segment *s = &index->by_slot[slot];

	index->known |= UINT64_C(1) << slot;
	if (know(l, slot, s))
		s->keys = hpt_keys_of(l->cpu, s->entry->vsid, HPT_MODE_SEGMENT, l->access);
	else
		index->unusual |= UINT64_C(1) << slot;
}

/* An ESID that is not in the index. */
RARE const struct segment *meet(const struct look *l, struct index *index, uint64_t ea)
{
	uint64_t candidates = candidates_of(l->cpu, ea), esid = ea >> SEGMENT_256M, bit;
	uint32_t slot = only_match(l->cpu, ea, candidates);
	const struct segment *segment = &index->by_slot[slot % HPT_SLB_MAX];
	uint64_t *mask = &index->mask[bucket(ea >> SEGMENT_1T, FIRST_BITS)];

	if (slot == NO_SLOT)
		return NULL;
	bit = UINT64_C(1) << slot;
	if (!(index->known & bit))
		know_for_many(l, index, slot);
	if (index->unusual & bit)
		return NULL;
	if (segment->shift != SEGMENT_1T || candidates & (candidates - 1))
		*mask = UINT64_MAX;
	esid &= *mask;
	index->esid[bucket(esid, SECOND_BITS)] = esid;
	index->segment[bucket(esid, SECOND_BITS)] = segment;
	return segment;
}

/* The segment of an address, or NULL: hpt_walk() must tell. */
INLINE const struct segment *find_segment(const struct look *l, struct index *index,
					  uint64_t ea)
{
	uint64_t mask = index->mask[bucket(ea >> SEGMENT_1T, FIRST_BITS)];
	uint64_t esid = ea >> SEGMENT_256M & mask;
	unsigned i = bucket(esid, SECOND_BITS);

	return index->esid[i] == esid ? index->segment[i] : meet(l, index, ea);
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
	struct known_rights rights[KNOWN_RIGHTS];
	struct index index;
};

static void queue_init(struct queue *q)
{
	q->begun = q->done = 0;
	/* No rights have such bits, and no ESID has. */
	memset(q->rights, 0xff, sizeof(q->rights));
	memset(q->index.esid, 0xff, sizeof(q->index.esid));
	for (unsigned i = 0; i < 1u << FIRST_BITS; i++)
		q->index.mask[i] = ESID_1T;
	q->index.known = q->index.unusual = 0;
}

INLINE void end(const struct hpt_walk_env *env, const struct queue *q,
		struct hpt_translation *x)
{
	if (!is_last(&q->look, x))
		walk_whole(env, x->ea, q->look.access, q->look.size, x);
}

INLINE void search_oldest(const struct hpt_walk_env *env, struct queue *q)
{
	const struct bead *b = &q->second[q->done++ % AHEAD];

	search_secondary(&q->look, b->segment, q->rights, b->x);
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
		walk_whole(env, ea, q->look.access, q->look.size, x);
		return NULL;
	}
	put_head(&q->look, segment, used, x);
	prefetch(group_of(&q->look, x->hash));
	return segment;
}

INLINE void search_primary(const struct hpt_walk_env *env, struct queue *q,
			   const struct segment *segment, struct hpt_translation *x)
{
	if (search(&q->look, segment, false, q->rights, x))
		end(env, q, x);
	else
		search_later(env, q, segment, x);
}

INLINE struct hpt_translation *answer(void *out, size_t size, size_t i)
{
	return (struct hpt_translation *)(void *)((unsigned char *)out + i * size);
}

static void queued(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		   enum hpt_access access, struct hpt_translation *out)
{
	size_t size = out->size;
	struct queue q;

	q.look = look_of(env->cpu, env->facts, access, env->flags, size);
	queue_init(&q);
	for (size_t i = 0; i < n + AHEAD; i++) {
		const struct segment **first = &q.first[i % AHEAD];

		if (i >= AHEAD && *first)
			search_primary(env, &q, *first, answer(out, size, i - AHEAD));
		*first = i < n ? begin(env, &q, ea[i], answer(out, size, i)) : NULL;
	}
	while (q.done < q.begun)
		search_oldest(env, &q);
}

void USUAL(many)(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		 enum hpt_access access, struct hpt_translation *out)
{
	size_t size = out->size;

	if (n > FEW) {
		queued(env, ea, n, access, out);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct hpt_translation *x = answer(out, size, i);

		x->size = size;
		USUAL(one)(env->cpu, env->facts, ea[i], access, env->flags, x, NULL);
	}
}
