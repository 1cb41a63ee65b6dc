/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Saved guests that claim what they do not have, and that are made to be slow: each is read in
 * memory and time that follow the file's size, or refused.
 */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "guest_saved.h"

/*
 * What a guest may cost: memory by its bytes and what there always is (1 MiB is looked at to
 * tell the kind), time by far more than it takes with every tool that makes it slower.
 */
#define BYTES_EACH 192
#define BYTES_FIXED ((size_t)4 << 20)
#define SECONDS_EACH_MIB 3.0

static size_t held, most;

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);
char *__wrap_strdup(const char *text);

static void *count(void *made)
{
	held += malloc_usable_size(made);
	if (held > most)
		most = held;
	return made;
}

void *__wrap_malloc(size_t size)
{
	return count(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *made = size && n > SIZE_MAX / 2 / size ? NULL : __wrap_malloc(n * size);

	return made ? memset(made, 0, n * size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	size_t before = malloc_usable_size(old);
	void *made = __real_realloc(old, size);

	if (!made)
		return NULL;
	held -= before;
	return count(made);
}

void __wrap_free(void *old)
{
	held -= malloc_usable_size(old);
	__real_free(old);
}

char *__wrap_strdup(const char *text)
{
	char *copy = __wrap_malloc(strlen(text) + 1);

	return copy ? strcpy(copy, text) : NULL;
}

/* A guest that is open, and what it has cost so far. */
struct open {
	struct hpt_guest *guest;
	struct hpt_error err;
	int ret;
	int fd;
	size_t len;
	size_t before;
	double begun;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct open open_bytes(const struct bytes *b)
{
	struct open o = { .len = b->len };

	o.fd = memfd_create("hostile", MFD_CLOEXEC);
	assert_true(o.fd >= 0);
	assert_int_equal(write(o.fd, b->data, b->len), b->len);
	assert_int_equal(lseek(o.fd, 0, SEEK_SET), 0);
	o.before = most = held;
	o.begun = now();
	o.ret = hpt_guest_open_fd(o.fd, "SOURCE", NULL, &o.guest, &o.err);
	return o;
}

/* Closes it, and asserts the bounds. */
static void close_bounded(struct open *o)
{
	double took = now() - o->begun;

	if (!o->ret)
		hpt_guest_close(o->guest);
	close(o->fd);
	if (most - o->before > BYTES_EACH * o->len + BYTES_FIXED)
		fail_msg("%zu bytes were held for a file of %zu", most - o->before, o->len);
	if (took > SECONDS_EACH_MIB * (1 + (double)o->len / (1 << 20)))
		fail_msg("%.1f s for a file of %zu bytes", took, o->len);
	assert_int_equal(held, o->before);
}

static struct open must_open(const struct bytes *b)
{
	struct open o = open_bytes(b);

	if (o.ret)
		fail_msg("%s", o.err.text);
	return o;
}

static int count_entry(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex;
	(void)entries;
	*(size_t *)arg += n;
	return 0;
}

/* 64 TiB of table in a hundred bytes. */
static void largest_table(void **state)
{
	struct bytes b = bytes_of(HEAD START("3", "spapr/htab", "1") "u32 46 " FOOT("3") END(
		"3") "u32 0 u32 0xffffffff u16 1 u16 65535 " ENTRY_A CHUNKS_END FOOT("3")
					  STREAM_END);
	struct hpt_table *table = NULL;
	struct hpt_entry entry;
	struct open o = must_open(&b);
	size_t n = 0;

	(void)state;
	assert_int_equal(hpt_guest_table(o.guest, &table, NULL), 0);
	assert_int_equal(hpt_table_order(table), 46);
	assert_int_equal(hpt_table_read(table, 0xffffffff, 1, &entry, NULL), 0);
	assert_true(entry.v & HPT_V_VALID);
	assert_int_equal(hpt_table_read(table, (UINT64_C(1) << 42) - 1, 1, &entry, NULL), 0);
	assert_int_equal(entry.v, 0);
	assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, count_entry, &n, NULL), 0);
	assert_int_equal(n, 1);
	close_bounded(&o);
	bytes_free(&b);
}

/* RAM of 2^63 bytes without a page in the file. */
static void endless_ram(void **state)
{
	struct bytes b = bytes_of(HEAD START(
		"2", "ram",
		"4") "u64 0x8000000000000004 p\"../../etc/passwd\" "
		     "u64 0x8000000000000000 " EOS FOOT("2") HTAB_START PART(
			     "2") "u64 0x00fffffffffff002 p\"../../etc/passwd\" u8 7 " EOS
					  FOOT("2") RAM_END HTAB_END STREAM_END);
	struct hpt_guest_block block = { .size = sizeof(block) };
	unsigned char bytes[16];
	struct open o = must_open(&b);
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_block(o.guest, 0, &block, NULL), 0);
	assert_int_equal(block.length, UINT64_C(1) << 63);
	/* A name, and no path to anything. */
	assert_string_equal(block.name, "../../etc/passwd");
	assert_int_equal(
		hpt_guest_read(o.guest, (UINT64_C(1) << 62) + 1, sizeof(bytes), bytes, NULL),
		0);
	assert_int_equal(bytes[15], 0);
	assert_int_equal(hpt_guest_read(o.guest, (UINT64_C(1) << 56) - 16, 16, bytes, NULL),
			 0);
	assert_int_equal(bytes[15], 7);
	assert_int_equal(hpt_guest_read(o.guest, (UINT64_C(1) << 63) - 15, 16, bytes, &err),
			 HPT_ERR_RANGE);
	assert_int_equal(err.address, UINT64_C(1) << 63);
	assert_int_equal(hpt_guest_read(o.guest, UINT64_MAX - 3, 16, bytes, &err),
			 HPT_ERR_RANGE);
	close_bounded(&o);
	bytes_free(&b);
}

/* Every name as long as can be. */
static void longest_names(void **state)
{
	struct bytes b = bytes_of(
		HEAD CONFIG "u8 5 p\"configuration/capabilities\" u32 1 u32 1 "
			    "u8 255 fill 255 0x63 " START(
				    "2", "ram", "4") "u64 0x1004 u8 255 fill 255 0x62 "
						     "u64 0x1000 " EOS FOOT("2")
							     HTAB_START RAM_END HTAB_END
		"u8 4 u32 9 u8 255 fill 255 0x73 u32 0 u32 1 u32 0 " FOOT("9") STREAM_END);
	struct hpt_guest_block block = { .size = sizeof(block) };
	struct open o = must_open(&b);

	(void)state;
	assert_int_equal(hpt_guest_block(o.guest, 0, &block, NULL), 0);
	assert_int_equal(strlen(block.name), 255);
	assert_true(has_warning(o.guest, "capability \"ccccccccccccccccc"));
	close_bounded(&o);
	bytes_free(&b);
}

/* Claims that end the reading, each with its place. */
static void refused(void **state)
{
	static const struct bad_stream cases[] = {
		{ "2^32 capabilities",
		  HEAD CONFIG "u8 5 p\"configuration/capabilities\" u32 1 u32 0xffffffff "
			      "p\"a\" p\"b\" ",
		  HPT_ERR_TRUNCATED, 64, "a capability's name" },
		{ "a page at 2^62",
		  HEAD START("2", "ram",
			     "4") "u64 0x8000000000000004 p\"r\" "
				  "u64 0x8000000000000000 u64 0x4000000000000002 p\"r\" u8 7 ",
		  HPT_ERR_FORMAT, 54,
		  "a page at 0x4000000000000000 of its block, expected below "
		  "0x100000000000000" },
		{ "RAM of 2^64",
		  HEAD START(
			  "2", "ram",
			  "4") "u64 0xfffffffffffff004 "
			       "p\"a\" u64 0x8000000000000000 p\"b\" u64 0x8000000000000000 ",
		  HPT_ERR_FORMAT, 43, "at most the 0x7ffffffffffff000 that are left" },
		{ "chunks before RAM and size",
		  HEAD PART("3") "u32 0 u32 5 u16 1 u16 0 " ENTRY_A, HPT_ERR_FORMAT, 8,
		  "section id 3, which never began" },
		{ "pages before the list of blocks",
		  HEAD START("2", "ram", "4") "u64 0x8 p\"r\" fill 4096 1 ", HPT_ERR_FORMAT,
		  25, "which the list of blocks does not have" },
		{ "chunks in the round that says the size",
		  HEAD START("3", "spapr/htab",
			     "1") "u32 18 u32 0x05000000 u16 1 u16 0 " ENTRY_A,
		  HPT_ERR_FORMAT, 36, "item type 0x05" },
		{ "a length of 2^32 less 1", HEAD "u8 7 u32 0xffffffff ", HPT_ERR_FORMAT, 9,
		  "4294967295 bytes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		check_bad(&cases[i]);
}

/* More sections that come in rounds than anything has. */
static void too_many_sections(void **state)
{
	struct bytes b = bytes_of(HEAD CONFIG);
	struct open o;
	uint64_t i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		bytes_put(&b, 1, 1, 0);
		bytes_put(&b, 100 + i, 4, 0);
		bytes_append(&b, "p\"x\" u32 0 u32 1 u8 0x7e ");
		bytes_put(&b, 100 + i, 4, 0);
	}
	o = open_bytes(&b);
	assert_int_equal(o.ret, HPT_ERR_FORMAT);
	assert_non_null(strstr(o.err.text, "more than 4096 sections that come in rounds"));
	assert_int_equal(o.err.offset, 8 + 16 + 4096 * (5 + 2 + 8 + 5));
	close_bounded(&o);
	bytes_free(&b);
}

/* @n times a section of a name and with a payload; their instances are the same, or not. */
static void add_sections(struct bytes *b, const char *name, const char *payload, uint64_t n,
			 bool same)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		bytes_put(b, 4, 1, 0);
		bytes_put(b, 100 + i, 4, 0);
		bytes_append(b, name);
		bytes_put(b, same ? 0 : i, 4, 0);
		bytes_append(b, payload);
		bytes_put(b, 0x7e, 1, 0);
		bytes_put(b, 100 + i, 4, 0);
	}
}

/* Sections without end whose footers are looked for. */
static void many_cores(void **state)
{
	struct bytes b = bytes_of(TABLE);
	struct hpt_guest_info info = { .size = sizeof(info) };
	struct open o;

	(void)state;
	add_sections(&b, "p\"cpu\" ", "u32 5 u32 0x7e7e7e7e ", 300000, false);
	bytes_append(&b, "u8 0 ");
	o = must_open(&b);
	assert_int_equal(hpt_guest_info(o.guest, &info, NULL), 0);
	assert_int_equal(info.vcpus, 8192);
	close_bounded(&o);
	bytes_free(&b);
}

/* A description with something in its middle that is said @n times. */
static void describe_often(struct bytes *b, const char *begin, const char *again, size_t n,
			   const char *finish)
{
	char *text = __real_malloc(strlen(begin) + n * strlen(again) + strlen(finish) + 1);
	char *end = stpcpy(text, begin);

	while (n--)
		end = stpcpy(end, again);
	stpcpy(end, finish);
	describe(b, text);
	__real_free(text);
}

/* One section many times, and a description that takes long to go through. */
static void section_again(void **state)
{
	struct bytes b = bytes_of(TABLE);
	struct open o;

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	add_sections(&b, "p\"spapr\" ", "u32 3 ", 60000, true);
	bytes_append(&b, "u8 0 ");
	describe_often(&b, "{'devices':[{'name':'spapr','instance_id':0,'fields':[{'size':4}",
		       ",{'size':0}", 120000, "]}]}");
	o = must_open(&b);
	assert_true(has_warning(o.guest, "section \"spapr\" instance 0 comes again, and is "
					 "passed over"));
	close_bounded(&o);
	bytes_free(&b);
}

/* Descriptions that parsers are slow with, or fall over. */
static void odd_descriptions(void **state)
{
	static const struct {
		const char *begin, *again, *end;
		size_t n;
	} cases[] = {
		{ "{'devices':", "[", "", 100000 },
		{ "", "{'a':", "", 100000 },
		{ "{'devices':[{'name':'", "x", "'}]}", 1000000 },
		{ "{'devices':[{'name':'cpu','instance_id':0,'fields':[{'size':", "9", "}]}]}",
		  100000 },
		{ "{'devices':[", "{},", "{}]}", 100000 },
		{ "{'devices':[", "{'name':'cpu','instance_id':0},", "{}]}", 30000 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		struct bytes b =
			bytes_of(TABLE FULL("8", "x", "0") "u8 1 " FOOT("8") STREAM_END);
		struct hpt_table *table;
		struct open o;

		describe_often(&b, cases[i].begin, cases[i].again, cases[i].n, cases[i].end);
		o = must_open(&b);
		assert_int_equal(hpt_guest_table(o.guest, &table, NULL), 0);
		assert_non_null(hpt_guest_warning(o.guest, 0));
		close_bounded(&o);
		bytes_free(&b);
	}
}

/* A page that is said a million times, the other page between. */
static void many_passes(void **state)
{
	struct bytes b = bytes_of(HEAD RAM_START HTAB_START PART("2") "u64 0x2 p\"r\" u8 1 ");
	unsigned char bytes[8];
	struct open o;
	size_t i;

	(void)state;
	for (i = 0; i < 200000; i++) {
		bytes_put(&b, (i & 1 ? 0 : 0x1000) | 0x22, 8, 0);
		bytes_put(&b, i & 0xff, 1, 0);
	}
	bytes_append(&b, EOS FOOT("2") RAM_END HTAB_END STREAM_END);
	o = must_open(&b);
	assert_int_equal(hpt_guest_read(o.guest, 0, 8, bytes, NULL), 0);
	assert_int_equal(bytes[0], 199999 & 0xff);
	assert_int_equal(hpt_guest_read(o.guest, 0x2000, 8, bytes, NULL), 0);
	assert_int_equal(bytes[0], 0);
	close_bounded(&o);
	bytes_free(&b);
}

/* Chunks of eight bytes that make most of a large table invalid, again and again. */
static void many_clears(void **state)
{
	struct bytes b = bytes_of(HEAD START("3", "spapr/htab", "1") "u32 46 " FOOT("3")
					  END("3") "u32 0 ");
	struct hpt_table *table;
	struct open o;
	uint64_t i;

	(void)state;
	for (i = 0; i < 100000; i++) {
		bytes_put(&b, i * UINT64_C(2654435761) & 0xffffffff, 4, 0);
		bytes_append(&b, "u16 0 u16 65535 ");
	}
	bytes_append(&b, CHUNKS_END FOOT("3") STREAM_END);
	o = must_open(&b);
	assert_int_equal(hpt_guest_table(o.guest, &table, NULL), 0);
	close_bounded(&o);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(largest_table),     cmocka_unit_test(endless_ram),
		cmocka_unit_test(longest_names),     cmocka_unit_test(refused),
		cmocka_unit_test(too_many_sections), cmocka_unit_test(many_cores),
		cmocka_unit_test(section_again),     cmocka_unit_test(odd_descriptions),
		cmocka_unit_test(many_passes),       cmocka_unit_test(many_clears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
