/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * KVM's own listing, in memory and in pieces: both say the same, and what was taken, printed as
 * the kernel prints it, is the listing again.
 *
 * Input: order, flags, pieces; then the listing.
 */
#include <inttypes.h>

#include <hpt/debugfs.h>

#include "fuzz.h"

struct drip {
	const uint8_t *bytes;
	size_t len, at, step;
};

static int drip_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct drip *drip = ctx;
	size_t n = drip->len - drip->at;

	(void)err;
	n = n < drip->step ? n : drip->step;
	n = n < len ? n : len;
	memcpy(bytes, drip->bytes + drip->at, n);
	drip->at += n;
	*got = n;
	return 0;
}

static const struct hpt_reader_ops drip_ops = { .size = sizeof(drip_ops), .read = drip_read };

static size_t print_slot(const struct hpt_table *table, uint64_t ptex, char *line, size_t room)
{
	struct hpt_debugfs_slot slot = { .size = sizeof(slot) };
	struct hpt_error err;

	CHECK(!hpt_debugfs_slot(table, ptex, &slot, &err), "%s", err.text);
	CHECK(slot.listed, "slot %" PRIx64 " is not listed", ptex);
	CHECK(slot.absent || slot.host.v & HPT_V_VALID, "slot %" PRIx64, ptex);
	return (size_t)snprintf(line, room,
				"%6" PRIx64 " %.16" PRIx64 " %.16" PRIx64 " %.16" PRIx64 "\n",
				ptex, slot.real.v, slot.real.r, slot.guest_r);
}

/* Line by line, the index as strtoull() reads it. */
static void print_again(const struct hpt_table *table, const struct input *in)
{
	struct hpt_debugfs_info info = { .size = sizeof(info) };
	uint64_t lines = 0;
	char line[128];
	size_t at, n;

	for (at = 0; at < in->len; at += n, lines++) {
		n = in->len - at < sizeof(line) - 1 ? in->len - at : sizeof(line) - 1;
		memcpy(line, in->data + at, n);
		line[n] = '\0';
		n = print_slot(table, strtoull(line, NULL, 16), line, sizeof(line));
		CHECK(n <= in->len - at && !memcmp(line, in->data + at, n), "line %" PRIu64,
		      lines + 1);
	}
	CHECK(!hpt_debugfs_info(table, &info, NULL), "no info");
	CHECK(info.listed == lines, "%" PRIu64 " lines of %" PRIu64, info.listed, lines);
	CHECK(info.bytes == in->len, "%" PRIu64 " bytes", info.bytes);
	CHECK(info.absent <= info.listed && info.mmio <= info.absent, "more are absent");
}

static uint64_t see(const struct hpt_table *table, const struct input *in)
{
	uint64_t sum;
	int ret;

	print_again(table, in);
	sum = table_sum(table, &ret);
	CHECK(!ret, "a listing is read");
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct hpt_debugfs_options options = { .size = sizeof(options) };
	struct hpt_table *whole = NULL, *pieces = NULL;
	struct hpt_error err, other;
	uint64_t order = take(&in, 1);
	struct drip drip;
	int ret, again;

	options.order = order % 30 ? HPT_ORDER_MIN - 1 + (uint32_t)order % 30 : 0;
	options.flags = (uint32_t)take_below(&in, 3);
	drip = (struct drip){ .step = (size_t)take(&in, 1) + 1 };
	drip.bytes = in.data;
	drip.len = in.len;
	memory_begin();
	ret = hpt_debugfs_open_memory(in.data, in.len, &options, &whole, &err);
	again = hpt_debugfs_open_reader(&drip_ops, &drip, &options, &pieces, &other);
	CHECK(ret == again, "%d in memory, %d in pieces", ret, again);
	if (ret) {
		check_error(ret, &err);
		CHECK(!strcmp(err.text, other.text), "%s, in pieces %s", err.text, other.text);
	} else {
		CHECK(see(whole, &in) == see(pieces, &in), "another table in pieces");
	}
	hpt_table_close(whole);
	hpt_table_close(pieces);
	/* A line of 58 bytes is 32 in memory, in arrays that double; and buffers to read. */
	memory_end(in.len, 8, 1u << 20);
	return 0;
}
