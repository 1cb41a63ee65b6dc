/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef SYSTEM_GUEST_H
#define SYSTEM_GUEST_H

/* A VM with a table, and what must be in it. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_READ 65536

struct guest {
	unsigned order;
	uint64_t n; /* slots of its table */
	int vm;     /* descriptor */
	void *memory;
	struct hpt_table *table;
	struct hpt_entry *truth; /* n entries: what the table must have */
	struct hpt_entry *found; /* n entries, for what is read */
};

/* A VM without memory and table, and the library's handle on it; frees all of it. */
bool guest_start(struct guest *g, unsigned order);
void guest_end(struct guest *g);
/* Memory and a table; checked. */
void guest_equip(struct guest *g);
/* Equipped, with entries in the first 4,096 slots. */
bool guest_start_filled(struct guest *g, unsigned order);

struct hpt_table *guest_open(const struct guest *g, unsigned order, uint32_t flags);

/* An entry that differs for each slot and seed: page sizes, protections, both segment sizes,
 * bolted ones, and addresses behind which there is no memory (the kernel's "absent" ones). */
struct hpt_entry guest_entry(uint64_t ptex, unsigned seed);

bool is_valid(struct hpt_entry entry);

/* Are they equal? Says where they are not. */
bool same(const char *what, uint64_t ptex, const struct hpt_entry *found,
	  const struct hpt_entry *expected, size_t n);

/* Table and truth get @n entries from @ptex, of @seed, in every @step-th slot; 0: none. */
void guest_write(struct guest *g, uint64_t ptex, uint64_t n, unsigned seed, unsigned step);
void guest_clear(struct guest *g, uint64_t ptex, uint64_t n);

/* Is the kernel's listing of the whole table the truth? */
void check_listing(const struct guest *g);
/* Is what hpt_table_each() visits? */
void check_visit(const struct guest *g);
/* Is the listing, and what the library reads in one piece? */
void check_whole(const struct guest *g);
/* One read, with its surroundings. */
void check_read_at(const struct guest *g, uint64_t ptex, size_t n);

#endif /* SYSTEM_GUEST_H */
