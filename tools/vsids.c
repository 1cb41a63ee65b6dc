/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stat.h"

/* Entries of each segment. */

#include <stdlib.h>

/* Multiplicative hashing (Knuth): the high bits of the product are the good ones. */
static size_t place_of(const struct vsids *vsids, uint64_t vsid, bool is_1t)
{
	uint64_t h = (vsid * 2 + is_1t) * UINT64_C(0x9E3779B97F4A7C15);
	size_t i = (size_t)(h >> 32) & (vsids->size - 1);

	while (vsids->places[i].entries &&
	       (vsids->places[i].vsid != vsid || vsids->places[i].is_1t != is_1t))
		i = (i + 1) & (vsids->size - 1);
	return i;
}

static int grow(struct vsids *vsids)
{
	struct vsids bigger = { .size = vsids->size ? vsids->size * 2 : 256,
				.used = vsids->used };

	bigger.places = calloc(bigger.size, sizeof(*bigger.places));
	if (!bigger.places)
		return HPT_ERR_MEMORY;
	for (size_t i = 0; i < vsids->size; i++) {
		const struct vsid_count *old = &vsids->places[i];

		if (old->entries)
			bigger.places[place_of(&bigger, old->vsid, old->is_1t)] = *old;
	}
	free(vsids->places);
	*vsids = bigger;
	return 0;
}

int vsids_add(struct vsids *vsids, uint64_t vsid, bool is_1t)
{
	struct vsid_count *place;

	if (vsids->used >= vsids->size / 4 * 3 && grow(vsids))
		return HPT_ERR_MEMORY;
	place = &vsids->places[place_of(vsids, vsid, is_1t)];
	if (!place->entries) {
		place->vsid = vsid;
		place->is_1t = is_1t;
		vsids->used++;
	}
	place->entries++;
	return 0;
}

/* More entries first; of as many, the lower VSID. */
static bool precedes(const struct vsid_count *a, const struct vsid_count *b)
{
	if (a->entries != b->entries)
		return a->entries > b->entries;
	if (a->vsid != b->vsid)
		return a->vsid < b->vsid;
	return a->is_1t < b->is_1t;
}

size_t vsids_top(const struct vsids *vsids, struct vsid_count *top, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < vsids->size; i++) {
		const struct vsid_count *place = &vsids->places[i];
		size_t j;

		if (!place->entries || (n == max && !precedes(place, &top[max - 1])))
			continue;
		if (n < max)
			n++;
		for (j = n - 1; j && precedes(place, &top[j - 1]); j--)
			top[j] = top[j - 1];
		top[j] = *place;
	}
	return n;
}

void vsids_free(struct vsids *vsids)
{
	free(vsids->places);
	*vsids = (struct vsids){ .places = NULL };
}
