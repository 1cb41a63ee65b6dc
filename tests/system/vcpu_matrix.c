/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* hpt_translate() against the vCPU, access by access: the CPU and KVM are the truth. */

#include "vcpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define N_SEGMENTS 8 /* Ks, Kp and N */
#define N_PAGES 10   /* pp and N, in each segment */
#define KEY 5
#define N_STATES 5 /* of MSR: IR, DR, PR */
#define MAX_SHOWN 6

/* Pages of one size in segments of one kind. */
struct kind {
	unsigned segment_shift, base_shift, page_shift;
	unsigned key;
};

struct spot {
	struct segment *segment;
	struct mapping mapping;
	uint64_t ptex;
	uint64_t ea; /* of the word that is fetched; what is loaded and stored is 8 on */
	bool used, changed; /* what the CPU did there, by its own account */
};

struct matrix {
	struct vm vm;
	struct vcpu vcpu;
	struct hpt_table *copy; /* of the table: hpt_translate() need not go to the kernel */
	struct segment segments[N_SEGMENTS];
	struct spot spots[N_SEGMENTS * N_PAGES];
	unsigned n; /* spots */
	uint64_t cases, allowed, wrong;
	uint64_t stored; /* a number, another with each store */
};

static unsigned char *memory_at(const struct vm *vm, uint64_t ra)
{
	return ra < HOST_GUEST_BYTES ? vm->memory + ra : vm->huge + (ra - HUGE_RA);
}

/* What the CPU reported, as libhpt would put it. */
bool vcpu_agrees(const struct hpt_translation *t, const struct report *r)
{
	if (!t->interrupt || r->vector == VECTOR_DONE)
		return !t->interrupt && t->outcome == HPT_OUTCOME_MAPPED &&
		       r->vector == VECTOR_DONE;
	return t->interrupt == r->vector &&
	       (!(t->has & HPT_HAS_DSISR) || t->dsisr == r->dsisr) &&
	       (!(t->has & HPT_HAS_DAR) || t->dar == r->dar) &&
	       (!(t->has & HPT_HAS_SRR1) || t->srr1 == (r->srr1 & HPT_SRR1_REASONS));
}

static void show(const struct vcpu *vcpu, const struct hpt_translation *t,
		 const struct report *r)
{
	printf("# access %d at %" PRIx64 ", MSR %" PRIx64 ", AMR %" PRIx64 ", IAMR %" PRIx64
	       ": vector %" PRIx64 ", DSISR %" PRIx64 ", DAR %" PRIx64 ", SRR0 %" PRIx64
	       ", SRR1 %" PRIx64 "; libhpt: %s, vector %x, DSISR %x, SRR1 %" PRIx64
	       ", entry %" PRIx64 " %" PRIx64 ", segment %" PRIx64 "\n",
	       t->access, t->ea, vcpu->cpu.msr, vcpu->cpu.amr, vcpu->cpu.iamr, r->vector,
	       r->dsisr, r->dar, r->srr0, r->srr1, hpt_outcome_name(t->outcome), t->interrupt,
	       t->dsisr, t->srr1, t->entry.v, t->entry.r, t->segment.vsid);
}

/* An allowed access must have reached the byte that libhpt names. */
static bool reached(const struct matrix *m, const struct hpt_translation *t,
		    const struct report *r, uint64_t before)
{
	uint64_t now = get_be64(memory_at(&m->vm, t->ra & ~UINT64_C(7)));

	switch (t->access) {
	case HPT_ACCESS_READ:
		return r->loaded == before && now == before;
	case HPT_ACCESS_WRITE:
		return now == m->stored;
	default:
		return now == before && r->srr0 == t->ea + 4;
	}
}

/* One access, by both. Returns whether it was allowed. */
static bool try_access(struct matrix *m, enum hpt_access access, uint64_t ea, uint64_t msr)
{
	struct hpt_translation t = { .size = sizeof(t) };
	uint64_t before = 0;
	struct report r;
	bool good;

	m->vcpu.cpu.msr = msr;
	if (!CHECK(hpt_translate(&m->vcpu.cpu, m->copy, ea, access, 0, &t, &err) == 0))
		return false;
	/* In real mode nothing is forbidden, but there may be a device, or nothing. */
	if (t.mode == HPT_MODE_REAL_GUEST && t.ra >= HOST_GUEST_BYTES)
		return false;
	if (t.outcome == HPT_OUTCOME_MAPPED)
		before = get_be64(memory_at(&m->vm, t.ra & ~UINT64_C(7)));
	if (!vcpu_access(&m->vcpu, access, ea, msr, ++m->stored, &r))
		return false;
	good = vcpu_agrees(&t, &r);
	if (good && t.outcome == HPT_OUTCOME_MAPPED)
		good = reached(m, &t, &r, before);
	if (!good && ++m->wrong <= MAX_SHOWN)
		show(&m->vcpu, &t, &r);
	m->cases++;
	m->allowed += r.vector == VECTOR_DONE;
	return r.vector == VECTOR_DONE;
}

/* The table for one kind ---------------------------------------------------------------- */

/* What the architecture defines. With the others (4, 5, 7) the CPU denies an access that KVM
 * takes for allowed, and the two never come to an end. */
static const uint8_t pps[N_PAGES / 2] = { 0, 1, 2, 3, 6 };

/* Many map the same page of memory; of the largest there is but one. */
static void place(struct matrix *m, const struct kind *k, unsigned segment, unsigned page)
{
	struct spot *spot = m->spots + m->n;
	const uint8_t pp = pps[page / 2];
	/* Of a page larger than its base page another of its base pages each time. */
	uint64_t offset = k->page_shift > k->base_shift ? (page * 53 + 3) << k->base_shift : 0;
	/* Behind other pages; in a segment of 1T, of other parts of it. */
	uint64_t within = ((uint64_t)page << k->page_shift) +
			  (k->segment_shift == 40 ? UINT64_C(0x1230000000) : 0);

	spot->segment = m->segments + segment;
	spot->mapping = (struct mapping){
		.ea = spot->segment->ea + within + offset,
		.ra = k->page_shift == 24 ? HUGE_RA
					  : RA_TARGET + (m->n << k->page_shift) % TARGET_BYTES,
		.page_shift = k->page_shift,
		.r = HPT_R_M | (pp & 4 ? HPT_R_PP0 : 0) | (pp & 3) |
		     (page & 1 ? HPT_R_NO_EXECUTE : 0) | (uint64_t)(k->key & 0x18) << 57 |
		     (uint64_t)(k->key & 7) << 9,
		.secondary = (segment + page) % 3 == 0,
	};
	spot->ea = spot->mapping.ea + 0x340;
	spot->used = spot->changed = false;
	spot->ptex = vm_enter(&m->vm, spot->segment, &spot->mapping);
	m->n++;
}

static bool arrange(struct matrix *m, const struct kind *k)
{
	/* Not the whole table: the kernel's own entries for real mode are in it. */
	while (m->n)
		CHECK(hpt_table_clear(m->vm.table, m->spots[--m->n].ptex, 1, &err) == 0);
	for (unsigned i = 0; i < N_SEGMENTS; i++) {
		m->segments[i] = (struct segment){
			.ea = k->segment_shift == 40 ? (i + 1) * (UINT64_C(1) << 40)
						     : (i + 2) * (UINT64_C(1) << 28),
			.vsid = 0xABCDE00 + i * 0x1357,
			.segment_shift = k->segment_shift,
			.base_shift = k->base_shift,
			.flags = (i & 1 ? HPT_SLB_KS : 0) | (i & 2 ? HPT_SLB_KP : 0) |
				 (i & 4 ? HPT_SLB_N : 0),
		};
		for (unsigned page = 0; page < N_PAGES; page++)
			place(m, k, i, page);
	}
	hpt_table_close(m->copy);
	m->copy = NULL;
	return vcpu_set_segments(&m->vcpu, m->segments, N_SEGMENTS) &&
	       CHECK(hpt_sparse_open(VM_ORDER, &m->copy, &err) == 0) &&
	       CHECK(hpt_table_copy(m->copy, m->vm.table, NULL, &err) == 0);
}

/* -------------------------------------------------------------------------------------- */

static void try_spots(struct matrix *m, uint64_t msr)
{
	for (unsigned i = 0; i < m->n; i++) {
		struct spot *spot = m->spots + i;
		bool loaded = try_access(m, HPT_ACCESS_READ, spot->ea + 8, msr);
		bool stored = try_access(m, HPT_ACCESS_WRITE, spot->ea + 8, msr);
		bool fetched = try_access(m, HPT_ACCESS_FETCH, spot->ea, msr);

		spot->used |= loaded || stored || fetched;
		spot->changed |= stored;
	}
}

/* R of what was used, C of what was stored to, and of no other; nothing else has changed. */
static void check_rc(const struct matrix *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct spot *spot = m->spots + i;
		struct hpt_entry now = vm_read(&m->vm, spot->ptex), then = { 0, 0 };

		CHECK(hpt_table_read(m->copy, spot->ptex, 1, &then, &err) == 0);
		then.r |= (spot->used ? HPT_R_REFERENCED : 0) |
			  (spot->changed ? HPT_R_CHANGED : 0);
		if (!CHECK(now.v == then.v && now.r == then.r))
			printf("# slot %" PRIx64 ": %" PRIx64 " %" PRIx64 ", expected %" PRIx64
			       " %" PRIx64 "\n",
			       spot->ptex, now.v, now.r, then.v, then.r);
	}
}

static void name_kind(const struct kind *k, char *text, size_t len)
{
	snprintf(text, len, "pages of 2^%u in 2^%u, segments of 2^%u, key %u", k->page_shift,
		 k->base_shift, k->segment_shift, k->key);
}

static void test_kind(struct matrix *m, const struct kind *k)
{
	char name[100];

	name_kind(k, name, sizeof(name));
	tap_begin("%s: pp, Ks, Kp, N against the CPU", name);
	if (k->page_shift == 24 && !m->vm.huge) {
		tap_skip("this host has no pages of 16M");
		return;
	}
	m->cases = m->allowed = m->wrong = 0;
	if (arrange(m, k)) {
		/* All of the key's bits, with both of IAMR's. */
		for (uint64_t bits = 0; bits < (k->key ? 8 : 1); bits++) {
			unsigned shift = 62 - 2 * k->key;

			vcpu_set_keys(&m->vcpu, (bits & 3) << shift, (bits >> 2) << shift);
			try_spots(m, MSR_ON);
			try_spots(m, MSR_ON | HPT_MSR_PR);
		}
		vcpu_set_keys(&m->vcpu, 0, 0);
		check_rc(m);
		CHECK(m->wrong == 0);
		CHECK(m->allowed > m->cases / 8 && m->allowed < m->cases);
		printf("# %" PRIu64 " accesses, %" PRIu64 " of them allowed\n", m->cases,
		       m->allowed);
	}
	tap_end();
}

/* Addresses of every kind, in each state of MSR; PR without IR and DR is none. */
static void test_states(struct matrix *m)
{
	static const struct kind kind = { 28, 12, 12, 0 };
	static const uint64_t states[N_STATES] = {
		0,
		HPT_MSR_IR,
		HPT_MSR_DR,
		HPT_MSR_IR | HPT_MSR_DR,
		HPT_MSR_IR | HPT_MSR_DR | HPT_MSR_PR,
	};
	uint64_t ea[8] = {
		UINT64_C(0xF0000000), /* no segment, and no memory */
		RA_TARGET,
		UINT64_C(0xC000000000000000) | RA_TARGET,
		UINT64_C(0xDEADBEEF00000000) | RA_OTHER,
	};

	tap_begin("real and virtual, 32-bit and 64-bit: against the CPU");
	m->cases = m->allowed = m->wrong = 0;
	if (arrange(m, &kind)) {
		ea[4] = m->spots[4].ea; /* pp 2 */
		ea[5] = ea[4] | UINT64_C(0xDEADBEEF00000000);
		ea[6] = ea[4] + 0x800000; /* no entry */
		ea[7] = m->spots[7].ea;   /* pp 3, N */
		for (unsigned i = 0; i < 16 * N_STATES; i++) {
			uint64_t msr = states[i / 16] | (i & 8 ? HPT_MSR_SF : 0);

			try_access(m, HPT_ACCESS_READ, ea[i % 8] + 8, msr);
			try_access(m, HPT_ACCESS_WRITE, ea[i % 8] + 8, msr);
			try_access(m, HPT_ACCESS_FETCH, ea[i % 8], msr);
		}
		CHECK(m->wrong == 0);
		CHECK(m->allowed > m->cases / 8 && m->allowed < m->cases);
		printf("# %" PRIu64 " accesses, %" PRIu64 " of them allowed\n", m->cases,
		       m->allowed);
	}
	tap_end();
}

/* In RAM KVM gives the CPU entries with M alone: the guest may fetch where its G forbids it. */
static void test_guarded(struct matrix *m)
{
	const struct mapping mapping = { .ea = m->segments[0].ea + 0x900000,
					 .ra = RA_TARGET,
					 .page_shift = 12,
					 .r = HPT_R_M | HPT_R_G | 2 };
	struct hpt_translation t = { .size = sizeof(t) };
	struct report report = { .vector = 0 };

	tap_begin("guarded RAM: libhpt says what the entry says, KVM leaves G out");
	CHECK(vm_enter(&m->vm, m->segments, &mapping) != UINT64_MAX);
	m->vcpu.cpu.msr = MSR_ON;
	CHECK(hpt_translate(&m->vcpu.cpu, m->vm.table, mapping.ea, HPT_ACCESS_FETCH, 0, &t,
			    &err) == 0);
	CHECK(t.outcome == HPT_OUTCOME_GUARDED && t.entry.r & HPT_R_G);
	CHECK(vcpu_access(&m->vcpu, HPT_ACCESS_FETCH, mapping.ea, MSR_ON, 0, &report));
	CHECK(report.vector == VECTOR_DONE);
	tap_end();
}

void test_matrix(void)
{
	static const struct kind kinds[] = {
		{ 28, 12, 12, 0 },   { 40, 12, 12, 0 },  { 28, 16, 16, 0 },  { 40, 16, 16, 0 },
		{ 28, 12, 12, KEY }, { 40, 16, 16, 26 }, { 28, 24, 24, 0 },  { 40, 24, 24, 0 },
		{ 28, 12, 24, 0 },   { 40, 16, 24, 0 },  { 28, 16, 16, 31 },
	};
	static struct matrix m;

	tap_begin("a VM and a vCPU");
	if (vm_make(&m.vm) && vm_give_huge_page(&m.vm) && vcpu_make(&m.vm, 0, &m.vcpu)) {
		tap_end();
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			test_kind(&m, kinds + i);
		test_states(&m);
		test_guarded(&m);
		vcpu_end(&m.vcpu);
	} else {
		tap_end();
	}
	hpt_table_close(m.copy);
	vm_end(&m.vm);
}
