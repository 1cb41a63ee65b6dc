/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The fake kernel's table for the conformance suite. */

#include "conformance.h"
#include "fakekernel.h"

#define ORDER 18

const bool kvm_only_one = true;

void kvm_start(struct rig *rig, uint32_t flags)
{
	struct fake_kernel *k = malloc(sizeof(*k));

	assert_non_null(k);
	fake_init(k, ORDER);
	rig->more = k;
	rig->table = fake_table(k, ORDER, flags);
}

struct hpt_table *kvm_again(struct rig *rig, uint32_t flags)
{
	return fake_table(rig->more, ORDER, flags);
}

void kvm_truth(struct rig *rig, struct hpt_entry *out)
{
	for (uint64_t i = 0; i < UNIT_SLOTS; i++)
		out[i] = fake_entry(rig->more, i);
}

void kvm_end(struct rig *rig)
{
	struct fake_kernel *k = rig->more;

	fake_stop(k, rig->table);
	free(k);
}
