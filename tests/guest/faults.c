// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Accesses that fault, and what the interrupt said.  None of them sets R or
 * C: the comparison of the table with the record would show it.
 */
#include "guest.h"

static struct fault {
	const char *how;
	u64 ea, vector, srr1, dsisr, dar;
} faults[128];
static unsigned int fault_count;

static void provoke(const char *how, u64 ea)
{
	struct cpu *cpu = &cpus[0];
	struct fault *fault = &faults[fault_count];

	if (fault_count == sizeof(faults) / sizeof(faults[0]))
		stop("too many faults");
	cpu->vector = 0;
	if (how[0] == 'l')
		probe_load(ea);
	else if (how[0] == 's')
		probe_store(ea, 0);
	else
		probe_fetch(ea);
	if (!cpu->vector)
		stop("an access that should fault did not");
	*fault = (struct fault){ how, ea, cpu->vector, cpu->srr1, cpu->dsisr,
				 cpu->dar };
	fault_count++;
}

/* For each combination of pp, N, key bit and storage key: one page. */
static void provoke_denied(void)
{
	static const struct { const char *how; unsigned int right; } kinds[] = {
		{ "load", MAY_LOAD }, { "store", MAY_STORE },
		{ "fetch", MAY_FETCH },
	};
	static u8 seen[3][64];
	struct page *page;
	unsigned int i;

	for (page = pages; page < pages + page_count; page++) {
		if (!page->live || page->cpu || page->ra >= RAM_LIMIT)
			continue;
		for (i = 0; i < 3; i++) {
			unsigned int pp = (page->r >> 61 & 4) |
					  (page->r & HPTE_R_PP);
			unsigned int why = pp << 2 |
				(page->r & HPTE_R_N ? 2 : 0) |
				(page->segment->flags & SLB_KS ? 1 : 0);

			if (page_key(page) == 5 || page_key(page) == 9 ||
			    page_key(page) == 12 || page_key(page) == 21)
				why |= 32;
			if (page_rights(page, 0) & kinds[i].right ||
			    seen[i][why]++)
				continue;
			provoke(kinds[i].how, page_word_ea(page));
		}
	}
}

/* Translation is on. */
void faults_record(void)
{
	static const u64 missing[] = {
		0x40000000,		/* no segment */
		0xe000000000000000,
		0x10f00000,		/* no entry: 256M, 4K */
		0x20f00000,		/* 256M, 64K */
		0x3f000000,		/* 256M, 16M */
		0x10f00000000,		/* 1T, 4K */
		KERNEL_EA + 0xf00000000,	/* 1T, 64K */
		0xf000000000f00000,	/* and no execute in the segment */
	};
	unsigned int i;

	for (i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		provoke("load", missing[i]);
		provoke("store", missing[i]);
		provoke("fetch", missing[i]);
	}
	provoke_denied();
}

/* Real mode; what a vector does not define is a dash. */
void faults_report(void)
{
	struct fault *f;

	for (f = faults; f < faults + fault_count; f++) {
		print("fault 0 %s %X vector %x", f->how, f->ea, f->vector);
		if (f->vector == 0x300)
			print(" dsisr %x dar %X\n", f->dsisr, f->dar);
		else if (f->vector == 0x380)
			print(" dar %X\n", f->dar);
		else
			print(" srr1 %X\n", f->srr1);
	}
}
