/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The usual walk, short: translation on, one SLB entry that matches, a table that lies in
 * private memory. What it cannot tell it leaves to hpt_walk(), whose answers its own equal.
 *
 * This, quick.h and many.h are the body of usual.c and usual_avx2.c, which say what USUAL(name) is called there and
 * how MATCH_PAIRS(), FIRST_OF_4(), FIRST_OF_8() and ONLY_OF_32() of core/match.h compare.
 */

#define V_SHIFT (HPT_AVPN_FROM - HPT_V_AVPN_SHIFT) /* from an address to its AVPN in place */
#define NO_SLOT HPT_SLB_MAX
/* Between the two halves of a loop's body, and in it: a call would cost as much again. */
#define INLINE static inline __attribute__((always_inline))
/* What is rare, or large, is kept out of the way. */
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

INLINE const struct hpt_raw_entry *entry_at(const struct hpt_raw_entry *base, uint64_t offset)
{
	return (const struct hpt_raw_entry *)(const void *)((const char *)base + offset);
}

INLINE void put_no_fault(struct hpt_translation *x)
{
	x->interrupt = 0;
	x->dsisr = 0;
	x->srr1 = 0;
	x->dar = 0;
	x->asdr = 0;
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
	put_no_fault(x);
}

/* An entry that was found. */
struct found {
	uint64_t v, r;
	uint64_t ptex;
	uint64_t tail; /* HPT_TAIL_* */
	uint64_t page_mask, rpn_mask;
};

INLINE void put_tail(uint64_t tail, struct hpt_translation *x)
{
	memcpy((unsigned char *)x + HPT_TAIL_AT, &tail, sizeof(tail));
}

/* @x has its address. */
INLINE void put_found(struct found f, struct hpt_translation *x)
{
	uint64_t page_ra = f.r & f.rpn_mask;

	x->has = HPT_HAS_RA | HPT_HAS_SEGMENT | HPT_HAS_SLB_SLOT | HPT_HAS_ENTRY;
	x->ra = page_ra | (x->ea & f.page_mask);
	x->page_ra = page_ra;
	x->ptex = f.ptex;
	x->entry.v = f.v;
	x->entry.r = f.r;
	put_tail(f.tail, x);
}

INLINE void put_entry(const struct look *l, struct found f, struct hpt_translation *x)
{
	put_found(f, x);
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

/* An entry as it is in the classic form. False: it is of a segment of another size. */
INLINE bool read_entry(const struct look *l, const struct segment *s,
		       const struct hpt_raw_entry *raw, struct hpt_entry *e)
{
	e->v = hpt_word_be(raw->v_be.raw_be) & ~HPT_V_HYPERVISOR;
	e->r = hpt_word_be(raw->r_be.raw_be);
	if (!l->v3)
		return true;
	*e = hpt_entry_from_v3(*e);
	return e->v >> HPT_V_B_SHIFT == s->entry.vsid >> HPT_SLB_B_SHIFT;
}

/* What is said of it where its page is its base's first one. */
INLINE struct found found_at(const struct look *l, const struct segment *s,
			     const struct hpt_raw_entry *raw, struct hpt_entry e,
			     bool secondary)
{
	return (struct found){
		.v = e.v,
		.r = e.r,
		.ptex = (uint64_t)(raw - l->base),
		.tail = s->base.tail | HPT_TAIL(SECONDARY, secondary) |
			hpt_tail_of(s->tails, e.r),
		.page_mask = s->base.page_mask,
		.rpn_mask = s->base.rpn_mask,
	};
}

/*
 * An entry whose page is not its base's first one, or whose rights are restricted otherwise.
 * False: it is none of this segment.
 */
RARE bool take_rare(const struct look *l, const struct segment *s,
		    const struct hpt_raw_entry *raw, bool secondary, struct hpt_translation *x)
{
	struct hpt_entry e;
	struct found f;

	if (!read_entry(l, s, raw, &e))
		return false;
	f = found_at(l, s, raw, e, secondary);
	if (!hpt_is_first_page(&s->base, raw)) {
		unsigned shift = other_page(l, s, f.v, f.r);

		if (!shift)
			return false;
		f.tail &= ~HPT_TAIL(PAGE_SHIFT, 0xff);
		f.tail |= HPT_TAIL(PAGE_SHIFT, shift);
		f.page_mask = hpt_low_bits(shift);
		f.rpn_mask = HPT_R_RPN & ~f.page_mask;
	}
	f.tail = restricted(l, s, f.r, f.tail);
	put_entry(l, f, x);
	return true;
}

/* Doubleword 0 has matched. True: so does the rest, and the answer is whole. */
INLINE bool take(const struct look *l, const struct segment *s,
		 const struct hpt_raw_entry *raw, bool secondary, struct hpt_translation *x)
{
	struct hpt_entry e;

	/* Nothing that is in registers here may be asked for there, or it would be in memory. */
	if (hpt_unlike_base(&s->base, raw) | s->restricts)
		return take_rare(l, s, raw, secondary, x);
	if (!read_entry(l, s, raw, &e))
		return false;
	put_entry(l, found_at(l, s, raw, e, secondary), x);
	return true;
}

/* Doubleword 0 as it is looked for in a primary group. */
INLINE uint64_t wanted_of(const struct segment *s, uint64_t ea)
{
	return s->v | (ea >> V_SHIFT & s->v_mask);
}

/* The slots that have it. */
INLINE uint64_t slots_of(const struct look *l, const struct segment *s,
			 const struct hpt_raw_entry *group, bool secondary,
			 const struct hpt_translation *x)
{
	uint64_t v = wanted_of(s, x->ea) | (secondary ? HPT_V_SECONDARY : 0);

	return MATCH_PAIRS(group, HPT_PTEG_ENTRIES, l->mask_be, hpt_word_be(v));
}

/* Each of them, in their order, since the first did not match as a whole. */
RARE bool search_all(const struct look *l, const struct segment *s,
		     const struct hpt_raw_entry *group, bool secondary,
		     struct hpt_translation *x)
{
	uint64_t found = slots_of(l, s, group, secondary, x);

	for (; found; found &= found - 1)
		if (take(l, s, group + __builtin_ctzll(found), secondary, x))
			return true;
	return false;
}

INLINE bool search(const struct look *l, const struct segment *s,
		   const struct hpt_raw_entry *group, bool secondary,
		   struct hpt_translation *x)
{
	uint64_t found = slots_of(l, s, group, secondary, x);

	if (!found)
		return false;
	if (take(l, s, group + __builtin_ctzll(found), secondary, x))
		return true;
	return search_all(l, s, group, secondary, x);
}

INLINE void search_secondary(const struct look *l, const struct segment *s,
			     struct hpt_translation *x)
{
	if (hpt_lpcr_has(l->cpu, HPT_LPCR_TC) || !search(l, s, group_of(l, ~x->hash), true, x))
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
		if (!search(l, &segment, group_of(l, out->hash), false, out))
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
