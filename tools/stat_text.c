/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stat.h"

/* "hpt stat" for people. */

#define LABEL_WIDTH 22
#define COUNT_WIDTH 12
#define PERCENT_WIDTH 10
#define BAR_WIDTH 40

static void put_heading(struct output *out, const char *text)
{
	put_style(out, STYLE_BOLD);
	put_text(out, text);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* A label, a count and, when whole is not 0, its share of that. No end of line. */
static void put_count(struct output *out, const char *label, uint64_t count, uint64_t whole)
{
	char buffer[TEXT_MAX];

	put_text(out, "  ");
	put_left(out, label, LABEL_WIDTH);
	put_right(out, text_number(buffer, count), COUNT_WIDTH);
	if (whole)
		put_right(out, text_percent(buffer, count, whole), PERCENT_WIDTH);
}

static void put_line(struct output *out, const char *label, uint64_t count, uint64_t whole)
{
	put_count(out, label, count, whole);
	put_char(out, '\n');
}

static void put_bar(struct output *out, uint64_t part, uint64_t most)
{
	unsigned n = most ? (unsigned)((double)part / (double)most * BAR_WIDTH + 0.5) : 0;

	if (part && !n)
		n = 1;
	put_text(out, n ? "  " : "");
	put_style(out, STYLE_GREEN);
	while (n--)
		put_char(out, '#');
	put_style(out, STYLE_NONE);
}

static void put_occupancy(struct output *out, const struct tally *tally)
{
	uint64_t ptegs = tally->slots / HPT_PTEG_ENTRIES;
	uint64_t most = 0;

	put_heading(out, "Occupancy");
	put_line(out, "slots", tally->slots, 0);
	put_line(out, "valid", tally->valid, tally->slots);
	put_line(out, "free", tally->slots - tally->valid, tally->slots);
	put_line(out, "PTEGs", ptegs, 0);
	put_line(out, "full PTEGs", tally->per_pteg[HPT_PTEG_ENTRIES], ptegs);
	put_line(out, "empty PTEGs", tally->per_pteg[0], ptegs);
	put_heading(out, "Valid entries per PTEG");
	for (unsigned i = 0; i <= HPT_PTEG_ENTRIES; i++)
		most = tally->per_pteg[i] > most ? tally->per_pteg[i] : most;
	for (unsigned i = 0; i <= HPT_PTEG_ENTRIES; i++) {
		char label[2] = { (char)('0' + i), '\0' };

		put_count(out, label, tally->per_pteg[i], ptegs);
		put_bar(out, tally->per_pteg[i], most);
		put_char(out, '\n');
	}
}

static void put_kinds(struct output *out, const struct tally *tally)
{
	uint64_t valid = tally->valid;

	put_heading(out, "Valid entries");
	put_line(out, "primary hash", valid - tally->secondary, valid);
	put_line(out, "secondary hash", tally->secondary, valid);
	put_line(out, "bolted", tally->bolted, valid);
	put_line(out, "referenced (R)", tally->referenced, valid);
	put_line(out, "changed (C)", tally->changed, valid);
	put_line(out, "both R and C", tally->both, valid);
	put_line(out, "neither R nor C",
		 valid + tally->both - tally->referenced - tally->changed, valid);
	put_line(out, "no-execute (N)", tally->no_execute, valid);
}

/* Pages may overlap: this is what the entries span, which can exceed 64 bits' worth. */
static void put_mapped(struct output *out, uint64_t entries, unsigned shift)
{
	char buffer[TEXT_MAX];

	put_text(out, "  maps ");
	if (entries > UINT64_MAX >> shift)
		put_text(out, "16E or more");
	else
		put_text(out, text_size(buffer, entries << shift));
}

static void put_pages(struct output *out, const struct tally *tally)
{
	put_heading(out, "Page sizes: base/actual");
	for (size_t i = 0; i < tally->n_pages; i++) {
		const struct page_count *count = &tally->pages[i];
		char buffer[TEXT_MAX];

		put_text(out, "  ");
		put_right(out, text_shift(buffer, count->page.base_shift), 4);
		put_char(out, '/');
		put_left(out, text_shift(buffer, count->page.actual_shift), LABEL_WIDTH - 5);
		put_right(out, text_number(buffer, count->entries), COUNT_WIDTH);
		put_right(out, text_percent(buffer, count->entries, tally->valid),
			  PERCENT_WIDTH);
		put_mapped(out, count->entries, count->page.actual_shift);
		put_char(out, '\n');
	}
	if (tally->problems[PROBLEM_LP])
		put_line(out, "unknown", tally->problems[PROBLEM_LP], tally->valid);
}

static void put_segments(struct output *out, const struct tally *tally)
{
	put_heading(out, "Segments");
	put_line(out, "entries in 256M", tally->segments[0], tally->valid);
	put_line(out, "entries in 1T", tally->segments[1], tally->valid);
	put_line(out, "distinct VSIDs", tally->vsids.used, 0);
	for (size_t i = 0; i < tally->n_top; i++) {
		const struct vsid_count *top = &tally->top[i];
		char buffer[TEXT_MAX];

		put_text(out, top->is_1t ? "    1T " : "  256M ");
		put_left(out, text_hex(buffer, top->vsid), LABEL_WIDTH - 5);
		put_right(out, text_number(buffer, top->entries), COUNT_WIDTH);
		put_right(out, text_percent(buffer, top->entries, tally->valid),
			  PERCENT_WIDTH);
		put_char(out, '\n');
	}
}

/* The values that occur of a small field. */
static void put_values(struct output *out, const char *heading, const uint64_t *counts,
		       unsigned n, uint64_t valid)
{
	char buffer[TEXT_MAX];

	put_heading(out, heading);
	for (unsigned i = 0; i < n; i++)
		if (counts[i])
			put_line(out, text_number(buffer, i), counts[i], valid);
}

static void put_wimg(struct output *out, const struct tally *tally)
{
	char buffer[TEXT_MAX];

	put_heading(out, "Storage attributes (WIMG)");
	for (unsigned i = 0; i < 16; i++)
		if (tally->wimg[i])
			put_line(out, text_wimg(buffer, i), tally->wimg[i], tally->valid);
}

static void put_problems(struct output *out, const struct tally *tally)
{
	static const char *const labels[] = {
		[PROBLEM_LP] = "unknown page size",
		[PROBLEM_PTEG] = "impossible PTEG",
		[PROBLEM_SEGMENT] = "reserved segment size",
		[PROBLEM_AVPN] = "AVPN below base page",
	};

	put_heading(out, "Oddities");
	for (unsigned i = PROBLEM_LP; i <= PROBLEM_AVPN; i++) {
		put_style(out, tally->problems[i] ? STYLE_RED : STYLE_NONE);
		put_count(out, labels[i], tally->problems[i], 0);
		put_style(out, STYLE_NONE);
		put_char(out, '\n');
	}
}

void stat_text(struct output *out, const struct tally *tally)
{
	put_occupancy(out, tally);
	put_kinds(out, tally);
	put_pages(out, tally);
	put_segments(out, tally);
	put_values(out, "Protection (pp)", tally->pp, 8, tally->valid);
	put_values(out, "Storage keys", tally->key, 32, tally->valid);
	put_wimg(out, tally);
	put_problems(out, tally);
}
