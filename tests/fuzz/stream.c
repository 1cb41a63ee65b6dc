/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The stream decoder: in one piece, in pieces that the input chooses, and read by a second
 * reader that is written here. All say the same: entries, summary, error and its place.
 *
 * Input: dialect, order, two bytes of pieces, flags; then the stream.
 */
#include <hpt/capture.h>

#include "fuzz.h"

struct seen {
	int ret;
	struct hpt_error err;
	struct hpt_stream_summary summary;
	uint64_t sum; /* of all slots named, in order */
	uint64_t ends;
};

static void see_slot(struct seen *seen, uint64_t ptex, uint64_t pass, const uint8_t *entry)
{
	mix(&seen->sum, ptex);
	mix(&seen->sum, pass);
	mix_bytes(&seen->sum, entry, HPT_ENTRY_BYTES);
}

static void see_invalid(struct seen *seen, uint64_t ptex, uint64_t n)
{
	if (n) {
		mix(&seen->sum, ptex);
		mix(&seen->sum, n);
	}
}

static void see_run(struct seen *seen, const struct hpt_run *run)
{
	const uint8_t *entry = run->entries_be;

	CHECK(!run->n_valid == !entry, "%u entries", run->n_valid);
	CHECK(!run->reserved, "reserved is %u", run->reserved);
	for (uint32_t i = 0; i < run->n_valid; i++)
		see_slot(seen, run->ptex + i, run->pass, entry + (size_t)i * HPT_ENTRY_BYTES);
	see_invalid(seen, run->ptex + run->n_valid, run->n_invalid);
}

/* What is left of a piece, until the decoder wants more. */
static int give(struct hpt_decoder *d, struct seen *seen, const uint8_t *bytes, size_t len)
{
	enum hpt_event event = HPT_EVENT_RUN;
	struct hpt_run run;
	size_t used;
	int ret = 0;

	while (!ret && event != HPT_EVENT_MORE) {
		ret = hpt_decoder_next(d, bytes, len, &used, &event, &run, &seen->err);
		if (ret)
			break;
		CHECK(used <= len, "%zu of %zu", used, len);
		CHECK(event != HPT_EVENT_MORE || used == len, "%zu of %zu", used, len);
		bytes += used;
		len -= used;
		if (event == HPT_EVENT_RUN)
			see_run(seen, &run);
		seen->ends += event == HPT_EVENT_END;
	}
	return ret;
}

/* In pieces of up to @step bytes, which @seed chooses; 0: in one. */
static void decode(const struct hpt_decoder_options *options, const uint8_t *bytes, size_t len,
		   size_t step, uint32_t seed, struct seen *seen)
{
	struct hpt_decoder d;

	memset(seen, 0, sizeof(*seen));
	seen->ret = hpt_decoder_init(&d, options, &seen->err);
	CHECK(!seen->ret, "%s", seen->err.text);
	while (!seen->ret && len) {
		size_t n = len;

		if (step) {
			seed = seed * 1664525 + 1013904223;
			n = (seed >> 16) % step + 1;
		}
		n = n < len ? n : len;
		seen->ret = give(&d, seen, bytes, n);
		bytes += n;
		len -= n;
	}
	if (!seen->ret)
		seen->ret = hpt_decoder_finish(&d, &seen->summary, &seen->err);
	else
		CHECK(hpt_decoder_finish(&d, NULL, NULL) == seen->ret, "another error");
	if (seen->ret)
		check_error(seen->ret, &seen->err);
}

/* The second reader ------------------------------------------------------------------- */

struct naive {
	const struct hpt_decoder_options *options;
	const uint8_t *bytes;
	size_t len, at;
	uint64_t slots, end, first_end, passes;
	bool fresh, gapless, closed;
	struct seen *seen;
};

static uint64_t number(const uint8_t *p, unsigned n, bool little)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value = value << 8 | p[little ? n - 1 - i : i];
	return value;
}

static uint32_t complete_order(const struct naive *n)
{
	for (uint32_t order = 18; n->gapless && order <= 36; order++)
		if (n->first_end << 4 == UINT64_C(1) << order)
			return order;
	return 0;
}

static bool contradicts(const struct naive *n)
{
	uint32_t order = complete_order(n);

	return n->options->dialect != HPT_DIALECT_QEMU && n->passes == 1 && order &&
	       n->options->order && order != n->options->order;
}

static int naive_fail(struct naive *n, int code, uint64_t at)
{
	n->seen->ret = code;
	n->seen->err.offset = n->options->offset + at;
	return code;
}

static int naive_entries(struct naive *n, uint64_t index, uint64_t valid)
{
	for (uint64_t i = 0; i < valid; i++, n->at += HPT_ENTRY_BYTES) {
		if (n->len - n->at < HPT_ENTRY_BYTES)
			return naive_fail(n, HPT_ERR_TRUNCATED_ENTRIES, n->len);
		if (!(n->bytes[n->at + 7] & 1))
			return naive_fail(n, HPT_ERR_NOT_VALID, n->at);
		see_slot(n->seen, index + i, n->passes - 1, n->bytes + n->at);
	}
	return 0;
}

static int naive_chunk(struct naive *n)
{
	const uint8_t *head = n->bytes + n->at;
	bool little = n->options->dialect == HPT_DIALECT_KVM_LE;
	uint64_t index = number(head, 4, little), valid = number(head + 4, 2, little);
	uint64_t invalid = number(head + 6, 2, little);
	int ret;

	if (index >= n->slots)
		return naive_fail(n, HPT_ERR_CHUNK_INDEX, n->at);
	if (index + valid + invalid > n->slots)
		return naive_fail(n, HPT_ERR_CHUNK_COUNT, n->at);
	if (n->fresh || index < n->end) {
		if (contradicts(n))
			return naive_fail(n, HPT_ERR_CONTRADICTION, n->at);
		n->passes++;
		n->end = 0;
	}
	n->fresh = n->closed = false;
	if (n->passes == 1 && index != n->end)
		n->gapless = false;
	n->end = index + valid + invalid;
	if (n->passes == 1 && n->gapless)
		n->first_end = n->end;
	n->at += HPT_CHUNK_HEADER;
	ret = naive_entries(n, index, valid);
	if (!ret)
		see_invalid(n->seen, index + valid, invalid);
	n->seen->summary.chunks++;
	n->seen->summary.valid += valid;
	n->seen->summary.invalid += invalid;
	if (n->end > n->seen->summary.highest)
		n->seen->summary.highest = n->end;
	return ret;
}

static void naive_end(struct naive *n)
{
	if (n->options->dialect == HPT_DIALECT_QEMU && !n->closed)
		naive_fail(n, HPT_ERR_TRUNCATED_END, n->len);
	else if (contradicts(n))
		naive_fail(n, HPT_ERR_CONTRADICTION, n->len);
	n->seen->summary.passes = n->passes;
	n->seen->summary.bytes = n->len;
	n->seen->summary.order = complete_order(n);
	n->seen->summary.gap = n->first_end;
}

static void read_naively(const struct hpt_decoder_options *options, const uint8_t *bytes,
			 size_t len, struct seen *seen)
{
	struct naive n = { .options = options, .bytes = bytes, .len = len, .seen = seen };

	memset(seen, 0, sizeof(*seen));
	n.slots = UINT64_C(1) << (options->order ? options->order - 4 : 32);
	n.fresh = true;
	n.gapless = !(options->flags & HPT_DECODER_LATER_PASS);
	while (n.at < len) {
		if (len - n.at < HPT_CHUNK_HEADER) {
			naive_fail(&n, HPT_ERR_TRUNCATED_HEADER, len);
			return;
		}
		if (options->dialect == HPT_DIALECT_QEMU && !number(bytes + n.at, 8, false)) {
			n.closed = n.fresh = true;
			n.at += HPT_CHUNK_HEADER;
			seen->ends++;
		} else if (naive_chunk(&n)) {
			return;
		}
	}
	naive_end(&n);
}

/* Comparisons ------------------------------------------------------------------------- */

static void same(const struct seen *a, const struct seen *b, const char *which)
{
	CHECK(a->ret == b->ret, "%s: %d and %d: %s", which, a->ret, b->ret, a->err.text);
	if (a->ret) {
		CHECK(a->err.offset == b->err.offset, "%s: offset %llu and %llu: %s", which,
		      (unsigned long long)a->err.offset, (unsigned long long)b->err.offset,
		      a->err.text);
		return;
	}
	CHECK(a->sum == b->sum, "%s: other slots", which);
	CHECK(a->ends == b->ends, "%s: %llu and %llu ends", which, (unsigned long long)a->ends,
	      (unsigned long long)b->ends);
	CHECK(a->summary.bytes == b->summary.bytes && a->summary.chunks == b->summary.chunks &&
		      a->summary.valid == b->summary.valid &&
		      a->summary.invalid == b->summary.invalid &&
		      a->summary.highest == b->summary.highest &&
		      a->summary.passes == b->summary.passes &&
		      a->summary.order == b->summary.order && a->summary.gap == b->summary.gap,
	      "%s: other summary", which);
}

/* As a table: memory follows the bytes, whatever they say. */
static void open_table(const struct hpt_decoder_options *o, bool detect, const uint8_t *bytes,
		       size_t len)
{
	struct hpt_capture_options options = { .size = sizeof(options),
					       .flags = HPT_CAPTURE_GUESS_ORDER,
					       .dialect = detect ? HPT_DIALECT_DETECT
								 : o->dialect,
					       .order = o->order };
	struct hpt_table *table = NULL;
	struct hpt_error err;
	int ret;

	memory_begin();
	ret = hpt_capture_open_memory(bytes, len, &options, &table, &err);
	if (ret) {
		check_error(ret, &err);
	} else {
		table_sum(table, &ret);
		CHECK(!ret, "a table of a stream is read");
		hpt_table_close(table);
	}
	/* A chunk of 24 bytes may begin a leaf of 64 entries and the nodes that lead to it. */
	memory_end(len, 192, 4u << 20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct hpt_decoder_options options = { .size = sizeof(options) };
	struct seen whole, pieces, naive;
	uint64_t dialect = take(&in, 1), order = take(&in, 1), pieces_of = take(&in, 2);
	uint64_t flags = take(&in, 1);

	options.dialect = (enum hpt_dialect)(HPT_DIALECT_KVM_LE + dialect % 3);
	options.order = order % 30 ? HPT_ORDER_MIN - 1 + (uint32_t)order % 30 : 0;
	options.flags = flags & 1 ? HPT_DECODER_LATER_PASS : 0;
	options.offset = flags & 2 ? 0x1000 : 0;
	decode(&options, in.data, in.len, 0, 0, &whole);
	decode(&options, in.data, in.len, pieces_of % 61 + 1, (uint32_t)pieces_of, &pieces);
	same(&whole, &pieces, "in pieces");
	if (whole.ret)
		CHECK(!strcmp(whole.err.text, pieces.err.text), "%s", pieces.err.text);
	read_naively(&options, in.data, in.len, &naive);
	same(&whole, &naive, "naively");
	open_table(&options, flags & 4, in.data, in.len);
	return 0;
}
