/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Memory follows what is in a source, not how large it might be. Bytes are counted as the
 * allocator gives them.
 */

#include "unit.h"

#include <malloc.h>

#include <hpt/capture.h>
#include <hpt/mmu.h>
#include <hpt/qemu.h>

#include "bytes.h"
#include "qemu_streams.h"

static size_t in_use, peak;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static void *count(void *p)
{
	if (p)
		in_use += malloc_usable_size(p);
	if (in_use > peak)
		peak = in_use;
	return p;
}

void *__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return count(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size)
{
	size_t before = p ? malloc_usable_size(p) : 0;
	void *now = __real_realloc(p, size);

	if (now || !size)
		in_use -= before;
	return count(now);
}

void __wrap_free(void *p)
{
	if (p)
		in_use -= malloc_usable_size(p);
	__real_free(p);
}

#define ENTRIES 10000u
/* A leaf, a group and a share of the nodes, where each entry stands alone. */
#define AN_ENTRY 512u
#define SLOTS (UINT64_C(1) << (HPT_STREAM_ORDER_MAX - 4))

static uint64_t slot_of(unsigned i)
{
	return (i + UINT64_C(1)) * (SLOTS / (ENTRIES + 1));
}

static struct hpt_entry entry_of(unsigned i)
{
	return (struct hpt_entry){ (uint64_t)i << 12 | HPT_V_VALID, i };
}

static int check_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	unsigned *next = arg;

	for (size_t i = 0; i < n; i++, (*next)++) {
		assert_int_equal(ptex + i, slot_of(*next));
		assert_int_equal(entries[i].v, entry_of(*next).v);
		assert_int_equal(entries[i].r, *next);
	}
	return 0;
}

/* Visit and translate: all is there, and nothing is allocated. */
static void use(const struct hpt_table *table)
{
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	size_t before = in_use;
	unsigned n = 0;

	peak = in_use;
	assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, check_run, &n, NULL), 0);
	assert_int_equal(n, ENTRIES);
	hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
	cpu.slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, UINT64_C(0x4000123456000000) };
	cpu.slb_n = 1;
	for (uint64_t ea = 0; ea < UINT64_C(1) << 40; ea += UINT64_C(0x123457000))
		assert_int_equal(hpt_translate(&cpu, table, ea, HPT_ACCESS_READ, 0, &x, NULL),
				 0);
	assert_int_equal(peak, before);
}

static void test_table(void **state)
{
	size_t before = in_use;
	struct hpt_table *table, *copy;

	(void)state;
	assert_int_equal(hpt_sparse_open(HPT_STREAM_ORDER_MAX, &table, NULL), 0);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct hpt_entry e = entry_of(i);

		assert_int_equal(hpt_table_write(table, slot_of(i), 1, &e, NULL), 0);
	}
	assert_in_range(in_use - before, 16 * ENTRIES, AN_ENTRY * ENTRIES);
	use(table);
	before = in_use;
	assert_int_equal(hpt_sparse_open(HPT_STREAM_ORDER_MAX, &copy, NULL), 0);
	assert_int_equal(hpt_table_copy(copy, table, NULL, NULL), 0);
	assert_in_range(in_use - before, 16 * ENTRIES, AN_ENTRY * ENTRIES);
	use(copy);
	hpt_table_close(copy);
	hpt_table_close(table);
}

/* The same as a stream, all of whose slots are told, and back. */
static void test_stream(void **state)
{
	const struct hpt_encoder_options o = { .size = sizeof(o),
					       .order = HPT_STREAM_ORDER_MAX,
					       .dialect = HPT_DIALECT_KVM_LE };
	const struct hpt_capture_options how = { .size = sizeof(how),
						 .dialect = HPT_DIALECT_KVM_LE };
	unsigned char *bytes = malloc((size_t)2 << 20);
	struct hpt_encoder e;
	struct hpt_table *table;
	size_t len, before;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(hpt_encoder_init(&e, &o, NULL), 0);
	assert_int_equal(hpt_encoder_run(&e, 0, NULL, 0, slot_of(0), NULL), 0);
	len = hpt_encoder_take(&e, bytes, (size_t)2 << 20);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct hpt_entry entry = entry_of(i);
		uint64_t end = i + 1 < ENTRIES ? slot_of(i + 1) : SLOTS;

		assert_int_equal(
			hpt_encoder_run(&e, slot_of(i), &entry, 1, end - slot_of(i) - 1, NULL),
			0);
		len += hpt_encoder_take(&e, bytes + len, ((size_t)2 << 20) - len);
	}
	before = peak = in_use;
	assert_int_equal(hpt_capture_open_memory(bytes, len, &how, &table, NULL), 0);
	assert_in_range(peak - before, 16 * ENTRIES, AN_ENTRY * ENTRIES);
	assert_int_equal(hpt_table_order(table), HPT_STREAM_ORDER_MAX);
	use(table);
	hpt_table_close(table);
	free(bytes);
}

#define PAGES (UINT64_C(1) << 20)

/* A guest of 4 GiB, all zeros, but for one page in so many. */
struct source {
	struct bytes head, tail;
	uint64_t page;
	uint64_t every; /* 0: none is whole */
	size_t used;    /* of head, then of tail */
};

static size_t put_record(const struct source *s, unsigned char *to)
{
	bool whole = s->every && s->page % s->every == s->every - 1;
	uint64_t header = s->page << 12 | 0x20 | (whole ? 8 : 2);

	for (unsigned i = 0; i < 8; i++)
		to[i] = (unsigned char)(header >> (56 - 8 * i));
	memset(to + 8, whole ? 0x5a : 0, whole ? 4096 : 1);
	return whole ? 8 + 4096 : 9;
}

static int read_source(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	const size_t record = 8 + 4096;
	struct source *s = ctx;
	unsigned char *to = bytes;
	size_t n = 0;

	(void)err;
	while (n < len) {
		const struct bytes *b = s->page < PAGES ? &s->head : &s->tail;

		if (s->page < PAGES && s->used == b->len) {
			if (len - n < record)
				break;
			n += put_record(s, to + n);
			if (++s->page == PAGES)
				s->used = 0;
			continue;
		}
		if (s->used == b->len)
			break;
		to[n++] = b->data[s->used++];
	}
	*got = n;
	return 0;
}

/* Returns the bytes that an open reader holds when all is read. */
static size_t memory_of(uint64_t every, uint64_t *runs)
{
	static const struct hpt_reader_ops ops = { .size = sizeof(ops), .read = read_source };
	struct source s = { .every = every };
	struct hpt_qemu_block block = { .size = sizeof(block) };
	struct hpt_error err;
	size_t before, after;
	struct hpt_qemu *q;

	s.head = bytes_of(
		HEAD CONFIG START("2", "ram", "4") "u64 0x100000004 p\"r\" "
						   "u64 0x100000000 " EOS FOOT("2")
							   END("2") "u64 2 p\"r\" u8 0 ");
	s.tail = bytes_of(EOS FOOT("2") STREAM_END);
	s.page = 1;
	before = in_use;
	unit_poison(&err);
	unit_ok(hpt_qemu_open_reader(&ops, &s, NULL, &q, &err), &err);
	unit_ok(hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err), &err);
	after = in_use;
	assert_int_equal(hpt_qemu_block(q, 0, &block, &err), 0);
	*runs = block.runs;
	hpt_qemu_close(q);
	bytes_free(&s.head);
	bytes_free(&s.tail);
	return after - before;
}

static void test_guest(void **state)
{
	uint64_t runs;

	(void)state;
	assert_in_range(memory_of(0, &runs), 1, 2 << 20);
	assert_in_range(runs, 1, 2);
	/* Whole pages among the zeros: two runs each, of 16 bytes. */
	assert_in_range(memory_of(50, &runs), 16 * (PAGES / 50), (2 << 20) + 16 * runs);
	assert_in_range(runs, 2 * (PAGES / 50) - 2, 2 * (PAGES / 50) + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
