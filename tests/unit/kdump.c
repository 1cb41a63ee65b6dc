/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Dumps in makedumpfile's format, made byte by byte: what QEMU writes here is seen in
 * tests/run-containers, which has zlib only; here are both byte orders and every compression.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hpt/guest.h>

#include "kdump_file.h"

#include "../../lib/guest/internal.h"

static void expect(struct hpt_guest *guest, uint64_t page, int value)
{
	unsigned char bytes[BLOCK];
	struct hpt_error err;
	size_t i;

	if (hpt_guest_read(guest, page * BLOCK, BLOCK, bytes, &err))
		fail_msg("page %llu: %s", (unsigned long long)page, err.text);
	for (i = 0; i < BLOCK; i++)
		assert_int_equal(bytes[i], value);
}

static void expect_all(const struct bytes *b, bool piped, const char *details)
{
	struct hpt_guest *guest = must_open_saved(b, 0, piped);
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	unsigned char bytes[2 * BLOCK] = { 0 };
	struct hpt_error err;

	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_string_equal(hpt_source_kind_name(info.kind), "kdump");
	assert_string_equal(info.container, "kdump");
	assert_string_equal(info.container_details, details);
	assert_int_equal(info.ram_bytes, 5 * BLOCK);
	assert_int_equal(info.mmu, HPT_GUEST_MMU_UNKNOWN);
	expect(guest, 16, 0x40);
	if (has_feature("pages compressed by QEMU"))
		expect(guest, 17, 0x33);
	expect(guest, 18, 0x11);
	expect(guest, 20, 0x22);
	if (has_feature("compressed files"))
		expect(guest, 21, 0x44);
	assert_int_equal(hpt_guest_read(guest, 18 * BLOCK + 1, sizeof(bytes), bytes, &err),
			 HPT_ERR_RANGE);
	assert_non_null(strstr(err.text, "0x13000: there is no RAM, or the dump left it out"));
	assert_int_equal(bytes[0], 0);
	assert_int_equal(hpt_guest_read(guest, 22 * BLOCK, 1, bytes, &err), HPT_ERR_RANGE);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	assert_non_null(strstr(err.text, "a kdump file has the guest's memory alone"));
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_ARGUMENT);
	hpt_guest_close(guest);
}

static void forms(void **state)
{
	static const char *const details[][2] = {
		{ "version 6, big-endian, 5 pages of 4 KiB, 3 CPUs",
		  "version 6, big-endian, flattened, 5 pages of 4 KiB, 3 CPUs" },
		{ "version 6, little-endian, 5 pages of 4 KiB, 3 CPUs",
		  "version 6, little-endian, flattened, 5 pages of 4 KiB, 3 CPUs" },
	};
	static const size_t steps[] = { 4096, 1000, 100000 };
	struct bytes b, flat;
	int little;
	size_t i;

	(void)state;
	for (little = 0; little < 2; little++) {
		b = dump_of(little);
		expect_all(&b, false, details[little][0]);
		expect_all(&b, true, details[little][0]);
		for (i = 0; i < N(steps); i++) {
			flat = flat_of(&b, steps[i]);
			expect_all(&flat, i == 1, details[little][1]);
			bytes_free(&flat);
		}
		bytes_free(&b);
	}
}

/* What is written twice counts as it was written last: zeros, too. */
static void written_twice(void **state)
{
	struct bytes b = dump_of(0), flat = flat_of(&b, 4096);
	struct hpt_guest *guest;

	(void)state;
	flat.len -= 16;
	bytes_put(&flat, DATA * BLOCK, 8, 0);
	bytes_put(&flat, BLOCK, 8, 0);
	bytes_fill(&flat, BLOCK, 0);
	bytes_append(&flat, "u64 0xffffffffffffffff u64 0xffffffffffffffff ");
	guest = must_open_saved(&flat, 0, false);
	expect(guest, 16, 0);
	expect(guest, 18, 0x11);
	hpt_guest_close(guest);
	bytes_free(&flat);
	bytes_free(&b);
}

static const struct poke {
	const char *name;
	size_t at;
	uint64_t value;
	unsigned int bytes;
	int code; /* of opening, or when @page is not 0 of reading it */
	unsigned int page;
	const char *text;
} pokes[] = {
	{ "version 0", 8, 0, 4, HPT_ERR_UNSUPPORTED, 0,
	  "offset 8: a kdump file of version 0" },
	{ "blocks of 5000", 428, 5000, 4, HPT_ERR_FORMAT, 0,
	  "offset 428: a kdump file with bl" },
	{ "blocks of 2^31", 428, 1u << 31, 4, HPT_ERR_FORMAT, 0, "expected 2^12 to 2^16" },
	{ "a part", BLOCK + 12, 1, 4, HPT_ERR_UNSUPPORTED, 0,
	  "a part of a kdump file that was" },
	{ "more pages than bits", BLOCK + 96, 32769, 8, HPT_ERR_FORMAT, 0, "has 32768" },
	{ "endless pages", BLOCK + 96, UINT64_MAX, 8, HPT_ERR_FORMAT, 0,
	  "offset 436: a kdump" },
	{ "a bitmap beyond the end", 432, UINT32_MAX, 4, HPT_ERR_TRUNCATED, 0,
	  "the bitmap of 40 pages at offset 0x" },
	{ "descriptors beyond the end", 436, 0xffff, 4, HPT_ERR_TRUNCATED, 0,
	  "the bitmap of 40" },
	{ "a page beyond the end", 4 * BLOCK, 1 << 20, 8, HPT_ERR_TRUNCATED, 16,
	  "a page at offset 0x100000" },
	{ "a page that wraps", 4 * BLOCK, UINT64_MAX - 7, 8, HPT_ERR_TRUNCATED, 16,
	  "a page at" },
	{ "a huge page", 4 * BLOCK + 8, UINT32_MAX, 4, HPT_ERR_FORMAT, 16,
	  "offset 0x4008: a page of 4294967295 bytes, expected at most 8192" },
	{ "an empty page", 4 * BLOCK + 8, 0, 4, HPT_ERR_FORMAT, 16, "a page of 0 bytes" },
	{ "a short page", 4 * BLOCK + 8, 4095, 4, HPT_ERR_FORMAT, 16,
	  "a page of 4095 bytes at offset 0x6000 (as it is) is not one of 4096" },
	{ "by a way that is not known", 4 * BLOCK + 12, 8, 4, HPT_ERR_UNSUPPORTED, 16,
	  "compressed in way 0x8" },
	{ "LZO of something else", 4 * BLOCK + 12, DUMP_LZO, 4, HPT_ERR_FORMAT, 16,
	  "(lzo) is not" },
	{ "snappy of something else", 4 * BLOCK + 12, DUMP_SNAPPY, 4, HPT_ERR_FORMAT, 16,
	  "(snappy)" },
};

static void bad_fields(void **state)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	unsigned char byte;
	struct bytes b;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < N(pokes); i++) {
		b = dump_of(0);
		dump_put(&b, pokes[i].at, pokes[i].value, pokes[i].bytes, 0);
		r = open_saved(&b, 0, false, &guest, &err);
		if (!r && pokes[i].page)
			r = hpt_guest_read(guest, pokes[i].page * BLOCK, 1, &byte, &err);
		if (r != pokes[i].code || !strstr(err.text, pokes[i].text))
			fail_msg("%s: code %d: %s", pokes[i].name, r, r ? err.text : "");
		if (pokes[i].page)
			hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* The page by zstd, its frame cut, of another length, and not one: never half a page. */
static void bad_zstd(void **state)
{
	static const struct {
		size_t at; /* in the frame */
		unsigned char byte;
	} bad[] = { { 0, 0x29 }, { 4, 0x64 }, { 7, 0x0b }, { 7, 0x02 },
		    { 7, 0x07 }, { 8, 0x40 }, { 8, 0x90 } };
	unsigned char bytes[BLOCK];
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < N(bad); i++) {
		b = dump_of(0);
		dump_put(&b, b.len - 11 + bad[i].at, bad[i].byte, 1, 0);
		guest = must_open_saved(&b, 0, false);
		memset(bytes, 0x5a, sizeof(bytes));
		r = hpt_guest_read(guest, 21 * BLOCK, BLOCK, bytes, &err);
		if (has_feature("compressed files"))
			assert_true(r == HPT_ERR_FORMAT && strstr(err.text, "(zstd) is not"));
		else
			assert_true(r == HPT_ERR_UNSUPPORTED && strstr(err.text, "way 0x20"));
		assert_int_equal(bytes[0], 0x5a);
		assert_int_equal(bytes[BLOCK - 1], 0x5a);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

static void bad_flat(void **state)
{
	static const struct {
		const char *bytes;
		int code;
		const char *text;
	} bad[] = {
		{ "\"makedumpfile\" at 16 u64 2 u64 1 at 4096 ", HPT_ERR_UNSUPPORTED,
		  "offset 16" },
		{ "\"makedumpfile\" at 16 u64 1 u64 1 at 4096 u64 0xfffffffffffffff0 u64 1 u8 0 ",
		  HPT_ERR_FORMAT,
		  "offset 0x1000: a piece of a flattened kdump file of 0x1 byte" },
		{ "\"makedumpfile\" at 16 u64 1 u64 1 at 4096 u64 0 u64 0x4000000000000000 ",
		  HPT_ERR_TRUNCATED,
		  "the input ends at offset 0x1010 in a flattened kdump file" },
		{ "\"makedumpfile\" at 16 u64 1 u64 1 at 4096 u64 0xffffffffffffffff "
		  "u64 0xffffffffffffffff ",
		  HPT_ERR_TRUNCATED, "the header at offset 0x0" },
		{ "\"makedumpfile\" at 16 u64 1 u64 1 at 4096 u64 0 u64 500 fill 500 1 "
		  "u64 0xffffffffffffffff u64 0xffffffffffffffff ",
		  HPT_ERR_FORMAT, "no kdump header (\"KDUMP\") in a flattened" },
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
			fail_msg("%zu: %s", i, err.text);
		bytes_free(&b);
	}
}

/* Cut anywhere: an error, in opening or in reading what was cut off. */
static void cut(void **state)
{
	struct bytes whole = dump_of(1), b = whole;
	struct hpt_guest *guest;
	unsigned char bytes[BLOCK];
	struct hpt_error err;
	int r;

	(void)state;
	for (b.len = 8; b.len < whole.len; b.len += b.len < 500 ? 1 : 61) {
		r = open_saved(&b, 0, b.len % 7 == 0, &guest, &err);
		if (!r) {
			r = hpt_guest_read(guest, 21 * BLOCK, BLOCK, bytes, &err);
			hpt_guest_close(guest);
		}
		assert_int_equal(r, HPT_ERR_TRUNCATED);
	}
	bytes_free(&whole);
}

/* What snappy's own description of its format says, and texts that are wrong by it. */
static void snappy_elements(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
	} cases[] = {
		{ "040c61626364", "abcd" },
		{ "84000c61626364", "abcd" },
		{ "04f00361626364", "abcd" },
		{ "04f4030061626364", "abcd" },
		{ "04f803000061626364", "abcd" },
		{ "04fc0300000061626364", "abcd" },
		{ "0a086162630d03", "abcabcabca" },
		{ "0808616263120300", "abcabcab" },
		{ "08086162631303000000", "abcabcab" },
		{ "04086162630061", "abca" },
		{ "00", "" },
		{ "", NULL },
		{ "84", NULL },
		{ "848080808000", NULL },
		{ "050c61626364", NULL },
		{ "030c61626364", NULL },
		{ "ffff0361", NULL },
		{ "040c6162", NULL },
		{ "04106162636465", NULL },
		{ "04f0", NULL },
		{ "04f0ff61", NULL },
		{ "04f40361", NULL },
		{ "0a086162630d", NULL },
		{ "0a086162630d00", NULL },
		{ "0a086162630d04", NULL },
		{ "0a086162632d03", NULL },
		{ "050861626312", NULL },
		{ "0508616263120300", NULL },
		{ "0808616263130300", NULL },
	};
	unsigned char out[16];
	size_t i, len;
	char text[64];
	struct bytes b;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		/* No room but for what the length in front says, up to 16 bytes. */
		size_t room = cases[i].in[0] == '0' && strlen(cases[i].in) > 1
				      ? strtoul((char[]){ cases[i].in[1], '\0' }, NULL, 16)
				      : sizeof(out);

		snprintf(text, sizeof(text), "%s%s", *cases[i].in ? "hex " : "", cases[i].in);
		b = bytes_of(text);
		if (guest_snappy_decode(b.data, b.len, out, room, &len) != !!cases[i].out)
			fail_msg("%s", cases[i].in);
		if (cases[i].out) {
			assert_int_equal(len, strlen(cases[i].out));
			assert_memory_equal(out, cases[i].out, len);
		}
		bytes_free(&b);
	}
}

/* An offset of more than eight bits, whose upper ones are in the tag. */
static void snappy_far_copy(void **state)
{
	struct bytes b = bytes_of("hex b002f42b01 fill 100 1 fill 100 2 fill 100 3 hex 212c ");
	unsigned char out[304];
	size_t len;

	(void)state;
	b.data[5 + 3] = 0x77;
	assert_true(guest_snappy_decode(b.data, b.len, out, sizeof(out), &len));
	assert_int_equal(len, 304);
	assert_memory_equal(out + 300, "\1\1\1\x77", 4);
	bytes_free(&b);
}

static void said_to_be(void **state)
{
	struct hpt_guest_options options = { .size = sizeof(options),
					     .kind = HPT_SOURCE_KDUMP };
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_open("/dev/null", &options, &guest, &err), HPT_ERR_FORMAT);
	assert_non_null(strstr(err.text, "not a kdump file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),           cmocka_unit_test(written_twice),
		cmocka_unit_test(bad_fields),      cmocka_unit_test(bad_flat),
		cmocka_unit_test(bad_zstd),        cmocka_unit_test(cut),
		cmocka_unit_test(said_to_be),      cmocka_unit_test(snappy_elements),
		cmocka_unit_test(snappy_far_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
