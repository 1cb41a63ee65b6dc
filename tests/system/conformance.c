/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The conformance suite of tests/unit on the real kernel: the same tests over the same
 * backends, but KVM's tables are VMs' own, and after each test the kernel's listing in
 * debugfs must say what the suite wrote.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "conformance.h"
#include "host.h"

#define ORDER 18

const bool kvm_only_one = false;

struct guest {
	int vm;
	void *memory;
};

static struct hpt_table *open_on(const struct rig *rig, uint32_t flags)
{
	const struct guest *g = rig->more;
	const struct hpt_kvm_options o = { .size = sizeof(o), .flags = flags };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_kvm_open(g->vm, ORDER, flags ? &o : NULL, &table, &err), &err);
	return table;
}

void kvm_start(struct rig *rig, uint32_t flags)
{
	struct guest *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	assert_true(host_kvm >= 0 || host_start());
	g->vm = host_vm();
	assert_true(g->vm >= 0);
	g->memory = host_give_memory(g->vm);
	assert_non_null(g->memory);
	assert_true(host_give_table(g->vm, ORDER));
	rig->more = g;
	rig->table = open_on(rig, flags);
}

struct hpt_table *kvm_again(struct rig *rig, uint32_t flags)
{
	return open_on(rig, flags);
}

void kvm_truth(struct rig *rig, struct hpt_entry *out)
{
	const struct guest *g = rig->more;

	assert_true(host_listing(g->vm, UNIT_SLOTS, out));
}

void kvm_end(struct rig *rig)
{
	struct guest *g = rig->more;

	hpt_table_close(rig->table);
	close(g->vm);
	munmap(g->memory, HOST_GUEST_BYTES);
	free(g);
}
