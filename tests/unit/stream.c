/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The HTAB stream's decoder. */

#include "streams.h"

#define LE HPT_DIALECT_KVM_LE
#define BE HPT_DIALECT_KVM_BE
#define QEMU HPT_DIALECT_QEMU

/* Chunks that cover the slots of a table of order 18 behind those named before. */
#define REST(first) "L:" #first ",0,"

struct good {
	enum hpt_dialect dialect;
	uint32_t order, flags;
	const char *text;
	/* what must be seen */
	struct hpt_stream_summary summary;
	const char *slots; /* slots worth a look at the end: "PTEX=V,R ..." */
};

static const struct good goods[] = {
	{ LE, 0, 0, "", { .gap = 0 }, "" },
	{ BE, 0, 0, "", { .gap = 0 }, "" },
	{ QEMU, 0, 0, "Z", { .bytes = 8 }, "" },
	{ QEMU, 0, 0, "Z Z Z", { .bytes = 24 }, "0=0,0" },
	/* one pass over all of an order 18 table */
	{ LE, 0, 0, "L:0,1,3fff E:81,2",
	  { 24, 1, 1, 0x3FFF, 0x4000, 1, 18, 0x4000 }, "0=81,2 1=0,0 3fff=0,0" },
	{ LE, 18, 0, "L:0,1,3fff E:81,2",
	  { 24, 1, 1, 0x3FFF, 0x4000, 1, 18, 0x4000 }, "0=81,2" },
	{ BE, 18, 0, "B:0,0,3fff B:3fff,1,0 E:ffffffffffffffff,ffffffffffffffff",
	  { 32, 2, 1, 0x3FFF, 0x4000, 1, 18, 0x4000 },
	  "3fff=ffffffffffffff9f,ffffffffffffffff 0=0,0" },
	/* order 19: the counts of a chunk stop at ffff; order 20 needs two chunks */
	{ LE, 0, 0, "L:0,0,8000", { 8, 1, 0, 0x8000, 0x8000, 1, 19, 0x8000 }, "" },
	{ LE, 0, 0, "L:0,0,ffff L:ffff,0,1", { 16, 2, 0, 0x10000, 0x10000, 1, 20, 0x10000 }, "" },
	{ LE, 20, 0, "L:0,0,ffff L:ffff,0,1", { 16, 2, 0, 0x10000, 0x10000, 1, 20, 0x10000 }, "" },
	/* not a power of two, too small, or not from 0: no order */
	{ LE, 0, 0, "L:0,0,3fff", { 8, 1, 0, 0x3FFF, 0x3FFF, 1, 0, 0x3FFF }, "" },
	{ LE, 0, 0, "L:0,0,2000", { 8, 1, 0, 0x2000, 0x2000, 1, 0, 0x2000 }, "" },
	{ LE, 0, 0, "L:0,0,c000", { 8, 1, 0, 0xC000, 0xC000, 1, 0, 0xC000 }, "" },
	{ LE, 0, 0, "L:1,0,3fff", { 8, 1, 0, 0x3FFF, 0x4000, 1, 0, 0 }, "" },
	{ LE, 0, 0, "L:0,0,100 L:101,0,3eff", { 16, 2, 0, 0x3FFF, 0x4000, 1, 0, 0x100 }, "" },
	/* the same bytes as a later pass: nothing is concluded */
	{ LE, 0, 1, "L:0,1,3fff E:81,2", { 24, 1, 1, 0x3FFF, 0x4000, 1, 0, 0 }, "0=81,2" },
	{ LE, 20, 1, "L:0,0,4000", { 8, 1, 0, 0x4000, 0x4000, 1, 0, 0 }, "" },
	/* passes on top of each other: a lower index, or an end marker, begins one */
	{ LE, 0, 0, "L:0,1,3fff E:81,2 L:0,0,1", { 32, 2, 1, 0x4000, 0x4000, 2, 18, 0x4000 },
	  "0=0,0" },
	{ LE, 0, 0, "L:0,2,3ffe E:81,2 E:83,4 L:1,1,0 E:85,6 L:0,1,1 E:87,8",
	  { 88, 3, 4, 0x3FFF, 0x4000, 3, 18, 0x4000 }, "0=87,8 1=0,0" },
	{ LE, 18, 0, "L:0,0,4000 L:3fff,1,0 E:81,2",
	  { 32, 2, 1, 0x4000, 0x4000, 2, 18, 0x4000 }, "3fff=81,2" },
	{ QEMU, 18, 0, "B:0,1,3fff E:81,2 Z B:5,1,0 E:83,4 Z",
	  { 64, 2, 2, 0x3FFF, 0x4000, 2, 18, 0x4000 }, "0=81,2 5=83,4" },
	{ QEMU, 18, 0, "B:7,1,0 E:81,2 Z B:8,1,0 E:83,4 Z",
	  { 64, 2, 2, 0, 9, 2, 0, 0 }, "7=81,2 8=83,4" },
	/* QEMU's own first pass names only valid runs; a given order is not contradicted */
	{ QEMU, 24, 0, "B:0,0,4000 Z", { 16, 1, 0, 0x4000, 0x4000, 1, 18, 0x4000 }, "" },
	/* chunks of no slots say nothing, but are chunks */
	{ LE, 0, 0, "L:5,0,0 L:7,0,0", { 16, 2, 0, 0, 7, 1, 0, 0 }, "" },
	{ BE, 0, 0, "Z B:0,0,4000", { 16, 2, 0, 0x4000, 0x4000, 1, 18, 0x4000 }, "" },
	/* the end of what an index can name */
	{ LE, 0, 0, "L:ffffffff,1,0 E:81,2", { 24, 1, 1, 0, 0x100000000, 1, 0, 0 },
	  "ffffffff=81,2" },
	{ LE, 36, 0, "L:ffffffff,0,1", { 8, 1, 0, 1, 0x100000000, 1, 0, 0 }, "" },
	{ LE, 46, 0, "L:ffffffff,0,ffff", { 8, 1, 0, 0xFFFF, 0x10000FFFE, 1, 0, 0 }, "" },
	/* software's and the hypervisor's bits: 60 is dropped, 18 stays */
	{ LE, 0, 1, "L:3,1,0 E:79,0", { 24, 1, 1, 0, 4, 1, 0, 0 }, "3=19,0" },
};

static void check_slots(const struct items *items, const char *slots)
{
	unsigned long long ptex, v, r;
	int n;

	for (; sscanf(slots, "%llx=%llx,%llx %n", &ptex, &v, &r, &n) == 3; slots += n) {
		struct hpt_entry found = items_slot(items, ptex);

		assert_true(found.v == v);
		assert_true(found.r == r);
	}
	assert_int_equal(*slots, '\0');
}

static struct hpt_decoder_options options_of(enum hpt_dialect dialect, uint32_t order,
					     uint32_t flags)
{
	return (struct hpt_decoder_options){ .size = sizeof(struct hpt_decoder_options),
					     .flags = flags, .dialect = dialect,
					     .order = order };
}

static void test_good(void **state)
{
	unsigned char bytes[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(goods); i++) {
		const struct good *g = &goods[i];
		const struct hpt_decoder_options o = options_of(g->dialect, g->order, g->flags);
		size_t len = unit_bytes(g->text, bytes, sizeof(bytes));
		struct items found, expected = { .summary = g->summary };

		items_decode(&found, &o, bytes, len, len, 1);
		if (found.ret)
			fail_msg("\"%s\": %s", g->text, found.err.text);
		check_slots(&found, g->slots);
		expected.item = found.item;
		expected.n = found.n;
		items_same(&found, &expected);
		items_free(&found);
	}
}

/* However the bytes are split, what they say is the same. */
static void check_splits(const struct hpt_decoder_options *o, const unsigned char *bytes,
			 size_t len)
{
	struct items whole, split;

	items_decode(&whole, o, bytes, len, len, 1);
	for (size_t first = 0; first <= len; first++) {
		items_decode(&split, o, bytes, len, first, SIZE_MAX);
		items_same(&whole, &split);
		items_free(&split);
	}
	for (size_t step = 1; step < 40; step++) {
		items_decode(&split, o, bytes, len, step, step);
		items_same(&whole, &split);
		items_free(&split);
	}
	items_free(&whole);
}

static void test_splits(void **state)
{
	unsigned char bytes[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(goods); i++) {
		const struct hpt_decoder_options o =
			options_of(goods[i].dialect, goods[i].order, goods[i].flags);

		check_splits(&o, bytes, unit_bytes(goods[i].text, bytes, sizeof(bytes)));
	}
}

static void test_splits_of_long_chunks(void **state)
{
	unsigned char bytes[4096];
	const struct hpt_decoder_options o = options_of(QEMU, 18, 0);
	size_t len = unit_bytes("B:10,20,5 20*E:1234567890abcd9,fedcba987654321 B:50,0,7 "
				"B:60,3,1 3*E:ff01,2 Z B:0,9,9 9*E:8001,7 Z",
				bytes, sizeof(bytes));

	(void)state;
	check_splits(&o, bytes, len);
}

struct wrong {
	enum hpt_dialect dialect;
	uint32_t order;
	const char *text;
	int code;
	uint64_t offset, ptex; /* ptex UINT64_MAX: none */
	const char *expected;
};

#define NONE UINT64_MAX

static const struct wrong wrongs[] = {
	{ LE, 0, "x:00", HPT_ERR_TRUNCATED_HEADER, 1, NONE,
	  "the stream ends at offset 0x1, 1 bytes into a chunk's header, expected 8" },
	{ BE, 0, "x:00000000000000", HPT_ERR_TRUNCATED_HEADER, 7, NONE,
	  "the stream ends at offset 0x7, 7 bytes into a chunk's header, expected 8" },
	{ LE, 0, "L:0,0,1 x:0102", HPT_ERR_TRUNCATED_HEADER, 10, NONE,
	  "the stream ends at offset 0xa, 2 bytes into a chunk's header, expected 8" },
	{ QEMU, 0, "Z x:0102", HPT_ERR_TRUNCATED_HEADER, 10, NONE,
	  "the stream ends at offset 0xa, 2 bytes into a chunk's header, expected 8" },
	{ LE, 0, "L:0,1,0", HPT_ERR_TRUNCATED_ENTRIES, 8, NONE,
	  "the stream ends at offset 0x8, 0 bytes into the entries of the chunk at offset 0x0, "
	  "expected 1 more entries" },
	{ LE, 0, "L:0,2,0 E:1,2", HPT_ERR_TRUNCATED_ENTRIES, 24, NONE,
	  "the stream ends at offset 0x18, 0 bytes into the entries of the chunk at offset 0x0, "
	  "expected 1 more entries" },
	{ LE, 0, "L:0,0,1 L:1,2,0 x:00000000000000", HPT_ERR_TRUNCATED_ENTRIES, 23, NONE,
	  "the stream ends at offset 0x17, 7 bytes into the entries of the chunk at offset 0x8, "
	  "expected 2 more entries" },
	{ QEMU, 0, "", HPT_ERR_TRUNCATED_END, 0, NONE,
	  "the stream ends at offset 0x0, expected a chunk or the end marker" },
	{ QEMU, 0, "B:0,0,1", HPT_ERR_TRUNCATED_END, 8, NONE,
	  "the stream ends at offset 0x8, expected a chunk or the end marker" },
	{ QEMU, 0, "Z B:0,0,1", HPT_ERR_TRUNCATED_END, 16, NONE,
	  "the stream ends at offset 0x10, expected a chunk or the end marker" },
	{ LE, 18, "L:4000,0,0", HPT_ERR_CHUNK_INDEX, 0, 0x4000,
	  "chunk at offset 0x0: index is 0x4000, expected below 0x4000, the number of slots" },
	{ LE, 18, "L:0,1,0 E:1,2 L:ffffffff,1,0 E:1,2", HPT_ERR_CHUNK_INDEX, 24, 0xFFFFFFFF,
	  "chunk at offset 0x18: index is 0xffffffff, expected below 0x4000, the number of slots" },
	{ QEMU, 18, "B:4000,1,0", HPT_ERR_CHUNK_INDEX, 0, 0x4000,
	  "chunk at offset 0x0: index is 0x4000, expected below 0x4000, the number of slots" },
	{ LE, 18, "L:3fff,1,1 E:1,2", HPT_ERR_CHUNK_COUNT, 0, 0x3FFF,
	  "chunk at offset 0x0: index 0x3fff and 1 valid and 1 invalid entries lead beyond 0x4000, "
	  "the number of slots" },
	{ BE, 18, "B:0,0,4001", HPT_ERR_CHUNK_COUNT, 0, 0,
	  "chunk at offset 0x0: index 0x0 and 0 valid and 16385 invalid entries lead beyond 0x4000, "
	  "the number of slots" },
	{ LE, 0, "L:ffffffff,1,1", HPT_ERR_CHUNK_COUNT, 0, 0xFFFFFFFF,
	  "chunk at offset 0x0: index 0xffffffff and 1 valid and 1 invalid entries lead beyond "
	  "0x100000000, the number of slots" },
	{ LE, 0, "L:ffff0001,ffff,ffff", HPT_ERR_CHUNK_COUNT, 0, 0xFFFF0001,
	  "chunk at offset 0x0: index 0xffff0001 and 65535 valid and 65535 invalid entries lead "
	  "beyond 0x100000000, the number of slots" },
	{ LE, 0, "L:5,1,0 E:fffffffffffffffe,1", HPT_ERR_NOT_VALID, 8, 5,
	  "entry 0x5 at offset 0x8: its V bit is clear, and the chunk at offset 0x0 says that it "
	  "is valid" },
	{ LE, 0, "L:0,0,5 L:5,3,0 E:1,0 E:0,1 E:0,1", HPT_ERR_NOT_VALID, 32, 6,
	  "entry 0x6 at offset 0x20: its V bit is clear, and the chunk at offset 0x8 says that it "
	  "is valid" },
	{ QEMU, 18, "Z B:7,2,0 E:1,0 E:0,0", HPT_ERR_NOT_VALID, 32, 8,
	  "entry 0x8 at offset 0x20: its V bit is clear, and the chunk at offset 0x8 says that it "
	  "is valid" },
	/* an "absent" entry of KVM's has 0x20, and V in the stream */
	{ LE, 0, "L:0,1,0 E:20,1", HPT_ERR_NOT_VALID, 8, 0,
	  "entry 0x0 at offset 0x8: its V bit is clear, and the chunk at offset 0x0 says that it "
	  "is valid" },
	{ LE, 19, "L:0,0,4000", HPT_ERR_CONTRADICTION, 8, NONE,
	  "the first pass ends at offset 0x8 and covers 0x4000 slots, a table of order 18, expected "
	  "0x8000, order 19" },
	{ BE, 20, "B:0,0,4000 B:0,0,1", HPT_ERR_CONTRADICTION, 8, NONE,
	  "the first pass ends at offset 0x8 and covers 0x4000 slots, a table of order 18, expected "
	  "0x10000, order 20" },
};

static void check_wrong(const struct wrong *w, const struct items *found)
{
	unit_error(found->ret, &found->err, w->code, w->expected);
	assert_int_equal(found->err.has, HPT_ERROR_HAS_OFFSET |
					 (w->ptex == NONE ? 0 : HPT_ERROR_HAS_PTEX));
	assert_int_equal(found->err.offset, w->offset);
	if (w->ptex != NONE)
		assert_int_equal(found->err.ptex, w->ptex);
}

static void test_wrong(void **state)
{
	unsigned char bytes[256];

	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		const struct hpt_decoder_options o = options_of(w->dialect, w->order, 0);
		size_t len = unit_bytes(w->text, bytes, sizeof(bytes));
		struct items found;

		items_decode(&found, &o, bytes, len, len, 1);
		check_wrong(w, &found);
		items_free(&found);
		/* However the bytes are split, the error is the same. */
		for (size_t first = 0; first <= len; first++) {
			items_decode(&found, &o, bytes, len, first, SIZE_MAX);
			check_wrong(w, &found);
			items_free(&found);
		}
		items_decode(&found, &o, bytes, len, 1, 1);
		check_wrong(w, &found);
		items_free(&found);
	}
}

/* A stream that lies within a file: errors say where in the file. */
static void test_offset(void **state)
{
	struct hpt_decoder_options o = options_of(LE, 18, 0);
	unsigned char bytes[64];
	size_t len = unit_bytes("L:0,0,1 L:4001,0,0", bytes, sizeof(bytes));
	struct items found;

	(void)state;
	o.offset = UINT64_C(0x123456789A);
	items_decode(&found, &o, bytes, len, len, 1);
	unit_error(found.ret, &found.err, HPT_ERR_CHUNK_INDEX,
		   "chunk at offset 0x12345678a2: index is 0x4001, expected below 0x4000, the "
		   "number of slots");
	assert_int_equal(found.err.offset, 0x12345678A2);
	assert_int_equal(found.item[0].offset, 0x123456789A);
	items_free(&found);
	items_decode(&found, &o, bytes, 8, 3, 2);
	assert_int_equal(found.summary.bytes, 8);
	items_free(&found);
}

/* After an error the decoder gives the same one again, whatever it is fed. */
static void test_errors_stick(void **state)
{
	const struct hpt_decoder_options o = options_of(LE, 18, 0);
	struct hpt_stream_summary summary = { .bytes = 99 };
	enum hpt_event event = HPT_EVENT_END;
	unsigned char bytes[64];
	struct hpt_error first, err;
	struct hpt_decoder d;
	struct hpt_run run = { .ptex = 77 };
	size_t used = 88, len = unit_bytes("L:4000,0,0 L:0,0,1", bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	unit_poison(&first);
	assert_int_equal(hpt_decoder_next(&d, bytes, len, &used, &event, &run, &first),
			 HPT_ERR_CHUNK_INDEX);
	for (size_t n = 0; n <= 8; n++) {
		unit_poison(&err);
		assert_int_equal(hpt_decoder_next(&d, bytes + 8, n, &used, &event, &run, &err),
				 HPT_ERR_CHUNK_INDEX);
		assert_memory_equal(&err, &first, sizeof(err));
	}
	unit_poison(&err);
	assert_int_equal(hpt_decoder_finish(&d, &summary, &err), HPT_ERR_CHUNK_INDEX);
	assert_memory_equal(&err, &first, sizeof(err));
	assert_int_equal(hpt_decoder_next(&d, bytes, 8, &used, &event, &run, NULL),
			 HPT_ERR_CHUNK_INDEX);
	/* outputs were left alone */
	assert_int_equal(summary.bytes, 99);
	assert_int_equal(used, 88);
	assert_int_equal(event, HPT_EVENT_END);
	assert_int_equal(run.ptex, 77);
}

static void test_zero_copy(void **state)
{
	const struct hpt_decoder_options o = options_of(LE, 18, 0);
	unsigned char bytes[256];
	size_t len = unit_bytes("L:0,4,0 4*E:81,2 L:4,0,3ffc", bytes, sizeof(bytes)), used;
	enum hpt_event event;
	struct hpt_error err;
	struct hpt_decoder d;
	struct hpt_run run;

	(void)state;
	unit_poison(&err);
	unit_ok(hpt_decoder_init(&d, &o, &err), &err);
	unit_ok(hpt_decoder_next(&d, bytes, len, &used, &event, &run, &err), &err);
	assert_int_equal(event, HPT_EVENT_RUN);
	assert_ptr_equal(run.entries_be, bytes + 8);
	assert_int_equal(run.n_valid, 4);
	assert_int_equal(used, 8 + 64);
	/* Of a split chunk, whole entries still lie where the caller has them. */
	unit_ok(hpt_decoder_init(&d, &o, &err), &err);
	unit_ok(hpt_decoder_next(&d, bytes, 8 + 40, &used, &event, &run, &err), &err);
	assert_ptr_equal(run.entries_be, bytes + 8);
	assert_int_equal(run.n_valid, 2);
	assert_int_equal(run.n_invalid, 0);
	assert_int_equal(used, 8 + 32);
	unit_ok(hpt_decoder_next(&d, bytes + 40, 8, &used, &event, &run, &err), &err);
	assert_int_equal(event, HPT_EVENT_MORE);
	assert_int_equal(used, 8);
	unit_ok(hpt_decoder_next(&d, bytes + 48, len - 48, &used, &event, &run, &err), &err);
	assert_true(run.entries_be < (void *)bytes || run.entries_be >= (void *)(bytes + len));
	assert_int_equal(run.n_valid, 1);
	assert_int_equal(run.ptex, 2);
	unit_ok(hpt_decoder_next(&d, bytes + 56, len - 56, &used, &event, &run, &err), &err);
	assert_ptr_equal(run.entries_be, bytes + 56);
	assert_int_equal(run.ptex, 3);
}

/* A copy of a decoder goes on from where the original was. */
static void test_copy(void **state)
{
	const struct hpt_decoder_options o = options_of(BE, 18, 0);
	unsigned char bytes[128];
	size_t len = unit_bytes("B:0,2,3ffe E:81,2 E:83,4", bytes, sizeof(bytes)), used;
	struct hpt_stream_summary a, b;
	enum hpt_event event;
	struct hpt_decoder d, copy;
	struct hpt_run run;

	(void)state;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	do {
		assert_int_equal(hpt_decoder_next(&d, bytes, 29, &used, &event, &run, NULL), 0);
	} while (event == HPT_EVENT_MORE);
	copy = d;
	hpt_decoder_summary(&d, &a);
	assert_int_equal(a.bytes, 24);
	while (used < len) {
		size_t n;

		assert_int_equal(hpt_decoder_next(&d, bytes + used, len - used, &n, &event, &run,
						  NULL), 0);
		used += n;
	}
	assert_int_equal(hpt_decoder_finish(&d, NULL, NULL), 0);
	hpt_decoder_summary(&copy, &b);
	assert_int_equal(b.bytes, 24);
	assert_int_equal(b.valid, 2);
	assert_int_equal(b.order, 18);
	assert_int_equal(hpt_decoder_finish(&copy, &b, NULL), HPT_ERR_TRUNCATED_ENTRIES);
}

static void test_init_refusals(void **state)
{
	enum { SIZE = sizeof(struct hpt_decoder_options) };
	static const struct {
		struct hpt_decoder_options o;
		int code;
		const char *text;
	} bad[] = {
		{ { .size = SIZE }, HPT_ERR_ARGUMENT,
		  "decoder: dialect is 0, expected kvm-le, kvm-be or qemu" },
		{ { .size = SIZE, .dialect = (enum hpt_dialect)4 }, HPT_ERR_ARGUMENT,
		  "decoder: dialect is 4, expected kvm-le, kvm-be or qemu" },
		{ { .size = SIZE, .dialect = LE, .flags = 2 }, HPT_ERR_ARGUMENT,
		  "decoder: flags are 0x2, expected of 0x1" },
		{ { .size = SIZE, .dialect = LE, .order = 17 }, HPT_ERR_ORDER,
		  "order is 17, expected 18 to 46" },
		{ { .size = SIZE, .dialect = LE, .order = 47 }, HPT_ERR_ORDER,
		  "order is 47, expected 18 to 46" },
	};
	const struct hpt_decoder_options small = { .size = 3, .dialect = LE };
	struct hpt_decoder d, before;
	struct hpt_error err;

	(void)state;
	memset(&d, 0x3C, sizeof(d));
	before = d;
	for (size_t i = 0; i < COUNT(bad); i++) {
		unit_poison(&err);
		unit_error_at(hpt_decoder_init(&d, &bad[i].o, &err), &err, bad[i].code,
			      bad[i].text, 0, 0);
		assert_memory_equal(&d, &before, sizeof(d));
	}
	unit_too_small(hpt_decoder_init(&d, &small, &err), &err, "hpt_decoder_options", 3,
		       sizeof(small));
	unit_error(hpt_decoder_init(&d, NULL, &err), &err, HPT_ERR_ARGUMENT, "decoder: NULL");
	unit_error(hpt_decoder_init(NULL, &bad[0].o, &err), &err, HPT_ERR_ARGUMENT,
		   "decoder: NULL");
}

static void test_next_nulls(void **state)
{
	const struct hpt_decoder_options o = options_of(LE, 18, 0);
	const unsigned char bytes[8] = { 0 };
	enum hpt_event event;
	struct hpt_decoder d;
	struct hpt_error err;
	struct hpt_run run;
	size_t used;

	(void)state;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	for (int which = 0; which < 5; which++) {
		unit_poison(&err);
		unit_error(hpt_decoder_next(which == 0 ? NULL : &d, which == 1 ? NULL : bytes, 8,
					    which == 2 ? NULL : &used, which == 3 ? NULL : &event,
					    which == 4 ? NULL : &run, &err), &err,
			   HPT_ERR_ARGUMENT, "decoder: NULL");
	}
	unit_error(hpt_decoder_finish(NULL, NULL, &err), &err, HPT_ERR_ARGUMENT, "decoder: NULL");
	/* no bytes at all are fine, and none of the refusals has used one */
	assert_int_equal(hpt_decoder_next(&d, NULL, 0, &used, &event, &run, NULL), 0);
	assert_int_equal(used, 0);
	assert_int_equal(event, HPT_EVENT_MORE);
	assert_int_equal(hpt_decoder_finish(&d, NULL, NULL), 0);
}

static void test_dialect_names(void **state)
{
	(void)state;
	assert_string_equal(hpt_dialect_name(LE), "kvm-le");
	assert_string_equal(hpt_dialect_name(BE), "kvm-be");
	assert_string_equal(hpt_dialect_name(QEMU), "qemu");
	assert_null(hpt_dialect_name(HPT_DIALECT_DETECT));
	assert_null(hpt_dialect_name((enum hpt_dialect)4));
	assert_null(hpt_dialect_name((enum hpt_dialect)-1));
}

/* Two headers of every small shape, against rules that are applied to the whole at once. */
struct shape {
	uint64_t index, nv, ni;
};

struct verdict {
	int code;
	uint64_t offset, passes, order;
};

static uint64_t complete_order(uint64_t slots)
{
	return slots == 0x4000 ? 18 : slots == 0x8000 ? 19 : slots == 0x10000 ? 20 : 0;
}

static struct verdict judge(const struct shape *s, size_t n, uint64_t slots, uint64_t given,
			    size_t entries_there)
{
	struct verdict v = { 0 };
	uint64_t end = 0, covered = 0;
	bool gap = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t sum = s[i].nv + s[i].ni;

		if (s[i].index >= slots)
			return (struct verdict){ HPT_ERR_CHUNK_INDEX, v.offset, 0, 0 };
		if (s[i].index + sum > slots)
			return (struct verdict){ HPT_ERR_CHUNK_COUNT, v.offset, 0, 0 };
		if (!v.passes || s[i].index < end) {
			uint64_t found = gap ? 0 : complete_order(covered);

			if (v.passes == 1 && given && found && found != given)
				return (struct verdict){ HPT_ERR_CONTRADICTION, v.offset, 0, 0 };
			end = 0;
			v.passes++;
		}
		if (v.passes == 1) {
			gap |= s[i].index != end;
			covered = gap ? covered : s[i].index + sum;
		}
		end = s[i].index + sum;
		v.offset += 8 + 16 * s[i].nv;
		if (s[i].nv > entries_there)
			return (struct verdict){ HPT_ERR_TRUNCATED_ENTRIES,
						 v.offset - 16 * (s[i].nv - entries_there), 0, 0 };
	}
	v.order = gap ? 0 : complete_order(covered);
	if (v.passes == 1 && given && v.order && v.order != given)
		v.code = HPT_ERR_CONTRADICTION;
	return v;
}

static void check_shapes(const struct shape *s, size_t n, uint32_t order, enum hpt_dialect dialect)
{
	const struct hpt_decoder_options o = options_of(dialect, order, 0);
	struct verdict v = judge(s, n, order ? UINT64_C(1) << (order - 4) : UINT64_C(1) << 32,
				 order, 3);
	unsigned char bytes[256];
	struct items found;
	char text[256];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t there = s[i].nv < 3 ? s[i].nv : 3;

		snprintf(text, sizeof(text), "%c:%llx,%llx,%llx %llx*E:81,2", dialect == LE ? 'L' : 'B',
			 ULL(s[i].index), ULL(s[i].nv), ULL(s[i].ni), ULL(there));
		len += unit_bytes(text, bytes + len, sizeof(bytes) - len);
		if (s[i].nv > 3)
			break;
	}
	items_decode(&found, &o, bytes, len, len, 1);
	if (found.ret != v.code)
		fail_msg("%s: %d, expected %d", text, found.ret, v.code);
	if (v.code) {
		assert_int_equal(found.err.offset, v.offset);
	} else {
		assert_int_equal(found.summary.passes, v.passes);
		assert_int_equal(found.summary.order, v.order);
	}
	items_free(&found);
}

static void test_every_small_shape(void **state)
{
	static const uint64_t index[] = { 0, 1, 3, 0x3FFD, 0x3FFF, 0x4000, 0x7FFF, 0xFFFFFFFF };
	static const uint64_t nv[] = { 0, 1, 3, 0xFFFF };
	static const uint64_t ni[] = { 0, 1, 0x3FFD, 0x3FFF, 0x4000, 0xFFFF };
	const size_t shapes = COUNT(index) * COUNT(nv) * COUNT(ni);

	(void)state;
	for (size_t a = 0; a < shapes; a++)
		for (size_t b = 0; b < shapes; b++) {
			const struct shape s[] = {
				{ index[a % 8], nv[a / 8 % 4], ni[a / 32] },
				{ index[b % 8], nv[b / 8 % 4], ni[b / 32] },
			};

			check_shapes(s, 2, a % 3 ? 18 : b % 2 ? 19 : 0, b % 3 ? LE : BE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_splits_of_long_chunks),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_errors_stick),
		cmocka_unit_test(test_zero_copy),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_init_refusals),
		cmocka_unit_test(test_next_nulls),
		cmocka_unit_test(test_dialect_names),
		cmocka_unit_test(test_every_small_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
