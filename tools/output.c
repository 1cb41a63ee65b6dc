/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"
#include "writer.h"

/* Output through one large buffer; the first failure is kept and told at the end. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int output_open(struct output *out, int fd, const char *name)
{
	*out = (struct output){ .fd = fd, .name = name };
	out->buffer = malloc(OUTPUT_BYTES);
	if (!out->buffer) {
		complain("no memory for output");
		return EXIT_ERROR;
	}
	return 0;
}

int output_open_sink(struct output *out, int (*sink)(void *arg, const char *bytes, size_t len),
		     void *arg)
{
	int ret = output_open(out, -1, NULL);

	out->sink = sink;
	out->arg = arg;
	return ret;
}

/* From so many bytes on a thread writes: what is less is done before one has begun. */
#define MUCH (4 * OUTPUT_BYTES)

/* Two buffers in turn: a thread writes one while the other is filled. */
static bool hand_over(struct output *out)
{
	char *full = out->buffer;

	if (out->sink || out->flushed < MUCH || out->alone)
		return false;
	if (!out->writer) {
		out->spare = malloc(OUTPUT_BYTES);
		out->writer = out->spare ? writer_start(out->fd) : NULL;
		out->alone = !out->writer;
		if (out->alone)
			return false;
	}
	out->error = writer_give(out->writer, full, out->used);
	out->buffer = out->spare;
	out->spare = full;
	return true;
}

static void write_out(struct output *out)
{
	if (out->sink)
		out->error = out->sink(out->arg, out->buffer, out->used);
	else if (!hand_over(out))
		out->error = write_bytes(out->fd, out->buffer, out->used);
}

static void write_all(struct output *out)
{
	if (out->used && !out->error) {
		out->flushed += out->used;
		write_out(out);
	}
	out->used = 0;
}

size_t output_kept(uint64_t offset, size_t n)
{
	size_t kept = (size_t)((offset + n) % OUTPUT_STEP);

	return kept < n ? kept : n;
}

void output_full(struct output *out)
{
	size_t kept = output_kept(out->flushed, out->used);
	const char *from;

	out->used -= kept;
	from = out->buffer + out->used;
	write_all(out);
	/* Where a thread writes it, it is another buffer now; that of before stays as it is. */
	memmove(out->buffer, from, kept);
	out->used = kept;
}

/* Whether all is well: a caller with much to write stops when it is not. */
bool output_flush(struct output *out)
{
	write_all(out);
	if (out->writer && !out->error)
		out->error = writer_wait(out->writer);
	return !out->error;
}

/* Write out, close and tell what went wrong: some file systems say so only at close. */
int output_close(struct output *out)
{
	output_flush(out);
	if (out->writer)
		writer_end(out->writer);
	free(out->buffer);
	free(out->spare);
	out->buffer = out->spare = NULL;
	out->writer = NULL;
	if (out->sink)
		return out->error ? EXIT_ERROR : 0; /* it knows why */
	if (close(out->fd) && !out->error && errno != EINTR)
		out->error = errno;
	if (!out->error)
		return 0;
	complain("%s: %s", out->name, strerror(out->error));
	return EXIT_ERROR;
}

/* One text to standard output: help, version. */
int output_text(const char *text)
{
	struct output out;

	if (output_open(&out, STDOUT_FILENO, "standard output"))
		return EXIT_ERROR;
	put_text(&out, text);
	return output_close(&out);
}

void output_colour(struct output *out, enum colour_when when)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	out->colour = when == COLOUR_ALWAYS;
	if (when == COLOUR_AUTO)
		out->colour = isatty(out->fd) && !(no_color && *no_color) &&
			      !(term && !strcmp(term, "dumb"));
}

/* What does not fit into the buffer as it is. */
void put_over(struct output *out, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len) {
		size_t room = OUTPUT_BYTES - out->used;
		size_t n = len < room ? len : room;

		memcpy(out->buffer + out->used, from, n);
		out->used += n;
		from += n;
		len -= n;
		if (out->used == OUTPUT_BYTES)
			output_full(out);
	}
}

void put_zeros(struct output *out, uint64_t n)
{
	static const char zeros[4096];

	while (n && !out->error) {
		size_t part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		put_bytes(out, zeros, part);
		n -= part;
	}
}

static void put_spaces(struct output *out, size_t n)
{
	static const char spaces[] = "                                ";

	while (n) {
		size_t part = n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1;

		put_bytes(out, spaces, part);
		n -= part;
	}
}

void put_left(struct output *out, const char *text, size_t width)
{
	size_t len = strlen(text);

	put_bytes(out, text, len);
	if (len < width)
		put_spaces(out, width - len);
}

void put_right(struct output *out, const char *text, size_t width)
{
	size_t len = strlen(text);

	if (len < width)
		put_spaces(out, width - len);
	put_bytes(out, text, len);
}

void put_number(struct output *out, uint64_t value)
{
	char buffer[TEXT_MAX];

	put_text(out, text_number(buffer, value));
}

void put_hex(struct output *out, uint64_t value)
{
	char buffer[TEXT_MAX];

	put_text(out, text_hex(buffer, value));
}

void put_hex_digits(struct output *out, uint64_t value, unsigned digits)
{
	char buffer[TEXT_MAX];

	put_text(out, text_hex_digits(buffer, value, digits));
}

/* Text out of a source: nothing in it steers the terminal. */
void put_safe(struct output *out, const char *text)
{
	char clean[4096];
	size_t len = printable(clean, sizeof(clean), text);

	put_bytes(out, clean, len);
}

void put_style(struct output *out, enum style style)
{
	static const char *const escapes[] = {
		[STYLE_NONE] = "\033[0m",    [STYLE_BOLD] = "\033[1m",
		[STYLE_DIM] = "\033[2m",     [STYLE_RED] = "\033[31m",
		[STYLE_YELLOW] = "\033[33m", [STYLE_GREEN] = "\033[32m",
	};

	if (out->colour)
		put_text(out, escapes[style]);
}
