/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The largest there are: what they cost must follow what is in them. */

#include "bench.h"

#include <hpt/capture.h>
#include <malloc.h>
#include <unistd.h>

#include "synthetic.h"

#define ENTRIES 10000u
#define SMALL_ORDER 24u
#define LARGE_ORDER HPT_STREAM_ORDER_MAX
/* Bytes an entry may need in a table where each stands alone. */
#define BYTES_AN_ENTRY 512.0
/* A tree for so many slots is deeper, by half. */
#define DEEPER 3.0

/* A stream with entries at random slots, and what it holds. */
struct sparse {
	unsigned order;
	unsigned char *bytes;
	size_t len;
	struct hpt_table *table;
	uint64_t chunks;
	uint64_t v, r;
};

static double heap(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void put(struct sparse *s, struct hpt_encoder *e, uint64_t ptex,
		struct hpt_entry *entry, uint64_t n_invalid)
{
	if (hpt_encoder_run(e, ptex, entry, entry ? 1 : 0, n_invalid, NULL))
		die("the encoder");
	s->len += hpt_encoder_take(e, s->bytes + s->len, SIZE_MAX / 2);
}

static void make(struct sparse *s, unsigned order)
{
	const struct hpt_encoder_options o = { .size = sizeof(o),
					       .order = order,
					       .dialect = HPT_DIALECT_KVM_LE };
	uint64_t slots = UINT64_C(1) << (order - 4), seed = 11, at[ENTRIES + 1];
	struct hpt_encoder e;

	*s = (struct sparse){ .order = order, .bytes = must_alloc((size_t)4 << 20) };
	for (unsigned i = 0; i < ENTRIES; i++)
		at[i] = random64(&seed) % slots;
	qsort(at, ENTRIES, sizeof(at[0]), by_number);
	at[ENTRIES] = slots;
	if (hpt_encoder_init(&e, &o, NULL))
		die("the encoder");
	put(s, &e, 0, NULL, at[0]);
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct hpt_entry entry = { random64(&seed) | HPT_V_VALID, random64(&seed) };

		entry.v &= ~HPT_V_HYPERVISOR;
		if (at[i + 1] == at[i])
			continue;
		put(s, &e, at[i], &entry, at[i + 1] - at[i] - 1);
		s->v += entry.v;
		s->r += entry.r;
	}
	s->chunks = (s->len - ENTRIES * HPT_ENTRY_BYTES) / HPT_CHUNK_HEADER;
}

static struct hpt_table *open_stream(const struct sparse *s)
{
	const struct hpt_capture_options o = { .size = sizeof(o),
					       .order = s->order,
					       .dialect = HPT_DIALECT_KVM_LE };
	struct hpt_table *table;

	if (hpt_capture_open_memory(s->bytes, s->len, &o, &table, NULL))
		die("the stream");
	return table;
}

static double run_open(void *arg)
{
	double begin = now_ns(), end;
	struct hpt_table *table = open_stream(arg);

	end = now_ns();
	hpt_table_close(table);
	/* Long holes take several chunks to say. */
	return (end - begin) / (double)((struct sparse *)arg)->chunks * ENTRIES;
}

static int add(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	uint64_t *sum = arg;

	(void)ptex;
	for (size_t i = 0; i < n; i++) {
		sum[0] += entries[i].v;
		sum[1] += entries[i].r;
	}
	return 0;
}

static double run_iterate(void *arg)
{
	struct sparse *s = arg;
	uint64_t sum[2] = { 0 };
	double begin = now_ns(), end;

	if (hpt_table_each(s->table, 0, UINT64_MAX, add, sum, NULL))
		die("hpt_table_each");
	end = now_ns();
	if (sum[0] != s->v || sum[1] != s->r)
		die("order %u: the iteration gave other entries", s->order);
	return end - begin;
}

static double run_copy(void *arg)
{
	struct sparse *s = arg;
	struct hpt_table *to;
	double begin = now_ns(), end;

	if (hpt_sparse_open(s->order, &to, NULL) || hpt_table_copy(to, s->table, NULL, NULL))
		die("hpt_table_copy");
	end = now_ns();
	hpt_table_close(to);
	return end - begin;
}

/* Addresses of a segment, of which none is mapped: both groups are looked at. */
static double run_translate(void *arg)
{
	struct sparse *s = arg;
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	uint64_t seed = 13;
	double begin;

	hpt_cpu_init(&cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL);
	cpu.slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, UINT64_C(0x4000123456000000) };
	cpu.slb_n = 1;
	begin = now_ns();
	for (unsigned i = 0; i < ENTRIES; i++)
		if (hpt_translate(&cpu, s->table, random64(&seed) >> 24, HPT_ACCESS_READ, 0,
				  &x, NULL) ||
		    x.outcome != HPT_OUTCOME_NO_ENTRY)
			die("order %u: an address is mapped", s->order);
	return now_ns() - begin;
}

/* The stream as a file, and the command at it. */
struct command {
	const struct bench *b;
	const struct sparse *s;
	char path[512], to[512];
};

static void save(struct command *c, const struct bench *b, const struct sparse *s)
{
	FILE *file;

	c->b = b;
	c->s = s;
	snprintf(c->path, sizeof(c->path), "%s/libhpt-bench-%u.kvm", b->dir, s->order);
	snprintf(c->to, sizeof(c->to), "%s/libhpt-bench-%u.qemu", b->dir, s->order);
	file = fopen(c->path, "w");
	if (!file || fwrite(s->bytes, s->len, 1, file) != 1 || fclose(file))
		die("cannot write %s", c->path);
}

static void drop(const struct command *c)
{
	unlink(c->path);
	unlink(c->to);
}

/* Per chunk, as when it is opened: the small one says the same with fewer. */
static double run_command(const struct command *c, const char *const *words, const char *to)
{
	char order[8], *argv[12] = { (char *)(uintptr_t)c->b->hpt };
	unsigned n = 1;

	snprintf(order, sizeof(order), "%u", c->s->order);
	while (*words)
		argv[n++] = (char *)(uintptr_t)*words++;
	argv[n++] = (char *)(uintptr_t) "--order";
	argv[n++] = order;
	argv[n] = (char *)(uintptr_t)c->path;
	return run_process(argv, to) / (double)c->s->chunks * ENTRIES;
}

static double run_stat(void *arg)
{
	static const char *const words[] = { "stat", "--kind", "kvm-stream", NULL };

	return run_command(arg, words, "/dev/null");
}

static double run_convert(void *arg)
{
	static const char *const words[] = { "convert", "--kind", "kvm-stream", "--to",
					     "qemu",    "-o",     "-",          NULL };
	const struct command *c = arg;

	return run_command(c, words, c->to);
}

static void compare_commands(struct bench *b, const struct sparse *large,
			     const struct sparse *small)
{
	struct command l, s;
	struct measure m;

	if (!b->hpt) {
		skip(b, "scale/table/2^36/stat", "no --hpt");
		return;
	}
	save(&l, b, large);
	save(&s, b, small);
	m = measure(b, (struct job){ run_stat, &l }, (struct job){ run_stat, &s });
	report_measure(b, "scale/table/2^36/stat", "ms", 1e6, &m, DEEPER);
	m = measure(b, (struct job){ run_convert, &l }, (struct job){ run_convert, &s });
	report_measure(b, "scale/table/2^36/convert", "ms", 1e6, &m, DEEPER);
	drop(&l);
	drop(&s);
}

static void compare(struct bench *b, const char *name, bench_fn *run, struct sparse *large,
		    struct sparse *small)
{
	struct measure m = measure(b, (struct job){ run, large }, (struct job){ run, small });

	report_measure(b, name, "ms", 1e6, &m, DEEPER);
}

static void largest_table(struct bench *b)
{
	struct sparse large, small;
	double before;

	make(&large, LARGE_ORDER);
	make(&small, SMALL_ORDER);
	before = heap();
	large.table = open_stream(&large);
	report_bytes(b, "scale/table/2^36/memory", heap() - before, ENTRIES * BYTES_AN_ENTRY);
	small.table = open_stream(&small);
	compare(b, "scale/table/2^36/open", run_open, &large, &small);
	compare(b, "scale/table/2^36/iterate", run_iterate, &large, &small);
	compare(b, "scale/table/2^36/copy", run_copy, &large, &small);
	compare(b, "scale/table/2^36/translate", run_translate, &large, &small);
	compare_commands(b, &large, &small);
	hpt_table_close(large.table);
	hpt_table_close(small.table);
	free(large.bytes);
	free(small.bytes);
}

struct walk {
	const char *path;
	uint64_t records;
};

/* To the end of RAM: the records, and where each page is. */
static double run_walk(void *arg)
{
	const struct walk *w = arg;
	struct hpt_qemu_info info = { .size = sizeof(info) };
	FILE *file = fopen(w->path, "r");
	struct hpt_qemu *q;
	struct hpt_error err;
	double begin = now_ns(), end;

	if (!file || hpt_qemu_open(fileno(file), NULL, &q, &err) ||
	    hpt_qemu_read(q, HPT_QEMU_UNTIL_END, &err) || hpt_qemu_info(q, &info, &err))
		die("%s: %s", w->path, err.text);
	end = now_ns();
	if (info.ram_records != w->records)
		die("%s: %llu records", w->path, (unsigned long long)info.ram_records);
	hpt_qemu_close(q);
	fclose(file);
	return end - begin;
}

struct measure measure_walk(struct bench *b, const char *path, uint64_t records)
{
	struct walk w = { path, records };
	char *file = (char *)(uintptr_t)path;

	return measure(b, (struct job){ run_walk, &w }, (struct job){ run_cat, file });
}

static double walk_memory(const char *path)
{
	FILE *file = fopen(path, "r");
	double before, after;
	struct hpt_qemu *q;

	before = heap();
	if (!file || hpt_qemu_open(fileno(file), NULL, &q, NULL) ||
	    hpt_qemu_read(q, HPT_QEMU_UNTIL_END, NULL))
		die("%s", path);
	after = heap();
	hpt_qemu_close(q);
	fclose(file);
	return after - before;
}

#define NS_A_RECORD 40.0
/* The bitmap has a bit a page, and is read once. */
#define NS_A_BIT 10.0

static void figure_walk(struct bench *b, const char *name, const char *path,
			const struct synthetic *s, uint64_t records, double goal)
{
	uint64_t pages = s->pages + s->zeros;
	struct walk w = { path, records };
	struct measure m = measure_alone(b, (struct job){ run_walk, &w });
	char line[96];

	snprintf(line, sizeof(line), "scale/guest/64G/%s", name);
	report_measure(b, line, "ns/page", (double)pages, &m, goal);
	snprintf(line, sizeof(line), "scale/guest/64G/%s/memory", name);
	report_bytes(b, line, walk_memory(path), (double)(2 << 20) + 16 * (double)s->runs);
}

static void largest_guest(struct bench *b)
{
	struct synthetic s;
	char path[512];

	snprintf(path, sizeof(path), "%s/libhpt-bench-large.mig", b->dir);
	synthetic_zeros(&s, path, UINT64_C(64) << 30);
	figure_walk(b, "zeros", path, &s, s.zeros, NS_A_RECORD);
	synthetic_mapped(&s, path, UINT64_C(64) << 30, UINT64_C(16) << 30);
	figure_walk(b, "16G-in-holes", path, &s, s.pages, NS_A_BIT);
	unlink(path);
}

void bench_scale(struct bench *b)
{
	if (!wanted(b, "scale"))
		return;
	largest_table(b);
	largest_guest(b);
}
