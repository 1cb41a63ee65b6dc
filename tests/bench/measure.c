/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Time, and what keeps it honest: pairs in turn, medians, one CPU, quiet neighbours. */

#include "bench.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#define RUNS_MAX 99u
#define PAIRS_MAX 1000u
#define FIRST_NS 1e9
#define TRIES 5u
/* So long is waited for quiet runs of one figure, unless the program's patience ends before. */
#define FIGURE_NS 10e9
#define WORKERS 4u /* CPUs that a job may have threads on */
/* So much longer than at best additions may take beside nobody. */
#define QUIET 1.15
#define HUGE_PAGE ((size_t)2 << 20)

static double ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double now_ns(void)
{
	return ns_of(CLOCK_THREAD_CPUTIME_ID);
}

double wall_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static unsigned runs_of(const struct bench *b)
{
	return b->runs < RUNS_MAX ? b->runs : RUNS_MAX;
}

/* Which the compiler must not count together. */
static inline void add(unsigned *x)
{
	++*x;
	__asm__ volatile("" : "+r"(*x));
}

/* Additions that need no memory: how long they take the core alone tells. */
static double additions_once(void)
{
	unsigned a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
	double begin = now_ns();

	for (unsigned i = 0; i < 4096; i++) {
		add(&a);
		add(&b);
		add(&c);
		add(&d);
		add(&e);
		add(&f);
	}
	return now_ns() - begin;
}

/* The least of a few: the system's own part of it may not be in a cache at first. */
static double additions(void)
{
	double least = additions_once();

	for (unsigned i = 0; i < 2; i++) {
		double ns = additions_once();

		if (ns < least)
			least = ns;
	}
	return least;
}

/* The quickest ever, and the slowest since somebody set it to 0. */
static _Thread_local double quickest, slowest;

/* A neighbour who computes for all of this time is taken for a slow core; few do. */
static double quickest_of_all(void)
{
	const struct timespec pause = { 0, 1000000 };
	double begin = wall_ns(), least = additions();

	while (wall_ns() - begin < FIRST_NS) {
		double ns = additions();

		if (ns < least)
			least = ns;
		nanosleep(&pause, NULL);
	}
	return least;
}

void listen_around(void)
{
	double ns;

	if (quickest <= 0)
		quickest = quickest_of_all();
	ns = additions();
	if (ns < quickest)
		quickest = ns;
	if (ns > slowest)
		slowest = ns;
}

/* This thread stays on the first CPU. */
static void listen_everywhere(void)
{
	for (unsigned i = 0; i < WORKERS && pin(i); i++)
		listen_around();
	pin(0);
}

static bool is_quiet(double ns)
{
	return ns < QUIET * quickest;
}

static void listen(bool everywhere)
{
	if (everywhere)
		listen_everywhere();
	else
		listen_around();
}

/* How long a job takes that only needs what the work needs: at best, for each figure anew. */
static double quickest_ear;

static double hear(struct job ear)
{
	double ns = ear.run ? ear.run(ear.arg) : 0;

	if (ns > 0 && (quickest_ear <= 0 || ns < quickest_ear))
		quickest_ear = ns;
	return ns;
}

static void hear_at_first(struct job ear)
{
	double begin = wall_ns();

	quickest_ear = 0;
	while (ear.run && wall_ns() - begin < FIRST_NS)
		hear(ear);
}

/* For @most ns. Returns how long it took. */
static double wait_for_quiet(bool everywhere, double most)
{
	const struct timespec pause = { 0, 200000 };
	double begin = wall_ns();

	for (;;) {
		slowest = 0;
		listen(everywhere);
		if (is_quiet(slowest) || wall_ns() - begin >= most)
			return wall_ns() - begin;
		nanosleep(&pause, NULL);
	}
}

struct pair {
	double value, bound, ratio;
	double additions; /* the slowest around it */
	double ear;       /* likewise around the work, or 0 */
};

static double run_job(struct job job, bool everywhere)
{
	double ns;

	if (!job.run)
		return 0;
	listen(everywhere);
	ns = job.run(job.arg);
	listen(everywhere);
	return ns;
}

/* How a figure is come by. */
struct plan {
	struct job work, limit, ear;
	bool everywhere;
};

static void run_work(const struct plan *plan, struct pair *p)
{
	double after;

	p->ear = hear(plan->ear);
	p->value = run_job(plan->work, plan->everywhere);
	after = hear(plan->ear);
	if (after > p->ear)
		p->ear = after;
}

static struct pair run_pair(const struct plan *plan, bool work_first)
{
	struct pair p = { 0 };

	slowest = 0;
	if (work_first)
		run_work(plan, &p);
	p.bound = run_job(plan->limit, plan->everywhere);
	if (!work_first)
		run_work(plan, &p);
	if (plan->limit.run)
		p.ratio = p.value / p.bound;
	p.additions = slowest;
	return p;
}

/* In multiples of what it is at best. */
static double noise(const struct pair *p)
{
	double core = p->additions / quickest, ear = p->ear > 0 ? p->ear / quickest_ear : 0;

	return core > ear ? core : ear;
}

static int by_noise(const void *a, const void *b)
{
	double x = noise(a), y = noise(b);

	return by_value(&x, &y);
}

static unsigned quiet_ones(const struct pair *pairs, unsigned n)
{
	unsigned quiet = 0;

	for (unsigned i = 0; i < n; i++)
		quiet += noise(&pairs[i]) < QUIET;
	return quiet;
}

/* Of @n pairs, which are those that count. */
static struct measure medians(const struct pair *pairs, unsigned n)
{
	double value[RUNS_MAX], bound[RUNS_MAX], ratio[RUNS_MAX];

	for (unsigned i = 0; i < n; i++) {
		value[i] = pairs[i].value;
		bound[i] = pairs[i].bound;
		ratio[i] = pairs[i].ratio;
	}
	return (struct measure){ median(value, n), median(bound, n), median(ratio, n),
				 n - quiet_ones(pairs, n) };
}

static struct measure measure_by(struct bench *b, const struct plan *plan)
{
	struct pair pairs[PAIRS_MAX];
	unsigned wanted = runs_of(b), n = 0;
	double left = b->patience < FIGURE_NS ? b->patience : FIGURE_NS;

	b->patience -= left;
	hear_at_first(plan->ear);
	run_pair(plan, false);
	while (n < wanted || (quiet_ones(pairs, n) < wanted && n < PAIRS_MAX && left > 0)) {
		double begin;

		left -= wait_for_quiet(plan->everywhere, left);
		begin = wall_ns();
		/* Each goes first as often. */
		pairs[n] = run_pair(plan, n % 2);
		if (++n > wanted)
			left -= wall_ns() - begin;
	}
	if (left > 0)
		b->patience += left;
	qsort(pairs, n, sizeof(*pairs), by_noise);
	return medians(pairs, wanted);
}

struct measure measure(struct bench *b, struct job work, struct job limit)
{
	return measure_by(b, &(struct plan){ .work = work, .limit = limit });
}

struct measure measure_again(struct bench *b, struct job work, struct job limit)
{
	struct measure best = measure(b, work, limit);

	for (unsigned i = 1; i < TRIES; i++) {
		struct measure m = measure(b, work, limit);

		if (m.limit < best.limit)
			best = m;
	}
	return best;
}

struct measure measure_everywhere(struct bench *b, struct job work, struct job limit,
				  struct job ear)
{
	return measure_by(b, &(struct plan){ work, limit, ear, true });
}

struct measure measure_alone(struct bench *b, struct job work)
{
	return measure(b, work, (struct job){ NULL, NULL });
}

/* CPUs that this process was given. */
static cpu_set_t allowed;

bool pin(unsigned i)
{
	static bool known;
	cpu_set_t one;

	if (!known && sched_getaffinity(0, sizeof(allowed), &allowed))
		return false;
	known = true;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || i--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return !sched_setaffinity(0, sizeof(one), &one);
	}
	return false;
}

void unpin(void)
{
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

void *must_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);

	if (!p)
		die("no memory for %zu bytes", bytes);
	return p;
}

void *alloc_table(size_t bytes)
{
	size_t room = bytes + HUGE_PAGE;
	unsigned char *p = mmap(NULL, room, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	if (p == MAP_FAILED)
		die("no memory for a table of %zu bytes", bytes);
	head = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (head)
		munmap(p, head);
	if (room - head > bytes)
		munmap(p + head + bytes, room - head - bytes);
	/* Only advice: without it a large table costs a walk of the host's own tables. */
	madvise(p + head, bytes, MADV_HUGEPAGE);
	return p + head;
}

void free_table(void *p, size_t bytes)
{
	munmap(p, bytes);
}

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("bench: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}
