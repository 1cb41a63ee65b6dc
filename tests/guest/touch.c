// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Using the pages: words are planted by real address, read, written and
 * fetched through effective addresses, and checked by real address.
 */
#include "guest.h"

static volatile u64 *at(u64 address)
{
	return (volatile u64 *)address;
}

/* The table of the Power ISA for one page and one CPU's state. */
unsigned int page_rights(const struct page *page, unsigned int cpu)
{
	const struct context *context = &contexts[cpu];
	u32 key_bit = context->problem_state ? SLB_KP : SLB_KS;
	int k = !!(page->segment->flags & key_bit);
	unsigned int pp = (page->r >> 61 & 4) | (page->r & HPTE_R_PP);
	unsigned int shift = 62 - 2 * page_key(page), rights = 0;

	if (pp == 2 || (!k && pp < 2))
		rights = MAY_LOAD | MAY_STORE;
	else if (pp == 3 || (!k && pp == 6) || (k && pp == 1))
		rights = MAY_LOAD;
	if (rights && !(page->r & (HPTE_R_N | HPTE_R_G)) &&
	    !(page->segment->flags & SLB_N))
		rights |= MAY_FETCH;
	if (context->amr >> shift & 2)
		rights &= ~(unsigned int)MAY_STORE;
	if (context->amr >> shift & 1)
		rights &= ~(unsigned int)MAY_LOAD;
	if (context->iamr >> shift & 1)
		rights &= ~(unsigned int)MAY_FETCH;
	return rights;
}

/* A touch that the page does not allow is not made. */
void touch_plan(struct page *page, enum touch touch)
{
	static const u8 needs[] = {
		[READ] = MAY_LOAD, [WRITE] = MAY_STORE, [FETCH] = MAY_FETCH,
	};
	unsigned int rights = page_rights(page, page->cpu);

	page->touch = NONE;
	if (needs[touch] & rights)
		page->touch = (u8)touch;
}

/* Real mode. */
void touch_prepare(void)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++) {
		u64 ra = page_word_ra(page);

		if (!page->live || !page->touch || ra >= RAM_LIMIT)
			continue;
		*at(ra) = page->touch == WRITE ? 0 : page_tag(page);
	}
}

static void touch(struct page *page)
{
	u64 ea = page_word_ea(page), value;

	switch (page->touch) {
	case READ:
		value = *at(ea);
		if (page->ra < RAM_LIMIT && value != page_tag(page))
			stop("a load by EA found something else");
		page->r |= HPTE_R_R;
		break;
	case WRITE:
		*at(ea) = page_tag(page);
		page->r |= HPTE_R_R | HPTE_R_C;
		break;
	case FETCH:
		probe_fetch(ea);
		page->r |= HPTE_R_R;
		break;
	}
}

/* Translation is on. */
void touch_from_kernel(void)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++)
		if (page->live && !page->cpu)
			touch(page);
}

/* Real mode again. */
void touch_verify(void)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++) {
		u64 ra = page_word_ra(page);

		if (page->live && page->touch && ra < RAM_LIMIT &&
		    *at(ra) != page_tag(page))
			stop("a store by EA did not reach its RA");
	}
}
