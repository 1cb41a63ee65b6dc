/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a walk does besides answering: nothing, unless R and C are to be set. No byte of the
 * table, no allocation, no system call.
 */

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmu_naive.h"

#ifndef SECCOMP_MODE_STRICT /* linux/seccomp.h, which not every C library comes with */
#define SECCOMP_MODE_STRICT 1
#endif

#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

/* Counted allocations: the linker brings them here (--wrap). */
static unsigned allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

#define SLOT 0x3f0bu
#define EA UINT64_C(0x317654abc)
#define ENTRY_V UINT64_C(0x2a5c3d17e91b5701)
#define ENTRY_R UINT64_C(0x1234000000012)
#define R_BIT HPT_R_REFERENCED
#define C_BIT HPT_R_CHANGED

/* A table in memory with one page, and the CPU that has its segment. */
struct one {
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	struct hpt_cpu cpu;
	bool v3;
};

static void put(struct one *o, uint64_t r)
{
	struct hpt_entry e = { ENTRY_V & ~(o->v3 ? UINT64_C(0x3FF0000000000000) : 0), r };

	if (o->v3)
		assert_int_equal(hpt_entry_to_v3(e, &e, NULL), 0);
	hpt_entries_to_bytes(&e, 1, &o->raw[SLOT]);
	/* The hypervisor's bits must stay as they are. */
	o->raw[SLOT].v_be.raw_be |= hpt_be64_make(HPT_V_HYPERVISOR).raw_be;
}

static void open_one(struct one *o, uint32_t flags)
{
	struct hpt_memory_options options = { .size = sizeof(options), .flags = flags };

	o->v3 = flags & HPT_MEMORY_V3;
	o->raw = aligned_alloc(128, sizeof(*o->raw) * WORLD_SLOTS);
	assert_non_null(o->raw);
	memset(o->raw, 0, sizeof(*o->raw) * WORLD_SLOTS);
	assert_int_equal(hpt_memory_open(o->raw, WORLD_ORDER, &options, &o->table, NULL), 0);
	o->cpu.size = sizeof(o->cpu);
	hpt_cpu_init(&o->cpu, HPT_CPU_POWER9, HPT_PLATFORM_PSERIES, NULL);
	o->cpu.slb_n = 1;
	o->cpu.slb[0].esid = 0x318000000;
	o->cpu.slb[0].vsid = o->v3 ? 0xc3d17e91b5400 : 0x2a5c3d17e91b5400;
	put(o, ENTRY_R);
}

static void close_one(struct one *o)
{
	hpt_table_close(o->table);
	free(o->raw);
}

static int update(struct one *o, enum hpt_access access, struct hpt_translation *x,
		  struct hpt_error *err)
{
	*x = (struct hpt_translation){ .size = sizeof(*x) };
	return hpt_translate_update(&o->cpu, o->table, EA, access, 0, x, err);
}

/* From @before, an access leaves @after in doubleword 1, and all else as it was. */
static void expect(struct one *o, enum hpt_access access, uint64_t before, uint64_t after)
{
	struct hpt_raw_entry old;
	struct hpt_translation x;
	struct hpt_error err;

	put(o, before);
	old = o->raw[SLOT];
	unit_poison(&err);
	unit_ok(update(o, access, &x, &err), &err);
	assert_int_equal(x.entry.r, after);
	assert_int_equal(o->raw[SLOT].v_be.raw_be, old.v_be.raw_be);
	assert_int_equal(hpt_be64_get(o->raw[SLOT].r_be) ^ hpt_be64_get(old.r_be),
			 before ^ after);
}

static void test_sets(void **state)
{
	static const uint32_t kinds[] = { 0, HPT_MEMORY_V3, HPT_MEMORY_LIVE,
					  HPT_MEMORY_LIVE | HPT_MEMORY_V3 };

	(void)state;
	for (unsigned i = 0; i < COUNT(kinds); i++) {
		struct one o = { 0 };

		open_one(&o, kinds[i]);
		expect(&o, HPT_ACCESS_READ, ENTRY_R, ENTRY_R | R_BIT);
		expect(&o, HPT_ACCESS_FETCH, ENTRY_R, ENTRY_R | R_BIT);
		expect(&o, HPT_ACCESS_WRITE, ENTRY_R, ENTRY_R | R_BIT | C_BIT);
		expect(&o, HPT_ACCESS_WRITE, ENTRY_R | R_BIT, ENTRY_R | R_BIT | C_BIT);
		expect(&o, HPT_ACCESS_READ, ENTRY_R | C_BIT, ENTRY_R | R_BIT | C_BIT);
		/* What is not allowed sets neither. */
		expect(&o, HPT_ACCESS_WRITE, ENTRY_R | 3, ENTRY_R | 3);
		expect(&o, HPT_ACCESS_FETCH, ENTRY_R | HPT_R_NO_EXECUTE,
		       ENTRY_R | HPT_R_NO_EXECUTE);
		close_one(&o);
	}
}

static void test_refuses(void **state)
{
	struct hpt_translation x = { .size = sizeof(x) };
	struct one o = { 0 };
	struct hpt_error err;

	(void)state;
	open_one(&o, HPT_MEMORY_READ_ONLY);
	unit_poison(&err);
	unit_error(update(&o, HPT_ACCESS_READ, &x, &err), &err, HPT_ERR_READ_ONLY,
		   "R and C are to be set, and this memory table cannot be written");
	/* Nothing is to be set: nothing is refused. */
	put(&o, ENTRY_R | R_BIT);
	unit_poison(&err);
	unit_ok(update(&o, HPT_ACCESS_READ, &x, &err), &err);
	assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
	for (uint32_t flag = 1; flag <= 8; flag <<= 1) {
		int ret = hpt_translate_update(&o.cpu, o.table, EA, HPT_ACCESS_READ, flag, &x,
					       NULL);
		bool look = flag == HPT_XLATE_DEBUG || flag == HPT_XLATE_ANY;

		assert_int_equal(ret, look ? HPT_ERR_ARGUMENT : 0);
	}
	close_one(&o);
}

/* Callbacks, without a view: one write of that entry. */
static struct {
	struct hpt_entry entry;
	unsigned writes;
} calls;

static int calls_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *err)
{
	(void)ctx, (void)err;
	memset(out, 0, n * sizeof(*out));
	if (ptex == (SLOT & ~7u))
		out[SLOT & 7] = calls.entry;
	return 0;
}

static int calls_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		       struct hpt_error *err)
{
	(void)ctx, (void)err;
	assert_int_equal(ptex, SLOT);
	assert_int_equal(n, 1);
	calls.entry = *in;
	calls.writes++;
	return 0;
}

static void test_callbacks(void **state)
{
	static const struct hpt_table_ops ops = { .size = sizeof(ops),
						  .read = calls_read,
						  .write = calls_write };
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "calls",
						 .order = WORLD_ORDER };
	struct hpt_translation x;
	struct one o = { 0 };

	(void)state;
	open_one(&o, 0);
	hpt_table_close(o.table);
	calls.entry = (struct hpt_entry){ ENTRY_V, ENTRY_R };
	assert_int_equal(hpt_table_open(&ops, NULL, &config, &o.table, NULL), 0);
	assert_int_equal(update(&o, HPT_ACCESS_READ, &x, NULL), 0);
	assert_int_equal(calls.writes, 1);
	assert_int_equal(calls.entry.v, ENTRY_V);
	assert_int_equal(calls.entry.r, ENTRY_R | R_BIT);
	assert_int_equal(update(&o, HPT_ACCESS_READ, &x, NULL), 0);
	assert_int_equal(calls.writes, 1);
	assert_int_equal(update(&o, HPT_ACCESS_WRITE, &x, NULL), 0);
	assert_int_equal(calls.entry.r, ENTRY_R | R_BIT | C_BIT);
	close_one(&o);
}

/* A world in memory, and all that can be asked of it without writing. */
struct many {
	struct world *w;
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	struct hpt_explanation *e;
	struct hpt_translation x[64];
	uint64_t ea[64];
};

static void open_many(struct many *m, uint64_t *seed, uint32_t flags)
{
	struct hpt_memory_options options = { .size = sizeof(options), .flags = flags };

	m->w = calloc(1, sizeof(*m->w));
	m->e = calloc(1, sizeof(*m->e));
	m->raw = aligned_alloc(128, sizeof(*m->raw) * WORLD_SLOTS);
	assert_true(m->w && m->e && m->raw);
	world_make(m->w, seed);
	hpt_entries_to_bytes(m->w->entries, WORLD_SLOTS, m->raw);
	assert_int_equal(hpt_memory_open(m->raw, WORLD_ORDER, &options, &m->table, NULL), 0);
	for (unsigned i = 0; i < COUNT(m->ea); i++)
		m->ea[i] = world_ea(m->w, seed);
}

static void close_many(struct many *m)
{
	hpt_table_close(m->table);
	free(m->raw);
	free(m->e);
	free(m->w);
}

static int ask_all(struct many *m)
{
	int ret = 0;

	for (unsigned a = 0; a < 3; a++) {
		enum hpt_access access = (enum hpt_access)a;

		for (unsigned i = 0; i < COUNT(m->ea); i++) {
			m->x[i].size = sizeof(m->x[i]);
			ret |= hpt_translate(&m->w->cpu, m->table, m->ea[i], access, 0,
					     &m->x[i], NULL);
			m->e->size = sizeof(*m->e);
			ret |= hpt_explain(&m->w->cpu, m->table, m->ea[i], access,
					   HPT_XLATE_DEBUG | HPT_XLATE_ON, m->e, NULL);
		}
		ret |= hpt_translate_many(&m->w->cpu, m->table, m->ea, COUNT(m->ea), access,
					  HPT_XLATE_ANY, m->x, NULL);
	}
	return ret;
}

/* Another's backend with a view of its own: what it shows is never written, whatever its name. */
static const struct hpt_raw_entry *shown;

static const struct hpt_raw_entry *show(void *ctx, uint64_t ptex, size_t n)
{
	(void)ctx;
	(void)n;
	return shown + ptex;
}

static void test_foreign_view(void **state)
{
	static const struct hpt_table_ops ops = {
		.size = sizeof(ops), .read = calls_read, .write = calls_write, .view = show,
	};
	static const struct hpt_table_config config = {
		.size = sizeof(config), .backend = "memory", .order = WORLD_ORDER,
	};
	struct hpt_raw_entry before;
	struct hpt_table *memory;
	struct hpt_translation x;
	struct one o = { 0 };
	struct hpt_error err;

	(void)state;
	open_one(&o, 0);
	memory = o.table;
	shown = o.raw;
	before = o.raw[SLOT];
	assert_int_equal(hpt_table_open(&ops, NULL, &config, &o.table, NULL), 0);
	calls.writes = 0;
	unit_poison(&err);
	unit_ok(update(&o, HPT_ACCESS_READ, &x, &err), &err);
	assert_int_equal(calls.writes, 1);
	assert_int_equal(calls.entry.r, ENTRY_R | R_BIT);
	assert_memory_equal(&o.raw[SLOT], &before, sizeof(before));
	hpt_table_close(o.table);
	o.table = memory;
	close_one(&o);
}

static void test_look_changes_nothing(void **state)
{
	uint64_t seed = 40;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		size_t bytes = sizeof(struct hpt_raw_entry) * WORLD_SLOTS;
		struct many m = { 0 };
		unsigned char *before;
		unsigned n;

		open_many(&m, &seed, i & 1 ? HPT_MEMORY_LIVE : 0);
		before = malloc(bytes);
		memcpy(before, m.raw, bytes);
		n = allocations;
		assert_int_equal(ask_all(&m), 0);
		assert_int_equal(allocations, n);
		assert_memory_equal(before, m.raw, bytes);
		free(before);
		close_many(&m);
	}
}

/* In a process that may do nothing but compute and exit. */
static void test_no_system_call(void **state)
{
	uint64_t seed = 41;
	struct many m = { 0 };
	int status = 0;
	pid_t pid;

	(void)state;
	if (UNDER_TSAN)
		skip(); /* its run time makes system calls of its own */
	open_many(&m, &seed, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
			syscall(SYS_exit, 77);
		syscall(SYS_exit, ask_all(&m) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close_many(&m);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* A writer that moves the page between two real addresses, while others look. */
#define MOVES 60000
#define HERE UINT64_C(0x1111000000012)
#define THERE UINT64_C(0x2222000000013)

struct mover {
	struct one o;
	bool done;
};

static void *move(void *arg)
{
	struct mover *m = arg;
	struct hpt_entry e = { ENTRY_V, 0 };

	for (unsigned i = 0; i < MOVES; i++) {
		e.r = i & 1 ? HERE : THERE;
		assert_int_equal(hpt_table_write(m->o.table, SLOT, 1, &e, NULL), 0);
	}
	__atomic_store_n(&m->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * The same by a hypervisor that does not know this library, as Linux does it: invalid first,
 * then doubleword 1, then doubleword 0. A release store keeps what eieio keeps, in a way that
 * a checker of data races knows.
 */
static void *move_raw(void *arg)
{
	struct mover *m = arg;
	uint64_t *v = &m->o.raw[SLOT].v_be.raw_be, *r = &m->o.raw[SLOT].r_be.raw_be;
	uint64_t valid = *v;

	for (unsigned i = 0; i < MOVES; i++) {
		__atomic_store_n(v, 0, __ATOMIC_RELAXED);
		__atomic_store_n(r, hpt_be64_make(i & 1 ? HERE : THERE).raw_be, __ATOMIC_RELEASE);
		__atomic_store_n(v, valid, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&m->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * Never half of one and half of the other: rights and address belong together. Whoever moves
 * it without rest may be in the way of R at every attempt, and that is said.
 */
static void look_once(struct one *o, bool set, bool moves)
{
	struct hpt_translation x = { .size = sizeof(x) };
	int ret = set ? update(o, HPT_ACCESS_READ, &x, NULL)
		      : hpt_translate(&o->cpu, o->table, EA, HPT_ACCESS_READ, 0, &x, NULL);

	if (set && moves && ret == HPT_ERR_UNSTABLE)
		return;
	assert_int_equal(ret, 0);
	if (x.outcome == HPT_OUTCOME_NO_ENTRY)
		return;
	assert_int_equal(x.outcome, HPT_OUTCOME_MAPPED);
	if (x.pp == 2)
		assert_int_equal(x.page_ra, 0x1111000000000);
	else
		assert_int_equal(x.page_ra, 0x2222000000000);
}

static void watch(void *(*mover)(void *))
{
	struct mover m = { .done = false };
	pthread_t thread;
	unsigned looks;

	open_one(&m.o, HPT_MEMORY_LIVE);
	put(&m.o, HERE);
	assert_int_equal(pthread_create(&thread, NULL, mover, &m), 0);
	for (looks = 0; looks < 1000 || !__atomic_load_n(&m.done, __ATOMIC_ACQUIRE); looks++)
		look_once(&m.o, looks & 1, true);
	pthread_join(thread, NULL);
	look_once(&m.o, true, false);
	close_one(&m.o);
}

static void test_live(void **state)
{
	(void)state;
	watch(move);
}

static void test_live_raw(void **state)
{
	(void)state;
	watch(move_raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_foreign_view),
		cmocka_unit_test(test_look_changes_nothing),
		cmocka_unit_test(test_no_system_call),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_live_raw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
