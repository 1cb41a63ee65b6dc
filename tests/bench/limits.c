/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What this machine's memory can do: the best that anybody could reach. */

#include "bench.h"

#include <unistd.h>

#define SWEEP_BYTES ((size_t)128 << 20)
#define PAGE ((size_t)4096)

/* The compiler must not see that it is 0, nor that nobody looks at the other. */
static volatile uint64_t nothing;
static volatile uint64_t result;

double run_memcpy(void *arg)
{
	const struct copy *c = arg;
	double begin = now_ns();

	memcpy(c->to, c->from, c->bytes);
	__asm__ volatile("" ::: "memory");
	return now_ns() - begin + c->extra;
}

double run_memset(void *arg)
{
	const struct copy *c = arg;
	double begin = now_ns();

	memset(c->to, 0, c->bytes);
	__asm__ volatile("" ::: "memory");
	return now_ns() - begin + c->extra;
}

/*
 * All of it, line by line. To take one word of each of four lines in turn is slower by a third:
 * the processor does not see as well where this goes.
 */
double run_read(void *arg)
{
	const struct copy *c = arg;
	const both *p = c->from, *end = p + c->bytes / sizeof(*p);
	both sum[4] = { { 0 } };
	double begin = now_ns();

	for (; p < end; p += 4) {
		sum[0] += p[0];
		sum[1] += p[1];
		sum[2] += p[2];
		sum[3] += p[3];
	}
	sum[0] += sum[1] + (sum[2] + sum[3]);
	result = sum[0][0] + sum[0][1];
	return now_ns() - begin + c->extra;
}

/* Four times what the last cache holds, or should hold: it may keep what was met again and again. */
static size_t sweep_bytes(void)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);

	return cache > 0 ? 4 * (size_t)cache : SWEEP_BYTES;
}

/* Memory that is neither the table's nor an answer's. */
static struct copy elsewhere(void)
{
	static struct copy other;

	if (!other.from) {
		other.bytes = sweep_bytes();
		other.to = alloc_table(other.bytes);
		other.from = other.to;
		/* Else all of it is one page of zeros. */
		run_memset(&other);
	}
	return other;
}

/* No group is left in a cache, but the page tables are, as where many groups were met. */
static void sweep_caches(const struct world *w)
{
	const unsigned char *page = (const unsigned char *)w->raw;
	const unsigned char *end = page + ((size_t)1 << w->order);
	struct copy other = elsewhere();

	run_read(&other);
	for (; page < end; page += PAGE)
		result = *page;
}

static const struct probe *next_turn(struct turn *t)
{
	const struct probe *p;

	/* The last few that make no whole turn are left out. */
	if (t->n - t->at < TURN)
		t->at = 0;
	p = t->probes + t->at;
	t->at += TURN;
	return p;
}

double turn_run(struct turn *t, turn_fn *once, void *arg)
{
	size_t before = 1;

	if (t->w->order >= LARGE)
		before = TURNS_BEFORE;
	if (t->w->order >= LARGE && t->n < FRESH) {
		sweep_caches(t->w);
		/* What is met in each turn a cache would keep. */
		before = t->n / TURN / 4;
	}
	while (before--)
		once(arg, next_turn(t));
	listen_around();
	return once(arg, next_turn(t));
}

static uint64_t load_group(const struct world *w, uint32_t pteg, uint64_t before)
{
	const struct hpt_raw_entry *group = w->raw + (uint64_t)pteg * HPT_PTEG_ENTRIES;

	return *(const volatile uint64_t *)&group[before].v_be.raw_be;
}

/* Each load's address needs the one before. */
static double chase(void *arg, const struct probe *p)
{
	const struct turn *t = arg;
	uint64_t zero = nothing, x = 0;
	double begin = now_ns();

	for (unsigned i = 0; i < TURN; i++)
		x = load_group(t->w, p[i].pteg, x & zero);
	result = x;
	return now_ns() - begin;
}

double run_chase(void *arg)
{
	return turn_run(arg, chase, arg);
}

#define CHAINS 16
/* Half a group is a line, where lines are of 64 bytes. */
#define LINE_ENTRIES 4

/* A word of each line of the groups that an answer needs: of one group, or of both. */
static uint64_t load_line(const struct world *w, const struct probe *p, unsigned line,
			  uint64_t before)
{
	uint32_t pteg = line < 2 ? p->pteg : p->other_pteg;

	return load_group(w, pteg, line % 2 * LINE_ENTRIES + before);
}

/* Inlined for each number of lines, so that the loop has nothing but loads. */
static inline __attribute__((always_inline)) uint64_t
load_lines(const struct world *w, const struct probe *p, unsigned lines)
{
	uint64_t zero = nothing, x[CHAINS] = { 0 }, sum = 0;

	for (unsigned i = 0; i < TURN; i += CHAINS / lines) {
#pragma GCC unroll 16
		for (unsigned j = 0; j < CHAINS; j++)
			x[j] = load_line(w, &p[i + j / lines], j % lines, x[j] & zero);
	}
	for (unsigned j = 0; j < CHAINS; j++)
		sum += x[j];
	return sum;
}

static double lines_in_flight(void *arg, const struct probe *p)
{
	const struct turn *t = arg;
	double begin = now_ns();

	result = t->both ? load_lines(t->w, p, 4) : load_lines(t->w, p, 2);
	return now_ns() - begin;
}

double run_lines_in_flight(void *arg)
{
	return turn_run(arg, lines_in_flight, arg);
}

/* Sixteen chains, of which each load's address needs the one before in its chain. */
static double in_flight(void *arg, const struct probe *p)
{
	const struct turn *t = arg;
	uint64_t zero = nothing, x[CHAINS] = { 0 }, sum = 0;
	double begin = now_ns();

	for (unsigned i = 0; i < TURN; i += CHAINS) {
#pragma GCC unroll 16
		for (unsigned j = 0; j < CHAINS; j++)
			x[j] = load_group(t->w, p[i + j].pteg, x[j] & zero);
	}
	for (unsigned j = 0; j < CHAINS; j++)
		sum += x[j];
	result = sum;
	return now_ns() - begin;
}

double run_in_flight(void *arg)
{
	return turn_run(arg, in_flight, arg);
}
