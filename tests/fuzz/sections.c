/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * QEMU's migration stream by hpt/qemu.h: in memory, and in pieces from a source that is read
 * forward only. Both give the same items, remarks, RAM, table, and the same error.
 *
 * Input: pieces (2), flags; then the stream, or what comes behind its header.
 */
#include <hpt/qemu.h>

#include "fuzz.h"
#include "mutate.h"

#define REST_MAX ((size_t)1 << 20)
#define RECORDS 64

struct drip {
	const uint8_t *bytes;
	size_t len, at, step;
	uint32_t seed;
};

static int drip_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct drip *drip = ctx;
	size_t n;

	(void)err;
	drip->seed = drip->seed * 1664525 + 1013904223;
	n = (drip->seed >> 16) % drip->step + 1;
	n = n < len ? n : len;
	n = n < drip->len - drip->at ? n : drip->len - drip->at;
	memcpy(bytes, drip->bytes + drip->at, n);
	drip->at += n;
	*got = n;
	return 0;
}

static const struct hpt_reader_ops drip_ops = { .size = sizeof(drip_ops), .read = drip_read };

/* A section of device state ends where a footer with its number is. */
static int length_of(void *arg, struct hpt_qemu *q, const struct hpt_qemu_item *item,
		     uint64_t *length, struct hpt_error *err)
{
	const uint8_t *rest;
	const void *bytes;
	uint64_t offset;
	size_t len, at;
	int ret = hpt_qemu_rest(q, REST_MAX, &bytes, &len, &offset, err);

	(void)arg;
	if (ret)
		return ret;
	CHECK(offset <= item->payload, "the rest begins behind the section");
	rest = bytes;
	for (at = (size_t)(item->payload - offset); at + 5 <= len; at++) {
		uint32_t id = (uint32_t)rest[at + 1] << 24 | (uint32_t)rest[at + 2] << 16 |
			      (uint32_t)rest[at + 3] << 8 | rest[at + 4];

		if (rest[at] == 0x7e && id == item->section_id) {
			*length = at - (item->payload - offset);
			return 0;
		}
	}
	return hpt_error_fill(err, HPT_ERR_SECTION_LENGTH, 0, "the section has no footer");
}

/* What a reader gave, as a sum. */
struct seen {
	uint64_t sum;
	int ret;
	struct hpt_error err;
};

static void see_items(struct hpt_qemu *q, struct seen *seen)
{
	const struct hpt_qemu_item *item = NULL;
	uint64_t behind = 0;

	for (;;) {
		seen->ret = hpt_qemu_next(q, &item, &seen->err);
		if (seen->ret || !item)
			break;
		CHECK(item->offset >= behind, "items go back");
		CHECK(item->payload > item->offset, "a payload before its item");
		behind = item->payload;
		mix(&seen->sum, item->type);
		mix(&seen->sum, item->section_id);
		mix(&seen->sum, item->instance_id);
		mix(&seen->sum, item->version_id);
		mix(&seen->sum, item->command);
		mix(&seen->sum, item->offset);
		mix(&seen->sum, item->payload);
		mix(&seen->sum, item->length);
		mix_bytes(&seen->sum, item->name, strlen(item->name));
	}
	if (!seen->ret)
		return;
	check_error(seen->ret, &seen->err);
	CHECK(seen->err.has & HPT_ERROR_HAS_OFFSET, "no offset: %s", seen->err.text);
	CHECK(hpt_qemu_next(q, &item, NULL) == seen->ret, "another error");
}

static void see_info(const struct hpt_qemu *q, struct seen *seen)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };
	const char *line;

	CHECK(!hpt_qemu_info(q, &info, NULL), "no info");
	mix_bytes(&seen->sum, info.machine, strlen(info.machine));
	mix(&seen->sum, info.htab);
	mix(&seen->sum, info.mapped_ram);
	mix(&seen->sum, info.ignore_shared);
	mix(&seen->sum, info.ended);
	mix(&seen->sum, (uint64_t)info.order << 32 | info.order_start);
	mix(&seen->sum, info.htab_rounds);
	mix(&seen->sum, info.htab_chunks);
	mix(&seen->sum, info.htab_valid);
	mix(&seen->sum, info.ram_bytes);
	mix(&seen->sum, info.ram_rounds);
	mix(&seen->sum, info.ram_records);
	mix(&seen->sum, info.ram_blocks);
	mix(&seen->sum, info.sections);
	/* Where it went wrong, pieces before the place were taken or not. */
	if (!seen->ret)
		mix(&seen->sum, info.bytes);
	for (size_t i = 0; (line = hpt_qemu_warning(q, i)); i++)
		mix_bytes(&seen->sum, line, strlen(line));
}

static void see_page(const struct hpt_qemu *q, size_t block, uint64_t page, struct seen *seen)
{
	struct hpt_qemu_page records[RECORDS];
	struct hpt_error err;
	size_t n = 0;
	int ret = hpt_qemu_page(q, block, page, records, RECORDS, &n, &err);

	mix(&seen->sum, (uint64_t)ret);
	if (ret) {
		check_error(ret, &err);
		return;
	}
	CHECK(n > 0, "page %llu of no record", (unsigned long long)page);
	mix(&seen->sum, n);
	for (size_t i = 0; i < n && n <= RECORDS; i++) {
		mix(&seen->sum, records[i].record);
		mix(&seen->sum, records[i].length);
		mix(&seen->sum, records[i].offset);
		mix(&seen->sum, records[i].fill);
	}
}

static void see_blocks(const struct hpt_qemu *q, struct seen *seen)
{
	struct hpt_qemu_block block = { .size = sizeof(block) };

	for (size_t i = 0; !hpt_qemu_block(q, i, &block, NULL); i++) {
		uint64_t pages = block.length / HPT_QEMU_PAGE;

		mix_bytes(&seen->sum, block.name, strlen(block.name));
		mix(&seen->sum, block.length);
		mix(&seen->sum, block.page_size);
		mix(&seen->sum, block.mr_address);
		mix(&seen->sum, block.runs);
		for (uint64_t page = 0; page < pages && page < 40; page++)
			see_page(q, i, page, seen);
		see_page(q, i, pages / 2, seen);
		see_page(q, i, pages, seen);
	}
}

static void see_table(struct hpt_qemu *q, struct seen *seen)
{
	struct hpt_table *table = NULL;
	struct hpt_error err;
	int ret = hpt_qemu_table(q, &table, &err);

	mix(&seen->sum, (uint64_t)ret);
	if (ret) {
		check_error(ret, &err);
		return;
	}
	mix(&seen->sum, table_sum(table, &ret));
	CHECK(!ret, "a table of a stream is read");
}

static void see_all(struct hpt_qemu *q, struct seen *seen)
{
	uint64_t sum;

	see_items(q, seen);
	see_info(q, seen);
	see_blocks(q, seen);
	sum = seen->sum;
	see_table(q, seen);
	if (seen->ret)
		seen->sum = sum;
	hpt_qemu_close(q);
}

static void see_memory(const struct hpt_qemu_options *options, const struct input *in,
		       struct seen *seen)
{
	struct hpt_qemu *q = NULL;

	memory_begin();
	seen->ret = hpt_qemu_open_memory(in->data, in->len, options, &q, &seen->err);
	if (seen->ret)
		check_error(seen->ret, &seen->err);
	else
		see_all(q, seen);
	/* A chunk of 24 bytes may begin a leaf of 64 entries and the nodes that lead to it. */
	memory_end(in->len, 192, 64u << 10);
}

static void see_pieces(const struct hpt_qemu_options *options, const struct input *in,
		       uint32_t pieces, struct seen *seen)
{
	struct drip drip = { in->data, in->len, 0, pieces % 113 + 1, pieces };
	struct hpt_qemu *q = NULL;

	memory_begin();
	seen->ret = hpt_qemu_open_reader(&drip_ops, &drip, options, &q, &seen->err);
	if (seen->ret)
		check_error(seen->ret, &seen->err);
	else
		see_all(q, seen);
	/* And a window on the source: 256 KiB, or twice what has to stay in it. */
	memory_end(in->len, 192, 512u << 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct hpt_qemu_options options = { .size = sizeof(options) };
	struct seen memory = { 0 }, pieces = { 0 };
	uint32_t step = (uint32_t)take(&in, 2);
	uint64_t flags = take(&in, 1);

	if (flags & 1)
		options.length = length_of;
	if (flags & 2)
		options.offset = 0x10000;
	see_memory(&options, &in, &memory);
	see_pieces(&options, &in, step, &pieces);
	CHECK(memory.ret == pieces.ret, "%d in memory, %d in pieces: %s", memory.ret,
	      pieces.ret, memory.ret ? memory.err.text : pieces.err.text);
	if (memory.ret) {
		CHECK(memory.err.offset == pieces.err.offset, "%s", memory.err.text);
		CHECK(!strcmp(memory.err.text, pieces.err.text), "%s", memory.err.text);
	}
	CHECK(memory.sum == pieces.sum, "another answer in pieces");
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t room, unsigned seed)
{
	return mutate_stream(data, len, room, 3, seed);
}
