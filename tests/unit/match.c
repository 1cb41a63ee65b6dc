/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Pairs compared, and entries by the block: each form against a loop that asks one after the
 * other.
 */

#include "unit.h"

#include "../../lib/core/block.h"
#include "../../lib/core/match.h"

#define PAIRS 64u

/* Asked once: a hypervisor may take longer to answer than all the rest takes. */
static bool have_avx2;

static uint64_t naive(const struct hpt_pair *p, unsigned n, uint64_t mask, uint64_t value)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < n; i++)
		if ((p[i].first & mask) == value)
			found |= UINT64_C(1) << i;
	return found;
}

#ifdef HPT_HAVE_AVX2
HPT_TARGET_AVX2 static unsigned first_of_4_avx2(const struct hpt_pair *p, uint64_t mask,
						uint64_t value)
{
	return hpt_first_of_4_inline(p, mask, value);
}

HPT_TARGET_AVX2 static unsigned first_avx2(const struct hpt_pair *p, const uint64_t mask[4],
					   uint64_t value)
{
	return hpt_first_of_8_inline(p, mask, value);
}

HPT_TARGET_AVX2 static unsigned only_avx2(const struct hpt_pair *p, const uint64_t mask[4],
					  uint64_t value)
{
	return hpt_only_of_32_inline(p, mask, value);
}
#endif

/* Where the first of four stands, in bytes. */
static void check_first_of_4(const struct hpt_pair *p, uint64_t mask, uint64_t value)
{
	unsigned expected = 0;

	while (expected < 64 && (p[expected / 16].first & mask) != value)
		expected += 16;
	assert_int_equal(hpt_first_of_4_plain(p, mask, value), expected);
#ifdef HPT_HAVE_AVX2
	if (have_avx2)
		assert_int_equal(first_of_4_avx2(p, mask, value), expected);
#endif
}

/* Where they stand, in bytes. */
static void check_first(const struct hpt_pair *p, uint64_t mask, uint64_t value)
{
	const uint64_t masks[4] __attribute__((aligned(32))) = { mask, mask, mask, mask };
	unsigned expected = 0;

	while (expected < 128 && (p[expected / 16].first & mask) != value)
		expected += 16;
	assert_int_equal(hpt_first_of_8_plain(p, masks, value), expected);
#ifdef HPT_HAVE_AVX2
	if (have_avx2)
		assert_int_equal(first_avx2(p, masks, value), expected);
#endif
}

static void check_only(const struct hpt_pair *p, uint64_t mask, uint64_t value,
		       unsigned expected)
{
	const uint64_t masks[4] __attribute__((aligned(32))) = { mask, mask, mask, mask };

	assert_int_equal(hpt_only_of_32_plain(p, masks, value), expected);
#ifdef HPT_HAVE_AVX2
	if (have_avx2)
		assert_int_equal(only_avx2(p, masks, value), expected);
#endif
}

/* None of 32, each of them, each two of them. */
static void test_only(void **state)
{
	const uint64_t mask = UINT64_C(0xffffff0008000000),
		       value = UINT64_C(0x0000410008000000);
	struct hpt_pair p[32];

	(void)state;
	for (unsigned i = 0; i < 32; i++)
		p[i] = (struct hpt_pair){ (value | ~mask) ^ UINT64_C(1) << (40 + i % 24),
					  value };
	check_only(p, mask, value, 512);
	for (unsigned i = 0; i < 32; i++) {
		uint64_t first = p[i].first;

		p[i].first = value | (i & 1 ? ~mask : 0);
		check_only(p, mask, value, 16 * i);
		for (unsigned j = 0; j < i; j++) {
			uint64_t second = p[j].first;

			p[j].first = value;
			check_only(p, mask, value, 512);
			p[j].first = second;
		}
		p[i].first = first;
	}
}

static void check(const struct hpt_pair *p, unsigned n, uint64_t mask, uint64_t value)
{
	uint64_t expected = naive(p, n, mask, value);

	if (n == 8) {
		check_first(p, mask, value);
		check_first_of_4(p, mask, value);
		check_first_of_4(p + 4, mask, value);
	}
	assert_int_equal(hpt_match_plain(p, n, mask, value), expected);
#ifdef HPT_HAVE_AVX2
	if (have_avx2)
		assert_int_equal(hpt_match_avx2(p, n, mask, value), expected);
#endif
}

/* Every set of matches that a group can have, whatever the second words are. */
static void test_all_groups(void **state)
{
	const uint64_t mask = UINT64_C(0xc0ffffffffffff83),
		       value = UINT64_C(0x4012345678abcd81);
	struct hpt_pair p[8];

	(void)state;
	for (unsigned set = 0; set < 256; set++) {
		for (unsigned i = 0; i < 8; i++) {
			p[i].first = value | (i & 1 ? ~mask : 0);
			if (!(set >> i & 1))
				p[i].first ^= UINT64_C(1) << 63;
			p[i].second = set & 1 ? p[i].first : value;
		}
		assert_int_equal(naive(p, 8, mask, value), set);
		check(p, 8, mask, value);
	}
}

/* One bit that differs, each of 64 in each place: it counts just when the mask has it. */
static void test_each_bit(void **state)
{
	const uint64_t mask = UINT64_C(0x8000ffff0000ff01);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (unsigned i = 0; i < 8; i++) {
			struct hpt_pair p[8] = { 0 };

			for (unsigned j = 0; j < 8; j++)
				p[j].first = ~mask;
			p[i].first ^= UINT64_C(1) << bit;
			assert_int_equal(naive(p, 8, mask, 0),
					 mask >> bit & 1 ? 0xff & ~(1u << i) : 0xff);
			check(p, 8, mask, 0);
		}
	}
}

static void test_random(void **state)
{
	struct hpt_pair p[PAIRS];
	uint64_t seed = 31;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		unsigned n = 8 * (1 + (unsigned)(unit_random(&seed) % 8));
		uint64_t mask = unit_random(&seed) & unit_random(&seed);
		uint64_t value = unit_random(&seed) & mask;

		for (unsigned i = 0; i < n; i++) {
			p[i].first = unit_random(&seed);
			p[i].second = unit_random(&seed);
			if (p[i].second & 1)
				p[i].first = (p[i].first & ~mask) | value;
		}
		check(p, n, mask, value);
	}
}

/* What the library calls, in either form. */
static void test_either_form(void **state)
{
	struct hpt_pair p[PAIRS];
	uint64_t seed = 32;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned n = 8 * (1 + round % 8);
		uint64_t mask = unit_random(&seed) & unit_random(&seed) & unit_random(&seed);
		uint64_t value = unit_random(&seed) & mask;

		for (unsigned i = 0; i < n; i++) {
			p[i].first = unit_random(&seed);
			p[i].second = unit_random(&seed);
		}
		for (unsigned avx2 = 0; avx2 <= have_avx2; avx2++)
			assert_int_equal(hpt_match(p, n, mask, value, avx2),
					 naive(p, n, mask, value));
	}
}

static void test_no_pairs(void **state)
{
	(void)state;
	check(NULL, 0, 0, 0);
}

static void check_block(const struct hpt_raw_entry *raw, bool avx2)
{
	struct hpt_entry out[HPT_BLOCK], e;
	uint64_t valid = 0, taken;

	memset(out, 0xc3, sizeof(out));
	taken = hpt_block_take(raw, out, avx2);
	for (unsigned i = 0; i < HPT_BLOCK; i++) {
		hpt_entries_from_bytes(raw + i, 1, &e);
		if (e.v & HPT_V_VALID)
			valid |= UINT64_C(1) << i;
		else
			e = (struct hpt_entry){ 0, 0 };
		assert_int_equal(out[i].v, e.v);
		assert_int_equal(out[i].r, e.r);
	}
	assert_int_equal(taken, valid);
	assert_int_equal(hpt_block_valid(raw, avx2), valid);
}

/* All bits by chance, and of the valid ones from none to all. */
static void test_blocks(void **state)
{
	struct hpt_raw_entry raw[HPT_BLOCK];
	uint64_t seed = 37;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t valid = unit_random(&seed);

		for (unsigned few = round % 8; few > 1; few--)
			valid &= unit_random(&seed);
		if (round % 8 == 1)
			valid = round & 8 ? UINT64_MAX : 0;
		for (unsigned i = 0; i < HPT_BLOCK; i++) {
			uint64_t v = unit_random(&seed) & ~HPT_V_VALID;

			raw[i].v_be = hpt_be64_make(v | (valid >> i & 1));
			raw[i].r_be = hpt_be64_make(unit_random(&seed));
		}
		check_block(raw, false);
		if (have_avx2)
			check_block(raw, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only),        cmocka_unit_test(test_all_groups),
		cmocka_unit_test(test_each_bit),    cmocka_unit_test(test_random),
		cmocka_unit_test(test_either_form), cmocka_unit_test(test_no_pairs),
		cmocka_unit_test(test_blocks),
	};

	have_avx2 = hpt_have_avx2();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
