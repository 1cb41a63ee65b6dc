/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A flat image: 2^order bytes of raw entries, classic form. A plain file is read when the table
 * is, anything else is read into memory.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hpt/hpte.h>
#include <hpt/memory.h>

#include "internal.h"

/* Entries that are enough to tell what a file is. */
#define VOTES_MAX 65536
/* Bytes that are looked at, or read, at once. */
#define STEP ((size_t)256 << 10)
#define BATCH 64

unsigned int guest_image_order(uint64_t size)
{
	unsigned int order;

	for (order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++)
		if (size == UINT64_C(1) << order)
			return order;
	return 0;
}

/* May an entry stand where it is, as far as its own bits and its hash say? */
static bool may_stand(struct hpt_entry entry, uint64_t ptex, unsigned int order)
{
	struct hpt_page page;
	struct hpt_va va;

	if (hpt_entry_page(hpt_page_sizes_of(HPT_CPU_POWER8), entry, &page, NULL))
		return false;
	if (!order)
		return (entry.v & HPT_V_B) >> HPT_V_B_SHIFT < 2;
	return !hpt_entry_va(entry, ptex, order, page.base_shift, &va, NULL);
}

/*
 * An entry's place follows from its virtual address, and random bytes rarely agree with
 * theirs: RAM that holds a table somewhere is not taken for one.
 */
void guest_image_look(const unsigned char *bytes, size_t entries, uint64_t ptex,
		      unsigned int order, struct guest_votes *votes)
{
	static const unsigned char zero[HPT_ENTRY_BYTES];
	struct hpt_entry entry;
	size_t i;

	for (i = 0; i < entries && votes->good + votes->bad + votes->odd < VOTES_MAX; i++) {
		if (!memcmp(bytes + i * HPT_ENTRY_BYTES, zero, HPT_ENTRY_BYTES))
			continue;
		hpt_entries_from_bytes(bytes + i * HPT_ENTRY_BYTES, 1, &entry);
		if (!(entry.v & HPT_V_VALID))
			votes->odd += entry.v != 0;
		else if (may_stand(entry, ptex + i, order))
			votes->good++;
		else
			votes->bad++;
	}
}

bool guest_image_likely(const struct guest_votes *votes)
{
	uint64_t valid = votes->good + votes->bad;

	return votes->good > 0 && votes->good >= valid - valid / 4 && votes->odd <= valid;
}

bool guest_image_blank(const struct guest_votes *votes)
{
	return !votes->good && !votes->bad && !votes->odd;
}

/* From the file's first byte, since a mapping begins at a page and the source may not. */
static void *map_image(const struct guest_source *source, size_t *len)
{
	uint64_t end = source->start + source->size;
	void *map;

	if (end < source->size || end > SIZE_MAX || source->start % HPT_ENTRY_BYTES)
		return NULL;
	map = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, source->fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	*len = (size_t)end;
	return map;
}

/* Reading stops where enough was seen; what cannot be read is told. */
static int look_at(const struct guest_source *source, unsigned char *buffer,
		   unsigned int order, struct guest_votes *votes, struct hpt_error *err)
{
	uint64_t at = 0, left;
	size_t n;
	int r = 0;

	while (!r && votes->good + votes->bad + votes->odd < VOTES_MAX) {
		at = guest_image_data(source->fd, source->start, at, source->size);
		left = source->size - at;
		n = left < STEP ? (size_t)left : STEP;
		if (n < HPT_ENTRY_BYTES)
			break;
		r = guest_read_at(source->fd, source->start + at, buffer, n, err);
		if (!r)
			guest_image_look(buffer, n / HPT_ENTRY_BYTES, at / HPT_ENTRY_BYTES,
					 order, votes);
		at += n;
	}
	return r;
}

int guest_image_look_file(const struct guest_source *source, unsigned int order,
			  struct guest_votes *votes, struct hpt_error *err)
{
	unsigned char *buffer = malloc(STEP);
	off_t position = lseek(source->fd, 0, SEEK_CUR);
	int r;

	if (!buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a look at an image");
	r = look_at(source, buffer, order, votes, err);
	free(buffer);
	if (!r && (position < 0 || lseek(source->fd, position, SEEK_SET) < 0))
		return guest_fail(err, HPT_ERR_SYSTEM, "cannot set the file's position");
	return r;
}

static int bad_size(struct hpt_error *err, uint64_t size, uint32_t order)
{
	if (order)
		return guest_fail_offset(err, HPT_ERR_ORDER, size,
					 "an image of %llu bytes, expected 2^%u of the order that "
					 "was given", (unsigned long long)size, order);
	return guest_fail_offset(err, HPT_ERR_ORDER, size,
				 "an image of %llu bytes, expected a power of two from 2^%d to "
				 "2^%d", (unsigned long long)size, HPT_ORDER_MIN, HPT_ORDER_MAX);
}

static int check_size(const struct hpt_guest *guest, unsigned int order, struct hpt_error *err)
{
	if (!order || (guest->options.order && order != guest->options.order))
		return bad_size(err, guest->source.size, guest->options.order);
	return 0;
}

static int open_mapped(struct hpt_guest *guest, unsigned int order, struct hpt_error *err)
{
	struct hpt_memory_options options = {
		.size = sizeof(options),
		.flags = HPT_MEMORY_READ_ONLY,
	};

	return hpt_memory_open((unsigned char *)guest->map + guest->source.start, order,
			       &options, &guest->table, err);
}

/* A plain file: it is read when the table is, or was mapped if that is wanted and possible. */
static int open_plain(struct hpt_guest *guest, struct hpt_error *err)
{
	unsigned int order = guest_image_order(guest->source.size);
	int r = check_size(guest, order, err);

	if (r)
		return r;
	if (guest->options.flags & HPT_GUEST_MAP)
		guest->map = map_image(&guest->source, &guest->map_len);
	if (guest->map)
		return open_mapped(guest, order, err);
	return guest_image_table(guest->source.fd, guest->source.start, order, &guest->table,
				 err);
}

/* Write the valid ones of @n entries. */
static int take_entries(struct hpt_table *table, const unsigned char *bytes, size_t n,
			uint64_t ptex, struct hpt_error *err)
{
	struct hpt_entry entries[BATCH];
	size_t i, from;
	int r = 0;

	hpt_entries_from_bytes(bytes, n, entries);
	for (i = 0; !r && i < n; i++) {
		from = i;
		while (i < n && entries[i].v & HPT_V_VALID)
			i++;
		if (i > from)
			r = hpt_table_write(table, ptex + from, i - from, entries + from, err);
	}
	return r;
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

static int take_bytes(struct hpt_table *table, const unsigned char *bytes, size_t entries,
		      uint64_t ptex, struct hpt_error *err)
{
	size_t n;
	int r = 0;

	if (ptex + entries > hpt_table_entries(table))
		return bad_size(err, (ptex + entries) * HPT_ENTRY_BYTES,
				hpt_table_order(table));
	for (; !r && entries > 0; entries -= n, ptex += n, bytes += n * HPT_ENTRY_BYTES) {
		n = entries < BATCH ? entries : BATCH;
		if (!all_zero(bytes, n * HPT_ENTRY_BYTES))
			r = take_entries(table, bytes, n, ptex, err);
	}
	return r;
}

/* Read all of the source into a table; *@size receives the number of bytes. */
static int read_image(struct guest_source *source, unsigned char *buffer,
		      struct hpt_table *table, uint64_t *size, struct hpt_error *err)
{
	size_t have = 0, got, whole;
	int r;

	*size = 0;
	for (;;) {
		r = guest_source_ops.read(source, buffer + have, STEP - have, &got, err);
		if (r || !got)
			break;
		have += got;
		whole = have - have % HPT_ENTRY_BYTES;
		r = take_bytes(table, buffer, whole / HPT_ENTRY_BYTES,
			       *size / HPT_ENTRY_BYTES, err);
		if (r)
			break;
		memmove(buffer, buffer + whole, have - whole);
		have -= whole;
		*size += whole;
	}
	*size += have;
	return r;
}

struct copy {
	struct hpt_table *to;
	unsigned int order;
	struct guest_votes votes;
	struct hpt_error *err;
	int failed;
};

/* Copies, and judges on the way what could not be judged before the order was known. */
static int copy_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct copy *copy = arg;
	size_t i;

	for (i = 0; i < n; i++) {
		if (may_stand(entries[i], ptex + i, copy->order))
			copy->votes.good++;
		else
			copy->votes.bad++;
	}
	copy->failed = hpt_table_write(copy->to, ptex, n, entries, copy->err);
	return copy->failed;
}

/* The table of the right order, from one that is large enough for any. */
static int fit(struct hpt_guest *guest, const struct hpt_table *large, unsigned int order,
	       struct hpt_error *err)
{
	struct copy copy = { .order = order, .err = err };
	int r = hpt_sparse_open(order, &guest->table, err);

	if (r)
		return r;
	copy.to = guest->table;
	r = hpt_table_each(large, 0, UINT64_MAX, copy_run, &copy, err);
	if (copy.failed)
		return copy.failed;
	if (r)
		return r;
	if (!guest->options.kind && !guest_image_likely(&copy.votes) &&
	    !guest_image_blank(&copy.votes))
		return guest_fail_offset(err, HPT_ERR_FORMAT, 0,
					 "not an image of order %u: of %llu entries that would be "
					 "valid %llu cannot stand where they are", order,
					 (unsigned long long)(copy.votes.good + copy.votes.bad),
					 (unsigned long long)copy.votes.bad);
	return 0;
}

/* The order is known only at the end: read into a table that is large enough for any. */
static int open_read(struct hpt_guest *guest, unsigned char *buffer, struct hpt_error *err)
{
	uint32_t given = guest->options.order;
	struct hpt_table *large;
	unsigned int order;
	uint64_t size;
	int r = hpt_sparse_open(given ? given : HPT_ORDER_MAX, &large, err);

	if (r)
		return r;
	r = read_image(&guest->source, buffer, large, &size, err);
	order = guest_image_order(size);
	if (!r && (!order || (given && order != given)))
		r = bad_size(err, size, given);
	if (!r)
		r = fit(guest, large, order, err);
	hpt_table_close(large);
	return r;
}

int guest_image_open(struct hpt_guest *guest, struct hpt_error *err)
{
	unsigned char *buffer;
	int r;

	if (guest_source_plain(&guest->source))
		return open_plain(guest, err);
	buffer = malloc(STEP);
	if (!buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for an image");
	r = open_read(guest, buffer, err);
	free(buffer);
	return r;
}
