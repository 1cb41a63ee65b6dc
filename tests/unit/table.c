/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The handle's rules, the sparse store, and what happens when there is no memory: allocations
 * are counted, and each can be made to fail.
 */

#include <errno.h>

#include "../../lib/table/internal.h"
#include "fakekernel.h"

/* Allocation --------------------------------------------------------------------------- */

static struct {
	bool on;
	unsigned calls, fail_at; /* fail_at: that call and those after it fail; 0: none */
	size_t bytes;            /* asked for, while on */
	long blocks;             /* not freed yet, while on */
} heap;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static bool refuse(size_t size)
{
	if (!heap.on)
		return false;
	if (heap.fail_at && ++heap.calls >= heap.fail_at)
		return true;
	heap.bytes += size;
	return false;
}

void *__wrap_malloc(size_t size)
{
	if (refuse(size))
		return NULL;
	heap.blocks += heap.on;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (refuse(n * size))
		return NULL;
	heap.blocks += heap.on;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	if (refuse(size))
		return NULL;
	heap.blocks += heap.on && !p;
	return __real_realloc(p, size);
}

void __wrap_free(void *p)
{
	heap.blocks -= heap.on && p;
	__real_free(p);
}

static void count_from_here(unsigned fail_at)
{
	memset(&heap, 0, sizeof(heap));
	heap.fail_at = fail_at;
	heap.on = true;
}

static char memory[1 << 18] __attribute__((aligned(16)));
static unsigned char stream_bytes[8 + 16 * 100 + 8];
static size_t stream_len;

/* What is tried with every allocation failing in turn. Returns the code; opens into @out. */
struct attempt {
	const char *name;
	int (*run)(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err);
	struct hpt_table *(*prepare)(void);
	unsigned least; /* allocations that it makes at least */
};

static int run_memory(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	(void)given;
	return hpt_memory_open(memory, 18, NULL, out, err);
}

static int ram_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	(void)ctx, (void)err;
	memcpy(bytes, memory + ra, len);
	return 0;
}

static int run_ram(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	static const struct hpt_memory_ops ops = { .size = sizeof(ops), .read = ram_read };
	const struct hpt_memory_options o = { sizeof(o), HPT_MEMORY_LIVE };

	(void)given;
	return hpt_ram_open(&ops, NULL, 0, 18, &o, out, err);
}

static int run_sparse(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	(void)given;
	return hpt_sparse_open(46, out, err);
}

static int run_capture(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	(void)given;
	return hpt_capture_open_memory(stream_bytes, stream_len, NULL, out, err);
}

static int read_bytes(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	size_t *at = ctx;

	(void)err;
	*got = stream_len - *at < len ? stream_len - *at : len;
	memcpy(bytes, stream_bytes + *at, *got);
	*at += *got;
	return 0;
}

static const struct hpt_reader_ops reader = { sizeof(reader), read_bytes };

static int run_reader(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	size_t at = 0;

	(void)given;
	return hpt_capture_open_reader(&reader, &at, NULL, out, err);
}

static int run_apply(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	size_t at = 0;

	(void)out;
	return hpt_capture_apply(given, &reader, &at, err);
}

static int run_sparse_write(struct hpt_table *given, struct hpt_table **out,
			    struct hpt_error *err)
{
	static const struct hpt_entry entries[2] = { { 1, 2 }, { 3, 4 } };

	(void)out;
	return hpt_table_write(given, (UINT64_C(1) << 42) - 2, 2, entries, err);
}

static int run_read_many(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	static struct hpt_entry entries[9000];

	(void)out;
	return hpt_table_read(given, 5, COUNT(entries), entries, err);
}

static int run_kvm(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	const struct hpt_kvm_options o = { sizeof(o), 0, fake_open_fd, fake_current };

	(void)given;
	return hpt_kvm_open(1, 18, &o, out, err);
}

static int run_changes(struct hpt_table *given, struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_change change;
	struct hpt_entry entry;

	(void)out;
	return hpt_table_next_change(given, &change, &entry, 1, err);
}

static struct hpt_table *prepare(int (*open)(struct hpt_table *, struct hpt_table **,
					     struct hpt_error *))
{
	struct hpt_table *table = NULL;

	assert_int_equal(open(NULL, &table, NULL), 0);
	return table;
}

static struct hpt_table *with_memory_live(void)
{
	const struct hpt_memory_options o = { sizeof(o), HPT_MEMORY_LIVE };
	struct hpt_table *table;

	assert_int_equal(hpt_memory_open(memory, 18, &o, &table, NULL), 0);
	return table;
}

static struct hpt_table *with_ram(void)
{
	return prepare(run_ram);
}

static struct hpt_table *with_sparse(void)
{
	return prepare(run_sparse);
}

static struct hpt_table *with_capture(void)
{
	return prepare(run_capture);
}

static struct hpt_table *with_kvm(void)
{
	return prepare(run_kvm);
}

static const struct attempt attempts[] = {
	{ "memory", run_memory, NULL, 2 },
	{ "ram", run_ram, NULL, 2 },
	{ "sparse", run_sparse, NULL, 2 },
	{ "capture", run_capture, NULL, 5 },
	{ "reader", run_reader, NULL, 6 },
	{ "kvm", run_kvm, NULL, 3 },
	{ "apply", run_apply, with_capture, 4 },
	{ "sparse write", run_sparse_write, with_sparse, 8 },
	{ "live read", run_read_many, with_memory_live, 1 },
	{ "live ram read", run_read_many, with_ram, 1 },
	{ "kvm read", run_read_many, with_kvm, 1 },
	{ "kvm changes", run_changes, with_kvm, 1 },
};

/* The @nth allocation fails: HPT_ERR_MEMORY, nothing put out, nothing lost. */
static bool check_attempt(const struct attempt *a, unsigned nth)
{
	struct hpt_table *given = a->prepare ? a->prepare() : NULL, *out = NULL;
	struct hpt_error err;
	long blocks;
	int ret;

	unit_poison(&err);
	count_from_here(nth);
	ret = a->run(given, &out, &err);
	heap.on = false;
	blocks = heap.blocks;
	if (ret) {
		assert_int_equal(ret, HPT_ERR_MEMORY);
		assert_int_equal(err.code, HPT_ERR_MEMORY);
		assert_non_null(strstr(err.text, "out of memory"));
		assert_null(out);
		if (!a->prepare && blocks)
			fail_msg("%s: %ld blocks lost at allocation %u", a->name, blocks, nth);
		/* and it works when there is memory again */
		unit_poison(&err);
		unit_ok(a->run(given, &out, &err), &err);
	}
	hpt_table_close(out);
	hpt_table_close(given);
	return ret;
}

static void test_no_memory(void **state)
{
	struct fake_kernel k;

	(void)state;
	fake_start(&k, 4);
	stream_len = unit_bytes("L:0,30,3000 30*E:81,2 L:3030,30,fa0 30*E:81,2", stream_bytes,
				sizeof(stream_bytes));
	for (size_t i = 0; i < COUNT(attempts); i++) {
		unsigned nth = 1;

		while (check_attempt(&attempts[i], nth))
			nth++;
		if (nth - 1 < attempts[i].least)
			fail_msg("%s: only %u allocations", attempts[i].name, nth - 1);
	}
	assert_int_equal(fake_open_fds(&k), 0);
	fake_free(&k);
}

/* Without memory for the error's sake, too: a NULL error is no reason to fail otherwise. */
static void test_no_memory_without_error(void **state)
{
	struct hpt_table *table = with_sparse();

	(void)state;
	count_from_here(3);
	assert_int_equal(run_sparse_write(table, NULL, NULL), HPT_ERR_MEMORY);
	heap.on = false;
	hpt_table_close(table);
}

/* A write that ends for want of memory names the first slot that it did not write. */
static void test_sparse_half_written(void **state)
{
	struct hpt_entry in[64 * 40], out[64 * 40];
	uint64_t seed = 81;

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++)
		in[i] = unit_random_entry(&seed);
	for (unsigned nth = 1; nth < 45; nth++) {
		struct hpt_table *table = with_sparse();
		struct hpt_error err;
		char text[64];
		int ret;

		unit_poison(&err);
		count_from_here(nth);
		ret = hpt_table_write(table, 0x1003, COUNT(in), in, &err);
		heap.on = false;
		assert_int_equal(hpt_table_read(table, 0x1003, COUNT(in), out, NULL), 0);
		if (ret) {
			size_t done = err.ptex - 0x1003;

			snprintf(text, sizeof(text), "out of memory at entry %#llx", ULL(err.ptex));
			unit_error_at(ret, &err, HPT_ERR_MEMORY, text, HPT_ERROR_HAS_PTEX, err.ptex);
			assert_in_range(done, 0, COUNT(in) - 1);
			assert_memory_equal(out, in, done * sizeof(*in));
			for (size_t i = done; i < COUNT(in); i++)
				assert_true(out[i].v == 0 && out[i].r == 0);
		} else {
			assert_memory_equal(out, in, sizeof(in));
		}
		hpt_table_close(table);
	}
}

/* The sparse store ---------------------------------------------------------------------- */

static int count_entries(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < n; i++)
		*sum += entries[i].r ^ (ptex + i);
	return 0;
}

/* A table of 2^36 or 2^46 bytes with a thousand entries costs what a thousand cost. */
static void test_sparse_size(void **state)
{
	static const unsigned orders[] = { 18, 24, 36, 46 };

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		uint64_t slots = UINT64_C(1) << (orders[i] - 4), seed = 82, sum = 0, seen = 0;
		struct hpt_table *table;
		struct hpt_entry e;

		count_from_here(0);
		assert_int_equal(hpt_sparse_open(orders[i], &table, NULL), 0);
		for (int k = 0; k < 1000; k++) {
			uint64_t ptex = k ? slots / 1000 * (uint64_t)k + (uint64_t)k % 8 : slots - 1;

			e = unit_random_entry(&seed);
			assert_int_equal(hpt_table_write(table, ptex, 1, &e, NULL), 0);
			sum += e.r ^ ptex;
		}
		heap.on = false;
		/* a leaf of 1 KiB and nodes of 0.5 KiB on the way, for each at the most */
		assert_in_range(heap.bytes, 1000, 1000 * (1100 + 7 * 600));
		assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, count_entries, &seen, NULL), 0);
		assert_true(seen == sum);
		assert_int_equal(hpt_table_clear(table, 0, slots, NULL), 0);
		assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, count_entries, &seen, NULL), 0);
		assert_true(seen == sum);
		hpt_table_close(table);
	}
}

/* Reading, clearing and viewing what is not there costs no memory at all. */
static void test_sparse_reads_cost_nothing(void **state)
{
	struct hpt_table *table = with_sparse();
	struct hpt_entry out[100];

	(void)state;
	count_from_here(1);
	assert_int_equal(hpt_table_read(table, (UINT64_C(1) << 42) - 100, 100, out, NULL), 0);
	assert_int_equal(hpt_table_clear(table, 0, UINT64_C(1) << 42, NULL), 0);
	assert_non_null(hpt_table_view(table, 8, 8));
	heap.on = false;
	assert_int_equal(heap.calls, 0);
	hpt_table_close(table);
}

static void test_sparse_clone(void **state)
{
	struct hpt_sparse *a = hpt_sparse_new();
	unsigned char bytes[64];
	struct hpt_entry out;

	(void)state;
	unit_bytes("E:61,7 E:83,9", bytes, sizeof(bytes));
	assert_int_equal(hpt_sparse_apply(a, 0x123456789, bytes, 2, 0, NULL), 0);
	for (unsigned nth = 1;; nth++) {
		struct hpt_sparse *b;

		count_from_here(nth);
		b = hpt_sparse_clone(a);
		heap.on = false;
		if (!b) {
			assert_int_equal(heap.blocks, 0);
			continue;
		}
		/* The store; 5 nodes and the children of each; the leaf and its group. */
		assert_int_equal(nth, 1 + 1 + 2 * 5 + 2);
		/* they share nothing */
		assert_int_equal(hpt_sparse_clear(a, 0x123456789, 1, NULL), 0);
		assert_int_equal(hpt_sparse_read(b, 0x123456789, 1, &out, NULL), 0);
		assert_true(out.v == 1 && out.r == 7);
		assert_int_equal(hpt_sparse_read(a, 0x123456789, 1, &out, NULL), 0);
		assert_true(out.v == 0);
		hpt_sparse_free(b);
		break;
	}
	hpt_sparse_free(a);
	hpt_sparse_free(NULL);
}

static void test_sparse_of(void **state)
{
	struct hpt_table *sparse = with_sparse(), *live = with_memory_live();

	(void)state;
	assert_non_null(hpt_sparse_of(sparse));
	assert_null(hpt_sparse_of(live));
	assert_null(hpt_sparse_of(NULL));
	hpt_table_close(sparse);
	hpt_table_close(live);
}

/* The handle ---------------------------------------------------------------------------- */

struct own {
	uint64_t bad;   /* slot that cannot be read or written */
	unsigned closes, reads, writes;
	struct hpt_entry entries[UNIT_SLOTS];
};

static int bad_slot(uint64_t bad, struct hpt_error *err)
{
	hpt_error_fill(err, HPT_ERR_BUSY, ETXTBSY, "the backend's own words");
	err->ptex = bad;
	err->has = HPT_ERROR_HAS_PTEX;
	return HPT_ERR_BUSY;
}

static int own_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		    struct hpt_error *err)
{
	struct own *own = ctx;

	own->reads++;
	assert_non_null(err);
	assert_true(n > 0);
	if (own->bad >= ptex && own->bad - ptex < n)
		return bad_slot(own->bad, err);
	memcpy(out, own->entries + ptex, n * sizeof(*out));
	return 0;
}

static int own_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		     struct hpt_error *err)
{
	struct own *own = ctx;

	own->writes++;
	assert_non_null(err);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		if (ptex + i == own->bad)
			return bad_slot(own->bad, err);
		own->entries[ptex + i] = in[i];
	}
	return 0;
}

static void own_close(void *ctx)
{
	((struct own *)ctx)->closes++;
}

static const struct hpt_table_ops own_ops = { .size = sizeof(own_ops), .read = own_read,
					      .write = own_write, .close = own_close };
static const struct hpt_table_config own_config = { sizeof(own_config), "own", 18, 0, 0 };

static struct hpt_table *open_own(struct own *own)
{
	struct hpt_table *table;
	struct hpt_error err;

	memset(own, 0, sizeof(*own));
	own->bad = UINT64_MAX;
	unit_poison(&err);
	unit_ok(hpt_table_open(&own_ops, own, &own_config, &table, &err), &err);
	return table;
}

static void test_open_refusals(void **state)
{
	enum { SIZE = sizeof(struct hpt_table_config) };
	static const struct {
		struct hpt_table_config config;
		int code;
		const char *text;
	} bad[] = {
		{ { SIZE, NULL, 18, 0, 0 }, HPT_ERR_ARGUMENT, "table: the backend has no name" },
		{ { SIZE, "own", 18, 4, 0 }, HPT_ERR_ARGUMENT,
		  "table: flags are 0x4, expected of 0x3" },
		{ { SIZE, "own", 18, HPT_TABLE_WRITABLE, 0 }, HPT_ERR_ARGUMENT,
		  "table: flags are 0x100, expected of 0x3" },
		{ { SIZE, "own", 18, 0, (enum hpt_form)2 }, HPT_ERR_ARGUMENT,
		  "table: form is 2, expected 0 or 1" },
		{ { SIZE, "own", 17, 0, 0 }, HPT_ERR_ORDER, "order is 17, expected 18 to 46" },
		{ { SIZE, "own", 47, 0, 0 }, HPT_ERR_ORDER, "order is 47, expected 18 to 46" },
	};
	const struct hpt_table_ops no_read = { .size = sizeof(no_read) }, small = { .size = 16 };
	const struct hpt_table_config no_config = { .size = 8, .backend = "own", .order = 18 };
	struct own own = { 0 };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		unit_poison(&err);
		unit_error_at(hpt_table_open(&own_ops, &own, &bad[i].config, &table, &err), &err,
			      bad[i].code, bad[i].text, 0, 0);
	}
	unit_error(hpt_table_open(&no_read, &own, &own_config, &table, &err), &err,
		   HPT_ERR_ARGUMENT, "struct hpt_table_ops: no read");
	unit_too_small(hpt_table_open(&small, &own, &own_config, &table, &err), &err,
		       "hpt_table_ops", small.size, sizeof(small));
	unit_too_small(hpt_table_open(&own_ops, &own, &no_config, &table, &err), &err,
		       "hpt_table_config", no_config.size, sizeof(no_config));
	for (int i = 0; i < 3; i++)
		unit_error(hpt_table_open(i == 0 ? NULL : &own_ops, &own,
					  i == 1 ? NULL : &own_config, i == 2 ? NULL : &table, &err),
			   &err, HPT_ERR_ARGUMENT, "table: NULL");
	assert_null(table);
	assert_int_equal(own.closes, 0);
	hpt_table_close(NULL);
}

static void test_close_once(void **state)
{
	static struct own own;

	(void)state;
	hpt_table_close(open_own(&own));
	assert_int_equal(own.closes, 1);
}

static void test_info_size(void **state)
{
	static struct own own;
	struct hpt_table *table = open_own(&own);
	struct hpt_table_info info = { .size = sizeof(info) - 1 };
	struct hpt_error err;

	(void)state;
	unit_too_small(hpt_table_info(table, &info, &err), &err, "hpt_table_info",
		       sizeof(info) - 1, sizeof(info));
	unit_error(hpt_table_info(table, NULL, &err), &err, HPT_ERR_ARGUMENT,
		   "struct hpt_table_info: NULL");
	hpt_table_close(table);
}

/* What a backend says of its failure comes through as it is. */
static void test_errors_pass(void **state)
{
	static struct own own;
	struct hpt_table *table = open_own(&own);
	struct hpt_entry entries[4] = { { 0, 0 } };
	uint64_t sum;

	(void)state;
	own.bad = 0x77;
	for (int what = 0; what < 4; what++) {
		struct hpt_error err;
		int ret;

		unit_poison(&err);
		ret = what == 0 ? hpt_table_read(table, 0x76, 4, entries, &err) :
		      what == 1 ? hpt_table_write(table, 0x76, 4, entries, &err) :
		      what == 2 ? hpt_table_clear(table, 0, 0x4000, &err) :
				  hpt_table_each(table, 0, UINT64_MAX, count_entries, &sum, &err);
		unit_error_at(ret, &err, HPT_ERR_BUSY, "the backend's own words",
			      HPT_ERROR_HAS_PTEX, 0x77);
		assert_int_equal(err.os_errno, ETXTBSY);
	}
	assert_int_equal(hpt_table_read(table, 0x76, 4, entries, NULL), HPT_ERR_BUSY);
	assert_int_equal(hpt_table_write(table, 0x76, 4, entries, NULL), HPT_ERR_BUSY);
	hpt_table_close(table);
}

/* n = 0 never reaches the backend. */
static void test_nothing_to_do(void **state)
{
	static struct own own;
	struct hpt_table *table = open_own(&own);

	(void)state;
	assert_int_equal(hpt_table_read(table, 0x4000, 0, NULL, NULL), 0);
	assert_int_equal(hpt_table_write(table, 0x4000, 0, NULL, NULL), 0);
	assert_int_equal(hpt_table_clear(table, 0x4000, 0, NULL), 0);
	assert_int_equal(hpt_table_each(table, 0x4000, 0, count_entries, NULL, NULL), 0);
	assert_int_equal(hpt_table_each(table, 0x4000, UINT64_MAX, count_entries, NULL, NULL), 0);
	assert_int_equal(own.reads + own.writes, 0);
	hpt_table_close(table);
}

/* A copy that fails half-way says how far it came, and so far both are equal. */
static void test_copy_half_way(void **state)
{
	static struct own from, to;
	struct hpt_table *a = open_own(&from), *b = open_own(&to);
	uint64_t seed = 83;

	(void)state;
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		if (i % 300 < 200)
			from.entries[i] = unit_random_entry(&seed);
	for (uint64_t bad = 0; bad < UNIT_SLOTS; bad += bad < 600 ? 1 : 977)
		for (int writing = 0; writing < 2; writing++) {
			uint64_t done = 77;
			struct hpt_error err;

			memset(to.entries, 0x11, sizeof(to.entries));
			from.bad = writing ? UINT64_MAX : bad;
			to.bad = writing ? bad : UINT64_MAX;
			unit_poison(&err);
			unit_error_at(hpt_table_copy(b, a, &done, &err), &err, HPT_ERR_BUSY,
				      "the backend's own words", HPT_ERROR_HAS_PTEX, bad);
			assert_true(writing ? done == bad : done <= bad);
			assert_memory_equal(to.entries, from.entries, done * sizeof(from.entries[0]));
			assert_int_equal(hpt_table_copy(b, a, NULL, NULL), HPT_ERR_BUSY);
		}
	hpt_table_close(a);
	hpt_table_close(b);
}

static void test_copy_orders(void **state)
{
	static struct own own;
	struct hpt_table *a = open_own(&own), *b = with_sparse();
	uint64_t done = 77;
	struct hpt_error err;

	(void)state;
	unit_error(hpt_table_copy(a, b, &done, &err), &err, HPT_ERR_ORDER,
		   "copy: a table of order 18 cannot be made equal to one of order 46");
	assert_int_equal(done, 0);
	hpt_table_close(a);
	hpt_table_close(b);
}

/* Opening memory ------------------------------------------------------------------------ */

static void test_memory_refusals(void **state)
{
	static const struct hpt_memory_ops none = { .size = sizeof(none) };
	static const struct hpt_memory_ops ram = { .size = sizeof(ram), .read = ram_read };
	struct hpt_memory_options o = { sizeof(o), 8 };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	unit_error(hpt_memory_open(memory, 18, &o, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "struct hpt_memory_options: flags are 0x8, expected of 0x7");
	unit_error(hpt_memory_open(NULL, 18, NULL, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "memory table: base is 0x0, expected a multiple of 16");
	unit_error(hpt_memory_open(memory, 17, NULL, &table, &err), &err, HPT_ERR_ORDER,
		   "order is 17, expected 18 to 46");
	assert_int_equal(hpt_memory_open(memory + 8, 18, NULL, &table, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "8, expected a multiple of 16"));
	unit_error(hpt_memory_open((void *)(UINTPTR_MAX - 0xFFFF), 18, NULL, &table, &err), &err,
		   HPT_ERR_ARGUMENT, "memory table: 2^18 bytes do not fit the address space");
	unit_error(hpt_ram_open(NULL, NULL, 0, 18, NULL, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "RAM table: NULL");
	unit_error(hpt_ram_open(&none, NULL, 0, 18, NULL, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "struct hpt_memory_ops: no read");
	unit_poison(&err);
	unit_error_at(hpt_ram_open(&ram, NULL, 0x20000, 18, NULL, &table, &err), &err,
		      HPT_ERR_ARGUMENT,
		      "RAM table: real address is 0x20000, expected a multiple of 0x40000",
		      HPT_ERROR_HAS_ADDRESS, 0x20000);
	unit_error_at(hpt_ram_open(&ram, NULL, 0xFFFFFFFFFFFC0000, 19, NULL, &table, &err), &err,
		      HPT_ERR_ARGUMENT, "RAM table: 2^19 bytes from real address "
		      "0xfffffffffffc0000 lead beyond 2^64", HPT_ERROR_HAS_ADDRESS,
		      0xFFFFFFFFFFFC0000);
	assert_null(table);
	assert_int_equal(hpt_ram_open(&ram, NULL, 0xFFFFFFFFFFFC0000, 18, NULL, &table, NULL), 0);
	hpt_table_close(table);
}

/* An entry without an ISA 3.0 form: those before it are written, it is named. */
static void test_v3_refuses(void **state)
{
	static const struct hpt_entry in[3] = { { 0x81, 1 }, { 0x0010000000000001, 0 }, { 0x83, 2 } };
	const struct hpt_memory_options o = { sizeof(o), HPT_MEMORY_V3 };
	struct hpt_table *table;
	struct hpt_entry out[3];
	struct hpt_error err;

	(void)state;
	memset(memory, 0, sizeof(memory));
	assert_int_equal(hpt_memory_open(memory, 18, &o, &table, NULL), 0);
	unit_poison(&err);
	unit_error_at(hpt_table_write(table, 0x40, 3, in, &err), &err, HPT_ERR_FORM,
		      "doubleword 0 is 0x10000000000001: the ISA 3.0 form has no place for bits "
		      "0x10000000000000 of the virtual page number", HPT_ERROR_HAS_PTEX, 0x41);
	assert_int_equal(hpt_table_read(table, 0x40, 3, out, NULL), 0);
	assert_true(out[0].v == 0x81 && !out[1].v && !out[2].v);
	hpt_table_close(table);
	memset(memory, 0, sizeof(memory));
}

/* A guest's RAM that cannot be had, or that never holds still. */
static int flaky_read(void *ctx, uint64_t ra, size_t len, void *bytes, struct hpt_error *err)
{
	unsigned *calls = ctx;

	if (ra == 0x100 * 16)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, EIO, "no RAM there");
	memset(bytes, (int)++*calls, len);
	return 0;
}

static void test_ram_errors(void **state)
{
	static const struct hpt_memory_ops ops = { .size = sizeof(ops), .read = flaky_read };
	const struct hpt_memory_options o = { sizeof(o), HPT_MEMORY_LIVE };
	struct hpt_entry out = { 7, 7 };
	struct hpt_table *table;
	struct hpt_error err;
	unsigned calls = 0;

	(void)state;
	assert_int_equal(hpt_ram_open(&ops, &calls, 0, 18, &o, &table, NULL), 0);
	unit_poison(&err);
	unit_error_at(hpt_table_read(table, 0x100, 1, &out, &err), &err, HPT_ERR_SYSTEM,
		      "no RAM there", HPT_ERROR_HAS_PTEX, 0x100);
	unit_error_at(hpt_table_read(table, 5, 1, &out, &err), &err, HPT_ERR_UNSTABLE,
		      "entry 0x5 changed at each of 1000 attempts to read it",
		      HPT_ERROR_HAS_PTEX, 5);
	assert_true(out.v == 7 && out.r == 7);
	assert_in_range(calls, 1000, 1001);
	hpt_table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_without_error),
		cmocka_unit_test(test_sparse_half_written),
		cmocka_unit_test(test_sparse_size),
		cmocka_unit_test(test_sparse_reads_cost_nothing),
		cmocka_unit_test(test_sparse_clone),
		cmocka_unit_test(test_sparse_of),
		cmocka_unit_test(test_open_refusals),
		cmocka_unit_test(test_close_once),
		cmocka_unit_test(test_info_size),
		cmocka_unit_test(test_errors_pass),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_copy_half_way),
		cmocka_unit_test(test_copy_orders),
		cmocka_unit_test(test_memory_refusals),
		cmocka_unit_test(test_v3_refuses),
		cmocka_unit_test(test_ram_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
