/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The n-th allocation fails, for every n: an error, nothing leaked, outputs untouched.
 * Linked with --wrap=malloc,calloc,realloc,free against the objects themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing.h"
#include "qemu_streams.h"

#define CAPS "u8 5 p\"configuration/capabilities\" u32 1 u32 1 p\"odd\" "

static int attempt(struct bytes b, size_t step, struct hpt_error *err)
{
	struct drip drip = { .data = b.data, .len = b.len, .step = step };
	struct hpt_qemu *q = NULL;
	struct hpt_table *table = NULL;
	int r;

	r = step ? hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, err)
		 : hpt_qemu_open_memory(b.data, b.len, NULL, &q, err);
	if (r)
		assert_null(q);
	if (!r)
		r = hpt_qemu_read(q, HPT_QEMU_UNTIL_END, err);
	if (!r)
		r = hpt_qemu_table(q, &table, err);
	hpt_qemu_close(q);
	return r;
}

static void every_allocation(const char *text)
{
	struct bytes b = bytes_of(text);
	struct hpt_error err;
	size_t step;
	long n, before = live;
	int r;

	for (step = 0; step < 2; step++) {
		for (n = 0, r = -1; r; n++) {
			memset(&err, 0, sizeof(err));
			countdown = n;
			r = attempt(b, step * 1000, &err);
			countdown = -1;
			assert_int_equal(live, before);
			assert_true(n < 10000);
			if (!r)
				break;
			assert_int_equal(r, HPT_ERR_MEMORY);
			assert_int_equal(err.code, HPT_ERR_MEMORY);
			assert_true(strlen(err.text) > 0);
		}
		/* One for the reader, and some for what it holds. */
		assert_true(n > 5);
	}
	bytes_free(&b);
}

static void whole_stream(void **state)
{
	(void)state;
	every_allocation(HEAD CONFIG CAPS RAM_START HTAB_START RAM_PART HTAB_PART RAM_PART
			 RAM_END HTAB_END STREAM_END "u8 6 s\"{}\" \"odd bytes\" ");
}

static void mapped_ram(void **state)
{
	(void)state;
	every_allocation(HEAD "u8 7 s\"x\" u8 5 p\"configuration/capabilities\" u32 1 u32 1 "
			 "p\"mapped-ram\" " START("2", "ram", "4")
			 "u64 0x42004 p\"a\" u64 0x42000 u32 1 u64 4096 u64 256 u64 4096 "
			 "at 256 le64 5 le64 2 at 4096 fill 270336 1 " EOS FOOT("2") HTAB_START
			 RAM_END HTAB_END STREAM_END);
}

/* A handle was given out, then the size changes. */
static void size_again(void **state)
{
	struct bytes b = bytes_of(HEAD HTAB_START HTAB_PART PART("3") "u32 19 " FOOT("3")
				  END("3") "u32 0 u64 0 " FOOT("3") STREAM_END);
	const struct hpt_qemu_item *item;
	struct hpt_table *table;
	struct hpt_error err;
	struct hpt_qemu *q;
	long n;
	int r = -1;

	(void)state;
	for (n = 0; r; n++) {
		assert_int_equal(hpt_qemu_open_memory(b.data, b.len, NULL, &q, NULL), 0);
		assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
		assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
		assert_int_equal(hpt_qemu_table(q, &table, NULL), 0);
		countdown = n;
		r = hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err);
		countdown = -1;
		if (r)
			assert_int_equal(r, HPT_ERR_MEMORY);
		assert_int_equal(hpt_table_order(table), 18);
		hpt_qemu_close(q);
	}
	assert_true(n > 2);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_stream),
		cmocka_unit_test(mapped_ram),
		cmocka_unit_test(size_again),
	};

	fails_for_good = true;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
