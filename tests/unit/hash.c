/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The hash, and the hash undone. */

#include "unit.h"

/* Bit @i of the 78-bit virtual address, 0 the least, without shifting a 64-bit sum. */
static unsigned va_bit(const struct hpt_va *va, unsigned i)
{
	if (i < va->segment_shift)
		return (unsigned)(va->offset >> i & 1);
	i -= va->segment_shift;
	return i < 64 ? (unsigned)(va->vsid >> i & 1) : 0;
}

/*
 * The hash bit by bit, as the Power ISA draws it: bit k is VA bit p + k of the page number
 * within the segment, exclusive-or VSID bit k, and for 1 TiB also VSID bit k - 25.
 */
static uint64_t naive_hash(const struct hpt_va *va, unsigned p, unsigned bits)
{
	uint64_t hash = 0;

	for (unsigned k = 0; k < bits; k++) {
		unsigned bit = va_bit(va, va->segment_shift + k);

		if (p + k < va->segment_shift)
			bit ^= va_bit(va, p + k);
		if (va->segment_shift == 40 && k >= 25)
			bit ^= va_bit(va, 40 + k - 25);
		hash |= (uint64_t)bit << k;
	}
	return hash;
}

static const unsigned base_shifts[] = { 12, 16, 20, 24, 34 };

static struct hpt_va random_va(uint64_t *seed, unsigned segment_shift, unsigned base_shift)
{
	unsigned vsid_bits = segment_shift == 40 ? 38 : 50;

	return (struct hpt_va){
		.vsid = unit_random(seed) >> (64 - vsid_bits) >> unit_random(seed) % vsid_bits,
		.offset = unit_random(seed) >> (64 - segment_shift) >> base_shift << base_shift,
		.segment_shift = (uint8_t)segment_shift,
	};
}

static bool fits(unsigned base_shift, unsigned segment_shift)
{
	return base_shift < segment_shift;
}

static void test_hash(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned p = base_shifts[i % COUNT(base_shifts)], s = i / 5 % 2 ? 40 : 28;
		struct hpt_va va;
		uint64_t hash;

		if (!fits(p, s))
			continue;
		va = random_va(&seed, s, p);
		va.offset |= unit_random(&seed) & ((UINT64_C(1) << p) - 1);
		hash = hpt_va_hash(&va, p);
		assert_true((hash & ((UINT64_C(1) << 39) - 1)) == naive_hash(&va, p, 39));
		for (unsigned order = 18; order <= 46; order++) {
			unsigned bits = order - 7;

			assert_true(hpt_hash_pteg(hash, order, false) == naive_hash(&va, p, bits));
			assert_true(hpt_hash_pteg(hash, order, true) ==
				    (~naive_hash(&va, p, bits) & ((UINT64_C(1) << bits) - 1)));
		}
	}
}

/* Worked by hand. */
static const struct {
	struct hpt_va va;
	unsigned p;
	uint64_t hash, avpn;
} by_hand[] = {
	{ { 0, 0, 28 }, 12, 0, 0 },
	{ { 0x12345, 0x0ABCD000, 28 }, 12, 0x12345 ^ 0xABCD, (0x12345ULL << 12) | (0x15 << 7) },
	{ { 0x12345, 0x0ABC0000, 28 }, 16, 0x12345 ^ 0xABC, (0x12345ULL << 12) | (0x15 << 7) },
	{ { 0x12345, 0x0A000000, 28 }, 24, 0x12345 ^ 0xA, (0x12345ULL << 12) | (0x14 << 7) },
	{ { 3, 0x1000, 40 }, 12, 0x6000003 ^ 1, 0x4000000000000000 | (3ULL << 24) },
	{ { 3, 0xFEDCBA0000, 40 }, 16, 0x6000003 ^ 0xFEDCBA,
	  0x4000000000000000 | (3ULL << 24) | (0x1FDB9ULL << 7) },
	{ { 1, 0x400000000, 40 }, 34, 0x2000001 ^ 1, 0x4000000000000000 | (1ULL << 24) | (0x800 << 7) },
};

static void test_by_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(by_hand); i++) {
		assert_true(hpt_va_hash(&by_hand[i].va, by_hand[i].p) == by_hand[i].hash);
		assert_true(hpt_va_avpn(&by_hand[i].va, by_hand[i].p) == by_hand[i].avpn);
	}
}

/* AVPN bit by bit: VA bit 23 + k, but zero below the base page size. */
static void test_avpn(void **state)
{
	uint64_t seed = 12;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		unsigned p = base_shifts[i % COUNT(base_shifts)], s = i / 5 % 2 ? 40 : 28;
		uint64_t avpn = (uint64_t)(s == 40) << 62;
		struct hpt_va va;

		if (!fits(p, s))
			continue;
		va = random_va(&seed, s, p);
		va.offset |= unit_random(&seed) & ((UINT64_C(1) << p) - 1);
		for (unsigned k = 0; k < 55; k++)
			if (23 + k >= p)
				avpn |= (uint64_t)va_bit(&va, 23 + k) << (7 + k);
		assert_true(hpt_va_avpn(&va, p) == avpn);
	}
}

static void check_inverse(const struct hpt_va *va, unsigned p, unsigned order, bool secondary,
			  unsigned slot, uint64_t junk)
{
	uint64_t pteg = naive_hash(va, p, order - 7) ^
			(secondary ? (UINT64_C(1) << (order - 7)) - 1 : 0);
	/* Bits that have nothing to do with the address must not matter. */
	struct hpt_entry entry = { hpt_va_avpn(va, p) | (secondary ? 2 : 0) | 1 | (junk & 0x7C),
				   junk };
	struct hpt_va out = { 1, 1, 1 };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_entry_va(entry, pteg * 8 + slot, order, p, &out, &err), &err);
	if (out.vsid != va->vsid || out.offset != va->offset ||
	    out.segment_shift != va->segment_shift)
		fail_msg("order %u base %u: %llx+%llx, expected %llx+%llx", order, p,
			 ULL(out.vsid), ULL(out.offset), ULL(va->vsid), ULL(va->offset));
}

static void test_inverse(void **state)
{
	uint64_t seed = 13;

	(void)state;
	for (unsigned order = 18; order <= 46; order++)
		for (unsigned i = 0; i < 2000; i++) {
			unsigned p = base_shifts[i % COUNT(base_shifts)], s = i / 5 % 2 ? 40 : 28;
			uint64_t junk = unit_random(&seed);
			struct hpt_va va;

			if (!fits(p, s))
				continue;
			va = random_va(&seed, s, p);
			check_inverse(&va, p, order, junk & 2, (unsigned)(junk >> 2) % 8, junk);
		}
}

/*
 * In any other group than those that the entry's AVPN may hash to, it is refused; in those it
 * gives the one address that hashes there.
 */
static void check_all_groups(const struct hpt_va *va, unsigned p, bool secondary)
{
	struct hpt_entry entry = { hpt_va_avpn(va, p) | (secondary ? 3 : 1), 0 };
	unsigned found = 0;

	for (uint64_t pteg = 0; pteg < 1 << 13; pteg++) {
		struct hpt_va out = { 1, 2, 3 };
		struct hpt_error err;
		char text[160];
		int ret;

		unit_poison(&err);
		ret = hpt_entry_va(entry, pteg * 8 + 5, 20, p, &out, &err);
		if (!ret) {
			found++;
			assert_true(out.vsid == va->vsid);
			assert_true(out.offset >> 23 == va->offset >> 23);
			assert_true(naive_hash(&out, p, 13) == (secondary ? pteg ^ 0x1FFF : pteg));
			continue;
		}
		snprintf(text, sizeof(text), "entry 0x%llx: no virtual address with its AVPN 0x%llx "
			 "hashes to group 0x%llx, %s", ULL(pteg * 8 + 5),
			 ULL(entry.v >> 7 & 0x7FFFFFFFFFFFFF), ULL(pteg),
			 secondary ? "secondary" : "primary");
		unit_error_at(ret, &err, HPT_ERR_PTEG, text, HPT_ERROR_HAS_PTEX, pteg * 8 + 5);
		assert_true(out.vsid == 1 && out.offset == 2 && out.segment_shift == 3);
	}
	/* Between 8 MiB and the base page lie 2^(23-p) pages, each in a group of its own. */
	assert_int_equal(found, p < 23 ? 1u << (23 - p) : 1u);
}

static void test_wrong_groups(void **state)
{
	uint64_t seed = 14;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		unsigned p = base_shifts[i % COUNT(base_shifts)], s = i / 5 % 2 ? 40 : 28;
		struct hpt_va va;

		if (fits(p, s)) {
			va = random_va(&seed, s, p);
			check_all_groups(&va, p, i & 8);
		}
	}
}

static const struct {
	struct hpt_entry entry;
	uint64_t ptex;
	unsigned order, base_shift;
	int code;
	const char *text;
	bool has_ptex;
} refused[] = {
	{ { 1, 0 }, 0, 17, 12, HPT_ERR_ARGUMENT, "order is 17, expected 18 to 46", false },
	{ { 1, 0 }, 0, 47, 12, HPT_ERR_ARGUMENT, "order is 47, expected 18 to 46", false },
	{ { 1, 0 }, 0, 0, 12, HPT_ERR_ARGUMENT, "order is 0, expected 18 to 46", false },
	{ { 1, 0 }, 0x4000, 18, 12, HPT_ERR_ARGUMENT,
	  "index 0x4000 is beyond a table of order 18", true },
	{ { 1, 0 }, UINT64_MAX, 46, 12, HPT_ERR_ARGUMENT,
	  "index 0xffffffffffffffff is beyond a table of order 46", true },
	{ { 1, 0 }, 5, 18, 11, HPT_ERR_ARGUMENT, "base page shift is 11, expected 12 to 34", true },
	{ { 1, 0 }, 5, 18, 35, HPT_ERR_ARGUMENT, "base page shift is 35, expected 12 to 34", true },
	{ { 0x8000000000000001, 0 }, 5, 18, 12, HPT_ERR_FORM,
	  "entry 0x5: B is 2, expected 0 (256M) or 1 (1T)", true },
	{ { 0xC000000000000001, 0 }, 5, 18, 12, HPT_ERR_FORM,
	  "entry 0x5: B is 3, expected 0 (256M) or 1 (1T)", true },
	{ { 0x0000000000000005, 0 }, 0, 18, 34, HPT_ERR_FORM,
	  "entry 0x0: a page of 2^34 bytes in a segment of 2^28", true },
	{ { 0x0000000000000085, 0 }, 9, 18, 24, HPT_ERR_FORM,
	  "entry 0x9: AVPN 0x1 has bits below the base page of 2^24 bytes", true },
	{ { 0x4000000000020005, 0 }, 9, 18, 34, HPT_ERR_FORM,
	  "entry 0x9: AVPN 0x400 has bits below the base page of 2^34 bytes", true },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct hpt_va out = { 1, 2, 3 };
		struct hpt_error err;

		unit_poison(&err);
		unit_error_at(hpt_entry_va(refused[i].entry, refused[i].ptex, refused[i].order,
					   refused[i].base_shift, &out, &err),
			      &err, refused[i].code, refused[i].text,
			      refused[i].has_ptex ? HPT_ERROR_HAS_PTEX : 0,
			      refused[i].has_ptex ? refused[i].ptex : 0);
		assert_true(out.vsid == 1 && out.offset == 2 && out.segment_shift == 3);
		assert_int_equal(hpt_entry_va(refused[i].entry, refused[i].ptex, refused[i].order,
					      refused[i].base_shift, &out, NULL), refused[i].code);
	}
}

/*
 * Every entry that a guest has entered stands where its address hashes to. The kernel and
 * firmware of the guest put it there by hashing forwards; here it is hashed backwards.
 */
static void check_guest(const char *path, unsigned order)
{
	const struct hpt_page_sizes *sizes = hpt_page_sizes_of(HPT_CPU_POWER8);
	unsigned long long ptex, v, r;
	unsigned entries = 0, secondary = 0, big_segments = 0;
	size_t len;
	char *text = unit_load(path, &len), *p = text;
	int n;

	for (; sscanf(p, "%llx %llx %llx %n", &ptex, &v, &r, &n) == 3; p += n, entries++) {
		struct hpt_entry entry = { v, r };
		struct hpt_page page;
		struct hpt_error err;
		struct hpt_va va;

		unit_poison(&err);
		unit_ok(hpt_entry_page(sizes, entry, &page, &err), &err);
		unit_ok(hpt_entry_va(entry, ptex, order, page.base_shift, &va, &err), &err);
		assert_true(naive_hash(&va, page.base_shift, order - 7) ==
			    ((v & 2 ? ~ptex : ptex) >> 3 & ((UINT64_C(1) << (order - 7)) - 1)));
		assert_true(hpt_va_avpn(&va, page.base_shift) == (v & UINT64_C(0xFFFFFFFFFFFFFF80)));
		secondary += v & 2 ? 1 : 0;
		big_segments += v >> 62 == 1;
	}
	assert_int_equal(*p, '\0');
	assert_true(entries > 20);
	assert_true(secondary > 0 && big_segments > 0);
	free(text);
}

static void test_guest(void **state)
{
	(void)state;
	check_guest("guest/guest.truth", 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_avpn),
		cmocka_unit_test(test_inverse),
		cmocka_unit_test(test_wrong_groups),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
