/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Translation: one address, cold and warm, and many at once. */

#include "bench.h"

#include <dlfcn.h>
#include <pthread.h>

typedef int many_fn(const struct hpt_cpu *cpu, const struct hpt_table *table,
		    const uint64_t *ea, size_t n, enum hpt_access access, uint32_t flags,
		    struct hpt_translation *out, struct hpt_error *err);

/* Work on probes, by this library's function or that of the portable build. */
struct work {
	struct turn *turn;
	many_fn *many;
	struct hpt_table *table;
	uint64_t ea[CALL];
	uint64_t ra[TURN];
	struct hpt_translation out[CALL];
};

static void verify(const struct probe *p, const struct hpt_translation *x)
{
	bool mapped = p->ra != UINT64_MAX;

	if (x->ea != p->ea || (x->outcome == HPT_OUTCOME_MAPPED) != mapped ||
	    (mapped && (x->ra != p->ra || x->ptex / HPT_PTEG_ENTRIES != p->pteg)) ||
	    (!mapped && x->outcome != HPT_OUTCOME_NO_ENTRY))
		die("address %#llx: outcome %d, real address %#llx, expected %#llx",
		    (unsigned long long)p->ea, (int)x->outcome, (unsigned long long)x->ra,
		    (unsigned long long)p->ra);
}

static double many_once(void *arg, const struct probe *p)
{
	struct work *work = arg;
	double total = 0;

	/* What the caller gives is in a cache, whatever was done to the groups. */
	memset(work->out, 0, sizeof(work->out));
	for (unsigned done = 0; done < TURN; done += CALL, p += CALL) {
		double begin;
		int ret;

		for (unsigned i = 0; i < CALL; i++)
			work->ea[i] = p[i].ea;
		work->out[0].size = sizeof(work->out[0]);
		begin = now_ns();
		ret = work->many(&work->turn->w->cpu, work->table, work->ea, CALL,
				 HPT_ACCESS_READ, 0, work->out, NULL);
		total += now_ns() - begin;
		if (ret)
			die("hpt_translate_many: %d", ret);
		for (unsigned i = 0; i < CALL; i++)
			verify(&p[i], &work->out[i]);
	}
	return total;
}

static double run_many(void *arg)
{
	struct work *work = arg;

	return turn_run(work->turn, many_once, work);
}

static double each_once(void *arg, const struct probe *p)
{
	struct work *work = arg;
	const struct hpt_cpu *cpu = &work->turn->w->cpu;
	const struct hpt_table *table = work->table;
	struct hpt_translation x = { .size = sizeof(x) };
	double begin = now_ns(), end;

	for (unsigned i = 0; i < TURN; i++) {
		if (hpt_translate(cpu, table, p[i].ea, HPT_ACCESS_READ, 0, &x, NULL))
			die("hpt_translate");
		work->ra[i] = x.ra;
	}
	end = now_ns();
	for (unsigned i = 0; i < TURN; i++)
		if (work->ra[i] != p[i].ra)
			die("address %#llx: real address %#llx", (unsigned long long)p[i].ea,
			    (unsigned long long)work->ra[i]);
	return end - begin;
}

static double run_each(void *arg)
{
	struct work *work = arg;

	return turn_run(work->turn, each_once, work);
}

static struct turn turn_of(const struct world *w, const struct probe *probes, size_t n)
{
	if (n < TURN)
		die("order %u: only %zu probes", w->order, n);
	return (struct turn){ .w = w, .probes = probes, .n = n };
}

/* Work and limit in turn on the same kind of probes: neither meets what the other has brought. */
static struct measure measure_probes(struct bench *b, struct work *work, bench_fn *run,
				     bench_fn *bound, struct turn *t)
{
	work->turn = t;
	return measure_again(b, (struct job){ run, work }, (struct job){ bound, t });
}

static struct work *new_work(const struct world *w)
{
	struct work *work = must_alloc(sizeof(*work));

	memset(work, 0, sizeof(*work));
	work->many = hpt_translate_many;
	work->table = w->table;
	return work;
}

static void one_cold(struct bench *b, const struct world *w, struct work *work,
		     struct turn *primary)
{
	struct measure m = measure_probes(b, work, run_each, run_chase, primary);
	char name[64];

	snprintf(name, sizeof(name), "translate/cold/2^%u", w->order);
	report_measure(b, name, "ns", TURN, &m, w->order >= LARGE ? 1.2 : 0);
}

/* Sixty-four addresses, again and again: everything is in the nearest cache. */
static void one_warm(struct bench *b, const struct world *w, struct work *work)
{
	struct probe *few = must_alloc(TURN * sizeof(*few));
	struct measure m;
	struct turn t;

	for (unsigned i = 0; i < TURN; i++)
		few[i] = w->primary[i % 64];
	t = turn_of(w, few, TURN);
	work->turn = &t;
	m = measure_alone(b, (struct job){ run_each, work });
	report_measure(b, "translate/warm", "ns", TURN, &m, 20);
	free(few);
}

/* Addresses by where their entry is. */
static double many(struct bench *b, const char *kind, double goal, struct work *work,
		   struct turn *t)
{
	unsigned order = t->w->order;
	struct measure m, lines;
	char name[64];

	m = measure_probes(b, work, run_many, run_in_flight, t);
	snprintf(name, sizeof(name), "translate_many/%s/2^%u", kind, order);
	report_measure(b, name, "ns", TURN, &m, order >= LARGE ? goal : 0);
	lines = measure_probes(b, work, run_many, run_lines_in_flight, t);
	snprintf(name, sizeof(name), "translate_many/%s/lines/2^%u", kind, order);
	report_measure(b, name, "ns", TURN, &lines, 0);
	return m.value / TURN;
}

/* Those that need both groups, if there are enough of them. */
static void many_of_both(struct bench *b, const char *kind, struct work *work,
			 const struct world *w, const struct probe *probes, size_t n)
{
	struct turn t;

	if (n < 2 * TURN)
		return;
	t = turn_of(w, probes, n);
	t.both = true;
	many(b, kind, 3, work, &t);
}

typedef int open_fn(void *base, unsigned order, const struct hpt_memory_options *options,
		    struct hpt_table **out, struct hpt_error *err);
typedef void close_fn(struct hpt_table *table);

/* A function of the other build. ISO C has no conversion for what POSIX does here. */
static void *symbol(void *module, const char *name)
{
	void *found = dlsym(module, name);

	if (!found)
		die("%s: %s", name, dlerror());
	return found;
}

/* What is gained by vectors: the same work by a build without, in turn. */
static void portable(struct bench *b, const struct world *w, struct work *vector,
		     struct turn *primary)
{
	struct work *plain = new_work(w);
	open_fn *open_memory;
	close_fn *close_table;
	struct measure m;
	void *module;

	module = dlopen(b->portable, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		die("%s", dlerror());
	*(void **)&plain->many = symbol(module, "hpt_translate_many");
	*(void **)&open_memory = symbol(module, "hpt_memory_open");
	*(void **)&close_table = symbol(module, "hpt_table_close");
	if (plain->many == hpt_translate_many ||
	    open_memory(w->raw, w->order, NULL, &plain->table, NULL))
		die("%s is not the other build", b->portable);
	plain->turn = vector->turn = primary;
	m = measure(b, (struct job){ run_many, plain }, (struct job){ run_many, vector });
	report_measure(b, "translate_many/portable/2^26", "ns", TURN, &m, 2);
	close_table(plain->table);
	dlclose(module);
	free(plain);
}

static double at_order(struct bench *b, unsigned order)
{
	struct turn primary;
	struct world w;
	struct work *work;
	double ns;

	world_make(&w, order);
	work = new_work(&w);
	primary = turn_of(&w, w.primary, w.n_primary);
	one_cold(b, &w, work, &primary);
	if (order == 18)
		one_warm(b, &w, work);
	ns = many(b, "primary", 2, work, &primary);
	many_of_both(b, "secondary", work, &w, w.secondary, w.n_secondary);
	many_of_both(b, "miss", work, &w, w.miss, w.n_miss);
	if (order == 26 && b->portable)
		portable(b, &w, work, &primary);
	free(work);
	world_free(&w);
	return ns;
}

void bench_translate(struct bench *b)
{
	static const unsigned orders[] = { 18, 22, 24, 26, 28, 30 };
	double from = 0, to = 0;

	if (!wanted(b, "translate"))
		return;
	for (size_t i = 0; i < COUNT(orders); i++) {
		if (orders[i] > b->max_order) {
			skip(b, "translate", "the table is larger than --max-order");
			continue;
		}
		to = at_order(b, orders[i]);
		if (orders[i] == 22)
			from = to;
	}
	if (orders[COUNT(orders) - 1] <= b->max_order) {
		struct figure f = { .name = "translate_many/growth/2^22-2^30",
				    .unit = "ns",
				    .value = to,
				    .limit = from,
				    .ratio = to / from,
				    .goal = 2 };

		report(b, &f);
	}
}

struct growth growth_of(struct bench *b, unsigned order)
{
	struct growth g;
	struct measure m;
	struct work *work;
	struct world w;
	struct turn t;

	world_make(&w, order);
	work = new_work(&w);
	t = turn_of(&w, w.primary, w.n_primary);
	m = measure_probes(b, work, run_each, run_chase, &t);
	g.cold = m.value / TURN;
	g.chase = m.limit / TURN;
	m = measure_probes(b, work, run_many, run_in_flight, &t);
	g.many = m.value / TURN;
	g.in_flight = m.limit / TURN;
	free(work);
	world_free(&w);
	return g;
}

#define THREADS_MAX 256u

struct thread {
	struct work *work;
	struct turn turn;
	unsigned cpu;
	double ns; /* of the median run */
	const struct bench *b;
};

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	struct bench together = *t->b;

	/* Who waits for quiet runs is alone when the others are done. */
	together.patience = 0;
	pin(t->cpu);
	t->ns = measure_alone(&together, (struct job){ run_many, t->work }).value;
	return NULL;
}

double millions_a_second(const struct bench *b, unsigned threads)
{
	struct thread t[THREADS_MAX];
	pthread_t id[THREADS_MAX];
	unsigned n = threads < THREADS_MAX ? threads : THREADS_MAX;
	struct world w;
	double sum = 0;

	world_make(&w, 26);
	for (unsigned i = 0; i < n; i++) {
		t[i] = (struct thread){ .work = new_work(&w), .cpu = i, .b = b };
		t[i].turn = turn_of(&w, w.primary, w.n_primary);
		t[i].work->turn = &t[i].turn;
		if (pthread_create(&id[i], NULL, thread_main, &t[i]))
			die("no thread");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(id[i], NULL);
		sum += TURN / t[i].ns * 1e3;
		free(t[i].work);
	}
	world_free(&w);
	return sum;
}
