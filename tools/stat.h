/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_STAT_H
#define HPT_TOOL_STAT_H

#include "row.h"

/* One segment and how many entries it has. */
struct vsid_count {
	uint64_t vsid;
	uint64_t entries; /* 0: a free place */
	bool is_1t;
};

/* Entries of each segment: a hash table that grows with the segments. */
struct vsids {
	struct vsid_count *places;
	size_t size; /* 0 or a power of two */
	size_t used;
};

int vsids_add(struct vsids *vsids, uint64_t vsid, bool is_1t);
size_t vsids_top(const struct vsids *vsids, struct vsid_count *top, size_t max);
void vsids_free(struct vsids *vsids);

#define PAGES_MAX 64
#define TOP_VSIDS 10

struct page_count {
	struct hpt_page page;
	uint64_t entries;
};

/* What "hpt stat" counts. */
struct tally {
	uint64_t slots;
	uint64_t valid;
	uint64_t secondary;
	uint64_t bolted;
	uint64_t no_execute;
	uint64_t referenced;
	uint64_t changed;
	uint64_t both; /* referenced and changed */
	uint64_t per_pteg[HPT_PTEG_ENTRIES + 1];
	uint64_t pp[8];
	uint64_t key[32];
	uint64_t wimg[16];
	uint64_t segments[4]; /* by B */
	uint64_t problems[PROBLEM_AVPN + 1];
	struct page_count pages[PAGES_MAX];
	size_t n_pages;
	struct vsids vsids;
	struct vsid_count top[TOP_VSIDS];
	size_t n_top;
};

void stat_text(struct output *out, const struct tally *tally);
void stat_json(struct output *out, const struct tally *tally);

#endif /* HPT_TOOL_STAT_H */
