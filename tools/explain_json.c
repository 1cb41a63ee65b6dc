/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "explain.h"

/* A walk for programs: one object, the answer within it as "hpt translate --json" has it. */

static void put_segments(struct output *out, const struct hpt_explanation *walk)
{
	put_text(out, ",\"slb\":[");
	for (uint32_t i = 0; i < walk->n_segments; i++) {
		const struct hpt_segment_step *step = &walk->segment[i];

		put_text(out, i ? ",{" : "{");
		json_key(out, "slot");
		put_number(out, i);
		json_hex_field(out, "esid", true, step->entry.esid);
		json_hex_field(out, "vsid", true, step->entry.vsid);
		json_field(out, "segment_shift", step->segment_shift, step->segment_shift);
		json_field(out, "base_shift", step->base_shift, step->base_shift);
		json_string_field(out, "reason", segment_reason(step->reason));
		put_char(out, '}');
	}
	put_char(out, ']');
}

static void put_slot(struct output *out, const struct hpt_slot_step *step)
{
	put_char(out, '{');
	json_key(out, "ptex");
	json_hex(out, step->ptex);
	json_hex_field(out, "v", true, step->entry.v);
	json_hex_field(out, "r", true, step->entry.r);
	json_string_field(out, "reason", slot_reason(step->reason));
	json_field(out, "page_shift", step->page_shift, step->page_shift);
	put_char(out, '}');
}

static void put_groups(struct output *out, const struct hpt_explanation *walk)
{
	put_text(out, ",\"groups\":[");
	for (unsigned group = 0; group < walk->n_slots / HPT_PTEG_ENTRIES; group++) {
		put_text(out, group ? ",{" : "{");
		json_key(out, "secondary");
		json_bool(out, group);
		json_hex_field(out, "pteg", true, walk->pteg_ptex[group] / HPT_PTEG_ENTRIES);
		put_text(out, ",\"slots\":[");
		for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++) {
			if (i)
				put_char(out, ',');
			put_slot(out, &walk->slot[group * HPT_PTEG_ENTRIES + i]);
		}
		put_text(out, "]}");
	}
	put_char(out, ']');
}

static void put_denied(struct output *out, uint8_t denied)
{
	static const char *const words[] = { "pp", "key", "n", "guarded", "segment n" };
	bool first = true;

	put_text(out, ",\"denied\":[");
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(denied & (1u << i)))
			continue;
		if (!first)
			put_char(out, ',');
		json_string(out, words[i]);
		first = false;
	}
	put_char(out, ']');
}

static void put_protection(struct output *out, const struct hpt_explanation *walk)
{
	bool known = walk->translation.has & HPT_HAS_ENTRY;
	char buffer[TEXT_MAX];

	json_field(out, "key_bit", known, walk->key_bit);
	json_field(out, "amr_bits", known, walk->amr_bits);
	json_field(out, "iamr_bits", known, walk->iamr_bits);
	json_string_field(out, "pp_allows",
			  known ? text_rights(buffer, walk->pp_allows) : NULL);
	put_denied(out, walk->translation.denied);
}

void explain_json(struct output *out, const struct told *told)
{
	const struct hpt_explanation *walk = &told->walk;
	const struct hpt_translation *answer = &walk->translation;
	bool hashed = walk->n_slots != 0;

	put_char(out, '{');
	json_key(out, "cpu");
	put_number(out, told->machine->vcpu.id);
	json_hex_field(out, "msr", true, told->machine->vcpu.mmu.msr);
	json_bool_field(out, "linux_segment", walk->linux_segment);
	json_field(out, "order", told->order, told->order);
	put_segments(out, walk);
	json_hex_field(out, "hash", hashed, answer->hash);
	json_hex_field(out, "avpn", hashed,
		       hashed ? hpt_va_avpn(&answer->va, answer->base_shift) : 0);
	put_groups(out, walk);
	put_protection(out, walk);
	put_text(out, ",\"translation\":");
	answer_object(out, answer);
	put_text(out, "}\n");
}
