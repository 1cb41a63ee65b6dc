/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef MMU_NAIVE_H
#define MMU_NAIVE_H

/*
 * A second translator, slow and simple, and random worlds for both to walk in.
 */

#include "unit.h"

#include <hpt/mmu.h>

/* Entries of a world's table: the smallest there is. */
#define WORLD_ORDER 18
#define WORLD_SLOTS 16384u
#define WORLD_PAGES 160

/* A CPU, its table and addresses that are worth asking for. */
struct world {
	struct hpt_cpu cpu;
	struct hpt_linux rule;
	struct hpt_page_sizes sizes; /* for a CPU whose page sizes are its caller's */
	enum hpt_processor processor;
	bool everyday; /* of most that could be out of the way nothing is */
	struct hpt_entry entries[WORLD_SLOTS]; /* classic form */
	uint64_t ea[WORLD_PAGES];
	unsigned n_ea;
	unsigned used[WORLD_PAGES * 2]; /* slots that were filled, to empty them again */
	unsigned n_used;
};

/* A world of its own for each seed; @w is zeroed memory, or a former world. */
void world_make(struct world *w, uint64_t *seed);

/* Have the CPU of a new world know page sizes that no processor ever had. */
void world_twist_sizes(struct world *w, uint64_t *seed);

/* An address of the world: known, near a known one, or any. */
uint64_t world_ea(const struct world *w, uint64_t *seed);

/* Flags that make sense together. */
uint32_t world_flags(uint64_t *seed);

/* The answer by the book, for the CPU and entries of a world. */
void naive_translate(const struct world *w, uint64_t ea, enum hpt_access access,
		     uint32_t flags, struct hpt_translation *out);

/* Every member equal? Fails with what differs. */
void same_translation(const struct hpt_translation *found,
		      const struct hpt_translation *expected);

#endif /* MMU_NAIVE_H */
