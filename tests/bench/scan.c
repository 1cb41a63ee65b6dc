/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A whole table in memory: every valid entry, with one thread and with two. */

#include "bench.h"

#include <pthread.h>

#define ORDER 26u

struct sum {
	uint64_t valid, v, r;
};

static int add_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct sum *sum = arg;

	(void)ptex;
	sum->valid += n;
	for (size_t i = 0; i < n; i++) {
		sum->v += entries[i].v;
		sum->r += entries[i].r;
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
	struct sum sum;
	double ns;
};

static void each(struct part *p)
{
	double begin = now_ns();

	p->sum = (struct sum){ 0 };
	if (hpt_table_each(p->w->table, p->first, p->n, add_run, &p->sum, NULL))
		die("hpt_table_each");
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
};

static void verify(const struct scan *s, struct sum found)
{
	if (memcmp(&found, &s->expected, sizeof(found)))
		die("the iteration gave other entries");
}

static double run_one(void *arg)
{
	struct scan *s = arg;
	struct part p = { .w = s->w, .n = s->w->slots };

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

void bench_scan(struct bench *b)
{
	struct world w;
	struct scan s = { .w = &w };
	struct measure m;
	struct copy c;

	if (!wanted(b, "iterate"))
		return;
	if (b->max_order < ORDER) {
		skip(b, "iterate", "the table is larger than --max-order");
		return;
	}
	world_make(&w, ORDER);
	s.expected = naive_sum(&w);
	c = (struct copy){ .from = w.raw, .bytes = (size_t)1 << ORDER };
	m = measure(b, (struct job){ run_one, &s }, (struct job){ run_read, &c });
	report_measure(b, "iterate/half-full/2^26", "ms", 1e6, &m, 1.2);
	if (pin(1)) {
		pin(0);
		m = measure(b, (struct job){ run_two, &s }, (struct job){ run_one, &s });
		report_measure(b, "iterate/two-threads/2^26", "ms", 1e6, &m, 1 / 1.8);
	} else {
		skip(b, "iterate/two-threads/2^26", "there is one CPU");
	}
	thin_out(&w);
	s.expected = naive_sum(&w);
	m = measure(b, (struct job){ run_one, &s }, (struct job){ run_read, &c });
	report_measure(b, "iterate/one-percent/2^26", "ms", 1e6, &m, 1.2);
	world_free(&w);
}
