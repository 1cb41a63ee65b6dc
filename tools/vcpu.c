/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "vcpu.h"

/* A vCPU: the names of its registers, and where they come from. */

const struct spr_name spr_names[] = {
	{ 26, "srr0" },       { 27, "srr1" },         { 314, "hsrr0" },
	{ 315, "hsrr1" },     { SPR_DAR, "dar" },     { SPR_DSISR, "dsisr" },
	{ 307, "hdar" },      { 306, "hdsisr" },      { 816, "asdr" },
	{ 28, "cfar" },       { SPR_PVR, "pvr" },     { 1023, "pir" },
	{ SPR_LPCR, "lpcr" }, { SPR_LPIDR, "lpidr" }, { SPR_PIDR, "pidr" },
	{ SPR_SDR1, "sdr1" }, { SPR_PTCR, "ptcr" },   { SPR_AMR, "amr" },
	{ SPR_IAMR, "iamr" }, { 157, "uamor" },       { 349, "amor" },
	{ SPR_RMOR, "rmor" }, { SPR_HRMOR, "hrmor" }, { 272, "sprg0" },
	{ 273, "sprg1" },     { 274, "sprg2" },       { 275, "sprg3" },
	{ 304, "hsprg0" },    { 305, "hsprg1" },      { 815, "tar" },
	{ 256, "vrsave" },    { 153, "fscr" },        { 190, "hfscr" },
	{ 1008, "hid0" },
};

const size_t n_spr_names = sizeof(spr_names) / sizeof(spr_names[0]);

/* Power ISA 2.07 Book III-S 3.2.1. */
const struct msr_bit msr_bits[] = {
	{ HPT_MSR_SF, "SF" },
	{ HPT_MSR_HV, "HV" },
	{ UINT64_C(0x0000000400000000), "TS1" },
	{ UINT64_C(0x0000000200000000), "TS0" },
	{ UINT64_C(0x0000000100000000), "TM" },
	{ 0x02000000, "VEC" },
	{ 0x00800000, "VSX" },
	{ 0x8000, "EE" },
	{ HPT_MSR_PR, "PR" },
	{ 0x2000, "FP" },
	{ 0x1000, "ME" },
	{ 0x0800, "FE0" },
	{ 0x0400, "SE" },
	{ 0x0200, "BE" },
	{ 0x0100, "FE1" },
	{ HPT_MSR_IR, "IR" },
	{ HPT_MSR_DR, "DR" },
	{ 0x0004, "PMM" },
	{ 0x0002, "RI" },
	{ 0x0001, "LE" },
};

const size_t n_msr_bits = sizeof(msr_bits) / sizeof(msr_bits[0]);

static void take_registers(struct vcpu *vcpu, const struct hpt_guest_vcpu *from)
{
	vcpu->id = from->id;
	vcpu->has_registers = true;
	vcpu->has_slb = from->has & HPT_VCPU_HAS_SLB;
	vcpu->halted = from->halted;
	memcpy(vcpu->gpr, from->gpr, sizeof(vcpu->gpr));
	vcpu->pc = from->nip;
	vcpu->msr = from->msr;
	vcpu->lr = from->lr;
	vcpu->ctr = from->ctr;
	vcpu->xer = from->xer;
	vcpu->cr = from->cr;
	memcpy(vcpu->spr, from->spr, sizeof(vcpu->spr));
	/* A core that was made elsewhere has next to none, and not the PVR. */
	for (size_t i = 0; i < 1024; i++)
		vcpu->has_spr[i] = from->spr[SPR_PVR] || from->spr[i];
	if (from->has & HPT_VCPU_HAS_SHADOW) {
		vcpu->shadow_ra = from->slb_shadow_ra;
		vcpu->shadow_bytes = from->slb_shadow_bytes;
	}
}

int vcpu_from_guest(struct vcpu *vcpu, const struct hpt_guest *guest, size_t i,
		    struct hpt_error *err)
{
	struct hpt_guest_vcpu from = { .size = sizeof(from) };
	int ret = hpt_guest_vcpu(guest, i, &from, err);

	if (ret)
		return ret;
	*vcpu = (struct vcpu){ .mmu.size = sizeof(vcpu->mmu) };
	take_registers(vcpu, &from);
	vcpu->assumed = !from.spr[SPR_PVR] && !from.compat_pvr;
	if (vcpu->assumed) {
		ret = hpt_cpu_init(&vcpu->mmu, HPT_CPU_POWER8, HPT_PLATFORM_PSERIES, err);
		vcpu->mmu.msr = vcpu->msr;
		return ret;
	}
	return hpt_guest_cpu(guest, i, &vcpu->mmu, err);
}

/* What registers say of translation, where a file has them: the rest stays as it was. */
void vcpu_apply_registers(struct vcpu *vcpu)
{
	struct hpt_cpu *mmu = &vcpu->mmu;
	const struct {
		unsigned number;
		uint64_t *to;
	} words[] = {
		{ SPR_LPCR, &mmu->lpcr },   { SPR_SDR1, &mmu->sdr1 }, { SPR_PTCR, &mmu->ptcr },
		{ SPR_AMR, &mmu->amr },     { SPR_IAMR, &mmu->iamr }, { SPR_RMOR, &mmu->rmor },
		{ SPR_HRMOR, &mmu->hrmor },
	};

	mmu->msr = vcpu->msr;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (vcpu->has_spr[words[i].number])
			*words[i].to = vcpu->spr[words[i].number];
	if (vcpu->has_spr[SPR_LPIDR])
		mmu->lpid = (uint32_t)vcpu->spr[SPR_LPIDR];
	if (vcpu->has_spr[SPR_PIDR])
		mmu->pid = (uint32_t)vcpu->spr[SPR_PIDR];
}
