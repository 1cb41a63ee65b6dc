/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A page of RAM as the records of the stream leave it: the last that gives it whole, then
 * deltas, oldest first. Source: QEMU docs/devel/migration, the format of migration/xbzrle.c
 * and of migration/ram-compress.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "internal.h"

/* Records of a page that need no allocation: live migration rarely goes round more often. */
#define RECORDS 16
/* Bytes of a record: a page, or a little more when zlib could not make it smaller. */
#define RECORD_MAX (HPT_QEMU_PAGE + 64)
#define ULEB_MORE 0x80u
#define ULEB_BITS 7

/* The descriptor that has the memory: of the file, or of the temporary one that it is kept in. */
int guest_memory_fd(const struct hpt_guest *guest)
{
	return guest->spool >= 0 ? guest->spool : guest->source.fd;
}

/*
 * The bytes of a record: in @buffer, or where they lie in a mapped file. The length is checked
 * by whoever read the stream; once more here, since the buffer stands on it.
 */
static int record_bytes(const struct hpt_guest *guest, const struct hpt_qemu_page *page,
			unsigned char buffer[RECORD_MAX], const unsigned char **bytes,
			struct hpt_error *err)
{
	if (page->length > RECORD_MAX)
		return guest_fail_offset(err, HPT_ERR_FORMAT, page->offset,
					 "offset %llu: a record of %u bytes",
					 (unsigned long long)page->offset, page->length);
	*bytes = hpt_qemu_view(guest->qemu, page->offset, page->length);
	if (*bytes)
		return 0;
	*bytes = buffer;
	return guest_read_at(guest_memory_fd(guest), page->offset, buffer, page->length, err);
}

/* A number in 7 bits a byte, lowest first; two bytes at most. False: cut, or too long. */
static bool take_uleb(const unsigned char *bytes, size_t len, size_t *at, size_t *value)
{
	if (*at >= len)
		return false;
	*value = bytes[*at] & (ULEB_MORE - 1);
	if (!(bytes[(*at)++] & ULEB_MORE))
		return true;
	if (*at >= len || bytes[*at] & ULEB_MORE)
		return false;
	*value |= (size_t)bytes[(*at)++] << ULEB_BITS;
	return true;
}

static int bad_delta(const struct hpt_qemu_page *page, size_t at, struct hpt_error *err)
{
	return guest_fail_offset(
		err, HPT_ERR_FORMAT, page->offset + at,
		"offset %llu: a delta that is cut, that leads beyond its page, or "
		"that changes nothing where it should",
		(unsigned long long)(page->offset + at));
}

/* {bytes that stay, bytes that change, these}, repeated; what stays at the end is not said. */
static int apply_delta(const struct hpt_qemu_page *page, const unsigned char *bytes,
		       unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err)
{
	size_t at = 0, place = 0, same, changed, begin;

	while (at < page->length) {
		begin = at;
		if (!take_uleb(bytes, page->length, &at, &same) || (!same && begin) ||
		    same > HPT_QEMU_PAGE - place)
			return bad_delta(page, begin, err);
		place += same;
		begin = at;
		if (!take_uleb(bytes, page->length, &at, &changed) || !changed ||
		    changed > HPT_QEMU_PAGE - place || changed > page->length - at)
			return bad_delta(page, begin, err);
		memcpy(out + place, bytes + at, changed);
		place += changed;
		at += changed;
	}
	return 0;
}

static int inflate_page(const struct hpt_qemu_page *page, const unsigned char *bytes,
			unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err)
{
#ifdef HAVE_ZLIB
	uLongf len = HPT_QEMU_PAGE;
	int z = uncompress(out, &len, bytes, page->length);

	if (z == Z_MEM_ERROR)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a compressed page");
	if (z != Z_OK || len != HPT_QEMU_PAGE)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, page->offset,
			"offset %llu: a compressed page that does not inflate to "
			"%d bytes",
			(unsigned long long)page->offset, HPT_QEMU_PAGE);
	return 0;
#else
	(void)bytes;
	(void)out;
	return guest_fail_offset(
		err, HPT_ERR_UNSUPPORTED, page->offset,
		"offset %llu: a page compressed with zlib, and this build has no "
		"zlib",
		(unsigned long long)page->offset);
#endif
}

static int apply(const struct hpt_guest *guest, const struct hpt_qemu_page *page,
		 unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err)
{
	unsigned char buffer[RECORD_MAX];
	const unsigned char *bytes;
	int r;

	if (page->record == HPT_QEMU_FILL) {
		memset(out, page->fill, HPT_QEMU_PAGE);
		return 0;
	}
	r = record_bytes(guest, page, buffer, &bytes, err);
	if (r)
		return r;
	switch (page->record) {
	case HPT_QEMU_XBZRLE:
		return apply_delta(page, bytes, out, err);
	case HPT_QEMU_ZLIB:
		return inflate_page(page, bytes, out, err);
	default:
		memcpy(out, bytes, HPT_QEMU_PAGE);
		return 0;
	}
}

static int apply_all(const struct hpt_guest *guest, const struct hpt_qemu_page *pages,
		     size_t n, unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err)
{
	size_t i;
	int r = 0;

	for (i = 0; !r && i < n; i++)
		r = apply(guest, &pages[i], out, err);
	return r;
}

int guest_page_read(const struct hpt_guest *guest, size_t block, uint64_t page,
		    unsigned char out[HPT_QEMU_PAGE], struct hpt_error *err)
{
	struct hpt_qemu_page few[RECORDS], *many;
	size_t n, room;
	int r;

	/* The place in its block is no address that the caller knows: he adds his own. */
	r = hpt_qemu_page(guest->qemu, block, page, few, RECORDS, &n, err);

	if (r)
		return r;
	if (n <= RECORDS)
		return apply_all(guest, few, n, out, err);
	room = n;
	many = calloc(room, sizeof(*many));
	if (!many)
		return guest_fail(err, HPT_ERR_MEMORY,
				  "out of memory for %zu records of a page", n);
	r = hpt_qemu_page(guest->qemu, block, page, many, room, &n, err);
	if (!r)
		r = apply_all(guest, many, n, out, err);
	free(many);
	return r;
}

int guest_page_part(const struct hpt_guest *guest, size_t block, uint64_t page, size_t offset,
		    size_t len, unsigned char *out, struct hpt_error *err)
{
	const unsigned char *view = guest_page_view(guest, block, page);
	unsigned char bytes[HPT_QEMU_PAGE];
	struct hpt_qemu_page only;
	size_t n;
	int r;

	if (view) {
		memcpy(out, view + offset, len);
		return 0;
	}
	if (!hpt_qemu_page(guest->qemu, block, page, &only, 1, &n, NULL) && n == 1 &&
	    only.record == HPT_QEMU_RAW)
		return guest_read_at(guest_memory_fd(guest), only.offset + offset, out, len, err);
	r = guest_page_read(guest, block, page, bytes, err);
	if (!r)
		memcpy(out, bytes + offset, len);
	return r;
}

/*
 * A page that one record gives as it is needs no copy. Zeros are of a page of the library's
 * own; a page filled with something else would need one for each value.
 */
const unsigned char *guest_page_view(const struct hpt_guest *guest, size_t block,
				     uint64_t page)
{
	static const unsigned char zeros[HPT_QEMU_PAGE];
	struct hpt_qemu_page only;
	size_t n;

	if (hpt_qemu_page(guest->qemu, block, page, &only, 1, &n, NULL) || n != 1)
		return NULL;
	if (only.record == HPT_QEMU_FILL)
		return only.fill ? NULL : zeros;
	return only.record == HPT_QEMU_RAW
		       ? hpt_qemu_view(guest->qemu, only.offset, HPT_QEMU_PAGE)
		       : NULL;
}
