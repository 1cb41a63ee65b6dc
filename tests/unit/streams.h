/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef STREAMS_H
#define STREAMS_H

/* What a stream says, one item after the other, however its bytes were split. */

#include "unit.h"

enum kind { ITEM_VALID = 1, ITEM_INVALID, ITEM_END };

struct item {
	uint64_t kind;
	uint64_t ptex;
	uint64_t n; /* slots; 1 for each valid entry */
	struct hpt_entry entry;
	uint64_t offset; /* of the chunk */
	uint64_t pass;
};

struct items {
	struct item *item;
	size_t n, room;
	struct hpt_stream_summary summary;
	int ret; /* of the call that failed, or of hpt_decoder_finish() */
	struct hpt_error err;
};

/*
 * Decode @len bytes: the first piece has @first bytes, each after it @step. Each piece lies
 * in memory of exactly its size, which is gone before the next is given.
 */
void items_decode(struct items *items, const struct hpt_decoder_options *options,
		  const unsigned char *bytes, size_t len, size_t first, size_t step);
void items_free(struct items *items);

/* Equal in every item and in the summary. */
void items_same(const struct items *a, const struct items *b);

/* What is in slot @ptex of a table after @items; {0, 0} when nobody said. */
struct hpt_entry items_slot(const struct items *items, uint64_t ptex);

#endif /* STREAMS_H */
