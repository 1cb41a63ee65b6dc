/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_CORE_BLOCK_H
#define HPT_CORE_BLOCK_H

/*
 * Raw entries by the block: which of 64 are valid, and all of them at once. In plain C and for
 * AVX2, as in match.h. Nothing here is for memory that others write.
 */

#include "match.h"

#define HPT_BLOCK 64u

/* Bit i: entry i of the block is valid. */
uint64_t hpt_block_valid(const struct hpt_raw_entry *raw, bool avx2);

/*
 * Likewise, and hpt_entries_from_bytes() for the whole block, but zeros for what is not valid.
 */
uint64_t hpt_block_take(const struct hpt_raw_entry *raw, struct hpt_entry *out, bool avx2);

#endif /* HPT_CORE_BLOCK_H */
