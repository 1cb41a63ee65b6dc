/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Files of lzop, made byte by byte: forms of its header, and blocks that are not what they say.
 * What lzop itself makes is seen in tests/cli/info.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hpt/guest.h>

#include "guest_saved.h"

#define MAGIC "hex 894c5a4f000d0a1a0a "
/* Version, library, needed, method, level, flags, mode, times, name, checksum. */
#define HEADER(method, flags)                                                  \
	MAGIC "u16 0x1040 u16 0x20a0 u16 0x0940 u8 " method " u8 5 u32 " flags \
	      " u32 0 u32 0 u32 0 p\"guest\" u32 0 "
#define OLD_HEADER MAGIC "u16 0x0900 u16 0x1000 u8 1 u32 0 u32 0 u32 0 u8 0 u32 0 "
#define FILE_END "u32 0 "

/* A file whose only block is stored. */
static struct bytes stored(const char *header, unsigned int sums, const char *stream)
{
	struct bytes b = bytes_of(header), body = bytes_of(stream);

	bytes_put(&b, body.len, 4, 0);
	bytes_put(&b, body.len, 4, 0);
	bytes_fill(&b, (size_t)4 * sums, 0);
	bytes_add(&b, &body);
	bytes_append(&b, FILE_END);
	bytes_free(&body);
	return b;
}

static void expect_whole(const struct bytes *b)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	struct hpt_guest *guest;
	struct hpt_entry entry;
	int piped;

	for (piped = 0; piped < 2; piped++) {
		guest = must_open_saved(b, 0, piped);
		assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
		assert_string_equal(info.compression, "lzop");
		assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
		assert_int_equal(hpt_table_read(table, 6, 1, &entry, NULL), 0);
		assert_int_equal(entry.r, 0x1196);
		hpt_guest_close(guest);
	}
}

static void headers(void **state)
{
	static const struct {
		const char *header;
		unsigned int sums; /* in front of a stored block */
	} cases[] = {
		{ HEADER("1", "0"), 0 },
		{ HEADER("3", "0x202"), 0 }, /* sums of what a stored block does not have */
		{ HEADER("2", "0x100"), 1 },
		{ HEADER("1", "0x40") "u32 3 \"abc\" u32 0 ", 0 },
		{ OLD_HEADER, 0 },
	};
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = stored(cases[i].header, cases[i].sums, WHOLE);
		expect_whole(&b);
		bytes_free(&b);
	}
}

/* Blocks of LZO1X of 8 bytes that do not decode to 8. */
static void bad_blocks(void **state)
{
	static const char *const blocks[] = {
		"u32 7 hex 1551455656110000 ", /* a run, and no end */
		"u32 4 hex 19514556 ",         /* literals that are cut */
		"u32 6 hex 124121000011 ",     /* an end that is cut */
		"u32 5 hex 1241040011 ",       /* a match from before the first byte */
		"u32 7 hex 12412500001100 ",   /* 7 more of one: 8, and an end that is cut */
		"u32 7 hex 12413000001100 ",   /* 18 more of one: too many */
		"u32 1 hex 11 ",               /* nothing but an end that is cut */
		"u32 3 hex 110000 ",           /* nothing but an end */
		"u32 3 hex 200000 ",           /* a length without end */
	};
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(blocks); i++) {
		b = bytes_of(HEADER("1", "0") "u32 8 ");
		bytes_append(&b, blocks[i]);
		bytes_append(&b, FILE_END);
		if (open_saved(&b, 0, false, &guest, &err) != HPT_ERR_FORMAT ||
		    !strstr(err.text, "a block that does not decode to its length"))
			fail_msg("%s: %s", blocks[i], err.text);
		bytes_free(&b);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *name, *bytes;
		int code;
		const char *text;
	} bad[] = {
		{ "version", MAGIC "u16 0x0800 ", HPT_ERR_FORMAT, "a version before 0.9" },
		{ "method", HEADER("4", "0"), HPT_ERR_FORMAT, "a method that is not LZO1X" },
		{ "filter", HEADER("1", "0x800"), HPT_ERR_FORMAT, "a filter" },
		{ "extra field", HEADER("1", "0x40") "u32 0xffffffff ", HPT_ERR_FORMAT,
		  "extra field" },
		{ "no bytes", HEADER("1", "0") "u32 8 u32 0 ", HPT_ERR_FORMAT,
		  "lengths that cannot be" },
		{ "more than it was", HEADER("1", "0") "u32 8 u32 9 ", HPT_ERR_FORMAT,
		  "lengths that" },
		{ "a huge block", HEADER("1", "0") "u32 0x4000001 u32 0x4000000 ",
		  HPT_ERR_FORMAT, "lengths that" },
		{ "much of little", HEADER("1", "0") "u32 0x10000 u32 2 ", HPT_ERR_FORMAT,
		  "lengths" },
		{ "checksum", HEADER("1", "1") "u32 4 u32 4 u32 7 \"QEVM\" ", HPT_ERR_FORMAT,
		  "a block whose checksum is wrong" },
		{ "cut", HEADER("1", "0") "u32 0x10000 u32 0x10000 \"QEVM\" ",
		  HPT_ERR_TRUNCATED, "cannot decompress (lzop): the input ends at offset 55" },
	};
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(bad); i++) {
		b = bytes_of(bad[i].bytes);
		if (open_saved(&b, 0, i % 2, &guest, &err) != bad[i].code ||
		    !strstr(err.text, bad[i].text))
			fail_msg("%s: %s", bad[i].name, err.text);
		assert_true(err.has & HPT_ERROR_HAS_OFFSET);
		bytes_free(&b);
	}
}

static void cut(void **state)
{
	struct bytes whole = stored(HEADER("1", "0"), 0, WHOLE), b = whole;
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	for (b.len = 9; b.len < whole.len - 4; b.len += b.len < 200 ? 1 : 101)
		assert_int_equal(open_saved(&b, 0, b.len % 3 == 0, &guest, &err),
				 HPT_ERR_TRUNCATED);
	bytes_free(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers),
		cmocka_unit_test(bad_blocks),
		cmocka_unit_test(refused),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
