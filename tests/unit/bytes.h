/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_BYTES_H
#define TEST_BYTES_H

/*
 * Bytes from readable text, for inputs that are written out in the tests. Words are
 * separated by white space:
 *
 *   u8 N  u16 N  u32 N  u64 N   a number, big-endian, in C's notation
 *   le16 N  le32 N  le64 N      a number, little-endian
 *   "text"                      the bytes of the text
 *   p"text"                     a byte with its length, then the text
 *   s"text"                     a big-endian u32 with its length, then the text
 *   hex 0011..                  bytes
 *   fill N B                    N bytes B
 *   at N                        zeros up to offset N
 *
 * Include after cmocka.h. A word that is not understood fails the test.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	unsigned char *data;
	size_t len;
};

/*
 * Bytes to allocate for @len: just as many, so that checkers of memory see who reads on; but of
 * many a power of two, or adding one by one would copy them as often.
 */
static inline size_t bytes_room(size_t len)
{
	size_t room = (size_t)1 << 16;

	if (len < room)
		return len + 1;
	while (room <= len)
		room *= 2;
	return room;
}

static inline void bytes_grow(struct bytes *b, size_t n)
{
	if (b->data && bytes_room(b->len) == bytes_room(b->len + n))
		return;
	b->data = realloc(b->data, bytes_room(b->len + n));
	assert_non_null(b->data);
}

static inline void bytes_put(struct bytes *b, uint64_t value, unsigned int n, int little)
{
	unsigned int i;

	bytes_grow(b, n);
	for (i = 0; i < n; i++)
		b->data[b->len++] = (unsigned char)(value >> 8 * (little ? i : n - 1 - i));
}

static inline void bytes_fill(struct bytes *b, size_t n, int value)
{
	bytes_grow(b, n);
	memset(b->data + b->len, value, n);
	b->len += n;
}

/* "text" with at most a prefix before it; returns what is behind it. */
static inline const char *bytes_string(struct bytes *b, const char *word)
{
	const char *text = strchr(word, '"') + 1;
	const char *end = strchr(text, '"');
	size_t len = end ? (size_t)(end - text) : 0;

	if (!end)
		fail_msg("no closing quote: %s", word);
	if (*word == 'p')
		bytes_put(b, len, 1, 0);
	if (*word == 's')
		bytes_put(b, len, 4, 0);
	bytes_fill(b, len, 0);
	memcpy(b->data + b->len - len, text, len);
	return end ? end + 1 : text;
}

static inline const char *bytes_hex(struct bytes *b, const char *digits)
{
	char pair[3] = { 0 };
	char *stop;

	while (*digits == ' ')
		digits++;
	while (*digits && *digits != ' ') {
		memcpy(pair, digits, 2);
		bytes_put(b, strtoul(pair, &stop, 16), 1, 0);
		if (*stop)
			fail_msg("no hexadecimal digits: %s", digits);
		digits += 2;
	}
	return digits;
}

/* A word that numbers follow; returns what is behind them. */
static inline const char *bytes_number(struct bytes *b, const char *word)
{
	static const struct {
		const char *name;
		unsigned int bytes;
		int little;
	} kinds[] = {
		{ "u8", 1, 0 },   { "u16", 2, 0 },  { "u32", 4, 0 }, { "u64", 8, 0 },
		{ "le16", 2, 1 }, { "le32", 4, 1 }, { "le64", 8, 1 },
	};
	size_t i, len = strcspn(word, " \t\n");
	char *rest;
	uint64_t value = strtoull(word + len, &rest, 0);

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) == len && !strncmp(word, kinds[i].name, len)) {
			bytes_put(b, value, kinds[i].bytes, kinds[i].little);
			return rest;
		}
	}
	if (len == 4 && !strncmp(word, "fill", len))
		bytes_fill(b, (size_t)value, (int)strtoul(rest, &rest, 0));
	else if (len == 2 && !strncmp(word, "at", len) && value >= b->len)
		bytes_fill(b, (size_t)value - b->len, 0);
	else
		fail_msg("not understood: %s", word);
	return rest;
}

/* The bytes of a text. bytes_free() frees them. */
static inline struct bytes bytes_of(const char *text)
{
	struct bytes b = { NULL, 0 };

	bytes_fill(&b, 0, 0);
	for (;;) {
		text += strspn(text, " \t\n");
		if (!*text)
			return b;
		if (*text == '"' || text[1] == '"')
			text = bytes_string(&b, text);
		else if (!strncmp(text, "hex ", 4))
			text = bytes_hex(&b, text + 4);
		else
			text = bytes_number(&b, text);
	}
}

static inline void bytes_free(struct bytes *b)
{
	free(b->data);
	b->data = NULL;
	b->len = 0;
}

#endif /* TEST_BYTES_H */
