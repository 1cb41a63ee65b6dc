/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A live table: one thread rewrites entries as a hypervisor does, others read them meanwhile.
 * Both words of an entry are made of one number, so that a torn pair shows. What matters is
 * how often, not how fast; a checker of data races may watch.
 */

#include <pthread.h>

#include "unit.h"

#include <hpt/mmu.h>

#define ORDER 18
#define SLOTS 8u    /* rewritten ones: few, so that readers meet the writer */
#define ROUNDS 100000u
#define READERS 3u

struct shared {
	struct hpt_table *writer, *reader;
	struct hpt_raw_entry *raw;
	unsigned done; /* atomic */
	unsigned long seen, torn, unstable; /* atomic sums of all readers */
};

/* Entry number @x: both words tell x, and V is set. */
static struct hpt_entry make(uint64_t x)
{
	return (struct hpt_entry){ x << 12 | 1, (x * 7) << 12 };
}

static bool is_whole(struct hpt_entry e)
{
	return e.r == ((e.v >> 12) * 7) << 12;
}

static void *write_entries(void *arg)
{
	struct shared *s = arg;
	uint64_t x = 1;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct hpt_entry e[2] = { make(x), make(x + 1) };

		x = x % 1000000 + 2;
		if (round % 5 == 4) /* now and then an entry goes away */
			e[0] = (struct hpt_entry){ 0, 0 };
		if (hpt_table_write(s->writer, round % (SLOTS - 1), 2, e, NULL))
			break;
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* A hypervisor that does not know this library, as Linux does it: V goes, then R, then V. */
static void *write_raw(void *arg)
{
	struct shared *s = arg;

	uint64_t *v = &s->raw->v_be.raw_be, *r = &s->raw->r_be.raw_be;

	for (uint64_t x = 1; x < 10 * ROUNDS; x++) {
		/* Release stores keep what eieio keeps, and checkers of data races know them. */
		__atomic_store_n(v, 0, __ATOMIC_RELAXED);
		__atomic_store_n(r, hpt_be64_make(make(x).r).raw_be, __ATOMIC_RELEASE);
		__atomic_store_n(v, hpt_be64_make(make(x).v).raw_be, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

struct tally {
	unsigned long seen, torn, unstable;
};

static void look(struct tally *t, const struct hpt_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!(entries[i].v & 1))
			continue;
		t->seen++;
		t->torn += !is_whole(entries[i]);
	}
}

static int look_at_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex;
	look(arg, entries, n);
	return 0;
}

/* As hpt/table.h says that views of live tables are to be read. */
static void look_at_view(const struct shared *s, struct tally *t, uint64_t ptex)
{
	const struct hpt_raw_entry *raw = hpt_table_view(s->reader, ptex, 1);
	struct hpt_be64 v, r, v_again, r_again;
	struct hpt_entry e;

	v.raw_be = __atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE);
	r.raw_be = __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_ACQUIRE);
	v_again.raw_be = __atomic_load_n(&raw->v_be.raw_be, __ATOMIC_ACQUIRE);
	r_again.raw_be = __atomic_load_n(&raw->r_be.raw_be, __ATOMIC_RELAXED);
	e = (struct hpt_entry){ hpt_be64_get(v), hpt_be64_get(r) };
	if (v.raw_be == v_again.raw_be && r.raw_be == r_again.raw_be)
		look(t, &e, 1);
}

static void *read_entries(void *arg)
{
	struct shared *s = arg;
	struct tally t = { 0 };

	for (unsigned round = 0; round < 10 || !__atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
	     round++) {
		struct hpt_entry entries[SLOTS + 20];
		size_t n = round % 3 ? SLOTS : SLOTS + 20; /* by the stack, by the heap */
		int ret = hpt_table_read(s->reader, 0, n, entries, NULL);

		if (!ret)
			look(&t, entries, n);
		else
			t.unstable += ret == HPT_ERR_UNSTABLE;
		if (round % 8 == 0)
			(void)hpt_table_each(s->reader, 0, SLOTS, look_at_run, &t, NULL);
		for (uint64_t i = 0; i < SLOTS; i++)
			look_at_view(s, &t, i);
	}
	__atomic_fetch_add(&s->seen, t.seen, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->torn, t.torn, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->unstable, t.unstable, __ATOMIC_RELAXED);
	return NULL;
}

static void run(uint32_t form, void *(*writes)(void *), void *(*reads)(void *))
{
	const struct hpt_memory_options live = { sizeof(live), HPT_MEMORY_LIVE | form };
	const struct hpt_memory_options look = { sizeof(look), HPT_MEMORY_LIVE |
						 HPT_MEMORY_READ_ONLY | form };
	struct shared s = { 0 };
	pthread_t writer, readers[READERS];
	void *memory = aligned_alloc(16, 1 << ORDER);

	assert_non_null(memory);
	memset(memory, 0, 1 << ORDER);
	s.raw = memory;
	assert_int_equal(hpt_memory_open(memory, ORDER, &live, &s.writer, NULL), 0);
	assert_int_equal(hpt_memory_open(memory, ORDER, &look, &s.reader, NULL), 0);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, reads, &s), 0);
	assert_int_equal(pthread_create(&writer, NULL, writes, &s), 0);
	assert_int_equal(pthread_join(writer, NULL), 0);
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_true(s.seen > 0);
	assert_int_equal(s.torn, 0);
	hpt_table_close(s.writer);
	hpt_table_close(s.reader);
	free(memory);
}

static void test_classic(void **state)
{
	(void)state;
	run(0, write_entries, read_entries);
}

static void test_v3(void **state)
{
	(void)state;
	run(HPT_MEMORY_V3, write_entries, read_entries);
}

/* One slot, which the writer changes all the time and the others only look at. */
static void *write_one(void *arg)
{
	struct shared *s = arg;

	for (uint64_t x = 1; x < 5 * ROUNDS; x++) {
		struct hpt_entry e = make(x);

		(void)hpt_table_write(s->writer, 0, 1, &e, NULL);
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *read_one(void *arg)
{
	struct shared *s = arg;
	struct tally t = { 0 };

	while (!__atomic_load_n(&s->done, __ATOMIC_ACQUIRE))
		look_at_view(s, &t, 0);
	look_at_view(s, &t, 0);
	__atomic_fetch_add(&s->seen, t.seen, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->torn, t.torn, __ATOMIC_RELAXED);
	return NULL;
}

static void test_one_slot(void **state)
{
	(void)state;
	run(0, write_one, read_one);
}

static void *read_one_more(void *arg)
{
	struct shared *s = arg;
	struct tally t = { 0 };
	struct hpt_entry e;
	bool done;

	do {
		done = __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
		for (unsigned i = 0; i < 100; i++)
			if (!hpt_table_read(s->reader, 0, 1, &e, NULL))
				look(&t, &e, 1);
	} while (!done);
	__atomic_fetch_add(&s->seen, t.seen, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->torn, t.torn, __ATOMIC_RELAXED);
	return NULL;
}

static void test_foreign_writer(void **state)
{
	(void)state;
	run(0, write_raw, read_one_more);
}

/*
 * A page that is mapped anew again and again: entry number @x, whose software bits and real
 * address tell x. Its slot is the first of the group to which page 0 of VSID 0x123 hashes.
 */
#define PAGE_VSID UINT64_C(0x123)
#define PAGE_SLOT (PAGE_VSID * 8)

static struct hpt_entry make_page(uint64_t x)
{
	return (struct hpt_entry){ PAGE_VSID << 12 | (x & 3) << 3 | 1,
				   (x & 0xFFFFFF) << 32 | (x * 7 & 0xFFFF) << 16 | 2 };
}

static bool is_whole_page(struct hpt_entry e)
{
	struct hpt_entry whole = make_page(e.r >> 32);

	return e.v == whole.v && e.r == whole.r;
}

static void *map_pages(void *arg)
{
	struct shared *s = arg;

	for (uint64_t x = 1; x < 2 * ROUNDS; x++) {
		struct hpt_entry e = make_page(x);

		if (hpt_table_write(s->writer, PAGE_SLOT, 1, &e, NULL))
			break;
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *map_pages_raw(void *arg)
{
	struct shared *s = arg;
	uint64_t *v = &s->raw[PAGE_SLOT].v_be.raw_be, *r = &s->raw[PAGE_SLOT].r_be.raw_be;

	for (uint64_t x = 1; x < 5 * ROUNDS; x++) {
		__atomic_store_n(v, 0, __ATOMIC_RELAXED);
		__atomic_store_n(r, hpt_be64_make(make_page(x).r).raw_be, __ATOMIC_RELEASE);
		__atomic_store_n(v, hpt_be64_make(make_page(x).v).raw_be, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&s->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void look_at_page(struct tally *t, int ret, const struct hpt_translation *x)
{
	t->unstable += ret == HPT_ERR_UNSTABLE;
	if (ret || x->outcome != HPT_OUTCOME_MAPPED)
		return;
	t->seen++;
	t->torn += !is_whole_page(x->entry) || x->page_ra != x->entry.r >> 12 << 12;
}

static void *translate(void *arg)
{
	static const uint64_t ea[3] = { 8, 0x100, 0xFF8 };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct shared *s = arg;
	struct tally t = { 0 };
	bool done;

	hpt_cpu_init(&cpu, HPT_CPU_POWER9, HPT_PLATFORM_PSERIES, NULL);
	cpu.slb_n = 1;
	cpu.slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, PAGE_VSID << 12 };
	do {
		struct hpt_translation x[3] = { { .size = sizeof(x[0]) } };
		int ret;

		done = __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
		ret = hpt_translate(&cpu, s->reader, 8, HPT_ACCESS_READ, 0, x, NULL);
		look_at_page(&t, ret, x);
		ret = hpt_translate_many(&cpu, s->reader, ea, 3, HPT_ACCESS_READ, 0, x, NULL);
		for (unsigned i = 0; i < 3; i++)
			look_at_page(&t, ret, &x[i]);
	} while (!done);
	__atomic_fetch_add(&s->seen, t.seen, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->torn, t.torn, __ATOMIC_RELAXED);
	__atomic_fetch_add(&s->unstable, t.unstable, __ATOMIC_RELAXED);
	return NULL;
}

static void test_translate(void **state)
{
	(void)state;
	run(0, map_pages, translate);
}

static void test_translate_foreign_writer(void **state)
{
	(void)state;
	run(0, map_pages_raw, translate);
}

/* The order of the stores, where they can be watched: V goes first and comes last. */
struct watched {
	struct {
		uint64_t ra, value;
		size_t len;
	} store[8];
	size_t n;
};

static int read_zeros(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	(void)ctx, (void)ra, (void)err;
	memset(bytes, 0, len);
	return 0;
}

static int watch_write(void *ctx, uint64_t ra, size_t len, const void *bytes,
		       struct hpt_error *err)
{
	struct watched *w = ctx;
	struct hpt_be64 word_be;

	(void)err;
	assert_true(w->n < COUNT(w->store) && len == sizeof(word_be));
	memcpy(&word_be, bytes, len);
	w->store[w->n].ra = ra;
	w->store[w->n].len = len;
	w->store[w->n++].value = hpt_be64_get(word_be);
	return 0;
}

static void test_order_of_stores(void **state)
{
	static const struct hpt_memory_ops ops = { .size = sizeof(ops), .read = read_zeros,
						   .write = watch_write };
	const struct hpt_memory_options o = { sizeof(o), HPT_MEMORY_LIVE };
	const struct hpt_entry e = { 0x1001, 0x2002 };
	struct watched w = { .n = 0 };
	struct hpt_table *table;

	(void)state;
	assert_int_equal(hpt_ram_open(&ops, &w, 0x40000, ORDER, &o, &table, NULL), 0);
	assert_int_equal(hpt_table_write(table, 2, 1, &e, NULL), 0);
	assert_int_equal(w.n, 3);
	assert_true(w.store[0].ra == 0x40020 && !(w.store[0].value & 1));
	assert_true(w.store[1].ra == 0x40028 && w.store[1].value == 0x2002);
	assert_true(w.store[2].ra == 0x40020 && w.store[2].value == 0x1001);
	hpt_table_close(table);
}

/* Would the check see a torn pair? Words of two entries are none. */
static void test_the_check(void **state)
{
	struct tally t = { 0 };
	struct hpt_entry e[2] = { make(5), make(6) };

	(void)state;
	look(&t, e, 2);
	assert_int_equal(t.torn, 0);
	e[0].r = e[1].r;
	look(&t, e, 2);
	assert_int_equal(t.torn, 1);
	e[0] = make_page(5);
	assert_true(is_whole_page(e[0]));
	e[0].v = make_page(6).v;
	assert_false(is_whole_page(e[0]));
}

/* Many threads read one handle that says HPT_TABLE_CONCURRENT, and handles of their own. */
static void *read_alone(void *arg)
{
	const struct hpt_table *table = arg;
	struct tally t = { 0 };

	for (unsigned i = 0; i < 200; i++)
		(void)hpt_table_each(table, 0, UINT64_MAX, look_at_run, &t, NULL);
	return t.torn || t.seen != 200ul * 1000 ? NULL : arg;
}

static void test_concurrent_reads(void **state)
{
	struct hpt_table *table;
	pthread_t readers[READERS];

	(void)state;
	assert_int_equal(hpt_sparse_open(24, &table, NULL), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		struct hpt_entry e = make(i + 1);

		assert_int_equal(hpt_table_write(table, i * 1001, 1, &e, NULL), 0);
	}
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_alone, table), 0);
	for (unsigned i = 0; i < READERS; i++) {
		void *result;

		assert_int_equal(pthread_join(readers[i], &result), 0);
		assert_ptr_equal(result, table);
	}
	hpt_table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_check),
		cmocka_unit_test(test_classic),
		cmocka_unit_test(test_v3),
		cmocka_unit_test(test_foreign_writer),
		cmocka_unit_test(test_one_slot),
		cmocka_unit_test(test_translate),
		cmocka_unit_test(test_translate_foreign_writer),
		cmocka_unit_test(test_order_of_stores),
		cmocka_unit_test(test_concurrent_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
