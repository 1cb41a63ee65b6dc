/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "translate.h"

/* Addresses on standard input, one a line: as many at once as have come. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES ((size_t)128 * 1024)

int addresses_open(struct addresses *addresses, int fd)
{
	*addresses = (struct addresses){ .fd = fd };
	addresses->text = malloc(TEXT_BYTES + 1);
	if (addresses->text)
		return 0;
	complain("no memory for input");
	return EXIT_ERROR;
}

void addresses_close(struct addresses *addresses)
{
	free(addresses->text);
	addresses->text = NULL;
}

/* One read(2) behind what is left. Returns 0, or -1 after a complaint. */
static int fill(struct addresses *addresses)
{
	size_t room;
	ssize_t n;

	memmove(addresses->text, addresses->text + addresses->begin, addresses->used);
	addresses->begin = 0;
	room = TEXT_BYTES - addresses->used;
	if (!room) {
		complain("standard input, line %lu: longer than any address",
			 addresses->line + 1);
		return -1;
	}
	do {
		n = read(addresses->fd, addresses->text + addresses->used, room);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		complain("standard input: %s", strerror(errno));
		return -1;
	}
	addresses->used += (size_t)n;
	addresses->end = n == 0;
	addresses->waited = (size_t)n < room;
	return 0;
}

/* The line at the front, without blanks around it, or NULL: there is no whole one. */
static char *take_line(struct addresses *addresses)
{
	char *line = addresses->text + addresses->begin;
	char *end = memchr(line, '\n', addresses->used);
	size_t len = end ? (size_t)(end - line) + 1 : addresses->used;

	if (!end && (!addresses->end || !addresses->used))
		return NULL;
	addresses->begin += len;
	addresses->used -= len;
	addresses->line++;
	if (!end)
		end = line + len;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	return line + strspn(line, " \t");
}

/* All lines that are there, up to a batch. Returns 1 to read more, 0 when it is full. */
static int take_lines(struct addresses *addresses, uint64_t *ea, size_t *n)
{
	char *line;

	while (*n < BATCH && (line = take_line(addresses))) {
		if (!*line)
			continue;
		if (parse_number(line, &ea[*n])) {
			complain("standard input, line %lu: '%.64s' is not an address: "
				 "expected a number, decimal or hexadecimal after 0x",
				 addresses->line, line);
			return -1;
		}
		(*n)++;
	}
	return *n < BATCH;
}

int addresses_next(struct addresses *addresses, uint64_t *ea, size_t *n)
{
	*n = 0;
	for (;;) {
		int more = take_lines(addresses, ea, n);

		if (more <= 0)
			return more < 0 ? -1 : (int)*n;
		if (*n || addresses->end)
			return (int)*n;
		if (fill(addresses))
			return -1;
	}
}
