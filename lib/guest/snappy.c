/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Snappy, decoded. Source: the format as google/snappy's format_description.txt has it. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <string.h>

#include "internal.h"

/* Literals of up to so many bytes have their length in the tag. */
#define SHORT_LITERAL 60

struct snappy {
	const unsigned char *in, *end;
	unsigned char *out;
	size_t at, room;
};

/* A number of @n bytes, lowest first. */
static bool take(struct snappy *s, unsigned int n, size_t *value)
{
	unsigned int i;

	if ((size_t)(s->end - s->in) < n)
		return false;
	for (*value = 0, i = 0; i < n; i++)
		*value |= (size_t)*s->in++ << 8 * i;
	return true;
}

/* The length in front: 7 bits a byte, lowest first. */
static bool take_length(struct snappy *s, size_t *length)
{
	unsigned int shift;
	size_t byte;

	*length = 0;
	for (shift = 0; shift < 32; shift += 7) {
		if (!take(s, 1, &byte))
			return false;
		*length |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool literal(struct snappy *s, size_t tag)
{
	size_t n = tag >> 2;

	if (n >= SHORT_LITERAL && !take(s, (unsigned int)(n - SHORT_LITERAL + 1), &n))
		return false;
	if (n >= (size_t)(s->end - s->in) || n >= s->room - s->at)
		return false;
	memcpy(s->out + s->at, s->in, n + 1);
	s->at += n + 1;
	s->in += n + 1;
	return true;
}

/* Bytes from @offset back, which may overlap those that they make. */
static bool copy(struct snappy *s, size_t tag)
{
	static const unsigned int sizes[] = { 0, 1, 2, 4 };
	size_t n = (tag & 3) == 1 ? 4 + (tag >> 2 & 7) : 1 + (tag >> 2), offset;

	if (!take(s, sizes[tag & 3], &offset))
		return false;
	if ((tag & 3) == 1)
		offset |= tag >> 5 << 8;
	if (!offset || offset > s->at || n > s->room - s->at)
		return false;
	for (; n > 0; n--, s->at++)
		s->out[s->at] = s->out[s->at - offset];
	return true;
}

bool guest_snappy_decode(const unsigned char *in, size_t in_len, unsigned char *out,
			 size_t room, size_t *len)
{
	struct snappy s = { .in = in, .end = in + in_len, .out = out, .room = room };
	size_t expected, tag;
	bool good = take_length(&s, &expected) && expected <= room;

	while (good && s.in < s.end) {
		tag = *s.in++;
		good = tag & 3 ? copy(&s, tag) : literal(&s, tag);
	}
	*len = s.at;
	return good && s.at == expected;
}
