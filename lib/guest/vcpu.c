/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A vCPU for those who ask: its registers, and what translation needs of them. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "internal.h"

/* Special purpose registers: Power ISA Book III, mtspr. */
#define SPR_SDR1 25
#define SPR_AMR 29
#define SPR_PID 48
#define SPR_IAMR 61
#define SPR_PVR 287
#define SPR_RMOR 312
#define SPR_HRMOR 313
#define SPR_LPCR 318
#define SPR_LPIDR 319
#define SPR_PTCR 464

#define LPCR_UPRT UINT64_C(0x00400000)
#define LPCR_HR UINT64_C(0x00100000)
#define PATB_RADIX UINT64_C(0x8000000000000000)

static int find_vcpu(const struct hpt_guest *guest, size_t i,
		     const struct hpt_guest_vcpu **registers, struct hpt_error *err)
{
	int r = guest_state_check(guest, "vCPUs", err);

	if (r)
		return r;
	if (i >= guest->state.n_vcpus)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "vCPU %zu, expected below %zu, the number "
				  "of vCPUs",
				  i, guest->state.n_vcpus);
	if (guest->state.vcpus[i].bad || !guest->state.vcpus[i].registers)
		return guest_fail(err, HPT_ERR_FORMAT,
				  "vCPU %zu: its section \"cpu\" instance %u "
				  "is not understood",
				  i, guest->state.vcpus[i].id);
	*registers = guest->state.vcpus[i].registers;
	return 0;
}

int hpt_guest_vcpu(const struct hpt_guest *guest, size_t i, struct hpt_guest_vcpu *vcpu,
		   struct hpt_error *err)
{
	const struct hpt_guest_vcpu *registers;
	int r;

	if (!guest || !vcpu)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_vcpu: a NULL");
	r = find_vcpu(guest, i, &registers, err);
	return r ? r
		 : guest_result_out(vcpu, registers, sizeof(*registers), "hpt_guest_vcpu",
				    err);
}

/* A machine that holds its tables in its own memory, not in its hypervisor's. */
bool guest_is_bare(const struct hpt_guest *guest)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };

	if (guest->core)
		return guest_core_bare(guest->core);
	return guest->qemu && !hpt_qemu_info(guest->qemu, &info, NULL) &&
	       info.htab == HPT_QEMU_HTAB_ABSENT && strncmp(info.machine, "pseries", 7) != 0;
}

/* By its real PVR: a compatibility mode changes what software may use, not the MMU. */
static int find_processor(const struct hpt_guest_vcpu *v, enum hpt_processor *processor,
			  struct hpt_error *err)
{
	uint32_t pvr = (uint32_t)v->spr[SPR_PVR];

	if (v->has & HPT_VCPU_HAS_SR)
		return guest_fail(err, HPT_ERR_UNSUPPORTED,
				  "vCPU %u (PVR 0x%08x) has an MMU of "
				  "32 bits, with segment registers: its translation is not "
				  "supported",
				  v->id, pvr);
	if (!pvr)
		pvr = v->compat_pvr;
	return hpt_processor_from_pvr(pvr, processor, err);
}

/* All slots up to the last valid one, so that their numbers stay. */
static void fill_slb(struct hpt_cpu *cpu, const struct hpt_guest_vcpu *v)
{
	uint32_t i;

	for (i = 0; i < HPT_SLB_MAX; i++) {
		cpu->slb[i] = v->slb[i];
		if (v->slb[i].esid & HPT_SLB_VALID)
			cpu->slb_n = i + 1;
	}
}

/*
 * Under KVM a guest's LPCR may be stale in HR and UPRT; QEMU makes them anew of the process
 * table when it loads the file.
 */
static uint64_t lpcr_of(const struct hpt_guest *guest, const struct hpt_guest_vcpu *v)
{
	uint64_t table = guest->state.machine.process_table;
	uint64_t lpcr = v->spr[SPR_LPCR];

	if (guest_is_bare(guest))
		return lpcr;
	lpcr &= ~(LPCR_HR | LPCR_UPRT);
	if (table)
		lpcr |= LPCR_UPRT | (table & PATB_RADIX ? LPCR_HR : 0);
	return lpcr;
}

static void fill_registers(const struct hpt_guest *guest, const struct hpt_guest_vcpu *v,
			   struct hpt_cpu *cpu)
{
	cpu->sizes = hpt_guest_page_sizes(guest);
	cpu->msr = v->msr;
	cpu->lpcr = lpcr_of(guest, v);
	cpu->sdr1 = v->spr[SPR_SDR1];
	cpu->ptcr = v->spr[SPR_PTCR];
	cpu->amr = v->spr[SPR_AMR];
	cpu->iamr = v->spr[SPR_IAMR];
	cpu->rmor = v->spr[SPR_RMOR];
	cpu->hrmor = v->spr[SPR_HRMOR];
	cpu->pid = (uint32_t)v->spr[SPR_PID];
	cpu->lpid = (uint32_t)v->spr[SPR_LPIDR];
	fill_slb(cpu, v);
}

/* The partition table's word, for the VRMA of a bare machine's partition. */
static void fill_pate0(const struct hpt_guest *guest, struct hpt_cpu *cpu)
{
	struct hpt_table_origin origin = { .size = sizeof(origin) };
	const struct hpt_memory_ops *ops;
	void *ctx;

	if (cpu->isa >= HPT_ISA_3_0 && !hpt_guest_memory(guest, &ops, &ctx, NULL) &&
	    !hpt_table_origin(cpu, ops, ctx, &origin, NULL))
		cpu->pate0 = origin.pate0;
}

int hpt_guest_cpu(const struct hpt_guest *guest, size_t i, struct hpt_cpu *cpu,
		  struct hpt_error *err)
{
	enum hpt_platform platform = HPT_PLATFORM_PSERIES;
	struct hpt_cpu known = { .size = sizeof(known) };
	const struct hpt_guest_vcpu *registers;
	enum hpt_processor processor;
	int r;

	if (!guest || !cpu)
		return guest_fail(err, HPT_ERR_ARGUMENT, "hpt_guest_cpu: a NULL");
	r = find_vcpu(guest, i, &registers, err);
	if (!r)
		r = find_processor(registers, &processor, err);
	if (r)
		return r;
	if (guest_is_bare(guest))
		platform = processor == HPT_CPU_970 ? HPT_PLATFORM_NO_HV : HPT_PLATFORM_BARE;
	r = hpt_cpu_init(&known, processor, platform, err);
	if (r)
		return r;
	fill_registers(guest, registers, &known);
	if (platform == HPT_PLATFORM_BARE)
		fill_pate0(guest, &known);
	return guest_result_out(cpu, &known, sizeof(known), "hpt_guest_cpu", err);
}
