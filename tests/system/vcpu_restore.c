/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* A VM's table, saved and restored into another VM: its vCPU goes on there, also in real mode,
 * for which the kernel's entries of the first VM must do. */

#include "vcpu.h"

#include <stdlib.h>
#include <string.h>

#define VRMA_V UINT64_C(0x4001FFFFFF000000) /* B and VSID of the kernel's own entries */

static const struct segment segment = {
	.ea = 0x20000000, .vsid = 0x321, .segment_shift = 28, .base_shift = 16
};
static const struct mapping data = {
	.ea = 0x20000000, .ra = RA_TARGET, .page_shift = 16, .r = HPT_R_M | 2
};

struct restore {
	struct vm from, to;
	struct vcpu vcpu[2];
	struct hpt_table *saved;
	struct hpt_entry *listed[2]; /* VM_SLOTS entries each */
};

static bool make(struct vm *vm, struct vcpu *vcpu)
{
	return vm_make(vm) && vcpu_make(vm, 0, vcpu) && vcpu_set_segments(vcpu, &segment, 1);
}

static unsigned count_vrma(const struct hpt_entry *entries)
{
	unsigned n = 0;

	for (uint64_t i = 0; i < VM_SLOTS; i++)
		n += entries[i].v & HPT_V_VALID && (entries[i].v & VRMA_V) == VRMA_V;
	return n;
}

/* The first VM runs, and is saved. */
static void check_save(struct restore *m)
{
	struct report report = { .vector = 0 };

	tap_begin("a VM that has run: its table is saved");
	CHECK(vm_enter(&m->from, &segment, &data) != UINT64_MAX);
	CHECK(vcpu_access(&m->vcpu[0], HPT_ACCESS_WRITE, data.ea + 8, MSR_ON, 0x1234567,
			  &report));
	CHECK(report.vector == VECTOR_DONE);
	CHECK(host_listing(m->from.fd, VM_SLOTS, m->listed[0]));
	CHECK(count_vrma(m->listed[0]) == HOST_GUEST_BYTES / 0x10000);
	CHECK(hpt_sparse_open(VM_ORDER, &m->saved, &err) == 0);
	CHECK(hpt_table_copy(m->saved, m->from.table, NULL, &err) == 0);
	tap_end();
}

static void check_restore(struct restore *m)
{
	struct hpt_translation t = { .size = sizeof(t) };
	struct report report = { .vector = 0 };

	tap_begin("restored into another VM it is the same, R and C with it");
	memcpy(m->to.memory, m->from.memory, HOST_GUEST_BYTES);
	CHECK(hpt_table_copy(m->to.table, m->saved, NULL, &err) == 0);
	CHECK(host_listing(m->to.fd, VM_SLOTS, m->listed[1]));
	CHECK(!memcmp(m->listed[0], m->listed[1], VM_SLOTS * sizeof(*m->listed[0])));
	tap_end();

	tap_begin("a vCPU runs there, real mode included, and the kernel adds nothing");
	CHECK(vcpu_access(&m->vcpu[1], HPT_ACCESS_READ, data.ea + 8, MSR_ON, 0, &report));
	CHECK(report.vector == VECTOR_DONE && report.loaded == 0x1234567);
	CHECK(vcpu_access(&m->vcpu[1], HPT_ACCESS_READ, RA_TARGET + 8, HPT_MSR_SF, 0,
			  &report));
	CHECK(report.vector == VECTOR_DONE && report.loaded == 0x1234567);
	CHECK(vcpu_access(&m->vcpu[1], HPT_ACCESS_READ, data.ea + 0x10000, MSR_ON, 0,
			  &report));
	CHECK(hpt_translate(&m->vcpu[1].cpu, m->to.table, data.ea + 0x10000, HPT_ACCESS_READ,
			    0, &t, &err) == 0);
	CHECK(t.outcome == HPT_OUTCOME_NO_ENTRY && vcpu_agrees(&t, &report));
	CHECK(host_listing(m->to.fd, VM_SLOTS, m->listed[1]));
	CHECK(!memcmp(m->listed[0], m->listed[1], VM_SLOTS * sizeof(*m->listed[0])));
	tap_end();
}

void test_restore(void)
{
	static struct restore m = { .from.fd = -1, .to.fd = -1 };

	tap_begin("two VMs");
	m.listed[0] = calloc(VM_SLOTS, sizeof(*m.listed[0]));
	m.listed[1] = calloc(VM_SLOTS, sizeof(*m.listed[1]));
	if (CHECK(m.listed[0] && m.listed[1]) && make(&m.from, &m.vcpu[0]) &&
	    make(&m.to, &m.vcpu[1])) {
		tap_end();
		check_save(&m);
		check_restore(&m);
		vcpu_end(&m.vcpu[0]);
		vcpu_end(&m.vcpu[1]);
	} else {
		tap_end();
	}
	hpt_table_close(m.saved);
	vm_end(&m.from);
	vm_end(&m.to);
	free(m.listed[0]);
	free(m.listed[1]);
}
