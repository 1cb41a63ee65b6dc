/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* QEMU's migration stream: items, commands, ends, and every way of giving its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "qemu_streams.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct hpt_qemu *open_bytes(struct bytes b, const struct hpt_qemu_options *options)
{
	struct hpt_qemu *q = NULL;
	struct hpt_error err;

	if (hpt_qemu_open_memory(b.data, b.len, options, &q, &err))
		fail_msg("%s", err.text);
	return q;
}

static void expect_table(struct hpt_qemu *q)
{
	struct hpt_entry entries[4];
	struct hpt_table *table;

	assert_int_equal(hpt_qemu_table(q, &table, NULL), 0);
	assert_int_equal(hpt_table_order(table), 18);
	assert_int_equal(hpt_table_read(table, 4, 4, entries, NULL), 0);
	assert_int_equal(entries[0].v, 0);
	assert_int_equal(entries[1].v, 0x4000000000000011);
	assert_int_equal(entries[2].v, 0x4000000000000091);
	assert_int_equal(entries[2].r, 0x1196);
	assert_int_equal(entries[3].v, 0);
}

static int length_4(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
		    uint64_t *length, struct hpt_error *err)
{
	(void)arg;
	(void)q;
	(void)item;
	(void)err;
	*length = 4;
	return 0;
}

static const struct hpt_qemu_options with_length = {
	.size = sizeof(with_length),
	.length = length_4,
};

static void each_item(void **state)
{
	static const struct {
		enum hpt_qemu_type type;
		const char *name;
		uint64_t length;
	} expected[] = {
		{ HPT_QEMU_CONFIGURATION, "", 15 },
		{ HPT_QEMU_COMMAND, "", 2 },
		{ HPT_QEMU_START, "ram", 8 + 2 + 8 + 8 },
		{ HPT_QEMU_START, "spapr/htab", 4 },
		{ HPT_QEMU_PART, "ram", 8 + 2 + 4096 + 9 + 8 },
		{ HPT_QEMU_PART, "spapr/htab", 4 + 8 + 16 + 8 },
		{ HPT_QEMU_END, "ram", 8 },
		{ HPT_QEMU_END, "spapr/htab", 4 + 8 + 16 + 8 },
		{ HPT_QEMU_FULL, "cpu", 4 },
		{ HPT_QEMU_EOF, "", 0 },
		{ HPT_QEMU_DESCRIPTION, "", 2 },
	};
	struct bytes b = bytes_of(HEAD CONFIG COMMAND("2", "2") "u16 7 " RAM_START HTAB_START
				  RAM_PART HTAB_PART RAM_END HTAB_END FULL("9", "cpu", "5")
				  "u32 1 " FOOT("9") STREAM_END "u8 6 s\"{}\" fill 9 0 ");
	struct hpt_qemu *q = open_bytes(b, &with_length);
	const struct hpt_qemu_item *item = NULL;
	struct hpt_qemu_info info = { .size = sizeof(info) };
	uint64_t end = 8;
	size_t i;

	(void)state;
	for (i = 0; i < N(expected); i++) {
		assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
		assert_non_null(item);
		assert_int_equal(item->type, expected[i].type);
		assert_string_equal(item->name, expected[i].name);
		assert_int_equal(item->offset, end);
		assert_int_equal(item->length, expected[i].length);
		assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
		end = info.bytes;
	}
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_null(item);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_null(item);
	assert_null(hpt_qemu_warning(q, 0));
	expect_table(q);
	hpt_qemu_close(q);
	bytes_free(&b);
}

static void what_is_known(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_qemu *q = open_bytes(b, NULL);
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), 0);
	assert_int_equal(hpt_qemu_info(q, &info, &err), 0);
	assert_string_equal(info.machine, "pseries-7.2");
	assert_int_equal(info.htab, HPT_QEMU_HTAB_WHOLE);
	assert_int_equal(info.order, 18);
	assert_int_equal(info.order_start, 18);
	assert_int_equal(info.htab_rounds, 2);
	assert_int_equal(info.htab_chunks, 2);
	assert_int_equal(info.htab_valid, 2);
	assert_int_equal(info.ram_bytes, 0x4000);
	assert_int_equal(info.ram_rounds, 3);
	assert_int_equal(info.ram_records, 2);
	assert_int_equal(info.ram_blocks, 1);
	assert_true(info.ended);
	assert_int_equal(info.sections, 6);
	assert_int_equal(info.bytes, b.len);
	info.size = 8;
	assert_int_equal(hpt_qemu_info(q, &info, &err), HPT_ERR_ARGUMENT);
	hpt_qemu_close(q);
	bytes_free(&b);
}

#define AT_CONFIG 8
#define AT_ITEMS (AT_CONFIG + 1 + 4 + 11)

static const struct bad_stream bad_streams[] = {
	{ "nothing", "", HPT_ERR_TRUNCATED, 0,
	  "the input ends at offset 0 in the header at offset 0: 8 more bytes expected, 0 found" },
	{ "no magic", "u32 0x5145564e u32 3 ", HPT_ERR_FORMAT, 0,
	  "magic 0x5145564e, expected 0x5145564d (\"QEVM\")" },
	{ "old version", "u32 0x5145564d u32 2 ", HPT_ERR_FORMAT, 4,
	  "offset 4: version 2 of the migration stream, expected 3" },
	{ "no item", HEAD, HPT_ERR_TRUNCATED, 8, "in the list of items at offset 8" },
	{ "item type", HEAD "u8 0x42 ", HPT_ERR_FORMAT, 8, "offset 8: item type 0x42" },
	{ "subsection alone", HEAD "u8 5 ", HPT_ERR_FORMAT, 8, "item type 0x05" },
	{ "footer alone", HEAD FOOT("1"), HPT_ERR_FORMAT, 8, "item type 0x7e" },
	{ "description too soon", HEAD "u8 6 s\"{}\" ", HPT_ERR_FORMAT, 8,
	  "offset 8: a description before the end" },
	{ "machine type too long", HEAD "u8 7 u32 256 fill 256 0x61 ", HPT_ERR_FORMAT, 9,
	  "offset 9: a machine type of 256 bytes, expected at most 255" },
	{ "machine type with NUL", HEAD "u8 7 u32 2 u16 0x6100 ", HPT_ERR_FORMAT, 9,
	  "the machine type has a NUL in it" },
	{ "machine type cut", HEAD "u8 7 u32 9 \"ps\" ", HPT_ERR_TRUNCATED, 15,
	  "in the machine type at offset 9: 13 more bytes expected, 6 found" },
	{ "second configuration", HEAD CONFIG CONFIG, HPT_ERR_FORMAT, AT_ITEMS,
	  "offset 24: a configuration, expected once" },
	{ "page bits", HEAD CONFIG "u8 5 p\"configuration/target-page-bits\" u32 1 u32 16 ",
	  HPT_ERR_FORMAT, 60, "target pages of 2^16 bytes, expected 2^12" },
	{ "unknown subsection", HEAD CONFIG "u8 5 p\"configuration/x\" u32 1 ", HPT_ERR_FORMAT,
	  AT_ITEMS, "offset 24: subsection \"configuration/x\"" },
	{ "empty capability",
	  HEAD CONFIG "u8 5 p\"configuration/capabilities\" u32 1 u32 1 u8 0 ", HPT_ERR_FORMAT,
	  60, "offset 60: a capability's name is empty" },
	{ "capabilities cut",
	  HEAD CONFIG "u8 5 p\"configuration/capabilities\" u32 1 u32 0xffffffff p\"a\" ",
	  HPT_ERR_TRUNCATED, 62, "in a capability's name at offset 62" },
	{ "round of nothing", HEAD PART("7"), HPT_ERR_FORMAT, 8,
	  "offset 8: a round of section id 7, which never began" },
	{ "round after the end", HEAD RAM_START RAM_END PART("2"), HPT_ERR_FORMAT, 74,
	  "section id 2, which has ended" },
	{ "empty section name", HEAD "u8 1 u32 2 u8 0 u32 0 u32 4 ", HPT_ERR_FORMAT, 13,
	  "offset 13: a section's name is empty" },
	{ "section name with NUL", HEAD "u8 1 u32 2 u8 2 u16 0x7200 u32 0 u32 4 ",
	  HPT_ERR_FORMAT, 13, "a text with a NUL in it" },
	{ "ram version", HEAD START("2", "ram", "3"), HPT_ERR_FORMAT, 8,
	  "offset 8: section \"ram\" of version 3, expected 4" },
	{ "htab version", HEAD START("2", "spapr/htab", "2"), HPT_ERR_FORMAT, 8,
	  "section \"spapr/htab\" of version 2, expected 1" },
	{ "second ram", HEAD RAM_START START("4", "ram", "4"), HPT_ERR_FORMAT, 56,
	  "offset 56: a second section \"ram\"" },
	{ "second htab", HEAD HTAB_START START("4", "spapr/htab", "1"), HPT_ERR_FORMAT, 41,
	  "offset 41: a second section \"spapr/htab\"" },
	{ "id again", HEAD RAM_START START("2", "spapr/htab", "1"), HPT_ERR_FORMAT, 56,
	  "offset 56: section id 2 begins again" },
	{ "footer of another", HEAD START("2", "ram", "4") EOS FOOT("3"), HPT_ERR_FORMAT, 33,
	  "offset 33: bytes 7e 00000003 behind section \"ram\", expected its footer 7e 00000002" },
	{ "footer missing", HEAD RAM_START PART("2") EOS PART("2") EOS, HPT_ERR_FORMAT, 69,
	  "offset 69: bytes 02 00000002 behind section \"ram\"" },
	{ "footer unexpected", HEAD START("2", "ram", "4") EOS PART("2") EOS FOOT("2"),
	  HPT_ERR_FORMAT, 46, "item type 0x7e" },
	{ "footer cut", HEAD START("2", "ram", "4") EOS "u8 0x7e u16 0 ", HPT_ERR_TRUNCATED, 36,
	  "in a section's footer at offset 33: 5 more bytes expected, 3 found" },
	{ "device state", HEAD FULL("9", "cpu", "3"), HPT_ERR_SECTION_LENGTH, 8,
	  "offset 8: section \"cpu\" instance 3 has no length in the stream" },
	{ "unknown rounds", HEAD START("9", "dirty-bitmap", "1"), HPT_ERR_SECTION_LENGTH, 8,
	  "section \"dirty-bitmap\" instance 0 has no length" },
	{ "command cut", HEAD COMMAND("1", "4") "u16 0 ", HPT_ERR_TRUNCATED, 15,
	  "in a command's data at offset 13: 4 more bytes expected, 2 found" },
	{ "package of 3", HEAD COMMAND("7", "3") "u8 0 u16 0 ", HPT_ERR_FORMAT, 8,
	  "command PACKAGED of 3 bytes, expected 4" },
	{ "package in package", HEAD COMMAND("7", "4") "u32 99 " COMMAND("7", "4") "u32 9 ",
	  HPT_ERR_FORMAT, 17, "command PACKAGED in a package" },
	{ "package too short", HEAD COMMAND("7", "4") "u32 3 " COMMAND("1", "0") STREAM_END,
	  HPT_ERR_FORMAT, 20, "offset 20: a package ends inside the item at offset 17" },
	{ "description cut", HEAD STREAM_END "u8 6 u32 5 \"{}\" ", HPT_ERR_TRUNCATED, 16,
	  "the input ends at offset 16 in the description" },
	{ "huge description", HEAD STREAM_END "u8 6 u32 0xffffffff ", HPT_ERR_TRUNCATED, 14,
	  "4294967295 more bytes expected, 0 found" },
};

static void bad_items(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(bad_streams); i++)
		check_bad(&bad_streams[i]);
}

/* Cut anywhere before the table's end it is an error, with an offset; from there on none. */
static void every_truncation(void **state)
{
	struct bytes whole = bytes_of(WHOLE), table = bytes_of(TABLE);
	struct hpt_error err;
	struct hpt_qemu *q;
	size_t len;
	int r;

	(void)state;
	for (len = 0; len <= whole.len; len++) {
		q = NULL;
		memset(&err, 0, sizeof(err));
		r = hpt_qemu_open_memory(whole.data, len, NULL, &q, &err);
		if (!r)
			r = hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err);
		if (len < table.len) {
			assert_true(r == HPT_ERR_TRUNCATED || r == HPT_ERR_TRUNCATED_HEADER ||
				    r == HPT_ERR_TRUNCATED_ENTRIES || r == HPT_ERR_TRUNCATED_END);
			assert_true(err.has & HPT_ERROR_HAS_OFFSET);
			assert_int_equal(err.offset, len);
		} else {
			assert_int_equal(r, 0);
			expect_table(q);
		}
		hpt_qemu_close(q);
	}
	bytes_free(&whole);
	bytes_free(&table);
}

/* However the bytes come, the same is read; and not one byte too many. */
static void every_split(void **state)
{
	struct bytes whole = bytes_of(WHOLE), table = bytes_of(TABLE);
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct hpt_error err;
	struct hpt_qemu *q;
	size_t step;

	(void)state;
	for (step = 1; step < 40; step++) {
		struct drip drip = { .data = whole.data, .len = whole.len, .step = step };

		assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
		if (step == 1)
			assert_int_equal(drip.used, table.len);
		assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
		assert_int_equal(info.bytes, table.len);
		expect_table(q);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), 0);
		assert_null(hpt_qemu_view(q, 0, 1));
		hpt_qemu_close(q);
	}
	bytes_free(&whole);
	bytes_free(&table);
}

/* Streams whose payload in the middle is larger than the window. */
static void long_skip(void **state)
{
	struct bytes b = bytes_of(HEAD FULL("9", "cpu", "0") "fill 1000000 7 " FOOT("9") STREAM_END);
	struct drip drip = { .data = b.data, .len = b.len, .step = 65536 };
	struct hpt_qemu *q;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), HPT_ERR_SECTION_LENGTH);
	hpt_qemu_close(q);
	bytes_free(&b);
}

static FILE *file_with(const struct bytes *b, size_t before)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	while (before--)
		assert_int_equal(fputc('x', file), 'x');
	assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
	assert_int_equal(fflush(file), 0);
	return file;
}

static void from_files(void **state)
{
	static const uint32_t flags[] = { 0, HPT_QEMU_MAP };
	struct bytes b = bytes_of(WHOLE);
	FILE *file = file_with(&b, 92);
	struct hpt_error err;
	struct hpt_qemu *q;
	size_t i;

	(void)state;
	for (i = 0; i < N(flags); i++) {
		struct hpt_qemu_options options = {
			.size = sizeof(options),
			.flags = flags[i],
			.offset = 92,
		};

		assert_int_equal(lseek(fileno(file), 92, SEEK_SET), 92);
		assert_int_equal(hpt_qemu_open(fileno(file), &options, &q, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
		expect_table(q);
		if (!flags[i]) {
			assert_null(hpt_qemu_view(q, 92, 4));
		} else {
			assert_memory_equal(hpt_qemu_view(q, 92, 4), "QEVM", 4);
			assert_non_null(hpt_qemu_view(q, 92, b.len));
			assert_null(hpt_qemu_view(q, 92, b.len + 1));
			assert_null(hpt_qemu_view(q, 91, 1));
			assert_null(hpt_qemu_view(q, UINT64_MAX, 1));
		}
		hpt_qemu_close(q);
	}
	fclose(file);
	bytes_free(&b);
}

static void from_pipe(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_error err;
	struct hpt_qemu *q;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], b.data, b.len), (ssize_t)b.len);
	/* The writing end stays open: what is behind the table must not be waited for. */
	assert_int_equal(hpt_qemu_open(ends[0], NULL, &q, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
	expect_table(q);
	hpt_qemu_close(q);
	close(ends[0]);
	close(ends[1]);
	bytes_free(&b);
}

static void files_that_fail(void **state)
{
	struct bytes none = bytes_of("");
	FILE *file = file_with(&none, 0);
	struct hpt_qemu *q = NULL;
	struct hpt_error err;
	int ends[2];

	(void)state;
	assert_int_equal(hpt_qemu_open(fileno(file), NULL, &q, &err), HPT_ERR_TRUNCATED);
	fclose(file);
	assert_int_equal(pipe(ends), 0);
	/* The end for writing cannot be read. */
	assert_int_equal(hpt_qemu_open(ends[1], NULL, &q, &err), HPT_ERR_SYSTEM);
	assert_int_not_equal(err.os_errno, 0);
	assert_non_null(strstr(err.text, "cannot read at offset 0"));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(hpt_qemu_open(ends[1], NULL, &q, &err), HPT_ERR_SYSTEM);
	assert_non_null(strstr(err.text, "cannot look at the descriptor"));
	assert_null(q);
	bytes_free(&none);
}

static void source_that_fails(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct drip drip = { .data = b.data, .len = b.len, .step = 16, .fail_at = 64 };
	struct hpt_error err, again;
	struct hpt_qemu *q;

	(void)state;
	assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), HPT_ERR_SYSTEM);
	assert_string_equal(err.text, "the source broke");
	assert_int_equal(err.offset, 64);
	assert_int_equal(err.os_errno, 5);
	drip.fail_at = 0;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &again), HPT_ERR_SYSTEM);
	assert_string_equal(again.text, err.text);
	hpt_qemu_close(q);
	bytes_free(&b);
}

static void same_error_again(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG "u8 0x42 ");
	struct hpt_qemu *q = open_bytes(b, NULL);
	const struct hpt_qemu_item *item = NULL;
	struct hpt_error first, second;

	(void)state;
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(hpt_qemu_next(q, &item, &first), HPT_ERR_FORMAT);
	assert_int_equal(hpt_qemu_next(q, &item, &second), HPT_ERR_FORMAT);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &second), HPT_ERR_FORMAT);
	assert_string_equal(first.text, second.text);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* Behind the end: padding is nothing, other bytes are a remark. */
static void behind_the_end(void **state)
{
	struct bytes pad = bytes_of(WHOLE "fill 70000 0 ");
	struct bytes odd = bytes_of(HEAD STREAM_END "u8 6 s\"{}\" fill 20 0 \"junk\" ");
	struct hpt_qemu *q = open_bytes(pad, NULL);

	(void)state;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	assert_null(hpt_qemu_warning(q, 0));
	hpt_qemu_close(q);
	q = open_bytes(odd, NULL);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	assert_string_equal(hpt_qemu_warning(q, 0),
			    "4 bytes behind the end of the stream, from offset 36 on, are not "
			    "understood");
	assert_null(hpt_qemu_warning(q, 1));
	hpt_qemu_close(q);
	bytes_free(&pad);
	bytes_free(&odd);
}

static void configuration(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG
				  "u8 5 p\"configuration/target-page-bits\" u32 1 u32 12 "
				  "u8 5 p\"configuration/capabilities\" u32 1 u32 3 "
				  "p\"mapped-ram\" p\"x-ignore-shared\" p\"new\" "
				  "u8 5 p\"configuration/uuid\" u32 1 fill 16 1 " STREAM_END);
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct hpt_qemu *q = open_bytes(b, NULL);

	(void)state;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_true(info.mapped_ram);
	assert_true(info.ignore_shared);
	assert_string_equal(hpt_qemu_warning(q, 0), "the configuration names capability \"new\", "
			    "which is not known here");
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* A packaged stream is read as if it stood alone; what cannot be read in it is passed. */
static void package(void **state)
{
	struct bytes b = bytes_of(HEAD COMMAND("7", "4") "u32 17 " COMMAND("4", "0")
				  FULL("9", "x", "0") "hex 0102 " COMMAND("5", "0") STREAM_END);
	const struct hpt_qemu_item *item = NULL;
	struct hpt_qemu *q;

	(void)state;
	b.data[16] = 5 + 15 + 2; /* the package: a command and a section of unknown length */
	q = open_bytes(b, NULL);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(item->command, 7);
	assert_int_equal(item->length, 4);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(item->command, 4);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_string_equal(item->name, "x");
	assert_int_equal(item->length, 2);
	assert_int_equal(hpt_qemu_next(q, &item, NULL), 0);
	assert_int_equal(item->command, 5);
	assert_string_equal(hpt_qemu_warning(q, 0),
			    "offset 22: the rest of a package is passed over: the length of its "
			    "section \"x\" is not known");
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* Looks at the rest of the input from the section on, as libhpt-guest does. */
static int length_by_looking(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
			     uint64_t *length, struct hpt_error *err)
{
	size_t limit = *(size_t *)arg, len;
	const unsigned char *bytes;
	const void *rest;
	uint64_t offset;
	int r = hpt_qemu_rest(q, limit, &rest, &len, &offset, err);

	if (r)
		return r;
	bytes = rest;
	assert_int_equal(offset, item->offset);
	assert_int_equal(bytes[0], HPT_QEMU_FULL);
	assert_int_equal(bytes[len - 1], 0x5a);
	*length = bytes[item->payload - offset];
	return 0;
}

static void rest_of_the_input(void **state)
{
	struct bytes b = bytes_of(TABLE FULL("9", "cpu", "0") "u8 9 fill 8 1 " FOOT("9")
				  FULL("10", "x", "0") "u8 1 " FOOT("10") STREAM_END
				  "fill 300000 0 u8 0x5a ");
	size_t limit = 1000000, step;
	struct hpt_qemu_options options = {
		.size = sizeof(options),
		.length = length_by_looking,
		.arg = &limit,
	};
	struct hpt_error err;
	struct hpt_qemu *q;

	(void)state;
	for (step = 1000; step < 100000; step *= 3) {
		struct drip drip = { .data = b.data, .len = b.len, .step = step };

		limit = 1000000;
		assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, &options, &q, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), 0);
		expect_table(q);
		hpt_qemu_close(q);
		drip.used = 0;
		limit = 300000;
		assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, &options, &q, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err),
				 HPT_ERR_SECTION_LENGTH);
		assert_non_null(strstr(err.text, "more than 300000 bytes follow offset"));
		expect_table(q);
		hpt_qemu_close(q);
	}
	bytes_free(&b);
}

/* However the bytes come, a section can be looked at from its type byte on. */
static void rest_byte_by_byte(void **state)
{
	struct bytes b = bytes_of(TABLE FULL("9", "cpu", "0") "u8 9 fill 8 1 " FOOT("9")
				  FULL("10", "x", "0") "u8 1 " FOOT("10") STREAM_END "u8 0x5a ");
	size_t limit = 1000000, step;
	struct hpt_qemu_options options = {
		.size = sizeof(options),
		.length = length_by_looking,
		.arg = &limit,
	};
	struct hpt_error err;
	struct hpt_qemu *q;

	(void)state;
	for (step = 1; step < 40; step++) {
		struct drip drip = { .data = b.data, .len = b.len, .step = step };

		assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, &options, &q, &err), 0);
		if (hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err))
			fail_msg("step %zu: %s", step, err.text);
		expect_table(q);
		hpt_qemu_close(q);
	}
	bytes_free(&b);
}

static int stop_at_once(void *arg, uint64_t done, uint64_t total)
{
	uint64_t *seen = arg;

	seen[0] = done;
	seen[1] = total;
	return 1;
}

static void progress(void **state)
{
	struct bytes b = bytes_of(HEAD STREAM_END "fill 9000000 0 ");
	uint64_t seen[2] = { 0, 0 };
	struct hpt_qemu_options options = {
		.size = sizeof(options),
		.progress = stop_at_once,
		.arg = seen,
	};
	struct hpt_qemu *q = open_bytes(b, &options);
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), HPT_ERR_STOPPED);
	assert_non_null(strstr(err.text, "stopped at offset"));
	assert_true(seen[0] >= 4 << 20);
	assert_true(seen[0] < 9000000);
	assert_int_equal(seen[1], b.len);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* How far to read: to the table, to the end of RAM, to the end. */
static void until(void **state)
{
	struct bytes b = bytes_of(HEAD RAM_START HTAB_START HTAB_END RAM_END STREAM_END);
	struct hpt_qemu_info info = { .size = sizeof(info) };
	struct hpt_qemu *q = open_bytes(b, NULL);

	(void)state;
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, NULL), 0);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_int_equal(info.ram_rounds, 1);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_MEMORY, NULL), 0);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_int_equal(info.ram_rounds, 2);
	assert_false(info.ended);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL), 0);
	assert_int_equal(hpt_qemu_info(q, &info, NULL), 0);
	assert_true(info.ended);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, NULL), 0);
	assert_int_equal(hpt_qemu_read(q, (enum hpt_qemu_until)9, NULL), HPT_ERR_ARGUMENT);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* Device state behind RAM, and no table: a bare machine. Its length is not needed. */
static void bare_machine(void **state)
{
	struct bytes b = bytes_of(HEAD RAM_START RAM_END FULL("9", "cpu", "0") "u32 0 ");
	struct bytes ended = bytes_of(HEAD STREAM_END);
	struct hpt_qemu *q = open_bytes(b, NULL);
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qemu_table(q, &table, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_MEMORY, &err), 0);
	assert_int_equal(hpt_qemu_table(q, &table, &err), HPT_ERR_NO_HPT);
	assert_string_equal(err.text, "no section \"spapr/htab\": a bare machine keeps its tables, "
			    "if any, in its own memory");
	assert_null(table);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), HPT_ERR_SECTION_LENGTH);
	hpt_qemu_close(q);
	q = open_bytes(ended, NULL);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, &err), 0);
	assert_int_equal(hpt_qemu_table(q, &table, &err), HPT_ERR_NO_HPT);
	hpt_qemu_close(q);
	bytes_free(&b);
	bytes_free(&ended);
}

static void arguments(void **state)
{
	static const struct hpt_reader_ops no_read = { .size = sizeof(no_read) };
	struct hpt_qemu_options options = { .size = sizeof(options), .flags = 0x80 };
	struct bytes b = bytes_of(WHOLE);
	struct hpt_qemu *q = NULL;
	struct hpt_error err;
	const void *bytes;
	uint64_t offset;
	size_t len;

	(void)state;
	assert_int_equal(hpt_qemu_open(-1, NULL, &q, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_open_memory(NULL, 1, NULL, &q, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_open_reader(&no_read, NULL, NULL, &q, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_open_reader(NULL, NULL, NULL, &q, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, &options, &q, &err),
			 HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "unknown flags 0x80"));
	options.size = 4;
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, &options, &q, &err),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_next(NULL, NULL, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_rest(NULL, 0, &bytes, &len, &offset, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_table(NULL, NULL, &err), HPT_ERR_ARGUMENT);
	assert_null(hpt_qemu_view(NULL, 0, 0));
	assert_null(hpt_qemu_warning(NULL, 0));
	assert_null(q);
	hpt_qemu_close(NULL);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_item),	     cmocka_unit_test(what_is_known),
		cmocka_unit_test(bad_items),	     cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_split),	     cmocka_unit_test(long_skip),
		cmocka_unit_test(from_files),	     cmocka_unit_test(from_pipe),
		cmocka_unit_test(files_that_fail),   cmocka_unit_test(source_that_fails),
		cmocka_unit_test(same_error_again),  cmocka_unit_test(behind_the_end),
		cmocka_unit_test(configuration),     cmocka_unit_test(package),
		cmocka_unit_test(rest_of_the_input), cmocka_unit_test(rest_byte_by_byte),
		cmocka_unit_test(progress),	     cmocka_unit_test(until),
		cmocka_unit_test(bare_machine),	     cmocka_unit_test(arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
