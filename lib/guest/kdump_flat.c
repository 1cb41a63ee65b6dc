/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A flattened kdump file, as QEMU writes it into what can only be written forward: pieces, each
 * with its offset and length in front, big-endian. Source: makedumpfile's README, option -F.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "kdump.h"

#define FLAT_HEADER 4096
#define PIECE 16
#define STEP ((size_t)256 << 10)
#define OFFSET_MAX (UINT64_C(1) << 62)

struct flat {
	struct guest_source *source;
	unsigned char *buffer;
	uint64_t at; /* what was read of the source */
};

static int read_full(struct flat *flat, size_t len, struct hpt_error *err)
{
	size_t done = 0, got;
	int r;

	while (done < len) {
		got = 0;
		r = guest_source_ops.read(flat->source, flat->buffer + done, len - done, &got,
					  err);
		if (r)
			return r;
		if (!got)
			return guest_fail_offset(
				err, HPT_ERR_TRUNCATED, flat->at + done,
				"the input ends at offset 0x%llx in a "
				"flattened kdump file: %zu more bytes expected",
				(unsigned long long)(flat->at + done), len - done);
		done += got;
	}
	flat->at += len;
	return 0;
}

static int put_piece(struct hpt_guest *guest, struct flat *flat, uint64_t offset,
		     uint64_t size, struct hpt_error *err)
{
	size_t step;
	int r = 0;

	for (; !r && size > 0; size -= step, offset += step) {
		step = size < STEP ? (size_t)size : STEP;
		r = read_full(flat, step, err);
		if (!r)
			r = guest_spool_put(guest, flat->buffer, step, offset, err);
	}
	return r;
}

/* The next piece; @ended: there is none. */
static int next_piece(struct hpt_guest *guest, struct flat *flat, bool *ended,
		      struct hpt_error *err)
{
	uint64_t at = flat->at, offset, size;
	int r = read_full(flat, PIECE, err);

	if (r)
		return r;
	offset = guest_load(flat->buffer, 8);
	size = guest_load(flat->buffer + 8, 8);
	*ended = offset == UINT64_MAX && size == UINT64_MAX;
	if (*ended)
		return 0;
	if (offset > OFFSET_MAX || size > OFFSET_MAX)
		return guest_fail_offset(err, HPT_ERR_FORMAT, at,
					 "offset 0x%llx: a piece of a flattened kdump file of "
					 "0x%llx bytes at 0x%llx",
					 (unsigned long long)at, (unsigned long long)size,
					 (unsigned long long)offset);
	return put_piece(guest, flat, offset, size, err);
}

int kdump_unflatten(struct hpt_guest *guest, struct hpt_error *err)
{
	struct flat flat = { .source = &guest->source, .buffer = malloc(STEP) };
	bool ended = false;
	int r;

	if (!flat.buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a temporary file");
	r = guest_spool_open(guest, err);
	if (!r)
		r = read_full(&flat, FLAT_HEADER, err);
	if (!r &&
	    (guest_load(flat.buffer + 16, 8) != 1 || guest_load(flat.buffer + 24, 8) != 1))
		r = guest_fail_offset(err, HPT_ERR_UNSUPPORTED, 16,
				      "offset 16: a flattened kdump file of a type or version "
				      "that is not 1");
	while (!r && !ended)
		r = next_piece(guest, &flat, &ended, err);
	free(flat.buffer);
	return r;
}
