/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Save images of libvirt, made byte by byte as its versions up to 11.3 write them: what no
 * libvirt here can do ("sparse", "zstd", the other byte order) is seen in no other way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hpt/guest.h>

#include "guest_saved.h"

#define SAVE "\"LibvirtQemudSave\" "
#define UNUSED "fill 56 0 "
/* A header in either order; XML of 16 bytes with its NUL, a cookie, and 12 to spare. */
#define LITTLE(version, format) \
	SAVE "le32 " version " le32 40 le32 1 le32 " format " le32 16 " UNUSED
#define BIG(version, format) SAVE "u32 " version " u32 40 u32 0 u32 " format " u32 16 " UNUSED
#define XML "\"<domain><a/></>\" u8 0 \"<cookie/>\" fill 15 0 "
#define BASE 132 /* offset of the stream */

static struct bytes libvirt_of(const char *header, const char *stream)
{
	struct bytes b = bytes_of(header);

	bytes_append(&b, XML);
	bytes_append(&b, stream);
	return b;
}

static void expect_whole(const struct bytes *b, uint32_t flags, bool piped,
			 const char *details)
{
	struct hpt_guest *guest = must_open_saved(b, flags, piped);
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	const char *xml = NULL;
	struct hpt_entry entry;
	size_t len = 0;

	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_int_equal(info.kind, HPT_SOURCE_QEMU);
	assert_string_equal(info.container, "libvirt");
	assert_string_equal(info.container_details, details);
	assert_int_equal(info.file_bytes, piped ? 0 : b->len);
	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	assert_int_equal(hpt_table_read(table, 5, 1, &entry, NULL), 0);
	assert_int_equal(entry.r, 0x196);
	assert_int_equal(hpt_guest_xml(guest, &xml, &len, NULL), 0);
	assert_int_equal(len, 15);
	assert_string_equal(xml, "<domain><a/></>");
	hpt_guest_close(guest);
}

static void both_orders(void **state)
{
	static const struct {
		const char *header, *details;
	} cases[] = {
		{ LITTLE("2", "0"),
		  "version 2, little-endian, format raw, the guest was running" },
		{ BIG("2", "0"), "version 2, big-endian, format raw, the guest was paused" },
		{ LITTLE("1", "77"),
		  "version 1, little-endian, format raw, the guest was running" },
		{ BIG("3", "0"), "version 3, big-endian, format raw, the guest was paused" },
	};
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = libvirt_of(cases[i].header, WHOLE);
		expect_whole(&b, 0, false, cases[i].details);
		expect_whole(&b, 0, true, cases[i].details);
		expect_whole(&b, HPT_GUEST_MEMORY, true, cases[i].details);
		bytes_free(&b);
	}
}

/* 66 pages in "mapped-ram": their offsets are those of the whole file. */
static struct bytes sparse(void)
{
	struct bytes b = libvirt_of(
		LITTLE("2", "6"), HEAD CONFIG
		"u8 5 p\"configuration/capabilities\" u32 1 u32 1 p\"mapped-ram\" " START(
			"2", "ram",
			"4") "u64 0x42004 p\"ppc_spapr.ram\" u64 0x42000 u32 1 u64 4096 u64 512 u64 4096 ");

	bytes_fill(&b, 512 - b.len, 0);
	bytes_append(&b, "le64 5 le64 2 ");
	bytes_fill(&b, 4096 - b.len, 0);
	bytes_append(&b, "fill 4096 1 fill 4096 0 fill 4096 3 ");
	bytes_fill(&b, 4096 + 65 * 4096 - b.len, 0);
	bytes_append(&b, "fill 4096 8 " EOS FOOT("2")
				 HTAB_START HTAB_PART RAM_END HTAB_END STREAM_END);
	return b;
}

static void expect_byte(const struct hpt_guest *guest, uint64_t ra, unsigned char value)
{
	unsigned char byte = 0xee;
	struct hpt_error err;

	if (hpt_guest_read(guest, ra, 1, &byte, &err))
		fail_msg("%s", err.text);
	assert_int_equal(byte, value);
}

static void sparse_image(void **state)
{
	struct bytes b = sparse();
	struct hpt_guest *guest;
	int piped;

	(void)state;
	for (piped = 0; piped < 2; piped++) {
		expect_whole(&b, 0, piped,
			     "version 2, little-endian, format sparse, the guest was running");
		guest = must_open_saved(&b, piped ? HPT_GUEST_MEMORY : 0, piped);
		expect_byte(guest, 0xfff, 1);
		expect_byte(guest, 0x1000, 0);
		expect_byte(guest, 0x2000, 3);
		expect_byte(guest, 65 * 4096, 8);
		hpt_guest_close(guest);
	}
	bytes_free(&b);
}

struct bad {
	const char *name, *bytes;
	int code;
	uint64_t offset;
	const char *text;
};

static void refused(void **state)
{
	static const struct bad bad[] = {
		{ "interrupted", "\"LibvirtQemudPart\" le32 2 fill 100 0 " WHOLE,
		  HPT_ERR_TRUNCATED, 0, "never finished (\"LibvirtQemudPart\")" },
		{ "version 0", LITTLE("0", "0") XML WHOLE, HPT_ERR_UNSUPPORTED, 16,
		  "offset 16: a libvirt save image of version 0x0, expected 1 to 3" },
		{ "version 4", LITTLE("4", "0") XML WHOLE, HPT_ERR_UNSUPPORTED, 16,
		  "version 0x4000000" },
		{ "a format that is not known", BIG("2", "7") XML WHOLE, HPT_ERR_UNSUPPORTED,
		  28, "format 7, expected 0 (raw) to 6 (sparse)" },
		{ "XML without end", SAVE "le32 2 le32 0xffffffff " UNUSED "fill 12 0 " XML,
		  HPT_ERR_FORMAT, 20, "4294967295 bytes of XML" },
		{ "no stream", LITTLE("2", "0") XML "fill 100 1 ", HPT_ERR_FORMAT, BASE,
		  "offset 132: no migration stream (\"QEVM\") in a libvirt save image of format "
		  "raw" },
		{ "a bad stream", LITTLE("2", "0") XML "\"QEVM\" u32 9 ", HPT_ERR_FORMAT,
		  BASE + 4, "offset 136: version 9" },
		{ "a cut header", SAVE "le32 2 ", HPT_ERR_TRUNCATED, 20,
		  "the input ends at offset 20 in the header of a libvirt save image: 92 bytes "
		  "expected" },
	};
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(bad); i++) {
		b = bytes_of(bad[i].bytes);
		if (open_saved(&b, 0, false, &guest, &err) != bad[i].code)
			fail_msg("%s: %s", bad[i].name, err.text);
		if (!strstr(err.text, bad[i].text) || err.offset != bad[i].offset ||
		    !(err.has & HPT_ERROR_HAS_OFFSET))
			fail_msg("%s: offset %llu: %s", bad[i].name,
				 (unsigned long long)err.offset, err.text);
		assert_int_equal(open_saved(&b, 0, true, &guest, &err), bad[i].code);
		bytes_free(&b);
	}
}

/* Cut anywhere before its table is whole, it is an error; behind that, a remark. */
static void cut(void **state)
{
	struct bytes whole = libvirt_of(LITTLE("2", "0"), WHOLE), b = whole;
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	for (b.len = 1; b.len < whole.len - 1; b.len += b.len < 600 ? 1 : 97) {
		guest = NULL;
		if (!open_saved(&b, 0, b.len % 3 == 0, &guest, &err))
			fail_msg("cut at %zu of %zu", b.len, whole.len);
		if (b.len >= 16 && !strstr(err.text, "ends at offset"))
			fail_msg("cut at %zu of %zu: %s", b.len, whole.len, err.text);
	}
	bytes_free(&whole);
}

/* Memory: where the file has no device tree the XML says where blocks are. */

#define BLOCKS(list, total)                                                               \
	HEAD CONFIG START("2", "ram",                                                     \
			  "4") "u64 " total " " list "u64 2 p\"ram\" u8 0 " EOS FOOT("2") \
		HTAB_START HTAB_PART RAM_END HTAB_END STREAM_END
#define TWO BLOCKS("p\"ram\" u64 0x200000 p\"dimm\" u64 0x100000 ", "0x300004")

static struct bytes with_xml(const char *xml, const char *stream)
{
	struct bytes b = bytes_of(SAVE "le32 2 "), rest = bytes_of(stream);
	size_t i, len = strlen(xml) + 1;

	bytes_put(&b, len, 4, 1);
	bytes_append(&b, "le32 0 le32 0 le32 0 " UNUSED);
	for (i = 0; i < len; i++)
		bytes_put(&b, xml[i] == '\'' ? '"' : (unsigned char)xml[i], 1, 0);
	bytes_add(&b, &rest);
	bytes_free(&rest);
	return b;
}

#define DIMM(address)                                                                     \
	"<devices><disk/><memory model='dimm'><target><size>1024</size></target>" address \
	"</memory></devices>"

static const struct {
	const char *name, *xml;
	const char *warning;    /* or NULL, and then the regions: */
	uint64_t first, second; /* addresses of the blocks; 1: it has none */
} maps[] = {
	{ "memory and a module",
	  "<?xml version='1.0'?><domain type='kvm'><name>x</name><memory unit='KiB'> 3072 </memory>" DIMM(
		  "<address type='dimm' slot='0' base='0x40000000'/>") "</domain>",
	  NULL, 0, 0x40000000 },
	{ "NUMA cells",
	  "<domain><memory unit='MiB'>3</memory><cpu><numa><cell id='0' memory='2' unit='MiB'/>"
	  "<cell id='1' memory='1048576' unit='b'/></numa></cpu></domain>",
	  NULL, 0, 0x200000 },
	{ "no module in the file", "<domain><memory>2048</memory></domain>",
	  "RAM block 1 of 1048576 bytes is at no address", 0, 1 },
	{ "not well-formed", "<domain><memory>2048</domain>", "not well-formed", 0, 1 },
	{ "no domain", "<network/>", "no <domain>", 0, 1 },
	{ "an odd unit", "<domain><memory unit='parsec'>2</memory></domain>", "no <memory>", 0,
	  1 },
	{ "a negative amount", "<domain><memory>-2</memory></domain>", "no <memory>", 0, 1 },
	{ "an amount that wraps",
	  "<domain><memory unit='T'>18446744073709551615</memory></domain>", "no <memory>", 0,
	  1 },
	{ "a module without an address", "<domain><memory>3072</memory>" DIMM("") "</domain>",
	  "without an address", 0, 1 },
	{ "a module as large as all",
	  "<domain><memory>1024</memory>" DIMM("<address base='0x40000000'/>") "</domain>",
	  "less than in modules", 0, 1 },
	{ "an entity",
	  "<!DOCTYPE d [<!ENTITY a '2048'>]><domain><memory>&a;</memory></domain>",
	  "no <memory>", 0, 1 },
};

static void memory_of_xml(void **state)
{
	struct hpt_guest_region region = { .size = sizeof(region) };
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(maps); i++) {
		b = with_xml(maps[i].xml, TWO);
		guest = must_open_saved(&b, 0, false);
		assert_int_equal(hpt_guest_region(guest, 0, &region, NULL), 0);
		assert_int_equal(region.ra, 0);
		assert_int_equal(region.length, 0x200000);
		if (!has_feature("memory by libvirt's XML")) {
			assert_true(has_warning(guest, "no libxml2"));
		} else if (maps[i].warning) {
			if (!has_warning(guest, maps[i].warning))
				fail_msg("%s: %s", maps[i].name, hpt_guest_warning(guest, 0));
		} else {
			if (hpt_guest_region(guest, 1, &region, NULL))
				fail_msg("%s: %s", maps[i].name, hpt_guest_warning(guest, 0));
			assert_int_equal(region.ra, maps[i].second);
			assert_int_equal(region.block, 1);
			if (hpt_guest_warning(guest, 0))
				fail_msg("%s: %s", maps[i].name, hpt_guest_warning(guest, 0));
		}
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

static void no_xml(void **state)
{
	struct bytes b = bytes_of(WHOLE);
	struct hpt_guest *guest = must_open_saved(&b, 0, false);
	struct hpt_error err;
	const char *xml;
	size_t len;

	(void)state;
	assert_int_equal(hpt_guest_xml(guest, &xml, &len, &err), HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "only a save image of libvirt has one"));
	assert_int_equal(hpt_guest_xml(guest, NULL, &len, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_orders),   cmocka_unit_test(sparse_image),
		cmocka_unit_test(refused),       cmocka_unit_test(cut),
		cmocka_unit_test(memory_of_xml), cmocka_unit_test(no_xml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
