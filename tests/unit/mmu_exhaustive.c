/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every combination of what protects a page, and every pattern of what says its size, by whole
 * walks: against tables written down here, in the terms of the Power ISA.
 */

#include "unit.h"

#include <hpt/mmu.h>

#include "../../lib/table/internal.h"

#define ORDER 18
#define SLOTS 16384u
#define EA UINT64_C(0x0000001234567ABC)
#define VSID UINT64_C(0x123)

/* The same memory thrice: with vectors, without, and read by callbacks. */
struct scene {
	struct hpt_raw_entry *raw;
	struct hpt_table *table[3];
	struct hpt_cpu cpu;
};

static int read_raw(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	const struct scene *s = ctx;

	(void)err;
	hpt_entries_from_bytes(s->raw + ptex, n, out);
	return 0;
}

static void open_scene(struct scene *s)
{
	static const struct hpt_table_ops ops = { .size = sizeof(ops), .read = read_raw };
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "called",
						 .order = ORDER };

	memset(s, 0, sizeof(*s));
	s->raw = aligned_alloc(128, sizeof(*s->raw) * SLOTS);
	assert_non_null(s->raw);
	memset(s->raw, 0, sizeof(*s->raw) * SLOTS);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(hpt_memory_open(s->raw, ORDER, NULL, &s->table[i], NULL), 0);
	hpt_table_set_base(s->table[1], s->raw, false);
	assert_int_equal(hpt_table_open(&ops, s, &config, &s->table[2], NULL), 0);
	s->cpu.size = sizeof(s->cpu);
}

static void close_scene(struct scene *s)
{
	for (unsigned i = 0; i < COUNT(s->table); i++)
		hpt_table_close(s->table[i]);
	free(s->raw);
}

static void put(struct scene *s, uint64_t ptex, uint64_t v, uint64_t r)
{
	const struct hpt_entry e = { v, r };

	hpt_entries_to_bytes(&e, 1, &s->raw[ptex]);
}

static void ask(const struct scene *s, unsigned table, uint64_t ea, enum hpt_access access,
		uint32_t flags, struct hpt_translation *x)
{
	memset(x, 0x5A, sizeof(*x));
	x->size = sizeof(*x);
	assert_int_equal(hpt_translate(&s->cpu, s->table[table], ea, access, flags, x, NULL),
			 0);
}

/*
 * Storage protection, Power ISA 2.07 Book III-S 5.7.9: what pp and the key bit K = (PR ? Kp :
 * Ks) allow. What is not in the ISA's table allows nothing.
 */
static const char *const by_pp[8][2] = {
	{ "rw", "" }, { "rw", "r" }, { "rw", "rw" }, { "r", "r" },
	{ "", "" },   { "", "" },    { "r", "" },    { "", "" },
};

/* A case: each member a field of the page, the segment, or the CPU. */
struct page_case {
	unsigned pp, key_bit, n, g, segment_n, key, amr, iamr, pr;
};

static bool allows(const struct page_case *c, char what)
{
	return strchr(by_pp[c->pp][c->key_bit], what) != NULL;
}

/* Everything that forbids one kind of access. */
static unsigned forbidden(const struct page_case *c, enum hpt_access access, bool has_amr,
			  bool has_iamr)
{
	unsigned denied = 0;

	if (access == HPT_ACCESS_READ) {
		denied |= allows(c, 'r') ? 0 : HPT_DENY_PP;
		denied |= has_amr && c->amr & 1 ? HPT_DENY_KEY : 0;
	} else if (access == HPT_ACCESS_WRITE) {
		denied |= allows(c, 'w') ? 0 : HPT_DENY_PP;
		denied |= has_amr && c->amr & 2 ? HPT_DENY_KEY : 0;
	} else {
		denied |= allows(c, 'r') ? 0 : HPT_DENY_PP;
		denied |= c->n ? HPT_DENY_N : 0;
		denied |= c->g ? HPT_DENY_GUARDED : 0;
		denied |= c->segment_n ? HPT_DENY_SEGMENT_N : 0;
		denied |= has_iamr && c->iamr & 1 ? HPT_DENY_KEY : 0;
	}
	return denied;
}

static enum hpt_outcome outcome_of(unsigned denied)
{
	if (!denied)
		return HPT_OUTCOME_MAPPED;
	if (denied & (HPT_DENY_N | HPT_DENY_SEGMENT_N))
		return HPT_OUTCOME_NO_EXECUTE;
	if (denied & HPT_DENY_GUARDED)
		return HPT_OUTCOME_GUARDED;
	return denied & HPT_DENY_PP ? HPT_OUTCOME_PROTECTION : HPT_OUTCOME_KEY;
}

/* Bits of DSISR or SRR1, in the ISA's numbering of their low halves. */
#define ISA_BIT(i) (1u << (63 - (i)))

static uint32_t reasons_of(unsigned denied, enum hpt_access access)
{
	bool no_execute = denied & (HPT_DENY_N | HPT_DENY_SEGMENT_N | HPT_DENY_GUARDED);
	uint32_t reasons = denied & HPT_DENY_KEY ? ISA_BIT(42) : 0;

	if (no_execute)
		reasons |= ISA_BIT(35);
	else if (denied & HPT_DENY_PP)
		reasons |= ISA_BIT(36);
	return reasons | (access == HPT_ACCESS_WRITE ? ISA_BIT(38) : 0);
}

static void fail_case(const struct page_case *c, enum hpt_access access, const char *what)
{
	fail_msg("pp %u K %u N %u G %u segment N %u key %u AMR %u IAMR %u PR %u access %d: %s",
		 c->pp, c->key_bit, c->n, c->g, c->segment_n, c->key, c->amr, c->iamr, c->pr,
		 (int)access, what);
}

/* Two bits of a key's register; all other keys have the opposite. */
static uint64_t key_register(unsigned key, unsigned bits)
{
	uint64_t word = 0;

	for (unsigned k = 0; k < 32; k++)
		word = word << 2 | (k == key ? bits : 3 - bits);
	return word;
}

static void set_case(struct scene *s, const struct page_case *c)
{
	uint64_t v = VSID << 12 | (EA % (UINT64_C(1) << 28) >> 23) << 7 | 1;
	uint64_t r = UINT64_C(0xABCDE000) | (uint64_t)(c->pp >> 2) << 63 | (c->pp & 3) |
		     c->n << 2 | c->g << 3 | (c->key & 7) << 9 | (uint64_t)(c->key >> 3) << 60;
	uint64_t group = (VSID ^ (EA % (UINT64_C(1) << 28) >> 12)) % (SLOTS / 8);
	uint64_t ks_kp = c->pr ? 0x400 : 0x800, other = 0xC00 - ks_kp;

	put(s, group * 8 + 5, v, r);
	s->cpu.slb_n = 1;
	s->cpu.slb[0].esid = EA >> 28 << 28 | 0x08000000;
	/* The key bit of the other state says the opposite. */
	s->cpu.slb[0].vsid =
		VSID << 12 | (c->key_bit ? ks_kp : other) | (c->segment_n ? 0x200 : 0);
	s->cpu.msr = UINT64_C(0x8000000000000030) | (c->pr ? 0x4000 : 0);
	s->cpu.amr = key_register(c->key, c->amr);
	s->cpu.iamr = key_register(c->key, c->iamr);
}

static void check_access(const struct scene *s, const struct page_case *c, unsigned table,
			 enum hpt_access access, uint32_t flags, bool has_amr, bool has_iamr)
{
	unsigned denied = forbidden(c, access, has_amr, has_iamr), allowed = 0;
	bool early = access == HPT_ACCESS_FETCH && c->segment_n && !flags;
	struct hpt_translation x;

	ask(s, table, EA, access, flags, &x);
	for (unsigned a = 0; a < 3 && !early; a++)
		if (!forbidden(c, (enum hpt_access)a, has_amr, has_iamr))
			allowed |= 1u << a;
	/* A segment that says N is a fault before an entry is looked for. */
	if (early)
		denied = HPT_DENY_SEGMENT_N;
	if (x.denied != denied || x.allowed != allowed)
		fail_case(c, access, "what is denied, or allowed");
	if (x.outcome != (flags ? HPT_OUTCOME_MAPPED : outcome_of(denied)))
		fail_case(c, access, "the outcome");
	if (x.interrupt != (flags || !denied             ? 0
			    : access == HPT_ACCESS_FETCH ? 0x400u
							 : 0x300u))
		fail_case(c, access, "the interrupt");
	if (!early && (x.pp != c->pp || x.key != c->key || x.ra != UINT64_C(0xABCDEABC)))
		fail_case(c, access, "the fields of the entry");
	if (flags || !denied)
		return;
	if ((access == HPT_ACCESS_FETCH ? x.srr1 : x.dsisr) != reasons_of(denied, access))
		fail_case(c, access, "the reasons");
}

static void check_case(struct scene *s, const struct page_case *c, bool has_amr, bool has_iamr)
{
	set_case(s, c);
	for (unsigned access = 0; access < 3; access++) {
		check_access(s, c, 0, (enum hpt_access)access, 0, has_amr, has_iamr);
		if (c->key % 7 == 3) {
			check_access(s, c, 1, (enum hpt_access)access, 0, has_amr, has_iamr);
			check_access(s, c, 2, (enum hpt_access)access, 0, has_amr, has_iamr);
			check_access(s, c, 0, (enum hpt_access)access, HPT_XLATE_DEBUG,
				     has_amr, has_iamr);
		}
	}
}

/* @number runs through all values of all fields. */
static struct page_case case_number(unsigned number)
{
	static const unsigned radix[] = { 8, 2, 2, 2, 2, 32, 4, 4, 2 };
	unsigned field[COUNT(radix)];

	for (unsigned i = 0; i < COUNT(radix); i++) {
		field[i] = number % radix[i];
		number /= radix[i];
	}
	return (struct page_case){ field[0], field[1], field[2], field[3], field[4],
				   field[5], field[6], field[7], field[8] };
}

static void test_protection(void **state)
{
	static const struct {
		enum hpt_processor processor;
		bool has_amr, has_iamr;
	} cpus[] = {
		{ HPT_CPU_970, false, false },
		{ HPT_CPU_POWER7, true, false },
		{ HPT_CPU_POWER8, true, true },
		{ HPT_CPU_POWER10, true, true },
	};
	const unsigned cases = 8 * 2 * 2 * 2 * 2 * 32 * 4 * 4 * 2;
	struct scene s;

	(void)state;
	open_scene(&s);
	for (unsigned p = 0; p < COUNT(cpus); p++) {
		assert_int_equal(
			hpt_cpu_init(&s.cpu, cpus[p].processor, HPT_PLATFORM_PSERIES, NULL),
			0);
		for (unsigned i = 0; i < cases; i++) {
			const struct page_case c = case_number(i);

			check_case(&s, &c, cpus[p].has_amr, cpus[p].has_iamr);
		}
	}
	close_scene(&s);
}

/* Page sizes: L and LP of the segment, and what an entry says, on which processors. */
static const struct size_row {
	unsigned l_lp; /* L, LP: 0 to 7 */
	unsigned base, actual, large, lp;
	const char *processors; /* by digits: enum hpt_processor */
} rows[] = {
	{ 0, 12, 12, 0, 0x00, "0123456" }, { 0, 12, 16, 1, 0x07, "3456" },
	{ 0, 12, 24, 1, 0x38, "3456" },    { 5, 16, 16, 1, 0x01, "123456" },
	{ 5, 16, 24, 1, 0x08, "3456" },    { 7, 20, 20, 1, 0x02, "4" },
	{ 4, 24, 24, 1, 0x00, "0123456" }, { 6, 34, 34, 1, 0x03, "123456" },
};

static bool row_of(const struct size_row *row, enum hpt_processor p)
{
	return strchr(row->processors, '0' + (int)p) != NULL;
}

/* log2 of the segment's base page; 0: there is none. */
static unsigned naive_base(enum hpt_processor p, unsigned l_lp, unsigned segment)
{
	for (unsigned i = 0; i < COUNT(rows); i++)
		if (rows[i].l_lp == l_lp && row_of(&rows[i], p))
			return rows[i].base < segment ? rows[i].base : 0;
	return 0;
}

static unsigned naive_actual(enum hpt_processor p, unsigned base, unsigned large, uint64_t rpn)
{
	for (unsigned i = 0; i < COUNT(rows); i++) {
		const struct size_row *row = &rows[i];

		if (row->base != base || row->large != large || !row_of(row, p))
			continue;
		/* Small pages have no LP; of others all bits below the page's number are it. */
		if (!large || rpn % (UINT64_C(1) << (row->actual - 12)) == row->lp)
			return row->actual;
	}
	return 0;
}

struct segment {
	enum hpt_processor processor;
	unsigned l_lp, shift, base;
	uint64_t ptex[2], v; /* of the entry in its primary and secondary group */
};

static void set_segment(struct scene *s, struct segment *g)
{
	uint64_t l_lp = (g->l_lp & 4) << 6 | (g->l_lp & 3) << 4;
	uint64_t in = EA % (UINT64_C(1) << g->shift), hash = VSID;

	s->cpu.slb_n = 1;
	s->cpu.slb[0].esid = EA >> g->shift << g->shift | 0x08000000;
	s->cpu.slb[0].vsid = g->shift == 40 ? UINT64_C(1) << 62 | VSID << 24 : VSID << 12;
	s->cpu.slb[0].vsid |= l_lp;
	if (!g->base)
		return;
	hash ^= (g->shift == 40 ? VSID << 25 : 0) ^ in >> g->base;
	g->ptex[0] = hash % (SLOTS / 8) * 8 + 2;
	g->ptex[1] = ~hash % (SLOTS / 8) * 8 + 6;
	in = in >> g->base << g->base >> 23;
	g->v = g->shift == 40 ? UINT64_C(1) << 62 | VSID << 24 | in << 7
			      : VSID << 12 | in << 7;
}

/* An entry of this L and page number, in either group. */
static void check_size(struct scene *s, const struct segment *g, unsigned large, uint64_t rpn)
{
	unsigned actual = naive_actual(g->processor, g->base, large, rpn);
	unsigned secondary = rpn & 1, tables = rpn % 16 == 3 || rpn > 0xFFF ? 3 : 1;
	uint64_t page = UINT64_C(1) << (actual ? actual : 12);

	put(s, g->ptex[secondary], g->v | 1 | secondary << 1 | large << 2, rpn << 12 | 2);
	for (unsigned t = 0; t < tables; t++) {
		struct hpt_translation x;

		ask(s, t, EA, HPT_ACCESS_WRITE, 0, &x);
		if (x.outcome != (actual ? HPT_OUTCOME_MAPPED : HPT_OUTCOME_NO_ENTRY) ||
		    x.base_shift != g->base || x.page_shift != actual ||
		    x.ra != (actual ? (rpn << 12) / page * page + EA % page : 0))
			fail_msg(
				"processor %d, segment 2^%u, base 2^%u, L %u, page number %#llx: "
				"%s, page 2^%u, expected 2^%u",
				(int)g->processor, g->shift, g->base, large, ULL(rpn),
				hpt_outcome_name(x.outcome), x.page_shift, actual);
	}
	put(s, g->ptex[secondary], 0, 0);
}

static void check_segment(struct scene *s, struct segment *g)
{
	struct hpt_translation x;

	g->base = naive_base(g->processor, g->l_lp, g->shift);
	set_segment(s, g);
	if (!g->base) {
		for (unsigned t = 0; t < COUNT(s->table); t++) {
			ask(s, t, EA, HPT_ACCESS_WRITE, 0, &x);
			assert_int_equal(x.outcome, HPT_OUTCOME_BAD_SEGMENT);
		}
		return;
	}
	/* All low 12 bits of the page number, and above them each bit alone, with each LP. */
	for (unsigned large = 0; large < 2; large++) {
		for (uint64_t rpn = 0; rpn < 0x1000; rpn++)
			check_size(s, g, large, rpn);
		for (unsigned bit = 12; bit < 48; bit++)
			for (uint64_t lp = 0; lp < 0x100; lp += lp < 0x10 ? 1 : 8)
				check_size(s, g, large, UINT64_C(1) << bit | lp);
	}
}

static void test_sizes(void **state)
{
	struct scene s;

	(void)state;
	open_scene(&s);
	for (int p = 0; p < HPT_CPU_COUNT; p++) {
		assert_int_equal(hpt_cpu_init(&s.cpu, (enum hpt_processor)p,
					      HPT_PLATFORM_PSERIES, NULL),
				 0);
		for (unsigned l_lp = 0; l_lp < 8; l_lp++)
			for (unsigned shift = 28; shift <= (p ? 40u : 28u); shift += 12) {
				struct segment g = { .processor = (enum hpt_processor)p,
						     .l_lp = l_lp,
						     .shift = shift };

				check_segment(&s, &g);
			}
	}
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protection),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
