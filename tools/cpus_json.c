/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "cpus.h"

/* A vCPU for programs: one object. */

static void put_msr_bits(struct output *out, uint64_t msr)
{
	bool first = true;

	put_text(out, ",\"msr_bits\":[");
	for (size_t i = 0; i < n_msr_bits; i++) {
		if (!(msr & msr_bits[i].mask))
			continue;
		if (!first)
			put_char(out, ',');
		json_string(out, msr_bits[i].name);
		first = false;
	}
	put_char(out, ']');
}

static void put_registers(struct output *out, const struct vcpu *vcpu)
{
	json_hex_field(out, "pc", true, vcpu->pc);
	json_hex_field(out, "msr", true, vcpu->msr);
	put_msr_bits(out, vcpu->msr);
	json_hex_field(out, "lr", true, vcpu->lr);
	json_hex_field(out, "ctr", true, vcpu->ctr);
	json_hex_field(out, "xer", true, vcpu->xer);
	json_hex_field(out, "cr", true, vcpu->cr);
	put_text(out, ",\"gpr\":[");
	for (unsigned i = 0; i < 32; i++) {
		if (i)
			put_char(out, ',');
		json_hex(out, vcpu->gpr[i]);
	}
	put_char(out, ']');
}

static void put_sprs(struct output *out, const struct vcpu *vcpu)
{
	bool first = true;

	put_text(out, ",\"spr\":{");
	for (size_t i = 0; i < n_spr_names; i++) {
		if (!vcpu->has_spr[spr_names[i].number])
			continue;
		if (!first)
			put_char(out, ',');
		json_key(out, spr_names[i].name);
		json_hex(out, vcpu->spr[spr_names[i].number]);
		first = false;
	}
	put_char(out, '}');
}

static void put_segment(struct output *out, const struct hpt_cpu *cpu, uint32_t slot)
{
	static const unsigned segment_shifts[] = { 28, 40, 0, 0 };
	const struct hpt_slb_entry *entry = &cpu->slb[slot];
	unsigned b = (unsigned)(entry->vsid >> HPT_SLB_B_SHIFT);
	unsigned base = slb_base_shift(cpu, entry);

	put_char(out, '{');
	json_key(out, "slot");
	put_number(out, slot);
	json_hex_field(out, "esid_word", true, entry->esid);
	json_hex_field(out, "vsid_word", true, entry->vsid);
	json_bool_field(out, "valid", entry->esid & HPT_SLB_VALID);
	json_hex_field(out, "esid", true, entry->esid & HPT_SLB_ESID);
	json_hex_field(out, "vsid", b < 2, (entry->vsid & HPT_SLB_VSID) >> (b ? 24 : 12));
	json_field(out, "segment_shift", segment_shifts[b], segment_shifts[b]);
	json_field(out, "base_shift", base, base);
	json_bool_field(out, "ks", entry->vsid & HPT_SLB_KS);
	json_bool_field(out, "kp", entry->vsid & HPT_SLB_KP);
	json_bool_field(out, "n", entry->vsid & HPT_SLB_N);
	json_bool_field(out, "c", entry->vsid & HPT_SLB_C);
	put_char(out, '}');
}

static void put_slb(struct output *out, const struct hpt_cpu *cpu)
{
	bool first = true;

	put_text(out, ",\"slb\":[");
	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		if (!cpu->slb[i].esid && !cpu->slb[i].vsid)
			continue;
		if (!first)
			put_char(out, ',');
		put_segment(out, cpu, i);
		first = false;
	}
	put_char(out, ']');
}

void cpu_json(struct output *out, const struct vcpu *vcpu)
{
	put_char(out, '{');
	json_key(out, "cpu");
	put_number(out, vcpu->id);
	json_string_field(out, "isa", isa_name(vcpu->mmu.isa));
	json_string_field(out, "platform", platform_name(vcpu->mmu.platform));
	json_bool_field(out, "halted", vcpu->halted);
	if (vcpu->has_registers) {
		put_registers(out, vcpu);
		put_sprs(out, vcpu);
	}
	put_slb(out, &vcpu->mmu);
	put_text(out, "}\n");
}
