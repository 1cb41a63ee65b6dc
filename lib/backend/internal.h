/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_BACKEND_INTERNAL_H
#define HPT_BACKEND_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hpt/hpte.h>
#include <hpt/memory.h>

/* Raw entries of either form in: as hpt_entries_from_bytes(). */
void hpt_entries_take_in(const void *bytes_be, size_t n, bool v3, struct hpt_entry *out);

/*
 * An entry out, in either form; one without V becomes zeros. HPT_ERR_FORM, with @ptex, when
 * it does not fit the ISA 3.0 form.
 */
int hpt_entry_put_out(const struct hpt_entry *in, uint64_t ptex, bool v3,
		      struct hpt_raw_entry *raw, struct hpt_error *err);

/*
 * Read @n entries by @read, which may fail half-way, so that @out is touched only when all
 * are there: through the stack, or for many through the heap (HPT_ERR_MEMORY).
 */
typedef int hpt_part_fn(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			struct hpt_error *err);
int hpt_read_whole(hpt_part_fn *read, void *ctx, uint64_t ptex, size_t n,
		   struct hpt_entry *out, struct hpt_error *err);

/* The flags that hpt/memory.h allows? HPT_ERR_ARGUMENT if not. */
int hpt_memory_options_in(struct hpt_memory_options *to,
			  const struct hpt_memory_options *from, struct hpt_error *err);

#endif /* HPT_BACKEND_INTERNAL_H */
