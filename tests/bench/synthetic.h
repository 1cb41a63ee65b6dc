/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef BENCH_SYNTHETIC_H
#define BENCH_SYNTHETIC_H

#include <stdint.h>

/*
 * Saved guests of any size, made of a real one: rounds of RAM are put in front of its own, as
 * a guest has them that ran while it was saved. All that it is, its table and its vCPUs, stays.
 */
struct synthetic {
	uint64_t bytes; /* of the file */
	uint64_t runs;  /* runs of pages that it has at most */
	uint64_t pages; /* whole pages that were put in */
	uint64_t zeros; /* and pages of zeros */
};

/* At least @bytes of whole pages from @from into @path. */
void synthetic_make(struct synthetic *s, const char *from, const char *path, uint64_t bytes);

/* A guest of @ram bytes, all of them zeros: a file that ends behind its RAM and its table. */
void synthetic_zeros(struct synthetic *s, const char *path, uint64_t ram);

/*
 * Likewise in the form "mapped-ram", where pages have fixed places in the file: @whole bytes of
 * them are said to be there, in runs, and are a hole in the file.
 */
void synthetic_mapped(struct synthetic *s, const char *path, uint64_t ram, uint64_t whole);

#endif /* BENCH_SYNTHETIC_H */
