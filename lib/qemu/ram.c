/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The rounds of section "ram": records, each a header of 64 bits (an offset in a block or
 * a size, and flags in the low 12 bits) and what the flags say. Source: the format of
 * QEMU's migration/ram.c.
 */
#include <stdlib.h>

#include "internal.h"
#include "ram.h"

#define XBZRLE_ENCODING 1 /* the only one there is */
/* A delta that is longer than a page is never sent. */
#define XBZRLE_MAX HPT_QEMU_PAGE
/* A page of one byte without a block's name: its header, its byte. */
#define FILL_RECORD ((size_t)9)
/* zlib's bound for a page: n + n / 4096 + n / 16384 + 13. */
#define ZLIB_MAX (HPT_QEMU_PAGE + 14)

/* A record that is being read. */
struct record {
	uint64_t offset;          /* of its header */
	uint64_t address;         /* in its block, or a size */
	uint32_t flags;           /* without CONTINUE */
	bool same_block;          /* CONTINUE */
	struct qemu_block *block; /* of a record with a page */
};

static int bad_record(struct hpt_qemu *q, const struct record *record, const char *why)
{
	return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, record->offset,
			       "offset %llu: RAM record 0x%llx with flags 0x%03x: %s",
			       (unsigned long long)record->offset,
			       (unsigned long long)record->address, record->flags, why);
}

/* The block of a record: named, or that of the page before. */
static int find_block(struct hpt_qemu *q, struct record *record)
{
	char name[QEMU_NAME_ROOM];
	int r;

	if (!record->same_block) {
		r = qemu_read_name(q, name, "a RAM block's name");
		if (!r)
			r = qemu_block_find(q, name, record->offset, &q->ram.current);
		if (r)
			return r;
	}
	record->block = q->ram.current;
	if (!record->block)
		return bad_record(q, record, "goes on with a block, and none was named before");
	if (record->address >= record->block->length)
		return bad_record(q, record, "the page lies behind the end of its block");
	return 0;
}

static int remember(struct hpt_qemu *q, const struct record *record, enum qemu_run_kind kind,
		    uint64_t offset, uint32_t length)
{
	q->ram.records++;
	return qemu_runs_add(q, record->block, record->address / HPT_QEMU_PAGE, kind, offset,
			     length);
}

/*
 * The next records that are like this one, each with the header that the one before lets expect,
 * as far as the window goes: most of a file, so it is gone through without looking at more.
 */
static void records_that_follow(struct hpt_qemu *q, const struct record *record, size_t stride,
				const uint8_t *fill)
{
	struct qemu_block *block = record->block;
	uint64_t header = record->address | record->flags | QEMU_RAM_CONTINUE;
	uint64_t left = (block->length - record->address - 1) / HPT_QEMU_PAGE;
	const unsigned char *bytes = qemu_bytes(q);
	size_t most = (q->in.soft - q->in.pos) / stride, n;

	if (most > left)
		most = (size_t)left;
	if (most > qemu_runs_room(block))
		most = qemu_runs_room(block);
	for (n = 0; n < most; n++, bytes += stride) {
		header += HPT_QEMU_PAGE;
		if (hpt_load_be64(bytes) != header || (fill && bytes[8] != *fill))
			break;
	}
	qemu_use(q, n * stride);
	qemu_runs_extend(block, n);
	q->ram.records += n;
}

/* The record that a file mostly consists of: nothing is done to its 4,096 bytes. */
static int read_page(struct hpt_qemu *q, struct record *record)
{
	uint64_t at;
	int r = find_block(q, record);

	if (r)
		return r;
	at = qemu_offset(q);
	r = qemu_skip(q, HPT_QEMU_PAGE, "a page of RAM");
	if (!r)
		r = remember(q, record, QEMU_RUN_PAGES, at, 0);
	if (!r)
		records_that_follow(q, record, QEMU_PAGE_RECORD, NULL);
	return r;
}

static int read_zero(struct hpt_qemu *q, struct record *record)
{
	uint8_t fill;
	int r = find_block(q, record);

	if (!r)
		r = qemu_need(q, 1, "a page's fill byte");
	if (r)
		return r;
	fill = *qemu_bytes(q);
	qemu_use(q, 1);
	r = remember(q, record, QEMU_RUN_FILL, fill, 0);
	if (!r)
		records_that_follow(q, record, FILL_RECORD, &fill);
	return r;
}

/*
 * Deltas are kept as they are: to apply them is the work of who asks for the page, and
 * nobody may.
 */
static int read_xbzrle(struct hpt_qemu *q, struct record *record)
{
	uint64_t at;
	uint16_t len;
	int r = find_block(q, record);

	if (!r)
		r = qemu_need(q, 3, "a page's delta");
	if (r)
		return r;
	len = hpt_load_be16(qemu_bytes(q) + 1);
	if (*qemu_bytes(q) != XBZRLE_ENCODING || !len || len > XBZRLE_MAX)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: a delta of encoding %u and %u bytes, "
				       "expected encoding 1 and 1 to %d bytes",
				       (unsigned long long)qemu_offset(q), *qemu_bytes(q), len,
				       XBZRLE_MAX);
	qemu_use(q, 3);
	at = qemu_offset(q);
	r = qemu_skip(q, len, "a page's delta");
	return r ? r : remember(q, record, QEMU_RUN_XBZRLE, at, len);
}

/* Likewise not inflated here; QEMU 9.1 no longer writes such pages. */
static int read_zlib(struct hpt_qemu *q, struct record *record)
{
	uint64_t at;
	uint32_t len;
	int r = find_block(q, record);

	if (!r)
		r = qemu_need(q, 4, "a compressed page");
	if (r)
		return r;
	len = hpt_load_be32(qemu_bytes(q));
	if (!len || len > ZLIB_MAX)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, qemu_offset(q),
				       "offset %llu: a compressed page of %u bytes, expected 1 "
				       "to %d",
				       (unsigned long long)qemu_offset(q), len, ZLIB_MAX);
	qemu_use(q, 4);
	at = qemu_offset(q);
	r = qemu_skip(q, len, "a compressed page");
	return r ? r : remember(q, record, QEMU_RUN_ZLIB, at, len);
}

static int read_list(struct hpt_qemu *q, const struct record *record, enum hpt_qemu_type type)
{
	if (q->ram.listed || type != HPT_QEMU_START || record->same_block)
		return bad_record(q, record, "a list of blocks, expected once and in the first "
				  "round");
	return qemu_blocks_read(q, record->address);
}

/* Records that are only their header. */
static int read_mark(struct hpt_qemu *q, const struct record *record)
{
	if (record->address || record->same_block)
		return bad_record(q, record, "expected no other bits in this mark");
	return 0;
}

static int read_other(struct hpt_qemu *q, const struct record *record)
{
	switch (record->flags) {
	case QEMU_RAM_HOOK:
		return bad_record(q, record, "a hook of a migration over RDMA, which has no "
				  "pages in its stream");
	case QEMU_RAM_FULL:
		return bad_record(q, record, "a form of 2009 (FULL), which is not supported");
	default:
		return bad_record(q, record, "expected one of the flags 0x002, 0x004, 0x008, "
				  "0x010, 0x040, 0x100 and 0x200");
	}
}

static int read_record(struct hpt_qemu *q, struct record *record, enum hpt_qemu_type type)
{
	switch (record->flags) {
	case QEMU_RAM_PAGE:
		return read_page(q, record);
	case QEMU_RAM_ZERO:
		return read_zero(q, record);
	case QEMU_RAM_XBZRLE:
		return read_xbzrle(q, record);
	case QEMU_RAM_COMPRESS_PAGE:
		return read_zlib(q, record);
	case QEMU_RAM_MEM_SIZE:
		return read_list(q, record, type);
	case QEMU_RAM_MULTIFD_FLUSH:
	case QEMU_RAM_EOS:
		return read_mark(q, record);
	default:
		return read_other(q, record);
	}
}

/* No run comes any more: give back what the arrays have grown too far. */
static void trim_runs(struct qemu_ram *ram)
{
	for (size_t i = 0; i < ram->n_blocks; i++) {
		struct qemu_block *block = &ram->blocks[i];
		struct qemu_run *runs;

		if (!block->n_runs || block->n_runs == block->runs_room)
			continue;
		runs = realloc(block->runs, block->n_runs * sizeof(*runs));
		if (!runs)
			continue;
		block->runs = runs;
		block->runs_room = block->n_runs;
	}
}

/* The end of the last round: is there anything of the RAM that was listed? */
static int finish(struct hpt_qemu *q)
{
	q->ram.done = true;
	trim_runs(&q->ram);
	if (!q->ram.bytes || q->ram.records || q->mapped_ram)
		return 0;
	return qemu_warn(q, "the stream has no pages of RAM: %s",
			 q->ignore_shared ? "all of it is shared memory in other files"
					  : "they went elsewhere (multifd)");
}

int qemu_ram_payload(struct hpt_qemu *q, enum hpt_qemu_type type)
{
	struct record record = { 0 };
	uint64_t header;
	int r;

	q->ram.begun = true;
	do {
		r = qemu_need(q, 8, "the records of RAM");
		if (r)
			return r;
		header = hpt_load_be64(qemu_bytes(q));
		record.offset = qemu_offset(q);
		record.address = header & ~(uint64_t)QEMU_RAM_FLAGS;
		record.flags = (uint32_t)header & QEMU_RAM_FLAGS & ~QEMU_RAM_CONTINUE;
		record.same_block = header & QEMU_RAM_CONTINUE;
		qemu_use(q, 8);
		r = read_record(q, &record, type);
		if (r)
			return r;
	} while (record.flags != QEMU_RAM_EOS);
	q->ram.rounds++;
	return type == HPT_QEMU_END ? finish(q) : 0;
}

void qemu_ram_close(struct qemu_ram *ram)
{
	size_t i;

	for (i = 0; i < ram->n_blocks; i++) {
		free(ram->blocks[i].name);
		free(ram->blocks[i].runs);
		free(ram->blocks[i].passes);
	}
	free(ram->blocks);
	free(ram->by_name);
}
