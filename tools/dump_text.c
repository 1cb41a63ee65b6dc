/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

#include <stdlib.h>
#ifdef __x86_64__
#include <emmintrin.h>
#endif

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

/* Sixteen digits, the highest first: nibbles to bytes, and above 9 on to the letters. */
#ifdef __x86_64__
static inline void sixteen_digits(char *to, uint64_t value)
{
	const __m128i low = _mm_set1_epi8(15);
	__m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(value));
	__m128i x = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low),
				      _mm_and_si128(bytes, low));
	__m128i letters = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(9)),
					_mm_set1_epi8('a' - '0' - 10));

	x = _mm_add_epi8(_mm_add_epi8(x, _mm_set1_epi8('0')), letters);
	_mm_storeu_si128((__m128i *)(void *)to, x);
}
#else
static inline void eight_digits(char *to, uint32_t value)
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

static inline void sixteen_digits(char *to, uint64_t value)
{
	eight_digits(to, (uint32_t)(value >> 32));
	eight_digits(to + 8, (uint32_t)value);
}
#endif

/*
 * 1 to 16 digits; what is behind them in the line is written over. The first of them is brought
 * to the top, so that none has to be moved once it is text.
 */
static inline char *put_nibbles(char *p, uint64_t value, unsigned digits)
{
	sixteen_digits(p, value << (64 - 4 * digits));
	return p + digits;
}

static inline unsigned nibbles(uint64_t value)
{
	return (67 - (unsigned)__builtin_clzll(value | 1)) / 4;
}

/* Likewise spaces, at most 24. */
static inline char *pad(char *p, unsigned used, unsigned width)
{
	memcpy(p, "                        ", 24);
	return used < width ? p + (width - used) : p;
}

static inline char *put_0x(char *p)
{
	*p++ = '0';
	*p++ = 'x';
	return p;
}

/* A number, right-aligned. */
static inline char *right_hex(char *p, uint64_t value, unsigned width)
{
	unsigned digits = nibbles(value);

	return put_nibbles(put_0x(pad(p, digits + 2, width)), value, digits);
}

/* What the line of a row says of which all is known. */
struct whole {
	uint64_t ptex;
	struct hpt_entry entry;
	uint64_t vsid;
	uint64_t offset; /* in its segment */
	uint64_t ra;
	const char *pages; /* 16 bytes, of which WIDTH_PAGES and a space count */
};

static inline char *right_va(char *p, const struct whole *w, unsigned segment_shift)
{
	unsigned digits = segment_shift / 4, above = nibbles(w->vsid);

	if (!w->vsid)
		return right_hex(p, w->offset, WIDTH_VA);
	p = put_0x(pad(p, digits + above + 2, WIDTH_VA));
	return put_nibbles(put_nibbles(p, w->vsid, above), w->offset, digits);
}

static inline char *put_six(char *p, const char *text)
{
	memcpy(p, text, 6);
	return p + 6;
}

static inline char *line_place(char *p, const struct view *view, uint64_t ptex)
{
	p = put_nibbles(put_0x(p), ptex, view->ptex_digits);
	*p++ = ' ';
	p = put_nibbles(put_0x(p), ptex / HPT_PTEG_ENTRIES, view->pteg_digits);
	*p++ = '.';
	*p++ = (char)('0' + ptex % HPT_PTEG_ENTRIES);
	return p;
}

static inline char *line_addresses(char *p, const struct whole *w)
{
	bool large = w->entry.v >> HPT_V_B_SHIFT;

	p = put_six(p, w->entry.v & HPT_V_SECONDARY ? "  2nd " : "  1st ");
	p = right_hex(p, w->vsid, WIDTH_VSID);
	p = put_six(p, large ? "   1T " : " 256M ");
	p = right_va(p, w, large ? 40 : 28);
	*p++ = ' ';
	memcpy(p, w->pages, 16);
	return right_hex(p + WIDTH_PAGES + 1, w->ra, WIDTH_RA);
}

static inline char *put_four(char *p, const char *text)
{
	memcpy(p, text, 4);
	return p + 4;
}

static inline char *line_attributes(char *p, struct hpt_entry e)
{
	static const char pp[8][4] = {
		"  0", "  1", "  2", "  3", "  4", "  5", "  6", "  7"
	};
	static const char wimg[16][4] = { "----", "---G", "--M-", "--MG", "-I--", "-I-G",
					  "-IM-", "-IMG", "W---", "W--G", "W-M-", "W-MG",
					  "WI--", "WI-G", "WIM-", "WIMG" };
	static const char keys[32][4] = { "   0", "   1", "   2", "   3", "   4", "   5",
					  "   6", "   7", "   8", "   9", "  10", "  11",
					  "  12", "  13", "  14", "  15", "  16", "  17",
					  "  18", "  19", "  20", "  21", "  22", "  23",
					  "  24", "  25", "  26", "  27", "  28", "  29",
					  "  30", "  31" };
	/* By N, R, C and B, as they are gathered below. */
	static const char nrcb[16][4] = { "----", "--C-", "-R--", "-RC-", "N---", "N-C-",
					  "NR--", "NRC-", "---B", "--CB", "-R-B", "-RCB",
					  "N--B", "N-CB", "NR-B", "NRCB" };
	unsigned key = (unsigned)((e.r & HPT_R_KEY_HIGH) >> 57 | (e.r & HPT_R_KEY_LOW) >> 9);
	unsigned bits = (e.r & HPT_R_NO_EXECUTE) |
			(e.r & (HPT_R_REFERENCED | HPT_R_CHANGED)) >> 7 |
			(e.v & HPT_V_BOLTED) >> 1;

	p = put_four(p, pp[e.r >> 63 << 2 | (e.r & HPT_R_PP)]) - 1;
	p = put_four(p, keys[key]);
	*p++ = ' ';
	p = put_four(p, wimg[(e.r & HPT_R_WIMG) >> 3]);
	*p++ = ' ';
	p = put_four(p, nrcb[bits]);
	*p++ = '\n';
	return p;
}

/* Made where it goes, or a dump takes its time. */
static inline __attribute__((always_inline)) void
put_line_of(struct output *out, const struct view *view, const struct whole *w)
{
	char *begin = output_room(out, LINE_MAX_BYTES), *p = begin;

	p = line_place(p, view, w->ptex);
	p = line_addresses(p, w);
	p = line_attributes(p, w->entry);
	out->used += (size_t)(p - begin);
}

/* Right-aligned in 16 bytes, a space behind. */
static void pages_text(char to[16], const struct row *row)
{
	char buffer[TEXT_MAX];
	const char *pages = row_pages(buffer, row);
	size_t len = strlen(pages);

	memset(to, ' ', 16);
	memcpy(to + (len < WIDTH_PAGES ? WIDTH_PAGES - len : 0), pages, len);
}

/* A row of which all is known, as nearly all are. */
static void put_whole(struct output *out, const struct view *view, const struct row *row)
{
	char pages[16];
	struct whole w = { row->ptex, row->entry, row->vsid, row->va.offset, row->ra, pages };

	pages_text(pages, row);
	put_line_of(out, view, &w);
}

/* A page size, as an entry says it. */
struct quick_page {
	uint64_t r_mask, r_lp; /* bits of doubleword 1 that say it */
	unsigned base_shift, actual_shift;
	char text[16];
};

#define NO_PAGE UINT8_MAX

/* Without L, and what LP may mean by its lowest 8 bits. */
#define SMALL 0u
#define LARGE 256u

/* What all entries of a dump have in common. */
struct quick {
	const struct view *view;
	/* The first page that these bits may mean, likewise for each LP where there is no L. */
	uint8_t first[512];
	struct quick_page pages[HPT_BASE_SIZES_MAX * HPT_ACTUAL_SIZES_MAX];
};

static void add_page(struct quick *quick, unsigned i, unsigned base, unsigned actual,
		     uint32_t lp)
{
	struct row row = { .has_page = true };
	struct quick_page *page = &quick->pages[i];
	uint64_t below = (UINT64_C(1) << actual) - 1;

	row.page.base_shift = (uint8_t)base;
	row.page.actual_shift = (uint8_t)actual;
	page->base_shift = base;
	page->actual_shift = actual;
	page->r_mask = HPT_R_RPN & below;
	page->r_lp = (uint64_t)lp << 12;
	pages_text(page->text, &row);
	if (base == 12 && actual == 12) {
		page->r_mask = page->r_lp = 0;
		if (quick->first[SMALL] == NO_PAGE)
			memset(quick->first + SMALL, (int)i, 256);
		return;
	}
	for (unsigned low = 0; low < 256; low++)
		if (quick->first[LARGE + low] == NO_PAGE &&
		    !(((uint64_t)low << 12 ^ page->r_lp) & page->r_mask & HPT_R_LP))
			quick->first[LARGE + low] = (uint8_t)i;
}

static void quick_init(struct quick *quick, const struct view *view)
{
	const struct hpt_page_sizes *sizes = view->sizes;

	quick->view = view;
	memset(quick->first, NO_PAGE, sizeof(quick->first));
	for (uint32_t i = 0; i < sizes->n; i++)
		for (uint32_t j = 0; j < sizes->base[i].n; j++)
			add_page(quick, i * HPT_ACTUAL_SIZES_MAX + j, sizes->base[i].shift,
				 sizes->base[i].actual[j].shift, sizes->base[i].actual[j].lp);
}

/*
 * hpt_entry_va() for @w, as far as it has an answer. AVPN lacks the bits below bit 23, which
 * follow from the group.
 */
static inline bool quick_va(const struct quick *quick, const struct quick_page *page,
			    struct whole *w)
{
	unsigned in_segment = w->entry.v >> HPT_V_B_SHIFT ? 40 - 23 : 28 - 23;
	uint64_t avpn = (w->entry.v & HPT_V_AVPN) >> HPT_V_AVPN_SHIFT;
	uint64_t pteg = w->ptex / HPT_PTEG_ENTRIES, hash = pteg;
	unsigned shift = page->base_shift;
	uint64_t offset;

	if (w->entry.v & HPT_V_SECONDARY)
		hash = ~hash;
	w->vsid = avpn >> in_segment;
	hash ^= in_segment == 40 - 23 ? w->vsid ^ w->vsid << 25 : w->vsid;
	offset = (avpn & ((UINT64_C(1) << in_segment) - 1)) << 23;
	if (w->entry.v >> HPT_V_B_SHIFT > 1 || offset & ((UINT64_C(1) << shift) - 1) ||
	    shift >= in_segment + 23)
		return false;
	if (shift < 23)
		offset |= (hash & ((UINT64_C(1) << (23 - shift)) - 1)) << shift;
	w->offset = offset;
	/* What is known now must hash to where it stands. */
	return !((hash ^ offset >> shift) &
		 ((UINT64_C(1) << (quick->view->order - HPT_PTEG_SHIFT)) - 1));
}

/*
 * What row_decode() would find out, where that is all; false: where it is not, or may not be.
 */
static inline bool quick_decode(const struct quick *quick, struct whole *w)
{
	/* Without a branch: which size an entry has, nothing could guess. */
	uint8_t i = quick->first[(w->entry.v & HPT_V_LARGE) / HPT_V_LARGE * LARGE +
				 ((w->entry.r & HPT_R_LP) >> 12)];
	const struct quick_page *page;

	if (!(w->entry.v & HPT_V_VALID) || i == NO_PAGE)
		return false;
	page = &quick->pages[i];
	if ((w->entry.r & page->r_mask) != page->r_lp)
		return false;
	w->ra = w->entry.r & HPT_R_RPN & ~((UINT64_C(1) << page->actual_shift) - 1);
	w->pages = page->text;
	return quick_va(quick, page, w);
}

struct quick *quick_open(const struct view *view)
{
	struct quick *quick = view->listing ? NULL : malloc(sizeof(*quick));

	if (quick)
		quick_init(quick, view);
	return quick;
}

bool quick_line(const struct quick *quick, struct output *out, uint64_t ptex,
		struct hpt_entry entry)
{
	struct whole w = { .ptex = ptex, .entry = entry };

	if (!quick_decode(quick, &w))
		return false;
	put_line_of(out, quick->view, &w);
	return true;
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
