/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * QEMU's capability "mapped-ram" (9.0 and later): a block's pages stand at fixed places of
 * the file, behind a bitmap that says which of them are there; the others are zero. Source:
 * QEMU docs/devel/migration/mapped-ram.rst.
 */
#include <stdlib.h>

#include "internal.h"

#define MAPPED_HEADER 28
#define MAPPED_VERSION 1u
#define BITMAP_WORD 8
#define BITMAP_BITS 64
/* Pages looked at to tell the bitmap's byte order. */
#define SAMPLES_MAX 64
/* Bytes of a bitmap taken at once. */
#define BITMAP_STEP ((size_t)64 << 10)

struct mapped {
	uint64_t at; /* offset of the header */
	uint64_t pages;
	uint64_t bitmap_offset;
	uint64_t pages_offset;
	unsigned char *bitmap;
	size_t bitmap_len;
	bool big_endian; /* byte order of the machine that saved */
};

static int bad_header(struct hpt_qemu *q, const struct mapped *m, const char *what,
		      uint64_t found, uint64_t expected)
{
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, m->at,
			       "offset %llu: mapped-ram header with %s 0x%llx, expected 0x%llx",
			       (unsigned long long)m->at, what, (unsigned long long)found,
			       (unsigned long long)expected);
}

/*
 * Both offsets are QEMU's to choose, but a stream is read forward: the bitmap comes behind
 * the header, the pages behind the bitmap, and none of it may wrap around.
 */
static int check_places(struct hpt_qemu *q, const struct mapped *m,
			const struct qemu_block *block)
{
	uint64_t bytes = (m->pages + BITMAP_BITS - 1) / BITMAP_BITS * BITMAP_WORD;

	if (m->bitmap_offset < qemu_offset(q))
		return bad_header(q, m, "a bitmap at", m->bitmap_offset, qemu_offset(q));
	if (m->pages_offset < m->bitmap_offset || m->pages_offset - m->bitmap_offset < bytes)
		return bad_header(q, m, "pages at", m->pages_offset, m->bitmap_offset + bytes);
	if (block->length > UINT64_MAX - m->pages_offset)
		return bad_header(q, m, "pages at", m->pages_offset,
				  UINT64_MAX - block->length);
	return 0;
}

static int read_header(struct hpt_qemu *q, struct mapped *m)
{
	const unsigned char *bytes;
	int r = qemu_need(q, MAPPED_HEADER, "a mapped-ram header");

	if (r)
		return r;
	bytes = qemu_bytes(q);
	m->at = qemu_offset(q);
	m->bitmap_offset = hpt_load_be64(bytes + 12);
	m->pages_offset = hpt_load_be64(bytes + 20);
	if (hpt_load_be32(bytes) != MAPPED_VERSION)
		return bad_header(q, m, "version", hpt_load_be32(bytes), MAPPED_VERSION);
	if (hpt_load_be64(bytes + 4) != HPT_QEMU_PAGE)
		return bad_header(q, m, "pages of", hpt_load_be64(bytes + 4), HPT_QEMU_PAGE);
	qemu_use(q, MAPPED_HEADER);
	return 0;
}

/* Take the bitmap: memory for it grows with the bytes that were read. */
static int read_bitmap(struct hpt_qemu *q, struct mapped *m)
{
	uint64_t left = (m->pages + BITMAP_BITS - 1) / BITMAP_BITS * BITMAP_WORD;
	size_t room = 0, step;
	void *bytes = NULL;
	int r = qemu_skip(q, m->bitmap_offset - qemu_offset(q), "the space before a bitmap");

	while (!r && left > 0) {
		step = left < BITMAP_STEP ? (size_t)left : BITMAP_STEP;
		r = qemu_need(q, step, "a bitmap of RAM");
		if (!r && m->bitmap_len + step > room) {
			room = room ? room : BITMAP_STEP / 2;
			r = qemu_grow(q, &bytes, &room, room, 1, "a bitmap of RAM");
			m->bitmap = bytes;
		}
		if (r)
			break;
		memcpy(m->bitmap + m->bitmap_len, qemu_bytes(q), step);
		m->bitmap_len += step;
		left -= step;
		qemu_use(q, step);
	}
	return r;
}

static uint64_t bitmap_word(const struct mapped *m, uint64_t word, bool big_endian)
{
	const unsigned char *bytes = m->bitmap + word * BITMAP_WORD;

	return big_endian ? hpt_load_be64(bytes) : hpt_load_le64(bytes);
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
	return len == 0 || (bytes[0] == 0 && !memcmp(bytes, bytes + 1, len - 1));
}

/* One page that the two byte orders disagree on: which of them does its content agree with? */
static int look_at_page(struct hpt_qemu *q, const struct mapped *m, uint64_t page, bool big_says,
			unsigned int *big, unsigned int *little)
{
	int r = qemu_skip(q, m->pages_offset + page * HPT_QEMU_PAGE - qemu_offset(q),
			  "pages of RAM");

	if (!r)
		r = qemu_need(q, HPT_QEMU_PAGE, "pages of RAM");
	if (r)
		return r;
	if (is_zero(qemu_bytes(q), HPT_QEMU_PAGE) != big_says)
		++*big;
	else
		++*little;
	return 0;
}

/*
 * The bitmap is an array of "unsigned long" in the byte order of the machine that saved,
 * which nothing in the file says. Where the two orders disagree, see which pages are zero.
 */
static int find_order(struct hpt_qemu *q, struct mapped *m)
{
	unsigned int big = 0, little = 0, bit;
	uint64_t words = m->bitmap_len / BITMAP_WORD, word, be, page;
	int r = 0;

	for (word = 0; !r && word < words && big + little < SAMPLES_MAX; word++) {
		be = bitmap_word(m, word, true);
		if (be == bitmap_word(m, word, false))
			continue;
		for (bit = 0; !((be ^ bitmap_word(m, word, false)) >> bit & 1); bit++)
			;
		page = word * BITMAP_BITS + bit;
		if (page < m->pages)
			r = look_at_page(q, m, page, be >> bit & 1, &big, &little);
	}
	m->big_endian = big > little;
	return r;
}

/* Every page gets a run, zero or not: with "mapped-ram" none comes again later. */
static int add_pages(struct hpt_qemu *q, const struct mapped *m, struct qemu_block *block)
{
	uint64_t page, word = 0;
	bool here;
	int r;

	for (page = 0; page < m->pages; page++) {
		if (page % BITMAP_BITS == 0)
			word = bitmap_word(m, page / BITMAP_BITS, m->big_endian);
		here = word >> page % BITMAP_BITS & 1;
		r = qemu_runs_add(q, block, page, here ? QEMU_RUN_PACKED : QEMU_RUN_FILL,
				  here ? m->pages_offset + page * HPT_QEMU_PAGE : 0, 0);
		if (r)
			return r;
		q->ram.records += here;
	}
	return 0;
}

int qemu_mapped_block(struct hpt_qemu *q, struct qemu_block *block)
{
	struct mapped m = { .pages = block->length / HPT_QEMU_PAGE };
	int r = read_header(q, &m);

	if (r)
		return r;
	/* A shared block that is left out has neither bitmap nor pages. */
	if (q->ignore_shared && !m.bitmap_offset && !m.pages_offset)
		return 0;
	r = check_places(q, &m, block);
	if (!r)
		r = read_bitmap(q, &m);
	if (!r)
		r = find_order(q, &m);
	if (!r)
		r = qemu_skip(q, m.pages_offset + block->length - qemu_offset(q),
			      "pages of RAM");
	if (!r)
		r = add_pages(q, &m, block);
	free(m.bitmap);
	return r;
}
