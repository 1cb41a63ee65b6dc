/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Read first: what Frama-C or its libc lack. */

#define _Alignas(bytes)

const char *strerrordesc_np(int number);

/* An instruction that is none, for a compiler alone. */
#define __asm__(...)
