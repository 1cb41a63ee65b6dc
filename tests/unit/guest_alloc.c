/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The n-th allocation of libhpt-guest fails, for every n: an error or a remark, nothing
 * leaked, outputs untouched. Linked with --wrap=malloc,calloc,realloc,free,strdup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing.h"
#include "guest_saved.h"

/* A vCPU and a machine, without a description; a page of more deltas than have room. */
static struct bytes make_guest(void)
{
	struct bytes b = bytes_of(HEAD CONFIG START("2", "ram", "4")
				  "u64 0x4004 p\"r\" u64 0x4000 " EOS FOOT("2") HTAB_START
				  PART("2") "u64 0x0008 p\"r\" fill 4096 0xaa " EOS FOOT("2"));
	unsigned int i;

	for (i = 0; i < 20; i++)
		bytes_append(&b, PART("2") "u64 0x0040 p\"r\" u8 1 u16 3 hex 000177 " EOS FOOT(
					 "2"));
	bytes_append(&b, HTAB_PART RAM_END HTAB_END);
	bytes_append(&b, FULL("20", "cpu_common", "0") "u32 1 u32 0 " FOOT("20"));
	bytes_append(&b, FULL("21", "cpu", "0") "fill 2600 0 u64 0x4d0200 fill 5920 0 "
		     "u8 5 p\"cpu/slb\" u32 1 fill 1024 0 " FOOT("21"));
	bytes_append(&b, FULL("22", "spapr", "0") "fill 16 1 u8 5 p\"spapr_dtb\" u32 1 u32 8 "
		     "u32 8 hex d00dfeed00000008 " FOOT("22") STREAM_END);
	return b;
}

/* All that may allocate; the first code that is not 0. */
static int use(const struct bytes *b, bool piped, bool *read_it)
{
	struct hpt_guest_vcpu vcpu = { .size = sizeof(vcpu) };
	struct hpt_guest *guest = NULL;
	struct hpt_table *table;
	struct hpt_error err;
	unsigned char byte = 0x11;
	int r = open_saved(b, HPT_GUEST_MEMORY, piped, &guest, &err);

	*read_it = false;
	if (r) {
		assert_null(guest);
		return r;
	}
	r = hpt_guest_table(guest, &table, &err);
	if (!r)
		r = hpt_guest_vcpu(guest, 0, &vcpu, &err);
	if (!r) {
		assert_true(vcpu.halted);
		r = hpt_guest_read(guest, 0, 1, &byte, &err);
		assert_int_equal(byte, r ? 0x11 : 0x77);
		*read_it = !r;
	}
	hpt_guest_close(guest);
	return r;
}

static void nth_fails(bool piped)
{
	struct bytes b = make_guest();
	long before = live, n, refused = 0;
	bool read_it = false;
	int r = 0;

	for (n = 0; n < 200; n++) {
		countdown = n;
		r = use(&b, piped, &read_it);
		if (countdown >= 0)
			break;
		assert_true(r == 0 || r == HPT_ERR_MEMORY);
		refused += r != 0;
		assert_int_equal(live, before);
	}
	countdown = -1;
	assert_int_equal(r, 0);
	assert_true(read_it);
	assert_true(n > 15 && n < 200 && refused > 10);
	bytes_free(&b);
}

static void from_a_file(void **state)
{
	(void)state;
	nth_fails(false);
}

static void from_a_pipe(void **state)
{
	(void)state;
	nth_fails(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_a_file),
		cmocka_unit_test(from_a_pipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
