// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What the guest maps: its own text and data at the top, segments of every
 * base page size for a process, devices, and what goes wrong on the way.
 */
#include "guest.h"

#define USER		(SLB_KS | SLB_KP | SLB_C)
#define RW		2
#define RO		3
#define MMIO_RA		0x200080000000	/* the PCI host bridge's windows */
#define PIO_RA		0x200000000000

/* Real addresses that many pages share. */
#define POOL_4K(i)	(0x40000 + (u64)((i) % 8) * 0x20000)
#define POOL_64K(i)	(0x200000 + (u64)((i) % 4) * 0x10000)
#define POOL_16M(i)	(0x1000000 + (u64)((i) % 4) * 0x1000000)

enum {
	KERNEL, IO, VMEMMAP, SMALL, MEDIUM, HUGE, MIXED_4K, MIXED_64K,
	HUGE_1T, GIANT, WIDE
};

static const struct segment first_cpu[] = {
	[KERNEL] = { KERNEL_EA, 0x1f00d5a, 40, S64K, SLB_KP, 0, "kernel" },
	[IO] = { 0xd000080000000000, 0x3c4e1ab27f, 28, S4K, SLB_KP, 3, "io" },
	[VMEMMAP] = { 0xf000000000000000, 0x6bdea75, 40, S64K, SLB_KP | SLB_N,
		      4, "vmemmap" },
	[SMALL] = { 0x10000000, 0xf2b1f51e0d, 28, S4K, USER, 6, "small" },
	[MEDIUM] = { 0x20000000, 0xf2bd4a2e17, 28, S64K, USER, 7, "medium" },
	[HUGE] = { 0x30000000, 0xf2c9df392d, 28, S16M, USER, 11, "huge" },
	[MIXED_4K] = { 0x10000000000, 0x1b1f7e0, 40, S4K, USER, 16,
		       "mixed-4k" },
	[MIXED_64K] = { 0x3f0000000000, 0xfdbc2b3, 40, S64K, SLB_KP | SLB_C,
			17, "mixed-64k" },
	[HUGE_1T] = { 0x500000000000, 0x9287a77, 40, S16M, USER, 24,
		      "huge-1t" },
	[GIANT] = { 0x600000000000, 0x7ac7ea8, 40, S16G, USER, 30, "giant" },
	/* A VSID of all the bits that the architecture has. */
	[WIDE] = { 0xfe0000000, 0x2a5a5c3c3f0f1, 28, S4K, SLB_KP, 31, "wide" },
};

enum { U_KERNEL, U_PRIVATE, U_SHARED, U_TERA };

static const struct segment second_cpu[] = {
	[U_KERNEL] = { KERNEL_EA, 0x1f00d5a, 40, S64K, SLB_KP, 0, "kernel" },
	[U_PRIVATE] = { 0x10000000, 0xfe9b0da07d, 28, S4K, USER, 2,
			"private" },
	[U_SHARED] = { 0x20000000, 0xf2bd4a2e17, 28, S64K, USER, 5, "medium" },
	[U_TERA] = { 0x10000000000, 0x400fdbc, 40, S4K, USER, 9, "tera" },
};

/* Key 5 must not be stored to, 9 not loaded, 21 neither; 12 not fetched. */
#define KEY_BITS(key, bits)	((u64)(bits) << (62 - 2 * (key)))

const struct context contexts[2] = {
	{
		first_cpu, sizeof(first_cpu) / sizeof(first_cpu[0]),
		KEY_BITS(5, 2) | KEY_BITS(9, 1) | KEY_BITS(21, 3),
		KEY_BITS(12, 1), 0
	},
	{
		second_cpu, sizeof(second_cpu) / sizeof(second_cpu[0]),
		0, 0, 1
	},
};

static const u64 all_pp[] = { 0, 1, 2, 3, HPTE_R_PP0 | 2 };

#define PP(i)	all_pp[(i) % 5]

static struct page *enter(const struct segment *segment, u64 offset, u64 ra,
			  enum size actual, u64 v_bits, u64 r_bits,
			  unsigned int where, enum touch touch)
{
	struct page *page = page_enter(segment, segment->ea + offset, ra,
				       actual, v_bits, r_bits, where);

	if (page)
		touch_plan(page, touch);
	return page;
}

/* The guest's own pages, the start of RAM, and the rest of it in 16M. */
static void enter_kernel(void)
{
	const struct segment *s = &first_cpu[KERNEL];
	const u64 own = HPTE_R_M;
	unsigned int i;
	struct page *page;

	/* Text: fetched and read; data and stacks: written. */
	page = enter(s, 0, 0, S64K, HPTE_V_BOLTED, own | HPTE_R_PP0 | 2, ANY,
		     NONE);
	page->r |= HPTE_R_R;
	for (i = 1; i < 3; i++) {
		page = enter(s, i * 0x10000, i * 0x10000, S64K, HPTE_V_BOLTED,
			     own | HPTE_R_N, ANY, NONE);
		page->r |= HPTE_R_R | HPTE_R_C;
	}
	for (i = 3; i < 32; i++)
		enter(s, i * 0x10000, i * 0x10000, S64K, HPTE_V_BOLTED,
		      own | HPTE_R_N | (i & 1 ? HPTE_R_R | HPTE_R_C : 0), ANY,
		      i & 1 || i > 18 ? NONE : i % 4 ? WRITE : READ);
	for (i = 1; i < 16; i++)
		enter(s, (u64)i << 24, (u64)i << 24, S16M, HPTE_V_BOLTED,
		      own | HPTE_R_N, ANY, i % 8 == 7 ? WRITE : NONE);
	/* More of the first huge page: a base page each. */
	for (i = 1; i < 8; i++)
		enter(s, 0x1000000 + i * 0x10000, 0x1000000 + i * 0x10000,
		      S16M, HPTE_V_BOLTED, own | HPTE_R_N, ANY,
		      i == 3 ? READ : NONE);
}

/* Devices: WIMG 0100 to 0111. */
static void enter_io(void)
{
	const struct segment *s = &first_cpu[IO];
	unsigned int i;

	for (i = 0; i < 20; i++)
		enter(s, i * 0x1000, MMIO_RA + i * 0x1000, S4K, HPTE_V_BOLTED,
		      HPTE_R_I | (i & 1 ? HPTE_R_G : 0) |
		      (i % 8 == 2 || i % 8 == 5 ? HPTE_R_M : 0) | HPTE_R_N, ANY,
		      i < 4 ? READ : i < 8 ? WRITE : NONE);
	for (i = 0; i < 4; i++)
		enter(s, 0x8000000 + i * 0x1000, PIO_RA + i * 0x1000, S4K,
		      HPTE_V_BOLTED, HPTE_R_I | HPTE_R_G, ANY, NONE);
	for (i = 0; i < 12; i++)
		enter(&first_cpu[VMEMMAP], i * 0x10000,
		      0x400000 + i * 0x10000, S64K, HPTE_V_BOLTED,
		      HPTE_R_M | HPTE_R_R | HPTE_R_C, ANY, NONE);
}

/* Pages of the segment's own size: every pp, every key, N and not. */
static void enter_process(void)
{
	static const enum touch turns[] = { NONE, READ, WRITE, FETCH };
	unsigned int i;

	for (i = 0; i < 96; i++)
		enter(&first_cpu[SMALL], i * 0x1000, POOL_4K(i), S4K,
		      i % 24 == 7 ? HPTE_V_OS_SW : 0,
		      HPTE_R_M | PP(i) | hpte_key(i % 32) |
		      (i & 4 ? HPTE_R_N : 0), ANY, turns[i / 5 % 4]);
	for (i = 0; i < 40; i++)
		enter(&first_cpu[MEDIUM], i * 0x10000, POOL_64K(i), S64K,
		      i % 16 == 3 ? HPTE_V_BOLTED | HPTE_V_OS_SW : 0,
		      HPTE_R_M | PP(i) | hpte_key(i * 3 % 32) |
		      (i & 8 ? HPTE_R_N : 0) | (i % 10 == 9 ? HPTE_R_R : 0),
		      ANY, turns[i / 3 % 4]);
	for (i = 0; i < 4; i++)
		enter(&first_cpu[HUGE], (u64)i << 24, POOL_16M(i), S16M, 0,
		      HPTE_R_M | RW | hpte_key(i) | (i & 1 ? HPTE_R_N : 0),
		      ANY, turns[i]);
	for (i = 0; i < 6; i++)
		enter(&first_cpu[HUGE_1T], (u64)i << 32, POOL_16M(i), S16M, 0,
		      HPTE_R_M | RW | hpte_key(i + 24), ANY, turns[i % 4]);
	enter(&first_cpu[GIANT], 0x5000000, 0x5000000, S16G, 0,
	      HPTE_R_M | RW, ANY, WRITE);
	for (i = 0; i < 24; i++)
		enter(&first_cpu[WIDE], i * 0x3000, POOL_4K(i), S4K, 0,
		      HPTE_R_M | PP(i) | hpte_key(31 - i) | HPTE_R_N, ANY,
		      turns[i % 3]);
}

/* Pages larger than the segment's: each is found from some base pages. */
static void enter_mixed(void)
{
	const struct segment *s = &first_cpu[MIXED_4K];
	unsigned int i;

	for (i = 0; i < 8; i++)
		enter(s, i * 0x1000, POOL_4K(i), S4K, 0,
		      HPTE_R_M | RW | HPTE_R_N, ANY, i & 1 ? READ : WRITE);
	for (i = 0; i < 30; i++)
		enter(s, 0x40000000 + i * 0x1ab000, 0x4000000 + i * 0x1ab000,
		      S16M, 0, HPTE_R_M | RW | HPTE_R_N, ANY,
		      i % 6 == 0 ? READ : i % 6 == 1 ? WRITE : NONE);

	s = &first_cpu[MIXED_64K];
	for (i = 0; i < 24; i++)
		enter(s, (u64)i * 0x77770000, POOL_64K(i), S64K, 0,
		      HPTE_R_M | PP(i) | HPTE_R_N, ANY,
		      i & 1 ? READ : WRITE);
	for (i = 0; i < 8; i++)
		enter(s, 0xe000000000 + i * 0x550000, 0x8000000 + i * 0x550000,
		      S16M, 0, HPTE_R_M | RW | HPTE_R_N, ANY,
		      i & 1 ? READ : NONE);
}

/*
 * Pages of one hash: this many bytes apart, all 4K pages of a 1T segment
 * belong in the same group.
 */
static u64 same_group(unsigned int i)
{
	return (u64)i * (pteg_mask + 1) << S4K;
}

static void enter_full_groups(void)
{
	const struct segment *s = &first_cpu[MIXED_4K];
	u64 start = 0x200005000;
	unsigned int i;

	/* Eight, eight more in the secondary group, and one too many. */
	for (i = 0; i < 17; i++)
		enter(s, start + same_group(i), POOL_4K(i), S4K, 0,
		      HPTE_R_M | RW | HPTE_R_N, ANY, i & 1 ? READ : WRITE);
	/* Room for the last one is made as an operating system makes it. */
	page_remove(&pages[page_count - 14]);
	enter(s, start + same_group(16), POOL_4K(16), S4K, 0,
	      HPTE_R_M | RW | HPTE_R_N, ANY, WRITE);

	/* A full group, bolted, with three in the secondary. */
	start = 0x200123000;
	for (i = 0; i < 11; i++)
		enter(s, start + same_group(i), POOL_4K(i), S4K,
		      i < 8 ? HPTE_V_BOLTED : 0, HPTE_R_M | RW | HPTE_R_N, ANY,
		      i & 1 ? READ : NONE);

	/* Slots of the guest's choice, from the last to the first. */
	start = 0x2002bc000;
	for (i = 0; i < 8; i++)
		enter(s, start + same_group(i), POOL_4K(i), S4K, 0,
		      HPTE_R_M | RO | HPTE_R_N, EXACT | (7 - i) << 4,
		      i & 1 ? READ : NONE);
	enter(s, start + same_group(8), POOL_4K(8), S4K, 0,
	      HPTE_R_M | RO | HPTE_R_N, EXACT | 2 << 4, NONE);
	enter(s, start + same_group(8), POOL_4K(8), S4K, 0,
	      HPTE_R_M | RO | HPTE_R_N, EXACT_SECONDARY | 6 << 4, READ);
	enter(s, start + same_group(9), POOL_4K(9), S4K, 0,
	      HPTE_R_M | RO | HPTE_R_N, EXACT_SECONDARY | 3 << 4, NONE);

	/* Groups of two to seven, twice. */
	start = 0x380000000;
	for (i = 0; i < 12; i++) {
		unsigned int n = i / 2 + 2;

		while (n--)
			enter(s, start + i * 0x8d000 + same_group(n),
			      POOL_4K(n), S4K, n & 1 ? HPTE_V_BOLTED : 0,
			      HPTE_R_M | RW | HPTE_R_N, ANY,
			      n % 3 ? NONE : READ);
	}

	/* Secondary although there is room in the primary, and odd slots. */
	start = 0x300000000;
	for (i = 0; i < 8; i++)
		enter(s, start + i * 0x7000, POOL_4K(i), S4K,
		      i & 1 ? HPTE_V_BOLTED : 0, HPTE_R_M | RW | HPTE_R_N,
		      i < 4 ? SECONDARY : (EXACT | (i & 7) << 4),
		      i & 1 ? READ : WRITE);
}

/* Some go again, some return, some change. */
static void change_before_use(void)
{
	struct page *page, *end = pages + page_count;
	unsigned int i = 0, j = 0;

	for (page = pages; page < end; page++) {
		if (page->segment != &first_cpu[SMALL] &&
		    page->segment != &first_cpu[MEDIUM])
			continue;
		if (++i % 11 == 10) {
			page_remove(page);
		} else if (i % 13 == 6) {
			page_protect(page, RW | HPTE_R_N |
				     hpte_key(i * 7 % 32));
			touch_plan(page, page->touch);
		} else if (i % 17 == 9) {
			page_protect(page, HPTE_R_PP0 | 2 | hpte_key(j++));
			touch_plan(page, page->touch);
		}
	}
	/* Two of those that went, with other rights. */
	for (i = 9; i < 40; i += 22)
		enter(&first_cpu[SMALL], i * 0x1000, POOL_4K(i + 1), S4K,
		      HPTE_V_HV_SW, HPTE_R_M | RW | HPTE_R_N, ANY, WRITE);
}

/* The second CPU's: user_code at its place, the table, and some pages. */
static void enter_user(void)
{
	const struct segment *s = &second_cpu[U_PRIVATE];
	unsigned int first, i;
	struct page *page;

	page = enter(s, 0, 0x150000, S4K, 0, HPTE_R_M | RO, ANY, NONE);
	page->r |= HPTE_R_R;
	page = enter(s, 0x10000, 0x151000, S4K, 0, HPTE_R_M | RW | HPTE_R_N,
		     ANY, NONE);
	page->r |= HPTE_R_R | HPTE_R_C;
	first = page_count;
	for (i = 0; i < 24; i++)
		enter(s, 0x20000 + i * 0x2000, POOL_4K(i), S4K, 0,
		      HPTE_R_M | PP(i) | HPTE_R_N, ANY, NONE);
	for (i = 0; i < 12; i++)
		enter(&second_cpu[U_TERA], i * 0x123456000, POOL_4K(i), S4K, 0,
		      HPTE_R_M | PP(i + 1) | hpte_key(i), ANY, NONE);
	for (i = first; i < page_count; i++) {
		pages[i].cpu = 1;
		touch_plan(&pages[i], i % 3 == 0 ? READ :
			   i % 3 == 1 ? WRITE : NONE);
	}
	pages[first - 2].cpu = 1;
	pages[first - 1].cpu = 1;
}

void layout_enter(void)
{
	enter_kernel();
	enter_io();
	enter_process();
	enter_mixed();
	enter_full_groups();
	change_before_use();
	enter_user();
}

/* After use: what removal returns has R and C as hardware left them. */
void layout_change(void)
{
	struct page *page;
	unsigned int i = 0;

	for (page = pages; page < pages + page_count; page++) {
		if (!page->live || page->segment != &first_cpu[MIXED_64K] ||
		    page->actual != S64K)
			continue;
		if (++i % 8 == 2)
			page_remove(page);
		else if (i % 8 == 3)
			page_remove_bulk(page);
		else if (i % 8 == 5)
			page_protect(page, RO | HPTE_R_N | hpte_key(16 + i));
	}
}

/* What the hypervisor does not take: each says so in a line. */
void layout_refused(void)
{
	const struct segment *s = &first_cpu[SMALL];
	u64 ea = s->ea + 0x800000, v = hpte_v(s, ea, S4K);
	u64 slot = page_pteg(s, ea) * 8, out;
	unsigned int wimg;

	for (wimg = 0; wimg < 16; wimg++) {
		if (wimg != 2)
			try_enter(0, slot, v, 0x100000 | wimg << 3 | RW, &out);
		if (wimg >> 2 != 1)
			try_enter(0, slot, v, MMIO_RA | wimg << 3 | RW, &out);
	}
	/* 1M, 64K in a 4K segment, no such slot, a slot in use. */
	try_enter(0, slot, v | HPTE_V_L, 0x102000 | HPTE_R_M | RW, &out);
	try_enter(0, slot, v | HPTE_V_L, 0x207000 | HPTE_R_M | RW, &out);
	try_enter(0, (pteg_mask + 1) * 8, v, 0x100000 | HPTE_R_M | RW, &out);
	try_enter(H_EXACT, pages[0].ptex, pages[0].v, pages[0].r, &out);
	if (hcall(H_REMOVE, NULL, H_AVPN, pages[0].ptex, v & HPTE_V_AVPN, 0))
		refused("h_remove", pages[0].ptex, v & HPTE_V_AVPN, 0,
			H_NOT_FOUND);
	for (wimg = 0; wimg < 2; wimg++) {
		long status = hcall(wimg ? H_CLEAR_MOD : H_CLEAR_REF, NULL, 0,
				    pages[0].ptex, 0, 0);

		if (status)
			refused(wimg ? "h_clear_mod" : "h_clear_ref",
				pages[0].ptex, 0, 0, status);
	}
}
