/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdbool.h>
#include <string.h>

#include "mutate.h"

/* libFuzzer's mutations of plain bytes; absent where another engine drives. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t room) __attribute__((weak));

#define PIECES_MAX 128
#define HEADER 8 /* "QEVM", version */
#define FOOTER 0x7e
#define FOOTER_BYTES 5

struct piece {
	size_t at, len;
};

struct stream {
	uint8_t *data;
	size_t len, room, prefix;
	uint64_t seed;
	struct piece pieces[PIECES_MAX];
	size_t n;
};

/* xorshift64*, as elsewhere in the tests. */
static uint64_t below(struct stream *s, uint64_t n)
{
	s->seed ^= s->seed >> 12;
	s->seed ^= s->seed << 25;
	s->seed ^= s->seed >> 27;
	return n ? (s->seed * UINT64_C(0x2545F4914F6CDD1D) >> 24) % n : 0;
}

static uint32_t load_32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store(uint8_t *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

/* Where the section at @at ends: behind the next footer with its number, or at the end. */
static size_t section_end(const struct stream *s, size_t at)
{
	uint32_t id = at + 5 <= s->len ? load_32(s->data + at + 1) : 0;

	for (size_t i = at + 5; i + FOOTER_BYTES <= s->len; i++)
		if (s->data[i] == FOOTER && load_32(s->data + i + 1) == id)
			return i + FOOTER_BYTES;
	return s->len;
}

static size_t piece_end(const struct stream *s, size_t at)
{
	uint64_t end = s->len;

	switch (s->data[at]) {
	case 1:
	case 2:
	case 3:
	case 4:
		return section_end(s, at);
	case 7: /* with its subsections, up to the first section */
		end = at + 5 <= s->len ? at + 5 + (uint64_t)load_32(s->data + at + 1) : end;
		while (end < s->len && s->data[end] != 1)
			end++;
		break;
	case 8:
		end = at + 5 <= s->len ? at + 5 + (load_32(s->data + at + 1) & 0xffff) : end;
		break;
	default:
		break;
	}
	return end < s->len ? (size_t)end : s->len;
}

static void find_pieces(struct stream *s)
{
	size_t at = s->prefix + HEADER;

	for (s->n = 0; at < s->len && s->n < PIECES_MAX; s->n++) {
		s->pieces[s->n].at = at;
		s->pieces[s->n].len = piece_end(s, at) - at;
		at += s->pieces[s->n].len;
	}
}

static bool insert(struct stream *s, size_t at, const uint8_t *bytes, size_t len)
{
	if (len > s->room - s->len)
		return false;
	memmove(s->data + at + len, s->data + at, s->len - at);
	memcpy(s->data + at, bytes, len);
	s->len += len;
	return true;
}

static void cut(struct stream *s, size_t at, size_t len)
{
	memmove(s->data + at, s->data + at + len, s->len - at - len);
	s->len -= len;
}

/* Where something may be put: before a piece, or at the end. */
static size_t any_place(struct stream *s)
{
	size_t i = (size_t)below(s, s->n + 1);

	return i < s->n ? s->pieces[i].at : s->len;
}

static void double_piece(struct stream *s)
{
	struct piece p = s->pieces[below(s, s->n)];
	uint8_t copy[8192];

	if (p.len > sizeof(copy))
		return;
	memcpy(copy, s->data + p.at, p.len);
	(void)insert(s, any_place(s), copy, p.len);
}

static void move_piece(struct stream *s)
{
	struct piece p = s->pieces[below(s, s->n)];
	uint8_t copy[8192];

	if (p.len > sizeof(copy))
		return;
	memcpy(copy, s->data + p.at, p.len);
	cut(s, p.at, p.len);
	find_pieces(s);
	(void)insert(s, any_place(s), copy, p.len);
}

/* A number of some width, in the head of a piece, becomes one that code trips over. */
static void set_number(struct stream *s)
{
	static const uint64_t numbers[] = {
		0,
		1,
		2,
		8,
		16,
		18,
		46,
		47,
		255,
		4096,
		65535,
		65536,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		UINT64_C(1) << 32,
		UINT64_C(1) << 63,
		UINT64_MAX,
		UINT64_MAX - 4095,
	};
	struct piece p = s->pieces[below(s, s->n)];
	size_t bytes = (size_t)1 << below(s, 4), reach = p.len < 96 ? p.len : 96;
	uint64_t value = numbers[below(s, sizeof(numbers) / sizeof(numbers[0]))];

	if (reach < bytes)
		return;
	store(s->data + p.at + below(s, reach - bytes + 1), value - below(s, 2), bytes);
}

/* Items and records that a stream may have, whole and good. */
#define T(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}
static const struct {
	const uint8_t *bytes;
	size_t len;
} items[] = {
	T("\1\0\0\0\2\3ram\0\0\0\0\0\0\0\4\0\0\0\0\0\0\x40\4\1r\0\0\0\0\0\0\x40\0"
	  "\0\0\0\0\0\0\0\x10\x7e\0\0\0\2"),
	T("\2\0\0\0\2\0\0\0\0\0\0\x10\2\1r\0\0\0\0\0\0\0\x20\x22\5\0\0\0\0\0\0\0\x10\x7e\0\0\0\2"),
	T("\3\0\0\0\2\0\0\0\0\0\0\0\x10\x7e\0\0\0\2"),
	T("\1\0\0\0\3\012spapr/htab\0\0\0\0\0\0\0\1\0\0\0\x12\x7e\0\0\0\3"),
	T("\2\0\0\0\3\0\0\0\0\0\0\0\5\0\1\0\2\x40\0\0\0\0\0\0\x11\0\0\0\0\0\0\1\x96"
	  "\0\0\0\0\0\0\0\0\x7e\0\0\0\3"),
	T("\3\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0\x7e\0\0\0\3"),
	T("\3\0\0\0\3\0\0\0\x13\x7e\0\0\0\3"),
	T("\4\0\0\0\4\013globalstate\0\0\0\0\0\0\0\1\0\0\0\x7running\0\x7e\0\0\0\4"),
	T("\4\0\0\0\5\012cpu_common\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\x7e\0\0\0\5"),
	T("\4\0\0\0\6\3cpu\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\0\x7e\0\0\0\6"),
	T("\4\0\0\0\7\5spapr\0\0\0\0\0\0\0\3\0\0\0\0\x7e\0\0\0\7"),
	T("\1\0\0\0\x8\5other\0\0\0\0\0\0\0\1\x7e\0\0\0\x8"),
	T("\x8\0\7\0\4\0\0\0\x10"),
	T("\x8\0\1\0\0"),
	T("\x8\0\2\0\4\0\0\0\1"),
	T("\7\0\0\0\013pseries-7.2"),
	T("\0"),
	T("\0\6\0\0\0\2{}"),
}, records[] = {
	T("\0\0\0\0\0\0\0\x22\7"),
	T("\0\0\0\0\0\0\x10\2\1r\7"),
	T("\0\0\0\0\0\0\x10\x40\1r\1\0\4\1\1\x55\0"),
	T("\0\0\0\0\0\0\x20\x60\1\0\4\1\1\x55\0"),
	T("\0\0\0\0\0\0\x10\0\1r\0\0\0\x0b\x78\x9c\x63\0\0\0\0\0\0\0\0"),
	T("\0\0\0\0\0\0\2\0"),
	T("\0\0\0\0\0\0\0\x10"),
	T("\0\0\0\5\0\1\0\0\x40\0\0\0\0\0\0\x11\0\0\0\0\0\0\1\x96"),
	T("\0\0\0\0\0\0\xff\xff"),
	T("\0\0\0\0\0\0\0\0"),
};
#undef T

static void add_item(struct stream *s)
{
	size_t i = (size_t)below(s, sizeof(items) / sizeof(items[0]));

	(void)insert(s, any_place(s), items[i].bytes, items[i].len);
}

/* Behind the header of a section, or before its end. */
static void add_record(struct stream *s)
{
	size_t i = (size_t)below(s, sizeof(records) / sizeof(records[0]));
	struct piece p = s->pieces[below(s, s->n)];
	size_t at = below(s, 2) ? 5 : p.len > 13 ? p.len - 13 : 0;

	if (at < p.len)
		(void)insert(s, p.at + at, records[i].bytes, records[i].len);
}

static void mutate_bytes(struct stream *s)
{
	struct piece p = s->pieces[below(s, s->n)];
	size_t room = p.len + 64, len;
	uint8_t copy[8192 + 64];

	if (!LLVMFuzzerMutate || !p.len || p.len > 8192 || s->len + 64 > s->room)
		return;
	memcpy(copy, s->data + p.at, p.len);
	len = LLVMFuzzerMutate(copy, p.len, room);
	cut(s, p.at, p.len);
	(void)insert(s, p.at, copy, len);
}

/* The header, and the length of a description behind the end. */
static void put_right(struct stream *s)
{
	memcpy(s->data + s->prefix, "QEVM\0\0\0\3", HEADER);
	find_pieces(s);
	for (size_t i = 0; i < s->n; i++) {
		size_t at = s->pieces[i].at;

		if (s->data[at] == 0 && s->len - at > 6 && s->data[at + 1] == 6)
			store(s->data + at + 2, s->len - at - 6, 4);
	}
}

size_t mutate_stream(uint8_t *data, size_t len, size_t room, size_t prefix, unsigned seed)
{
	static void (*const ways[])(struct stream *) = { double_piece, move_piece, set_number,
							 set_number,   add_item,   add_record,
							 mutate_bytes };
	struct stream s = { .data = data, .len = len, .room = room, .prefix = prefix };

	s.seed = ((uint64_t)seed << 20) ^ UINT64_C(0x9E3779B97F4A7C15);
	if (len < prefix + HEADER || below(&s, 16) == 0)
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, len, room) : len;
	for (uint64_t n = 1 + below(&s, 3); n; n--) {
		find_pieces(&s);
		if (!s.n)
			add_item(&s);
		else if (below(&s, 12) == 0)
			cut(&s, s.pieces[s.n / 2].at, s.pieces[s.n / 2].len);
		else
			ways[below(&s, sizeof(ways) / sizeof(ways[0]))](&s);
	}
	if (below(&s, 8))
		put_right(&s);
	return s.len;
}
