/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/stream/load.c and chunks.c: streams whose headers are told, of
 * chunks that lie in every way to one another and to the ends of the table and of the bytes;
 * of their entries the second doubleword is any. So all that decides is exact, and EVA, which
 * keeps intervals, sees each chunk lie in its bytes and its slots in the table.
 */

#include <hpt/stream.h>

#include "../../lib/stream/load.h"
#include "prove.h"

#define PAST_ORDER 24 /* of a table that goes past the caches */
#define SLOTS 0x4000u /* of one of order 18 */
#define BIG 1000u     /* entries, more than any chunk has */
#define LONG 140u     /* entries, so many bytes that chunks before them go through the stage */

/* The table has an address: it tells which slots begin a line. */
#define TABLE ((struct hpt_raw_entry *)0x10000000)

struct some {
	uint32_t index;
	uint16_t n_valid, n_invalid;
};

static unsigned char bytes[5000];

/* EVA knows no such function of its own, and would take any value for its result. */
uint64_t __builtin_bswap64(uint64_t x)
{
	uint64_t y = 0;

	for (unsigned i = 0; i < 64; i += 8)
		y = y << 8 | (x >> i & 0xff);
	return y;
}

static void put(unsigned char *p, uint64_t value, unsigned n, bool little)
{
	for (unsigned i = 0; i < n; i++)
		p[little ? i : n - 1 - i] = (unsigned char)(value >> 8 * i);
}

/* A chunk at @at, of whose entries number @bad has no V. Returns where it ends. */
static size_t put_chunk(size_t at, struct some c, unsigned bad, bool little)
{
	put(bytes + at, c.index, 4, little);
	put(bytes + at + 4, c.n_valid, 2, little);
	put(bytes + at + 6, c.n_invalid, 2, little);
	at += HPT_CHUNK_HEADER;
	any_bytes(bytes + at, (size_t)c.n_valid * HPT_ENTRY_BYTES);
	for (unsigned i = 0; i < c.n_valid; i++, at += HPT_ENTRY_BYTES)
		put(bytes + at, HPT_V_HYPERVISOR | (i != bad ? HPT_V_VALID : 0), 8, false);
	return at;
}

/* A decoder that much went through already: then it is asked what vectors there are. */
static void begin(struct hpt_decoder *d, enum hpt_dialect dialect, unsigned order)
{
	struct hpt_decoder_options options = {
		.size = sizeof(options),
		.dialect = dialect,
		.order = order,
	};

	hpt_decoder_init(d, &options, NULL);
	state_of(d)->offset += 1u << 20;
}

/* All from @p to @end, as a caller does. */
static void load_part(struct hpt_decoder *d, const unsigned char *p, const unsigned char *end)
{
	enum hpt_event event = HPT_EVENT_END;
	size_t used = 0;
	int ret = 0;

	while (!ret && event == HPT_EVENT_END) {
		ret = hpt_decoder_load(d, p, (size_t)(end - p), &used, &event, TABLE, NULL);
		p += used;
	}
}

static bool is_little(enum hpt_dialect dialect)
{
	return dialect == HPT_DIALECT_KVM_LE;
}

/* Two chunks. The bytes of some come in two parts, cut anywhere. */
void two(void)
{
	static const struct {
		struct some first, second;
		unsigned bad;
	} pairs[] = {
		{ { 0, 1, 2 }, { 3, 2, 0 }, BIG },  /* one behind the other */
		{ { 1, 2, 0 }, { 7, 2, 1 }, 1 },    /* slots left out */
		{ { 4, 1, 1 }, { 0, 1, 2 }, BIG },  /* another pass */
		{ { 0, 0, 40 }, { 40, 2, 33 }, 1 }, /* mostly invalid */
		{ { 0, 1, 32 }, { 33, 2, 40 }, BIG },
		{ { SLOTS - 1, 1, 0 }, { 0, 0, 0 }, BIG },         /* the last slot, the end */
		{ { 0, 1, SLOTS - 2 }, { SLOTS - 1, 0, 1 }, BIG }, /* all */
		{ { 0, 0, 1 }, { SLOTS - 2, 2, 1 }, BIG },         /* beyond the table */
		{ { SLOTS, 0, 1 }, { 0, 1, 0 }, BIG },
	};
	const int i = each(0, 8);
	enum hpt_dialect dialect = (enum hpt_dialect)(HPT_DIALECT_KVM_LE + i % 3);
	size_t len = put_chunk(0, pairs[i].first, BIG, is_little(dialect)), cut;
	struct hpt_decoder d;

	len = put_chunk(len, pairs[i].second, pairs[i].bad, is_little(dialect));
	cut = i < 2 ? (size_t)each(0, (int)len) : len;
	begin(&d, dialect, 18);
	load_part(&d, bytes, bytes + cut);
	load_part(&d, bytes + cut, bytes + len);
}

/* Chunks one behind the other from @at on, up to slot @until or so: what @kinds says, in turn. */
static size_t put_many(size_t at, uint32_t slot, uint32_t until, const struct some *kinds,
		       unsigned n, bool little)
{
	for (unsigned i = 0; slot < until; i++) {
		struct some c = kinds[i % n];

		c.index = slot;
		at = put_chunk(at, c, BIG, little);
		slot += (uint32_t)c.n_valid + c.n_invalid;
	}
	return at;
}

static void load_whole(enum hpt_dialect dialect, unsigned order, size_t len)
{
	struct hpt_decoder d;

	begin(&d, dialect, order);
	load_part(&d, bytes, bytes + len);
}

/* A chunk that leaves out the slots before @slot, short ones up to @until, and a long one. */
static void staged(unsigned order, uint32_t slot, uint32_t until, unsigned bad, bool little)
{
	static const struct some kinds[] = {
		{ 0, 1, 16 }, { 0, 5, 12 }, { 0, 0, 20 }, { 0, 3, 97 }, { 0, 1, 0 }
	};
	const struct some first = { slot, 1, 1 };
	size_t len = put_chunk(0, first, BIG, little);

	len = put_many(len, slot + 2, until, kinds, 5, little);
	if (bad)
		bytes[bad] = 0;
	len = put_chunk(len, (struct some){ until + 200, LONG, 3 }, bad ? BIG : 70, little);
	load_whole(little ? HPT_DIALECT_KVM_LE : HPT_DIALECT_KVM_BE, order, len);
}

/* Mostly invalid chunks, more than are on their way at once. */
static void spans(void)
{
	static const struct some few[] = { { 0, 1, 40 }, { 0, 2, 50 }, { 0, 0, 33 } };
	size_t len = put_many(0, 0, 5600, few, 3, false);

	load_whole(HPT_DIALECT_QEMU, 18, len);
}

/*
 * Through the stage, which begins at its front again; up to the table's end; with an entry
 * without V in the stage; and what does not go through it.
 */
void many(void)
{
	staged(18, 1, 560, 0, false);
	staged(18, SLOTS - 300, SLOTS - 1, 0, true);
	staged(18, 4, 100, 8 + 16 + 8 + 16 + 8 + 16 + 7, true);
	spans();
}

/* The same past the caches, and not past them once more: both are then seen in one go. */
void past(void)
{
	static const struct some dense[] = { { 0, 40, 33 } };

	staged(PAST_ORDER, 3, 560, 0, true);
	staged(18, 3, 100, 8 + 16 + 8 + 16 + 8 + 16 + 7, false);
	load_whole(HPT_DIALECT_QEMU, PAST_ORDER, put_many(0, 0, 150, dense, 1, false));
	load_whole(HPT_DIALECT_QEMU, 18, put_many(0, 0, 150, dense, 1, false));
}

void refused(void)
{
	enum hpt_event event;
	struct hpt_decoder d;
	struct hpt_error err;
	size_t used;

	begin(&d, HPT_DIALECT_QEMU, any_bool() ? 18 : 0);
	hpt_decoder_load(any_bool() ? &d : NULL, any_bool() ? bytes : NULL, any_size(0, 1),
			 any_bool() ? &used : NULL, any_bool() ? &event : NULL,
			 any_bool() ? TABLE : NULL, any_error(&err));
}
