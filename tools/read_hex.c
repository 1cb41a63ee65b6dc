/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "read.h"

/* Bytes for people, in the form of "hexdump -C" with addresses in its first column. */

void hexdump_begin(struct hexdump *dump, struct output *out, uint64_t address, bool all)
{
	*dump = (struct hexdump){ .out = out, .address = address, .all = all };
}

static void put_bytes_hex(struct hexdump *dump)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < sizeof(dump->line); i++) {
		put_text(dump->out, i == 8 ? "  " : " ");
		if (i < dump->used) {
			put_char(dump->out, digits[dump->line[i] >> 4]);
			put_char(dump->out, digits[dump->line[i] & 15]);
		} else {
			put_text(dump->out, "  ");
		}
	}
}

static void put_line(struct hexdump *dump)
{
	char buffer[TEXT_MAX];

	/* without 0x, as hexdump has it */
	put_text(dump->out, text_hex_digits(buffer, dump->address, 16) + 2);
	put_char(dump->out, ' ');
	put_bytes_hex(dump);
	put_text(dump->out, "  |");
	for (unsigned i = 0; i < dump->used; i++) {
		unsigned char c = dump->line[i];

		put_char(dump->out, c >= 0x20 && c < 0x7F ? (char)c : '.');
	}
	put_text(dump->out, "|\n");
}

static void finish_line(struct hexdump *dump)
{
	bool whole = dump->used == sizeof(dump->line);

	if (whole && !dump->all && dump->has_last &&
	    memcmp(dump->line, dump->last, sizeof(dump->line)) == 0) {
		if (!dump->starred)
			put_text(dump->out, "*\n");
		dump->starred = true;
	} else {
		put_line(dump);
		dump->starred = false;
		dump->has_last = whole;
		memcpy(dump->last, dump->line, sizeof(dump->line));
	}
	dump->address += dump->used;
	dump->used = 0;
}

void hexdump_put(struct hexdump *dump, const unsigned char *bytes, size_t len)
{
	while (len) {
		size_t room = sizeof(dump->line) - dump->used;
		size_t n = len < room ? len : room;

		memcpy(dump->line + dump->used, bytes, n);
		dump->used += (unsigned)n;
		bytes += n;
		len -= n;
		if (dump->used == sizeof(dump->line))
			finish_line(dump);
	}
}

/* The address behind the last byte, so that a star has an end. */
void hexdump_end(struct hexdump *dump)
{
	char buffer[TEXT_MAX];

	if (dump->used)
		finish_line(dump);
	put_text(dump->out, text_hex_digits(buffer, dump->address, 16) + 2);
	put_char(dump->out, '\n');
}
