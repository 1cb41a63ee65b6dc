// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Entering, removing and changing pages by hypercall, and the record of it:
 * pages[] is what the guest knows, never what it read from the table.
 */
#include "guest.h"

struct page pages[512];
unsigned int page_count;
u64 pteg_mask;

u64 segment_slb_word(const struct segment *segment)
{
	static const struct { u8 base; u32 l_lp; } encodings[] = {
		{ S4K, 0x000 }, { S64K, 0x110 }, { S16M, 0x100 },
		{ S16G, 0x120 },
	};
	u64 word = segment->flags;
	unsigned int i;

	for (i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		if (encodings[i].base == segment->base)
			word |= encodings[i].l_lp;
	if (segment->shift == 40)
		return word | HPTE_V_B_1T | segment->vsid << 24;
	return word | segment->vsid << 12;
}

static u64 segment_offset(const struct segment *segment, u64 ea)
{
	return ea & (((u64)1 << segment->shift) - 1);
}

u64 page_pteg(const struct segment *segment, u64 ea)
{
	u64 hash = segment->vsid ^ segment_offset(segment, ea) >> segment->base;

	if (segment->shift == 40)
		hash ^= segment->vsid << 25;
	return hash & pteg_mask;
}

u64 hpte_v(const struct segment *segment, u64 ea, enum size actual)
{
	u64 offset = segment_offset(segment, ea) &
		     ~(((u64)1 << segment->base) - 1);
	u64 v = segment->vsid << (segment->shift - 16);

	v = (v | offset >> 16) & HPTE_V_AVPN;
	if (segment->shift == 40)
		v |= HPTE_V_B_1T;
	return v | (actual == S4K ? 0 : HPTE_V_L) | HPTE_V_V;
}

/* The LP value of a base and an actual size, in the place of dword 1. */
static u64 hpte_lp(enum size base, enum size actual)
{
	if (actual == S64K)
		return base == S4K ? 0x7000 : 0x1000;
	if (actual == S16M)
		return base == S4K ? 0x38000 : base == S64K ? 0x8000 : 0;
	if (actual == S1M)
		return 0x2000;
	return actual == S16G ? 0x3000 : 0;
}

u64 hpte_key(unsigned int key)
{
	return (u64)(key & 0x18) << 57 | (u64)(key & 7) << 9;
}

unsigned int page_key(const struct page *page)
{
	return (page->r >> 57 & 0x18) | (page->r >> 9 & 7);
}

void refused(const char *what, u64 ptex, u64 v, u64 r, long status)
{
	print("refused %s %x %X %X %d\n", what, ptex, v, r, status);
}

long try_enter(u64 flags, u64 ptex, u64 v, u64 r, u64 *out)
{
	struct hcall_ret ret;
	long status = hcall(H_ENTER, &ret, flags, ptex, v, r);

	if (status)
		refused("h_enter", ptex, v, r, status);
	*out = ret.r[0];
	return status;
}

static long enter_at(u64 pteg, unsigned int where, u64 *v, u64 r, u64 *ptex)
{
	if (where & SECONDARY) {
		pteg = ~pteg & pteg_mask;
		*v |= HPTE_V_H;
	}
	return try_enter(where & EXACT ? H_EXACT : 0,
			 pteg * 8 + (where >> 4), *v, r, ptex);
}

/*
 * where: ANY tries the primary group, then the secondary; SECONDARY only
 * the latter; EXACT | slot << 4 demands a slot.  NULL if there is no room.
 */
struct page *page_enter(const struct segment *segment, u64 ea, u64 ra,
			enum size actual, u64 v_bits, u64 r_bits,
			unsigned int where)
{
	struct page *page = &pages[page_count];
	u64 v = hpte_v(segment, ea, actual) | v_bits;
	u64 r = (ra & ~(((u64)1 << actual) - 1)) |
		hpte_lp(segment->base, actual) | r_bits;
	u64 pteg = page_pteg(segment, ea), ptex;
	long status;

	if (page_count == sizeof(pages) / sizeof(pages[0]))
		stop("too many pages");
	status = enter_at(pteg, where, &v, r, &ptex);
	if (status == H_PTEG_FULL && where == ANY)
		status = enter_at(pteg, SECONDARY, &v, r, &ptex);
	if (status)
		return NULL;
	*page = (struct page){
		.ptex = ptex, .v = v & ~(u64)HPTE_V_HV_SW, .r = r,
		.ea = ea, .ra = ra, .segment = segment,
		.actual = (u8)actual, .live = 1,
	};
	page_count++;
	return page;
}

/*
 * What a hypercall returned is what the record has.  QEMU does not hide its
 * own software bit (0x40, dirty) from the guest.
 */
static int same_entry(const struct page *page, const struct hcall_ret *ret)
{
	return (ret->r[0] & ~(u64)HPTE_V_HV_SW) == page->v &&
	       ret->r[1] == page->r;
}

/* In turn: without a condition, by AVPN, and by a bit that is not set. */
void page_remove(struct page *page)
{
	static unsigned int turn;
	struct hcall_ret ret;
	u64 flags = 0, match = 0;
	long status;

	switch (turn++ % 3) {
	case 1:
		flags = H_AVPN;
		match = page->v & ~(u64)0x7f;
		break;
	case 2:
		flags = H_ANDCOND;
		match = page->v & HPTE_V_H ? 0 : HPTE_V_H;
		break;
	}
	status = hcall(H_REMOVE, &ret, flags, page->ptex, match, 0);
	if (status)
		stop("H_REMOVE failed");
	if (!same_entry(page, &ret))
		stop("H_REMOVE returned another entry");
	page->live = 0;
}

/* By AVPN; the answer, which should have R and C, goes to the console. */
void page_remove_bulk(struct page *page)
{
	const u64 request = 0x4000000000000000, end = 0xc000000000000000;
	const u64 avpn = 0x0200000000000000;
	struct hcall_ret ret;

	if (hcall(H_BULK_REMOVE, &ret, request | avpn | page->ptex,
		  page->v & ~(u64)0x7f, end, 0))
		stop("H_BULK_REMOVE failed");
	print("bulk_remove %x r %X answer %X\n", page->ptex, page->r, ret.r[0]);
	page->live = 0;
}

/* Changes pp, N and key to those in the dword 1 bits given. */
void page_protect(struct page *page, u64 pp_n_key)
{
	const u64 mask = HPTE_R_PP0 | HPTE_R_KEY_HI | HPTE_R_KEY_LO |
			 HPTE_R_N | HPTE_R_PP;
	u64 flags = (pp_n_key & (HPTE_R_KEY_LO | HPTE_R_N | HPTE_R_PP)) |
		    (pp_n_key & HPTE_R_KEY_HI) >> 48 |
		    (pp_n_key & HPTE_R_PP0) >> 55;

	if (hcall(H_PROTECT, NULL, flags | H_AVPN, page->ptex,
		  page->v & ~(u64)0x7f, 0))
		stop("H_PROTECT failed");
	page->r = (page->r & ~mask) | (pp_n_key & mask);
}

/* What the hypervisor reads back must be what the record says. */
void page_check(const struct page *page)
{
	struct hcall_ret ret;

	if (hcall(H_READ, &ret, 0, page->ptex, 0, 0))
		stop("H_READ failed");
	if (same_entry(page, &ret))
		return;
	print("wrong %x expected %X %X found %X %X\n", page->ptex, page->v,
	      page->r, ret.r[0], ret.r[1]);
	stop("the table differs from the record");
}

/* Every page has a doubleword of its own, so that RAs can be shared. */
static u64 page_word(const struct page *page)
{
	return ((u64)(page - pages) * 8) & 0xff8;
}

u64 page_word_ea(const struct page *page)
{
	return page->ea + page_word(page);
}

u64 page_word_ra(const struct page *page)
{
	return page->ra + page_word(page);
}

/* What is written there: a blr, for those who fetch it, and the RA. */
u64 page_tag(const struct page *page)
{
	return 0x4e80002000000000 | page_word_ra(page);
}
