/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A small bare-metal pseries guest that fills a hashed page table through
 * H_ENTER and its family and remembers what it knows it put there.
 *
 * The guest is linked at KERNEL_EA.  With translation off a pseries machine
 * ignores the top four bits of an address, so the same pointers work with
 * translation on and off.
 */
#ifndef GUEST_H
#define GUEST_H

#define KERNEL_EA	0xc000000000000000
#define RAM_LIMIT	0x10000000

/* Offsets in struct cpu, which SPRG0 points to; used by start.S. */
#define CPU_GPR		0	/* 32 doublewords */
#define CPU_SRR0	256
#define CPU_SRR1	264
#define CPU_DSISR	272
#define CPU_DAR		280
#define CPU_VECTOR	288
#define CPU_CR		296
#define CPU_LR		304
#define CPU_CTR		312
#define CPU_TRAP_STACK	320
#define CPU_FIXUP	328
#define CPU_SIZE	344

/* Where the second CPU finds its program and that program's table. */
#define USER_CODE_EA	0x10000000
#define USER_TABLE_EA	0x10010000

/* Machine state register */
#define MSR_SF		0x8000000000000000
#define MSR_ME		0x1000
#define MSR_PR		0x4000
#define MSR_IR		0x20
#define MSR_DR		0x10
#define MSR_RI		0x2

#define MSR_REAL	(MSR_SF | MSR_ME | MSR_RI)
#define MSR_KERNEL	(MSR_REAL | MSR_IR | MSR_DR)
#define MSR_USER	(MSR_KERNEL | MSR_PR)

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint8_t u8;

/* HPTE dword 0 (classic form) */
#define HPTE_V_B_1T	0x4000000000000000
#define HPTE_V_AVPN	0x3fffffffffffff80
#define HPTE_V_HV_SW	0x60	/* the hypervisor's software bits */
#define HPTE_V_BOLTED	0x10
#define HPTE_V_OS_SW	0x08
#define HPTE_V_L	0x04
#define HPTE_V_H	0x02
#define HPTE_V_V	0x01

/* HPTE dword 1 */
#define HPTE_R_PP0	0x8000000000000000
#define HPTE_R_KEY_HI	0x3000000000000000
#define HPTE_R_RPN	0x0ffffffffffff000
#define HPTE_R_KEY_LO	0x0e00
#define HPTE_R_R	0x0100
#define HPTE_R_C	0x0080
#define HPTE_R_W	0x0040
#define HPTE_R_I	0x0020
#define HPTE_R_M	0x0010
#define HPTE_R_G	0x0008
#define HPTE_R_N	0x0004
#define HPTE_R_PP	0x0003

/* SLB vsid word */
#define SLB_KS		0x800
#define SLB_KP		0x400
#define SLB_N		0x200
#define SLB_C		0x080
#define SLB_V		0x08000000	/* in the esid word */

/* Hypercalls, PAPR */
#define H_REMOVE	0x04
#define H_ENTER		0x08
#define H_READ		0x0c
#define H_CLEAR_MOD	0x10
#define H_CLEAR_REF	0x14
#define H_PROTECT	0x18
#define H_PUT_TERM_CHAR	0x58
#define H_BULK_REMOVE	0x124
#define H_RTAS		0xf000	/* QEMU's own: RTAS from r4 */

#define H_SUCCESS	0
#define H_PARAMETER	(-4)
#define H_PTEG_FULL	(-6)
#define H_NOT_FOUND	(-7)

#define H_EXACT		0x8000000000
#define H_AVPN		0x80000000
#define H_ANDCOND	0x40000000

/* start.S */
struct cpu {
	u64 gpr[32];
	u64 srr0, srr1, dsisr, dar, vector;
	u64 cr, lr, ctr;
	u64 trap_stack;
	u64 fixup;	/* resume here after the next interrupt; 0: stop */
	u64 number;
};

struct hcall_ret {
	u64 r[8];	/* r4 to r11 */
};

long hcall(u64 token, struct hcall_ret *ret, u64 r4, u64 r5, u64 r6, u64 r7);
void set_msr(u64 msr);
void slb_clear(void);
void slb_set(u64 vsid_word, u64 esid_word_and_slot);
void spr_set_amr(u64 amr);
void spr_set_iamr(u64 iamr);
u64 probe_load(u64 ea);
void probe_store(u64 ea, u64 value);
void probe_fetch(u64 ea);
void park(void) __attribute__((noreturn));
extern char park_loop[], second_cpu_entry[];
extern char user_code[], user_loop[], user_code_end[];
extern struct cpu cpus[2];
extern u64 counter;	/* main.c; of a guest that is built with COUNT */

/* console.c: %x hex, %X hex of 16 digits, %d decimal, %s text */
void print(const char *format, ...);
void stop(const char *why) __attribute__((noreturn));

/* fdt.c: the nth (from 0) property of that name, NULL if there is none */
const u8 *fdt_find(const u8 *fdt, const char *property, unsigned int nth);
u32 be32(const u8 *p);

/* pages.c */
enum size { S4K = 12, S64K = 16, S1M = 20, S16M = 24, S16G = 34 };

struct segment {
	u64 ea;		/* its first effective address */
	u64 vsid;
	u8 shift;	/* 28 or 40 */
	u8 base;	/* enum size */
	u32 flags;	/* SLB_KS, SLB_KP, SLB_N, SLB_C */
	int slot;
	const char *name;
};

enum touch { NONE, READ, WRITE, FETCH };

/* What the guest may do to a page, by pp, N, G, AMR and IAMR. */
#define MAY_LOAD	1
#define MAY_STORE	2
#define MAY_FETCH	4

struct page {
	u64 ptex, v, r;
	u64 ea, ra;
	const struct segment *segment;
	u8 actual;
	u8 touch;	/* what the guest does to it through its EA */
	u8 live;
	u8 cpu;		/* that touches it */
};

/* Where an entry shall go. */
enum where { ANY, SECONDARY, EXACT, EXACT_SECONDARY };

extern struct page pages[];
extern unsigned int page_count;
extern u64 pteg_mask;

u64 segment_slb_word(const struct segment *segment);
struct page *page_enter(const struct segment *segment, u64 ea, u64 ra,
			enum size actual, u64 v_bits, u64 r_bits,
			unsigned int where);
void page_remove(struct page *page);
void page_remove_bulk(struct page *page);
void page_protect(struct page *page, u64 pp_n_key);
void page_check(const struct page *page);
long try_enter(u64 flags, u64 ptex, u64 v, u64 r, u64 *out);
void refused(const char *what, u64 ptex, u64 v, u64 r, long status);
u64 page_pteg(const struct segment *segment, u64 ea);
u64 hpte_v(const struct segment *segment, u64 ea, enum size actual);
u64 hpte_key(unsigned int key);
unsigned int page_key(const struct page *page);
u64 page_word_ea(const struct page *page);
u64 page_word_ra(const struct page *page);
u64 page_tag(const struct page *page);

/* layout.c */
struct context {
	const struct segment *segments;
	unsigned int count;
	u64 amr, iamr;
	int problem_state;
};

extern const struct context contexts[2];	/* one for each CPU */
void layout_enter(void);
void layout_change(void);
void layout_refused(void);

/* touch.c */
unsigned int page_rights(const struct page *page, unsigned int cpu);
void touch_plan(struct page *page, enum touch touch);
void touch_prepare(void);
void touch_from_kernel(void);
void touch_verify(void);

/* user.c */
void user_prepare(void);
void user_run(const u8 *fdt);
void user_verify(void);
extern u64 user_slb[16][2];

/* faults.c */
void faults_record(void);
void faults_report(void);

/* report.c */
void report(void);

#endif /* __ASSEMBLER__ */
#endif
