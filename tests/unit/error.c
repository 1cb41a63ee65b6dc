/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Errors, the formatter behind their texts, option and result structures. */

#include <errno.h>
#include <limits.h>

#include "../../lib/core/internal.h"
#include "unit.h"

/* As hpt/error.h numbers them: written here again, since they are ABI. */
static const struct {
	int code;
	const char *name;
} codes[] = {
	{ 0, "HPT_OK" },
	{ -1, "HPT_ERR_ARGUMENT" },
	{ -2, "HPT_ERR_MEMORY" },
	{ -3, "HPT_ERR_SYSTEM" },
	{ -4, "HPT_ERR_RANGE" },
	{ -5, "HPT_ERR_READ_ONLY" },
	{ -6, "HPT_ERR_UNSUPPORTED" },
	{ -7, "HPT_ERR_ORDER" },
	{ -8, "HPT_ERR_TRUNCATED_HEADER" },
	{ -9, "HPT_ERR_TRUNCATED_ENTRIES" },
	{ -10, "HPT_ERR_TRUNCATED_END" },
	{ -11, "HPT_ERR_CHUNK_INDEX" },
	{ -12, "HPT_ERR_CHUNK_COUNT" },
	{ -13, "HPT_ERR_NOT_VALID" },
	{ -14, "HPT_ERR_CONTRADICTION" },
	{ -15, "HPT_ERR_BYTE_ORDER" },
	{ -16, "HPT_ERR_PAGE_SIZE" },
	{ -17, "HPT_ERR_PTEG" },
	{ -18, "HPT_ERR_FORM" },
	{ -19, "HPT_ERR_NO_HPT" },
	{ -20, "HPT_ERR_FORMAT" },
	{ -21, "HPT_ERR_TRUNCATED" },
	{ -22, "HPT_ERR_SECTION_LENGTH" },
	{ -23, "HPT_ERR_BUSY" },
	{ -24, "HPT_ERR_REFUSED" },
	{ -25, "HPT_ERR_UNSTABLE" },
	{ -26, "HPT_ERR_STOPPED" },
};

static void test_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		const char *text = hpt_code_text(codes[i].code);

		assert_string_equal(hpt_code_name(codes[i].code), codes[i].name);
		assert_string_not_equal(text, "");
		assert_string_not_equal(text, "unknown error code");
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(text, hpt_code_text(codes[k].code));
	}
}

static void test_unknown_codes(void **state)
{
	const int unknown[] = { 1, 2, 26, -27, -28, -1000, INT_MAX, INT_MIN, INT_MIN + 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++) {
		assert_null(hpt_code_name(unknown[i]));
		assert_string_equal(hpt_code_text(unknown[i]), "unknown error code");
	}
}

static void test_fill(void **state)
{
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	assert_int_equal(hpt_error_fill(&err, HPT_ERR_BUSY, EBUSY, "a vCPU ran"), HPT_ERR_BUSY);
	unit_error_at(err.code, &err, HPT_ERR_BUSY, "a vCPU ran", 0, 0);
	assert_int_equal(err.os_errno, EBUSY);
	assert_int_equal(hpt_error_fill(&err, HPT_ERR_RANGE, 0, NULL), HPT_ERR_RANGE);
	unit_error_at(err.code, &err, HPT_ERR_RANGE, hpt_code_text(HPT_ERR_RANGE), 0, 0);
	assert_int_equal(err.os_errno, 0);
	assert_int_equal(hpt_error_fill(NULL, HPT_ERR_RANGE, 0, "x"), HPT_ERR_RANGE);
	/* A '%' in the text is only a character. */
	hpt_error_fill(&err, HPT_ERR_RANGE, 0, "100%s %n");
	assert_string_equal(err.text, "100%s %n");
}

/* The struct is surrounded by bytes that must stay. */
struct fenced {
	unsigned char before[16];
	struct hpt_error err;
	unsigned char after[16];
};

static void check_fence(const struct fenced *f)
{
	for (size_t i = 0; i < sizeof(f->before); i++) {
		assert_int_equal(f->before[i], 0xA5);
		assert_int_equal(f->after[i], 0xA5);
	}
}

static void test_long_texts(void **state)
{
	char text[2 * HPT_ERROR_TEXT];
	struct fenced f;

	(void)state;
	memset(&f, 0xA5, sizeof(f));
	for (size_t len = HPT_ERROR_TEXT - 4; len < HPT_ERROR_TEXT + 4; len++) {
		size_t kept = len < HPT_ERROR_TEXT - 1 ? len : HPT_ERROR_TEXT - 1;

		memset(text, 'y', len);
		text[len] = '\0';
		hpt_error_fill(&f.err, HPT_ERR_FORMAT, 0, text);
		assert_int_equal(strlen(f.err.text), kept);
		assert_memory_equal(f.err.text, text, kept);
		check_fence(&f);
	}
}

static void test_prepend(void **state)
{
	struct hpt_error err;

	(void)state;
	hpt_fail_ptex(&err, HPT_ERR_RANGE, 0x77, "inner");
	assert_int_equal(hpt_error_prepend(&err, "middle"), HPT_ERR_RANGE);
	assert_int_equal(hpt_error_prepend(&err, "outer"), HPT_ERR_RANGE);
	unit_error_at(err.code, &err, HPT_ERR_RANGE, "outer: middle: inner",
		      HPT_ERROR_HAS_PTEX, 0x77);
	assert_int_equal(hpt_error_prepend(NULL, "x"), 0);
}

static void test_prepend_long(void **state)
{
	char text[2 * HPT_ERROR_TEXT];
	struct fenced f;

	(void)state;
	memset(&f, 0xA5, sizeof(f));
	for (size_t len = HPT_ERROR_TEXT - 12; len < HPT_ERROR_TEXT + 4; len++) {
		char expected[4 * HPT_ERROR_TEXT];

		memset(text, 'z', len);
		text[len] = '\0';
		hpt_error_fill(&f.err, HPT_ERR_FORMAT, 0, "tail");
		hpt_error_prepend(&f.err, text);
		snprintf(expected, sizeof(expected), "%s: tail", text);
		expected[HPT_ERROR_TEXT - 1] = '\0';
		assert_string_equal(f.err.text, expected);
		check_fence(&f);
	}
	/* A text that somebody has left without its end is not read beyond it. */
	memset(f.err.text, 'q', sizeof(f.err.text));
	hpt_error_prepend(&f.err, "a");
	assert_int_equal(strlen(f.err.text), HPT_ERROR_TEXT - 1);
	assert_memory_equal(f.err.text, "a: qqq", 6);
	check_fence(&f);
}

static void test_fail_places(void **state)
{
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	unit_error_at(hpt_fail(&err, HPT_ERR_FORM, "n %d", 3), &err, HPT_ERR_FORM, "n 3", 0, 0);
	unit_poison(&err);
	unit_error_at(hpt_fail_offset(&err, HPT_ERR_FORM, 9, "o %s", "p"), &err, HPT_ERR_FORM,
		      "o p", HPT_ERROR_HAS_OFFSET, 9);
	unit_poison(&err);
	unit_error_at(hpt_fail_ptex(&err, HPT_ERR_FORM, 8, "p"), &err, HPT_ERR_FORM, "p",
		      HPT_ERROR_HAS_PTEX, 8);
	unit_poison(&err);
	unit_error_at(hpt_fail_address(&err, HPT_ERR_FORM, 7, "a"), &err, HPT_ERR_FORM, "a",
		      HPT_ERROR_HAS_ADDRESS, 7);
	hpt_error_set_ptex(&err, 5);
	hpt_error_set_offset(&err, 6);
	assert_int_equal(err.has, HPT_ERROR_HAS_ADDRESS | HPT_ERROR_HAS_PTEX |
				  HPT_ERROR_HAS_OFFSET);
	assert_int_equal(err.ptex, 5);
	assert_int_equal(err.offset, 6);
	assert_int_equal(err.address, 7);
}

static void test_fail_without_error(void **state)
{
	(void)state;
	assert_int_equal(hpt_fail(NULL, HPT_ERR_FORM, "%s", "x"), HPT_ERR_FORM);
	assert_int_equal(hpt_fail_offset(NULL, HPT_ERR_FORM, 1, "x"), HPT_ERR_FORM);
	assert_int_equal(hpt_fail_ptex(NULL, HPT_ERR_FORM, 1, "x"), HPT_ERR_FORM);
	assert_int_equal(hpt_fail_address(NULL, HPT_ERR_FORM, 1, "x"), HPT_ERR_FORM);
	assert_int_equal(hpt_fail_errno(NULL, EIO, "x"), HPT_ERR_SYSTEM);
	hpt_error_set_ptex(NULL, 1);
	hpt_error_set_offset(NULL, 1);
}

static void test_fail_errno(void **state)
{
	struct hpt_error err;
	char expected[HPT_ERROR_TEXT];

	(void)state;
	for (int e = 1; e < 40; e++) {
		unit_poison(&err);
		snprintf(expected, sizeof(expected), "call %d: %s", e, strerror(e));
		unit_error_at(hpt_fail_errno(&err, e, "call %d", e), &err, HPT_ERR_SYSTEM,
			      expected, 0, 0);
		assert_int_equal(err.os_errno, e);
	}
	unit_error(hpt_fail_errno(&err, 98765, "call"), &err, HPT_ERR_SYSTEM,
		   "call: errno 98765");
	/* There is always room for the text that it is put behind, cut. */
	memset(expected, 'e', sizeof(expected));
	expected[sizeof(expected) - 1] = '\0';
	hpt_fail_errno(&err, EIO, "%s", expected);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.os_errno, EIO);
}

/* Both formatters on the same arguments, in every room from 1 to a few more than needed. */
#define SAME(fmt, ...)                                                                        \
	do {                                                                                  \
		char wanted[128], found[128];                                                 \
		int len_ = snprintf(wanted, sizeof(wanted), fmt, __VA_ARGS__);                \
		memset(found, '~', sizeof(found));                                            \
		assert_int_equal(hpt_format(found, sizeof(found), fmt, __VA_ARGS__), len_);   \
		assert_string_equal(found, wanted);                                           \
		cases++;                                                                      \
	} while (0)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

static unsigned same_integers(uint64_t n)
{
	const unsigned u = (unsigned)n;
	const int d = (int)u;
	const unsigned long lu = (unsigned long)n;
	const unsigned long long llu = n;
	const size_t z = (size_t)n;
	unsigned cases = 0;

	SAME("%d|%u|%x", d, u, u);
	SAME("%5d|%12u|%9x", d, u, u);
	SAME("%05d|%012u|%09x", d, u, u);
	SAME("%ld|%lu|%lx", (long)lu, lu, lu);
	SAME("%lld|%llu|%llx", (long long)llu, llu, llu);
	SAME("%zd|%zu|%zx", (ssize_t)z, z, z);
	SAME("%20lld|%22llu|%19llx", (long long)llu, llu, llu);
	SAME("%020lld|%022llu|%019llx", (long long)llu, llu, llu);
	SAME("%016llx %40llx", llu, llu);
	if (n) /* C prints no 0x before a zero; here it is always there */
		SAME("%#llx|%#20llx|%#020llx", llu, llu, llu);
	if (lu)
		SAME("%#lx|%#zx", lu, z);
	if (u)
		SAME("%#x|%#10x|%#010x|%0#12x", u, u, u, u);
	return cases;
}

static void test_format_integers(void **state)
{
	uint64_t seed = 1;
	unsigned cases = 0;

	(void)state;
	for (int bit = 0; bit < 64; bit++)
		for (int add = -2; add <= 2; add++)
			cases += same_integers((UINT64_C(1) << bit) + (uint64_t)(int64_t)add);
	for (int i = 0; i < 1000; i++)
		cases += same_integers(unit_random(&seed) >> unit_random(&seed) % 64);
	assert_true(cases > 10000);
}

static void test_format_strings(void **state)
{
	static const char *const texts[] = { "", "a", "ab", "longer than many", "100%" };
	unsigned cases = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		SAME("<%s>", texts[i]);
		SAME("<%8s|%1s|%3s>", texts[i], texts[i], texts[i]);
		SAME("<%.3s|%.0s|%.40s>", texts[i], texts[i], texts[i]);
		SAME("<%6.2s>", texts[i]);
		SAME("%%%s%%", texts[i]);
	}
	for (int c = 1; c < 128; c++)
		SAME("%c|%3c", c, c);
	SAME("%c%c", 'a', 'b');
	assert_true(cases > 100);
}

static void test_format_precision_reads_no_more(void **state)
{
	const char three[3] = { 'a', 'b', 'c' };
	char out[16];

	(void)state;
	assert_int_equal(hpt_format(out, sizeof(out), "%.3s!", three), 4);
	assert_string_equal(out, "abc!");
}

static void test_format_room(void **state)
{
	char wanted[64], found[72];

	(void)state;
	for (size_t room = 1; room < sizeof(wanted); room++) {
		memset(found, '~', sizeof(found));
		snprintf(wanted, room, "%s %#llx and %08u.", "text", 0x1234567ULL, 99u);
		assert_int_equal(hpt_format(found, room, "%s %#llx and %08u.", "text",
					    0x1234567ULL, 99u), strlen(wanted));
		assert_string_equal(found, wanted);
		assert_int_equal(found[room], '~');
	}
}

static void test_format_unknown(void **state)
{
	const char *const end = "50%"; /* not a literal, so that the compiler is quiet */
	const char *const zero = "%#x %#lx";
	char out[32];

	(void)state;
	assert_int_equal(hpt_format(out, sizeof(out), zero, 0u, 0ul), 7);
	assert_string_equal(out, "0x0 0x0");
	assert_int_equal(hpt_format(out, sizeof(out), end, 0), 2);
	assert_string_equal(out, "50");
}

#pragma GCC diagnostic pop

struct known { /* what the library knows */
	size_t size;
	uint32_t a, b;
};

struct newer { /* what a caller of a later release has */
	struct known known;
	uint64_t more[2];
};

static void test_options_in(void **state)
{
	struct newer from = { .known = { sizeof(from), 7, 8 } };
	struct known to;
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	memset(&to, 0xFF, sizeof(to));
	unit_ok(hpt_options_in(&to, sizeof(to), sizeof(to), NULL, "x", &err), &err);
	assert_int_equal(to.size | to.a | to.b, 0);
	unit_ok(hpt_options_in(&to, sizeof(to), sizeof(to), &from, "x", &err), &err);
	assert_int_equal(to.a, 7);
	assert_int_equal(to.b, 8);
	/* A caller of an earlier release: what it does not know is zero. */
	from.known.size = offsetof(struct known, b);
	memset(&to, 0xFF, sizeof(to));
	unit_ok(hpt_options_in(&to, sizeof(to), offsetof(struct known, b), &from, "x", &err),
		&err);
	assert_int_equal(to.a, 7);
	assert_int_equal(to.b, 0);
}

static void test_options_refused(void **state)
{
	struct newer from = { .known = { sizeof(from), 7, 8 } };
	unsigned char *tail = (unsigned char *)from.more;
	struct known to;
	struct hpt_error err;
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(from.more); i++) {
		tail[i] = 1;
		snprintf(text, sizeof(text), "struct x: byte %zu is not zero and this library "
			 "knows only %zu bytes", sizeof(to) + i, sizeof(to));
		unit_error(hpt_options_in(&to, sizeof(to), sizeof(to), &from, "x", &err), &err,
			   HPT_ERR_ARGUMENT, text);
		tail[i] = 0;
	}
	for (size_t size = 0; size < sizeof(to); size++) {
		from.known.size = size;
		unit_too_small(hpt_options_in(&to, sizeof(to), sizeof(to), &from, "x", &err), &err,
			       "x", size, sizeof(to));
		assert_int_equal(hpt_options_in(&to, sizeof(to), sizeof(to), &from, "x", NULL),
				 HPT_ERR_ARGUMENT);
	}
}

static void test_result_out(void **state)
{
	const struct known found = { sizeof(found), 5, 6 };
	struct newer to;
	struct hpt_error err;

	(void)state;
	unit_poison(&err);
	for (size_t size = sizeof(size_t); size <= sizeof(to); size++) {
		unsigned char expected[sizeof(to)];

		memset(&to, 0xEE, sizeof(to));
		to.known.size = size;
		memcpy(expected, &to, sizeof(to));
		memcpy(expected + sizeof(size_t), (const char *)&found + sizeof(size_t),
		       (size < sizeof(found) ? size : sizeof(found)) - sizeof(size_t));
		unit_ok(hpt_result_out(&to, sizeof(size_t), &found, sizeof(found), "x", &err),
			&err);
		assert_memory_equal(&to, expected, sizeof(to));
	}
	to.known.size = sizeof(found) - 1;
	unit_too_small(hpt_result_out(&to, sizeof(found), &found, sizeof(found), "x", &err), &err,
		       "x", sizeof(found) - 1, sizeof(found));
	unit_error(hpt_result_out(NULL, sizeof(found), &found, sizeof(found), "x", &err), &err,
		   HPT_ERR_ARGUMENT, "struct x: NULL");
}

static void test_check_order(void **state)
{
	struct hpt_error err;
	char text[64];

	(void)state;
	for (unsigned order = 0; order < 70; order++) {
		unit_poison(&err);
		if (order >= 18 && order <= 36) {
			unit_ok(hpt_check_order(order, 36, &err), &err);
			continue;
		}
		snprintf(text, sizeof(text), "order is %u, expected 18 to 36", order);
		unit_error_at(hpt_check_order(order, 36, &err), &err, HPT_ERR_ORDER, text, 0, 0);
	}
	assert_int_equal(hpt_check_order(UINT_MAX, 46, NULL), HPT_ERR_ORDER);
}

static void test_words(void **state)
{
	const unsigned char b[] = { 0, 0x81, 0x92, 0xA3, 0xB4, 0xC5, 0xD6, 0xE7, 0xF8 };
	unsigned char out[10];

	(void)state;
	assert_true(hpt_load_be64(b + 1) == UINT64_C(0x8192A3B4C5D6E7F8));
	assert_true(hpt_load_le64(b + 1) == UINT64_C(0xF8E7D6C5B4A39281));
	assert_int_equal(hpt_load_be32(b + 1), 0x8192A3B4);
	assert_int_equal(hpt_load_le32(b + 1), 0xB4A39281);
	assert_int_equal(hpt_load_be16(b + 1), 0x8192);
	assert_int_equal(hpt_load_le16(b + 1), 0x9281);
	memset(out, 0x55, sizeof(out));
	hpt_store_be64(out + 1, UINT64_C(0x8192A3B4C5D6E7F8));
	assert_memory_equal(out + 1, b + 1, 8);
	assert_int_equal(out[0], 0x55);
	assert_int_equal(out[9], 0x55);
}

static void test_version(void **state)
{
	unsigned major, minor, patch;
	char rest;

	(void)state;
	assert_int_equal(sscanf(hpt_version(), "%u.%u.%u%c", &major, &minor, &patch, &rest), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_unknown_codes),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_prepend),
		cmocka_unit_test(test_prepend_long),
		cmocka_unit_test(test_fail_places),
		cmocka_unit_test(test_fail_without_error),
		cmocka_unit_test(test_fail_errno),
		cmocka_unit_test(test_format_integers),
		cmocka_unit_test(test_format_strings),
		cmocka_unit_test(test_format_precision_reads_no_more),
		cmocka_unit_test(test_format_room),
		cmocka_unit_test(test_format_unknown),
		cmocka_unit_test(test_options_in),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_result_out),
		cmocka_unit_test(test_check_order),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
