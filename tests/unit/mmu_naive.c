/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Address translation as the Power ISA draws it: by fields, in its numbering (bit 0 is the
 * most significant), bit by bit where it says so, every slot of both groups in turn. Nothing
 * is shared with the library but its structures.
 */

#include "mmu_naive.h"

/* Bits @from to @to of a doubleword, in the ISA's numbering. */
static uint64_t field(uint64_t word, unsigned from, unsigned to)
{
	uint64_t value = 0;

	for (unsigned i = from; i <= to; i++)
		value = value << 1 | (word >> (63 - i) & 1);
	return value;
}

static bool bit(uint64_t word, unsigned i)
{
	return field(word, i, i);
}

static uint64_t one(unsigned i)
{
	return UINT64_C(1) << (63 - i);
}

/* ISA levels at which something came. */
static bool has_1t(const struct world *w)
{
	return w->processor != HPT_CPU_970;
}

static bool is_power7_or_later(const struct world *w)
{
	return w->processor >= HPT_CPU_POWER7;
}

static bool is_power9_or_later(const struct world *w)
{
	return w->processor >= HPT_CPU_POWER9;
}

/* A row of the table of page sizes: L and LP of the segment, and the page's encoding. */
struct row {
	unsigned base, l, lp, actual, pte_l, encoding;
	enum hpt_processor since, until;
};

static const struct row rows[] = {
	{ 12, 0, 0, 12, 0, 0x0, HPT_CPU_970, HPT_CPU_POWER10 },
	{ 12, 0, 0, 16, 1, 0x7, HPT_CPU_POWER7, HPT_CPU_POWER10 },
	{ 12, 0, 0, 24, 1, 0x38, HPT_CPU_POWER7, HPT_CPU_POWER10 },
	{ 16, 1, 1, 16, 1, 0x1, HPT_CPU_POWER5P, HPT_CPU_POWER10 },
	{ 16, 1, 1, 24, 1, 0x8, HPT_CPU_POWER7, HPT_CPU_POWER10 },
	{ 20, 1, 3, 20, 1, 0x2, HPT_CPU_POWER8, HPT_CPU_POWER8 },
	{ 24, 1, 0, 24, 1, 0x0, HPT_CPU_970, HPT_CPU_POWER10 },
	{ 34, 1, 2, 34, 1, 0x3, HPT_CPU_POWER5P, HPT_CPU_POWER10 },
};

static bool has_row(const struct world *w, const struct row *row)
{
	return w->processor >= row->since && w->processor <= row->until;
}

static unsigned base_of(const struct world *w, unsigned l, unsigned lp)
{
	for (unsigned i = 0; i < COUNT(rows); i++)
		if (has_row(w, &rows[i]) && rows[i].l == l && rows[i].lp == lp)
			return rows[i].base;
	return 0;
}

/* log2 of the page's size; 0: illegal in such a segment. */
static unsigned actual_of(const struct world *w, unsigned base, struct hpt_entry e)
{
	for (unsigned i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];

		if (!has_row(w, row) || row->base != base || row->pte_l != bit(e.v, 61))
			continue;
		if (!row->pte_l || field(e.r, 64 - row->actual, 51) == row->encoding)
			return row->actual;
	}
	return 0;
}

/* The walk: what is known of it is in @x. */
struct naive {
	const struct world *w;
	struct hpt_translation *x;
	uint32_t flags;
	unsigned char va[80]; /* 78 bits of virtual address, least significant first */
};

static bool is_debug(const struct naive *n)
{
	return n->flags & HPT_XLATE_DEBUG;
}

static bool in_hypervisor(const struct naive *n)
{
	const struct hpt_cpu *cpu = &n->w->cpu;

	return cpu->platform == HPT_PLATFORM_NO_HV || bit(cpu->msr, 3);
}

static void storage_interrupt(struct naive *n, enum hpt_outcome outcome, uint32_t reasons)
{
	const struct hpt_cpu *cpu = &n->w->cpu;
	struct hpt_translation *x = n->x;
	bool fetch = x->access == HPT_ACCESS_FETCH, hypervisor = false;

	x->outcome = outcome;
	if (cpu->platform == HPT_PLATFORM_BARE && !in_hypervisor(n)) {
		if (x->mode == HPT_MODE_SEGMENT)
			hypervisor = is_power7_or_later(n->w) && bit(cpu->lpcr, 1);
		else
			hypervisor = x->mode == HPT_MODE_REAL_VRMA;
	}
	if (fetch) {
		x->interrupt = hypervisor ? 0xE20 : 0x400;
		x->srr1 = reasons;
		x->has |= HPT_HAS_SRR1;
	} else {
		x->interrupt = hypervisor ? 0xE00 : 0x300;
		x->dsisr = reasons;
		x->dar = x->ea;
		x->has |= HPT_HAS_DSISR | HPT_HAS_DAR;
		if (x->access == HPT_ACCESS_WRITE)
			x->dsisr |= (uint32_t)one(38);
	}
	if (hypervisor && is_power9_or_later(n->w)) {
		x->asdr = x->segment.vsid;
		x->has |= HPT_HAS_ASDR;
	}
}

/* Segment interrupts and machine checks. */
static void other_interrupt(struct naive *n, enum hpt_outcome outcome, uint32_t data,
			    uint32_t fetch)
{
	struct hpt_translation *x = n->x;

	x->outcome = outcome;
	x->interrupt = x->access == HPT_ACCESS_FETCH ? fetch : data;
	if (x->access != HPT_ACCESS_FETCH) {
		x->dar = x->ea;
		x->has |= HPT_HAS_DAR;
	} else if (outcome == HPT_OUTCOME_NO_SEGMENT) {
		x->has |= HPT_HAS_SRR1;
	}
}

static void set_real(struct naive *n, uint64_t ra)
{
	n->x->ra = n->x->page_ra = ra;
	n->x->allowed = 7;
	n->x->has |= HPT_HAS_RA;
}

/* From the segment: VSID, virtual address and base page size. */
static void set_segment(struct naive *n, struct hpt_slb_entry entry, unsigned base)
{
	struct hpt_translation *x = n->x;
	unsigned s = field(entry.vsid, 0, 1) ? 40 : 28;

	x->segment = entry;
	x->va.segment_shift = (uint8_t)s;
	x->va.vsid = s == 40 ? field(entry.vsid, 2, 39) : field(entry.vsid, 2, 51);
	x->va.offset = s == 40 ? field(x->ea, 24, 63) : field(x->ea, 36, 63);
	x->base_shift = (uint8_t)base;
	x->has |= HPT_HAS_SEGMENT;
	for (unsigned i = 0; i < 78; i++)
		n->va[i] = i < s ? x->va.offset >> i & 1 : x->va.vsid >> (i - s) & 1;
	/* The hash, bit by bit. */
	for (unsigned k = 0; k < 64; k++) {
		unsigned h = s + k < 78 ? n->va[s + k] : 0;

		if (base + k < s)
			h ^= n->va[base + k];
		if (s == 40 && k >= 25 && k - 25 < 38)
			h ^= n->va[40 + k - 25];
		x->hash |= (uint64_t)h << k;
	}
}

static bool matches(const struct naive *n, struct hpt_entry e, bool secondary)
{
	unsigned b = n->x->va.segment_shift == 40;

	if (!bit(e.v, 63) || bit(e.v, 62) != secondary || field(e.v, 0, 1) != b)
		return false;
	/* AVPN: VA bits from 23 up, of which those below the base page size are 0. */
	for (unsigned i = 23; i < 78; i++) {
		unsigned want = i < n->x->base_shift ? 0 : n->va[i];

		if (bit(e.v, 56 - (i - 23)) != want)
			return false;
	}
	return actual_of(n->w, n->x->base_shift, e);
}

static bool search(struct naive *n)
{
	bool tc = is_power7_or_later(n->w) && bit(n->w->cpu.lpcr, 54);

	for (unsigned secondary = 0; secondary < (tc ? 1u : 2u); secondary++) {
		uint64_t hash = secondary ? ~n->x->hash : n->x->hash;
		uint64_t group = hash % (WORLD_SLOTS / 8);

		for (unsigned i = 0; i < 8; i++) {
			struct hpt_entry e = n->w->entries[group * 8 + i];

			if (!matches(n, e, secondary))
				continue;
			n->x->ptex = group * 8 + i;
			n->x->secondary = secondary;
			n->x->entry = e;
			n->x->page_shift = (uint8_t)actual_of(n->w, n->x->base_shift, e);
			n->x->has |= HPT_HAS_ENTRY | HPT_HAS_RA;
			return true;
		}
	}
	return false;
}

/* By pp and the key bit: 1 to read, 2 to write. */
static unsigned pp_rights(unsigned pp, bool key)
{
	if (pp == 2)
		return 3;
	if (pp == 3)
		return 1;
	if (key)
		return pp == 1 ? 1 : 0;
	return pp == 0 || pp == 1 ? 3 : pp == 6 ? 1 : 0;
}

static unsigned deny(const struct naive *n, enum hpt_access access)
{
	const struct hpt_translation *x = n->x;
	const struct hpt_cpu *cpu = &n->w->cpu;
	bool pr = bit(cpu->msr, 49), keyed = x->mode == HPT_MODE_SEGMENT;
	unsigned rights = pp_rights(x->pp, bit(x->segment.vsid, pr ? 53 : 52));
	unsigned denied = 0;

	if (access == HPT_ACCESS_FETCH) {
		denied |= bit(x->segment.vsid, 54) ? HPT_DENY_SEGMENT_N : 0;
		denied |= bit(x->entry.r, 61) ? HPT_DENY_N : 0;
		denied |= bit(x->entry.r, 60) ? HPT_DENY_GUARDED : 0;
		if (keyed && n->w->processor >= HPT_CPU_POWER8 &&
		    bit(cpu->iamr, 2u * x->key + 1))
			denied |= HPT_DENY_KEY;
	} else if (keyed && is_power7_or_later(n->w)) {
		/* Of a key's two bits the first denies stores, the second loads. */
		if (bit(cpu->amr, 2u * x->key + (access == HPT_ACCESS_READ)))
			denied |= HPT_DENY_KEY;
	}
	if (!(rights & (access == HPT_ACCESS_WRITE ? 2 : 1)))
		denied |= HPT_DENY_PP;
	return denied;
}

static void protect(struct naive *n)
{
	struct hpt_translation *x = n->x;
	uint64_t rpn = field(x->entry.r, 4, 51), page = UINT64_C(1) << x->page_shift;
	uint32_t reasons = 0;
	unsigned denied;

	x->pp = (uint8_t)(field(x->entry.r, 0, 0) << 2 | field(x->entry.r, 62, 63));
	x->key = (uint8_t)(field(x->entry.r, 2, 3) << 3 | field(x->entry.r, 52, 54));
	x->wimg = (uint8_t)field(x->entry.r, 57, 60);
	x->page_ra = rpn * 4096 / page * page;
	x->ra = x->page_ra + x->ea % page;
	for (unsigned a = 0; a < 3; a++)
		if (!deny(n, (enum hpt_access)a))
			x->allowed |= (uint8_t)(1 << a);
	denied = deny(n, x->access);
	x->denied = (uint8_t)denied;
	if (!denied || is_debug(n))
		return;
	if (denied & HPT_DENY_KEY)
		reasons |= (uint32_t)one(42);
	if (denied & (HPT_DENY_N | HPT_DENY_GUARDED | HPT_DENY_SEGMENT_N))
		reasons |= (uint32_t)one(35);
	else if (denied & HPT_DENY_PP)
		reasons |= (uint32_t)one(36);
	storage_interrupt(n,
			  denied & (HPT_DENY_N | HPT_DENY_SEGMENT_N) ? HPT_OUTCOME_NO_EXECUTE
			  : denied & HPT_DENY_GUARDED                ? HPT_OUTCOME_GUARDED
			  : denied & HPT_DENY_PP                     ? HPT_OUTCOME_PROTECTION
								     : HPT_OUTCOME_KEY,
			  reasons);
}

static void walk_table(struct naive *n)
{
	struct hpt_translation *x = n->x;

	if (x->mode == HPT_MODE_SEGMENT && x->access == HPT_ACCESS_FETCH && !is_debug(n) &&
	    bit(x->segment.vsid, 54)) {
		x->denied = HPT_DENY_SEGMENT_N;
		storage_interrupt(n, HPT_OUTCOME_NO_EXECUTE, (uint32_t)one(35));
	} else if (search(n)) {
		protect(n);
	} else {
		storage_interrupt(n, HPT_OUTCOME_NO_ENTRY, (uint32_t)one(33));
	}
}

static bool covers(const struct naive *n, struct hpt_slb_entry e)
{
	uint64_t b = field(e.vsid, 0, 1), ea = n->x->ea;

	if (!bit(e.esid, 36))
		return false;
	if (b == 0)
		return field(e.esid, 0, 35) == field(ea, 0, 35);
	return b == 1 && has_1t(n->w) && field(e.esid, 0, 23) == field(ea, 0, 23);
}

static void translated(struct naive *n)
{
	const struct hpt_cpu *cpu = &n->w->cpu;
	unsigned hits = 0, slot = 0, base;
	struct hpt_slb_entry e;

	for (unsigned i = cpu->slb_n; i-- > 0;)
		if (covers(n, cpu->slb[i])) {
			hits++;
			slot = i;
		}
	if (!hits) {
		other_interrupt(n, HPT_OUTCOME_NO_SEGMENT, 0x380, 0x480);
		return;
	}
	n->x->slb_slot = slot;
	n->x->has |= HPT_HAS_SLB_SLOT;
	if (hits > 1 && !is_debug(n)) {
		other_interrupt(n, HPT_OUTCOME_SEGMENTS, 0x200, 0x200);
		return;
	}
	e = cpu->slb[slot];
	base = base_of(n->w, (unsigned)field(e.vsid, 55, 55), (unsigned)field(e.vsid, 58, 59));
	if (is_power7_or_later(n->w) && bit(cpu->lpcr, 2))
		base = 12;
	if (!base || (base == 34 && !field(e.vsid, 0, 1))) {
		n->x->outcome = HPT_OUTCOME_BAD_SEGMENT;
		return;
	}
	set_segment(n, e, base);
	walk_table(n);
}

static void vrma(struct naive *n)
{
	const struct hpt_cpu *cpu = &n->w->cpu;
	struct hpt_slb_entry e = { one(36), one(1) | UINT64_C(0x1FFFFFF) << 24 };
	unsigned l, lp, base;

	n->x->mode = HPT_MODE_REAL_VRMA;
	if (is_power9_or_later(n->w)) {
		l = (unsigned)field(cpu->pate0, 56, 56);
		lp = (unsigned)field(cpu->pate0, 57, 58);
	} else {
		l = (unsigned)field(cpu->lpcr, 12, 12);
		lp = (unsigned)field(cpu->lpcr, 15, 16);
	}
	base = base_of(n->w, l, lp);
	if (!base) {
		other_interrupt(n, HPT_OUTCOME_BAD_VRMA, 0x200, 0x200);
		return;
	}
	e.vsid |= (l ? one(55) : 0) | (uint64_t)lp << (63 - 59);
	set_segment(n, e, base);
	walk_table(n);
}

static void by_offset(struct naive *n)
{
	const struct hpt_cpu *cpu = &n->w->cpu;
	uint64_t ra = field(n->x->ea, 4, 63), limit = 0;
	const uint64_t mib = 1024 * 1024;

	n->x->mode = HPT_MODE_REAL_OFFSET;
	switch (field(cpu->lpcr, 34, 37)) {
	case 0:
		limit = 262144 * mib;
		break;
	case 1:
		limit = 16384 * mib;
		break;
	case 2:
		limit = 1024 * mib;
		break;
	case 3:
		limit = 64 * mib;
		break;
	case 4:
		limit = 256 * mib;
		break;
	case 7:
		limit = 128 * mib;
		break;
	case 8:
		limit = 32 * mib;
		break;
	}
	if (ra >= limit)
		storage_interrupt(n, HPT_OUTCOME_REAL_LIMIT, (uint32_t)one(36));
	else
		set_real(n, ra | cpu->rmor);
}

static void real_mode(struct naive *n)
{
	const struct hpt_cpu *cpu = &n->w->cpu;
	uint64_t ra = field(n->x->ea, 4, 63);

	if (cpu->platform == HPT_PLATFORM_PSERIES) {
		n->x->mode = HPT_MODE_REAL_GUEST;
		set_real(n, ra);
	} else if (in_hypervisor(n)) {
		n->x->mode = HPT_MODE_REAL_HYPERVISOR;
		set_real(n, bit(n->x->ea, 0) ? ra : ra | cpu->hrmor);
	} else if (is_power9_or_later(n->w) ||
		   (is_power7_or_later(n->w) && bit(cpu->lpcr, 0))) {
		vrma(n);
	} else {
		by_offset(n);
	}
}

static void walk(const struct world *w, uint64_t ea, enum hpt_access access, uint32_t flags,
		 struct hpt_translation *x)
{
	struct naive n = { .w = w, .x = x, .flags = flags };
	bool on = bit(w->cpu.msr, access == HPT_ACCESS_FETCH ? 58 : 59);

	*x = (struct hpt_translation){ .size = sizeof(*x), .access = access, .ea = ea };
	if (!bit(w->cpu.msr, 0) && !is_debug(&n))
		x->ea = field(ea, 32, 63);
	if (flags & HPT_XLATE_ON)
		on = true;
	if (flags & HPT_XLATE_REAL)
		on = false;
	if (on)
		translated(&n);
	else
		real_mode(&n);
}

void naive_translate(const struct world *w, uint64_t ea, enum hpt_access access,
		     uint32_t flags, struct hpt_translation *out)
{
	struct hpt_translation fetch;

	walk(w, ea, access, flags, out);
	if (!(flags & HPT_XLATE_ANY) || !out->outcome)
		return;
	walk(w, ea, HPT_ACCESS_FETCH, flags, &fetch);
	if (!fetch.outcome)
		*out = fetch;
}
