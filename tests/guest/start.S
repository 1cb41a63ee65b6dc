/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Entry, interrupt vectors, and what C cannot say.
 * Loaded at real address 0, entered at 0x100 with the device tree in r3.
 */
#include "guest.h"

	.abiversion 2
	.machine power8

#define SPR_AMR		29
#define SPR_IAMR	61

.macro	load_address reg, symbol
	lis	\reg, \symbol@highest
	ori	\reg, \reg, \symbol@higher
	sldi	\reg, \reg, 32
	oris	\reg, \reg, \symbol@high
	ori	\reg, \reg, \symbol@l
.endm

	.section .vectors, "ax"
	.globl _start
_start:
	.org 0x100
	b	first_cpu_entry

/*
 * Each vector leaves r1 in SPRG1 and r3 in this CPU's area, then joins
 * interrupt with the vector's number in r3.  Eight instructions at most:
 * from 0xe00 on they are 0x20 bytes apart.
 */
.macro	vector at
	.org \at
	mtsprg	1, %r1
	mfsprg	%r1, 0
	std	%r3, (CPU_GPR + 3 * 8)(%r1)
	li	%r3, \at
	b	interrupt
.endm

	vector 0x200
	vector 0x300
	vector 0x380
	vector 0x400
	vector 0x480
	vector 0x500
	vector 0x600
	vector 0x700
	vector 0x800
	vector 0x900
	vector 0x980
	vector 0xa00
	vector 0xc00
	vector 0xd00
	vector 0xe00
	vector 0xe20
	vector 0xe40
	vector 0xe60
	vector 0xe80
	vector 0xf00
	vector 0xf20
	vector 0xf40
	vector 0xf60
	vector 0xf80

	.org 0x2000
.macro	save_gpr n
	std	%r\n, (CPU_GPR + \n * 8)(%r1)
.endm
.macro	load_gpr n
	ld	%r\n, (CPU_GPR + \n * 8)(%r1)
.endm
interrupt:
	.irp n, 0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, \
		19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	save_gpr \n
	.endr
	std	%r3, CPU_VECTOR(%r1)
	mfsprg	%r4, 1
	std	%r4, (CPU_GPR + 1 * 8)(%r1)
	mfsrr0	%r4
	std	%r4, CPU_SRR0(%r1)
	mfsrr1	%r4
	std	%r4, CPU_SRR1(%r1)
	mfdsisr	%r4
	std	%r4, CPU_DSISR(%r1)
	mfdar	%r4
	std	%r4, CPU_DAR(%r1)
	mfcr	%r4
	std	%r4, CPU_CR(%r1)
	mflr	%r4
	std	%r4, CPU_LR(%r1)
	mfctr	%r4
	std	%r4, CPU_CTR(%r1)
	mr	%r3, %r1
	ld	%r1, CPU_TRAP_STACK(%r1)
	load_address %r2, .TOC.
	bl	trap
	/* It returns only when the interrupt was expected. */
	mfsprg	%r1, 0
	ld	%r4, CPU_SRR0(%r1)
	mtsrr0	%r4
	ld	%r4, CPU_SRR1(%r1)
	mtsrr1	%r4
	ld	%r4, CPU_CR(%r1)
	mtcr	%r4
	ld	%r4, CPU_LR(%r1)
	mtlr	%r4
	ld	%r4, CPU_CTR(%r1)
	mtctr	%r4
	.irp n, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	load_gpr \n
	.endr
	ld	%r1, (CPU_GPR + 1 * 8)(%r1)
	rfid

	.text
/*
 * Both CPUs start in 32-bit mode at the low alias of the text: this turns to
 * 64-bit mode and to the linked address.
 */
.macro	enter_text
	load_address %r4, 1f
	mtsrr0	%r4
	load_address %r4, MSR_REAL
	mtsrr1	%r4
	rfid
1:
.endm

first_cpu_entry:
	enter_text
	load_address %r2, .TOC.
	load_address %r1, stack_first_top
	load_address %r4, cpus
	mtsprg	0, %r4
	load_address %r5, stack_trap_first_top
	std	%r5, CPU_TRAP_STACK(%r4)
	li	%r0, 0
	std	%r0, 0(%r1)
	bl	guest_main
	b	.

/*
 * The second CPU needs no stack: it loads its SLB from user_slb and goes to
 * user_code in problem state.  r3: the EA of user_code, as H_RTAS passed it.
 */
	.globl second_cpu_entry
second_cpu_entry:
	enter_text
	load_address %r2, .TOC.
	load_address %r4, cpus + CPU_SIZE
	mtsprg	0, %r4
	load_address %r5, stack_trap_second_top
	std	%r5, CPU_TRAP_STACK(%r4)
	slbia
	isync
	load_address %r4, user_slb
	li	%r5, 16
	mtctr	%r5
2:	ld	%r6, 0(%r4)
	ld	%r7, 8(%r4)
	cmpdi	%r7, 0
	beq	3f
	slbmte	%r6, %r7
3:	addi	%r4, %r4, 16
	bdnz	2b
	isync
	li	%r0, 0
	mtspr	SPR_AMR, %r0
	mtspr	SPR_IAMR, %r0
	mtsrr0	%r3
	load_address %r5, MSR_USER
	mtsrr1	%r5
	load_address %r3, USER_TABLE_EA
	.irp n, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
	li	%r\n, 0
	.endr
	mtctr	%r0
	rfid

/*
 * The program of the second CPU, copied to a page of its own.
 * r3: a table of { ea, what, value }; what: 0 end, 1 read, 2 write.
 * A read leaves what it found in the table; the end is marked with 0xd0.
 */
	.globl user_code, user_loop, user_code_end
user_code:
	ld	%r4, 0(%r3)
	ld	%r5, 8(%r3)
	cmpdi	%r5, 1
	beq	1f
	cmpdi	%r5, 2
	bne	2f
	ld	%r6, 16(%r3)
	std	%r6, 0(%r4)
	addi	%r3, %r3, 24
	b	user_code
1:	ld	%r6, 0(%r4)
	std	%r6, 16(%r3)
	addi	%r3, %r3, 24
	b	user_code
2:	li	%r6, 0xd0
	sync
	std	%r6, 16(%r3)
user_loop:
	b	user_loop
user_code_end:

/* long hcall(token, ret, r4, r5, r6, r7); ret may be NULL */
	.globl hcall
hcall:
	std	%r4, -16(%r1)
	mr	%r4, %r5
	mr	%r5, %r6
	mr	%r6, %r7
	mr	%r7, %r8
	sc	1
	ld	%r12, -16(%r1)
	cmpdi	%r12, 0
	beqlr
	std	%r4, 0(%r12)
	std	%r5, 8(%r12)
	std	%r6, 16(%r12)
	std	%r7, 24(%r12)
	std	%r8, 32(%r12)
	std	%r9, 40(%r12)
	std	%r10, 48(%r12)
	std	%r11, 56(%r12)
	blr

/* void set_msr(msr): text and stack are at the same EA either way */
	.globl set_msr
set_msr:
	mflr	%r0
	mtsrr0	%r0
	mtsrr1	%r3
	rfid

	.globl slb_clear
slb_clear:
	isync
	li	%r3, 0
	slbmte	%r3, %r3	/* slbia spares entry 0 */
	slbia
	isync
	blr

	.globl slb_set
slb_set:
	isync
	slbmte	%r3, %r4
	isync
	blr

	.globl spr_set_amr
spr_set_amr:
	mtspr	SPR_AMR, %r3
	isync
	blr

	.globl spr_set_iamr
spr_set_iamr:
	mtspr	SPR_IAMR, %r3
	isync
	blr

/*
 * One access each.  An interrupt on it resumes behind it: the fixup of this
 * CPU's area is set for just that long.
 */
.macro	set_fixup reg, symbol
	mfsprg	%r9, 0
	load_address \reg, \symbol
	std	\reg, CPU_FIXUP(%r9)
.endm
.macro	clear_fixup
	li	%r0, 0
	mfsprg	%r9, 0
	std	%r0, CPU_FIXUP(%r9)
.endm

	.globl probe_load
probe_load:
	set_fixup %r10, 1f
	ld	%r3, 0(%r3)
1:	clear_fixup
	blr

	.globl probe_store
probe_store:
	set_fixup %r10, 1f
	std	%r4, 0(%r3)
1:	clear_fixup
	blr

/* Branches to ea, where a blr should be. */
	.globl probe_fetch
probe_fetch:
	mflr	%r11
	set_fixup %r10, 1f
	mtctr	%r3
	bctrl
1:	clear_fixup
	mtlr	%r11
	blr

/* The end of the first CPU: a loop at a known EA, or one that counts. */
	.globl park, park_loop
park:
#ifdef COUNT
	load_address %r4, counter
	li	%r3, 0
park_loop:
	addi	%r3, %r3, 1
	std	%r3, 0(%r4)
	b	park_loop
#else
park_loop:
	b	park_loop
#endif
