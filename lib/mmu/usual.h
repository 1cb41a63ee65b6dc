/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk, short: translation on, one SLB entry that matches, a table that lies in
 * private memory. What it cannot tell it leaves to hpt_walk(), whose answers its own equal.
 * Many addresses go through it like beads on a string: the groups of those ahead are on
 * their way from memory while the one in front is searched. What is known of a bead is
 * written where its answer goes.
 *
 * This is the body of usual.c and usual_avx2.c, which say what USUAL(name) is called there and
 * how MATCH_PAIRS(), FIRST_OF_8() and ONLY_OF_32() of core/match.h compare.
 */

#define V_SHIFT (HPT_AVPN_FROM - HPT_V_AVPN_SHIFT) /* from an address to its AVPN in place */
/* Addresses that are on their way, in each of two queues. A power of two. */
#define AHEAD 16u
/* So few are gone for one by one: a queue would cost more than it gives. */
#define FEW 4u
#define NO_SLOT HPT_SLB_MAX
/* Between the two halves of a loop's body, and in it: a call would cost as much again. */
#define INLINE static inline __attribute__((always_inline))
/* What is rare is kept out of the way. */
#define RARE static __attribute__((noinline))

/* What all addresses of one call have in common. */
struct look {
	const struct hpt_cpu *cpu;
	const struct hpt_raw_entry *base;
	uint64_t ea_mask;
	uint64_t pteg_mask;
	uint64_t mask_be; /* what is compared of doubleword 0, as it lies in memory */
	uint64_t keyed;   /* 0: neither AMR nor IAMR forbids anything */
	uint64_t own;     /* hpt_own_encodings() of the CPU's page sizes */
	enum hpt_access access;
	uint32_t flags;
	bool v3;
};

/* What follows from an SLB entry, for all addresses of its segment. */
struct segment {
	struct hpt_slb_entry entry;
	struct hpt_va va; /* of its first byte */
	uint64_t v;       /* B, AVPN of that byte, V: doubleword 0 as it is sought */
	uint64_t v_mask;  /* what an address gives to AVPN, when shifted */
	uint64_t offset_mask;
	uint64_t hash; /* its part of the hash */
	struct hpt_known_base base;
	hpt_tails *tails;   /* hpt_known_tails_of() */
	uint64_t restricts; /* 0: its N does not, and neither do AMR and IAMR */
	uint32_t slot;
};

INLINE struct look look_of(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
			   enum hpt_access access, uint32_t flags)
{
	bool cut = !(cpu->msr & HPT_MSR_SF) && !(flags & HPT_XLATE_DEBUG);
	bool v3 = facts->form == HPT_FORM_V3;

	return (struct look){
		.cpu = cpu,
		.base = facts->base,
		.ea_mask = cut ? UINT32_MAX : UINT64_MAX,
		.pteg_mask = hpt_low_bits(facts->order - HPT_PTEG_SHIFT),
		.mask_be = v3 ? hpt_word_be(HPT_COMPARED_V3) : hpt_word_be(HPT_COMPARED),
		.keyed = cpu->amr | cpu->iamr,
		.own = hpt_own_encodings(cpu->sizes),
		.access = access,
		.flags = flags,
		.v3 = v3,
	};
}

/* The only base page size of its shift that the words name, or NULL. */
static const struct hpt_base_size *only_base(const struct hpt_page_sizes *sizes, uint64_t llp)
{
	const struct hpt_base_size *base = hpt_base_of(sizes, llp), *other = sizes->base;

	if (!base)
		return NULL;
	for (const struct hpt_base_size *end = other + sizes->n; other < end; other++)
		if (other != base && other->shift == base->shift)
			return NULL;
	return base;
}

/* Of page sizes that are somebody's own. False: hpt_walk() must look at it. */
RARE bool work_out_base(const struct hpt_page_sizes *sizes, uint64_t llp,
			struct hpt_known_base *known)
{
	const struct hpt_base_size *base = only_base(sizes, llp);

	if (!base || !base->n)
		return false;
	*known = hpt_known_base_of(base->shift, base->actual[0].shift, base->actual[0].lp);
	return true;
}

INLINE bool base_of(const struct look *l, uint64_t word, struct hpt_known_base *known)
{
	uint64_t llp = hpt_lpcr_has(l->cpu, HPT_LPCR_ISL) ? 0 : word;
	unsigned i = hpt_encoding(llp);

	if (!(l->own >> i & 1))
		return work_out_base(l->cpu->sizes, llp, known);
	*known = hpt_known_bases[i];
	return true;
}

/* False: hpt_walk() must look at it. */
INLINE bool know(const struct look *l, uint32_t slot, struct segment *s)
{
	const struct hpt_slb_entry *entry = &l->cpu->slb[slot];
	uint64_t word = entry->vsid;
	unsigned shift = word >> HPT_SLB_B_SHIFT ? SEGMENT_1T : SEGMENT_256M;
	uint64_t vsid = (word & HPT_SLB_VSID) >> (shift - V_SHIFT);

	if (!base_of(l, word, &s->base) || s->base.shift >= shift)
		return false;
	/* A fetch from such a segment faults before the table is looked at. */
	if (l->access == HPT_ACCESS_FETCH && word & HPT_SLB_N && !(l->flags & HPT_XLATE_DEBUG))
		return false;
	s->entry = *entry;
	s->va = (struct hpt_va){ .vsid = vsid, .segment_shift = (uint8_t)shift };
	s->slot = slot;
	s->offset_mask = hpt_low_bits(shift);
	s->hash = hpt_vsid_hash(vsid, shift);
	s->restricts = l->keyed | (word & HPT_SLB_N);
	s->tails = hpt_known_tails_of(l->cpu->msr, word, l->access);
	/*
	 * The ISA 3.0 form has B elsewhere. A virtual page number too large for it keeps its
	 * bits outside the mask, so that nothing matches, as nothing could map it.
	 */
	s->v = (l->v3 ? 0 : word & HPT_V_B) | HPT_V_VALID | vsid << (shift - V_SHIFT);
	s->v_mask = (s->offset_mask & s->base.avpn_mask) >> V_SHIFT;
	return true;
}

/* The slots whose entries are valid, and for the same 1T. */
INLINE uint64_t candidates_of(const struct hpt_cpu *cpu, uint64_t ea)
{
	uint64_t found = MATCH_PAIRS(cpu->slb, cpu->slb_n, HPT_ESID_1T | HPT_SLB_VALID,
				     (ea & HPT_ESID_1T) | HPT_SLB_VALID);

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

	x->outcome = HPT_OUTCOME_MAPPED;
	x->access = l->access;
	x->mode = HPT_MODE_SEGMENT;
	x->ea = ea;
	x->segment = s->entry;
	/* Not all of it at once: what fills it up is the caller's. */
	x->va.vsid = s->va.vsid;
	x->va.offset = offset;
	x->va.segment_shift = s->va.segment_shift;
	x->hash = s->hash ^ offset >> s->base.shift;
	x->slb_slot = s->slot;
	x->interrupt = 0;
	x->dsisr = 0;
	x->srr1 = 0;
	x->dar = 0;
	x->asdr = 0;
}

/* An entry that was found. */
struct found {
	uint64_t v, r;
	uint64_t ptex;
	uint64_t tail; /* HPT_TAIL_* */
	uint64_t page_mask;
};

INLINE void put_tail(uint64_t tail, struct hpt_translation *x)
{
	memcpy((unsigned char *)x + HPT_TAIL_AT, &tail, sizeof(tail));
}

INLINE void put_entry(const struct look *l, struct found f, struct hpt_translation *x)
{
	uint64_t page_ra = f.r & HPT_R_RPN & ~f.page_mask;

	x->has = HPT_HAS_RA | HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT | HPT_HAS_ENTRY;
	x->ra = page_ra | (x->ea & f.page_mask);
	x->page_ra = page_ra;
	x->ptex = f.ptex;
	x->entry.v = f.v;
	x->entry.r = f.r;
	put_tail(f.tail, x);
	if (f.tail & HPT_TAIL(DENIED, 0xff))
		hpt_walk_denied(l->cpu, l->flags, x);
}

INLINE void no_entry(const struct look *l, const struct segment *s, struct hpt_translation *x)
{
	x->has = HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT;
	x->ra = x->page_ra = x->ptex = 0;
	x->entry.v = x->entry.r = 0;
	put_tail(s->base.tail & HPT_TAIL(BASE_SHIFT, 0xff), x);
	hpt_walk_fault(l->cpu, x, HPT_OUTCOME_NO_ENTRY, 0);
}

/* log2 of the bytes of a page that is not the base's first, or 0: it is illegal here. */
RARE unsigned other_page(const struct look *l, const struct segment *s, uint64_t v, uint64_t r)
{
	uint64_t llp = hpt_lpcr_has(l->cpu, HPT_LPCR_ISL) ? 0 : s->entry.vsid;
	const struct hpt_base_size *base = hpt_base_of(l->cpu->sizes, llp);
	uint32_t page = hpt_page_of(base, (struct hpt_entry){ v, r });

	return page == base->n ? 0 : base->actual[page].shift;
}

/*
 * The key that an entry has, what AMR and IAMR make of it where the CPU knows keys, and the
 * segment's N.
 */
INLINE uint64_t restricted(const struct look *l, const struct segment *s, uint64_t r,
			   uint64_t tail)
{
	unsigned key = hpt_key_of(r), shift = 62 - 2 * key;
	uint64_t amr = hpt_has_keys(l->cpu) ? l->cpu->amr >> shift & 3 : 0;
	uint64_t iamr = hpt_has_fetch_keys(l->cpu) ? l->cpu->iamr >> shift & 1 : 0;
	/* AMR's two bits, for loads and stores, and the lower of IAMR's: as HPT_ALLOW_*. */
	uint64_t by_key = amr | iamr << 2;
	uint64_t by_n = s->entry.vsid & HPT_SLB_N ? HPT_ALLOW_FETCH : 0;

	tail &= ~HPT_TAIL(ALLOWED, by_key | by_n);
	return tail | HPT_TAIL(KEY, key) |
	       HPT_TAIL(DENIED, (by_key >> l->access & 1) * HPT_DENY_KEY |
					(by_n >> l->access & 1) * HPT_DENY_SEGMENT_N);
}

#define KEY (HPT_R_KEY_HIGH | HPT_R_KEY_LOW)

/* Doubleword 0 has matched. True: so does the rest, and the answer is whole. */
INLINE bool take(const struct look *l, const struct segment *s,
		 const struct hpt_raw_entry *raw, bool secondary, struct hpt_translation *x)
{
	struct found f = { .v = hpt_word_be(raw->v_be.raw_be) & ~HPT_V_HYPERVISOR,
			   .r = hpt_word_be(raw->r_be.raw_be) };

	if (l->v3) {
		struct hpt_entry classic = hpt_entry_from_v3((struct hpt_entry){ f.v, f.r });

		if (classic.v >> HPT_V_B_SHIFT != s->entry.vsid >> HPT_SLB_B_SHIFT)
			return false;
		f.v = classic.v;
		f.r = classic.r;
	}
	f.ptex = (uint64_t)(raw - l->base);
	f.tail = s->base.tail;
	f.page_mask = s->base.page_mask;
	if (!hpt_is_first_page(&s->base, raw)) {
		unsigned shift = other_page(l, s, f.v, f.r);

		if (!shift)
			return false;
		f.tail = HPT_TAIL(BASE_SHIFT, s->base.shift) | HPT_TAIL(PAGE_SHIFT, shift);
		f.page_mask = hpt_low_bits(shift);
	}
	f.tail |= HPT_TAIL(SECONDARY, secondary) | hpt_tail_of(s->tails, raw);
	if ((f.r & KEY) | s->restricts)
		f.tail = restricted(l, s, f.r, f.tail);
	put_entry(l, f, x);
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
		     struct hpt_translation *x)
{
	const struct hpt_raw_entry *group = group_of(l, secondary ? ~x->hash : x->hash);
	uint64_t found = slots_of(l, s, group, secondary, x);

	for (; found; found &= found - 1)
		if (take(l, s, group + __builtin_ctzll(found), secondary, x))
			return true;
	return false;
}

INLINE bool search(const struct look *l, const struct segment *s, bool secondary,
		   struct hpt_translation *x)
{
	const struct hpt_raw_entry *group = group_of(l, secondary ? ~x->hash : x->hash);
	uint64_t found = slots_of(l, s, group, secondary, x);

	if (!found)
		return false;
	if (take(l, s, group + __builtin_ctzll(found), secondary, x))
		return true;
	return search_all(l, s, secondary, x);
}

INLINE void search_secondary(const struct look *l, const struct segment *s,
			     struct hpt_translation *x)
{
	if (hpt_lpcr_has(l->cpu, HPT_LPCR_TC) || !search(l, s, true, x))
		no_entry(l, s, x);
}

/* The answer is there: is it the last word? */
INLINE bool is_last(const struct look *l, const struct hpt_translation *x)
{
	return !(l->flags & HPT_XLATE_ANY) || x->outcome == HPT_OUTCOME_MAPPED;
}

/* One address, where its slot is known. */
INLINE int at_slot(const struct look *l, const struct hpt_table_facts *facts, uint64_t ea,
		   uint32_t slot, struct hpt_translation *out, struct hpt_error *err)
{
	struct segment segment;

	if (slot != NO_SLOT && know(l, slot, &segment)) {
		put_head(l, &segment, ea & l->ea_mask, out);
		if (!search(l, &segment, false, out))
			search_secondary(l, &segment, out);
		if (is_last(l, out))
			return HPT_OK;
	}
	return hpt_translate_whole(l->cpu, hpt_table_of(facts), ea, l->access, l->flags, out,
				   err);
}

int USUAL(any)(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
	       enum hpt_access access, uint32_t flags, struct hpt_translation *out,
	       struct hpt_error *err)
{
	struct look l = look_of(cpu, facts, access, flags);
	uint64_t used = ea & l.ea_mask;

	return at_slot(&l, facts, ea, only_match(cpu, used, candidates_of(cpu, used)), out,
		       err);
}

/*
 * One address where all is as most have it, in as few instructions as can be: they are what
 * it costs, and where they are few the processor has the next address on its way before this
 * one's group has come. Whatever is out of the way is left to others, with nothing written.
 *
 * It has two halves, each with registers enough for itself. From the first to the second goes
 * where the slot is, in bytes, and beside the flags the access.
 */

/* Slots of an SLB from POWER7 on. All are compared, in use or not. */
#define QUICK_SLOTS 32u
#define ACCESS_SHIFT 8
#define QUICK_FLAGS (HPT_XLATE_ON | HPT_XLATE_DEBUG | HPT_XLATE_ANY)
_Static_assert(QUICK_FLAGS < 1u << ACCESS_SHIFT, "bits");
#define HALF static __attribute__((noinline))

/* What of AMR and IAMR is for the key that most pages have. */
#define OF_KEY_0 (UINT64_C(3) << 62)

/* A CPU, whose size is known to be right, and arguments of which nothing needs a second look. */
INLINE bool is_quick(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     enum hpt_access access, uint32_t flags, const struct hpt_translation *out)
{
	const uint64_t on = HPT_MSR_SF | HPT_MSR_IR | HPT_MSR_DR;

	if (!out || (uintptr_t)out % _Alignof(struct hpt_translation) ||
	    out->size < sizeof(*out) || (unsigned)access > HPT_ACCESS_FETCH ||
	    flags & ~QUICK_FLAGS)
		return false;
	if (cpu->isa < HPT_ISA_2_05 || (unsigned)cpu->platform > HPT_PLATFORM_NO_HV)
		return false;
	return facts->quick && !(~cpu->msr & on) &&
	       !(((cpu->amr | cpu->iamr) & OF_KEY_0) | (cpu->lpcr & HPT_LPCR_ISL) |
		 (uintptr_t)cpu->linux_rule);
}

INLINE const struct hpt_raw_entry *entry_at(const struct hpt_raw_entry *base, uint64_t offset)
{
	return (const struct hpt_raw_entry *)(const void *)((const char *)base + offset);
}

INLINE const struct hpt_slb_entry *slot_of(const struct hpt_cpu *cpu, uint32_t at)
{
	return (const struct hpt_slb_entry *)(const void *)((const char *)cpu->slb + at);
}

/* The second half, for a segment of 2^@shift bytes, which is constant where this is used. */
INLINE bool quick_half(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		       uint64_t ea, uint32_t slot_at, enum hpt_access access,
		       struct hpt_translation *x, unsigned shift)
{
	const struct hpt_slb_entry *slot = slot_of(cpu, slot_at);
	uint64_t word = slot->vsid;
	const struct hpt_known_base *base = &hpt_known_bases[hpt_encoding(word)];
	/* Without B, which is the two highest bits. */
	uint64_t vsid = word << 2 >> (shift - V_SHIFT + 2);
	uint64_t offset = ea & hpt_low_bits(shift);
	uint64_t hash = hpt_vsid_hash(vsid, shift) ^ offset >> base->shift;
	const struct hpt_raw_entry *entry =
		entry_at(facts->quick, hash << HPT_PTEG_SHIFT & facts->group_mask);
	/* B and VSID stand in the segment's word as they do in an entry. */
	uint64_t wanted = (word & ~hpt_low_bits(shift - V_SHIFT)) | HPT_V_VALID |
			  (offset >> V_SHIFT & base->avpn_mask >> V_SHIFT);
	unsigned at = FIRST_OF_8(entry, hpt_quick_group_mask, hpt_word_be(wanted));
	uint64_t v, r, tail, page_ra;

	if (at == sizeof(*entry) * HPT_PTEG_ENTRIES)
		return false;
	entry = entry_at(entry, at);
	v = hpt_word_be(entry->v_be.raw_be) & ~HPT_V_HYPERVISOR;
	r = hpt_word_be(entry->r_be.raw_be);
	if (!hpt_is_first_page(base, entry) || r & KEY)
		return false;
	tail = base->tail | hpt_tail_of(hpt_known_tails_of(cpu->msr, word, access), entry);
	if (tail & HPT_TAIL(DENIED, 0xff))
		return false;
	page_ra = r & HPT_R_RPN & ~base->page_mask;
	x->outcome = HPT_OUTCOME_MAPPED;
	x->access = access;
	x->mode = HPT_MODE_SEGMENT;
	x->has = HPT_HAS_RA | HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT | HPT_HAS_ENTRY;
	x->ea = ea;
	x->ra = page_ra | (ea & base->page_mask);
	x->page_ra = page_ra;
	x->segment = *slot;
	x->va.vsid = vsid;
	x->va.offset = offset;
	x->va.segment_shift = (uint8_t)shift;
	x->hash = hash;
	x->ptex = (uint64_t)(entry - facts->quick);
	x->entry.v = v;
	x->entry.r = r;
	x->slb_slot = slot_at / (uint32_t)sizeof(*slot);
	put_tail(tail, x);
	x->interrupt = 0;
	x->dsisr = 0;
	x->srr1 = 0;
	x->dar = 0;
	x->asdr = 0;
	return true;
}

RARE int quick_other(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     uint64_t ea, uint32_t slot_at, uint32_t flags,
		     struct hpt_translation *out, struct hpt_error *err)
{
	struct look l = look_of(cpu, facts, (enum hpt_access)(flags >> ACCESS_SHIFT),
				flags & QUICK_FLAGS);

	return at_slot(&l, facts, ea, slot_at / (uint32_t)sizeof(cpu->slb[0]), out, err);
}

INLINE int half_or_other(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
			 uint64_t ea, uint32_t slot_at, uint32_t flags,
			 struct hpt_translation *out, struct hpt_error *err, unsigned shift)
{
	enum hpt_access access = (enum hpt_access)(flags >> ACCESS_SHIFT);

	if (quick_half(cpu, facts, ea, slot_at, access, out, shift))
		return HPT_OK;
	return quick_other(cpu, facts, ea, slot_at, flags, out, err);
}

HALF int quick_1t(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
		  uint32_t slot_at, uint32_t flags, struct hpt_translation *out,
		  struct hpt_error *err)
{
	return half_or_other(cpu, facts, ea, slot_at, flags, out, err, SEGMENT_1T);
}

HALF int quick_256m(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		    uint64_t ea, uint32_t slot_at, uint32_t flags, struct hpt_translation *out,
		    struct hpt_error *err)
{
	return half_or_other(cpu, facts, ea, slot_at, flags, out, err, SEGMENT_256M);
}

/* The second half for a slot whose base page size is one of hpt_known_bases. */
INLINE int quick_at(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		    uint64_t ea, uint32_t slot_at, uint32_t flags, struct hpt_translation *out,
		    struct hpt_error *err)
{
	const struct hpt_slb_entry *slot = slot_of(cpu, slot_at);

	if (slot->vsid >> HPT_SLB_B_SHIFT == 1)
		return quick_1t(cpu, facts, ea, slot_at, flags, out, err);
	if (slot->vsid >> HPT_SLB_B_SHIFT || (slot->esid ^ ea) >> SEGMENT_256M ||
	    hpt_known_bases[hpt_encoding(slot->vsid)].shift >= SEGMENT_256M)
		return hpt_translate_any(cpu, hpt_table_of(facts), ea,
					 (enum hpt_access)(flags >> ACCESS_SHIFT),
					 flags & QUICK_FLAGS, out, err);
	return quick_256m(cpu, facts, ea, slot_at, flags, out, err);
}

/* Is what the words name in somebody's own page sizes the same as it is in ours? */
INLINE bool is_known(const struct hpt_page_sizes *sizes, uint64_t word)
{
	const struct hpt_known_base *known = &hpt_known_bases[hpt_encoding(word)];
	const struct hpt_base_size *base = only_base(sizes, word);

	return base && base->n &&
	       hpt_is_known_base(known, base->shift, base->actual[0].shift,
				 base->actual[0].lp);
}

HALF int quick_sizes(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     uint64_t ea, uint32_t slot_at, uint32_t flags,
		     struct hpt_translation *out, struct hpt_error *err)
{
	uint64_t word = slot_of(cpu, slot_at)->vsid;

	if (!cpu->sizes || cpu->sizes->n - 1 >= HPT_BASE_SIZES_MAX || word & HPT_SLB_N ||
	    !is_known(cpu->sizes, word))
		return hpt_translate_any(cpu, hpt_table_of(facts), ea,
					 (enum hpt_access)(flags >> ACCESS_SHIFT),
					 flags & QUICK_FLAGS, out, err);
	return quick_at(cpu, facts, ea, slot_at, flags, out, err);
}

int USUAL(one)(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
	       enum hpt_access access, uint32_t flags, struct hpt_translation *out,
	       struct hpt_error *err)
{
	uint32_t at;
	uint64_t word;

	if (!cpu || cpu->size != sizeof(*cpu) || cpu->slb_n > QUICK_SLOTS)
		goto any;
	at = ONLY_OF_32(cpu->slb, hpt_quick_slb_mask, (ea & HPT_ESID_1T) | HPT_SLB_VALID);
	if (!is_quick(cpu, facts, access, flags, out) ||
	    at >= cpu->slb_n * sizeof(cpu->slb[0]))
		goto any;
	word = slot_of(cpu, at)->vsid;
	flags |= (uint32_t)access << ACCESS_SHIFT;
	if (!(hpt_own_encodings(cpu->sizes) >> hpt_encoding_n(word) & 1))
		return quick_sizes(cpu, facts, ea, at, flags, out, err);
	return quick_at(cpu, facts, ea, at, flags, out, err);
any:
	return hpt_translate_any(cpu, hpt_table_of(facts), ea, access, flags, out, err);
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

INLINE void search_primary(const struct hpt_walk_env *env, struct queue *q,
			   const struct segment *segment, struct hpt_translation *x)
{
	if (search(&q->look, segment, false, x))
		end(env, q, x);
	else
		search_later(env, q, segment, x);
}

/* The answer that waits longest, unless it is there. */
INLINE void search_front(const struct hpt_walk_env *env, struct queue *q,
			 const struct segment *segment, struct hpt_translation *x)
{
	if (segment)
		search_primary(env, q, segment, x);
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
		const struct segment **first = &q.first[i % AHEAD];

		const struct segment *segment = *first;

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
