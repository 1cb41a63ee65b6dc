/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Raw entries in and out of tables that lie in memory, whoever's it is.
 */

#include <stdlib.h>

#include "../core/internal.h"
#include "internal.h"

/* Entries that are read through the stack; more go through the heap. */
#define ON_STACK 64

void hpt_entries_take_in(const void *bytes_be, size_t n, bool v3, struct hpt_entry *out)
{
	hpt_entries_from_bytes(bytes_be, n, out);
	for (size_t i = 0; v3 && i < n; i++)
		out[i] = hpt_entry_from_v3(out[i]);
}

int hpt_entry_put_out(const struct hpt_entry *in, uint64_t ptex, bool v3,
		      struct hpt_raw_entry *raw, struct hpt_error *err)
{
	struct hpt_entry entry = *in;

	if (!(entry.v & HPT_V_VALID))
		entry = (struct hpt_entry){ 0, 0 };
	if (v3) {
		int ret = hpt_entry_to_v3(entry, &entry, err);

		if (ret) {
			hpt_error_set_ptex(err, ptex);
			return ret;
		}
	}
	hpt_entries_to_bytes(&entry, 1, raw);
	return HPT_OK;
}

int hpt_read_whole(hpt_part_fn *read, void *ctx, uint64_t ptex, size_t n,
		   struct hpt_entry *out, struct hpt_error *err)
{
	struct hpt_entry few[ON_STACK];
	struct hpt_entry *all = few;
	int ret;

	if (n > ON_STACK) {
		all = n <= SIZE_MAX / sizeof(*all) ? malloc(n * sizeof(*all)) : NULL;
		if (!all)
			return hpt_fail_ptex(err, HPT_ERR_MEMORY, ptex,
					     "out of memory to read %zu entries", n);
	}
	ret = read(ctx, ptex, n, all, err);
	if (!ret)
		memcpy(out, all, n * sizeof(*all));
	if (all != few)
		free(all);
	return ret;
}

#define FLAGS (HPT_MEMORY_LIVE | HPT_MEMORY_READ_ONLY | HPT_MEMORY_V3)

int hpt_memory_options_in(struct hpt_memory_options *to, const struct hpt_memory_options *from,
			  struct hpt_error *err)
{
	int ret = hpt_options_in(to, sizeof(*to), sizeof(*to), from, "hpt_memory_options", err);

	if (!ret && to->flags & ~FLAGS)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT,
			       "struct hpt_memory_options: flags are %#x, expected of %#x",
			       to->flags, FLAGS);
	return ret;
}
