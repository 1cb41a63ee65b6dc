/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_GDB_H
#define HPT_TOOL_GDB_H

/* What the files of "hpt gdbserver" share: a guest as a debugger asks for it. */

#include <sys/types.h>

#include "gdb_packet.h"
#include "machine.h"

/* A vCPU is a thread. */
struct gdb_thread {
	uint32_t id; /* of the vCPU; the thread's is one more, for none is 0 */
	bool halted;
};

/* Whether registers are big-endian or little-endian. */
enum gdb_endian { GDB_ENDIAN_AUTO = 0, GDB_ENDIAN_BIG, GDB_ENDIAN_LITTLE };

struct gdb_guest {
	struct asking *asking;
	struct machine machine;     /* with the vCPU that was chosen last */
	struct hpt_guest_vcpu more; /* the rest of its registers, as far as "has" says */
	struct gdb_thread *threads;
	uint32_t has;    /* HPT_VCPU_HAS_* of the first, on which the description rests */
	uint32_t n;      /* vCPUs */
	uint32_t chosen; /* its number, from 0 */
	bool alone;      /* of several vCPUs the options have taken one */
	bool little;
	bool with_linux;
	struct hpt_linux rule; /* but for the user context, which each vCPU has its own of */
};

/*
 * gdb_guest.c: open returns 0, or an exit status and has said why. A vCPU that was there stays
 * so: to choose it does not fail.
 */
int gdb_guest_open(struct gdb_guest *guest, struct asking *asking, enum gdb_endian endian);
void gdb_guest_close(struct gdb_guest *guest);
void gdb_choose(struct gdb_guest *guest, uint32_t i);

/*
 * Bytes from an effective address on, as the chosen vCPU has them, for a debugger; from a real
 * address on. As far as there are some: returns how many, and if not all @err says why.
 */
size_t gdb_read(const struct gdb_guest *guest, uint64_t ea, size_t len, unsigned char *bytes,
		struct hpt_error *err);
size_t gdb_read_real(const struct gdb_guest *guest, uint64_t ra, size_t len,
		     unsigned char *bytes, struct hpt_error *err);
/* How to look at an address: HPT_XLATE_*. */
uint32_t gdb_look(const struct gdb_guest *guest, uint64_t ea);

/*
 * gdb_registers.c: by gdb's numbers. gdb_register() puts a value in the guest's byte order,
 * and returns its length; 0: there is no register of that number. *known is false where the
 * source does not have its value. Those below GDB_G_REGISTERS come all at once (packet g).
 */
#define GDB_G_REGISTERS 137u
#define GDB_REGISTER_BYTES 16u
unsigned gdb_register(const struct gdb_guest *guest, unsigned number,
		      unsigned char bytes[GDB_REGISTER_BYTES], bool *known);
/* The target description, in XML. */
void gdb_put_features(struct output *out, const struct gdb_guest *guest);

/* gdb_monitor.c: one line of gdb's command monitor. False: the server is to end. */
bool gdb_monitor(struct gdb_guest *guest, const char *line, struct output *out);

/*
 * gdb_session.c: what one debugger says, and is answered. No input or output of its own: bytes
 * of the wire go in, and send() gets what goes out.
 */
#define GDB_PACKET_BYTES 0x10000u

enum gdb_end {
	GDB_STAYS = 0,
	GDB_DETACHES, /* it has said good-bye, or is gone */
	GDB_KILLS,    /* the server is to end, too */
};

struct gdb_session {
	struct gdb_guest *guest;
	/* Returns 0, or an errno: the debugger is gone. */
	int (*send)(void *arg, const void *bytes, size_t len);
	void *arg;
	enum gdb_end end;
	enum gdb_end leaving; /* the same, once it has acknowledged the answer */
	bool no_ack;
	bool multiprocess;  /* it writes threads as pPROCESS.THREAD */
	bool error_message; /* it reads E.TEXT as the answer to anything */
	uint32_t thread;    /* whose registers and memory it means: number of a vCPU */
	char *text;         /* what it reads in parts, by qXfer */
	size_t text_len;
	size_t text_room;
	uint32_t listed; /* threads that qfThreadInfo and qsThreadInfo told */
	struct packet_reader in;
	struct packet_writer out;
	bool sent; /* out[] has the last packet, in case that it is wanted again */
	unsigned char in_room[GDB_PACKET_BYTES + 1];
	unsigned char out_room[GDB_PACKET_BYTES];
	unsigned char bytes[GDB_PACKET_BYTES];
};

struct gdb_session *gdb_session_begin(struct gdb_guest *guest,
				      int (*send)(void *arg, const void *bytes, size_t len),
				      void *arg);
/* Whether it stays. */
enum gdb_end gdb_session_take(struct gdb_session *session, const unsigned char *bytes,
			      size_t len);
void gdb_session_end(struct gdb_session *session);

/*
 * gdb_line.c: the line to a debugger. gdb_listen() returns 0, or an exit status and has said
 * why. The functions that wait return -1 with errno; EINTR: the server was told to end.
 */
struct gdb_line {
	const char *where; /* as it was given */
	int listener;      /* -1: standard input and output */
	const char *path;  /* of the socket that is to go in the end, or NULL */
	int in;
	int out;
	/* Called once a second at least while a debugger is waited for. */
	void (*tick)(void *arg);
	void *arg;
};

int gdb_listen(struct gdb_line *line, const struct command *command, const char *where,
	       bool allow_remote);
int gdb_accept(struct gdb_line *line);
/* While the source opens, a debugger that is there already is kept from giving up. */
void gdb_keep_waiting(const struct gdb_line *line, bool wait);
ssize_t gdb_receive(struct gdb_line *line, void *bytes, size_t len);
int gdb_send(struct gdb_line *line, const void *bytes, size_t len);
void gdb_hang_up(struct gdb_line *line);
void gdb_line_close(struct gdb_line *line);

#endif /* HPT_TOOL_GDB_H */
