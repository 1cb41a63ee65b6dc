/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A stream decoded into memory, against hpt_decoder_next() and a loop. */

#include "unit.h"

#include "../../lib/stream/load.h"

#define ROOM ((size_t)1 << 20)
/* Bytes around a table. */
#define ROUND ((size_t)128)

/* A stream, right or wrong. */
struct stream {
	unsigned char *bytes;
	size_t len;
	enum hpt_dialect dialect;
	unsigned order;
};

static void put_header(struct stream *s, uint64_t index, unsigned n_valid, unsigned n_invalid)
{
	unsigned char *p = s->bytes + s->len;
	uint32_t words[2] = { (uint32_t)index, 0 };
	bool little = s->dialect == HPT_DIALECT_KVM_LE;

	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(words[0] >> 8 * (little ? i : 3 - i));
	for (unsigned i = 0; i < 2; i++) {
		p[4 + i] = (unsigned char)(n_valid >> 8 * (little ? i : 1 - i));
		p[6 + i] = (unsigned char)(n_invalid >> 8 * (little ? i : 1 - i));
	}
	s->len += HPT_CHUNK_HEADER;
}

static void put_entry(struct stream *s, uint64_t *seed, bool valid)
{
	struct hpt_entry e = { unit_random(seed) | HPT_V_VALID, unit_random(seed) };

	if (!valid)
		e.v &= ~HPT_V_VALID;
	hpt_entries_to_bytes(&e, 1, s->bytes + s->len);
	/* What the kernel leaves there must not come out. */
	s->bytes[s->len + 7] |= (unsigned char)(unit_random(seed) & HPT_V_HYPERVISOR);
	s->len += HPT_ENTRY_BYTES;
}

/* How long runs are, from streams of single entries to those of long holes. */
static unsigned length(uint64_t *seed, unsigned kind)
{
	static const unsigned most[] = { 1, 3, 12, 70, 400, 3000 };

	return (unsigned)(unit_random(seed) % (most[kind] + 1));
}

/* A pass from @from on, gaps and all; @bad: one in so many entries has no V. */
static void put_pass(struct stream *s, uint64_t *seed, bool gaps, unsigned bad)
{
	unsigned valid_kind = (unsigned)(unit_random(seed) % 4);
	unsigned invalid_kind = (unsigned)(unit_random(seed) % 6);
	uint64_t slots = UINT64_C(1) << (s->order - 4);

	for (uint64_t at = 0; at < slots && s->len < ROOM / 2;) {
		unsigned n_valid = length(seed, valid_kind);
		unsigned n_invalid = length(seed, invalid_kind);

		if (gaps && unit_random(seed) % 4 == 0)
			at += unit_random(seed) % 50;
		if (at + n_valid + n_invalid > slots)
			break;
		put_header(s, at, n_valid, n_invalid);
		for (unsigned i = 0; i < n_valid; i++)
			put_entry(s, seed, !bad || unit_random(seed) % bad);
		at += n_valid + n_invalid;
	}
}

static void make(struct stream *s, uint64_t *seed)
{
	static const enum hpt_dialect dialects[] = { HPT_DIALECT_KVM_LE, HPT_DIALECT_KVM_BE,
						     HPT_DIALECT_QEMU };
	unsigned fault = (unsigned)(unit_random(seed) % 8);

	s->dialect = dialects[unit_random(seed) % 3];
	s->len = 0;
	put_pass(s, seed, unit_random(seed) % 2, fault == 0 ? 500 : 0);
	put_pass(s, seed, true, 0);
	if (fault == 1) /* beyond the table */
		put_header(s, (UINT64_C(1) << (s->order - 4)) - 2, 1, 2);
	if (fault == 2)
		put_header(s, UINT64_C(1) << (s->order - 4), 0, 1);
	if (fault == 3) /* cut off somewhere */
		s->len -= unit_random(seed) % (s->len + 1);
	if (s->dialect == HPT_DIALECT_QEMU && fault > 3)
		put_header(s, 0, 0, 0);
}

static void begin(struct hpt_decoder *d, const struct stream *s)
{
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .dialect = s->dialect,
					       .order = s->order };

	assert_int_equal(hpt_decoder_init(d, &o, NULL), 0);
}

/* One run after the other; returns the code of the decoder. */
static int load_slowly(const struct stream *s, struct hpt_decoder *d,
		       struct hpt_raw_entry *raw, struct hpt_error *err)
{
	enum hpt_event event = HPT_EVENT_RUN;
	size_t at = 0;

	begin(d, s);
	while (event == HPT_EVENT_RUN) {
		struct hpt_run run;
		size_t used;
		int ret = hpt_decoder_next(d, s->bytes + at, s->len - at, &used, &event, &run,
					   err);

		if (ret)
			return ret;
		at += used;
		if (event != HPT_EVENT_RUN)
			break;
		for (uint32_t i = 0; i < run.n_valid; i++) {
			struct hpt_entry e;

			hpt_entries_from_bytes((const char *)run.entries_be + 16 * i, 1, &e);
			hpt_entries_to_bytes(&e, 1, &raw[run.ptex + i]);
		}
		memset(raw + run.ptex + run.n_valid, 0, sizeof(*raw) * run.n_invalid);
	}
	return 0;
}

/* The ways to load: that which is chosen, and each form by itself. */
enum form {
	CHOSEN,
	PLAIN,
	AVX2,
	FORMS,
};

static int load_part(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		     enum hpt_event *event, struct hpt_raw_entry *raw, enum form form,
		     struct hpt_error *err)
{
	if (form == CHOSEN)
		return hpt_decoder_load(d, bytes, len, used, event, raw, err);
	return hpt_stream_load(d, bytes, len, used, event, raw, form == AVX2, err);
}

/* In pieces of at most @step bytes. */
static int load(const struct stream *s, size_t step, struct hpt_decoder *d,
		struct hpt_raw_entry *raw, enum form form, struct hpt_error *err)
{
	enum hpt_event event = HPT_EVENT_MORE;
	size_t at = 0;

	begin(d, s);
	while (at < s->len && event == HPT_EVENT_MORE) {
		size_t n = s->len - at < step ? s->len - at : step, used = 77;
		int ret = load_part(d, s->bytes + at, n, &used, &event, raw, form, err);

		if (ret) {
			assert_int_equal(used, 77);
			return ret;
		}
		assert_true(used == n || event == HPT_EVENT_END);
		at += used;
	}
	return 0;
}

/* After an error: up to where it is, all is as expected; behind it nothing was touched. */
static void check_failed(const struct stream *s, const struct hpt_error *err,
			 const struct hpt_raw_entry *raw, const struct hpt_raw_entry *before,
			 const struct hpt_raw_entry *expected)
{
	uint64_t slots = UINT64_C(1) << (s->order - 4);
	uint64_t ptex = err->has & HPT_ERROR_HAS_PTEX && err->ptex < slots ? err->ptex : slots;

	for (uint64_t i = 0; i < slots; i++) {
		bool same = !memcmp(raw + i, expected + i, sizeof(*raw));

		/* Entries of the same chunk, in front of the bad one, may be in. */
		if (!same && (i >= ptex || !memcmp(raw + i, before + i, sizeof(*raw))))
			fail_msg("slot %#llx, error at %#llx", (unsigned long long)i,
				 (unsigned long long)ptex);
	}
}

static void same_summary(const struct hpt_stream_summary *a,
			 const struct hpt_stream_summary *b)
{
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->chunks, b->chunks);
	assert_int_equal(a->valid, b->valid);
	assert_int_equal(a->invalid, b->invalid);
	assert_int_equal(a->highest, b->highest);
	assert_int_equal(a->passes, b->passes);
	assert_int_equal(a->order, b->order);
	assert_int_equal(a->gap, b->gap);
}

/* Is there anything of ours around the table? */
static void check_around(const unsigned char *room, size_t before, size_t size)
{
	for (size_t i = 0; i < before; i++)
		assert_int_equal(room[i], 0x5a);
	for (size_t i = before + size; i < size + ROUND; i++)
		assert_int_equal(room[i], 0x5a);
}

static void check(const struct stream *s, size_t step, enum form form,
		  struct hpt_raw_entry *table[3])
{
	size_t size = (size_t)1 << s->order;
	struct hpt_stream_summary one, two;
	struct hpt_decoder d1, d2;
	struct hpt_error e1, e2;
	int r1, r2;

	unit_poison(&e1);
	unit_poison(&e2);
	memset(table[2], 0x77, size);
	memset(table[0], 0x77, size);
	memset(table[1], 0x77, size);
	r1 = load_slowly(s, &d1, table[0], &e1);
	r2 = load(s, step, &d2, table[1], form, &e2);
	assert_int_equal(r1, r2);
	if (r1) {
		assert_string_equal(e1.text, e2.text);
		check_failed(s, &e1, table[1], table[2], table[0]);
	} else {
		assert_memory_equal(table[0], table[1], size);
	}
	hpt_decoder_summary(&d1, &one);
	hpt_decoder_summary(&d2, &two);
	/* An error is met earlier when fewer bytes are there. */
	if (!r1 || step == SIZE_MAX)
		same_summary(&one, &two);
	assert_int_equal(hpt_decoder_finish(&d1, NULL, &e1),
			 hpt_decoder_finish(&d2, NULL, &e2));
}

/* Each round at another place in a line of the caches, every fifth between two entries. */
static void check_order(unsigned order, unsigned rounds)
{
	struct stream s = { .bytes = malloc(2 * ROOM), .order = order };
	enum form forms = hpt_have_avx2() ? FORMS : AVX2;
	size_t size = (size_t)1 << order;
	struct hpt_raw_entry *table[3];
	unsigned char *room = aligned_alloc(64, size + ROUND);
	uint64_t seed = order;

	table[0] = aligned_alloc(16, size);
	table[2] = aligned_alloc(16, size);
	assert_true(s.bytes && room && table[0] && table[2]);
	for (unsigned i = 0; i < rounds; i++) {
		size_t before = i % 5 == 4 ? 8 : i % 5 * sizeof(*table[0]);

		make(&s, &seed);
		for (enum form form = CHOSEN; form < forms; form++) {
			memset(room, 0x5a, size + ROUND);
			table[1] = (void *)(room + before);
			check(&s, i % 3 ? SIZE_MAX : 1 + (size_t)(unit_random(&seed) % 9000),
			      form, table);
			check_around(room, before, size);
		}
	}
	free(table[0]);
	free(room);
	free(table[2]);
	free(s.bytes);
}

static void test_small(void **state)
{
	(void)state;
	check_order(18, 300);
}

/* Large tables are written past the caches. */
static void test_large(void **state)
{
	(void)state;
	check_order(24, 12);
}

/* One chunk at the table's end, or beyond it by a slot or more: nothing is written there. */
static void test_end(void **state)
{
	struct stream s = { .bytes = malloc(ROOM),
			    .dialect = HPT_DIALECT_KVM_BE,
			    .order = 18 };
	enum form forms = hpt_have_avx2() ? FORMS : AVX2;
	size_t size = (size_t)1 << s.order;
	unsigned char *room = aligned_alloc(64, size + ROUND);
	struct hpt_raw_entry *table[3] = { aligned_alloc(16, size), (void *)room,
					   aligned_alloc(16, size) };
	uint64_t seed = 25;

	(void)state;
	assert_true(s.bytes && room && table[0] && table[2]);
	for (unsigned i = 0; i < 6 * 6 * 4; i++) {
		unsigned n_valid = i % 6, n_invalid = i / 6 % 6;

		s.len = 0;
		put_header(&s, 0, 1, 0);
		put_entry(&s, &seed, true);
		put_header(&s, (UINT64_C(1) << (s.order - 4)) - 2 - i / 36, n_valid,
			   n_invalid);
		for (unsigned j = 0; j < n_valid; j++)
			put_entry(&s, &seed, true);
		for (enum form form = CHOSEN; form < forms; form++) {
			memset(room, 0x5a, size + ROUND);
			check(&s, SIZE_MAX, form, table);
			check_around(room, 0, size);
		}
	}
	for (unsigned i = 0; i < COUNT(table); i++)
		free(table[i]);
	free(s.bytes);
}

/* A chunk, those of its entries without V that @bad has bits for, and short chunks behind it. */
static void check_bad(struct stream *s, unsigned n_valid, uint64_t bad, unsigned first,
		      struct hpt_raw_entry *table[3])
{
	uint64_t seed = bad + n_valid;

	s->len = 0;
	/* The first chunk of a pass has no way of its own. */
	put_header(s, 0, 1, 15);
	put_entry(s, &seed, true);
	put_header(s, 16, n_valid, 3);
	for (unsigned i = 0; i < n_valid; i++)
		put_entry(s, &seed, i < first || i - first > 63 || !(bad >> (i - first) & 1));
	for (unsigned i = 0; i < 150; i++) {
		put_header(s, 19 + n_valid + 3 * i, 1, 2);
		put_entry(s, &seed, true);
	}
	for (enum form form = CHOSEN; form < (hpt_have_avx2() ? FORMS : AVX2); form++)
		check(s, SIZE_MAX, form, table);
}

/* Every pattern of V in short chunks, one bad entry anywhere in a long one. */
static void test_bad_anywhere(void **state)
{
	struct stream s = { .bytes = malloc(ROOM), .dialect = HPT_DIALECT_QEMU, .order = 18 };
	size_t size = (size_t)1 << s.order;
	struct hpt_raw_entry *table[3];

	(void)state;
	for (unsigned i = 0; i < COUNT(table); i++)
		assert_non_null(table[i] = aligned_alloc(64, size));
	for (unsigned n = 1; n <= 6; n++)
		for (uint64_t bad = 0; bad < UINT64_C(1) << n; bad++)
			check_bad(&s, n, bad, 0, table);
	for (unsigned i = 0; i < 200; i++)
		check_bad(&s, 200, 1, i, table);
	for (unsigned i = 0; i < COUNT(table); i++)
		free(table[i]);
	free(s.bytes);
}

/* Few are invalid in the first of the chunks that has many: no line and no span begins there. */
static void test_large_dense(void **state)
{
	struct stream s = { .bytes = malloc(ROOM),
			    .dialect = HPT_DIALECT_KVM_LE,
			    .order = 24 };
	size_t size = (size_t)1 << s.order;
	struct hpt_raw_entry *table[3];
	uint64_t seed = 24;

	(void)state;
	put_header(&s, 0, 1, 31);
	put_entry(&s, &seed, true);
	put_header(&s, 32, 200, 40);
	for (unsigned i = 0; i < 200; i++)
		put_entry(&s, &seed, true);
	put_header(&s, 272, 1, 4000);
	put_entry(&s, &seed, true);
	for (unsigned i = 0; i < COUNT(table); i++)
		assert_non_null(table[i] = aligned_alloc(64, size));
	for (enum form form = CHOSEN; form < (hpt_have_avx2() ? FORMS : AVX2); form++)
		check(&s, SIZE_MAX, form, table);
	for (unsigned i = 0; i < COUNT(table); i++)
		free(table[i]);
	free(s.bytes);
}

static void test_arguments(void **state)
{
	struct hpt_decoder_options o = { .size = sizeof(o), .dialect = HPT_DIALECT_QEMU };
	struct hpt_raw_entry raw[1];
	enum hpt_event event;
	struct hpt_decoder d;
	struct hpt_error err;
	size_t used;

	(void)state;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	assert_int_equal(hpt_decoder_load(&d, "", 0, &used, &event, raw, &err),
			 HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "order"));
	o.order = 18;
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	assert_int_equal(hpt_decoder_load(&d, "", 0, &used, &event, NULL, &err),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_decoder_load(&d, NULL, 0, &used, &event, raw, &err), 0);
	assert_int_equal(used, 0);
	assert_int_equal(event, HPT_EVENT_MORE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),        cmocka_unit_test(test_large),
		cmocka_unit_test(test_large_dense),  cmocka_unit_test(test_end),
		cmocka_unit_test(test_bad_anywhere), cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
