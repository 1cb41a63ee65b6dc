/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Page sizes: what processors know, what hypervisors say, what an entry says. */

#include "unit.h"

/*
 * What each processor knows, from the processors' manuals, as text: "base:actual=LP ...".
 * Read by the decoder below, which shares nothing with the library.
 */
#define PLAIN "12:12=0 16:16=1 24:24=0 34:34=3"
#define MIXED "12:12=0 12:16=7 12:24=38 16:16=1 16:24=8 24:24=0 34:34=3"

static const struct {
	enum hpt_processor processor;
	const char *pages;
	uint32_t flags, slb, data_keys, fetch_keys;
} processors[] = {
	{ HPT_CPU_970, "12:12=0 24:24=0", 0, 64, 0, 0 },
	{ HPT_CPU_POWER5P, PLAIN, HPT_SIZES_1T, 64, 0, 0 },
	{ HPT_CPU_POWER6, PLAIN, HPT_SIZES_1T, 64, 0, 0 },
	{ HPT_CPU_POWER7, MIXED, HPT_SIZES_1T, 32, 32, 0 },
	{ HPT_CPU_POWER8, MIXED " 20:20=2", HPT_SIZES_1T, 32, 32, 32 },
	{ HPT_CPU_POWER9, MIXED, HPT_SIZES_1T, 32, 32, 32 },
	{ HPT_CPU_POWER10, MIXED, HPT_SIZES_1T, 32, 32, 32 },
};

/*
 * The naive decoder. LP is the low 8 bits of the page number; of them as many are looked at as
 * a page of that size leaves free: 64K has 4, 1M has 8, and from 16M on there are 8 and
 * more, of which those beyond LP must be zero (kernels require it, and so do QEMU's tables).
 */
static bool naive_match(unsigned base, unsigned actual, unsigned code, bool large, uint64_t r)
{
	uint64_t rpn = r >> 12 & UINT64_C(0xFFFFFFFFFFFF);

	if (base == 12 && actual == 12)
		return !large;
	return large && rpn % (UINT64_C(1) << (actual - 12)) == code;
}

static bool naive_page(const char *pages, unsigned only_base, bool large, uint64_t r,
		       unsigned *base_out, unsigned *actual_out)
{
	unsigned base, actual, code, matches = 0;
	int n;

	for (; sscanf(pages, "%u:%u=%x %n", &base, &actual, &code, &n) == 3; pages += n) {
		if ((only_base && base != only_base) ||
		    !naive_match(base, actual, code, large, r))
			continue;
		matches++;
		*base_out = base;
		*actual_out = actual;
	}
	/* Encodings of real processors are free of prefixes. */
	assert_in_range(matches, 0, 1);
	return matches;
}

static void check_entry(const struct hpt_page_sizes *sizes, const char *pages, unsigned only_base,
			struct hpt_entry entry)
{
	struct hpt_page out = { 1, 2 };
	unsigned base = 0, actual = 0;
	bool large = entry.v & 4, known = naive_page(pages, only_base, large, entry.r, &base,
						     &actual);
	struct hpt_error err;
	char text[160];
	int ret;

	unit_poison(&err);
	ret = only_base ? hpt_entry_page_in(sizes, entry, only_base, &out, &err) :
			  hpt_entry_page(sizes, entry, &out, &err);
	if (known) {
		unit_ok(ret, &err);
		assert_int_equal(out.base_shift, base);
		assert_int_equal(out.actual_shift, actual);
		return;
	}
	snprintf(text, sizeof(text), "L is %d and the low bits of the real page number are 0x%x: "
		 "no page size that is supported there", large, (unsigned)(entry.r >> 12 & 0xFF));
	unit_error_at(ret, &err, HPT_ERR_PAGE_SIZE, text, 0, 0);
	assert_true(out.base_shift == 1 && out.actual_shift == 2);
}

/* Each of the 256 values of LP, with and without L, with every bit above it. */
static void check_all_lp(const struct hpt_page_sizes *sizes, const char *pages,
			 unsigned only_base)
{
	uint64_t seed = only_base + 21;

	for (unsigned lp = 0; lp < 256; lp++)
		for (unsigned large = 0; large < 2; large++)
			for (unsigned bit = 8; bit < 49; bit++) {
				/* bit 48 of the number is none: nothing above LP */
				uint64_t rpn = lp | (bit < 48 ? UINT64_C(1) << bit : 0);
				uint64_t junk = unit_random(&seed);
				struct hpt_entry entry = {
					.v = (junk & ~UINT64_C(4)) | large << 2,
					.r = (junk & UINT64_C(0xF000000000000FFF)) | rpn << 12,
				};

				check_entry(sizes, pages, only_base, entry);
			}
}

static void test_every_lp(void **state)
{
	static const unsigned bases[] = { 0, 12, 16, 20, 24, 34, 13, 40 };

	(void)state;
	for (size_t i = 0; i < COUNT(processors); i++)
		for (size_t b = 0; b < COUNT(bases); b++)
			check_all_lp(hpt_page_sizes_of(processors[i].processor),
				     processors[i].pages, bases[b]);
}

/*
 * The rule of Linux's KVM, told otherwise: the low nibble of the page number and the one above
 * it ("lphi") give base and actual size. It must agree wherever it knows the size.
 */
static bool lphi_rule(uint64_t r, unsigned *base, unsigned *actual)
{
	unsigned low = r >> 12 & 0xF, lphi = r >> 16 & 0xF;
	static const struct {
		unsigned low, lphi, base, actual;
	} rule[] = {
		{ 0, 0, 24, 24 }, { 1, 16, 16, 16 }, { 3, 0, 34, 34 },
		{ 7, 16, 12, 16 }, { 8, 0, 16, 24 }, { 8, 3, 12, 24 },
	};

	for (size_t i = 0; i < COUNT(rule); i++)
		if (rule[i].low == low && (rule[i].lphi == lphi || rule[i].lphi == 16)) {
			*base = rule[i].base;
			*actual = rule[i].actual;
			return true;
		}
	return false;
}

static void test_lphi_rule(void **state)
{
	const struct hpt_page_sizes *sizes = hpt_page_sizes_of(HPT_CPU_POWER9);

	(void)state;
	for (unsigned lp = 0; lp < 256; lp++) {
		struct hpt_entry entry = { 5, (uint64_t)lp << 12 };
		unsigned base = 0, actual = 0;
		struct hpt_page out;
		bool known = lphi_rule(entry.r, &base, &actual);

		assert_int_equal(hpt_entry_page(sizes, entry, &out, NULL),
				 known ? 0 : HPT_ERR_PAGE_SIZE);
		if (known) {
			assert_int_equal(out.base_shift, base);
			assert_int_equal(out.actual_shift, actual);
		}
	}
}

static void test_processors(void **state)
{
	(void)state;
	assert_int_equal(COUNT(processors), HPT_CPU_COUNT);
	for (size_t i = 0; i < COUNT(processors); i++) {
		const struct hpt_page_sizes *s = hpt_page_sizes_of(processors[i].processor);

		assert_int_equal(s->size, sizeof(*s));
		assert_int_equal(s->flags, processors[i].flags);
		assert_int_equal(s->slb_entries, processors[i].slb);
		assert_int_equal(s->data_keys, processors[i].data_keys);
		assert_int_equal(s->fetch_keys, processors[i].fetch_keys);
		for (uint32_t b = 1; b < s->n; b++)
			assert_true(s->base[b - 1].shift < s->base[b].shift);
	}
	assert_null(hpt_page_sizes_of(HPT_CPU_COUNT));
	assert_null(hpt_page_sizes_of((enum hpt_processor)-1));
	assert_null(hpt_page_sizes_of((enum hpt_processor)1000));
}

static void test_segment_encodings(void **state)
{
	static const uint32_t known[][2] = {
		{ 12, 0x000 }, { 16, 0x110 }, { 20, 0x130 }, { 24, 0x100 }, { 34, 0x120 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(processors); i++) {
		const struct hpt_page_sizes *s = hpt_page_sizes_of(processors[i].processor);

		for (uint32_t b = 0; b < s->n; b++) {
			size_t k = 0;

			while (k < COUNT(known) && known[k][0] != s->base[b].shift)
				k++;
			assert_in_range(k, 0, COUNT(known) - 1);
			assert_int_equal(s->base[b].slb_enc, known[k][1]);
		}
	}
}

static void test_ra(void **state)
{
	(void)state;
	for (unsigned shift = 12; shift < 60; shift++) {
		const struct hpt_entry all = { 0, UINT64_MAX };
		uint64_t expected = 0;

		for (unsigned bit = shift; bit < 60; bit++)
			expected |= UINT64_C(1) << bit;
		assert_true(hpt_entry_ra(all, shift) == expected);
	}
	assert_true(hpt_entry_ra((struct hpt_entry){ 5, 0xF123456789ABCDEF }, 16) ==
		    UINT64_C(0x0123456789AB0000));
}

#define SMMU_BYTES 592

static void put(unsigned char *p, unsigned size, bool big, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = (unsigned char)(value >> 8 * (big ? size - 1 - i : i));
}

/* The kernel's struct from the text that a real kernel's was printed as. */
static void build_smmu(const char *text, bool big, unsigned char *info)
{
	unsigned flags, slb, data, fetch, base, enc, actual, code, at = 16;
	const char *p = text;
	int n;

	memset(info, 0, SMMU_BYTES);
	assert_int_equal(sscanf(p, "ioctl 0 flags %x slb_size %u data_keys %u instr_keys %u%n",
				&flags, &slb, &data, &fetch, &n), 4);
	put(info, 8, big, flags);
	put(info + 8, 4, big, slb);
	put(info + 12, 2, big, data);
	put(info + 14, 2, big, fetch);
	for (p += n; sscanf(p, " base %u slb_enc %x:%n", &base, &enc, &n) == 2; at += 72) {
		unsigned char *pair = info + at + 8;

		put(info + at, 4, big, base);
		put(info + at + 4, 4, big, enc);
		for (p += n; sscanf(p, "%*[ ]%u/%x%n", &actual, &code, &n) == 2; p += n) {
			put(pair, 4, big, actual);
			put(pair + 4, 4, big, code);
			pair += 8;
		}
	}
	assert_int_equal(at, 16 + 3 * 72);
}

static void check_real_sizes(const struct hpt_page_sizes *s)
{
	static const struct hpt_base_size expected[] = {
		{ 12, 0x000, 2, { { 12, 0 }, { 24, 0x38 } } },
		{ 16, 0x110, 2, { { 16, 1 }, { 24, 8 } } },
		{ 24, 0x100, 1, { { 24, 0 } } },
	};

	assert_int_equal(s->size, sizeof(*s));
	assert_int_equal(s->n, COUNT(expected));
	assert_memory_equal(s->base, expected, sizeof(expected));
}

static void test_smmu_info(void **state)
{
	static const char *const hosts[] = { "powernv8", "powernv9" };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned char info[SMMU_BYTES + 1];
		struct hpt_page_sizes s;
		struct hpt_error err;
		char path[64], *text;
		bool big = i % 2;
		size_t len;

		snprintf(path, sizeof(path), "kvm-streams/%s/smmu_info.txt", hosts[i / 2]);
		text = unit_load(path, &len);
		build_smmu(text, big, info + 1); /* not aligned */
		unit_poison(&err);
		memset(&s, 0xFF, sizeof(s));
		unit_ok(hpt_page_sizes_from_smmu(info + 1, SMMU_BYTES,
						 big ? HPT_BIG_ENDIAN : HPT_LITTLE_ENDIAN, &s,
						 &err), &err);
		check_real_sizes(&s);
		assert_int_equal(s.flags, HPT_SIZES_1T);
		assert_int_equal(s.slb_entries, 32);
		assert_int_equal(s.data_keys, 32);
		assert_int_equal(s.fetch_keys, 32);
		/* What this kernel lets its guests use is what an entry is decoded by. */
		check_all_lp(&s, "12:12=0 12:24=38 16:16=1 16:24=8 24:24=0", 0);
		free(text);
	}
}

struct bad {
	const char *text; /* bytes, or changes to a good struct: "OFFSET=VALUE" */
	int code;
	uint64_t offset;
	const char *expected;
};

static const struct bad bad_smmu[] = {
	{ "10=b", HPT_ERR_FORMAT, 0x10, "base page shift is 11 at byte 16, expected 12 to 59" },
	{ "10=3c", HPT_ERR_FORMAT, 0x10, "base page shift is 60 at byte 16, expected 12 to 59" },
	{ "58=ffffffff", HPT_ERR_FORMAT, 0x58,
	  "base page shift is 4294967295 at byte 88, expected 12 to 59" },
	{ "14=1", HPT_ERR_FORMAT, 0x10,
	  "segment encoding is 0x1 at byte 16, expected bits of 0x130 only" },
	{ "5c=1110", HPT_ERR_FORMAT, 0x58,
	  "segment encoding is 0x1110 at byte 88, expected bits of 0x130 only" },
	{ "18=b", HPT_ERR_FORMAT, 0x18,
	  "actual page shift is 11 at byte 24, expected 12 (its base) to 59" },
	{ "60=c", HPT_ERR_FORMAT, 0x60,
	  "actual page shift is 12 at byte 96, expected 16 (its base) to 59" },
	{ "60=3c", HPT_ERR_FORMAT, 0x60,
	  "actual page shift is 60 at byte 96, expected 16 (its base) to 59" },
	{ "1c=1", HPT_ERR_FORMAT, 0x18,
	  "page encoding is 0x1 at byte 24, which has no room below the real page number of a "
	  "page of 2^12 bytes" },
	{ "64=10", HPT_ERR_FORMAT, 0x60,
	  "page encoding is 0x10 at byte 96, which has no room below the real page number of a "
	  "page of 2^16 bytes" },
	{ "6c=1000", HPT_ERR_FORMAT, 0x68,
	  "page encoding is 0x1000 at byte 104, which has no room below the real page number of "
	  "a page of 2^24 bytes" },
};

static void test_smmu_refusals(void **state)
{
	size_t len;
	char *text = unit_load("kvm-streams/powernv8/smmu_info.txt", &len);

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(bad_smmu); i++) {
		const struct bad *b = &bad_smmu[i / 2];
		unsigned char info[SMMU_BYTES];
		struct hpt_page_sizes s = { .n = 77 };
		struct hpt_error err;
		unsigned at, value;

		build_smmu(text, i % 2, info);
		assert_int_equal(sscanf(b->text, "%x=%x", &at, &value), 2);
		put(info + at, 4, i % 2, value);
		unit_poison(&err);
		unit_error_at(hpt_page_sizes_from_smmu(info, sizeof(info),
						       i % 2 ? HPT_BIG_ENDIAN :
							       HPT_LITTLE_ENDIAN, &s, &err),
			      &err, b->code, b->expected, HPT_ERROR_HAS_OFFSET, b->offset);
		assert_int_equal(s.n, 77);
	}
	free(text);
}

/* A record that is not used may stand before one that is. */
static void test_smmu_unused_first(void **state)
{
	unsigned char info[SMMU_BYTES] = { 0 };
	struct hpt_page_sizes s = { .n = 77 };
	struct hpt_error err;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		put(info + 88, 4, i, 16);
		put(info + 92, 4, i, 0x110);
		put(info + 96, 4, i, 16);
		put(info + 100, 4, i, 1);
		unit_poison(&err);
		unit_ok(hpt_page_sizes_from_smmu(info, sizeof(info),
						 i ? HPT_BIG_ENDIAN : HPT_LITTLE_ENDIAN, &s,
						 &err),
			&err);
		assert_int_equal(s.n, 1);
		assert_int_equal(s.base[0].shift, 16);
		assert_int_equal(s.base[0].slb_enc, 0x110);
		assert_int_equal(s.base[0].n, 1);
		assert_int_equal(s.base[0].actual[0].lp, 1);
	}
}

static void test_smmu_too_short(void **state)
{
	unsigned char info[SMMU_BYTES] = { 0 };
	struct hpt_page_sizes s = { .n = 77 };
	struct hpt_error err;
	char text[96];

	(void)state;
	for (size_t len = 0; len < SMMU_BYTES; len += 37) {
		unsigned char *some = malloc(len + 1); /* a checker sees reads behind it */

		memset(some, 0, len + 1);
		snprintf(text, sizeof(text),
			 "struct kvm_ppc_smmu_info has %zu bytes, expected 592", len);
		unit_poison(&err);
		unit_error_at(hpt_page_sizes_from_smmu(some, len, HPT_LITTLE_ENDIAN, &s, &err),
			      &err, HPT_ERR_TRUNCATED, text, HPT_ERROR_HAS_OFFSET, len);
		free(some);
	}
	assert_int_equal(s.n, 77);
	unit_poison(&err);
	unit_ok(hpt_page_sizes_from_smmu(info, SMMU_BYTES, HPT_LITTLE_ENDIAN, &s, &err), &err);
	assert_int_equal(s.n, 0);
	assert_int_equal(s.flags, 0);
}

/* All eight bases with all eight sizes: nothing is left over, nothing is too many. */
static void test_smmu_full(void **state)
{
	unsigned char info[SMMU_BYTES + 72] = { 0 };
	struct hpt_page_sizes s;
	struct hpt_error err;

	(void)state;
	memset(info + SMMU_BYTES, 1, 72); /* what lies behind is no ninth */
	for (unsigned b = 0; b < 8; b++) {
		unsigned char *base = info + 16 + b * 72;

		put(base, 4, true, 12 + b);
		put(base + 4, 4, true, 0x100);
		for (unsigned a = 0; a < 8; a++)
			put(base + 8 + a * 8, 4, true, 20 + a);
	}
	unit_poison(&err);
	unit_ok(hpt_page_sizes_from_smmu(info, SMMU_BYTES, HPT_BIG_ENDIAN, &s, &err), &err);
	assert_int_equal(s.n, 8);
	for (unsigned b = 0; b < 8; b++) {
		assert_int_equal(s.base[b].shift, 12 + b);
		assert_int_equal(s.base[b].n, 8);
		assert_int_equal(s.base[b].actual[7].shift, 27);
	}
}

/* ibm,segment-page-sizes of a real POWER8, from its boot log. */
#define POWER8_CELLS                                                                          \
	"C:c C:0 C:3 C:c C:0 C:10 C:7 C:18 C:38 C:10 C:110 C:2 C:10 C:1 C:18 C:8 "           \
	"C:14 C:130 C:1 C:14 C:2 C:18 C:100 C:1 C:18 C:0 C:22 C:120 C:1 C:22 C:3"

static void test_cells(void **state)
{
	const struct hpt_page_sizes *p8 = hpt_page_sizes_of(HPT_CPU_POWER8);
	unsigned char cells[256];
	struct hpt_page_sizes s;
	struct hpt_error err;
	size_t len = unit_bytes(POWER8_CELLS, cells + 1, sizeof(cells) - 1);

	(void)state;
	unit_poison(&err);
	memset(&s, 0xFF, sizeof(s));
	unit_ok(hpt_page_sizes_from_cells(cells + 1, len, &s, &err), &err);
	assert_int_equal(s.n, 5);
	assert_memory_equal(s.base, p8->base, sizeof(s.base));
	assert_int_equal(s.size, sizeof(s));
	assert_int_equal(s.flags | s.slb_entries | s.data_keys | s.fetch_keys, 0);
	check_all_lp(&s, MIXED " 20:20=2", 0);
	unit_ok(hpt_page_sizes_from_cells(NULL, 0, &s, &err), &err);
	assert_int_equal(s.n, 0);
}

static const struct bad bad_cells[] = {
	{ "C:c C:0 x:0000", HPT_ERR_TRUNCATED, 0,
	  "10 bytes are left at byte 0, expected three cells of a base page size" },
	{ "x:00", HPT_ERR_TRUNCATED, 0,
	  "1 bytes are left at byte 0, expected three cells of a base page size" },
	{ "C:c C:0 C:1 C:c C:0 C:10", HPT_ERR_TRUNCATED, 20,
	  "4 bytes are left at byte 20, expected three cells of a base page size" },
	{ "C:c C:0 C:2 C:c C:0", HPT_ERR_TRUNCATED, 12,
	  "8 bytes are left at byte 12, expected 2 pairs of cells" },
	{ "C:c C:0 C:1 C:c x:000000", HPT_ERR_TRUNCATED, 12,
	  "7 bytes are left at byte 12, expected 1 pairs of cells" },
	{ "C:c C:0 C:9 48*C:c", HPT_ERR_FORMAT, 8,
	  "9 actual page sizes at byte 8, expected at most 8" },
	{ "C:c C:0 C:ffffffff", HPT_ERR_FORMAT, 8,
	  "4294967295 actual page sizes at byte 8, expected at most 8" },
	{ "C:b C:0 C:0", HPT_ERR_FORMAT, 0, "base page shift is 11 at byte 0, expected 12 to 59" },
	{ "C:0 C:0 C:0", HPT_ERR_FORMAT, 0, "base page shift is 0 at byte 0, expected 12 to 59" },
	{ "C:c C:8 C:0", HPT_ERR_FORMAT, 0,
	  "segment encoding is 0x8 at byte 0, expected bits of 0x130 only" },
	{ "C:10 C:110 C:1 C:c C:0", HPT_ERR_FORMAT, 12,
	  "actual page shift is 12 at byte 12, expected 16 (its base) to 59" },
	{ "C:10 C:110 C:1 C:0 C:0", HPT_ERR_FORMAT, 12,
	  "actual page shift is 0 at byte 12, expected 16 (its base) to 59" },
	{ "C:10 C:110 C:1 C:3c C:0", HPT_ERR_FORMAT, 12,
	  "actual page shift is 60 at byte 12, expected 16 (its base) to 59" },
	{ "C:10 C:110 C:1 C:10 C:10", HPT_ERR_FORMAT, 12,
	  "page encoding is 0x10 at byte 12, which has no room below the real page number of a "
	  "page of 2^16 bytes" },
	{ "8*C:c C:c C:0 C:0", HPT_ERR_FORMAT, 0,
	  "segment encoding is 0xc at byte 0, expected bits of 0x130 only" },
};

static void test_cells_refusals(void **state)
{
	unsigned char cells[512];

	(void)state;
	for (size_t i = 0; i < COUNT(bad_cells); i++) {
		struct hpt_page_sizes s = { .n = 77 };
		size_t len = unit_bytes(bad_cells[i].text, cells, sizeof(cells));
		unsigned char *exact = malloc(len);
		struct hpt_error err;

		assert_non_null(exact);
		memcpy(exact, cells, len);
		unit_poison(&err);
		unit_error_at(hpt_page_sizes_from_cells(exact, len, &s, &err), &err,
			      bad_cells[i].code, bad_cells[i].expected, HPT_ERROR_HAS_OFFSET,
			      bad_cells[i].offset);
		assert_int_equal(s.n, 77);
		assert_int_equal(hpt_page_sizes_from_cells(exact, len, &s, NULL),
				 bad_cells[i].code);
		free(exact);
	}
}

static void test_cells_too_many(void **state)
{
	unsigned char cells[12 * 9];
	struct hpt_page_sizes s = { .n = 77 };
	struct hpt_error err;

	(void)state;
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(unit_bytes("C:c C:0 C:0", cells + i * 12, 12), 12);
	unit_poison(&err);
	unit_error_at(hpt_page_sizes_from_cells(cells, sizeof(cells), &s, &err), &err,
		      HPT_ERR_FORMAT, "more than 8 base page sizes", HPT_ERROR_HAS_OFFSET, 96);
	assert_int_equal(s.n, 77);
	unit_poison(&err);
	unit_ok(hpt_page_sizes_from_cells(cells, sizeof(cells) - 12, &s, &err), &err);
	assert_int_equal(s.n, 8);
}

/* As many actual sizes as there may be, and one more. */
static void test_cells_many_pairs(void **state)
{
	unsigned char cells[12 + 9 * 8];
	struct hpt_page_sizes s = { .n = 77 };
	struct hpt_error err;

	(void)state;
	assert_int_equal(unit_bytes("C:c C:0 C:8 12*C:0", cells, sizeof(cells)),
			 sizeof(cells));
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(unit_bytes("C:c C:0", cells + 12 + i * 8, 8), 8);
	unit_poison(&err);
	unit_ok(hpt_page_sizes_from_cells(cells, sizeof(cells) - 8, &s, &err), &err);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.base[0].n, 8);
	cells[11] = 9;
	unit_poison(&err);
	unit_error_at(hpt_page_sizes_from_cells(cells, sizeof(cells), &s, &err), &err,
		      HPT_ERR_FORMAT, "9 actual page sizes at byte 8, expected at most 8",
		      HPT_ERROR_HAS_OFFSET, 8);
	assert_int_equal(s.n, 1);
}

/* Every length of a good property but the ends of its records is refused as truncated. */
static void test_cells_cut(void **state)
{
	unsigned char cells[256];
	size_t len = unit_bytes(POWER8_CELLS, cells, sizeof(cells));
	unsigned good = 0;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		struct hpt_page_sizes s;
		int ret = hpt_page_sizes_from_cells(cells, cut, &s, NULL);

		if (ret)
			assert_int_equal(ret, HPT_ERR_TRUNCATED);
		else
			assert_int_equal(s.n, good++);
	}
	assert_int_equal(good, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_lp),
		cmocka_unit_test(test_lphi_rule),
		cmocka_unit_test(test_processors),
		cmocka_unit_test(test_segment_encodings),
		cmocka_unit_test(test_ra),
		cmocka_unit_test(test_smmu_info),
		cmocka_unit_test(test_smmu_refusals),
		cmocka_unit_test(test_smmu_unused_first),
		cmocka_unit_test(test_smmu_too_short),
		cmocka_unit_test(test_smmu_full),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_cells_refusals),
		cmocka_unit_test(test_cells_too_many),
		cmocka_unit_test(test_cells_many_pairs),
		cmocka_unit_test(test_cells_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
