/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Streams that real kernels gave, as tables, against those kernels' own listings. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

#define V8 "kvm-streams/powernv8/"
#define V9 "kvm-streams/powernv9/"

struct source {
	const char *bytes;
	size_t len, at, step; /* at most step bytes a call */
	size_t fail_at;       /* fails when it comes there; 0: never */
};

static int read_source(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct source *s = ctx;
	size_t n = s->len - s->at;

	if (s->fail_at && s->at >= s->fail_at)
		return hpt_error_fill(err, HPT_ERR_SYSTEM, EPIPE, "the source broke");
	if (n > len)
		n = len;
	if (n > s->step)
		n = s->step;
	memcpy(bytes, s->bytes + s->at, n);
	s->at += n;
	*got = n;
	return 0;
}

static const struct hpt_reader_ops source_ops = { sizeof(source_ops), read_source };

static struct hpt_table *open_memory(const char *path, const struct hpt_capture_options *o)
{
	struct hpt_table *table = NULL;
	struct hpt_error err;
	size_t len;
	char *bytes = unit_load(path, &len);
	int ret;

	unit_poison(&err);
	ret = hpt_capture_open_memory(bytes, len, o, &table, &err);
	if (ret)
		fail_msg("%s: %s", path, err.text);
	unit_ok(ret, &err);
	free(bytes);
	return table;
}

static struct hpt_table *open_reader(const char *path, size_t step)
{
	struct hpt_table *table = NULL;
	struct hpt_error err;
	struct source s = { .step = step };
	char *bytes = unit_load(path, &s.len);

	s.bytes = bytes;
	unit_poison(&err);
	unit_ok(hpt_capture_open_reader(&source_ops, &s, NULL, &table, &err), &err);
	assert_int_equal(s.at, s.len);
	free(bytes);
	return table;
}

static int open_file(const char *path)
{
	char name[1024];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", getenv("HPT_TEST_DATA"), path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct hpt_table *open_fd(const char *path)
{
	struct hpt_table *table = NULL;
	struct hpt_error err;
	int fd = open_file(path);

	unit_poison(&err);
	unit_ok(hpt_capture_open(fd, NULL, &table, &err), &err);
	/* still open, read to its end, the caller's */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), lseek(fd, 0, SEEK_END));
	assert_int_equal(close(fd), 0);
	return table;
}

static void check_info(const struct hpt_table *table)
{
	struct hpt_capture_info info = { .size = sizeof(info) };
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_capture_info(table, &info, &err), &err);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.dialect, HPT_DIALECT_KVM_LE);
	assert_true(info.dialect_found && info.order_found && !info.order_guessed);
	assert_int_equal(info.summary.order, 18);
	assert_int_equal(info.summary.passes, 1);
	assert_int_equal(info.summary.highest, UNIT_SLOTS);
	assert_int_equal(info.summary.valid + info.summary.invalid, UNIT_SLOTS);
	assert_int_equal(hpt_table_order(table), 18);
}

/* A complete first pass: stream, listing, and the form of the host's entries. */
static const struct {
	const char *stream, *listing;
	bool v3;
} firsts[] = {
	{ V8 "sparse-p1.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf25.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf31.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf32.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf40.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf41.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf136.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf137.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf152.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf153.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-buf4096.stream", V8 "sparse-p1.debugfs", false },
	{ V8 "sparse-late-p1.stream", V8 "sparse-late-p1.debugfs", false },
	{ V8 "ptegs-p1.stream", V8 "ptegs-p1.debugfs", false },
	{ V8 "ptegs-buf40.stream", V8 "ptegs-p1.debugfs", false },
	{ V8 "ptegs-buf136.stream", V8 "ptegs-p1.debugfs", false },
	{ V8 "ptegs-buf152.stream", V8 "ptegs-p1.debugfs", false },
	{ V8 "ptegs-buf4096.stream", V8 "ptegs-p1.debugfs", false },
	{ V8 "dense-p1.stream", V8 "dense-p1.debugfs", false },
	{ V8 "dense-buf40.stream", V8 "dense-p1.debugfs", false },
	{ V8 "dense-buf136.stream", V8 "dense-p1.debugfs", false },
	{ V8 "dense-buf152.stream", V8 "dense-p1.debugfs", false },
	{ V8 "dense-buf4096.stream", V8 "dense-p1.debugfs", false },
	{ V9 "sparse-p1.stream", V9 "sparse-p1.debugfs", true },
};

static void test_first_passes(void **state)
{
	static struct hpt_entry truth[UNIT_SLOTS];

	(void)state;
	for (size_t i = 0; i < COUNT(firsts); i++) {
		struct hpt_table *tables[] = {
			open_memory(firsts[i].stream, NULL),
			open_fd(firsts[i].stream),
			open_reader(firsts[i].stream, 1021),
			open_reader(firsts[i].stream, SIZE_MAX),
		};

		unit_load_listing(firsts[i].listing, firsts[i].v3, truth);
		for (size_t k = 0; k < COUNT(tables); k++) {
			check_info(tables[k]);
			unit_same_table(tables[k], truth, UNIT_SLOTS);
			hpt_table_close(tables[k]);
		}
	}
}

/* In the listing, but not bolted: such a stream calls it invalid. */
static void only_bolted(struct hpt_entry *truth)
{
	for (size_t i = 0; i < UNIT_SLOTS; i++)
		if (!(truth[i].v & 0x10))
			truth[i] = (struct hpt_entry){ 0, 0 };
}

static void test_bolted(void **state)
{
	static const struct {
		const char *stream, *listing;
		bool v3;
	} bolted[] = {
		{ V8 "sparse-bolted-p1.stream", V8 "sparse-bolted-p1.debugfs", false },
		{ V8 "ptegs-bolted-p1.stream", V8 "ptegs-p1.debugfs", false },
		{ V8 "dense-bolted-p1.stream", V8 "dense-p1.debugfs", false },
		{ V9 "sparse-bolted-p1.stream", V9 "sparse-bolted-p1.debugfs", true },
	};
	static struct hpt_entry truth[UNIT_SLOTS];

	(void)state;
	for (size_t i = 0; i < COUNT(bolted); i++) {
		struct hpt_table *table = open_memory(bolted[i].stream, NULL);

		unit_load_listing(bolted[i].listing, bolted[i].v3, truth);
		only_bolted(truth);
		check_info(table);
		unit_same_table(table, truth, UNIT_SLOTS);
		hpt_table_close(table);
	}
}

static void apply(struct hpt_table *table, const char *path, size_t step)
{
	struct hpt_error err;
	struct source s = { .step = step };
	char *bytes = unit_load(path, &s.len);

	s.bytes = bytes;
	unit_poison(&err);
	unit_ok(hpt_capture_apply(table, &source_ops, &s, &err), &err);
	assert_int_equal(s.at, s.len);
	free(bytes);
}

/*
 * The passes that readers took one after the other, each on top of those before. All the
 * changes are seen by somebody: the marks are shared, so what the bolted-only reader took
 * first ("p3-first") is missing from the others' next pass.
 */
static void test_passes(void **state)
{
	static const struct {
		const char *stream, *listing;
	} passes[] = {
		{ V8 "sparse-p2-unchanged.stream", V8 "sparse-p2-unchanged.debugfs" },
		{ V8 "sparse-p2-changed.stream", V8 "sparse-p2-changed.debugfs" },
	};
	static struct hpt_entry truth[UNIT_SLOTS];
	struct hpt_capture_info info = { .size = sizeof(info) };
	struct hpt_table *table = open_memory(V8 "sparse-p1.stream", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(passes); i++) {
		apply(table, passes[i].stream, i ? 7 : SIZE_MAX);
		unit_load_listing(passes[i].listing, false, truth);
		unit_same_table(table, truth, UNIT_SLOTS);
	}
	assert_int_equal(hpt_capture_info(table, &info, NULL), 0);
	assert_int_equal(info.summary.passes, 2); /* that without chunks is none */
	assert_int_equal(info.summary.bytes, 11632 + 3320);
	assert_int_equal(info.summary.order, 18);
	hpt_table_close(table);
	table = open_memory(V9 "sparse-p1.stream", NULL);
	apply(table, V9 "sparse-p2-changed.stream", 100);
	unit_load_listing(V9 "sparse-p2-changed.debugfs", true, truth);
	unit_same_table(table, truth, UNIT_SLOTS);
	hpt_table_close(table);
}

/* Two passes in one stream: as it was after the first, after both, and after more than it has. */
static void check_wanted(const char *bytes, size_t len, uint32_t passes,
			 size_t used, const char *listing)
{
	const struct hpt_capture_options o = { .size = sizeof(o), .passes = passes };
	struct hpt_capture_info info = { .size = sizeof(info) };
	struct source s = { .bytes = bytes, .len = len, .step = 1021 };
	static struct hpt_entry truth[UNIT_SLOTS];
	struct hpt_table *tables[2];

	assert_int_equal(hpt_capture_open_memory(bytes, len, &o, &tables[0], NULL), 0);
	assert_int_equal(hpt_capture_open_reader(&source_ops, &s, &o, &tables[1], NULL), 0);
	unit_load_listing(listing, false, truth);
	for (unsigned i = 0; i < COUNT(tables); i++) {
		assert_int_equal(hpt_capture_info(tables[i], &info, NULL), 0);
		assert_int_equal(info.summary.passes, passes > 1 ? 2 : 1);
		assert_int_equal(info.summary.bytes, used);
		assert_int_equal(info.dialect, HPT_DIALECT_KVM_LE);
		unit_same_table(tables[i], truth, UNIT_SLOTS);
		hpt_table_close(tables[i]);
	}
}

static void test_wanted_passes(void **state)
{
	size_t first, second;
	char *a = unit_load(V8 "sparse-p1.stream", &first);
	char *b = unit_load(V8 "sparse-p2-changed.stream", &second);
	char *both = malloc(first + second);

	(void)state;
	assert_non_null(both);
	memcpy(both, a, first);
	memcpy(both + first, b, second);
	check_wanted(both, first + second, 1, first, V8 "sparse-p1.debugfs");
	for (uint32_t passes = 2; passes <= 3; passes++)
		check_wanted(both, first + second, passes, first + second,
			     V8 "sparse-p2-changed.debugfs");
	free(a);
	free(b);
	free(both);
}

/*
 * Behind the reader that took only bolted ones: slots that its pass named are as in the
 * listing (or invalid, when not bolted), all others as before; so with the pass after it.
 */
static void test_pass_after_bolted(void **state)
{
	static struct hpt_entry before[UNIT_SLOTS], after[UNIT_SLOTS], last[UNIT_SLOTS];
	struct hpt_table *table = open_memory(V8 "sparse-late-p1.stream", NULL);
	static struct hpt_entry found[UNIT_SLOTS];
	unsigned changed = 0;

	(void)state;
	unit_load_listing(V8 "sparse-late-p1.debugfs", false, before);
	unit_load_listing(V8 "sparse-bolted-p3-first.debugfs", false, after);
	unit_load_listing(V8 "sparse-p4-buf40.debugfs", false, last);
	apply(table, V8 "sparse-late-p2.stream", 1);
	unit_same_table(table, before, UNIT_SLOTS);
	apply(table, V8 "sparse-bolted-p3-first.stream", 3);
	apply(table, V8 "sparse-p3-after-bolted.stream", 3);
	assert_int_equal(hpt_table_read(table, 0, UNIT_SLOTS, found, NULL), 0);
	for (size_t i = 0; i < UNIT_SLOTS; i++) {
		bool moved = before[i].v != after[i].v || before[i].r != after[i].r;

		if (moved && after[i].v & 0x10)
			unit_same_entry(i, found[i], after[i]);
		else if (moved)
			assert_true(found[i].v == 0);
		changed += moved;
	}
	assert_true(changed > 50);
	apply(table, V8 "sparse-p4-buf40.stream", SIZE_MAX);
	assert_int_equal(hpt_table_read(table, 0, UNIT_SLOTS, found, NULL), 0);
	for (size_t i = 0; i < UNIT_SLOTS; i++)
		if (after[i].v != last[i].v)
			unit_same_entry(i, found[i], last[i]);
	hpt_table_close(table);
}

static void test_partial(void **state)
{
	static const struct {
		const char *stream;
		uint64_t start, gap, highest;
	} partial[] = {
		{ V8 "sparse-start2000.stream", 0x2000, 0, 0x4000 },
		{ V8 "sparse-start2003.stream", 0x2003, 0, 0x4000 },
		{ V8 "sparse-start3ff8.stream", 0x3FF8, 0, 0x4000 },
		{ V8 "sparse-start3fff.stream", 0x3FFF, 0, 0x4000 },
	};
	static struct hpt_entry truth[UNIT_SLOTS];

	(void)state;
	for (size_t i = 0; i < COUNT(partial); i++) {
		struct hpt_capture_options o = { .size = sizeof(o), .order = 18 };
		struct hpt_capture_info info = { .size = sizeof(info) };
		struct hpt_table *table = (struct hpt_table *)&o;
		struct hpt_error err;
		size_t len;
		char *bytes = unit_load(partial[i].stream, &len);

		unit_poison(&err);
		unit_error_at(hpt_capture_open_memory(bytes, len, NULL, &table, &err), &err,
			      HPT_ERR_ORDER, "the order cannot be told: the first pass leaves out "
			      "slot 0x0; say the order", HPT_ERROR_HAS_PTEX | HPT_ERROR_HAS_OFFSET,
			      len);
		assert_int_equal(err.ptex, partial[i].gap);
		assert_ptr_equal(table, &o);
		free(bytes);
		unit_load_listing(V8 "sparse-p1.debugfs", false, truth);
		memset(truth, 0, partial[i].start * sizeof(*truth));
		table = open_memory(partial[i].stream, &o);
		unit_same_table(table, truth, UNIT_SLOTS);
		assert_int_equal(hpt_capture_info(table, &info, NULL), 0);
		assert_true(!info.order_found && !info.order_guessed && info.dialect_found);
		assert_int_equal(info.summary.highest, partial[i].highest);
		hpt_table_close(table);
		o.order = 0;
		o.flags = HPT_CAPTURE_GUESS_ORDER;
		table = open_memory(partial[i].stream, &o);
		unit_same_table(table, truth, UNIT_SLOTS);
		assert_int_equal(hpt_capture_info(table, &info, NULL), 0);
		assert_true(info.order_guessed && !info.order_found);
		hpt_table_close(table);
	}
}

static void test_empty(void **state)
{
	static const char *const empty[] = {
		V8 "sparse-buf0.stream", V8 "sparse-buf7.stream", V8 "sparse-buf8.stream",
		V8 "sparse-buf16.stream", V8 "sparse-buf23.stream", V8 "sparse-buf24.stream",
		V8 "dense-buf24.stream", V8 "ptegs-buf24.stream", V8 "sparse-after-reset.stream",
		V8 "sparse-start4000.stream", V8 "sparse-start4005.stream",
		V8 "sparse-start2000-again.stream", V8 "sparse-start2003-again.stream",
		V8 "sparse-start3ff8-again.stream", V8 "sparse-start3fff-again.stream",
		V8 "sparse-start4000-again.stream", V8 "sparse-start4005-again.stream",
		V8 "sparse-bolted-p2-changed.stream", V8 "sparse-late-p2.stream",
	};
	struct hpt_capture_options o = { .size = sizeof(o), .order = 18,
					 .dialect = HPT_DIALECT_KVM_LE };
	static const struct hpt_entry nothing[UNIT_SLOTS];

	(void)state;
	for (size_t i = 0; i < COUNT(empty); i++) {
		struct hpt_table *table = NULL;
		struct hpt_error err;
		size_t len;
		char *bytes = unit_load(empty[i], &len);

		assert_int_equal(len, 0);
		unit_poison(&err);
		unit_error_at(hpt_capture_open_memory(bytes, 0, NULL, &table, &err), &err,
			      HPT_ERR_BYTE_ORDER,
			      "the stream is empty: its dialect cannot be told, say which",
			      HPT_ERROR_HAS_OFFSET, 0);
		assert_null(table);
		free(bytes);
		table = open_memory(empty[i], &o);
		unit_same_table(table, nothing, UNIT_SLOTS);
		hpt_table_close(table);
	}
	o.order = 0;
	assert_int_equal(hpt_capture_open_memory(NULL, 0, &o, NULL, NULL), HPT_ERR_ORDER);
}

struct wrong {
	const char *text;
	struct hpt_capture_options o;
	int code;
	uint32_t has;
	uint64_t at;
	const char *expected;
};

#define SIZE sizeof(struct hpt_capture_options)

static const struct wrong wrongs[] = {
	{ "L:0,0,4000", { .size = SIZE, .flags = 6 }, HPT_ERR_ARGUMENT, 0, 0,
	  "struct hpt_capture_options: flags are 0x6, expected of 0x1" },
	{ "L:0,0,4000", { .size = SIZE, .order = 37 }, HPT_ERR_ORDER, 0, 0,
	  "order is 37, expected 18 to 36" },
	{ "L:0,0,4000", { .size = SIZE, .order = 17 }, HPT_ERR_ORDER, 0, 0,
	  "order is 17, expected 18 to 36" },
	{ "L:0,0,4000", { .size = SIZE, .dialect = (enum hpt_dialect)9 }, HPT_ERR_ARGUMENT, 0, 0,
	  "decoder: dialect is 9, expected kvm-le, kvm-be or qemu" },
	{ "L:0,0,3fff", { .size = SIZE }, HPT_ERR_ORDER,
	  HPT_ERROR_HAS_PTEX | HPT_ERROR_HAS_OFFSET, 8,
	  "the order cannot be told: the first pass ends at slot 0x3fff, expected a power of two, "
	  "0x4000 at least; say the order" },
	{ "L:0,0,100 L:200,0,3e00", { .size = SIZE }, HPT_ERR_ORDER,
	  HPT_ERROR_HAS_PTEX | HPT_ERROR_HAS_OFFSET, 16,
	  "the order cannot be told: the first pass leaves out slot 0x100; say the order" },
	{ "L:0,0,4000", { .size = SIZE, .order = 19 }, HPT_ERR_CONTRADICTION,
	  HPT_ERROR_HAS_OFFSET, 8, "the first pass ends at offset 0x8 and covers 0x4000 slots, a "
	  "table of order 18, expected 0x8000, order 19" },
	{ "L:0,1,0", { .size = SIZE, .dialect = HPT_DIALECT_KVM_LE }, HPT_ERR_TRUNCATED_ENTRIES,
	  HPT_ERROR_HAS_OFFSET, 8, "the stream ends at offset 0x8, 0 bytes into the entries of the "
	  "chunk at offset 0x0, expected 1 more entries" },
	{ "B:0,0,4000", { .size = SIZE, .dialect = HPT_DIALECT_QEMU }, HPT_ERR_TRUNCATED_END,
	  HPT_ERROR_HAS_OFFSET, 8,
	  "the stream ends at offset 0x8, expected a chunk or the end marker" },
	{ "L:0,2,3ffe E:1,0 E:0,0", { .size = SIZE, .dialect = HPT_DIALECT_KVM_LE },
	  HPT_ERR_NOT_VALID, HPT_ERROR_HAS_OFFSET | HPT_ERROR_HAS_PTEX, 24,
	  "entry 0x1 at offset 0x18: its V bit is clear, and the chunk at offset 0x0 says that it "
	  "is valid" },
};

static void test_wrong(void **state)
{
	unsigned char bytes[256];

	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		struct source s = { (char *)bytes, unit_bytes(w->text, bytes, sizeof(bytes)), 0, 5, 0 };
		struct hpt_table *table = NULL;
		struct hpt_error err;

		unit_poison(&err);
		unit_error_at(hpt_capture_open_memory(bytes, s.len, &w->o, &table, &err), &err,
			      w->code, w->expected, w->has, w->at);
		unit_poison(&err);
		unit_error_at(hpt_capture_open_reader(&source_ops, &s, &w->o, &table, &err), &err,
			      w->code, w->expected, w->has, w->at);
		assert_int_equal(hpt_capture_open_memory(bytes, s.len, &w->o, &table, NULL),
				 w->code);
		assert_null(table);
	}
}

/* With big-endian headers only the end tells which dialect it was. */
static void test_big_endian(void **state)
{
	static const struct {
		const char *text;
		enum hpt_dialect dialect;
	} streams[] = {
		{ "B:0,1,3fff E:81,2", HPT_DIALECT_KVM_BE },
		{ "B:0,1,3fff E:81,2 Z", HPT_DIALECT_QEMU },
		{ "B:0,0,4000 Z B:0,1,0 E:81,2 Z", HPT_DIALECT_QEMU },
		{ "B:1,0,3fff Z B:0,1,0 E:81,2 Z", HPT_DIALECT_QEMU },
	};
	const struct hpt_capture_options o = { .size = SIZE, .flags = HPT_CAPTURE_GUESS_ORDER };
	unsigned char bytes[256];

	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++) {
		struct hpt_capture_info info = { .size = sizeof(info) };
		size_t len = unit_bytes(streams[i].text, bytes, sizeof(bytes));
		struct hpt_table *table;
		struct hpt_entry entry;
		struct hpt_error err;

		unit_poison(&err);
		unit_ok(hpt_capture_open_memory(bytes, len, &o, &table, &err), &err);
		assert_int_equal(hpt_capture_info(table, &info, NULL), 0);
		assert_int_equal(info.dialect, streams[i].dialect);
		assert_int_equal(hpt_table_read(table, 0, 1, &entry, NULL), 0);
		assert_true(entry.v == 0x81 && entry.r == 2);
		hpt_table_close(table);
	}
}

/* More than is looked at for the dialect: 2 MiB, whose end marker lies far behind. */
static void test_long_big_endian(void **state)
{
	static const enum hpt_dialect dialects[] = { HPT_DIALECT_KVM_BE, HPT_DIALECT_QEMU };
	const size_t chunk = 8 + 16 * 16, n = 8192, len = n * chunk + 8;
	unsigned char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < n; i++) {
		char text[64];

		snprintf(text, sizeof(text), "B:%zx,10,0 10*E:%zx,7", i * 16, (i << 7) | 1);
		assert_int_equal(unit_bytes(text, bytes + i * chunk, chunk), chunk);
	}
	memset(bytes + n * chunk, 0, 8);
	for (size_t i = 0; i < COUNT(dialects); i++) {
		struct source s = { (char *)bytes, i ? len : len - 8, 0, 65536, 0 };
		struct hpt_capture_info info = { .size = sizeof(info) };
		struct hpt_table *table;
		struct hpt_entry entry;
		struct hpt_error err;

		unit_poison(&err);
		unit_ok(hpt_capture_open_reader(&source_ops, &s, NULL, &table, &err), &err);
		assert_int_equal(hpt_capture_info(table, &info, NULL), 0);
		assert_int_equal(info.dialect, dialects[i]);
		assert_int_equal(info.summary.order, 21);
		assert_int_equal(info.summary.bytes, s.len);
		assert_int_equal(hpt_table_read(table, n * 16 - 1, 1, &entry, NULL), 0);
		assert_true(entry.v == (((n - 1) << 7) | 1) && entry.r == 7);
		hpt_table_close(table);
	}
	free(bytes);
}

static void test_source_fails(void **state)
{
	struct source s = { .step = 100, .fail_at = 300 };
	struct hpt_table *table = NULL;
	struct hpt_error err;
	char *bytes = unit_load(V8 "sparse-p1.stream", &s.len);

	(void)state;
	s.bytes = bytes;
	unit_poison(&err);
	unit_error(hpt_capture_open_reader(&source_ops, &s, NULL, &table, &err), &err,
		   HPT_ERR_SYSTEM, "the source broke");
	assert_int_equal(err.os_errno, EPIPE);
	assert_null(table);
	s.at = 0;
	assert_int_equal(hpt_capture_open_reader(&source_ops, &s, NULL, &table, NULL),
			 HPT_ERR_SYSTEM);
	unit_poison(&err);
	unit_error(hpt_capture_open(-1, NULL, &table, &err), &err, HPT_ERR_SYSTEM,
		   "capture: read of 262144 bytes: Bad file descriptor");
	assert_int_equal(err.os_errno, EBADF);
	free(bytes);
}

/* A pass that fails, wherever it does, leaves the table as it was. */
static void test_apply_fails(void **state)
{
	static struct hpt_entry truth[UNIT_SLOTS];
	struct hpt_table *table = open_memory(V8 "sparse-p1.stream", NULL);
	struct hpt_capture_info before = { .size = sizeof(before) }, after = before;
	struct hpt_error err;
	size_t len;
	char *bytes = unit_load(V8 "sparse-p2-changed.stream", &len);

	(void)state;
	unit_load_listing(V8 "sparse-p1.debugfs", false, truth);
	assert_int_equal(hpt_capture_info(table, &before, NULL), 0);
	for (size_t cut = 1; cut < len; cut += cut < 200 ? 1 : 97) {
		struct source s = { bytes, cut, 0, SIZE_MAX, 0 };
		struct source broken = { bytes, len, 0, 64, cut };
		int ret = hpt_capture_apply(table, &source_ops, &s, NULL);

		if (!ret) { /* it was cut between chunks: load the table anew */
			hpt_table_close(table);
			table = open_memory(V8 "sparse-p1.stream", NULL);
			continue;
		}
		assert_true(ret == HPT_ERR_TRUNCATED_HEADER || ret == HPT_ERR_TRUNCATED_ENTRIES);
		if (cut < len - 64) {
			unit_poison(&err);
			unit_error(hpt_capture_apply(table, &source_ops, &broken, &err), &err,
				   HPT_ERR_SYSTEM, "the source broke");
		}
		unit_same_table(table, truth, UNIT_SLOTS);
		assert_int_equal(hpt_capture_info(table, &after, NULL), 0);
		assert_int_equal(after.summary.bytes, before.summary.bytes);
		assert_int_equal(after.summary.passes, before.summary.passes);
	}
	hpt_table_close(table);
	free(bytes);
}

static void test_apply_wrong(void **state)
{
	static const struct {
		const char *text, *expected;
		int code;
		uint64_t offset;
	} bad[] = {
		{ "L:4000,0,0", "chunk at offset 0x0: index is 0x4000, expected below 0x4000, the "
		  "number of slots", HPT_ERR_CHUNK_INDEX, 0 },
		{ "L:1,1,0 E:1,7 L:3fff,0,2", "chunk at offset 0x18: index 0x3fff and 0 valid and 2 "
		  "invalid entries lead beyond 0x4000, the number of slots", HPT_ERR_CHUNK_COUNT, 24 },
		{ "L:1,1,0 E:1,7 L:3,1,0 E:0,7", "entry 0x3 at offset 0x20: its V bit is clear, and "
		  "the chunk at offset 0x18 says that it is valid", HPT_ERR_NOT_VALID, 32 },
	};
	struct hpt_table *table = open_memory(V8 "sparse-p1.stream", NULL);
	static struct hpt_entry truth[UNIT_SLOTS];
	unsigned char bytes[256];
	struct hpt_error err;

	(void)state;
	unit_load_listing(V8 "sparse-p1.debugfs", false, truth);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct source s = { (char *)bytes, unit_bytes(bad[i].text, bytes, sizeof(bytes)), 0, 3, 0 };

		unit_poison(&err);
		unit_error(hpt_capture_apply(table, &source_ops, &s, &err), &err, bad[i].code,
			   bad[i].expected);
		assert_int_equal(err.offset, bad[i].offset);
		unit_same_table(table, truth, UNIT_SLOTS);
	}
	unit_error(hpt_capture_apply(table, NULL, NULL, &err), &err, HPT_ERR_ARGUMENT,
		   "capture: no source");
	hpt_table_close(table);
}

/* A later pass that names all slots of a smaller table says nothing about the order. */
static void test_apply_part(void **state)
{
	const struct hpt_capture_options o = { .size = SIZE, .order = 19,
					       .dialect = HPT_DIALECT_KVM_LE };
	unsigned char bytes[64];
	struct source s = { (char *)bytes, unit_bytes("L:0,1,3fff E:81,2", bytes, 64), 0, 9, 0 };
	struct hpt_table *table;
	struct hpt_entry out;
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_ok(hpt_capture_open_memory(NULL, 0, &o, &table, &err), &err);
	unit_ok(hpt_capture_apply(table, &source_ops, &s, &err), &err);
	assert_int_equal(hpt_table_read(table, 0, 1, &out, NULL), 0);
	assert_true(out.v == 0x81 && out.r == 2);
	hpt_table_close(table);
}

static void test_not_a_capture(void **state)
{
	const struct hpt_reader_ops no_read = { .size = sizeof(no_read) };
	const struct hpt_reader_ops small = { .size = 3 };
	const struct hpt_capture_options few = { .size = 4 };
	struct hpt_capture_info info = { .size = sizeof(info) };
	struct source s = { "", 0, 0, 1, 0 };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_sparse_open(18, &table, NULL), 0);
	unit_error(hpt_capture_info(table, &info, &err), &err, HPT_ERR_ARGUMENT,
		   "capture: the table is no captured stream");
	unit_error(hpt_capture_apply(table, &source_ops, &s, &err), &err, HPT_ERR_ARGUMENT,
		   "capture: the table is no captured stream");
	hpt_table_close(table);
	unit_error(hpt_capture_open_reader(NULL, &s, NULL, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "capture: no source");
	unit_error(hpt_capture_open_reader(&no_read, &s, NULL, &table, &err), &err,
		   HPT_ERR_ARGUMENT, "struct hpt_reader_ops: no read");
	unit_too_small(hpt_capture_open_reader(&small, &s, NULL, &table, &err), &err,
		       "hpt_reader_ops", 3, sizeof(small));
	unit_too_small(hpt_capture_open_reader(&source_ops, &s, &few, &table, &err), &err,
		       "hpt_capture_options", few.size, sizeof(few));
	unit_too_small(hpt_capture_open_memory("", 0, &few, &table, &err), &err,
		       "hpt_capture_options", few.size, sizeof(few));
	unit_error(hpt_capture_open_memory(NULL, 1, NULL, &table, &err), &err, HPT_ERR_ARGUMENT,
		   "capture: NULL");
	table = open_memory(V8 "sparse-p1.stream", NULL);
	info.size = sizeof(info) - 1;
	unit_too_small(hpt_capture_info(table, &info, &err), &err, "hpt_capture_info",
		       sizeof(info) - 1, sizeof(info));
	hpt_table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_passes),
		cmocka_unit_test(test_bolted),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_wanted_passes),
		cmocka_unit_test(test_pass_after_bolted),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_long_big_endian),
		cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_apply_fails),
		cmocka_unit_test(test_apply_wrong),
		cmocka_unit_test(test_apply_part),
		cmocka_unit_test(test_not_a_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
