/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A stream decoded straight into a table in memory. Most chunks are plain: they follow the one
 * before and lie whole in the buffer. Those are done by a loop whose state is in registers,
 * chunks.h; hpt_decoder_next() sees to all others, and to every error.
 */

#include "load.h"

/*
 * Tables from this order on are larger than what caches are for: they go to memory past
 * them, which then need not read first what is about to be replaced, nor lose what they hold.
 */
#define PAST_ORDER 24u
/*
 * Bytes of a stream from which on it is worth to ask what vectors there are: in a virtual
 * machine that takes tens of microseconds.
 */
#define MUCH (UINT64_C(320) << 10)

static void take_over(struct decoding *s, const struct plain *c, size_t bytes)
{
	uint64_t valid = (bytes - c->chunks * HPT_CHUNK_HEADER) / HPT_ENTRY_BYTES;

	s->valid += valid;
	s->invalid += c->next - s->end - c->left_out - valid;
	s->chunks += c->chunks;
	if (s->passes == 1 && s->gapless) {
		s->first_end = c->left_out ? c->first_gap : c->next;
		s->gapless = !c->left_out;
	}
	s->end = c->next;
	if (s->end > s->highest)
		s->highest = s->end;
	s->ended = false;
	s->offset += bytes;
}

/* Returns the bytes that they had. */
static size_t load_plain(struct decoding *s, const unsigned char *bytes, size_t len,
			 struct hpt_raw_entry *raw, bool avx2)
{
	struct plain c = {
		.p = bytes,
		.end = bytes + len,
		.raw = raw,
		.next = s->end,
		.slots = s->slots,
		.hypervisor = hpt_word_be(HPT_V_HYPERVISOR),
		.little = s->dialect == HPT_DIALECT_KVM_LE,
		.past = s->order >= PAST_ORDER && (uintptr_t)raw % HPT_ENTRY_BYTES == 0,
	};

	if (s->error || s->in_chunk || s->carried || s->new_pass)
		return 0;
#ifdef HPT_HAVE_AVX2
	if (avx2)
		hpt_stream_load_chunks_avx2(&c);
	else
#endif
		hpt_stream_load_chunks(&c);
	(void)avx2;
	if (c.chunks)
		take_over(s, &c, (size_t)(c.p - bytes));
	return (size_t)(c.p - bytes);
}

/* A run that hpt_decoder_next() gave. */
static void put_run(const struct hpt_run *run, struct hpt_raw_entry *raw)
{
	const unsigned char *from = run->entries_be;
	struct hpt_raw_entry *to = raw + run->ptex;

	for (uint32_t i = 0; i < run->n_valid; i++, from += HPT_ENTRY_BYTES) {
		memcpy(to + i, from, sizeof(*to));
		to[i].v_be.raw_be &= ~hpt_word_be(HPT_V_HYPERVISOR);
	}
	memset(to + run->n_valid, 0, (size_t)run->n_invalid * sizeof(*to));
}

int hpt_stream_load(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		    enum hpt_event *event, struct hpt_raw_entry *raw, bool avx2,
		    struct hpt_error *err)
{
	const unsigned char *p = bytes;
	enum hpt_event found = HPT_EVENT_RUN;
	size_t done = 0;

	while (found == HPT_EVENT_RUN) {
		struct hpt_run run;
		size_t n;
		int ret;

		if (p)
			done += load_plain(state_of(d), p + done, len - done, raw, avx2);
		ret = hpt_decoder_next(d, p ? p + done : p, len - done, &n, &found, &run, err);
		if (ret)
			return ret;
		done += n;
		if (found == HPT_EVENT_RUN)
			put_run(&run, raw);
	}
	*used = done;
	*event = found;
	return HPT_OK;
}

/* Is there AVX2? Asked once a decoder, and of none that has little to do. */
static bool use_avx2(struct decoding *s, size_t len)
{
	if (s->vectors == VECTORS_UNKNOWN && s->offset - s->begin + len >= MUCH)
		s->vectors = hpt_have_avx2() ? VECTORS_AVX2 : VECTORS_NONE;
	return s->vectors == VECTORS_AVX2;
}

int hpt_decoder_load(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		     enum hpt_event *event, struct hpt_raw_entry *raw, struct hpt_error *err)
{
	if (!d || (!bytes && len) || !used || !event || !raw)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: NULL");
	if (!const_state_of(d)->order)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"decoder: a table in memory, and its order was not said");
	return hpt_stream_load(d, bytes, len, used, event, raw, use_avx2(state_of(d), len),
			       err);
}
