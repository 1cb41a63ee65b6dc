// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The second CPU: started by RTAS, it works in problem state and stays. */
#include "guest.h"

struct step {
	u64 ea, what, value;
};

u64 user_slb[16][2];

static struct page *user_page(u64 ea)
{
	struct page *page;

	for (page = pages; page < pages + page_count; page++)
		if (page->live && page->cpu && page->ea == ea)
			return page;
	stop("the second CPU's program has no page");
}

static volatile struct step *user_table(void)
{
	return (volatile struct step *)user_page(USER_TABLE_EA)->ra;
}

/* Its SLB, its program, and the table of what it shall do. */
void user_prepare(void)
{
	const struct context *context = &contexts[1];
	volatile struct step *step = user_table();
	volatile u8 *code = (volatile u8 *)user_page(USER_CODE_EA)->ra;
	struct page *page;
	unsigned int i;
	const char *c;

	for (i = 0; i < context->count; i++) {
		const struct segment *s = &context->segments[i];

		user_slb[i][0] = segment_slb_word(s);
		user_slb[i][1] = s->ea | SLB_V | (u64)s->slot;
	}
	for (c = user_code; c < user_code_end; c++)
		*code++ = (u8)*c;
	__asm__ volatile("sync; icbi 0, %0; sync; isync" :
			 : "r"(user_page(USER_CODE_EA)->ra) : "memory");
	for (page = pages; page < pages + page_count; page++) {
		if (!page->live || !page->cpu || !page->touch)
			continue;
		step->ea = page_word_ea(page);
		step->what = page->touch;
		step->value = page->touch == WRITE ? page_tag(page) : 0;
		step++;
	}
}

static u32 args[16];

void user_run(const u8 *fdt)
{
	const u8 *token = fdt_find(fdt, "start-cpu", 0);
	const u8 *id = fdt_find(fdt, "ibm,ppc-interrupt-server#s", 1);
	volatile struct step *step;

	if (!token || !id)
		stop("the device tree has no second CPU");
	args[0] = be32(token);
	args[1] = 3;
	args[2] = 1;
	args[3] = be32(id);
	args[4] = (u32)(u64)second_cpu_entry;
	args[5] = USER_CODE_EA;
	if (hcall(H_RTAS, NULL, (u64)args & ~KERNEL_EA, 0, 0, 0) || args[6])
		stop("RTAS did not start the second CPU");
	for (step = user_table(); step->what; step++)
		;
	while (step->value != 0xd0)
		;
	__asm__ volatile("sync" : : : "memory");
}

/* What it read is in the table; what it wrote is touch_verify's matter. */
void user_verify(void)
{
	volatile struct step *step = user_table();
	struct page *page;

	for (page = pages; page < pages + page_count; page++) {
		if (!page->live || !page->cpu || !page->touch)
			continue;
		page->r |= HPTE_R_R | (page->touch == WRITE ? HPTE_R_C : 0);
		if (step->value != page_tag(page))
			stop("the second CPU read something else");
		step++;
	}
}
