/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */

/*
 * A table of one's own: libhpt reads, writes and iterates over whatever can give n entries
 * from an index. Here that is an array; in a hypervisor it may be guest memory, in a
 * debugger a remote target.
 *
 *	cc own-backend.c $(pkg-config --cflags --libs libhpt)
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hpt/hpt.h>

#define ORDER 18 /* 2^18 bytes: 16,384 slots */

struct array {
	struct hpt_entry *slots;
	unsigned reads;
};

/* The library has checked that the range lies in the table. */
static int array_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *err)
{
	struct array *array = ctx;

	(void)err;
	array->reads++;
	memcpy(out, array->slots + ptex, n * sizeof(*out));
	return HPT_OK;
}

static int array_write(void *ctx, uint64_t ptex, size_t n, const struct hpt_entry *in,
		       struct hpt_error *err)
{
	struct array *array = ctx;

	/* An example of an error of one's own: group 0 may not be written. */
	if (ptex < HPT_PTEG_ENTRIES)
		return hpt_error_fill(err, HPT_ERR_REFUSED, 0, "group 0 is kept free");
	memcpy(array->slots + ptex, in, n * sizeof(*in));
	return HPT_OK;
}

/* Constant, as long as the table is open. What is left out, the library does. */
static const struct hpt_table_ops array_ops = {
	.size = sizeof(array_ops),
	.read = array_read,
	.write = array_write,
};

static int print_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		printf("0x%05" PRIx64 "  v 0x%016" PRIx64 "  r 0x%016" PRIx64 "\n", ptex + i,
		       entries[i].v, entries[i].r);
	return 0; /* go on */
}

/* An entry that maps a virtual page to a real one, in the first slot of its group. */
static int enter(struct hpt_table *table, uint64_t vsid, uint64_t offset, uint64_t ra,
		 struct hpt_error *err)
{
	struct hpt_va va = { .vsid = vsid, .offset = offset, .segment_shift = 28 };
	uint64_t hash = hpt_va_hash(&va, 12);
	struct hpt_entry entry = {
		.v = hpt_va_avpn(&va, 12) | HPT_V_VALID,
		.r = ra | HPT_R_M | HPT_R_REFERENCED,
	};

	return hpt_table_write(table, hpt_hash_pteg(hash, ORDER, false) * HPT_PTEG_ENTRIES, 1,
			       &entry, err);
}

static int use(struct hpt_table *table, struct hpt_error *err)
{
	struct hpt_entry entry = { 0 };
	int ret = enter(table, 0x123, 0x4000, 0x10000, err);

	if (!ret)
		ret = enter(table, 0x123, 0x5000, 0x20000, err);
	if (!ret)
		ret = hpt_table_each(table, 0, UINT64_MAX, print_run, NULL, err);
	if (ret)
		return ret;

	/* What the backend says comes through, with its text. */
	ret = hpt_table_write(table, 0, 1, &entry, err);
	printf("a write to group 0: %s (%s)\n", hpt_code_name(ret), err->text);
	return ret == HPT_ERR_REFUSED ? 0 : HPT_ERR_CONTRADICTION;
}

int main(void)
{
	struct hpt_table_config config = {
		.size = sizeof(config),
		.backend = "array",
		.order = ORDER,
	};
	struct array array = { 0 };
	struct hpt_table *table;
	struct hpt_error err;
	int ret;

	array.slots = calloc((size_t)1 << (ORDER - HPT_ENTRY_SHIFT), sizeof(*array.slots));
	if (!array.slots)
		return 1;
	ret = hpt_table_open(&array_ops, &array, &config, &table, &err);
	if (!ret) {
		ret = use(table, &err);
		hpt_table_close(table);
	}
	if (ret)
		fprintf(stderr, "own-backend: %s\n", err.text);
	printf("the array was read %u times\n", array.reads);
	free(array.slots);
	return ret != 0;
}
