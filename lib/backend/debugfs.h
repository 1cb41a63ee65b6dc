/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_BACKEND_DEBUGFS_H
#define HPT_BACKEND_DEBUGFS_H

/* What the files of the debugfs backend share: lines taken apart. */

#include <stddef.h>
#include <stdint.h>

/* Columns of the index, which is wider only where it must. */
#define LISTING_INDEX_WIDTH 6

/* Of doubleword 0 in the listing: the guest has it, hardware does not. */
#define LISTING_V_ABSENT UINT64_C(0x20)

/* One line, its words as they stand. */
struct listing_line {
	uint64_t ptex;
	uint64_t v;
	uint64_t r;
	uint64_t guest_r;
};

enum listing_result {
	LISTING_LINE,  /* a whole line */
	LISTING_SHORT, /* the bytes are a line's beginning */
	LISTING_BAD,   /* no line begins so */
};

/*
 * Take a line apart. *@at is its length, or the number of the byte that is missing or wrong;
 * *@expected, unless it is a line, what is to be there.
 */
enum listing_result hpt_listing_line(const void *text, size_t len, struct listing_line *line,
				     size_t *at, const char **expected);

#endif /* HPT_BACKEND_DEBUGFS_H */
