/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* A guest that keeps its table itself, by PAPR's hypercalls, which the kernel answers: what
 * libhpt reads after each, and what a pass has of it. */

#include "vcpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define H_REMOVE 0x04
#define H_ENTER 0x08
#define H_READ 0x0C
#define H_PROTECT 0x18
#define H_SUCCESS 0
#define H_PTEG_FULL (UINT64_MAX - 5)
#define H_NOT_FOUND (UINT64_MAX - 6)

static const struct segment segment = {
	.ea = 0x20000000, .vsid = 0x999, .segment_shift = 28, .base_shift = 12
};

struct hcalls {
	struct vm vm;
	struct vcpu vcpu;
	uint64_t result[HCALL_RESULTS];
};

static uint64_t call(struct hcalls *m, uint64_t number, uint64_t a, uint64_t b, uint64_t c,
		     uint64_t d)
{
	const uint64_t args[HCALL_ARGS] = { a, b, c, d };

	memset(m->result, 0x5a, sizeof(m->result));
	CHECK(vcpu_hypercall(&m->vcpu, number, args, m->result));
	return m->result[0];
}

/* Pages that share a group: their numbers differ by a whole table's groups. */
static struct mapping page(unsigned i)
{
	return (struct mapping){ .ea = segment.ea + i * (UINT64_C(1) << (VM_ORDER - 7 + 12)),
				 .ra = RA_TARGET,
				 .page_shift = 12,
				 .r = HPT_R_M | 2 };
}

/* How many slots a pass has, and the last valid entry of it. */
static uint64_t take_pass(struct hcalls *m, uint64_t *ptex, struct hpt_entry *entry)
{
	struct hpt_change change = { .end_of_pass = false };
	struct hpt_entry entries[64];
	uint64_t slots = 0;

	while (CHECK(hpt_table_next_change(m->vm.table, &change, entries, 64, &err) == 0) &&
	       !change.end_of_pass) {
		slots += change.n_valid + change.n_invalid;
		*ptex = change.ptex;
		*entry = change.n_valid ? entries[0] : (struct hpt_entry){ 0, 0 };
	}
	return slots;
}

/* A pass has one slot, with what is in it now. */
static void check_pass(struct hcalls *m, uint64_t ptex, struct hpt_entry expected)
{
	struct hpt_entry entry = { 0, 0 };
	uint64_t changed = UINT64_MAX;

	CHECK(take_pass(m, &changed, &entry) == 1);
	if (!CHECK(changed == ptex && entry.v == expected.v && entry.r == expected.r))
		printf("# slot %" PRIx64 ": %" PRIx64 " %" PRIx64 ", expected %" PRIx64
		       ": %" PRIx64 " %" PRIx64 "\n",
		       changed, entry.v, entry.r, ptex, expected.v, expected.r);
}

/* Returns whether there was room: each goes where libhpt says that it must. */
static bool enter(struct hcalls *m, unsigned i)
{
	const struct mapping mapping = page(i);
	struct hpt_entry entry, read;
	uint64_t ptex = vm_slot(&m->vm, &segment, &mapping, &entry);
	uint64_t group = ptex == UINT64_MAX ? 0 : ptex;

	if (ptex == UINT64_MAX)
		return false;
	CHECK(call(m, H_ENTER, 0, group, entry.v, entry.r) == H_SUCCESS);
	CHECK(m->result[1] == ptex);
	check_pass(m, ptex, entry);
	read = vm_read(&m->vm, ptex);
	CHECK(read.v == entry.v && read.r == entry.r);
	return true;
}

static void check_enter(struct hcalls *m)
{
	const struct mapping first = page(0);
	struct hpt_entry entry, none = { 0, 0 };
	uint64_t ptex = vm_slot(&m->vm, &segment, &first, &entry), group = ptex & ~UINT64_C(7);
	unsigned n = 0;

	tap_begin(
		"H_ENTER takes the slot that libhpt's reader would, until the group is full");
	CHECK(take_pass(m, &ptex, &none) == VM_SLOTS);
	while (n < 8 && enter(m, n))
		n++;
	CHECK(n >= 7); /* one may be the kernel's, for real mode */
	CHECK(call(m, H_ENTER, 0, group, entry.v, entry.r) == H_PTEG_FULL);
	CHECK(take_pass(m, &ptex, &none) == 0);
	tap_end();

	tap_begin("H_REMOVE makes a slot free, for the next H_ENTER");
	CHECK(call(m, H_REMOVE, 0, group + 3, 0, 0) == H_SUCCESS);
	check_pass(m, group + 3, (struct hpt_entry){ 0, 0 });
	CHECK(!(vm_read(&m->vm, group + 3).v & HPT_V_VALID));
	CHECK(call(m, H_REMOVE, 0, group + 3, 0, 0) == H_NOT_FOUND);
	CHECK(take_pass(m, &ptex, &none) == 0);
	CHECK(vm_slot(&m->vm, &segment, &first, &entry) == group + 3);
	CHECK(enter(m, 3));
	tap_end();
}

/* The guest uses a page, reads its entry, and protects it. */
static void check_protect(struct hcalls *m)
{
	const struct mapping used = page(3);
	struct hpt_translation t = { .size = sizeof(t) };
	struct report report = { .vector = 0 };
	struct hpt_entry entry;

	tap_begin("H_READ has what libhpt reads, H_PROTECT changes it");
	m->vcpu.cpu.msr = MSR_ON;
	CHECK(hpt_translate(&m->vcpu.cpu, m->vm.table, used.ea, HPT_ACCESS_WRITE, 0, &t,
			    &err) == 0);
	CHECK(t.outcome == HPT_OUTCOME_MAPPED && t.ra == RA_TARGET);
	CHECK(vcpu_access(&m->vcpu, HPT_ACCESS_WRITE, used.ea, MSR_ON, 0x4400000244000002,
			  &report));
	CHECK(report.vector == VECTOR_DONE);
	CHECK(call(m, H_READ, 0, t.ptex, 0, 0) == H_SUCCESS);
	entry = vm_read(&m->vm, t.ptex);
	CHECK(entry.r == (t.entry.r | HPT_R_REFERENCED | HPT_R_CHANGED));
	CHECK(m->result[1] == entry.v && m->result[2] == entry.r);

	CHECK(call(m, H_PROTECT, 3, t.ptex, 0, 0) == H_SUCCESS);
	entry.r |= 3;
	check_pass(m, t.ptex, entry);
	CHECK(hpt_translate(&m->vcpu.cpu, m->vm.table, used.ea, HPT_ACCESS_WRITE, 0, &t,
			    &err) == 0);
	CHECK(t.outcome == HPT_OUTCOME_PROTECTION);
	CHECK(vcpu_access(&m->vcpu, HPT_ACCESS_WRITE, used.ea, MSR_ON, 0, &report));
	CHECK(vcpu_agrees(&t, &report));
	tap_end();
}

void test_hcalls(void)
{
	static struct hcalls m;
	struct report report;

	tap_begin("a VM and a vCPU, for hypercalls");
	if (vm_make(&m.vm) && vcpu_make(&m.vm, 0, &m.vcpu) &&
	    vcpu_set_segments(&m.vcpu, &segment, 1) &&
	    /* The first run makes the kernel enter what real mode needs. */
	    vcpu_access(&m.vcpu, HPT_ACCESS_READ, EA_CODE, MSR_ON, 0, &report)) {
		tap_end();
		check_enter(&m);
		check_protect(&m);
		vcpu_end(&m.vcpu);
	} else {
		tap_end();
	}
	vm_end(&m.vm);
}
