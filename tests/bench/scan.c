/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A whole table in memory: every valid entry, with one thread and with two. */

#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>

#define ORDER 26u
/* Valid entries of a block from which on it is summed up whole. */
#define FULL 12u
/* What one of two threads takes at a time: 2 MiB. */
#define SHARE ((uint64_t)1 << 17)

struct sum {
	uint64_t valid, v, r;
};

/* Sums in memory would cost more than the entries. */
static int add_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct sum *sum = arg;
	uint64_t v = 0, r = 0;

	(void)ptex;
	for (size_t i = 0; i < n; i++) {
		v += entries[i].v;
		r += entries[i].r;
	}
	sum->valid += n;
	sum->v += v;
	sum->r += r;
	return 0;
}

/* A call of the compiler's library unless it may use the CPU's instruction. */
static unsigned count_bits(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static void add_all(struct sum *sum, const struct hpt_entry *entries)
{
	const both *e = (const both *)(const void *)entries;
	both a = { 0 }, b = a, c = a, d = a;

	for (unsigned i = 0; i < 64; i += 4) {
		a += e[i];
		b += e[i + 1];
		c += e[i + 2];
		d += e[i + 3];
	}
	a += b + (c + d);
	sum->v += a[0];
	sum->r += a[1];
}

/* The few of a block one by one; of one that is full all, since the others are zeros. */
static int add_block(void *arg, uint64_t ptex, uint64_t valid, const struct hpt_entry *entries)
{
	struct sum *sum = arg;
	unsigned n = count_bits(valid);

	(void)ptex;
	sum->valid += n;
	if (n >= FULL) {
		add_all(sum, entries);
		return 0;
	}
	for (; valid; valid &= valid - 1) {
		sum->v += entries[__builtin_ctzll(valid)].v;
		sum->r += entries[__builtin_ctzll(valid)].r;
	}
	return 0;
}

/* The same, entry by entry, from the bytes. */
static struct sum naive_sum(const struct world *w)
{
	struct sum sum = { 0 };

	for (uint64_t i = 0; i < w->slots; i++) {
		uint64_t v = hpt_be64_get(w->raw[i].v_be);

		if (!(v & HPT_V_VALID))
			continue;
		sum.valid++;
		sum.v += v & ~HPT_V_HYPERVISOR;
		sum.r += hpt_be64_get(w->raw[i].r_be);
	}
	return sum;
}

/* A thread that visits a table, or what of it others have not taken. */
struct visitor {
	const struct world *w;
	bool runs; /* by hpt_table_each() */
	bool read; /* merely its memory */
	struct sum sum;
	double ns;
	unsigned cpu; /* which of those that are allowed */
	struct crowd *crowd;
};

struct crowd {
	atomic_uint here;
	atomic_uint_fast64_t taken; /* slots */
};

static void visit(struct visitor *v, uint64_t first, uint64_t n)
{
	const struct hpt_table *table = v->w->table;
	struct copy c = { .from = v->w->raw + first, .bytes = n * sizeof(*v->w->raw) };
	int ret = 0;

	if (v->read)
		run_read(&c);
	else if (v->runs)
		ret = hpt_table_each(table, first, n, add_run, &v->sum, NULL);
	else
		ret = hpt_table_each_block(table, first, n, add_block, &v->sum, NULL);
	if (ret)
		die("the iteration: %d", ret);
}

/* Both at once, however long it takes until there are two; and no sums in one line of a cache. */
static void *thread_main(void *arg)
{
	struct visitor *v = arg, own = *v;
	double begin;
	uint64_t at;

	pin(own.cpu);
	atomic_fetch_add(&own.crowd->here, 1);
	while (atomic_load(&own.crowd->here) < 2)
		;
	begin = now_ns();
	while ((at = atomic_fetch_add(&own.crowd->taken, SHARE)) < own.w->slots)
		visit(&own, at, SHARE);
	own.ns = now_ns() - begin;
	*v = own;
	return NULL;
}

/* As full as tables of real guests were seen to be: 1 % of the slots. */
static void thin_out(struct world *w)
{
	uint64_t seed = 9;

	for (uint64_t i = 0; i < w->slots; i++)
		if (random64(&seed) % 50)
			w->raw[i] = (struct hpt_raw_entry){ { 0 }, { 0 } };
}

struct scan {
	const struct world *w;
	struct sum expected;
	bool runs;
};

static void verify(const struct scan *s, struct sum found)
{
	if (memcmp(&found, &s->expected, sizeof(found)))
		die("the iteration gave other entries");
}

static double run_one(void *arg)
{
	struct scan *s = arg;
	struct visitor v = { .w = s->w, .runs = s->runs };
	double begin = now_ns();

	visit(&v, 0, s->w->slots);
	v.ns = now_ns() - begin;
	verify(s, v.sum);
	return v.ns;
}

/*
 * The time of the slower thread on its CPU, so that others there do not count. Who is slower takes
 * less, as a program does whose threads are to end together.
 */
static double by_two(const struct scan *s, bool read)
{
	struct crowd crowd = { 0 };
	struct visitor two[2] = { { .w = s->w, .read = read, .crowd = &crowd },
				  { .w = s->w, .read = read, .cpu = 1, .crowd = &crowd } };
	pthread_t threads[2];
	struct sum sum;

	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, thread_main, &two[i]))
			die("no thread");
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	sum = (struct sum){ two[0].sum.valid + two[1].sum.valid, two[0].sum.v + two[1].sum.v,
			    two[0].sum.r + two[1].sum.r };
	if (!read)
		verify(s, sum);
	return two[0].ns > two[1].ns ? two[0].ns : two[1].ns;
}

static double run_two(void *arg)
{
	return by_two(arg, false);
}

static double run_two_read(void *arg)
{
	return by_two(arg, true);
}

/* Both want the memory's rate, and what neighbours leave of that is heard by merely reading. */
static void figure_of_two(struct bench *b, struct scan *s)
{
	struct measure m =
		measure_everywhere(b, (struct job){ run_two, s }, (struct job){ run_one, s },
				   (struct job){ run_two_read, s });

	report_measure(b, "iterate/two-threads/2^26", "ms", 1e6, &m, 1 / 1.8);
}

/*
 * @runs_goal: none where the length of a run cannot be guessed, since callbacks that do not know
 * how often they will go round cost more than all else.
 */
static void figure(struct bench *b, struct scan *s, const char *what, double runs_goal)
{
	struct copy c = { .from = s->w->raw, .bytes = (size_t)1 << ORDER };
	struct measure m;
	char name[96];

	for (unsigned runs = 0; runs < 2; runs++) {
		s->runs = runs;
		m = measure(b, (struct job){ run_one, s }, (struct job){ run_read, &c });
		snprintf(name, sizeof(name), "iterate/%s%s/2^26", what, runs ? "/runs" : "");
		report_measure(b, name, "ms", 1e6, &m, runs ? runs_goal : 1.2);
	}
	s->runs = false;
}

void bench_scan(struct bench *b)
{
	struct world w;
	struct scan s = { .w = &w };

	if (!wanted(b, "iterate"))
		return;
	if (b->max_order < ORDER) {
		skip(b, "iterate", "the table is larger than --max-order");
		return;
	}
	world_make(&w, ORDER);
	s.expected = naive_sum(&w);
	figure(b, &s, "half-full", 0);
	if (pin(1)) {
		pin(0);
		figure_of_two(b, &s);
	} else {
		skip(b, "iterate/two-threads/2^26", "there is one CPU");
	}
	thin_out(&w);
	s.expected = naive_sum(&w);
	figure(b, &s, "one-percent", 1.2);
	world_free(&w);
}
