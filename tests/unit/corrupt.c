/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Thousands of corrupted captures, and each capture cut at every offset and with every bit of
 * every header flipped. Each must give the right answer, which a naive reader in
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <hpt/capture.h>
#include <hpt/guest.h>
#include <hpt/qemu.h>

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
	static const uint32_t extremes[] = { 0,          1,      0x7FFFFFFF, 0x80000000,
					     0xFFFFFFFF, 0xFFFF, 0x10000,    0xFFFFFFF0 };
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
	/* cmocka's comparison goes byte by byte. */
	if (compare && memcmp(seen, naive, slots * sizeof(seen[0])))
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

static void load_shipped(struct file *f, const char *before, const char *name,
			 const char *behind)
{
	const char *data = getenv("HPT_TEST_DATA");
	static char path[4096];
	char inside[256];

	assert_non_null(data);
	snprintf(inside, sizeof(inside), "%s%s%s", before, name, behind);
	snprintf(path, sizeof(path), "%s/%s", data, inside);
	load(f, path);
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

/* Every truncation, every header ------------------------------------------------------- */

/* Processor time that all of a capture may take: far more than it does, with any tool. */
#define SECONDS_EACH 300.0
/* Of a large capture each of so many offsets is one to cut at, besides those near its ends. */
#define STRIDE_LARGE 797
#define LARGE ((size_t)32 << 10)
#define NEAR_END 100
/* Bits of a guest's many headers that are flipped, besides all of the first and the last. */
#define FLIPS_SAMPLED 2500u
#define FLIPS_WHOLE 400u

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check_time(const struct file *f, double begun)
{
	if (now() - begun > SECONDS_EACH)
		fail_msg("%s took %.0f s", f->path, now() - begun);
}

static size_t next_cut(const struct file *f, size_t cut)
{
	bool near = cut < NEAR_END || cut + NEAR_END + STRIDE_LARGE > f->len;

	return cut + (near || f->len < LARGE ? 1 : STRIDE_LARGE);
}

/* What a cut stream comes to: the naive reader's answer, or an error where it was cut. */
static void cut_stream(const struct file *f)
{
	double begun = now();
	size_t cut;

	for (cut = 0; cut <= f->len; cut = next_cut(f, cut))
		run_stream(f, f->bytes, cut);
	check_time(f, begun);
}

/* Each bit of each chunk's header; in a large stream of the first and the last, else of some. */
static void flip_stream_headers(const struct file *f)
{
	double begun = now();
	size_t at, n, chunk = 0;

	for (at = 0; at < f->len; at += n, chunk++) {
		bool near = at < 1000 || at + 1000 > f->len;

		n = 8 + (size_t)16 * hpt_load_le16(f->bytes + at + 4);
		if (!near && (f->len > LARGE || chunk % 4))
			continue;
		for (unsigned bit = 0; bit < 64; bit++) {
			f->bytes[at + bit / 8] ^= (unsigned char)(1u << bit % 8);
			run_stream(f, f->bytes, f->len);
			f->bytes[at + bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
	}
	check_time(f, begun);
}

struct entries_sum {
	uint64_t sum, n;
};

static int add_up(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct entries_sum *s = arg;

	for (size_t i = 0; i < n; i++) {
		s->sum = (s->sum ^ (ptex + i)) * UINT64_C(0x100000001B3);
		s->sum = (s->sum ^ entries[i].v) * UINT64_C(0x100000001B3);
		s->sum = (s->sum ^ entries[i].r) * UINT64_C(0x100000001B3);
		s->n++;
	}
	return 0;
}

/* The table of a guest in memory, read up to its end; @err says why not. */
static int read_table(const unsigned char *bytes, size_t len, struct entries_sum *s,
		      struct hpt_qemu_info *info, struct hpt_error *err)
{
	struct hpt_table *table = NULL;
	struct hpt_qemu *q = NULL;
	int ret = hpt_qemu_open_memory(bytes, len, NULL, &q, err);

	*s = (struct entries_sum){ 0, 0 };
	info->size = sizeof(*info);
	info->htab = HPT_QEMU_HTAB_ABSENT;
	if (!ret)
		ret = hpt_qemu_read(q, HPT_QEMU_UNTIL_TABLE, err);
	if (!ret) {
		assert_int_equal(hpt_qemu_info(q, info, NULL), 0);
		info->machine = NULL;
		if (!hpt_qemu_table(q, &table, NULL))
			assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, add_up, s, NULL),
					 0);
	}
	hpt_qemu_close(q);
	return ret;
}

/* A cut guest has its table whole, or the error is at the cut. */
static void cut_guest(const struct file *f)
{
	struct entries_sum whole, part;
	struct hpt_qemu_info info;
	struct hpt_error err;
	double begun = now();
	size_t cut, table_end;

	assert_int_equal(read_table(f->bytes, f->len, &whole, &info, &err), 0);
	table_end = (size_t)info.bytes;
	for (cut = 0; cut < f->len; cut = next_cut(f, cut)) {
		int ret = read_table(f->bytes, cut, &part, &info, &err);

		if (cut >= table_end) {
			if (ret)
				fail_msg("cut at %zu: %s", cut, err.text);
			assert_memory_equal(&whole, &part, sizeof(whole));
		} else {
			check_error(ret, &err, cut, f->path);
			assert_int_equal(err.offset, cut);
		}
		check_memory(cut, f->path);
	}
	check_time(f, begun);
}

/* Offsets of the bytes that are neither a page's nor an entry's, up to the table's end. */
static size_t find_headers(const struct file *f, size_t end, unsigned char *is_header)
{
	size_t n = 0, at, body;

	memset(is_header, 1, end);
	for (at = 8; at + 8 < end; at++) {
		uint64_t head = hpt_load_be64(f->bytes + at);
		size_t name = head & 0x20 ? 0 : f->bytes[at + 8] + 1u;

		/* A record of a page at an address that can be, 256 MiB at most. */
		if ((head & ~UINT64_C(0x0FFFF020)) != 8 || (name && name != 14))
			continue;
		body = at + 8 + name;
		memset(is_header + body, 0, body + 4096 < end ? 4096 : end - body);
		at = body + 4095;
	}
	for (at = 0; at < end; at++)
		n += is_header[at];
	return n;
}

/* Each bit of each header: an answer that is the naive reader's, or an error with a place. */
static void flip_guest_headers(const struct file *f)
{
	unsigned char *is_header = __real_malloc(f->len);
	struct entries_sum sum;
	struct hpt_qemu_info info;
	struct hpt_error err;
	double begun = now();
	size_t at, end, n;

	assert_int_equal(read_table(f->bytes, f->len, &sum, &info, &err), 0);
	end = (size_t)info.bytes;
	n = find_headers(f, end, is_header);
	assert_true(n < end);
	for (at = 0; at < end; at++) {
		bool ends = at < FLIPS_WHOLE || at + FLIPS_WHOLE > end;

		for (unsigned bit = 0; is_header[at] && bit < 8; bit++) {
			int ret;

			if (!ends && random_below(n * 8) > FLIPS_SAMPLED)
				continue;
			f->bytes[at] ^= (unsigned char)(1u << bit);
			ret = read_table(f->bytes, f->len, &sum, &info, &err);
			if (ret)
				check_error(ret, &err, f->len, f->path);
			else
				answers++;
			check_memory(f->len, f->path);
			f->bytes[at] ^= (unsigned char)(1u << bit);
		}
	}
	__real_free(is_header);
	check_time(f, begun);
}

static void test_every_stream(void **state)
{
	static const char *const names[] = {
		"powernv8/sparse-p1",        "powernv8/sparse-p2-changed",
		"powernv8/sparse-p4-buf40",  "powernv8/sparse-bolted-p3-first",
		"powernv8/sparse-start3ff8", "powernv8/sparse-start3fff",
		"powernv8/ptegs-p1",         "powernv8/dense-p1",
		"powernv8/dense-buf40",      "powernv9/sparse-p1",
	};

	(void)state;
	answers = compared = refusals = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct file f;

		load_shipped(&f, "kvm-streams/", names[i], ".stream");
		cut_stream(&f);
		flip_stream_headers(&f);
		__real_free(f.bytes);
	}
	print_message("# streams: %u answers, %u refusals\n", answers, refusals);
	assert_true(answers > 1000 && refusals > 5000);
}

static void test_every_guest(void **state)
{
	static const char *const names[] = { "guest", "radix" };

	(void)state;
	answers = compared = refusals = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct file f;

		load_shipped(&f, "", names[i], "/guest.mig");
		cut_guest(&f);
		flip_guest_headers(&f);
		__real_free(f.bytes);
	}
	print_message("# guests: %u answers, %u refusals\n", answers, refusals);
	assert_true(answers > 1000 && refusals > 5000);
}

static void test_streams(void **state)
{
	static const char *const names[] = {
		"powernv8/sparse-p1",         "powernv8/ptegs-p1",
		"powernv8/dense-p1",          "powernv8/sparse-p2-changed",
		"powernv8/sparse-buf40",      "powernv8/sparse-start2003",
		"powernv8/sparse-bolted-p1",  "powernv9/sparse-p1",
		"powernv9/sparse-p2-changed",
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
		cmocka_unit_test(test_every_stream),
		cmocka_unit_test(test_every_guest),
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
