/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* What goes to standard error. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at the front of text, or 0: none that may be shown. */
size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned low = 0x80, high = 0xBF;
	size_t need;

	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		need = 2;
	else if (s[0] >= 0xE0 && s[0] <= 0xEF)
		need = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		need = 4;
	else
		return s[0] >= 0x20 && s[0] < 0x7F;
	/* U+0080 to U+009F steer a terminal as ESC does; the others are no characters. */
	if (s[0] == 0xC2 || s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return need;
}

/*
 * Names in a saved guest are the guest's to choose: what could steer a terminal is
 * written as \xNN. Returns the length of what was put at to, cut to the room.
 */
size_t printable(char *to, size_t room, const char *from)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	while (*from && used + 5 <= room) {
		size_t n = utf8_length(from);
		unsigned char byte = (unsigned char)*from;

		if (n) {
			memcpy(to + used, from, n);
			used += n;
			from += n;
			continue;
		}
		to[used++] = '\\';
		to[used++] = 'x';
		to[used++] = digits[byte >> 4];
		to[used++] = digits[byte & 15];
		from++;
	}
	to[used] = '\0';
	return used;
}

static void say(const char *prefix, const char *format, va_list args)
{
	char text[4096];
	char clean[2 * sizeof(text)];

	(void)vsnprintf(text, sizeof(text), format, args);
	printable(clean, sizeof(clean), text);
	(void)fprintf(stderr, "%s%s\n", prefix, clean);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("hpt: ", format, args);
	va_end(args);
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("hpt: ", format, args);
	va_end(args);
	if (command)
		(void)fprintf(stderr, "Try 'hpt %s --help'.\n", command->name);
	else
		(void)fprintf(stderr, "Try 'hpt --help'.\n");
	return EXIT_ERROR;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edit distance (insert, delete, replace, swap counts as two) of two short words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32];
	size_t len = strlen(b);

	if (len >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t up = row[j + 1];

			row[j + 1] =
				smaller(smaller(up, row[j]) + 1, diagonal + (a[i] != b[j]));
			diagonal = up;
		}
	}
	return row[len];
}

/* The name in a list that a mistyped word most likely meant, or NULL. */
const char *nearest(const char *word, const char *(*name)(const void *list, size_t i),
		    const void *list)
{
	const char *best = NULL;
	size_t limit = strlen(word) < 3 ? 1 : 2;
	const char *candidate;

	for (size_t i = 0; (candidate = name(list, i)); i++) {
		size_t d = distance(word, candidate);

		if (d > limit || (best && d == limit))
			continue;
		best = candidate;
		limit = d;
	}
	return best;
}
