/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/* What a running vCPU forbids, and what goes on beside it; and two vCPUs on one table. */

#include "vcpu.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TURNS 100 /* of the guest's loop: it runs */
#define WAITS 10000

/* Each vCPU sees its own page there. */
#define EA_DATA UINT64_C(0x20000000)
static const struct segment segments[2] = {
	{ .ea = EA_DATA, .vsid = 0x5E6, .segment_shift = 28, .base_shift = 12 },
	{ .ea = EA_DATA, .vsid = 0x5E7, .segment_shift = 28, .base_shift = 16 },
};

struct running {
	struct vm vm;
	struct vcpu vcpu[2];
	pthread_t thread[2];
	int ret[2]; /* of its KVM_RUN */
	uint64_t ptex[2], free_ptex;
	struct hpt_entry *before, *after; /* VM_SLOTS entries */
};

static const uint32_t loop_ra[2] = { RA_COUNTER, RA_OTHER };

static void *run_first(void *arg)
{
	struct running *m = arg;

	m->ret[0] = vcpu_run(&m->vcpu[0]);
	return NULL;
}

static void *run_second(void *arg)
{
	struct running *m = arg;

	m->ret[1] = vcpu_run(&m->vcpu[1]);
	return NULL;
}

/* The guest writes there meanwhile. */
static uint64_t counter(const struct running *m, unsigned i)
{
	unsigned char bytes[8];
	uint64_t word = __atomic_load_n(
		(const uint64_t *)(const void *)(m->vm.memory + loop_ra[i]), __ATOMIC_RELAXED);

	memcpy(bytes, &word, sizeof(bytes));
	return get_be64(bytes);
}

static void wait_for_turns(const struct running *m, unsigned i)
{
	uint64_t start = counter(m, i);
	unsigned waits = 0;

	while (counter(m, i) < start + TURNS && waits++ < WAITS)
		usleep(1000);
	CHECK(counter(m, i) >= start + TURNS);
}

/* An alarm is for a vCPU's thread: it ends a KVM_RUN that would never end. */
static void block_alarms(int how)
{
	sigset_t alarms;

	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	CHECK(pthread_sigmask(how, &alarms, NULL) == 0);
}

static void start(struct running *m, unsigned i)
{
	memset(m->vm.memory + loop_ra[i], 0, 16);
	vcpu_set_regs(&m->vcpu[i], EA_LOOP, MSR_ON, EA_DATA, 0);
	block_alarms(SIG_UNBLOCK);
	CHECK(pthread_create(&m->thread[i], NULL, i ? run_second : run_first, m) == 0);
	block_alarms(SIG_BLOCK);
	wait_for_turns(m, i);
}

static void stop(struct running *m, unsigned i)
{
	struct report report = { .vector = 0 };

	m->vm.memory[loop_ra[i] + 15] = 1;
	CHECK(pthread_join(m->thread[i], NULL) == 0);
	block_alarms(SIG_UNBLOCK);
	CHECK(vcpu_take_report(&m->vcpu[i], m->ret[i], &report) &&
	      report.vector == VECTOR_DONE);
	CHECK(report.loaded == counter(m, i));
}

static bool busy_at(int ret, uint64_t ptex)
{
	return ret == HPT_ERR_BUSY && err.os_errno == EBUSY && err.has & HPT_ERROR_HAS_PTEX &&
	       err.ptex == ptex && strstr(err.text, "stop all vCPUs");
}

/* Each way to write is refused, before anything is written. */
static void check_refusals(struct running *m)
{
	struct hpt_translation t = { .size = sizeof(t) };
	struct hpt_entry entry = vm_read(&m->vm, m->ptex[0]), many[20];
	struct hpt_table *empty = NULL;
	uint64_t done = 99;

	CHECK(entry.r & HPT_R_REFERENCED && entry.r & HPT_R_CHANGED);
	for (unsigned i = 0; i < 20; i++)
		many[i] = i % 3 ? entry : (struct hpt_entry){ 0, 0 };
	CHECK(busy_at(hpt_table_write(m->vm.table, m->free_ptex, 1, &entry, &err),
		      m->free_ptex));
	CHECK(busy_at(hpt_table_write(m->vm.table, 100, 20, many, &err), 100));
	CHECK(busy_at(hpt_table_clear(m->vm.table, m->ptex[0], 1, &err), m->ptex[0]));
	CHECK(busy_at(hpt_table_clear(m->vm.table, 0, VM_SLOTS, &err), 0));
	/* R of a page that nobody has used. */
	m->vcpu[0].cpu.msr = MSR_ON;
	CHECK(busy_at(hpt_translate_update(&m->vcpu[0].cpu, m->vm.table, EA_DATA + 0x1000,
					   HPT_ACCESS_READ, 0, &t, &err),
		      m->free_ptex));
	if (CHECK(hpt_sparse_open(VM_ORDER, &empty, &err) == 0)) {
		CHECK(hpt_table_copy(m->vm.table, empty, &done, &err) == HPT_ERR_BUSY);
		CHECK(done == 0);
		hpt_table_close(empty);
	}
	CHECK(!host_give_table(m->vm.fd, VM_ORDER) && errno == EBUSY);
}

static void check_busy(struct running *m)
{
	const struct hpt_entry none = { 0, 0 };
	struct hpt_entry back;

	tap_begin("while a vCPU runs nothing can be written, and all can be read");
	start(m, 0);
	if (CHECK(hpt_table_read(m->vm.table, 0, VM_SLOTS, m->before, &err) == 0)) {
		check_refusals(m);
		wait_for_turns(m, 0);
		CHECK(hpt_table_read(m->vm.table, 0, VM_SLOTS, m->after, &err) == 0);
		CHECK(!memcmp(m->before, m->after, VM_SLOTS * sizeof(*m->after)));
		CHECK(host_listing(m->vm.fd, VM_SLOTS, m->after));
		CHECK(!memcmp(m->before, m->after, VM_SLOTS * sizeof(*m->after)));
	}
	stop(m, 0);
	tap_end();

	tap_begin("once it has stopped the same can be written");
	CHECK(hpt_table_write(m->vm.table, m->free_ptex, 1, &none, &err) == 0);
	CHECK(!(vm_read(&m->vm, m->free_ptex).v & HPT_V_VALID));
	CHECK(hpt_table_write(m->vm.table, m->free_ptex, 1, m->before + m->free_ptex, &err) ==
	      0);
	back = vm_read(&m->vm, m->free_ptex);
	CHECK(!memcmp(m->before + m->free_ptex, &back, sizeof(back)));
	tap_end();
}

/* Both at the same address, which is another page for each. */
static void check_two(struct running *m)
{
	struct hpt_entry entry = vm_read(&m->vm, m->free_ptex);

	tap_begin("two vCPUs on one table: each by its own segments");
	for (unsigned i = 0; i < 2; i++) {
		struct hpt_translation t = { .size = sizeof(t) };
		struct report report = { .vector = 0 };

		put_be64(m->vm.memory + loop_ra[i], 0x1111 * (i + 1));
		CHECK(vcpu_access(&m->vcpu[i], HPT_ACCESS_READ, EA_DATA, MSR_ON, 0, &report));
		CHECK(report.vector == VECTOR_DONE && report.loaded == 0x1111 * (i + 1));
		CHECK(hpt_translate(&m->vcpu[i].cpu, m->vm.table, EA_DATA, HPT_ACCESS_READ, 0,
				    &t, &err) == 0);
		CHECK(t.outcome == HPT_OUTCOME_MAPPED && t.ra == loop_ra[i]);
		CHECK(t.ptex == m->ptex[i] && t.page_shift == (i ? 16 : 12));
	}
	tap_end();

	tap_begin("as long as one of two vCPUs runs nothing can be written");
	start(m, 0);
	start(m, 1);
	CHECK(busy_at(hpt_table_write(m->vm.table, m->free_ptex, 1, &entry, &err),
		      m->free_ptex));
	stop(m, 0);
	wait_for_turns(m, 1);
	CHECK(busy_at(hpt_table_write(m->vm.table, m->free_ptex, 1, &entry, &err),
		      m->free_ptex));
	stop(m, 1);
	CHECK(hpt_table_write(m->vm.table, m->free_ptex, 1, &entry, &err) == 0);
	tap_end();
}

/* The kernel throws its own entries away, too, and makes them again. */
static void check_reset(struct running *m)
{
	const struct mapping code = {
		.ea = EA_CODE, .ra = RA_CODE, .page_shift = 12, .r = HPT_R_M | 2
	};
	struct hpt_translation t = { .size = sizeof(t) };
	struct report report = { .vector = 0 };

	tap_begin("a stopped VM's table can be thrown away, and filled again");
	CHECK(host_give_table(m->vm.fd, VM_ORDER));
	memset(m->before, 0, VM_SLOTS * sizeof(*m->before));
	CHECK(hpt_table_read(m->vm.table, 0, VM_SLOTS, m->after, &err) == 0);
	CHECK(!memcmp(m->before, m->after, VM_SLOTS * sizeof(*m->after)));

	CHECK(vcpu_access(&m->vcpu[0], HPT_ACCESS_READ, EA_CODE, MSR_ON, 0, &report));
	CHECK(hpt_translate(&m->vcpu[0].cpu, m->vm.table, EA_LOAD, HPT_ACCESS_FETCH, 0, &t,
			    &err) == 0);
	CHECK(t.outcome == HPT_OUTCOME_NO_ENTRY && report.vector == 0x400);
	CHECK(vcpu_agrees(&t, &report));
	CHECK(vm_enter(&m->vm, &code_segment, &code) != UINT64_MAX);
	CHECK(vcpu_access(&m->vcpu[0], HPT_ACCESS_READ, EA_CODE, MSR_ON, 0, &report));
	CHECK(report.vector == VECTOR_DONE &&
	      report.loaded == get_be64(m->vm.memory + RA_CODE));
	tap_end();
}

static bool make(struct running *m)
{
	const struct mapping data[] = {
		{ .ea = EA_DATA, .ra = loop_ra[0], .page_shift = 12, .r = HPT_R_M | 2 },
		{ .ea = EA_DATA, .ra = loop_ra[1], .page_shift = 16, .r = HPT_R_M | 2 },
	};
	const struct mapping spare = {
		.ea = EA_DATA + 0x1000, .ra = RA_TARGET, .page_shift = 12, .r = HPT_R_M | 2
	};

	m->before = calloc(VM_SLOTS, sizeof(*m->before));
	m->after = calloc(VM_SLOTS, sizeof(*m->after));
	if (!CHECK(m->before && m->after) || !vm_make(&m->vm))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (!vcpu_make(&m->vm, i, &m->vcpu[i]) ||
		    !vcpu_set_segments(&m->vcpu[i], segments + i, 1))
			return false;
		m->ptex[i] = vm_enter(&m->vm, segments + i, data + i);
	}
	m->free_ptex = vm_enter(&m->vm, segments, &spare);
	return true;
}

void test_running(void)
{
	static struct running m;

	tap_begin("a VM and two vCPUs");
	if (make(&m)) {
		tap_end();
		check_busy(&m);
		check_two(&m);
		check_reset(&m);
		vcpu_end(&m.vcpu[0]);
		vcpu_end(&m.vcpu[1]);
	} else {
		tap_end();
	}
	vm_end(&m.vm);
	free(m.before);
	free(m.after);
}
