/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where RAM blocks lie among real addresses, which QEMU's stream does not say: by the memory
 * of the device tree or of libvirt's domain, by addresses that stand in a list with
 * "x-ignore-shared", or by the rule that the largest block begins at 0. Source: QEMU hw/ppc/spapr.c, hw/ppc/mac_newworld.c.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* More blocks than that are no RAM of a guest's boot: real ones have a handful. */
#define BLOCKS_MAX 4096
/* Smaller ones are a device's. */
#define RAM_BYTES_MIN ((uint64_t)1 << 20)
/* A Mac's firmware, with a hole where its NVRAM is. Seen in the machine's memory map. */
#define MAC_ROM_NAME "ppc_core99.bios"
#define MAC_ROM UINT64_C(0xfff00000)
#define MAC_ROM_BYTES UINT64_C(0x100000)
#define MAC_NVRAM UINT64_C(0x4000)
#define MAC_NVRAM_END UINT64_C(0x8000)

struct blocks {
	struct hpt_qemu_block *block;
	bool *used;
	size_t n;
};

static bool ends_with(const char *name, const char *with)
{
	size_t len = strlen(name), tail = strlen(with);

	return len >= tail && !strcmp(name + len - tail, with);
}

/* Blocks that are no RAM of the machine's: firmware, a display's memory. */
static bool is_ram(const struct hpt_qemu_block *block)
{
	static const char *const others[] = { ".vram", ".rom", ".bios", "vgamem" };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ends_with(block->name, others[i]))
			return false;
	return block->length > 0;
}

static int no_memory(struct hpt_error *err)
{
	return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the map of RAM");
}

static int list_blocks(const struct hpt_guest *guest, struct blocks *blocks,
		       struct hpt_error *err)
{
	struct hpt_qemu_info info = { .size = sizeof(info) };
	size_t i;
	int r = hpt_qemu_info(guest->qemu, &info, err);

	if (r)
		return r;
	blocks->n = info.ram_blocks < BLOCKS_MAX ? info.ram_blocks : BLOCKS_MAX;
	blocks->block = calloc(blocks->n + 1, sizeof(*blocks->block));
	blocks->used = calloc(blocks->n + 1, sizeof(*blocks->used));
	if (!blocks->block || !blocks->used)
		return no_memory(err);
	for (i = 0; i < blocks->n; i++) {
		blocks->block[i].size = sizeof(blocks->block[i]);
		r = hpt_qemu_block(guest->qemu, i, &blocks->block[i], err);
		if (r)
			return r;
		blocks->used[i] = !is_ram(&blocks->block[i]);
	}
	return 0;
}

static void put_region(struct guest_state *state, size_t block, uint64_t offset, uint64_t ra,
		       uint64_t length)
{
	state->regions[state->n_regions++] = (struct guest_region){
		.ra = ra, .length = length, .offset = offset, .block = block
	};
}

static void put_block(struct guest_state *state, struct blocks *blocks, size_t i, uint64_t ra)
{
	put_region(state, i, 0, ra, blocks->block[i].length);
	blocks->used[i] = true;
}

/*
 * Put the first block that has exactly this length. QEMU lists blocks by size, the largest
 * first, and equal ones as they were made: those of NUMA nodes by node.
 */
static bool put_exactly(struct guest_state *state, struct blocks *blocks, uint64_t ra,
			uint64_t length)
{
	size_t i;

	for (i = 0; i < blocks->n; i++) {
		if (blocks->used[i] || blocks->block[i].length != length)
			continue;
		put_block(state, blocks, i, ra);
		return true;
	}
	return false;
}

/* Fill a range with blocks in the order of the stream; true when they fit it exactly. */
static bool put_several(struct guest_state *state, struct blocks *blocks, uint64_t ra,
			uint64_t length)
{
	uint64_t left = length;
	size_t i;

	for (i = 0; i < blocks->n && left > 0; i++)
		if (!blocks->used[i] && blocks->block[i].length <= left)
			left -= blocks->block[i].length;
	if (left > 0)
		return false;
	for (i = 0; i < blocks->n && length > 0; i++) {
		if (blocks->used[i] || blocks->block[i].length > length)
			continue;
		length -= blocks->block[i].length;
		put_block(state, blocks, i, ra);
		ra += blocks->block[i].length;
	}
	return true;
}

static int compare_pieces(const void *a, const void *b)
{
	const struct guest_piece *left = a, *right = b;

	return (left->ra > right->ra) - (left->ra < right->ra);
}

/* Sort pieces; those that overlap are the same memory said twice. Join those of one node. */
static void join_pieces(struct guest_state *state)
{
	struct guest_piece *p = state->pieces, *last;
	uint64_t end;
	size_t i, n = 1;

	if (!state->n_pieces)
		return;
	qsort(p, state->n_pieces, sizeof(*p), compare_pieces);
	for (i = 1; i < state->n_pieces; i++) {
		last = &p[n - 1];
		end = last->ra + last->length;
		if (p[i].ra + p[i].length <= end)
			continue;
		if (p[i].ra < end) {
			p[i].length -= end - p[i].ra;
			p[i].ra = end;
		}
		if (p[i].ra == end && p[i].node == last->node)
			last->length += p[i].length;
		else
			p[n++] = p[i];
	}
	state->n_pieces = n;
}

/*
 * A range without gaps that is one block; or pieces of one NUMA node each that are; or else
 * any blocks that together are as long.
 */
static bool put_range(struct guest_state *state, struct blocks *blocks, size_t from, size_t to)
{
	const struct guest_piece *p = state->pieces;
	uint64_t length = p[to - 1].ra + p[to - 1].length - p[from].ra;
	bool all = true;
	size_t i;

	if (put_exactly(state, blocks, p[from].ra, length))
		return true;
	for (i = from; to - from > 1 && i < to; i++)
		if (!put_exactly(state, blocks, p[i].ra, p[i].length) &&
		    !put_several(state, blocks, p[i].ra, p[i].length))
			all = false;
	return to - from > 1 ? all : put_several(state, blocks, p[from].ra, length);
}

static void put_pieces(struct hpt_guest *guest, struct blocks *blocks)
{
	struct guest_state *state = &guest->state;
	const struct guest_piece *p = state->pieces;
	size_t from, to;

	join_pieces(state);
	for (from = 0; from < state->n_pieces; from = to) {
		for (to = from + 1; to < state->n_pieces; to++)
			if (p[to].ra != p[to - 1].ra + p[to - 1].length)
				break;
		if (!put_range(state, blocks, from, to))
			guest_warn(guest,
				   "no RAM blocks are known to be the memory at 0x%llx that "
				   "the device tree or the domain names",
				   (unsigned long long)p[from].ra);
	}
}

/*
 * Hot-plugged memory that the guest had not been told of when its tree was made: it exists, and
 * where is not said.
 */
static void warn_unplaced(struct hpt_guest *guest, const struct blocks *blocks)
{
	size_t i;

	for (i = 0; i < blocks->n; i++)
		if (!blocks->used[i] && blocks->block[i].length >= RAM_BYTES_MIN)
			guest_warn(guest,
				   "RAM block %zu of %llu bytes is at no address that is known: "
				   "it cannot be read",
				   i, (unsigned long long)blocks->block[i].length);
}

/*
 * Blocks whose place the stream says. Those of hot-plugged memory are told from where their
 * container begins, and so would lie over others: such are left out.
 */
static void put_addressed(struct guest_state *state, struct blocks *blocks)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < blocks->n; i++) {
		if (blocks->used[i] || blocks->block[i].mr_address == UINT64_MAX ||
		    blocks->block[i].mr_address < end ||
		    blocks->block[i].length > UINT64_MAX - blocks->block[i].mr_address)
			continue;
		put_block(state, blocks, i, blocks->block[i].mr_address);
		end = blocks->block[i].mr_address + blocks->block[i].length;
	}
}

static void put_largest(struct guest_state *state, struct blocks *blocks)
{
	size_t i, largest = blocks->n;

	for (i = 0; i < blocks->n; i++)
		if (!blocks->used[i] &&
		    (largest == blocks->n ||
		     blocks->block[i].length > blocks->block[largest].length))
			largest = i;
	if (largest < blocks->n)
		put_block(state, blocks, largest, 0);
}

static void put_mac_rom(struct guest_state *state, const struct blocks *blocks)
{
	const struct guest_region *last = &state->regions[state->n_regions - 1];
	size_t i;

	for (i = 0; i < blocks->n; i++) {
		if (strcmp(blocks->block[i].name, MAC_ROM_NAME) ||
		    blocks->block[i].length != MAC_ROM_BYTES ||
		    last->ra + last->length > MAC_ROM)
			continue;
		put_region(state, i, 0, MAC_ROM, MAC_NVRAM);
		put_region(state, i, MAC_NVRAM_END, MAC_ROM + MAC_NVRAM_END,
			   MAC_ROM_BYTES - MAC_NVRAM_END);
		break;
	}
}

static int compare_regions(const void *a, const void *b)
{
	const struct guest_region *left = a, *right = b;

	return (left->ra > right->ra) - (left->ra < right->ra);
}

int guest_map_make(struct hpt_guest *guest, struct hpt_error *err)
{
	struct guest_state *state = &guest->state;
	struct blocks blocks = { NULL, NULL, 0 };
	int r = list_blocks(guest, &blocks, err);

	if (!r) {
		/* Each block once, and a Mac's firmware in two parts. */
		state->regions = calloc(blocks.n + 2, sizeof(*state->regions));
		if (!state->regions)
			r = no_memory(err);
	}
	if (!r) {
		put_pieces(guest, &blocks);
		if (state->n_regions)
			warn_unplaced(guest, &blocks);
		if (!state->n_regions)
			put_addressed(state, &blocks);
		if (!state->n_regions)
			put_largest(state, &blocks);
		if (state->n_regions)
			put_mac_rom(state, &blocks);
		qsort(state->regions, state->n_regions, sizeof(*state->regions),
		      compare_regions);
	}
	free(blocks.block);
	free(blocks.used);
	return r;
}

const struct guest_region *guest_map_find(const struct guest_state *state, uint64_t ra)
{
	size_t from = 0, to = state->n_regions, middle;
	const struct guest_region *region;

	while (from < to) {
		middle = from + (to - from) / 2;
		region = &state->regions[middle];
		if (ra < region->ra)
			to = middle;
		else if (ra - region->ra >= region->length)
			from = middle + 1;
		else
			return region;
	}
	return NULL;
}

int hpt_guest_region(const struct hpt_guest *guest, size_t i, struct hpt_guest_region *region,
		     struct hpt_error *err)
{
	struct hpt_guest_region known = { .size = sizeof(known) };
	const struct guest_region *from;

	if (!guest || !region || i >= guest->state.n_regions)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_region: a NULL, or region %zu "
				  "of %zu",
				  i, guest ? guest->state.n_regions : 0);
	from = &guest->state.regions[i];
	known.ra = from->ra;
	known.length = from->length;
	known.offset = from->offset;
	known.block = from->block;
	return guest_result_out(region, &known, sizeof(known), "hpt_guest_region", err);
}
