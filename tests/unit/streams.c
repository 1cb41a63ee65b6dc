/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

#include "streams.h"

static struct item *add(struct items *items)
{
	if (items->n == items->room) {
		items->room = items->room ? 2 * items->room : 64;
		items->item = realloc(items->item, items->room * sizeof(*items->item));
		assert_non_null(items->item);
	}
	memset(&items->item[items->n], 0, sizeof(*items->item));
	return &items->item[items->n++];
}

/* Either within the piece that was given, or somewhere else: then one split entry. */
static void check_place(const struct hpt_run *run, const unsigned char *piece, size_t len)
{
	const unsigned char *p = run->entries_be;

	assert_int_equal(run->reserved, 0);
	assert_true(run->n_valid || run->n_invalid);
	assert_int_equal(run->n_valid != 0, p != NULL);
	if (!p || (p >= piece && p + (size_t)run->n_valid * 16 <= piece + len))
		return;
	assert_int_equal(run->n_valid, 1);
}

static void add_run(struct items *items, const struct hpt_run *run)
{
	for (uint32_t i = 0; i < run->n_valid; i++) {
		struct item *item = add(items);

		item->kind = ITEM_VALID;
		item->ptex = run->ptex + i;
		item->n = 1;
		hpt_entries_from_bytes((const unsigned char *)run->entries_be + (size_t)i * 16, 1,
				       &item->entry);
		item->offset = run->offset;
		item->pass = run->pass;
	}
	if (run->n_invalid) {
		struct item *item = add(items);

		item->kind = ITEM_INVALID;
		item->ptex = run->ptex + run->n_valid;
		item->n = run->n_invalid;
		item->offset = run->offset;
		item->pass = run->pass;
	}
}

static int decode_piece(struct items *items, struct hpt_decoder *d, const unsigned char *bytes,
			size_t len)
{
	unsigned char *piece = malloc(len ? len : 1), *p = piece;
	enum hpt_event event = HPT_EVENT_RUN;
	size_t left = len, used;
	int ret = 0;

	assert_non_null(piece);
	memcpy(piece, bytes, len);
	while (!ret && event != HPT_EVENT_MORE) {
		struct hpt_run run;

		unit_poison(&items->err);
		ret = hpt_decoder_next(d, p, left, &used, &event, &run, &items->err);
		if (ret)
			break;
		assert_in_range(used, 0, left);
		p += used;
		left -= used;
		if (event == HPT_EVENT_RUN) {
			check_place(&run, piece, len);
			add_run(items, &run);
		} else if (event == HPT_EVENT_END) {
			add(items)->kind = ITEM_END;
		} else {
			assert_int_equal(left, 0);
		}
	}
	free(piece);
	return ret;
}

void items_decode(struct items *items, const struct hpt_decoder_options *options,
		  const unsigned char *bytes, size_t len, size_t first, size_t step)
{
	struct hpt_decoder d;
	size_t n = first < len ? first : len;

	memset(items, 0, sizeof(*items));
	unit_poison(&items->err);
	unit_ok(hpt_decoder_init(&d, options, &items->err), &items->err);
	do {
		items->ret = decode_piece(items, &d, bytes, n);
		bytes += n;
		len -= n;
		n = step < len ? step : len;
	} while (!items->ret && len);
	if (items->ret)
		return;
	unit_poison(&items->err);
	items->ret = hpt_decoder_finish(&d, &items->summary, &items->err);
	if (!items->ret)
		unit_ok(items->ret, &items->err);
}

void items_free(struct items *items)
{
	free(items->item);
	memset(items, 0, sizeof(*items));
}

void items_same(const struct items *a, const struct items *b)
{
	assert_int_equal(a->ret, 0);
	assert_int_equal(b->ret, 0);
	assert_int_equal(a->n, b->n);
	if (a->n)
		assert_memory_equal(a->item, b->item, a->n * sizeof(*a->item));
	assert_int_equal(a->summary.bytes, b->summary.bytes);
	assert_int_equal(a->summary.chunks, b->summary.chunks);
	assert_int_equal(a->summary.valid, b->summary.valid);
	assert_int_equal(a->summary.invalid, b->summary.invalid);
	assert_int_equal(a->summary.highest, b->summary.highest);
	assert_int_equal(a->summary.passes, b->summary.passes);
	assert_int_equal(a->summary.order, b->summary.order);
	assert_int_equal(a->summary.gap, b->summary.gap);
}

struct hpt_entry items_slot(const struct items *items, uint64_t ptex)
{
	for (size_t i = items->n; i-- > 0;) {
		const struct item *item = &items->item[i];

		if (item->kind != ITEM_END && ptex >= item->ptex && ptex - item->ptex < item->n)
			return item->entry;
	}
	return (struct hpt_entry){ 0, 0 };
}
