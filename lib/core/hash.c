/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The hash of a virtual page, and the hash undone. Power ISA 2.07 Book III-S 5.7.7.3.
 */

#include "internal.h"

#define SEGMENT_256M 28
#define SEGMENT_1T 40
#define AVPN_SHIFT 23 /* AVPN is the virtual address without its low 23 bits */
#define BASE_MIN 12
#define BASE_MAX 34

uint64_t hpt_va_hash(const struct hpt_va *va, unsigned base_shift)
{
	return hpt_vsid_hash(va->vsid, va->segment_shift) ^ va->offset >> base_shift;
}

/* Bits that select a group of a table of 2^order bytes. */
static uint64_t pteg_mask(unsigned order)
{
	return (UINT64_C(1) << (order - HPT_PTEG_SHIFT)) - 1;
}

uint64_t hpt_hash_pteg(uint64_t hash, unsigned order, bool secondary)
{
	return (secondary ? ~hash : hash) & pteg_mask(order);
}

uint64_t hpt_va_avpn(const struct hpt_va *va, unsigned base_shift)
{
	uint64_t b = va->segment_shift == SEGMENT_1T ? 1 : 0;
	uint64_t offset = va->offset >> base_shift << base_shift;
	uint64_t avpn = va->vsid << (va->segment_shift - AVPN_SHIFT) | offset >> AVPN_SHIFT;

	return b << HPT_V_B_SHIFT | (avpn << HPT_V_AVPN_SHIFT & HPT_V_AVPN);
}

static int check_place(uint64_t ptex, unsigned order, unsigned base_shift,
		       struct hpt_error *err)
{
	if (order < HPT_ORDER_MIN || order > HPT_ORDER_MAX)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "order is %u, expected %u to %u", order,
				HPT_ORDER_MIN, HPT_ORDER_MAX);
	if (ptex >> (order - HPT_ENTRY_SHIFT))
		return hpt_fail_ptex(err, HPT_ERR_ARGUMENT, ptex,
				     "index %#llx is beyond a table of order %u",
				     (unsigned long long)ptex, order);
	if (base_shift < BASE_MIN || base_shift > BASE_MAX)
		return hpt_fail_ptex(err, HPT_ERR_ARGUMENT, ptex,
				     "base page shift is %u, expected %u to %u", base_shift,
				     BASE_MIN, BASE_MAX);
	return HPT_OK;
}

/* The part of the virtual address that the entry itself says. */
static int va_from_avpn(struct hpt_entry entry, uint64_t ptex, unsigned base_shift,
			struct hpt_va *va, struct hpt_error *err)
{
	uint64_t avpn = (entry.v & HPT_V_AVPN) >> HPT_V_AVPN_SHIFT;
	unsigned b = (unsigned)(entry.v >> HPT_V_B_SHIFT);
	unsigned in_segment;

	if (b > 1)
		return hpt_fail_ptex(err, HPT_ERR_FORM, ptex,
				     "entry %#llx: B is %u, expected 0 (256M) or 1 (1T)",
				     (unsigned long long)ptex, b);
	va->segment_shift = b ? SEGMENT_1T : SEGMENT_256M;
	in_segment = va->segment_shift - AVPN_SHIFT;
	va->vsid = avpn >> in_segment;
	va->offset = (avpn & ((UINT64_C(1) << in_segment) - 1)) << AVPN_SHIFT;
	if (base_shift >= va->segment_shift)
		return hpt_fail_ptex(err, HPT_ERR_FORM, ptex,
				     "entry %#llx: a page of 2^%u bytes in a segment of 2^%u",
				     (unsigned long long)ptex, base_shift, va->segment_shift);
	if (va->offset & ((UINT64_C(1) << base_shift) - 1))
		return hpt_fail_ptex(err, HPT_ERR_FORM, ptex,
				     "entry %#llx: AVPN %#llx has bits below the base page of "
				     "2^%u bytes", (unsigned long long)ptex,
				     (unsigned long long)avpn, base_shift);
	return HPT_OK;
}

int hpt_entry_va(struct hpt_entry entry, uint64_t ptex, unsigned order, unsigned base_shift,
		 struct hpt_va *out, struct hpt_error *err)
{
	bool secondary = entry.v & HPT_V_SECONDARY;
	uint64_t pteg = ptex / HPT_PTEG_ENTRIES;
	struct hpt_va va;
	int ret = check_place(ptex, order, base_shift, err);

	if (!ret)
		ret = va_from_avpn(entry, ptex, base_shift, &va, err);
	if (ret)
		return ret;
	/*
	 * AVPN lacks the bits from the base page size up to bit 22; the group has them, as the
	 * smallest table's 11 hash bits reach that far for the smallest page.
	 */
	if (base_shift < AVPN_SHIFT) {
		uint64_t hash = secondary ? ~pteg : pteg;
		uint64_t low = (UINT64_C(1) << (AVPN_SHIFT - base_shift)) - 1;

		va.offset |= ((hpt_vsid_hash(va.vsid, va.segment_shift) ^ hash) & low) << base_shift;
	}
	/* What is known now must hash to where the entry was found. */
	if (hpt_hash_pteg(hpt_va_hash(&va, base_shift), order, secondary) != pteg)
		return hpt_fail_ptex(err, HPT_ERR_PTEG, ptex,
				     "entry %#llx: no virtual address with its AVPN %#llx hashes "
				     "to group %#llx, %s", (unsigned long long)ptex,
				     (unsigned long long)(entry.v & HPT_V_AVPN) >> HPT_V_AVPN_SHIFT,
				     (unsigned long long)pteg,
				     secondary ? "secondary" : "primary");
	*out = va;
	return HPT_OK;
}
