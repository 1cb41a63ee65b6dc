/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The translator against the naive one of the unit tests: a CPU, its segments and its table as
 * the input says.
 *
 * Input: the CPU (processor, platform, registers), segments, then up to 64 pages and 32
 * questions.
 */
#include "../unit/mmu_naive.h"
#undef COUNT
#include "fuzz.h"

#define PAGES 64
#define QUESTIONS 32

static struct world w;
static struct hpt_raw_entry *raw;
static struct hpt_table *table;

/* A failed comparison of the unit tests' ends the process where it happens. */
static void open_once(void)
{
	const struct hpt_memory_options options = { .size = sizeof(options) };

	if (table)
		return;
	(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
	raw = aligned_alloc(4096, sizeof(*raw) * WORLD_SLOTS);
	CHECK(raw, "no memory");
	memset(raw, 0, sizeof(*raw) * WORLD_SLOTS);
	CHECK(!hpt_memory_open(raw, WORLD_ORDER, &options, &table, NULL), "no table");
}

static void set_entry(unsigned slot, struct hpt_entry e)
{
	e.v &= ~HPT_V_HYPERVISOR;
	w.entries[slot] = e;
	hpt_entries_to_bytes(&e, 1, &raw[slot]);
	w.used[w.n_used++] = slot;
}

static void clear_table(void)
{
	for (unsigned i = 0; i < w.n_used; i++) {
		w.entries[w.used[i]] = (struct hpt_entry){ 0, 0 };
		memset(&raw[w.used[i]], 0, sizeof(*raw));
	}
	w.n_used = 0;
}

static void make_cpu(struct input *in)
{
	struct hpt_cpu *cpu = &w.cpu;
	uint64_t bits;

	w.processor = (enum hpt_processor)take_below(in, HPT_CPU_COUNT);
	cpu->size = sizeof(*cpu);
	CHECK(!hpt_cpu_init(cpu, w.processor, (enum hpt_platform)take_below(in, 3), NULL),
	      "no CPU");
	bits = take(in, 1);
	cpu->msr = (bits & 1 ? 0 : HPT_MSR_SF) | (bits & 2 ? HPT_MSR_HV : 0) |
		   (bits & 4 ? HPT_MSR_PR : 0) | (bits & 8 ? 0 : HPT_MSR_IR) |
		   (bits & 16 ? 0 : HPT_MSR_DR);
	cpu->lpcr = take(in, 8);
	cpu->pate0 = take(in, 8);
	cpu->amr = take(in, 8);
	cpu->iamr = take(in, 8);
	cpu->rmor = take(in, 1) << 26;
	cpu->hrmor = take(in, 1) << 26;
	cpu->slb_n = (uint32_t)take_below(in, 9);
	for (unsigned i = 0; i < cpu->slb_n; i++) {
		cpu->slb[i].esid = take(in, 8);
		cpu->slb[i].vsid = take(in, 8);
	}
}

/* The segment of a page: one of the SLB, or that of a VRMA. */
static struct hpt_slb_entry segment_of(struct input *in)
{
	uint64_t n = take(in, 1);
	struct hpt_slb_entry e = { HPT_SLB_VALID, UINT64_C(0x4001FFFFFF000000) };

	if (w.cpu.slb_n && n < 0xC0)
		return w.cpu.slb[n % w.cpu.slb_n];
	e.vsid |= n << 4 & HPT_SLB_LLP;
	return e;
}

/* An entry in the group where the segment and the offset lead to. */
static void make_page(struct input *in)
{
	struct hpt_slb_entry s = segment_of(in);
	bool big = s.vsid & (UINT64_C(1) << 62), secondary;
	struct hpt_va va = { .segment_shift = big ? 40 : 28 };
	const struct hpt_page_sizes *sizes = w.cpu.sizes;
	const struct hpt_base_size *base = &sizes->base[take_below(in, sizes->n)];
	uint64_t offset = take(in, 5), how = take(in, 1), pteg;
	struct hpt_entry e;

	va.vsid = (s.vsid & HPT_SLB_VSID) >> (big ? 24 : 12);
	va.offset = offset & ((UINT64_C(1) << va.segment_shift) - 1);
	if (base->shift >= va.segment_shift)
		return;
	w.ea[w.n_ea++] = s.esid >> va.segment_shift << va.segment_shift | va.offset;
	va.offset = va.offset >> base->shift << base->shift;
	secondary = how & 1;
	pteg = hpt_hash_pteg(hpt_va_hash(&va, base->shift), WORLD_ORDER, secondary);
	e.v = hpt_va_avpn(&va, base->shift) | HPT_V_VALID | (secondary ? HPT_V_SECONDARY : 0) |
	      (how & 2 ? HPT_V_LARGE : 0);
	e.r = take(in, 8);
	if (how & 16)
		e.v ^= take(in, 8);
	set_entry((unsigned)(pteg * 8 + (how >> 5)), e);
}

static void ask(struct input *in)
{
	static const uint32_t flags[] = {
		0,
		HPT_XLATE_ANY,
		HPT_XLATE_DEBUG,
		HPT_XLATE_DEBUG | HPT_XLATE_ON,
		HPT_XLATE_ON,
		HPT_XLATE_REAL,
		HPT_XLATE_DEBUG | HPT_XLATE_ANY,
		HPT_XLATE_ON | HPT_XLATE_ANY,
		HPT_XLATE_DEBUG | HPT_XLATE_REAL,
	};
	struct hpt_translation found = { .size = sizeof(found) }, expected;
	static struct hpt_explanation why;
	uint64_t which = take(in, 1), ea = take(in, 1);
	enum hpt_access access = (enum hpt_access)take_below(in, 3);
	uint32_t flag = flags[take_below(in, sizeof(flags) / sizeof(flags[0]))];
	struct hpt_error err;

	if (w.n_ea && which < 0xE0)
		ea = w.ea[which % w.n_ea] + (which & 0x80 ? ea << 12 : ea);
	else
		ea = ea << 56 | take(in, 7);
	CHECK(!hpt_translate(&w.cpu, table, ea, access, flag, &found, &err), "%s", err.text);
	naive_translate(&w, ea, access, flag, &expected);
	same_translation(&found, &expected);
	why.size = sizeof(why);
	CHECK(!hpt_explain(&w.cpu, table, ea, access, flag, &why, &err), "%s", err.text);
	same_translation(&why.translation, &expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t pages;

	open_once();
	clear_table();
	w.n_ea = 0;
	make_cpu(&in);
	for (pages = take_below(&in, PAGES + 1); pages; pages--)
		make_page(&in);
	memory_begin();
	for (unsigned i = 0; i < QUESTIONS && in.len; i++)
		ask(&in);
	/* Nothing there allocates. */
	memory_end(0, 0, 0);
	return 0;
}
