/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The stream, decoded into a table in memory. */

#include "bench.h"

#define ORDER 26u
#define SLOTS (UINT64_C(1) << (ORDER - 4))

/* What a record may cost beside its bytes. */
#define NS_A_RECORD 3.0

struct stream {
	unsigned char *bytes;
	size_t len;
	uint64_t records;
	struct hpt_raw_entry *expected; /* what must come out */
	struct hpt_raw_entry *raw;      /* where it goes */
	bool clear_first;
};

/* How many slots are valid, and where. */
typedef bool valid_fn(uint64_t *seed, uint64_t ptex);

/* A table in use for long: entries come and go, and each stands alone. */
static bool fragmented(uint64_t *seed, uint64_t ptex)
{
	(void)seed;
	return ptex % 2 == 0;
}

/* Likewise, but where they stand is by chance. */
static bool random_half(uint64_t *seed, uint64_t ptex)
{
	(void)ptex;
	return random64(seed) & 1;
}

static bool dense(uint64_t *seed, uint64_t ptex)
{
	(void)seed;
	(void)ptex;
	return true;
}

static bool one_percent(uint64_t *seed, uint64_t ptex)
{
	(void)ptex;
	return random64(seed) % 100 == 0;
}

static void make_table(struct stream *s, valid_fn *valid)
{
	uint64_t seed = 7;

	s->expected = alloc_table(sizeof(*s->expected) * SLOTS);
	s->raw = alloc_table(sizeof(*s->raw) * SLOTS);
	/* What was there before must be gone. */
	memset(s->raw, 0xa5, sizeof(*s->raw) * SLOTS);
	for (uint64_t i = 0; i < SLOTS; i++) {
		struct hpt_entry e;

		if (!valid(&seed, i))
			continue;
		e.v = (random64(&seed) & ~HPT_V_HYPERVISOR) | HPT_V_VALID;
		e.r = random64(&seed);
		hpt_entries_to_bytes(&e, 1, &s->expected[i]);
	}
}

static bool is_valid(const struct stream *s, uint64_t i)
{
	return s->expected[i].v_be.raw_be != 0;
}

static void put_run(struct stream *s, struct hpt_encoder *e, uint64_t first, uint64_t n_valid,
		    uint64_t n_invalid, struct hpt_entry *entries)
{
	hpt_entries_from_bytes(s->expected + first, n_valid, entries);
	if (hpt_encoder_run(e, first, entries, n_valid, n_invalid, NULL))
		die("the encoder");
	s->len += hpt_encoder_take(e, s->bytes + s->len, SIZE_MAX / 2);
}

static void encode(struct stream *s)
{
	const struct hpt_encoder_options o = { .size = sizeof(o),
					       .order = ORDER,
					       .dialect = HPT_DIALECT_KVM_LE };
	struct hpt_entry *entries = must_alloc(sizeof(*entries) * SLOTS);
	struct hpt_encoder e;

	s->bytes = alloc_table((size_t)2 << ORDER);
	if (hpt_encoder_init(&e, &o, NULL))
		die("the encoder");
	for (uint64_t i = 0; i < SLOTS;) {
		uint64_t first = i, behind;

		while (i < SLOTS && is_valid(s, i))
			i++;
		behind = i;
		while (i < SLOTS && !is_valid(s, i))
			i++;
		put_run(s, &e, first, behind - first, i - behind, entries);
	}
	free(entries);
}

static struct hpt_stream_summary decode(const struct stream *s)
{
	const struct hpt_decoder_options o = { .size = sizeof(o),
					       .order = ORDER,
					       .dialect = HPT_DIALECT_KVM_LE };
	struct hpt_stream_summary summary;
	struct hpt_decoder d;
	enum hpt_event event;
	size_t used;

	if (hpt_decoder_init(&d, &o, NULL) ||
	    hpt_decoder_load(&d, s->bytes, s->len, &used, &event, s->raw, NULL) ||
	    hpt_decoder_finish(&d, &summary, NULL))
		die("the decoder");
	return summary;
}

static double run_decode(void *arg)
{
	struct stream *s = arg;
	double begin = now_ns(), end;

	if (s->clear_first)
		memset(s->raw, 0, sizeof(*s->raw) * SLOTS);
	decode(s);
	end = now_ns();
	if (memcmp(s->raw, s->expected, sizeof(*s->raw) * SLOTS))
		die("the table that was decoded is another");
	return end - begin;
}

static void free_stream(struct stream *s)
{
	free_table(s->expected, sizeof(*s->expected) * SLOTS);
	free_table(s->raw, sizeof(*s->raw) * SLOTS);
	free_table(s->bytes, (size_t)2 << ORDER);
}

static void figure(struct bench *b, const char *name, valid_fn *valid, double goal)
{
	struct stream s = { .len = 0 };
	struct measure m;
	struct copy c;

	make_table(&s, valid);
	encode(&s);
	s.records = decode(&s).chunks;
	c = (struct copy){ .to = alloc_table(s.len), .from = s.bytes, .bytes = s.len };
	if (valid != dense)
		c.extra = NS_A_RECORD / goal * (double)s.records;
	m = measure(b, (struct job){ run_decode, &s }, (struct job){ run_memcpy, &c });
	report_measure(b, name, "ms", 1e6, &m, goal);
	free_table(c.to, s.len);
	free_stream(&s);
}

/* A table that is not new: whoever decodes makes every slot that is not valid zero. */
static void figure_clear(struct bench *b)
{
	struct stream s = { .len = 0 };
	struct measure m;
	struct copy c;

	make_table(&s, one_percent);
	encode(&s);
	c = (struct copy){ .to = s.raw, .bytes = sizeof(*s.raw) * SLOTS };
	m = measure(b, (struct job){ run_decode, &s }, (struct job){ run_memset, &c });
	report_measure(b, "stream/decode/1%-and-clear", "ms", 1e6, &m, 1.3);
	free_stream(&s);
}

void bench_stream(struct bench *b)
{
	if (!wanted(b, "stream"))
		return;
	figure(b, "stream/decode/fragmented", fragmented, 1.2);
	figure(b, "stream/decode/random-half", random_half, 1.2);
	figure(b, "stream/decode/dense", dense, 1.1);
	figure_clear(b);
}
