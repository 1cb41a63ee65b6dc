/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* R and C as the guest sets them, as libhpt reads them and as the kernel lists them; and the
 * passes over what changed, which they make. */

#include "vcpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define R HPT_R_REFERENCED
#define RC (HPT_R_REFERENCED | HPT_R_CHANGED)
#define N_PAGES 6

static const struct segment segment = {
	.ea = 0x20000000, .vsid = 0x777, .segment_shift = 28, .base_shift = 12
};

static const struct page {
	uint64_t ra, r;
} pages[N_PAGES] = {
	{ RA_TARGET, HPT_R_M | 2 }, { RA_TARGET + 0x1000, HPT_R_M | 2 },
	{ RA_TARGET, HPT_R_M | 2 }, /* the first once more */
	{ RA_TARGET, HPT_R_M | 3 }, /* read-only */
	{ RA_LENT, HPT_R_M | 2 },   { RA_TARGET, HPT_R_M | HPT_R_NO_EXECUTE | 2 },
};

struct rc {
	struct vm vm;
	struct vcpu vcpu;
	uint64_t ptex[N_PAGES];
	struct hpt_entry expected[N_PAGES];
	struct hpt_entry *found; /* VM_SLOTS entries */
};

static uint64_t ea_of(unsigned page)
{
	return segment.ea + page * 0x1000 + 0x100;
}

static uint64_t access_page(struct rc *m, enum hpt_access access, unsigned page)
{
	struct report report = { .vector = 0 };

	vcpu_access(&m->vcpu, access, ea_of(page), MSR_ON, 0x4400000244000002, &report);
	return report.vector;
}

static void differs(const char *who, unsigned page, struct hpt_entry found,
		    struct hpt_entry expected)
{
	if (!CHECK(found.v == expected.v && found.r == expected.r))
		printf("# %s, page %u: %" PRIx64 " %" PRIx64 ", expected %" PRIx64 " %" PRIx64
		       "\n",
		       who, page, found.v, found.r, expected.v, expected.r);
}

/* What libhpt reads is what is expected, and what the kernel lists. */
static void check_all(struct rc *m)
{
	if (!CHECK(host_listing(m->vm.fd, VM_SLOTS, m->found)))
		return;
	for (unsigned i = 0; i < N_PAGES; i++) {
		differs("read", i, vm_read(&m->vm, m->ptex[i]), m->expected[i]);
		differs("listed", i, m->found[m->ptex[i]], m->expected[i]);
	}
}

static void expect(struct rc *m, unsigned page, uint64_t bits)
{
	m->expected[page].r = (m->expected[page].r & ~RC) | bits;
	check_all(m);
}

static void enter_pages(struct rc *m)
{
	CHECK(madvise(m->vm.memory + RA_LENT, 0x10000, MADV_DONTNEED) == 0);
	for (unsigned i = 0; i < N_PAGES; i++) {
		const struct mapping mapping = { .ea = segment.ea + i * 0x1000,
						 .ra = pages[i].ra,
						 .page_shift = 12,
						 .r = pages[i].r };

		m->ptex[i] = vm_enter(&m->vm, &segment, &mapping);
		m->expected[i] = vm_read(&m->vm, m->ptex[i]);
		CHECK(!(m->expected[i].r & RC));
	}
}

static void check_steps(struct rc *m)
{
	tap_begin("R with the first access, C with the first store, and no other's");
	enter_pages(m);
	check_all(m);
	CHECK(access_page(m, HPT_ACCESS_READ, 0) == VECTOR_DONE);
	expect(m, 0, R);
	CHECK(access_page(m, HPT_ACCESS_FETCH, 1) == VECTOR_DONE);
	expect(m, 1, R);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 0) == VECTOR_DONE);
	expect(m, 0, RC);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 2) == VECTOR_DONE);
	expect(m, 2, RC);
	tap_end();

	tap_begin("an access that is not allowed sets neither R nor C");
	CHECK(access_page(m, HPT_ACCESS_WRITE, 3) == 0x300);
	check_all(m);
	CHECK(access_page(m, HPT_ACCESS_FETCH, 5) == 0x400);
	check_all(m);
	CHECK(access_page(m, HPT_ACCESS_READ, 3) == VECTOR_DONE);
	expect(m, 3, R);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 3) == 0x300);
	check_all(m);
	tap_end();
}

/* The host may take memory away and bring it back; the guest's table must not show it. */
static void check_absent(struct rc *m)
{
	tap_begin("memory that the host has not there, and takes away again");
	CHECK(vm_read(&m->vm, m->ptex[4]).v & HPT_V_VALID);
	CHECK(access_page(m, HPT_ACCESS_READ, 4) == VECTOR_DONE);
	expect(m, 4, R);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 4) == VECTOR_DONE);
	expect(m, 4, RC);
	CHECK(madvise(m->vm.memory + RA_LENT, 0x10000, MADV_DONTNEED) == 0);
	check_all(m);
	CHECK(access_page(m, HPT_ACCESS_READ, 4) == VECTOR_DONE);
	check_all(m);
	tap_end();
}

/* A hypervisor's own look at what is used: it takes R and C away. */
static void check_taken_away(struct rc *m)
{
	struct hpt_entry entry = vm_read(&m->vm, m->ptex[0]);

	tap_begin("R and C that were cleared by a write come again");
	entry.r &= ~RC;
	CHECK(hpt_table_write(m->vm.table, m->ptex[0], 1, &entry, &err) == 0);
	expect(m, 0, 0);
	CHECK(access_page(m, HPT_ACCESS_READ, 0) == VECTOR_DONE);
	expect(m, 0, R);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 0) == VECTOR_DONE);
	expect(m, 0, RC);
	tap_end();
}

/* The slots of a pass, up to its end, are @n: the pages' in @want. */
static void check_pass(struct rc *m, unsigned n, const unsigned *want)
{
	struct hpt_change change = { .end_of_pass = false };
	struct hpt_entry entries[64];
	unsigned slots = 0;

	memset(m->found, 0, VM_SLOTS * sizeof(*m->found));
	while (CHECK(hpt_table_next_change(m->vm.table, &change, entries, 64, &err) == 0) &&
	       !change.end_of_pass) {
		if (!CHECK(change.ptex + change.n_valid <= VM_SLOTS && change.n_valid <= 64))
			return;
		memcpy(m->found + change.ptex, entries, change.n_valid * sizeof(*entries));
		slots += (unsigned)(change.n_valid + change.n_invalid);
	}
	if (!CHECK(slots == n))
		printf("# %u slots, expected %u\n", slots, n);
	for (unsigned i = 0; want && i < n; i++)
		differs("pass", want[i], m->found[m->ptex[want[i]]], m->expected[want[i]]);
}

static void check_passes(struct rc *m)
{
	static const unsigned page_0[] = { 0 }, pages_0_1[] = { 0, 1 };
	struct hpt_entry entry;

	tap_begin("a pass after the guest's accesses has what they changed, and nothing else");
	check_pass(m, VM_SLOTS, NULL);
	check_pass(m, 0, NULL);
	for (unsigned i = 0; i < 2; i++) {
		entry = vm_read(&m->vm, m->ptex[i]);
		entry.r &= ~RC;
		m->expected[i] = entry;
		CHECK(hpt_table_write(m->vm.table, m->ptex[i], 1, &entry, &err) == 0);
	}
	check_pass(m, 2, pages_0_1);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 0) == VECTOR_DONE);
	m->expected[0].r |= RC;
	check_pass(m, 1, page_0);
	check_pass(m, 0, NULL);
	tap_end();

	tap_begin("R makes a change, then C; what has both changes no more");
	CHECK(access_page(m, HPT_ACCESS_READ, 1) == VECTOR_DONE);
	m->expected[1].r |= R;
	check_pass(m, 1, pages_0_1 + 1);
	CHECK(access_page(m, HPT_ACCESS_READ, 1) == VECTOR_DONE);
	check_pass(m, 0, NULL);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 1) == VECTOR_DONE);
	m->expected[1].r |= RC;
	check_pass(m, 1, pages_0_1 + 1);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 1) == VECTOR_DONE);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 0) == VECTOR_DONE);
	check_pass(m, 0, NULL);
	check_all(m);
	tap_end();

	tap_begin("a read of the table takes the change from a pass");
	entry.r = m->expected[0].r & ~RC;
	entry.v = m->expected[0].v;
	CHECK(hpt_table_write(m->vm.table, m->ptex[0], 1, &entry, &err) == 0);
	check_pass(m, 1, NULL);
	CHECK(access_page(m, HPT_ACCESS_WRITE, 0) == VECTOR_DONE);
	check_all(m);
	check_pass(m, 0, NULL);
	tap_end();
}

/* hpt_translate_update() stands in for the CPU: what it has set the CPU need not set again. */
static void check_update(struct rc *m)
{
	struct hpt_translation t = { .size = sizeof(t) };

	tap_begin("R and C that libhpt sets are what the CPU would set");
	for (unsigned access = 0; access < 2; access++) {
		m->expected[5].r |= access ? RC : R;
		m->vcpu.cpu.msr = MSR_ON;
		CHECK(hpt_translate_update(&m->vcpu.cpu, m->vm.table, ea_of(5),
					   access ? HPT_ACCESS_WRITE : HPT_ACCESS_READ, 0, &t,
					   &err) == 0);
		CHECK(t.outcome == HPT_OUTCOME_MAPPED && t.ptex == m->ptex[5]);
		check_all(m);
		CHECK(access_page(m, access ? HPT_ACCESS_WRITE : HPT_ACCESS_READ, 5) ==
		      VECTOR_DONE);
		check_all(m);
	}
	tap_end();
}

void test_rc(void)
{
	static struct rc m;

	tap_begin("a VM and a vCPU, for R and C");
	m.found = calloc(VM_SLOTS, sizeof(*m.found));
	if (CHECK(m.found) && vm_make(&m.vm) && vcpu_make(&m.vm, 0, &m.vcpu) &&
	    vcpu_set_segments(&m.vcpu, &segment, 1)) {
		tap_end();
		check_steps(&m);
		check_absent(&m);
		check_taken_away(&m);
		check_update(&m);
		check_passes(&m);
		vcpu_end(&m.vcpu);
	} else {
		tap_end();
	}
	vm_end(&m.vm);
	free(m.found);
}
