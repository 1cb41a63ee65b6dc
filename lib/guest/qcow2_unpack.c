/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Compressed clusters of a qcow2 image. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "qcow2.h"

#define SECTOR 512
/* The window that QEMU deflates with. */
#define WINDOW_BITS 12

#ifdef HAVE_ZLIB
static const char *inflate_cluster(unsigned char *in, size_t in_len, unsigned char *out,
				   size_t len)
{
	z_stream z = { .next_in = in,
		       .avail_in = (uInt)in_len,
		       .next_out = out,
		       .avail_out = (uInt)len };
	int end;

	if (inflateInit2(&z, -WINDOW_BITS) != Z_OK)
		return "out of memory";
	end = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	/* The last bytes are those of a sector, not of the stream. */
	return (end == Z_STREAM_END || end == Z_BUF_ERROR) && !z.avail_out
		       ? NULL
		       : "it does not inflate to a cluster";
}
#else
static const char *inflate_cluster(unsigned char *in, size_t in_len, unsigned char *out,
				   size_t len)
{
	(void)in;
	(void)in_len;
	(void)out;
	(void)len;
	return "this build has no zlib";
}
#endif

#ifdef HAVE_LIBARCHIVE
#define ZSTD_SINGLE 0x20u
#define ZSTD_CHECKSUM 0x04u
#define ZSTD_RLE 1u

/*
 * The bytes of the frame, behind which there are others, up to the sector's end, that
 * libarchive would take for one more; 0: it is cut. Source: RFC 8878.
 */
static size_t zstd_frame(const unsigned char *in, size_t len)
{
	static const unsigned char dictionary[] = { 0, 1, 2, 4 }, content[] = { 0, 2, 4, 8 };
	uint32_t block = 0;
	unsigned int flags;
	size_t at;

	if (len < 5)
		return 0;
	flags = in[4];
	at = (size_t)5 + dictionary[flags & 3] + content[flags >> 6];
	/* A window's size, or in its place a content's size of one byte. */
	if (!(flags & ZSTD_SINGLE) || flags >> 6 == 0)
		at++;
	while (!(block & 1)) {
		if (at > len || len - at < 3)
			return 0;
		block = (uint32_t)in[at] | (uint32_t)in[at + 1] << 8 |
			(uint32_t)in[at + 2] << 16;
		at += 3 + ((block >> 1 & 3) == ZSTD_RLE ? 1u : block >> 3);
	}
	if (flags & ZSTD_CHECKSUM)
		at += 4;
	return at <= len ? at : 0;
}

static bool read_zstd(struct archive *archive, const unsigned char *in, size_t in_len,
		      unsigned char *out, size_t len)
{
	struct archive_entry *entry;
	la_ssize_t n = 1;
	size_t done;

	/* Without a library for it, another program would be started. */
	if (archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
	    archive_read_support_format_raw(archive) != ARCHIVE_OK ||
	    archive_read_open_memory(archive, in, in_len) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK ||
	    archive_filter_code(archive, 0) != ARCHIVE_FILTER_ZSTD)
		return false;
	for (done = 0; done < len && n > 0; done += (size_t)n) {
		n = archive_read_data(archive, out + done, len - done);
		if (n < 0)
			return false;
	}
	return done == len;
}

static const char *zstd_cluster(const unsigned char *in, size_t in_len, unsigned char *out,
				size_t len)
{
	struct archive *archive = archive_read_new();
	bool good = archive && read_zstd(archive, in, zstd_frame(in, in_len), out, len);

	if (archive)
		archive_read_free(archive);
	return good ? NULL : "it does not decompress (zstd) to a cluster";
}
#else
static const char *zstd_cluster(const unsigned char *in, size_t in_len, unsigned char *out,
				size_t len)
{
	(void)in;
	(void)in_len;
	(void)out;
	(void)len;
	return "this build has no libarchive";
}
#endif

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

/*
 * An entry has the offset, and the number of further sectors; the last may be cut short by the
 * file's end.
 */
int qcow2_unpack(struct qcow2 *q, uint64_t entry, struct hpt_error *err)
{
	unsigned int size_bits = q->cluster_bits - 8, shift = 62 - size_bits;
	uint64_t at = entry & ((UINT64_C(1) << shift) - 1);
	size_t cluster = (size_t)1 << q->cluster_bits, len;
	const char *why;
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
	why = q->compression == QCOW2_ZSTD
		      ? zstd_cluster(q->packed, len, q->unpacked, cluster)
		      : inflate_cluster(q->packed, len, q->unpacked, cluster);
	if (why)
		return guest_fail_offset(err, HPT_ERR_FORMAT, at,
					 "a compressed cluster at offset 0x%llx: %s",
					 (unsigned long long)at, why);
	q->unpacked_entry = entry;
	return 0;
}
