/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "convert.h"

/*
 * A table as an HTAB stream of one pass. Every slot is in it, as one of a run of valid
 * entries or of the invalid slots behind it, so that a reader can tell the order. Runs are
 * joined first: equal tables give equal bytes, however their backends cut them.
 */

#include <stdlib.h>
#include <string.h>

struct writer {
	struct hpt_encoder encoder;
	struct output *out;
	struct progress *progress;
	uint64_t slots;
	uint64_t ptex;		   /* first slot that was not given to the encoder */
	size_t n;		   /* valid entries from there, kept back */
	struct hpt_entry *entries; /* room for HPT_CHUNK_MAX */
	struct hpt_error *err;
};

static void take_all(struct writer *w)
{
	unsigned char bytes[16384];
	size_t n;

	do {
		n = hpt_encoder_take(&w->encoder, bytes, sizeof(bytes));
		put_bytes(w->out, bytes, n);
	} while (n == sizeof(bytes));
}

/* The entries kept back, and invalid slots behind them. */
static int emit(struct writer *w, uint64_t n_invalid)
{
	int ret = hpt_encoder_run(&w->encoder, w->ptex, w->entries, w->n, n_invalid, w->err);

	if (ret)
		return ret;
	take_all(w);
	w->ptex += w->n + n_invalid;
	w->n = 0;
	progress_step(w->progress, w->ptex, w->slots);
	return w->out->error ? HPT_ERR_STOPPED : 0;
}

static int add_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct writer *w = arg;
	uint64_t gap = ptex - (w->ptex + w->n);

	if (gap && emit(w, gap))
		return 1;
	while (n) {
		size_t room = HPT_CHUNK_MAX - w->n;
		size_t part = n < room ? n : room;

		memcpy(w->entries + w->n, entries, part * sizeof(*entries));
		w->n += part;
		entries += part;
		n -= part;
		if (w->n == HPT_CHUNK_MAX && emit(w, 0))
			return 1;
	}
	return 0;
}

static int encode(struct writer *w, const struct hpt_table *table)
{
	struct hpt_error each;
	int ret;

	w->err->code = 0;
	ret = hpt_table_each(table, 0, UINT64_MAX, add_run, w, &each);
	if (ret == HPT_ERR_STOPPED && w->out->error)
		return 0; /* output_close() tells */
	if (ret == HPT_ERR_STOPPED)
		return ret; /* the encoder's error */
	if (ret) {
		*w->err = each;
		return ret;
	}
	ret = emit(w, w->slots - (w->ptex + w->n));
	if (!ret)
		ret = hpt_encoder_end(&w->encoder, w->err);
	if (!ret)
		take_all(w);
	return ret == HPT_ERR_STOPPED ? 0 : ret;
}

int write_stream(const struct hpt_table *table, enum hpt_dialect dialect, struct output *out,
		 struct progress *progress)
{
	struct hpt_error err;
	struct hpt_encoder_options options = { .size = sizeof(options),
					       .dialect = dialect,
					       .order = hpt_table_order(table) };
	struct writer w = { .out = out,
			    .progress = progress,
			    .slots = hpt_table_entries(table),
			    .err = &err };
	int ret;

	if (options.order > HPT_STREAM_ORDER_MAX) {
		complain("a table of order %u cannot be a stream: its 32-bit index ends at "
			 "order %d (--to image can)",
			 (unsigned)options.order, HPT_STREAM_ORDER_MAX);
		return EXIT_ERROR;
	}
	w.entries = malloc(HPT_CHUNK_MAX * sizeof(*w.entries));
	if (!w.entries) {
		complain("no memory");
		return EXIT_ERROR;
	}
	ret = hpt_encoder_init(&w.encoder, &options, &err);
	if (!ret)
		ret = encode(&w, table);
	free(w.entries);
	if (!ret)
		return 0;
	complain("%s", err.text);
	return EXIT_ERROR;
}
