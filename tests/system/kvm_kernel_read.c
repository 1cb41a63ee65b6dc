/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the kernel does with those who read its descriptor. doc/kvm.md tells it in words. */

#include "kvm_parts.h"

#define ROOM (64u << 10)

static unsigned char bytes[ROOM];

struct search {
	uint64_t ptex;
	struct host_line *line;
};

static bool unlike(void *arg, const struct host_line *line)
{
	const struct search *search = arg;

	*search->line = *line;
	return line->ptex != search->ptex;
}

bool raw_line(const struct guest *g, uint64_t ptex, struct host_line *line)
{
	struct search search = { ptex, line };

	return !host_each_line(g->vm, unlike, &search) && line->ptex == ptex;
}

/* Slots that a first read of @count bytes gives. */
static unsigned first_read(const struct guest *g, size_t count, ssize_t *n)
{
	int fd = raw_open(g, 0, 0);
	unsigned valid = 0;

	*n = read(fd, bytes, count);
	if (*n > 0)
		valid = raw_header_at(bytes).n_valid;
	close(fd);
	return valid;
}

static void check_room(const struct guest *g)
{
	static const struct {
		size_t count;
		unsigned valid;
	} cases[] = { { 0, 0 },  { 8, 0 },   { 24, 0 },  { 25, 1 },  { 40, 1 },
		      { 41, 2 }, { 136, 7 }, { 137, 8 }, { 152, 8 }, { 153, 9 } };
	int fd = raw_open(g, 0, 0);
	ssize_t n;

	tap_begin("kernel: room for an entry must be more than its size");
	for (unsigned i = 0; i < COUNT(cases); i++) {
		CHECK(first_read(g, cases[i].count, &n) == cases[i].valid);
		CHECK(n == (cases[i].valid ? (ssize_t)(8 + 16 * cases[i].valid) : 0));
	}
	/* For ever: nothing is not the end. */
	for (unsigned i = 0; i < 3; i++)
		CHECK(read(fd, bytes, 24) == 0);
	CHECK(read(fd, bytes, 25) == 24 && raw_header_at(bytes).index == 0);
	close(fd);
	tap_end();
}

/* The next chunk of a descriptor; n_valid and n_invalid are 0 when there is none. */
static struct raw_header one_chunk(int fd)
{
	ssize_t n = read(fd, bytes, 25);

	return n >= (ssize_t)RAW_HEADER ? raw_header_at(bytes)
					: (struct raw_header){ 0, 0, 0 };
}

/* Reads to the end of a pass; returns how many slots were told, and the first. */
static uint64_t rest_of_pass(int fd, uint64_t *first)
{
	uint64_t slots = 0;
	bool begun = false;
	ssize_t n, at;

	*first = UINT64_MAX;
	while ((n = read(fd, bytes, ROOM)) > 0)
		for (at = 0; at < n;) {
			struct raw_header h = raw_header_at(bytes + at);

			if (!begun)
				*first = h.index;
			begun = true;
			slots += (uint64_t)h.n_valid + h.n_invalid;
			at += (ssize_t)(RAW_HEADER + (size_t)h.n_valid * RAW_ENTRY);
		}
	return slots;
}

static void check_start(const struct guest *g)
{
	static const uint64_t past[] = { 0x4000, 0x4001, UINT64_MAX };
	uint64_t first;
	int fd;

	tap_begin("kernel: a start index: from there to the end, and never what is before");
	fd = raw_open(g, 0, 0x123);
	CHECK(rest_of_pass(fd, &first) == g->n - 0x123 && first == 0x123);
	CHECK(rest_of_pass(fd, &first) == 0);
	close(fd);
	for (unsigned i = 0; i < COUNT(past); i++) {
		fd = raw_open(g, 0, past[i]);
		CHECK(fd >= 0);
		CHECK(read(fd, bytes, ROOM) == 0 && read(fd, bytes, ROOM) == 0);
		close(fd);
	}
	tap_end();

	tap_begin("kernel: a seek does nothing");
	fd = raw_open(g, 0, 0);
	lseek(fd, 4096, SEEK_SET);
	CHECK(one_chunk(fd).index == 0 && one_chunk(fd).index == 1);
	lseek(fd, 0, SEEK_SET);
	CHECK(one_chunk(fd).index == 2);
	close(fd);
	tap_end();
}

static void check_form(struct guest *g)
{
	struct hpt_entry entry, here = g->truth[0], absent = { 0x1000 | HPT_V_VALID, 0 };
	struct host_line line;
	int fd = raw_open(g, 0, 0);

	tap_begin("kernel: headers in its byte order, entries big-endian and classic");
	CHECK(read(fd, bytes, ROOM) > 24);
	CHECK(raw_header_at(bytes).index == 0 && raw_header_at(bytes).n_valid > 1);
	entry = raw_entry_at(bytes + RAW_HEADER);
	CHECK((entry.v & ~HPT_V_HYPERVISOR) == here.v && entry.r == here.r);
	close(fd);
	tap_end();

	tap_begin("kernel: its lock bit 0x40 is set in every entry that it gives");
	fd = raw_open(g, 0, 0);
	CHECK(read(fd, bytes, ROOM) > 24);
	for (unsigned i = 0; i < raw_header_at(bytes).n_valid; i++)
		CHECK(raw_entry_at(bytes + RAW_HEADER + i * RAW_ENTRY).v & RAW_LOCK);
	CHECK(raw_line(g, 0, &line) && !(line.v & RAW_LOCK));
	close(fd);
	tap_end();

	tap_begin(
		"kernel: an entry without memory behind it is absent, but valid to a reader");
	absent.r = HPT_R_M | UINT64_C(1) << 40;
	CHECK(hpt_table_write(g->table, 9, 1, &absent, &err) == 0);
	g->truth[9] = absent;
	CHECK(raw_line(g, 9, &line) && line.v & RAW_ABSENT && !(line.v & HPT_V_VALID));
	fd = raw_open(g, 0, 9);
	CHECK(one_chunk(fd).n_valid == 1);
	entry = raw_entry_at(bytes + RAW_HEADER);
	CHECK(entry.v & HPT_V_VALID && !(entry.v & RAW_ABSENT) && entry.r == absent.r);
	close(fd);
	tap_end();
}

static void check_counts(void)
{
	struct guest g;
	uint64_t first;
	int fd;

	tap_begin("kernel: a chunk counts to 65,535");
	if (guest_start(&g, 21)) {
		guest_equip(&g);
		fd = raw_open(&g, 0, 0);
		CHECK(read(fd, bytes, ROOM) == 24);
		for (unsigned i = 0; i < 3; i++) {
			struct raw_header h = raw_header_at(bytes + i * RAW_HEADER);

			CHECK(h.index == i * 65535 && h.n_valid == 0);
			CHECK(h.n_invalid == (i < 2 ? 65535 : 2));
		}
		CHECK(rest_of_pass(fd, &first) == 0);
		close(fd);
	}
	tap_end();
	guest_end(&g);
}

static void write_one(struct guest *g, uint64_t ptex, unsigned seed)
{
	guest_write(g, ptex, 1, seed, 1);
}

static void check_pass_end(struct guest *g)
{
	int fd = raw_open(g, 0, g->n - 2);
	uint64_t first;
	ssize_t n;

	tap_begin(
		"kernel: the read that reaches the end is short, the next one is of changes");
	write_one(g, 5, 20);
	n = read(fd, bytes, ROOM);
	CHECK(n >= 8 && n <= 40 && raw_header_at(bytes).index == g->n - 2);
	/* Not waited for: nothing more than what changed since it was opened. */
	CHECK(rest_of_pass(fd, &first) == 1 && first == 5);
	CHECK(read(fd, bytes, ROOM) == 0);
	write_one(g, 5, 21);
	CHECK(rest_of_pass(fd, &first) == 1 && first == 5);
	close(fd);
	tap_end();
}

static void check_marks(struct guest *g)
{
	int a = raw_open(g, 0, 0), b = raw_open(g, 0, 0), bolted = raw_open(g, RAW_BOLTED, 0);
	struct host_line line;
	uint64_t first;

	tap_begin(
		"kernel: the marks of what changed belong to the table, not to a descriptor");
	CHECK(rest_of_pass(a, &first) == g->n && rest_of_pass(b, &first) == g->n);
	CHECK(rest_of_pass(bolted, &first) == g->n);
	write_one(g, 100, 22);
	CHECK(raw_line(g, 100, &line) && line.guest_r & RAW_MARK);
	CHECK(rest_of_pass(a, &first) == 1 && first == 100);
	CHECK(raw_line(g, 100, &line) && !(line.guest_r & RAW_MARK));
	CHECK(rest_of_pass(b, &first) == 0);
	write_one(g, 100, 23);
	CHECK(rest_of_pass(bolted, &first) == 1); /* even as "invalid" */
	CHECK(rest_of_pass(a, &first) == 0 && rest_of_pass(b, &first) == 0);
	tap_end();

	tap_begin("kernel: a first pass takes the marks, too");
	write_one(g, 100, 24);
	close(b);
	b = raw_open(g, 0, 100);
	CHECK(one_chunk(b).index == 100);
	CHECK(rest_of_pass(a, &first) == 0);
	close(b);
	tap_end();

	tap_begin("kernel: a table that is emptied is no change");
	CHECK(host_give_table(g->vm, g->order));
	CHECK(rest_of_pass(a, &first) == 0);
	close(a);
	close(bolted);
	guest_write(g, 0, 4096, 1, 1);
	CHECK(raw_line(g, 100, &line) && !(line.guest_r & RAW_MARK));
	tap_end();

	/* That was written while nobody had a descriptor to read. */
	tap_begin("kernel: changes are marked only while somebody has a descriptor to read");
	a = raw_open(g, 0, 0);
	write_one(g, 100, 25);
	CHECK(raw_line(g, 100, &line) && line.guest_r & RAW_MARK);
	close(a);
	write_one(g, 101, 25);
	CHECK(raw_line(g, 101, &line) && !(line.guest_r & RAW_MARK));
	tap_end();
}

/* The library's own reads: the hazard that hpt/kvm.h warns of. */
static void check_hazard(struct guest *g)
{
	int migration = raw_open(g, 0, 0);
	struct hpt_entry found[8];
	uint64_t first;

	tap_begin("a read by the library takes marks that a migration needs, but no more");
	rest_of_pass(migration, &first);
	for (uint64_t i = 32; i < 64; i++)
		write_one(g, i, 26);
	CHECK(hpt_table_read(g->table, 40, 8, found, &err) == 0);
	CHECK(same("read", 40, found, g->truth + 40, 8));
	CHECK(rest_of_pass(migration, &first) == 32 - 8 && first == 32);
	tap_end();

	tap_begin("where slots are empty a read by the library takes marks from far behind");
	write_one(g, 9000, 26);
	write_one(g, 9009, 26);
	write_one(g, 50, 27);
	CHECK(hpt_table_read(g->table, 4100, 8, found, &err) == 0);
	CHECK(rest_of_pass(migration, &first) == 1 && first == 50);
	close(migration);
	tap_end();
}

static void check_bolted_view(const struct guest *g)
{
	int fd = raw_open(g, RAW_BOLTED, 0);
	uint64_t i = 0;
	ssize_t n, at;

	tap_begin("kernel: bolted only: other entries are called invalid");
	while (i < g->n && (n = read(fd, bytes, ROOM)) > 0)
		for (at = 0; at < n;) {
			struct raw_header h = raw_header_at(bytes + at);

			CHECK(h.index == i);
			for (; i < h.index + h.n_valid; i++)
				CHECK(g->truth[i].v & HPT_V_BOLTED);
			for (; i < (uint64_t)h.index + h.n_valid + h.n_invalid; i++)
				CHECK(!(g->truth[i].v & HPT_V_BOLTED));
			at += (ssize_t)(RAW_HEADER + (size_t)h.n_valid * RAW_ENTRY);
		}
	CHECK(i == g->n);
	close(fd);
	tap_end();
}

static void check_directions(const struct guest *g)
{
	int reader = raw_open(g, 0, 0), writer = raw_open(g, RAW_WRITE, 0);

	tap_begin("kernel: a descriptor reads or writes, not both: EBADF");
	CHECK(write(reader, bytes, 8) == -1 && errno == EBADF);
	CHECK(read(writer, bytes, ROOM) == -1 && errno == EBADF);
	close(reader);
	close(writer);
	tap_end();

	tap_begin("kernel: flags that it does not know: EINVAL");
	for (unsigned bit = 2; bit < 64; bit++)
		CHECK(raw_open(g, UINT64_C(1) << bit, 0) == -1 && errno == EINVAL);
	tap_end();
}

static void check_nothing(void)
{
	unsigned char chunk[8];
	struct guest g;
	int fd;

	tap_begin("kernel: without a table reads give 0 and writes EINVAL");
	if (guest_start(&g, HPT_ORDER_MIN)) {
		fd = raw_open(&g, 0, 0);
		CHECK(fd >= 0 && read(fd, bytes, ROOM) == 0);
		close(fd);
		fd = raw_open(&g, RAW_WRITE, 0);
		CHECK(fd >= 0);
		raw_chunk(chunk, 0, 0, 1, NULL);
		CHECK(write(fd, chunk, 8) == -1 && errno == EINVAL);
		close(fd);
	}
	tap_end();
	guest_end(&g);
}

void check_kernel_reads(void)
{
	struct guest g;

	check_nothing();
	check_counts();
	tap_begin("kernel: a VM to read");
	if (!guest_start_filled(&g, HPT_ORDER_MIN)) {
		tap_end();
		return;
	}
	check_listing(&g);
	tap_end();
	check_room(&g);
	check_start(&g);
	check_form(&g);
	check_pass_end(&g);
	check_marks(&g);
	check_hazard(&g);
	check_bolted_view(&g);
	check_directions(&g);
	guest_end(&g);
}
