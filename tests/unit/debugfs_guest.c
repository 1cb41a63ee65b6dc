/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* KVM's listing as a source of libhpt-guest: told by looking, order said or not, and refused. */

#include <unistd.h>

#include <hpt/guest.h>

#include "unit.h"

#define LINE "     1 0000000000000001 0000000000000000 0000000000000000\n"
#define V3_LINE "  4000 0000000000001281 0400000000001000 0000000000002000\n"

/* From a file, which can be gone back in, or a pipe. */
static int open_text(const char *text, bool piped, const struct hpt_guest_options *options,
		     struct hpt_guest **out, struct hpt_error *err)
{
	char path[] = "/tmp/hpt-unit.XXXXXX";
	int fds[2], ret;

	if (piped) {
		assert_int_equal(pipe(fds), 0);
	} else {
		fds[0] = fds[1] = mkstemp(path);
		assert_true(fds[0] >= 0);
		unlink(path);
	}
	assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
	if (piped)
		close(fds[1]);
	else
		assert_int_equal(lseek(fds[0], 0, SEEK_SET), 0);
	*out = NULL;
	ret = hpt_guest_open_fd(fds[0], "SOURCE", options, out, err);
	close(fds[0]);
	return ret;
}

static struct hpt_guest *must_open(const char *text, bool piped, uint32_t flags,
				   uint32_t order)
{
	const struct hpt_guest_options o = { .size = sizeof(o),
					     .order = order,
					     .flags = flags };
	struct hpt_guest *guest;
	struct hpt_error err;

	if (open_text(text, piped, &o, &guest, &err))
		fail_msg("%s", err.text);
	return guest;
}

static struct hpt_guest_info info_of(const struct hpt_guest *guest)
{
	struct hpt_guest_info info = { .size = sizeof(info) };

	assert_int_equal(hpt_guest_info(guest, &info, NULL), 0);
	assert_int_equal(info.kind, HPT_SOURCE_LISTING);
	return info;
}

static uint64_t v_of(struct hpt_guest *guest, uint64_t ptex)
{
	struct hpt_table *table;
	struct hpt_entry entry;

	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	assert_int_equal(hpt_table_read(table, ptex, 1, &entry, NULL), 0);
	return entry.v;
}

static void opened(void **state)
{
	struct hpt_guest *guest;

	(void)state;
	for (int piped = 0; piped < 2; piped++) {
		guest = must_open(LINE V3_LINE, piped, 0, 0);
		assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_HASH);
		assert_int_equal(info_of(guest).order, 19);
		assert_true(info_of(guest).order_guessed && !info_of(guest).order_found);
		assert_non_null(strstr(hpt_guest_warning(guest, 0),
				       "a listing does not say the order: 19 is the least"));
		assert_int_equal(v_of(guest, 1), 1);
		assert_int_equal(v_of(guest, 0x4000), 0x4000000000001281);
		hpt_guest_close(guest);
		guest = must_open(LINE V3_LINE, piped, HPT_GUEST_V3, 20);
		assert_int_equal(info_of(guest).order, 20);
		assert_false(info_of(guest).order_guessed);
		assert_null(hpt_guest_warning(guest, 0));
		hpt_guest_close(guest);
		guest = must_open(LINE V3_LINE, piped, HPT_GUEST_CLASSIC, 20);
		assert_int_equal(v_of(guest, 0x4000), 0x1281);
		hpt_guest_close(guest);
	}
}

/* Only where the kind is said: nothing is in it to tell it by. */
static void empty(void **state)
{
	struct hpt_guest_options o = { .size = sizeof(o), .kind = HPT_SOURCE_LISTING };
	struct hpt_guest *guest;
	struct hpt_error err;

	(void)state;
	assert_int_equal(open_text("", true, &o, &guest, &err), 0);
	assert_int_equal(info_of(guest).mmu, HPT_GUEST_MMU_UNKNOWN);
	assert_int_equal(info_of(guest).order, 18);
	assert_int_equal(v_of(guest, 0x3fff), 0);
	hpt_guest_close(guest);
	assert_int_equal(open_text("", true, NULL, &guest, &err), HPT_ERR_FORMAT);
	assert_null(guest);
}

static const struct {
	const char *text;
	enum hpt_source_kind kind;
	uint32_t flags;
	uint32_t order;
	int code;
	const char *says;
} refused[] = {
	{ LINE "     2 0000", 0, 0, 0, HPT_ERR_TRUNCATED,
	  "SOURCE: kvm-debugfs: line 2, column 12 (offset 69): the listing ends inside a line" },
	{ LINE LINE, 0, 0, 0, HPT_ERR_FORMAT,
	  "SOURCE: kvm-debugfs: line 2, column 1 (offset 58): slot 0x1 comes after slot 0x1" },
	{ LINE V3_LINE, 0, 0, 18, HPT_ERR_RANGE, "slot 0x4000 is beyond the last, 0x3fff" },
	{ LINE "     5 4000000000000001 0000000000000000 0000000000000000\n" V3_LINE, 0, 0, 0,
	  HPT_ERR_FORM, "line 2 can only be in the classic form and line 3 only" },
	{ "no listing", HPT_SOURCE_LISTING, 0, 0, HPT_ERR_FORMAT,
	  "SOURCE: kvm-debugfs: line 1, column 1 (offset 0): expected an index" },
	{ LINE, HPT_SOURCE_IMAGE, 0, 0, HPT_ERR_ORDER, "an image of 58 bytes" },
	{ LINE, 0, HPT_GUEST_CLASSIC | HPT_GUEST_V3, 0, HPT_ERR_ARGUMENT,
	  "flags 0x18 say both forms" },
	{ LINE, 0, 1u << 31, 0, HPT_ERR_ARGUMENT, "unknown flags 0x80000000" },
	/* The guest kernel's own listing is something else. */
	{ "---[ Start of kernel VM ]---\n0xc00000", 0, 0, 0, HPT_ERR_UNSUPPORTED,
	  "SOURCE: this is a kernel's listing of its own mappings (kernel_hash_pagetable)" },
	{ "0xc000000000000000:\tAVPN:c00000", 0, 0, 0, HPT_ERR_UNSUPPORTED,
	  "no table can be made of it" },
	{ "0xc000000000000000:\tAVPM:c00000", 0, 0, 0, HPT_ERR_FORMAT,
	  "not a listing of KVM's" },
};

static void refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct hpt_guest_options o = { .size = sizeof(o),
						     .kind = refused[i].kind,
						     .order = refused[i].order,
						     .flags = refused[i].flags };
		struct hpt_guest *guest;
		struct hpt_error err;
		int ret = open_text(refused[i].text, false, &o, &guest, &err);

		if (ret != refused[i].code || !strstr(err.text, refused[i].says))
			fail_msg("%zu: code %d, expected %d; \"%s\", expected \"%s\"", i, ret,
				 refused[i].code, err.text, refused[i].says);
		assert_null(guest);
	}
}

/* What a listing has not. */
static void lacks(void **state)
{
	struct hpt_guest *guest = must_open(LINE, false, 0, 18);
	struct hpt_cpu cpu = { .size = sizeof(cpu) };
	const struct hpt_memory_ops *ops;
	struct hpt_error err;
	void *ctx;

	(void)state;
	assert_int_equal(hpt_guest_cpu(guest, 0, &cpu, &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "a source of kind kvm-debugfs has none"));
	assert_int_equal(hpt_guest_memory(guest, &ops, &ctx, &err), HPT_ERR_ARGUMENT);
	assert_int_equal(hpt_guest_apply(guest, "x", &err), HPT_ERR_ARGUMENT);
	assert_non_null(strstr(err.text, "the source is of kind kvm-debugfs"));
	hpt_guest_close(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opened),
		cmocka_unit_test(empty),
		cmocka_unit_test(refusals),
		cmocka_unit_test(lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
