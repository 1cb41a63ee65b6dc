/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "machine.h"

/* A source with a vCPU: from the source itself, from files of the monitor, or made up. */

/* More than any hypervisor's shadow buffer has. */
#define SHADOW_BYTES_MAX 4096

static int failed(const struct hpt_error *err)
{
	complain("%s", err->text);
	return EXIT_ERROR;
}

static int read_registers(const struct asking *asking, struct vcpu *given)
{
	int ret = 0;

	given->id = asking->cpu;
	if (asking->registers)
		ret = monitor_registers(asking->registers, !asking->has_cpu, asking->cpu,
					given);
	if (!ret && asking->slb)
		ret = monitor_slb(asking->slb, !asking->has_cpu && !asking->registers,
				  given->id, given);
	return ret;
}

/* Registers say where the table of a RAM image lies, unless the options do. */
static void take_pointer(struct common *common, const struct vcpu *given)
{
	if (!common->ram || common->has_sdr1 || common->has_ptcr || !given->has_registers)
		return;
	common->sdr1 = given->spr[SPR_SDR1];
	common->has_sdr1 = common->sdr1 != 0;
	common->ptcr = given->spr[SPR_PTCR];
	common->has_ptcr = !common->has_sdr1 && common->ptcr;
}

static uint32_t guest_vcpus(const struct machine *machine)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	if (!machine->source.guest || hpt_guest_info(machine->source.guest, &info, NULL) ||
	    (info.kind != HPT_SOURCE_QEMU && info.kind != HPT_SOURCE_CORE))
		return 0;
	return info.vcpus;
}

/* The vCPU of that id. Not found: the error that the library has for the first, or none. */
static int find_vcpu(struct machine *machine, const struct asking *asking, uint32_t n)
{
	struct hpt_error err;
	uint32_t i = 0;
	int ret;

	do {
		ret = vcpu_from_guest(&machine->vcpu, machine->source.guest, i, &err);
		if (ret)
			return failed(&err);
		if (!asking->has_cpu || machine->vcpu.id == asking->cpu)
			return 0;
	} while (n != HPT_GUEST_VCPUS_UNKNOWN && ++i < n);
	complain("--cpu %u: the guest has no such vCPU; it has %u", (unsigned)asking->cpu,
		 (unsigned)n);
	return EXIT_ERROR;
}

static enum hpt_processor which_processor(const struct asking *asking,
					  const struct vcpu *given)
{
	enum hpt_processor processor;

	if (asking->has_processor)
		return asking->processor;
	if (given->has_spr[SPR_PVR] &&
	    !hpt_processor_from_pvr((uint32_t)given->spr[SPR_PVR], &processor, NULL))
		return processor;
	return asking->common.has_ptcr ? HPT_CPU_POWER9 : HPT_CPU_POWER8;
}

static enum hpt_platform which_platform(const struct asking *asking,
					enum hpt_processor processor)
{
	if (!asking->common.ram && !asking->common.has_sdr1 && !asking->common.has_ptcr)
		return HPT_PLATFORM_PSERIES;
	return processor == HPT_CPU_970 ? HPT_PLATFORM_NO_HV : HPT_PLATFORM_BARE;
}

/* A CPU that the source does not have: translation on, no segments. */
static int make_cpu(struct machine *machine, const struct asking *asking,
		    const struct vcpu *given)
{
	enum hpt_processor processor = which_processor(asking, given);
	struct hpt_cpu *mmu = &machine->vcpu.mmu;
	struct hpt_error err;

	mmu->size = sizeof(*mmu);
	if (hpt_cpu_init(mmu, processor, which_platform(asking, processor), &err))
		return failed(&err);
	mmu->sdr1 = asking->common.sdr1;
	mmu->ptcr = asking->common.ptcr;
	mmu->lpid = asking->common.lpid;
	mmu->pate0 = machine->source.pate0;
	machine->vcpu.id = given->id;
	return 0;
}

/* --processor against what a saved guest says of its own. */
static int change_processor(struct hpt_cpu *mmu, enum hpt_processor processor)
{
	struct hpt_cpu other = { .size = sizeof(other) };
	struct hpt_error err;

	if (hpt_cpu_init(&other, processor, mmu->platform, &err))
		return failed(&err);
	mmu->isa = other.isa;
	mmu->sizes = other.sizes;
	return 0;
}

/* What the files of the monitor say outranks what the source does. */
static void merge(struct vcpu *vcpu, struct vcpu *given)
{
	struct hpt_cpu mmu = vcpu->mmu;

	if (given->has_slb) {
		memcpy(mmu.slb, given->mmu.slb, sizeof(mmu.slb));
		mmu.slb_n = given->mmu.slb_n;
		vcpu->has_slb = true;
	}
	if (given->has_registers) {
		bool has_slb = vcpu->has_slb;

		*vcpu = *given;
		vcpu->has_slb = has_slb;
		vcpu->mmu = mmu;
		vcpu_apply_registers(vcpu);
	} else {
		vcpu->mmu = mmu;
	}
}

/* A vCPU of a core that has general registers alone: the rest is as the options say. */
static int complete_cpu(struct machine *machine, const struct asking *asking,
			const struct vcpu *given)
{
	uint32_t id = machine->vcpu.id;
	int ret = make_cpu(machine, asking, given);

	machine->vcpu.id = id;
	vcpu_apply_registers(&machine->vcpu);
	return ret;
}

static int open_vcpu(struct machine *machine, const struct asking *asking, struct vcpu *given)
{
	uint32_t n = guest_vcpus(machine);
	int ret;

	if (!n) {
		ret = make_cpu(machine, asking, given);
	} else {
		ret = find_vcpu(machine, asking, n);
		if (!ret && machine->vcpu.assumed)
			ret = complete_cpu(machine, asking, given);
		else if (!ret && asking->has_processor)
			ret = change_processor(&machine->vcpu.mmu, asking->processor);
	}
	if (!ret)
		merge(&machine->vcpu, given);
	return ret;
}

static void open_memory(struct machine *machine)
{
	if (!machine->source.guest) {
		machine->memory = &ram_ops;
		machine->memory_ctx = &machine->source.ram;
	} else if (hpt_guest_memory(machine->source.guest, &machine->memory,
				    &machine->memory_ctx, &machine->no_memory)) {
		machine->memory = NULL;
	}
}

int machine_open(struct machine *machine, struct asking *asking, uint32_t flags,
		 bool need_table)
{
	struct vcpu given = { .has_registers = false };
	int ret = read_registers(asking, &given);

	*machine = (struct machine){ .memory = NULL };
	if (ret)
		return ret;
	take_pointer(&asking->common, &given);
	if (need_table)
		ret = source_need_table(&machine->source, &asking->common, flags);
	else
		ret = source_open(&machine->source, &asking->common, flags);
	if (ret)
		return ret;
	ret = open_vcpu(machine, asking, &given);
	if (ret)
		machine_close(machine);
	else
		open_memory(machine);
	return ret;
}

void machine_close(struct machine *machine)
{
	source_close(&machine->source);
}

static bool any_segment(const struct hpt_cpu *cpu)
{
	for (uint32_t i = 0; i < cpu->slb_n; i++)
		if (cpu->slb[i].esid & HPT_SLB_VALID)
			return true;
	return false;
}

/*
 * Without --access it is a debugger's look, with translation on: a CPU that was stopped in
 * real mode has segments all the same. One that has none (firmware) stays in real mode.
 */
static uint32_t look_flags(const struct machine *machine, const struct asking *asking)
{
	const struct hpt_cpu *cpu = &machine->vcpu.mmu;
	uint32_t flags = asking->access_flags;

	if (!asking->has_access || asking->debug)
		flags |= HPT_XLATE_DEBUG;
	if (asking->translation == TRANSLATION_ON)
		return flags | HPT_XLATE_ON;
	if (asking->translation == TRANSLATION_OFF)
		return flags | HPT_XLATE_REAL;
	if (asking->has_access)
		return flags;
	if (!(cpu->msr & (HPT_MSR_IR | HPT_MSR_DR)) && !any_segment(cpu) && !asking->use_linux)
		return flags;
	return flags | HPT_XLATE_ON;
}

/* Segments that the guest wants always. That they cannot be had is no error. */
static void add_shadow(struct machine *machine)
{
	unsigned char bytes[SHADOW_BYTES_MAX];
	struct vcpu *vcpu = &machine->vcpu;
	size_t len = sizeof(bytes);
	struct hpt_error err;

	if (!machine->memory || !vcpu->shadow_bytes)
		return;
	if (vcpu->shadow_bytes < len)
		len = (size_t)vcpu->shadow_bytes;
	if (!machine->memory->read(machine->memory_ctx, vcpu->shadow_ra, len, bytes, &err))
		(void)hpt_cpu_add_slb_shadow(&vcpu->mmu, bytes, len, NULL);
}

bool machine_linux(const struct machine *machine, uint32_t page_shift, struct hpt_linux *rule)
{
	uint32_t n = guest_vcpus(machine);
	struct hpt_cpu cpu = { .size = sizeof(cpu) };

	if (linux_from_slb(rule, &machine->vcpu.mmu, page_shift))
		return true;
	for (uint32_t i = 0; n != HPT_GUEST_VCPUS_UNKNOWN && i < n; i++)
		if (!hpt_guest_cpu(machine->source.guest, i, &cpu, NULL) &&
		    linux_from_slb(rule, &cpu, page_shift)) {
			rule->user_context = 0; /* another process's */
			return true;
		}
	if (!machine->source.table ||
	    !linux_from_table(rule, machine->source.table, machine->vcpu.mmu.sizes))
		return false;
	if (page_shift)
		rule->page_shift = page_shift;
	return true;
}

int machine_need_linux(const struct machine *machine, const struct asking *asking,
		       struct hpt_linux *rule)
{
	if (machine_linux(machine, asking->page_shift, rule))
		return 0;
	if (!asking->has_context) {
		complain("--linux: no segment in the SLB and nothing in the table follows "
			 "Linux's rule; --linux=CONTEXT takes it as given");
		return EXIT_ERROR;
	}
	linux_default(rule, &machine->vcpu.mmu);
	if (asking->page_shift)
		rule->page_shift = asking->page_shift;
	return 0;
}

static int use_linux(struct machine *machine, const struct asking *asking)
{
	struct hpt_linux *rule = &machine->linux_rule;
	int ret = machine_need_linux(machine, asking, rule);

	if (ret)
		return ret;
	if (asking->has_context)
		rule->user_context = asking->context;
	machine->vcpu.mmu.linux_rule = rule;
	return 0;
}

int machine_look(struct machine *machine, const struct asking *asking)
{
	if (!asking->has_access)
		add_shadow(machine);
	machine->access = asking->access;
	machine->flags = look_flags(machine, asking);
	return asking->use_linux ? use_linux(machine, asking) : 0;
}
