/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_STREAM_LOAD_H
#define HPT_STREAM_LOAD_H

/* Between load.c and the two forms of its loop, chunks.c and chunks_avx2.c. */

#include "../core/match.h"
#include "internal.h"

/* The decoder's state while plain chunks come: those that follow the one before, whole. */
struct plain {
	const unsigned char *p, *end;
	struct hpt_raw_entry *raw;
	uint64_t next; /* slot behind the chunk before */
	uint64_t slots;
	uint64_t chunks;
	uint64_t left_out; /* slots that no chunk has named */
	uint64_t first_gap;
	uint64_t hypervisor; /* the bits to clear, as they lie in memory */
	bool little;         /* headers' byte order */
	bool past;           /* the table is larger than what caches are for */
};

/* As many plain chunks as there are, up to the first bad entry's. */
void hpt_stream_load_chunks(struct plain *c);
#ifdef HPT_HAVE_AVX2
void hpt_stream_load_chunks_avx2(struct plain *c);
#endif

/* hpt_decoder_load() by the form that @avx2 says. */
int hpt_stream_load(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		    enum hpt_event *event, struct hpt_raw_entry *raw, bool avx2,
		    struct hpt_error *err);

#endif /* HPT_STREAM_LOAD_H */
