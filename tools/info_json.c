/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "info.h"

/* "hpt info" for programs: one object; what is not known is null. */

static void put_number_or_null(struct output *out, const char *key, bool known, uint64_t value)
{
	put_char(out, ',');
	json_key(out, key);
	if (known)
		put_number(out, value);
	else
		put_text(out, "null");
}

static void put_string(struct output *out, const char *key, const char *text)
{
	put_char(out, ',');
	json_key(out, key);
	json_string_or_null(out, text);
}

static void put_blocks(struct output *out, const struct info *info)
{
	struct hpt_guest_block block = { .size = sizeof(block) };

	put_text(out, ",\"ram_blocks\":[");
	for (size_t i = 0; !hpt_guest_block(info->guest, i, &block, NULL); i++) {
		if (i)
			put_char(out, ',');
		put_char(out, '{');
		json_key(out, "name");
		json_string(out, block.name);
		put_number_or_null(out, "length", true, block.length);
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_warnings(struct output *out, const struct info *info)
{
	const char *warning;

	put_text(out, ",\"warnings\":[");
	for (size_t i = 0; (warning = hpt_guest_warning(info->guest, i)); i++) {
		if (i)
			put_char(out, ',');
		json_string(out, warning);
	}
	put_char(out, ']');
}

static void put_table(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;
	bool table = info->slots != 0;

	put_text(out, ",\"table\":");
	json_bool(out, table);
	put_string(out, "no_table", info->no_table);
	put_number_or_null(out, "order", table, known->order);
	put_text(out, ",\"order_guessed\":");
	json_bool(out, known->order_guessed);
	put_number_or_null(out, "table_bytes", table, info->slots * HPT_ENTRY_BYTES);
	put_number_or_null(out, "slots", table, info->slots);
	put_number_or_null(out, "ptegs", table, info->slots / HPT_PTEG_ENTRIES);
	put_number_or_null(out, "valid", table, info->valid);
	put_number_or_null(out, "passes", true, known->rounds);
	put_number_or_null(out, "chunks", true, known->chunks);
}

void info_json(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;

	put_char(out, '{');
	json_key(out, "source");
	json_string(out, info->name);
	put_string(out, "kind", hpt_source_kind_name(known->kind));
	put_string(out, "dialect", known->dialect ? hpt_dialect_name(known->dialect) : NULL);
	put_string(out, "compression", known->compression);
	put_number_or_null(out, "file_bytes", known->file_bytes != 0, known->file_bytes);
	put_string(out, "machine", known->machine);
	put_string(out, "run_state", known->run_state);
	put_string(out, "mmu", mmu_name(known->mmu));
	put_number_or_null(out, "vcpus", known->vcpus != HPT_GUEST_VCPUS_UNKNOWN,
			   known->vcpus);
	put_number_or_null(out, "ram_bytes", known->kind == HPT_SOURCE_QEMU, known->ram_bytes);
	put_blocks(out, info);
	put_table(out, info);
	put_warnings(out, info);
	put_text(out, "}\n");
}
