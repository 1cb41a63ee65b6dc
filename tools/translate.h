/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_TRANSLATE_H
#define HPT_TOOL_TRANSLATE_H

#include "machine.h"

/* An output form of "hpt translate": what it writes for each address. */
typedef void answer_fn(struct output *out, const struct hpt_translation *answer);

answer_fn answer_text;
answer_fn answer_json;
answer_fn answer_object; /* the same without the end of the line */

/* "rwx", with - for what is not allowed: fills the buffer from its start. */
const char *text_rights(char *buffer, unsigned allowed);
/* "64K", or of mixed sizes "64K/16M": base and actual. */
const char *text_pages(char *buffer, const struct hpt_translation *answer);
/* ": 0x300 (DSI) DAR=0x... DSISR=0x..."; nothing if there is none */
void put_interrupt(struct output *out, const struct hpt_translation *answer);
const char *access_name(enum hpt_access access);

/* addresses.c: addresses, one a line, in batches as they come */
struct addresses {
	int fd;
	char *text;
	size_t used;        /* bytes of text that are not yet read as lines */
	size_t begin;       /* where they begin */
	unsigned long line; /* number of the line read last */
	bool end;
	bool waited; /* the last read gave less than there was room for */
};

#define BATCH 1024u

int addresses_open(struct addresses *addresses, int fd);
void addresses_close(struct addresses *addresses);
/* Up to BATCH addresses; 0 at the end, or -1 after a complaint (*n before it are good). */
int addresses_next(struct addresses *addresses, uint64_t *ea, size_t *n);

#endif /* HPT_TOOL_TRANSLATE_H */
