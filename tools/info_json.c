/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "info.h"

/* "hpt info" for programs: one object; what is not known is null. */

static void put_blocks(struct output *out, const struct info *info)
{
	struct hpt_guest_block block = { .size = sizeof(block) };

	put_text(out, ",\"ram_blocks\":[");
	for (size_t i = 0; info->guest && !hpt_guest_block(info->guest, i, &block, NULL);
	     i++) {
		if (i)
			put_char(out, ',');
		put_char(out, '{');
		json_key(out, "name");
		json_string(out, block.name);
		json_field(out, "length", true, block.length);
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_snapshots(struct output *out, const struct info *info)
{
	struct hpt_guest_snapshot snapshot = { .size = sizeof(snapshot) };

	put_text(out, ",\"snapshots\":[");
	for (size_t i = 0; info->guest && !hpt_guest_snapshot(info->guest, i, &snapshot, NULL);
	     i++) {
		if (i)
			put_char(out, ',');
		put_char(out, '{');
		json_key(out, "id");
		json_string(out, snapshot.id);
		json_string_field(out, "name", snapshot.name);
		json_field(out, "date", true, snapshot.date_sec);
		json_field(out, "clock_ns", true, snapshot.clock_nsec);
		json_field(out, "state_bytes", true, snapshot.state_bytes);
		json_bool_field(out, "opened", snapshot.opened);
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_warnings(struct output *out, const struct info *info)
{
	const char *warning;

	put_text(out, ",\"warnings\":[");
	for (size_t i = 0; info->guest && (warning = hpt_guest_warning(info->guest, i)); i++) {
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

	json_bool_field(out, "table", table);
	json_string_field(out, "no_table", info->no_table);
	json_field(out, "order", table, known->order);
	json_bool_field(out, "order_guessed", known->order_guessed);
	json_field(out, "table_bytes", table, info->slots * HPT_ENTRY_BYTES);
	json_field(out, "slots", table, info->slots);
	json_field(out, "ptegs", table, info->slots / HPT_PTEG_ENTRIES);
	json_field(out, "valid", table, info->valid);
	json_field(out, "passes", true, known->rounds);
	json_field(out, "chunks", true, known->chunks);
}

void info_json(struct output *out, const struct info *info)
{
	const struct hpt_guest_info *known = &info->known;

	put_char(out, '{');
	json_key(out, "source");
	json_string(out, info->name);
	json_string_field(out, "kind",
			  info->guest ? hpt_source_kind_name(known->kind) : "ram");
	json_string_field(out, "dialect",
			  known->dialect ? hpt_dialect_name(known->dialect) : NULL);
	json_string_field(out, "compression", known->compression);
	json_string_field(out, "container", known->container);
	json_string_field(out, "container_details", known->container_details);
	json_field(out, "file_bytes", known->file_bytes != 0, known->file_bytes);
	json_string_field(out, "machine", known->machine);
	json_string_field(out, "run_state", known->run_state);
	json_string_field(out, "mmu", mmu_name(known->mmu));
	json_field(out, "vcpus", known->vcpus != HPT_GUEST_VCPUS_UNKNOWN, known->vcpus);
	json_field(out, "ram_bytes", known->ram_bytes || known->kind == HPT_SOURCE_QEMU,
		   known->ram_bytes);
	put_blocks(out, info);
	put_snapshots(out, info);
	put_table(out, info);
	put_warnings(out, info);
	put_text(out, "}\n");
}
