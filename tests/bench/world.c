/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A table half full, as an operating system fills it: random pages of random segments, each
 * in the first free slot of its primary group, or else of its secondary one.
 */

#include "bench.h"

#define SEGMENT_SHIFT 40

/* A kind of page, and how many of a thousand entries are of it. */
static const struct kind {
	unsigned shift, segments, thousandths;
} kinds[] = { { 12, 12, 480 }, { 16, 12, 480 }, { 24, 8, 40 } };

struct segment {
	uint64_t vsid;
	const struct hpt_base_size *base;
};

struct maker {
	struct world *w;
	struct segment segments[SEGMENTS];
	uint64_t seed;
};

static const struct hpt_base_size *base_of(unsigned shift)
{
	const struct hpt_page_sizes *sizes = hpt_page_sizes_of(HPT_CPU_POWER8);

	for (uint32_t i = 0; i < sizes->n; i++)
		if (sizes->base[i].shift == shift)
			return &sizes->base[i];
	die("no pages of 2^%u bytes", shift);
}

static void make_cpu(struct maker *m)
{
	struct hpt_cpu *cpu = &m->w->cpu;
	unsigned n = 0;

	cpu->size = sizeof(*cpu);
	if (hpt_cpu_init(cpu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, NULL))
		die("no CPU");
	for (size_t k = 0; k < COUNT(kinds); k++) {
		const struct hpt_base_size *base = base_of(kinds[k].shift);

		for (unsigned i = 0; i < kinds[k].segments; i++, n++) {
			uint64_t vsid = random64(&m->seed) >> (64 - 37);

			m->segments[n] = (struct segment){ vsid, base };
			cpu->slb[n].esid = (uint64_t)(n + 1) << SEGMENT_SHIFT | HPT_SLB_VALID;
			cpu->slb[n].vsid =
				UINT64_C(1) << HPT_SLB_B_SHIFT | vsid << 24 | base->slb_enc;
		}
	}
	cpu->slb_n = n;
}

/* The encoding of a page as large as its base. */
static uint64_t lp_of(const struct hpt_base_size *base)
{
	for (uint32_t i = 0; i < base->n; i++)
		if (base->actual[i].shift == base->shift)
			return base->actual[i].lp;
	die("no plain pages of 2^%u bytes", base->shift);
}

/* Where a page's bytes are, so that every answer can be told right or wrong. */
static uint64_t ra_of(uint64_t ea, unsigned shift)
{
	uint64_t page = ea >> shift << shift;

	return random64(&page) >> 20 >> shift << shift;
}

static struct hpt_entry entry_of(const struct segment *s, const struct hpt_va *va, uint64_t ea,
				 bool secondary)
{
	unsigned shift = s->base->shift;
	struct hpt_entry e = { .v = hpt_va_avpn(va, shift) | HPT_V_VALID,
			       .r = ra_of(ea, shift) | lp_of(s->base) << 12 |
				    HPT_R_REFERENCED | HPT_R_CHANGED | HPT_R_M | 2 };

	if (secondary)
		e.v |= HPT_V_SECONDARY;
	if (shift > 12)
		e.v |= HPT_V_LARGE;
	return e;
}

static struct hpt_raw_entry *find(struct hpt_raw_entry *group, uint64_t v)
{
	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
		uint64_t found = hpt_be64_get(group[i].v_be);

		if (v ? (found & (HPT_V_B | HPT_V_AVPN | HPT_V_SECONDARY | HPT_V_VALID)) == v
		      : !(found & HPT_V_VALID))
			return &group[i];
	}
	return NULL;
}

struct page {
	const struct segment *segment;
	struct hpt_va va;
	uint64_t ea;
	uint64_t pteg[2];
};

/* A random page of a kind. */
static struct page random_page(struct maker *m, const struct kind *kind, unsigned first)
{
	unsigned slot = first + (unsigned)(random64(&m->seed) % kind->segments);
	const struct segment *s = &m->segments[slot];
	uint64_t offset = random64(&m->seed) >> (64 - SEGMENT_SHIFT);
	struct page p = { .segment = s };
	uint64_t hash;

	p.va = (struct hpt_va){ .vsid = s->vsid,
				.segment_shift = SEGMENT_SHIFT,
				.offset = offset };
	p.ea = (uint64_t)(slot + 1) << SEGMENT_SHIFT | offset;
	hash = hpt_va_hash(&p.va, s->base->shift);
	p.pteg[0] = hpt_hash_pteg(hash, m->w->order, false);
	p.pteg[1] = hpt_hash_pteg(hash, m->w->order, true);
	return p;
}

static bool is_there(const struct world *w, const struct page *p)
{
	for (unsigned secondary = 0; secondary < 2; secondary++) {
		uint64_t v = hpt_va_avpn(&p->va, p->segment->base->shift) | HPT_V_VALID |
			     (secondary ? HPT_V_SECONDARY : 0);

		if (find(w->raw + p->pteg[secondary] * HPT_PTEG_ENTRIES, v))
			return true;
	}
	return false;
}

static void remember(struct probe *probes, size_t *n, const struct page *p, bool secondary,
		     uint64_t ra)
{
	if (*n < PROBES)
		probes[(*n)++] = (struct probe){ p->ea, ra, (uint32_t)p->pteg[secondary],
						 (uint32_t)p->pteg[!secondary] };
}

/* True: there is an entry more. */
static bool enter(struct maker *m, const struct page *p, bool keep)
{
	struct world *w = m->w;
	unsigned shift = p->segment->base->shift;
	uint64_t ra;

	if (is_there(w, p))
		return false;
	ra = ra_of(p->ea, shift) | (p->ea & ((UINT64_C(1) << shift) - 1));
	for (unsigned secondary = 0; secondary < 2; secondary++) {
		struct hpt_raw_entry *slot =
			find(w->raw + p->pteg[secondary] * HPT_PTEG_ENTRIES, 0);
		struct hpt_entry e;

		if (!slot)
			continue;
		e = entry_of(p->segment, &p->va, p->ea, secondary);
		hpt_entries_to_bytes(&e, 1, slot);
		if (secondary)
			remember(w->secondary, &w->n_secondary, p, true, ra);
		else if (keep)
			remember(w->primary, &w->n_primary, p, false, ra);
		return true;
	}
	return false;
}

static void fill(struct maker *m, const struct kind *kind, unsigned first)
{
	struct world *w = m->w;
	uint64_t goal = w->slots / 2 * kind->thousandths / 1000;
	/* Probes are spread over the table's whole filling. */
	uint64_t step = (w->slots / 2 + PROBES - 1) / PROBES;
	/* Not more than an eighth of the pages that there are. */
	uint64_t most = ((uint64_t)kind->segments << (SEGMENT_SHIFT - kind->shift)) / 8;

	if (goal > most)
		goal = most;
	for (uint64_t n = 0; n < goal;) {
		struct page p = random_page(m, kind, first);

		n += enter(m, &p, n % step == 0);
	}
	w->valid += goal;
}

static void make_misses(struct maker *m)
{
	struct world *w = m->w;

	while (w->n_miss < w->n_primary) {
		struct page p = random_page(m, &kinds[w->n_miss % 2],
					    w->n_miss % 2 ? kinds[0].segments : 0);

		if (!is_there(w, &p))
			remember(w->miss, &w->n_miss, &p, false, UINT64_MAX);
	}
}

/* The kinds were entered one after the other; asked for they are mixed. */
static void shuffle(uint64_t *seed, struct probe *probes, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = random64(seed) % i;
		struct probe other = probes[j];

		probes[j] = probes[i - 1];
		probes[i - 1] = other;
	}
}

void world_make(struct world *w, unsigned order)
{
	struct maker m = { .w = w, .seed = 5 };
	unsigned first = 0;

	*w = (struct world){ .order = order, .slots = UINT64_C(1) << (order - 4) };
	w->raw = alloc_table((size_t)1 << order);
	w->primary = must_alloc(PROBES * sizeof(*w->primary));
	w->secondary = must_alloc(PROBES * sizeof(*w->secondary));
	w->miss = must_alloc(PROBES * sizeof(*w->miss));
	make_cpu(&m);
	for (size_t k = 0; k < COUNT(kinds); k++) {
		fill(&m, &kinds[k], first);
		first += kinds[k].segments;
	}
	make_misses(&m);
	shuffle(&m.seed, w->primary, w->n_primary);
	shuffle(&m.seed, w->secondary, w->n_secondary);
	if (hpt_memory_open(w->raw, order, NULL, &w->table, NULL))
		die("no table of order %u", order);
}

void world_free(struct world *w)
{
	hpt_table_close(w->table);
	free_table(w->raw, (size_t)1 << w->order);
	free(w->primary);
	free(w->secondary);
	free(w->miss);
}
