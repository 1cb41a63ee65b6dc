/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * An outside user of libhpt, in C: a table in memory written and read, a stream encoded and
 * decoded, errors with their texts. Prints what it did; exits with 0 when all was right.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hpt/hpt.h>

#define ORDER HPT_ORDER_MIN
#define SLOTS ((uint64_t)1 << (ORDER - HPT_ENTRY_SHIFT))
#define PTEX 0x1238
#define N 3

static int failed(const char *what, const struct hpt_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err ? err->text : "not as expected");
	return 1;
}

/* Three entries of one page each, all in one group. */
static void make_entries(struct hpt_entry *entries)
{
	struct hpt_va va = { .vsid = 0x1d00d, .offset = 0x3000, .segment_shift = 28 };

	for (unsigned i = 0; i < N; i++) {
		entries[i].v = hpt_va_avpn(&va, 12) | HPT_V_VALID;
		entries[i].r = (uint64_t)(i + 1) << 12 | HPT_R_M | 2;
	}
}

static int use_table(struct hpt_table *table)
{
	struct hpt_entry in[N], out[N];
	struct hpt_error err;

	make_entries(in);
	if (hpt_table_write(table, PTEX, N, in, &err) ||
	    hpt_table_read(table, PTEX, N, out, &err))
		return failed("write and read", &err);
	if (memcmp(in, out, sizeof(in)) != 0)
		return failed("what was written and what was read", NULL);
	if (hpt_table_read(table, SLOTS - 1, 2, out, &err) != HPT_ERR_RANGE ||
	    err.code != HPT_ERR_RANGE || err.text[0] == '\0')
		return failed("a read beyond the end", NULL);
	printf("beyond the end: %s\n", err.text);
	return 0;
}

static int use_memory(void)
{
	struct hpt_table *table;
	struct hpt_error err;
	void *bytes = aligned_alloc(4096, (size_t)1 << ORDER);
	int ret;

	if (!bytes)
		return failed("memory", NULL);
	memset(bytes, 0, (size_t)1 << ORDER);
	ret = hpt_memory_open(bytes, ORDER, NULL, &table, &err);
	if (ret) {
		free(bytes);
		return failed("hpt_memory_open", &err);
	}
	ret = use_table(table);
	hpt_table_close(table);
	free(bytes);
	return ret;
}

/* Fills @bytes with a complete pass that has the entries; returns its length. */
static size_t encode(unsigned char *bytes, size_t room, const struct hpt_entry *entries)
{
	struct hpt_encoder_options options = {
		.size = sizeof(options),
		.dialect = HPT_DIALECT_KVM_LE,
		.order = ORDER,
	};
	struct hpt_encoder encoder;
	struct hpt_error err;
	size_t len;

	if (hpt_encoder_init(&encoder, &options, &err) ||
	    hpt_encoder_run(&encoder, 0, NULL, 0, PTEX, &err))
		return 0;
	len = hpt_encoder_take(&encoder, bytes, room);
	if (hpt_encoder_run(&encoder, PTEX, entries, N, SLOTS - PTEX - N, &err))
		return 0;
	len += hpt_encoder_take(&encoder, bytes + len, room - len);
	if (hpt_encoder_end(&encoder, &err))
		return 0;
	return len + hpt_encoder_take(&encoder, bytes + len, room - len);
}

static int decode(const unsigned char *bytes, size_t len)
{
	struct hpt_decoder_options options = {
		.size = sizeof(options),
		.dialect = HPT_DIALECT_KVM_LE,
	};
	struct hpt_stream_summary summary;
	struct hpt_decoder decoder;
	enum hpt_event event;
	struct hpt_error err;
	struct hpt_run run;
	uint64_t valid = 0;
	size_t used;

	if (hpt_decoder_init(&decoder, &options, &err))
		return failed("hpt_decoder_init", &err);
	do {
		if (hpt_decoder_next(&decoder, bytes, len, &used, &event, &run, &err))
			return failed("hpt_decoder_next", &err);
		bytes += used;
		len -= used;
		if (event == HPT_EVENT_RUN)
			valid += run.n_valid;
	} while (event == HPT_EVENT_RUN);
	if (hpt_decoder_finish(&decoder, &summary, &err))
		return failed("hpt_decoder_finish", &err);
	if (valid != N || summary.valid != N || summary.order != ORDER)
		return failed("the stream's summary", NULL);
	printf("stream: order %" PRIu32 ", %" PRIu64 " valid\n", summary.order, valid);
	return 0;
}

static int use_stream(void)
{
	struct hpt_entry entries[N], out[N];
	unsigned char bytes[256];
	struct hpt_table *table;
	struct hpt_error err;
	size_t len;
	int ret;

	make_entries(entries);
	len = encode(bytes, sizeof(bytes), entries);
	if (!len)
		return failed("the encoder", NULL);
	if (decode(bytes, len))
		return 1;
	if (hpt_capture_open_memory(bytes, len, NULL, &table, &err))
		return failed("hpt_capture_open_memory", &err);
	ret = hpt_table_read(table, PTEX, N, out, &err);
	hpt_table_close(table);
	if (ret || memcmp(entries, out, sizeof(entries)) != 0)
		return failed("the captured stream", ret ? &err : NULL);
	return 0;
}

int main(void)
{
	printf("libhpt %s\n", hpt_version());
	return use_memory() || use_stream();
}
