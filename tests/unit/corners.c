/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What only odd callers come to: page sizes of no processor, answers of odd sizes, SLBs that
 * are full, formats that the library has no use for yet.
 */

#include "unit.h"

#include <hpt/mmu.h>

#include "../../lib/core/internal.h"

#define ORDER 18
#define SLOTS 16384u
#define EA UINT64_C(0x1234567)
#define VSID UINT64_C(0x321)

struct scene {
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	struct hpt_cpu cpu;
};

/* A page of 4K that the table has. */
static void open_scene(struct scene *s)
{
	struct hpt_entry e = { VSID << 12 | (EA >> 23 << 7) | HPT_V_VALID, 0x5678002 };

	s->raw = aligned_alloc(128, sizeof(*s->raw) * SLOTS);
	assert_non_null(s->raw);
	memset(s->raw, 0, sizeof(*s->raw) * SLOTS);
	hpt_entries_to_bytes(&e, 1, &s->raw[((VSID ^ EA >> 12) & (SLOTS / 8 - 1)) * 8]);
	assert_int_equal(hpt_memory_open(s->raw, ORDER, NULL, &s->table, NULL), 0);
	s->cpu.size = sizeof(s->cpu);
	assert_int_equal(hpt_cpu_init(&s->cpu, HPT_CPU_POWER9, HPT_PLATFORM_PSERIES, NULL), 0);
	s->cpu.slb_n = 1;
	s->cpu.slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, VSID << 12 };
}

static void close_scene(struct scene *s)
{
	hpt_table_close(s->table);
	free(s->raw);
}

static struct hpt_translation translate(const struct scene *s)
{
	static const uint64_t ea[1] = { EA };
	struct hpt_translation one = { .size = sizeof(one) }, many = { .size = sizeof(many) };

	assert_int_equal(hpt_translate(&s->cpu, s->table, EA, HPT_ACCESS_READ, 0, &one, NULL),
			 0);
	assert_int_equal(
		hpt_translate_many(&s->cpu, s->table, ea, 1, HPT_ACCESS_READ, 0, &many, NULL),
		0);
	assert_memory_equal(&one, &many, sizeof(one));
	return one;
}

static void expect_page(const struct scene *s, unsigned shift)
{
	struct hpt_translation x = translate(s);

	assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
	assert_int_equal(x.page_shift, shift);
	assert_int_equal(x.ra, 0x5678000 | (EA & ((1u << shift) - 1)));
}

/* Sizes as a hypervisor could say them, though none does. */
static void test_page_sizes(void **state)
{
	struct hpt_page_sizes sizes = {
		.size = sizeof(sizes),
		.n = 2,
		.base = { { 12, 0x000, 1, { { 12, 0 } } }, { 16, 0x110, 1, { { 16, 1 } } } },
	};
	struct scene s;

	(void)state;
	open_scene(&s);
	s.cpu.sizes = &sizes;
	expect_page(&s, 12);
	/* Two records of one base size, of which the second is the segment's: both count. */
	sizes.base[1] = sizes.base[0];
	sizes.base[1].slb_enc = 0x110;
	s.cpu.slb[0].vsid |= 0x110;
	expect_page(&s, 12);
	/* Not the first size, and one whose LP the entry happens to have. */
	s.cpu.slb[0].vsid &= ~HPT_SLB_LLP;
	sizes.n = 1;
	sizes.base[0] = (struct hpt_base_size){ 12, 0x000, 2, { { 16, 7 }, { 12, 0 } } };
	expect_page(&s, 12);
	/* A base size of which there are no pages. */
	sizes.base[0].n = 0;
	assert_int_equal(translate(&s).outcome, HPT_OUTCOME_NO_ENTRY);
	/* An encoding that is no base size's. */
	s.cpu.slb[0].vsid |= 0x100;
	assert_int_equal(translate(&s).outcome, HPT_OUTCOME_BAD_SEGMENT);
	close_scene(&s);
}

/* All slots in use, of which one is the address's, or two are. */
static void test_full_slb(void **state)
{
	struct hpt_slb_entry mine;
	struct scene s;

	(void)state;
	open_scene(&s);
	mine = s.cpu.slb[0];
	s.cpu.slb_n = HPT_SLB_MAX;
	for (unsigned i = 0; i < HPT_SLB_MAX; i++)
		s.cpu.slb[i] = (struct hpt_slb_entry){ (uint64_t)(i + 1) << 28 | HPT_SLB_VALID,
						       VSID << 12 };
	for (unsigned i = 0; i < HPT_SLB_MAX; i++) {
		struct hpt_slb_entry other = s.cpu.slb[i];

		assert_int_equal(translate(&s).outcome, HPT_OUTCOME_NO_SEGMENT);
		s.cpu.slb[i] = mine;
		expect_page(&s, 12);
		assert_int_equal(translate(&s).slb_slot, i);
		s.cpu.slb[i] = other;
	}
	s.cpu.slb[3] = s.cpu.slb[63] = mine;
	assert_int_equal(translate(&s).outcome, HPT_OUTCOME_SEGMENTS);
	close_scene(&s);
}

/* Answers in structures that a later version made longer, by an odd number of bytes too. */
static void test_longer_answers(void **state)
{
	static const size_t more[] = { 0, 4, 8, 12, 64 };
	static const uint64_t ea[3] = { EA, EA + 1, EA + 0x1000 };
	struct scene s;

	(void)state;
	open_scene(&s);
	for (size_t k = 0; k < COUNT(more); k++) {
		size_t size = sizeof(struct hpt_translation) + more[k];
		unsigned char *bytes = calloc(3, size);
		struct hpt_translation x;

		assert_non_null(bytes);
		memcpy(bytes, &size, sizeof(size));
		assert_int_equal(hpt_translate_many(&s.cpu, s.table, ea, 3, HPT_ACCESS_READ, 0,
						    (struct hpt_translation *)(void *)bytes,
						    NULL),
				 0);
		for (unsigned i = 0; i < 3; i++) {
			memcpy(&x, bytes + i * size, sizeof(x));
			assert_int_equal(x.size, size);
			assert_int_equal(x.ea, ea[i]);
			assert_int_equal(x.outcome,
					 i < 2 ? HPT_OUTCOME_MAPPED : HPT_OUTCOME_NO_ENTRY);
			for (size_t tail = sizeof(x); tail < size; tail++)
				assert_int_equal(bytes[i * size + tail], 0);
		}
		free(bytes);
	}
	close_scene(&s);
}

static void test_loader_arguments(void **state)
{
	static const unsigned char bad[8] = { 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0 };
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .dialect = HPT_DIALECT_KVM_LE,
					       .order = ORDER };
	static struct hpt_raw_entry raw[1];
	struct hpt_error first, err;
	enum hpt_event event;
	struct hpt_decoder d;
	size_t used;

	(void)state;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	for (int which = 0; which < 5; which++) {
		unit_poison(&err);
		unit_error(hpt_decoder_load(which == 0 ? NULL : &d, which == 1 ? NULL : bad, 8,
					    which == 2 ? NULL : &used,
					    which == 3 ? NULL : &event,
					    which == 4 ? NULL : raw, &err),
			   &err, HPT_ERR_ARGUMENT, "decoder: NULL");
	}
	/* An error sticks to the loader, too. */
	unit_poison(&first);
	assert_int_equal(hpt_decoder_load(&d, bad, 8, &used, &event, raw, &first),
			 HPT_ERR_CHUNK_INDEX);
	assert_int_equal(hpt_decoder_load(&d, bad, 8, &used, &event, raw, NULL),
			 HPT_ERR_CHUNK_INDEX);
	assert_int_equal(hpt_decoder_load(&d, bad, 0, &used, &event, raw, &err),
			 HPT_ERR_CHUNK_INDEX);
	assert_memory_equal(&err, &first, sizeof(err));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat" /* the library's own formats may be wrong */
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static void test_formats(void **state)
{
	char out[40];

	(void)state;
	hpt_format(out, sizeof(out), "%#u %#d %#x %#04x %06d", 7u, -7, 7u, 7u, -42);
	assert_string_equal(out, "7 -7 0x7 0x07 -00042");
	hpt_format(out, sizeof(out), "%.12s|%.0s|%8.3s", "thirteen chars", "x", "abcdef");
	assert_string_equal(out, "thirteen cha||     abc");
	hpt_format(out, sizeof(out), "%.%|%.:|%", 1);
	assert_string_equal(out, "%|:|");
}

#pragma GCC diagnostic pop

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_sizes),     cmocka_unit_test(test_full_slb),
		cmocka_unit_test(test_longer_answers), cmocka_unit_test(test_loader_arguments),
		cmocka_unit_test(test_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
