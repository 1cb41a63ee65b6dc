/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What this machine's memory can do: the best that anybody could reach. */

#include "bench.h"

#include <unistd.h>

#define SWEEP_BYTES ((size_t)64 << 20)
#define PAGE ((size_t)4096)
#define IN_ORDER_BYTES ((size_t)4 << 20)

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

/* One word of each line is enough to bring all of it. */
double run_read(void *arg)
{
	const struct copy *c = arg;
	const uint64_t *p = c->from, *end = p + c->bytes / sizeof(*p);
	uint64_t sum[4] = { 0 };
	double begin = now_ns();

	for (; p < end; p += 32) {
		sum[0] += p[0];
		sum[1] += p[8];
		sum[2] += p[16];
		sum[3] += p[24];
	}
	result = sum[0] + sum[1] + sum[2] + sum[3];
	return now_ns() - begin + c->extra;
}

/* Twice what the last cache holds, or should hold. */
static size_t sweep_bytes(void)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);

	return cache > 0 ? 2 * (size_t)cache : SWEEP_BYTES;
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

/*
 * A processor may learn whether the other line of two is worth having, and drop prefetches for
 * which it seems not to be: from loads of one random line of two, as the limits have them, that
 * it is not, and for thousands of groups that come after them. So both work and limit begin where
 * reading in order has just been seen, as it is seen in any program.
 */
static void read_in_order(void)
{
	static size_t at;
	struct copy other = elsewhere();

	if (other.bytes - at < IN_ORDER_BYTES)
		at = 0;
	other.from = (const unsigned char *)other.to + at;
	other.bytes = IN_ORDER_BYTES;
	run_read(&other);
	at += IN_ORDER_BYTES;
}

double turn_run(struct turn *t, turn_fn *once, void *arg)
{
	const struct probe *p = t->probes + t->at;
	/* The smallest table has no others. */
	size_t others = t->n < 2 * TURN ? 0 : TURN;

	if (t->few)
		sweep_caches(t->w);
	else if (t->w->order >= LARGE)
		read_in_order();
	/* The last few that make no whole turn are left out. */
	t->at += others + TURN;
	if (t->at + others + TURN > t->n)
		t->at = 0;
	once(arg, p);
	return once(arg, p + others);
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
