/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * gdb's remote protocol. Its packets: bytes of the wire in one piece, in pieces, and by a second
 * reader; what came of them written, and read again. And a session about a made-up guest, which
 * answers the same however the bytes come, in packets that a reader takes.
 *
 * Input: bytes of room, odd for a session; length of a piece; then the wire.
 */
#include "../../tools/gdb.h"
#undef COUNT
#include "fuzz.h"

/* What a reader said, as a sum. */
struct told {
	uint64_t sum;
	uint64_t events;
};

static void tell(struct told *told, enum packet_event event, const unsigned char *bytes,
		 size_t len)
{
	mix(&told->sum, event);
	told->events++;
	if (event == PACKET_WHOLE)
		mix_bytes(&told->sum, bytes, len);
}

/* Written in three ways, and read back. */
static void see_payload(const unsigned char *bytes, size_t len)
{
	size_t room = 2 * len + PACKET_FRAME, used;
	unsigned char *packet = malloc(room), *back = malloc(len ? len : 1);
	struct packet_cursor cursor = { bytes, bytes + len };
	struct packet_reader reader;
	struct packet_writer writer;
	uint64_t number = 0;

	CHECK(packet && back, "no memory");
	packet_begin(&writer, packet, room);
	CHECK(packet_put_binary(&writer, bytes, len) == len && !writer.full, "no room");
	packet_end(&writer);
	packet_reader_init(&reader, back, len);
	CHECK(packet_read(&reader, packet, writer.len, &used) == PACKET_WHOLE, "%zu bytes",
	      writer.len);
	CHECK(used == writer.len && reader.len == len, "%zu of %zu bytes", reader.len, len);
	CHECK(!len || !memcmp(back, bytes, len), "other bytes");
	packet_begin(&writer, packet, room);
	CHECK(packet_put_hex(&writer, bytes, len) == len && !writer.full, "no room");
	cursor = (struct packet_cursor){ packet + 1, packet + writer.len };
	for (size_t i = 0; i < len; i++)
		CHECK(packet_get_byte(&cursor, back) && *back == bytes[i], "byte %zu", i);
	cursor = (struct packet_cursor){ bytes, bytes + len };
	if (packet_get_number(&cursor, &number)) {
		packet_begin(&writer, packet, room);
		packet_put_number(&writer, number);
		CHECK(writer.len - 1 <= (size_t)(cursor.at - bytes), "a longer number");
	}
	free(packet);
	free(back);
}

static struct told read_pieces(const struct input *in, size_t room, size_t piece, bool see)
{
	unsigned char *bytes = malloc(room ? room : 1);
	struct told told = { 0, 0 };
	struct packet_reader reader;
	size_t used;

	CHECK(bytes, "no memory");
	packet_reader_init(&reader, bytes, room);
	for (size_t at = 0; at < in->len; at += used) {
		size_t n = in->len - at < piece ? in->len - at : piece;
		enum packet_event event = packet_read(&reader, in->data + at, n, &used);

		CHECK(used && used <= n, "%zu of %zu bytes", used, n);
		if (event == PACKET_NONE) {
			CHECK(used == n, "%zu of %zu bytes", used, n);
			continue;
		}
		CHECK((event == PACKET_TOO_LONG) <= (reader.len > room), "not too long");
		CHECK(event != PACKET_WHOLE || reader.len <= room, "too long");
		tell(&told, event, bytes, reader.len);
		if (event == PACKET_WHOLE && see)
			see_payload(bytes, reader.len);
	}
	free(bytes);
	return told;
}

/* The sum behind #, or -1. */
static int said_sum(const struct input *in, size_t at)
{
	char text[3] = { 0 };

	if (at + 2 > in->len)
		return -1;
	memcpy(text, in->data + at, 2);
	if (strspn(text, "0123456789abcdefABCDEF") != 2)
		return -1;
	return (int)strtoul(text, NULL, 16);
}

/* A packet from its $ on, looked at as a whole; returns where to go on. */
static size_t naive_packet(const struct input *in, size_t at, size_t room, struct told *told)
{
	const uint8_t *hash = memchr(in->data + at, '#', in->len - at), *dollar = NULL;
	size_t end = hash ? (size_t)(hash - in->data) : in->len, len = 0;
	unsigned char *payload = malloc(in->len + 1);
	unsigned sum = 0;
	bool cut = false;

	CHECK(payload, "no memory");
	for (size_t i = at + 1; i < end; i++)
		if (in->data[i] == '$')
			dollar = in->data + i;
	at = dollar ? (size_t)(dollar - in->data) : at;
	for (size_t i = at + 1; i < end; i++) {
		sum += in->data[i];
		cut = in->data[i] == '}' && i + 1 == end;
		if (in->data[i] == '}' && !cut) {
			sum += in->data[++i];
			payload[len++] = in->data[i] ^ 0x20;
		} else {
			payload[len++] = in->data[i];
		}
	}
	if (end + 1 < in->len && said_sum(in, end + 1) < 0) {
		/* One digit, or none; the end of the input is none of both. */
		bool one = strchr("0123456789abcdefABCDEF", in->data[end + 1]) &&
			   in->data[end + 1];

		end += one ? 2 : 1;
		if (end < in->len)
			tell(told, PACKET_BROKEN, NULL, 0);
		end += end < in->len && in->data[end] != '$';
	} else if (end + 2 < in->len) {
		bool good = said_sum(in, end + 1) == (int)(sum & 0xFF) && !cut;

		tell(told,
		     !good        ? PACKET_BROKEN
		     : len > room ? PACKET_TOO_LONG
				  : PACKET_WHOLE,
		     payload, len);
		end += 3;
	} else {
		end = in->len;
	}
	free(payload);
	return end;
}

static struct told read_naively(const struct input *in, size_t room)
{
	struct told told = { 0, 0 };

	for (size_t at = 0; at < in->len;) {
		uint8_t c = in->data[at];

		if (c == '$') {
			at = naive_packet(in, at, room, &told);
			continue;
		}
		if (c == '+')
			tell(&told, PACKET_ACK, NULL, 0);
		else if (c == '-')
			tell(&told, PACKET_AGAIN, NULL, 0);
		else if (c == 3)
			tell(&told, PACKET_INTERRUPT, NULL, 0);
		at++;
	}
	return told;
}

/* The guest: memory below 2^20, three vCPUs. */

#define MEMORY_END (UINT64_C(1) << 20)

static struct gdb_thread threads[] = { { 0, false }, { 1, true }, { 7, false } };

void gdb_choose(struct gdb_guest *guest, uint32_t i)
{
	CHECK(i < guest->n, "vCPU %u", i);
	guest->chosen = i;
}

size_t gdb_read(const struct gdb_guest *guest, uint64_t ea, size_t len, unsigned char *bytes,
		struct hpt_error *err)
{
	size_t n = ea < MEMORY_END ? (size_t)(MEMORY_END - ea) : 0;

	CHECK(len <= GDB_PACKET_BYTES, "%zu bytes", len);
	n = n < len ? n : len;
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(ea + i + guest->chosen);
	if (n < len)
		hpt_error_fill(err, HPT_ERR_RANGE, 0, "nothing # is $ there");
	return n;
}

unsigned gdb_register(const struct gdb_guest *guest, unsigned number,
		      unsigned char bytes[GDB_REGISTER_BYTES], bool *known)
{
	memset(bytes, (int)guest->chosen, GDB_REGISTER_BYTES);
	*known = number % 3;
	return number < 200 ? 4u << number % 3 : 0;
}

void gdb_put_features(struct output *out, const struct gdb_guest *guest)
{
	(void)guest;
	for (unsigned i = 0; i < 9000; i++)
		put_text(out, "}<&#*$>");
}

bool gdb_monitor(struct gdb_guest *guest, const char *line, struct output *out)
{
	(void)guest;
	for (unsigned i = 0; i < 100; i++)
		put_text(out, line);
	return *line != 'e';
}

size_t printable(char *to, size_t room, const char *from)
{
	(void)to;
	(void)room;
	(void)from;
	return 0;
}

void complain(const char *format, ...)
{
	(void)format;
}

/* What the session sends, read at once: whole packets, and signs between them. */
struct other_end {
	struct packet_reader reader;
	uint64_t sum;
	unsigned char room[GDB_PACKET_BYTES];
};

static int send_there(void *arg, const void *bytes, size_t len)
{
	struct other_end *end = arg;
	size_t used, at = 0;

	while (at < len) {
		enum packet_event event = packet_read(
			&end->reader, (const unsigned char *)bytes + at, len - at, &used);

		CHECK(event == PACKET_WHOLE || event == PACKET_ACK || event == PACKET_AGAIN,
		      "event %u", event);
		at += used;
	}
	CHECK(len <= GDB_PACKET_BYTES, "%zu bytes", len);
	mix_bytes(&end->sum, bytes, len);
	return 0;
}

static uint64_t hold_session(const struct input *in, size_t piece)
{
	struct gdb_guest guest = { .threads = threads, .n = 3 };
	struct other_end *end = calloc(1, sizeof(*end));
	struct gdb_session *session = gdb_session_begin(&guest, send_there, end);
	enum gdb_end gone = GDB_STAYS;
	uint64_t sum;

	CHECK(end && session, "no memory");
	packet_reader_init(&end->reader, end->room, sizeof(end->room));
	for (size_t at = 0; at < in->len && !gone; at += piece)
		gone = gdb_session_take(session, in->data + at,
					in->len - at < piece ? in->len - at : piece);
	mix(&end->sum, gone);
	sum = end->sum;
	gdb_session_end(session);
	free(end);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	size_t room = take(&in, 1), piece = take(&in, 1) + 1;
	struct told whole, pieces, naive;

	if (room & 1) {
		memory_begin();
		CHECK(hold_session(&in, in.len ? in.len : 1) == hold_session(&in, piece),
		      "other answers");
		memory_end(len, 0, 1u << 20);
		return 0;
	}
	memory_begin();
	whole = read_pieces(&in, room, in.len ? in.len : 1, true);
	pieces = read_pieces(&in, room, piece, false);
	naive = read_naively(&in, room);
	memory_end(len, 4, 4096);
	CHECK(whole.events == pieces.events && whole.sum == pieces.sum,
	      "%llu events, in pieces %llu", (unsigned long long)whole.events,
	      (unsigned long long)pieces.events);
	CHECK(whole.events == naive.events && whole.sum == naive.sum,
	      "%llu events, by the other reader %llu", (unsigned long long)whole.events,
	      (unsigned long long)naive.events);
	return 0;
}
