/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_H
#define HPT_TOOL_H

/* What the files of the command share. Each .c file includes this first. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <hpt/guest.h>
#include <hpt/hpt.h>

/* Exit statuses. */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1,    /* a negative answer: no hashed page table; tables that differ */
	EXIT_ERROR = 2, /* usage, input or output */
};

/* watch_screen.c: what this build can do of it, for --version */
const char *screen_feature(void);

/* One subcommand. */
struct command {
	const char *name;
	const char *summary;
	const char *help;
	const struct option *options;
	const char *short_options;
	bool late; /* enters the sandbox itself: see sandbox.h */
	int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command info_command;
extern const struct command dump_command;
extern const struct command stat_command;
extern const struct command convert_command;
extern const struct command translate_command;
extern const struct command explain_command;
extern const struct command read_command;
extern const struct command cpus_command;
extern const struct command who_command;
extern const struct command list_command;
extern const struct command diff_command;
extern const struct command watch_command;
extern const struct command gdbserver_command;
extern const struct command vmcore_command;

/*
 * message.c: what goes to standard error, each message a line that begins with "hpt: ".
 * usage_error() adds where to find help, and returns EXIT_ERROR.
 */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
int usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
size_t utf8_length(const char *text);
size_t printable(char *to, size_t room, const char *from);
const char *nearest(const char *word, const char *(*name)(const void *list, size_t i),
		    const void *list);

/*
 * options.c: options of every command, and how values are read. A command calls
 * options_begin(), options_next() until OPT_END or OPT_BAD, and options_end() for the
 * operand. The parse functions return 0, or OPT_BAD without a word; bad_value() says it.
 */
enum {
	OPT_END = -1,
	OPT_BAD = -2, /* reported already */
	OPT_HELP = 'h',
	OPT_OUTPUT = 'o',
	OPT_FORCE = 'f',
	OPT_KIND = 0x100,
	OPT_ORDER,
	OPT_DIALECT,
	OPT_THEN,
	OPT_COLOR,
	OPT_JSON,
	OPT_CSV,
	OPT_RAW,
	OPT_PTEX,
	OPT_VSID,
	OPT_RA,
	OPT_PAGE_SIZE,
	OPT_BOLTED,
	OPT_ALL,
	OPT_LIMIT,
	OPT_PROCESSOR,
	OPT_TO,
	OPT_SDR1,
	OPT_PTCR,
	OPT_LPID,
	OPT_CPU,
	OPT_REGISTERS,
	OPT_SLB,
	OPT_LINUX,
	OPT_LINUX_PAGES,
	OPT_ACCESS,
	OPT_DEBUG,
	OPT_TRANSLATION,
	OPT_REAL,
	OPT_EXACT,
	OPT_DEBUGFS,
	OPT_FORM,
	OPT_COUNT,
	OPT_HOST,
	OPT_PAUSE,
	OPT_TIMEOUT,
	OPT_BRIEF = 'q',
	OPT_IGNORE = 0x140,
	OPT_STAT,
	OPT_PASS,
	OPT_BY_PAGE,
	OPT_INTERVAL,
	OPT_FOLLOW,
	OPT_LINES,
	OPT_XML,
	OPT_LISTEN,
	OPT_ALLOW_REMOTE,
	OPT_ONCE,
	OPT_ENDIAN,
	OPT_WHAT,
	OPT_USER_CONTEXT,
};

#define SOURCE_OPTIONS                                               \
	{ "kind", required_argument, NULL, OPT_KIND },               \
		{ "order", required_argument, NULL, OPT_ORDER },     \
		{ "dialect", required_argument, NULL, OPT_DIALECT }, \
		{ "then", required_argument, NULL, OPT_THEN },       \
		{ "sdr1", required_argument, NULL, OPT_SDR1 },       \
		{ "ptcr", required_argument, NULL, OPT_PTCR },       \
		{ "lpid", required_argument, NULL, OPT_LPID },       \
		{ "debugfs", required_argument, NULL, OPT_DEBUGFS }, \
		{ "form", required_argument, NULL, OPT_FORM },       \
		{ "pause", no_argument, NULL, OPT_PAUSE },           \
		{ "timeout", required_argument, NULL, OPT_TIMEOUT }, \
	{                                                            \
		"help", no_argument, NULL, OPT_HELP                  \
	}

#define COLOR_OPTION                                        \
	{                                                   \
		"color", required_argument, NULL, OPT_COLOR \
	}

#define SOURCE_HELP                                                                          \
	"SOURCE is a file, or - for standard input; file:PATH is a file whatever its name\n" \
	"looks like; debugfs:PID is a guest that runs on this KVM-HV host (as root; see\n"   \
	"'hpt list'); qmp:SOCKET is one that runs under QEMU, by the socket of its monitor\n"  \
	"(QMP), and it runs on. Files compressed by gzip, xz, zstd, bzip2 or lzop open\n"    \
	"as they are; disk#NAME is a snapshot in a qcow2 image. The kind is found by\n"     \
	"looking, or said:\n"                                                                 \
	"      --kind KIND       qemu (a guest saved by QEMU), kvm-stream (the HTAB\n"       \
	"                        stream as captured), image (a flat table), kvm-debugfs\n"   \
	"                        (KVM's own listing), core (an ELF core of a guest),\n"      \
	"                        kdump (a guest's memory) or ram (the memory of a bare\n"    \
	"                        machine, from real address 0)\n"                            \
	"      --order N         the table has 2^N bytes, 18 to 46\n"                        \
	"      --dialect NAME    of a stream: kvm-le, kvm-be or qemu\n"                      \
	"      --then FILE       apply another captured pass on top of a stream; may be\n"   \
	"                        given several times\n"                                      \
	"      --sdr1 VALUE      of ram, core, kdump: where the table lies, by the register\n" \
	"      --ptcr VALUE      of ram, core, kdump: likewise, from POWER9 on\n"              \
	"      --lpid N          of these: which entry of the partition table, if not 0\n"     \
	"      --form FORM       of kvm-debugfs: the host's entries are classic (to POWER8)\n" \
	"                        or v3 (ISA 3.0), if that cannot be told\n"                    \
	"      --debugfs DIR     where debugfs is mounted, if /proc/self/mounts does not say\n" \
	"      --pause           of qmp: stop the guest first, not only for the last part\n" \
	"      --timeout SECONDS of qmp: most that QEMU may be silent, 10 unless said\n"

#define COLOR_HELP "      --color WHEN      auto, always or never; auto obeys NO_COLOR\n"

enum colour_when { COLOUR_AUTO = 0, COLOUR_ALWAYS, COLOUR_NEVER };

/* What every command that reads a source takes. */
struct common {
	const struct command *command;
	struct hpt_guest_options guest;
	const char *source;
	const char **then;
	size_t n_then;
	enum colour_when colour;
	bool help;
	bool ram;      /* --kind ram */
	bool has_sdr1; /* or a file of registers said it */
	bool has_ptcr;
	uint64_t sdr1;
	uint64_t ptcr;
	uint32_t lpid;
	const char *debugfs; /* where it is mounted, if that is said */
	struct common *second; /* the other of two sources, or NULL */
	uint64_t said;         /* which options were, if so */
	bool pause; /* of qmp: */
	bool hold;  /* the guest stands still until the source is closed */
	uint32_t timeout_ms;
};

/* Numbers from first to last, both included. */
struct range {
	uint64_t first;
	uint64_t last;
};

int options_begin(struct common *common, const struct command *command, int argc);
int options_next(struct common *common, int argc, char **argv);
int options_end(struct common *common, int argc, char **argv);
int options_kind(struct common *common);
int options_source(struct common *common, int argc, char **argv);
bool is_running(const struct common *common);
int parse_number(const char *text, uint64_t *out);
int parse_range(const char *text, struct range *out);
int parse_dialect(const char *text, enum hpt_dialect *out);
int parse_processor(const char *text, const struct hpt_page_sizes **out);
int parse_processor_name(const char *text, enum hpt_processor *out);
const char *processor_name(enum hpt_processor processor);
int bad_value(const struct common *common, const char *option, const char *value,
	      const char *expected);

/* output.c: standard output, a file, or whoever takes the bytes, through one large buffer */
#define OUTPUT_BYTES ((size_t)512 * 1024)
/* Writes end at a multiple of it, since file systems take whole pages, and many, faster. */
#define OUTPUT_STEP ((size_t)64 * 1024)

struct output {
	int fd;
	int error; /* errno of the first write that failed */
	bool colour;
	const char *name;
	char *buffer;
	size_t used;
	uint64_t flushed; /* bytes that went out, or are about to */
	/* What writes @spare when there is much, and whether there can be no such thread. */
	struct writer *writer;
	char *spare;
	bool alone;
	/* instead of fd: returns 0, or an errno */
	int (*sink)(void *arg, const char *bytes, size_t len);
	void *arg;
};

int output_open(struct output *out, int fd, const char *name);
int output_open_sink(struct output *out,
		     int (*sink)(void *arg, const char *bytes, size_t len), void *arg);
int output_close(struct output *out);
/* Makes room: what is in the buffer goes out, or is about to, but for less than OUTPUT_STEP. */
void output_full(struct output *out);
/* How many of @n bytes behind @offset others are better written with what comes next. */
size_t output_kept(uint64_t offset, size_t n);
/* All is out; whether it is well. */
bool output_flush(struct output *out);
void output_colour(struct output *out, enum colour_when when);
int output_text(const char *text);
void put_over(struct output *out, const void *bytes, size_t len);
void put_zeros(struct output *out, uint64_t n);
void put_left(struct output *out, const char *text, size_t width);
void put_right(struct output *out, const char *text, size_t width);
void put_number(struct output *out, uint64_t value);
void put_hex(struct output *out, uint64_t value);
void put_hex_digits(struct output *out, uint64_t value, unsigned digits);
void put_safe(struct output *out, const char *text);

/* Inline, so that a constant text is one copy of known length. */
static inline void put_bytes(struct output *out, const void *bytes, size_t len)
{
	if (len >= OUTPUT_BYTES - out->used) {
		put_over(out, bytes, len);
		return;
	}
	memcpy(out->buffer + out->used, bytes, len);
	out->used += len;
}

/* Where @len bytes may be written, of which the caller adds to out->used what it wrote. */
static inline char *output_room(struct output *out, size_t len)
{
	if (len > OUTPUT_BYTES - out->used)
		output_full(out);
	return out->buffer + out->used;
}

static inline void put_text(struct output *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

static inline void put_char(struct output *out, char c)
{
	put_bytes(out, &c, 1);
}

/* Escape sequences; nothing unless the output is coloured. */
enum style { STYLE_NONE = 0, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_GREEN };
void put_style(struct output *out, enum style style);

/*
 * format.c: numbers to text. Each function writes the end of a buffer of TEXT_MAX bytes,
 * which holds the longest result, and returns where in it the text begins.
 */
#define TEXT_MAX 40
const char *text_number(char *buffer, uint64_t value);
const char *text_hex(char *buffer, uint64_t value);
const char *text_hex_digits(char *buffer, uint64_t value, unsigned digits);
const char *text_size(char *buffer, uint64_t bytes);
const char *text_shift(char *buffer, unsigned shift);
const char *text_percent(char *buffer, uint64_t part, uint64_t whole);
const char *text_va(char *buffer, const struct hpt_va *va);
const char *text_wimg(char *buffer, unsigned wimg);

/* json.c: pieces that the JSON forms are made of */
void json_key(struct output *out, const char *key);
void json_string(struct output *out, const char *text);
void json_string_or_null(struct output *out, const char *text);
void json_bool(struct output *out, bool value);
void json_hex(struct output *out, uint64_t value);
void json_field(struct output *out, const char *key, bool known, uint64_t value);
void json_hex_field(struct output *out, const char *key, bool known, uint64_t value);
void json_string_field(struct output *out, const char *key, const char *text);
void json_bool_field(struct output *out, const char *key, bool value);

/* progress.c: a bar on standard error, if that is a terminal and it takes its time */
struct progress {
	const char *what;
	struct timespec begun;
	struct timespec drawn;
	bool terminal;
	bool visible;
};

void progress_begin(struct progress *progress, const char *what);
void progress_step(struct progress *progress, uint64_t done, uint64_t total);
void progress_end(struct progress *progress);

/* ram.c: a file that holds a machine's memory, from real address 0 on */
struct ram {
	const char *path;
	int fd;
	uint64_t len; /* 0: it is not open */
};

extern const struct hpt_memory_ops ram_ops;
int ram_open(struct ram *ram, const char *path);
void ram_close(struct ram *ram);

/*
 * source.c: what the operand and the common options name. Both opening functions return 0,
 * or an exit status when they have said why; source_need_table() takes the lack of a table
 * for a negative answer, source_open() leaves that to its caller.
 */
struct source {
	struct hpt_guest *guest; /* NULL: it is ram */
	struct hpt_table *table; /* NULL: it has none, and no_table says why */
	struct ram ram;
	struct hpt_table *own; /* of a dump, found by its registers: closed with it */
	uint64_t pate0; /* of ram or a dump with a partition table */
	struct hpt_error no_table;
	struct guard *held; /* lets a guest go on that was asked to be held: qmp.h */
};

/*
 * A source that is no plain path is told by its prefix. open() is given what is behind it, and
 * sets guest, or table if that is all there is: source_close() closes either. It returns 0, a
 * code of the library with @err filled, or an exit status when it has said why.
 */
struct source_prefix {
	const char *prefix; /* with its colon */
	int (*open)(struct source *source, const struct common *common, const char *rest,
		    uint32_t flags, struct hpt_error *err);
};

int source_open(struct source *source, const struct common *common, uint32_t flags);
int source_need_table(struct source *source, const struct common *common, uint32_t flags);
const char *source_reason(const struct source *source);
void source_close(struct source *source);
/* Of one that is held: to be called once a second or so, or it is let go. */
void source_hold_on(const struct source *source);

#endif /* HPT_TOOL_H */
