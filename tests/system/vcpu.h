/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_VCPU_H
#define SYSTEM_VCPU_H

/*
 * A VM with a hashed page table and vCPUs that make one access at a time. Guest code is
 * big-endian; whatever interrupt it takes comes back as a hypercall.
 */

#include <linux/kvm.h>

#include "host.h"
#include "tap.h"

#define VM_ORDER 18
#define VM_SLOTS (UINT64_C(1) << (VM_ORDER - HPT_ENTRY_SHIFT))
#define HUGE_RA HOST_GUEST_BYTES
#define HUGE_BYTES (16u << 20)
#define MSR_ON (HPT_MSR_SF | HPT_MSR_IR | HPT_MSR_DR)
#define VECTOR_DONE 0xC00 /* what an access ends with that was allowed: a system call */

/* The guest's memory, real addresses. Below 0x1000 are the interrupts' handlers. */
enum {
	RA_CODE = 0x10000,
	RA_COUNTER = 0x20000, /* what a loop counts, */
	RA_STOP = 0x20008,    /* and what makes it end */
	RA_TARGET = 0x40000,  /* TARGET_BYTES to map: all words are "sc" */
	RA_OTHER = 0x50000,   /* the second half of that */
	RA_LENT = 0x100000,   /* 64K that the host takes away */
};

#define TARGET_BYTES 0x20000u

/* Its code, mapped for all of them, and for all states. */
#define EA_CODE UINT64_C(0x10000000)
enum {
	EA_LOAD = 0x10000000,  /* ld r15,0(r14); sc */
	EA_STORE = 0x10000010, /* std r16,0(r14); sc */
	EA_LOOP = 0x10000020,  /* counts at 0(r14) until there is something at 8(r14); sc */
	EA_HCALL = 0x10000040, /* sc 1; results to r15 and on; sc */
};

struct segment {
	uint64_t ea;
	uint64_t vsid;
	unsigned segment_shift, base_shift;
	uint64_t flags; /* HPT_SLB_KS, HPT_SLB_KP, HPT_SLB_N */
};

struct mapping {
	uint64_t ea;
	uint64_t ra;
	unsigned page_shift;
	uint64_t r; /* all of dword 1 that is not the address */
	bool secondary;
};

struct vm {
	int fd;
	unsigned char *memory; /* HOST_GUEST_BYTES, from real address 0 */
	unsigned char *huge;   /* of vm_give_huge_page(), or NULL */
	struct hpt_table *table;
	struct hpt_page_sizes sizes;
};

struct vcpu {
	struct vm *vm;
	int fd;
	struct kvm_run *run;
	size_t run_bytes;
	struct hpt_cpu cpu; /* the same for libhpt; MSR is that of the last access */
};

/* What the vCPU said of an access. */
struct report {
	uint64_t dar, dsisr, srr0, srr1, vector;
	uint64_t loaded; /* r15 */
};

extern const struct segment code_segment;

bool vm_make(struct vm *vm);
void vm_end(struct vm *vm);
/* Memory in one page of 16M at HUGE_RA. Only a host that uses hashed page tables itself has
 * such pages: none is no failure. */
bool vm_give_huge_page(struct vm *vm);
/* The first free slot of its primary group (or its secondary), as H_ENTER chooses it, and the
 * entry for it. UINT64_MAX: there is none. */
uint64_t vm_slot(const struct vm *vm, const struct segment *segment,
		 const struct mapping *mapping, struct hpt_entry *entry);
/* The same, and writes the entry. */
uint64_t vm_enter(struct vm *vm, const struct segment *segment, const struct mapping *mapping);
struct hpt_entry vm_read(const struct vm *vm, uint64_t ptex);

bool vcpu_make(struct vm *vm, unsigned long id, struct vcpu *vcpu);
void vcpu_end(struct vcpu *vcpu);
bool vcpu_set_segments(struct vcpu *vcpu, const struct segment *segments, unsigned n);
/* AMR and IAMR, on the vCPU and for libhpt. */
bool vcpu_set_keys(struct vcpu *vcpu, uint64_t amr, uint64_t iamr);
bool vcpu_set_regs(struct vcpu *vcpu, uint64_t pc, uint64_t msr, uint64_t r14, uint64_t r16);
/* Until it takes an interrupt; 0 or an errno. Checks nothing, so that a thread may do it. */
int vcpu_run(struct vcpu *vcpu);
/* What it said then, given what vcpu_run() returned. */
bool vcpu_take_report(struct vcpu *vcpu, int ret, struct report *report);
/* Loads and stores are of 8 bytes; what is stored is the value. A fetch must find "sc". */
bool vcpu_access(struct vcpu *vcpu, enum hpt_access access, uint64_t ea, uint64_t msr,
		 uint64_t value, struct report *report);

/* The guest makes a hypercall: r4 and on, and what is in r3 to r5 then. */
#define HCALL_ARGS 4
#define HCALL_RESULTS 3
bool vcpu_hypercall(struct vcpu *vcpu, uint64_t number, const uint64_t *args,
		    uint64_t *results);

uint64_t get_be64(const unsigned char *bytes);
void put_be64(unsigned char *bytes, uint64_t value);

/* Whether libhpt and the vCPU say the same of an access. */
bool vcpu_agrees(const struct hpt_translation *t, const struct report *r);

void test_matrix(void);  /* hpt_translate() against the vCPU */
void test_rc(void);      /* R and C, and passes over what changed */
void test_hcalls(void);  /* what the guest does to the table itself, by hypercalls */
void test_running(void); /* what a running vCPU forbids */
void test_restore(void); /* a table saved, and restored into another VM */
void test_example(void); /* examples/kvm-hypervisor */

#endif /* SYSTEM_VCPU_H */
