/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The HTAB stream's encoder. */

#include "streams.h"

#define LE HPT_DIALECT_KVM_LE
#define BE HPT_DIALECT_KVM_BE
#define QEMU HPT_DIALECT_QEMU

static void begin(struct hpt_encoder *e, enum hpt_dialect dialect, uint32_t order)
{
	const struct hpt_encoder_options o = { sizeof(o), dialect, order };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_encoder_init(e, &o, &err), &err);
}

struct out {
	unsigned char *bytes;
	size_t used, room;
};

/* Take all there is, @step bytes at a time, into memory of exactly that size. */
static void take_all(struct hpt_encoder *e, struct out *out, size_t step)
{
	size_t n;

	do {
		unsigned char *piece = malloc(step);

		assert_non_null(piece);
		n = hpt_encoder_take(e, piece, step);
		assert_in_range(n, 0, step);
		assert_in_range(out->used + n, 0, out->room);
		memcpy(out->bytes + out->used, piece, n);
		out->used += n;
		free(piece);
	} while (n == step);
	/* written whole: nothing comes any more */
	assert_int_equal(hpt_encoder_take(e, out->bytes + out->used, out->room - out->used), 0);
}

struct run {
	uint64_t ptex;
	const struct hpt_entry *entries;
	uint64_t n_valid, n_invalid;
};

static void encode(enum hpt_dialect dialect, uint32_t order, const struct run *runs, size_t n,
		   size_t step, struct out *out)
{
	struct hpt_encoder e;
	struct hpt_error err;

	out->used = 0;
	begin(&e, dialect, order);
	for (size_t i = 0; i < n; i++) {
		unit_poison(&err);
		unit_ok(hpt_encoder_run(&e, runs[i].ptex, runs[i].entries, runs[i].n_valid,
					runs[i].n_invalid, &err), &err);
		take_all(&e, out, step);
	}
	unit_poison(&err);
	unit_ok(hpt_encoder_end(&e, &err), &err);
	take_all(&e, out, step);
}

static const struct hpt_entry two[] = { { 0x8000000000000079, 0x0123456789ABCDEF },
					{ 0x01, 0xFFFFFFFFFFFFFFFF } };

static const struct {
	enum hpt_dialect dialect;
	struct run runs[3];
	size_t n;
	const char *text;
} bytes_of[] = {
	{ LE, { { 0, NULL, 0, 0 } }, 0, "" },
	{ QEMU, { { 0, NULL, 0, 0 } }, 0, "Z" },
	{ LE, { { 5, NULL, 0, 0 } }, 1, "" },
	{ QEMU, { { 5, NULL, 0, 0 } }, 1, "Z" },
	{ LE, { { 0x1234, two, 2, 3 } }, 1,
	  "L:1234,2,3 E:8000000000000019,123456789abcdef E:1,ffffffffffffffff" },
	{ BE, { { 0x1234, two, 2, 3 } }, 1,
	  "B:1234,2,3 E:8000000000000019,123456789abcdef E:1,ffffffffffffffff" },
	{ QEMU, { { 0x1234, two, 2, 3 }, { 7, two + 1, 1, 0 } }, 2,
	  "B:1234,2,3 E:8000000000000019,123456789abcdef E:1,ffffffffffffffff "
	  "B:7,1,0 E:1,ffffffffffffffff Z" },
	{ LE, { { 0, NULL, 0, 0x4000 }, { 0x3FFE, two, 2, 0 } }, 2,
	  "L:0,0,4000 L:3ffe,2,0 E:8000000000000019,123456789abcdef E:1,ffffffffffffffff" },
	{ LE, { { 0x4000, NULL, 0, 0 } }, 1, "" },
};

/* However much room there is, the bytes are the same. */
static void test_bytes(void **state)
{
	unsigned char expected[256], found[256 + 300];

	(void)state;
	for (size_t i = 0; i < COUNT(bytes_of); i++) {
		size_t len = unit_bytes(bytes_of[i].text, expected, sizeof(expected));

		for (size_t step = 1; step < 90; step++) {
			struct out out = { found, 0, sizeof(found) };

			encode(bytes_of[i].dialect, 18, bytes_of[i].runs, bytes_of[i].n, step, &out);
			assert_int_equal(out.used, len);
			if (len)
				assert_memory_equal(found, expected, len);
		}
	}
}

static void test_no_room(void **state)
{
	struct hpt_encoder e;
	unsigned char byte = 0xEE;

	(void)state;
	begin(&e, LE, 18);
	assert_int_equal(hpt_encoder_run(&e, 0, two, 2, 0, NULL), 0);
	assert_int_equal(hpt_encoder_take(&e, NULL, 0), 0);
	assert_int_equal(hpt_encoder_take(&e, &byte, 0), 0);
	assert_int_equal(byte, 0xEE);
	assert_int_equal(hpt_encoder_run(&e, 0, two, 1, 0, NULL), HPT_ERR_ARGUMENT);
}

/* Counts above 65535: chunks are filled, invalid slots come after the last valid one. */
static void test_long_runs(void **state)
{
	const uint64_t valid = 0x2FFFF, invalid = 0x20005;
	struct hpt_entry *entries = calloc(valid, sizeof(*entries));
	struct out out = { malloc(valid * 16 + 100), 0, valid * 16 + 100 };
	struct run run = { 0x77, entries, valid, invalid };
	uint64_t seed = 31;
	unsigned char expected[64];
	size_t at = 0;

	(void)state;
	assert_true(entries && out.bytes);
	for (size_t i = 0; i < valid; i++)
		entries[i] = unit_random_entry(&seed);
	encode(LE, 36, &run, 1, 65537, &out);
	for (int chunk = 0; chunk < 4; chunk++) {
		static const char *const headers[] = { "L:77,ffff,0", "L:10076,ffff,0",
						       "L:20075,ffff,0", "L:30074,2,ffff" };

		assert_int_equal(unit_bytes(headers[chunk], expected, 8), 8);
		assert_memory_equal(out.bytes + at, expected, 8);
		at += 8 + (size_t)16 * (chunk < 3 ? 0xFFFF : 2);
	}
	assert_int_equal(unit_bytes("L:40075,0,ffff L:50074,0,7", expected, 16), 16);
	assert_memory_equal(out.bytes + at, expected, 16);
	assert_int_equal(out.used, at + 16);
	free(out.bytes);
	free(entries);
}

struct wrong {
	struct run run;
	int code;
	uint64_t ptex;
	const char *text;
};

static const struct hpt_entry not_valid[] = { { 1, 0 }, { 0xFFFFFFFFFFFFFFFE, 0 }, { 1, 0 } };

static const struct wrong wrongs[] = {
	{ { 0x4001, NULL, 0, 0 }, HPT_ERR_RANGE, 0x4001,
	  "encoder: 0 valid and 0 invalid entries from 0x4001 lead beyond 0x4000, the number of "
	  "slots" },
	{ { 0x3FFF, two, 2, 0 }, HPT_ERR_RANGE, 0x3FFF,
	  "encoder: 2 valid and 0 invalid entries from 0x3fff lead beyond 0x4000, the number of "
	  "slots" },
	{ { 0x3FFE, two, 2, 1 }, HPT_ERR_RANGE, 0x3FFE,
	  "encoder: 2 valid and 1 invalid entries from 0x3ffe lead beyond 0x4000, the number of "
	  "slots" },
	{ { 1, NULL, 0, UINT64_MAX }, HPT_ERR_RANGE, 1,
	  "encoder: 0 valid and 18446744073709551615 invalid entries from 0x1 lead beyond 0x4000, "
	  "the number of slots" },
	{ { UINT64_MAX, two, 1, 1 }, HPT_ERR_RANGE, UINT64_MAX,
	  "encoder: 1 valid and 1 invalid entries from 0xffffffffffffffff lead beyond 0x4000, the "
	  "number of slots" },
	{ { 0x10, not_valid, 3, 0 }, HPT_ERR_NOT_VALID, 0x11,
	  "encoder: entry 0x11: its V bit is clear, and it was said to be valid" },
};

static void test_wrong_runs(void **state)
{
	struct hpt_encoder e, before;
	struct hpt_error err;
	unsigned char byte;

	(void)state;
	begin(&e, LE, 18);
	before = e;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		const struct run *r = &wrongs[i].run;

		unit_poison(&err);
		unit_error_at(hpt_encoder_run(&e, r->ptex, r->entries, r->n_valid, r->n_invalid,
					      &err), &err, wrongs[i].code, wrongs[i].text,
			      HPT_ERROR_HAS_PTEX, wrongs[i].ptex);
		assert_memory_equal(&e, &before, sizeof(e));
		assert_int_equal(hpt_encoder_take(&e, &byte, 1), 0);
	}
	unit_error(hpt_encoder_run(&e, 0, NULL, 1, 0, &err), &err, HPT_ERR_ARGUMENT,
		   "encoder: NULL");
	unit_error(hpt_encoder_run(NULL, 0, two, 1, 0, &err), &err, HPT_ERR_ARGUMENT,
		   "encoder: NULL");
	unit_error(hpt_encoder_end(NULL, &err), &err, HPT_ERR_ARGUMENT, "encoder: NULL");
}

/* A run is refused until each byte of the one before was taken. */
static void test_bytes_left(void **state)
{
	unsigned char bytes[64];

	(void)state;
	for (size_t taken = 0; taken <= 40; taken++) {
		const char *text = "encoder: bytes of the run before were not taken yet";
		struct hpt_encoder e;
		struct hpt_error err;
		int run, end;

		begin(&e, LE, 18);
		assert_int_equal(hpt_encoder_run(&e, 0, two, 2, 0, NULL), 0);
		assert_int_equal(hpt_encoder_take(&e, bytes, taken), taken);
		unit_poison(&err);
		end = taken < 40 ? hpt_encoder_end(&e, &err) : 0;
		if (taken < 40)
			unit_error(end, &err, HPT_ERR_ARGUMENT, text);
		unit_poison(&err);
		run = hpt_encoder_run(&e, 2, two, 1, 0, &err);
		if (taken < 40)
			unit_error(run, &err, HPT_ERR_ARGUMENT, text);
		else
			unit_ok(run, &err);
	}
}

static void test_after_the_end(void **state)
{
	const char *text = "encoder: the end was written already";
	unsigned char bytes[16];
	struct hpt_encoder e;
	struct hpt_error err;

	(void)state;
	begin(&e, QEMU, 18);
	assert_int_equal(hpt_encoder_end(&e, NULL), 0);
	for (int i = 0; i < 2; i++) {
		unit_error(hpt_encoder_run(&e, 0, two, 1, 0, &err), &err, HPT_ERR_ARGUMENT, text);
		unit_error(hpt_encoder_end(&e, &err), &err, HPT_ERR_ARGUMENT, text);
		assert_int_equal(hpt_encoder_take(&e, bytes, sizeof(bytes)), i ? 0 : 8);
	}
}

static void test_init_refusals(void **state)
{
	enum { SIZE = sizeof(struct hpt_encoder_options) };
	static const struct {
		struct hpt_encoder_options o;
		int code;
		const char *text;
	} bad[] = {
		{ { SIZE, HPT_DIALECT_DETECT, 18 }, HPT_ERR_ARGUMENT,
		  "encoder: dialect is 0, expected kvm-le, kvm-be or qemu" },
		{ { SIZE, (enum hpt_dialect)7, 18 }, HPT_ERR_ARGUMENT,
		  "encoder: dialect is 7, expected kvm-le, kvm-be or qemu" },
		{ { SIZE, LE, 0 }, HPT_ERR_ORDER, "order is 0, expected 18 to 36" },
		{ { SIZE, LE, 17 }, HPT_ERR_ORDER, "order is 17, expected 18 to 36" },
		{ { SIZE, LE, 37 }, HPT_ERR_ORDER, "order is 37, expected 18 to 36" },
	};
	const struct hpt_encoder_options small = { sizeof(small) - 1, LE, 18 };
	struct hpt_encoder e;
	struct hpt_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		unit_poison(&err);
		unit_error_at(hpt_encoder_init(&e, &bad[i].o, &err), &err, bad[i].code,
			      bad[i].text, 0, 0);
	}
	unit_too_small(hpt_encoder_init(&e, &small, &err), &err, "hpt_encoder_options",
		       small.size, sizeof(small));
	unit_error(hpt_encoder_init(NULL, &bad[0].o, &err), &err, HPT_ERR_ARGUMENT,
		   "encoder: NULL");
	unit_error(hpt_encoder_init(&e, NULL, &err), &err, HPT_ERR_ARGUMENT, "encoder: NULL");
}

/* Runs of a random table: lengths from 0 to a few, now and then many. */
static size_t random_runs(uint64_t *seed, const struct hpt_entry *entries, struct run *runs,
			  size_t max)
{
	uint64_t at = 0;
	size_t n = 0;

	while (at < UNIT_SLOTS && n < max) {
		uint64_t skip = unit_random(seed) % 3, left = UNIT_SLOTS - at;
		struct run *r = &runs[n++];

		r->ptex = at + (skip < left ? skip : 0);
		left = UNIT_SLOTS - r->ptex;
		r->n_valid = unit_random(seed) % (unit_random(seed) % 50 ? 5 : 400);
		if (r->n_valid > left)
			r->n_valid = left;
		left -= r->n_valid;
		r->n_invalid = unit_random(seed) % (unit_random(seed) % 50 ? 5 : 4000);
		if (r->n_invalid > left)
			r->n_invalid = left;
		r->entries = entries + r->ptex;
		at = r->ptex + r->n_valid + r->n_invalid;
	}
	return n;
}

static void check_decoded(const struct items *items, const struct run *runs, size_t n)
{
	size_t i = 0;

	for (size_t r = 0; r < n; r++) {
		for (uint64_t k = 0; k < runs[r].n_valid; k++, i++) {
			assert_in_range(i, 0, items->n - 1);
			assert_int_equal(items->item[i].kind, ITEM_VALID);
			assert_int_equal(items->item[i].ptex, runs[r].ptex + k);
			assert_memory_equal(&items->item[i].entry, &runs[r].entries[k],
					    sizeof(struct hpt_entry));
		}
		if (runs[r].n_invalid) {
			assert_int_equal(items->item[i].kind, ITEM_INVALID);
			assert_int_equal(items->item[i].ptex, runs[r].ptex + runs[r].n_valid);
			assert_int_equal(items->item[i++].n, runs[r].n_invalid);
		}
	}
	assert_true(i == items->n || items->item[i].kind == ITEM_END);
}

static void test_decode_of_encode(void **state)
{
	static const enum hpt_dialect dialects[] = { LE, BE, QEMU };
	struct hpt_entry *entries = calloc(UNIT_SLOTS, sizeof(*entries));
	struct run *runs = calloc(UNIT_SLOTS, sizeof(*runs));
	struct out out = { malloc(1 << 20), 0, 1 << 20 };
	uint64_t seed = 41;

	(void)state;
	assert_true(entries && runs && out.bytes);
	for (size_t i = 0; i < UNIT_SLOTS; i++)
		entries[i] = unit_random_entry(&seed);
	for (unsigned round = 0; round < 60; round++) {
		const struct hpt_decoder_options o = {
			.size = sizeof(o), .order = 18, .flags = HPT_DECODER_LATER_PASS,
			.dialect = dialects[round % 3],
		};
		size_t n = random_runs(&seed, entries, runs, 1 + unit_random(&seed) % 2000);
		struct items items;

		encode(o.dialect, 18, runs, n, 1 + unit_random(&seed) % 300, &out);
		items_decode(&items, &o, out.bytes, out.used, unit_random(&seed) % 100,
			     1 + unit_random(&seed) % 200);
		if (items.ret)
			fail_msg("%s", items.err.text);
		check_decoded(&items, runs, n);
		items_free(&items);
	}
	free(out.bytes);
	free(runs);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_long_runs),
		cmocka_unit_test(test_wrong_runs),
		cmocka_unit_test(test_bytes_left),
		cmocka_unit_test(test_after_the_end),
		cmocka_unit_test(test_init_refusals),
		cmocka_unit_test(test_decode_of_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
