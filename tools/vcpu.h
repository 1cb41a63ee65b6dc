/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_VCPU_H
#define HPT_TOOL_VCPU_H

#include "tool.h"

/* A vCPU as the command knows it, whoever told: the source, or files of QEMU's monitor. */
struct vcpu {
	uint32_t id;
	bool has_registers; /* else only mmu means something */
	bool has_slb;
	bool halted;
	bool assumed; /* mmu is: the source does not say which processor it is */
	uint64_t gpr[32];
	uint64_t pc;
	uint64_t msr;
	uint64_t lr;
	uint64_t ctr;
	uint64_t xer;
	uint32_t cr;
	uint64_t spr[1024];
	bool has_spr[1024];
	uint64_t shadow_ra; /* SLB shadow buffer, if shadow_bytes */
	uint64_t shadow_bytes;
	struct hpt_cpu mmu;
};

/* The special purpose registers that the command shows, in this order. */
struct spr_name {
	unsigned number;
	const char *name;
};

enum {
	SPR_DSISR = 18,
	SPR_DAR = 19,
	SPR_SDR1 = 25,
	SPR_AMR = 29,
	SPR_PIDR = 48,
	SPR_IAMR = 61,
	SPR_PVR = 287,
	SPR_RMOR = 312,
	SPR_HRMOR = 313,
	SPR_LPCR = 318,
	SPR_LPIDR = 319,
	SPR_PTCR = 464,
};

extern const struct spr_name spr_names[];
extern const size_t n_spr_names;

/* A bit of MSR with a name. */
struct msr_bit {
	uint64_t mask;
	const char *name;
};

extern const struct msr_bit msr_bits[];
extern const size_t n_msr_bits;

int vcpu_from_guest(struct vcpu *vcpu, const struct hpt_guest *guest, size_t i,
		    struct hpt_error *err);
void vcpu_apply_registers(struct vcpu *vcpu);

/*
 * monitor.c: what QEMU's monitor prints. Each reads the file's part on one CPU: id, or with
 * any_cpu the first that it has. They return 0, or EXIT_ERROR and have said why.
 */
int monitor_registers(const char *path, bool any_cpu, uint32_t id, struct vcpu *vcpu);
int monitor_slb(const char *path, bool any_cpu, uint32_t id, struct vcpu *vcpu);

#endif /* HPT_TOOL_VCPU_H */
