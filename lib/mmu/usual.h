/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk, short: translation on, one SLB entry that matches, a table that lies in
 * private memory. What it cannot tell it leaves to hpt_walk(), whose answers its own equal.
 * Many addresses go through it like beads on a string: the groups of those ahead are on
 * their way from memory while the one in front is searched.
 *
 * This is the body of usual.c and usual_avx2.c, which say what USUAL(name) is called there and
 * how MATCH_PAIRS() compares.
 */

#define AVPN_SHIFT 23
/* Addresses that are on their way, in each of two queues. A power of two. */
#define AHEAD 16u
/* By the lowest bits of an ESID. */
#define BUCKETS 128u
#define NO_SLOT HPT_SLB_MAX
/* Between the two halves of a loop's body, and in it: a call would cost as much again. */
#define INLINE static inline __attribute__((always_inline))

#define COMPARED (HPT_V_B | HPT_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)
#define COMPARED_V3 (HPT_V3_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)

/* What all addresses of one call have in common. */
struct look {
	const struct hpt_walk_env *env;
	const struct hpt_raw_entry *base;
	uint64_t ea_mask;
	uint64_t pteg_mask;
	uint64_t mask_be; /* what is compared of doubleword 0, as it lies in memory */
	uint64_t v_mask;  /* what of it can be looked for */
	size_t stride;
	enum hpt_access access;
	bool tries_secondary;
	bool v3;
};

/* What follows from an SLB entry, for all addresses of its segment. */
struct segment {
	uint64_t avpn; /* B, AVPN of its first byte, V: doubleword 0 as it is sought */
	uint64_t hash; /* its part of the hash */
	uint64_t vsid;
	struct hpt_slb_entry entry;
	const struct hpt_base_size *base;
	/* How an entry says that its page is the first of the base's. */
	uint64_t r_mask, r_lp;
	uint64_t large;
	struct hpt_keys keys;
	uint32_t slot;
	uint8_t shift;
	uint8_t base_shift; /* 0: hpt_walk() must look at it */
	uint8_t page_shift; /* of the first of the base's pages */
};

/* An address between its hash and its answer. */
struct bead {
	uint64_t ea;
	uint64_t hash;
	uint64_t v; /* doubleword 0 as it is sought in the primary group */
	const struct segment *segment;
	struct hpt_translation *out;
};

static struct look look_of(const struct hpt_walk_env *env, enum hpt_access access,
			   size_t stride)
{
	bool cut = !(env->cpu->msr & HPT_MSR_SF) && !(env->flags & HPT_XLATE_DEBUG);

	return (struct look){
		.env = env,
		.base = env->base,
		.ea_mask = cut ? UINT32_MAX : UINT64_MAX,
		.pteg_mask = hpt_low_bits(env->order - HPT_PTEG_SHIFT),
		.mask_be = hpt_word_be(env->v3 ? COMPARED_V3 : COMPARED),
		/*
		 * The ISA 3.0 form has B elsewhere. A virtual page number too large for it keeps
		 * its bits outside the mask, so that nothing matches, as nothing could map it.
		 */
		.v_mask = env->v3 ? ~HPT_V_B : UINT64_MAX,
		.stride = stride,
		.access = access,
		.tries_secondary = !hpt_lpcr_has(env->cpu, HPT_LPCR_TC),
		.v3 = env->v3,
	};
}

/* The only base page size of its shift that the words name, or NULL. */
static const struct hpt_base_size *only_base(const struct hpt_page_sizes *sizes, uint64_t llp)
{
	for (uint32_t i = 0; i < sizes->n; i++) {
		if (sizes->base[i].slb_enc != (llp & HPT_SLB_LLP))
			continue;
		for (uint32_t j = 0; j < i; j++)
			if (sizes->base[j].shift == sizes->base[i].shift)
				return NULL;
		return &sizes->base[i];
	}
	return NULL;
}

static void know(const struct look *l, uint32_t slot, struct segment *s)
{
	const struct hpt_cpu *cpu = l->env->cpu;
	uint64_t word = cpu->slb[slot].vsid;
	unsigned shift = hpt_slb_shift(word);
	uint64_t llp = hpt_lpcr_has(cpu, HPT_LPCR_ISL) ? 0 : word;
	const struct hpt_base_size *base = only_base(cpu->sizes, llp);
	bool small;

	s->base_shift = 0;
	if (!base || base->shift >= shift || !base->n)
		return;
	/* A fetch from such a segment faults before the table is looked at. */
	if (l->access == HPT_ACCESS_FETCH && word & HPT_SLB_N &&
	    !(l->env->flags & HPT_XLATE_DEBUG))
		return;
	s->vsid = (word & HPT_SLB_VSID) >> (shift == SEGMENT_1T ? 24 : 12);
	s->hash = hpt_vsid_hash(s->vsid, shift);
	s->avpn = (word & HPT_V_B) | HPT_V_VALID |
		  (s->vsid << (shift - AVPN_SHIFT) << HPT_V_AVPN_SHIFT & HPT_V_AVPN);
	s->entry = cpu->slb[slot];
	s->base = base;
	small = base->shift == 12 && base->actual[0].shift == 12;
	s->large = small ? 0 : HPT_V_LARGE;
	s->r_mask = small ? 0 : HPT_R_RPN & hpt_low_bits(base->actual[0].shift);
	s->r_lp = small ? 0 : (uint64_t)base->actual[0].lp << 12;
	s->keys = hpt_keys_of(cpu, word, HPT_MODE_SEGMENT);
	s->slot = slot;
	s->shift = (uint8_t)shift;
	s->page_shift = (uint8_t)base->actual[0].shift;
	s->base_shift = (uint8_t)base->shift;
}

/* Of the slots that may match the one that does, or NO_SLOT: none, or several. */
static uint32_t only_match(const struct hpt_cpu *cpu, uint64_t ea, uint64_t candidates)
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

/* Every slot is looked at, since two that match are a fault. */
static uint32_t scan_slb(const struct hpt_cpu *cpu, uint64_t ea)
{
	uint64_t above = UINT64_MAX << SEGMENT_1T;
	uint64_t found = MATCH_PAIRS(cpu->slb, cpu->slb_n, above | HPT_SLB_VALID,
				     (ea & above) | HPT_SLB_VALID);

	if (cpu->slb_n < HPT_SLB_MAX)
		found &= hpt_low_bits(cpu->slb_n);
	return only_match(cpu, ea, found);
}

INLINE const struct hpt_raw_entry *group_of(const struct look *l, uint64_t hash)
{
	return l->base + (hash & l->pteg_mask) * HPT_PTEG_ENTRIES;
}

/* A group is 128 bytes, aligned: one line on Power, two on most others. */
INLINE void prefetch(const struct hpt_raw_entry *group)
{
	__builtin_prefetch(group);
	__builtin_prefetch(group + HPT_PTEG_ENTRIES / 2);
}

INLINE void begin(const struct look *l, const struct segment *segment, uint64_t ea,
		  struct hpt_translation *out, struct bead *b)
{
	uint64_t page = (ea & hpt_low_bits(segment->shift)) >> segment->base_shift;

	b->ea = ea;
	b->hash = segment->hash ^ page;
	b->v = segment->avpn | page << segment->base_shift >> AVPN_SHIFT << HPT_V_AVPN_SHIFT;
	b->segment = segment;
	b->out = out;
	prefetch(group_of(l, b->hash));
}

/* All that is known without an entry. The rest is put by put_entry() or no_entry(). */
INLINE void put_head(const struct look *l, const struct bead *b)
{
	const struct segment *segment = b->segment;
	struct hpt_translation *x = b->out;

	x->size = l->stride;
	x->outcome = HPT_OUTCOME_MAPPED;
	x->access = l->access;
	x->mode = HPT_MODE_SEGMENT;
	x->ea = b->ea;
	x->segment = segment->entry;
	x->va.vsid = segment->vsid;
	x->va.offset = b->ea & hpt_low_bits(segment->shift);
	x->va.segment_shift = segment->shift;
	x->hash = b->hash;
	x->slb_slot = segment->slot;
	x->base_shift = segment->base_shift;
	x->interrupt = 0;
	x->dsisr = 0;
	x->srr1 = 0;
	x->dar = 0;
	x->asdr = 0;
}

INLINE void put_entry(const struct look *l, const struct bead *b, uint64_t ptex,
		      struct hpt_entry entry, unsigned page_shift, bool secondary)
{
	struct hpt_rights rights = hpt_rights_of(&b->segment->keys, entry.r);
	uint64_t in_page = hpt_low_bits(page_shift);
	struct hpt_translation *x = b->out;

	put_head(l, b);
	x->has = HPT_HAS_RA | HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT | HPT_HAS_ENTRY;
	x->page_ra = entry.r & HPT_R_RPN & ~in_page;
	x->ra = x->page_ra | (b->ea & in_page);
	x->ptex = ptex;
	x->entry = entry;
	x->page_shift = (uint8_t)page_shift;
	x->secondary = secondary;
	x->pp = rights.pp;
	x->key = rights.key;
	x->wimg = rights.wimg;
	x->allowed = rights.allowed;
	x->denied = rights.denied[l->access];
	if (x->denied)
		hpt_walk_denied(l->env, x);
}

static void no_entry(const struct look *l, const struct bead *b)
{
	struct hpt_translation *x = b->out;

	put_head(l, b);
	x->has = HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT;
	x->ra = x->page_ra = x->ptex = 0;
	x->entry = (struct hpt_entry){ 0, 0 };
	x->page_shift = 0;
	x->secondary = false;
	x->pp = x->key = x->wimg = x->allowed = 0;
	hpt_walk_fault(l->env->cpu, x, HPT_OUTCOME_NO_ENTRY, 0);
}

/* log2 of the bytes of an entry's page, 0: L and LP are illegal here. */
INLINE unsigned page_shift_of(const struct segment *s, struct hpt_entry entry)
{
	uint32_t page;

	if (((entry.v ^ s->large) & HPT_V_LARGE) == 0 && (entry.r & s->r_mask) == s->r_lp)
		return s->page_shift;
	page = hpt_page_of(s->base, entry);
	return page == s->base->n ? 0 : s->base->actual[page].shift;
}

/* Doubleword 0 has matched. True: so does the rest, and the answer is whole. */
INLINE bool take(const struct look *l, const struct bead *b, const struct hpt_raw_entry *raw,
		 bool secondary)
{
	struct hpt_entry entry = { hpt_load_be64(&raw->v_be) & ~HPT_V_HYPERVISOR,
				   hpt_load_be64(&raw->r_be) };
	unsigned page_shift;

	if (l->v3) {
		if ((entry.r & HPT_V3_R_B) >> HPT_V3_R_B_SHIFT != b->v >> HPT_V_B_SHIFT)
			return false;
		entry = hpt_entry_from_v3(entry);
	}
	page_shift = page_shift_of(b->segment, entry);
	if (!page_shift)
		return false;
	put_entry(l, b, (uint64_t)(raw - l->base), entry, page_shift, secondary);
	return true;
}

INLINE bool search(const struct look *l, const struct bead *b, bool secondary)
{
	uint64_t v = (b->v & l->v_mask) | (secondary ? HPT_V_SECONDARY : 0);
	const struct hpt_raw_entry *group = group_of(l, secondary ? ~b->hash : b->hash);
	uint64_t found = MATCH_PAIRS(group, HPT_PTEG_ENTRIES, l->mask_be, hpt_word_be(v));

	for (; found; found &= found - 1)
		if (take(l, b, group + __builtin_ctzll(found), secondary))
			return true;
	return false;
}

/* By the whole walk, where an answer asks for it. It cannot fail in such a table. */
static void walk_whole(const struct look *l, uint64_t ea, struct hpt_translation *out)
{
	struct hpt_walk w;

	hpt_walk(l->env, ea, l->access, &w, NULL);
	w.x.size = l->stride;
	*out = w.x;
}

/* The answer is there: is it the last word? */
INLINE void finish(const struct look *l, const struct bead *b)
{
	if (l->env->flags & HPT_XLATE_ANY && b->out->outcome != HPT_OUTCOME_MAPPED)
		walk_whole(l, b->ea, b->out);
}

static void search_secondary(const struct look *l, const struct bead *b)
{
	if (!l->tries_secondary || !search(l, b, true))
		no_entry(l, b);
	finish(l, b);
}

void USUAL(one)(const struct hpt_walk_env *env, uint64_t ea, enum hpt_access access,
		struct hpt_translation *out)
{
	struct look l = look_of(env, access, out->size);
	uint64_t used = ea & l.ea_mask;
	uint32_t slot = scan_slb(env->cpu, used);
	struct segment segment;
	struct bead b;

	if (slot == NO_SLOT) {
		walk_whole(&l, ea, out);
		return;
	}
	know(&l, slot, &segment);
	if (!segment.base_shift) {
		walk_whole(&l, ea, out);
		return;
	}
	begin(&l, &segment, used, out, &b);
	if (search(&l, &b, false))
		finish(&l, &b);
	else
		search_secondary(&l, &b);
}

/* The SLB, sorted by how ESIDs end. */
struct index {
	/* ESID << 8 | slot, of segments of 1T and of 256M. */
	uint64_t large[BUCKETS], small[BUCKETS];
	uint64_t known; /* which of these are filled: */
	struct segment segment[HPT_SLB_MAX];
};

/* No address has an ESID so high. */
#define BUCKET_NONE UINT64_MAX
#define BUCKET_MANY (UINT64_MAX - HPT_SLB_MAX)

INLINE unsigned bucket(uint64_t esid)
{
	/* Linux's regions differ in the highest bits, its segments in the lowest. */
	return (unsigned)(esid ^ esid >> 18) % BUCKETS;
}

static void index_slot(uint64_t *buckets, uint64_t esid, uint32_t slot)
{
	uint64_t *to = &buckets[bucket(esid)];

	*to = *to == BUCKET_NONE ? esid << 8 | slot : BUCKET_MANY;
}

static void index_slb(const struct hpt_cpu *cpu, struct index *index)
{
	memset(index->large, 0xff, sizeof(index->large));
	memset(index->small, 0xff, sizeof(index->small));
	index->known = 0;
	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		const struct hpt_slb_entry *entry = &cpu->slb[i];
		unsigned shift = hpt_slb_shift(entry->vsid);

		if (!(entry->esid & HPT_SLB_VALID))
			continue;
		if (shift == SEGMENT_1T && hpt_has_1t(cpu))
			index_slot(index->large, entry->esid >> SEGMENT_1T, i);
		else if (shift == SEGMENT_256M)
			index_slot(index->small, entry->esid >> SEGMENT_256M, i);
	}
}

/* The segment of an address, or NULL: hpt_walk() must tell. */
INLINE const struct segment *find_segment(const struct look *l, struct index *index,
					  uint64_t ea)
{
	uint64_t large = index->large[bucket(ea >> SEGMENT_1T)];
	uint64_t small = index->small[bucket(ea >> SEGMENT_256M)];
	/* The slots' numbers, where the ESIDs are the address's. */
	uint64_t in_large = large ^ ea >> SEGMENT_1T << 8;
	uint64_t in_small = small ^ ea >> SEGMENT_256M << 8;
	uint32_t slot = (uint32_t)(in_large < NO_SLOT ? in_large : in_small);

	if (large == BUCKET_MANY || small == BUCKET_MANY)
		slot = scan_slb(l->env->cpu, ea);
	else if ((in_large < NO_SLOT) == (in_small < NO_SLOT))
		return NULL;
	if (slot == NO_SLOT)
		return NULL;
	if (!(index->known >> slot & 1)) {
		know(l, slot, &index->segment[slot]);
		index->known |= UINT64_C(1) << slot;
	}
	return index->segment[slot].base_shift ? &index->segment[slot] : NULL;
}

/* Those that were not in their primary group wait once more. */
struct later {
	struct bead beads[AHEAD];
	size_t begun, done;
};

static void search_later(const struct look *l, const struct bead *b, struct later *later)
{
	if (later->begun - later->done == AHEAD)
		search_secondary(l, &later->beads[later->done++ % AHEAD]);
	prefetch(group_of(l, ~b->hash));
	later->beads[later->begun++ % AHEAD] = *b;
}

INLINE void search_primary(const struct look *l, const struct bead *b, struct later *later)
{
	if (search(l, b, false))
		finish(l, b);
	else
		search_later(l, b, later);
}

void USUAL(many)(const struct hpt_walk_env *env, const uint64_t *ea, size_t n,
		 enum hpt_access access, void *out, size_t stride)
{
	struct look l = look_of(env, access, stride);
	struct bead beads[AHEAD];
	struct later later;
	unsigned char *next = out;
	struct index index;

	later.begun = later.done = 0;
	index_slb(env->cpu, &index);
	for (size_t i = 0; i < n + AHEAD; i++, next += stride) {
		struct hpt_translation *x = (struct hpt_translation *)(void *)next;
		struct bead *b = &beads[i % AHEAD];

		if (i >= AHEAD && b->segment)
			search_primary(&l, b, &later);
		b->segment = NULL;
		if (i >= n)
			continue;
		b->segment = find_segment(&l, &index, ea[i] & l.ea_mask);
		if (b->segment)
			begin(&l, b->segment, ea[i] & l.ea_mask, x, b);
		else
			walk_whole(&l, ea[i], x);
	}
	while (later.done < later.begun)
		search_secondary(&l, &later.beads[later.done++ % AHEAD]);
}
