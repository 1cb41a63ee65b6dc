/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * A hypervisor, as small as one can be: under KVM-HV it makes a VM with a hashed page table,
 * enters mappings through libhpt, and runs a vCPU on them with translation on. What the guest
 * meets on its way (no segment, no entry, pp, a storage key, no execute) comes here as a
 * hypercall; hpt_translate() says why it happened, which must be what the CPU reported; the
 * cause is removed, and the guest goes on. Needs a POWER host; elsewhere it says so and exits
 * with 77.
 *
 * hpt_translate() reads the table, which must not be done while the guest is being migrated:
 * see <hpt/kvm.h>.
 *
 *	cc kvm-hypervisor.c $(pkg-config --cflags --libs libhpt)
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS, under -std=c11 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hpt/hpt.h>

#define NOT_HERE 77

#if !defined(__powerpc64__)

/* The kernel's <linux/kvm.h> has another machine's registers here. */
int main(void)
{
	fprintf(stderr, "kvm-hypervisor: this was not built for a POWER host\n");
	return NOT_HERE;
}

#else

#include <linux/kvm.h>

#define VM_HV 1ul /* machine type of KVM_CREATE_VM */
#define MEMORY (1u << 20)
#define MSR_ME 0x1000u /* machine checks are interrupts */
#define H_FAULT 0x7000 /* hypercalls of this guest's own: an interrupt came, */
#define H_DONE 0x7004  /* and its work is done */
#define AMR_KEY(key, bits) ((uint64_t)(bits) << (62 - 2 * (key)))
#define AMR_NO_STORE 2u

struct guest {
	int kvm, vm, vcpu;     /* descriptors */
	struct kvm_run *run;   /* what the kernel says of the vCPU's exits */
	unsigned char *memory; /* MEMORY bytes, from real address 0 */
	struct hpt_table *table;
	uint32_t order;     /* log2 of its bytes */
	struct hpt_cpu cpu; /* the vCPU, as hpt_translate() sees it */
};

/* The guest's segments. What it may use is not always in its SLB. */
static const struct segment {
	uint64_t ea, vsid;
	unsigned base_shift; /* log2 of the base page's bytes */
	bool at_start;
} segments[] = {
	{ 0x10000000, 0x101, 12, true },
	{ 0x20000000, 0x202, 16, false },
};

/* Its pages, each as it is entered at first; none lacks what the guest needs in the end. */
static const struct page {
	const char *name;
	uint64_t ea, ra;
	uint64_t r; /* protection, key, attributes */
	bool at_start;
} pages[] = {
	{ "code", 0x10000000, 0x10000, HPT_R_M | 3, true },
	{ "data", 0x10001000, 0x11000, HPT_R_M | 2, false },
	{ "read-only", 0x10002000, 0x12000, HPT_R_M | 3, true },
	{ "key 5", 0x10003000, 0x13000, HPT_R_M | (5 & 7) << 9 | 2, true },
	{ "function", 0x10004000, 0x14000, HPT_R_M | HPT_R_NO_EXECUTE | 3, true },
	{ "device", 0x10005000, 0x40000000, HPT_R_I | HPT_R_G | 2, false },
	{ "64K", 0x20000000, 0x20000, HPT_R_M | 2, false },
};

#define N_SEGMENTS (sizeof(segments) / sizeof(segments[0]))
#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

/* The guest is big-endian. It begins at the first word of "code". */
static const uint32_t program[] = {
	0x3dc01000, /* lis   r14,0x1000 */
	0x3e002000, /* lis   r16,0x2000 */
	0xe9ee1000, /* ld    r15,0x1000(r14)	"data": 40 */
	0xf9ee2000, /* std   r15,0x2000(r14)	"read-only" */
	0xf9ee3000, /* std   r15,0x3000(r14)	"key 5" */
	0xea300030, /* ld    r17,0x30(r16)	"64K": 2 */
	0x3a4e4000, /* addi  r18,r14,0x4000 */
	0x7e4903a6, /* mtctr r18 */
	0x4e800421, /* bctrl			"function" */
	0x91ee5000, /* stw   r15,0x5000(r14)	"device" */
	0x7de47b78, /* mr    r4,r15 */
	0x38607004, /* li    r3,H_DONE */
	0x44000022, /* sc    1 */
};

static const uint32_t function[] = {
	0x7def8a14, /* add   r15,r15,r17 */
	0x4e800020, /* blr */
};

/* At each interrupt vector, in real mode. What it needs survives in the registers which the
 * hypervisor gives back as they were. */
static const uint32_t handler[] = {
	0x7c9302a6, /* mfdar   r4 */
	0x7cb202a6, /* mfdsisr r5 */
	0x7cda02a6, /* mfsrr0  r6 */
	0x7cfb02a6, /* mfsrr1  r7 */
	0x39000000, /* li      r8,0		| the vector's address */
	0x38607000, /* li      r3,H_FAULT */
	0x44000022, /* sc      1 */
	0x7cda03a6, /* mtsrr0  r6 */
	0x7cfb03a6, /* mtsrr1  r7 */
	0x4c000024, /* rfid */
};

#define HANDLER_VECTOR 4 /* index of the "li r8" in it */

static int complain(const char *what)
{
	fprintf(stderr, "kvm-hypervisor: %s: %s\n", what, strerror(errno));
	return -1;
}

static int refuse(const struct hpt_error *err)
{
	fprintf(stderr, "kvm-hypervisor: %s\n", err->text);
	return -1;
}

/* Mappings ----------------------------------------------------------------------------- */

static const struct segment *segment_of(uint64_t ea)
{
	for (size_t i = 0; i < N_SEGMENTS; i++)
		if (ea >> 28 == segments[i].ea >> 28)
			return &segments[i];
	return NULL;
}

static const struct page *page_of(uint64_t ea)
{
	for (size_t i = 0; i < N_PAGES; i++) {
		const struct segment *s = segment_of(pages[i].ea);

		if (s && ea >> s->base_shift == pages[i].ea >> s->base_shift)
			return &pages[i];
	}
	return NULL;
}

static const struct hpt_base_size *base_size(const struct guest *g, unsigned shift)
{
	for (uint32_t i = 0; i < g->cpu.sizes->n; i++)
		if (g->cpu.sizes->base[i].shift == shift)
			return &g->cpu.sizes->base[i];
	return NULL;
}

/* As H_ENTER does it: the first free slot of the primary group, else of the secondary. */
static int find_slot(const struct guest *g, uint64_t hash, uint64_t *ptex, bool *secondary)
{
	struct hpt_entry group[HPT_PTEG_ENTRIES];
	struct hpt_error err;

	for (int h = 0; h < 2; h++) {
		uint64_t first = hpt_hash_pteg(hash, g->order, h) * HPT_PTEG_ENTRIES;

		if (hpt_table_read(g->table, first, HPT_PTEG_ENTRIES, group, &err))
			return refuse(&err);
		for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
			if (group[i].v & HPT_V_VALID)
				continue;
			*ptex = first + i;
			*secondary = h;
			return 0;
		}
	}
	fprintf(stderr, "kvm-hypervisor: both groups of hash %#" PRIx64 " are full\n", hash);
	return -1;
}

static int enter(const struct guest *g, const struct page *page)
{
	const struct segment *s = segment_of(page->ea);
	const struct hpt_base_size *base = base_size(g, s->base_shift);
	const struct hpt_va va = { .vsid = s->vsid,
				   .offset = page->ea - s->ea,
				   .segment_shift = 28 };
	struct hpt_entry entry;
	struct hpt_error err;
	uint64_t ptex = 0;
	bool secondary = false;

	if (find_slot(g, hpt_va_hash(&va, s->base_shift), &ptex, &secondary))
		return -1;
	entry.v = hpt_va_avpn(&va, s->base_shift) | HPT_V_VALID;
	entry.r = page->ra | page->r;
	if (s->base_shift > 12) { /* the first that the base allows: as large as itself */
		entry.v |= HPT_V_LARGE;
		entry.r |= (uint64_t)base->actual[0].lp << 12;
	}
	if (secondary)
		entry.v |= HPT_V_SECONDARY;
	if (hpt_table_write(g->table, ptex, 1, &entry, &err))
		return refuse(&err);
	printf("entered %s at %#" PRIx64 ": slot %#" PRIx64 "\n", page->name, page->ea, ptex);
	return 0;
}

/* Entries may be written whenever no vCPU runs; the kernel makes the CPUs forget the old. */
static int change(const struct guest *g, const struct hpt_translation *t, uint64_t clear,
		  uint64_t set)
{
	struct hpt_entry entry = t->entry;
	struct hpt_error err;

	entry.r = (entry.r & ~clear) | set;
	if (hpt_table_write(g->table, t->ptex, 1, &entry, &err))
		return refuse(&err);
	printf("changed slot %#" PRIx64 "\n", t->ptex);
	return 0;
}

/* The vCPU's registers ----------------------------------------------------------------- */

static int set_reg(const struct guest *g, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(g->vcpu, KVM_SET_ONE_REG, &reg) ? complain("KVM_SET_ONE_REG") : 0;
}

static int get_reg(const struct guest *g, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(g->vcpu, KVM_GET_ONE_REG, &reg) ? complain("KVM_GET_ONE_REG") : 0;
}

/* The kernel wants all valid entries at the front, each with its slot in the low bits. */
static int add_segment(const struct guest *g, const struct segment *s)
{
	struct kvm_sregs sregs;
	unsigned slot = 0;

	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return complain("KVM_GET_SREGS");
	while (sregs.u.s.ppc64.slb[slot].slbe & HPT_SLB_VALID)
		slot++;
	sregs.u.s.ppc64.slb[slot].slbe = s->ea | HPT_SLB_VALID | slot;
	sregs.u.s.ppc64.slb[slot].slbv =
		s->vsid << 12 | HPT_SLB_KP | base_size(g, s->base_shift)->slb_enc;
	if (ioctl(g->vcpu, KVM_SET_SREGS, &sregs))
		return complain("KVM_SET_SREGS");
	printf("added the segment of %#" PRIx64 "\n", s->ea);
	return 0;
}

/* The vCPU as it was when it made the access: its MSR is what the interrupt saved. */
static int look_at_vcpu(struct guest *g, uint64_t srr1)
{
	const enum hpt_byte_order order =
		__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? HPT_BIG_ENDIAN : HPT_LITTLE_ENDIAN;
	struct kvm_sregs sregs;
	struct hpt_error err;

	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return complain("KVM_GET_SREGS");
	if (hpt_cpu_from_kvm_sregs(&g->cpu, &sregs, sizeof(sregs), order, &err))
		return refuse(&err);
	g->cpu.msr = srr1 & ~HPT_SRR1_REASONS;
	if (get_reg(g, KVM_REG_PPC_AMR, &g->cpu.amr))
		return -1;
	return get_reg(g, KVM_REG_PPC_IAMR, &g->cpu.iamr);
}

/* Exits -------------------------------------------------------------------------------- */

/* Does libhpt say the same of the access as the CPU did? */
static int check(const struct hpt_translation *t, const uint64_t *args)
{
	const uint64_t dsisr = args[1], srr1 = args[3], vector = args[4];
	static const char *const access[] = { "load from", "store to", "fetch from" };

	printf("%s %#" PRIx64 ": interrupt %#" PRIx64, access[t->access], t->ea, vector);
	if (t->has & HPT_HAS_DSISR)
		printf(", DSISR %08" PRIx64, dsisr);
	if (t->has & HPT_HAS_SRR1)
		printf(", SRR1 %08" PRIx64, srr1 & HPT_SRR1_REASONS);
	printf(": %s\n", hpt_outcome_name(t->outcome));
	if (t->interrupt != vector || (t->has & HPT_HAS_DSISR && t->dsisr != dsisr) ||
	    (t->has & HPT_HAS_SRR1 && t->srr1 != (srr1 & HPT_SRR1_REASONS))) {
		fprintf(stderr,
			"kvm-hypervisor: libhpt expects interrupt %#x, DSISR %08x, SRR1 %08" PRIx64
			"\n",
			t->interrupt, t->dsisr, t->srr1);
		return -1;
	}
	return 0;
}

static int cure(const struct guest *g, const struct hpt_translation *t)
{
	const struct segment *s = segment_of(t->ea);
	const struct page *page = page_of(t->ea);

	if (!s || !page) {
		fprintf(stderr, "kvm-hypervisor: the guest has nothing there\n");
		return -1;
	}
	switch (t->outcome) {
	case HPT_OUTCOME_NO_SEGMENT:
		return add_segment(g, s);
	case HPT_OUTCOME_NO_ENTRY:
		return enter(g, page);
	case HPT_OUTCOME_PROTECTION:
		return change(g, t, HPT_R_PP0 | HPT_R_PP, 2);
	case HPT_OUTCOME_NO_EXECUTE:
		return change(g, t, HPT_R_NO_EXECUTE, 0);
	case HPT_OUTCOME_KEY:
		printf("cleared AMR\n");
		return set_reg(g, KVM_REG_PPC_AMR, 0);
	default:
		fprintf(stderr, "kvm-hypervisor: nothing can be done about that\n");
		return -1;
	}
}

/* The guest took an interrupt, and its handler hands on what the CPU said: DAR, DSISR, SRR0,
 * SRR1, the vector. A data segment interrupt does not say whether it was a store; that makes
 * no difference to the translation. */
static int fault(struct guest *g, const uint64_t *args)
{
	const bool fetch = args[4] == 0x400 || args[4] == 0x480;
	const uint64_t ea = fetch ? args[2] : args[0];
	struct hpt_translation t = { .size = sizeof(t) };
	enum hpt_access access = HPT_ACCESS_READ;
	struct hpt_error err;

	if (fetch)
		access = HPT_ACCESS_FETCH;
	else if (args[4] == 0x300 && args[1] & HPT_DSISR_STORE)
		access = HPT_ACCESS_WRITE;
	if (look_at_vcpu(g, args[3]))
		return -1;
	if (hpt_translate(&g->cpu, g->table, ea, access, 0, &t, &err))
		return refuse(&err);
	return check(&t, args) || cure(g, &t) ? -1 : 0;
}

/* 1: go on; 0: the guest has come to its end; -1: this does not work out. */
static int handle_exit(struct guest *g)
{
	const uint64_t *args = (const uint64_t *)g->run->papr_hcall.args;

	switch (g->run->exit_reason) {
	case KVM_EXIT_PAPR_HCALL:
		if (g->run->papr_hcall.nr == H_FAULT) {
			/* The kernel puts ret and args into r3 to r12: args as they were. */
			g->run->papr_hcall.ret = 0;
			return fault(g, args) ? -1 : 1;
		}
		if (g->run->papr_hcall.nr != H_DONE) {
			fprintf(stderr, "kvm-hypervisor: the guest made another hypercall\n");
			return -1;
		}
		printf("the guest is done: %" PRIu64 "\n", args[0]);
		return args[0] == 42 ? 0 : -1;
	case KVM_EXIT_MMIO:
		printf("%u bytes %s the device at %#" PRIx64 ": %02x%02x%02x%02x\n",
		       (unsigned)g->run->mmio.len, g->run->mmio.is_write ? "to" : "from",
		       (uint64_t)g->run->mmio.phys_addr, g->run->mmio.data[0],
		       g->run->mmio.data[1], g->run->mmio.data[2], g->run->mmio.data[3]);
		return 1;
	case KVM_EXIT_INTR: /* a signal */
		return 1;
	default:
		fprintf(stderr, "kvm-hypervisor: exit %u, of which nothing is known here\n",
			g->run->exit_reason);
		return -1;
	}
}

static int run(struct guest *g)
{
	int ret;

	do {
		if (ioctl(g->vcpu, KVM_RUN, 0) && errno != EINTR)
			return complain("KVM_RUN");
		ret = handle_exit(g);
	} while (ret > 0);
	return ret;
}

/* What the CPU noted while the guest ran: R, and for a store C. */
static int show_pages(const struct guest *g)
{
	for (size_t i = 0; i < N_PAGES; i++) {
		struct hpt_translation t = { .size = sizeof(t) };
		struct hpt_error err;

		if (hpt_translate(&g->cpu, g->table, pages[i].ea, HPT_ACCESS_READ,
				  HPT_XLATE_DEBUG, &t, &err))
			return refuse(&err);
		printf("%-9s %#" PRIx64 " -> %#" PRIx64 ", %uK%s%s\n", pages[i].name, t.ea,
		       t.ra, 1u << (t.page_shift - 10),
		       t.entry.r & HPT_R_REFERENCED ? ", referenced" : "",
		       t.entry.r & HPT_R_CHANGED ? ", changed" : "");
	}
	return 0;
}

/* Making it ---------------------------------------------------------------------------- */

static void put_words(unsigned char *to, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < 4 * n; i++)
		to[i] = (unsigned char)(words[i / 4] >> (24 - 8 * (i % 4)));
}

static void load_guest(unsigned char *memory)
{
	uint32_t words[sizeof(handler) / 4];

	memcpy(words, handler, sizeof(handler));
	for (uint32_t vector = 0x100; vector < 0x1000; vector += 0x80) {
		words[HANDLER_VECTOR] = handler[HANDLER_VECTOR] | vector;
		put_words(memory + vector, words, sizeof(handler) / 4);
	}
	put_words(memory + 0x10000, program, sizeof(program) / 4);
	put_words(memory + 0x14000, function, sizeof(function) / 4);
	memory[0x11007] = 40;
	memory[0x20037] = 2;
}

static int make_vm(struct guest *g)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };

	g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (g->kvm < 0)
		return complain("/dev/kvm");
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, VM_HV);
	if (g->vm < 0)
		return complain("no KVM-HV guest can be made here");
	if (ioctl(g->vm, KVM_PPC_ALLOCATE_HTAB, &g->order))
		return complain("no hashed page table can be had here");
	g->memory =
		mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->memory == MAP_FAILED)
		return complain("the guest's memory");
	load_guest(g->memory);
	region.userspace_addr = (uintptr_t)g->memory;
	if (ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return complain("KVM_SET_USER_MEMORY_REGION");
	return 0;
}

/* Translation is on from the first instruction. Real mode, in which the handlers run, needs
 * nothing of us: with the first KVM_RUN the kernel adds entries for it to the table. LPCR is
 * as KVM sets it: interrupts are big-endian, and go to the low vectors. */
static int make_vcpu(struct guest *g)
{
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR }; /* hypercalls come here */
	struct kvm_regs regs;
	int size = ioctl(g->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	if (g->vcpu < 0 || size < 0)
		return complain("KVM_CREATE_VCPU");
	g->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	if (g->run == MAP_FAILED)
		return complain("the vCPU's exits");
	if (ioctl(g->vcpu, KVM_ENABLE_CAP, &papr) || ioctl(g->vcpu, KVM_GET_REGS, &regs))
		return complain("the vCPU's registers");
	regs.pc = pages[0].ea;
	regs.msr = HPT_MSR_SF | MSR_ME | HPT_MSR_IR | HPT_MSR_DR;
	if (ioctl(g->vcpu, KVM_SET_REGS, &regs))
		return complain("KVM_SET_REGS");
	return set_reg(g, KVM_REG_PPC_AMR, AMR_KEY(5, AMR_NO_STORE));
}

/* What the vCPU is for libhpt: a guest's, of the host's processor, with KVM's page sizes. */
static int describe_vcpu(struct guest *g, struct hpt_page_sizes *sizes)
{
	enum hpt_processor processor;
	struct kvm_sregs sregs;
	struct hpt_error err;

	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return complain("KVM_GET_SREGS");
	if (hpt_processor_from_pvr(sregs.pvr, &processor, &err) ||
	    hpt_cpu_init(&g->cpu, processor, HPT_PLATFORM_PSERIES, &err) ||
	    hpt_kvm_page_sizes(g->vm, sizes, &err))
		return refuse(&err);
	g->cpu.sizes = sizes;
	for (size_t i = 0; i < N_SEGMENTS; i++)
		if (!base_size(g, segments[i].base_shift)) {
			fprintf(stderr, "kvm-hypervisor: no pages of 2^%u bytes here\n",
				segments[i].base_shift);
			return -1;
		}
	return 0;
}

static int fill_table(struct guest *g)
{
	struct hpt_error err;

	if (hpt_kvm_open(g->vm, g->order, NULL, &g->table, &err))
		return refuse(&err);
	for (size_t i = 0; i < N_SEGMENTS; i++)
		if (segments[i].at_start && add_segment(g, &segments[i]))
			return -1;
	for (size_t i = 0; i < N_PAGES; i++)
		if (pages[i].at_start && enter(g, &pages[i]))
			return -1;
	return 0;
}

int main(void)
{
	struct hpt_page_sizes sizes = { .size = sizeof(sizes) };
	struct guest g = { .order = 18, .cpu = { .size = sizeof(g.cpu) } };
	int ret;

	if (make_vm(&g)) /* the process's end frees what there is */
		return NOT_HERE;
	ret = make_vcpu(&g) || describe_vcpu(&g, &sizes) || fill_table(&g) || run(&g) ||
	      show_pages(&g);
	hpt_table_close(g.table);
	return ret;
}

#endif
