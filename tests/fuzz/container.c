/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a saved guest comes in: save images of libvirt, snapshots in qcow2 disk images, kdump
 * files flattened or not, lzop; from a file and from a pipe. What one way gives the other gives.
 *
 * Input: flags (1 byte), an address (4), the name of a snapshot (1); then the file.
 */
#include <unistd.h>

#include <hpt/guest.h>

#include "fuzz.h"

#define PIPE_BYTES ((size_t)60000)
#define FLAG_PIPE 1u
#define FLAG_MEMORY 2u
#define FLAG_LIST 4u
#define FLAG_NAMED 8u

static void see_snapshots(const struct hpt_guest *guest)
{
	struct hpt_guest_snapshot snapshot = { .size = sizeof(snapshot) };
	unsigned opened = 0;
	uint64_t sum = 0;

	for (size_t i = 0; !hpt_guest_snapshot(guest, i, &snapshot, NULL); i++) {
		mix_bytes(&sum, snapshot.id, strlen(snapshot.id));
		mix_bytes(&sum, snapshot.name, strlen(snapshot.name));
		opened += snapshot.opened;
	}
	CHECK(opened <= 1, "%u snapshots are opened", opened);
}

static void see_info(const struct hpt_guest *guest)
{
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_error err;
	const char *xml;
	size_t len;

	CHECK(!hpt_guest_info(guest, &info, &err), "%s", err.text);
	CHECK(!strchr(info.container_details, '\n'), "two lines");
	if (!hpt_guest_xml(guest, &xml, &len, NULL))
		CHECK(len && strlen(xml) == len, "XML of %zu bytes", len);
	see_snapshots(guest);
}

static void see_memory(const struct hpt_guest *guest, uint64_t address)
{
	struct hpt_guest_region region = { .size = sizeof(region) };
	uint8_t bytes[9000];
	struct hpt_error err;
	int ret = hpt_guest_read(guest, address, sizeof(bytes), bytes, &err);

	if (ret)
		check_error(ret, &err);
	for (size_t i = 0; i < 4 && !hpt_guest_region(guest, i, &region, NULL); i++) {
		ret = hpt_guest_read(guest, region.ra, 16, bytes, &err);
		if (ret)
			check_error(ret, &err);
	}
}

/* The sum of the table, 0: there is none. */
static uint64_t see(struct hpt_guest *guest, uint64_t address)
{
	struct hpt_table *table = NULL;
	struct hpt_error err;
	uint64_t sum = 0;
	int ret;

	see_info(guest);
	see_memory(guest, address);
	ret = hpt_guest_table(guest, &table, &err);
	if (ret)
		check_error(ret, &err);
	else if (hpt_table_order(table) <= 20)
		sum = table_sum(table, &ret);
	return sum;
}

/* Opened from @fd; 0 or an error's code. */
static int open_and_see(int fd, const struct hpt_guest_options *options, uint64_t address,
			uint64_t *sum)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	int ret = hpt_guest_open_fd(fd, "input", options, &guest, &err);

	*sum = 0;
	if (ret)
		check_error(ret, &err);
	else
		*sum = see(guest, address);
	hpt_guest_close(guest);
	close(fd);
	return ret;
}

static int pipe_of(const struct input *in)
{
	int ends[2];

	CHECK(!pipe(ends), "no pipe");
	CHECK(write(ends[1], in->data, in->len) == (ssize_t)in->len, "a pipe has no room");
	close(ends[1]);
	return ends[0];
}

/* Only what has a container: the rest is for the target "saved". */
static bool is_container(const struct input *in)
{
	static const char *const magics[] = { "Libv", "QFI\xfb", "KDUM", "make", "\x89LZO" };

	for (size_t i = 0; i < COUNT(magics); i++)
		if (in->len >= 4 && !memcmp(in->data, magics[i], 4))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	uint64_t flags = take(&in, 1), address = take(&in, 4), name = take(&in, 1);
	struct hpt_guest_options options = { .size = sizeof(options) };
	char snapshot[2] = { (char)name, '\0' };
	uint64_t from_file, from_pipe;
	int ret;

	if (!is_container(&in))
		return -1;
	options.flags = (flags & FLAG_MEMORY ? HPT_GUEST_MEMORY : 0) |
			(flags & FLAG_LIST ? HPT_GUEST_LIST : 0);
	if (flags & FLAG_NAMED)
		options.snapshot = snapshot;
	memory_begin();
	ret = open_and_see(file_of(in.data, in.len), &options, address, &from_file);
	/* A block of LZO makes at most 256 times as much; a cluster of a disk has 2 MiB. */
	memory_end(in.len, 300, 24u << 20);
	if (!(flags & FLAG_PIPE) || in.len > PIPE_BYTES)
		return 0;
	memory_begin();
	CHECK(!open_and_see(pipe_of(&in), &options, address, &from_pipe) == !ret,
	      "a file %s, a pipe does not", ret ? "fails" : "opens");
	CHECK(from_file == from_pipe, "a pipe has another table");
	memory_end(in.len, 300, 24u << 20);
	return 0;
}
