/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Section "ram": every form of record, where the pages are, what cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "qemu_streams.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

#define CAPS "u8 5 p\"configuration/capabilities\" u32 1 "
#define BEGIN START("2", "ram", "4")

/* Open and read a stream; @b must outlive the reader. */
static struct hpt_qemu *open_ram(struct bytes b)
{
	struct hpt_qemu *q = NULL;
	struct hpt_error err;

	if (hpt_qemu_open_memory(b.data, b.len, NULL, &q, &err) ||
	    hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err))
		fail_msg("%s", err.text);
	return q;
}

/* The one record of a page. */
static struct hpt_qemu_page page_of(const struct hpt_qemu *q, size_t block, uint64_t page)
{
	struct hpt_qemu_page out;
	struct hpt_error err;
	size_t n = 0;

	if (hpt_qemu_page(q, block, page, &out, 1, &n, &err))
		fail_msg("%s", err.text);
	assert_int_equal(n, 1);
	return out;
}

/* A page of the stream, all of whose bytes are @byte. */
static void expect_raw(const struct hpt_qemu *q, size_t block, uint64_t number, int byte)
{
	struct hpt_qemu_page page = page_of(q, block, number);
	const unsigned char *bytes = hpt_qemu_view(q, page.offset, page.length);

	assert_int_equal(page.record, HPT_QEMU_RAW);
	assert_int_equal(page.length, HPT_QEMU_PAGE);
	assert_non_null(bytes);
	assert_int_equal(bytes[0], byte);
	assert_int_equal(bytes[HPT_QEMU_PAGE - 1], byte);
}

static void expect_fill(const struct hpt_qemu *q, size_t block, uint64_t number, int byte)
{
	struct hpt_qemu_page page = page_of(q, block, number);

	assert_int_equal(page.record, HPT_QEMU_FILL);
	assert_int_equal(page.fill, byte);
	assert_int_equal(page.length, 0);
}

static uint64_t runs_of(const struct hpt_qemu *q, size_t block)
{
	struct hpt_qemu_block out = { .size = sizeof(out) };

	assert_int_equal(hpt_qemu_block(q, block, &out, NULL), 0);
	return out.runs;
}

static void each_record(void **state)
{
	struct bytes good = bytes_of(
		HEAD BEGIN "u64 0xb004 p\"a\" u64 0x8000 p\"bb\" u64 0x3000 " EOS FOOT("2")
		PART("2") "u64 0x0008 p\"a\" fill 4096 1 u64 0x1028 fill 4096 2 "
			  "u64 0x2028 fill 4096 3 u64 0x4022 u8 0 u64 0x5022 u8 0 "
			  "u64 0x6022 u8 9 u64 0x0002 p\"bb\" u8 0 u64 0x200 "
			  "u64 0x1120 u32 5 hex 789c030001 " EOS FOOT("2")
		END("2") "u64 0x2028 fill 4096 7 " EOS FOOT("2") STREAM_END);
	struct hpt_qemu *q = open_ram(good);
	struct hpt_qemu_page page;

	(void)state;
	expect_raw(q, 0, 0, 1);
	expect_raw(q, 0, 1, 2);
	expect_raw(q, 0, 2, 3);
	expect_fill(q, 0, 3, 0); /* never mentioned */
	expect_fill(q, 0, 4, 0);
	expect_fill(q, 0, 5, 0);
	expect_fill(q, 0, 6, 9);
	expect_fill(q, 0, 7, 0);
	expect_fill(q, 1, 0, 0);
	page = page_of(q, 1, 1);
	assert_int_equal(page.record, HPT_QEMU_ZLIB);
	assert_int_equal(page.length, 5);
	assert_memory_equal(hpt_qemu_view(q, page.offset, 5), "\x78\x9c\x03\x00\x01", 5);
	expect_raw(q, 1, 2, 7); /* goes on with the block of the round before */
	/* Three pages in a row are one run, so are two zero pages. */
	assert_int_equal(runs_of(q, 0), 3);
	assert_int_equal(runs_of(q, 1), 3);
	hpt_qemu_close(q);
	bytes_free(&good);
}

/* Rounds that write pages again: the last one holds, deltas go on top of what was there. */
static void passes_and_deltas(void **state)
{
	struct bytes b = bytes_of(
		HEAD BEGIN "u64 0x4004 p\"a\" u64 0x4000 " EOS FOOT("2")
		PART("2") "u64 0x0008 p\"a\" fill 4096 1 u64 0x1028 fill 4096 2 "
			  "u64 0x2022 u8 0 " EOS FOOT("2")
		PART("2") "u64 0x1060 u8 1 u16 3 hex 0001ff " EOS FOOT("2")
		PART("2") "u64 0x0060 u8 1 u16 3 hex 0001fe u64 0x1060 u8 1 u16 4 hex 0502aabb "
			EOS FOOT("2")
		PART("2") "u64 0x0028 fill 4096 5 u64 0x3060 u8 1 u16 3 hex 000101 " EOS FOOT("2")
		END("2") "u64 0x2060 u8 1 u16 3 hex 0001fd " EOS FOOT("2") STREAM_END);
	struct hpt_qemu *q = open_ram(b);
	struct hpt_qemu_page pages[3];
	struct hpt_error err;
	size_t n = 0;

	(void)state;
	expect_raw(q, 0, 0, 5);
	memset(pages, 0x55, sizeof(pages));
	assert_int_equal(hpt_qemu_page(q, 0, 1, pages, 2, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(pages[0].length, 0x55555555); /* no room: nothing was put out */
	assert_int_equal(hpt_qemu_page(q, 0, 1, pages, 3, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_int_equal(pages[0].record, HPT_QEMU_RAW);
	assert_int_equal(pages[1].record, HPT_QEMU_XBZRLE);
	assert_memory_equal(hpt_qemu_view(q, pages[1].offset, 3), "\x00\x01\xff", 3);
	assert_int_equal(pages[2].length, 4);
	assert_memory_equal(hpt_qemu_view(q, pages[2].offset, 4), "\x05\x02\xaa\xbb", 4);
	assert_int_equal(hpt_qemu_page(q, 0, 2, pages, 3, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(pages[0].record, HPT_QEMU_FILL);
	assert_int_equal(hpt_qemu_page(q, 0, 3, pages, 3, &n, &err), HPT_ERR_FORMAT);
	assert_int_equal(err.address, 0x3000);
	assert_string_equal(err.text,
			    "page 3 of its block has a delta and no content before it");
	assert_int_equal(hpt_qemu_page(q, 0, 4, pages, 3, &n, &err), HPT_ERR_RANGE);
	assert_int_equal(err.address, 0x4000);
	assert_int_equal(hpt_qemu_page(q, 1, 0, pages, 3, &n, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_qemu_page(NULL, 0, 0, pages, 3, &n, &err), HPT_ERR_ARGUMENT);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* Many runs, many passes: each page is found, and has its newest content. */
static void many_runs(void **state)
{
	struct bytes b = bytes_of(HEAD BEGIN "u64 0x100004 p\"a\" u64 0x100000 " EOS FOOT("2")
				  PART("2") "u64 0x2 p\"a\" u8 0 ");
	struct hpt_qemu *q;
	uint64_t page;
	int pass;

	(void)state;
	for (pass = 1; pass < 8; pass++) {
		for (page = 0; page < 256; page += (uint64_t)pass) {
			bytes_put(&b, page << 12 | 0x22, 8, 0);
			bytes_put(&b, (uint64_t)(pass * 16) + page % 7, 1, 0);
		}
	}
	bytes_put(&b, 0x10, 8, 0);
	bytes_put(&b, 0x7e, 1, 0);
	bytes_put(&b, 2, 4, 0);
	bytes_put(&b, 0, 1, 0);
	q = open_ram(b);
	for (page = 0; page < 256; page++) {
		for (pass = 7; page % (uint64_t)pass; pass--)
			;
		expect_fill(q, 0, page, pass * 16 + (int)(page % 7));
	}
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* The list's unannounced page size is told from what follows. */
static void page_sizes(void **state)
{
	struct bytes b = bytes_of(
		HEAD COMMAND("3", "16") "u64 0 u64 4096 " BEGIN
		"u64 0x3004 p\"a\" u64 0x1000 u64 0x1000000 p\"b\" u64 0x1000 "
		"p\"c\" u64 0x1000 u64 0x10000 u64 0x200 " EOS FOOT("2") STREAM_END);
	struct bytes shared = bytes_of(
		HEAD CONFIG CAPS "u32 1 p\"x-ignore-shared\" " COMMAND("3", "0") BEGIN
		"u64 0x2004 p\"a\" u64 0x1000 u64 0x10000 u64 0 p\"b\" u64 0x1000 u64 0x80000000 "
		EOS FOOT("2") STREAM_END);
	struct hpt_qemu_block block = { .size = sizeof(block) };
	struct hpt_qemu *q = open_ram(b);

	(void)state;
	assert_int_equal(hpt_qemu_block(q, 0, &block, NULL), 0);
	assert_string_equal(block.name, "a");
	assert_int_equal(block.length, 0x1000);
	assert_int_equal(block.page_size, 0x1000000);
	assert_int_equal(block.mr_address, UINT64_MAX);
	assert_int_equal(hpt_qemu_block(q, 1, &block, NULL), 0);
	assert_int_equal(block.page_size, 0);
	assert_int_equal(hpt_qemu_block(q, 2, &block, NULL), 0);
	assert_int_equal(block.page_size, 0x10000);
	assert_null(hpt_qemu_warning(q, 0));
	assert_int_equal(hpt_qemu_block(q, 3, &block, NULL), HPT_ERR_ARGUMENT);
	hpt_qemu_close(q);
	q = open_ram(shared);
	assert_int_equal(hpt_qemu_block(q, 0, &block, NULL), 0);
	assert_int_equal(block.page_size, 0x10000);
	assert_int_equal(block.mr_address, 0);
	assert_int_equal(hpt_qemu_block(q, 1, &block, NULL), 0);
	assert_int_equal(block.page_size, 0);
	assert_int_equal(block.mr_address, 0x80000000);
	hpt_qemu_close(q);
	bytes_free(&b);
	bytes_free(&shared);
}

static void page_size_unannounced(void **state)
{
	struct bytes b = bytes_of(HEAD BEGIN "u64 0x1004 p\"a\" u64 0x1000 u64 0x10000 " EOS
				  FOOT("2") STREAM_END);
	struct hpt_qemu *q = open_ram(b);

	(void)state;
	assert_string_equal(hpt_qemu_warning(q, 0), "offset 43: a RAM block has a page size, "
			    "though postcopy was not announced");
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* Blocks whose pages are not in the file. */
static void pages_elsewhere(void **state)
{
	struct bytes shared = bytes_of(
		HEAD CONFIG CAPS "u32 1 p\"x-ignore-shared\" " BEGIN
		"u64 0x1004 p\"a\" u64 0x1000 u64 0 " EOS FOOT("2") RAM_END STREAM_END);
	struct bytes multifd = bytes_of(HEAD BEGIN "u64 0x1004 p\"a\" u64 0x1000 u64 0x200 " EOS
					FOOT("2") RAM_END STREAM_END);
	struct hpt_qemu *q = open_ram(shared);
	struct hpt_qemu_page page;
	struct hpt_error err;
	size_t n;

	(void)state;
	assert_int_equal(hpt_qemu_page(q, 0, 0, &page, 1, &n, &err), HPT_ERR_UNSUPPORTED);
	assert_string_equal(err.text,
			    "page 0 is not in this file: it is shared memory in another file");
	assert_string_equal(hpt_qemu_warning(q, 0), "the stream has no pages of RAM: all of it is "
			    "shared memory in other files");
	hpt_qemu_close(q);
	q = open_ram(multifd);
	assert_int_equal(hpt_qemu_page(q, 0, 0, &page, 1, &n, &err), HPT_ERR_UNSUPPORTED);
	assert_string_equal(err.text,
			    "page 0 is not in this file: RAM went elsewhere (multifd)");
	assert_string_equal(hpt_qemu_warning(q, 0),
			    "the stream has no pages of RAM: they went elsewhere (multifd)");
	hpt_qemu_close(q);
	bytes_free(&shared);
	bytes_free(&multifd);
}

/* 66 pages of mapped RAM, of which 0, 2 and 65 are there: the bitmap in either order. */
#define MAPPED(bitmap) \
	HEAD CONFIG CAPS "u32 1 p\"mapped-ram\" " BEGIN \
	"u64 0x42004 p\"a\" u64 0x42000 u32 1 u64 4096 u64 256 u64 4096 at 256 " bitmap \
	"at 4096 fill 4096 1 fill 4096 0 fill 4096 3 at 270336 fill 4096 8 " EOS FOOT("2") \
	RAM_END STREAM_END

static void mapped_ram(void **state)
{
	static const char *const texts[] = {
		MAPPED("le64 5 le64 2 "),
		MAPPED("u64 5 u64 2 "),
	};
	struct hpt_error err;
	struct hpt_qemu *q;
	struct bytes b;
	size_t i, step;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		b = bytes_of(texts[i]);
		q = open_ram(b);
		expect_raw(q, 0, 0, 1);
		expect_fill(q, 0, 1, 0);
		expect_raw(q, 0, 2, 3);
		expect_fill(q, 0, 3, 0);
		expect_fill(q, 0, 64, 0);
		expect_raw(q, 0, 65, 8);
		assert_null(hpt_qemu_warning(q, 0));
		hpt_qemu_close(q);
		for (step = 1; step < 70000; step *= 7) {
			struct drip drip = { .data = b.data, .len = b.len, .step = step };
			struct hpt_qemu_page page;
			size_t n;

			assert_int_equal(hpt_qemu_open_reader(&drip_ops, &drip, NULL, &q, &err),
					 0);
			assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), 0);
			assert_int_equal(hpt_qemu_page(q, 0, 65, &page, 1, &n, &err), 0);
			assert_int_equal(page.record, HPT_QEMU_RAW);
			assert_int_equal(page.offset, 270336);
			assert_int_equal(hpt_qemu_page(q, 0, 64, &page, 1, &n, &err), 0);
			assert_int_equal(page.record, HPT_QEMU_FILL);
			hpt_qemu_close(q);
		}
		bytes_free(&b);
	}
}

/* Offsets are those of the file, in which the stream may begin later. */
static void mapped_ram_in_a_file(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG CAPS "u32 1 p\"mapped-ram\" " BEGIN
				  "u64 0x1004 p\"a\" u64 0x1000 u32 1 u64 4096 u64 1256 u64 5096 "
				  "at 256 le64 1 at 4096 fill 4096 1 " EOS FOOT("2") STREAM_END);
	struct hpt_qemu_options options = { .size = sizeof(options), .offset = 1000 };
	struct hpt_qemu *q = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_qemu_open_memory(b.data, b.len, &options, &q, &err), 0);
	assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), 0);
	assert_int_equal(page_of(q, 0, 0).offset, 5096);
	expect_raw(q, 0, 0, 1);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* A gigabyte of which two pages are there: what lies between is gone over, not read. */
#define SPREAD_LAST 1073803264
#define SPREAD_HEAD                                                                                      \
	HEAD CONFIG CAPS                                                                                 \
		"u32 1 p\"mapped-ram\" " BEGIN                                                           \
		"u64 0x40000004 p\"a\" u64 0x40000000 u32 1 u64 4096 u64 4096 u64 65536 at 4096 le64 1 " \
		"at 36856 le64 0x8000000000000000 at 65536 fill 4096 1 "
#define SPREAD_TAIL "fill 4096 8 " EOS FOOT("2") RAM_END STREAM_END

static FILE *spread_file(void)
{
	struct bytes head = bytes_of(SPREAD_HEAD), tail = bytes_of(SPREAD_TAIL);
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	fd = fileno(file);
	assert_int_equal(pwrite(fd, head.data, head.len, 0), head.len);
	assert_int_equal(pwrite(fd, tail.data, tail.len, SPREAD_LAST), tail.len);
	bytes_free(&head);
	bytes_free(&tail);
	return file;
}

/* Once every 4 MiB of what is read. */
static int count_reports(void *arg, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	++*(unsigned int *)arg;
	return 0;
}

static void mapped_ram_spread(void **state)
{
	unsigned int reports = 0;
	struct hpt_qemu_options options = { .size = sizeof(options),
					    .progress = count_reports,
					    .arg = &reports };
	struct hpt_qemu *q = NULL;
	struct hpt_error err;
	FILE *file = spread_file();

	(void)state;
	if (hpt_qemu_open(fileno(file), &options, &q, &err) ||
	    hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err))
		fail_msg("%s", err.text);
	assert_in_range(reports, 1, 10);
	assert_int_equal(page_of(q, 0, 0).offset, 65536);
	assert_int_equal(page_of(q, 0, 0).record, HPT_QEMU_RAW);
	expect_fill(q, 0, 1, 0);
	expect_fill(q, 0, 262142, 0);
	assert_int_equal(page_of(q, 0, 262143).offset, SPREAD_LAST);
	assert_int_equal(page_of(q, 0, 262143).record, HPT_QEMU_RAW);
	hpt_qemu_close(q);
	fclose(file);
}

/* One of its pages is looked at for the bitmap's order, at 1073573888: the file ends before. */
static void mapped_ram_spread_cut(void **state)
{
	static const struct {
		off_t len;
		const char *text;
	} cuts[] = {
		{ 524288000, "the input ends at offset 524288000 in pages of RAM at offset "
			     "524288000: 549285888 more bytes expected, 0 found" },
		{ 69632, "the input ends at offset 69632 in pages of RAM at offset "
			 "69632: 1073504256 more bytes expected, 0 found" },
	};
	struct hpt_qemu *q = NULL;
	struct hpt_error err;
	FILE *file = spread_file();

	(void)state;
	for (size_t i = 0; i < N(cuts); i++) {
		assert_int_equal(ftruncate(fileno(file), cuts[i].len), 0);
		assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
		assert_int_equal(hpt_qemu_open(fileno(file), NULL, &q, &err), 0);
		assert_int_equal(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err),
				 HPT_ERR_TRUNCATED);
		assert_string_equal(err.text, cuts[i].text);
		assert_int_equal(err.offset, cuts[i].len);
		hpt_qemu_close(q);
	}
	fclose(file);
}

static void mapped_ram_shared(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG CAPS "u32 2 p\"mapped-ram\" p\"x-ignore-shared\" "
				  BEGIN "u64 0x1004 p\"a\" u64 0x1000 u64 0 u32 1 u64 4096 u64 0 "
				  "u64 0 " EOS FOOT("2") STREAM_END);
	struct hpt_qemu *q = open_ram(b);
	struct hpt_qemu_page page;
	struct hpt_error err;
	size_t n;

	(void)state;
	assert_int_equal(hpt_qemu_page(q, 0, 0, &page, 1, &n, &err), HPT_ERR_UNSUPPORTED);
	hpt_qemu_close(q);
	bytes_free(&b);
}

/* The list is at offset 29, its first block at 37, records behind one block at 64. */
#define LIST HEAD BEGIN "u64 0x4004 p\"a\" u64 0x4000 "
#define M HEAD CONFIG CAPS "u32 1 p\"mapped-ram\" " BEGIN "u64 0x1004 p\"a\" u64 0x1000 "

static const struct bad_stream bad_streams[] = {
	{ "no records", HEAD BEGIN, HPT_ERR_TRUNCATED, 25,
	  "in the records of RAM at offset 25: 8 more bytes expected, 0 found" },
	{ "old form", HEAD BEGIN "u64 0x1 ", HPT_ERR_FORMAT, 25,
	  "offset 25: RAM record 0x0 with flags 0x001: a form of 2009" },
	{ "RDMA", HEAD BEGIN "u64 0x80 ", HPT_ERR_FORMAT, 25, "over RDMA" },
	{ "two flags", HEAD BEGIN "u64 0xa ", HPT_ERR_FORMAT, 25,
	  "flags 0x00a: expected one of the flags" },
	{ "no flags", HEAD BEGIN "u64 0x1000 ", HPT_ERR_FORMAT, 25,
	  "RAM record 0x1000 with flags 0x000" },
	{ "end with an address", HEAD BEGIN "u64 0x1010 ", HPT_ERR_FORMAT, 25,
	  "expected no other bits in this mark" },
	{ "end that goes on", HEAD BEGIN "u64 0x30 ", HPT_ERR_FORMAT, 25,
	  "expected no other bits in this mark" },
	{ "second list", LIST "u64 0x4004 ", HPT_ERR_FORMAT, 43,
	  "a list of blocks, expected once and in the first round" },
	{ "list later", HEAD BEGIN EOS FOOT("2") PART("2") "u64 0x1004 ", HPT_ERR_FORMAT, 43,
	  "a list of blocks, expected once and in the first round" },
	{ "block without a name", HEAD BEGIN "u64 0x4004 u8 0 u64 0x4000 ", HPT_ERR_FORMAT, 33,
	  "a RAM block's name is empty" },
	{ "block too large", HEAD BEGIN "u64 0x4004 p\"a\" u64 0x5000 ", HPT_ERR_FORMAT, 33,
	  "offset 33: a RAM block of 0x5000 bytes, expected a multiple of 0x1000 and at most the "
	  "0x4000 that are left" },
	{ "block of odd length", HEAD BEGIN "u64 0x4004 p\"a\" u64 0x3001 ", HPT_ERR_FORMAT, 33,
	  "a RAM block of 0x3001 bytes" },
	{ "list cut", HEAD BEGIN "u64 0xfffffffffffff004 p\"a\" u64 0x1000 ", HPT_ERR_TRUNCATED,
	  43, "in a RAM block's name at offset 43" },
	{ "two of a name", HEAD BEGIN "u64 0x2004 p\"a\" u64 0x1000 p\"a\" u64 0x1000 ",
	  HPT_ERR_FORMAT, 8, "offset 8: two RAM blocks are called \"a\"" },
	{ "unknown block", LIST "u64 0x8 p\"b\" fill 4096 0 ", HPT_ERR_FORMAT, 43,
	  "offset 43: a page of RAM block \"b\", which the list of blocks does not have" },
	{ "no block yet", LIST "u64 0x28 fill 4096 0 ", HPT_ERR_FORMAT, 43,
	  "goes on with a block, and none was named before" },
	{ "page behind the end", LIST "u64 0x4008 p\"a\" fill 4096 0 ", HPT_ERR_FORMAT, 43,
	  "RAM record 0x4000 with flags 0x008: the page lies behind the end of its block" },
	{ "page cut", LIST "u64 0x8 p\"a\" fill 4095 0 ", HPT_ERR_TRUNCATED, 4148,
	  "the input ends at offset 4148 in a page of RAM" },
	{ "fill cut", LIST "u64 0x2 p\"a\" ", HPT_ERR_TRUNCATED, 53, "in a page's fill byte" },
	{ "delta of no kind", LIST "u64 0x40 p\"a\" u8 2 u16 3 u32 0 ", HPT_ERR_FORMAT, 53,
	  "offset 53: a delta of encoding 2 and 3 bytes, expected encoding 1" },
	{ "delta of nothing", LIST "u64 0x40 p\"a\" u8 1 u16 0 ", HPT_ERR_FORMAT, 53,
	  "a delta of encoding 1 and 0 bytes" },
	{ "delta too long", LIST "u64 0x40 p\"a\" u8 1 u16 4097 ", HPT_ERR_FORMAT, 53,
	  "and 4097 bytes" },
	{ "delta cut", LIST "u64 0x40 p\"a\" u8 1 u16 4 u16 0 ", HPT_ERR_TRUNCATED, 58,
	  "in a page's delta" },
	{ "zlib of nothing", LIST "u64 0x100 p\"a\" u32 0 ", HPT_ERR_FORMAT, 53,
	  "offset 53: a compressed page of 0 bytes, expected 1 to 4110" },
	{ "zlib too long", LIST "u64 0x100 p\"a\" u32 4111 ", HPT_ERR_FORMAT, 53,
	  "a compressed page of 4111 bytes" },
	{ "zlib cut", LIST "u64 0x100 p\"a\" u32 4110 u32 0 ", HPT_ERR_TRUNCATED, 61,
	  "in a compressed page" },
	{ "mapped version", M "u32 2 u64 4096 u64 256 u64 4096 ", HPT_ERR_FORMAT, 106,
	  "offset 106: mapped-ram header with version 0x2, expected 0x1" },
	{ "mapped pages", M "u32 1 u64 65536 u64 256 u64 4096 ", HPT_ERR_FORMAT, 106,
	  "mapped-ram header with pages of 0x10000, expected 0x1000" },
	{ "mapped bitmap behind", M "u32 1 u64 4096 u64 133 u64 4096 ", HPT_ERR_FORMAT, 106,
	  "mapped-ram header with a bitmap at 0x85, expected 0x86" },
	{ "mapped pages behind", M "u32 1 u64 4096 u64 256 u64 263 ", HPT_ERR_FORMAT, 106,
	  "mapped-ram header with pages at 0x107, expected 0x108" },
	{ "mapped pages wrap", M "u32 1 u64 4096 u64 256 u64 0xfffffffffffff001 ",
	  HPT_ERR_FORMAT, 106, "mapped-ram header with pages at 0xfffffffffffff001" },
	{ "mapped bitmap cut", M "u32 1 u64 4096 u64 256 u64 4096 at 260 ", HPT_ERR_TRUNCATED,
	  260, "in a bitmap of RAM" },
	{ "mapped pages cut", M "u32 1 u64 4096 u64 256 u64 4096 at 5000 ", HPT_ERR_TRUNCATED,
	  5000, "in pages of RAM" },
};

static void bad_records(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N(bad_streams); i++)
		check_bad(&bad_streams[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record),
		cmocka_unit_test(passes_and_deltas),
		cmocka_unit_test(many_runs),
		cmocka_unit_test(page_sizes),
		cmocka_unit_test(page_size_unannounced),
		cmocka_unit_test(pages_elsewhere),
		cmocka_unit_test(mapped_ram),
		cmocka_unit_test(mapped_ram_in_a_file),
		cmocka_unit_test(mapped_ram_spread),
		cmocka_unit_test(mapped_ram_spread_cut),
		cmocka_unit_test(mapped_ram_shared),
		cmocka_unit_test(bad_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
