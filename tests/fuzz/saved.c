/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A source as libhpt-guest opens it, whatever it turns out to be: a file, or a pipe; then all
 * that it has is looked at: table, vCPUs, memory by real and by effective address.
 *
 * Input: flags (2 bytes), an address (4); then the file.
 */
#include <unistd.h>

#include <hpt/guest.h>

#include "fuzz.h"
#include "mutate.h"

#define PIPE_BYTES ((size_t)60000)
#define VCPUS 4
#define PREFIX 6

static void see_info(const struct hpt_guest *guest)
{
	struct hpt_guest_machine machine = { .size = sizeof(machine) };
	struct hpt_guest_region region = { .size = sizeof(region) };
	struct hpt_guest_block block = { .size = sizeof(block) };
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_error err;
	uint64_t sum = 0;
	uint64_t end = 0;
	int ret;

	CHECK(!hpt_guest_info(guest, &info, &err), "%s", err.text);
	mix_bytes(&sum, info.machine, strlen(info.machine));
	mix_bytes(&sum, info.run_state, strlen(info.run_state));
	for (size_t i = 0; !hpt_guest_block(guest, i, &block, NULL); i++)
		mix_bytes(&sum, block.name, strlen(block.name));
	for (size_t i = 0; !hpt_guest_region(guest, i, &region, NULL); i++) {
		CHECK(region.ra >= end, "regions overlap");
		CHECK(region.length && region.length <= UINT64_MAX - region.ra,
		      "a region wraps");
		end = region.ra + region.length;
	}
	for (size_t i = 0; hpt_guest_warning(guest, i); i++)
		CHECK(!strchr(hpt_guest_warning(guest, i), '\n'), "two lines");
	CHECK(hpt_guest_page_sizes(guest)->n, "no page sizes");
	ret = hpt_guest_machine(guest, &machine, &err);
	if (ret)
		check_error(ret, &err);
	else if (machine.tree)
		mix_bytes(&sum, machine.tree, machine.tree_len);
}

static void see_memory(struct hpt_guest *guest, uint64_t address)
{
	struct hpt_guest_region region = { .size = sizeof(region) };
	uint8_t bytes[9000];
	struct hpt_error err;
	int ret = hpt_guest_read(guest, address, sizeof(bytes), bytes, &err);

	if (ret)
		check_error(ret, &err);
	for (size_t i = 0; i < 4 && !hpt_guest_region(guest, i, &region, NULL); i++) {
		uint64_t n = region.length < sizeof(bytes) ? region.length : sizeof(bytes);

		ret = hpt_guest_read(guest, region.ra, (size_t)n, bytes, &err);
		if (ret)
			check_error(ret, &err);
		ret = hpt_guest_read(guest, region.ra + region.length - n, (size_t)n, bytes,
				     &err);
		if (ret)
			check_error(ret, &err);
	}
}

static void see_vcpu(struct hpt_guest *guest, size_t i, uint64_t address,
		     const struct hpt_table *table)
{
	static struct hpt_guest_vcpu vcpu;
	struct hpt_translation x = { .size = sizeof(x) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	uint8_t bytes[64];
	struct hpt_error err;
	int ret;

	vcpu.size = sizeof(vcpu);
	ret = hpt_guest_vcpu(guest, i, &vcpu, &err);
	if (ret)
		check_error(ret, &err);
	ret = hpt_guest_cpu(guest, i, &cpu, &err);
	if (ret) {
		check_error(ret, &err);
		return;
	}
	CHECK(cpu.slb_n <= HPT_SLB_MAX, "%u slots", cpu.slb_n);
	ret = hpt_translate(&cpu, table, address, HPT_ACCESS_READ, 0, &x, &err);
	if (ret)
		check_error(ret, &err);
	for (unsigned on = 0; on < 2; on++) {
		ret = hpt_guest_read_ea(guest, i, on ? address : address << 24, sizeof(bytes),
					bytes, &err);
		if (ret)
			check_error(ret, &err);
	}
}

static void see_all(struct hpt_guest *guest, uint64_t address)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	struct hpt_error err;
	int ret = hpt_guest_table(guest, &table, &err);

	if (ret)
		check_error(ret, &err);
	/* The table of a bare machine lies in its memory: the cost follows its claimed size. */
	else if (hpt_table_order(table) <= 20)
		(void)table_sum(table, &ret);
	see_info(guest);
	see_memory(guest, address);
	(void)hpt_guest_info(guest, &info, NULL);
	for (size_t i = 0; i < VCPUS && i < info.vcpus; i++)
		see_vcpu(guest, i, address, table);
}

/* What is given in @fd, from its position. */
static void open_and_see(int fd, const struct hpt_guest_options *options, uint64_t address)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	int ret = hpt_guest_open_fd(fd, "input", options, &guest, &err);

	if (ret) {
		check_error(ret, &err);
		return;
	}
	see_all(guest, address);
	hpt_guest_close(guest);
}

static int pipe_of(const struct input *in)
{
	int ends[2];

	CHECK(!pipe(ends), "no pipe");
	CHECK(write(ends[1], in->data, in->len) == (ssize_t)in->len, "a pipe has no room");
	close(ends[1]);
	return ends[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t flags = take(&in, 2), address = take(&in, 4);
	struct hpt_guest_options options = { .size = sizeof(options) };
	bool piped = flags & 8 && in.len <= PIPE_BYTES;
	int fd;

	/* The memory of a pipe is kept in a file of its own, which takes time. */
	options.flags = flags & 3;
	if (piped && (flags & 0xf0) == 0x40)
		options.flags |= HPT_GUEST_MEMORY;
	options.kind = (enum hpt_source_kind)((flags >> 8) & 3);
	options.dialect = (enum hpt_dialect)((flags >> 10) & 3);
	options.order = flags & 0x8000 ? (uint32_t)(flags >> 12 & 7) + HPT_ORDER_MIN : 0;
	fd = piped ? pipe_of(&in) : file_of(in.data, in.len);
	memory_begin();
	open_and_see(fd, &options, address);
	/* What is looked at to tell the kind is 1 MiB; a pipe has a window besides. */
	memory_end(in.len, 192, 4u << 20);
	close(fd);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t room, unsigned seed)
{
	return mutate_stream(data, len, room, PREFIX, seed);
}
