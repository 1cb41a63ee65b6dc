/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Compressed clusters of a qcow2 image. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "qcow2.h"

#define SECTOR 512
/* The window that QEMU deflates with. */
#define WINDOW_BITS 12

static int inflate_cluster(unsigned char *in, size_t in_len, unsigned char *out, size_t len)
{
#ifdef HAVE_ZLIB
	z_stream z = { .next_in = in,
		       .avail_in = (uInt)in_len,
		       .next_out = out,
		       .avail_out = (uInt)len };
	int end = inflateInit2(&z, -WINDOW_BITS);

	if (end == Z_OK) {
		end = inflate(&z, Z_FINISH);
		inflateEnd(&z);
	}
	if (end == Z_MEM_ERROR)
		return HPT_ERR_MEMORY;
	/* The last bytes are those of a sector, not of the stream. */
	return (end == Z_STREAM_END || end == Z_BUF_ERROR) && !z.avail_out ? 0
									   : HPT_ERR_FORMAT;
#else
	(void)in;
	(void)in_len;
	(void)out;
	(void)len;
	return HPT_ERR_UNSUPPORTED;
#endif
}

static int make_room(struct qcow2 *q, size_t cluster, struct hpt_error *err)
{
	if (!q->packed)
		q->packed = malloc(cluster * 2);
	if (!q->unpacked)
		q->unpacked = malloc(cluster);
	if (!q->packed || !q->unpacked)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a cluster");
	return 0;
}

static int unpack(struct qcow2 *q, uint64_t at, size_t len, struct hpt_error *err)
{
	size_t cluster = (size_t)1 << q->cluster_bits;
	bool zstd = q->compression == QCOW2_ZSTD;
	int r = zstd ? guest_zstd_decode(q->packed, len, q->unpacked, cluster)
		     : inflate_cluster(q->packed, len, q->unpacked, cluster);

	if (r == HPT_ERR_MEMORY)
		return guest_fail(err, r, "out of memory for a compressed cluster");
	if (!r)
		return 0;
	return guest_fail_offset(err, r, at, "a compressed cluster at offset 0x%llx: %s",
				 (unsigned long long)at,
				 r == HPT_ERR_FORMAT
					 ? zstd ? "it does not decompress (zstd) to a cluster"
						: "it does not inflate to a cluster"
				 : zstd ? "this build has no libarchive"
					: "this build has no zlib");
}

/*
 * An entry has the offset, and the number of further sectors; the last may be cut short by the
 * file's end.
 */
int qcow2_unpack(struct qcow2 *q, uint64_t entry, struct hpt_error *err)
{
	unsigned int size_bits = q->cluster_bits - 8, shift = 62 - size_bits;
	uint64_t at = entry & ((UINT64_C(1) << shift) - 1);
	size_t cluster = (size_t)1 << q->cluster_bits, len;
	int r;

	if (q->unpacked_entry == entry)
		return 0;
	len = (size_t)((entry >> shift & ((1u << size_bits) - 1)) + 1) * SECTOR;
	len -= (size_t)(at % SECTOR);
	if (at < q->file.size && len > q->file.size - at)
		len = (size_t)(q->file.size - at);
	r = make_room(q, cluster, err);
	if (!r)
		r = guest_file_read(&q->file, at, q->packed, len, "a compressed cluster", err);
	if (r)
		return r;
	q->unpacked_entry = 0;
	r = unpack(q, at, len, err);
	if (!r)
		q->unpacked_entry = entry;
	return r;
}
