/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb_packet.h"

#include <string.h>

#define INTERRUPT 0x03
#define ESCAPE '}'
#define ESCAPE_BIT 0x20

/* What the next byte is. */
enum state {
	BETWEEN = 0,
	PAYLOAD,
	SUM_HIGH,
	SUM_LOW,
};

static const char digits[] = "0123456789abcdef";

static int digit_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void packet_reader_init(struct packet_reader *reader, unsigned char *room, size_t size)
{
	*reader = (struct packet_reader){ .room = room, .size = size };
}

static enum packet_event take_between(struct packet_reader *reader, unsigned char c)
{
	switch (c) {
	case '$':
		reader->state = PAYLOAD;
		reader->len = 0;
		reader->sum = 0;
		reader->escaped = false;
		return PACKET_NONE;
	case '+':
		return PACKET_ACK;
	case '-':
		return PACKET_AGAIN;
	case INTERRUPT:
		return PACKET_INTERRUPT;
	default:
		return PACKET_NONE;
	}
}

static void store(struct packet_reader *reader, unsigned char c)
{
	if (reader->len < reader->size)
		reader->room[reader->len] = c;
	if (reader->len < SIZE_MAX)
		reader->len++;
}

static enum packet_event take_payload(struct packet_reader *reader, unsigned char c)
{
	if (c == '$')
		return take_between(reader, c);
	if (c == '#') {
		reader->state = SUM_HIGH;
		return PACKET_NONE;
	}
	reader->sum = (unsigned char)(reader->sum + c);
	if (reader->escaped) {
		reader->escaped = false;
		store(reader, c ^ ESCAPE_BIT);
	} else if (c == ESCAPE) {
		reader->escaped = true;
	} else {
		store(reader, c);
	}
	return PACKET_NONE;
}

static enum packet_event take_sum(struct packet_reader *reader, unsigned char c)
{
	int value = digit_value(c);

	if (value < 0) {
		reader->state = BETWEEN;
		/* It may begin the next one. */
		if (c == '$')
			(void)take_between(reader, c);
		return PACKET_BROKEN;
	}
	if (reader->state == SUM_HIGH) {
		reader->said = (unsigned char)(value << 4);
		reader->state = SUM_LOW;
		return PACKET_NONE;
	}
	reader->state = BETWEEN;
	if ((reader->said | value) != reader->sum || reader->escaped)
		return PACKET_BROKEN;
	return reader->len > reader->size ? PACKET_TOO_LONG : PACKET_WHOLE;
}

static enum packet_event take(struct packet_reader *reader, unsigned char c)
{
	switch (reader->state) {
	case BETWEEN:
		return take_between(reader, c);
	case PAYLOAD:
		return take_payload(reader, c);
	default:
		return take_sum(reader, c);
	}
}

enum packet_event packet_read(struct packet_reader *reader, const unsigned char *bytes,
			      size_t len, size_t *used)
{
	enum packet_event event = PACKET_NONE;
	size_t i = 0;

	while (i < len && event == PACKET_NONE)
		event = take(reader, bytes[i++]);
	*used = i;
	return event;
}

void packet_begin(struct packet_writer *writer, unsigned char *room, size_t size)
{
	*writer = (struct packet_writer){ .room = room, .size = size, .len = 1 };
	room[0] = '$';
}

void packet_end(struct packet_writer *writer)
{
	unsigned char sum = 0;

	for (size_t i = 1; i < writer->len; i++)
		sum = (unsigned char)(sum + writer->room[i]);
	writer->room[writer->len++] = '#';
	writer->room[writer->len++] = (unsigned char)digits[sum >> 4];
	writer->room[writer->len++] = (unsigned char)digits[sum & 15];
}

size_t packet_room(const struct packet_writer *writer)
{
	return writer->size - (PACKET_FRAME - 1) - writer->len;
}

static bool put(struct packet_writer *writer, unsigned char c)
{
	if (!packet_room(writer)) {
		writer->full = true;
		return false;
	}
	writer->room[writer->len++] = c;
	return true;
}

/* Those that end or begin a packet, escape, or announce a run of equal bytes. */
static bool is_special(unsigned char c)
{
	return c == '$' || c == '#' || c == ESCAPE || c == '*';
}

void packet_put_text(struct packet_writer *writer, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (!put(writer, is_special(c) ? '.' : c))
			return;
	}
}

size_t packet_put_hex(struct packet_writer *writer, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (size_t i = 0; i < len; i++) {
		if (packet_room(writer) < 2) {
			writer->full = true;
			return i;
		}
		put(writer, (unsigned char)digits[from[i] >> 4]);
		put(writer, (unsigned char)digits[from[i] & 15]);
	}
	return len;
}

size_t packet_put_binary(struct packet_writer *writer, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;

	for (size_t i = 0; i < len; i++) {
		bool special = is_special(from[i]);

		if (packet_room(writer) < (special ? 2u : 1u)) {
			writer->full = true;
			return i;
		}
		if (special)
			put(writer, ESCAPE);
		put(writer, special ? from[i] ^ ESCAPE_BIT : from[i]);
	}
	return len;
}

void packet_put_number(struct packet_writer *writer, uint64_t value)
{
	unsigned shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (;; shift -= 4) {
		put(writer, (unsigned char)digits[value >> shift & 15]);
		if (!shift)
			return;
	}
}

bool packet_get_number(struct packet_cursor *cursor, uint64_t *value)
{
	const unsigned char *at = cursor->at;
	uint64_t sum = 0;

	for (; at < cursor->end && digit_value(*at) >= 0; at++) {
		if (sum >> 60)
			return false;
		sum = sum << 4 | (uint64_t)digit_value(*at);
	}
	if (at == cursor->at)
		return false;
	cursor->at = at;
	*value = sum;
	return true;
}

bool packet_get_char(struct packet_cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != (unsigned char)c)
		return false;
	cursor->at++;
	return true;
}

bool packet_get_text(struct packet_cursor *cursor, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(cursor->end - cursor->at) < len || memcmp(cursor->at, text, len) != 0)
		return false;
	cursor->at += len;
	return true;
}

bool packet_get_byte(struct packet_cursor *cursor, unsigned char *byte)
{
	int high, low;

	if (cursor->end - cursor->at < 2)
		return false;
	high = digit_value(cursor->at[0]);
	low = digit_value(cursor->at[1]);
	if (high < 0 || low < 0)
		return false;
	*byte = (unsigned char)(high << 4 | low);
	cursor->at += 2;
	return true;
}
