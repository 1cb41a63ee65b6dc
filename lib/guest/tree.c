/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the guest's device tree says of its memory and its processors. It is the guest's
 * word: nodes are gone through once, and what does not fit is passed over. Source: PAPR
 * (LoPAR), memory nodes, "ibm,dynamic-memory", processor nodes.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBFDT
#include <libfdt.h>
#endif

#include "internal.h"

#define PIECES_FIRST 16

bool guest_add_piece(struct guest_state *state, uint64_t ra, uint64_t length, uint32_t numa)
{
	struct guest_piece *pieces = state->pieces;
	size_t room = state->pieces_room ? state->pieces_room * 2 : PIECES_FIRST;

	if (!length || length > UINT64_MAX - ra)
		return true;
	if (state->n_pieces == GUEST_PIECES_MAX)
		return false;
	if (state->n_pieces == state->pieces_room) {
		pieces = realloc(pieces, room * sizeof(*pieces));
		if (!pieces)
			return false;
		state->pieces = pieces;
		state->pieces_room = room;
	}
	pieces[state->n_pieces++] = (struct guest_piece){ ra, length, numa };
	return true;
}

#ifdef HAVE_LIBFDT
/* Properties that are looked at; a large tree has some thousands. */
#define PROPERTIES_MAX 20000
#define LMB_ASSIGNED 0x8u
#define LMB_BYTES 24
#define REG_BYTES 16
#define SEGMENT_1T 40u

/* A node that is being looked at; what it says counts when it is known what it is. */
struct node {
	uint64_t lmb_bytes;
	const unsigned char *reg, *lmbs, *lmb_sets, *sizes, *segments, *pft;
	size_t reg_len, lmbs_len, lmb_sets_len, sizes_len, segments_len, pft_len;
	uint32_t numa;
	uint32_t slb_entries;
};

struct reading {
	struct guest_state *state;
	const void *fdt;
	unsigned int properties;
	bool cpu_done;
	const char *why;
};

/* Addresses and lengths of two cells each, as every PAPR platform has them. */
static bool take_reg(struct guest_state *state, const struct node *node)
{
	size_t at;

	for (at = 0; node->reg_len - at >= REG_BYTES; at += REG_BYTES)
		if (!guest_add_piece(state, guest_load(node->reg + at, 8),
			       guest_load(node->reg + at + 8, 8), node->numa))
			return false;
	return true;
}

/*
 * Memory that comes and goes is in blocks of "ibm,lmb-size"; those that are there have a flag.
 * "ibm,dynamic-memory": a count, then {address, DRC, reserved,
 * associativity, flags}.
 */
static bool take_lmbs(struct guest_state *state, const struct node *node)
{
	const unsigned char *lmb;
	size_t at;

	for (at = 4; at <= node->lmbs_len && node->lmbs_len - at >= LMB_BYTES;
	     at += LMB_BYTES) {
		lmb = node->lmbs + at;
		if (guest_load(lmb + 20, 4) & LMB_ASSIGNED &&
		    !guest_add_piece(state, guest_load(lmb, 8), node->lmb_bytes,
			       (uint32_t)guest_load(lmb + 16, 4)))
			return false;
	}
	return true;
}

/* "ibm,dynamic-memory-v2": {number in sequence, address, DRC, associativity, flags}. */
static bool take_lmb_sets(struct guest_state *state, const struct node *node)
{
	const unsigned char *set;
	uint64_t n;
	size_t at;

	for (at = 4; at <= node->lmb_sets_len && node->lmb_sets_len - at >= LMB_BYTES;
	     at += LMB_BYTES) {
		set = node->lmb_sets + at;
		n = guest_load(set, 4);
		if (!(guest_load(set + 20, 4) & LMB_ASSIGNED) || !n ||
		    node->lmb_bytes > UINT64_MAX / n)
			continue;
		if (!guest_add_piece(state, guest_load(set + 4, 8), n * node->lmb_bytes,
			       (uint32_t)guest_load(set + 16, 4)))
			return false;
	}
	return true;
}

/* Of the first processor that says so: all of a guest's are alike. */
static void take_cpu(struct reading *reading, const struct node *node)
{
	struct guest_state *state = reading->state;
	size_t i;

	reading->cpu_done = true;
	if (node->pft_len == 8)
		state->machine.boot_order = (uint32_t)guest_load(node->pft + 4, 4);
	if (hpt_page_sizes_from_cells(node->sizes, node->sizes_len, &state->sizes, NULL) ||
	    !state->sizes.n) {
		memset(&state->sizes, 0, sizeof(state->sizes));
		return;
	}
	state->machine.has |= HPT_GUEST_HAS_PAGE_SIZES;
	state->sizes.slb_entries = node->slb_entries;
	for (i = 0; node->segments_len - i >= 4; i += 4)
		if (guest_load(node->segments + i, 4) == SEGMENT_1T)
			state->sizes.flags |= HPT_SIZES_1T;
}

static void take_property(struct node *node, const char *name, const unsigned char *value,
			  size_t len)
{
	const struct {
		const char *name;
		const unsigned char **value;
		size_t *len;
	} blobs[] = {
		{ "reg", &node->reg, &node->reg_len },
		{ "ibm,dynamic-memory", &node->lmbs, &node->lmbs_len },
		{ "ibm,dynamic-memory-v2", &node->lmb_sets, &node->lmb_sets_len },
		{ "ibm,segment-page-sizes", &node->sizes, &node->sizes_len },
		{ "ibm,processor-segment-sizes", &node->segments, &node->segments_len },
		{ "ibm,pft-size", &node->pft, &node->pft_len },
	};
	size_t i;

	for (i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
		if (strcmp(name, blobs[i].name))
			continue;
		*blobs[i].value = value;
		*blobs[i].len = len;
		return;
	}
	if (!strcmp(name, "ibm,lmb-size") && len == 8)
		node->lmb_bytes = guest_load(value, 8);
	else if (!strcmp(name, "ibm,slb-size") && len == 4)
		node->slb_entries = (uint32_t)guest_load(value, 4);
	else if (!strcmp(name, "ibm,associativity") && len >= 8)
		node->numa = (uint32_t)guest_load(value + len - 4, 4);
}

/* Each property once: a node may have many, and looking one up goes through them all. */
static bool read_node(struct reading *reading, int offset, struct node *node)
{
	const char *name;
	const void *value;
	int p, len;

	memset(node, 0, sizeof(*node));
	fdt_for_each_property_offset(p, reading->fdt, offset)
	{
		if (++reading->properties > PROPERTIES_MAX) {
			reading->why = "it has too many properties";
			return false;
		}
		value = fdt_getprop_by_offset(reading->fdt, p, &name, &len);
		if (value && len >= 0)
			take_property(node, name, value, (size_t)len);
	}
	return true;
}

static bool begins(const char *name, const char *with)
{
	return name && !strncmp(name, with, strlen(with));
}

static bool take_node(struct reading *reading, int offset, bool memory)
{
	struct guest_state *state = reading->state;
	struct node node;
	bool room;

	if (!read_node(reading, offset, &node))
		return false;
	if (!memory) {
		if (!reading->cpu_done && node.sizes_len)
			take_cpu(reading, &node);
		return true;
	}
	room = take_reg(state, &node) && take_lmbs(state, &node) &&
	       take_lmb_sets(state, &node);
	if (!room)
		reading->why = "it has more memory nodes than there is room for";
	return room;
}

/*
 * Nodes in the order in which they stand; no path is looked up, since each look-up goes through
 * the tree again, and a hostile one is made to be slow. The blob is aligned and its length is
 * checked, as libfdt wants; what lies in it libfdt checks as it goes.
 */
const char *guest_tree_read(struct guest_state *state)
{
	struct reading reading = { .state = state, .fdt = state->tree };
	int offset, depth = -1;
	bool in_cpus = false, memory;
	const char *name;

	if (state->machine.tree_len < sizeof(struct fdt_header) ||
	    fdt_check_header(state->tree) ||
	    fdt_totalsize(state->tree) > state->machine.tree_len)
		return "it is none by its header";
	for (offset = fdt_next_node(state->tree, -1, &depth); offset >= 0 && depth >= 0;
	     offset = fdt_next_node(state->tree, offset, &depth)) {
		name = fdt_get_name(state->tree, offset, NULL);
		if (depth == 1)
			in_cpus = begins(name, "cpus");
		memory = depth == 1 && (begins(name, "memory") ||
					begins(name, "ibm,dynamic-reconfiguration-memory"));
		if ((memory || (depth == 2 && in_cpus)) &&
		    !take_node(&reading, offset, memory))
			return reading.why;
	}
	if (offset < 0 && offset != -FDT_ERR_NOTFOUND)
		return "its structure is damaged";
	return NULL;
}
#else
const char *guest_tree_read(struct guest_state *state)
{
	(void)state;
	return "this build has no libfdt to read it";
}
#endif
