/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "cpus.h"

/* A vCPU for people. */

static void put_heading(struct output *out, const char *text)
{
	put_style(out, STYLE_BOLD);
	put_text(out, text);
	put_style(out, STYLE_NONE);
}

static void put_register(struct output *out, const char *name, uint64_t value)
{
	put_text(out, "  ");
	put_left(out, name, 7);
	put_hex_digits(out, value, 16);
}

static void put_msr(struct output *out, uint64_t msr)
{
	put_register(out, "msr", msr);
	for (size_t i = 0; i < n_msr_bits; i++) {
		if (!(msr & msr_bits[i].mask))
			continue;
		put_char(out, ' ');
		put_text(out, msr_bits[i].name);
	}
	put_char(out, '\n');
}

static void put_registers(struct output *out, const struct vcpu *vcpu)
{
	char name[4] = "r";
	char buffer[TEXT_MAX];

	put_register(out, "pc", vcpu->pc);
	put_register(out, "lr", vcpu->lr);
	put_register(out, "ctr", vcpu->ctr);
	put_char(out, '\n');
	put_msr(out, vcpu->msr);
	put_register(out, "xer", vcpu->xer);
	put_text(out, "  ");
	put_left(out, "cr", 7);
	put_hex_digits(out, vcpu->cr, 8);
	put_char(out, '\n');
	for (unsigned i = 0; i < 32; i++) {
		strcpy(name + 1, text_number(buffer, i));
		put_register(out, name, vcpu->gpr[i]);
		if (i % 4 == 3)
			put_char(out, '\n');
	}
}

/* Those that are 0 say little. */
static void put_sprs(struct output *out, const struct vcpu *vcpu)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_spr_names; i++) {
		const struct spr_name *spr = &spr_names[i];

		if (!vcpu->has_spr[spr->number] || !vcpu->spr[spr->number])
			continue;
		put_register(out, spr->name, vcpu->spr[spr->number]);
		if (n++ % 4 == 3)
			put_char(out, '\n');
	}
	if (n % 4)
		put_char(out, '\n');
}

static void put_segment(struct output *out, const struct hpt_cpu *cpu, uint32_t slot)
{
	const struct hpt_slb_entry *entry = &cpu->slb[slot];
	uint64_t word = entry->vsid;
	unsigned b = (unsigned)(word >> HPT_SLB_B_SHIFT);
	unsigned base = slb_base_shift(cpu, entry);
	uint64_t vsid = (word & HPT_SLB_VSID) >> (b == 1 ? 24 : 12);
	static const char *const sizes[] = { "256M", "1T", "B=2", "B=3" };
	char buffer[TEXT_MAX];

	put_text(out, "  ");
	put_right(out, text_number(buffer, slot), 4);
	put_text(out, "  ");
	put_hex_digits(out, entry->esid & HPT_SLB_ESID, 16);
	put_text(out, "  ");
	put_left(out, text_hex(buffer, vsid), 15);
	put_text(out, "  ");
	put_left(out, sizes[b], 5);
	put_left(out, base ? text_shift(buffer, base) : "?", 5);
	put_text(out, word & HPT_SLB_KS ? " 1 " : " 0 ");
	put_text(out, word & HPT_SLB_KP ? " 1 " : " 0 ");
	put_text(out, word & HPT_SLB_N ? "1 " : "0 ");
	put_text(out, word & HPT_SLB_C ? "1" : "0");
	put_text(out, entry->esid & HPT_SLB_VALID ? "\n" : " invalid\n");
}

void slb_text(struct output *out, const struct vcpu *vcpu)
{
	const struct hpt_cpu *cpu = &vcpu->mmu;
	unsigned shown = 0;

	put_heading(out,
		    "  slot  ESID                VSID             size base  Ks Kp N C\n");
	for (uint32_t i = 0; i < cpu->slb_n; i++) {
		if (!cpu->slb[i].esid && !cpu->slb[i].vsid)
			continue;
		put_segment(out, cpu, i);
		shown++;
	}
	if (!shown)
		put_text(out, "  no segments\n");
}

void cpu_text(struct output *out, const struct vcpu *vcpu)
{
	char buffer[TEXT_MAX];

	put_heading(out, "CPU ");
	put_heading(out, text_number(buffer, vcpu->id));
	put_text(out, ": ISA ");
	put_text(out, isa_name(vcpu->mmu.isa));
	put_text(out, ", ");
	put_text(out, platform_name(vcpu->mmu.platform));
	put_text(out, vcpu->halted ? ", halted\n" : "\n");
	if (vcpu->has_registers) {
		put_registers(out, vcpu);
		put_sprs(out, vcpu);
	}
	slb_text(out, vcpu);
}
