/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

/* A dump for people: aligned columns, numbers written so that options take them back. */

enum {
	WIDTH_VSID = 12,
	WIDTH_SEGMENT = 4,
	WIDTH_VA = 20,
	WIDTH_PAGES = 9,
	WIDTH_RA = 14,
};

void put_row_heading(struct output *out, const struct view *view)
{
	put_left(out, "ptex", view->ptex_digits + 2);
	put_char(out, ' ');
	put_left(out, "pteg", view->pteg_digits + 4);
	put_text(out, " hash ");
	put_right(out, "vsid", WIDTH_VSID);
	put_text(out, "  seg ");
	put_right(out, "va", WIDTH_VA);
	put_char(out, ' ');
	put_right(out, "base/page", WIDTH_PAGES);
	put_char(out, ' ');
	put_right(out, "ra", WIDTH_RA);
	put_text(out, " pp key WIMG NRCB");
	if (view->listing) {
		put_char(out, ' ');
		put_right(out, "host", WIDTH_RA);
		put_text(out, " pp key NRC AIM");
	}
}

static void begin(struct output *out, const struct view *view)
{
	put_style(out, STYLE_BOLD);
	put_row_heading(out, view);
	put_style(out, STYLE_NONE);
	put_char(out, '\n');
}

/* Where it stands: 0x0002c 0x0005.4 */
static void put_place(struct output *out, const struct view *view, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_text(out, text_hex_digits(buffer, row->ptex, view->ptex_digits));
	put_char(out, ' ');
	put_text(out,
		 text_hex_digits(buffer, row->ptex / HPT_PTEG_ENTRIES, view->pteg_digits));
	put_char(out, '.');
	put_char(out, (char)('0' + row->ptex % HPT_PTEG_ENTRIES));
}

static void put_virtual(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_text(out, row->fields.secondary ? "  2nd " : "  1st ");
	put_right(out, row->has_vsid ? text_hex(buffer, row->vsid) : "-", WIDTH_VSID);
	put_char(out, ' ');
	put_right(out, segment_name(row), WIDTH_SEGMENT);
	put_char(out, ' ');
	put_right(out, row->has_va ? text_va(buffer, &row->va) : "-", WIDTH_VA);
}

static void put_real(struct output *out, const struct row *row)
{
	char buffer[TEXT_MAX];

	put_char(out, ' ');
	put_right(out, row_pages(buffer, row), WIDTH_PAGES);
	put_char(out, ' ');
	put_right(out, row->has_page ? text_hex(buffer, row->ra) : "-", WIDTH_RA);
}

/* What KVM put in its place; A: absent, I: an access is emulated, M: modified. */
static void put_host(struct output *out, const struct row *row)
{
	const struct hpt_debugfs_slot *host = &row->host;
	struct hpt_fields fields;
	char buffer[TEXT_MAX];
	uint64_t ra;

	hpt_entry_split(host->host, &fields);
	put_char(out, ' ');
	put_right(out, row_host_ra(row, &ra) ? text_hex(buffer, ra) : "-", WIDTH_RA);
	put_char(out, ' ');
	put_right(out, text_number(buffer, fields.pp), 2);
	put_char(out, ' ');
	put_right(out, text_number(buffer, fields.key), 3);
	put_char(out, ' ');
	put_char(out, fields.no_execute ? 'N' : '-');
	put_char(out, fields.referenced ? 'R' : '-');
	put_char(out, fields.changed ? 'C' : '-');
	put_char(out, ' ');
	put_char(out, host->absent ? 'A' : '-');
	put_char(out, host->mmio ? 'I' : '-');
	put_char(out, host->modified ? 'M' : '-');
}

static void put_words(struct output *out, const struct hpt_entry *entry)
{
	put_text(out, " v=");
	put_hex(out, entry->v);
	put_text(out, " r=");
	put_hex(out, entry->r);
}

static void put_invalid(struct output *out, const struct row *row)
{
	put_style(out, STYLE_DIM);
	put_text(out, " invalid");
	if (row->entry.v || row->entry.r)
		put_words(out, &row->entry);
	put_style(out, STYLE_NONE);
}

/* Room for the longest line of a whole row. */
#define LINE_MAX_BYTES 192

/* Eight digits as bytes, the first of them the highest. */
static void eight_digits(char *to, uint32_t value)
{
	uint64_t x = value, letters;

	/* A digit to each byte, then where a byte is above 9 what leads to the letters. */
	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
	x += UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
	/* Written out, compilers make one store of it. */
	to[0] = (char)(x >> 56);
	to[1] = (char)(x >> 48);
	to[2] = (char)(x >> 40);
	to[3] = (char)(x >> 32);
	to[4] = (char)(x >> 24);
	to[5] = (char)(x >> 16);
	to[6] = (char)(x >> 8);
	to[7] = (char)x;
}

/* At most 16 digits; what is behind them in the line is written over. */
static char *put_nibbles(char *p, uint64_t value, unsigned digits)
{
	char all[32];

	eight_digits(all, (uint32_t)(value >> 32));
	eight_digits(all + 8, (uint32_t)value);
	memcpy(p, all + 16 - digits, 16);
	return p + digits;
}

static unsigned nibbles(uint64_t value)
{
	return value ? (67 - (unsigned)__builtin_clzll(value)) / 4 : 1;
}

/* Likewise spaces, at most 24. */
static char *pad(char *p, unsigned used, unsigned width)
{
	memcpy(p, "                        ", 24);
	return used < width ? p + (width - used) : p;
}

static char *put_0x(char *p)
{
	*p++ = '0';
	*p++ = 'x';
	return p;
}

/* A number, right-aligned. */
static char *right_hex(char *p, uint64_t value, unsigned width)
{
	unsigned digits = nibbles(value);

	return put_nibbles(put_0x(pad(p, digits + 2, width)), value, digits);
}

static char *right_va(char *p, const struct hpt_va *va)
{
	unsigned digits = va->segment_shift / 4u, above = nibbles(va->vsid);

	if (!va->vsid)
		return right_hex(p, va->offset, WIDTH_VA);
	p = put_0x(pad(p, digits + above + 2, WIDTH_VA));
	return put_nibbles(put_nibbles(p, va->vsid, above), va->offset, digits);
}

static char *put_six(char *p, const char *text)
{
	memcpy(p, text, 6);
	return p + 6;
}

static char *put_small(char *p, unsigned value, unsigned width)
{
	p = pad(p, value < 10 ? 1 : 2, width);
	if (value >= 10)
		*p++ = (char)('0' + value / 10);
	*p++ = (char)('0' + value % 10);
	return p;
}

static char *line_place(char *p, const struct view *view, const struct row *row)
{
	p = put_nibbles(put_0x(p), row->ptex, view->ptex_digits);
	*p++ = ' ';
	p = put_nibbles(put_0x(p), row->ptex / HPT_PTEG_ENTRIES, view->pteg_digits);
	*p++ = '.';
	*p++ = (char)('0' + row->ptex % HPT_PTEG_ENTRIES);
	return p;
}

static char *line_addresses(char *p, const struct row *row)
{
	char text[TEXT_MAX];
	const char *pages = row_pages(text, row);
	size_t len = strlen(pages);

	p = put_six(p, row->fields.secondary ? "  2nd " : "  1st ");
	p = right_hex(p, row->vsid, WIDTH_VSID);
	p = put_six(p, row->fields.segment ? "   1T " : " 256M ");
	p = right_va(p, &row->va);
	*p++ = ' ';
	p = pad(p, (unsigned)len, WIDTH_PAGES);
	memcpy(p, pages, len);
	p += len;
	*p++ = ' ';
	return right_hex(p, row->ra, WIDTH_RA);
}

static char *line_attributes(char *p, const struct row *row)
{
	const struct hpt_fields *fields = &row->fields;

	*p++ = ' ';
	p = put_small(p, fields->pp, 2);
	*p++ = ' ';
	p = put_small(p, fields->key, 3);
	*p++ = ' ';
	for (unsigned i = 0; i < 4; i++)
		*p++ = fields->wimg & (8u >> i) ? "WIMG"[i] : '-';
	*p++ = ' ';
	*p++ = fields->no_execute ? 'N' : '-';
	*p++ = fields->referenced ? 'R' : '-';
	*p++ = fields->changed ? 'C' : '-';
	*p++ = row->entry.v & HPT_V_BOLTED ? 'B' : '-';
	*p++ = '\n';
	return p;
}

/* A row of which all is known, as nearly all are: made in place, or a dump takes its time. */
static void put_whole(struct output *out, const struct view *view, const struct row *row)
{
	char line[LINE_MAX_BYTES], *p = line;

	p = line_place(p, view, row);
	p = line_addresses(p, row);
	p = line_attributes(p, row);
	put_bytes(out, line, (size_t)(p - line));
}

void put_row_columns(struct output *out, const struct view *view, const struct row *row)
{
	put_place(out, view, row);
	if (!row->fields.valid) {
		put_invalid(out, row);
	} else {
		put_virtual(out, row);
		put_real(out, row);
		put_row_attributes(out, row);
		if (view->listing)
			put_host(out, row);
	}
	if (row->problem) {
		put_style(out, STYLE_RED);
		put_text(out, " !");
		put_text(out, problem_name(row->problem));
		put_words(out, &row->entry);
		put_style(out, STYLE_NONE);
	}
}

static void put_line(struct output *out, const struct view *view, const struct row *row)
{
	if (row->has_va && row->has_page && !row->problem && !view->listing) {
		put_whole(out, view, row);
		return;
	}
	put_row_columns(out, view, row);
	put_char(out, '\n');
}

const struct form text_form = { .begin = begin, .row = put_line };
