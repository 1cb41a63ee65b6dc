/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* KVM's listing as a table: lines good and bad, what they mean, sources that fail. */

#include <unistd.h>

#include "debugfs.h"
#include "failing.h"

#define HEX16 "16 hexadecimal digits, "
#define AT(line, column, offset) \
	"kvm-debugfs: line " #line ", column " #column " (offset " #offset "): "
#define INDEX "expected an index, hexadecimal and right-aligned in 6 columns"

#define ZERO "0000000000000000"
#define ONE "0000000000000001"

/* A line, and what the guest has there. */
static const struct {
	const char *line;
	uint32_t flags;
	uint64_t ptex, v, r;
} views[] = {
	{ "     0 " ONE " " ZERO " " ZERO "\n", 0, 0, 1, 0 },
	/* R and C are the host's too, where hardware can set them. */
	{ "     7 " ONE " 0000000000005180 0000000000001000\n", 0, 7, 1, 0x1180 },
	{ "     7 " ONE " 0000000000005000 0000000000001180\n", 0, 7, 1, 0x1180 },
	{ "     7 0000000000000020 0000000000005180 0000000000001000\n", 0, 7, 1, 0x1000 },
	/* "Modified" is KVM's; absent becomes valid; the lock bit goes. */
	{ "     7 " ONE " " ZERO " c000000000001096\n", 0, 7, 1, 0x8000000000001096 },
	{ "  3fff 00000000000012f5 " ZERO " " ZERO "\n", 0, 0x3fff, 0x1295, 0 },
	{ "  3fff 0000000000001238 3000000000000e00 0000000000001000\n", 0, 0x3fff, 0x1219,
	  0x1000 },
	/* The ISA 3.0 form has B in the host's doubleword 1. */
	{ "     1 0000000000001281 0400000000001000 0000000000002000\n", 0, 1,
	  0x4000000000001281, 0x2000 },
	{ "     1 0000000000001281 0c00000000001000 0000000000002000\n", HPT_DEBUGFS_V3, 1,
	  0xc000000000001281, 0x2000 },
	{ "     1 0000000000001281 0400000000001000 0000000000002000\n", HPT_DEBUGFS_CLASSIC,
	  1, 0x1281, 0x2000 },
	{ "     1 4000000000001281 0000000000001000 0000000000002000\n", 0, 1,
	  0x4000000000001281, 0x2000 },
	{ "     1 00000000000012a0 0400000000001000 0000000000002000\n", 0, 1,
	  0x4000000000001281, 0x2000 },
	/* An absent slot of a POWER8 may have bits of the guest's own there. */
	{ "     1 00000000000012a0 0400000000001000 0400000000002000\n", 0, 1, 0x1281,
	  0x0400000000002000 },
	/* Wider indexes. */
	{ "abcdef " ONE " " ZERO " " ZERO "\n", 0, 0xabcdef, 1, 0 },
	{ "1234567 " ONE " " ZERO " " ZERO "\n", 0, 0x1234567, 1, 0 },
	{ "3ffffffffff " ONE " " ZERO " " ZERO "\n", 0, 0x3ffffffffff, 1, 0 },
};

static void guests_view(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(views); i++) {
		struct hpt_table *table = open_good(views[i].line, views[i].flags, 0);

		same_words(entry_of(table, views[i].ptex), views[i].v, views[i].r);
		if (views[i].ptex)
			same_words(entry_of(table, views[i].ptex - 1), 0, 0);
		hpt_table_close(table);
	}
}

/* Every way in which a line may be wrong; before it stands one that is right. */
#define FIRST "     1 " ONE " " ZERO " " ZERO "\n"

static const struct {
	const char *line;
	int code;
	const char *text;
} wrong[] = {
	{ "    2 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 6, 63) INDEX ", found a byte 0x20" },
	{ "      2 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 6, 63) INDEX ", found a byte 0x20" },
	{ "2 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 2, 59) INDEX ", found a byte 0x20" },
	{ "    02 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 5, 62) INDEX ", found '0'" },
	{ "000002 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 1, 58) INDEX ", found '0'" },
	{ "     234 " ONE "\n", HPT_ERR_FORMAT, AT(2, 7, 64) INDEX ", found '3'" },
	{ "    2C " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 6, 63) INDEX ", found 'C'" },
	{ "   0x2 " ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 5, 62) INDEX ", found 'x'" },
	{ "123456789abc " ONE "\n", HPT_ERR_FORMAT, AT(2, 12, 69) INDEX ", found 'c'" },
	{ "\n", HPT_ERR_FORMAT, AT(2, 1, 58) INDEX ", found a byte 0xa" },
	{ "     2\t" ONE " " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 7, 64) "expected a space behind the index, found a byte 0x9" },
	{ "     2  000000000000001 " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 8, 65) "expected " HEX16 "doubleword 0, found a byte 0x20" },
	{ "     2 000000000000001 " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 23, 80) "expected " HEX16 "doubleword 0, found a byte 0x20" },
	{ "     2 000000000000000A " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 23, 80) "expected " HEX16 "doubleword 0, found 'A'" },
	{ "     2 00000000000000011 " ZERO " " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 24, 81) "expected a space behind doubleword 0, found '1'" },
	{ "     2 " ONE " 0x00000000000000 " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 26, 83) "expected " HEX16 "doubleword 1, found 'x'" },
	{ "     2 " ONE " " ZERO "0 " ZERO "\n", HPT_ERR_FORMAT,
	  AT(2, 41, 98) "expected a space behind doubleword 1, found '0'" },
	{ "     2 " ONE " " ZERO " -000000000000001\n", HPT_ERR_FORMAT,
	  AT(2, 42, 99) "expected " HEX16 "the guest's doubleword 1, found '-'" },
	{ "     2 " ONE " " ZERO " " ZERO " \n", HPT_ERR_FORMAT,
	  AT(2, 58, 115) "expected the end of the line, found a byte 0x20" },
	{ "     2 " ONE " " ZERO " " ZERO "\r\n", HPT_ERR_FORMAT,
	  AT(2, 58, 115) "expected the end of the line, found a byte 0xd" },
	{ "     2 " ONE " " ZERO " " ZERO, HPT_ERR_TRUNCATED,
	  AT(2, 58, 115) "the listing ends inside a line, expected the end of the line" },
	{ "     2 " ONE " 00", HPT_ERR_TRUNCATED,
	  AT(2, 27, 84) "the listing ends inside a line, expected " HEX16 "doubleword 1" },
	{ "   ", HPT_ERR_TRUNCATED,
	  AT(2, 4, 61) "the listing ends inside a line, expected an index, hexadecimal and "
		       "right-aligned in 6 columns" },
};

static void wrong_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct hpt_table *table;
		struct hpt_error err;
		char text[256];
		const char *offset;
		int ret;

		snprintf(text, sizeof(text), FIRST "%s", wrong[i].line);
		ret = open_text(text, strlen(text), 0, 0, &table, &err);
		offset = strstr(wrong[i].text, "offset ") + 7;
		unit_error_at(ret, &err, wrong[i].code, wrong[i].text, HPT_ERROR_HAS_OFFSET,
			      strtoull(offset, NULL, 10));
	}
}

/* Lines that are well written and cannot be. */
static void refused_at(const char *line, uint32_t order, int code, const char *why,
		       uint64_t ptex)
{
	struct hpt_table *table;
	struct hpt_error err;
	char text[256], expected[256];
	int ret;

	snprintf(text, sizeof(text), FIRST "%s", line);
	snprintf(expected, sizeof(expected), AT(2, 1, 58) "%s", why);
	ret = open_text(text, strlen(text), 0, order, &table, &err);
	assert_int_equal(ret, code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.has, HPT_ERROR_HAS_OFFSET | HPT_ERROR_HAS_PTEX);
	assert_int_equal(err.offset, 58);
	assert_int_equal(err.ptex, ptex);
}

static void wrong_slots(void **state)
{
	struct hpt_table *table;

	(void)state;
	refused_at("     1 " ONE " " ZERO " " ZERO "\n", 0, HPT_ERR_FORMAT,
		   "slot 0x1 comes after slot 0x1, expected ascending order", 1);
	refused_at("     0 " ONE " " ZERO " " ZERO "\n", 0, HPT_ERR_FORMAT,
		   "slot 0x0 comes after slot 0x1, expected ascending order", 0);
	refused_at("  4000 " ONE " " ZERO " " ZERO "\n", 18, HPT_ERR_RANGE,
		   "slot 0x4000 is beyond the last, 0x3fff", 0x4000);
	refused_at("40000000000 " ONE " " ZERO " " ZERO "\n", 0, HPT_ERR_RANGE,
		   "slot 0x40000000000 is beyond the last, 0x3ffffffffff", 0x40000000000);
	refused_at("     2 00000000000000ce " ZERO " " ZERO "\n", 0, HPT_ERR_FORMAT,
		   "the slot is neither valid (1) nor absent (0x20) in doubleword 0", 2);
	/* Their twins. */
	table = open_good(FIRST "     2 " ONE " " ZERO " " ZERO "\n", 0, 0);
	hpt_table_close(table);
	table = open_good(FIRST "  3fff " ONE " " ZERO " " ZERO "\n", 0, 18);
	hpt_table_close(table);
	table = open_good(FIRST "     2 00000000000000ee " ZERO " " ZERO "\n", 0, 18);
	hpt_table_close(table);
}

static void forms(void **state)
{
	static const char classic[] = "     5 4000000000000001 " ZERO " " ZERO "\n";
	static const char v3[] = "     6 " ONE " 0400000000000000 " ZERO "\n";
	struct hpt_table *table;
	struct hpt_error err;
	char text[256];

	(void)state;
	table = open_good(classic, 0, 0);
	assert_int_equal(info_of(table).form, HPT_FORM_CLASSIC);
	assert_true(info_of(table).form_told);
	hpt_table_close(table);
	table = open_good(v3, 0, 0);
	assert_int_equal(info_of(table).form, HPT_FORM_V3);
	assert_true(info_of(table).form_told);
	hpt_table_close(table);
	table = open_good(FIRST, 0, 0);
	assert_int_equal(info_of(table).form, HPT_FORM_CLASSIC);
	assert_false(info_of(table).form_told);
	hpt_table_close(table);
	table = open_good(FIRST, HPT_DEBUGFS_V3, 0);
	assert_int_equal(info_of(table).form, HPT_FORM_V3);
	assert_true(info_of(table).form_told);
	hpt_table_close(table);
	snprintf(text, sizeof(text), "%s%s", classic, v3);
	unit_error(
		open_text(text, strlen(text), 0, 0, &table, &err), &err, HPT_ERR_FORM,
		"kvm-debugfs: line 1 can only be in the classic form and line 2 only in that "
		"of ISA 3.0; say the form");
	unit_error(open_text(text, strlen(text), HPT_DEBUGFS_V3, 0, &table, &err), &err,
		   HPT_ERR_FORM,
		   "kvm-debugfs: line 1 has bits in doubleword 0 for which the ISA "
		   "3.0 form, which was given, has no place");
	table = open_good(text, HPT_DEBUGFS_CLASSIC, 0);
	same_words(slot_of(table, 6).host, 1, 0x0400000000000000);
	hpt_table_close(table);
}

static void hosts_view(void **state)
{
	struct hpt_debugfs_slot slot = { .size = sizeof(slot) };
	struct hpt_debugfs_info info;
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	table = open_good("     2 0000000000001291 b400000000001f96 4000000000002013\n"
			  "    10 0000000000001220 340000000000ee00 0000000000002013\n"
			  "    11 0000000000001260 0400000000000000 c000000000002013\n",
			  0, 0);
	info = info_of(table);
	assert_int_equal(info.listed, 3);
	assert_int_equal(info.absent, 2);
	assert_int_equal(info.mmio, 1);
	assert_int_equal(info.modified, 2);
	assert_int_equal(info.bytes, 3 * 58);
	assert_true(info.order_inferred);
	slot = slot_of(table, 2);
	assert_true(slot.listed && slot.modified && !slot.absent && !slot.mmio);
	same_words(slot.real, 0x1291, 0xb400000000001f96);
	same_words(slot.host, 0x4000000000001291, 0xb000000000001f96);
	assert_int_equal(slot.guest_r, 0x4000000000002013);
	slot = slot_of(table, 0x10);
	assert_true(slot.listed && slot.absent && slot.mmio && !slot.modified);
	same_words(slot.real, 0x1220, 0x340000000000ee00);
	same_words(slot.host, 0x4000000000001200, 0x300000000000ee00);
	slot = slot_of(table, 0x11);
	assert_true(slot.listed && slot.absent && !slot.mmio && slot.modified);
	slot = slot_of(table, 3);
	assert_false(slot.listed || slot.absent || slot.mmio || slot.modified);
	same_words(slot.real, 0, 0);
	same_words(slot.host, 0, 0);
	assert_int_equal(slot.guest_r, 0);
	unit_poison(&err);
	unit_error_at(hpt_debugfs_slot(table, 0x4000, &slot, &err), &err, HPT_ERR_RANGE,
		      "kvm-debugfs: slot 0x4000, expected at most 0x3fff", HPT_ERROR_HAS_PTEX,
		      0x4000);
	slot.size = sizeof(slot) - 8;
	assert_int_equal(hpt_debugfs_slot(table, 2, &slot, NULL), HPT_ERR_ARGUMENT);
	info.size = 8;
	assert_int_equal(hpt_debugfs_info(table, &info, NULL), HPT_ERR_ARGUMENT);
	hpt_table_close(table);
}

/* The least order that holds the last slot, or the one that is given. */
static void orders(void **state)
{
	char text[80];

	(void)state;
	for (unsigned order = 18; order <= 46; order++) {
		for (int beyond = 0; beyond < 2; beyond++) {
			unsigned long long ptex = (1ULL << (order - 4)) - !beyond;
			struct hpt_table *table;
			struct hpt_error err;
			int ret;

			snprintf(text, sizeof(text), "%6llx " ONE " " ZERO " " ZERO "\n",
				 ptex);
			ret = open_text(text, strlen(text), 0, 0, &table, &err);
			if (order == 46 && beyond) {
				assert_int_equal(ret, HPT_ERR_RANGE);
				continue;
			}
			assert_int_equal(ret, 0);
			assert_int_equal(hpt_table_order(table), order + (unsigned)beyond);
			hpt_table_close(table);
			if (beyond)
				continue;
			table = open_good(text, 0, order);
			assert_int_equal(hpt_table_order(table), order);
			assert_false(info_of(table).order_inferred);
			hpt_table_close(table);
		}
	}
}

static void arguments(void **state)
{
	struct hpt_debugfs_options o = { sizeof(o), 3, 0 };
	const struct hpt_reader_ops no_read = { sizeof(no_read), NULL };
	struct hpt_debugfs_info info = { .size = sizeof(info) };
	struct hpt_debugfs_slot slot = { .size = sizeof(slot) };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_error(hpt_debugfs_open_memory(FIRST, 58, &o, &table, &err), &err,
		   HPT_ERR_ARGUMENT,
		   "struct hpt_debugfs_options: flags are 0x3, expected 0, 0x1 or 0x2");
	o.flags = 4;
	assert_int_equal(hpt_debugfs_open_memory(FIRST, 58, &o, &table, NULL),
			 HPT_ERR_ARGUMENT);
	o.flags = 0;
	o.order = 17;
	assert_int_equal(hpt_debugfs_open_memory(FIRST, 58, &o, &table, NULL), HPT_ERR_ORDER);
	o.order = 47;
	assert_int_equal(hpt_debugfs_open_memory(FIRST, 58, &o, &table, NULL), HPT_ERR_ORDER);
	assert_int_equal(hpt_debugfs_open_memory(NULL, 1, NULL, &table, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_debugfs_open_reader(NULL, NULL, NULL, &table, NULL),
			 HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_debugfs_open_reader(&no_read, NULL, NULL, &table, NULL),
			 HPT_ERR_ARGUMENT);
	unit_poison(&err);
	assert_int_equal(hpt_debugfs_open(-1, NULL, &table, &err), HPT_ERR_SYSTEM);
	assert_int_equal(err.os_errno, EBADF);
	assert_null(table);
	assert_int_equal(hpt_sparse_open(18, &table, NULL), 0);
	assert_int_equal(hpt_debugfs_info(table, &info, NULL), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_debugfs_slot(table, 0, &slot, NULL), HPT_ERR_ARGUMENT);
	hpt_table_close(table);
	/* An empty listing, as of a guest that has entered nothing. */
	assert_int_equal(hpt_debugfs_open_memory(NULL, 0, NULL, &table, NULL), 0);
	assert_int_equal(hpt_table_order(table), 18);
	same_words(entry_of(table, 0x3fff), 0, 0);
	hpt_table_close(table);
}

static void read_only(void **state)
{
	struct hpt_table_info known = { .size = sizeof(known) };
	const struct hpt_entry entry = { 1, 0 };
	struct hpt_table *table = open_good(FIRST, 0, 0);

	(void)state;
	assert_int_equal(hpt_table_write(table, 1, 1, &entry, NULL), HPT_ERR_READ_ONLY);
	assert_int_equal(hpt_table_clear(table, 1, 1, NULL), HPT_ERR_READ_ONLY);
	assert_null(hpt_table_view(table, 0, 8));
	assert_int_equal(hpt_table_info(table, &known, NULL), 0);
	assert_string_equal(known.backend, "kvm-debugfs");
	assert_int_equal(known.flags, HPT_TABLE_CONCURRENT);
	hpt_table_close(table);
}

/* ------------------------------------------------------------- what is a listing at all */

static void detect(void **state)
{
	static const char *const others[] = {
		"",
		"\n",
		"QEVM",
		"      ",
		"     1",
		"123456",
		"12345678",
		"     g ",
		"---[ Start of kernel VM ]---\n",
		"0xc000000000000000:\tAVPN:c00000",
		"     1 0000000000000001 0000000000000000 0000000000000000\r\n",
		"     1 0000000000000001 0000000000000000 0000000000000000 1\n",
		"     1 1\n",
		"     1  ",
		"the quick brown fox",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(views); i++)
		for (size_t len = 12; len <= strlen(views[i].line); len++)
			assert_true(hpt_debugfs_detect(views[i].line, len));
	for (size_t i = 0; i < COUNT(others); i++)
		if (hpt_debugfs_detect(others[i], strlen(others[i])))
			fail_msg("taken for a listing: %s", others[i]);
	assert_true(hpt_debugfs_detect(FIRST "rubbish", 60));
	assert_true(hpt_debugfs_detect("     1 ", 7));
	assert_false(hpt_debugfs_detect(NULL, 0));
}

/* ---------------------------------------------------- an independent reading, by scanf() */

/* Is it, to the last byte, what printf() makes of what scanf() finds? */
static bool naive(const char *text, size_t len)
{
	unsigned long long ptex, v, r, g, before = 0;
	bool first = true, classic = false, v3 = false;
	char line[80], again[80];

	for (; len; first = false) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : 0;

		if (!n || n >= sizeof(line))
			return false;
		memcpy(line, text, n);
		line[n] = '\0';
		if (strlen(line) != n ||
		    sscanf(line, "%llx %llx %llx %llx", &ptex, &v, &r, &g) != 4)
			return false;
		snprintf(again, sizeof(again), "%6llx %.16llx %.16llx %.16llx\n", ptex, v, r,
			 g);
		if (strcmp(line, again) || !(v & 0x21) || ptex >> 42 ||
		    (!first && ptex <= before))
			return false;
		classic = classic || v >> 52;
		v3 = v3 || ((v & 1 ? r : r ^ g) >> 58 & 3);
		before = ptex;
		text += n;
		len -= n;
	}
	return !(classic && v3);
}

static const char sample[] = "    2c 0000000123466803 000000000d1ad016 00000000011ad016\n"
			     "  106e 400000124b590d81 000000000f809017 0000000003809117\n"
			     "abcdef 000000012347f630 3000010000c83f2e 0000010000c8312e\n";

/* Every byte of three lines, replaced by every byte, taken away, or doubled. */
static void corruptions(void **state)
{
	char text[sizeof(sample) + 1];
	struct hpt_table *table;
	struct hpt_error err;
	size_t len = strlen(sample), good = 0, bad = 0;

	(void)state;
	for (size_t at = 0; at < len; at++) {
		for (int byte = -2; byte < 256; byte++) {
			size_t n = byte == -2 ? len - 1 : byte == -1 ? len + 1 : len;
			int ret;

			memcpy(text, sample, len);
			if (byte == -2)
				memmove(text + at, sample + at + 1, len - at - 1);
			else if (byte == -1)
				memmove(text + at + 1, sample + at, len - at);
			else
				text[at] = (char)byte;
			ret = open_text(text, n, 0, 0, &table, &err);
			if (!ret != naive(text, n))
				fail_msg("byte %zu made %d: %s", at, byte,
					 ret ? err.text : "taken");
			good += !ret;
			bad += ret != 0;
			hpt_table_close(table);
		}
	}
	assert_true(good > 1000 && bad > 10000);
}

static int stop(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)ptex;
	(void)n;
	(void)entries;
	return ++*(int *)arg == 2;
}

static void stopped(void **state)
{
	struct hpt_table *table = open_good(sample, 0, 0);
	struct hpt_error err;
	int calls = 0;

	(void)state;
	unit_poison(&err);
	assert_int_equal(hpt_table_each(table, 0, UINT64_MAX, stop, &calls, &err),
			 HPT_ERR_STOPPED);
	assert_int_equal(calls, 2);
	hpt_table_close(table);
}

/* A descriptor, and a source that breaks. */
static void sources(void **state)
{
	struct drip d = { sample, strlen(sample), 0, 10, 100 };
	struct hpt_table *table = NULL;
	struct hpt_error err;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], sample, strlen(sample)), strlen(sample));
	close(fds[1]);
	unit_poison(&err);
	unit_ok(hpt_debugfs_open(fds[0], NULL, &table, &err), &err);
	close(fds[0]);
	assert_int_equal(info_of(table).listed, 3);
	hpt_table_close(table);
	table = NULL;
	unit_poison(&err);
	assert_int_equal(hpt_debugfs_open_reader(&drip_ops, &d, NULL, &table, &err),
			 HPT_ERR_SYSTEM);
	assert_string_equal(err.text, "the source broke");
	assert_null(table);
}

static void every_allocation(void **state)
{
	size_t len;
	char *text = unit_load("kvm-streams/powernv8/sparse-p1.debugfs", &len);
	long before = live;

	(void)state;
	for (int reader = 0; reader < 2; reader++) {
		struct hpt_table *table = NULL;
		struct hpt_error err;
		long n;
		int ret = -1;

		for (n = 0; ret; n++) {
			struct drip d = { text, len, 0, 1000, 0 };

			unit_poison(&err);
			countdown = n;
			ret = reader ? hpt_debugfs_open_reader(&drip_ops, &d, NULL, &table,
							       &err)
				     : hpt_debugfs_open_memory(text, len, NULL, &table, &err);
			countdown = -1;
			assert_true(n < 100);
			if (!ret)
				break;
			assert_int_equal(ret, HPT_ERR_MEMORY);
			assert_int_equal(err.code, HPT_ERR_MEMORY);
			assert_null(table);
			assert_int_equal(live, before);
		}
		/* The listing, 4 arrays of lines (490), the handle; a reader's buffer. */
		assert_int_equal(n, 6 + reader);
		hpt_table_close(table);
		assert_int_equal(live, before);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_view),      cmocka_unit_test(wrong_lines),
		cmocka_unit_test(wrong_slots),      cmocka_unit_test(forms),
		cmocka_unit_test(hosts_view),       cmocka_unit_test(orders),
		cmocka_unit_test(arguments),        cmocka_unit_test(read_only),
		cmocka_unit_test(detect),           cmocka_unit_test(corruptions),
		cmocka_unit_test(stopped),          cmocka_unit_test(sources),
		cmocka_unit_test(every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
