/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One address where all is as most have it, in as few instructions as can be: they are what
 * it costs, and where they are few the processor has the next address on its way before this
 * one's group has come. Whatever is out of the way is left to others.
 *
 * It has two halves, each with registers enough for itself. Neither has an argument that does
 * not come in a register: flags and access go in one word.
 *
 * Behind usual.h in usual.c and usual_avx2.c.
 */

/* Slots of an SLB from POWER7 on. All are compared, in use or not. */
#define QUICK_SLOTS 32u
#define HALF static __attribute__((noinline))

/* What of AMR and IAMR is for the key that most pages have. */
#define OF_KEY_0 (UINT64_C(3) << 62)

/* A CPU, whose size is known to be right, and arguments of which nothing needs a second look. */
INLINE bool is_quick(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     const struct hpt_translation *out)
{
	const uint64_t on = HPT_MSR_SF | HPT_MSR_IR | HPT_MSR_DR;

	if (!out || (uintptr_t)out % _Alignof(struct hpt_translation) ||
	    out->size < sizeof(*out))
		return false;
	if (cpu->isa < HPT_ISA_2_05 || (unsigned)cpu->platform > HPT_PLATFORM_NO_HV)
		return false;
	return facts->quick && !(~cpu->msr & on) &&
	       !(((cpu->amr | cpu->iamr) & OF_KEY_0) | (cpu->lpcr & HPT_LPCR_ISL) |
		 (uintptr_t)cpu->linux_rule);
}

/* @at is in bytes from the first slot. */
INLINE const struct hpt_slb_entry *slot_of(const struct hpt_cpu *cpu, uint64_t at)
{
	return (const struct hpt_slb_entry *)(const void *)((const char *)cpu->slb + at);
}

INLINE enum hpt_access access_of(uint32_t how)
{
	return (enum hpt_access)(uint8_t)(how >> HPT_QUICK_ACCESS_SHIFT);
}

/*
 * The second half, for a segment of 2^@shift bytes, which is constant where this is used. False:
 * another way must be gone. By then part of the answer is written, all of which that one writes
 * again; it has no error left to meet.
 */
INLINE bool quick_half(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		       uint64_t ea, uint32_t how, struct hpt_translation *x, uint64_t slot_at,
		       unsigned shift)
{
	const struct hpt_slb_entry *slot = slot_of(cpu, slot_at);
	uint64_t word = slot->vsid;
	const struct hpt_known_base *base = &hpt_known_bases[hpt_encoding(word)];
	/* Without B, which is the two highest bits. */
	uint64_t vsid = word << 2 >> (shift - V_SHIFT + 2);
	uint64_t offset = ea & hpt_low_bits(shift);
	uint64_t hash = hpt_vsid_hash(vsid, shift) ^ offset >> base->shift;
	uint64_t where = hash << HPT_PTEG_SHIFT & facts->group_mask;
	const struct hpt_raw_entry *entry = entry_at(facts->quick, where);
	/* B and VSID stand in the segment's word as they do in an entry. */
	uint64_t wanted = (word & ~hpt_low_bits(shift - V_SHIFT)) | HPT_V_VALID |
			  (offset >> V_SHIFT & base->avpn_mask >> V_SHIFT);
	unsigned at;
	struct found f;

	x->segment = *slot;
	x->va.vsid = vsid;
	x->va.offset = offset;
	x->va.segment_shift = (uint8_t)shift;
	x->hash = hash;
	at = FIRST_OF_8(entry, hpt_quick_group_mask, hpt_word_be(wanted));
	if (at == sizeof(*entry) * HPT_PTEG_ENTRIES)
		return false;
	entry = entry_at(entry, at);
	if (hpt_unlike_base(base, entry))
		return false;
	f.v = hpt_word_be(entry->v_be.raw_be) & ~HPT_V_HYPERVISOR;
	f.r = hpt_word_be(entry->r_be.raw_be);
	f.ptex = (where + at) / sizeof(*entry);
	f.tail = base->tail |
		 hpt_tail_of(hpt_known_tails_of(cpu->msr, word, access_of(how)), f.r);
	if (f.tail & HPT_TAIL(DENIED, 0xff))
		return false;
	f.page_mask = base->page_mask;
	f.rpn_mask = base->rpn_mask;
	x->outcome = HPT_OUTCOME_MAPPED;
	x->access = access_of(how);
	x->mode = HPT_MODE_SEGMENT;
	x->ea = ea;
	x->slb_slot = (uint32_t)(slot_at / sizeof(*slot));
	put_found(f, x);
	put_no_fault(x);
	return true;
}

/* What it is handed has been checked, so that there is no error to tell. */
RARE int quick_other(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     uint64_t ea, uint32_t how, struct hpt_translation *out, uint64_t slot_at)
{
	struct look l = look_of(cpu, facts, access_of(how), how & HPT_QUICK_FLAGS);

	return at_slot(&l, facts, ea, (uint32_t)(slot_at / sizeof(cpu->slb[0])), out, NULL);
}

HALF int quick_1t(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
		  uint32_t how, struct hpt_translation *out, uint64_t slot_at)
{
	if (quick_half(cpu, facts, ea, how, out, slot_at, SEGMENT_1T))
		return HPT_OK;
	return quick_other(cpu, facts, ea, how, out, slot_at);
}

HALF int quick_256m(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		    uint64_t ea, uint32_t how, struct hpt_translation *out, uint64_t slot_at)
{
	if (quick_half(cpu, facts, ea, how, out, slot_at, SEGMENT_256M))
		return HPT_OK;
	return quick_other(cpu, facts, ea, how, out, slot_at);
}

/* As if the quick way had not been tried. */
RARE int quick_not(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
		   uint32_t how, struct hpt_translation *out, struct hpt_error *err)
{
	return hpt_translate_any(cpu, hpt_table_of(facts), ea, access_of(how),
				 how & HPT_QUICK_FLAGS, out, err);
}

/* The second half for a slot whose base page size is one of hpt_known_bases. */
INLINE int quick_at(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		    uint64_t ea, uint32_t how, uint64_t slot_at, struct hpt_translation *out,
		    struct hpt_error *err)
{
	const struct hpt_slb_entry *slot = slot_of(cpu, slot_at);

	if (slot->vsid >> HPT_SLB_B_SHIFT == 1)
		return quick_1t(cpu, facts, ea, how, out, slot_at);
	if (slot->vsid >> HPT_SLB_B_SHIFT || (slot->esid ^ ea) >> SEGMENT_256M ||
	    hpt_known_bases[hpt_encoding(slot->vsid)].shift >= SEGMENT_256M)
		return quick_not(cpu, facts, ea, how, out, err);
	return quick_256m(cpu, facts, ea, how, out, slot_at);
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

/* Where the slot is comes above the rest of @how. */
#define AT_SHIFT 16

HALF int quick_sizes(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts,
		     uint64_t ea, uint32_t how, struct hpt_translation *out,
		     struct hpt_error *err)
{
	uint32_t slot_at = how >> AT_SHIFT;
	uint64_t word = slot_of(cpu, slot_at)->vsid;

	if (!cpu->sizes || cpu->sizes->n - 1 >= HPT_BASE_SIZES_MAX || word & HPT_SLB_N ||
	    !is_known(cpu->sizes, word))
		return quick_not(cpu, facts, ea, how, out, err);
	return quick_at(cpu, facts, ea, how, slot_at, out, err);
}

int USUAL(one)(const struct hpt_cpu *cpu, const struct hpt_table_facts *facts, uint64_t ea,
	       uint32_t how, struct hpt_translation *out, struct hpt_error *err)
{
	uint32_t at;

	if (!cpu || cpu->size != sizeof(*cpu) || cpu->slb_n > QUICK_SLOTS)
		return quick_not(cpu, facts, ea, how, out, err);
	at = ONLY_OF_32(cpu->slb, hpt_quick_slb_mask, (ea & HPT_ESID_1T) | HPT_SLB_VALID);
	if (!is_quick(cpu, facts, out) || at >= cpu->slb_n * sizeof(cpu->slb[0]))
		return quick_not(cpu, facts, ea, how, out, err);
	if (!(hpt_own_encodings(cpu->sizes) >> hpt_encoding_n(slot_of(cpu, at)->vsid) & 1))
		return quick_sizes(cpu, facts, ea, how | at << AT_SHIFT, out, err);
	return quick_at(cpu, facts, ea, how, at, out, err);
}
