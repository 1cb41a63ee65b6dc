/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Pairs compared: each form against a loop that asks one after the other. */

#include "unit.h"

#include "../../lib/core/match.h"

#define PAIRS 64u

static uint64_t naive(const struct hpt_pair *p, unsigned n, uint64_t mask, uint64_t value)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < n; i++)
		if ((p[i].first & mask) == value)
			found |= UINT64_C(1) << i;
	return found;
}

static void check(const struct hpt_pair *p, unsigned n, uint64_t mask, uint64_t value)
{
	uint64_t expected = naive(p, n, mask, value);

	assert_int_equal(hpt_match_plain(p, n, mask, value), expected);
#ifdef HPT_HAVE_AVX2
	if (hpt_have_avx2())
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

static void test_no_pairs(void **state)
{
	(void)state;
	check(NULL, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_groups),
		cmocka_unit_test(test_each_bit),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
