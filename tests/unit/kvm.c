/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* KVM's table, through a fake kernel that fake.c holds against the real one: reading. */

#include <errno.h>

#include "fakekernel.h"

#define ORDER 18

static void check_read(struct fake_kernel *k, struct hpt_table *table, uint64_t ptex, size_t n)
{
	struct hpt_entry *out = malloc((n + 1) * sizeof(*out));
	struct hpt_error err;

	assert_non_null(out);
	memset(out, 0xEE, (n + 1) * sizeof(*out));
	k->opens = k->closes = k->reads = 0;
	unit_poison(&err);
	unit_ok(hpt_table_read(table, ptex, n, out, &err), &err);
	for (size_t i = 0; i < n; i++)
		unit_same_entry(ptex + i, out[i], fake_entry(k, ptex + i));
	assert_int_equal(out[n].v & out[n].r, 0xEEEEEEEEEEEEEEEE);
	/* one descriptor, and one read is enough for any n */
	assert_int_equal(k->opens, n ? 1 : 0);
	assert_int_equal(k->closes, k->opens);
	assert_int_equal(k->reads, k->opens);
	free(out);
}

static void test_reads(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 63, 64, 65, 1000, 4095,
					 4096, 4097, 9999 };
	static const uint64_t longest[] = { 1, 2, 3, 9, 40, 3000 };
	struct fake_kernel k;
	uint64_t seed = 52;

	(void)state;
	for (size_t l = 0; l < COUNT(longest); l++) {
		struct hpt_table *table;

		fake_start(&k, longest[l]);
		table = fake_table(&k, ORDER, 0);
		for (size_t c = 0; c < COUNT(counts); c++)
			for (uint64_t ptex = 0; ptex < 20; ptex++)
				check_read(&k, table, ptex, counts[c]);
		for (int i = 0; i < 500; i++) {
			uint64_t ptex = unit_random(&seed) % k.n;

			check_read(&k, table, ptex, unit_random(&seed) % (k.n - ptex + 1) >>
						    unit_random(&seed) % 14);
		}
		for (uint64_t n = 1; n < 20; n++)
			check_read(&k, table, k.n - n, n);
		check_read(&k, table, 0, k.n);
		assert_int_equal(k.last_open_vm, 42);
		fake_stop(&k, table);
	}
}

/* Every slot valid, and the counts of a chunk stop at 65535. */
static void test_large_dense(void **state)
{
	struct fake_kernel k;
	struct hpt_table *table;
	uint64_t seed = 53;

	(void)state;
	fake_init(&k, 22);
	for (uint64_t i = 0; i < k.n; i++)
		fake_enter(&k, i, fake_good_entry(&seed));
	table = fake_table(&k, 22, 0);
	check_read(&k, table, 0, k.n);
	check_read(&k, table, 65530, 65540);
	for (uint64_t i = 0; i < k.n; i++)
		fake_enter(&k, i, (struct hpt_entry){ 0, 0 });
	check_read(&k, table, 1, k.n - 1);
	check_read(&k, table, 0, 65536);
	fake_stop(&k, table);
}

/*
 * A read clears marks that a migration needs. Of n entries it may clear n, and those behind
 * them that the kernel's room for one more valid entry makes it go on to.
 */
static void test_marks(void **state)
{
	struct hpt_entry out[64];
	struct fake_kernel k;
	uint64_t seed = 54;
	struct hpt_table *table;
	int migration;

	(void)state;
	for (size_t n = 1; n <= 64; n++) {
		fake_start(&k, 0);
		migration = fake_get_htab_fd(&k, 0, 0);
		for (uint64_t i = 0; i < k.n; i++)
			fake_enter(&k, i, fake_good_entry(&seed));
		assert_int_equal(fake_marks(&k), k.n);
		table = fake_table(&k, ORDER, 0);
		assert_int_equal(hpt_table_read(table, 100, n, out, NULL), 0);
		assert_in_range(k.marks_cleared, n, n);
		assert_int_equal(fake_marks(&k), k.n - n);
		assert_int_equal(k.largest_read, 16 * n + 9); /* more than its size is room enough */
		fake_close(&k, migration);
		fake_stop(&k, table);
	}
}

struct collected {
	struct hpt_entry *entries;
	uint64_t next, n;
	uint64_t stop_at; /* UINT64_MAX: never */
};

static int collect(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct collected *c = arg;

	assert_true(n > 0 && ptex >= c->next);
	for (size_t i = 0; i < n; i++)
		c->entries[ptex + i] = entries[i];
	c->next = ptex + n;
	c->n += n;
	return ptex + n > c->stop_at;
}

static void check_each(struct fake_kernel *k, struct hpt_table *table, uint64_t ptex, uint64_t n)
{
	struct collected c = { calloc(k->n, sizeof(*c.entries)), ptex, 0, UINT64_MAX };
	uint64_t end = n == UINT64_MAX ? k->n : ptex + n;
	struct hpt_error err;

	assert_non_null(c.entries);
	unit_poison(&err);
	unit_ok(hpt_table_each(table, ptex, n, collect, &c, &err), &err);
	for (uint64_t i = 0; i < k->n; i++) {
		struct hpt_entry none = { 0, 0 };

		unit_same_entry(i, c.entries[i], i >= ptex && i < end ? fake_entry(k, i) : none);
	}
	free(c.entries);
}

static void test_each(void **state)
{
	static const uint64_t longest[] = { 1, 3, 100, 9000 };
	struct fake_kernel k;

	(void)state;
	for (size_t l = 0; l < COUNT(longest); l++) {
		struct hpt_table *table;

		fake_start(&k, longest[l]);
		table = fake_table(&k, ORDER, 0);
		check_each(&k, table, 0, UINT64_MAX);
		/* 256 KiB of a full table: few reads of 64 KiB */
		assert_in_range(k.reads, 1, k.n * 16 / 65536 + 3);
		assert_int_equal(k.opens, 1);
		check_each(&k, table, 0, 1);
		check_each(&k, table, 7777, 1111);
		check_each(&k, table, k.n - 1, 1);
		check_each(&k, table, k.n, 0);
		fake_stop(&k, table);
	}
}

static void test_each_stops(void **state)
{
	struct collected c = { calloc(1 << 14, sizeof(*c.entries)), 0, 0, 50 };
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	fake_start(&k, 9);
	table = fake_table(&k, ORDER, 0);
	unit_poison(&err);
	unit_error(hpt_table_each(table, 0, UINT64_MAX, collect, &c, &err), &err, HPT_ERR_STOPPED,
		   "the iteration was stopped by its callback");
	assert_in_range(c.next, 51, 130);
	free(c.entries);
	fake_stop(&k, table);
}

static void test_bolted(void **state)
{
	struct hpt_entry out[512], nothing = { 0, 0 };
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_table_info info = { .size = sizeof(info) };
	unsigned bolted = 0, others = 0;
	struct hpt_error err;

	(void)state;
	fake_start(&k, 20);
	table = fake_table(&k, ORDER, HPT_KVM_BOLTED_ONLY);
	assert_int_equal(hpt_table_read(table, 3, COUNT(out), out, NULL), 0);
	for (size_t i = 0; i < COUNT(out); i++) {
		struct hpt_entry e = fake_entry(&k, 3 + i);

		bolted += e.v & 0x10 ? 1 : 0;
		others += e.v && !(e.v & 0x10);
		unit_same_entry(3 + i, out[i], e.v & 0x10 ? e : nothing);
	}
	assert_true(bolted > 50 && others > 50);
	assert_int_equal(hpt_table_info(table, &info, NULL), 0);
	assert_int_equal(info.flags, HPT_TABLE_LIVE | HPT_TABLE_CHANGES);
	unit_error(hpt_table_write(table, 0, 1, out, &err), &err, HPT_ERR_READ_ONLY,
		   "this kvm table cannot be written");
	fake_stop(&k, table);
}

/* Absent entries and the kernel's lock look to the caller like any other. */
static void test_absent(void **state)
{
	struct hpt_entry out[3];
	struct fake_kernel k;
	struct hpt_table *table;

	(void)state;
	fake_start(&k, 0);
	k.slots[5] = (struct fake_slot){ 0x1234567820, 0x1190, false };
	table = fake_table(&k, ORDER, HPT_KVM_READ_ONLY);
	assert_int_equal(hpt_table_read(table, 4, 3, out, NULL), 0);
	assert_true(out[1].v == 0x1234567801 && out[1].r == 0x1190);
	assert_true(!out[0].v && !out[2].v);
	fake_stop(&k, table);
}

static void test_no_table(void **state)
{
	struct hpt_entry out[2] = { { 7, 7 }, { 7, 7 } };
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;
	struct hpt_change change = { .ptex = 99 };
	struct collected c = { 0 };

	(void)state;
	fake_init(&k, 0);
	table = fake_table(&k, ORDER, 0);
	unit_poison(&err);
	unit_error_at(hpt_table_read(table, 8, 2, out, &err), &err, HPT_ERR_NO_HPT,
		      "the kernel gives no entry from slot 0x8 of a table of order 18: the guest "
		      "uses radix, or the VM has no hashed page table, or a smaller one",
		      HPT_ERROR_HAS_PTEX, 8);
	assert_true(out[0].v == 7 && out[1].r == 7);
	unit_error(hpt_table_each(table, 0, UINT64_MAX, collect, &c, &err), &err, HPT_ERR_NO_HPT,
		   "the kernel gives no entry from slot 0x0 of a table of order 18: the guest uses "
		   "radix, or the VM has no hashed page table, or a smaller one");
	unit_error(hpt_table_next_change(table, &change, out, 2, &err), &err, HPT_ERR_NO_HPT,
		   "the kernel gives no entry at all: the guest uses radix, or the VM has no hashed "
		   "page table");
	assert_int_equal(change.ptex, 99);
	unit_poison(&err);
	out[0] = (struct hpt_entry){ 1, 0 };
	unit_error_at(hpt_table_write(table, 9, 1, out, &err), &err, HPT_ERR_NO_HPT,
		      "the kernel has no slot 0x9 to write (the guest uses radix, or the VM has no "
		      "hashed page table, or one of a smaller order than 18): Invalid argument",
		      HPT_ERROR_HAS_PTEX, 9);
	assert_int_equal(err.os_errno, EINVAL);
	unit_error(hpt_table_clear(table, 9, 3, &err), &err, HPT_ERR_NO_HPT,
		   "the kernel has no slot 0x9 to write (the guest uses radix, or the VM has no "
		   "hashed page table, or one of a smaller order than 18): Invalid argument");
	assert_int_equal(hpt_table_read(table, 8, 2, out, NULL), HPT_ERR_NO_HPT);
	fake_stop(&k, table);
}

/* The order that was given is not that of the kernel's table. */
static void test_wrong_order(void **state)
{
	struct hpt_entry *out = calloc(1 << 16, sizeof(*out));
	struct fake_kernel k;
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	assert_non_null(out);
	fake_start(&k, 5); /* 18, smaller than what is said */
	table = fake_table(&k, 19, 0);
	unit_poison(&err);
	unit_error_at(hpt_table_read(table, 0, 0x8000, out, &err), &err, HPT_ERR_CONTRADICTION,
		      "the kernel's table ends at slot 0x4000, expected 0x8000 (order 19)",
		      HPT_ERROR_HAS_PTEX, 0x4000);
	assert_int_equal(out[0].v | out[1].v | out[2].v | out[3].v | out[4].v, 0);
	unit_error_at(hpt_table_read(table, 0x3FF0, 0x20, out, &err), &err, HPT_ERR_CONTRADICTION,
		      "the kernel's table ends at slot 0x4000, expected 0x8000 (order 19)",
		      HPT_ERROR_HAS_PTEX, 0x4000);
	assert_int_equal(hpt_table_read(table, 0x5000, 1, out, &err), HPT_ERR_NO_HPT);
	fake_stop(&k, table);
	fake_init(&k, 19); /* larger: a read that comes to the end sees it */
	fake_fill(&k, 5);
	table = fake_table(&k, ORDER, 0);
	check_read(&k, table, 0, 100);
	for (uint64_t i = 0x3FF0; i < 0x4010; i++)
		fake_enter(&k, i, (struct hpt_entry){ 0, 0 });
	unit_poison(&err);
	unit_error(hpt_table_read(table, 0x3FF0, 0x10, out, &err), &err, HPT_ERR_CONTRADICTION,
		   err.text);
	assert_non_null(strstr(err.text, "the kernel's table is larger than the order that was "
					 "given: chunk at offset 0x0: index 0x3ff0 and 0 valid and "));
	assert_int_equal(err.offset, 0);
	assert_int_equal(err.ptex, 0x3FF0);
	fake_stop(&k, table);
	free(out);
}

/* Whatever a kernel might give, it is an error with a place, and nothing is put out. */
static void test_garbage(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *expected;
	} garbage[] = {
		{ "L:10,2,0 E:81,2 E:80,2", HPT_ERR_NOT_VALID,
		  "entry 0x11 at offset 0x18: its V bit is clear, and the chunk at offset 0x0 says "
		  "that it is valid" },
		{ "L:11,0,8", HPT_ERR_NO_HPT,
		  "the kernel gives no entry from slot 0x10 of a table of order 18: the guest uses "
		  "radix, or the VM has no hashed page table, or a smaller one" },
		{ "L:10,0,2 L:13,0,9", HPT_ERR_CONTRADICTION,
		  "the kernel's table ends at slot 0x12, expected 0x4000 (order 18)" },
		{ "L:ffffffff,0,1", HPT_ERR_CONTRADICTION,
		  "the kernel's table is larger than the order that was given: chunk at offset 0x0: "
		  "index is 0xffffffff, expected below 0x4000, the number of slots" },
	};
	unsigned char bytes[128];
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++) {
		struct hpt_entry out[4], before[4];
		struct fake_kernel k;
		struct hpt_table *table;
		struct hpt_error err;

		fake_start(&k, 3);
		table = fake_table(&k, ORDER, 0);
		snprintf(text, sizeof(text), "%s", garbage[i].text);
		for (char *p = text; UNIT_BIG_ENDIAN && *p; p++)
			*p = *p == 'L' ? 'B' : *p;
		k.garbage = bytes;
		k.garbage_len = unit_bytes(text, bytes, sizeof(bytes));
		memset(out, 0xEE, sizeof(out));
		memcpy(before, out, sizeof(out));
		unit_poison(&err);
		unit_error(hpt_table_read(table, 0x10, 4, out, &err), &err, garbage[i].code,
			   garbage[i].expected);
		assert_memory_equal(out, before, sizeof(out));
		fake_stop(&k, table);
	}
}

static void test_read_errors(void **state)
{
	static const int errnos[] = { EFAULT, EIO, EBADF, ENOMEM };
	struct hpt_entry out[2];
	struct fake_kernel k;
	struct hpt_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(errnos); i++) {
		struct hpt_table *table;
		char text[128];

		fake_start(&k, 3);
		table = fake_table(&k, ORDER, 0);
		memset(out, 0xEE, sizeof(out));
		k.read_fault = (struct fake_fault){ .countdown = 1, .os_errno = errnos[i] };
		snprintf(text, sizeof(text), "read of 41 bytes from KVM's table: %s",
			 strerror(errnos[i]));
		unit_poison(&err);
		unit_error(hpt_table_read(table, 0, 2, out, &err), &err, HPT_ERR_SYSTEM, text);
		assert_int_equal(err.os_errno, errnos[i]);
		assert_int_equal(out[0].v, 0xEEEEEEEEEEEEEEEE);
		/* and again without the fault, in spite of EINTR */
		k.read_fault = (struct fake_fault){ .countdown = 1, .os_errno = EINTR };
		unit_poison(&err);
		unit_ok(hpt_table_read(table, 0, 2, out, &err), &err);
		unit_same_entry(1, out[1], fake_entry(&k, 1));
		fake_stop(&k, table);
	}
}

/* A kernel that gives less than asked: what is missing is read behind it. */
static void test_short_reads(void **state)
{
	struct hpt_entry out[300];

	(void)state;
	for (size_t max = 25; max < 400; max += 3) {
		struct fake_kernel k;
		struct hpt_table *table;
		struct hpt_error err;

		fake_start(&k, 5);
		table = fake_table(&k, ORDER, 0);
		k.read_fault = (struct fake_fault){ .countdown = 1, .max = max, .always = true };
		unit_poison(&err);
		unit_ok(hpt_table_read(table, 77, COUNT(out), out, &err), &err);
		for (size_t i = 0; i < COUNT(out); i++)
			unit_same_entry(77 + i, out[i], fake_entry(&k, 77 + i));
		check_each(&k, table, 5, 300);
		fake_stop(&k, table);
	}
}

static int open_fails(void *arg, int vm_fd, uint64_t flags, uint64_t start_index, int *fd,
		      struct hpt_error *err)
{
	(void)arg, (void)vm_fd, (void)flags, (void)start_index, (void)fd;
	return hpt_error_fill(err, HPT_ERR_SYSTEM, EIO, "no descriptor for you");
}

static void test_open_fails(void **state)
{
	const struct hpt_kvm_options o = { sizeof(o), 0, open_fails, NULL };
	struct hpt_entry out = { 7, 7 };
	struct hpt_change change;
	struct collected c = { 0 };
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_kvm_open(3, ORDER, &o, &table, NULL), 0);
	for (int i = 0; i < 5; i++) {
		int ret = i == 0 ? hpt_table_read(table, 4, 1, &out, &err) :
			  i == 1 ? hpt_table_write(table, 4, 1, &out, &err) :
			  i == 2 ? hpt_table_clear(table, 4, 1, &err) :
			  i == 3 ? hpt_table_each(table, 0, 9, collect, &c, &err) :
				   hpt_table_next_change(table, &change, &out, 1, &err);

		unit_error(ret, &err, HPT_ERR_SYSTEM, "no descriptor for you");
		assert_int_equal(err.os_errno, EIO);
		if (i == 1 || i == 2) /* a write names what was not written */
			assert_true(err.has & HPT_ERROR_HAS_PTEX && err.ptex == 4);
	}
	assert_int_equal(out.v, 7);
	hpt_table_close(table);
}

static void test_options(void **state)
{
	struct hpt_kvm_options o = { sizeof(o), 0, fake_open_fd, NULL };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	for (unsigned order = 16; order < 50; order++) {
		int ret = hpt_kvm_open(3, order, &o, &table, &err);

		assert_int_equal(ret, order < 18 || order > 36 ? HPT_ERR_ORDER : 0);
		if (!ret)
			hpt_table_close(table);
	}
	unit_error(hpt_kvm_open(3, 37, &o, &table, &err), &err, HPT_ERR_ORDER,
		   "order is 37, expected 18 to 36");
	o.flags = 4;
	unit_error(hpt_kvm_open(3, 18, &o, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "struct hpt_kvm_options: flags are 0x4, expected of 0x3");
	o.size = sizeof(o) - 1;
	unit_too_small(hpt_kvm_open(3, 18, &o, &table, &err), &err, "hpt_kvm_options", o.size,
		       sizeof(o));
#if !defined(__powerpc__)
	struct hpt_page_sizes sizes = { .n = 77 };

	unit_error(hpt_kvm_open(3, 18, NULL, &table, &err), &err, HPT_ERR_UNSUPPORTED,
		   "KVM's tables can only be opened by a build for POWER");
	unit_error(hpt_kvm_page_sizes(3, &sizes, &err), &err, HPT_ERR_UNSUPPORTED,
		   "KVM_PPC_GET_SMMU_INFO needs a build for POWER");
	assert_int_equal(sizes.n, 77);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_large_dense),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_each_stops),
		cmocka_unit_test(test_bolted),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_no_table),
		cmocka_unit_test(test_wrong_order),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_read_errors),
		cmocka_unit_test(test_short_reads),
		cmocka_unit_test(test_open_fails),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
