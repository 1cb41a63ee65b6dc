/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "gdb.h"

/*
 * What a debugger says, packet by packet, and what it is answered. Source: gdb's manual,
 * appendix "gdb Remote Serial Protocol". What is not known is answered by nothing at all,
 * which says so.
 */

#include <errno.h>
#include <stdlib.h>

/* Signals by gdb's numbers. One that is no trap ends a step, which would go on otherwise. */
#define SIGNAL_TRAP 0x05
#define SIGNAL_STOP 0x11
/* Of a process, for whoever wants one. */
#define PROCESS 1u
#define ANY UINT64_MAX

static void send_packet(struct gdb_session *session)
{
	packet_end(&session->out);
	session->sent = true;
	if (session->send(session->arg, session->out.room, session->out.len))
		session->end = GDB_DETACHES;
}

static struct packet_writer *begin(struct gdb_session *session)
{
	packet_begin(&session->out, session->out_room, sizeof(session->out_room));
	return &session->out;
}

static void answer(struct gdb_session *session, const char *text)
{
	packet_put_text(begin(session), text);
	send_packet(session);
}

/* Text of the server's own, for the console. */
static int console(void *arg, const char *bytes, size_t len)
{
	struct gdb_session *session = arg;

	while (len && !session->end) {
		struct packet_writer *out = begin(session);
		size_t n;

		packet_put_text(out, "O");
		n = packet_put_hex(out, bytes, len);
		send_packet(session);
		bytes += n;
		len -= n;
	}
	return session->end ? EPIPE : 0;
}

/* An error with its reason, which gdb shows if it has said that it would read it. */
static void fail(struct gdb_session *session, const char *number, const char *text)
{
	if (!session->error_message) {
		answer(session, number);
		return;
	}
	packet_put_text(begin(session), "E.");
	packet_put_text(&session->out, text);
	send_packet(session);
}

/* Any gdb takes a reason for these, and shows it of most. */
static void refuse(struct gdb_session *session, const char *what)
{
	packet_put_text(begin(session), "E.");
	packet_put_text(&session->out, what);
	packet_put_text(&session->out, ": this guest is saved, and only read");
	send_packet(session);
}

static void put_thread(const struct gdb_session *session, struct packet_writer *out,
		       uint32_t i)
{
	if (session->multiprocess) {
		packet_put_text(out, "p");
		packet_put_number(out, PROCESS);
		packet_put_text(out, ".");
	}
	packet_put_number(out, (uint64_t)session->guest->threads[i].id + 1);
}

/* A number, or -1 for all. */
static bool get_id(struct packet_cursor *at, uint64_t *id)
{
	if (packet_get_text(at, "-1")) {
		*id = ANY;
		return true;
	}
	return packet_get_number(at, id);
}

/*
 * THREAD, pPROCESS.THREAD or pPROCESS, with 0 for any and -1 for all. *i receives the vCPU's
 * number; ANY: any, or all. False: it is none, or there is none such.
 */
static bool get_thread(const struct gdb_session *session, struct packet_cursor *at,
		       uint64_t *i)
{
	uint64_t process = PROCESS, thread = ANY;

	if (packet_get_char(at, 'p')) {
		if (!get_id(at, &process) ||
		    (packet_get_char(at, '.') && !get_id(at, &thread)))
			return false;
	} else if (!get_id(at, &thread)) {
		return false;
	}
	if (process != PROCESS && process && process != ANY)
		return false;
	*i = ANY;
	if (!thread || thread == ANY)
		return true;
	for (uint32_t k = 0; k < session->guest->n; k++) {
		if ((uint64_t)session->guest->threads[k].id + 1 == thread) {
			*i = k;
			return true;
		}
	}
	return false;
}

static bool at_end(const struct packet_cursor *at)
{
	return at->at == at->end;
}

static void answer_stopped(struct gdb_session *session, unsigned char signal)
{
	struct packet_writer *out = begin(session);

	packet_put_text(out, "T");
	packet_put_hex(out, &signal, 1);
	packet_put_text(out, "thread:");
	put_thread(session, out, session->thread);
	packet_put_text(out, ";");
	send_packet(session);
}

static void do_reason(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	answer_stopped(session, SIGNAL_TRAP);
}

/* c, s, C, S and vCont in any form. */
static void do_resume(struct gdb_session *session, struct packet_cursor *at)
{
	static const char text[] = "hpt: still stopped, this guest is saved\n";

	(void)at;
	if (!console(session, text, sizeof(text) - 1))
		answer_stopped(session, SIGNAL_STOP);
}

static void do_thread(struct gdb_session *session, struct packet_cursor *at)
{
	bool registers = packet_get_char(at, 'g');
	uint64_t i;

	if ((!registers && !packet_get_char(at, 'c')) || !get_thread(session, at, &i) ||
	    !at_end(at)) {
		fail(session, "E22", "no such thread");
		return;
	}
	if (registers && i != ANY)
		session->thread = (uint32_t)i;
	answer(session, "OK");
}

static void do_alive(struct gdb_session *session, struct packet_cursor *at)
{
	uint64_t i;

	if (get_thread(session, at, &i) && i != ANY && at_end(at))
		answer(session, "OK");
	else
		fail(session, "E22", "no such thread");
}

/* Two digits a byte, or x where nobody knows. Returns its length. */
static unsigned put_register(struct gdb_session *session, unsigned number)
{
	unsigned char bytes[GDB_REGISTER_BYTES];
	bool known;
	unsigned len = gdb_register(session->guest, number, bytes, &known);

	if (len && known)
		packet_put_hex(&session->out, bytes, len);
	for (unsigned i = 0; i < len && !known; i++)
		packet_put_text(&session->out, "xx");
	return len;
}

static void do_registers(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	gdb_choose(session->guest, session->thread);
	begin(session);
	for (unsigned i = 0; i < GDB_G_REGISTERS; i++)
		put_register(session, i);
	send_packet(session);
}

static void do_register(struct gdb_session *session, struct packet_cursor *at)
{
	uint64_t number;

	gdb_choose(session->guest, session->thread);
	begin(session);
	if (packet_get_number(at, &number) && at_end(at) && number <= UINT16_MAX &&
	    put_register(session, (unsigned)number))
		send_packet(session);
	else
		fail(session, "E22", "no such register");
}

static void refuse_registers(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	refuse(session, "registers cannot be written");
}

static void refuse_memory(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	refuse(session, "memory cannot be written");
}

static void refuse_points(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	refuse(session, "no breakpoints");
}

/* ADDR,LENGTH, cut to what an answer has room for. */
static bool get_range(struct packet_cursor *at, uint64_t *ea, size_t *len, size_t most)
{
	uint64_t n;

	if (!packet_get_number(at, ea) || !packet_get_char(at, ',') ||
	    !packet_get_number(at, &n) || !at_end(at))
		return false;
	*len = n < most ? (size_t)n : most;
	return true;
}

/* Bytes as far as they go; none is an error only where some were wanted. */
static bool read_memory(struct gdb_session *session, struct packet_cursor *at, size_t most,
			size_t *got)
{
	struct hpt_error err;
	uint64_t ea;
	size_t len;

	if (!get_range(at, &ea, &len, most)) {
		fail(session, "E22", "expected ADDRESS,LENGTH in hexadecimal");
		return false;
	}
	gdb_choose(session->guest, session->thread);
	*got = gdb_read(session->guest, ea, len, session->bytes, &err);
	if (*got || !len)
		return true;
	fail(session, "E14", err.text);
	return false;
}

static void do_read(struct gdb_session *session, struct packet_cursor *at)
{
	size_t len;

	if (!read_memory(session, at, (GDB_PACKET_BYTES - PACKET_FRAME) / 2, &len))
		return;
	packet_put_hex(begin(session), session->bytes, len);
	send_packet(session);
}

/* The same in binary: b, then the bytes. */
static void do_read_binary(struct gdb_session *session, struct packet_cursor *at)
{
	size_t len;

	if (!read_memory(session, at, sizeof(session->bytes), &len))
		return;
	packet_put_text(begin(session), "b");
	packet_put_binary(&session->out, session->bytes, len);
	send_packet(session);
}

/* After an answer, which is not to meet a line that is closed. */
static void leave(struct gdb_session *session, enum gdb_end end)
{
	session->leaving = end;
	if (session->no_ack && !session->end)
		session->end = end;
}

static void do_detach(struct gdb_session *session, struct packet_cursor *at)
{
	uint64_t process = PROCESS;

	if (packet_get_char(at, ';') && (!packet_get_number(at, &process) || !at_end(at)))
		process = 0;
	if (process != PROCESS) {
		fail(session, "E22", "no such process");
		return;
	}
	answer(session, "OK");
	leave(session, GDB_DETACHES);
}

static void do_kill(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	session->end = GDB_KILLS;
}

static void do_kill_process(struct gdb_session *session, struct packet_cursor *at)
{
	uint64_t process;

	if (!packet_get_number(at, &process) || process != PROCESS) {
		fail(session, "E22", "no such process");
		return;
	}
	answer(session, "OK");
	leave(session, GDB_KILLS);
}

static void do_supported(struct gdb_session *session, struct packet_cursor *at)
{
	struct packet_writer *out = begin(session);

	session->multiprocess = false;
	session->error_message = false;
	while (!at_end(at)) {
		if (packet_get_text(at, ":multiprocess+") ||
		    packet_get_text(at, ";multiprocess+"))
			session->multiprocess = true;
		else if (packet_get_text(at, ":error-message+") ||
			 packet_get_text(at, ";error-message+"))
			session->error_message = true;
		else
			at->at++;
	}
	packet_put_text(out, "PacketSize=");
	packet_put_number(out, GDB_PACKET_BYTES);
	packet_put_text(out, ";QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;"
			     "qXfer:threads:read+;vContSupported+;binary-upload+");
	if (session->multiprocess)
		packet_put_text(out, ";multiprocess+");
	if (session->error_message)
		packet_put_text(out, ";error-message+");
	send_packet(session);
}

static void do_no_ack(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	answer(session, "OK");
	session->no_ack = true;
}

/* It was there before the debugger came: gdb lets go of it when it ends. */
static void do_attached(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	answer(session, "1");
}

static void do_current(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	packet_put_text(begin(session), "QC");
	put_thread(session, &session->out, session->thread);
	send_packet(session);
}

/* As many as have room; then the rest. */
static void do_more_threads(struct gdb_session *session, struct packet_cursor *at)
{
	struct packet_writer *out = begin(session);

	(void)at;
	packet_put_text(out, session->listed < session->guest->n ? "m" : "l");
	for (bool first = true; session->listed < session->guest->n; first = false) {
		if (packet_room(out) < 32)
			break;
		if (!first)
			packet_put_text(out, ",");
		put_thread(session, out, session->listed++);
	}
	send_packet(session);
}

static void do_threads(struct gdb_session *session, struct packet_cursor *at)
{
	session->listed = 0;
	do_more_threads(session, at);
}

static void do_thread_info(struct gdb_session *session, struct packet_cursor *at)
{
	char buffer[TEXT_MAX];
	const char *number;
	uint64_t i;

	if (!get_thread(session, at, &i) || i == ANY || !at_end(at)) {
		fail(session, "E22", "no such thread");
		return;
	}
	number = text_number(buffer, session->guest->threads[i].id);
	begin(session);
	packet_put_hex(&session->out, "vCPU ", 5);
	packet_put_hex(&session->out, number, strlen(number));
	if (session->guest->threads[i].halted)
		packet_put_hex(&session->out, " [halted]", 9);
	else
		packet_put_hex(&session->out, " [running]", 10);
	send_packet(session);
}

/* Texts that are read in parts. */

static int keep(void *arg, const char *bytes, size_t len)
{
	struct gdb_session *session = arg;
	size_t room = session->text_len + len;
	char *text = session->text;

	if (room > session->text_room) {
		text = realloc(text, room * 2);
		if (!text)
			return ENOMEM;
		session->text = text;
		session->text_room = room * 2;
	}
	memcpy(text + session->text_len, bytes, len);
	session->text_len += len;
	return 0;
}

/* Writes to all of its addresses are nothing that gdb should try. */
static void put_memory_map(struct output *out, const struct gdb_session *session)
{
	(void)session;
	put_text(out,
		 "<?xml version=\"1.0\"?>\n"
		 "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
		 "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n"
		 "<memory-map>\n"
		 "<memory type=\"rom\" start=\"0x0\" length=\"0x8000000000000000\"/>\n"
		 "<memory type=\"rom\" start=\"0x8000000000000000\" "
		 "length=\"0x8000000000000000\"/>\n"
		 "</memory-map>\n");
}

static void put_thread_list(struct output *out, const struct gdb_session *session)
{
	char buffer[TEXT_MAX];

	put_text(out, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (uint32_t i = 0; i < session->guest->n; i++) {
		const struct gdb_thread *thread = &session->guest->threads[i];

		put_text(out, session->multiprocess ? "<thread id=\"p1." : "<thread id=\"");
		/* without 0x */
		put_text(out, text_hex(buffer, (uint64_t)thread->id + 1) + 2);
		put_text(out, "\" core=\"");
		put_number(out, thread->id);
		put_text(out, "\" name=\"vCPU ");
		put_number(out, thread->id);
		put_text(out,
			 thread->halted ? "\">halted</thread>\n" : "\">running</thread>\n");
	}
	put_text(out, "</threads>\n");
}

static void put_features(struct output *out, const struct gdb_session *session)
{
	gdb_put_features(out, session->guest);
}

static const struct object {
	const char *name; /* with the part behind :read: */
	void (*put)(struct output *out, const struct gdb_session *session);
} objects[] = {
	{ "features:read:target.xml:", put_features },
	{ "memory-map:read::", put_memory_map },
	{ "threads:read::", put_thread_list },
};

static bool make_text(struct gdb_session *session, const struct object *object)
{
	struct output out;

	session->text_len = 0;
	if (output_open_sink(&out, keep, session))
		return false;
	object->put(&out, session);
	return !output_close(&out);
}

static void send_part(struct gdb_session *session, uint64_t offset, size_t most)
{
	struct packet_writer *out = begin(session);
	size_t left, n;

	if (offset > session->text_len) {
		fail(session, "E22", "an offset behind the end");
		return;
	}
	left = session->text_len - (size_t)offset;
	n = left < most ? left : most;
	packet_put_text(out, "m");
	n = packet_put_binary(out, session->text + offset, n);
	if (n == left)
		session->out_room[1] = 'l';
	send_packet(session);
}

static void do_xfer(struct gdb_session *session, struct packet_cursor *at)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		uint64_t offset;
		size_t len;

		if (!packet_get_text(at, objects[i].name))
			continue;
		if (!get_range(at, &offset, &len, GDB_PACKET_BYTES))
			fail(session, "E00", "expected OFFSET,LENGTH in hexadecimal");
		else if (!make_text(session, &objects[i]))
			fail(session, "E12", "no memory");
		else
			send_part(session, offset, len);
		return;
	}
	if (packet_get_text(at, "features:read:"))
		fail(session, "E00", "there is target.xml and no other");
	else
		answer(session, "");
}

/* A line for monitor, in hexadecimal. */
static bool get_line(struct packet_cursor *at, char *line, size_t room)
{
	size_t n = 0;

	while (!at_end(at)) {
		unsigned char byte;

		if (n + 1 == room || !packet_get_byte(at, &byte) || !byte)
			return false;
		line[n++] = (char)byte;
	}
	line[n] = '\0';
	return true;
}

static void do_monitor(struct gdb_session *session, struct packet_cursor *at)
{
	struct output out;
	char line[1024];
	bool stays;

	if (!get_line(at, line, sizeof(line))) {
		fail(session, "E22", "a line of up to 1023 characters was expected");
		return;
	}
	if (output_open_sink(&out, console, session)) {
		fail(session, "E12", "no memory");
		return;
	}
	gdb_choose(session->guest, session->thread);
	stays = gdb_monitor(session->guest, line, &out);
	if (!output_close(&out))
		answer(session, "OK");
	if (!stays)
		leave(session, GDB_KILLS);
}

static void do_actions(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	answer(session, "vCont;c;C;s;S");
}

static void do_ok(struct gdb_session *session, struct packet_cursor *at)
{
	(void)at;
	answer(session, "OK");
}

/* By how they begin; the first that fits. Those that are marked are more than a beginning. */
static const struct request {
	const char *text;
	bool whole;
	void (*answer)(struct gdb_session *session, struct packet_cursor *at);
} requests[] = {
	{ "?", true, do_reason },
	{ "g", true, do_registers },
	{ "p", false, do_register },
	{ "G", false, refuse_registers },
	{ "P", false, refuse_registers },
	{ "m", false, do_read },
	{ "x", false, do_read_binary },
	{ "M", false, refuse_memory },
	{ "X", false, refuse_memory },
	{ "Z", false, refuse_points },
	{ "z", false, refuse_points },
	{ "H", false, do_thread },
	{ "T", false, do_alive },
	{ "c", false, do_resume },
	{ "C", false, do_resume },
	{ "s", false, do_resume },
	{ "S", false, do_resume },
	{ "D", false, do_detach },
	{ "k", true, do_kill },
	{ "vKill;", false, do_kill_process },
	{ "vCont?", true, do_actions },
	{ "vCont;", false, do_resume },
	{ "vCtrlC", true, do_ok },
	{ "qSupported", false, do_supported },
	{ "QStartNoAckMode", true, do_no_ack },
	{ "qAttached", false, do_attached },
	{ "qC", true, do_current },
	{ "qfThreadInfo", true, do_threads },
	{ "qsThreadInfo", true, do_more_threads },
	{ "qThreadExtraInfo,", false, do_thread_info },
	{ "qXfer:", false, do_xfer },
	{ "qRcmd,", false, do_monitor },
};

static void take_packet(struct gdb_session *session)
{
	const struct packet_cursor whole = { session->in_room,
					     session->in_room + session->in.len };

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct packet_cursor at = whole;

		if (packet_get_text(&at, requests[i].text) &&
		    (!requests[i].whole || at_end(&at))) {
			requests[i].answer(session, &at);
			return;
		}
	}
	answer(session, "");
}

static void acknowledge(struct gdb_session *session, const char *sign)
{
	if (!session->no_ack && session->send(session->arg, sign, 1))
		session->end = GDB_DETACHES;
}

static void take_event(struct gdb_session *session, enum packet_event event)
{
	if (session->leaving && event != PACKET_NONE && event != PACKET_AGAIN) {
		session->end = session->leaving;
		return;
	}
	switch (event) {
	case PACKET_WHOLE:
		acknowledge(session, "+");
		if (!session->end)
			take_packet(session);
		return;
	case PACKET_TOO_LONG:
		acknowledge(session, "+");
		if (!session->end)
			fail(session, "E22", "the packet is too long");
		return;
	case PACKET_BROKEN:
		acknowledge(session, "-");
		if (session->no_ack)
			fail(session, "E22", "the packet's sum is wrong");
		return;
	case PACKET_AGAIN:
		if (session->sent && !session->no_ack &&
		    session->send(session->arg, session->out.room, session->out.len))
			session->end = GDB_DETACHES;
		return;
	case PACKET_NONE:
	case PACKET_ACK:
	case PACKET_INTERRUPT: /* it stands still already */
		return;
	}
}

struct gdb_session *gdb_session_begin(struct gdb_guest *guest,
				      int (*send)(void *arg, const void *bytes, size_t len),
				      void *arg)
{
	struct gdb_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->guest = guest;
	session->send = send;
	session->arg = arg;
	packet_reader_init(&session->in, session->in_room, GDB_PACKET_BYTES);
	return session;
}

enum gdb_end gdb_session_take(struct gdb_session *session, const unsigned char *bytes,
			      size_t len)
{
	while (len && !session->end) {
		size_t used;
		enum packet_event event = packet_read(&session->in, bytes, len, &used);

		take_event(session, event);
		bytes += used;
		len -= used;
	}
	return session->end;
}

void gdb_session_end(struct gdb_session *session)
{
	if (session)
		free(session->text);
	free(session);
}
