/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Packets of gdb's remote protocol: what is read of bytes, and what bytes come of a packet. */

#include "../../tools/gdb_packet.h"
#include "unit.h"

#define ROOM 16

/* Events as a line: "+", "-", "^C", "?" broken, "!" too long, "[PAYLOAD]" a whole packet. */
static void read_events(const char *bytes, size_t len, size_t step, char *events)
{
	unsigned char *room = malloc(ROOM); /* of its size, for whoever watches memory */
	struct packet_reader reader;
	size_t used;

	assert_non_null(room);
	packet_reader_init(&reader, room, ROOM);
	*events = '\0';
	for (size_t at = 0; at < len; at += used) {
		size_t n = len - at < step ? len - at : step;
		enum packet_event event =
			packet_read(&reader, (const unsigned char *)bytes + at, n, &used);

		assert_in_range(used, 1, n);
		switch (event) {
		case PACKET_NONE:
			assert_int_equal(used, n);
			break;
		case PACKET_WHOLE:
			assert_in_range(reader.len, 0, ROOM);
			sprintf(events + strlen(events), "[%.*s]", (int)reader.len,
				(const char *)room);
			break;
		case PACKET_BROKEN:
			strcat(events, "?");
			break;
		case PACKET_TOO_LONG:
			assert_true(reader.len > ROOM);
			strcat(events, "!");
			break;
		case PACKET_ACK:
			strcat(events, "+");
			break;
		case PACKET_AGAIN:
			strcat(events, "-");
			break;
		case PACKET_INTERRUPT:
			strcat(events, "^C");
			break;
		}
	}
	free(room);
}

static const struct {
	const char *bytes;
	const char *events;
} readings[] = {
	/* each with what is wrong next to it */
	{ "$#00", "[]" },
	{ "$#01", "?" },
	{ "$g#67", "[g]" },
	{ "$g#76", "?" },
	{ "$g#6", "" },
	{ "$g#", "" },
	{ "$g", "" },
	{ "$g#6x", "?" },
	{ "$g#x7", "?" },
	{ "$m0,1#FA", "[m0,1]" },
	{ "$m0,1#fa", "[m0,1]" },
	{ "+$g#67-", "+[g]-" },
	{ "\003$g#67\003", "^C[g]^C" },
	/* what lies between packets is nobody's */
	{ "hello\r\n#67$g#67#67", "[g]" },
	/* a packet that was given up */
	{ "$m0,$g#67", "[g]" },
	{ "$g#$g#67", "?[g]" },
	{ "$g#6$g#67", "?[g]" },
	/* escapes: } and the byte less 0x20 */
	{ "$}\003#80", "[#]" },
	{ "$}\004#81", "[$]" },
	{ "$}]#da", "[}]" },
	{ "$}]#7d", "?" },
	{ "$a}#de", "?" },
	/* no events inside of a packet */
	{ "$+-\003#5b", "[+-\003]" },
	/* the room's end: 16 and 17 bytes */
	{ "$aaaaaaaaaaaaaaaa#10", "[aaaaaaaaaaaaaaaa]" },
	{ "$aaaaaaaaaaaaaaaaa#71", "!" },
	{ "$aaaaaaaaaaaaaaaaa#72", "?" },
	{ "$aaaaaaaaaaaaaaaaa#71$g#67", "![g]" },
	{ "$aaaaaaaaaaaaaaa}\003#2f", "[aaaaaaaaaaaaaaa#]" },
};

static void test_read(void **state)
{
	char events[256];

	(void)state;
	for (size_t i = 0; i < COUNT(readings); i++) {
		size_t len = strlen(readings[i].bytes);

		for (size_t step = 1; step <= len; step++) {
			read_events(readings[i].bytes, len, step, events);
			assert_string_equal(events, readings[i].events);
		}
	}
}

static void test_zero_bytes(void **state)
{
	static const char bytes[] = "\0\0$\0a\0#61\0";
	unsigned char room[ROOM];
	struct packet_reader reader;
	size_t used;

	(void)state;
	packet_reader_init(&reader, room, sizeof(room));
	assert_int_equal(
		packet_read(&reader, (const unsigned char *)bytes, sizeof(bytes) - 1, &used),
		PACKET_WHOLE);
	assert_int_equal(used, 9);
	assert_int_equal(reader.len, 3);
	assert_memory_equal(room, "\0a\0", 3);
}

/* A packet that never ends takes no room beyond the first bytes. */
static void test_endless(void **state)
{
	static unsigned char many[65536];
	unsigned char room[ROOM];
	struct packet_reader reader;
	size_t used;

	(void)state;
	memset(many, 'x', sizeof(many));
	packet_reader_init(&reader, room, sizeof(room));
	assert_int_equal(packet_read(&reader, (const unsigned char *)"$", 1, &used),
			 PACKET_NONE);
	for (unsigned i = 0; i < 1024; i++) {
		assert_int_equal(packet_read(&reader, many, sizeof(many), &used), PACKET_NONE);
		assert_int_equal(used, sizeof(many));
	}
	assert_int_equal(packet_read(&reader, (const unsigned char *)"#00", 3, &used),
			 PACKET_TOO_LONG);
}

static void is_packet(const struct packet_writer *writer, const char *packet)
{
	assert_int_equal(writer->len, strlen(packet));
	assert_memory_equal(writer->room, packet, writer->len);
}

static void test_write(void **state)
{
	unsigned char room[64];
	struct packet_writer writer;

	(void)state;
	packet_begin(&writer, room, sizeof(room));
	packet_end(&writer);
	is_packet(&writer, "$#00");
	packet_begin(&writer, room, sizeof(room));
	packet_put_text(&writer, "OK");
	packet_end(&writer);
	is_packet(&writer, "$OK#9a");
	packet_begin(&writer, room, sizeof(room));
	packet_put_text(&writer, "a#b$c}d*e");
	packet_end(&writer);
	is_packet(&writer, "$a.b.c.d.e#a7");
	packet_begin(&writer, room, sizeof(room));
	assert_int_equal(packet_put_hex(&writer, "\xff\x01", 2), 2);
	packet_end(&writer);
	is_packet(&writer, "$ff01#2d");
	packet_begin(&writer, room, sizeof(room));
	assert_int_equal(packet_put_binary(&writer, "#a*}$", 5), 5);
	packet_end(&writer);
	is_packet(&writer, "$}\003a}\n}]}\004#c3");
	assert_false(writer.full);
}

static void test_write_number(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} numbers[] = {
		{ 0, "$0#30" },
		{ 15, "$f#66" },
		{ 16, "$10#61" },
		{ UINT64_C(0x8000000000000000), "$8000000000000000#08" },
		{ UINT64_MAX, "$ffffffffffffffff#60" },
	};
	unsigned char room[64];
	struct packet_writer writer;

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		packet_begin(&writer, room, sizeof(room));
		packet_put_number(&writer, numbers[i].value);
		packet_end(&writer);
		is_packet(&writer, numbers[i].text);
	}
}

/* Whatever does not fit is left out; the frame always fits. */
static void test_write_full(void **state)
{
	struct packet_writer writer;

	(void)state;
	for (size_t size = PACKET_FRAME; size < 12; size++) {
		unsigned char *room = malloc(size);
		size_t payload = size - PACKET_FRAME;

		assert_non_null(room);
		packet_begin(&writer, room, size);
		assert_int_equal(packet_room(&writer), payload);
		assert_int_equal(packet_put_hex(&writer, "abcdefgh", 8), payload / 2);
		packet_end(&writer);
		assert_true(writer.full);
		assert_in_range(writer.len, size - 1, size);
		packet_begin(&writer, room, size);
		assert_int_equal(packet_put_binary(&writer, "########", 8), payload / 2);
		packet_end(&writer);
		assert_true(writer.full);
		packet_begin(&writer, room, size);
		packet_put_text(&writer, "abcdefgh");
		packet_end(&writer);
		assert_int_equal(writer.len, size);
		assert_int_equal(writer.full, true);
		free(room);
	}
}

/* What is written is what is read, of all bytes. */
static void test_round_trip(void **state)
{
	unsigned char bytes[256], packet[600], room[256];
	struct packet_writer writer;
	struct packet_reader reader;
	size_t used;

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	packet_begin(&writer, packet, sizeof(packet));
	assert_int_equal(packet_put_binary(&writer, bytes, sizeof(bytes)), sizeof(bytes));
	packet_end(&writer);
	packet_reader_init(&reader, room, sizeof(room));
	assert_int_equal(packet_read(&reader, packet, writer.len, &used), PACKET_WHOLE);
	assert_int_equal(used, writer.len);
	assert_int_equal(reader.len, sizeof(bytes));
	assert_memory_equal(room, bytes, sizeof(bytes));
}

static struct packet_cursor cursor_of(const char *text)
{
	return (struct packet_cursor){ (const unsigned char *)text,
				       (const unsigned char *)text + strlen(text) };
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
		size_t used;
	} numbers[] = {
		{ "0", true, 0, 1 },
		{ "1f,2", true, 0x1f, 2 },
		{ "00000000000000000001", true, 1, 20 },
		{ "FFFFFFFFffffffff", true, UINT64_MAX, 16 },
		{ "10000000000000000", false, 0, 0 },
		{ "", false, 0, 0 },
		{ ",1", false, 0, 0 },
		{ "-1", false, 0, 0 },
		{ "g", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct packet_cursor cursor = cursor_of(numbers[i].text);
		uint64_t value = 42;

		assert_int_equal(packet_get_number(&cursor, &value), numbers[i].good);
		assert_int_equal(value, numbers[i].good ? numbers[i].value : 42);
		assert_int_equal(cursor.at - (const unsigned char *)numbers[i].text,
				 numbers[i].used);
	}
}

static void test_cursor(void **state)
{
	struct packet_cursor cursor = cursor_of("qC,4fF");
	unsigned char byte = 7;

	(void)state;
	assert_false(packet_get_text(&cursor, "qC,4fFF"));
	assert_false(packet_get_text(&cursor, "qD"));
	assert_true(packet_get_text(&cursor, "qC"));
	assert_false(packet_get_char(&cursor, ';'));
	assert_false(packet_get_byte(&cursor, &byte));
	assert_int_equal(byte, 7);
	assert_true(packet_get_char(&cursor, ','));
	assert_true(packet_get_byte(&cursor, &byte));
	assert_int_equal(byte, 0x4f);
	assert_false(packet_get_byte(&cursor, &byte));
	assert_true(packet_get_char(&cursor, 'F'));
	assert_false(packet_get_char(&cursor, 'F'));
	assert_true(packet_get_text(&cursor, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),         cmocka_unit_test(test_zero_bytes),
		cmocka_unit_test(test_endless),      cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_number), cmocka_unit_test(test_write_full),
		cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
