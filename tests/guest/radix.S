/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A POWER9 pseries guest that chooses radix and stops: H_REGISTER_PROC_TBL (PAPR) with "new"
 * 0x18, "radix" 0x04 and GTSE 0x01, a table of 4 KiB at 16 MiB. Entered at 0x100.
 */
	.org	0x100
	li	3, 0x37c
	li	4, 0x1d
	lis	5, 0x100
	li	6, 0
	li	7, 0
	sc	1
	b	.
