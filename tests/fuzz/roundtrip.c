/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Decode, encode, decode: a stream makes a table, the table a stream of any dialect, and that
 * the same table again, which makes the same stream again.
 *
 * Input: dialect to read, dialect to write, order, room for the encoder; then the stream.
 */
#include <hpt/capture.h>

#include "fuzz.h"

/* In larger tables slots that are not valid are not named: there would be too many chunks. */
#define WHOLE_PASS_ORDER 24
#define MOST_BYTES ((size_t)64 << 10)

struct writing {
	struct hpt_encoder encoder;
	uint8_t *bytes;
	size_t len, room;
	size_t step;  /* bytes asked for at once */
	uint64_t end; /* first slot that nothing was said of */
	bool whole;
};

static void drain(struct writing *w)
{
	size_t n = w->step;

	while (n == w->step) {
		if (w->room - w->len < w->step) {
			w->room = w->room * 2 + w->step;
			w->bytes = realloc(w->bytes, w->room);
			CHECK(w->bytes, "no memory");
		}
		n = hpt_encoder_take(&w->encoder, w->bytes + w->len, w->step);
		CHECK(n <= w->step, "%zu bytes in a room of %zu", n, w->step);
		w->len += n;
	}
}

static void write_run(struct writing *w, uint64_t ptex, const struct hpt_entry *entries,
		      uint64_t valid, uint64_t invalid)
{
	struct hpt_error err;

	CHECK(!hpt_encoder_run(&w->encoder, ptex, entries, valid, invalid, &err), "%s",
	      err.text);
	drain(w);
}

static int take_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct writing *w = arg;

	if (w->whole && ptex > w->end)
		write_run(w, w->end, NULL, 0, ptex - w->end);
	write_run(w, ptex, entries, n, 0);
	w->end = ptex + n;
	return 0;
}

static void encode(const struct hpt_table *table, enum hpt_dialect dialect, size_t step,
		   struct writing *w)
{
	struct hpt_encoder_options options = { .size = sizeof(options),
					       .dialect = dialect,
					       .order = hpt_table_order(table) };
	struct hpt_error err;

	*w = (struct writing){ .step = step, .whole = options.order <= WHOLE_PASS_ORDER };
	CHECK(!hpt_encoder_init(&w->encoder, &options, &err), "%s", err.text);
	CHECK(!hpt_table_each(table, 0, UINT64_MAX, take_run, w, &err), "%s", err.text);
	if (w->whole && w->end < hpt_table_entries(table))
		write_run(w, w->end, NULL, 0, hpt_table_entries(table) - w->end);
	CHECK(!hpt_encoder_end(&w->encoder, &err), "%s", err.text);
	drain(w);
}

static struct hpt_table *decode(const void *bytes, size_t len, enum hpt_dialect dialect,
				unsigned order, struct hpt_error *err)
{
	struct hpt_capture_options options = { .size = sizeof(options),
					       .flags = HPT_CAPTURE_GUESS_ORDER,
					       .dialect = dialect,
					       .order = order };
	struct hpt_table *table = NULL;
	int ret = hpt_capture_open_memory(bytes, len, &options, &table, err);

	if (ret)
		check_error(ret, err);
	return table;
}

static uint64_t sum_of(const struct hpt_table *table)
{
	int ret;
	uint64_t sum = table_sum(table, &ret);

	CHECK(!ret, "a table of a stream is read");
	return sum;
}

/* There and back twice: @table is left as it was, and closed. */
static void back(struct hpt_table *table, enum hpt_dialect dialect, size_t step)
{
	unsigned order = hpt_table_order(table);
	uint64_t sum = sum_of(table);
	struct writing first, second;
	struct hpt_error err;

	encode(table, dialect, step, &first);
	hpt_table_close(table);
	/* What a whole pass is of is found again. */
	table = decode(first.bytes, first.len, dialect, first.whole ? 0 : order, &err);
	CHECK(table, "%s", err.text);
	CHECK(hpt_table_order(table) == order, "order %u, was %u", hpt_table_order(table),
	      order);
	CHECK(sum_of(table) == sum, "another table");
	encode(table, dialect, step % 7 + 1, &second);
	CHECK(first.len == second.len, "%zu and %zu bytes", first.len, second.len);
	CHECK(!first.len || !memcmp(first.bytes, second.bytes, first.len), "other bytes");
	hpt_table_close(table);
	free(first.bytes);
	free(second.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len < MOST_BYTES ? len : MOST_BYTES };
	uint64_t from = take(&in, 1), to = take(&in, 1), order = take(&in, 1);
	size_t step = (size_t)take(&in, 1) + 1;
	struct hpt_table *table;
	struct hpt_error err;

	/* The writer can name the slots of tables up to order 36 only. */
	order = order % 20 ? HPT_ORDER_MIN - 1 + order % 20 : 0;
	table = decode(in.data, in.len, (enum hpt_dialect)(HPT_DIALECT_KVM_LE + from % 3),
		       (unsigned)order, &err);
	if (table)
		back(table, (enum hpt_dialect)(HPT_DIALECT_KVM_LE + to % 3), step);
	return 0;
}
