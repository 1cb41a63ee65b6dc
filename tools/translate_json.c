/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "translate.h"

/* Answers for programs: one JSON object a line. What means nothing is null. */

static void put_segment(struct output *out, const struct hpt_translation *answer)
{
	bool known = answer->has & HPT_HAS_SEGMENT;
	char buffer[TEXT_MAX];

	json_hex_field(out, "vsid", known, answer->va.vsid);
	json_field(out, "segment_shift", known, answer->va.segment_shift);
	json_field(out, "base_shift", known, answer->base_shift);
	json_string_field(out, "va", known ? text_va(buffer, &answer->va) : NULL);
}

static void put_entry(struct output *out, const struct hpt_translation *answer)
{
	bool known = answer->has & HPT_HAS_ENTRY;

	json_field(out, "page_shift", known, answer->page_shift);
	json_hex_field(out, "ptex", known, answer->ptex);
	put_char(out, ',');
	json_key(out, "secondary");
	if (known)
		json_bool(out, answer->secondary);
	else
		put_text(out, "null");
	json_field(out, "pp", known, answer->pp);
	json_field(out, "key", known, answer->key);
	json_field(out, "wimg", known, answer->wimg);
}

void answer_object(struct output *out, const struct hpt_translation *answer)
{
	bool has_ra = answer->has & HPT_HAS_RA;
	char buffer[TEXT_MAX];

	put_char(out, '{');
	json_key(out, "ea");
	json_hex(out, answer->ea);
	json_string_field(out, "outcome", hpt_outcome_name(answer->outcome));
	json_string_field(out, "access", access_name(answer->access));
	json_string_field(out, "mode", hpt_mode_name(answer->mode));
	json_hex_field(out, "ra", has_ra, answer->ra);
	json_string_field(out, "allowed",
			  has_ra ? text_rights(buffer, answer->allowed) : NULL);
	put_segment(out, answer);
	put_entry(out, answer);
	json_hex_field(out, "interrupt", answer->interrupt, answer->interrupt);
	json_hex_field(out, "dar", answer->has & HPT_HAS_DAR, answer->dar);
	json_hex_field(out, "dsisr", answer->has & HPT_HAS_DSISR, answer->dsisr);
	json_hex_field(out, "srr1", answer->has & HPT_HAS_SRR1, answer->srr1);
	json_hex_field(out, "asdr", answer->has & HPT_HAS_ASDR, answer->asdr);
	put_char(out, '}');
}

void answer_json(struct output *out, const struct hpt_translation *answer)
{
	answer_object(out, answer);
	put_char(out, '\n');
}
