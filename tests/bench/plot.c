/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How figures grow: with the table, with the guest's RAM and vCPUs, with the threads. */

#include "bench.h"

#include <pthread.h>
#include <unistd.h>

#include "synthetic.h"

static void with_table(struct bench *b)
{
	printf("# order, translate cold, chase, translate_many, in flight: ns an address\n");
	for (unsigned order = 18; order <= b->max_order; order += 2) {
		struct growth g = growth_of(b, order);

		printf("%u %.2f %.2f %.2f %.2f\n", order, g.cold, g.chase, g.many,
		       g.in_flight);
		fflush(stdout);
	}
	printf("\n\n");
}

static void with_ram(struct bench *b)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/libhpt-bench-large.mig", b->dir);
	printf("# GiB, open, read of the file: ms\n");
	for (uint64_t gib = 1; gib <= 64; gib *= 2) {
		struct synthetic s;
		struct measure m;

		synthetic_zeros(&s, path, gib << 30);
		m = measure_walk(b, path, s.zeros);
		printf("%u %.3f %.3f\n", (unsigned)gib, m.value / 1e6, m.limit / 1e6);
		fflush(stdout);
	}
	unlink(path);
	printf("\n\n");
}

static void with_threads(struct bench *b)
{
	printf("# threads, million addresses a second\n");
	for (unsigned n = 1; pin(n - 1); n++)
		printf("%u %.2f\n", n, millions_a_second(b, n));
	pin(0);
	printf("\n\n");
}

static void with_vcpus(struct bench *b)
{
	char path[512];

	printf("# vCPUs, open, read of the file: ms\n");
	for (unsigned n = 1; b->vcpus; n *= 2) {
		struct measure m;

		snprintf(path, sizeof(path), "%s/%u.mig", b->vcpus, n);
		if (access(path, R_OK))
			break;
		m = measure_open(b, path);
		printf("%u %.3f %.3f\n", n, m.value / 1e6, m.limit / 1e6);
		fflush(stdout);
	}
}

void bench_plot(struct bench *b)
{
	with_table(b);
	with_ram(b);
	with_threads(b);
	with_vcpus(b);
}
