/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The library against the naive translator, a million times and more: one address, many at
 * once, in each kind of table, and explained.
 */

#include "mmu_naive.h"

#include "../../lib/table/internal.h"

#include <sys/mman.h>
#include <unistd.h>

#define CASES 1200000u
#define CASES_A_WORLD 400u

/* What came of all cases, to see that none is missing. */
struct tally {
	unsigned outcome[HPT_OUTCOME_BAD_VRMA + 1];
	unsigned mode[HPT_MODE_REAL_OFFSET + 1];
	unsigned secondary, mixed, hypervisor;
};

static void count(struct tally *t, const struct hpt_translation *x)
{
	t->outcome[x->outcome]++;
	t->mode[x->mode]++;
	t->secondary += x->secondary;
	t->mixed += x->page_shift > x->base_shift && x->has & HPT_HAS_ENTRY;
	t->hypervisor += x->interrupt >= 0xE00;
}

/* A table in memory with the entries of a world, in one of the forms. */
struct memory {
	struct hpt_raw_entry *raw;
	struct hpt_table *table;
	struct hpt_table *portable; /* the same, without vectors */
	bool v3;
};

static void open_memory(struct memory *m, uint32_t flags)
{
	struct hpt_memory_options options = { .size = sizeof(options), .flags = flags };

	m->raw = aligned_alloc(128, sizeof(*m->raw) * WORLD_SLOTS);
	assert_non_null(m->raw);
	memset(m->raw, 0, sizeof(*m->raw) * WORLD_SLOTS);
	m->v3 = flags & HPT_MEMORY_V3;
	assert_int_equal(hpt_memory_open(m->raw, WORLD_ORDER, &options, &m->table, NULL), 0);
	assert_int_equal(hpt_memory_open(m->raw, WORLD_ORDER, &options, &m->portable, NULL), 0);
	hpt_table_set_base(m->portable, m->raw, false);
}

static void close_memory(struct memory *m)
{
	hpt_table_close(m->table);
	hpt_table_close(m->portable);
	free(m->raw);
}

static void load_memory(struct memory *m, const struct world *w)
{
	memset(m->raw, 0, sizeof(*m->raw) * WORLD_SLOTS);
	for (unsigned i = 0; i < w->n_used; i++) {
		struct hpt_entry e = w->entries[w->used[i]];

		if (m->v3)
			assert_int_equal(hpt_entry_to_v3(e, &e, NULL), 0);
		hpt_entries_to_bytes(&e, 1, &m->raw[w->used[i]]);
		/* The hypervisor's bits may be anything. */
		m->raw[w->used[i]].v_be.raw_be |= hpt_be64_make(i & 3 ? 0x40 : 0x20).raw_be;
	}
}

/* Callbacks without a view: every group is one read of eight. */
static int read_world(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *err)
{
	const struct world *w = ctx;

	(void)err;
	assert_int_equal(n, 8);
	assert_int_equal(ptex % 8, 0);
	memcpy(out, w->entries + ptex, n * sizeof(*out));
	return 0;
}

static const struct hpt_table_ops callbacks = { .size = sizeof(callbacks),
						.read = read_world };

static struct hpt_table *open_callbacks(struct world *w)
{
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "world",
						 .order = WORLD_ORDER };
	struct hpt_table *table;

	assert_int_equal(hpt_table_open(&callbacks, w, &config, &table, NULL), 0);
	return table;
}

/* The members that must have been met for a run to mean something. */
static void check_tally(const struct tally *t)
{
	for (unsigned i = 0; i < COUNT(t->outcome); i++)
		if (!t->outcome[i])
			fail_msg("no case ended as %s", hpt_outcome_name((enum hpt_outcome)i));
	for (unsigned i = 0; i < COUNT(t->mode); i++)
		if (!t->mode[i])
			fail_msg("no case went by %s", hpt_mode_name((enum hpt_mode)i));
	assert_true(t->secondary > unit_share(1000) && t->mixed > unit_share(1000) &&
		    t->hypervisor > unit_share(1000));
	print_message("# mapped %u, no segment %u, several %u, bad segment %u, no entry %u, "
		      "protection %u, key %u, no execute %u, guarded %u, limit %u, VRMA %u; "
		      "secondary %u, mixed %u, to the hypervisor %u\n",
		      t->outcome[0], t->outcome[1], t->outcome[2], t->outcome[3],
		      t->outcome[4], t->outcome[5], t->outcome[6], t->outcome[7],
		      t->outcome[8], t->outcome[9], t->outcome[10], t->secondary, t->mixed,
		      t->hypervisor);
}

/* One address in a table of memory, in each form of the search. */
static void check_one(const struct world *w, const struct memory *m, uint64_t ea,
		      enum hpt_access access, uint32_t flags,
		      const struct hpt_translation *expected, struct hpt_translation *found)
{
	struct hpt_error err;

	unit_poison(&err);
	memset(found, 0x5a, sizeof(*found));
	found->size = sizeof(*found);
	unit_ok(hpt_translate(&w->cpu, m->portable, ea, access, flags, found, &err), &err);
	same_translation(found, expected);
	memset(found, 0xa5, sizeof(*found));
	found->size = sizeof(*found);
	unit_ok(hpt_translate(&w->cpu, m->table, ea, access, flags, found, &err), &err);
	same_translation(found, expected);
}

static void test_million(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t seed = 20;
	struct tally t = { 0 };
	struct memory m;

	(void)state;
	assert_non_null(w);
	open_memory(&m, 0);
	for (unsigned i = 0, n = unit_share(CASES); i < n; i++) {
		struct hpt_translation found, expected;
		enum hpt_access access = (enum hpt_access)(i % 3);
		uint32_t flags = world_flags(&seed);
		uint64_t ea;

		if (i % CASES_A_WORLD == 0) {
			world_make(w, &seed);
			load_memory(&m, w);
		}
		ea = world_ea(w, &seed);
		naive_translate(w, ea, access, flags, &expected);
		check_one(w, &m, ea, access, flags, &expected, &found);
		count(&t, &found);
	}
	check_tally(&t);
	close_memory(&m);
	free(w);
}

/* Make what the ISA 3.0 form has no place for disappear from a world. */
static void fit_v3(struct world *w)
{
	for (unsigned i = 0; i < w->n_used; i++) {
		w->entries[w->used[i]].v &= ~UINT64_C(0x3FF0000000000000);
		w->entries[w->used[i]].r &= ~UINT64_C(0x0E00000000000000);
	}
}

enum { PLAIN, V3, LIVE, LIVE_V3, KINDS };

static const uint32_t kind_flags[KINDS] = {
	[PLAIN] = 0,
	[V3] = HPT_MEMORY_V3,
	[LIVE] = HPT_MEMORY_LIVE,
	[LIVE_V3] = HPT_MEMORY_LIVE | HPT_MEMORY_V3,
};

/* Either form, live or not, with a view or without: the same answer. */
static void test_kinds(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct hpt_table *calls = open_callbacks(w);
	struct memory m[KINDS];
	uint64_t seed = 21;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++)
		open_memory(&m[k], kind_flags[k]);
	for (unsigned i = 0, n = unit_share(40000); i < n; i++) {
		enum hpt_access access = (enum hpt_access)(i % 3);
		uint32_t flags = world_flags(&seed);
		struct hpt_translation expected, found = { .size = sizeof(found) };
		uint64_t ea;

		if (i % 200 == 0) {
			world_make(w, &seed);
			fit_v3(w);
			for (unsigned k = 0; k < KINDS; k++)
				load_memory(&m[k], w);
		}
		ea = world_ea(w, &seed);
		naive_translate(w, ea, access, flags, &expected);
		assert_int_equal(
			hpt_translate(&w->cpu, calls, ea, access, flags, &found, NULL), 0);
		same_translation(&found, &expected);
		for (unsigned k = 0; k < KINDS; k++)
			check_one(w, &m[k], ea, access, flags, &expected, &found);
	}
	for (unsigned k = 0; k < KINDS; k++)
		close_memory(&m[k]);
	hpt_table_close(calls);
	free(w);
}

/* The same address so often that it goes through the queue. */
static void check_some(const struct world *w, const struct memory *m, uint64_t ea,
		       enum hpt_access access, uint32_t flags,
		       const struct hpt_translation *expected)
{
	const uint64_t eas[] = { ea, ea, ea, ea, ea };
	struct hpt_translation found[COUNT(eas)] = { { .size = sizeof(found[0]) } };

	assert_int_equal(hpt_translate_many(&w->cpu, m->table, eas, COUNT(eas), access, flags,
					    found, NULL),
			 0);
	for (size_t i = 0; i < COUNT(eas); i++)
		same_translation(&found[i], expected);
}

/*
 * Page sizes that are nobody's: the naive translator has those of processors only, so that the
 * long way, which has no tables of its own, must do.
 */
static void test_sizes(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct hpt_table *calls = open_callbacks(w);
	unsigned mapped = 0, n = unit_share(200000);
	struct memory m;
	uint64_t seed = 25;

	(void)state;
	open_memory(&m, 0);
	for (unsigned i = 0; i < n; i++) {
		enum hpt_access access = (enum hpt_access)(i % 3);
		uint32_t flags = world_flags(&seed);
		struct hpt_translation expected = { .size = sizeof(expected) }, found;
		uint64_t ea;

		if (i % CASES_A_WORLD == 0) {
			world_make(w, &seed);
			world_twist_sizes(w, &seed);
			load_memory(&m, w);
		}
		ea = world_ea(w, &seed);
		assert_int_equal(
			hpt_translate(&w->cpu, calls, ea, access, flags, &expected, NULL), 0);
		check_one(w, &m, ea, access, flags, &expected, &found);
		check_some(w, &m, ea, access, flags, &expected);
		mapped += found.outcome == HPT_OUTCOME_MAPPED;
	}
	assert_true(mapped > n / 10);
	close_memory(&m);
	hpt_table_close(calls);
	free(w);
}

/* More than wait at one time, in both queues. */
#define BATCH_MAX 170

/* Answers of a newer caller, whose structure is larger. */
struct wide {
	struct hpt_translation x;
	uint64_t more[3];
};

/* Of a table that has the world's entries again and again, in each of its parts. */
static void check_batch(const struct world *w, const struct hpt_table *table, uint64_t *seed)
{
	uint64_t slots = UINT64_C(1) << (hpt_table_order(table) - 4);
	size_t n = unit_random(seed) % BATCH_MAX;
	enum hpt_access access = (enum hpt_access)(unit_random(seed) % 3);
	uint32_t flags = world_flags(seed);
	struct wide out[BATCH_MAX];
	uint64_t ea[BATCH_MAX];

	memset(out, 0x5a, sizeof(out));
	out[0].x.size = sizeof(out[0]);
	for (size_t i = 0; i < n; i++)
		ea[i] = world_ea(w, seed);
	assert_int_equal(
		hpt_translate_many(&w->cpu, table, ea, n, access, flags, &out[0].x, NULL),
		0);
	for (size_t i = 0; i < n; i++) {
		struct hpt_translation expected;

		naive_translate(w, ea[i], access, flags, &expected);
		assert_true(out[i].x.ptex < slots);
		out[i].x.ptex %= WORLD_SLOTS;
		same_translation(&out[i].x, &expected);
		assert_int_equal(out[i].x.size, sizeof(out[0]));
		assert_int_equal(out[i].more[0], UINT64_C(0x5a5a5a5a5a5a5a5a));
	}
	for (size_t i = n ? n : 1; i < BATCH_MAX; i++)
		assert_int_equal(out[i].x.ra, UINT64_C(0x5a5a5a5a5a5a5a5a));
}

static void test_many(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct memory m[KINDS];
	uint64_t seed = 22;

	(void)state;
	for (unsigned k = 0; k < KINDS; k++)
		open_memory(&m[k], kind_flags[k]);
	for (unsigned i = 0, n = unit_share(2000); i < n; i++) {
		if (i % 5 == 0) {
			world_make(w, &seed);
			fit_v3(w);
			for (unsigned k = 0; k < KINDS; k++)
				load_memory(&m[k], w);
		}
		for (unsigned k = 0; k < KINDS; k++) {
			check_batch(w, m[k].table, &seed);
			check_batch(w, m[k].portable, &seed);
		}
	}
	for (unsigned k = 0; k < KINDS; k++)
		close_memory(&m[k]);
	free(w);
}

/*
 * So large that groups are sent for in bursts: the same memory 2,048 times. A hash has all of
 * its bits in such a table, but only those of the world's own say where an entry is.
 */
#define LARGE_BYTES ((size_t)1 << 29)

static void open_large(struct memory *m, unsigned order)
{
	size_t part = sizeof(*m->raw) * WORLD_SLOTS;
	FILE *file = tmpfile();
	unsigned char *p;

	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), (off_t)part), 0);
	p = mmap(NULL, LARGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		 0);
	assert_true(p != MAP_FAILED);
	for (size_t at = 0; at < LARGE_BYTES; at += part)
		assert_true(mmap(p + at, part, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				 fileno(file), 0) == p + at);
	fclose(file);
	m->raw = (void *)p;
	assert_int_equal(hpt_memory_open(m->raw, order, NULL, &m->table, NULL), 0);
	assert_int_equal(hpt_memory_open(m->raw, order, NULL, &m->portable, NULL), 0);
	hpt_table_set_base(m->portable, m->raw, false);
}

static void check_large(unsigned order)
{
	struct world *w = calloc(1, sizeof(*w));
	uint64_t seed = order;
	struct memory m = { 0 };

	open_large(&m, order);
	for (unsigned i = 0, n = unit_share(1000); i < n; i++) {
		if (i % 5 == 0) {
			world_make(w, &seed);
			load_memory(&m, w);
		}
		check_batch(w, m.table, &seed);
		check_batch(w, m.portable, &seed);
	}
	hpt_table_close(m.table);
	hpt_table_close(m.portable);
	assert_int_equal(munmap(m.raw, LARGE_BYTES), 0);
	free(w);
}

static void test_large(void **state)
{
	(void)state;
	check_large(28);
	check_large(29);
}

/* Segments of both sizes, in few terabytes that look alike to a hash of whatever bits. */
static struct hpt_slb_entry crowded_segment(const struct world *w, uint64_t *seed)
{
	/* clang-format off */
	static const uint64_t terabytes[] = {
		0, 0x40, 0x80, 0x1000, 0xC00000, 0xC00800, 0xC00C00, 0xD00000,
	};
	/* clang-format on */
	const struct hpt_page_sizes *sizes = w->cpu.sizes;
	uint64_t terabyte = terabytes[unit_random(seed) % COUNT(terabytes)];
	uint64_t vsid = unit_random(seed) & HPT_SLB_VSID;
	bool big = unit_random(seed) % 8 == 0;
	struct hpt_slb_entry e = { terabyte << 40 | HPT_SLB_VALID,
				   vsid | sizes->base[unit_random(seed) % sizes->n].slb_enc };

	e.vsid |= unit_random(seed) & (HPT_SLB_KS | HPT_SLB_KP | HPT_SLB_N);
	if (big)
		e.vsid = (e.vsid & ~UINT64_C(0xFFF000)) | UINT64_C(1) << HPT_SLB_B_SHIFT;
	else
		e.esid |= (unit_random(seed) & 0x10F) << 28;
	return e;
}

/* All slots in use, so that many addresses are in one segment, in two or in none. */
static void crowd(struct world *w, uint64_t *seed)
{
	for (uint32_t i = w->cpu.slb_n; i < HPT_SLB_MAX; i++)
		w->cpu.slb[i] = crowded_segment(w, seed);
	w->cpu.slb_n = HPT_SLB_MAX - (uint32_t)(unit_random(seed) % 16);
	w->cpu.msr |= HPT_MSR_SF;
}

static uint64_t crowded_ea(const struct world *w, uint64_t *seed)
{
	uint64_t random = unit_random(seed);
	uint64_t ea = w->cpu.slb[random % HPT_SLB_MAX].esid;

	if (random >> 62 == 0)
		return world_ea(w, seed);
	ea = ea >> 28 << 28 | (random >> 32 & 0xFFFFFFF);
	return random >> 62 == 1 ? ea ^ (random >> 8 & 0x10F) << 28 : ea;
}

static void test_crowded(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct hpt_translation out[BATCH_MAX];
	unsigned met[HPT_OUTCOME_BAD_VRMA + 1] = { 0 };
	uint64_t seed = 24, ea[BATCH_MAX];
	struct memory m;

	(void)state;
	open_memory(&m, 0);
	for (unsigned i = 0, n = unit_share(3000); i < n; i++) {
		const struct hpt_table *table = i & 1 ? m.table : m.portable;
		enum hpt_access access = (enum hpt_access)(unit_random(&seed) % 3);
		uint32_t flags = world_flags(&seed) & ~HPT_XLATE_REAL;

		if (i % 4 == 0) {
			world_make(w, &seed);
			crowd(w, &seed);
			load_memory(&m, w);
		}
		for (unsigned j = 0; j < BATCH_MAX; j++)
			ea[j] = crowded_ea(w, &seed);
		memset(out, 0xa5, sizeof(out));
		out[0].size = sizeof(out[0]);
		assert_int_equal(hpt_translate_many(&w->cpu, table, ea, BATCH_MAX, access,
						    flags, out, NULL),
				 0);
		for (unsigned j = 0; j < BATCH_MAX; j++) {
			struct hpt_translation expected;

			naive_translate(w, ea[j], access, flags, &expected);
			same_translation(&out[j], &expected);
			met[out[j].outcome]++;
		}
	}
	assert_true(met[HPT_OUTCOME_MAPPED] > unit_share(1000) &&
		    met[HPT_OUTCOME_NO_ENTRY] > unit_share(1000));
	assert_true(met[HPT_OUTCOME_NO_SEGMENT] > unit_share(1000) &&
		    met[HPT_OUTCOME_SEGMENTS] > unit_share(1000));
	close_memory(&m);
	free(w);
}

/* The slots tell the same story as the answer: the first match is the entry. */
static void check_slots(const struct world *w, const struct hpt_explanation *e)
{
	const struct hpt_translation *x = &e->translation;
	unsigned matches = 0;

	for (unsigned i = 0; i < e->n_slots; i++) {
		const struct hpt_slot_step *s = &e->slot[i];
		uint64_t group = i < 8 ? e->pteg_ptex[0] : e->pteg_ptex[1];

		assert_int_equal(s->ptex, group + i % 8);
		assert_memory_equal(&s->entry, &w->entries[s->ptex], sizeof(s->entry));
		if (s->reason == HPT_SLOT_MATCH) {
			assert_int_equal(matches++, 0);
			assert_true(x->has & HPT_HAS_ENTRY);
			assert_int_equal(s->ptex, x->ptex);
			assert_int_equal(s->page_shift, x->page_shift);
			assert_int_equal(i >= 8, x->secondary);
		} else if (s->reason == HPT_SLOT_DUPLICATE) {
			assert_int_equal(matches, 1);
		}
	}
	assert_int_equal(matches, x->has & HPT_HAS_ENTRY ? 1 : 0);
}

static void check_segments(const struct world *w, const struct hpt_explanation *e)
{
	unsigned matches = 0, first = 0;

	assert_int_equal(e->n_segments, e->mode == HPT_MODE_SEGMENT ? w->cpu.slb_n : 0);
	for (unsigned i = 0; i < e->n_segments; i++) {
		const struct hpt_segment_step *s = &e->segment[i];

		assert_memory_equal(&s->entry, &w->cpu.slb[i], sizeof(s->entry));
		assert_int_equal(s->reason == HPT_SEGMENT_INVALID,
				 !(s->entry.esid & HPT_SLB_VALID));
		if (s->reason == HPT_SEGMENT_MATCH)
			first = i;
		assert_true(s->reason != HPT_SEGMENT_DUPLICATE || matches);
		matches += s->reason <= HPT_SEGMENT_DUPLICATE;
	}
	assert_int_equal(matches > 0, !!(e->translation.has & HPT_HAS_SLB_SLOT));
	if (matches)
		assert_int_equal(first, e->translation.slb_slot);
	if (e->translation.outcome == HPT_OUTCOME_SEGMENTS)
		assert_true(matches > 1);
}

static void test_explain(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned reasons[HPT_SLOT_PAGE_SIZE + 1] = { 0 };
	struct hpt_explanation *e = malloc(sizeof(*e));
	uint64_t seed = 23;
	struct memory m;

	(void)state;
	open_memory(&m, 0);
	for (unsigned i = 0, n = unit_share(60000); i < n; i++) {
		enum hpt_access access = (enum hpt_access)(i % 3);
		uint32_t flags = world_flags(&seed);
		struct hpt_translation expected;
		uint64_t ea;

		if (i % 100 == 0) {
			world_make(w, &seed);
			load_memory(&m, w);
		}
		ea = world_ea(w, &seed);
		e->size = sizeof(*e);
		assert_int_equal(hpt_explain(&w->cpu, m.table, ea, access, flags, e, NULL), 0);
		naive_translate(w, ea, access, flags, &expected);
		same_translation(&e->translation, &expected);
		assert_int_equal(e->mode, expected.mode);
		check_segments(w, e);
		check_slots(w, e);
		for (unsigned j = 0; j < e->n_slots; j++)
			reasons[e->slot[j].reason]++;
	}
	for (unsigned i = 0; i < COUNT(reasons); i++)
		assert_true(reasons[i] > 0);
	close_memory(&m);
	free(e);
	free(w);
}

/* A CPU of which nothing is out of the way, and an address that its table maps for loads. */
static uint64_t make_plain(struct world *w, struct memory *m)
{
	uint64_t seed = 26;

	for (unsigned i = 0; i < 1000; i++) {
		struct hpt_cpu *cpu = &w->cpu;
		struct hpt_translation x = { .size = sizeof(x) };

		world_make(w, &seed);
		load_memory(m, w);
		cpu->isa = HPT_ISA_2_07;
		cpu->platform = HPT_PLATFORM_PSERIES;
		cpu->sizes = hpt_page_sizes_of(HPT_CPU_POWER8);
		cpu->msr = HPT_MSR_SF | HPT_MSR_IR | HPT_MSR_DR;
		cpu->lpcr = cpu->amr = cpu->iamr = 0;
		for (unsigned j = 0; j < w->n_ea; j++)
			if (!hpt_translate(cpu, m->table, w->ea[j], HPT_ACCESS_READ, 0, &x,
					   NULL) &&
			    x.outcome == HPT_OUTCOME_MAPPED && !x.secondary && !x.key)
				return w->ea[j];
	}
	fail_msg("no address is mapped");
	return 0;
}

/* One argument is wrong, and all else as in most calls. */
static void refused(const struct hpt_cpu *cpu, const struct memory *m, uint64_t ea, int access,
		    uint32_t flags, size_t size, const char *text)
{
	const struct hpt_table *tables[] = { m->table, m->portable };
	struct hpt_translation x, before;
	struct hpt_error err;

	memset(&x, 0x5a, sizeof(x));
	x.size = size;
	before = x;
	for (size_t i = 0; i < COUNT(tables); i++) {
		unit_poison(&err);
		assert_int_equal(hpt_translate(cpu, tables[i], ea, (enum hpt_access)access,
					       flags, &x, &err),
				 HPT_ERR_ARGUMENT);
		assert_non_null(strstr(err.text, text));
		assert_memory_equal(&x, &before, sizeof(x));
	}
}

static void test_refused(void **state)
{
	const struct hpt_linux rule = { .size = 1 };
	struct world *w = calloc(1, sizeof(*w));
	const size_t size = sizeof(struct hpt_translation);
	struct hpt_cpu cpu;
	struct memory m;
	uint64_t ea;

	(void)state;
	open_memory(&m, 0);
	ea = make_plain(w, &m);
	refused(NULL, &m, ea, 0, 0, size, "struct hpt_cpu: NULL");
	refused(&w->cpu, &m, ea, 3, 0, size, "access is 3, expected 0 to 2");
	refused(&w->cpu, &m, ea, -1, 0, size, "access is -1, expected 0 to 2");
	refused(&w->cpu, &m, ea, 0, 16, size, "flags are 0x10, expected of 0xf");
	refused(&w->cpu, &m, ea, 0, 256, size, "flags are 0x100, expected of 0xf");
	refused(&w->cpu, &m, ea, 0, 6, size, "flags are 0x6, expected of 0xf, and not both");
	refused(&w->cpu, &m, ea, 0, 0, 8, "hpt_translation");
	refused(&w->cpu, &m, ea, 0, 0, size - 8, "hpt_translation");
	assert_int_equal(hpt_translate(&w->cpu, m.table, ea, 0, 0, NULL, NULL),
			 HPT_ERR_ARGUMENT);
	cpu = w->cpu;
	cpu.size = sizeof(cpu) - 8;
	refused(&cpu, &m, ea, 0, 0, size, "hpt_cpu");
	cpu = w->cpu;
	cpu.slb_n = 65;
	refused(&cpu, &m, ea, 0, 0, size, "65 SLB slots, expected at most 64");
	cpu = w->cpu;
	cpu.platform = (enum hpt_platform)3;
	refused(&cpu, &m, ea, 0, 0, size, "struct hpt_cpu: platform is 3");
	cpu = w->cpu;
	cpu.sizes = NULL;
	refused(&cpu, &m, ea, 0, 0, size, "struct hpt_cpu: no page sizes");
	cpu = w->cpu;
	w->sizes.n = 9;
	cpu.sizes = &w->sizes;
	refused(&cpu, &m, ea, 0, 0, size, "9 base page sizes, expected 1 to 8");
	cpu = w->cpu;
	cpu.linux_rule = &rule;
	refused(&cpu, &m, ea, 0, 0, size, "hpt_linux");
	close_memory(&m);
	free(w);
}

/* Where an answer goes may be any address. */
static void test_unaligned(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct hpt_translation expected, x = { .size = sizeof(x) };
	unsigned char *room = malloc(sizeof(x) + 1);
	struct memory m;
	uint64_t ea;

	(void)state;
	open_memory(&m, 0);
	ea = make_plain(w, &m);
	assert_int_equal(hpt_translate(&w->cpu, m.table, ea, HPT_ACCESS_READ, 0, &x, NULL), 0);
	expected = x;
	memset(&x, 0x5a, sizeof(x));
	x.size = sizeof(x);
	memcpy(room + 1, &x, sizeof(x));
	assert_int_equal(hpt_translate(&w->cpu, m.table, ea, HPT_ACCESS_READ, 0,
				       (struct hpt_translation *)(void *)(room + 1), NULL),
			 0);
	memcpy(&x, room + 1, sizeof(x));
	same_translation(&x, &expected);
	free(room);
	close_memory(&m);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_million),   cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_sizes),     cmocka_unit_test(test_many),
		cmocka_unit_test(test_large),     cmocka_unit_test(test_crowded),
		cmocka_unit_test(test_explain),   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unaligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
