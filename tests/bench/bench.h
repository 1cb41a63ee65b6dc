/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef BENCH_H
#define BENCH_H

/*
 * Figures, each beside a limit of this machine that was measured in the same breath. What is
 * timed is what an outside user may call: only include/hpt/ is used here.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What the command line says. */
struct bench {
	bool json;
	bool plot;            /* the figures of the plots, and nothing else */
	const char *hpt;      /* the command */
	const char *guest;    /* a saved guest, not compressed; NULL: none */
	const char *vcpus;    /* guests of 1, 2, 4 ... vCPUs are N.mig there, or NULL */
	const char *portable; /* libhpt as a module, built without vectors; NULL: none */
	const char *dir;      /* for large files */
	const char *only;     /* what the names of figures must contain; NULL: anything */
	unsigned runs;
	double patience; /* ns that are left for waiting for quiet runs */
	unsigned max_order;
	unsigned printed, missed;
};

/* measure.c: a job returns nanoseconds, so that it may prepare and verify outside them. */
typedef double bench_fn(void *arg);

struct job {
	bench_fn *run;
	void *arg;
};

/* Medians of runs in which work and limit take turns. */
struct measure {
	double value;  /* ns */
	double limit;  /* ns */
	double ratio;  /* of each run's two, and not of the medians */
	unsigned busy; /* so many of the runs shared their core with somebody */
};

double now_ns(void);  /* of this thread's CPU */
double wall_ns(void); /* where threads share the work */
double median(double *values, size_t n);
struct measure measure(struct bench *b, struct job work, struct job limit);
/*
 * The same some times over. That one counts whose limit took least, since nobody else took of the
 * memory then: it is the one that leaves work least room.
 */
struct measure measure_again(struct bench *b, struct job work, struct job limit);
/*
 * Once, of work that has threads on other CPUs than the first. @ear, if any, needs what the work
 * needs and nobody else's skill: runs count around which it took about as long as at best.
 */
struct measure measure_everywhere(struct bench *b, struct job work, struct job limit,
				  struct job ear);
/* Without a limit, or a ratio. */
struct measure measure_alone(struct bench *b, struct job work);
/*
 * Does somebody else compute on this core, as a hyperthread beside? All runs are listened around,
 * and those count that were the quietest; a job whose last part alone is timed listens before that.
 */
void listen_around(void);
/* To one CPU of those that are allowed: the @i-th. False: there are not so many. */
bool pin(unsigned i);
void unpin(void);
void *must_alloc(size_t bytes);
/* Memory of zeros on huge pages, where the system has them. */
void *alloc_table(size_t bytes);
void free_table(void *p, size_t bytes);
/* The program is of no use when an answer is wrong. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* A line about what could not be measured. */
void skip(struct bench *b, const char *name, const char *why);
bool wanted(const struct bench *b, const char *name);

/* report.c */
struct figure {
	const char *name;
	const char *unit;
	double value;
	double limit; /* 0: none, only a goal for the value */
	double ratio;
	double goal; /* 0: none */
	unsigned busy;
};

void report(struct bench *b, const struct figure *f);
/* @per: how many things the nanoseconds of @m are for. */
void report_measure(struct bench *b, const char *name, const char *unit, double per,
		    const struct measure *m, double goal);
void report_bytes(struct bench *b, const char *name, double value, double limit);
int report_end(struct bench *b);

/* random.c would be too grand a name: Steele's splitmix64. */
static inline uint64_t random64(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* world.c: a table half full, and a CPU whose segments it maps */
#define SEGMENTS 32
#define PROBES (1u << 21)

/* An address, where its entry's group is, and what comes out. */
struct probe {
	uint64_t ea;
	uint64_t ra; /* UINT64_MAX: no entry */
	uint32_t pteg;
	uint32_t other_pteg;
};

struct world {
	unsigned order;
	uint64_t slots, valid;
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	/* As doc/performance.md tells callers to have theirs. */
	_Alignas(32) struct hpt_cpu cpu;
	struct probe *primary, *secondary, *miss;
	size_t n_primary, n_secondary, n_miss;
};

void world_make(struct world *w, unsigned order);
void world_free(struct world *w);

/* guest.c: CPU time, in ns, of a process whose standard output goes to @to */
double run_process(char *const *argv, const char *to);

/* limits.c: what memory can do */
/* Both words of an entry, as compilers have them in one register. */
typedef uint64_t both __attribute__((vector_size(16), aligned(8), may_alias));

struct copy {
	void *to;
	const void *from;
	size_t bytes;
	double extra; /* ns that the limit allows on top */
};

double run_memcpy(void *arg); /* of struct copy */
double run_memset(void *arg); /* of struct copy */
double run_read(void *arg);   /* of struct copy */

/* The order from which on a figure is about memory, and not about caches. */
#define LARGE 26u

#define TURN 4096u /* probes of a job */
#define CALL 2048u /* of a call */
/* Turns that come before one that counts: what it finds in caches is what they have left there. */
#define TURNS_BEFORE 15u
/* So many probes are met again only when caches have long forgotten them. */
#define FRESH (1u << 19)

/* Probes in turn, so that no group is met again before the others were. */
struct turn {
	const struct world *w;
	const struct probe *probes;
	size_t n, at; /* the next one */
	bool both;    /* an answer needs the other group, too */
};

/* A job on TURN probes, in ns. */
typedef double turn_fn(void *arg, const struct probe *p);

/* On the next ones, after others that do not count. */
double turn_run(struct turn *t, turn_fn *once, void *arg);
double run_chase(void *arg);     /* of struct turn */
double run_in_flight(void *arg); /* of struct turn */
/* The same over all lines of the groups that answers need. */
double run_lines_in_flight(void *arg);

/* The figures, by what they are about. */
void bench_translate(struct bench *b);
void bench_stream(struct bench *b);
void bench_scan(struct bench *b);
void bench_guest(struct bench *b);
void bench_scale(struct bench *b);

/* plot.c, and what it asks of the others */
struct growth {
	double cold, chase, many, in_flight; /* ns an address */
};

void bench_plot(struct bench *b);
struct growth growth_of(struct bench *b, unsigned order);
double millions_a_second(const struct bench *b, unsigned threads);
struct measure measure_walk(struct bench *b, const char *path, uint64_t records);
/* hpt_guest_open() of a saved guest, beside reading the file. */
struct measure measure_open(struct bench *b, const char *path);
double run_cat(void *path);

#endif /* BENCH_H */
