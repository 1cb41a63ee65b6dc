/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"

/*
 * How a Linux guest numbers its segments, found out. The rule has few forms: each is held
 * against what is known, and the one that explains most is taken.
 */

#define KERNEL_EA UINT64_C(0xC000000000000000)
#define KERNEL_CONTEXTS_MAX 7

static const uint32_t page_shifts[] = { 16, 12 };
static const uint32_t va_bits[] = { 68, 65 };

static void rule_init(struct hpt_linux *rule, uint32_t bits, uint32_t page_shift,
		      uint32_t segment_shift)
{
	*rule = (struct hpt_linux){ .size = sizeof(*rule),
				    .va_bits = bits,
				    .page_shift = page_shift,
				    .kernel_segment_shift = segment_shift,
				    .user_segment_shift = segment_shift };
}

static unsigned segment_shift(const struct hpt_slb_entry *entry)
{
	return entry->vsid & HPT_SLB_B ? 40 : 28;
}

static uint64_t segment_vsid(const struct hpt_slb_entry *entry)
{
	uint64_t field = entry->vsid & HPT_SLB_VSID;

	return segment_shift(entry) == 40 ? field >> 24 : field >> 12;
}

static bool is_kernel(const struct hpt_slb_entry *entry)
{
	return entry->esid & HPT_SLB_VALID && (entry->esid & HPT_SLB_ESID) >= KERNEL_EA;
}

/* Kernel segments of an SLB that a rule explains, less those that it does not. */
static int explained(const struct hpt_linux *rule, const struct hpt_cpu *cpu)
{
	int n = 0;

	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		const struct hpt_slb_entry *entry = &cpu->slb[i];
		uint64_t ea = entry->esid & HPT_SLB_ESID;
		uint64_t context, vsid;

		if (!is_kernel(entry))
			continue;
		context = hpt_linux_kernel_context(ea, rule->page_shift);
		if (context && segment_shift(entry) == rule->kernel_segment_shift &&
		    !hpt_linux_vsid(context, ea, segment_shift(entry), rule->va_bits, &vsid,
				    NULL) &&
		    vsid == segment_vsid(entry))
			n++;
		else
			n--;
	}
	return n;
}

/* The context that an SLB's user segments are in; 0: they do not agree, or there are none. */
static uint64_t user_context(const struct hpt_linux *rule, const struct hpt_cpu *cpu)
{
	uint64_t context = 0;

	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		const struct hpt_slb_entry *entry = &cpu->slb[i];
		uint64_t ea = entry->esid & HPT_SLB_ESID;
		struct hpt_linux_place place;

		if (!(entry->esid & HPT_SLB_VALID) || ea >= UINT64_C(1) << 49)
			continue;
		if (hpt_linux_context(segment_vsid(entry), segment_shift(entry), rule->va_bits,
				      &place, NULL) ||
		    place.offset != (ea & ~((UINT64_C(1) << segment_shift(entry)) - 1)) ||
		    (context && context != place.context))
			return 0;
		context = place.context;
	}
	return context;
}

bool linux_from_slb(struct hpt_linux *rule, const struct hpt_cpu *cpu, uint32_t page_shift)
{
	int best = 0;

	for (unsigned i = 0; i < 8; i++) {
		struct hpt_linux tried;
		int n;

		rule_init(&tried, va_bits[i >> 2], page_shifts[(i >> 1) & 1], i & 1 ? 28 : 40);
		if (page_shift && tried.page_shift != page_shift)
			continue;
		n = explained(&tried, cpu);
		if (n > best) {
			best = n;
			*rule = tried;
		}
	}
	if (best)
		rule->user_context = user_context(rule, cpu);
	return best > 0;
}

/* Entries of a table against the rule: where Linux maps address n linearly to n. */
struct census {
	const struct hpt_page_sizes *sizes;
	unsigned order;
	uint64_t linear[2][2]; /* by va_bits and segment size: entries as they should be */
	uint64_t odd[2][2];    /* in the linear context, but elsewhere */
	uint64_t context[2][KERNEL_CONTEXTS_MAX + 1];
};

static void count_entry(struct census *census, struct hpt_entry entry, uint64_t ptex)
{
	struct hpt_page page;
	struct hpt_va va;

	if (hpt_entry_page(census->sizes, entry, &page, NULL) ||
	    hpt_entry_va(entry, ptex, census->order, page.base_shift, &va, NULL))
		return;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t ra = hpt_entry_ra(entry, page.actual_shift);
		uint64_t mask = (UINT64_C(1) << page.actual_shift) - 1;
		struct hpt_linux_place place;

		if (hpt_linux_context(va.vsid, va.segment_shift, va_bits[i], &place, NULL) ||
		    place.context > KERNEL_CONTEXTS_MAX)
			continue;
		census->context[i][place.context]++;
		if (place.context != 1)
			continue;
		if (((place.offset + va.offset) & ~mask) == ra)
			census->linear[i][va.segment_shift == 40]++;
		else
			census->odd[i][va.segment_shift == 40]++;
	}
}

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	for (size_t i = 0; i < n; i++)
		count_entry(arg, entries[i], ptex + i);
	return 0;
}

/*
 * By the table alone. A VSID of anybody else falls into the linear context once in half a
 * million times, so that a handful of entries which fit is proof enough.
 */
bool linux_from_table(struct hpt_linux *rule, const struct hpt_table *table,
		      const struct hpt_page_sizes *sizes)
{
	struct census census = { .sizes = sizes, .order = hpt_table_order(table) };

	if (hpt_table_each(table, 0, UINT64_MAX, count_run, &census, NULL))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		unsigned bits = i >> 1, is_1t = !(i & 1);
		const uint64_t *context = census.context[bits];
		uint64_t large = context[5] + context[6] + context[7];
		uint64_t small = context[2] + context[3] + context[4];

		if (census.linear[bits][is_1t] < 4 ||
		    census.linear[bits][is_1t] <= census.odd[bits][is_1t] * 8)
			continue;
		rule_init(rule, va_bits[bits], small > large ? 12 : 16, is_1t ? 40 : 28);
		return true;
	}
	return false;
}

/* What Linux most likely does on such a CPU, where nothing tells. */
void linux_default(struct hpt_linux *rule, const struct hpt_cpu *cpu)
{
	rule_init(rule, cpu->isa < HPT_ISA_2_05 ? 65 : 68, 16,
		  cpu->sizes && cpu->sizes->flags & HPT_SIZES_1T ? 40 : 28);
}
