/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every shape that the headers of a short stream can have, in each dialect, through decoder,
 * loader and encoder. What must come of it is told by a model that looks at a table slot by
 * slot, of which only the lowest slots, or those around the table's end, are ever named.
 */

#include "streams.h"

#define WINDOW 32u /* slots of the model's table */
#define CHUNKS_MAX 4u
#define SLOTS_18 0x4000u
#define UNTOUCHED UINT64_C(0xEEEEEEEEEEEEEEEE)

static const enum hpt_dialect dialects[] = { HPT_DIALECT_KVM_LE, HPT_DIALECT_KVM_BE,
					     HPT_DIALECT_QEMU };

struct shape {
	uint32_t index, nv, ni;
};

/* A stream: what its headers say, and what is known of its table beforehand. */
struct stream {
	enum hpt_dialect dialect;
	uint32_t order; /* as given; 0: not given */
	uint64_t first; /* the window's first slot */
	struct shape chunk[CHUNKS_MAX];
	size_t n;
};

/* What must come of it. */
struct model {
	int code;
	uint64_t offset; /* of the error */
	uint64_t chunks, valid, invalid, highest, passes, order, gap;
	/* v of each slot of the window: 0 invalid, UNTOUCHED not named. */
	uint64_t slot[WINDOW];
	bool named[WINDOW]; /* by the first pass */
	uint64_t first_highest;
	bool after_end;
};

/* The @k-th entry of a stream is one of a kind. */
static struct hpt_entry entry_number(uint64_t k)
{
	return (struct hpt_entry){ (k + 1) << 12 | 1, (k + 1) << 16 | 2 };
}

static uint64_t slots_of(const struct stream *s)
{
	return s->order ? UINT64_C(1) << (s->order - 4) : UINT64_C(1) << 32;
}

static bool is_end(const struct stream *s, const struct shape *c)
{
	return s->dialect == HPT_DIALECT_QEMU && !c->index && !c->nv && !c->ni;
}

/* A filler names all that is below the window, so that a first pass can be complete. */
static bool is_filler(const struct stream *s, const struct shape *c)
{
	return s->first && !c->index && !c->nv && c->ni == s->first;
}

static void name_slots(const struct stream *s, const struct shape *c, struct model *m)
{
	if (is_filler(s, c))
		return;
	for (uint64_t i = 0; i < (uint64_t)c->nv + c->ni; i++) {
		uint64_t at = c->index + i - s->first;

		assert_in_range(at, 0, WINDOW - 1);
		m->slot[at] = i < c->nv ? entry_number(m->valid + i).v : 0;
		m->named[at] |= m->passes == 1;
	}
}

/* Slots from the table's beginning that the first pass named, and how far it went. */
static void judge_first_pass(const struct stream *s, struct model *m)
{
	bool filled = !s->first || is_filler(s, &s->chunk[0]);
	uint64_t covered = filled ? s->first : 0;

	for (unsigned i = 0; filled && i < WINDOW && m->named[i]; i++)
		covered++;
	m->gap = covered;
	m->order = 0;
	for (uint64_t order = 18; order <= 36; order++)
		if (covered == UINT64_C(1) << (order - 4) && m->first_highest == covered)
			m->order = order;
}

static bool contradicts(const struct stream *s, struct model *m)
{
	judge_first_pass(s, m);
	return s->dialect != HPT_DIALECT_QEMU && s->order && m->order && m->order != s->order;
}

/* One header more; false when the stream is wrong there. */
static bool follow(const struct stream *s, const struct shape *c, uint64_t *end,
		   struct model *m)
{
	uint64_t beyond = (uint64_t)c->index + c->nv + c->ni;

	if (is_end(s, c)) {
		m->after_end = true;
		*end = UINT64_MAX;
		return true;
	}
	if (c->index >= slots_of(s))
		m->code = HPT_ERR_CHUNK_INDEX;
	else if (beyond > slots_of(s))
		m->code = HPT_ERR_CHUNK_COUNT;
	else if (m->passes == 1 && c->index < *end && contradicts(s, m))
		m->code = HPT_ERR_CONTRADICTION;
	if (m->code)
		return false;
	m->passes += !m->passes || c->index < *end;
	if (m->passes == 1)
		m->first_highest = beyond;
	name_slots(s, c, m);
	m->chunks++;
	m->valid += c->nv;
	m->invalid += c->ni;
	m->highest = beyond > m->highest ? beyond : m->highest;
	m->after_end = false;
	*end = beyond;
	return true;
}

static void judge(const struct stream *s, struct model *m)
{
	uint64_t end = 0;

	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < WINDOW; i++)
		m->slot[i] = UNTOUCHED;
	for (size_t i = 0; i < s->n; i++) {
		if (!follow(s, &s->chunk[i], &end, m))
			return;
		m->offset += 8 + 16 * s->chunk[i].nv;
	}
	if (s->dialect == HPT_DIALECT_QEMU && !m->after_end)
		m->code = HPT_ERR_TRUNCATED_END;
	else if (m->passes == 1 && contradicts(s, m))
		m->code = HPT_ERR_CONTRADICTION;
	else
		judge_first_pass(s, m);
}

static void put(unsigned char **p, uint64_t value, unsigned size, bool little)
{
	for (unsigned i = 0; i < size; i++)
		*(*p)++ = (unsigned char)(value >> 8 * (little ? i : size - 1 - i));
}

/* The stream's bytes, with as many entries as the headers say. */
static size_t write_stream(const struct stream *s, unsigned char *bytes)
{
	bool little = s->dialect == HPT_DIALECT_KVM_LE;
	unsigned char *p = bytes;
	uint64_t k = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct shape *c = &s->chunk[i];

		put(&p, c->index, 4, little);
		put(&p, c->nv, 2, little);
		put(&p, c->ni, 2, little);
		for (uint32_t e = 0; e < c->nv; e++, k++) {
			put(&p, entry_number(k).v, 8, false);
			put(&p, entry_number(k).r, 8, false);
		}
	}
	return (size_t)(p - bytes);
}

static void explain(const struct stream *s, const char *what)
{
	for (size_t i = 0; i < s->n; i++)
		print_message("# %s, order %u: index %#x, %u valid, %u invalid\n",
			      hpt_dialect_name(s->dialect), s->order, s->chunk[i].index,
			      s->chunk[i].nv, s->chunk[i].ni);
	fail_msg("%s", what);
}

static void check_summary(const struct stream *s, const struct model *m,
			  const struct hpt_stream_summary *seen, size_t len)
{
	if (seen->bytes != len || seen->chunks != m->chunks || seen->valid != m->valid ||
	    seen->invalid != m->invalid || seen->highest != m->highest ||
	    seen->passes != m->passes || seen->order != m->order || seen->gap != m->gap)
		explain(s, "the summary is another");
}

static void check_error(const struct stream *s, const struct model *m, int ret,
			const struct hpt_error *err)
{
	if (ret != m->code)
		explain(s, hpt_code_name(ret));
	if (m->code && err->offset != m->offset)
		explain(s, "the error is said to be elsewhere");
}

static void check_decoder(const struct stream *s, const struct model *m,
			  const unsigned char *bytes, size_t len, size_t step)
{
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .dialect = s->dialect,
					       .order = s->order };
	struct items found;

	items_decode(&found, &o, bytes, len, step, step);
	check_error(s, m, found.ret, &found.err);
	if (!m->code)
		check_summary(s, m, &found.summary, len);
	for (unsigned i = 0; i < WINDOW; i++) {
		uint64_t expected = m->slot[i] == UNTOUCHED ? 0 : m->slot[i];

		if (items_slot(&found, s->first + i).v != expected)
			explain(s, "a slot is another");
	}
	items_free(&found);
}

/* Straight into memory, where what is not named stays. */
static void check_loader(const struct stream *s, const struct model *m,
			 const unsigned char *bytes, size_t len, size_t step,
			 struct hpt_raw_entry *raw)
{
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .dialect = s->dialect,
					       .order = s->order };
	struct hpt_raw_entry *window = raw + s->first;
	uint64_t left = slots_of(s) - s->first;
	struct hpt_stream_summary summary;
	struct hpt_decoder d;
	struct hpt_error err;
	size_t used = 0;
	int ret = 0;

	memset(window, 0xEE, sizeof(*raw) * (left < WINDOW ? left : WINDOW));
	assert_int_equal(hpt_decoder_init(&d, &o, NULL), 0);
	for (size_t at = 0; at < len && !ret; at += used) {
		size_t n = len - at < step ? len - at : step;
		enum hpt_event event;

		ret = hpt_decoder_load(&d, bytes + at, n, &used, &event, raw, &err);
		if (!ret && event == HPT_EVENT_MORE)
			assert_int_equal(used, n);
	}
	if (!ret)
		ret = hpt_decoder_finish(&d, &summary, &err);
	check_error(s, m, ret, &err);
	if (!m->code)
		check_summary(s, m, &summary, len);
	for (unsigned i = 0; i < WINDOW && i < left; i++)
		if (hpt_be64_get(window[i].v_be) != m->slot[i] ||
		    (m->slot[i] & 1 && hpt_be64_get(window[i].r_be) >> 16 != m->slot[i] >> 12))
			explain(s, "a slot in memory is another");
}

static void check(const struct stream *s, struct hpt_raw_entry *raw)
{
	unsigned char bytes[CHUNKS_MAX * (8 + 16 * WINDOW)];
	size_t len = write_stream(s, bytes);
	struct model m;

	judge(s, &m);
	check_decoder(s, &m, bytes, len, len);
	check_decoder(s, &m, bytes, len, 11);
	if (raw) {
		check_loader(s, &m, bytes, len, len, raw);
		check_loader(s, &m, bytes, len, 37, raw);
	}
}

/* All shapes with an index from @low on, at most @indices - 1 above, and counts below @counts. */
static struct shape shape_number(unsigned k, uint32_t low, unsigned indices, unsigned counts)
{
	return (struct shape){ low + k % indices, k / indices % counts, k / indices / counts };
}

static struct hpt_raw_entry *new_table(void)
{
	struct hpt_raw_entry *raw = aligned_alloc(128, sizeof(*raw) * SLOTS_18);

	assert_non_null(raw);
	memset(raw, 0, sizeof(*raw) * SLOTS_18);
	return raw;
}

/* One chunk anywhere at either end of the table, and behind it QEMU's end. */
static void test_one_chunk(void **state)
{
	enum { INDICES = 10, COUNTS = 12 };
	struct hpt_raw_entry *raw = new_table();

	(void)state;
	for (unsigned k = 0; k < INDICES * COUNTS * COUNTS; k++)
		for (unsigned d = 0; d < COUNT(dialects); d++)
			for (unsigned top = 0; top < 2; top++) {
				struct stream s = { .dialect = dialects[d],
						    .order = 18,
						    .first =
							    top ? SLOTS_18 - INDICES + 1 : 0 };

				s.chunk[0] =
					shape_number(k, (uint32_t)s.first, INDICES, COUNTS);
				for (s.n = 1; s.n < 3; s.n++)
					check(&s, raw);
			}
	free(raw);
}

/* Two and three chunks, of which each may follow the one before, leave a gap, or go back. */
static void test_sequences(void **state)
{
	enum { SHAPES = 4 * 3 * 3 };
	struct hpt_raw_entry *raw = new_table();

	(void)state;
	for (unsigned k = 0; k < SHAPES * SHAPES * SHAPES; k++) {
		struct stream s = { .dialect = dialects[k % COUNT(dialects)], .order = 18 };

		for (s.n = 0; s.n < 3; s.n++)
			s.chunk[s.n] = shape_number(k /
							    (s.n == 0   ? 1
							     : s.n == 1 ? SHAPES
									: SHAPES * SHAPES) %
							    SHAPES,
						    0, 4, 3);
		s.n = s.dialect == HPT_DIALECT_QEMU || k % 2 ? 3 : 2;
		s.n += s.dialect == HPT_DIALECT_QEMU;
		check(&s, raw);
	}
	free(raw);
}

/* Behind all slots but a few: first passes that are complete, too short, or too long. */
static void test_complete(void **state)
{
	enum { SHAPES = 5 * 3 * 4 };
	static const uint32_t orders[] = { 0, 18, 19, 20 };

	(void)state;
	for (unsigned k = 0; k < SHAPES * SHAPES; k++)
		for (unsigned d = 0; d < COUNT(dialects); d++)
			for (unsigned o = 0; o < COUNT(orders); o++) {
				struct stream s = { .dialect = dialects[d],
						    .order = orders[o],
						    .first = SLOTS_18 - 3 };

				s.chunk[0] = (struct shape){ 0, 0, SLOTS_18 - 3 };
				s.chunk[1] = shape_number(k % SHAPES, SLOTS_18 - 3, 5, 3);
				s.chunk[2] = shape_number(k / SHAPES, SLOTS_18 - 3, 5, 3);
				s.n = k % SHAPES == 1                 ? 2
				      : s.dialect == HPT_DIALECT_QEMU ? 4
								      : 3;
				check(&s, NULL);
			}
}

/* Cut behind each of its bytes, a stream ends too early, or there was a chunk's end. */
static void check_cuts(const struct stream *s)
{
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .dialect = s->dialect,
					       .order = s->order };
	unsigned char bytes[CHUNKS_MAX * (8 + 16 * WINDOW)];
	size_t len = write_stream(s, bytes);
	struct items found;

	for (size_t cut = 0, begin = 0, i = 0; cut < len; cut++) {
		int code = HPT_ERR_TRUNCATED_ENTRIES;

		if (cut - begin == 8 + 16 * (size_t)s->chunk[i].nv) {
			begin = cut;
			i++;
		}
		if (cut - begin == 0)
			code = s->dialect == HPT_DIALECT_QEMU ? HPT_ERR_TRUNCATED_END : 0;
		else if (cut - begin < 8)
			code = HPT_ERR_TRUNCATED_HEADER;
		items_decode(&found, &o, bytes, cut, cut, cut);
		if (found.ret != code || (code && found.err.offset != cut))
			explain(s, "it was cut, and the answer is another");
		items_free(&found);
	}
}

static void test_cuts(void **state)
{
	enum { SHAPES = 3 * 4 * 3 };

	(void)state;
	for (unsigned k = 0; k < SHAPES * SHAPES; k++) {
		struct stream s = { .dialect = dialects[k % COUNT(dialects)], .order = 18 };

		s.chunk[0] = shape_number(k % SHAPES, 1, 3, 4);
		s.chunk[1] = shape_number(k / SHAPES, 1, 3, 4);
		s.n = 2;
		check_cuts(&s);
	}
}

/* The encoder's bytes of a run are those of one chunk, or none when there are no slots. */
static void check_encoder(const struct stream *s, size_t room)
{
	const struct hpt_encoder_options o = { .size = sizeof(o),
					       .dialect = s->dialect,
					       .order = s->order };
	unsigned char expected[CHUNKS_MAX * (8 + 16 * WINDOW)], bytes[sizeof(expected) + 64];
	struct stream chunks = { .dialect = s->dialect, .order = s->order };
	size_t len, used = 0, n;
	struct hpt_encoder e;
	uint64_t k = 0;

	assert_int_equal(hpt_encoder_init(&e, &o, NULL), 0);
	for (size_t i = 0; i <= s->n; i++) {
		const struct shape *c = &s->chunk[i];
		struct hpt_entry entries[WINDOW];
		int ret, code = (uint64_t)c->index + c->nv + c->ni > slots_of(s)
					? HPT_ERR_RANGE
					: 0;

		for (uint32_t j = 0; i < s->n && j < c->nv; j++)
			entries[j] = entry_number(k + j);
		ret = i < s->n ? hpt_encoder_run(&e, c->index, entries, c->nv, c->ni, NULL)
			       : hpt_encoder_end(&e, NULL);
		if (i < s->n && ret != code)
			explain(s, "the encoder answers otherwise");
		if (i < s->n && !code && c->nv + c->ni) {
			chunks.chunk[chunks.n++] = *c;
			k += c->nv;
		}
		do {
			n = hpt_encoder_take(&e, bytes + used, room);
			used += n;
		} while (n == room);
	}
	if (s->dialect == HPT_DIALECT_QEMU)
		chunks.chunk[chunks.n++] = (struct shape){ 0, 0, 0 };
	len = write_stream(&chunks, expected);
	if (used != len || memcmp(bytes, expected, len) != 0)
		explain(s, "the encoder's bytes are others");
}

static void test_encoder(void **state)
{
	enum { SHAPES = 4 * 4 * 4 };

	(void)state;
	for (unsigned k = 0; k < SHAPES * SHAPES; k++)
		for (unsigned top = 0; top < 2; top++) {
			uint32_t low = top ? SLOTS_18 - 4 : 0;
			struct stream s = { .dialect = dialects[k % COUNT(dialects)],
					    .order = 18,
					    .first = low };

			s.chunk[0] = shape_number(k % SHAPES, low, 4, 4);
			s.chunk[1] = shape_number(k / SHAPES, low, 4, 4);
			s.n = 2;
			check_encoder(&s, 1 + k % 48);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_chunk), cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_complete),  cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_encoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
