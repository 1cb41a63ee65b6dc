/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Two tables compared, against arrays that are compared slot by slot; and two captures, against
 * what the kernel had listed.
 */

#include "unit.h"

#define ORDER 18

/* A table of one's own over an array, which may fail at a slot. */
struct own {
	struct hpt_entry *entries;
	uint64_t fail_at;
	uint64_t reads; /* slots asked for */
};

static int own_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	struct own *own = ctx;

	if (own->fail_at >= ptex && own->fail_at < ptex + n)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, 5, "no such luck");
	own->reads += n;
	memcpy(out, own->entries + ptex, n * sizeof(*out));
	return 0;
}

static const struct hpt_table_ops own_ops = { .size = sizeof(own_ops), .read = own_read };

static struct hpt_table *open_own(struct own *own, unsigned order)
{
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "own",
						 .order = order };
	struct hpt_table *table = NULL;

	assert_int_equal(hpt_table_open(&own_ops, own, &config, &table, NULL), 0);
	return table;
}

/* An empty table that costs what is in it. */
static struct hpt_table *open_sparse(unsigned order)
{
	const struct hpt_capture_options options = { .size = sizeof(options),
						     .dialect = HPT_DIALECT_KVM_LE,
						     .order = order };
	struct hpt_table *table = NULL;

	assert_int_equal(hpt_capture_open_memory(NULL, 0, &options, &table, NULL), 0);
	return table;
}

static struct hpt_entry *before, *after;

/* What was told is what the arrays say. */
struct seen {
	struct hpt_entry ignore;
	uint64_t next; /* slots below are settled */
	uint64_t n;
	uint64_t stop; /* after that many; 0: never */
};

static bool equal(const struct seen *seen, uint64_t ptex)
{
	bool one = before[ptex].v & HPT_V_VALID;
	bool two = after[ptex].v & HPT_V_VALID;

	if (!one || !two)
		return one == two;
	return (before[ptex].v | seen->ignore.v) == (after[ptex].v | seen->ignore.v) &&
	       (before[ptex].r | seen->ignore.r) == (after[ptex].r | seen->ignore.r);
}

static void check_entry(struct hpt_entry told, struct hpt_entry expected)
{
	if (!(expected.v & HPT_V_VALID))
		expected = (struct hpt_entry){ 0, 0 };
	assert_int_equal(told.v, expected.v);
	assert_int_equal(told.r, expected.r);
}

static int see(void *arg, uint64_t ptex, struct hpt_entry old, struct hpt_entry new)
{
	struct seen *seen = arg;

	assert_true(ptex >= seen->next && ptex < UNIT_SLOTS);
	for (; seen->next < ptex; seen->next++)
		assert_true(equal(seen, seen->next));
	assert_false(equal(seen, ptex));
	check_entry(old, before[ptex]);
	check_entry(new, after[ptex]);
	seen->next++;
	return ++seen->n == seen->stop;
}

static uint64_t compare(const struct hpt_table *one, const struct hpt_table *two,
			struct hpt_entry ignore)
{
	const struct hpt_compare_options o = { sizeof(o), ignore };
	struct seen seen = { .ignore = ignore };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_table_compare(one, two, &o, see, &seen, &err), &err);
	for (; seen.next < UNIT_SLOTS; seen.next++)
		assert_true(equal(&seen, seen.next));
	return seen.n;
}

static int begin(void **state)
{
	(void)state;
	before = calloc(UNIT_SLOTS, sizeof(*before));
	after = calloc(UNIT_SLOTS, sizeof(*after));
	return !before || !after;
}

static int end(void **state)
{
	(void)state;
	free(before);
	free(after);
	return 0;
}

/* One slot in @share is valid; and one in @other is something else afterwards. */
static void fill(uint64_t *seed, unsigned share, unsigned other)
{
	for (uint64_t i = 0; i < UNIT_SLOTS; i++) {
		before[i] = after[i] = (struct hpt_entry){ 0, 0 };
		if (unit_random(seed) % share == 0)
			before[i] = after[i] = unit_random_entry(seed);
		if (unit_random(seed) % other)
			continue;
		switch (unit_random(seed) % 4) {
		case 0:
			after[i] = unit_random_entry(seed);
			break;
		case 1:
			after[i] = (struct hpt_entry){ 0, 0 };
			break;
		case 2:
			after[i].r ^= HPT_R_REFERENCED;
			break;
		default:
			after[i].v ^= HPT_V_BOLTED;
		}
	}
}

static void test_random(void **state)
{
	static const unsigned shares[] = { 1, 2, 9, 300, 9000 };
	static const unsigned others[] = { 1, 2, 50, 5000, 1u << 30 };
	const struct hpt_entry rc = { 0, HPT_R_REFERENCED | HPT_R_CHANGED };
	const struct hpt_entry bolted = { HPT_V_BOLTED, HPT_R_REFERENCED };
	uint64_t seed = 4;

	(void)state;
	for (size_t i = 0; i < COUNT(shares) * COUNT(others); i++) {
		struct own one = { before, UINT64_MAX, 0 };
		struct own two = { after, UINT64_MAX, 0 };
		struct hpt_table *a = open_own(&one, ORDER);
		struct hpt_table *b = open_own(&two, ORDER);
		struct hpt_table *sparse = open_sparse(ORDER);
		uint64_t n;

		fill(&seed, shares[i % COUNT(shares)], others[i / COUNT(shares)]);
		assert_int_equal(hpt_table_write(sparse, 0, UNIT_SLOTS, after, NULL), 0);
		n = compare(a, b, (struct hpt_entry){ 0, 0 });
		assert_int_equal(one.reads, UNIT_SLOTS);
		assert_int_equal(two.reads, UNIT_SLOTS);
		assert_int_equal(compare(a, sparse, (struct hpt_entry){ 0, 0 }), n);
		assert_true(compare(a, sparse, rc) <= n);
		assert_true(compare(a, b, bolted) <= compare(a, b, rc));
		hpt_table_close(a);
		hpt_table_close(b);
		hpt_table_close(sparse);
	}
}

/* The hypervisor's bits never count, whatever a backend gives. */
static void test_hypervisor_bits(void **state)
{
	struct own one = { before, UINT64_MAX, 0 };
	struct own two = { after, UINT64_MAX, 0 };
	struct hpt_table *a = open_own(&one, ORDER);
	struct hpt_table *b = open_own(&two, ORDER);
	struct seen seen = { .n = 0 };
	struct hpt_error err;

	(void)state;
	before[77] = after[77] = (struct hpt_entry){ HPT_V_VALID, 0x1190 };
	before[77].v |= 0x40;
	after[77].v |= 0x20;
	unit_poison(&err);
	unit_ok(hpt_table_compare(a, b, NULL, see, &seen, &err), &err);
	assert_int_equal(seen.n, 0);
	after[77].v |= HPT_V_BOLTED;
	unit_ok(hpt_table_compare(a, b, NULL, see, &seen, &err), &err);
	assert_int_equal(seen.n, 1);
	hpt_table_close(a);
	hpt_table_close(b);
}

/* 64 TiB of slots are not walked. */
static void test_huge(void **state)
{
	const struct hpt_entry entry = { HPT_V_VALID, 0x1190 };
	struct hpt_table *a = open_sparse(HPT_STREAM_ORDER_MAX);
	struct hpt_table *b = open_sparse(HPT_STREAM_ORDER_MAX);
	uint64_t last = hpt_table_entries(a) - 1;
	struct seen seen = { .stop = 1 };
	struct hpt_error err;

	(void)state;
	before[5] = entry;
	assert_int_equal(hpt_table_write(a, 5, 1, &entry, NULL), 0);
	assert_int_equal(hpt_table_write(a, last, 1, &entry, NULL), 0);
	assert_int_equal(hpt_table_write(b, last, 1, &entry, NULL), 0);
	unit_poison(&err);
	unit_error(hpt_table_compare(a, b, NULL, see, &seen, &err), &err, HPT_ERR_STOPPED,
		   "the comparison was stopped by its callback");
	seen = (struct seen){ .n = 0 };
	unit_poison(&err);
	unit_ok(hpt_table_compare(a, b, NULL, see, &seen, &err), &err);
	assert_int_equal(seen.n, 1);
	hpt_table_close(a);
	hpt_table_close(b);
}

static void test_stop(void **state)
{
	struct own one = { before, UINT64_MAX, 0 };
	struct own two = { after, UINT64_MAX, 0 };
	struct hpt_table *a = open_own(&one, ORDER);
	struct hpt_table *b = open_own(&two, ORDER);
	uint64_t seed = 9, all;

	(void)state;
	fill(&seed, 3, 40);
	all = compare(a, b, (struct hpt_entry){ 0, 0 });
	assert_true(all > 100);
	for (uint64_t stop = 1; stop <= all; stop += 1 + all / 50) {
		struct seen seen = { .stop = stop };
		struct hpt_error err;

		unit_poison(&err);
		unit_error(hpt_table_compare(a, b, NULL, see, &seen, &err), &err,
			   HPT_ERR_STOPPED, "the comparison was stopped by its callback");
		assert_int_equal(seen.n, stop);
	}
	hpt_table_close(a);
	hpt_table_close(b);
}

/* A backend that fails, on either side: its error comes through whole. */
static void test_failing(void **state)
{
	uint64_t seed = 11;

	(void)state;
	fill(&seed, 2, 1u << 30);
	for (uint64_t at = 0; at < UNIT_SLOTS; at += 1365) {
		for (unsigned side = 0; side < 2; side++) {
			struct own one = { before, side ? UINT64_MAX : at, 0 };
			struct own two = { after, side ? at : UINT64_MAX, 0 };
			struct hpt_table *a = open_own(&one, ORDER);
			struct hpt_table *b = open_own(&two, ORDER);
			struct seen seen = { .n = 0 };
			struct hpt_error err;

			unit_poison(&err);
			assert_int_equal(hpt_table_compare(a, b, NULL, see, &seen, &err),
					 HPT_ERR_SYSTEM);
			assert_int_equal(err.code, HPT_ERR_SYSTEM);
			assert_int_equal(err.os_errno, 5);
			assert_non_null(strstr(err.text, "no such luck"));
			assert_int_equal(hpt_table_compare(a, b, NULL, see, &seen, NULL),
					 HPT_ERR_SYSTEM);
			assert_int_equal(seen.n, 0);
			hpt_table_close(a);
			hpt_table_close(b);
		}
	}
}

static void test_arguments(void **state)
{
	struct hpt_compare_options o = { .size = sizeof(o) };
	struct hpt_table *a = open_sparse(ORDER);
	struct hpt_table *b = open_sparse(ORDER + 1);
	struct seen seen = { .n = 0 };
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_error(hpt_table_compare(NULL, a, NULL, see, &seen, &err), &err, HPT_ERR_ARGUMENT,
		   "compare: NULL");
	unit_poison(&err);
	unit_error(hpt_table_compare(a, NULL, NULL, see, &seen, &err), &err, HPT_ERR_ARGUMENT,
		   "compare: NULL");
	unit_poison(&err);
	unit_error(hpt_table_compare(a, a, NULL, NULL, &seen, &err), &err, HPT_ERR_ARGUMENT,
		   "compare: NULL");
	unit_poison(&err);
	unit_error(hpt_table_compare(a, b, NULL, see, &seen, &err), &err, HPT_ERR_ORDER,
		   "compare: tables of order 18 and order 19 have no slots in common");
	o.ignore.v = HPT_V_VALID;
	unit_poison(&err);
	unit_error(hpt_table_compare(a, a, &o, see, &seen, &err), &err, HPT_ERR_ARGUMENT,
		   "compare: V cannot be among the bits that do not count");
	o.size--;
	assert_int_equal(hpt_table_compare(a, a, &o, see, &seen, NULL), HPT_ERR_ARGUMENT);
	o = (struct hpt_compare_options){ .size = sizeof(o) };
	unit_poison(&err);
	unit_ok(hpt_table_compare(a, a, &o, see, &seen, &err), &err);
	assert_int_equal(seen.n, 0);
	hpt_table_close(a);
	hpt_table_close(b);
}

/* Two passes of a real kernel: the slots that differ are those that its listings say. */
struct listed {
	struct hpt_entry *one, *two;
	bool *differs;
	uint64_t n;
};

static int see_listed(void *arg, uint64_t ptex, struct hpt_entry old, struct hpt_entry new)
{
	struct listed *l = arg;

	unit_same_entry(ptex, old, l->one[ptex]);
	unit_same_entry(ptex, new, l->two[ptex]);
	l->differs[ptex] = true;
	l->n++;
	return 0;
}

/* As unit_same_entry() looks at them. */
static bool listed_equal(struct hpt_entry a, struct hpt_entry b)
{
	return a.v == b.v && !((a.r ^ b.r) & ~HPT_R_SOFTWARE);
}

static struct hpt_table *open_passes(const char *const *names, unsigned n)
{
	struct hpt_table *table = NULL;
	unsigned char *joined = NULL;
	size_t total = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len;
		char *bytes = unit_load(names[i], &len);

		joined = realloc(joined, total + len);
		assert_non_null(joined);
		memcpy(joined + total, bytes, len);
		total += len;
		free(bytes);
	}
	assert_int_equal(hpt_capture_open_memory(joined, total, NULL, &table, NULL), 0);
	free(joined);
	return table;
}

static void test_captures(void **state)
{
#define V8 "kvm-streams/powernv8/"
	static const char *const passes[] = { V8 "sparse-p1.stream",
					      V8 "sparse-p2-changed.stream" };
	const struct hpt_compare_options o = { .size = sizeof(o), .ignore.r = HPT_R_SOFTWARE };
	struct listed l = { before, after, calloc(UNIT_SLOTS, sizeof(bool)), 0 };
	struct hpt_table *one = open_passes(passes, 1);
	struct hpt_table *two = open_passes(passes, 2);
	struct hpt_error err;

	(void)state;
	assert_non_null(l.differs);
	unit_load_listing(V8 "sparse-p1.debugfs", false, before);
	unit_load_listing(V8 "sparse-p2-changed.debugfs", false, after);
	unit_poison(&err);
	unit_ok(hpt_table_compare(one, two, &o, see_listed, &l, &err), &err);
	assert_true(l.n > 10);
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		assert_true(l.differs[i] || listed_equal(before[i], after[i]));
	free(l.differs);
	hpt_table_close(one);
	hpt_table_close(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, begin, end),
		cmocka_unit_test_setup_teardown(test_hypervisor_bits, begin, end),
		cmocka_unit_test_setup_teardown(test_huge, begin, end),
		cmocka_unit_test_setup_teardown(test_stop, begin, end),
		cmocka_unit_test_setup_teardown(test_failing, begin, end),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test_setup_teardown(test_captures, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
