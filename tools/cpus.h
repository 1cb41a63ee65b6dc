/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_CPUS_H
#define HPT_TOOL_CPUS_H

#include "vcpu.h"

/* Output forms of "hpt cpus": one vCPU each time. */
typedef void cpu_fn(struct output *out, const struct vcpu *vcpu);

cpu_fn cpu_text;
cpu_fn cpu_json;

/* Its SLB alone, for people. */
void slb_text(struct output *out, const struct vcpu *vcpu);

const char *isa_name(enum hpt_isa isa);
const char *platform_name(enum hpt_platform platform);
/* log2 of a segment's base page, or 0: L and LP name none that this CPU has. */
unsigned slb_base_shift(const struct hpt_cpu *cpu, const struct hpt_slb_entry *entry);

#endif /* HPT_TOOL_CPUS_H */
