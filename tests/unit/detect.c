/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Which dialect a stream is in. */

#include <dirent.h>

#include "unit.h"

#define LE HPT_DIALECT_KVM_LE
#define BE HPT_DIALECT_KVM_BE
#define QEMU HPT_DIALECT_QEMU

/* The same stream with big-endian headers, in place. */
static void swap_headers(unsigned char *p, size_t len)
{
	static const unsigned char pairs[][2] = { { 0, 3 }, { 1, 2 }, { 4, 5 }, { 6, 7 } };

	while (len >= 8) {
		size_t size = 8 + (size_t)16 * (size_t)(p[4] | p[5] << 8);

		for (size_t i = 0; i < COUNT(pairs); i++) {
			unsigned char byte = p[pairs[i][0]];

			p[pairs[i][0]] = p[pairs[i][1]];
			p[pairs[i][1]] = byte;
		}
		assert_in_range(size, 8, len);
		p += size;
		len -= size;
	}
	assert_int_equal(len, 0);
}

static void expect(const char *name, const void *bytes, size_t len, bool whole, unsigned order,
		   enum hpt_dialect expected)
{
	enum hpt_dialect found = HPT_DIALECT_DETECT;
	struct hpt_error err;
	int ret;

	unit_poison(&err);
	ret = hpt_stream_detect(bytes, len, whole, order, &found, &err);
	if (ret)
		fail_msg("%s: %s", name, err.text);
	unit_ok(ret, &err);
	if (found != expected)
		fail_msg("%s: %s, expected %s", name, hpt_dialect_name(found),
			 hpt_dialect_name(expected));
}

/* Whole, and any beginning of it that holds a few chunks. */
static void expect_all(const char *name, const unsigned char *bytes, size_t len, unsigned order,
		       enum hpt_dialect dialect)
{
	expect(name, bytes, len, true, 0, dialect);
	expect(name, bytes, len, true, order, dialect);
	expect(name, bytes, len, false, order, dialect);
	for (size_t part = len / 2; part >= 1000; part /= 2)
		expect(name, bytes, part, false, 0,
		       dialect == QEMU ? BE : dialect); /* its marker is not there yet */
}

static void check_capture(const char *path)
{
	size_t len;
	unsigned char *bytes = (unsigned char *)unit_load(path, &len), *more;

	if (len) {
		more = realloc(bytes, len + 8);
		assert_non_null(more);
		bytes = more;
		expect_all(path, bytes, len, 18, LE);
		swap_headers(bytes, len);
		expect_all(path, bytes, len, 18, BE);
		memset(bytes + len, 0, 8);
		expect_all(path, bytes, len + 8, 18, QEMU);
	}
	free(bytes);
}

static unsigned check_folder(const char *folder)
{
	const char *data = getenv("HPT_TEST_DATA");
	const struct dirent *e;
	char path[1024];
	unsigned n = 0;
	DIR *dir;

	assert_non_null(data);
	snprintf(path, sizeof(path), "%s/%s", data, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (len < 7 || strcmp(e->d_name + len - 7, ".stream"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		check_capture(path);
		n++;
	}
	closedir(dir);
	return n;
}

static void test_captures(void **state)
{
	(void)state;
	assert_int_equal(check_folder("kvm-streams/powernv8"), 53);
	assert_int_equal(check_folder("kvm-streams/powernv9"), 3);
}

static const struct {
	const char *text;
	bool whole;
	unsigned order;
	enum hpt_dialect dialect;
} known[] = {
	{ "L:0,0,4000", true, 0, LE },
	{ "B:0,0,4000", true, 0, BE },
	{ "B:0,0,4000 Z", true, 0, QEMU },
	{ "B:5,1,0 E:81,2 Z", true, 0, QEMU },
	{ "L:5,1,0 E:81,2", true, 0, LE },
	{ "L:5,1,0 E:81,2", true, 18, LE },
	/* an order makes the other reading impossible */
	{ "L:100,0,0 L:200,0,0", true, 18, LE },
	/* cut within a chunk */
	{ "L:5,2,0 E:81,2", false, 0, LE },
	{ "B:5,2,0 E:81,2 x:00", false, 0, BE },
	/* cut, or not of the order that was given: decoding will say so */
	{ "L:5,2,0 E:81,2", true, 0, LE },
	{ "B:0,0,4000 x:0000", true, 0, BE },
	{ "L:0,0,8000 L:1,0,4", true, 18, LE },
	{ "B:0,0,8000 B:1,0,4 Z", true, 18, QEMU },
	{ "B:0,0,4000", true, 20, BE },
	{ "L:5000,1,0 E:81,2", true, 18, LE },
	/* only the one that begins at zeros can be QEMU's */
	{ "Z B:5,1,0 E:81,2 Z", true, 0, QEMU },
};

static void test_known(void **state)
{
	unsigned char bytes[256];

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++)
		expect(known[i].text, bytes, unit_bytes(known[i].text, bytes, sizeof(bytes)),
		       known[i].whole, known[i].order, known[i].dialect);
}

static const struct {
	const char *text;
	bool whole;
	unsigned order;
	int code;
	uint64_t offset;
	const char *expected;
} refused[] = {
	{ "", true, 0, HPT_ERR_BYTE_ORDER, 0,
	  "the stream is empty: its dialect cannot be told, say which" },
	{ "", false, 18, HPT_ERR_BYTE_ORDER, 0,
	  "the stream is empty: its dialect cannot be told, say which" },
	/* reads the same both ways */
	{ "x:0101010100000000", true, 0, HPT_ERR_BYTE_ORDER, 0,
	  "8 bytes decode with headers of either byte order: say which dialect it is" },
	{ "x:0101010100000000", false, 36, HPT_ERR_BYTE_ORDER, 0,
	  "8 bytes decode with headers of either byte order: say which dialect it is" },
	{ "x:00", false, 0, HPT_ERR_FORMAT, 0,
	  "no HTAB stream of any dialect: kvm-le: 1 bytes name no slot" },
	{ "Z Z", true, 0, HPT_ERR_FORMAT, 0,
	  "no HTAB stream of any dialect: kvm-le: 16 bytes name no slot" },
	/* none fits: the one that came furthest tells why */
	{ "x:00", true, 0, HPT_ERR_FORMAT, 1,
	  "no HTAB stream of any dialect: kvm-le: the stream ends at offset 0x1, 1 bytes into a "
	  "chunk's header, expected 8" },
	{ "L:5,2,0 E:81,2 E:80,2", true, 0, HPT_ERR_FORMAT, 24,
	  "no HTAB stream of any dialect: kvm-le: entry 0x6 at offset 0x18: its V bit is clear, and "
	  "the chunk at offset 0x0 says that it is valid" },
	{ "B:5,2,0 E:81,2 E:80,2", true, 18, HPT_ERR_FORMAT, 24,
	  "no HTAB stream of any dialect: kvm-be: entry 0x6 at offset 0x18: its V bit is clear, and "
	  "the chunk at offset 0x0 says that it is valid" },
	{ "8*x:ff", true, 18, HPT_ERR_FORMAT, 0,
	  "no HTAB stream of any dialect: kvm-le: chunk at offset 0x0: index is 0xffffffff, "
	  "expected below 0x4000, the number of slots" },
};

static void test_refused(void **state)
{
	unsigned char bytes[256];

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		size_t len = unit_bytes(refused[i].text, bytes, sizeof(bytes));
		enum hpt_dialect out = (enum hpt_dialect)77;
		struct hpt_error err;

		unit_poison(&err);
		unit_error_at(hpt_stream_detect(bytes, len, refused[i].whole, refused[i].order,
						&out, &err), &err, refused[i].code,
			      refused[i].expected, HPT_ERROR_HAS_OFFSET, refused[i].offset);
		assert_int_equal(out, 77);
		assert_int_equal(hpt_stream_detect(bytes, len, refused[i].whole,
						   refused[i].order, &out, NULL),
				 refused[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
