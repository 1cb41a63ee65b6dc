/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file of lzop, read forward: a header, then blocks of LZO1X. libarchive reads it in builds
 * with liblzo2 only, and would start lzop in others. Source: the format that lzop writes,
 * versions 0x0900 to 0x1040.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAGIC "\x89LZO\0\r\n\x1a\n"
#define MAGIC_LEN 9
#define VERSION_MIN 0x0900u
/* From this version on there are a level, and the version that it takes to extract. */
#define VERSION_LEVEL 0x0940u
#define ADLER32_D 0x1u
#define ADLER32_C 0x2u
#define EXTRA_FIELD 0x40u
#define CRC32_D 0x100u
#define CRC32_C 0x200u
#define FILTER 0x800u
#define METHOD_MAX 3u /* LZO1X-1, -1(15), -999: one decoder */
#define BLOCK_MAX ((size_t)64 << 20)
/* LZO makes no more bytes of one. */
#define RATIO_MAX 256
#define STEP ((size_t)256 << 10)
#define ADLER_BASE 65521u

struct lzop {
	struct guest_source *source;
	unsigned char *in; /* of one block */
	size_t room;
	unsigned char *out;
	size_t out_len;
	size_t out_used;
	uint32_t flags;
	bool ended;
};

static int read_all(struct lzop *lzop, unsigned char *bytes, size_t len, struct hpt_error *err)
{
	size_t done = 0, got;
	int r;

	while (done < len) {
		r = guest_raw_read(lzop->source, bytes + done, len - done, &got, err);
		if (r)
			return r;
		if (!got)
			return guest_fail_offset(err, HPT_ERR_TRUNCATED,
						 lzop->source->raw_done,
						 "cannot decompress (lzop): the input ends at "
						 "offset %llu",
						 (unsigned long long)lzop->source->raw_done);
		done += got;
	}
	return 0;
}

static int bad(const struct lzop *lzop, struct hpt_error *err, const char *what)
{
	return guest_fail_offset(err, HPT_ERR_FORMAT, lzop->source->raw_done,
				 "cannot decompress (lzop) near offset %llu: %s",
				 (unsigned long long)lzop->source->raw_done, what);
}

static int read_number(struct lzop *lzop, size_t size, uint32_t *out, struct hpt_error *err)
{
	unsigned char bytes[4];
	int r = read_all(lzop, bytes, size, err);

	if (!r)
		*out = (uint32_t)guest_load(bytes, size);
	return r;
}

static int skip(struct lzop *lzop, uint32_t n, struct hpt_error *err)
{
	unsigned char bytes[256];
	uint32_t step;
	int r = 0;

	for (; !r && n > 0; n -= step) {
		step = n < sizeof(bytes) ? n : (uint32_t)sizeof(bytes);
		r = read_all(lzop, bytes, step, err);
	}
	return r;
}

/* Versions of the format and of the library, the method and its level, flags. */
static int read_method(struct lzop *lzop, uint32_t *version, struct hpt_error *err)
{
	uint32_t method = 0;
	int r = read_number(lzop, 2, version, err);

	if (!r && *version < VERSION_MIN)
		return bad(lzop, err, "a version before 0.9");
	if (!r)
		r = skip(lzop, *version >= VERSION_LEVEL ? 4 : 2, err);
	if (!r)
		r = read_number(lzop, 1, &method, err);
	if (!r && (!method || method > METHOD_MAX))
		return bad(lzop, err, "a method that is not LZO1X");
	if (!r && *version >= VERSION_LEVEL)
		r = skip(lzop, 1, err);
	if (!r)
		r = read_number(lzop, 4, &lzop->flags, err);
	if (!r && lzop->flags & FILTER)
		return bad(lzop, err, "a filter, which is not supported");
	return r;
}

static int read_header(struct lzop *lzop, struct hpt_error *err)
{
	unsigned char magic[MAGIC_LEN];
	uint32_t version = 0, len = 0;
	int r = read_all(lzop, magic, sizeof(magic), err);

	if (!r)
		r = read_method(lzop, &version, err);
	/* Mode, times; a name; a checksum. */
	if (!r)
		r = skip(lzop, version >= VERSION_LEVEL ? 12 : 8, err);
	if (!r)
		r = read_number(lzop, 1, &len, err);
	if (!r)
		r = skip(lzop, len + 4, err);
	if (r || !(lzop->flags & EXTRA_FIELD))
		return r;
	r = read_number(lzop, 4, &len, err);
	if (!r && len > BLOCK_MAX)
		return bad(lzop, err, "an extra field that is too long");
	return r ? r : skip(lzop, len + 4, err);
}

/* Memory for a block grows with the bytes of it that are there. */
static int read_block(struct lzop *lzop, size_t len, struct hpt_error *err)
{
	size_t have = 0, step;
	unsigned char *in;
	int r = 0;

	for (; !r && have < len; have += step) {
		step = have > STEP ? have : STEP;
		step = step < len - have ? step : len - have;
		if (have + step > lzop->room) {
			in = realloc(lzop->in, have + step);
			if (!in)
				return guest_fail(err, HPT_ERR_MEMORY,
						  "out of memory for decompression");
			lzop->in = in;
			lzop->room = have + step;
		}
		r = read_all(lzop, lzop->in + have, step, err);
	}
	return r;
}

static uint32_t adler32(const unsigned char *bytes, size_t len)
{
	uint32_t a = 1, b = 0;
	size_t i, n;

	while (len > 0) {
		n = len < 5552 ? len : 5552; /* as many as 32 bits can add up */
		for (i = 0; i < n; i++) {
			a += bytes[i];
			b += a;
		}
		a %= ADLER_BASE;
		b %= ADLER_BASE;
		bytes += n;
		len -= n;
	}
	return b << 16 | a;
}

/* A block of bytes as long as they were is stored. */
static int decode(struct lzop *lzop, size_t in_len, struct hpt_error *err)
{
	size_t got;

	free(lzop->out);
	lzop->out = malloc(lzop->out_len);
	if (!lzop->out)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for decompression");
	if (in_len == lzop->out_len)
		memcpy(lzop->out, lzop->in, in_len);
	else if (!guest_lzo_decode(lzop->in, in_len, lzop->out, lzop->out_len, &got) ||
		 got != lzop->out_len)
		return bad(lzop, err, "a block that does not decode to its length");
	return 0;
}

/* The checksums behind the lengths of a block; *@adler is of what it decodes to. */
static int read_sums(struct lzop *lzop, bool stored, uint32_t *adler, struct hpt_error *err)
{
	static const uint32_t others[] = { CRC32_D, ADLER32_C, CRC32_C };
	size_t i, n = stored ? 1 : sizeof(others) / sizeof(others[0]);
	int r = 0;

	if (lzop->flags & ADLER32_D)
		r = read_number(lzop, 4, adler, err);
	for (i = 0; !r && i < n; i++)
		if (lzop->flags & others[i])
			r = skip(lzop, 4, err);
	return r;
}

static int next_block(struct lzop *lzop, struct hpt_error *err)
{
	uint32_t out_len = 0, in_len = 0, adler = 0;
	int r = read_number(lzop, 4, &out_len, err);

	lzop->out_used = lzop->out_len = 0;
	lzop->ended = !r && !out_len;
	if (r || lzop->ended)
		return r;
	r = read_number(lzop, 4, &in_len, err);
	if (r)
		return r;
	if (!in_len || in_len > out_len || out_len > BLOCK_MAX || out_len / RATIO_MAX > in_len)
		return bad(lzop, err, "a block of lengths that cannot be");
	r = read_sums(lzop, in_len == out_len, &adler, err);
	if (!r)
		r = read_block(lzop, in_len, err);
	if (r)
		return r;
	lzop->out_len = out_len;
	r = decode(lzop, in_len, err);
	if (!r && lzop->flags & ADLER32_D && adler32(lzop->out, out_len) != adler)
		r = bad(lzop, err, "a block whose checksum is wrong");
	if (r)
		lzop->out_len = 0;
	return r;
}

static int lzop_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct lzop *lzop = ctx;
	int r = 0;

	if (lzop->out_used == lzop->out_len && !lzop->ended)
		r = next_block(lzop, err);
	if (r)
		return r;
	*got = lzop->out_len - lzop->out_used;
	if (*got > len)
		*got = len;
	if (*got)
		memcpy(bytes, lzop->out + lzop->out_used, *got);
	lzop->out_used += *got;
	return 0;
}

static void lzop_close(void *ctx)
{
	struct lzop *lzop = ctx;

	free(lzop->in);
	free(lzop->out);
	free(lzop);
}

bool guest_lzop_is(const struct guest_source *source)
{
	return source->magic_len >= MAGIC_LEN && !memcmp(source->magic, MAGIC, MAGIC_LEN);
}

int guest_lzop_open(struct guest_source *source, struct hpt_error *err)
{
	static const struct hpt_reader_ops ops = { .size = sizeof(ops), .read = lzop_read };
	struct lzop *lzop = calloc(1, sizeof(*lzop));
	int r;

	if (!lzop)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for decompression");
	lzop->source = source;
	r = read_header(lzop, err);
	if (r) {
		lzop_close(lzop);
		return r;
	}
	snprintf(source->compression, sizeof(source->compression), "lzop");
	source->layer = (struct guest_layer){ &ops, lzop, lzop_close };
	return 0;
}
