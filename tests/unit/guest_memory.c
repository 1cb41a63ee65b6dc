/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* libhpt-guest: memory by real address, from every kind of record, and where blocks lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef HAVE_LIBFDT
#include <libfdt.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "guest_saved.h"

#define PAGE 4096
#define MEMORY_START START("2", "ram", "4")
#define HTAB START("3", "spapr/htab", "1") "u32 0xffffffff " FOOT("3")
#define HTAB_LAST END("3") "u32 0xffffffff " FOOT("3")
/* A guest with one block of 16 pages; rounds go between. */
#define ONE_BLOCK                                                                            \
	HEAD CONFIG MEMORY_START "u64 0x10004 p\"ppc_spapr.ram\" u64 0x10000 " EOS FOOT("2") \
		HTAB
#define BLOCK "p\"ppc_spapr.ram\" "
#define ROUND(records) PART("2") records EOS FOOT("2")
#define REST END("2") EOS FOOT("2") HTAB_LAST STREAM_END

static void expect_byte(const struct hpt_guest *guest, uint64_t ra, unsigned char value)
{
	unsigned char byte = (unsigned char)~value;
	struct hpt_error err;

	if (hpt_guest_read(guest, ra, 1, &byte, &err))
		fail_msg("%s", err.text);
	if (byte != value)
		fail_msg("0x%llx: %02x, expected %02x", (unsigned long long)ra, byte, value);
}

static void expect_error(const struct hpt_guest *guest, uint64_t ra, size_t len, int code,
			 uint64_t address, const char *says)
{
	unsigned char *bytes = test_malloc(len), *before = test_malloc(len);
	struct hpt_error err;
	int r;

	memset(bytes, 0x5a, len);
	memset(before, 0x5a, len);
	memset(&err, 0, sizeof(err));
	r = hpt_guest_read(guest, ra, len, bytes, &err);
	if (r != code || err.address != address || !(err.has & HPT_ERROR_HAS_ADDRESS) ||
	    !strstr(err.text, says))
		fail_msg(
			"code %d, expected %d; address 0x%llx, expected 0x%llx; \"%s\", expected "
			"\"%s\"",
			r, code, (unsigned long long)err.address, (unsigned long long)address,
			err.text, says);
	assert_memory_equal(bytes, before, len);
	test_free(bytes);
	test_free(before);
}

/* Pages: 0 whole, 1 filled, 2 whole then zero then a delta, 3 whole and deltas, 4 never. */
static const char records[] =
	ONE_BLOCK
	ROUND("u64 0x0008 " BLOCK "fill 4095 0x11 u8 0x12 u64 0x1022 u8 0x33 "
	      "u64 0x2028 fill 4096 0x44 u64 0x3028 fill 4096 0x55 ")
	/* Stay 0x80 = 128 bytes (two bytes of number), change 2; stay 10, change 1. */
	ROUND("u64 0x3040 " BLOCK "u8 1 u16 8 hex 80010201020a0103 u64 0x2022 u8 0 ")
	/* Change the first byte; stay 4094, change the last. */
	ROUND("u64 0x2040 " BLOCK "u8 1 u16 7 hex 000121fe1f0122 "
	      "u64 0x3060 u8 1 u16 4 hex 81010166 ")
	REST;

static void expect_records(const struct hpt_guest *guest)
{
	unsigned char bytes[2 * PAGE + 2];
	unsigned int i;

	expect_byte(guest, 0, 0x11);
	expect_byte(guest, 0xfff, 0x12);
	expect_byte(guest, 0x1000, 0x33);
	expect_byte(guest, 0x2000, 0x21);
	expect_byte(guest, 0x2001, 0);
	expect_byte(guest, 0x2ffe, 0);
	expect_byte(guest, 0x2fff, 0x22);
	expect_byte(guest, 0x3000, 0x55);
	expect_byte(guest, 0x307f, 0x55);
	expect_byte(guest, 0x3080, 1);
	expect_byte(guest, 0x3081, 0x66);
	expect_byte(guest, 0x3082, 0x55);
	expect_byte(guest, 0x308c, 3);
	expect_byte(guest, 0x308d, 0x55);
	expect_byte(guest, 0x4000, 0);
	expect_byte(guest, 0xffff, 0);
	/* From the last byte of a page over two whole ones into another. */
	assert_int_equal(hpt_guest_read(guest, 0xfff, sizeof(bytes), bytes, NULL), 0);
	assert_int_equal(bytes[0], 0x12);
	for (i = 1; i <= PAGE; i++)
		assert_int_equal(bytes[i], 0x33);
	assert_int_equal(bytes[PAGE + 1], 0x21);
	assert_int_equal(bytes[2 * PAGE], 0x22);
	assert_int_equal(bytes[2 * PAGE + 1], 0x55);
}

static void each_record(void **state)
{
	struct bytes b = bytes_of(records);
	struct hpt_guest *guest;
	unsigned char byte = 7;
	struct hpt_error err;

	(void)state;
	guest = must_open_saved(&b, 0, false);
	expect_records(guest);
	hpt_guest_close(guest);
	guest = must_open_saved(&b, HPT_GUEST_MAP, false);
	expect_records(guest);
	hpt_guest_close(guest);
	guest = must_open_saved(&b, 0, false);
	expect_error(guest, 0x10000, 1, HPT_ERR_RANGE, 0x10000,
		     "real address 0x10000: there is no RAM");
	expect_error(guest, 0xfff0, 17, HPT_ERR_RANGE, 0x10000, "there is no RAM");
	expect_error(guest, UINT64_MAX, 2, HPT_ERR_RANGE, UINT64_MAX, "there is no RAM");
	assert_int_equal(hpt_guest_read(guest, 0, 0, NULL, NULL), 0);
	assert_int_equal(hpt_guest_read(guest, 0, 1, NULL, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_read(NULL, 0, 1, &byte, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(byte, 7);
	hpt_guest_close(guest);
	/* What can only be read forward: when it is asked for. */
	guest = must_open_saved(&b, HPT_GUEST_MEMORY, true);
	expect_records(guest);
	hpt_guest_close(guest);
	guest = must_open_saved(&b, HPT_GUEST_WHOLE, true);
	assert_int_equal(hpt_guest_read(guest, 0, 1, &byte, &err), HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "open it with HPT_GUEST_MEMORY"));
	hpt_guest_close(guest);
	guest = must_open_saved(&b, 0, true);
	assert_int_equal(hpt_guest_read(guest, 0, 1, &byte, &err), HPT_ERR_UNSUPPORTED);
	assert_int_equal(byte, 7);
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* A file that is read has no view but of pages of zeros. */
static void no_views(const struct bytes *b)
{
	struct hpt_guest *guest = must_open_saved(b, 0, false);
	const struct hpt_memory_ops *ops = NULL;
	const unsigned char *view;
	void *ctx = NULL;

	assert_int_equal(hpt_guest_memory(guest, &ops, &ctx, NULL), 0);
	assert_null(ops->view(ctx, 0xffe, 2));
	view = ops->view(ctx, 0x4000, PAGE);
	assert_non_null(view);
	assert_int_equal(view[PAGE - 1], 0);
	hpt_guest_close(guest);
}

/* The operations, for those who read memory through them; a view where one can be. */
static void operations(void **state)
{
	struct bytes b = bytes_of(records);
	struct hpt_guest *guest = must_open_saved(&b, HPT_GUEST_MAP, false);
	const struct hpt_memory_ops *ops = NULL;
	const unsigned char *view;
	unsigned char bytes[4];
	struct hpt_error err;
	void *ctx = NULL;

	(void)state;
	assert_int_equal(hpt_guest_memory(guest, &ops, &ctx, &err), 0);
	assert_int_equal(ops->size, sizeof(*ops));
	assert_null(ops->write);
	assert_int_equal(ops->read(ctx, 0x3080, 4, bytes, &err), 0);
	assert_int_equal(bytes[1], 0x66);
	view = ops->view(ctx, 0xffe, 2);
	assert_non_null(view);
	assert_int_equal(view[1], 0x12);
	assert_null(ops->view(ctx, 0xffe, 3));
	assert_null(ops->view(ctx, 0x1000, 1)); /* filled with what is not zero */
	assert_null(ops->view(ctx, 0x3000, 1)); /* deltas */
	assert_null(ops->view(ctx, 0x10000, 1));
	view = ops->view(ctx, 0x4000, PAGE);
	assert_non_null(view);
	assert_int_equal(view[PAGE - 1], 0);
	assert_int_equal(hpt_guest_memory(guest, NULL, &ctx, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_memory(NULL, &ops, &ctx, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
	no_views(&b);
	bytes_free(&b);
}

/* More deltas than there is room for without an allocation, in order. */
static void many_deltas(void **state)
{
	struct bytes b = bytes_of(ONE_BLOCK ROUND("u64 0x5008 " BLOCK "fill 4096 1 "));
	struct hpt_guest *guest;
	unsigned int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		bytes_append(&b, PART("2") "u64 0x5040 " BLOCK "u8 1 u16 5 ");
		bytes_put(&b, i, 1, 0); /* bytes that stay */
		bytes_append(&b, "u8 3 ");
		bytes_put(&b, i + 10, 1, 0);
		bytes_put(&b, i + 10, 1, 0);
		bytes_put(&b, i + 10, 1, 0);
		bytes_append(&b, EOS FOOT("2"));
	}
	bytes_append(&b, REST);
	guest = must_open_saved(&b, 0, false);
	for (i = 0; i < 40; i++)
		expect_byte(guest, 0x5000 + i, (unsigned char)(i + 10));
	expect_byte(guest, 0x5029, 49);
	expect_byte(guest, 0x502a, 1);
	hpt_guest_close(guest);
	bytes_free(&b);
}

#define DELTA(len, digits) \
	ONE_BLOCK ROUND("u64 0x0008 " BLOCK "fill 4096 1 ") \
	ROUND("u64 0x0040 " BLOCK "u8 1 u16 " len " hex " digits " ") REST

static void bad_records(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} cases[] = {
		{ DELTA("1", "80"), HPT_ERR_FORMAT, "a delta that is cut" },
		{ DELTA("1", "05"), HPT_ERR_FORMAT, "a delta" },
		{ DELTA("2", "0500"), HPT_ERR_FORMAT, "a delta" },
		{ DELTA("2", "0501"), HPT_ERR_FORMAT, "a delta" },
		{ DELTA("2", "0180"), HPT_ERR_FORMAT, "a delta" },
		{ DELTA("4", "80808001"), HPT_ERR_FORMAT, "a delta" },
		{ DELTA("4", "80200155"), HPT_ERR_FORMAT, "a delta" }, /* stay 4096 */
		{ DELTA("4", "81200155"), HPT_ERR_FORMAT, "a delta" }, /* stay 4097 */
		{ DELTA("5", "ff1f025566"), HPT_ERR_FORMAT, "a delta" }, /* 4095 and 2 */
		{ DELTA("6", "010155000155"), HPT_ERR_FORMAT, "a delta" }, /* stay 0 again */
		{ ONE_BLOCK ROUND("u64 0x0040 " BLOCK "u8 1 u16 3 hex 010155 ") REST,
		  HPT_ERR_FORMAT, "a delta and no content before it" },
		{ ONE_BLOCK ROUND("u64 0x0100 " BLOCK "u32 9 hex 0102030405060708ff ") REST, 0,
		  "compressed" },
	};
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;
	int code;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = bytes_of(cases[i].text);
		guest = must_open_saved(&b, 0, false);
		code = cases[i].code;
		if (!code)
			code = has_feature("pages compressed by QEMU") ? HPT_ERR_FORMAT
								       : HPT_ERR_UNSUPPORTED;
		expect_error(guest, 8, 1, code, 8, cases[i].says);
		expect_error(guest, 8, 1, code, 8, "real address 0x8: ");
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

#ifdef HAVE_ZLIB
/* A page as a zlib stream; then a delta to it. */
static void compressed_pages(void **state)
{
	struct bytes b = bytes_of(ONE_BLOCK PART("2") "u64 0x6100 " BLOCK);
	unsigned char page[PAGE + 1], out[2 * PAGE];
	uLongf len = sizeof(out);
	struct hpt_guest *guest;
	unsigned int i, k;

	(void)state;
	for (i = 0; i <= PAGE; i++)
		page[i] = (unsigned char)(i * i >> 3);
	for (k = 0; k < 2; k++) {
		/* The second one is a byte too long. */
		len = sizeof(out);
		assert_int_equal(compress(out, &len, page, PAGE + k), Z_OK);
		if (k)
			bytes_append(&b, "u64 0x7120 ");
		bytes_put(&b, len, 4, 0);
		bytes_fill(&b, len, 0);
		memcpy(b.data + b.len - len, out, len);
	}
	bytes_append(&b,
		     EOS FOOT("2") ROUND("u64 0x6040 " BLOCK "u8 1 u16 3 hex 6401ee ") REST);
	guest = must_open_saved(&b, 0, false);
	for (i = 0; i < PAGE; i++)
		expect_byte(guest, 0x6000 + i, i == 100 ? 0xee : page[i]);
	expect_error(guest, 0x7000, 1, HPT_ERR_FORMAT, 0x7000,
		     "does not inflate to 4096 bytes");
	expect_error(guest, 0x6fff, 2, HPT_ERR_FORMAT, 0x7000,
		     "does not inflate to 4096 bytes");
	hpt_guest_close(guest);
	bytes_free(&b);
}
#endif

/* A source that is cut: what is whole before the cut is there, and the rest is not. */
static void cut(void **state)
{
	struct bytes b = bytes_of(records);
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	unsigned char byte;

	(void)state;
	b.len -= 1;
	guest = must_open_saved(&b, HPT_GUEST_MEMORY, true);
	assert_int_equal(hpt_guest_read(guest, 0, 1, &byte, &err), HPT_ERR_TRUNCATED);
	assert_non_null(strstr(err.text, "memory: device state could not be read: "));
	hpt_guest_close(guest);
	b.len = 100;
	assert_int_equal(open_saved(&b, HPT_GUEST_MEMORY, true, &guest, &err),
			 HPT_ERR_TRUNCATED);
	bytes_free(&b);
}

/* Without a device tree the largest block is at 0; a Mac's firmware is where it is. */
static void largest_at_zero(void **state)
{
	struct bytes b = bytes_of(
		HEAD
		"u8 7 s\"mac99\" " MEMORY_START
		"u64 0x108004 p\"vga.vram\" u64 0x5000 p\"ppc_core99.ram\" u64 0x3000 "
		"p\"ppc_core99.bios\" u64 0x100000 " EOS FOOT("2") ROUND(
			"u64 0x2002 p\"ppc_core99.ram\" u8 0x22 u64 0x4002 p\"vga.vram\" u8 0x44 "
			"u64 0x3002 p\"ppc_core99.bios\" u8 0x31 u64 0x4002 p\"ppc_core99.bios\" "
			"u8 0x41 u64 0x8002 p\"ppc_core99.bios\" u8 0x81 "
			"u64 0xff002 p\"ppc_core99.bios\" u8 0xff ") END("2") EOS FOOT("2")
			STREAM_END);
	struct hpt_guest_region region = { .size = sizeof(region) };
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	guest = NULL;
	if (open_saved(&b, 0, false, &guest, &err))
		fail_msg("%s", err.text);
	assert_int_equal(hpt_guest_region(guest, 0, &region, NULL), 0);
	assert_int_equal(region.ra, 0);
	assert_int_equal(region.length, 0x3000);
	assert_int_equal(region.block, 1);
	assert_int_equal(hpt_guest_region(guest, 2, &region, NULL), 0);
	assert_int_equal(region.ra, 0xfff08000);
	assert_int_equal(region.offset, 0x8000);
	assert_int_equal(hpt_guest_region(guest, 3, &region, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "region 3 of 3"));
	expect_byte(guest, 0x2fff, 0x22);
	expect_error(guest, 0x3000, 1, HPT_ERR_RANGE, 0x3000, "no RAM");
	expect_byte(guest, 0xfff03000, 0x31);
	expect_error(guest, 0xfff04000, 1, HPT_ERR_RANGE, 0xfff04000, "no RAM");
	expect_byte(guest, 0xfff08000, 0x81);
	expect_byte(guest, 0xffffffff, 0xff);
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* No RAM at all, and RAM whose place nothing says. */
static void no_memory_at_all(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG HTAB HTAB_LAST STREAM_END);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	unsigned char byte;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_read(guest, 0, 1, &byte, &err), HPT_ERR_RANGE);
	assert_string_equal(err.text, "memory: the file has no RAM whose place is known");
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* With "x-ignore-shared": addresses in the list, and pages that are in another file. */
static void addressed_blocks(void **state)
{
	struct bytes b = bytes_of(
		HEAD "u8 7 s\"pseries-7.2\" u8 5 p\"configuration/capabilities\" u32 1 u32 1 "
		"p\"x-ignore-shared\" " MEMORY_START
		"u64 0x5004 p\"mem0\" u64 0x2000 u64 0 p\"mem1\" u64 0x3000 u64 0x100002000 "
		EOS FOOT("2") HTAB ROUND("u64 0x1002 p\"mem1\" u8 0x77 ") REST);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);

	(void)state;
	expect_byte(guest, 0x100003000, 0x77);
	expect_error(guest, 0x2000, 1, HPT_ERR_RANGE, 0x2000, "no RAM");
	expect_error(guest, 0x10, 1, HPT_ERR_UNSUPPORTED, 0x10,
		     "shared memory in another file");
	hpt_guest_close(guest);
	bytes_free(&b);
}

#ifdef HAVE_LIBFDT
static unsigned char tree[65536];

struct place {
	uint64_t ra;
	uint64_t length;
	uint32_t node;
};

static void put_memory(const struct place *place)
{
	fdt64_t reg[2] = { cpu_to_fdt64(place->ra), cpu_to_fdt64(place->length) };
	fdt32_t numa[2] = { cpu_to_fdt32(1), cpu_to_fdt32(place->node) };
	char name[40];

	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)place->ra);
	assert_int_equal(fdt_begin_node(tree, name), 0);
	assert_int_equal(fdt_property(tree, "reg", reg, sizeof(reg)), 0);
	assert_int_equal(fdt_property(tree, "ibm,associativity", numa, sizeof(numa)), 0);
	assert_int_equal(fdt_end_node(tree), 0);
}

/* Logical memory blocks of 16 pages: one assigned at each of @places, one that is not. */
static void put_dynamic(const struct place *places, size_t n, bool sets)
{
	struct bytes b = { NULL, 0 };
	fdt64_t lmb = cpu_to_fdt64(0x10000);
	size_t i;

	bytes_put(&b, n + 1, 4, 0);
	for (i = 0; i <= n; i++) {
		if (sets)
			bytes_put(&b, i < n ? places[i].length >> 16 : 1, 4, 0);
		bytes_put(&b, i < n ? places[i].ra : 0x7000000000, 8, 0);
		bytes_put(&b, 0, 4, 0);
		if (!sets)
			bytes_put(&b, 0, 4, 0);
		bytes_put(&b, i < n ? places[i].node : 0, 4, 0);
		bytes_put(&b, i < n ? 8 : 0x80, 4, 0);
	}
	assert_int_equal(fdt_begin_node(tree, "ibm,dynamic-reconfiguration-memory"), 0);
	assert_int_equal(fdt_property(tree, "ibm,lmb-size", &lmb, sizeof(lmb)), 0);
	assert_int_equal(fdt_property(tree,
				      sets ? "ibm,dynamic-memory-v2" : "ibm,dynamic-memory",
				      b.data, (int)b.len),
			 0);
	assert_int_equal(fdt_end_node(tree), 0);
	bytes_free(&b);
}

static void put_cpus(uint32_t order)
{
	static const uint32_t cells[] = { 12, 0, 1, 12, 0, 16, 0x110, 1, 16, 1 };
	fdt32_t sizes[N(cells)], pft[2] = { 0, cpu_to_fdt32(order) };
	fdt32_t segments[2] = { cpu_to_fdt32(28), cpu_to_fdt32(40) };
	size_t i;

	for (i = 0; i < N(cells); i++)
		sizes[i] = cpu_to_fdt32(cells[i]);
	assert_int_equal(fdt_begin_node(tree, "cpus"), 0);
	assert_int_equal(fdt_begin_node(tree, "PowerPC,POWER8@0"), 0);
	assert_int_equal(fdt_property(tree, "ibm,segment-page-sizes", sizes, sizeof(sizes)),
			 0);
	assert_int_equal(fdt_property(tree, "ibm,pft-size", pft, sizeof(pft)), 0);
	assert_int_equal(fdt_property(tree, "ibm,processor-segment-sizes", segments,
				      sizeof(segments)), 0);
	assert_int_equal(fdt_property_u32(tree, "ibm,slb-size", 33), 0);
	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_end_node(tree), 0);
}

static void begin_tree(void)
{
	assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
	assert_int_equal(fdt_finish_reservemap(tree), 0);
	assert_int_equal(fdt_begin_node(tree, ""), 0);
}

/* A guest with these blocks (text), records, and the tree that was begun. */
static struct bytes guest_with_tree(const char *start, const char *rounds)
{
	struct bytes b = bytes_of(start);
	size_t len;

	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_finish(tree), 0);
	len = fdt_totalsize(tree);
	bytes_append(&b, rounds);
	bytes_append(&b, END("2") EOS FOOT("2") HTAB_LAST FULL("20", "spapr", "0") "fill 16 1 "
		     "u8 5 p\"spapr_dtb\" u32 1 u32 5 ");
	bytes_put(&b, len, 4, 0);
	bytes_fill(&b, len, 0);
	memcpy(b.data + b.len - len, tree, len);
	bytes_append(&b, FOOT("20") STREAM_END);
	return b;
}

#define BLOCKS(sum, list) HEAD CONFIG MEMORY_START "u64 " sum " " list EOS FOOT("2") HTAB

/* NUMA nodes of several blocks, equal ones in the order of the stream; DIMMs above 4 GiB. */
static const struct {
	const char *what;
	const char *start;
	const char *rounds;
	struct place places[6];
	struct place dynamic[4];
	bool sets;
	struct {
		uint64_t ra;
		int byte; /* or -1: none there */
	} expect[8];
	const char *warning;
} maps[] = {
	{ "one block in pieces", BLOCKS("0x40004", "p\"ppc_spapr.ram\" u64 0x40000 "),
	  ROUND("u64 0x3f002 p\"ppc_spapr.ram\" u8 9 "),
	  { { 0x20000, 0x20000, 0 }, { 0, 0x10000, 0 }, { 0x10000, 0x10000, 1 } }, { { 0 } },
	  false, { { 0, 0 }, { 0x3f000, 9 }, { 0x40000, -1 } }, NULL },
	{ "nodes of one block each",
	  BLOCKS("0x90004", "p\"c\" u64 0x40000 p\"vga.vram\" u64 0x20000 p\"a\" u64 0x20000 "
		 "p\"b\" u64 0x10000 "),
	  ROUND("u64 0x0002 p\"a\" u8 1 u64 0x0002 p\"b\" u8 2 u64 0x0002 p\"c\" u8 3 "
		"u64 2 p\"vga.vram\" u8 4 "),
	  { { 0, 0x20000, 0 }, { 0x20000, 0x10000, 1 }, { 0x30000, 0x40000, 2 } }, { { 0 } },
	  false, { { 0, 1 }, { 0x20000, 2 }, { 0x30000, 3 }, { 0x70000, -1 } }, NULL },
	{ "a DIMM above 4 GiB by logical blocks",
	  BLOCKS("0x50004", "p\"ppc_spapr.ram\" u64 0x20000 p\"dimm1\" u64 0x20000 "
		 "p\"dimm2\" u64 0x10000 "),
	  ROUND("u64 2 p\"ppc_spapr.ram\" u8 1 u64 0x1f002 p\"dimm1\" u8 2 "
		"u64 2 p\"dimm2\" u8 3 "),
	  { { 0, 0x20000, 0 } },
	  { { 0x140000000, 0x10000, 0 }, { 0x140010000, 0x10000, 0 },
	    { 0x180000000, 0x10000, 0 } }, false,
	  { { 0, 1 }, { 0x20000, -1 }, { 0x140000000, 0 }, { 0x14001f000, 2 },
	    { 0x140020000, -1 }, { 0x180000000, 3 } }, NULL },
	{ "DIMMs next to each other, by sets, said again as nodes",
	  BLOCKS("0x50004", "p\"ppc_spapr.ram\" u64 0x20000 p\"dimm1\" u64 0x20000 "
		 "p\"dimm2\" u64 0x10000 "),
	  ROUND("u64 2 p\"ppc_spapr.ram\" u8 1 u64 2 p\"dimm1\" u8 2 u64 2 p\"dimm2\" u8 3 "),
	  { { 0, 0x20000, 0 }, { 0x140000000, 0x10000, 0 } }, { { 0x140000000, 0x30000, 0 } },
	  true, { { 0, 1 }, { 0x140000000, 2 }, { 0x140020000, 3 }, { 0x140030000, -1 } },
	  NULL },
	{ "a DIMM that the tree does not have",
	  BLOCKS("0x210004", "p\"dimm\" u64 0x200000 p\"ppc_spapr.ram\" u64 0x10000 "),
	  ROUND("u64 2 p\"dimm\" u8 1 u64 2 p\"ppc_spapr.ram\" u8 2 "), { { 0, 0x10000, 0 } },
	  { { 0 } }, false, { { 0, 2 }, { 0x10000, -1 } },
	  "RAM block 0 of 2097152 bytes is at no address that is known" },
	{ "no block is as long",
	  BLOCKS("0x10004", "p\"ppc_spapr.ram\" u64 0x10000 "),
	  ROUND("u64 0xf002 p\"ppc_spapr.ram\" u8 1 "), { { 0, 0x8000, 0 } }, { { 0 } }, false,
	  { { 0xf000, 1 } }, "no RAM blocks are known to be the memory at 0x0 that" },
	{ "a length that wraps", BLOCKS("0x10004", "p\"ppc_spapr.ram\" u64 0x10000 "),
	  ROUND("u64 0xf002 p\"ppc_spapr.ram\" u8 1 "),
	  { { 0x100, UINT64_MAX, 0 }, { 0, 0x10000, 0 } }, { { 0x5000, UINT64_MAX << 16, 0 } },
	  true, { { 0xf000, 1 } }, NULL },
};

static void expect_map(const struct hpt_guest *guest, size_t i)
{
	size_t k;

	for (k = 0; k < N(maps[i].expect) && (maps[i].expect[k].ra || maps[i].expect[k].byte);
	     k++) {
		if (maps[i].expect[k].byte < 0)
			expect_error(guest, maps[i].expect[k].ra, 1, HPT_ERR_RANGE,
				     maps[i].expect[k].ra, "there is no RAM");
		else
			expect_byte(guest, maps[i].expect[k].ra,
				    (unsigned char)maps[i].expect[k].byte);
	}
}

static void memory_maps(void **state)
{
	struct hpt_guest *guest;
	struct bytes b;
	size_t i, k;

	(void)state;
	for (i = 0; i < N(maps); i++) {
		begin_tree();
		for (k = 0; k < N(maps[i].places) && maps[i].places[k].length; k++)
			put_memory(&maps[i].places[k]);
		for (k = 0; k < N(maps[i].dynamic) && maps[i].dynamic[k].length; k++)
			;
		if (k)
			put_dynamic(maps[i].dynamic, k, maps[i].sets);
		b = guest_with_tree(maps[i].start, maps[i].rounds);
		guest = must_open_saved(&b, 0, false);
		expect_map(guest, i);
		if (maps[i].warning && !has_warning(guest, maps[i].warning))
			fail_msg("%s: no warning", maps[i].what);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

static void tree_of_processors(void **state)
{
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	const struct hpt_page_sizes *sizes;
	struct hpt_guest *guest;
	struct bytes b;

	(void)state;
	begin_tree();
	put_cpus(24);
	put_cpus(25);
	b = guest_with_tree(ONE_BLOCK, "");
	guest = must_open_saved(&b, 0, false);
	assert_int_equal(hpt_guest_machine(guest, &machine, NULL), 0);
	assert_int_equal(machine.has, HPT_GUEST_HAS_TREE | HPT_GUEST_HAS_PAGE_SIZES);
	assert_int_equal(machine.boot_order, 24);
	assert_int_equal(machine.tree_len, fdt_totalsize(tree));
	assert_memory_equal(machine.tree, tree, machine.tree_len);
	sizes = hpt_guest_page_sizes(guest);
	assert_int_equal(sizes->n, 2);
	assert_int_equal(sizes->slb_entries, 33);
	assert_int_equal(sizes->flags, HPT_SIZES_1T);
	assert_int_equal(sizes->base[1].slb_enc, 0x110);
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* A saved guest with a device tree, and no memory. */
static struct bytes only_tree(const void *dtb)
{
	size_t len = fdt_totalsize(dtb);
	struct bytes b = bytes_of(
		TABLE FULL("20", "spapr", "0") "fill 16 1 u8 5 p\"spapr_dtb\" u32 1 u32 5 ");

	bytes_put(&b, len, 4, 0);
	bytes_fill(&b, len, 0);
	memcpy(b.data + b.len - len, dtb, len);
	bytes_append(&b, FOOT("20") STREAM_END);
	return b;
}

/* The table's order in the tree is another than the file's. */
static void other_order(void **state)
{
	struct hpt_guest *guest;
	struct bytes b;

	(void)state;
	begin_tree();
	put_cpus(20);
	assert_int_equal(fdt_end_node(tree), 0);
	assert_int_equal(fdt_finish(tree), 0);
	b = only_tree(tree);
	guest = must_open_saved(&b, 0, false);
	assert_true(has_warning(guest, "the table has order 18, the device tree says 20: "));
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* Trees that are damaged anywhere: used or not, nothing comes of it but a remark. */
static void damaged_trees(void **state)
{
	static const unsigned char values[] = { 0, 1, 3, 9, 0x7f, 0x80, 0xff };
	struct place place = { 0, 0x10000, 0 };
	struct hpt_guest *guest;
	size_t i, at, len;
	unsigned char byte;
	struct bytes b;
	int r;

	(void)state;
	begin_tree();
	put_memory(&place);
	put_cpus(24);
	b = guest_with_tree(ONE_BLOCK, ROUND("u64 0x0002 " BLOCK "u8 0 "));
	len = fdt_totalsize(tree);
	at = b.len - 6 - len; /* a footer and the end are behind it */
	for (i = 0; i < len * N(values); i += 3) {
		unsigned char was = b.data[at + i / N(values)];

		b.data[at + i / N(values)] = values[i % N(values)];
		guest = must_open_saved(&b, 0, false);
		/* The tree may say now that memory is elsewhere. */
		r = hpt_guest_read(guest, 0, 1, &byte, NULL);
		assert_true(r == 0 || r == HPT_ERR_RANGE);
		hpt_guest_close(guest);
		b.data[at + i / N(values)] = was;
	}
	bytes_free(&b);
}

/* More properties than any real tree has. */
static void large_tree(void **state)
{
	static unsigned char large[1 << 20];
	struct hpt_guest *guest;
	struct bytes b;
	int i;

	(void)state;
	assert_int_equal(fdt_create(large, sizeof(large)), 0);
	assert_int_equal(fdt_finish_reservemap(large), 0);
	assert_int_equal(fdt_begin_node(large, ""), 0);
	assert_int_equal(fdt_begin_node(large, "memory@0"), 0);
	for (i = 0; i < 20001; i++)
		assert_int_equal(fdt_property(large, "a", NULL, 0), 0);
	assert_int_equal(fdt_end_node(large), 0);
	assert_int_equal(fdt_end_node(large), 0);
	assert_int_equal(fdt_finish(large), 0);
	b = only_tree(large);
	guest = must_open_saved(&b, 0, false);
	assert_true(has_warning(guest,
				"the device tree in the file is not used: it has too many "
				"properties"));
	hpt_guest_close(guest);
	bytes_free(&b);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_record),
		cmocka_unit_test(operations),
		cmocka_unit_test(many_deltas),
		cmocka_unit_test(bad_records),
#ifdef HAVE_ZLIB
		cmocka_unit_test(compressed_pages),
#endif
		cmocka_unit_test(cut),
		cmocka_unit_test(largest_at_zero),
		cmocka_unit_test(no_memory_at_all),
		cmocka_unit_test(addressed_blocks),
#ifdef HAVE_LIBFDT
		cmocka_unit_test(memory_maps),
		cmocka_unit_test(tree_of_processors),
		cmocka_unit_test(other_order),
		cmocka_unit_test(damaged_trees),
		cmocka_unit_test(large_tree),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
