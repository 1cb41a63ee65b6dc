/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where the tables lie of a machine that has them in its own memory.
 */

#include "internal.h"

#define ORG UINT64_C(0x0FFFFFFFFFFC0000) /* HTABORG, of SDR1 and of PATE0 alike */
#define SIZE_BITS UINT64_C(0x1F)         /* HTABSIZE, PATS */

#define PTCR_PATB UINT64_C(0x0FFFFFFFFFFFF000)
#define PATS_MAX 24u
#define PATS_SHIFT 12 /* the smallest partition table's */
#define PATE_SHIFT 4  /* of an entry's bytes */
#define PATE0_HR (UINT64_C(1) << 63)

/* SDR1 and PATE0 have origin and size in the same places. */
static int take_origin(uint64_t word, const char *name, struct hpt_table_origin *out,
		       struct hpt_error *err)
{
	uint64_t order = HPT_ORDER_MIN + (word & SIZE_BITS), ra = word & ORG;

	if (order > HPT_ORDER_MAX)
		return hpt_fail(err, HPT_ERR_FORMAT,
				"%s is %#llx: HTABSIZE is %llu, expected at most %d", name,
				ULL(word), ULL(word & SIZE_BITS),
				HPT_ORDER_MAX - HPT_ORDER_MIN);
	if (ra & hpt_low_bits((unsigned)order))
		return hpt_fail_address(
			err, HPT_ERR_FORMAT, ra,
			"%s is %#llx: the table's origin %#llx is not a multiple "
			"of its 2^%llu bytes",
			name, ULL(word), ULL(ra), ULL(order));
	out->ra = ra;
	out->order = (uint32_t)order;
	return HPT_OK;
}

static int from_sdr1(const struct hpt_cpu *cpu, struct hpt_table_origin *out,
		     struct hpt_error *err)
{
	if (!cpu->sdr1)
		return hpt_fail(err, HPT_ERR_NO_HPT, "SDR1 is 0: this CPU has no table");
	out->form = HPT_FORM_CLASSIC;
	return take_origin(cpu->sdr1, "SDR1", out, err);
}

/* Real address of the partition's entry. */
static int find_pate(const struct hpt_cpu *cpu, uint64_t *ra, struct hpt_error *err)
{
	uint64_t base = cpu->ptcr & PTCR_PATB, pats = cpu->ptcr & SIZE_BITS;
	unsigned shift = PATS_SHIFT + (unsigned)pats;

	if (!cpu->ptcr)
		return hpt_fail(err, HPT_ERR_NO_HPT, "PTCR is 0: there is no partition table");
	if (pats > PATS_MAX)
		return hpt_fail(err, HPT_ERR_FORMAT,
				"PTCR is %#llx: PATS is %llu, expected at most %u",
				ULL(cpu->ptcr), ULL(pats), PATS_MAX);
	if (base & hpt_low_bits(shift))
		return hpt_fail_address(
			err, HPT_ERR_FORMAT, base,
			"PTCR is %#llx: the partition table's origin %#llx is not "
			"a multiple of its 2^%u bytes",
			ULL(cpu->ptcr), ULL(base), shift);
	if (cpu->lpid >= UINT64_C(1) << (shift - PATE_SHIFT))
		return hpt_fail(err, HPT_ERR_NO_HPT,
				"LPID %u is beyond a partition table of 2^%u bytes", cpu->lpid,
				shift);
	*ra = base + ((uint64_t)cpu->lpid << PATE_SHIFT);
	return HPT_OK;
}

static int check_memory(const struct hpt_memory_ops *ops, struct hpt_error *err)
{
	int ret = hpt_check_struct(ops, sizeof(*ops), "hpt_memory_ops", err);

	if (!ret && !ops->read)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_memory_ops: no read");
	return ret;
}

static int from_ptcr(const struct hpt_cpu *cpu, const struct hpt_memory_ops *ops, void *ctx,
		     struct hpt_table_origin *out, struct hpt_error *err)
{
	struct hpt_error own;
	struct hpt_be64 pate0_be;
	uint64_t ra = 0, pate0;
	int ret = check_memory(ops, err);

	if (!ret)
		ret = find_pate(cpu, &ra, err);
	if (!ret) {
		ret = ops->read(ctx, ra, sizeof(pate0_be), &pate0_be, err ? err : &own);
		if (ret)
			hpt_error_prepend(err, "cannot read the partition table");
	}
	if (ret)
		return ret;
	pate0 = hpt_be64_get(pate0_be);
	if (!pate0 || pate0 & PATE0_HR)
		return hpt_fail_address(err, HPT_ERR_NO_HPT, ra,
					"partition %u: its entry at %#llx is %#llx, %s",
					cpu->lpid, ULL(ra), ULL(pate0),
					pate0 ? "of radix translation" : "empty");
	out->form = HPT_FORM_V3;
	out->pate0 = pate0;
	return take_origin(pate0, "partition table entry", out, err);
}

int hpt_table_origin(const struct hpt_cpu *cpu, const struct hpt_memory_ops *ops, void *ctx,
		     struct hpt_table_origin *out, struct hpt_error *err)
{
	struct hpt_table_origin found = { .size = sizeof(found) };
	int ret = hpt_check_cpu(cpu, err);

	if (ret)
		return ret;
	if (cpu->isa >= HPT_ISA_3_0)
		ret = from_ptcr(cpu, ops, ctx, &found, err);
	else
		ret = from_sdr1(cpu, &found, err);
	if (ret)
		return ret;
	return hpt_result_out(out, sizeof(found), &found, sizeof(found), "hpt_table_origin",
			      err);
}

int hpt_find_table(const struct hpt_cpu *cpu, const struct hpt_memory_ops *ops, void *ctx,
		   const struct hpt_memory_options *options, struct hpt_table **out,
		   struct hpt_error *err)
{
	struct hpt_table_origin origin = { .size = sizeof(origin) };
	struct hpt_memory_options o;
	int ret = hpt_options_in(&o, sizeof(o), sizeof(o), options, "hpt_memory_options", err);

	if (!ret)
		ret = hpt_table_origin(cpu, ops, ctx, &origin, err);
	if (ret)
		return ret;
	o.size = sizeof(o);
	o.flags &= ~HPT_MEMORY_V3;
	if (origin.form == HPT_FORM_V3)
		o.flags |= HPT_MEMORY_V3;
	return hpt_ram_open(ops, ctx, origin.ra, origin.order, &o, out, err);
}

#define SEGMENT_GROUP 128u /* bytes of eight entries */
#define SEGMENT_GROUP_SHIFT 7

static int check_segment_table(uint64_t ra, uint64_t len, uint32_t flags,
			       struct hpt_error *err)
{
	if (flags & ~HPT_SEGMENT_TABLE_SECONDARY)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"segment table: flags are %#x, expected of %#x", flags,
				HPT_SEGMENT_TABLE_SECONDARY);
	if (len < SEGMENT_GROUP || len & (len - 1))
		return hpt_fail(
			err, HPT_ERR_ARGUMENT,
			"segment table: %#llx bytes, expected a power of two of at least %u",
			ULL(len), SEGMENT_GROUP);
	if (ra % SEGMENT_GROUP || ra + (len - 1) < ra)
		return hpt_fail_address(
			err, HPT_ERR_ARGUMENT, ra,
			"segment table: real address is %#llx, expected a multiple "
			"of %u, with room for it",
			ULL(ra), SEGMENT_GROUP);
	return HPT_OK;
}

struct segment_table {
	const struct hpt_memory_ops *ops;
	void *ctx;
	uint64_t ra, len;
};

/* Look in one group for a segment of 2^shift bytes. */
static int search_segments(const struct segment_table *t, uint64_t ea, unsigned shift,
			   bool secondary, struct hpt_slb_entry *out, struct hpt_error *err)
{
	uint64_t esid = ea >> shift, index = secondary ? ~esid : esid;
	uint64_t group = index & ((t->len >> SEGMENT_GROUP_SHIFT) - 1);
	unsigned char bytes[SEGMENT_GROUP];
	int ret =
		t->ops->read(t->ctx, t->ra + group * SEGMENT_GROUP, sizeof(bytes), bytes, err);

	if (ret) {
		hpt_error_prepend(err, "cannot read the segment table");
		return ret;
	}
	for (const unsigned char *p = bytes; p < bytes + sizeof(bytes); p += 16) {
		struct hpt_slb_entry entry = { hpt_load_be64(p), hpt_load_be64(p + 8) };

		if (!(entry.esid & HPT_SLB_VALID) || hpt_slb_shift(entry.vsid) != shift ||
		    (entry.esid ^ ea) >> shift)
			continue;
		entry.esid &= ~HPT_SLB_INDEX;
		*out = entry;
		break;
	}
	return HPT_OK;
}

int hpt_segment_table_lookup(const struct hpt_memory_ops *ops, void *ctx, uint64_t ra,
			     uint64_t len, uint64_t ea, uint32_t flags,
			     struct hpt_slb_entry *out, struct hpt_error *err)
{
	static const unsigned shifts[] = { SEGMENT_256M, SEGMENT_1T };
	const struct segment_table t = { ops, ctx, ra, len };
	struct hpt_slb_entry found = { 0, 0 };
	struct hpt_error own;
	int ret = check_memory(ops, err);

	if (!ret)
		ret = check_segment_table(ra, len, flags, err);
	if (!ret && !out)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT,
			       "segment table: nowhere to put the entry");
	/* 256M and 1T of the primary groups, then of the secondary. */
	for (unsigned i = 0; !ret && !found.esid && i < 4; i++) {
		if (i >= 2 && !(flags & HPT_SEGMENT_TABLE_SECONDARY))
			break;
		ret = search_segments(&t, ea, shifts[i % 2], i >= 2, &found, err ? err : &own);
	}
	if (!ret)
		*out = found;
	return ret;
}
