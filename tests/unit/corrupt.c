/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Thousands of corrupted captures. Each must give the right answer, which a naive reader in
 * this file gives too, or an error with an offset inside the file; in memory that follows
 * the file's size.
 *
 *	corrupt [RUNS FILE...]
 *
 * takes other files than the shipped ones: *.stream as captured streams of order 18, all
 * else as saved guests.
 */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <hpt/capture.h>
#include <hpt/guest.h>

#include "../../lib/core/internal.h"

#define STREAM_ORDER 18
#define SLOTS_MAX ((size_t)1 << 18) /* of order 22, the largest of the captures */

struct file {
	const char *path;
	unsigned char *bytes;
	size_t len;
};

static struct hpt_entry naive[SLOTS_MAX], seen[SLOTS_MAX];

/* How the corruptions ended, so that nobody need guess whether both ends were met. */
static unsigned answers, compared, refusals;

/* A generator whose sequence is the same everywhere (xorshift64*). */
static uint64_t random_state = 0x9E3779B97F4A7C15;

static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * UINT64_C(0x2545F4914F6CDD1D) >> 16) % n;
}

/* Memory that the library holds, and the most of it, by wrapping its allocator. */
static size_t held, most;

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);

static void *count(void *p)
{
	held += malloc_usable_size(p);
	if (held > most)
		most = held;
	return p;
}

void *__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *p = size && n > SIZE_MAX / 2 / size ? NULL : __wrap_malloc(n * size);

	return p ? memset(p, 0, n * size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
	size_t old = malloc_usable_size(p);
	void *q = __real_realloc(p, size);

	if (!q)
		return NULL;
	held -= old;
	return count(q);
}

char *__wrap_strdup(const char *text)
{
	char *copy = __wrap_malloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

void __wrap_free(void *p)
{
	held -= malloc_usable_size(p);
	__real_free(p);
}

/* One change to the bytes at @p; returns the new length, which never grows beyond @room. */
static size_t corrupt_once(unsigned char *p, size_t len, size_t room)
{
	static const uint32_t extremes[] = { 0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF,
					     0x10000, 0xFFFFFFF0 };
	size_t at = random_below(len), n = 1 + random_below(64);
	uint32_t word;

	switch (random_below(7)) {
	case 0:
		p[at] ^= (unsigned char)(1u << random_below(8));
		return len;
	case 1:
		p[at] = (unsigned char)random_below(256);
		return len;
	case 2: /* near the start, where the structure is */
		p[random_below(len < 256 ? len : 256)] = (unsigned char)random_below(256);
		return len;
	case 3:
		return at + 1;
	case 4: /* cut a piece out */
		n = n < len - at ? n : len - at - 1;
		memmove(p + at, p + at + n, len - at - n);
		return len - n;
	case 5: /* say a piece twice */
		n = n < len - at ? n : len - at;
		if (n > room - len)
			return len;
		memmove(p + at + n, p + at, len - at);
		return len + n;
	default:
		word = extremes[random_below(sizeof(extremes) / sizeof(extremes[0]))];
		n = len - at < sizeof(word) ? len - at : sizeof(word);
		memcpy(p + at, &word, n);
		return len;
	}
}

/* Little-endian chunks of order 18 into naive[]; false when they make no sense. */
static bool read_stream_naively(const unsigned char *p, size_t len)
{
	const size_t slots = (size_t)1 << (STREAM_ORDER - 4);
	size_t at = 0;

	memset(naive, 0, sizeof(naive[0]) * slots);
	while (at < len) {
		size_t index, nv, ni;

		if (len - at < 8)
			return false;
		index = hpt_load_le32(p + at);
		nv = hpt_load_le16(p + at + 4);
		ni = hpt_load_le16(p + at + 6);
		at += 8;
		if (index >= slots || index + nv + ni > slots || (len - at) / 16 < nv)
			return false;
		for (size_t i = 0; i < nv; i++, at += 16) {
			if (!(p[at + 7] & 1))
				return false;
			naive[index + i].v = hpt_load_be64(p + at) & ~UINT64_C(0x60);
			naive[index + i].r = hpt_load_be64(p + at + 8);
		}
		memset(naive + index + nv, 0, ni * sizeof(naive[0]));
	}
	return true;
}

static int see(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)arg;
	assert_true(ptex + n <= SLOTS_MAX);
	memcpy(seen + ptex, entries, n * sizeof(*entries));
	for (size_t i = 0; i < n; i++)
		assert_true(entries[i].v & HPT_V_VALID);
	return 0;
}

/* Both ways of reading a table give the same, and what the naive reader has. */
static void check_table(const struct hpt_table *table, bool compare)
{
	size_t slots = (size_t)hpt_table_entries(table);

	/* A corrupted order may be anything; what it holds is in the low slots then. */
	if (slots > SLOTS_MAX)
		return;
	memset(seen, 0, slots * sizeof(seen[0]));
	assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, see, NULL, NULL), 0);
	answers++;
	compared += compare;
	if (compare)
		assert_memory_equal(seen, naive, slots * sizeof(seen[0]));
}

static void check_error(int ret, const struct hpt_error *err, size_t len, const char *path)
{
	bool placed = err->has & HPT_ERROR_HAS_OFFSET && err->offset <= len;

	if (ret != err->code || !placed || strlen(err->text) < 10)
		print_error("%s: %s, offset %llu of %zu: %s\n", path, hpt_code_name(ret),
			    (unsigned long long)err->offset, len, err->text);
	assert_int_equal(ret, err->code);
	assert_true(placed);
	refusals++;
	assert_true(strlen(err->text) >= 10);
}

static void check_memory(size_t len, const char *path)
{
	/*
	 * A chunk of 24 bytes may begin a leaf of 64 entries and the nodes that lead to it; what
	 * is looked at to find the dialect is 1 MiB.
	 */
	if (held || most > 192 * len + (4u << 20))
		print_error("%s: held %zu, most %zu of %zu bytes\n", path, held, most, len);
	assert_int_equal(held, 0);
	assert_true(most <= 192 * len + (4u << 20));
	most = 0;
}

static void run_stream(const struct file *f, const unsigned char *bytes, size_t len)
{
	const struct hpt_capture_options options = { .size = sizeof(options),
						     .order = STREAM_ORDER,
						     .dialect = HPT_DIALECT_KVM_LE };
	bool good = read_stream_naively(bytes, len);
	struct hpt_table *table;
	struct hpt_error err;
	int ret = hpt_capture_open_memory(bytes, len, &options, &table, &err);

	if (!ret) {
		assert_true(good);
		check_table(table, true);
		hpt_table_close(table);
	} else {
		assert_true(!good || ret == HPT_ERR_CONTRADICTION);
		check_error(ret, &err, len, f->path);
	}
	check_memory(len, f->path);
}

/* The chunks of a round at @at into naive[]; 0 when they make no sense, else what follows. */
static size_t read_round_naively(const unsigned char *p, size_t len, size_t at)
{
	while (len - at >= 8) {
		size_t index = hpt_load_be32(p + at), nv = hpt_load_be16(p + at + 4);
		size_t ni = hpt_load_be16(p + at + 6);

		at += 8;
		if (!index && !nv && !ni)
			return at;
		if (index + nv + ni > SLOTS_MAX || (len - at) / 16 < nv)
			return 0;
		for (size_t i = 0; i < nv; i++, at += 16) {
			naive[index + i].v = hpt_load_be64(p + at) & ~UINT64_C(0x60);
			naive[index + i].r = hpt_load_be64(p + at + 8);
		}
		memset(naive + index + nv, 0, ni * sizeof(naive[0]));
	}
	return 0;
}

/* The records of a round of RAM at @at: what follows them, or 0. */
static size_t skip_ram_naively(const unsigned char *p, size_t len, size_t at)
{
	while (len - at >= 8) {
		uint64_t head = hpt_load_be64(p + at), total = head & ~UINT64_C(0xFFF);

		at += 8;
		if (head & 4) {
			for (; total && len - at > p[at] + 9u; at += p[at] + 9u)
				total -= hpt_load_be64(p + at + 1 + p[at]);
			if (total)
				return 0;
			continue;
		}
		if (head & 0x10)
			return at;
		if (!(head & 0x20))
			at += p[at] + 1u;
		at += head & 8 ? 4096 : 1;
		if (at > len)
			return 0;
	}
	return 0;
}

/*
 * A saved guest's rounds up to the last of its table into naive[]: false when it is not
 * built as the shipped ones are, of which nothing can be said then.
 */
static bool read_guest_naively(const unsigned char *p, size_t len)
{
	uint32_t ram = 0, htab = 0;
	size_t at;

	memset(naive, 0, sizeof(naive));
	if (len < 64)
		return false;
	for (at = 13 + (size_t)hpt_load_be32(p + 9); at && at < len && len - at > 32;) {
		unsigned type = p[at], id = hpt_load_be32(p + at + 1);
		uint32_t word;

		if (type == 1) {
			bool is_ram = p[at + 5] == 3 && !memcmp(p + at + 6, "ram", 3);

			*(is_ram ? &ram : &htab) = id;
			at += p[at + 5] + 9u;
		}
		at += 5;
		if (id == ram) {
			at = skip_ram_naively(p, len, at);
		} else if (id == htab && type <= 3 && len - at >= 4) {
			word = hpt_load_be32(p + at);
			at += 4;
			if (type != 1 && word)
				return false;
			at = type == 1 ? at : read_round_naively(p, len, at);
			if (type == 3)
				return at;
		} else {
			return false;
		}
		if (at && len - at >= 5 && p[at] == 0x7E)
			at += 5;
	}
	return false;
}

static void run_guest(const struct file *f, const unsigned char *bytes, size_t len)
{
	bool good = read_guest_naively(bytes, len);
	const struct hpt_guest_options options = { .size = sizeof(options),
						   .kind = HPT_SOURCE_QEMU };
	int fd = memfd_create("corrupt", 0);
	struct hpt_guest *guest;
	struct hpt_table *table;
	struct hpt_error err;
	int ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	ret = hpt_guest_open_fd(fd, "corrupt", &options, &guest, &err);
	if (ret) {
		check_error(ret, &err, len, f->path);
	} else {
		if (!hpt_guest_table(guest, &table, &err))
			check_table(table, good);
		hpt_guest_close(guest);
	}
	close(fd);
	check_memory(len, f->path);
}

static bool is_stream(const struct file *f)
{
	size_t n = strlen(f->path);

	return n > 7 && !strcmp(f->path + n - 7, ".stream");
}

/* @runs corruptions of one file, of one to four changes each; the first is of none. */
static void run_file(const struct file *f, unsigned runs)
{
	size_t room = f->len + 4096;
	unsigned char *bytes = __real_malloc(room);

	assert_non_null(bytes);
	for (unsigned i = 0; i <= runs; i++) {
		size_t len = f->len;
		uint64_t changes = i ? 1 + random_below(4) : 0;

		memcpy(bytes, f->bytes, f->len);
		while (changes--)
			len = corrupt_once(bytes, len, room);
		if (is_stream(f))
			run_stream(f, bytes, len);
		else
			run_guest(f, bytes, len);
	}
	__real_free(bytes);
}

static void load(struct file *f, const char *path)
{
	FILE *in = fopen(path, "rb");
	long len;

	if (!in)
		fail_msg("%s cannot be opened", path);
	fseek(in, 0, SEEK_END);
	len = ftell(in);
	rewind(in);
	f->path = path;
	f->len = (size_t)len;
	f->bytes = __real_malloc(f->len);
	assert_non_null(f->bytes);
	assert_int_equal(fread(f->bytes, 1, f->len, in), f->len);
	fclose(in);
	held = most = 0; /* stdio's, which is none of the library's */
}

static void run_path(const char *path, unsigned runs)
{
	struct file f;

	load(&f, path);
	run_file(&f, runs);
	__real_free(f.bytes);
}

static void shipped(const char *name, unsigned runs)
{
	const char *data = getenv("HPT_TEST_DATA");
	char path[4096];

	assert_non_null(data);
	snprintf(path, sizeof(path), "%s/%s", data, name);
	run_path(path, runs);
}

static void test_streams(void **state)
{
	static const char *const names[] = {
		"powernv8/sparse-p1", "powernv8/ptegs-p1", "powernv8/dense-p1",
		"powernv8/sparse-p2-changed", "powernv8/sparse-buf40", "powernv8/sparse-start2003",
		"powernv8/sparse-bolted-p1", "powernv9/sparse-p1", "powernv9/sparse-p2-changed",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char name[256];

		snprintf(name, sizeof(name), "kvm-streams/%s.stream", names[i]);
		shipped(name, 900);
	}
	assert_true(compared > 1000 && refusals > 1000);
}

static void test_guests(void **state)
{
	(void)state;
	answers = compared = refusals = 0;
	shipped("guest/guest.mig", 1500);
	assert_true(compared > 100 && refusals > 300);
	shipped("radix/guest.mig", 500);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_guests),
	};

	if (argc < 3)
		return cmocka_run_group_tests_name("corrupt", tests, NULL, NULL);
	for (int i = 2; i < argc; i++) {
		run_path(argv[i], (unsigned)strtoul(argv[1], NULL, 10));
		printf("%s: %u answers, %u of them compared, %u refusals\n", argv[i], answers,
		       compared, refusals);
		answers = compared = refusals = 0;
	}
	return 0;
}
