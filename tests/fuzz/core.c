/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An ELF core as libhpt-guest opens it: all that it has is looked at, and it is written again. What
 * is written opens, too, and says the same.
 *
 * Input: an address (4 bytes); then the core.
 */
#include <unistd.h>

#include <hpt/core.h>

#include "fuzz.h"

/* A guest may name the same bytes at many addresses: more than that is not written. */
#define RAM_MAX ((uint64_t)1 << 20)

struct sink {
	uint8_t *bytes;
	size_t len;
	size_t room;
};

static int sink_write(void *ctx, const void *bytes, size_t len, struct hpt_error *err)
{
	struct sink *sink = ctx;

	(void)err;
	while (sink->room - sink->len < len) {
		sink->room = sink->room ? sink->room * 2 : 4096;
		sink->bytes = realloc(sink->bytes, sink->room);
		CHECK(sink->bytes, "no memory");
	}
	if (len)
		memcpy(sink->bytes + sink->len, bytes, len);
	sink->len += len;
	return 0;
}

static const struct hpt_writer_ops sink_ops = { .size = sizeof(sink_ops),
						.write = sink_write };

static uint64_t see_map(const struct hpt_guest *guest)
{
	struct hpt_guest_region region = { .size = sizeof(region) };
	struct hpt_guest_block block = { .size = sizeof(block) };
	uint64_t end = 0, bytes = 0, sum = 0;
	size_t i;

	for (i = 0; !hpt_guest_block(guest, i, &block, NULL); i++)
		mix_bytes(&sum, block.name, strlen(block.name));
	for (i = 0; !hpt_guest_region(guest, i, &region, NULL); i++) {
		CHECK(region.ra >= end, "regions overlap");
		CHECK(region.length && region.length <= UINT64_MAX - region.ra,
		      "a region wraps");
		end = region.ra + region.length;
		bytes += region.length;
	}
	return bytes;
}

static void see_memory(const struct hpt_guest *guest, uint64_t address)
{
	struct hpt_guest_region region = { .size = sizeof(region) };
	uint8_t bytes[300];
	struct hpt_error err;
	int ret = hpt_guest_read(guest, address, sizeof(bytes), bytes, &err);

	if (ret)
		check_error(ret, &err);
	for (size_t i = 0; i < 4 && !hpt_guest_region(guest, i, &region, NULL); i++) {
		size_t n =
			region.length < sizeof(bytes) ? (size_t)region.length : sizeof(bytes);

		CHECK(!hpt_guest_read(guest, region.ra, n, bytes, &err), "%s", err.text);
		CHECK(!hpt_guest_read(guest, region.ra + region.length - n, n, bytes, &err),
		      "%s", err.text);
	}
}

/* All that is known of the vCPUs, as a sum. */
static uint64_t see_vcpus(const struct hpt_guest *guest)
{
	static struct hpt_guest_vcpu vcpu;
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_error err;
	uint64_t sum = 0;
	int ret;

	vcpu.size = sizeof(vcpu);
	for (size_t i = 0; !hpt_guest_vcpu(guest, i, &vcpu, &err); i++) {
		mix_bytes(&sum, &vcpu, sizeof(vcpu));
		ret = hpt_guest_cpu(guest, i, &cpu, &err);
		if (ret)
			check_error(ret, &err);
		CHECK(cpu.slb_n <= HPT_SLB_MAX, "%u slots", cpu.slb_n);
	}
	return sum;
}

/* The descriptor must stay until the handle is closed. */
static struct hpt_guest *open_core(int fd)
{
	struct hpt_guest_options options = { .size = sizeof(options),
					     .kind = HPT_SOURCE_CORE };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	int ret = hpt_guest_open_fd(fd, "input", &options, &guest, &err);

	if (ret)
		check_error(ret, &err);
	return ret ? NULL : guest;
}

/* A table is larger than inputs are: it is of memory that is the same everywhere. */
static void write_again(struct hpt_guest *guest)
{
	struct sink sink = { NULL, 0, 0 };
	struct hpt_guest *again;
	struct hpt_error err;
	int ret = hpt_guest_write_core(guest, NULL, &sink_ops, &sink, &err);
	int fd;

	if (ret) {
		check_error(ret, &err);
	} else {
		fd = file_of(sink.bytes, sink.len);
		again = open_core(fd);
		CHECK(again, "what was written does not open");
		CHECK(see_map(guest) == see_map(again), "another map");
		CHECK(see_vcpus(guest) == see_vcpus(again), "other vCPUs");
		hpt_guest_close(again);
		close(fd);
	}
	free(sink.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t address = take(&in, 4);
	struct hpt_table *table = NULL;
	struct hpt_error err;
	struct hpt_guest *guest;
	int fd, ret;

	fd = file_of(in.data, in.len);
	memory_begin();
	guest = open_core(fd);
	if (guest) {
		ret = hpt_guest_table(guest, &table, &err);
		if (ret)
			check_error(ret, &err);
		see_memory(guest, address);
		(void)see_vcpus(guest);
		if (see_map(guest) <= RAM_MAX)
			write_again(guest);
		hpt_guest_close(guest);
	}
	/* What is written has a page at least for each region. */
	memory_end(in.len, 1024, 8u << 20);
	close(fd);
	return 0;
}
