/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The pages of a kdump file: which are there, and what is in them. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "kdump.h"

static unsigned int bits_of(unsigned int byte)
{
	unsigned int n;

	for (n = 0; byte; n++)
		byte &= byte - 1;
	return n;
}

/* Count a chunk's pages, and see which are the first and the last. */
static void count_chunk(struct guest_kdump *k, const unsigned char *bytes, size_t len,
			uint64_t page)
{
	unsigned int bit;
	size_t i;

	for (i = 0; i < len; i++) {
		if (!bytes[i])
			continue;
		for (bit = 0; !(bytes[i] >> bit & 1); bit++)
			;
		if (!k->n)
			k->first = page + i * 8 + bit;
		for (bit = 7; !(bytes[i] >> bit & 1); bit--)
			;
		k->last = page + i * 8 + bit;
		k->n += bits_of(bytes[i]);
	}
}

/* Bytes of the bitmap from a chunk on, without bits behind the last page. */
static int read_chunk(const struct guest_kdump *k, uint64_t chunk,
		      unsigned char bytes[KDUMP_CHUNK_BYTES], size_t *len,
		      struct hpt_error *err)
{
	uint64_t pages = k->max_pages - chunk * KDUMP_CHUNK_PAGES;
	int r;

	if (pages > KDUMP_CHUNK_PAGES)
		pages = KDUMP_CHUNK_PAGES;
	*len = (size_t)(pages + 7) / 8;
	r = guest_file_read(&k->file, k->bitmap + chunk * KDUMP_CHUNK_BYTES, bytes, *len,
			    "the bitmap of pages", err);
	if (!r && pages % 8)
		bytes[*len - 1] &= (unsigned char)((1u << pages % 8) - 1);
	return r;
}

int kdump_count(struct guest_kdump *k, struct hpt_error *err)
{
	unsigned char bytes[KDUMP_CHUNK_BYTES];
	uint64_t chunks =
		k->max_pages / KDUMP_CHUNK_PAGES + (k->max_pages % KDUMP_CHUNK_PAGES != 0);
	size_t len;
	int r = 0;

	/* All of the bitmap must be there before memory for the counts is taken. */
	if (k->bitmap > k->file.size || k->max_pages / 8 > k->file.size - k->bitmap)
		return guest_fail_offset(
			err, HPT_ERR_TRUNCATED, k->bitmap,
			"the bitmap of %llu pages at offset 0x%llx leads beyond "
			"the file's end at 0x%llx",
			(unsigned long long)k->max_pages, (unsigned long long)k->bitmap,
			(unsigned long long)k->file.size);
	k->before = calloc((size_t)chunks + 1, sizeof(*k->before));
	if (!k->before)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a kdump file");
	for (k->chunks = 0; !r && k->chunks < chunks; k->chunks++) {
		k->before[k->chunks] = k->n;
		r = read_chunk(k, k->chunks, bytes, &len, err);
		if (!r)
			count_chunk(k, bytes, len, (uint64_t)k->chunks * KDUMP_CHUNK_PAGES);
	}
	return r;
}

/* The number of a page's descriptor; false: the page is not there. */
static int find_page(const struct guest_kdump *k, uint64_t page, bool *there, uint64_t *number,
		     struct hpt_error *err)
{
	unsigned char bytes[KDUMP_CHUNK_BYTES];
	size_t len, i, in = (size_t)(page % KDUMP_CHUNK_PAGES);
	int r;

	*there = false;
	if (page >= k->max_pages)
		return 0;
	r = read_chunk(k, page / KDUMP_CHUNK_PAGES, bytes, &len, err);
	if (r)
		return r;
	*there = bytes[in / 8] >> in % 8 & 1;
	*number = k->before[page / KDUMP_CHUNK_PAGES];
	for (i = 0; i < in / 8; i++)
		*number += bits_of(bytes[i]);
	*number += bits_of(bytes[in / 8] & ((1u << in % 8) - 1));
	return 0;
}

static int unpack_zlib(const unsigned char *in, size_t in_len, unsigned char *out, size_t room)
{
#ifdef HAVE_ZLIB
	uLongf n = (uLongf)room;
	int end = uncompress(out, &n, in, (uLong)in_len);

	if (end == Z_MEM_ERROR)
		return HPT_ERR_MEMORY;
	return end == Z_OK && n == room ? 0 : HPT_ERR_FORMAT;
#else
	(void)in;
	(void)in_len;
	(void)out;
	(void)room;
	return HPT_ERR_UNSUPPORTED;
#endif
}

static int unpack_none(const unsigned char *in, size_t in_len, unsigned char *out, size_t room)
{
	if (in_len != room)
		return HPT_ERR_FORMAT;
	memcpy(out, in, room);
	return 0;
}

static int unpack_lzo(const unsigned char *in, size_t in_len, unsigned char *out, size_t room)
{
	size_t len;

	return guest_lzo_decode(in, in_len, out, room, &len) && len == room ? 0
									    : HPT_ERR_FORMAT;
}

static int unpack_snappy(const unsigned char *in, size_t in_len, unsigned char *out,
			 size_t room)
{
	size_t len;

	return guest_snappy_decode(in, in_len, out, room, &len) && len == room
		       ? 0
		       : HPT_ERR_FORMAT;
}

/* What a descriptor's flags say that its bytes are. */
static const struct packing {
	uint32_t flags;
	const char *name;
	int (*unpack)(const unsigned char *in, size_t in_len, unsigned char *out, size_t room);
} packings[] = {
	{ 0, "as it is", unpack_none },
	{ KDUMP_ZLIB, "zlib", unpack_zlib },
	{ KDUMP_LZO, "lzo", unpack_lzo },
	{ KDUMP_SNAPPY, "snappy", unpack_snappy },
	{ KDUMP_ZSTD, "zstd", guest_zstd_decode },
};

static int decode(const struct guest_kdump *k, uint64_t at, uint32_t flags,
		  const unsigned char *in, size_t in_len, unsigned char *out,
		  struct hpt_error *err)
{
	size_t i, room = (size_t)1 << k->page_shift;
	int r = HPT_ERR_UNSUPPORTED;

	for (i = 0; i < sizeof(packings) / sizeof(*packings); i++)
		if (packings[i].flags == flags)
			break;
	if (i < sizeof(packings) / sizeof(*packings))
		r = packings[i].unpack(in, in_len, out, room);
	if (r == HPT_ERR_MEMORY)
		return guest_fail(err, r, "out of memory for a compressed page");
	if (r == HPT_ERR_UNSUPPORTED)
		return guest_fail_offset(
			err, r, at,
			"a page at offset 0x%llx is compressed in way 0x%x, "
			"which this build cannot read (1: zlib, 0x20: zstd, by "
			"libarchive)",
			(unsigned long long)at, flags);
	if (r)
		return guest_fail_offset(
			err, r, at,
			"a page of %zu bytes at offset 0x%llx (%s) is not one "
			"of %zu",
			in_len, (unsigned long long)at, packings[i].name, room);
	return 0;
}

/* @out has room for a page, and @in for one that did not become smaller. */
static int read_page(const struct guest_kdump *k, uint64_t number, unsigned char *in,
		     unsigned char *out, struct hpt_error *err)
{
	size_t room = (size_t)2 << k->page_shift, len;
	unsigned char descriptor[KDUMP_DESCRIPTOR];
	uint64_t at = k->descriptors + number * KDUMP_DESCRIPTOR;
	int r = guest_file_read(&k->file, at, descriptor, sizeof(descriptor),
				"a page's descriptor", err);

	if (r)
		return r;
	len = (size_t)kdump_number(k, descriptor + 8, 4);
	if (!len || len > room)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, at + 8,
			"offset 0x%llx: a page of %zu bytes, expected at most "
			"%zu",
			(unsigned long long)(at + 8), len, room);
	at = kdump_number(k, descriptor, 8);
	r = guest_file_read(&k->file, at, in, len, "a page", err);
	if (r)
		return r;
	return decode(k, at, (uint32_t)kdump_number(k, descriptor + 12, 4), in, len, out, err);
}

static int absent(uint64_t ra, struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_RANGE,
			  "real address 0x%llx: there is no RAM, or the dump left it out",
			  (unsigned long long)ra);
}

int guest_kdump_read(const struct guest_kdump *k, uint64_t ra, size_t len,
		     unsigned char *bytes, size_t *n, struct hpt_error *err)
{
	size_t size = (size_t)1 << k->page_shift, in = (size_t)(ra & (size - 1));
	unsigned char *buffer;
	uint64_t number;
	bool there;
	int r = find_page(k, ra >> k->page_shift, &there, &number, err);

	if (!r && !there)
		r = absent(ra, err);
	if (r)
		return r;
	/* Reads may run side by side: each has buffers of its own. */
	buffer = malloc(size * 3);
	if (!buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a page");
	*n = len < size - in ? len : size - in;
	r = read_page(k, number, buffer, buffer + 2 * size, err);
	if (!r && bytes)
		memcpy(bytes, buffer + 2 * size + in, *n);
	free(buffer);
	return r;
}
