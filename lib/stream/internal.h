/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_STREAM_INTERNAL_H
#define HPT_STREAM_INTERNAL_H

/* What decode.c and load.c share: the decoder between two calls. */

#include <hpt/stream.h>

#include "../core/internal.h"

#define ULL(x) ((unsigned long long)(x))
#define INDEX_LIMIT (UINT64_C(1) << 32) /* what a header's index can name */

struct chunk_header {
	uint64_t index;
	uint32_t n_valid;
	uint32_t n_invalid;
};

enum vectors {
	VECTORS_UNKNOWN = 0,
	VECTORS_NONE,
	VECTORS_AVX2,
};

/* What struct hpt_decoder holds. */
struct decoding {
	uint64_t begin;        /* stream offset of the first byte */
	uint64_t offset;       /* of the next byte */
	uint64_t chunk_offset; /* of the current chunk's header */
	uint64_t slots;        /* table's size, or INDEX_LIMIT */
	uint64_t ptex;         /* next slot of the current chunk */
	uint64_t end;          /* slot behind the last chunk of this pass */
	uint64_t first_end;    /* where the first pass stopped being without gaps */
	uint64_t highest, chunks, valid, invalid;
	struct chunk_header header; /* of the current chunk */
	uint32_t left;              /* valid entries still to come */
	uint32_t passes;
	uint32_t order; /* 0: not known */
	uint8_t dialect;
	uint8_t carried; /* bytes in carry */
	bool in_chunk;
	bool gapless;    /* the first pass has left no slot out so far */
	bool ended;      /* nothing came since an end marker */
	bool new_pass;   /* the next chunk begins a pass whatever its index */
	uint8_t vectors; /* enum vectors: what hpt_decoder_load() may use */
	int8_t error;    /* code that was given, with its place: */
	uint64_t error_offset, error_ptex;
	unsigned char carry[HPT_ENTRY_BYTES]; /* a header or entry that was split */
};

_Static_assert(sizeof(struct decoding) <= sizeof(struct hpt_decoder), "state must fit");

/* The caller's space is of uint64_t, so it is aligned for every member. */
static inline struct decoding *state_of(struct hpt_decoder *d)
{
	return (struct decoding *)(void *)d->space;
}

static inline const struct decoding *const_state_of(const struct hpt_decoder *d)
{
	return (const struct decoding *)(const void *)d->space;
}

static inline struct chunk_header hpt_stream_header(const unsigned char *p, bool little)
{
	if (little)
		return (struct chunk_header){ hpt_load_le32(p), hpt_load_le16(p + 4),
					      hpt_load_le16(p + 6) };
	return (struct chunk_header){ hpt_load_be32(p), hpt_load_be16(p + 4),
				      hpt_load_be16(p + 6) };
}

/* The index of the first of @n entries without V, or @n. */
uint32_t hpt_first_without_v(const unsigned char *entries, uint32_t n);

#endif /* HPT_STREAM_INTERNAL_H */
