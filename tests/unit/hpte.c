/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One entry: fields, the two forms, bytes. */

#include "unit.h"

/*
 * Where each field lies, written out by hand: its lowest value that is not zero, and the bits
 * of the two words that all of it takes. Two rows for a field in two pieces.
 */
struct place {
	const char *name;
	size_t offset, size; /* in struct hpt_fields */
	uint64_t value;      /* of the field */
	uint64_t v, r;       /* what it is in the words */
};

#define FIELD(member, value, v, r)                                                            \
	{ #member, offsetof(struct hpt_fields, member),                                       \
	  sizeof(((struct hpt_fields *)0)->member), value, v, r }

static const struct place places[] = {
	FIELD(segment, 1, 0x4000000000000000, 0),
	FIELD(segment, 2, 0x8000000000000000, 0),
	FIELD(segment, 3, 0xC000000000000000, 0),
	FIELD(avpn, 1, 0x0000000000000080, 0),
	FIELD(avpn, 0x40000000000000, 0x2000000000000000, 0),
	FIELD(avpn, 0x7FFFFFFFFFFFFF, 0x3FFFFFFFFFFFFF80, 0),
	FIELD(software, 1, 0x08, 0),
	FIELD(software, 2, 0x10, 0),
	FIELD(software, 4, 0x20, 0),
	FIELD(software, 8, 0x40, 0),
	FIELD(software, 15, 0x78, 0),
	FIELD(large, 1, 0x04, 0),
	FIELD(secondary, 1, 0x02, 0),
	FIELD(valid, 1, 0x01, 0),
	FIELD(pp, 4, 0, 0x8000000000000000),
	FIELD(pp, 2, 0, 0x2),
	FIELD(pp, 1, 0, 0x1),
	FIELD(software_r, 1, 0, 0x4000000000000000),
	FIELD(key, 16, 0, 0x2000000000000000),
	FIELD(key, 8, 0, 0x1000000000000000),
	FIELD(key, 4, 0, 0x0800),
	FIELD(key, 2, 0, 0x0400),
	FIELD(key, 1, 0, 0x0200),
	FIELD(key, 31, 0, 0x3000000000000E00),
	FIELD(rpn, 1, 0, 0x1000),
	FIELD(rpn, 0x800000000000, 0, 0x0800000000000000),
	FIELD(rpn, 0xFFFFFFFFFFFF, 0, 0x0FFFFFFFFFFFF000),
	FIELD(referenced, 1, 0, 0x0100),
	FIELD(changed, 1, 0, 0x0080),
	FIELD(wimg, 8, 0, 0x0040),
	FIELD(wimg, 4, 0, 0x0020),
	FIELD(wimg, 2, 0, 0x0010),
	FIELD(wimg, 1, 0, 0x0008),
	FIELD(no_execute, 1, 0, 0x0004),
};

static uint64_t field_of(const struct hpt_fields *f, const struct place *p)
{
	uint64_t wide;
	uint8_t narrow;

	if (p->size == sizeof(wide)) {
		memcpy(&wide, (const char *)f + p->offset, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, (const char *)f + p->offset, sizeof(narrow));
	return narrow;
}

static void set_field(struct hpt_fields *f, const struct place *p, uint64_t value)
{
	uint8_t narrow = (uint8_t)value;

	if (p->size == sizeof(value))
		memcpy((char *)f + p->offset, &value, sizeof(value));
	else
		memcpy((char *)f + p->offset, &narrow, sizeof(narrow));
}

/* Those bits alone give that field alone, and the other way round. */
static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place *p = &places[i];
		struct hpt_fields f, only = { 0 };
		struct hpt_entry joined;
		struct hpt_error err;

		hpt_entry_split((struct hpt_entry){ p->v, p->r }, &f);
		if (field_of(&f, p) != p->value)
			fail_msg("%s is %llx", p->name, ULL(field_of(&f, p)));
		set_field(&f, p, 0);
		set_field(&only, p, p->value);
		for (size_t k = 0; k < COUNT(places); k++)
			if (field_of(&f, &places[k]))
				fail_msg("bits of %s gave a %s", p->name, places[k].name);
		unit_poison(&err);
		unit_ok(hpt_fields_join(&only, &joined, &err), &err);
		if (joined.v != p->v || joined.r != p->r)
			fail_msg("%s %llx gave %llx %llx", p->name, ULL(p->value), ULL(joined.v),
				 ULL(joined.r));
	}
}

static void round_trip(struct hpt_entry entry)
{
	struct hpt_entry back = { ~entry.v, ~entry.r };
	struct hpt_fields f;
	struct hpt_error err;

	memset(&f, 0xFF, sizeof(f));
	hpt_entry_split(entry, &f);
	unit_poison(&err);
	unit_ok(hpt_fields_join(&f, &back, &err), &err);
	assert_true(back.v == entry.v);
	assert_true(back.r == entry.r);
}

static void test_split_and_join(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned a = 0; a < 64; a++)
		for (unsigned b = 0; b < 64; b++) {
			struct hpt_entry e = { UINT64_C(1) << a, UINT64_C(1) << b };

			round_trip(e);
			round_trip((struct hpt_entry){ ~e.v, ~e.r });
		}
	for (int i = 0; i < 20000; i++)
		round_trip((struct hpt_entry){ unit_random(&seed), unit_random(&seed) });
}

/* Every bit of both words is some field's. */
static void test_no_bit_without_field(void **state)
{
	uint64_t v = 0, r = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++) {
		v |= places[i].v;
		r |= places[i].r;
	}
	assert_true(v == UINT64_MAX);
	assert_true(r == UINT64_MAX);
}

struct refusal {
	struct hpt_fields fields;
	const char *text; /* NULL: it is accepted */
};

static const struct refusal refusals[] = {
	{ { .avpn = 0x7FFFFFFFFFFFFF }, NULL },
	{ { .avpn = 0x80000000000000 },
	  "field avpn is 0x80000000000000, expected at most 0x7fffffffffffff" },
	{ { .avpn = UINT64_MAX },
	  "field avpn is 0xffffffffffffffff, expected at most 0x7fffffffffffff" },
	{ { .rpn = 0xFFFFFFFFFFFF }, NULL },
	{ { .rpn = 0x1000000000000 },
	  "field rpn is 0x1000000000000, expected at most 0xffffffffffff" },
	{ { .segment = 3 }, NULL },
	{ { .segment = 4 }, "field segment is 0x4, expected at most 0x3" },
	{ { .software = 15 }, NULL },
	{ { .software = 16 }, "field software is 0x10, expected at most 0xf" },
	{ { .pp = 7 }, NULL },
	{ { .pp = 8 }, "field pp is 0x8, expected at most 0x7" },
	{ { .key = 31 }, NULL },
	{ { .key = 32 }, "field key is 0x20, expected at most 0x1f" },
	{ { .wimg = 15 }, NULL },
	{ { .wimg = 16 }, "field wimg is 0x10, expected at most 0xf" },
	{ { .wimg = 255, .avpn = 1 }, "field wimg is 0xff, expected at most 0xf" },
};

static void test_join_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *t = &refusals[i];
		struct hpt_entry out = { 0x1111, 0x2222 };
		struct hpt_error err;
		int ret;

		unit_poison(&err);
		ret = hpt_fields_join(&t->fields, &out, &err);
		if (!t->text) {
			unit_ok(ret, &err);
			continue;
		}
		unit_error_at(ret, &err, HPT_ERR_FORM, t->text, 0, 0);
		assert_true(out.v == 0x1111 && out.r == 0x2222);
		assert_int_equal(hpt_fields_join(&t->fields, &out, NULL), HPT_ERR_FORM);
	}
}

/* The same entry in both forms, worked out by hand. */
static const struct {
	struct hpt_entry classic, v3;
} forms[] = {
	{ { 0, 0 }, { 0, 0 } },
	{ { 0x4000000000000001, 0x1000 }, { 0x0000000000000001, 0x0400000000001000 } },
	{ { 0x8000000000000001, 0x1000 }, { 0x0000000000000001, 0x0800000000001000 } },
	{ { 0xC000000000000000, 0 }, { 0, 0x0C00000000000000 } },
	{ { 0x400FFFFFFFFFFFFF, 0xF1FFFFFFFFFFFFFF },
	  { 0x000FFFFFFFFFFFFF, 0xF5FFFFFFFFFFFFFF } },
	/* from a table that a kernel made: a kernel page of a 1T segment, 64K */
	{ { 0x4001F00D5A000D15, 0x000000000D008014 },
	  { 0x0001F00D5A000D15, 0x040000000D008014 } },
};

static void test_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct hpt_entry classic = hpt_entry_from_v3(forms[i].v3), v3;
		struct hpt_error err;

		assert_true(classic.v == forms[i].classic.v);
		assert_true(classic.r == forms[i].classic.r);
		unit_poison(&err);
		unit_ok(hpt_entry_to_v3(forms[i].classic, &v3, &err), &err);
		assert_true(v3.v == forms[i].v3.v);
		assert_true(v3.r == forms[i].v3.r);
	}
}

static void test_forms_round_trip(void **state)
{
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct hpt_entry e = { unit_random(&seed) & UINT64_C(0xC00FFFFFFFFFFFFF),
				       unit_random(&seed) & UINT64_C(0xF1FFFFFFFFFFFFFF) };
		struct hpt_entry v3, back;
		struct hpt_error err;

		unit_poison(&err);
		unit_ok(hpt_entry_to_v3(e, &v3, &err), &err);
		assert_int_equal(v3.v >> 52, 0);
		back = hpt_entry_from_v3(v3);
		assert_true(back.v == e.v && back.r == e.r);
	}
}

static void test_to_v3_refusals(void **state)
{
	struct hpt_error err;
	char text[160];

	(void)state;
	for (unsigned bit = 52; bit < 62; bit++) {
		struct hpt_entry e = { UINT64_C(1) << bit | 1, 0 }, out = { 3, 4 };

		unit_poison(&err);
		snprintf(text, sizeof(text), "doubleword 0 is %#llx: the ISA 3.0 form has no "
			 "place for bits %#llx of the virtual page number", ULL(e.v),
			 ULL(e.v & ~UINT64_C(1)));
		unit_error_at(hpt_entry_to_v3(e, &out, &err), &err, HPT_ERR_FORM, text, 0, 0);
		assert_true(out.v == 3 && out.r == 4);
	}
	for (unsigned bit = 57; bit < 60; bit++) {
		struct hpt_entry e = { 1, UINT64_C(1) << bit | 0x100 }, out = { 3, 4 };

		unit_poison(&err);
		snprintf(text, sizeof(text), "doubleword 1 is %#llx: the ISA 3.0 form has no "
			 "place for bits %#llx of the real page number", ULL(e.r),
			 ULL(e.r & ~UINT64_C(0x100)));
		unit_error_at(hpt_entry_to_v3(e, &out, &err), &err, HPT_ERR_FORM, text, 0, 0);
		assert_true(out.v == 3 && out.r == 4);
		assert_int_equal(hpt_entry_to_v3(e, &out, NULL), HPT_ERR_FORM);
	}
}

static void load_stream(const char *path, struct hpt_entry *out)
{
	struct hpt_error err;
	struct hpt_table *table;
	size_t len;
	char *bytes = unit_load(path, &len);

	unit_poison(&err);
	unit_ok(hpt_capture_open_memory(bytes, len, NULL, &table, &err), &err);
	unit_ok(hpt_table_read(table, 0, UNIT_SLOTS, out, &err), &err);
	hpt_table_close(table);
	free(bytes);
}

/*
 * A POWER9 host's own table, as its kernel listed it in the ISA 3.0 form, against what that
 * kernel said of the same table in its stream, in the classic form: the kernel's conversion is
 * the truth for ours. The host's real addresses are its own, so only doubleword 0 and B tell.
 */
static void test_power9_host(void **state)
{
	static struct hpt_entry stream[UNIT_SLOTS];
	unsigned long long index, v, host_r, guest_r;
	unsigned entries = 0, segments[4] = { 0 };
	size_t len;
	char *text, *p;
	int n;

	(void)state;
	load_stream("kvm-streams/powernv9/sparse-p1.stream", stream);
	text = p = unit_load("kvm-streams/powernv9/sparse-p1.debugfs", &len);
	for (; sscanf(p, "%llx %llx %llx %llx %n", &index, &v, &host_r, &guest_r, &n) == 4;
	     p += n, entries++) {
		struct hpt_entry classic = hpt_entry_from_v3((struct hpt_entry){ v, host_r });
		struct hpt_entry v3;
		struct hpt_error err;

		segments[classic.v >> 62]++;
		assert_int_equal(classic.r & UINT64_C(0x0C00000000000000), 0);
		if (v & 0x20) /* absent: the guest sees it as valid */
			classic.v |= 1;
		assert_true((classic.v & ~UINT64_C(0x60)) == stream[index].v);
		unit_poison(&err);
		unit_ok(hpt_entry_to_v3(stream[index], &v3, &err), &err);
		assert_true((v3.v ^ v) == (v & 0x60) + (v & 0x20 ? 1 : 0));
		assert_true((v3.r & HPT_V3_R_B) == (host_r & HPT_V3_R_B));
	}
	assert_int_equal(*p, '\0');
	assert_int_equal(entries, 450);
	assert_true(segments[0] > 10 && segments[1] > 10);
	assert_int_equal(segments[2] + segments[3], 0);
	free(text);
}

static void test_bytes(void **state)
{
	static const char text[] = "E:0123456789abcd0f,f0e1d2c3b4a59687 E:8000000000000061,1";
	const struct hpt_entry expected[] = {
		{ 0x0123456789abcd0f, 0xf0e1d2c3b4a59687 }, { 0x8000000000000001, 1 },
	};
	unsigned char bytes[64], out[64];

	(void)state;
	for (size_t shift = 0; shift < 16; shift++) {
		struct hpt_entry entries[3] = { [2] = { 7, 7 } };

		memset(bytes, 0xFF, sizeof(bytes));
		assert_int_equal(unit_bytes(text, bytes + shift, 32), 32);
		hpt_entries_from_bytes(bytes + shift, 2, entries);
		assert_memory_equal(entries, expected, sizeof(expected));
		assert_true(entries[2].v == 7 && entries[2].r == 7);
		memset(out, 0xFF, sizeof(out));
		entries[1].v |= 0x60;
		hpt_entries_to_bytes(entries, 2, out + shift);
		bytes[shift + 16 + 7] = 0x01; /* without the hypervisor's bits */
		assert_memory_equal(out, bytes, sizeof(bytes));
	}
}

static void test_bytes_in_place(void **state)
{
	struct hpt_entry entries[100], expected[100];
	uint64_t seed = 8;

	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++)
		expected[i] = unit_random_entry(&seed);
	memcpy(entries, expected, sizeof(entries));
	hpt_entries_to_bytes(entries, COUNT(entries), entries);
	assert_int_equal(!memcmp(entries, expected, sizeof(entries)), UNIT_BIG_ENDIAN);
	assert_int_equal(((unsigned char *)entries)[7], expected[0].v & 0xFF);
	assert_int_equal(((unsigned char *)entries)[15], expected[0].r & 0xFF);
	hpt_entries_from_bytes(entries, COUNT(entries), entries);
	assert_memory_equal(entries, expected, sizeof(entries));
	hpt_entries_from_bytes(entries, 0, NULL);
	hpt_entries_to_bytes(NULL, 0, entries);
}

/* Of all 128 bits two are the hypervisor's, and they are dropped both ways. */
static void test_hypervisor_bits(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 128; bit++) {
		unsigned char bytes[16] = { 0 };
		struct hpt_entry entry;
		bool own = bit == 5 || bit == 6;
		uint64_t v, r;

		bytes[bit < 64 ? 7 - bit / 8 : 15 - (bit - 64) / 8] =
			(unsigned char)(1 << bit % 8);
		v = bit < 64 && !own ? UINT64_C(1) << bit : 0;
		r = bit < 64 ? 0 : UINT64_C(1) << (bit - 64);
		hpt_entries_from_bytes(bytes, 1, &entry);
		assert_true(entry.v == v && entry.r == r);
		entry.v |= 0x60;
		hpt_entries_to_bytes(&entry, 1, bytes);
		assert_int_equal(bytes[7] & 0x60, 0);
	}
}

static void test_be64(void **state)
{
	const unsigned char bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct hpt_be64 word_be;

	(void)state;
	memcpy(&word_be, bytes, sizeof(word_be));
	assert_true(hpt_be64_get(word_be) == UINT64_C(0x0102030405060708));
	word_be = hpt_be64_make(UINT64_C(0x0102030405060708));
	assert_memory_equal(&word_be, bytes, sizeof(bytes));
	assert_int_equal(sizeof(struct hpt_raw_entry), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_bit_without_field),
		cmocka_unit_test(test_split_and_join),
		cmocka_unit_test(test_join_refusals),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_forms_round_trip),
		cmocka_unit_test(test_to_v3_refusals),
		cmocka_unit_test(test_power9_host),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_in_place),
		cmocka_unit_test(test_hypervisor_bits),
		cmocka_unit_test(test_be64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
