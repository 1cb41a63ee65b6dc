/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The fake kernel itself, against what the real one was captured doing: the same table gives
 * the same bytes, read by read; the same writes give the same answers.
 */

#include <errno.h>
#include <unistd.h>

#include "fakekernel.h"

#define V8 "kvm-streams/powernv8/"

/* The table as the kernel listed it, or after the first @lines of what was written. */
static void load_listing(struct fake_kernel *k, const char *path)
{
	unsigned long long index, v, host_r, guest_r;
	size_t len;
	char *text = unit_load(path, &len), *p = text;
	int n;

	for (; sscanf(p, "%llx %llx %llx %llx %n", &index, &v, &host_r, &guest_r, &n) == 4; p += n) {
		k->slots[index].v = v;
		k->slots[index].r = (guest_r & ~UINT64_C(0x4000000000000000)) |
				    (v & 1 ? host_r & 0x180 : 0);
	}
	assert_int_equal(*p, '\0');
	free(text);
}

/* A capture of a little-endian host, as a kernel of this one would have given it. */
static void to_host_order(char *stream, size_t len)
{
	size_t at = 0;

	while (UNIT_BIG_ENDIAN && len - at >= 8) {
		unsigned char *h = (unsigned char *)stream + at;
		const unsigned char le[8] = { h[3], h[2], h[1], h[0], h[5], h[4], h[7], h[6] };

		memcpy(h, le, sizeof(le));
		at += 8 + 16 * (size_t)(le[4] << 8 | le[5]);
		assert_true(at <= len);
	}
}

/* One capture's reads: number, offset, buffer, returned, errno. */
static void replay_reads(int fd, const char *name)
{
	char path[128], *reads, *line;
	unsigned long number, offset, buffer;
	size_t len, stream_len;
	long returned;
	char *stream;
	int e, n;

	snprintf(path, sizeof(path), V8 "%s.stream", name);
	stream = unit_load(path, &stream_len);
	to_host_order(stream, stream_len);
	snprintf(path, sizeof(path), V8 "%s.reads", name);
	reads = line = unit_load(path, &len);
	for (; sscanf(line, "%lu %lu %lu %ld %d %n", &number, &offset, &buffer, &returned, &e,
		      &n) == 5; line += n) {
		unsigned char *bytes = malloc(buffer ? buffer : 1);
		ssize_t got = read(fd, bytes, buffer);

		assert_int_equal(e, 0);
		if (got != returned)
			fail_msg("%s: read %lu gave %zd, the real kernel %ld", name, number, got,
				 returned);
		if (returned && memcmp(bytes, stream + offset, (size_t)returned))
			fail_msg("%s: read %lu gave other bytes than the real kernel", name, number);
		stream_len -= (size_t)returned;
		free(bytes);
	}
	assert_int_equal(*line, '\0');
	assert_int_equal(stream_len, 0);
	free(reads);
	free(stream);
}

static void replay(struct fake_kernel *k, uint64_t flags, uint64_t start, const char *name)
{
	int fd = fake_get_htab_fd(k, flags, start);

	replay_reads(fd, name);
	assert_int_equal(close(fd), 0);
}

static void test_buffers(void **state)
{
	static const char *const sizes[] = { "p1", "buf0", "buf7", "buf8", "buf16", "buf23",
		"buf24", "buf25", "buf31", "buf32", "buf40", "buf41", "buf136", "buf137", "buf152",
		"buf153", "buf4096" };
	static const char *const others[] = { "p1", "buf24", "buf40", "buf136", "buf152", "buf4096" };
	struct fake_kernel k;
	char name[64];

	(void)state;
	fake_init(&k, 18);
	load_listing(&k, V8 "sparse-p1.debugfs");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(name, sizeof(name), "sparse-%s", sizes[i]);
		replay(&k, 0, 0, name);
	}
	fake_free(&k);
	for (size_t i = 0; i < 2 * COUNT(others); i++) {
		const char *table = i % 2 ? "dense" : "ptegs";

		fake_init(&k, 18);
		snprintf(name, sizeof(name), V8 "%s-p1.debugfs", table);
		load_listing(&k, name);
		snprintf(name, sizeof(name), "%s-%s", table, others[i / 2]);
		replay(&k, 0, 0, name);
		snprintf(name, sizeof(name), "%s-bolted-p1", table);
		replay(&k, 1, 0, name);
		fake_free(&k);
	}
}

static void test_starts(void **state)
{
	static const uint64_t starts[] = { 0x2000, 0x2003, 0x3FF8, 0x3FFF, 0x4000, 0x4005 };
	struct fake_kernel k;

	(void)state;
	fake_init(&k, 18);
	load_listing(&k, V8 "sparse-p1.debugfs");
	for (size_t i = 0; i < COUNT(starts); i++) {
		int fd = fake_get_htab_fd(&k, 0, starts[i]);
		char name[64];

		snprintf(name, sizeof(name), "sparse-start%llx", ULL(starts[i]));
		replay_reads(fd, name);
		snprintf(name, sizeof(name), "sparse-start%llx-again", ULL(starts[i]));
		replay_reads(fd, name);
		close(fd);
	}
	fake_free(&k);
}

/* What was written to the real kernel's table, line by line. */
struct written {
	char *text, *at;
	unsigned line;
};

static void write_until(struct fake_kernel *k, struct written *w, unsigned line)
{
	unsigned long long index, v, r;
	int n;

	for (; w->line < line && sscanf(w->at, "%llx %llx %llx %n", &index, &v, &r, &n) == 3;
	     w->line++, w->at += n)
		/* the kernel marks a removal only where there was something */
		if (v || k->slots[index].v & 0x21)
			fake_enter(k, index, (struct hpt_entry){ v, r });
	assert_int_equal(w->line, line);
}

/*
 * The scenario "sparse" as it went: two descriptors read everything, one of them only bolted
 * entries; then the table changed three times, and each time one of them read first.
 */
static void test_scenario(void **state)
{
	struct fake_kernel k;
	struct written w = { 0 };
	int all, bolted, late;
	size_t len;

	(void)state;
	fake_init(&k, 18);
	w.text = w.at = unit_load(V8 "sparse.written", &len);
	write_until(&k, &w, 500);
	load_listing(&k, V8 "sparse-p1.debugfs"); /* R and C, and what is absent */
	all = fake_get_htab_fd(&k, 0, 0);
	replay_reads(all, "sparse-p1");
	replay_reads(all, "sparse-p2-unchanged");
	bolted = fake_get_htab_fd(&k, 1, 0);
	replay_reads(bolted, "sparse-bolted-p1");
	write_until(&k, &w, 712);
	replay_reads(all, "sparse-p2-changed");
	replay_reads(bolted, "sparse-bolted-p2-changed");
	late = fake_get_htab_fd(&k, 0, 0);
	replay_reads(late, "sparse-late-p1");
	replay_reads(late, "sparse-late-p2");
	write_until(&k, &w, 835);
	replay_reads(bolted, "sparse-bolted-p3-first");
	replay_reads(all, "sparse-p3-after-bolted");
	write_until(&k, &w, 4931);
	replay_reads(all, "sparse-p4-buf40");
	assert_int_equal(fake_count(&k), 316);
	close(all);
	close(bolted);
	close(late);
	assert_int_equal(k.opens, k.closes);
	free(w.text);
	fake_free(&k);
}

/* What the real kernel answered to writes: its log, told again here as bytes. */
struct write_case {
	const char *text; /* 'L' stands for this host's byte order */
	size_t count;     /* bytes given; the rest lies behind them in memory */
	ssize_t answer;   /* or -errno */
	uint64_t before, after;
};

#define GOOD "E:123456801,d0fe014"

static const struct write_case write_cases[] = {
	{ "L:64,1,0 " GOOD, 24, 24, 0, 1 },
	{ "L:64,1,0 " GOOD, 24, 24, 1, 1 },
	{ "L:4000,1,0 " GOOD, 24, -EINVAL, 1, 1 },
	{ "L:3fff,2,0 " GOOD " " GOOD, 40, -EINVAL, 1, 1 },
	{ "L:3fff,1,1 " GOOD, 24, -EINVAL, 1, 1 },
	{ "L:3fff,1,0 " GOOD, 24, 24, 1, 2 },
	{ "L:ffffffff,0,1", 8, -EINVAL, 2, 2 },
	{ "L:4000,0,0", 8, -EINVAL, 2, 2 },
	{ "L:0,0,ffff", 8, -EINVAL, 2, 2 },
	{ "L:0,0,0", 8, 8, 2, 2 },
	{ "L:70,1,0 E:123456800,d0fe014", 24, -EINVAL, 2, 2 },
	{ "L:c8,2,0 " GOOD " E:123456800,d0fe014", 40, -EINVAL, 2, 3 },
	{ "L:c8,0,2", 8, 8, 3, 2 },
	{ "L:190,1,0 " GOOD, 0, 0, 2, 2 },
	{ "L:190,1,0 " GOOD, 1, 0, 2, 2 },
	{ "L:190,1,0 " GOOD, 7, 0, 2, 2 },
	{ "L:190,1,0 " GOOD, 8, 0, 2, 2 },
	{ "L:190,1,0 " GOOD, 15, 0, 2, 2 },
	{ "L:190,1,0 " GOOD, 16, 24, 2, 3 },
	{ "L:191,1,0 " GOOD, 23, 24, 3, 4 },
	{ "L:192,1,0 " GOOD " L:194,1,0 " GOOD, 48, 24, 4, 5 },
	{ "L:196,1,0 " GOOD " L:198,1,0 " GOOD, 32, 24, 5, 6 },
	{ "L:196,1,0 " GOOD " L:198,1,0 " GOOD, 28, 24, 6, 6 },
	{ "L:19a,1,0 " GOOD " L:4000,1,0 " GOOD, 48, 24, 6, 7 },
	{ "L:190,0,2 L:196,0,1", 16, 16, 7, 4 },
	{ "L:192,0,1 L:1c2,1,0 " GOOD, 32, 32, 4, 4 },
	{ "L:1c3,1,0 E:123456805,d002014", 24, -EINVAL, 4, 4 },
};

static void test_writes(void **state)
{
	struct fake_kernel k;
	int fd;

	(void)state;
	fake_init(&k, 18);
	fd = fake_get_htab_fd(&k, 2, 5000);
	for (size_t i = 0; i < COUNT(write_cases); i++) {
		const struct write_case *c = &write_cases[i];
		unsigned char bytes[128] = { 0 };
		char text[128];
		ssize_t got;

		snprintf(text, sizeof(text), "%s", c->text);
		for (char *p = text; UNIT_BIG_ENDIAN && *p; p++)
			*p = *p == 'L' ? 'B' : *p;
		unit_bytes(text, bytes, sizeof(bytes));
		assert_int_equal(fake_count(&k), c->before);
		got = write(fd, bytes, c->count);
		if ((got < 0 ? -errno : got) != c->answer)
			fail_msg("%s, %zu bytes: %zd, the real kernel %zd", c->text, c->count, got,
				 c->answer);
		assert_int_equal(fake_count(&k), c->after);
	}
	close(fd);
	fake_free(&k);
}

/* In the entry's words, where the next header is sought, stand index 0 and 4,353 invalid. */
static void test_writes_erase(void **state)
{
	unsigned char bytes[128];
	struct fake_kernel k;
	int fd;

	(void)state;
	if (UNIT_BIG_ENDIAN)
		skip();
	fake_init(&k, 18);
	fd = fake_get_htab_fd(&k, 2, 0);
	for (uint64_t i = 0; i < 10; i++)
		fake_enter(&k, i, (struct hpt_entry){ 0x123456801, 0xD0FE014 });
	unit_bytes("L:64,1,0 E:111,40000000000112 L:66,1,0 " GOOD, bytes, sizeof(bytes));
	assert_int_equal(write(fd, bytes, 48), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(fake_count(&k), 0);
	close(fd);
	fake_free(&k);
}

static void test_directions(void **state)
{
	struct fake_kernel k;
	unsigned char bytes[64] = { 0 };
	int fd;

	(void)state;
	fake_init(&k, 18);
	assert_int_equal(fake_get_htab_fd(&k, 4, 0), -1);
	assert_int_equal(errno, EINVAL);
	fd = fake_get_htab_fd(&k, 0, UINT64_C(1) << 40);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 0);
	assert_int_equal(write(fd, bytes, 8), -1);
	assert_int_equal(errno, EBADF);
	close(fd);
	fd = fake_get_htab_fd(&k, 3, 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EBADF);
	close(fd);
	fake_free(&k);
	/* without a table: reads give nothing, writes are refused */
	fake_init(&k, 0);
	fd = fake_get_htab_fd(&k, 0, 0);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 0);
	close(fd);
	fd = fake_get_htab_fd(&k, 2, 0);
	bytes[6] = 1;
	assert_int_equal(write(fd, bytes, 8), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
	fake_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_starts),
		cmocka_unit_test(test_scenario),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_writes_erase),
		cmocka_unit_test(test_directions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
