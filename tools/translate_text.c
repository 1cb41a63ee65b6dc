/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "translate.h"

/* Answers for people: aligned columns that awk takes apart, too. */

enum {
	WIDTH_RA = 18,
	WIDTH_PAGES = 8,
	WIDTH_PTEX = 10,
};

const char *text_rights(char *buffer, unsigned allowed)
{
	buffer[0] = allowed & HPT_ALLOW_READ ? 'r' : '-';
	buffer[1] = allowed & HPT_ALLOW_WRITE ? 'w' : '-';
	buffer[2] = allowed & HPT_ALLOW_FETCH ? 'x' : '-';
	buffer[3] = '\0';
	return buffer;
}

const char *text_pages(char *buffer, const struct hpt_translation *answer)
{
	char text[TEXT_MAX];

	buffer[0] = '\0';
	if (answer->base_shift != answer->page_shift) {
		strcpy(buffer, text_shift(text, answer->base_shift));
		strcat(buffer, "/");
	}
	return strcat(buffer, text_shift(text, answer->page_shift));
}

static const char *interrupt_name(uint32_t vector)
{
	switch (vector) {
	case 0x200:
		return "machine check";
	case 0x300:
		return "DSI";
	case 0x380:
		return "data segment";
	case 0x400:
		return "ISI";
	case 0x480:
		return "instruction segment";
	case 0xE00:
		return "HDSI";
	case 0xE20:
		return "HISI";
	default:
		return NULL;
	}
}

const char *access_name(enum hpt_access access)
{
	static const char *const names[] = { "read", "write", "fetch" };

	return names[access];
}

static void put_register(struct output *out, const char *name, uint64_t value)
{
	put_text(out, name);
	put_hex(out, value);
}

/* ": 0x300 (DSI) DAR=0x... DSISR=0x..." */
void put_interrupt(struct output *out, const struct hpt_translation *answer)
{
	const char *name = interrupt_name(answer->interrupt);
	bool to_hypervisor = answer->interrupt >= 0xE00;

	if (!answer->interrupt)
		return;
	put_register(out, ": ", answer->interrupt);
	if (name) {
		put_text(out, " (");
		put_text(out, name);
		put_char(out, ')');
	}
	if (answer->has & HPT_HAS_DAR)
		put_register(out, to_hypervisor ? " HDAR=" : " DAR=", answer->dar);
	if (answer->has & HPT_HAS_DSISR)
		put_register(out, to_hypervisor ? " HDSISR=" : " DSISR=", answer->dsisr);
	if (answer->has & HPT_HAS_SRR1)
		put_register(out, to_hypervisor ? " HSRR1=" : " SRR1=", answer->srr1);
	if (answer->has & HPT_HAS_ASDR)
		put_register(out, " ASDR=", answer->asdr);
}

static void put_place(struct output *out, const struct hpt_translation *answer)
{
	bool has_ra = answer->has & HPT_HAS_RA;
	bool has_entry = answer->has & HPT_HAS_ENTRY;
	char buffer[TEXT_MAX];

	put_left(out, has_ra ? text_hex(buffer, answer->ra) : "-", WIDTH_RA);
	put_char(out, ' ');
	put_text(out, has_ra ? text_rights(buffer, answer->allowed) : "---");
	put_char(out, ' ');
	put_left(out, has_entry ? text_pages(buffer, answer) : "-", WIDTH_PAGES);
	put_char(out, ' ');
	put_left(out, has_entry ? text_hex(buffer, answer->ptex) : "-", WIDTH_PTEX);
	put_char(out, ' ');
}

void answer_text(struct output *out, const struct hpt_translation *answer)
{
	bool mapped = answer->outcome == HPT_OUTCOME_MAPPED;

	put_hex_digits(out, answer->ea, 16);
	put_char(out, ' ');
	put_place(out, answer);
	put_style(out, mapped ? STYLE_GREEN : STYLE_RED);
	put_text(out, hpt_outcome_name(answer->outcome));
	put_style(out, STYLE_NONE);
	if (mapped && answer->mode != HPT_MODE_SEGMENT) {
		put_text(out, " by ");
		put_text(out, hpt_mode_name(answer->mode));
	}
	if (!mapped)
		put_interrupt(out, answer);
	put_char(out, '\n');
}
