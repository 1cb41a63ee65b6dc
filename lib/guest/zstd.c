/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Pieces of a file that are compressed by zstd, each a frame of its own: by libarchive. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_LIBARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

#include "internal.h"

#ifdef HAVE_LIBARCHIVE
#define ZSTD_SINGLE 0x20u
#define ZSTD_CHECKSUM 0x04u
#define ZSTD_RLE 1u

/*
 * The bytes of the frame, behind which there are others, up to a sector's end, that
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

static bool read_frame(struct archive *archive, const unsigned char *in, size_t in_len,
		       unsigned char *out, size_t len)
{
	struct archive_entry *entry;
	unsigned char more;
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
	return done == len && archive_read_data(archive, &more, 1) == 0;
}

int guest_zstd_decode(const unsigned char *in, size_t in_len, unsigned char *out, size_t len)
{
	struct archive *archive = archive_read_new();
	bool good;

	if (!archive)
		return HPT_ERR_MEMORY;
	good = read_frame(archive, in, zstd_frame(in, in_len), out, len);
	archive_read_free(archive);
	return good ? 0 : HPT_ERR_FORMAT;
}
#else
int guest_zstd_decode(const unsigned char *in, size_t in_len, unsigned char *out, size_t len)
{
	(void)in;
	(void)in_len;
	(void)out;
	(void)len;
	return HPT_ERR_UNSUPPORTED;
}
#endif
