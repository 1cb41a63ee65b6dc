/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* libhpt-guest: what a source is found to be, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <hpt/guest.h>

#include "guest_saved.h"

#define IMAGE_BYTES ((size_t)1 << 18)

/* A section "globalstate" that says @state, of 104 bytes; and one of a CPU, of 20. */
#define STATE(id, state, pad) \
	FULL(id, "globalstate", "0") "u32 8 " state "fill " pad " 0 " FOOT(id)
#define CPU(id, instance) \
	FULL(id, "cpu", instance) "u32 1 fill 4 2 u8 5 p\"cpu/fpu\" u32 1 u32 7 " FOOT(id)
#define DEVICES TABLE CPU("8", "0") CPU("9", "8") STATE("10", "\"paused\" ", "94") STREAM_END

/* Its description, with ' for JSON's quotes. Members that occur twice are as QEMU writes. */
static const char description[] =
	"{'page_size': 4096, 'devices': ["
	"{'name': 'cpu', 'instance_id': 0, 'vmsd_name': 'cpu', 'version': 5, 'fields': ["
	"{'name': 'a', 'type': 'uint32', 'size': 4}, "
	"{'name': 'b', 'array_len': 4, 'type': 'uint8', 'size': 1}], 'subsections': ["
	"{'vmsd_name': 'cpu/fpu', 'version': 1, 'fields': ["
	"{'name': 'c', 'type': 'struct', 'size': 4, 'struct': {'vmsd_name': 'x', "
	"'fields': [], 'vmsd_name': 'x', 'fields': []}}]}]}, "
	"{'name': 'cpu', 'instance_id': 8, 'fields': [{'name': 'a', 'size': 8}], "
	"'subsections': [{'vmsd_name': 'cpu/fpu', 'fields': [{'name': 'c', 'size': 4}]}]}, "
	"{'name': 'globalstate', 'instance_id': 0, 'fields': ["
	"{'name': 'size', 'type': 'uint32', 'size': 4}, "
	"{'name': 'runstate', 'type': 'buffer', 'size': 100}]}]}";

static FILE *file_of(const struct bytes *b)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	return file;
}

static int open_bytes(const struct bytes *b, const struct hpt_guest_options *options,
		      struct hpt_guest **out, struct hpt_error *err)
{
	FILE *file = file_of(b);
	int fd = dup(fileno(file));
	int r = hpt_guest_open_fd(fd, "SOURCE", options, out, err);

	/* The handle may need the descriptor until it is closed: keep one open. */
	fclose(file);
	if (r)
		close(fd);
	return r;
}

static struct hpt_guest *must_open(const struct bytes *b,
				   const struct hpt_guest_options *options)
{
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	if (open_bytes(b, options, &guest, &err))
		fail_msg("%s", err.text);
	return guest;
}

static struct hpt_guest_info info_of(const struct hpt_guest *guest)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	return info;
}

static uint32_t checksum(const unsigned char *bytes, size_t len)
{
	uint32_t crc = 0xffffffff;
	size_t i;
	int bit;

	for (i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* A gzip file whose blocks are stored, not deflated. */
static struct bytes gzip_of(const struct bytes *b)
{
	struct bytes out = bytes_of("hex 1f8b0800000000000003 ");
	size_t at = 0, n;

	do {
		n = b->len - at < 65535 ? b->len - at : 65535;
		bytes_put(&out, at + n == b->len, 1, 0);
		bytes_put(&out, n, 2, 1);
		bytes_put(&out, ~n & 0xffff, 2, 1);
		bytes_fill(&out, n, 0);
		memcpy(out.data + out.len - n, b->data + at, n);
		at += n;
	} while (at < b->len);
	bytes_put(&out, checksum(b->data, b->len), 4, 1);
	bytes_put(&out, b->len, 4, 1);
	return out;
}

/* An entry of kernel text at the slot where its hash puts it, in a table of order 18. */
static void put_entry(unsigned char *image, uint64_t vsid, uint64_t offset)
{
	struct hpt_va va = { .vsid = vsid, .offset = offset, .segment_shift = 28 };
	struct hpt_entry entry;
	uint64_t slot = hpt_hash_pteg(hpt_va_hash(&va, 12), 18, false) * HPT_PTEG_ENTRIES;

	entry.v = hpt_va_avpn(&va, 12) | HPT_V_VALID;
	entry.r = offset | 0x196;
	hpt_entries_to_bytes(&entry, 1, image + slot * HPT_ENTRY_BYTES);
}

static struct bytes image_of(unsigned int entries)
{
	struct bytes b = { NULL, 0 };
	unsigned int i;

	bytes_fill(&b, IMAGE_BYTES, 0);
	for (i = 0; i < entries; i++)
		put_entry(b.data, 0x1234567 + 77 * i, (uint64_t)i << 12);
	return b;
}

static int count_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex;
	(void)entries;
	*(size_t *)arg += n;
	return 0;
}

static size_t valid_entries(struct hpt_guest *guest)
{
	struct hpt_table *table;
	size_t n = 0;

	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, count_run, &n, NULL), 0);
	return n;
}

static void expect_saved(struct hpt_guest *guest, bool to_the_end)
{
	struct hpt_guest_info info = info_of(guest);
	struct hpt_guest_block block = { .size = sizeof(block) };

	assert_int_equal(info.kind, HPT_SOURCE_QEMU);
	assert_string_equal(info.machine, "pseries-7.2");
	assert_int_equal(info.mmu, HPT_GUEST_MMU_HASH);
	assert_int_equal(info.order, 18);
	assert_true(info.order_found);
	assert_int_equal(info.rounds, 2);
	assert_int_equal(info.chunks, 2);
	assert_int_equal(info.ram_blocks, 1);
	assert_int_equal(info.ram_bytes, 0x4000);
	assert_int_equal(info.vcpus, to_the_end ? 2 : HPT_GUEST_VCPUS_UNKNOWN);
	assert_string_equal(info.run_state, to_the_end ? "paused" : "");
	assert_null(hpt_guest_warning(guest, 0));
	assert_int_equal(valid_entries(guest), 2);
	assert_int_equal(hpt_guest_block(guest, 0, &block, NULL), 0);
	assert_string_equal(block.name, "r");
	assert_int_equal(block.length, 0x4000);
	assert_int_equal(hpt_guest_block(guest, 1, &block, NULL), HPT_ERR_ARGUMENT);
}

static void saved(void **state)
{
	struct hpt_guest_options whole = { .size = sizeof(whole), .flags = HPT_GUEST_WHOLE };
	struct bytes b = bytes_of(DEVICES), packed;
	bool json = has_feature("QEMU's description");
	struct hpt_guest *guest;

	(void)state;
	if (!json)
		skip();
	describe(&b, description);
	bytes_fill(&b, 5000, 0);
	guest = must_open(&b, NULL);
	expect_saved(guest, true);
	assert_string_equal(info_of(guest).compression, "");
	assert_int_equal(info_of(guest).file_bytes, b.len);
	hpt_guest_close(guest);
	if (has_feature("compressed files")) {
		packed = gzip_of(&b);
		guest = must_open(&packed, NULL);
		expect_saved(guest, false);
		assert_string_equal(info_of(guest).compression, "gzip");
		hpt_guest_close(guest);
		guest = must_open(&packed, &whole);
		expect_saved(guest, true);
		hpt_guest_close(guest);
		bytes_free(&packed);
	}
	bytes_free(&b);
}

/* A description that is missing or wrong: the footers say where sections end. */
static void bad_descriptions(void **state)
{
	static const struct {
		const char *json;
		const char *says;
	} cases[] = {
		{ "", "built in: QEMU's description is not at the end of the file" },
		{ "{'devices': []}", "built in: QEMU's description names no devices" },
		{ "{'devices': 5}", "built in: QEMU's description names no devices" },
		{ "[]", "built in: QEMU's description names no devices" },
		{ "{'devices': [}", "built in: QEMU's description cannot be parsed: " },
		{ "{'devices': [{'name': 'cpu', 'instance_id': 0, 'fields': [{'size': 9}]}]}",
		  "section \"cpu\" has 25 bytes, its description says 9" },
		{ "{'devices': [{'name': 'cpu', 'instance_id': 0, 'fields': [{'size': -9}]}]}",
		  "built in: QEMU's description does not name all of it" },
		{ "{'devices': [{'name': 'cpu', 'instance_id': 0, 'fields': [{'size': "
		  "9223372036854775807, 'array_len': 3}]}]}", "does not name all of it" },
		{ "{'devices': [{'name': 'cpu', 'instance_id': 0, 'fields': [{'size': "
		  "9223372036854775807}]}]}", "its description says 9223372036854775807" },
		{ "{'devices': [{'name': 'cpu', 'instance_id': 1, 'fields': []}]}",
		  "does not name all of it" },
	};
	struct hpt_guest *guest;
	struct bytes b;
	size_t i;

	(void)state;
	if (!has_feature("QEMU's description"))
		skip();
	for (i = 0; i < N(cases); i++) {
		b = bytes_of(DEVICES);
		if (*cases[i].json)
			describe(&b, cases[i].json);
		guest = must_open(&b, NULL);
		assert_int_equal(info_of(guest).vcpus, 2);
		assert_string_equal(info_of(guest).run_state, "paused");
		assert_int_equal(valid_entries(guest), 2);
		assert_non_null(hpt_guest_warning(guest, 0));
		if (!strstr(hpt_guest_warning(guest, 0), cases[i].says))
			fail_msg("%s, expected %s", hpt_guest_warning(guest, 0), cases[i].says);
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* What goes wrong behind the table is a remark, and the number of vCPUs not known. */
static void broken_behind_the_table(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} cases[] = {
		{ TABLE FULL("8", "cpu", "0") "fill 90 2 " STREAM_END, HPT_ERR_SECTION_LENGTH,
		  "the length of section \"cpu\" instance 0 is not known: " },
		{ TABLE FULL("8", "cpu", "0") "fill 90 0x7e " FOOT("9") STREAM_END,
		  HPT_ERR_SECTION_LENGTH, "and no footer was found" },
		{ TABLE CPU("8", "0") "u8 77 ", HPT_ERR_SECTION_LENGTH, "no footer was found" },
		{ TABLE CPU("8", "0") "u8 4 u32 9 ", HPT_ERR_SECTION_LENGTH, "no footer" },
		{ TABLE CPU("8", "0") "u8 3 ", HPT_ERR_SECTION_LENGTH, "no footer" },
		{ TABLE CPU("8", "0") "u8 3 u32 77 ", HPT_ERR_FORMAT, "section id 77" },
		{ TABLE "u8 9 ", HPT_ERR_FORMAT, "item type 0x09" },
	};
	struct hpt_guest_vcpu vcpu = { .size = sizeof(vcpu) };
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	size_t i, w;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		b = bytes_of(cases[i].text);
		guest = must_open(&b, NULL);
		assert_int_equal(info_of(guest).vcpus, HPT_GUEST_VCPUS_UNKNOWN);
		assert_int_equal(valid_entries(guest), 2);
		for (w = 0; hpt_guest_warning(guest, w); w++)
			if (strstr(hpt_guest_warning(guest, w), "behind the table, which is whole"))
				break;
		if (!hpt_guest_warning(guest, w) ||
		    !strstr(hpt_guest_warning(guest, w), cases[i].says))
			fail_msg("%s, expected %s", hpt_guest_warning(guest, w), cases[i].says);
		assert_int_equal(hpt_guest_vcpu(guest, 0, &vcpu, &err), cases[i].code);
		assert_non_null(strstr(err.text, "device state could not be read: "));
		assert_non_null(strstr(err.text, cases[i].says));
		hpt_guest_close(guest);
		bytes_free(&b);
	}
}

/* Arrays in arrays in arrays: refused, not followed to the end of the stack. */
static void nested_description(void **state)
{
	struct bytes b = bytes_of(DEVICES "u8 6 u32 200001 \"{\" fill 200000 0x5b ");
	struct hpt_guest *guest = must_open(&b, NULL);

	(void)state;
	assert_int_equal(valid_entries(guest), 2);
	assert_non_null(hpt_guest_warning(guest, 0));
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* What steers a terminal, or begins another line, comes into no remark. */
static void names_to_print(void **state)
{
	struct bytes b = bytes_of(TABLE "u8 4 u32 8 u8 5 hex 63 hex 0a1b hex ff22 u32 0 u32 1 "
					"fill 90 2 u8 0 ");
	struct hpt_guest *guest;
	const char *line;
	size_t i;

	(void)state;
	describe(&b, "{ 'devices':\n\033\n }");
	guest = must_open(&b, NULL);
	line = hpt_guest_warning(guest, 0);
	assert_non_null(line);
	assert_non_null(strstr(line, "the length of section \"c???\"\" instance 0"));
	if (has_feature("QEMU's description"))
		assert_non_null(strstr(line, "QEMU's description cannot be parsed: "));
	for (i = 0; line[i]; i++)
		assert_in_range(line[i], 0x20, 0x7e);
	hpt_guest_close(guest);
	bytes_free(&b);
}

static void without_a_table(void **state)
{
	struct bytes radix = bytes_of(HEAD CONFIG RAM_START START("3", "spapr/htab", "1")
				      "u32 0xffffffff " FOOT("3") RAM_END END("3")
				      "u32 0xffffffff " FOOT("3") STREAM_END);
	struct bytes mac = bytes_of(HEAD "u8 7 s\"mac99\" " RAM_START RAM_END STREAM_END);
	struct hpt_guest *guest = must_open(&radix, NULL);
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_RADIX);
	assert_int_equal(info_of(guest).order, 0);
	assert_int_equal(info_of(guest).vcpus, 0);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	assert_non_null(strstr(err.text, "radix"));
	hpt_guest_close(guest);
	guest = must_open(&mac, NULL);
	assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_OWN);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	assert_non_null(strstr(err.text, "bare machine"));
	assert_null(table);
	hpt_guest_close(guest);
	bytes_free(&radix);
	bytes_free(&mac);
}

static void images(void **state)
{
	struct hpt_guest_options options = { .size = sizeof(options), .order = 18 };
	struct bytes b = image_of(200), packed;
	struct hpt_guest *guest = must_open(&b, NULL);
	struct hpt_guest_info info = info_of(guest);
	size_t valid;

	(void)state;
	assert_int_equal(info.kind, HPT_SOURCE_IMAGE);
	assert_int_equal(info.order, 18);
	assert_int_equal(info.mmu, HPT_GUEST_MMU_HASH);
	valid = valid_entries(guest);
	assert_in_range(valid, 151, 200);
	assert_null(hpt_guest_warning(guest, 0));
	hpt_guest_close(guest);
	guest = must_open(&b, &options);
	assert_int_equal(info_of(guest).kind, HPT_SOURCE_IMAGE);
	hpt_guest_close(guest);
	options.flags = HPT_GUEST_MAP;
	guest = must_open(&b, &options);
	assert_int_equal(info_of(guest).kind, HPT_SOURCE_IMAGE);
	assert_int_equal(valid_entries(guest), valid);
	hpt_guest_close(guest);
	if (has_feature("compressed files")) {
		packed = gzip_of(&b);
		guest = must_open(&packed, NULL);
		assert_int_equal(info_of(guest).kind, HPT_SOURCE_IMAGE);
		assert_int_equal(info_of(guest).order, 18);
		assert_true(valid_entries(guest) > 150);
		hpt_guest_close(guest);
		bytes_free(&packed);
	}
	bytes_free(&b);
}

static void empty_image(void **state)
{
	struct bytes b = image_of(0);
	struct hpt_guest *guest = must_open(&b, NULL);

	(void)state;
	assert_int_equal(info_of(guest).kind, HPT_SOURCE_IMAGE);
	assert_string_equal(hpt_guest_warning(guest, 0), "every byte that was looked at is zero: "
			    "taken for an image in which no entry is valid");
	assert_int_equal(valid_entries(guest), 0);
	hpt_guest_close(guest);
	bytes_free(&b);
}

/* RAM of the right size, with what would be valid entries all over. */
static void ram_is_no_image(void **state)
{
	struct bytes b = image_of(20);
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	uint64_t seed = 1;
	size_t i;

	(void)state;
	for (i = 0; i < IMAGE_BYTES / 2; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		b.data[i] = (unsigned char)(seed >> 56);
	}
	assert_int_equal(open_bytes(&b, NULL, &guest, &err), HPT_ERR_FORMAT);
	assert_non_null(strstr(err.text, "do not look like it"));
	bytes_free(&b);
}

/* 24 bytes a chunk: slot 5, then 6, of a table of order 18. */
#define PASS "u32 0 u16 0 u16 5 u32 5 u16 1 u16 16378 " ENTRY_A
#define CHANGED "u32 7 u16 1 u16 0 " ENTRY_B

static void captured(void **state)
{
	struct hpt_guest_options given = {
		.size = sizeof(given),
		.kind = HPT_SOURCE_STREAM,
		.dialect = HPT_DIALECT_KVM_BE,
		.order = 18,
	};
	struct hpt_guest_options guess = { .size = sizeof(guess), .flags = HPT_GUEST_GUESS_ORDER };
	struct bytes none = bytes_of(""), part = bytes_of("le32 5 le16 1 le16 0 " ENTRY_A
							   "le32 9 le16 1 le16 0 " ENTRY_A);
	struct bytes b = bytes_of(PASS);
	struct hpt_guest *guest = must_open(&b, NULL);
	struct hpt_error err;

	(void)state;
	assert_int_equal(info_of(guest).kind, HPT_SOURCE_STREAM);
	assert_int_equal(info_of(guest).dialect, HPT_DIALECT_KVM_BE);
	assert_int_equal(info_of(guest).order, 18);
	assert_true(info_of(guest).order_found);
	assert_int_equal(info_of(guest).rounds, 1);
	assert_int_equal(info_of(guest).chunks, 2);
	assert_int_equal(valid_entries(guest), 1);
	hpt_guest_close(guest);
	guest = must_open(&none, &given);
	assert_int_equal(info_of(guest).order, 18);
	assert_int_equal(valid_entries(guest), 0);
	hpt_guest_close(guest);
	guest = NULL;
	assert_int_equal(open_bytes(&part, NULL, &guest, &err), HPT_ERR_ORDER);
	assert_null(guest);
	guest = must_open(&part, &guess);
	assert_true(info_of(guest).order_guessed);
	assert_non_null(strstr(hpt_guest_warning(guest, 0), "the order was guessed: 18"));
	hpt_guest_close(guest);
	bytes_free(&b);
	bytes_free(&none);
	bytes_free(&part);
}

/* A path to a file with these bytes. */
static void write_path(char path[32], const struct bytes *b)
{
	int fd;

	strcpy(path, "/tmp/hpt-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, b->data, b->len), (ssize_t)b->len);
	close(fd);
}

static void another_pass(void **state)
{
	struct bytes first = bytes_of(PASS), second = bytes_of(CHANGED);
	struct bytes bad = bytes_of("u32 20000 u16 1 u16 0 " ENTRY_A);
	struct bytes image = image_of(5);
	char path[32], bad_path[32];
	struct hpt_guest *guest = must_open(&first, NULL);
	struct hpt_error err;

	(void)state;
	write_path(path, &second);
	write_path(bad_path, &bad);
	assert_int_equal(hpt_guest_apply(guest, path, &err), 0);
	assert_int_equal(valid_entries(guest), 2);
	assert_int_equal(hpt_guest_apply(guest, bad_path, &err), HPT_ERR_CHUNK_INDEX);
	assert_ptr_equal(strstr(err.text, bad_path), err.text);
	assert_int_equal(hpt_guest_apply(guest, "/nonexistent/file", &err), HPT_ERR_SYSTEM);
	assert_non_null(strstr(err.text, "/nonexistent/file: cannot open: "));
	assert_int_equal(valid_entries(guest), 2);
	hpt_guest_close(guest);
	guest = must_open(&image, NULL);
	assert_int_equal(hpt_guest_apply(guest, path, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "the source is of kind image"));
	hpt_guest_close(guest);
	unlink(path);
	unlink(bad_path);
	bytes_free(&first);
	bytes_free(&second);
	bytes_free(&bad);
	bytes_free(&image);
}

static const struct {
	const char *what;
	const char *text;
	enum hpt_source_kind kind;
	uint32_t order;
	int code;
	const char *says;
} refused[] = {
	{ "nothing", "", 0, 0, HPT_ERR_FORMAT,
	  "SOURCE: empty. An HTAB stream of a pass in which nothing changed is empty too: if this "
	  "is one, say so, by kind (kvm-stream), dialect and order" },
	{ "text", "\"hello, world\" ", 0, 0, HPT_ERR_FORMAT, "SOURCE: not a saved guest" },
	{ "ELF", "u8 0x7f \"ELF\" fill 80 0 ", 0, 0, HPT_ERR_UNSUPPORTED, "an ELF file" },
	{ "saved, cut", HEAD CONFIG, 0, 0, HPT_ERR_TRUNCATED, "SOURCE: the input ends at offset" },
	{ "not saved", "u32 1 u32 2 ", HPT_SOURCE_QEMU, 0, HPT_ERR_FORMAT,
	  "SOURCE: offset 0: magic 0x00000001" },
	{ "odd image", "fill 262128 0 ", HPT_SOURCE_IMAGE, 0, HPT_ERR_ORDER,
	  "SOURCE: an image of 262128 bytes, expected a power of two" },
	{ "other order", "fill 262144 0 ", HPT_SOURCE_IMAGE, 19, HPT_ERR_ORDER,
	  "an image of 262144 bytes, expected 2^19" },
	{ "no order", "fill 262144 0 ", 0, 47, HPT_ERR_ORDER, "SOURCE: order 47, expected 18 to 46" },
	{ "no kind", "u8 0 ", 77, 0, HPT_ERR_ARGUMENT, "unknown kind 77" },
};

static void refusals(void **state)
{
	struct hpt_guest_options options = { .size = sizeof(options) };
	struct hpt_guest *guest = NULL;
	struct hpt_error err;
	struct bytes b;
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < N(refused); i++) {
		options.kind = refused[i].kind;
		options.order = refused[i].order;
		b = bytes_of(refused[i].text);
		r = open_bytes(&b, &options, &guest, &err);
		if (r != refused[i].code || !strstr(err.text, refused[i].says))
			fail_msg("%s: code %d, expected %d; \"%s\", expected \"%s\"",
				 refused[i].what, r, refused[i].code, err.text, refused[i].says);
		assert_null(guest);
		bytes_free(&b);
	}
}

static void compressed_and_bad(void **state)
{
	struct bytes image = image_of(5), cut = gzip_of(&image), empty = bytes_of(""), none;
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	cut.len /= 2;
	none = gzip_of(&empty);
	if (!has_feature("compressed files")) {
		assert_int_equal(open_bytes(&cut, NULL, &guest, &err), HPT_ERR_UNSUPPORTED);
		assert_non_null(strstr(err.text, "this build has no libarchive"));
	} else {
		assert_int_equal(open_bytes(&cut, NULL, &guest, &err), HPT_ERR_TRUNCATED);
		assert_non_null(strstr(err.text, "SOURCE: cannot decompress (gzip) near offset"));
		assert_int_equal(open_bytes(&none, NULL, &guest, &err), HPT_ERR_FORMAT);
		assert_non_null(strstr(err.text, "SOURCE: empty"));
	}
	assert_null(guest);
	bytes_free(&image);
	bytes_free(&cut);
	bytes_free(&empty);
	bytes_free(&none);
}

/* What can only be read forward: the same table, by each kind. */
static void from_a_pipe(void **state)
{
	static const char *const texts[] = { DEVICES, PASS };
	struct hpt_guest *guest;
	struct hpt_error err;
	struct bytes b;
	int ends[2];
	size_t i;

	(void)state;
	for (i = 0; i < N(texts); i++) {
		b = bytes_of(texts[i]);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(write(ends[1], b.data, b.len), (ssize_t)b.len);
		close(ends[1]);
		if (hpt_guest_open_fd(ends[0], "PIPE", NULL, &guest, &err))
			fail_msg("%s", err.text);
		assert_int_equal(valid_entries(guest), i ? 1 : 2);
		assert_int_equal(info_of(guest).file_bytes, 0);
		hpt_guest_close(guest);
		close(ends[0]);
		bytes_free(&b);
	}
}

static int stop_at_once(void *arg, uint64_t done, uint64_t total)
{
	(void)done;
	*(uint64_t *)arg = total;
	return 1;
}

static void progress(void **state)
{
	struct bytes saved_guest = bytes_of(WHOLE "fill 9000000 0 ");
	struct bytes zeros = bytes_of("u8 1 fill 9000000 0 ");
	uint64_t total = 0;
	struct hpt_guest_options options = {
		.size = sizeof(options),
		.progress = stop_at_once,
		.arg = &total,
	};
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(open_bytes(&saved_guest, &options, &guest, &err), HPT_ERR_STOPPED);
	assert_int_equal(total, saved_guest.len);
	assert_non_null(strstr(err.text, "stopped at offset"));
	options.kind = HPT_SOURCE_STREAM;
	options.dialect = HPT_DIALECT_KVM_LE;
	options.flags = HPT_GUEST_GUESS_ORDER;
	total = 1;
	assert_int_equal(open_bytes(&zeros, &options, &guest, &err), HPT_ERR_STOPPED);
	assert_int_equal(total, zeros.len);
	assert_null(guest);
	bytes_free(&saved_guest);
	bytes_free(&zeros);
}

static void arguments(void **state)
{
	struct hpt_guest_options options = { .size = 3 };
	struct hpt_guest_info info = { .size = 3 };
	struct bytes b = bytes_of(PASS);
	struct hpt_guest *guest = NULL;
	struct hpt_error err;

	(void)state;
	assert_int_equal(hpt_guest_open(NULL, NULL, &guest, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_open_fd(-1, "x", NULL, &guest, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_open("/nonexistent/file", NULL, &guest, &err), HPT_ERR_SYSTEM);
	assert_string_equal(err.text, "/nonexistent/file: cannot open: No such file or directory");
	assert_int_equal(hpt_guest_open("/", NULL, &guest, &err), HPT_ERR_SYSTEM);
	assert_non_null(strstr(err.text, "/: cannot read: "));
	assert_int_equal(open_bytes(&b, &options, &guest, &err), HPT_ERR_ARGUMENT);
	options.size = sizeof(options);
	options.flags = 0x80;
	assert_int_equal(open_bytes(&b, &options, &guest, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "unknown flags 0x80"));
	assert_null(guest);
	guest = must_open(&b, NULL);
	assert_int_equal(hpt_guest_info(guest, &info, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_block(guest, 0, NULL, &err), HPT_ERR_ARGUMENT);
	assert_null(hpt_guest_warning(guest, 0));
	assert_null(hpt_guest_warning(NULL, 0));
	hpt_guest_close(guest);
	hpt_guest_close(NULL);
	assert_string_equal(hpt_source_kind_name(HPT_SOURCE_QEMU), "qemu");
	assert_string_equal(hpt_source_kind_name(HPT_SOURCE_STREAM), "kvm-stream");
	assert_string_equal(hpt_source_kind_name(HPT_SOURCE_IMAGE), "image");
	assert_string_equal(hpt_source_kind_name(HPT_SOURCE_LISTING), "kvm-debugfs");
	assert_null(hpt_source_kind_name(HPT_SOURCE_DETECT));
	assert_null(hpt_guest_feature(1000));
	bytes_free(&b);
}

/* A path below HPT_TEST_DATA; false when it is not there. */
static bool data_path(char *out, size_t room, const char *name)
{
	const char *data = getenv("HPT_TEST_DATA");

	snprintf(out, room, "%s/%s", data ? data : "tests/data", name);
	return access(out, R_OK) == 0;
}

/* A saved guest, as it is shipped or unpacked. */
static bool saved_path(char *out, size_t room, const char *name)
{
	bool compressed = has_feature("compressed files");
	char file[64];

	snprintf(file, sizeof(file), "%s%s", name, compressed ? ".xz" : "");
	return data_path(out, room, file);
}

/* A real saved guest, and what it knows it entered. */
static void real_guest(void **state)
{
	struct hpt_guest_options whole = { .size = sizeof(whole), .flags = HPT_GUEST_WHOLE };
	char path[4096], truth[4096];
	struct hpt_guest *guest;
	struct hpt_table *table;
	struct hpt_entry entry;
	struct hpt_error err;
	uint64_t ptex, v, r;
	size_t n = 0;
	FILE *file;

	(void)state;
	if (!saved_path(path, sizeof(path), "guest/guest.mig") ||
	    !data_path(truth, sizeof(truth), "guest/guest.truth"))
		skip();
	if (hpt_guest_open(path, &whole, &guest, &err))
		fail_msg("%s", err.text);
	assert_int_equal(hpt_guest_table(guest, &table, &err), 0);
	file = fopen(truth, "r");
	assert_non_null(file);
	for (; fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNx64, &ptex, &v, &r) == 3; n++) {
		assert_int_equal(hpt_table_read(table, ptex, 1, &entry, &err), 0);
		assert_int_equal(entry.v, v & ~HPT_V_HYPERVISOR);
		assert_int_equal(entry.r, r);
	}
	fclose(file);
	assert_true(n > 0);
	assert_int_equal(valid_entries(guest), n);
	assert_string_equal(info_of(guest).compression,
			    has_feature("compressed files") ? "xz" : "");
	assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_HASH);
	if (has_feature("QEMU's description"))
		assert_int_equal(info_of(guest).vcpus, 2);
	if (has_feature("device trees")) /* or that is warned of */
		assert_null(hpt_guest_warning(guest, 0));
	hpt_guest_close(guest);
}

static void real_radix_guest(void **state)
{
	struct hpt_table *table = NULL;
	struct hpt_guest *guest;
	struct hpt_error err;
	char path[4096];

	(void)state;
	if (!saved_path(path, sizeof(path), "radix/guest.mig"))
		skip();
	if (hpt_guest_open(path, NULL, &guest, &err))
		fail_msg("%s", err.text);
	assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_RADIX);
	assert_int_equal(hpt_guest_table(guest, &table, &err), HPT_ERR_NO_HPT);
	hpt_guest_close(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saved),
		cmocka_unit_test(bad_descriptions),
		cmocka_unit_test(broken_behind_the_table),
		cmocka_unit_test(nested_description),
		cmocka_unit_test(names_to_print),
		cmocka_unit_test(without_a_table),
		cmocka_unit_test(images),
		cmocka_unit_test(empty_image),
		cmocka_unit_test(ram_is_no_image),
		cmocka_unit_test(captured),
		cmocka_unit_test(another_pass),
		cmocka_unit_test(refusals),
		cmocka_unit_test(compressed_and_bad),
		cmocka_unit_test(from_a_pipe),
		cmocka_unit_test(progress),
		cmocka_unit_test(arguments),
		cmocka_unit_test(real_guest),
		cmocka_unit_test(real_radix_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
