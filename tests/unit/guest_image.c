/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The table of a flat image in a file, which is read by windows. */
#include "unit.h"

#include <unistd.h>

#include <hpt/guest.h>

#define IMAGE_BYTES ((size_t)1 << 18)

static struct hpt_guest *open_image(const unsigned char *image, size_t size)
{
	struct hpt_guest_options options = { .size = sizeof(options),
					     .kind = HPT_SOURCE_IMAGE };
	struct hpt_guest *guest = NULL;
	FILE *file = tmpfile();
	struct hpt_error err;

	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, size, file), size);
	assert_int_equal(fflush(file), 0);
	rewind(file);
	unit_poison(&err);
	unit_ok(hpt_guest_open_fd(dup(fileno(file)), "SOURCE", &options, &guest, &err), &err);
	fclose(file);
	return guest;
}

/* What a callback has seen, as an image would have it. */
struct seen_image {
	unsigned char *bytes;
	uint64_t next; /* the least index that may come */
	unsigned stop_after, calls;
};

static int see_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct seen_image *seen = arg;

	assert_true(ptex >= seen->next);
	hpt_entries_to_bytes(entries, n, seen->bytes + ptex * HPT_ENTRY_BYTES);
	seen->next = ptex + n;
	return 0;
}

static int see_block(void *arg, uint64_t ptex, uint64_t valid, const struct hpt_entry *entries)
{
	struct seen_image *seen = arg;

	assert_true(ptex % 64 == 0 && ptex >= seen->next && valid);
	for (unsigned i = 0; i < 64; i++) {
		assert_int_equal(entries[i].v & HPT_V_VALID, valid >> i & 1);
		if (valid >> i & 1)
			hpt_entries_to_bytes(entries + i, 1,
					     seen->bytes + (ptex + i) * HPT_ENTRY_BYTES);
		else
			assert_int_equal(entries[i].v | entries[i].r, 0);
	}
	seen->next = ptex + 64;
	return ++seen->calls == seen->stop_after;
}

/* Runs of all lengths, and a window in which there is nothing. */
static unsigned char *random_image(size_t slots)
{
	unsigned char *image = malloc(slots * HPT_ENTRY_BYTES);
	uint64_t seed = 51;

	assert_non_null(image);
	for (size_t i = 0; i < slots; i++) {
		struct hpt_entry e = { unit_random(&seed) & ~HPT_V_HYPERVISOR,
				       unit_random(&seed) };

		e.v &= ~HPT_V_VALID;
		e.v |= i / (slots / 4) != 2 && unit_random(&seed) % (i % 4096 / 64 + 1) < 2;
		hpt_entries_to_bytes(&e, 1, image + i * HPT_ENTRY_BYTES);
	}
	return image;
}

/* Four windows, by the run and by the block, from and to anywhere. */
static void image_by_block(void **state)
{
	size_t size = 4 * IMAGE_BYTES, slots = size / HPT_ENTRY_BYTES;
	unsigned char *image = random_image(slots), *by_run = malloc(size);
	unsigned char *expected = malloc(size), *found = malloc(size);
	struct hpt_guest *guest;
	struct hpt_table *table;
	struct hpt_error err;
	uint64_t seed = 52;

	(void)state;
	assert_true(by_run && expected && found);
	guest = open_image(image, size);
	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	for (unsigned round = 0; round < 200; round++) {
		uint64_t ptex = round ? unit_random(&seed) % slots : 0;
		uint64_t n = round ? unit_random(&seed) % (slots - ptex) : UINT64_MAX;
		uint64_t end = round ? ptex + n : slots;
		struct seen_image seen = { found, 0, 0, 0 };
		struct seen_image run = { by_run, 0, 0, 0 };

		memset(expected, 0, size);
		memset(found, 0, size);
		memset(by_run, 0, size);
		for (uint64_t i = ptex; i < end; i++)
			if (image[i * HPT_ENTRY_BYTES + 7] & 1)
				memcpy(expected + i * HPT_ENTRY_BYTES,
				       image + i * HPT_ENTRY_BYTES, HPT_ENTRY_BYTES);
		assert_int_equal(hpt_table_each_block(table, ptex, n, see_block, &seen, &err),
				 0);
		assert_int_equal(hpt_table_each(table, ptex, n, see_run, &run, &err), 0);
		assert_memory_equal(found, expected, size);
		assert_memory_equal(by_run, expected, size);
	}
	for (unsigned stop = 1; stop < 600; stop += 97) {
		struct seen_image seen = { found, 0, stop, 0 };

		assert_int_equal(
			hpt_table_each_block(table, 0, UINT64_MAX, see_block, &seen, &err),
			HPT_ERR_STOPPED);
		assert_string_equal(err.text, "the iteration was stopped by its callback");
		assert_int_equal(seen.calls, stop);
	}
	assert_int_equal(hpt_table_each_block(table, slots, 1, see_block, NULL, &err),
			 HPT_ERR_RANGE);
	hpt_guest_close(guest);
	free(by_run);
	free(expected);
	free(found);
	free(image);
}

/* Some callbacks visit the table themselves. */
struct within {
	const struct hpt_table *table;
	struct seen_image outer, inner;
	unsigned calls;
};

static int see_within(void *arg, uint64_t ptex, uint64_t valid,
		      const struct hpt_entry *entries)
{
	struct within *w = arg;

	if (w->calls++ % 200 == 0) {
		w->inner.next = 0;
		assert_int_equal(hpt_table_each_block(w->table, 0, UINT64_MAX, see_block,
						      &w->inner, NULL),
				 0);
	}
	return see_block(&w->outer, ptex, valid, entries);
}

static void image_within(void **state)
{
	size_t size = 4 * IMAGE_BYTES, slots = size / HPT_ENTRY_BYTES;
	unsigned char *image = random_image(slots);
	struct within w = { .outer.bytes = calloc(1, size), .inner.bytes = calloc(1, size) };
	struct hpt_guest *guest = open_image(image, size);
	struct hpt_table *table;

	(void)state;
	assert_int_equal(hpt_guest_table(guest, &table, NULL), 0);
	w.table = table;
	assert_int_equal(hpt_table_each_block(table, 0, UINT64_MAX, see_within, &w, NULL), 0);
	assert_true(w.calls > 400);
	for (size_t i = 0; i < slots; i++)
		if (!(image[i * HPT_ENTRY_BYTES + 7] & 1))
			memset(image + i * HPT_ENTRY_BYTES, 0, HPT_ENTRY_BYTES);
	assert_memory_equal(w.outer.bytes, image, size);
	assert_memory_equal(w.inner.bytes, image, size);
	hpt_guest_close(guest);
	free(w.outer.bytes);
	free(w.inner.bytes);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(image_by_block),
					    cmocka_unit_test(image_within) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
