/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/core: public functions, with any input that their descriptions
 * allow.
 */

#include <hpt/error.h>
#include <hpt/hpte.h>

#include "prove.h"

#define ENTRIES 4

void entries(void)
{
	struct hpt_entry in = any_entry(), out, list[ENTRIES];
	unsigned char bytes[16 * ENTRIES];
	struct hpt_fields fields;
	struct hpt_error err;

	any_bytes(bytes, sizeof(bytes));
	hpt_entries_from_bytes(bytes, any_size(0, ENTRIES), list);
	any_bytes(list, sizeof(list));
	hpt_entries_to_bytes(list, any_size(0, ENTRIES), bytes);
	hpt_be64_get(hpt_be64_make(in.v));
	hpt_entry_from_v3(in);
	hpt_entry_to_v3(in, &out, any_error(&err));
	hpt_entry_split(in, &fields);
	any_bytes(&fields, sizeof(fields));
	fields.large = any_bool();
	fields.secondary = any_bool();
	fields.valid = any_bool();
	fields.referenced = any_bool();
	fields.changed = any_bool();
	fields.no_execute = any_bool();
	fields.software_r = any_bool();
	hpt_fields_join(&fields, &out, any_error(&err));
	hpt_entry_ra(in, any_unsigned(12, 59));
}

void virtual_addresses(void)
{
	struct hpt_va va = { any_u64(), any_u64(), 28 }, out;
	struct hpt_error err;

	va.segment_shift = any_bool() ? 28 : 40;
	hpt_va_hash(&va, any_unsigned(12, 34));
	hpt_va_avpn(&va, any_unsigned(12, 34));
	hpt_hash_pteg(any_u64(), any_unsigned(HPT_ORDER_MIN, HPT_ORDER_MAX), any_bool());
	hpt_entry_va(any_entry(), any_u64(), any_unsigned(0, UINT32_MAX),
		     any_unsigned(0, UINT32_MAX), &out, any_error(&err));
}

/* What no description allows, and EVA must find. */
void beyond(void)
{
	struct hpt_va va = { any_u64(), any_u64(), 28 };

	hpt_va_hash(&va, any_unsigned(12, 64));
}
