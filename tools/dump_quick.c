/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "row.h"

#include <stdlib.h>
#ifdef __x86_64__
#include <emmintrin.h>
#endif

/*
 * Lines of the text form for entries of which all can be told and each column has room, as nearly
 * all have: what row_decode() would find out of them, and what put_row_columns() would write.
 *
 * A line is made of stores of 16, 8 or 4 bytes to where they belong, from the right to the left
 * where one has more than its column: what it has too much the next writes over. Nothing in it
 * depends on an entry by a branch that nobody could guess.
 */

/* Columns, and spaces between them: from a place's dot on, from a segment on, and so on. */
enum {
	DOT = 8,     /* ".0  1st " */
	VSID = 12,   /* "   0x1234567" */
	SEGMENT = 6, /* " 256M " */
	VA = 20,     /* or more */
	PAGES = 11,  /* "   64K/16M " */
	RA = 14,     /* "  0x1234567000" */
	RIGHTS = 8,  /* "  2   0 " */
	WIMG = 4,    /* "--M-" */
	NRCB = 6,    /* " -RC-" and the line's end */
	NUMBER = 16, /* what a number is written by */
	PLACE = 32,  /* what a place is written by */
	SLOTS = 64,  /* slots that are printed at once, at most */
	LINE = 192,  /* more than the longest line, and what is written behind it */
	LOW_DIGITS = 256,
};

/* Of both sizes of segments. */
struct shape {
	unsigned in_segment; /* bits of AVPN below VSID */
	unsigned digits;     /* of an offset in it */
	char text[8];
};

static const struct shape shapes[2] = {
	{ 28 - 23, 28 / 4, " 256M " },
	{ 40 - 23, 40 / 4, "   1T " },
};

/* A page size, as an entry says it. */
struct quick_page {
	uint64_t r_mask, r_lp; /* bits of doubleword 1 that say it */
	uint64_t ra;           /* those that are its real address */
	uint64_t below;        /* bits of an address within the base page size */
	uint64_t hashed;       /* bits of a hash that AVPN lacks */
	unsigned base_shift;
	unsigned segments; /* bit B: a segment of that size may have it */
	char text[16];     /* PAGES */
};

enum {
	PAGE_SIZES = HPT_BASE_SIZES_MAX * HPT_ACTUAL_SIZES_MAX,
	NO_PAGE = PAGE_SIZES, /* one that no entry has, for bits that mean none */
};

/* Without L, and what LP may mean by its lowest 8 bits. */
#define SMALL 0u
#define LARGE 256u

struct quick {
	unsigned ptex_digits, pteg_digits;
	uint64_t group_mask;
	/* The first page that these bits may mean, likewise for each LP where there is no L. */
	uint8_t first[512];
	struct quick_page pages[PAGE_SIZES + 1];
	char rights[256][RIGHTS];       /* by pp, and key below */
	char low_digits[LOW_DIGITS][2]; /* the last two of a number */
};

/* Where an entry stands, for up to SLOTS of which the last two digits alone differ. */
struct place {
	char text[PLACE];
	unsigned ptex_low, pteg_low, dot; /* where they are in it */
};

/*
 * What digits are added to: spaces, "0x" before as many digits as there are, and zeros. From
 * @leads + n on for n of them, at most 14, at the end of NUMBER.
 */
static const char leads[] = "              0x0000000000000000";
#define ALL_DIGITS (leads + 16)

/* Sixteen digits, the highest first: nibbles to bytes, and above 9 on to the letters. */
#ifdef __x86_64__
static inline void put_digits(char *to, uint64_t value, const char *lead)
{
	const __m128i low = _mm_set1_epi8(15);
	__m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(value));
	__m128i x = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low),
				      _mm_and_si128(bytes, low));
	__m128i letters = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8(9)),
					_mm_set1_epi8('a' - '0' - 10));

	x = _mm_add_epi8(x, _mm_loadu_si128((const __m128i *)(const void *)lead));
	_mm_storeu_si128((__m128i *)(void *)to, _mm_add_epi8(x, letters));
}
#else
static inline void put_eight(char *to, uint32_t value, const char *lead)
{
	uint64_t x = value, letters;

	/* A digit to each byte, then where a byte is above 9 what leads to the letters. */
	x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
	x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
	x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
	x += letters * ('a' - '0' - 10);
	for (int i = 0; i < 8; i++)
		to[i] = (char)(lead[i] + (char)(x >> (56 - 8 * i)));
}

static inline void put_digits(char *to, uint64_t value, const char *lead)
{
	put_eight(to, (uint32_t)(value >> 32), lead);
	put_eight(to + 8, (uint32_t)value, lead + 8);
}
#endif

static inline unsigned digits_of(uint64_t value)
{
	return (67 - (unsigned)__builtin_clzll(value | 1)) / 4;
}

/* What the line of an entry says. */
struct line {
	uint64_t vsid, offset, ra;
	const struct shape *shape;
	const struct quick_page *page;
};

/*
 * What row_decode() would find out, where that is all and there is room for it. AVPN lacks the bits
 * below bit 23, which follow from the group; and what is known then must hash to it.
 */
static inline bool decode(const struct quick *quick, uint64_t ptex, struct hpt_entry e,
			  struct line *line)
{
	unsigned b = (unsigned)(e.v >> HPT_V_B_SHIFT), large = b & 1;
	const struct shape *shape = &shapes[large];
	const struct quick_page *page =
		&quick->pages[quick->first[(e.v & HPT_V_LARGE) / HPT_V_LARGE * LARGE +
					   ((e.r & HPT_R_LP) >> 12)]];
	uint64_t avpn = (e.v & HPT_V_AVPN) >> HPT_V_AVPN_SHIFT;
	uint64_t vsid = avpn >> shape->in_segment;
	uint64_t offset = (avpn ^ vsid << shape->in_segment) << 23;
	uint64_t hash = ptex / HPT_PTEG_ENTRIES ^ -((e.v & HPT_V_SECONDARY) >> 1) ^ vsid ^
			(vsid << 25 & -(uint64_t)large);
	uint64_t wrong = ((e.r & page->r_mask) ^ page->r_lp) | (offset & page->below) |
			 (~(page->segments >> b) & 1);

	offset |= (hash & page->hashed) << page->base_shift;
	line->vsid = vsid;
	line->offset = offset;
	line->ra = e.r & page->ra;
	line->shape = shape;
	line->page = page;
	wrong |= (hash ^ offset >> page->base_shift) & quick->group_mask;
	/* Without a VSID an address is written otherwise, and larger numbers need more room. */
	wrong |= (vsid == 0) | vsid >> 4 * (VSID - 2) | line->ra >> 4 * (RA - 2);
	return !wrong;
}

static inline char *put_place(char *p, const struct quick *quick, const struct place *place,
			      uint64_t ptex)
{
	memcpy(p, place->text, PLACE);
	memcpy(p + place->ptex_low, quick->low_digits[ptex % LOW_DIGITS], 2);
	memcpy(p + place->pteg_low, quick->low_digits[ptex / HPT_PTEG_ENTRIES % LOW_DIGITS],
	       2);
	return p + place->dot;
}

/* From the dot of a place to where the page sizes begin. */
static inline char *put_virtual(char *p, uint64_t ptex, uint64_t v, const struct line *line)
{
	static const char dots[16][DOT] = { ".0  1st ", ".1  1st ", ".2  1st ", ".3  1st ",
					    ".4  1st ", ".5  1st ", ".6  1st ", ".7  1st ",
					    ".0  2nd ", ".1  2nd ", ".2  2nd ", ".3  2nd ",
					    ".4  2nd ", ".5  2nd ", ".6  2nd ", ".7  2nd " };
	unsigned above = digits_of(line->vsid), digits = line->shape->digits;
	unsigned room = SEGMENT + VA - digits, needed = SEGMENT + 2 + above;
	char *segment = p + DOT + VSID;
	char *offset = segment + (needed < room ? room : needed);

	put_digits(segment - NUMBER, line->vsid, leads + above);
	memcpy(p,
	       dots[(v & HPT_V_SECONDARY) * (8 / HPT_V_SECONDARY) + ptex % HPT_PTEG_ENTRIES],
	       DOT);
	put_digits(offset - NUMBER, line->vsid, leads + above);
	memcpy(segment, line->shape->text, 4);
	memcpy(segment + 4, line->shape->text + 4, 2);
	put_digits(offset, line->offset << (64 - 4 * digits), ALL_DIGITS);
	return offset + digits;
}

static inline char *put_real(char *p, const struct line *line)
{
	char *end = p + PAGES + RA;

	put_digits(end - NUMBER, line->ra, leads + digits_of(line->ra));
	memcpy(p, line->page->text, 8);
	memcpy(p + 7, line->page->text + 7, 4);
	return end;
}

static inline char *put_attributes(char *p, const struct quick *quick, struct hpt_entry e)
{
	static const char wimg[16][WIMG] = { "----", "---G", "--M-", "--MG", "-I--", "-I-G",
					     "-IM-", "-IMG", "W---", "W--G", "W-M-", "W-MG",
					     "WI--", "WI-G", "WIM-", "WIMG" };
	/* By N, R, C and B, as they are gathered below. */
	static const char nrcb[16][8] = { " ----\n", " --C-\n", " -R--\n", " -RC-\n",
					  " N---\n", " N-C-\n", " NR--\n", " NRC-\n",
					  " ---B\n", " --CB\n", " -R-B\n", " -RCB\n",
					  " N--B\n", " N-CB\n", " NR-B\n", " NRCB\n" };
	unsigned key = (unsigned)((e.r & HPT_R_KEY_HIGH) >> 57 | (e.r & HPT_R_KEY_LOW) >> 9);
	unsigned pp = (unsigned)(e.r >> 63 << 2 | (e.r & HPT_R_PP));
	unsigned bits = (e.r & HPT_R_NO_EXECUTE) |
			(e.r & (HPT_R_REFERENCED | HPT_R_CHANGED)) >> 7 |
			(e.v & HPT_V_BOLTED) >> 1;

	memcpy(p, quick->rights[pp << 5 | key], RIGHTS);
	memcpy(p + RIGHTS, wimg[(e.r & HPT_R_WIMG) >> 3], WIMG);
	memcpy(p + RIGHTS + WIMG, nrcb[bits], 8);
	return p + RIGHTS + WIMG + NRCB;
}

/* Returns where it ends. */
static char *place_number(char *p, uint64_t value, unsigned digits)
{
	char buffer[TEXT_MAX];

	memcpy(p, text_hex_digits(buffer, value, digits), digits + 2);
	return p + digits + 2;
}

static void place_init(struct place *place, const struct quick *quick, uint64_t ptex)
{
	char *p = place->text;

	memset(p, 0, PLACE);
	p = place_number(p, ptex, quick->ptex_digits);
	place->ptex_low = (unsigned)(p - place->text) - 2;
	*p++ = ' ';
	p = place_number(p, ptex / HPT_PTEG_ENTRIES, quick->pteg_digits);
	place->pteg_low = (unsigned)(p - place->text) - 2;
	place->dot = (unsigned)(p - place->text);
}

uint64_t quick_lines(const struct quick *quick, struct output *out, uint64_t ptex,
		     uint64_t valid, const struct hpt_entry *entries)
{
	char *begin = output_room(out, (size_t)SLOTS * LINE), *p = begin;
	struct place place;

	place_init(&place, quick, ptex);
	for (; valid; valid &= valid - 1) {
		unsigned i = (unsigned)__builtin_ctzll(valid);
		struct line line;

		if (!decode(quick, ptex + i, entries[i], &line))
			break;
		p = put_place(p, quick, &place, ptex + i);
		p = put_virtual(p, ptex + i, entries[i].v, &line);
		p = put_real(p, &line);
		p = put_attributes(p, quick, entries[i]);
	}
	out->used += (size_t)(p - begin);
	return valid;
}

static void add_page(struct quick *quick, unsigned i, unsigned base, unsigned actual,
		     uint32_t lp)
{
	struct row row = { .has_page = true };
	struct quick_page *page = &quick->pages[i];
	uint64_t within = (UINT64_C(1) << actual) - 1;
	char buffer[TEXT_MAX];
	const char *pages;
	size_t len;

	row.page.base_shift = (uint8_t)base;
	row.page.actual_shift = (uint8_t)actual;
	pages = row_pages(buffer, &row);
	len = strlen(pages);
	memset(page->text, ' ', sizeof(page->text));
	if (len > PAGES - 2)
		return; /* in no segment, so that no line has it */
	memcpy(page->text + PAGES - 1 - len, pages, len);
	page->r_mask = HPT_R_RPN & within;
	page->r_lp = (uint64_t)lp << 12;
	page->ra = HPT_R_RPN & ~within;
	page->below = (UINT64_C(1) << base) - 1;
	page->hashed = base < 23 ? (UINT64_C(1) << (23 - base)) - 1 : 0;
	page->base_shift = base;
	page->segments = (base < 28 ? 1u : 0) | (base < 40 ? 2u : 0);
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

static void init_pages(struct quick *quick, const struct hpt_page_sizes *sizes)
{
	memset(quick->first, NO_PAGE, sizeof(quick->first));
	quick->pages[NO_PAGE].r_lp = 1;
	for (uint32_t i = 0; i < sizes->n; i++)
		for (uint32_t j = 0; j < sizes->base[i].n; j++)
			add_page(quick, i * HPT_ACTUAL_SIZES_MAX + j, sizes->base[i].shift,
				 sizes->base[i].actual[j].shift, sizes->base[i].actual[j].lp);
}

static void init_texts(struct quick *quick)
{
	char buffer[TEXT_MAX];

	for (unsigned i = 0; i < 256; i++) {
		char *to = quick->rights[i];
		unsigned key = i & 31;

		memset(to, ' ', RIGHTS);
		to[2] = (char)('0' + (i >> 5));
		if (key > 9)
			to[5] = (char)('0' + key / 10);
		to[6] = (char)('0' + key % 10);
	}
	for (unsigned i = 0; i < LOW_DIGITS; i++)
		memcpy(quick->low_digits[i], text_hex_digits(buffer, i, 2) + 2, 2);
}

struct quick *quick_open(const struct view *view)
{
	struct quick *quick = view->listing ? NULL : calloc(1, sizeof(*quick));

	if (!quick)
		return NULL;
	quick->ptex_digits = view->ptex_digits;
	quick->pteg_digits = view->pteg_digits;
	quick->group_mask = (UINT64_C(1) << (view->order - HPT_PTEG_SHIFT)) - 1;
	init_pages(quick, view->sizes);
	init_texts(quick);
	return quick;
}
