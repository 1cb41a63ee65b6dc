// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The record on the console, a line each; README says what they mean. */
#include "guest.h"

static void report_map(unsigned int cpu, u64 ea, u64 ra, int mapped)
{
	if (mapped)
		print("map %d %X %x\n", (long)cpu, ea, ra);
	else
		print("unmapped %d %X\n", (long)cpu, ea);
}

/* Is there a living page that serves this EA? */
static int is_live(const struct segment *segment, u64 ea)
{
	u64 mask = ~(((u64)1 << segment->base) - 1);
	struct page *page;

	for (page = pages; page < pages + page_count; page++)
		if (page->live && page->segment->vsid == segment->vsid &&
		    !((page->ea ^ ea) & mask))
			return 1;
	return 0;
}

/* A page's own word, the last byte of its base page, and a gone page. */
static void report_page(unsigned int cpu, const struct segment *segment,
			const struct page *page)
{
	u64 last = ((u64)1 << segment->base) - 1;
	u64 in_actual = ((u64)1 << page->actual) - 1;
	u64 ra = page->ra & ~in_actual, ea;
	int mapped = !!(page_rights(page, cpu) & (MAY_LOAD | MAY_FETCH));

	ea = page_word_ea(page);
	if (!page->live) {
		if (!is_live(segment, ea))
			report_map(cpu, ea, 0, 0);
		return;
	}
	report_map(cpu, ea, page_word_ra(page), mapped);
	report_map(cpu, ea | last, ra | ((ea | last) & in_actual), mapped);
	/* The base page behind it is another entry's matter. */
	ea = (ea | last) + 1;
	if (page->actual > segment->base && !is_live(segment, ea))
		report_map(cpu, ea, 0, 0);
}

static void report_context(unsigned int cpu)
{
	const struct context *context = &contexts[cpu];
	const struct segment *s;
	struct page *page;

	for (s = context->segments; s < context->segments + context->count;
	     s++) {
		u64 end = s->ea + ((u64)1 << s->shift) - 1;

		for (page = pages; page < pages + page_count; page++)
			if (page->segment->vsid == s->vsid)
				report_page(cpu, s, page);
		if (!is_live(s, end))
			report_map(cpu, end, 0, 0);
	}
	report_map(cpu, 0, 0, 0);
	report_map(cpu, 0x40000000, 0, 0);
	report_map(cpu, 0x70000000, 0, 0);
	report_map(cpu, 0xe000000000000000, 0, 0);
	report_map(cpu, 0xffffffffffffffff, 0, 0);
}

/* What is to be read at an EA, for pages that were used. */
static void report_words(void)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++)
		if (page->live && page->touch && page->ra < RAM_LIMIT &&
		    page_rights(page, page->cpu) & MAY_LOAD)
			print("word %d %X %X\n", (long)page->cpu,
			      page_word_ea(page), page_tag(page));
}

static void report_segments(unsigned int cpu)
{
	const struct context *context = &contexts[cpu];
	const struct segment *s;

	for (s = context->segments; s < context->segments + context->count;
	     s++)
		print("slb %d %d %X %X %s\n", (long)cpu, (long)s->slot,
		      s->ea | SLB_V, segment_slb_word(s), s->name);
	print("amr %d %X\niamr %d %X\n", (long)cpu, context->amr, (long)cpu,
	      context->iamr);
}

void report(void)
{
	struct page *page;
	long live = 0;

	print("ptegs %x\n", pteg_mask + 1);
	report_segments(0);
	report_segments(1);
	for (page = pages; page < pages + page_count; page++) {
		if (!page->live)
			continue;
		print("entry %x %X %X\n", page->ptex, page->v, page->r);
		live++;
	}
	report_context(0);
	report_context(1);
	report_words();
	faults_report();
#ifdef COUNT
	print("counter %x\n", (u64)&counter - KERNEL_EA);
#endif
	print("park 0 %X\n", (u64)park_loop);
	print("park 1 %X\n", USER_CODE_EA + (u64)(user_loop - user_code));
	print("done %d entries\n", live);
}
