/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Listings of real kernels, against scanf() and against streams of the same moment. */

#include "debugfs.h"

static const struct {
	const char *listing;
	const char *stream; /* a first pass of the same moment */
	bool v3;
} captures[] = {
	{ "powernv8/sparse-p1", "powernv8/sparse-p1", false },
	{ "powernv8/ptegs-p1", "powernv8/ptegs-p1", false },
	{ "powernv8/dense-p1", "powernv8/dense-p1", false },
	{ "powernv8/sparse-late-p1", "powernv8/sparse-late-p1", false },
	{ "powernv8/sparse-p2-changed", NULL, false },
	{ "powernv8/sparse-p3-after-bolted", NULL, false },
	{ "powernv8/sparse-p4-buf40", NULL, false },
	{ "powernv8/sparse-after-reset", NULL, false },
	{ "powernv9/sparse-p1", "powernv9/sparse-p1", true },
	{ "powernv9/sparse-p2-changed", NULL, true },
};

static struct hpt_table *open_drip(const char *text, size_t len, size_t step)
{
	struct drip d = { text, len, 0, step, 0 };
	struct hpt_table *table = NULL;
	struct hpt_error err;

	unit_poison(&err);
	unit_ok(hpt_debugfs_open_reader(&drip_ops, &d, NULL, &table, &err), &err);
	assert_int_equal(d.at, len);
	return table;
}

static int note(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct hpt_entry *out = arg;

	assert_true(n > 0);
	memcpy(out + ptex, entries, n * sizeof(*entries));
	return 0;
}

/* Exact, but for nothing: no bit of KVM's is left. */
static void same_exactly(const struct hpt_table *table, const struct hpt_entry *expected)
{
	static struct hpt_entry all[UNIT_SLOTS], seen[UNIT_SLOTS];
	struct hpt_entry some[9];
	struct hpt_error err;

	assert_int_equal(hpt_table_order(table), 18);
	unit_poison(&err);
	unit_ok(hpt_table_read(table, 0, UNIT_SLOTS, all, &err), &err);
	assert_memory_equal(all, expected, sizeof(all));
	memset(seen, 0, sizeof(seen));
	unit_ok(hpt_table_each(table, 0, UINT64_MAX, note, seen, &err), &err);
	assert_memory_equal(seen, expected, sizeof(seen));
	/* The range of an iteration is kept to. */
	memset(seen, 0, sizeof(seen));
	unit_ok(hpt_table_each(table, 0x1000, 0x71, note, seen, &err), &err);
	for (size_t i = 0; i < UNIT_SLOTS; i++)
		if (i >= 0x1000 && i < 0x1071)
			assert_memory_equal(&seen[i], &expected[i], sizeof(seen[0]));
		else
			same_words(seen[i], 0, 0);
	for (uint64_t ptex = 0; ptex + 9 <= UNIT_SLOTS; ptex += 5) {
		unit_ok(hpt_table_read(table, ptex, 9, some, &err), &err);
		assert_memory_equal(some, expected + ptex, sizeof(some));
	}
}

static void real_listings(void **state)
{
	static struct hpt_entry expected[UNIT_SLOTS];
	static const size_t steps[] = { 1, 57, 58, 59, 4096, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(captures); i++) {
		struct hpt_table *table;
		char name[128];
		size_t len;
		char *text;

		snprintf(name, sizeof(name), "kvm-streams/%s.debugfs", captures[i].listing);
		unit_load_listing(name, captures[i].v3, expected);
		text = unit_load(name, &len);
		for (size_t s = 0; s < COUNT(steps); s++) {
			table = open_drip(text, len, steps[s]);
			same_exactly(table, expected);
			assert_int_equal(info_of(table).bytes, len);
			hpt_table_close(table);
		}
		assert_int_equal(open_text(text, len, 0, 18, &table, &(struct hpt_error){ 0 }),
				 0);
		same_exactly(table, expected);
		assert_int_equal(info_of(table).form,
				 captures[i].v3 ? HPT_FORM_V3 : HPT_FORM_CLASSIC);
		if (captures[i].v3)
			assert_true(info_of(table).form_told);
		assert_int_equal(info_of(table).listed, len / 58);
		hpt_table_close(table);
		free(text);
	}
}

/* The host's view, slot by slot, by scanf(). */
static void real_slots(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(captures); i++) {
		unsigned long long ptex, v, r, g, next = 0;
		struct hpt_debugfs_slot slot;
		struct hpt_table *table;
		char name[128], *text, *p;
		size_t len;
		int n;

		snprintf(name, sizeof(name), "kvm-streams/%s.debugfs", captures[i].listing);
		p = text = unit_load(name, &len);
		table = open_drip(text, len, 1000);
		for (; sscanf(p, "%llx %llx %llx %llx %n", &ptex, &v, &r, &g, &n) == 4;
		     p += n) {
			for (; next < ptex; next++)
				assert_false(slot_of(table, next).listed);
			next = ptex + 1;
			slot = slot_of(table, ptex);
			assert_true(slot.listed);
			same_words(slot.real, v, r);
			assert_int_equal(slot.guest_r, g);
			assert_int_equal(slot.absent, !(v & 1));
			assert_int_equal(slot.mmio,
					 !(v & 1) && (r >> 60 & 3) == 3 && (r >> 9 & 7) == 7);
			assert_int_equal(slot.modified, g >> 62 & 1);
			if (captures[i].v3)
				v |= (r >> 58 & 3) << 62;
			if (captures[i].v3)
				r &= ~(3ULL << 58);
			same_words(slot.host, v & ~0x60ULL, r);
		}
		hpt_table_close(table);
		free(text);
	}
}

/* The kernel gave the guest's view itself, as a stream, at the same moment. */
static void same_as_stream(void **state)
{
	size_t compared = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(captures); i++) {
		struct hpt_table *table, *stream;
		struct hpt_error err;
		char name[128], *bytes;
		size_t len;

		if (!captures[i].stream)
			continue;
		snprintf(name, sizeof(name), "kvm-streams/%s.debugfs", captures[i].listing);
		bytes = unit_load(name, &len);
		table = open_drip(bytes, len, SIZE_MAX);
		free(bytes);
		snprintf(name, sizeof(name), "kvm-streams/%s.stream", captures[i].stream);
		bytes = unit_load(name, &len);
		unit_poison(&err);
		unit_ok(hpt_capture_open_memory(bytes, len, NULL, &stream, &err), &err);
		free(bytes);
		for (uint64_t ptex = 0; ptex < UNIT_SLOTS; ptex++) {
			struct hpt_entry a = entry_of(table, ptex), b = entry_of(stream, ptex);

			/* The stream keeps KVM's mark where it was set. */
			if (a.v != b.v || a.r != (b.r & ~HPT_R_SOFTWARE))
				fail_msg("%s: slot %llx: %llx %llx, the stream %llx %llx",
					 name, ULL(ptex), ULL(a.v), ULL(a.r), ULL(b.v),
					 ULL(b.r));
			compared += a.v & 1;
		}
		hpt_table_close(table);
		hpt_table_close(stream);
	}
	assert_true(compared > 20000);
}

/* A listing that is cut between two lines is one; elsewhere the place is said. */
static void truncations(void **state)
{
	size_t len;
	char *text = unit_load("kvm-streams/powernv9/sparse-p2-changed.debugfs", &len);
	struct hpt_table *table;
	struct hpt_error err;

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		int ret = open_text(text, n, 0, 0, &table, &err);

		if (n % 58 == 0) {
			assert_int_equal(ret, 0);
			assert_int_equal(info_of(table).listed, n / 58);
			hpt_table_close(table);
			continue;
		}
		assert_int_equal(ret, HPT_ERR_TRUNCATED);
		assert_int_equal(err.offset, n);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_listings),
		cmocka_unit_test(real_slots),
		cmocka_unit_test(same_as_stream),
		cmocka_unit_test(truncations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
