/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* KVM's table, through the fake kernel: writing, and what changed. */

#include <errno.h>

#include "fakekernel.h"

#define ORDER 18

/* Writing ------------------------------------------------------------------------------- */

static void random_entries(uint64_t *seed, struct hpt_entry *in, size_t n, uint64_t longest)
{
	size_t i = 0;

	while (i < n) {
		uint64_t valid = unit_random(seed) % (longest + 1);
		uint64_t gap = unit_random(seed) % (longest + 1);

		for (; valid-- && i < n; i++)
			in[i] = fake_good_entry(seed);
		for (; gap-- && i < n; i++) /* V clear: whatever else is there means nothing */
			in[i] = (struct hpt_entry){ unit_random(seed) & ~UINT64_C(1), 5 };
	}
}

static void check_written(struct fake_kernel *k, uint64_t ptex, size_t n,
			  const struct hpt_entry *in)
{
	for (size_t i = 0; i < n; i++)
		unit_same_entry(ptex + i, fake_entry(k, ptex + i),
				in[i].v & 1 ? in[i] : (struct hpt_entry){ 0, 0 });
}

static void test_writes(void **state)
{
	static const uint64_t longest[] = { 2, 3, 10, 200, 8000 };
	struct hpt_entry *in = calloc(UNIT_SLOTS, sizeof(*in));
	struct fake_kernel k;
	uint64_t seed = 55;

	(void)state;
	assert_non_null(in);
	for (size_t l = 0; l < COUNT(longest) * 20; l++) {
		uint64_t ptex = l < 10 ? 0 : unit_random(&seed) % UNIT_SLOTS;
		size_t n = l < 10 ? UNIT_SLOTS : unit_random(&seed) % (UNIT_SLOTS - ptex) + 1;
		struct fake_slot before, after;
		struct hpt_table *table;
		struct hpt_error err;

		fake_start(&k, 7);
		table = fake_table(&k, ORDER, 0);
		random_entries(&seed, in, n, longest[l % COUNT(longest)]);
		before = k.slots[ptex ? ptex - 1 : 0];
		after = k.slots[ptex + n < k.n ? ptex + n : 0];
		unit_poison(&err);
		unit_ok(hpt_table_write(table, ptex, n, in, &err), &err);
		check_written(&k, ptex, n, in);
		if (ptex)
			assert_memory_equal(&before, &k.slots[ptex - 1], sizeof(before));
		if (ptex + n < k.n)
			assert_memory_equal(&after, &k.slots[ptex + n], sizeof(after));
		assert_int_equal(k.opens, 1);
		fake_stop(&k, table);
	}
	free(in);
}

/* No more writes than it takes: one for each run of valid entries, and one before the first. */
static void test_write_calls(void **state)
{
	struct hpt_entry in[64];
	struct fake_kernel k;
	uint64_t seed = 56;
	struct hpt_table *table;

	(void)state;
	fake_start(&k, 5);
	table = fake_table(&k, ORDER, 0);
	for (size_t i = 0; i < COUNT(in); i++)
		in[i] = i % 8 < 4 ? fake_good_entry(&seed) : (struct hpt_entry){ 0, 0 };
	assert_int_equal(hpt_table_write(table, 16, 64, in, NULL), 0);
	assert_int_equal(k.writes, 8);
	k.writes = 0;
	assert_int_equal(hpt_table_write(table, 16, 60, in + 4, NULL), 0);
	assert_in_range(k.writes, 7, 8);
	k.writes = 0;
	assert_int_equal(hpt_table_clear(table, 0, UNIT_SLOTS, NULL), 0);
	assert_int_equal(k.writes, 1);
	assert_int_equal(fake_count(&k), 0);
	fake_stop(&k, table);
}

static void test_clear(void **state)
{
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	fake_init(&k, 22);
	fake_fill(&k, 5);
	table = fake_table(&k, 22, 0);
	unit_poison(&err);
	unit_ok(hpt_table_clear(table, 3, k.n - 6, &err), &err); /* more than a chunk's counts */
	for (uint64_t i = 3; i < k.n - 3; i++)
		assert_true(fake_entry(&k, i).v == 0);
	fake_stop(&k, table);
}

/* The entry at @at is refused: named exactly, all before it are there, none behind. */
static void check_refused(size_t n, size_t at, struct hpt_entry bad, int code, int os_errno,
			  const char *format)
{
	struct hpt_entry *in = calloc(n, sizeof(*in));
	const uint64_t ptex = 0x123;
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;
	uint64_t seed = 57;
	char text[256];

	assert_non_null(in);
	fake_start(&k, 0);
	for (size_t i = 0; i < n; i++)
		in[i] = i % 5 == 4 && i != at ? (struct hpt_entry){ 0, 0 } : fake_good_entry(&seed);
	in[at] = bad;
	k.refused_r = UINT64_C(0x00DEAD0000000000);
	table = fake_table(&k, ORDER, 0);
	snprintf(text, sizeof(text), format, ULL(ptex + at));
	unit_poison(&err);
	unit_error_at(hpt_table_write(table, ptex, n, in, &err), &err, code, text,
		      HPT_ERROR_HAS_PTEX, ptex + at);
	assert_int_equal(err.os_errno, os_errno);
	check_written(&k, ptex, at, in);
	for (size_t i = at; i < n; i++)
		assert_true(fake_entry(&k, ptex + i).v == 0);
	fake_stop(&k, table);
	free(in);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void test_refused_entries(void **state)
{
	static const char slot_lost[] =
		"the kernel refused entry 0x%llx, and its slot is empty now: B must be 0 or 1, and a "
		"page must lie whole in one memory slot and be no larger than the host's pages "
		"there: Input/output error";

	(void)state;
	for (size_t n = 1; n < 40; n += 3)
		for (size_t at = 0; at < n; at++) {
			check_refused(n, at, (struct hpt_entry){ 0x105, 0xFF000 }, HPT_ERR_REFUSED,
				      EINVAL, "the kernel refused entry 0x%llx: it does not know the "
				      "page size that its L and LP bits name: Invalid argument");
			check_refused(n, at, (struct hpt_entry){ 0x101, 0x00DEAD0000000000 },
				      HPT_ERR_REFUSED, EIO, slot_lost);
			check_refused(n, at, (struct hpt_entry){ UINT64_C(1) << 63 | 1, 0x2010 },
				      HPT_ERR_REFUSED, EIO, slot_lost);
		}
}

#pragma GCC diagnostic pop

static void test_busy(void **state)
{
	struct hpt_entry in[20];
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;
	uint64_t seed = 58;

	(void)state;
	fake_start(&k, 3);
	table = fake_table(&k, ORDER, 0);
	random_entries(&seed, in, COUNT(in), 4);
	k.vcpu_runs = true;
	unit_poison(&err);
	unit_error_at(hpt_table_write(table, 0x70, COUNT(in), in, &err), &err, HPT_ERR_BUSY,
		      "entry 0x70 was not written: a vCPU is running; stop all vCPUs of the VM and "
		      "try again: Device or resource busy", HPT_ERROR_HAS_PTEX, 0x70);
	assert_int_equal(err.os_errno, EBUSY);
	unit_error(hpt_table_clear(table, 0x71, 3, &err), &err, HPT_ERR_BUSY,
		   "entry 0x71 was not written: a vCPU is running; stop all vCPUs of the VM and try "
		   "again: Device or resource busy");
	k.vcpu_runs = false;
	assert_int_equal(hpt_table_write(table, 0x70, COUNT(in), in, NULL), 0);
	check_written(&k, 0x70, COUNT(in), in);
	fake_stop(&k, table);
}

/* The n-th write fails, for every n: what is named is the first that was not written. */
static void test_write_faults(void **state)
{
	struct hpt_entry in[64];
	uint64_t seed = 59;

	(void)state;
	random_entries(&seed, in, COUNT(in), 6);
	for (int nth = 1; nth < 30; nth++) {
		struct fake_kernel k;
		struct hpt_table *table;
		struct hpt_error err;
		int ret;

		fake_start(&k, 0);
		table = fake_table(&k, ORDER, 0);
		k.write_fault = (struct fake_fault){ nth, EFAULT, 0, true };
		unit_poison(&err);
		ret = hpt_table_write(table, 0x200, COUNT(in), in, &err);
		if (ret) {
			char text[96];

			assert_in_range(err.ptex, 0x200, 0x200 + COUNT(in) - 1);
			snprintf(text, sizeof(text), "write of entry %#llx to KVM's table: Bad "
				 "address", ULL(err.ptex));
			unit_error_at(ret, &err, HPT_ERR_SYSTEM, text, HPT_ERROR_HAS_PTEX, err.ptex);
			assert_int_equal(err.os_errno, EFAULT);
			check_written(&k, 0x200, err.ptex - 0x200, in);
			for (uint64_t i = err.ptex; i < k.n; i++)
				assert_true(fake_entry(&k, i).v == 0);
		} else {
			check_written(&k, 0x200, COUNT(in), in);
		}
		fake_stop(&k, table);
	}
}

/* One EINTR, or one other passing fault, is got over. */
static void test_passing_faults(void **state)
{
	static const int errnos[] = { EINTR, EFAULT };
	struct hpt_entry in[64];
	uint64_t seed = 60;
	unsigned writes = 0;

	(void)state;
	random_entries(&seed, in, COUNT(in), 6);
	for (int nth = 1; nth < 20; nth++)
		for (size_t e = 0; e < COUNT(errnos); e++) {
			struct fake_kernel k;
			struct hpt_table *table;
			struct hpt_error err;

			fake_start(&k, 2);
			table = fake_table(&k, ORDER, 0);
			k.write_fault = (struct fake_fault){ nth, errnos[e], 0, false };
			unit_poison(&err);
			assert_int_equal(hpt_table_write(table, 0x200, COUNT(in), in, &err), 0);
			check_written(&k, 0x200, COUNT(in), in);
			if (nth == 1 && errnos[e] == EINTR)
				writes = k.writes; /* the interrupted one is only repeated */
			if (!k.write_fault.countdown && errnos[e] == EINTR)
				assert_int_equal(k.writes, writes);
			fake_stop(&k, table);
		}
}

/*
 * Less is taken than was given. Whole chunks: it goes on behind them. Anything else is an
 * error, never a second guess at half an entry.
 */
static void test_short_writes(void **state)
{
	struct hpt_entry in[8];
	uint64_t seed = 61;

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++)
		in[i] = i < 5 ? (struct hpt_entry){ 0, 0 } : fake_good_entry(&seed);
	for (size_t max = 0; max <= 8 + 8 + 3 * 16; max++) {
		struct fake_kernel k;
		struct hpt_table *table;
		struct hpt_error err;
		int ret;

		fake_start(&k, 2);
		table = fake_table(&k, ORDER, 0);
		k.write_fault = (struct fake_fault){ .countdown = 1, .max = max };
		unit_poison(&err);
		ret = hpt_table_write(table, 0x30, COUNT(in), in, &err);
		/* The kernel's own count stands for what it took. */
		if (!ret) {
			check_written(&k, 0x30, COUNT(in), in);
		} else {
			assert_int_equal(err.code, HPT_ERR_SYSTEM);
			assert_non_null(strstr(err.text, "which is no whole number of chunks"));
			assert_in_range(err.ptex, 0x30, 0x37);
			check_written(&k, 0x30, err.ptex - 0x30, in);
		}
		k.bad_writes = 0; /* it was cut on purpose */
		fake_stop(&k, table);
	}
}

/* Changes ------------------------------------------------------------------------------- */

/* Take a pass in pieces of at most @max entries; returns how many slots it named. */
static uint64_t take_pass(struct hpt_table *table, struct hpt_entry *mirror, size_t max)
{
	struct hpt_entry *out = calloc(max, sizeof(*out));
	struct hpt_change c;
	uint64_t named = 0;
	struct hpt_error err;

	assert_non_null(out);
	for (;;) {
		unit_poison(&err);
		unit_ok(hpt_table_next_change(table, &c, out, max, &err), &err);
		if (c.end_of_pass)
			break;
		assert_in_range(c.n_valid, 0, max);
		assert_true(c.n_valid || c.n_invalid);
		memcpy(mirror + c.ptex, out, c.n_valid * sizeof(*out));
		memset(mirror + c.ptex + c.n_valid, 0, c.n_invalid * sizeof(*out));
		named += c.n_valid + c.n_invalid;
	}
	assert_int_equal(c.n_valid | c.n_invalid, 0);
	free(out);
	return named;
}

static void check_mirror(const struct fake_kernel *k, const struct hpt_entry *mirror)
{
	for (uint64_t i = 0; i < k->n; i++)
		unit_same_entry(i, mirror[i], fake_entry(k, i));
}

static void test_changes(void **state)
{
	static const size_t max[] = { 1, 2, 7, 64, 5000 };
	struct hpt_entry *mirror = calloc(UNIT_SLOTS, sizeof(*mirror));
	uint64_t seed = 62;

	(void)state;
	assert_non_null(mirror);
	for (size_t m = 0; m < COUNT(max); m++) {
		struct fake_kernel k;
		struct hpt_table *table;

		fake_start(&k, 6);
		memset(mirror, 0xEE, UNIT_SLOTS * sizeof(*mirror));
		table = fake_table(&k, ORDER, 0);
		assert_int_equal(take_pass(table, mirror, max[m]), UNIT_SLOTS);
		check_mirror(&k, mirror);
		assert_int_equal(take_pass(table, mirror, max[m]), 0);
		for (int pass = 0; pass < 6; pass++) {
			uint64_t changed = 0;

			for (int i = 0; i < 300; i++)
				fake_enter(&k, unit_random(&seed) % k.n, i % 3 ?
					   fake_good_entry(&seed) : (struct hpt_entry){ 0, 0 });
			changed = fake_marks(&k);
			assert_int_equal(take_pass(table, mirror, max[m]), changed);
			check_mirror(&k, mirror);
			assert_int_equal(fake_marks(&k), 0);
		}
		assert_int_equal(take_pass(table, mirror, max[m]), 0);
		assert_int_equal(k.opens, 1); /* it stays open until the table is closed */
		assert_int_equal(k.closes, 0);
		fake_stop(&k, table);
	}
	free(mirror);
}

/* Reads and writes on the same handle in between do not disturb the passes. */
static void test_changes_and_reads(void **state)
{
	struct hpt_entry *mirror = calloc(UNIT_SLOTS, sizeof(*mirror)), one;
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_change c;
	uint64_t seed = 63, named = 0;

	(void)state;
	fake_start(&k, 6);
	table = fake_table(&k, ORDER, 0);
	for (;;) {
		struct hpt_entry out[16], all[40];

		assert_int_equal(hpt_table_next_change(table, &c, out, 16, NULL), 0);
		if (c.end_of_pass)
			break;
		memcpy(mirror + c.ptex, out, c.n_valid * sizeof(*out));
		named += c.n_valid + c.n_invalid;
		assert_int_equal(hpt_table_read(table, c.ptex % 1000, 40, all, NULL), 0);
		unit_same_entry(c.ptex % 1000, all[0], fake_entry(&k, c.ptex % 1000));
	}
	assert_int_equal(named, UNIT_SLOTS);
	check_mirror(&k, mirror);
	one = fake_good_entry(&seed);
	assert_int_equal(hpt_table_write(table, 4242, 1, &one, NULL), 0);
	assert_int_equal(take_pass(table, mirror, 3), 1);
	unit_same_entry(4242, mirror[4242], one);
	fake_stop(&k, table);
	free(mirror);
}

static void test_changes_fail(void **state)
{
	struct hpt_entry out[4];
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_change c;
	struct hpt_error err;

	(void)state;
	fake_start(&k, 3);
	table = fake_table(&k, ORDER, 0);
	k.read_fault = (struct fake_fault){ .countdown = 1, .os_errno = EFAULT };
	unit_poison(&err);
	unit_error(hpt_table_next_change(table, &c, out, 4, &err), &err, HPT_ERR_SYSTEM,
		   "read of 65536 bytes from KVM's table: Bad address");
	assert_int_equal(hpt_table_next_change(table, &c, out, 4, NULL), 0);
	unit_error(hpt_table_next_change(table, &c, out, 0, &err), &err, HPT_ERR_ARGUMENT,
		   "next change: NULL, or no room");
	unit_error(hpt_table_next_change(table, NULL, out, 1, &err), &err, HPT_ERR_ARGUMENT,
		   "next change: NULL, or no room");
	unit_error(hpt_table_next_change(table, &c, NULL, 1, &err), &err, HPT_ERR_ARGUMENT,
		   "next change: NULL, or no room");
	fake_stop(&k, table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_write_calls),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_refused_entries),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_write_faults),
		cmocka_unit_test(test_passing_faults),
		cmocka_unit_test(test_short_writes),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_changes_and_reads),
		cmocka_unit_test(test_changes_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
