/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The HTAB stream, bytes in and runs out.
 */

#include "internal.h"

const char *hpt_dialect_name(enum hpt_dialect dialect)
{
	switch (dialect) {
	case HPT_DIALECT_KVM_LE:
		return "kvm-le";
	case HPT_DIALECT_KVM_BE:
		return "kvm-be";
	case HPT_DIALECT_QEMU:
		return "qemu";
	case HPT_DIALECT_DETECT:
		break;
	}
	return NULL;
}

int hpt_decoder_init(struct hpt_decoder *d, const struct hpt_decoder_options *options,
		     struct hpt_error *err)
{
	struct hpt_decoder_options o;
	struct decoding *s;
	int ret;

	if (!d || !options)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: NULL");
	ret = hpt_options_in(&o, sizeof(o), sizeof(o), options, "hpt_decoder_options", err);
	if (ret)
		return ret;
	if (!hpt_dialect_name(o.dialect))
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"decoder: dialect is %d, expected kvm-le, kvm-be or qemu",
				(int)o.dialect);
	if (o.flags & ~HPT_DECODER_LATER_PASS)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: flags are %#x, expected of %#x",
				o.flags, HPT_DECODER_LATER_PASS);
	if (o.order) {
		ret = hpt_check_order(o.order, HPT_ORDER_MAX, err);
		if (ret)
			return ret;
	}
	memset(d, 0, sizeof(*d));
	s = state_of(d);
	s->dialect = (uint8_t)o.dialect;
	s->order = o.order;
	s->slots = o.order ? UINT64_C(1) << (o.order - HPT_ENTRY_SHIFT) : INDEX_LIMIT;
	s->begin = s->offset = o.offset;
	s->gapless = !(o.flags & HPT_DECODER_LATER_PASS);
	s->new_pass = true;
	return HPT_OK;
}

/* The order that a first pass tells which covered @slots without a gap, or 0. */
static uint32_t order_of(uint64_t slots)
{
	for (uint32_t order = HPT_ORDER_MIN; order <= HPT_STREAM_ORDER_MAX; order++)
		if (slots == UINT64_C(1) << (order - HPT_ENTRY_SHIFT))
			return order;
	return 0;
}

static uint32_t found_order(const struct decoding *s)
{
	return s->gapless ? order_of(s->first_end) : 0;
}

/* Give the error that was met, as often as asked. */
static int report(const struct decoding *s, struct hpt_error *err)
{
	const struct chunk_header *h = &s->header;
	uint64_t at = s->error_offset;

	switch (s->error) {
	case HPT_ERR_CHUNK_INDEX:
		hpt_fail_offset(err, s->error, at,
				"chunk at offset %#llx: index is %#llx, expected below %#llx, "
				"the number of slots", ULL(at), ULL(h->index), ULL(s->slots));
		hpt_error_set_ptex(err, h->index);
		break;
	case HPT_ERR_CHUNK_COUNT:
		hpt_fail_offset(err, s->error, at,
				"chunk at offset %#llx: index %#llx and %u valid and %u invalid "
				"entries lead beyond %#llx, the number of slots", ULL(at),
				ULL(h->index), h->n_valid, h->n_invalid, ULL(s->slots));
		hpt_error_set_ptex(err, h->index);
		break;
	case HPT_ERR_NOT_VALID:
		hpt_fail_offset(err, s->error, at,
				"entry %#llx at offset %#llx: its V bit is clear, and the chunk "
				"at offset %#llx says that it is valid", ULL(s->error_ptex),
				ULL(at), ULL(s->chunk_offset));
		hpt_error_set_ptex(err, s->error_ptex);
		break;
	default:
		hpt_fail_offset(err, s->error, at,
				"the first pass ends at offset %#llx and covers %#llx slots, a "
				"table of order %u, expected %#llx, order %u", ULL(at),
				ULL(s->first_end), found_order(s), ULL(s->slots), s->order);
		break;
	}
	return s->error;
}

static int fail(struct decoding *s, int code, uint64_t offset, uint64_t ptex)
{
	s->error = (int8_t)code;
	s->error_offset = offset;
	s->error_ptex = ptex;
	return code;
}

/* The first pass is over: does its size agree with the order? */
static bool contradicts(const struct decoding *s)
{
	uint32_t found = found_order(s);

	return s->dialect != HPT_DIALECT_QEMU && s->order && found && found != s->order;
}

static void follow_first_pass(struct decoding *s, const struct chunk_header *h)
{
	if (s->passes == 1) {
		if (s->gapless && h->index != s->end)
			s->gapless = false;
		if (s->gapless)
			s->first_end = h->index + h->n_valid + h->n_invalid;
	}
}

/* A whole header is at @p: check it and begin its chunk. */
static int begin_chunk(struct decoding *s, const unsigned char *p)
{
	struct chunk_header *h = &s->header;
	uint64_t at = s->offset - HPT_CHUNK_HEADER;
	uint64_t n;

	*h = hpt_stream_header(p, s->dialect == HPT_DIALECT_KVM_LE);
	n = (uint64_t)h->n_valid + h->n_invalid;
	if (h->index >= s->slots)
		return fail(s, HPT_ERR_CHUNK_INDEX, at, h->index);
	if (n > s->slots - h->index)
		return fail(s, HPT_ERR_CHUNK_COUNT, at, h->index);
	if (s->new_pass || h->index < s->end) {
		if (s->passes == 1 && contradicts(s))
			return fail(s, HPT_ERR_CONTRADICTION, at, h->index);
		s->passes++;
		s->end = 0;
		s->new_pass = false;
	}
	follow_first_pass(s, h);
	s->end = h->index + n;
	if (s->end > s->highest)
		s->highest = s->end;
	s->chunks++;
	s->valid += h->n_valid;
	s->invalid += h->n_invalid;
	s->chunk_offset = at;
	s->ptex = h->index;
	s->left = h->n_valid;
	s->in_chunk = true;
	s->ended = false;
	return HPT_OK;
}

/* Bring @need bytes together in the carry; false when there are not enough yet. */
static bool gather(struct decoding *s, const unsigned char **p, size_t *len, size_t need)
{
	size_t n = need - s->carried <= *len ? need - s->carried : *len;

	/* Without bytes *p may be NULL, to which C lets nothing be added. */
	if (n) {
		memcpy(s->carry + s->carried, *p, n);
		*p += n;
	}
	s->carried = (uint8_t)(s->carried + n);
	s->offset += n;
	*len -= n;
	return s->carried == need;
}

static bool is_zero(const unsigned char *p)
{
	return hpt_load_be64(p) == 0;
}

/* Read a header; @event stays HPT_EVENT_MORE when there are not enough bytes. */
static int read_header(struct decoding *s, const unsigned char **p, size_t *len, bool *got,
		       enum hpt_event *event)
{
	*got = gather(s, p, len, HPT_CHUNK_HEADER);
	if (!*got)
		return HPT_OK;
	s->carried = 0;
	if (s->dialect == HPT_DIALECT_QEMU && is_zero(s->carry)) {
		s->ended = true;
		s->new_pass = true;
		*event = HPT_EVENT_END;
		return HPT_OK;
	}
	return begin_chunk(s, s->carry);
}

uint32_t hpt_first_without_v(const unsigned char *entries, uint32_t n)
{
	unsigned char all = 1;

	/* The usual answer first, in a loop without a branch. */
	for (uint32_t i = 0; i < n; i++)
		all &= entries[(size_t)i * HPT_ENTRY_BYTES + 7];
	if (all)
		return n;
	for (uint32_t i = 0; i < n; i++)
		if (!(entries[(size_t)i * HPT_ENTRY_BYTES + 7] & 1))
			return i;
	return n;
}

/* Give @n entries at @entries, of which the last byte is at the current offset. */
static int give_run(struct decoding *s, const unsigned char *entries, uint32_t n,
		    struct hpt_run *run)
{
	uint32_t bad = n ? hpt_first_without_v(entries, n) : 0;

	if (bad < n)
		return fail(s, HPT_ERR_NOT_VALID,
			    s->offset - (uint64_t)(n - bad) * HPT_ENTRY_BYTES, s->ptex + bad);
	s->left -= n;
	*run = (struct hpt_run){
		.ptex = s->ptex,
		.n_valid = n,
		.n_invalid = s->left ? 0 : s->header.n_invalid,
		.entries_be = n ? entries : NULL,
		.offset = s->chunk_offset,
		.pass = s->passes - 1,
	};
	s->ptex += n;
	s->in_chunk = s->left > 0;
	return HPT_OK;
}

/* Read entries of the current chunk, as many as there are bytes for. */
static int read_entries(struct decoding *s, const unsigned char **p, size_t *len,
			struct hpt_run *run, enum hpt_event *event)
{
	const unsigned char *entries = *p;
	size_t n = *len / HPT_ENTRY_BYTES;
	int ret;

	if (n > s->left)
		n = s->left;
	if (s->left && (s->carried || !n)) {
		if (!gather(s, p, len, HPT_ENTRY_BYTES))
			return HPT_OK;
		s->carried = 0;
		entries = s->carry;
		n = 1;
	} else {
		s->offset += n * HPT_ENTRY_BYTES;
		*p += n * HPT_ENTRY_BYTES;
		*len -= n * HPT_ENTRY_BYTES;
	}
	ret = give_run(s, entries, (uint32_t)n, run);
	if (!ret)
		*event = HPT_EVENT_RUN;
	return ret;
}

int hpt_decoder_next(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		     enum hpt_event *event, struct hpt_run *run, struct hpt_error *err)
{
	struct decoding *s;
	const unsigned char *p = bytes;
	enum hpt_event found = HPT_EVENT_MORE;
	size_t left = len;
	bool got = true;
	int ret;

	if (!d || (!bytes && len) || !used || !event || !run)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: NULL");
	s = state_of(d);
	if (s->error)
		return report(s, err);
	while (found == HPT_EVENT_MORE && got) {
		if (s->in_chunk) {
			ret = read_entries(s, &p, &left, run, &found);
			got = found == HPT_EVENT_RUN;
		} else {
			ret = read_header(s, &p, &left, &got, &found);
			/* KVM: a chunk of no slots says nothing. */
			if (s->in_chunk && !s->header.n_valid && !s->header.n_invalid)
				s->in_chunk = false;
		}
		if (ret)
			return report(s, err);
	}
	*used = len - left;
	*event = found;
	return HPT_OK;
}

void hpt_decoder_summary(const struct hpt_decoder *d, struct hpt_stream_summary *out)
{
	const struct decoding *s = const_state_of(d);

	*out = (struct hpt_stream_summary){
		.bytes = s->offset - s->begin,
		.chunks = s->chunks,
		.valid = s->valid,
		.invalid = s->invalid,
		.highest = s->highest,
		.passes = s->passes,
		.order = found_order(s),
		.gap = s->first_end,
	};
}

static int check_end(const struct decoding *s, struct hpt_error *err)
{
	uint64_t at = s->offset;

	if (s->in_chunk)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED_ENTRIES, at,
				       "the stream ends at offset %#llx, %u bytes into the "
				       "entries of the chunk at offset %#llx, expected %u more "
				       "entries", ULL(at), s->carried, ULL(s->chunk_offset),
				       s->left);
	if (s->carried)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED_HEADER, at,
				       "the stream ends at offset %#llx, %u bytes into a chunk's "
				       "header, expected %u", ULL(at), s->carried,
				       HPT_CHUNK_HEADER);
	if (s->dialect == HPT_DIALECT_QEMU && !s->ended)
		return hpt_fail_offset(err, HPT_ERR_TRUNCATED_END, at,
				       "the stream ends at offset %#llx, expected a chunk or the "
				       "end marker", ULL(at));
	return HPT_OK;
}

int hpt_decoder_finish(const struct hpt_decoder *d, struct hpt_stream_summary *out,
		       struct hpt_error *err)
{
	struct decoding s;
	int ret;

	if (!d)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "decoder: NULL");
	s = *const_state_of(d);
	if (s.error)
		return report(&s, err);
	ret = check_end(&s, err);
	if (ret)
		return ret;
	if (s.passes == 1 && contradicts(&s)) {
		fail(&s, HPT_ERR_CONTRADICTION, s.offset, 0);
		return report(&s, err);
	}
	if (out)
		hpt_decoder_summary(d, out);
	return HPT_OK;
}
