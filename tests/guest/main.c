// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The order of events. */
#include "guest.h"

void guest_main(const u8 *fdt);

#ifdef COUNT
u64 counter;
#endif

/* ibm,pft-size is { 0, log2 of the table's bytes }. */
static void find_table_size(const u8 *fdt)
{
	const u8 *p = fdt_find(fdt, "ibm,pft-size", 0);

	if (!p)
		stop("the device tree has no ibm,pft-size");
	pteg_mask = ((u64)1 << (be32(p + 4) - 7)) - 1;
}

/* One slot more is written without its valid bit. */
static void load_slb(const struct context *context)
{
	const struct segment *s;

	slb_clear();
	for (s = context->segments; s < context->segments + context->count;
	     s++)
		slb_set(segment_slb_word(s), s->ea | SLB_V | (u64)s->slot);
	slb_set(0x0000f2d6d6d4d000 | SLB_KP | SLB_KS, 0x70000000 | 20);
	spr_set_amr(context->amr);
	spr_set_iamr(context->iamr);
}

static void check_all(void)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++)
		if (page->live)
			page_check(page);
}

void guest_main(const u8 *fdt)
{
	print("libhpt guest\n");
	find_table_size(fdt);
	layout_enter();
	layout_refused();
	load_slb(&contexts[0]);
	touch_prepare();
	user_prepare();

	set_msr(MSR_KERNEL);
	touch_from_kernel();
	faults_record();
	set_msr(MSR_REAL);

	user_run(fdt);
	user_verify();
	touch_verify();
	check_all();
	layout_change();
	report();

	set_msr(MSR_KERNEL);
	park();
}
