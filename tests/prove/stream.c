/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/stream/decode.c. A decoder may have come by any bytes to where it is: each
 * call begins with any state that the calls before may leave, and is seen to leave such a one,
 * so that what holds for one call holds for any number of them, in any split.
 */

#include <hpt/error.h>
#include <hpt/hpte.h>
#include <hpt/stream.h>

#include "../../lib/stream/internal.h"
#include "prove.h"

#define BYTES 40      /* headers with and without entries, and what is split */
#define SOME_BYTES 17 /* an entry and a piece, or headers and a piece */

static struct decoding *any_decoding(struct hpt_decoder *d)
{
	struct decoding *s = state_of(d);

	any_bytes(d, sizeof(*d));
	s->dialect = (uint8_t)any_unsigned(HPT_DIALECT_KVM_LE, HPT_DIALECT_QEMU);
	s->order = any_unsigned(0, HPT_ORDER_MAX);
	s->in_chunk = each(0, 1);
	s->carried =
		(uint8_t)each(0, s->in_chunk ? HPT_ENTRY_BYTES - 1 : HPT_CHUNK_HEADER - 1);
	s->header.n_valid = any_unsigned(0, HPT_CHUNK_MAX);
	s->header.n_invalid = any_unsigned(0, HPT_CHUNK_MAX);
	s->left = any_unsigned(s->carried ? 1 : 0, HPT_CHUNK_MAX);
	any_flag(&s->gapless);
	any_flag(&s->ended);
	any_flag(&s->new_pass);
	s->vectors = (uint8_t)any_unsigned(VECTORS_UNKNOWN, VECTORS_AVX2);
	s->error = 0;
	return s;
}

/* What holds between two calls, as far as memory depends on it. */
static void check_decoding(const struct decoding *s)
{
	/*@ assert 1 <= s->dialect <= 3 && s->order <= 46; */
	if (s->in_chunk) {
		/*@ assert s->carried < 16 && (s->carried == 0 || s->left > 0); */
	} else {
		/*@ assert s->carried < 8; */
	}
}

void begin(void)
{
	struct hpt_decoder_options options = { .size = any_size(0, sizeof(options)) };
	struct hpt_decoder d;
	struct hpt_error err;

	options.flags = any_unsigned(0, UINT32_MAX);
	options.dialect = (enum hpt_dialect)any_int();
	options.order = any_unsigned(0, UINT32_MAX);
	options.offset = any_u64();
	if (!hpt_decoder_init(&d, any_bool() ? &options : NULL, any_error(&err)))
		check_decoding(state_of(&d));
	hpt_decoder_init(NULL, &options, any_error(&err));
	hpt_dialect_name((enum hpt_dialect)any_int());
}

void decode(void)
{
	unsigned char bytes[BYTES];
	struct hpt_decoder d;
	struct decoding *s = any_decoding(&d);
	struct hpt_run run;
	enum hpt_event event;
	size_t used;

	any_bytes(bytes, sizeof(bytes));
	hpt_decoder_next(&d, bytes, any_size(0, BYTES), &used, &event, &run, NULL);
	check_decoding(s);
}

/* Likewise, each number of bytes by itself: no more are used than there are. */
void lengths(void)
{
	unsigned char bytes[SOME_BYTES];
	struct hpt_decoder d;
	struct decoding *s = any_decoding(&d);
	const size_t len = (size_t)each(0, SOME_BYTES);
	struct hpt_run run;
	enum hpt_event event;
	size_t used = 0;

	any_bytes(bytes, sizeof(bytes));
	hpt_decoder_next(&d, bytes, len, &used, &event, &run, NULL);
	check_decoding(s);
	/*@ assert used <= len; */
}

/* A decoder that met an error, and one at the end of the bytes: with the texts. */
void refused(void)
{
	static const int8_t errors[] = { HPT_ERR_CHUNK_INDEX, HPT_ERR_CHUNK_COUNT,
					 HPT_ERR_NOT_VALID, HPT_ERR_CONTRADICTION };
	struct hpt_stream_summary seen;
	struct hpt_decoder d;
	struct decoding *s = any_decoding(&d);
	struct hpt_run run;
	enum hpt_event event;
	struct hpt_error err;
	size_t used;

	hpt_decoder_summary(&d, &seen);
	hpt_decoder_finish(&d, any_bool() ? &seen : NULL, &err);
	hpt_decoder_finish(NULL, &seen, &err);
	s->error = errors[each(0, 3)];
	hpt_decoder_finish(&d, &seen, &err);
	hpt_decoder_next(&d, NULL, 0, &used, &event, &run, &err);
	hpt_decoder_next(any_bool() ? &d : NULL, NULL, any_size(1, 2), &used, &event, &run,
			 &err);
}
