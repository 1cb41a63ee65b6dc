/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A guest's state in a qcow2 image: it stands among the bytes of the disk, behind its end, as
 * the snapshot's own tables have them.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "qcow2.h"

#define ZERO_CLUSTER 1u
#define COMPRESSED (UINT64_C(1) << 62)
#define SUBCLUSTERS 32
/* QEMU writes every byte of a state; a hostile table could make more of a small file. */
#define STATE_RATIO 64
#define STATE_SLACK ((uint64_t)1 << 20)

/* Where the bytes of a piece are. */
enum where { IN_FILE, PACKED, ZEROS, NOWHERE };

struct piece {
	enum where where;
	uint64_t offset; /* in the file */
	uint64_t entry;  /* of a compressed cluster */
	size_t len;
};

/* The state begins where no L2 table has bytes of the disk. */
int qcow2_begin(struct qcow2 *q, struct hpt_error *err)
{
	unsigned int shift = q->cluster_bits + q->l2_bits;
	const struct qcow2_snapshot *s = q->chosen;
	uint64_t index =
		(s->disk_size >> shift) + ((s->disk_size & ((UINT64_C(1) << shift) - 1)) != 0);

	if (s->state_size > STATE_SLACK &&
	    (s->state_size - STATE_SLACK) / STATE_RATIO > q->file.size)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, q->snapshots_offset,
			"a snapshot with 0x%llx bytes of a guest's state, in a "
			"file of 0x%llx",
			(unsigned long long)s->state_size, (unsigned long long)q->file.size);
	if (index > UINT64_MAX >> shift || s->state_size > UINT64_MAX - (index << shift))
		return guest_fail_offset(err, HPT_ERR_FORMAT, q->snapshots_offset,
					 "a snapshot of a disk of 0x%llx bytes: too large",
					 (unsigned long long)s->disk_size);
	q->begin = index << shift;
	q->l2 = malloc((size_t)1 << q->cluster_bits);
	return q->l2 ? 0 : guest_fail(err, HPT_ERR_MEMORY, "out of memory for a qcow2 image");
}

/* Have the L2 table of an L1 entry. */
static int load_l2(struct qcow2 *q, uint64_t index, struct hpt_error *err)
{
	unsigned char bytes[8];
	uint64_t at;
	int r = 0;

	if (q->l2_index == index + 1)
		return 0;
	q->l2_index = 0;
	q->l2_empty = true;
	if (index >= q->chosen->l1_size)
		return guest_fail_offset(err, HPT_ERR_FORMAT, q->chosen->l1_offset,
					 "a guest's state leads beyond its L1 table at offset "
					 "0x%llx of %u entries",
					 (unsigned long long)q->chosen->l1_offset,
					 q->chosen->l1_size);
	if (q->chosen->l1_offset > q->file.size)
		r = guest_file_read(&q->file, q->chosen->l1_offset, bytes, 8, "an L1 table",
				    err);
	if (!r)
		r = guest_file_read(&q->file, q->chosen->l1_offset + index * 8, bytes, 8,
				    "an L1 table", err);
	at = r ? 0 : guest_load(bytes, 8) & QCOW2_OFFSET;
	if (at)
		r = guest_file_read(&q->file, at, q->l2, (size_t)1 << q->cluster_bits,
				    "an L2 table", err);
	if (r)
		return r;
	q->l2_empty = !at;
	q->l2_index = index + 1;
	return 0;
}

/* Of a cluster with subclusters: the bitmap says where each has its bytes. */
static enum where where_sub(uint64_t bitmap, uint64_t entry, unsigned int sub)
{
	if (bitmap >> (32 + sub) & 1)
		return ZEROS;
	return bitmap >> sub & 1 && entry & QCOW2_OFFSET ? IN_FILE : NOWHERE;
}

/* What holds the byte @at of the disk, and those behind it. */
static int find_piece(struct qcow2 *q, uint64_t at, struct piece *piece, struct hpt_error *err)
{
	size_t cluster = (size_t)1 << q->cluster_bits, in = (size_t)(at & (cluster - 1));
	size_t sub = q->extended ? cluster / SUBCLUSTERS : cluster, slot;
	const unsigned char *entry;
	int r = load_l2(q, at >> (q->cluster_bits + q->l2_bits), err);

	if (r)
		return r;
	slot = (size_t)(at >> q->cluster_bits) & (((size_t)1 << q->l2_bits) - 1);
	entry = q->l2 + slot * (q->extended ? 16 : 8);
	*piece = (struct piece){ .where = NOWHERE, .len = sub - in % sub };
	if (q->l2_empty)
		return 0;
	piece->entry = guest_load(entry, 8);
	piece->offset = (piece->entry & QCOW2_OFFSET) + in;
	if (piece->entry & COMPRESSED) {
		piece->where = PACKED;
		piece->len = cluster - in;
	} else if (q->extended) {
		piece->where = where_sub(guest_load(entry + 8, 8), piece->entry,
					 (unsigned int)(in / sub));
	} else if (q->version > 2 && piece->entry & ZERO_CLUSTER) {
		piece->where = ZEROS;
	} else if (piece->entry & QCOW2_OFFSET) {
		piece->where = IN_FILE;
	}
	return 0;
}

static int nowhere(const struct qcow2 *q, uint64_t at, struct hpt_error *err)
{
	return guest_fail_offset(
		err, HPT_ERR_UNSUPPORTED, q->chosen->l1_offset,
		"byte 0x%llx of a guest's state is not in this qcow2 image, but "
		"in the one that it is based on, which is not read",
		(unsigned long long)(at - q->begin));
}

static int read_piece(struct qcow2 *q, uint64_t at, const struct piece *piece, size_t len,
		      void *bytes, struct hpt_error *err)
{
	int r;

	switch (piece->where) {
	case IN_FILE:
		return guest_file_read(&q->file, piece->offset, bytes, len, "a cluster", err);
	case PACKED:
		r = qcow2_unpack(q, piece->entry, err);
		if (!r)
			memcpy(bytes,
			       q->unpacked + (at & (((size_t)1 << q->cluster_bits) - 1)), len);
		return r;
	case NOWHERE:
		if (q->backing)
			return nowhere(q, at, err);
		/* fall through */
	default:
		memset(bytes, 0, len);
		return 0;
	}
}

static int qcow2_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct qcow2 *q = ctx;
	uint64_t at = q->begin + q->done, left = q->chosen->state_size - q->done;
	struct piece piece;
	int r;

	*got = 0;
	if (!left || !len)
		return 0;
	r = find_piece(q, at, &piece, err);
	if (r)
		return r;
	if (len > piece.len)
		len = piece.len;
	if (len > left)
		len = (size_t)left;
	r = read_piece(q, at, &piece, len, bytes, err);
	if (r)
		return r;
	q->done += len;
	*got = len;
	return guest_source_progress(q->source, len, err);
}

const struct hpt_reader_ops qcow2_ops = {
	.size = sizeof(struct hpt_reader_ops),
	.read = qcow2_read,
};
