/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_GDB_PACKET_H
#define HPT_TOOL_GDB_PACKET_H

/*
 * Packets of gdb's remote protocol: "$PAYLOAD#CC", CC the sum of the payload's bytes as they
 * were sent; and between packets + (got it), - (once more) and 0x03 (interrupt). Bytes in,
 * packets out, and back: no input or output here, no memory but the caller's. Source: gdb's
 * manual, appendix "gdb Remote Serial Protocol", Overview.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the bytes that were read came to. */
enum packet_event {
	PACKET_NONE = 0,  /* nothing yet: all bytes are used up */
	PACKET_WHOLE,     /* a packet, in room[] up to len */
	PACKET_BROKEN,    /* the end of one whose sum is wrong, or is no sum */
	PACKET_TOO_LONG,  /* one that is right, but longer than the room */
	PACKET_ACK,       /* + */
	PACKET_AGAIN,     /* - */
	PACKET_INTERRUPT, /* 0x03 */
};

struct packet_reader {
	unsigned char *room; /* the caller's */
	size_t size;
	size_t len;     /* bytes of the payload, escapes undone; all of them, with those that
			 * have no room: never more than size of a PACKET_WHOLE */
	unsigned state; /* private, as all that follows */
	bool escaped;
	unsigned char sum;
	unsigned char said; /* the sum, as far as it was read */
};

void packet_reader_init(struct packet_reader *reader, unsigned char *room, size_t size);

/*
 * Takes bytes up to the first event, or all. *used receives how many. A packet stays in the
 * room until the next call. Whatever comes between packets and is no event is skipped, and $
 * inside of a packet, which no sender leaves so, begins another.
 */
enum packet_event packet_read(struct packet_reader *reader, const unsigned char *bytes,
			      size_t len, size_t *used);

/*
 * One packet in the caller's room. What has no room is left out, and full says so; room for
 * the sum is kept. Four bytes of room are the least.
 */
struct packet_writer {
	unsigned char *room;
	size_t size;
	size_t len; /* bytes of the packet so far */
	bool full;
};

#define PACKET_FRAME 4u /* bytes around a payload */

void packet_begin(struct packet_writer *writer, unsigned char *room, size_t size);
void packet_end(struct packet_writer *writer);
/* Text as it is; of what would end or change the packet there is a dot. */
void packet_put_text(struct packet_writer *writer, const char *text);
/* Two digits a byte. Whole bytes only; returns how many had room. */
size_t packet_put_hex(struct packet_writer *writer, const void *bytes, size_t len);
/* Bytes as they are, escaped where they must be; returns how many had room. */
size_t packet_put_binary(struct packet_writer *writer, const void *bytes, size_t len);
/* A number in hexadecimal, without zeros in front. */
void packet_put_number(struct packet_writer *writer, uint64_t value);
/* How many payload bytes still fit. */
size_t packet_room(const struct packet_writer *writer);

/*
 * Reading payloads. A cursor stands before what was not read yet; each function that fails
 * leaves it there.
 */
struct packet_cursor {
	const unsigned char *at;
	const unsigned char *end;
};

/* 1 to 16 hexadecimal digits. */
bool packet_get_number(struct packet_cursor *cursor, uint64_t *value);
/* That character, or that text. */
bool packet_get_char(struct packet_cursor *cursor, char c);
bool packet_get_text(struct packet_cursor *cursor, const char *text);
/* A byte of two digits. */
bool packet_get_byte(struct packet_cursor *cursor, unsigned char *byte);

#endif /* HPT_TOOL_GDB_PACKET_H */
