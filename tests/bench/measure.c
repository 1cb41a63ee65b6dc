/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Time, and what keeps it honest: pairs in turn, medians, one CPU. */

#include "bench.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#define RUNS_MAX 99u
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

struct measure measure(const struct bench *b, struct job work, struct job limit)
{
	double value[RUNS_MAX], bound[RUNS_MAX], ratio[RUNS_MAX];
	unsigned n = runs_of(b);

	limit.run(limit.arg);
	work.run(work.arg);
	for (unsigned i = 0; i < n; i++) {
		/* Each goes first as often. */
		if (i % 2)
			value[i] = work.run(work.arg);
		bound[i] = limit.run(limit.arg);
		if (i % 2 == 0)
			value[i] = work.run(work.arg);
		ratio[i] = value[i] / bound[i];
	}
	return (struct measure){ median(value, n), median(bound, n), median(ratio, n) };
}

double measure_alone(const struct bench *b, struct job work)
{
	double value[RUNS_MAX];
	unsigned n = runs_of(b);

	work.run(work.arg);
	for (unsigned i = 0; i < n; i++)
		value[i] = work.run(work.arg);
	return median(value, n);
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
