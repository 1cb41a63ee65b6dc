/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "vcpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define H_REPORT 0x7000
#define MSR_ME 0x1000u
#define HANDLER_VECTOR 4
#define RUN_SECONDS 20 /* an access that takes longer never comes to an end */

const struct segment code_segment = {
	.ea = EA_CODE, .vsid = 0xC0DE, .segment_shift = 28, .base_shift = 12
};

/* At each vector, in real mode. */
static const uint32_t handler[] = {
	0x7c9302a6, /* mfdar   r4 */
	0x7cb202a6, /* mfdsisr r5 */
	0x7cda02a6, /* mfsrr0  r6 */
	0x7cfb02a6, /* mfsrr1  r7 */
	0x39000000, /* li      r8,0		| the vector's address */
	0x38607000, /* li      r3,H_REPORT */
	0x44000022, /* sc      1 */
	0x48000000, /* b       . */
};

/* In user mode the decrementer's interrupt is always on: a new start, and on. */
static const uint32_t decrementer[] = {
	0x3d007fff, /* lis     r8,0x7fff */
	0x7d1603a6, /* mtdec   r8 */
	0x4c000024, /* rfid */
};

static const uint32_t load[] = { 0xe9ee0000 /* ld r15,0(r14) */, 0x44000002 /* sc */ };
static const uint32_t store[] = { 0xfa0e0000 /* std r16,0(r14) */, 0x44000002 /* sc */ };
static const uint32_t loop[] = {
	0xe9ee0000, /* 1: ld    r15,0(r14) */
	0x39ef0001, /*    addi  r15,r15,1 */
	0xf9ee0000, /*    std   r15,0(r14) */
	0xea0e0008, /*    ld    r16,8(r14) */
	0x2c300000, /*    cmpdi r16,0 */
	0x4182ffec, /*    beq   1b */
	0x44000002, /*    sc */
};

static const uint32_t hypercall[] = {
	0x44000022, /* sc    1 */
	0x7c6f1b78, /* mr    r15,r3 */
	0x7c902378, /* mr    r16,r4 */
	0x7cb12b78, /* mr    r17,r5 */
	0x44000002, /* sc */
};

uint64_t get_be64(const unsigned char *bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

void put_be64(unsigned char *bytes, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(value >> (56 - 8 * i));
}

static void put_words(unsigned char *bytes, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < 4 * n; i++)
		bytes[i] = (unsigned char)(words[i / 4] >> (24 - 8 * (i % 4)));
}

/* The VM ------------------------------------------------------------------------------- */

static void load_guest(unsigned char *memory)
{
	uint32_t words[sizeof(handler) / 4];

	memcpy(words, handler, sizeof(handler));
	for (uint32_t vector = 0x100; vector < 0x1000; vector += 0x20) {
		if (vector % 0x80 && vector < 0xE00)
			continue;
		words[HANDLER_VECTOR] = handler[HANDLER_VECTOR] | vector;
		put_words(memory + vector, words, sizeof(handler) / 4);
	}
	put_words(memory + 0x900, decrementer, sizeof(decrementer) / 4);
	put_words(memory + RA_CODE + EA_LOAD - EA_CODE, load, sizeof(load) / 4);
	put_words(memory + RA_CODE + EA_STORE - EA_CODE, store, sizeof(store) / 4);
	put_words(memory + RA_CODE + EA_LOOP - EA_CODE, loop, sizeof(loop) / 4);
	put_words(memory + RA_CODE + EA_HCALL - EA_CODE, hypercall, sizeof(hypercall) / 4);
	for (size_t i = 0; i < TARGET_BYTES; i += 4)
		put_words(memory + RA_TARGET + i, load + 1, 1);
}

bool vm_give_huge_page(struct vm *vm)
{
	static const char path[] = "/sys/kernel/mm/hugepages/hugepages-16384kB/nr_hugepages";
	struct kvm_userspace_memory_region region = { .slot = 1,
						      .guest_phys_addr = HUGE_RA,
						      .memory_size = HUGE_BYTES };
	FILE *file = fopen(path, "w");
	void *memory;

	if (!file)
		return true;
	fputs("1", file);
	if (!CHECK(fclose(file) == 0))
		return false;
	memory = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 24 << 26, -1, 0);
	if (!CHECK(memory != MAP_FAILED))
		return false;
	vm->huge = memory;
	for (size_t i = 0; i < HUGE_BYTES; i += 4)
		put_words(vm->huge + i, load + 1, 1);
	region.userspace_addr = (uintptr_t)memory;
	return CHECK(ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) == 0);
}

bool vm_make(struct vm *vm)
{
	const struct mapping code = {
		.ea = EA_CODE, .ra = RA_CODE, .page_shift = 12, .r = HPT_R_M | 2
	};

	memset(vm, 0, sizeof(*vm));
	vm->sizes.size = sizeof(vm->sizes);
	vm->fd = host_vm();
	if (!CHECK(vm->fd >= 0) || !CHECK(host_give_table(vm->fd, VM_ORDER)))
		return false;
	vm->memory = host_give_memory(vm->fd);
	if (!CHECK(vm->memory))
		return false;
	load_guest(vm->memory);
	return CHECK(hpt_kvm_page_sizes(vm->fd, &vm->sizes, &err) == 0) &&
	       CHECK(hpt_kvm_open(vm->fd, VM_ORDER, NULL, &vm->table, &err) == 0) &&
	       vm_enter(vm, &code_segment, &code) != UINT64_MAX;
}

void vm_end(struct vm *vm)
{
	hpt_table_close(vm->table);
	close(vm->fd);
	if (vm->memory)
		munmap(vm->memory, HOST_GUEST_BYTES);
	if (vm->huge)
		munmap(vm->huge, HUGE_BYTES);
}

/* Its table ---------------------------------------------------------------------------- */

static const struct hpt_base_size *base_size(const struct vm *vm, unsigned shift)
{
	for (uint32_t i = 0; i < vm->sizes.n; i++)
		if (vm->sizes.base[i].shift == shift)
			return vm->sizes.base + i;
	CHECK(!"a base page size that the kernel offers");
	return vm->sizes.base;
}

static struct hpt_entry entry_for(const struct vm *vm, const struct segment *s,
				  const struct hpt_va *va, const struct mapping *m)
{
	const struct hpt_base_size *base = base_size(vm, s->base_shift);
	struct hpt_entry entry = { .v = hpt_va_avpn(va, s->base_shift) | HPT_V_VALID,
				   .r = m->ra | m->r };

	if (m->secondary)
		entry.v |= HPT_V_SECONDARY;
	for (uint32_t i = 0; m->page_shift > 12 && i < base->n; i++) {
		if (base->actual[i].shift != m->page_shift)
			continue;
		entry.v |= HPT_V_LARGE;
		entry.r |= (uint64_t)base->actual[i].lp << 12;
	}
	CHECK(m->page_shift == 12 || entry.v & HPT_V_LARGE);
	return entry;
}

uint64_t vm_slot(const struct vm *vm, const struct segment *s, const struct mapping *m,
		 struct hpt_entry *entry)
{
	const struct hpt_va va = { .vsid = s->vsid,
				   .segment_shift = (uint8_t)s->segment_shift,
				   .offset = m->ea & ((UINT64_C(1) << s->segment_shift) - 1) };
	struct hpt_entry group[HPT_PTEG_ENTRIES];
	uint64_t ptex =
		hpt_hash_pteg(hpt_va_hash(&va, s->base_shift), VM_ORDER, m->secondary) *
		HPT_PTEG_ENTRIES;

	*entry = entry_for(vm, s, &va, m);
	if (!CHECK(hpt_table_read(vm->table, ptex, HPT_PTEG_ENTRIES, group, &err) == 0))
		return UINT64_MAX;
	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++)
		if (!(group[i].v & HPT_V_VALID))
			return ptex + i;
	return UINT64_MAX;
}

uint64_t vm_enter(struct vm *vm, const struct segment *s, const struct mapping *m)
{
	struct hpt_entry entry;
	uint64_t ptex = vm_slot(vm, s, m, &entry);

	if (!CHECK(ptex != UINT64_MAX) ||
	    !CHECK(hpt_table_write(vm->table, ptex, 1, &entry, &err) == 0))
		return UINT64_MAX;
	return ptex;
}

struct hpt_entry vm_read(const struct vm *vm, uint64_t ptex)
{
	struct hpt_entry entry = { 0, 0 };

	CHECK(hpt_table_read(vm->table, ptex, 1, &entry, &err) == 0);
	return entry;
}

/* A vCPU ------------------------------------------------------------------------------- */

static bool read_segments(struct vcpu *vcpu)
{
	const enum hpt_byte_order order =
		__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? HPT_BIG_ENDIAN : HPT_LITTLE_ENDIAN;
	struct kvm_sregs sregs;

	return CHECK(ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) == 0) &&
	       CHECK(hpt_cpu_from_kvm_sregs(&vcpu->cpu, &sregs, sizeof(sregs), order, &err) ==
		     0);
}

bool vcpu_make(struct vm *vm, unsigned long id, struct vcpu *vcpu)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	int bytes = ioctl(host_kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	enum hpt_processor processor;
	struct kvm_sregs sregs;

	*vcpu = (struct vcpu){ .vm = vm, .cpu = { .size = sizeof(vcpu->cpu) } };
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (!CHECK(vcpu->fd >= 0) || !CHECK(bytes > 0))
		return false;
	vcpu->run_bytes = (size_t)bytes;
	vcpu->run =
		mmap(NULL, vcpu->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (!CHECK(vcpu->run != MAP_FAILED) ||
	    !CHECK(ioctl(vcpu->fd, KVM_ENABLE_CAP, &papr) == 0) ||
	    !CHECK(ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) == 0) ||
	    !CHECK(hpt_processor_from_pvr(sregs.pvr, &processor, &err) == 0) ||
	    !CHECK(hpt_cpu_init(&vcpu->cpu, processor, HPT_PLATFORM_PSERIES, &err) == 0))
		return false;
	CHECK((processor == HPT_CPU_POWER9) == host_v3);
	vcpu->cpu.sizes = &vm->sizes;
	return vcpu_set_segments(vcpu, NULL, 0);
}

void vcpu_end(struct vcpu *vcpu)
{
	munmap(vcpu->run, vcpu->run_bytes);
	close(vcpu->fd);
}

/* The code's segment is always there, in slot 0. */
bool vcpu_set_segments(struct vcpu *vcpu, const struct segment *segments, unsigned n)
{
	struct kvm_sregs sregs;

	if (!CHECK(ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) == 0))
		return false;
	memset(sregs.u.s.ppc64.slb, 0, sizeof(sregs.u.s.ppc64.slb));
	for (unsigned i = 0; i <= n; i++) {
		const struct segment *s = i ? segments + i - 1 : &code_segment;
		bool large = s->segment_shift == 40;

		sregs.u.s.ppc64.slb[i].slbe = s->ea | HPT_SLB_VALID | i;
		sregs.u.s.ppc64.slb[i].slbv = s->vsid << (large ? 24 : 12) | s->flags |
					      base_size(vcpu->vm, s->base_shift)->slb_enc |
					      (uint64_t)large << HPT_SLB_B_SHIFT;
	}
	return CHECK(ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) == 0) && read_segments(vcpu);
}

static bool set_reg(const struct vcpu *vcpu, uint64_t id, uint64_t value, uint64_t *back)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	if (ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg))
		return false;
	value = ~value;
	*back = 0;
	reg.addr = (uintptr_t)back;
	return ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg) == 0 && *back == ~value;
}

bool vcpu_set_keys(struct vcpu *vcpu, uint64_t amr, uint64_t iamr)
{
	return CHECK(set_reg(vcpu, KVM_REG_PPC_AMR, amr, &vcpu->cpu.amr)) &&
	       CHECK(set_reg(vcpu, KVM_REG_PPC_IAMR, iamr, &vcpu->cpu.iamr));
}

bool vcpu_set_regs(struct vcpu *vcpu, uint64_t pc, uint64_t msr, uint64_t r14, uint64_t r16)
{
	struct kvm_regs regs;

	memset(&regs, 0, sizeof(regs));
	regs.pc = pc;
	regs.msr = msr | MSR_ME;
	regs.gpr[14] = r14;
	regs.gpr[15] = ~UINT64_C(0);
	regs.gpr[16] = r16;
	vcpu->cpu.msr = regs.msr;
	return CHECK(ioctl(vcpu->fd, KVM_SET_REGS, &regs) == 0);
}

bool vcpu_take_report(struct vcpu *vcpu, int ret, struct report *report)
{
	const struct kvm_run *run = vcpu->run;
	struct kvm_regs regs;

	if (!CHECK(ioctl(vcpu->fd, KVM_GET_REGS, &regs) == 0))
		return false;
	if (ret || run->exit_reason != KVM_EXIT_PAPR_HCALL || run->papr_hcall.nr != H_REPORT) {
		printf("# KVM_RUN: %s, exit %u at %" PRIx64 ", MSR %" PRIx64 ", r14 %" PRIx64
		       "\n",
		       ret ? strerror(ret) : "ended", run->exit_reason, (uint64_t)regs.pc,
		       (uint64_t)regs.msr, (uint64_t)regs.gpr[14]);
		return CHECK(!"KVM_RUN ends with a report");
	}
	*report = (struct report){
		.dar = run->papr_hcall.args[0],
		.dsisr = run->papr_hcall.args[1],
		.srr0 = run->papr_hcall.args[2],
		.srr1 = run->papr_hcall.args[3],
		.vector = run->papr_hcall.args[4],
		.loaded = regs.gpr[15],
	};
	return true;
}

int vcpu_run(struct vcpu *vcpu)
{
	int ret;

	alarm(RUN_SECONDS); /* ends the ioctl with EINTR */
	ret = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
	alarm(0);
	return ret;
}

bool vcpu_access(struct vcpu *vcpu, enum hpt_access access, uint64_t ea, uint64_t msr,
		 uint64_t value, struct report *report)
{
	uint64_t pc = ea;

	if (access != HPT_ACCESS_FETCH)
		pc = access == HPT_ACCESS_READ ? EA_LOAD : EA_STORE;
	/* Where fetches are not translated, the code is where it is. */
	if (access != HPT_ACCESS_FETCH && !(msr & HPT_MSR_IR))
		pc += RA_CODE - EA_CODE;
	return vcpu_set_regs(vcpu, pc, msr, ea, value) &&
	       vcpu_take_report(vcpu, vcpu_run(vcpu), report);
}

bool vcpu_hypercall(struct vcpu *vcpu, uint64_t number, const uint64_t *args,
		    uint64_t *results)
{
	struct report report = { .vector = 0 };
	struct kvm_regs regs;

	if (!vcpu_set_regs(vcpu, EA_HCALL, MSR_ON, 0, 0) ||
	    !CHECK(ioctl(vcpu->fd, KVM_GET_REGS, &regs) == 0))
		return false;
	regs.gpr[3] = number;
	for (unsigned i = 0; i < HCALL_ARGS; i++)
		regs.gpr[4 + i] = args[i];
	/* The answer to the last report is still due; it goes to the same registers. */
	vcpu->run->papr_hcall.ret = number;
	memcpy(vcpu->run->papr_hcall.args, regs.gpr + 4, sizeof(vcpu->run->papr_hcall.args));
	if (!CHECK(ioctl(vcpu->fd, KVM_SET_REGS, &regs) == 0) ||
	    !vcpu_take_report(vcpu, vcpu_run(vcpu), &report) ||
	    !CHECK(report.vector == VECTOR_DONE) ||
	    !CHECK(ioctl(vcpu->fd, KVM_GET_REGS, &regs) == 0))
		return false;
	memcpy(results, regs.gpr + 15, HCALL_RESULTS * sizeof(*results));
	return true;
}
