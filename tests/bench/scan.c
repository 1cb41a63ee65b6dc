/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A whole table in memory: every valid entry, with one thread and with two. */

#include "bench.h"

#include <pthread.h>

#define ORDER 26u
/* Valid entries of a block from which on it is summed up whole. */
#define FULL 12u

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

/* Both words of an entry, as compilers have them in one register. */
typedef uint64_t words __attribute__((vector_size(16), aligned(8), may_alias));

static void add_all(struct sum *sum, const struct hpt_entry *entries)
{
	const words *e = (const words *)(const void *)entries;
	words a = { 0 }, b = a, c = a, d = a;

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

struct part {
	const struct world *w;
	unsigned cpu; /* which of those that are allowed */
	uint64_t first, n;
	bool runs; /* by hpt_table_each() */
	struct sum sum;
	double ns;
};

static void each(struct part *p)
{
	const struct hpt_table *table = p->w->table;
	double begin = now_ns();
	int ret;

	p->sum = (struct sum){ 0 };
	if (p->runs)
		ret = hpt_table_each(table, p->first, p->n, add_run, &p->sum, NULL);
	else
		ret = hpt_table_each_block(table, p->first, p->n, add_block, &p->sum, NULL);
	if (ret)
		die("the iteration: %d", ret);
	p->ns = now_ns() - begin;
}

static void *thread_main(void *arg)
{
	struct part *p = arg;

	pin(p->cpu);
	each(p);
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
	struct part p = { .w = s->w, .n = s->w->slots, .runs = s->runs };

	each(&p);
	verify(s, p.sum);
	return p.ns;
}

/* The time of the slower thread on its CPU, so that others there do not count. */
static double run_two(void *arg)
{
	struct scan *s = arg;
	uint64_t half = s->w->slots / 2;
	struct part parts[2] = { { .w = s->w, .n = half },
				 { .w = s->w, .cpu = 1, .first = half, .n = half } };
	pthread_t threads[2];
	struct sum sum;

	for (unsigned i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, thread_main, &parts[i]))
			die("no thread");
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	sum = (struct sum){ parts[0].sum.valid + parts[1].sum.valid,
			    parts[0].sum.v + parts[1].sum.v, parts[0].sum.r + parts[1].sum.r };
	verify(s, sum);
	return parts[0].ns > parts[1].ns ? parts[0].ns : parts[1].ns;
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
	struct measure m;

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
		m = measure_everywhere(b, (struct job){ run_two, &s },
				       (struct job){ run_one, &s });
		report_measure(b, "iterate/two-threads/2^26", "ms", 1e6, &m, 1 / 1.8);
	} else {
		skip(b, "iterate/two-threads/2^26", "there is one CPU");
	}
	thin_out(&w);
	s.expected = naive_sum(&w);
	figure(b, &s, "one-percent", 1.2);
	world_free(&w);
}
