/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Saved guests in snapshots of qcow2 images, made byte by byte: what QEMU's savevm writes is
 * seen in tests/run-containers, and here all that the format allows besides, and what it does
 * not. Source: QEMU docs/interop/qcow2.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include <hpt/guest.h>

#include "qcow2_file.h"

static void expect_whole(const struct bytes *b, uint32_t flags, bool piped)
{
	struct hpt_guest *guest = must_open_saved(b, flags, piped);
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_table *table = NULL;
	struct hpt_entry entry;

	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_int_equal(info.kind, HPT_SOURCE_QEMU);
	assert_string_equal(info.container, "qcow2");
	assert_string_equal(info.machine, "pseries-7.2");
	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	assert_int_equal(hpt_table_read(table, 5, 1, &entry, NULL), 0);
	assert_int_equal(entry.r, 0x196);
	assert_int_equal(hpt_table_read(table, 6, 1, &entry, NULL), 0);
	assert_int_equal(entry.r, 0x1196);
	hpt_guest_close(guest);
}

static void forms(void **state)
{
	static const struct recipe recipes[] = {
		PLAIN,
		{ 2, 9, RAW, 1000, 0, { "one" }, 1 },
		{ 2, 16, RAW, UINT64_C(1) << 40, 0, { "one" }, 1 },
		{ 3, 12, RAW, 0, 8, { "one", "two" }, 2 },
		{ 3, 21, RAW, UINT64_C(1) << 50, 16, { "one" }, 1 },
		{ 3, 14, EXTENDED, 1000, 24, { "one" }, 1 },
		{ 3, 9, PACKED, 32768, 24, { "one" }, 1 },
		{ 3, 9, ZSTD, 32769, 24, { "one" }, 1 },
	};
	struct bytes b;
	size_t i;

	(void)state;
	for (i = 0; i < N(recipes); i++) {
		if ((recipes[i].kind == PACKED && !has_feature("pages compressed by QEMU")) ||
		    (recipes[i].kind == ZSTD && !has_feature("compressed files")))
			continue;
		b = image_of(&recipes[i], WHOLE);
		expect_whole(&b, 0, false);
		expect_whole(&b, HPT_GUEST_WHOLE, true);
		expect_whole(&b, HPT_GUEST_MEMORY, false);
		bytes_free(&b);
	}
}

/* What has no bytes in the file is zero: a cluster that says so, or that nothing is said of. */
static void zeros(void **state)
{
	static const uint64_t entries[] = { 0, 1, 0x200000001 };
	const struct recipe recipe = PLAIN;
	struct bytes b = image_of(&recipe, WHOLE);
	struct hpt_guest *guest;
	unsigned char bytes[4];
	size_t i;

	(void)state;
	/* Bytes 512 to 1023 of the state are of the page at 0, which is 0xaa from byte 161 on. */
	for (i = 0; i < N(entries); i++) {
		image_put(&b, 3 * 512 + 8, entries[i], 8);
		guest = must_open_saved(&b, HPT_GUEST_MEMORY, false);
		assert_int_equal(hpt_guest_read(guest, 100, 4, bytes, NULL), 0);
		assert_memory_equal(bytes, "\xaa\xaa\xaa\xaa", 4);
		assert_int_equal(hpt_guest_read(guest, 600, 4, bytes, NULL), 0);
		assert_memory_equal(bytes, "\0\0\0\0", 4);
		hpt_guest_close(guest);
	}
	bytes_free(&b);
}

struct poke {
	const char *name;
	size_t at;
	uint64_t value;
	unsigned int bytes;
	int code;
	const char *text;
};

/* Of PLAIN: snapshots at 512, L1 at 1024, its entry 1 at 1032, L2 at 1536, data from 2048. */
static const struct poke pokes[] = {
	{ "version 4", 4, 4, 4, HPT_ERR_UNSUPPORTED, "offset 4: a qcow2 image of version 4" },
	{ "version 1", 4, 1, 4, HPT_ERR_UNSUPPORTED, "version 1, expected 2 or 3" },
	{ "tiny clusters", 20, 8, 4, HPT_ERR_FORMAT,
	  "offset 20: a qcow2 image with clusters" },
	{ "huge clusters", 20, 22, 4, HPT_ERR_FORMAT, "2^22 bytes, expected 2^9 to 2^21" },
	{ "encrypted", 32, 2, 4, HPT_ERR_UNSUPPORTED,
	  "offset 32: a qcow2 image that is encryp" },
	{ "an external data file", 72, 4, 8, HPT_ERR_UNSUPPORTED, "data is in another file" },
	{ "a feature that is not known", 72, 32, 8, HPT_ERR_UNSUPPORTED, "features 0x20" },
	{ "compressed some way", 72, 8, 8, 0, NULL },
	{ "subclusters of small clusters", 72, 16, 8, HPT_ERR_FORMAT, "with subclusters of" },
	{ "many snapshots", 60, 65537, 4, HPT_ERR_FORMAT,
	  "65537 snapshots, expected at most" },
	{ "snapshots beyond the end", 64, 1 << 20, 8, HPT_ERR_TRUNCATED,
	  "a snapshot at offset" },
	{ "snapshots that wrap", 64, UINT64_MAX - 7, 8, HPT_ERR_TRUNCATED,
	  "a snapshot at off" },
	{ "no snapshots", 60, 0, 4, HPT_ERR_UNSUPPORTED, "of 0 snapshots none has one" },
	{ "more than there are: of the disk only", 60, 3, 4, 0, NULL },
	{ "much behind an entry", 548, 1025, 4, HPT_ERR_FORMAT, "1025 bytes more, expected" },
	{ "no state", 552, 0, 8, HPT_ERR_UNSUPPORTED, "of 1 snapshot none has one" },
	{ "an endless state", 552, UINT64_MAX, 8, HPT_ERR_FORMAT,
	  "bytes of a guest's state, in" },
	{ "a disk without end", 560, UINT64_MAX, 8, HPT_ERR_FORMAT, "too large" },
	{ "a disk beyond its tables", 560, UINT64_C(1) << 62, 8, HPT_ERR_FORMAT,
	  "beyond its L1 table" },
	{ "L1 beyond the end", 512, 1 << 20, 8, HPT_ERR_TRUNCATED, "an L1 table at offset" },
	{ "L1 that wraps", 512, UINT64_MAX - 7, 8, HPT_ERR_TRUNCATED,
	  "an L1 table at offset" },
	{ "a short L1", 520, 1, 4, HPT_ERR_FORMAT,
	  "leads beyond its L1 table at offset 0x400" },
	{ "L2 beyond the end", 1032, 1 << 20, 8, HPT_ERR_TRUNCATED, "an L2 table at offset" },
	{ "a cluster beyond the end", 1544, 1 << 20, 8, HPT_ERR_TRUNCATED,
	  "a cluster at offset" },
	{ "no L2: the state is zeros", 1032, 0, 8, HPT_ERR_FORMAT, "magic 0x00000000" },
	{ "not a stream", 2048, 0, 1, HPT_ERR_FORMAT, "magic" },
};

static void bad_fields(void **state)
{
	const struct recipe recipe = PLAIN;
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	struct bytes b;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < N(pokes); i++) {
		b = image_of(&recipe, WHOLE);
		image_put(&b, pokes[i].at, pokes[i].value, pokes[i].bytes);
		r = open_saved(&b, 0, false, &guest, &err);
		if (!r)
			hpt_guest_close(guest);
		if (r != pokes[i].code || (r && !strstr(err.text, pokes[i].text)))
			fail_msg("%s: code %d: %s", pokes[i].name, r, r ? err.text : "");
		bytes_free(&b);
	}
}

/* A state that is partly in the image below, which is not read. */
static void based_on_another(void **state)
{
	const struct recipe recipe = PLAIN;
	struct bytes b = image_of(&recipe, WHOLE);
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	image_put(&b, 8, 256, 8);
	image_put(&b, 16, 4, 4);
	expect_whole(&b, 0, false);
	image_put(&b, 1544, 0, 8);
	assert_int_equal(open_saved(&b, 0, false, &guest, &err), HPT_ERR_UNSUPPORTED);
	assert_non_null(
		strstr(err.text, "byte 0x200 of a guest's state is not in this qcow2"));
	bytes_free(&b);
}

static void packed_badly(void **state)
{
	const struct recipe recipe = { 3, 9, PACKED, 1000, 24, { "one" }, 1 };
	bool inflates = has_feature("pages compressed by QEMU");
	struct bytes b = image_of(&recipe, WHOLE);
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	b.data[2048] = 7; /* a type of block that there is not */
	assert_int_equal(open_saved(&b, 0, false, &guest, &err),
			 inflates ? HPT_ERR_FORMAT : HPT_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.text, "a compressed cluster at offset 0x800: "));
	assert_non_null(strstr(err.text, inflates ? "does not inflate" : "has no zlib"));
	bytes_free(&b);
}

/* Cut anywhere: an error each time, as long as a byte that is needed is missing. */
static void cut(void **state)
{
	const struct recipe recipe = PLAIN;
	struct bytes whole = image_of(&recipe, WHOLE), stream = bytes_of(WHOLE), b = whole;
	size_t needed = 2048 + stream.len - 1;
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	for (b.len = 4; b.len < needed; b.len += b.len < 700 ? 1 : 29) {
		if (!open_saved(&b, 0, b.len % 5 == 0, &guest, &err))
			fail_msg("cut at %zu of %zu", b.len, needed);
		assert_true(err.code == HPT_ERR_TRUNCATED && err.has & HPT_ERROR_HAS_OFFSET);
	}
	bytes_free(&whole);
	bytes_free(&stream);
}

/* In a file of a name, so that "#NAME" can be said. */
static int open_named(const struct bytes *b, const char *name, uint32_t flags,
		      struct hpt_guest **out, struct hpt_error *err)
{
	struct hpt_guest_options options = { .size = sizeof(options), .flags = flags };
	char path[64] = "/tmp/hpt-qcow2.XXXXXX";
	int fd = mkstemp(path), r;
	size_t len = strlen(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->data, b->len), (ssize_t)b->len);
	assert_int_equal(close(fd), 0);
	snprintf(path + len, sizeof(path) - len, "%s", name);
	r = hpt_guest_open(path, &options, out, err);
	path[len] = '\0';
	assert_int_equal(unlink(path), 0);
	return r;
}

static void by_name(void **state)
{
	const struct recipe recipe = { 3, 9, RAW, 1000, 24, { "a", "b#1", "2", "disk" }, 7 };
	static const struct {
		const char *name;
		const char *opened; /* the id, or NULL and: */
		const char *text;
	} cases[] = {
		{ "#a", "1", NULL },
		{ "#1", "1", NULL },
		{ "#b#1", "2", NULL },
		{ "#2", "3", NULL }, /* a name counts before an id */
		{ "#c", NULL, "no snapshot \"c\" in this qcow2 image; there are: a, b#1, 2" },
		{ "#disk", NULL, "snapshot \"disk\" has no guest in this image" },
		{ "", NULL,
		  "with 3 saved guests: say which, as FILE#NAME; there are a, b#1, 2" },
		{ "x#a", NULL, "cannot open: No such file or directory" },
	};
	struct bytes b = image_of(&recipe, WHOLE);
	struct hpt_guest_snapshot snapshot = { .size = sizeof(snapshot) };
	struct hpt_guest *guest;
	struct hpt_error err;
	size_t i, n;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		if (open_named(&b, cases[i].name, 0, &guest, &err)) {
			if (cases[i].opened || !strstr(err.text, cases[i].text))
				fail_msg("%s: %s", cases[i].name, err.text);
			continue;
		}
		assert_non_null(cases[i].opened);
		for (n = 0; !hpt_guest_snapshot(guest, n, &snapshot, NULL); n++)
			assert_int_equal(snapshot.opened,
					 !strcmp(snapshot.id, cases[i].opened));
		assert_int_equal(n, 4);
		hpt_guest_close(guest);
	}
	bytes_free(&b);
}

static void listed(void **state)
{
	const struct recipe recipe = { 3, 9, RAW, 1000, 24, { "a", "b", "disk" }, 3 };
	struct bytes b = image_of(&recipe, WHOLE);
	struct hpt_guest_snapshot snapshot = { .size = sizeof(snapshot) };
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	struct hpt_table *table = NULL;
	struct hpt_guest *guest = must_open_saved(&b, HPT_GUEST_LIST, false);
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_string_equal(info.container_details, "version 3, 3 snapshots");
	assert_int_equal(info.vcpus, HPT_GUEST_VCPUS_UNKNOWN);
	assert_int_equal(hpt_guest_snapshot(guest, 2, &snapshot, NULL), 0);
	assert_string_equal(snapshot.name, "disk");
	assert_string_equal(snapshot.id, "3");
	assert_int_equal(snapshot.date_sec, 1700000002);
	assert_int_equal(snapshot.clock_nsec, 5000000000);
	assert_int_equal(snapshot.state_bytes, 0);
	assert_int_equal(hpt_guest_snapshot(guest, 3, &snapshot, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	assert_non_null(strstr(err.text, "say which, as FILE#NAME; there are a, b"));
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "say which"));
	hpt_guest_close(guest);
	bytes_free(&b);
	b = bytes_of(WHOLE);
	assert_int_equal(open_named(&b, "#a", 0, &guest, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "this is no qcow2 disk image"));
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),        cmocka_unit_test(zeros),
		cmocka_unit_test(bad_fields),   cmocka_unit_test(based_on_another),
		cmocka_unit_test(packed_badly), cmocka_unit_test(cut),
		cmocka_unit_test(by_name),      cmocka_unit_test(listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
