/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A live table, read while a hypervisor rewrites it, in every order in which their loads and
 * stores can fall: before each load of the reader's, and each exchange, steps.h lets the writer
 * make none, some or all of its next stores. What is read must have stood in the table, whole.
 * What processors may reorder beyond that is for the threads of threads.c.
 */

#include "unit.h"

#include <hpt/mmu.h>

#include "steps.h"

#define ORDER 18
#define SLOTS 16384u
#define EA UINT64_C(0x1234567)
#define VSID UINT64_C(0x4321)
#define STORES_MAX 6u

struct store {
	uint64_t *word;
	uint64_t value;
};

/* What the writer does, and when: its k-th store comes before the reader's load number at[k]. */
static struct script {
	struct store store[STORES_MAX];
	unsigned at[STORES_MAX];
	unsigned n, done, steps;
	/* For an entry that never rests, or not before an exchange: */
	uint64_t *restless;
	bool exchanges_only, exchange;
	uint64_t base, mask;
	unsigned shift; /* of the changing bits */
} script;

void unit_step(void)
{
	struct script *s = &script;

	while (s->done < s->n && s->at[s->done] <= s->steps) {
		__atomic_store_n(s->store[s->done].word, s->store[s->done].value,
				 __ATOMIC_RELEASE);
		s->done++;
	}
	if (s->restless && (s->exchange || !s->exchanges_only)) {
		uint64_t value = s->base | (s->steps & s->mask) << s->shift;

		__atomic_store_n(s->restless, hpt_be64_make(value).raw_be, __ATOMIC_RELEASE);
	}
	s->steps++;
}

void unit_exchange_step(void)
{
	script.exchange = true;
	unit_step();
	script.exchange = false;
}

/* A table with one page, and what is read of it. */
struct scene {
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	struct hpt_cpu cpu;
	uint64_t slot;
	bool v3;
	/* what was found: */
	struct hpt_entry seen[8];
	size_t n;
	int ret;
	struct hpt_error err;
};

/* By the formula of the Power ISA: the VSID, exclusive-or the page's number. */
static uint64_t slot_of_ea(void)
{
	return ((VSID ^ EA >> 12) & (SLOTS / 8 - 1)) * 8 + 3;
}

/*
 * The @k-th entry for that page: its software bits tell k mod 4, its real address all of it. In
 * what they are not needed for, all bits of doubleword 1 differ from those of k + 1.
 */
static struct hpt_entry entry_number(unsigned k)
{
	return (struct hpt_entry){
		VSID << 12 | (EA >> 23 << 7) | (k & 3) << 3 | HPT_V_VALID,
		((uint64_t)k << 20 |
		 (k & 1 ? UINT64_C(0xAA000000000000) : UINT64_C(0x155000000000000)) |
		 (k & 1 ? 0x190 : 0x182)),
	};
}

static bool is_whole(struct hpt_entry e)
{
	unsigned k = (unsigned)(e.r >> 20 & 0xff);
	struct hpt_entry whole = entry_number(k);

	return e.v == whole.v && e.r == whole.r;
}

static struct hpt_raw_entry to_raw(const struct scene *s, struct hpt_entry e)
{
	struct hpt_raw_entry raw;

	if (s->v3)
		assert_int_equal(hpt_entry_to_v3(e, &e, NULL), 0);
	hpt_entries_to_bytes(&e, 1, &raw);
	return raw;
}

static void open_scene(struct scene *s, uint32_t flags)
{
	const struct hpt_memory_options o = { sizeof(o), flags };

	memset(s, 0, sizeof(*s));
	s->raw = aligned_alloc(128, sizeof(*s->raw) * SLOTS);
	assert_non_null(s->raw);
	memset(s->raw, 0, sizeof(*s->raw) * SLOTS);
	s->v3 = flags & HPT_MEMORY_V3;
	s->slot = slot_of_ea();
	assert_int_equal(hpt_memory_open(s->raw, ORDER, &o, &s->table, NULL), 0);
	s->cpu.size = sizeof(s->cpu);
	assert_int_equal(hpt_cpu_init(&s->cpu, HPT_CPU_POWER9, HPT_PLATFORM_PSERIES, NULL), 0);
	s->cpu.slb_n = 1;
	s->cpu.slb[0] = (struct hpt_slb_entry){ HPT_SLB_VALID, VSID << 12 };
}

static void close_scene(struct scene *s)
{
	hpt_table_close(s->table);
	free(s->raw);
}

static void saw(struct scene *s, struct hpt_entry e)
{
	if (e.v & HPT_V_VALID && s->n < COUNT(s->seen))
		s->seen[s->n++] = e;
}

static void saw_translation(struct scene *s, const struct hpt_translation *x)
{
	if (s->ret || x->outcome != HPT_OUTCOME_MAPPED)
		return;
	saw(s, x->entry);
	/* What is put out beside the entry is of that entry. */
	assert_int_equal(x->page_ra, x->entry.r & UINT64_C(0x0ffffffffffff000));
}

static void by_translate(struct scene *s)
{
	struct hpt_translation x = { .size = sizeof(x) };

	s->ret = hpt_translate(&s->cpu, s->table, EA, HPT_ACCESS_READ, 0, &x, &s->err);
	saw_translation(s, &x);
}

static void by_many(struct scene *s)
{
	static const uint64_t ea[2] = { EA, EA + 8 };
	struct hpt_translation x[2] = { { .size = sizeof(x[0]) } };

	s->ret = hpt_translate_many(&s->cpu, s->table, ea, 2, HPT_ACCESS_READ, 0, x, &s->err);
	saw_translation(s, &x[0]);
	saw_translation(s, &x[1]);
}

static void by_read(struct scene *s)
{
	struct hpt_entry e[2] = { { 0, 0 } };

	s->ret = hpt_table_read(s->table, s->slot, 2, e, &s->err);
	saw(s, e[0]);
}

static int each(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct scene *s = arg;

	for (size_t i = 0; i < n; i++)
		if (ptex + i == s->slot)
			saw(s, entries[i]);
	return 0;
}

static void by_each(struct scene *s)
{
	s->ret = hpt_table_each(s->table, s->slot - 1, 4, each, s, &s->err);
}

static void (*const readers[])(struct scene *s) = { by_translate, by_many, by_read, by_each };

/* The page is number @from beforehand; 0: none. */
static void put(struct scene *s, unsigned from)
{
	s->raw[s->slot] =
		from ? to_raw(s, entry_number(from)) : (struct hpt_raw_entry){ { 0 }, { 0 } };
}

static void then(uint64_t *word, uint64_t value)
{
	script.store[script.n++] = (struct store){ word, value };
}

/* As hypervisors rewrite an entry: invalid, then doubleword 1, then doubleword 0. */
static void rewrite(struct scene *s, unsigned to)
{
	struct hpt_raw_entry *at = &s->raw[s->slot], raw = to_raw(s, entry_number(to));

	then(&at->v_be.raw_be, 0);
	then(&at->r_be.raw_be, raw.r_be.raw_be);
	then(&at->v_be.raw_be, raw.v_be.raw_be);
}

static void replace(struct scene *s)
{
	put(s, 1);
	rewrite(s, 2);
}

static void replace_twice(struct scene *s)
{
	put(s, 1);
	rewrite(s, 2);
	rewrite(s, 3);
}

static void insert(struct scene *s)
{
	put(s, 0);
	rewrite(s, 2);
}

static void remove_entry(struct scene *s)
{
	put(s, 1);
	then(&s->raw[s->slot].v_be.raw_be, 0);
	then(&s->raw[s->slot].r_be.raw_be, 0);
}

static void (*const writers[])(struct scene *s) = { replace, replace_twice, insert,
						    remove_entry };

/* What a reading came to: entries that were never in the table, and whole ones. */
struct tally {
	unsigned long readings, torn, old, new, none;
};

static void look(struct scene *s, struct tally *t)
{
	t->readings++;
	t->none += !s->n;
	for (size_t i = 0; i < s->n; i++) {
		t->torn += !is_whole(s->seen[i]);
		t->old += s->seen[i].r == entry_number(1).r;
		t->new += s->seen[i].r != entry_number(1).r;
	}
}

static void read_once(struct scene *s, void (*reader)(struct scene *s),
		      void (*writer)(struct scene *s), const unsigned *at, struct tally *t)
{
	script.n = script.done = script.steps = 0;
	writer(s);
	memcpy(script.at, at, sizeof(script.at));
	s->n = 0;
	reader(s);
	assert_int_equal(s->ret, 0);
	look(s, t);
}

/* The next order: no store later than @apart loads behind the one before it. */
static bool next_order(unsigned *at, unsigned n, unsigned loads, unsigned apart)
{
	unsigned k = n;

	while (k > 0 && at[k - 1] == (k > 1 ? at[k - 2] + apart : loads))
		k--;
	if (!k)
		return false;
	at[k - 1]++;
	for (; k < n; k++)
		at[k] = at[k - 1];
	return true;
}

/* All orders of the reader's loads and the writer's stores, but for those that are far apart. */
static void every_order(struct scene *s, void (*reader)(struct scene *s),
			void (*writer)(struct scene *s), struct tally *t)
{
	unsigned at[STORES_MAX], loads, n;

	/* How many loads there are when nobody disturbs. */
	for (unsigned i = 0; i < STORES_MAX; i++)
		at[i] = UINT32_MAX;
	read_once(s, reader, writer, at, t);
	loads = script.steps;
	n = script.n;
	assert_in_range(loads, 2, 200);
	memset(at, 0, sizeof(at));
	do {
		read_once(s, reader, writer, at, t);
	} while (next_order(at, n, loads, n > 3 ? 4 : 12));
}

static void check_all(uint32_t flags)
{
	struct scene s;

	open_scene(&s, flags);
	for (size_t r = 0; r < COUNT(readers); r++)
		for (size_t w = 0; w < COUNT(writers); w++) {
			struct tally t = { 0 };

			every_order(&s, readers[r], writers[w], &t);
			if (t.torn)
				fail_msg("%lu of %lu readings were torn", t.torn, t.readings);
			/* The writer came before, amid and behind what the reader did. */
			assert_true(writers[w] == remove_entry || t.new > 0);
			assert_true(writers[w] == insert || t.old > 0);
			assert_true(t.none > 0 || writers[w] == replace ||
				    writers[w] == replace_twice);
		}
	close_scene(&s);
}

static void test_live(void **state)
{
	(void)state;
	check_all(HPT_MEMORY_LIVE);
}

static void test_live_v3(void **state)
{
	(void)state;
	check_all(HPT_MEMORY_LIVE | HPT_MEMORY_V3);
}

/* Doubleword 0 that changes and changes back, with another doubleword 1 each time. */
static void there_and_back(struct scene *s)
{
	put(s, 1);
	rewrite(s, 2);
	rewrite(s, 5); /* doubleword 0 is that of number 1 */
}

static void test_there_and_back(void **state)
{
	struct tally t = { 0 };
	struct scene s;

	(void)state;
	open_scene(&s, HPT_MEMORY_LIVE);
	/* What would be torn is seen to be. */
	assert_false(is_whole((struct hpt_entry){ entry_number(1).v, entry_number(2).r }));
	for (size_t r = 0; r < COUNT(readers); r++)
		every_order(&s, readers[r], there_and_back, &t);
	assert_true(t.readings > 0 && t.new > 0 && t.old > 0);
	assert_int_equal(t.torn, 0);
	close_scene(&s);
}

/* Another CPU changes doubleword 1 while R is set: neither is lost. */
static void test_update(void **state)
{
	unsigned before = 0, behind = 0;
	struct scene s;

	(void)state;
	open_scene(&s, HPT_MEMORY_LIVE);
	for (unsigned first = 0; first < 20; first++) {
		struct hpt_translation x = { .size = sizeof(x) };
		uint64_t old = entry_number(2).r & ~UINT64_C(0x180), new = old | 0x80, now;

		s.raw[s.slot] = to_raw(&s, (struct hpt_entry){ entry_number(2).v, old });
		script = (struct script){ .at = { first } };
		then(&s.raw[s.slot].r_be.raw_be, hpt_be64_make(new).raw_be);
		s.ret = hpt_translate_update(&s.cpu, s.table, EA, HPT_ACCESS_READ, 0, &x,
					     NULL);
		assert_int_equal(s.ret, 0);
		now = hpt_be64_get(s.raw[s.slot].r_be);
		/* The other's store came before ours, which kept it, or not at all. */
		assert_int_equal(now, (script.done ? new : old) | 0x100);
		assert_int_equal(x.entry.r, now);
		before += script.done;
		behind += !script.done;
	}
	assert_true(before > 0 && behind > 0);
	close_scene(&s);
}

static void by_update(struct scene *s)
{
	struct hpt_translation x = { .size = sizeof(x) };

	s->ret = hpt_translate_update(&s->cpu, s->table, EA, HPT_ACCESS_READ, 0, &x, &s->err);
}

/* An entry that changes at each load, or exchange, in the bits of @mask. */
static void check_restless(void (*reader)(struct scene *s), bool second, uint64_t base,
			   unsigned shift, uint64_t mask, const char *what)
{
	struct scene s;
	char text[120];

	open_scene(&s, HPT_MEMORY_LIVE);
	put(&s, 1);
	script = (struct script){
		.restless = second ? &s.raw[s.slot].r_be.raw_be : &s.raw[s.slot].v_be.raw_be,
		.exchanges_only = second,
		.base = base,
		.shift = shift,
		.mask = mask,
	};
	*script.restless = hpt_be64_make(base).raw_be;
	snprintf(text, sizeof(text), "entry %#llx changed at each of 1000 attempts to %s",
		 ULL(s.slot), what);
	unit_poison(&s.err);
	reader(&s);
	unit_error(s.ret, &s.err, HPT_ERR_UNSTABLE, text);
	assert_int_equal(s.err.ptex, s.slot);
	assert_true(script.steps >= 1000);
	close_scene(&s);
	script = (struct script){ .n = 0 };
}

static void test_never_rests(void **state)
{
	const uint64_t v = entry_number(0).v;

	(void)state;
	check_restless(by_read, false, HPT_V_VALID, 8, UINT32_MAX, "read it");
	check_restless(by_each, false, HPT_V_VALID, 8, UINT32_MAX, "read it");
	/* Of an entry that is looked for only the software's bits may change. */
	check_restless(by_translate, false, v, 3, 15, "read it");
	check_restless(by_many, false, v, 3, 15, "read it");
	check_restless(by_update, true, 2, 12, UINT32_MAX, "set R and C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),           cmocka_unit_test(test_live_v3),
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_update),
		cmocka_unit_test(test_never_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
