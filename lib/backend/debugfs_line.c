/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A line of KVM's listing: "%6lx %.16lx %.16lx %.16lx\n", and nothing else that scanf() would
 * take for one.
 */

#include "../core/internal.h"
#include "debugfs.h"

#define INDEX_DIGITS_MAX 11
#define WORD_DIGITS 16

struct cursor {
	const unsigned char *text;
	size_t len;
	size_t at;
	const char *expected;
};

static enum listing_result want(struct cursor *c, unsigned char byte, const char *what)
{
	c->expected = what;
	if (c->at == c->len)
		return LISTING_SHORT;
	if (c->text[c->at] != byte)
		return LISTING_BAD;
	c->at++;
	return LISTING_LINE;
}

/* The value of a digit as the kernel writes it, or 16. */
static unsigned digit(unsigned char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10u;
	return 16;
}

static enum listing_result word(struct cursor *c, uint64_t *value, const char *what)
{
	c->expected = what;
	*value = 0;
	for (unsigned i = 0; i < WORD_DIGITS; i++, c->at++) {
		unsigned d;

		if (c->at == c->len)
			return LISTING_SHORT;
		d = digit(c->text[c->at]);
		if (d > 15)
			return LISTING_BAD;
		*value = *value << 4 | d;
	}
	return LISTING_LINE;
}

/* Right-aligned in six columns, or wider, without zeros before it. */
static enum listing_result index_of(struct cursor *c, uint64_t *value)
{
	size_t spaces, digits;

	c->expected = "an index, hexadecimal and right-aligned in 6 columns";
	while (c->at < c->len && c->at < LISTING_INDEX_WIDTH - 1 && c->text[c->at] == ' ')
		c->at++;
	spaces = c->at;
	*value = 0;
	for (; c->at < c->len && digit(c->text[c->at]) < 16; c->at++) {
		digits = c->at - spaces;
		if (digits == INDEX_DIGITS_MAX || (spaces && c->at == LISTING_INDEX_WIDTH))
			return LISTING_BAD;
		if (digits == 1 && !*value) {
			c->at--; /* the zero before it */
			return LISTING_BAD;
		}
		*value = *value << 4 | digit(c->text[c->at]);
	}
	if (c->at == c->len)
		return LISTING_SHORT;
	return c->at < LISTING_INDEX_WIDTH ? LISTING_BAD : LISTING_LINE;
}

static enum listing_result whole(struct cursor *c, struct listing_line *line)
{
	enum listing_result result = index_of(c, &line->ptex);

	if (result == LISTING_LINE)
		result = want(c, ' ', "a space behind the index");
	if (result == LISTING_LINE)
		result = word(c, &line->v, "16 hexadecimal digits, doubleword 0");
	if (result == LISTING_LINE)
		result = want(c, ' ', "a space behind doubleword 0");
	if (result == LISTING_LINE)
		result = word(c, &line->r, "16 hexadecimal digits, doubleword 1");
	if (result == LISTING_LINE)
		result = want(c, ' ', "a space behind doubleword 1");
	if (result == LISTING_LINE)
		result = word(c, &line->guest_r,
			      "16 hexadecimal digits, the guest's doubleword 1");
	if (result == LISTING_LINE)
		result = want(c, '\n', "the end of the line");
	return result;
}

enum listing_result hpt_listing_line(const void *text, size_t len, struct listing_line *line,
				     size_t *at, const char **expected)
{
	struct cursor c = { .text = text, .len = len };
	enum listing_result result = whole(&c, line);

	*at = c.at;
	*expected = c.expected;
	return result;
}
