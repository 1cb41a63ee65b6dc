/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_QCOW2_H
#define HPT_GUEST_QCOW2_H

/* What the files that read qcow2 images share. Source: QEMU docs/interop/qcow2.txt. */

#include "internal.h"

/* Bits of table entries that are an offset. */
#define QCOW2_OFFSET UINT64_C(0x00fffffffffffe00)

enum qcow2_compression {
	QCOW2_ZLIB = 0,
	QCOW2_ZSTD = 1,
};

/* An internal snapshot. */
struct qcow2_snapshot {
	char *id;
	char *name; /* behind the id, in the same allocation */
	uint64_t l1_offset;
	uint32_t l1_size;
	uint32_t date_sec;
	uint32_t date_nsec;
	uint64_t clock_nsec;
	uint64_t state_size;
	uint64_t disk_size;
};

struct qcow2 {
	struct guest_source *source;
	struct guest_file file;
	unsigned int version;
	unsigned int cluster_bits;
	unsigned int l2_bits; /* log2 of an L2 table's entries */
	uint64_t disk_size;
	uint64_t snapshots_offset;
	uint32_t n_in_header; /* snapshots that there should be */
	bool extended;        /* entries of L2 tables have a bitmap of subclusters */
	bool backing;
	bool corrupt;
	enum qcow2_compression compression;
	struct qcow2_snapshot *snapshots;
	size_t n;
	size_t room;
	const struct qcow2_snapshot *chosen;

	/* The state of the chosen one: where it begins among the disk's bytes, what was read. */
	uint64_t begin;
	uint64_t done;
	unsigned char *l2; /* one table */
	uint64_t l2_index; /* its number, plus 1; 0: none */
	bool l2_empty;
	unsigned char *packed;   /* a compressed cluster's bytes in the file */
	unsigned char *unpacked; /* and what it holds */
	uint64_t unpacked_entry; /* whose it is; 0: none */
};

/* qcow2_snapshots.c */
int qcow2_read_snapshots(struct qcow2 *q, struct hpt_error *err);
/* By name, else by id; NULL: the only one with a guest's state. */
int qcow2_choose(struct qcow2 *q, const char *name, struct hpt_error *err);

/* qcow2_read.c: the chosen one's state; the context is the image. */
int qcow2_begin(struct qcow2 *q, struct hpt_error *err);
extern const struct hpt_reader_ops qcow2_ops;

/* qcow2_unpack.c: q->unpacked by an entry of an L2 table, which is at @at. */
int qcow2_unpack(struct qcow2 *q, uint64_t entry, struct hpt_error *err);

#endif /* HPT_GUEST_QCOW2_H */
