/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A captured stream as a table: decoded into a sparse store, pass on pass.
 */

#include <stdlib.h>

#include <hpt/capture.h>

#include "../core/internal.h"
#include "../table/internal.h"
#include "fd.h"

struct capture {
	struct hpt_sparse *sparse;
	struct hpt_capture_info info;
};

#define WINDOW ((size_t)256 << 10)    /* bytes read at once */
#define DETECT_MAX ((size_t)1 << 20)  /* bytes looked at for the dialect */
#define ULL(x) ((unsigned long long)(x))

/* Bytes on their way from a source to the decoder. */
struct input {
	const struct hpt_reader_ops *ops;
	void *ctx;
	const unsigned char *bytes; /* what is there: in the buffer, or the caller's */
	size_t have;
	unsigned char *buffer;
	size_t room;
	bool ended;
	bool cut;        /* ended here, at the end of the last pass that was wanted */
	uint32_t passes; /* how many are wanted; 0: all */
};

/* Read until @want bytes are there or the source ends. */
static int fill(struct input *in, size_t want, struct hpt_error *err)
{
	while (in->have < want && !in->ended) {
		size_t got = 0;
		int ret;

		if (in->have == in->room) {
			size_t room = in->room ? 2 * in->room : WINDOW;
			unsigned char *bigger = realloc(in->buffer, room);

			if (!bigger)
				return hpt_fail(err, HPT_ERR_MEMORY, "capture: out of memory");
			in->bytes = in->buffer = bigger;
			in->room = room;
		}
		ret = in->ops->read(in->ctx, in->buffer + in->have, in->room - in->have, &got,
				    err);
		if (ret)
			return ret;
		in->have += got;
		in->ended = !got;
	}
	return HPT_OK;
}

static int find_dialect(struct input *in, unsigned order, enum hpt_dialect *dialect,
			struct hpt_error *err)
{
	int ret = fill(in, DETECT_MAX, err);

	/* A pass in which nothing changed is empty, and has no dialect. */
	if (ret || (order && !in->have))
		return ret;
	ret = hpt_stream_detect(in->bytes, in->have, in->ended, order, dialect, err);
	/* With big-endian headers the end marker, which is checked for at the end, decides. */
	if (!ret && *dialect == HPT_DIALECT_KVM_BE && !in->ended)
		*dialect = HPT_DIALECT_QEMU;
	return ret;
}

/* A run of a pass that is not wanted: all ends before it. */
static void cut(struct input *in, struct hpt_decoder *d, const struct hpt_decoder *before)
{
	*d = *before;
	in->have = 0;
	in->ended = in->cut = true;
}

static int decode_window(struct hpt_decoder *d, struct hpt_sparse *sparse, struct input *in,
			 struct hpt_error *err)
{
	const unsigned char *p = in->bytes;
	enum hpt_event event = HPT_EVENT_RUN;

	while (event != HPT_EVENT_MORE) {
		struct hpt_decoder before;
		struct hpt_run run;
		size_t used;
		int ret;

		if (in->passes)
			before = *d;
		ret = hpt_decoder_next(d, p, in->have, &used, &event, &run, err);
		if (!ret && event == HPT_EVENT_RUN && in->passes && run.pass >= in->passes) {
			cut(in, d, &before);
			return HPT_OK;
		}
		if (!ret && event == HPT_EVENT_RUN)
			ret = hpt_sparse_apply(sparse, run.ptex, run.entries_be, run.n_valid,
					       run.n_invalid, err);
		if (ret)
			return ret;
		p += used;
		in->have -= used;
	}
	return HPT_OK;
}

static int decode_all(struct hpt_decoder *d, struct hpt_sparse *sparse, struct input *in,
		      struct hpt_error *err)
{
	int ret = HPT_OK;

	while (!ret && (in->have || !in->ended)) {
		ret = fill(in, 1, err);
		if (!ret)
			ret = decode_window(d, sparse, in, err);
	}
	return ret;
}

/* The bytes ended: were they whole, and which of the big-endian dialects was it? */
static int finish(struct hpt_decoder *d, struct hpt_capture_info *info, struct hpt_error *err)
{
	struct hpt_error own;
	int ret = hpt_decoder_finish(d, &info->summary, &own);

	if (ret == HPT_ERR_TRUNCATED_END && info->dialect_found) {
		hpt_decoder_summary(d, &info->summary);
		info->dialect = HPT_DIALECT_KVM_BE;
		return HPT_OK;
	}
	if (ret)
		*err = own;
	return ret;
}

static uint32_t smallest_order(uint64_t slots)
{
	uint32_t order = HPT_ORDER_MIN;

	while (slots > UINT64_C(1) << (order - HPT_ENTRY_SHIFT))
		order++;
	return order;
}

static int find_order(const struct hpt_capture_options *o, struct hpt_capture_info *info,
		      uint32_t *order, struct hpt_error *err)
{
	const struct hpt_stream_summary *s = &info->summary;

	info->order_found = !o->order && s->order;
	*order = o->order ? o->order : s->order;
	if (*order)
		return HPT_OK;
	if (o->flags & HPT_CAPTURE_GUESS_ORDER) {
		info->order_guessed = true;
		*order = smallest_order(s->highest);
		return HPT_OK;
	}
	if (s->gap < s->highest)
		hpt_fail_offset(err, HPT_ERR_ORDER, s->bytes,
				"the order cannot be told: the first pass leaves out slot %#llx; "
				"say the order", ULL(s->gap));
	else
		hpt_fail_offset(err, HPT_ERR_ORDER, s->bytes,
				"the order cannot be told: the first pass ends at slot %#llx, "
				"expected a power of two, 0x4000 at least; say the order",
				ULL(s->gap));
	hpt_error_set_ptex(err, s->gap);
	return HPT_ERR_ORDER;
}

static void close_capture(void *ctx)
{
	struct capture *c = ctx;

	hpt_sparse_free(c->sparse);
	free(c);
}

static int capture_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
			struct hpt_error *err)
{
	const struct capture *c = ctx;

	return hpt_sparse_read(c->sparse, ptex, n, out, err);
}

static int capture_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
			 struct hpt_error *err)
{
	const struct capture *c = ctx;

	return hpt_sparse_write(c->sparse, ptex, n, in, err);
}

static int capture_clear(void *ctx, uint64_t ptex, uint64_t n, struct hpt_error *err)
{
	const struct capture *c = ctx;

	return hpt_sparse_clear(c->sparse, ptex, n, err);
}

static int capture_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
			struct hpt_error *err)
{
	const struct capture *c = ctx;

	return hpt_sparse_each(c->sparse, ptex, n, fn, arg, err);
}

static const struct hpt_raw_entry *capture_view(void *ctx, uint64_t ptex, size_t n)
{
	const struct capture *c = ctx;

	return hpt_sparse_view(c->sparse, ptex, n);
}

static const struct hpt_table_ops capture_ops = {
	.size = sizeof(capture_ops),
	.read = capture_read,
	.write = capture_write,
	.clear = capture_clear,
	.each = capture_each,
	.view = capture_view,
	.close = close_capture,
};

/*
 * Decode a source whole into @sparse, in the dialect of @info; one that is not known is found
 * first, and stays unknown when there are no bytes.
 */
static int decode_source(struct hpt_capture_info *info, struct hpt_decoder_options *options,
			 struct hpt_sparse *sparse, struct input *in, struct hpt_error *err)
{
	struct hpt_decoder d;
	int ret = HPT_OK;

	options->size = sizeof(*options);
	if (!info->dialect) {
		ret = find_dialect(in, options->order, &info->dialect, err);
		info->dialect_found = true;
	}
	if (ret || !info->dialect)
		return ret;
	options->dialect = info->dialect;
	ret = hpt_decoder_init(&d, options, err);
	if (!ret)
		ret = decode_all(&d, sparse, in, err);
	if (ret || !in->cut)
		return ret ? ret : finish(&d, info, err);
	hpt_decoder_summary(&d, &info->summary);
	return HPT_OK;
}

static int check_source(const struct hpt_reader_ops *given, struct hpt_reader_ops *ops,
			struct hpt_error *err)
{
	int ret;

	if (!given)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "capture: no source");
	ret = hpt_options_in(ops, sizeof(*ops), sizeof(*ops), given, "hpt_reader_ops", err);
	if (!ret && !ops->read)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT, "struct hpt_reader_ops: no read");
	return ret;
}

static int check_options(const struct hpt_capture_options *given,
			 struct hpt_capture_options *o, struct hpt_error *err)
{
	int ret = hpt_options_in(o, sizeof(*o), sizeof(*o), given, "hpt_capture_options", err);

	if (!ret && o->flags & ~HPT_CAPTURE_GUESS_ORDER)
		ret = hpt_fail(err, HPT_ERR_ARGUMENT,
			       "struct hpt_capture_options: flags are %#x, expected of %#x",
			       o->flags, HPT_CAPTURE_GUESS_ORDER);
	if (!ret && o->order)
		ret = hpt_check_order(o->order, HPT_STREAM_ORDER_MAX, err);
	return ret;
}

static int open_table(struct capture *c, struct input *in,
		      const struct hpt_capture_options *o, struct hpt_table **out,
		      struct hpt_error *err)
{
	struct hpt_table_config config = { .size = sizeof(config), .backend = "capture",
					   .flags = HPT_TABLE_CONCURRENT };
	struct hpt_decoder_options options = { .order = o->order };
	int ret;

	c->info.dialect = o->dialect;
	ret = decode_source(&c->info, &options, c->sparse, in, err);
	if (!ret)
		ret = find_order(o, &c->info, &config.order, err);
	return ret ? ret : hpt_table_open(&capture_ops, c, &config, out, err);
}

static int open_input(struct input *in, const struct hpt_capture_options *options,
		      struct hpt_table **out, struct hpt_error *err)
{
	struct hpt_capture_options o;
	struct hpt_error own;
	struct capture *c;
	int ret = check_options(options, &o, err);

	if (ret)
		return ret;
	c = calloc(1, sizeof(*c));
	if (c)
		c->sparse = hpt_sparse_new();
	if (!c || !c->sparse) {
		free(c);
		return hpt_fail(err, HPT_ERR_MEMORY, "capture: out of memory");
	}
	in->passes = o.passes;
	ret = open_table(c, in, &o, out, err ? err : &own);
	free(in->buffer);
	if (ret)
		close_capture(c);
	return ret;
}

int hpt_capture_open_reader(const struct hpt_reader_ops *ops, void *ctx,
			    const struct hpt_capture_options *options, struct hpt_table **out,
			    struct hpt_error *err)
{
	struct hpt_reader_ops r;
	struct input in = { .ops = &r, .ctx = ctx };
	int ret = check_source(ops, &r, err);

	return ret ? ret : open_input(&in, options, out, err);
}

int hpt_capture_open(int fd, const struct hpt_capture_options *options, struct hpt_table **out,
		     struct hpt_error *err)
{
	struct hpt_fd_source source = { .fd = fd, .who = "capture" };

	return hpt_capture_open_reader(&hpt_fd_ops, &source, options, out, err);
}

int hpt_capture_open_memory(const void *bytes, size_t len,
			    const struct hpt_capture_options *options, struct hpt_table **out,
			    struct hpt_error *err)
{
	struct input in = { .bytes = bytes, .have = len, .ended = true };

	if (!bytes && len)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "capture: NULL");
	return open_input(&in, options, out, err);
}

static void add_summary(struct hpt_stream_summary *to, const struct hpt_stream_summary *more)
{
	to->bytes += more->bytes;
	to->chunks += more->chunks;
	to->valid += more->valid;
	to->invalid += more->invalid;
	to->passes += more->passes;
	if (more->highest > to->highest)
		to->highest = more->highest;
}

int hpt_capture_apply(struct hpt_table *table, const struct hpt_reader_ops *ops, void *ctx,
		      struct hpt_error *err)
{
	struct capture *c = hpt_table_context(table, &capture_ops);
	struct hpt_decoder_options options = { .flags = HPT_DECODER_LATER_PASS };
	struct hpt_capture_info info;
	struct hpt_reader_ops r;
	struct input in = { .ops = &r, .ctx = ctx };
	struct hpt_sparse *sparse;
	struct hpt_error own;
	int ret;

	if (!c)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "capture: the table is no captured stream");
	ret = check_source(ops, &r, err);
	if (ret)
		return ret;
	/* A pass that fails half-way must leave the table as it was. */
	sparse = hpt_sparse_clone(c->sparse);
	if (!sparse)
		return hpt_fail(err, HPT_ERR_MEMORY, "capture: out of memory");
	info = c->info;
	info.summary = (struct hpt_stream_summary){ 0 };
	options.order = hpt_table_order(table);
	ret = decode_source(&info, &options, sparse, &in, err ? err : &own);
	free(in.buffer);
	if (ret) {
		hpt_sparse_free(sparse);
		return ret;
	}
	hpt_sparse_free(c->sparse);
	c->sparse = sparse;
	c->info.dialect = info.dialect;
	c->info.dialect_found = info.dialect_found;
	add_summary(&c->info.summary, &info.summary);
	return HPT_OK;
}

int hpt_capture_info(const struct hpt_table *table, struct hpt_capture_info *info,
		     struct hpt_error *err)
{
	const struct capture *c = hpt_table_context(table, &capture_ops);

	if (!c)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "capture: the table is no captured stream");
	return hpt_result_out(info, sizeof(c->info), &c->info, sizeof(c->info),
			      "hpt_capture_info", err);
}
