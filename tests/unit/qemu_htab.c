/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Section "spapr/htab": sizes, rounds, a guest without a table, chunks that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qemu_streams.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define BEGIN HEAD START("3", "spapr/htab", "1")
#define SIZE(order) BEGIN "u32 " order " " FOOT("3")
#define LAST END("3") "u32 0 " CHUNKS_END FOOT("3") STREAM_END

static struct hpt_qemu *open_text(const char *text, struct bytes *b)
{
	struct hpt_qemu *q = NULL;
	struct hpt_error err;

	*b = bytes_of(text);
	if (hpt_qemu_open_memory(b->data, b->len, NULL, &q, &err) ||
	    hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err))
		fail_msg("%s", err.text);
	return q;
}

static void expect_entry(struct hpt_qemu *q, uint64_t ptex, uint64_t v, uint64_t r)
{
	struct hpt_table *table = NULL;
	struct hpt_entry entry;

	assert_int_equal(hpt_qemu_table(q, &table, NULL), 0);
	assert_int_equal(hpt_table_read(table, ptex, 1, &entry, NULL), 0);
	assert_int_equal(entry.v, v);
	assert_int_equal(entry.r, r);
}

/* Later rounds go on top; KVM's lock bit and QEMU's mark are not let in. */
static void rounds(void **state)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct bytes b;
	struct hpt_qemu *q = open_text(
		SIZE("22")
		PART("3") "u32 0 u32 0 u16 2 u16 65535 " ENTRY_A
			  "u64 0x4000000000000071 u64 0x2196 " CHUNKS_END FOOT("3")
		PART("3") "u32 0 " CHUNKS_END FOOT("3")
		PART("3") "u32 0 u32 1 u16 1 u16 0 " ENTRY_B "u32 0x3ffff u16 1 u16 0 " ENTRY_A
			CHUNKS_END FOOT("3")
		END("3") "u32 0 u32 0 u16 0 u16 1 u32 2 u16 1 u16 0 " ENTRY_A
			 "u32 2 u16 1 u16 0 " ENTRY_B CHUNKS_END FOOT("3") STREAM_END, &b);

	(void)state;
	expect_entry(q, 0, 0, 0);
	expect_entry(q, 1, 0x4000000000000091, 0x1196);
	expect_entry(q, 2, 0x4000000000000091, 0x1196);
	expect_entry(q, 3, 0, 0);
	expect_entry(q, 0x3ffff, 0x4000000000000011, 0x196);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_int_equal(info.htab, HPT_QEMU_HTAB_WHOLE);
	assert_int_equal(info.order, 22);
	assert_int_equal(info.htab_rounds, 3);
	assert_int_equal(info.htab_chunks, 6);
	assert_int_equal(info.htab_valid, 6);
	hpt_qemu_close(q);
	bytes_free(&b);
}

static void hypervisor_bits(void **state)
{
	struct bytes b;
	struct hpt_qemu *q = open_text(SIZE("18") PART("3") "u32 0 u32 7 u16 1 u16 0 "
				       "u64 0x4000000000000071 u64 0x2196 " CHUNKS_END FOOT("3")
				       LAST, &b);

	(void)state;
	expect_entry(q, 7, 0x4000000000000011, 0x2196);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* A later round that happens to look like a whole table of another size. */
static void round_that_covers_a_power_of_two(void **state)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct bytes b;
	struct hpt_qemu *q = open_text(SIZE("20") PART("3") "u32 0 u32 0 u16 0 u16 16384 "
				       CHUNKS_END FOOT("3") LAST, &b);

	(void)state;
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_int_equal(info.order, 20);
	hpt_qemu_close(q);
	bytes_free(&b);
}

static void no_table(void **state)
{
	static const char *const texts[] = {
		BEGIN "u32 0xffffffff " FOOT("3") PART("3") "u32 0xffffffff " FOOT("3") END("3")
		      "u32 0xffffffff " FOOT("3") STREAM_END,
		/* QEMU 2.9 */
		BEGIN "u32 0 " FOOT("3") LAST,
		/* Given up in a later round. */
		SIZE("18") PART("3") "u32 0 u32 7 u16 1 u16 0 " ENTRY_A CHUNKS_END FOOT("3")
			END("3") "u32 0xffffffff " FOOT("3") STREAM_END,
	};
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	struct hpt_error err;
	struct hpt_qemu *q;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		q = open_text(texts[i], &b);
		assert_int_equal(hpt_qemu_table(q, &table, &err), HPT_ERR_NO_HPT);
		assert_null(table);
		assert_string_equal(err.text, "no hashed page table: the guest uses radix, or "
				    "had not chosen when it was saved");
		assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
		assert_int_equal(info.htab, HPT_QEMU_HTAB_NONE);
		assert_int_equal(info.order, 0);
		hpt_qemu_close(q);
		bytes_free(&b);
	}
}

/* A size in a later round makes another, empty table. A handle from before stays good. */
static void size_again(void **state)
{
	struct bytes b = bytes_of(SIZE("18") PART("3") "u32 0 u32 7 u16 1 u16 0 " ENTRY_A
				  CHUNKS_END FOOT("3") PART("3") "u32 19 " FOOT("3") LAST);
	struct hpt_qemu_info info = { .size = sizeof(info) };
	const struct hpt_qemu_item *item;
	struct hpt_table *before, *after;
	struct hpt_entry entry;
	struct hpt_qemu *q;

	(void)state;
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, NULL, &q, NULL), 0);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(hpt_qemu_table(q, &before, NULL), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, NULL), 0);
	assert_int_equal(hpt_qemu_table(q, &after, NULL), 0);
	assert_int_equal(hpt_table_order(before), 18);
	assert_int_equal(hpt_table_order(after), 19);
	assert_int_equal(hpt_table_read(before, 7, 1, &entry, NULL), 0);
	assert_int_equal(entry.v, 0x4000000000000011);
	assert_int_equal(hpt_table_read(after, 7, 1, &entry, NULL), 0);
	assert_int_equal(entry.v, 0);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_int_equal(info.order_start, 18);
	assert_int_equal(info.order, 19);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* More chunks than one batch of entries, and in several. */
static void long_chunk(void **state)
{
	struct bytes b = bytes_of(SIZE("18") PART("3") "u32 0 u32 100 u16 1000 u16 0 ");
	struct hpt_error err;
	struct hpt_qemu *q;
	uint64_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		bytes_put(&b, UINT64_C(0x4000000000000001) | i << 7, 8, 0);
		bytes_put(&b, i << 12 | 0x190, 8, 0);
	}
	bytes_put(&b, 0, 8, 0);
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, NULL, &q, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), HPT_ERR_TRUNCATED);
	for (i = 0; i < 1000; i++)
		expect_entry(q, 100 + i, UINT64_C(0x4000000000000001) | i << 7, i << 12 | 0x190);
	expect_entry(q, 1100, 0, 0);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* The first payload is at offset 32, that of the second round at 46, its chunk at 50. */
static const struct bad_stream bad_streams[] = {
	{ "no size", BEGIN, HPT_ERR_TRUNCATED, 32, "in a round of spapr/htab at offset 32" },
	{ "order too small", BEGIN "u32 17 ", HPT_ERR_ORDER, 32, "17" },
	{ "order too large", BEGIN "u32 47 ", HPT_ERR_ORDER, 32, "47" },
	{ "chunk without a table", BEGIN "u32 0xffffffff " FOOT("3") PART("3")
	  "u32 0 u32 7 u16 1 u16 0 " ENTRY_A, HPT_ERR_FORMAT, 50,
	  "offset 50: a chunk of spapr/htab, expected none" },
	{ "index", SIZE("18") PART("3") "u32 0 u32 16384 u16 1 u16 0 " ENTRY_A,
	  HPT_ERR_CHUNK_INDEX, 50,
	  "spapr/htab: corrupted, or the guest resized its table while it was saved, which such a "
	  "file cannot tell: chunk at offset 0x32: index is 0x4000, expected below 0x4000" },
	{ "huge index", SIZE("18") PART("3") "u32 0 u32 0xffffffff u16 0 u16 1 ",
	  HPT_ERR_CHUNK_INDEX, 50, "index is 0xffffffff, expected below 0x4000" },
	{ "valid count", SIZE("18") PART("3") "u32 0 u32 16383 u16 2 u16 0 " ENTRY_A ENTRY_B,
	  HPT_ERR_CHUNK_COUNT, 50, "resized its table while it was saved, which such a file cannot tell: chunk at "
	  "offset 0x32: index 0x3fff and 2 valid and 0 invalid entries lead beyond 0x4000" },
	{ "invalid count", SIZE("18") PART("3") "u32 0 u32 16380 u16 0 u16 5 ",
	  HPT_ERR_CHUNK_COUNT, 50, "0 valid and 5 invalid entries lead beyond 0x4000" },
	{ "index in a later round",
	  SIZE("18") HTAB_PART PART("3") "u32 0 u32 16384 u16 1 u16 0 " ENTRY_A,
	  HPT_ERR_CHUNK_INDEX, 96, "or the guest resized its table while it was saved" },
	{ "entry without V",
	  SIZE("18") PART("3") "u32 0 u32 9 u16 2 u16 0 " ENTRY_A "u64 2 u64 0 ",
	  HPT_ERR_NOT_VALID, 74, "spapr/htab: " },
	{ "chunk's header cut", SIZE("18") PART("3") "u32 0 u32 9 u16 2 ",
	  HPT_ERR_TRUNCATED_HEADER, 56, "spapr/htab: " },
	{ "chunk's entries cut", SIZE("18") PART("3") "u32 0 u32 9 u16 2 u16 0 " ENTRY_A "u8 0 ",
	  HPT_ERR_TRUNCATED_ENTRIES, 75, "spapr/htab: " },
	{ "end marker cut", SIZE("18") PART("3") "u32 0 u32 9 u16 1 u16 0 " ENTRY_A,
	  HPT_ERR_TRUNCATED_END, 74, "spapr/htab: " },
};

static void bad_rounds(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(bad_streams); i++)
		check_bad(&bad_streams[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds),
		cmocka_unit_test(hypervisor_bits),
		cmocka_unit_test(round_that_covers_a_power_of_two),
		cmocka_unit_test(no_table),
		cmocka_unit_test(size_again),
		cmocka_unit_test(long_chunk),
		cmocka_unit_test(bad_rounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
