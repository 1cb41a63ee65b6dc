/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "explain.h"

/* A walk for people: what was looked for, where, and why it was found or not, on a screen. */

static void put_heading(struct output *out, const char *text)
{
	put_style(out, STYLE_BOLD);
	put_text(out, text);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

static void put_hex_of(struct output *out, const char *before, uint64_t value)
{
	put_text(out, before);
	put_hex(out, value);
}

static void put_number_of(struct output *out, const char *before, uint64_t value)
{
	put_text(out, before);
	put_number(out, value);
}

static void put_shift(struct output *out, const char *before, unsigned shift)
{
	char buffer[TEXT_MAX];

	put_text(out, before);
	put_text(out, text_shift(buffer, shift));
}

static void put_bool(struct output *out, const char *before, bool value)
{
	put_text(out, before);
	put_char(out, value ? '1' : '0');
}

/* Who looks, and how. */
static void put_question(struct output *out, const struct told *told)
{
	const struct hpt_cpu *cpu = &told->machine->vcpu.mmu;
	const struct hpt_translation *answer = &told->walk.translation;
	uint32_t flags = told->machine->flags;

	put_style(out, STYLE_BOLD);
	put_hex_digits(out, told->ea, 16);
	put_style(out, STYLE_NONE);
	put_text(out, flags & HPT_XLATE_DEBUG ? ", a debugger's look (" : ", a ");
	put_text(out, access_name(answer->access));
	put_text(out, flags & HPT_XLATE_DEBUG ? ") at CPU " : " by CPU ");
	put_number(out, told->machine->vcpu.id);
	put_text(out, ": ");
	put_text(out, cpu->msr & HPT_MSR_PR ? "problem state" : "privileged state");
	put_bool(out, ", MSR[IR] ", cpu->msr & HPT_MSR_IR);
	put_bool(out, ", MSR[DR] ", cpu->msr & HPT_MSR_DR);
	if (flags & HPT_XLATE_ON)
		put_text(out, ", taken as 1");
	if (flags & HPT_XLATE_REAL)
		put_text(out, ", taken as 0");
	put_char(out, '\n');
}

static void put_segment_line(struct output *out, const struct hpt_segment_step *step,
			     uint32_t slot)
{
	uint64_t word = step->entry.vsid;
	uint64_t field = word & HPT_SLB_VSID;
	char buffer[TEXT_MAX];

	put_text(out, "  slot ");
	put_right(out, text_number(buffer, slot), 2);
	put_text(out, "  ESID ");
	put_hex_digits(out, step->entry.esid & HPT_SLB_ESID, 16);
	put_text(out, "  VSID ");
	put_left(out, text_hex(buffer, step->segment_shift == 40 ? field >> 24 : field >> 12),
		 15);
	put_left(out, step->segment_shift ? text_shift(buffer, step->segment_shift) : "?", 5);
	put_left(out, step->base_shift ? text_shift(buffer, step->base_shift) : "?", 4);
	put_bool(out, " Ks ", word & HPT_SLB_KS);
	put_bool(out, " Kp ", word & HPT_SLB_KP);
	put_bool(out, " N ", word & HPT_SLB_N);
	put_text(out, "  ");
	put_style(out, step->reason == HPT_SEGMENT_MATCH ? STYLE_GREEN : STYLE_NONE);
	put_text(out, segment_reason(step->reason));
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* Those that match; where none does, all that are valid, for one of them was meant. */
static void put_slb(struct output *out, const struct hpt_explanation *walk)
{
	uint32_t other = 0, invalid = 0;
	bool found = walk->translation.has & HPT_HAS_SEGMENT;

	for (uint32_t i = 0; i < walk->n_segments; i++) {
		enum hpt_segment_reason reason = walk->segment[i].reason;

		invalid += reason == HPT_SEGMENT_INVALID;
		other += reason == HPT_SEGMENT_ESID;
		if (reason == HPT_SEGMENT_INVALID || (reason == HPT_SEGMENT_ESID && found))
			continue;
		put_segment_line(out, &walk->segment[i], i);
	}
	put_number_of(out, "  ", other);
	put_text(out, other == 1 ? " entry is for other addresses"
				 : " entries are for other addresses");
	put_number_of(out, ", ", invalid);
	put_text(out, invalid == 1 ? " slot has no V\n" : " slots have no V\n");
}

static void put_made_up(struct output *out, const char *why,
			const struct hpt_translation *answer)
{
	put_text(out, why);
	put_hex_of(out, ": VSID ", answer->va.vsid);
	put_shift(out, ", ", answer->va.segment_shift);
	put_shift(out, ", base page ", answer->base_shift);
	put_char(out, '\n');
}

static void put_segment(struct output *out, const struct told *told)
{
	const struct hpt_explanation *walk = &told->walk;

	if (walk->mode == HPT_MODE_SEGMENT) {
		put_heading(out, "Segment");
		put_slb(out, walk);
		if (walk->linux_segment)
			put_made_up(out, "  by Linux's rule", &walk->translation);
		return;
	}
	put_heading(out, "Real mode");
	put_text(out, "  ");
	put_text(out, hpt_mode_name(walk->mode));
	if (walk->translation.has & HPT_HAS_SEGMENT)
		put_made_up(out, ", a segment that is made up", &walk->translation);
	else
		put_char(out, '\n');
}

static void put_hash(struct output *out, const struct told *told)
{
	const struct hpt_translation *answer = &told->walk.translation;
	const uint64_t *ptex = told->walk.pteg_ptex;
	char buffer[TEXT_MAX];

	put_heading(out, "Hash");
	put_hex_of(out, "  VSID ", answer->va.vsid);
	put_hex_of(out, ", offset ", answer->va.offset);
	put_text(out, ", virtual address ");
	put_text(out, text_va(buffer, &answer->va));
	put_hex_of(out, "\n  hash ", answer->hash);
	put_number_of(out, ", table of 2^", told->order);
	put_hex_of(out, " bytes: primary group ", ptex[0] / HPT_PTEG_ENTRIES);
	put_hex_of(out, ", secondary ", ptex[1] / HPT_PTEG_ENTRIES);
	put_hex_of(out, "\n  wanted: B and AVPN of v = ",
		   hpt_va_avpn(&answer->va, answer->base_shift));
	put_shift(out, ", V, and in base pages of ", answer->base_shift);
	if (told->walk.small_pages)
		put_text(out, " (LPCR[ISL])");
	put_char(out, '\n');
}

static void put_slot(struct output *out, const struct told *told,
		     const struct hpt_slot_step *step)
{
	put_text(out, "  ");
	put_hex_digits(out, step->ptex, told->ptex_digits);
	if (step->reason == HPT_SLOT_INVALID && !step->entry.v && !step->entry.r) {
		put_style(out, STYLE_DIM);
		put_text(out, "  empty");
		put_style(out, STYLE_NONE);
		put_char(out, '\n');
		return;
	}
	put_text(out, "  ");
	put_hex_digits(out, step->entry.v, 16);
	put_char(out, ' ');
	put_hex_digits(out, step->entry.r, 16);
	put_text(out, "  ");
	put_style(out, step->reason == HPT_SLOT_MATCH ? STYLE_GREEN : STYLE_NONE);
	put_text(out, slot_reason(step->reason));
	if (step->page_shift)
		put_shift(out, ": page of ", step->page_shift);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* Whether a group is worth its eight lines: not behind the one where it was found. */
static bool shown(const struct hpt_explanation *walk, unsigned group)
{
	const struct hpt_slot_step *slot = &walk->slot[group * HPT_PTEG_ENTRIES];

	if (!group)
		return true;
	if (walk->no_secondary)
		return false;
	if (!(walk->translation.has & HPT_HAS_ENTRY) || walk->translation.secondary)
		return true;
	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++)
		if (slot[i].reason <= HPT_SLOT_DUPLICATE)
			return true;
	return false;
}

static void put_group(struct output *out, const struct told *told, unsigned group)
{
	const struct hpt_explanation *walk = &told->walk;
	const struct hpt_slot_step *slot = &walk->slot[group * HPT_PTEG_ENTRIES];
	unsigned valid = 0;

	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++)
		valid += slot[i].reason != HPT_SLOT_INVALID;
	put_style(out, STYLE_BOLD);
	put_text(out, group ? "Secondary" : "Primary");
	put_hex_of(out, " group ", walk->pteg_ptex[group] / HPT_PTEG_ENTRIES);
	put_style(out, STYLE_NONE);
	put_number_of(out, ": ", valid);
	put_text(out, " of 8 valid");
	if (!shown(walk, group)) {
		put_text(out, walk->no_secondary ? ", not searched (LPCR[TC])\n"
						 : ", not searched\n");
		return;
	}
	put_char(out, '\n');
	for (unsigned i = 0; i < HPT_PTEG_ENTRIES; i++)
		put_slot(out, told, &slot[i]);
}

static void put_denials(struct output *out, uint8_t denied, bool looking)
{
	static const char *const words[] = { "pp", "the storage key", "N of the page",
					     "guarded storage", "N of the segment" };
	const char *before =
		looking ? "  a debugger may look; the CPU is forbidden by " : "  forbidden by ";

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(denied & (1u << i)))
			continue;
		put_text(out, before);
		put_text(out, words[i]);
		before = " and ";
	}
	if (denied)
		put_char(out, '\n');
}

static void put_protection(struct output *out, const struct told *told)
{
	const struct hpt_explanation *walk = &told->walk;
	const struct hpt_translation *answer = &walk->translation;
	uint64_t pr = told->machine->vcpu.mmu.msr & HPT_MSR_PR;
	char buffer[TEXT_MAX];

	put_heading(out, "Protection");
	put_number_of(out, "  pp ", answer->pp);
	put_text(out, pr ? ", Kp " : ", Ks ");
	put_number(out, walk->key_bit);
	put_text(out, ": ");
	put_text(out, text_rights(buffer, walk->pp_allows));
	put_number_of(out, "; key ", answer->key);
	put_number_of(out, ": AMR ", walk->amr_bits);
	put_number_of(out, ", IAMR ", walk->iamr_bits);
	put_bool(out, "; N ", answer->entry.r & HPT_R_NO_EXECUTE);
	put_text(out, ", WIMG ");
	put_text(out, text_wimg(buffer, answer->wimg));
	put_text(out, "; allowed in all: ");
	put_text(out, text_rights(buffer, answer->allowed));
	put_char(out, '\n');
	put_denials(out, answer->denied, told->machine->flags & HPT_XLATE_DEBUG);
}

static void put_outcome(struct output *out, const struct hpt_translation *answer)
{
	bool mapped = answer->outcome == HPT_OUTCOME_MAPPED;

	put_heading(out, "Outcome");
	put_text(out, "  ");
	put_style(out, mapped ? STYLE_GREEN : STYLE_RED);
	put_text(out, hpt_outcome_name(answer->outcome));
	put_style(out, STYLE_NONE);
	if (answer->has & HPT_HAS_RA)
		put_hex_of(out, mapped ? " to real address " : " at real address ",
			   answer->ra);
	if (answer->has & HPT_HAS_ENTRY) {
		put_hex_of(out, ", page ", answer->page_ra);
		put_shift(out, " of ", answer->page_shift);
	}
	if (!mapped)
		put_interrupt(out, answer);
	put_char(out, '\n');
}

void explain_text(struct output *out, const struct told *told)
{
	const struct hpt_translation *answer = &told->walk.translation;

	put_question(out, told);
	put_segment(out, told);
	if (told->walk.n_slots) {
		put_hash(out, told);
		put_group(out, told, 0);
		put_group(out, told, 1);
	}
	if (answer->has & HPT_HAS_ENTRY)
		put_protection(out, told);
	put_outcome(out, answer);
}
