/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One suite over every kind of table: whatever is behind it, it must do the same. */

#include "conformance.h"

/* A valid entry that every kind takes: it has an ISA 3.0 form, and KVM knows its sizes. */
static struct hpt_entry plain_entry(uint64_t *seed)
{
	struct hpt_entry e = unit_random_entry(seed);

	e.v &= UINT64_C(0x400FFFFFFFFFFF9F);
	e.r &= UINT64_C(0xB1FFFFFFFFFF0FFF);
	if (e.v & 4)
		e.r |= 0x1000;
	if (unit_random(seed) & 1) /* a real host has memory there */
		e.r &= ~UINT64_C(0x0FFFFFFFFF000000);
	return e;
}

/* A table and what must be in it. */
struct subject {
	const struct backend *b;
	struct rig rig;
	struct hpt_entry *model;
	uint64_t seed;
};

static void write_both(struct subject *s, uint64_t ptex, size_t n, const struct hpt_entry *in)
{
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_table_write(s->rig.table, ptex, n, in, &err), &err);
	for (size_t i = 0; i < n; i++) {
		s->model[ptex + i] = in[i];
		s->model[ptex + i].v &= ~UINT64_C(0x60);
		if (!(in[i].v & 1))
			s->model[ptex + i] = (struct hpt_entry){ 0, 0 };
	}
}

/* Write runs of up to @longest valid and invalid ones; to both. */
static void scatter(struct subject *s, uint64_t ptex, size_t n, uint64_t longest)
{
	struct hpt_entry *in = calloc(n, sizeof(*in));
	size_t i = 0;

	assert_non_null(in);
	while (i < n) {
		uint64_t valid = unit_random(&s->seed) % (longest + 1);
		uint64_t gap = unit_random(&s->seed) % (longest + 1);

		for (; valid-- && i < n; i++)
			in[i] = plain_entry(&s->seed);
		for (; gap-- && i < n; i++) /* without V the rest is nothing */
			in[i] = (struct hpt_entry){ unit_random(&s->seed) & ~UINT64_C(1), 7 };
	}
	write_both(s, ptex, n, in);
	free(in);
}

static void start(struct subject *s, const struct backend *b)
{
	memset(s, 0, sizeof(*s));
	s->b = b;
	s->seed = 71;
	s->model = calloc(UNIT_SLOTS, sizeof(*s->model));
	assert_non_null(s->model);
	b->open(&s->rig, b);
}

static void check_truth(struct subject *s)
{
	struct hpt_entry *truth = calloc(UNIT_SLOTS, sizeof(*truth));

	assert_non_null(truth);
	s->b->truth(&s->rig, truth);
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		unit_same_entry(i, truth[i], s->model[i]);
	free(truth);
}

static void stop(struct subject *s)
{
	unit_same_table(s->rig.table, s->model, UNIT_SLOTS);
	if (s->b->truth)
		check_truth(s);
	s->b->close(&s->rig);
	free(s->model);
}

/* Each test gets the backend as its state. */
#define BEGIN                                                                                 \
	struct subject subject, *s = &subject;                                                \
	start(s, *state)

static void test_info(void **state)
{
	struct hpt_table_info info = { .size = sizeof(info) };
	struct hpt_error err;

	BEGIN;
	unit_poison(&err);
	unit_ok(hpt_table_info(s->rig.table, &info, &err), &err);
	assert_string_equal(info.backend, s->b->backend);
	assert_int_equal(info.flags, s->b->flags);
	assert_int_equal(info.form, s->b->form);
	assert_int_equal(info.order, 18);
	assert_int_equal(info.entries, UNIT_SLOTS);
	assert_int_equal(hpt_table_order(s->rig.table), 18);
	assert_int_equal(hpt_table_entries(s->rig.table), UNIT_SLOTS);
	stop(s);
}

static void check_read(struct subject *s, uint64_t ptex, size_t n)
{
	struct hpt_entry *out = malloc((n + 2) * sizeof(*out));
	struct hpt_error err;

	assert_non_null(out);
	memset(out, 0xC3, (n + 2) * sizeof(*out));
	unit_poison(&err);
	unit_ok(hpt_table_read(s->rig.table, ptex, n, out + 1, &err), &err);
	for (size_t i = 0; i < n; i++)
		unit_same_entry(ptex + i, out[1 + i], s->model[ptex + i]);
	assert_true(out[0].v == UINT64_C(0xC3C3C3C3C3C3C3C3) && out[0].r == out[0].v);
	assert_true(out[n + 1].v == out[0].v && out[n + 1].r == out[0].v);
	free(out);
}

static void test_reads(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 7, 8, 9, 63, 64, 65, 255, 256, 257, 4096, 5000 };

	BEGIN;
	check_read(s, 0, UNIT_SLOTS); /* empty */
	for (uint64_t longest = 1; longest < 3000; longest = longest * 5 + 1) {
		scatter(s, 0, UNIT_SLOTS, longest);
		for (size_t c = 0; c < COUNT(counts); c++)
			for (uint64_t ptex = 0; ptex < 70; ptex += c < 9 ? 1 : 13)
				check_read(s, ptex, counts[c]);
		for (size_t n = 0; n < 20; n++)
			check_read(s, UNIT_SLOTS - n, n);
		check_read(s, 0, UNIT_SLOTS);
	}
	stop(s);
}

static const struct {
	uint64_t ptex;
	size_t n;
} outside[] = {
	{ 0x4000, 1 }, { 0x3FFF, 2 },	  { 0, 0x4001 },
	{ 0x4001, 0 }, { UINT64_MAX, 1 }, { 2, SIZE_MAX - 1 },
};

static int never(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)arg, (void)ptex, (void)n, (void)entries;
	fail_msg("called for a range that is none");
	return 0;
}

static int never_block(void *arg, uint64_t ptex, uint64_t valid, const struct hpt_entry *entries)
{
	(void)valid;
	return never(arg, ptex, 0, entries);
}

static void test_outside(void **state)
{
	struct hpt_entry out[4], before[4];
	struct hpt_error err;

	BEGIN;
	scatter(s, 0, UNIT_SLOTS, 9);
	memset(out, 0xC3, sizeof(out));
	memcpy(before, out, sizeof(out));
	for (size_t i = 0; i < COUNT(outside); i++) {
		uint64_t ptex = outside[i].ptex;
		size_t n = outside[i].n;
		char text[128];

		snprintf(text, sizeof(text), "%zu entries from index 0x%llx do not lie in the "
			 "table, which has 0x4000 slots (order 18)", n, ULL(ptex));
		for (int what = 0; what < 5; what++) {
			int ret;

			unit_poison(&err);
			ret = what == 0 ? hpt_table_read(s->rig.table, ptex, n, out, &err) :
			      what == 1 ? hpt_table_write(s->rig.table, ptex, n, out, &err) :
			      what == 2 ? hpt_table_clear(s->rig.table, ptex, n, &err) :
			      what == 3 ? hpt_table_each(s->rig.table, ptex, n, never, NULL, &err) :
					  hpt_table_each_block(s->rig.table, ptex, n, never_block,
							       NULL, &err);
			unit_error_at(ret, &err, HPT_ERR_RANGE, text, HPT_ERROR_HAS_PTEX, ptex);
			assert_int_equal(hpt_table_read(s->rig.table, ptex, n, out, NULL),
					 HPT_ERR_RANGE);
		}
		assert_memory_equal(out, before, sizeof(out));
		assert_null(hpt_table_view(s->rig.table, ptex, n));
	}
	stop(s);
}

static void test_writes(void **state)
{
	static const size_t counts[] = { 1, 2, 7, 8, 9, 63, 64, 65, 700 };
	struct hpt_error err;

	BEGIN;
	for (unsigned round = 0; round < 200; round++) {
		size_t n = counts[round % COUNT(counts)];

		scatter(s, unit_random(&s->seed) % (UNIT_SLOTS - n), n, 1 + round % 40);
	}
	for (size_t n = 1; n < 12; n++)
		scatter(s, UNIT_SLOTS - n, n, 4);
	unit_same_table(s->rig.table, s->model, UNIT_SLOTS);
	unit_poison(&err);
	unit_ok(hpt_table_write(s->rig.table, UNIT_SLOTS, 0, NULL, &err), &err);
	stop(s);
}

/* A slot goes from nothing to an entry, to another, and to nothing, and its neighbours stay. */
static void test_replace(void **state)
{
	BEGIN;
	scatter(s, 0, 64, 8);
	for (uint64_t ptex = 0; ptex < 64; ptex++)
		for (int i = 0; i < 3; i++) {
			struct hpt_entry e = plain_entry(&s->seed);

			if (i == 2)
				e.v &= ~UINT64_C(1);
			write_both(s, ptex, 1, &e);
			check_read(s, 0, 80);
		}
	stop(s);
}

static void test_clear(void **state)
{
	static const struct {
		uint64_t ptex, n;
	} ranges[] = { { 5, 0 }, { 5, 1 }, { 7, 3 }, { 60, 9 }, { 63, 2 }, { 100, 300 },
		       { 4000, 5001 }, { UNIT_SLOTS - 1, 1 }, { UNIT_SLOTS, 0 },
		       { 0, UNIT_SLOTS } };
	struct hpt_error err;

	BEGIN;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		scatter(s, 0, UNIT_SLOTS, 30);
		unit_poison(&err);
		unit_ok(hpt_table_clear(s->rig.table, ranges[i].ptex, ranges[i].n, &err), &err);
		memset(s->model + ranges[i].ptex, 0, ranges[i].n * sizeof(*s->model));
		unit_same_table(s->rig.table, s->model, UNIT_SLOTS);
	}
	stop(s);
}

static void test_hypervisor_bits(void **state)
{
	BEGIN;
	for (uint64_t bits = 0; bits < 4; bits++) {
		struct hpt_entry e = plain_entry(&s->seed), out;

		e.v |= bits << 5;
		write_both(s, 9, 1, &e);
		assert_int_equal(hpt_table_read(s->rig.table, 9, 1, &out, NULL), 0);
		assert_int_equal(out.v & 0x60, 0);
	}
	stop(s);
}

struct seen {
	struct hpt_entry *entries;
	uint64_t next, calls, stop_after;
};

static int see(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct seen *seen = arg;

	assert_true(n > 0 && ptex >= seen->next);
	for (size_t i = 0; i < n; i++) {
		assert_true(entries[i].v & 1);
		seen->entries[ptex + i] = entries[i];
	}
	seen->next = ptex + n;
	return ++seen->calls == seen->stop_after ? -77 : 0;
}

/* Each block once and aligned; what is not valid is zeros. */
static int see_block(void *arg, uint64_t ptex, uint64_t valid, const struct hpt_entry *entries)
{
	struct seen *seen = arg;

	assert_true(valid && ptex % 64 == 0 && (ptex >= seen->next || !seen->calls));
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(entries[i].v & 1, valid >> i & 1);
		if (valid >> i & 1)
			seen->entries[ptex + i] = entries[i];
		else
			assert_int_equal(entries[i].v | entries[i].r, 0);
	}
	seen->next = ptex + 64;
	return ++seen->calls == seen->stop_after ? -77 : 0;
}

static void check_each_block(struct subject *s, uint64_t ptex, uint64_t n)
{
	struct seen seen = { calloc(UNIT_SLOTS, sizeof(struct hpt_entry)), 0, 0, 0 };
	uint64_t end = n == UINT64_MAX ? UNIT_SLOTS : ptex + n;
	struct hpt_error err;

	assert_non_null(seen.entries);
	unit_poison(&err);
	unit_ok(hpt_table_each_block(s->rig.table, ptex, n, see_block, &seen, &err), &err);
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		unit_same_entry(i, seen.entries[i], i >= ptex && i < end ? s->model[i] :
				(struct hpt_entry){ 0, 0 });
	free(seen.entries);
}

static void check_each(struct subject *s, uint64_t ptex, uint64_t n)
{
	struct seen seen = { calloc(UNIT_SLOTS, sizeof(struct hpt_entry)), ptex, 0, 0 };
	uint64_t end = n == UINT64_MAX ? UNIT_SLOTS : ptex + n;
	struct hpt_error err;

	assert_non_null(seen.entries);
	unit_poison(&err);
	unit_ok(hpt_table_each(s->rig.table, ptex, n, see, &seen, &err), &err);
	assert_true(seen.next <= end);
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		unit_same_entry(i, seen.entries[i], i >= ptex && i < end ? s->model[i] :
				(struct hpt_entry){ 0, 0 });
	free(seen.entries);
	check_each_block(s, ptex, n);
}

static void test_each(void **state)
{
	struct hpt_error err;

	BEGIN;
	check_each(s, 0, UINT64_MAX);
	for (uint64_t longest = 1; longest < 3000; longest = longest * 5 + 1) {
		scatter(s, 0, UNIT_SLOTS, longest);
		check_each(s, 0, UINT64_MAX);
		check_each(s, 0, UNIT_SLOTS);
		for (int i = 0; i < 25; i++) {
			uint64_t ptex = unit_random(&s->seed) % UNIT_SLOTS;

			check_each(s, ptex, unit_random(&s->seed) % (UNIT_SLOTS - ptex + 1) >>
					    unit_random(&s->seed) % 14);
			check_each(s, ptex, UINT64_MAX);
		}
	}
	for (uint64_t stop_after = 1; stop_after < 5; stop_after++) {
		struct seen seen = { calloc(UNIT_SLOTS, sizeof(struct hpt_entry)), 0, 0, stop_after };

		scatter(s, 0, UNIT_SLOTS, 5);
		unit_poison(&err);
		unit_error(hpt_table_each(s->rig.table, 0, UINT64_MAX, see, &seen, &err), &err,
			   HPT_ERR_STOPPED, "the iteration was stopped by its callback");
		assert_int_equal(seen.calls, stop_after);
		seen.next = seen.calls = 0;
		unit_poison(&err);
		unit_error(hpt_table_each_block(s->rig.table, 0, UINT64_MAX, see_block, &seen,
						&err), &err,
			   HPT_ERR_STOPPED, "the iteration was stopped by its callback");
		assert_int_equal(seen.calls, stop_after);
		free(seen.entries);
	}
	stop(s);
}

static void check_view(struct subject *s, uint64_t ptex, size_t n)
{
	const struct hpt_raw_entry *raw = hpt_table_view(s->rig.table, ptex, n);
	bool in_group = n && ptex % 8 + n <= 8;

	assert_int_equal(raw != NULL, in_group && s->b->flags & HPT_TABLE_VIEW);
	for (size_t i = 0; raw && i < n; i++) {
		struct hpt_entry e = { hpt_be64_get(raw[i].v_be), hpt_be64_get(raw[i].r_be) };

		if (s->b->form == HPT_FORM_V3)
			e = hpt_entry_from_v3(e);
		if (!(s->model[ptex + i].v & 1)) /* of no entry only V matters */
			e = (struct hpt_entry){ e.v & 1, 0 };
		unit_same_entry(ptex + i, e, s->model[ptex + i]);
	}
}

static void test_view(void **state)
{
	BEGIN;
	scatter(s, 0, UNIT_SLOTS / 2, 3);
	for (uint64_t ptex = 0; ptex < UNIT_SLOTS; ptex += ptex % 1000 < 40 ? 1 : 13)
		for (size_t n = 0; n <= 10 && ptex + n <= UNIT_SLOTS; n++)
			check_view(s, ptex, n);
	stop(s);
}

static void test_read_only(void **state)
{
	struct hpt_table *table;
	struct hpt_table_info info = { .size = sizeof(info) };
	struct hpt_entry entry = { 1, 2 };
	struct hpt_error err;
	char text[64];

	BEGIN;
	scatter(s, 0, UNIT_SLOTS, 9);
	table = open_read_only(&s->rig, s->b);
	if (table) {
		snprintf(text, sizeof(text), "this %s table cannot be written", s->b->backend);
		unit_same_table(table, s->model, UNIT_SLOTS);
		assert_int_equal(hpt_table_info(table, &info, NULL), 0);
		assert_int_equal(info.flags, s->b->flags & ~HPT_TABLE_WRITABLE);
		unit_poison(&err);
		unit_error_at(hpt_table_write(table, 3, 1, &entry, &err), &err, HPT_ERR_READ_ONLY,
			      text, 0, 0);
		unit_error(hpt_table_write(table, 3, 0, &entry, &err), &err, HPT_ERR_READ_ONLY, text);
		unit_error(hpt_table_clear(table, 3, 1, &err), &err, HPT_ERR_READ_ONLY, text);
		unit_error(hpt_table_copy(table, s->rig.table, NULL, &err), &err,
			   HPT_ERR_READ_ONLY, text);
		hpt_table_close(table);
	}
	stop(s);
}

static void test_changes(void **state)
{
	struct hpt_change change;
	struct hpt_entry out[2];
	struct hpt_error err;
	char text[64];

	BEGIN;
	if (!(s->b->flags & HPT_TABLE_CHANGES)) {
		snprintf(text, sizeof(text), "a %s table keeps no record of changes", s->b->backend);
		unit_error(hpt_table_next_change(s->rig.table, &change, out, 2, &err), &err,
			   HPT_ERR_UNSUPPORTED, text);
	} else {
		assert_int_equal(hpt_table_next_change(s->rig.table, &change, out, 2, NULL), 0);
		assert_int_equal(change.ptex, 0);
	}
	stop(s);
}

/* From this kind of table to every kind. */
static void test_copy(void **state)
{
	BEGIN;
	scatter(s, 0, UNIT_SLOTS, 20);
	for (size_t i = 0; i < n_backends; i++) {
		struct subject to;
		uint64_t done = 77;
		struct hpt_error err;

		if (kvm_only_one && !strcmp(backends[i].name, "kvm") &&
		    !strcmp(s->b->name, "kvm"))
			continue;
		start(&to, &backends[i]);
		scatter(&to, 0, UNIT_SLOTS, 35);
		unit_poison(&err);
		unit_ok(hpt_table_copy(to.rig.table, s->rig.table, &done, &err), &err);
		assert_int_equal(done, UNIT_SLOTS);
		memcpy(to.model, s->model, UNIT_SLOTS * sizeof(*to.model));
		stop(&to);
	}
	stop(s);
}

#define TESTS 12

static const struct {
	const char *name;
	void (*run)(void **state);
} tests[TESTS] = {
	{ "info", test_info }, { "reads", test_reads }, { "outside", test_outside },
	{ "writes", test_writes }, { "replace", test_replace }, { "clear", test_clear },
	{ "hypervisor bits", test_hypervisor_bits }, { "each", test_each }, { "view", test_view },
	{ "read-only", test_read_only }, { "changes", test_changes }, { "copy", test_copy },
};

int main(void)
{
	enum { MAX = 32 };
	static struct CMUnitTest all[MAX * TESTS];
	static char names[MAX * TESTS][64];
	size_t n = 0;

	for (size_t b = 0; b < n_backends && b < MAX; b++)
		for (size_t t = 0; t < TESTS; t++, n++) {
			union {
				const void *in;
				void *out;
			} state = { &backends[b] };

			snprintf(names[n], sizeof(names[n]), "%s: %s", backends[b].name, tests[t].name);
			all[n] = (struct CMUnitTest){ names[n], tests[t].run, NULL, NULL, state.out };
		}
	return _cmocka_run_group_tests("conformance", all, n, NULL, NULL);
}
