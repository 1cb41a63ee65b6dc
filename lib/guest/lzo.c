/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * LZO1X, decoded. Source: the format as Linux Documentation/staging/lzo.rst describes it
 * (version 0 of the bitstream, which is all that files have).
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "internal.h"

/* A first byte from here on is a run of literals, as long as it is larger than: */
#define FIRST_RUN 17
/* What came before an instruction: as many literals, or a longer run of them. */
#define STATE_RUN 4
#define NEAR 2048
#define FAR 16384

struct lzo {
	const unsigned char *in, *in_end;
	unsigned char *out, *out_end, *begin;
	unsigned int state;
	bool ended;
	bool bad;
};

static unsigned int next_byte(struct lzo *lzo)
{
	if (lzo->in == lzo->in_end) {
		lzo->bad = true;
		return 0;
	}
	return *lzo->in++;
}

/* The rest of a length: 255 for each byte of zero, and the first that is none. */
static size_t long_length(struct lzo *lzo, size_t length)
{
	unsigned int byte;

	while (!(byte = next_byte(lzo)) && !lzo->bad)
		length += 255;
	return length + byte;
}

static void literals(struct lzo *lzo, size_t n)
{
	if (n > (size_t)(lzo->in_end - lzo->in) || n > (size_t)(lzo->out_end - lzo->out)) {
		lzo->bad = true;
		return;
	}
	memcpy(lzo->out, lzo->in, n);
	lzo->out += n;
	lzo->in += n;
}

/* Bytes from @distance back, which may overlap those that they make. */
static void match(struct lzo *lzo, size_t distance, size_t n)
{
	if (lzo->bad || distance > (size_t)(lzo->out - lzo->begin) ||
	    n > (size_t)(lzo->out_end - lzo->out)) {
		lzo->bad = true;
		return;
	}
	for (; n > 0; n--, lzo->out++)
		*lzo->out = *(lzo->out - distance);
}

/* A match, then up to three literals, which the low bits of @word say. */
static void match_and(struct lzo *lzo, size_t distance, size_t n, unsigned int word)
{
	match(lzo, distance, n);
	lzo->state = word & 3;
	if (!lzo->bad)
		literals(lzo, lzo->state);
}

/* 0000LLLL: a run of literals; behind one to three, or a run of them, a short match. */
static void short_or_run(struct lzo *lzo, unsigned int op)
{
	size_t high;

	if (!lzo->state) {
		literals(lzo, 3 + (op ? op : long_length(lzo, 15)));
		lzo->state = STATE_RUN;
		return;
	}
	high = (size_t)next_byte(lzo) << 2;
	if (lzo->state == STATE_RUN)
		match_and(lzo, high + (op >> 2) + NEAR + 1, 3, op);
	else
		match_and(lzo, high + (op >> 2) + 1, 2, op);
}

/* 0001HLLL: from afar; 001LLLLL: from within 16 KiB. Two bytes of distance follow. */
static void far_match(struct lzo *lzo, unsigned int op)
{
	unsigned int mask = op & 32 ? 31 : 7, word;
	size_t n = 2 + (op & mask ? op & mask : long_length(lzo, mask)), distance;

	word = next_byte(lzo);
	word |= next_byte(lzo) << 8;
	distance = word >> 2;
	if (op & 32) {
		match_and(lzo, distance + 1, n, word);
		return;
	}
	distance += (size_t)(op & 8) << 11;
	lzo->ended = !distance;
	if (distance)
		match_and(lzo, distance + FAR, n, word);
}

/* 01LDDDSS, 1LLDDDSS: from within 2 KiB; a byte of distance follows. */
static void near_match(struct lzo *lzo, unsigned int op)
{
	size_t distance = ((size_t)next_byte(lzo) << 3) + (op >> 2 & 7) + 1;

	match_and(lzo, distance, op & 128 ? 5 + (op >> 5 & 3) : 3 + (op >> 5 & 1), op);
}

static void first(struct lzo *lzo)
{
	size_t n;

	if (lzo->in == lzo->in_end || *lzo->in <= FIRST_RUN)
		return;
	n = *lzo->in++ - FIRST_RUN;
	literals(lzo, n);
	lzo->state = n < STATE_RUN ? (unsigned int)n : STATE_RUN;
}

bool guest_lzo_decode(const unsigned char *in, size_t in_len, unsigned char *out, size_t room,
		      size_t *len)
{
	struct lzo lzo = { .in = in,
			   .in_end = in + in_len,
			   .out = out,
			   .out_end = out + room,
			   .begin = out };
	unsigned int op;

	first(&lzo);
	while (!lzo.bad && !lzo.ended) {
		op = next_byte(&lzo);
		if (lzo.bad)
			break;
		if (op < 16)
			short_or_run(&lzo, op);
		else if (op < 64)
			far_match(&lzo, op);
		else
			near_match(&lzo, op);
	}
	*len = (size_t)(lzo.out - out);
	return !lzo.bad;
}
