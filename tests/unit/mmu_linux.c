/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How Linux numbers its segments, forth and back, and segments that no SLB holds. */

#include "unit.h"

#include <hpt/mmu.h>

/* What a POWER8 guest with Debian's kernel 6.1 (64K pages) had in its SLB. */
static const struct {
	uint64_t context, esid, vsid;
} seen[] = {
	{ 1, 0xc000000008000000, 0x400ea1b217000500 },
	{ 5, 0xc008000008000000, 0x4009287a77000510 },
	{ 7, 0xc00c000008000000, 0x40066bdea7000510 },
	{ 0, 0x0000000018000000, 0x0000f2b1f51e0d90 },
	{ 0, 0x0000000038000000, 0x0000f2c9df392d90 },
	{ 0, 0x0000001058000000, 0x0000fed6d6e44d90 },
	{ 0, 0x00007f0008000000, 0x400fdbc2b3000d90 },
	{ 0, 0x0000010008000000, 0x4001b1f7e0000d90 },
	{ 0, 0x0000060008000000, 0x40056e8c1d000d90 },
	{ 0, 0x00000b0008000000, 0x40092b205a000d90 },
};

static const struct hpt_linux rule_64k = {
	.size = sizeof(rule_64k),
	.va_bits = 68,
	.page_shift = 16,
	.kernel_segment_shift = 40,
	.user_segment_shift = 40,
	.linear_shift = 24,
	.vmalloc_shift = 16,
	.vmemmap_shift = 16,
	.user_shift = 16,
};

static unsigned shift_of(uint64_t vsid_word)
{
	return vsid_word >> 62 ? 40 : 28;
}

static uint64_t vsid_of(uint64_t vsid_word)
{
	return (vsid_word & HPT_SLB_VSID) >> (vsid_word >> 62 ? 24 : 12);
}

/* The user's context is not in the capture: all of its segments must agree on it. */
static uint64_t user_context(void)
{
	uint64_t context = 0;

	for (unsigned i = 0; i < COUNT(seen); i++) {
		struct hpt_linux_place place;

		if (seen[i].context)
			continue;
		assert_int_equal(hpt_linux_context(vsid_of(seen[i].vsid),
						   shift_of(seen[i].vsid), 68, &place, NULL),
				 0);
		if (context)
			assert_int_equal(place.context, context);
		context = place.context;
	}
	/* Those of the kernel are 1 to 7. */
	assert_true(context >= 8);
	return context;
}

static void test_seen(void **state)
{
	struct hpt_linux rule = rule_64k;

	(void)state;
	rule.user_context = user_context();
	for (unsigned i = 0; i < COUNT(seen); i++) {
		uint64_t ea = seen[i].esid & HPT_SLB_ESID, vsid, context, back;
		uint64_t expected = seen[i].context ? seen[i].context : rule.user_context;
		unsigned shift = shift_of(seen[i].vsid);
		struct hpt_va va = { vsid_of(seen[i].vsid), 0x12345, (uint8_t)shift };
		struct hpt_slb_entry entry;

		assert_int_equal(hpt_linux_vsid(expected, ea, shift, 68, &vsid, NULL), 0);
		assert_int_equal(vsid, va.vsid);
		assert_int_equal(hpt_linux_ea(&rule, &va, &context, &back, NULL), 0);
		assert_int_equal(context, expected);
		assert_int_equal(back, ea + 0x12345);
		assert_int_equal(hpt_linux_kernel_context(ea, 16), seen[i].context);
		assert_int_equal(hpt_linux_segment(&rule, hpt_page_sizes_of(HPT_CPU_POWER8),
						   ea + 0x12345, &entry, NULL),
				 0);
		assert_int_equal(entry.esid, seen[i].esid);
		assert_int_equal(entry.vsid, seen[i].vsid);
	}
}

static void test_round_trip(void **state)
{
	static const struct {
		unsigned shift, va_bits, context_bits;
	} shapes[] = {
		{ 28, 68, 19 },
		{ 40, 68, 19 },
		{ 28, 65, 16 },
		{ 40, 65, 16 },
	};
	uint64_t seed = 30;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		unsigned s = i % COUNT(shapes), shift = shapes[s].shift;
		uint64_t context = unit_random(&seed) >> (64 - shapes[s].context_bits);
		uint64_t ea = unit_random(&seed), vsid, first = ea & ((UINT64_C(1) << 49) - 1);
		struct hpt_linux_place place;

		first = first >> shift << shift;
		/* The two ends are one: Linux has no such contexts. */
		if (!context || context + 1 == UINT64_C(1) << shapes[s].context_bits)
			continue;
		assert_int_equal(
			hpt_linux_vsid(context, ea, shift, shapes[s].va_bits, &vsid, NULL), 0);
		assert_true(vsid && !(vsid >> (shapes[s].va_bits - shift)));
		assert_int_equal(
			hpt_linux_context(vsid, shift, shapes[s].va_bits, &place, NULL), 0);
		assert_int_equal(place.context, context);
		assert_int_equal(place.offset, first);
	}
}

/* The rule as Linux has it: multiply, 40 bits by 24, then fold twice. */
static uint64_t folded(uint64_t proto, unsigned n)
{
	uint64_t x = proto * 12538073;
	uint64_t m = (UINT64_C(1) << n) - 1;

	x = (x >> n) + (x & m);
	return (x + ((x + 1) >> n)) & m;
}

static void test_folding(void **state)
{
	uint64_t seed = 31;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned shift = i & 1 ? 40 : 28;
		uint64_t context = 1 + unit_random(&seed) % ((1 << 19) - 2), vsid;
		uint64_t ea = unit_random(&seed) & ((UINT64_C(1) << 49) - 1);
		uint64_t proto = context << (49 - shift) | ea >> shift;

		assert_int_equal(hpt_linux_vsid(context, ea, shift, 68, &vsid, NULL), 0);
		assert_int_equal(vsid, folded(proto, 68 - shift));
	}
	/* All ones are the modulus itself. */
	for (unsigned shift = 28; shift <= 40; shift += 12) {
		uint64_t vsid = 1;

		assert_int_equal(hpt_linux_vsid(0x7ffff, (UINT64_C(1) << 49) - 1, shift, 68,
						&vsid, NULL),
				 0);
		assert_int_equal(vsid, 0);
		assert_int_equal(vsid, folded((UINT64_C(1) << (68 - shift)) - 1, 68 - shift));
	}
}

static void test_layouts(void **state)
{
	static const struct {
		uint64_t ea;
		unsigned page_shift;
		uint64_t context;
	} rows[] = {
		{ 0xc000000000000000, 16, 1 }, { 0xc001ffffffffffff, 16, 1 },
		{ 0xc002000000000000, 16, 2 }, { 0xc007ffffffffffff, 16, 4 },
		{ 0xc008000000000000, 16, 5 }, { 0xc00a000000000000, 16, 6 },
		{ 0xc00c000000000000, 16, 7 }, { 0xc00dffffffffffff, 16, 7 },
		{ 0xc00e000000000000, 16, 0 }, { 0xd000000000000000, 16, 0 },
		{ 0x0000000010000000, 16, 0 }, { 0x1000000000000000, 16, 0 },
		{ 0xc000000000000000, 12, 1 }, { 0xc0003cffffffffff, 12, 1 },
		{ 0xc0003d0000000000, 12, 2 }, { 0xc0003e0000000000, 12, 3 },
		{ 0xc0003f0000000000, 12, 4 }, { 0xc000400000000000, 12, 0 },
		{ 0xc000000000000000, 14, 0 },
	};
	struct hpt_linux rule = rule_64k;

	(void)state;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		struct hpt_va va = { .segment_shift = 40, .offset = 0 };
		uint64_t context, ea;

		assert_int_equal(hpt_linux_kernel_context(rows[i].ea, rows[i].page_shift),
				 rows[i].context);
		if (!rows[i].context)
			continue;
		rule.page_shift = rows[i].page_shift;
		hpt_linux_vsid(rows[i].context, rows[i].ea, 40, 68, &va.vsid, NULL);
		va.offset = rows[i].ea & ((UINT64_C(1) << 40) - 1);
		assert_int_equal(hpt_linux_ea(&rule, &va, &context, &ea, NULL), 0);
		assert_int_equal(context, rows[i].context);
		assert_int_equal(ea, rows[i].ea);
	}
}

/* Base page sizes of each kind of kernel mapping: 4K, 64K and 16M as an SLB entry has them. */
static void test_kinds(void **state)
{
	static const struct {
		uint64_t ea, llp;
	} rows[] = {
		{ 0xc000000000000000, 0x110 }, { 0xc007ffffffffffff, 0x110 },
		{ 0xc008000000000000, 0 },     { 0xc00a000000000000, 0 },
		{ 0xc00bffffffffffff, 0 },     { 0xc00c000000000000, 0x100 },
		{ 0xc00dffffffffffff, 0x100 },
	};
	struct hpt_linux rule = rule_64k;
	struct hpt_slb_entry entry;

	(void)state;
	rule.linear_shift = 16;
	rule.vmalloc_shift = 12;
	rule.vmemmap_shift = 24;
	for (unsigned i = 0; i < COUNT(rows); i++) {
		assert_int_equal(hpt_linux_segment(&rule, hpt_page_sizes_of(HPT_CPU_POWER8),
						   rows[i].ea, &entry, NULL),
				 0);
		assert_int_equal(entry.vsid & 0x130, rows[i].llp);
	}
}

/* Enter a page of a Linux guest: the table has it, no SLB has its segment. */
static void enter(struct hpt_table *table, uint64_t context, uint64_t ea, unsigned s,
		  unsigned base, uint64_t v, uint64_t r)
{
	struct hpt_va va = { .segment_shift = (uint8_t)s };
	struct hpt_entry e;

	hpt_linux_vsid(context, ea, s, 68, &va.vsid, NULL);
	va.offset = (ea & ((UINT64_C(1) << s) - 1)) >> base << base;
	e = (struct hpt_entry){ hpt_va_avpn(&va, base) | v | HPT_V_VALID, r };
	assert_int_equal(hpt_table_write(table,
					 hpt_hash_pteg(hpt_va_hash(&va, base), 18, false) * 8,
					 1, &e, NULL),
			 0);
}

static void look(const struct hpt_cpu *cpu, const struct hpt_table *table, uint64_t ea,
		 enum hpt_outcome outcome, uint64_t ra)
{
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_explanation *e = malloc(sizeof(*e));

	assert_int_equal(hpt_translate(cpu, table, ea, HPT_ACCESS_READ, 0, &x, NULL), 0);
	if (x.outcome != outcome || x.ra != ra)
		fail_msg("%#llx: %s, %#llx", ULL(ea), hpt_outcome_name(x.outcome), ULL(x.ra));
	assert_false(x.has & HPT_HAS_SLB_SLOT);
	e->size = sizeof(*e);
	assert_int_equal(hpt_explain(cpu, table, ea, HPT_ACCESS_READ, 0, e, NULL), 0);
	assert_int_equal(e->translation.outcome, outcome);
	assert_int_equal(e->translation.ra, ra);
	assert_int_equal(e->linux_segment, outcome != HPT_OUTCOME_NO_SEGMENT);
	free(e);
}

static void test_fallback(void **state)
{
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_linux rule = rule_64k;
	struct hpt_table *table;

	(void)state;
	hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
	assert_int_equal(hpt_sparse_open(18, &table, NULL), 0);
	enter(table, 1, 0xc000000001234567, 40, 24, HPT_V_LARGE, 0x1000012);
	enter(table, 5, 0xc008000000012345, 40, 16, HPT_V_LARGE, 0x3331012);
	enter(table, 77, 0x10012345, 28, 16, HPT_V_LARGE, 0x5551012);
	enter(table, 77, 0x90000123456, 40, 24, HPT_V_LARGE, 0x7000012);
	look(&cpu, table, 0xc000000001234567, HPT_OUTCOME_NO_SEGMENT, 0);
	cpu.linux_rule = &rule;
	look(&cpu, table, 0xc000000001234567, HPT_OUTCOME_MAPPED, 0x1234567);
	look(&cpu, table, 0xc000000002234567, HPT_OUTCOME_NO_ENTRY, 0);
	look(&cpu, table, 0xc008000000012345, HPT_OUTCOME_MAPPED, 0x3332345);
	look(&cpu, table, 0xd008000000012345, HPT_OUTCOME_NO_SEGMENT, 0);
	look(&cpu, table, 0x10012345, HPT_OUTCOME_NO_SEGMENT, 0);
	rule.user_context = 77;
	look(&cpu, table, 0x10012345, HPT_OUTCOME_MAPPED, 0x5552345);
	look(&cpu, table, 0x90000123456, HPT_OUTCOME_NO_ENTRY, 0);
	/* Any base page size: that of huge pages is found, too. */
	rule.user_shift = 0;
	rule.linear_shift = 0;
	look(&cpu, table, 0x90000123456, HPT_OUTCOME_MAPPED, 0x7123456);
	look(&cpu, table, 0x10012345, HPT_OUTCOME_MAPPED, 0x5552345);
	look(&cpu, table, 0xc000000001234567, HPT_OUTCOME_MAPPED, 0x1234567);
	look(&cpu, table, 0x10092345, HPT_OUTCOME_NO_ENTRY, 0);
	/* But none that is larger than the segment. */
	enter(table, 77, 0x20000000, 28, 34, HPT_V_LARGE, 0x3012);
	look(&cpu, table, 0x20000000, HPT_OUTCOME_NO_ENTRY, 0);
	hpt_table_close(table);
}

static void check_bad(const struct hpt_linux *rule, const char *text)
{
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_slb_entry entry;
	struct hpt_error err;

	hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
	cpu.linux_rule = rule;
	unit_poison(&err);
	unit_error(hpt_translate(&cpu, NULL, 0, HPT_ACCESS_READ, 0, &x, &err), &err,
		   HPT_ERR_ARGUMENT, text);
	unit_poison(&err);
	unit_error(hpt_linux_segment(rule, cpu.sizes, 0, &entry, &err), &err, HPT_ERR_ARGUMENT,
		   text);
}

static void test_errors(void **state)
{
	struct hpt_linux_place place;
	struct hpt_slb_entry entry;
	struct hpt_linux rule;
	struct hpt_error err;
	char text[80];
	uint64_t vsid;

	(void)state;
	unit_poison(&err);
	unit_error(hpt_linux_vsid(1, 0, 30, 68, &vsid, &err), &err, HPT_ERR_ARGUMENT,
		   "Linux VSID: segment shift is 30, expected 28 or 40");
	unit_poison(&err);
	unit_error(hpt_linux_vsid(1, 0, 28, 64, &vsid, &err), &err, HPT_ERR_ARGUMENT,
		   "Linux VSID: 64 bits of virtual address, expected 65 or 68");
	unit_poison(&err);
	unit_error(hpt_linux_vsid(0x80000, 0, 28, 68, &vsid, &err), &err, HPT_ERR_ARGUMENT,
		   "Linux VSID: context is 0x80000, expected at most 19 bits");
	unit_poison(&err);
	unit_error(hpt_linux_context(0, 40, 68, &place, &err), &err, HPT_ERR_FORM,
		   "Linux VSID: 0x0 is none, expected 1 to 0xffffffe");
	unit_poison(&err);
	unit_error(hpt_linux_context(0xfffffff, 40, 68, &place, &err), &err, HPT_ERR_FORM,
		   "Linux VSID: 0xfffffff is none, expected 1 to 0xffffffe");
	rule = rule_64k;
	unit_poison(&err);
	unit_error(hpt_linux_segment(&rule, NULL, 0, &entry, &err), &err, HPT_ERR_ARGUMENT,
		   "Linux segment: no page sizes");
	rule.size = 8;
	snprintf(text, sizeof(text), "struct hpt_linux: size is 8, expected at least %zu",
		 sizeof(rule));
	check_bad(&rule, text);
	rule = rule_64k;
	rule.page_shift = 14;
	check_bad(&rule, "struct hpt_linux: page_shift is 14, expected 12 or 16");
	rule = rule_64k;
	rule.user_segment_shift = 0;
	check_bad(&rule, "Linux VSID: segment shift is 0, expected 28 or 40");
	rule = rule_64k;
	rule.vmalloc_shift = 21;
	check_bad(&rule,
		  "struct hpt_linux: vmalloc_shift is 21, which is no base page size of "
		  "this CPU that fits its segment");
	rule = rule_64k;
	rule.user_shift = 34;
	check_bad(&rule,
		  "struct hpt_linux: user_shift is 34, which is no base page size of this "
		  "CPU that fits its segment");
	rule = rule_64k;
	rule.user_context = 1u << 19;
	check_bad(&rule,
		  "struct hpt_linux: user_context is 0x80000, expected at most 19 bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),    cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_folding), cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_kinds),   cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
