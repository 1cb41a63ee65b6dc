/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A kdump-compressed dump: dump-guest-memory -z, -l, -s of QEMU, or makedumpfile. It has real
 * memory, and neither the hypervisor's table nor the registers that lead to one.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kdump.h"

#define MAGIC "KDUMP   "
#define MAGIC_LEN 8
#define FLAT_MAGIC "makedumpfile"
#define FLAT_MAGIC_LEN 13
#define HEADER 464
#define SUB_HEADER 104
#define VERSION_MAX 16
/* From this version on the number of pages has 64 bits, in the sub-header. */
#define VERSION_WIDE 6
#define PAGE_MIN 12
#define PAGE_MAX 16
/* Header, sub-header, bitmaps: counted in blocks. */
#define BLOCKS_MAX UINT32_MAX

uint64_t kdump_number(const struct guest_kdump *k, const unsigned char *bytes, size_t size)
{
	uint64_t value = 0;
	size_t i;

	if (!k->little)
		return guest_load(bytes, size);
	for (i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << 8 * i;
	return value;
}

bool guest_kdump_is(const struct guest_source *source)
{
	return (source->head_len >= MAGIC_LEN && !memcmp(source->head, MAGIC, MAGIC_LEN)) ||
	       (source->head_len >= FLAT_MAGIC_LEN &&
		!memcmp(source->head, FLAT_MAGIC, FLAT_MAGIC_LEN));
}

/* log2 of the block's size in the order that is tried, or 0. */
static unsigned int block_shift(const struct guest_kdump *k, const unsigned char *header)
{
	uint64_t size = kdump_number(k, header + 428, 4);
	unsigned int shift;

	for (shift = PAGE_MIN; shift <= PAGE_MAX; shift++)
		if (size == UINT64_C(1) << shift)
			return shift;
	return 0;
}

static int take_header(struct guest_kdump *k, const unsigned char *header,
		       struct hpt_error *err)
{
	k->page_shift = block_shift(k, header);
	k->little = !k->page_shift;
	if (k->little)
		k->page_shift = block_shift(k, header);
	if (!k->page_shift)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 428,
			"offset 428: a kdump file with blocks of 0x%llx bytes, "
			"expected 2^%d to 2^%d in either byte order",
			(unsigned long long)kdump_number(k, header + 428, 4), PAGE_MIN,
			PAGE_MAX);
	k->version = (unsigned int)kdump_number(k, header + 8, 4);
	k->max_pages = kdump_number(k, header + 440, 4);
	k->cpus = (uint32_t)kdump_number(k, header + 460, 4);
	if (!k->version || k->version > VERSION_MAX)
		return guest_fail_offset(
			err, HPT_ERR_UNSUPPORTED, 8,
			"offset 8: a kdump file of version %u, expected 1 to %d", k->version,
			VERSION_MAX);
	return 0;
}

/* A part of a dump that was split would lack pages that it says it has. */
static int take_sub_header(struct guest_kdump *k, struct hpt_error *err)
{
	uint64_t at = UINT64_C(1) << k->page_shift;
	unsigned char sub[SUB_HEADER];
	int r = guest_file_read(&k->file, at, sub, sizeof(sub), "the sub-header", err);

	if (r)
		return r;
	if (kdump_number(k, sub + 12, 4))
		return guest_fail_offset(
			err, HPT_ERR_UNSUPPORTED, at + 12,
			"offset 0x%llx: a part of a kdump file that was split: "
			"join them first",
			(unsigned long long)(at + 12));
	if (k->version >= VERSION_WIDE)
		k->max_pages = kdump_number(k, sub + 96, 8);
	return 0;
}

static int find_parts(struct guest_kdump *k, const unsigned char *header,
		      struct hpt_error *err)
{
	uint64_t sub = kdump_number(k, header + 432, 4);
	uint64_t bitmaps = kdump_number(k, header + 436, 4), bits;

	/* One bitmap of what is memory, one of what is in the file. */
	k->bitmap = (1 + sub + bitmaps / 2) << k->page_shift;
	k->descriptors = (1 + sub + bitmaps) << k->page_shift;
	bits = (bitmaps / 2) << (k->page_shift + 3);
	if (k->max_pages > bits)
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 436,
			"offset 436: a kdump file of %llu pages, whose bitmap "
			"has %llu",
			(unsigned long long)k->max_pages, (unsigned long long)bits);
	return 0;
}

static int read_all(struct guest_kdump *k, struct hpt_error *err)
{
	unsigned char header[HEADER];
	int r = guest_file_read(&k->file, 0, header, sizeof(header), "the header", err);

	if (!r && memcmp(header, MAGIC, MAGIC_LEN))
		return guest_fail_offset(
			err, HPT_ERR_FORMAT, 0,
			"no kdump header (\"KDUMP\") in a flattened kdump file");
	if (!r)
		r = take_header(k, header, err);
	if (!r)
		r = take_sub_header(k, err);
	if (!r)
		r = find_parts(k, header, err);
	return r ? r : kdump_count(k, err);
}

static int put_region(struct hpt_guest *guest, struct hpt_error *err)
{
	const struct guest_kdump *k = guest->kdump;

	if (!k->n)
		return 0;
	guest->state.regions = calloc(1, sizeof(*guest->state.regions));
	if (!guest->state.regions)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the map of RAM");
	guest->state.regions[0] = (struct guest_region){
		.ra = k->first << k->page_shift,
		.length = (k->last - k->first + 1) << k->page_shift,
	};
	guest->state.n_regions = 1;
	return 0;
}

static bool is_flat(const struct guest_source *source)
{
	return source->head_len >= FLAT_MAGIC_LEN &&
	       !memcmp(source->head, FLAT_MAGIC, FLAT_MAGIC_LEN);
}

int guest_kdump_open(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_container *container = &guest->container;
	bool flat = is_flat(&guest->source);
	struct guest_kdump *k;
	int r = 0;

	guest->kdump = calloc(1, sizeof(*guest->kdump));
	if (!guest->kdump)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a kdump file");
	k = guest->kdump;
	if (flat)
		r = kdump_unflatten(guest, err);
	if (!r && flat)
		r = guest_file_kept(guest, &k->file, err);
	else if (!r)
		r = guest_file_of(guest, &k->file, err);
	if (!r)
		r = read_all(k, err);
	if (!r)
		r = put_region(guest, err);
	if (r)
		return r;
	container->name = "kdump";
	snprintf(container->details, sizeof(container->details),
		 "version %u, %s-endian%s, %llu pages of %u KiB, %u CPUs", k->version,
		 k->little ? "little" : "big", flat ? ", flattened" : "",
		 (unsigned long long)k->n, 1u << (k->page_shift - 10), k->cpus);
	guest->state.read = true;
	return 0;
}

void guest_kdump_close(struct guest_kdump *k)
{
	if (k)
		free(k->before);
	free(k);
}

uint64_t guest_kdump_bytes(const struct guest_kdump *k)
{
	return k->n << k->page_shift;
}

int guest_kdump_no_table(struct hpt_error *err)
{
	return guest_fail(
		err, HPT_ERR_NO_HPT,
		"no hashed page table: a kdump file has the guest's memory alone. A "
		"pseries guest's table is the hypervisor's, and is not in it; a bare "
		"machine's is, and SDR1 or PTCR would say where");
}
