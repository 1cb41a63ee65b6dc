/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which dialect a stream is in, found by decoding its beginning in each.
 */

#include <hpt/stream.h>

#include "../core/internal.h"

struct trial {
	enum hpt_dialect dialect;
	bool fits;
	bool ended;                        /* an end marker was the last thing seen */
	struct hpt_stream_summary summary;
	struct hpt_error err;              /* why it does not fit */
};

static int try_all(struct hpt_decoder *d, const unsigned char *p, size_t len, bool *ended,
		   struct hpt_error *err)
{
	enum hpt_event event = HPT_EVENT_MORE;
	struct hpt_run run;
	size_t done = 0, used;
	int ret;

	do {
		ret = hpt_decoder_next(d, p + done, len - done, &used, &event, &run, err);
		if (ret)
			return ret;
		done += used;
		if (event != HPT_EVENT_MORE || used)
			*ended = event == HPT_EVENT_END;
	} while (event != HPT_EVENT_MORE);
	return HPT_OK;
}

static void try_dialect(struct trial *t, const void *bytes, size_t len, bool whole,
			unsigned order)
{
	struct hpt_decoder_options options = {
		.size = sizeof(options), .dialect = t->dialect, .order = order,
	};
	struct hpt_decoder d;
	int ret = hpt_decoder_init(&d, &options, &t->err);

	if (!ret)
		ret = try_all(&d, bytes, len, &t->ended, &t->err);
	if (!ret && whole)
		ret = hpt_decoder_finish(&d, NULL, &t->err);
	/* A pass over another number of slots than was said is a whole pass all the same. */
	t->fits = !ret || ret == HPT_ERR_CONTRADICTION;
	if (!t->fits)
		return;
	hpt_decoder_summary(&d, &t->summary);
	t->fits = t->summary.highest || (t->ended && len == HPT_CHUNK_HEADER);
	if (!t->fits)
		hpt_fail_offset(&t->err, HPT_ERR_FORMAT, 0, "%zu bytes name no slot", len);
}

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* Positive when @a is the likelier, negative when @b is, 0 when nothing tells. */
static int compare(const struct trial *a, const struct trial *b)
{
	bool a_ends = power_of_two(a->summary.highest), b_ends = power_of_two(b->summary.highest);

	if (!a->summary.order != !b->summary.order)
		return a->summary.order ? 1 : -1;
	if (a_ends != b_ends)
		return a_ends ? 1 : -1;
	if (a->summary.highest != b->summary.highest)
		return a->summary.highest < b->summary.highest ? 1 : -1;
	return 0;
}

/* The trial that came furthest, whose complaint is the most telling. */
static const struct trial *furthest(const struct trial *t, size_t n)
{
	const struct trial *best = t;

	for (size_t i = 1; i < n; i++)
		if (t[i].err.offset > best->err.offset)
			best = &t[i];
	return best;
}

static int none_fits(const struct trial *trials, size_t n, struct hpt_error *err)
{
	const struct trial *best = furthest(trials, n);

	hpt_fail_offset(err, HPT_ERR_FORMAT, best->err.offset, "%s", best->err.text);
	hpt_error_prepend(err, hpt_dialect_name(best->dialect));
	hpt_error_prepend(err, "no HTAB stream of any dialect");
	return HPT_ERR_FORMAT;
}

static int detect(const void *bytes, size_t len, bool whole, unsigned order,
		  enum hpt_dialect *out, struct hpt_error *err)
{
	struct trial trials[] = {
		{ .dialect = HPT_DIALECT_KVM_LE },
		{ .dialect = HPT_DIALECT_KVM_BE },
		{ .dialect = HPT_DIALECT_QEMU },
	};
	const size_t n = sizeof(trials) / sizeof(trials[0]);
	const struct trial *le = &trials[0], *be = &trials[1], *qemu = &trials[2];
	int c;

	for (size_t i = 0; i < n; i++)
		try_dialect(&trials[i], bytes, len, whole, order);
	if (qemu->fits && (qemu->ended || !be->fits))
		be = qemu;
	if (!le->fits && !be->fits)
		return none_fits(trials, n, err);
	c = !be->fits ? 1 : !le->fits ? -1 : compare(le, be);
	if (!c)
		return hpt_fail_offset(err, HPT_ERR_BYTE_ORDER, 0,
				       "%zu bytes decode with headers of either byte order: say "
				       "which dialect it is", len);
	*out = c > 0 ? le->dialect : be->dialect;
	return HPT_OK;
}

int hpt_stream_detect(const void *bytes, size_t len, bool whole, unsigned order,
		      enum hpt_dialect *out, struct hpt_error *err)
{
	struct hpt_error first;
	int ret;

	if (!len)
		return hpt_fail_offset(err, HPT_ERR_BYTE_ORDER, 0,
				       "the stream is empty: its dialect cannot be told, say which");
	ret = detect(bytes, len, whole, order, out, &first);
	if (ret != HPT_ERR_FORMAT) {
		if (ret && err)
			*err = first;
		return ret;
	}
	/*
	 * A stream that was cut, or that does not fit the order, is still of some dialect:
	 * decoding it then says what is wrong better than "none" would.
	 */
	if (order && !detect(bytes, len, whole, 0, out, NULL))
		return HPT_OK;
	if (whole && len >= HPT_CHUNK_HEADER && !detect(bytes, len, false, 0, out, NULL))
		return HPT_OK;
	if (err)
		*err = first;
	return ret;
}
