/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The list of RAM blocks in the first round of section "ram". */
#include <stdlib.h>

#include "internal.h"
#include "ram.h"

static int compare_blocks(const void *a, const void *b)
{
	const struct qemu_block *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static int compare_name(const void *key, const void *element)
{
	const struct qemu_block *const *block = element;

	return strcmp(key, (*block)->name);
}

/* Sort the names: a record names its block, and a hostile list may have many. */
static int sort_blocks(struct hpt_qemu *q)
{
	struct qemu_ram *ram = &q->ram;
	char print[QEMU_PRINT_ROOM];
	size_t i;

	if (!ram->n_blocks)
		return 0;
	ram->by_name = calloc(ram->n_blocks, sizeof(struct qemu_block *));
	if (!ram->by_name)
		return qemu_no_memory(q, "the RAM blocks");
	for (i = 0; i < ram->n_blocks; i++)
		ram->by_name[i] = &ram->blocks[i];
	qsort(ram->by_name, ram->n_blocks, sizeof(struct qemu_block *), compare_blocks);
	for (i = 1; i < ram->n_blocks; i++)
		if (!strcmp(ram->by_name[i - 1]->name, ram->by_name[i]->name))
			return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, q->item.offset,
					       "offset %llu: two RAM blocks are called \"%s\"",
					       (unsigned long long)q->item.offset,
					       qemu_printable(print, ram->by_name[i]->name));
	return 0;
}

int qemu_block_find(struct hpt_qemu *q, const char *name, uint64_t offset,
		    struct qemu_block **out)
{
	char print[QEMU_PRINT_ROOM];
	struct qemu_block **found = NULL;

	if (q->ram.by_name)
		found = bsearch(name, q->ram.by_name, q->ram.n_blocks,
				sizeof(struct qemu_block *), compare_name);
	if (!found)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, offset,
				       "offset %llu: a page of RAM block \"%s\", which the list "
				       "of blocks does not have",
				       (unsigned long long)offset, qemu_printable(print, name));
	*out = *found;
	return 0;
}

/*
 * Could what stands @ahead bytes from here follow a complete entry of the list: the next
 * entry, or when the list is at its end, the header that comes then? Yes, too, when the
 * input ends before that can be told: reading on says so better.
 */
static int follows_entry(struct hpt_qemu *q, size_t ahead, uint64_t remaining, bool *yes)
{
	const unsigned char *next;
	uint64_t value;
	size_t len;
	int r = qemu_input_reach(q, ahead + 8);

	*yes = true;
	if (r || q->in.len - q->in.pos < ahead + 8)
		return r;
	value = hpt_load_be64(qemu_bytes(q) + ahead);
	if (!remaining) {
		*yes = value == QEMU_RAM_EOS || value == QEMU_RAM_MULTIFD_FLUSH;
		return 0;
	}
	len = qemu_bytes(q)[ahead];
	*yes = len > 0;
	if (!len)
		return 0;
	r = qemu_input_reach(q, ahead + 1 + len + 8);
	if (r || q->in.len - q->in.pos < ahead + 1 + len + 8)
		return r;
	next = qemu_bytes(q) + ahead + 1;
	value = hpt_load_be64(next + len);
	*yes = !memchr(next, 0, len) && value <= remaining && value % HPT_QEMU_PAGE == 0;
	return 0;
}

/*
 * A page size stands in an entry when postcopy is on and the block's backing has pages
 * that are not the host's. Nothing announces it, so see what fits: first without, then
 * with. Not both can: a page size begins with a byte 0 and is a multiple of 4096, while an
 * entry begins with the length of its name and a header has flags in its low bits.
 */
static int read_page_size(struct hpt_qemu *q, struct qemu_block *block, uint64_t remaining)
{
	size_t behind = q->ignore_shared ? 8 : 0;
	uint64_t value;
	bool fits;
	int r;

	/* QEMU refuses to have both capabilities on. */
	if (q->mapped_ram)
		return 0;
	r = follows_entry(q, behind, remaining, &fits);
	if (r || fits)
		return r;
	r = follows_entry(q, behind + 8, remaining, &fits);
	if (r || !fits || q->in.len - q->in.pos < 8)
		return r;
	value = hpt_load_be64(qemu_bytes(q));
	if (value < HPT_QEMU_PAGE || (value & (value - 1)))
		return 0;
	block->page_size = value;
	qemu_use(q, 8);
	if (!q->postcopy)
		return qemu_warn(q, "offset %llu: a RAM block has a page size, though postcopy "
				 "was not announced",
				 (unsigned long long)(qemu_offset(q) - 8));
	return 0;
}

/* With x-ignore-shared alone: where in its memory region the block begins. */
static int read_mr_address(struct hpt_qemu *q, struct qemu_block *block)
{
	int r;

	if (!q->ignore_shared)
		return 0;
	r = qemu_need(q, 8, "a RAM block's address");
	if (r)
		return r;
	block->mr_address = hpt_load_be64(qemu_bytes(q));
	qemu_use(q, 8);
	return 0;
}

/* Begin a block, the last of the list then: its name and length. */
static int add_block(struct hpt_qemu *q, uint64_t remaining)
{
	char name[QEMU_NAME_ROOM];
	uint64_t at = qemu_offset(q), length;
	void *array = q->ram.blocks;
	struct qemu_block *block;
	int r = qemu_read_name(q, name, "a RAM block's name");

	if (!r)
		r = qemu_need(q, 8, "a RAM block's length");
	if (r)
		return r;
	length = hpt_load_be64(qemu_bytes(q));
	if (length > remaining || length % HPT_QEMU_PAGE)
		return hpt_fail_offset(&q->error, HPT_ERR_FORMAT, at,
				       "offset %llu: a RAM block of 0x%llx bytes, expected a "
				       "multiple of 0x%x and at most the 0x%llx that are left",
				       (unsigned long long)at, (unsigned long long)length,
				       HPT_QEMU_PAGE, (unsigned long long)remaining);
	qemu_use(q, 8);
	r = qemu_grow(q, &array, &q->ram.blocks_room, q->ram.n_blocks, sizeof(*block),
		      "a RAM block");
	q->ram.blocks = array;
	if (r)
		return r;
	block = &q->ram.blocks[q->ram.n_blocks];
	memset(block, 0, sizeof(*block));
	block->length = length;
	block->mr_address = UINT64_MAX;
	block->name = malloc(strlen(name) + 1);
	if (!block->name)
		return qemu_no_memory(q, "a RAM block's name");
	memcpy(block->name, name, strlen(name) + 1);
	q->ram.n_blocks++;
	return 0;
}

/* The list has no count; it ends when the lengths add up to @total. */
int qemu_blocks_read(struct hpt_qemu *q, uint64_t total)
{
	uint64_t remaining = total;
	struct qemu_block *block;
	int r;

	q->ram.listed = true;
	while (remaining > 0) {
		r = add_block(q, remaining);
		if (r)
			return r;
		block = &q->ram.blocks[q->ram.n_blocks - 1];
		remaining -= block->length;
		r = read_page_size(q, block, remaining);
		if (!r)
			r = read_mr_address(q, block);
		if (!r && q->mapped_ram)
			r = qemu_mapped_block(q, block);
		if (r)
			return r;
	}
	q->ram.bytes = total;
	return sort_blocks(q);
}

int hpt_qemu_block(const struct hpt_qemu *q, size_t i, struct hpt_qemu_block *out,
		   struct hpt_error *err)
{
	struct hpt_qemu_block known = { .size = sizeof(known) };
	const struct qemu_block *block;

	if (!q || !out || i >= q->ram.n_blocks)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"hpt_qemu_block: a NULL, or RAM block %zu of %zu", i,
				q ? q->ram.n_blocks : 0);
	block = &q->ram.blocks[i];
	known.name = block->name;
	known.length = block->length;
	known.page_size = block->page_size;
	known.mr_address = block->mr_address;
	known.runs = block->n_runs;
	return hpt_result_out(out, sizeof(known), &known, sizeof(known), "hpt_qemu_block", err);
}
