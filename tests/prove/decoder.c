/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * In place of lib/stream/decode.c, where only it matters that a decoder reads the bytes that it
 * is given, uses no more of them and answers one thing or another. That it does no more than
 * this is what stream.c shows, in `decode` and `lengths`.
 */

#include <hpt/stream.h>

#include "prove.h"

static int any_answer(struct hpt_error *err)
{
	int ret = each(0, 1) ? (int)any_unsigned(1, 99) : 0;

	if (ret && err) {
		any_bytes(err, sizeof(*err));
		err->text[sizeof(err->text) - 1] = '\0';
	}
	return -ret;
}

int hpt_decoder_init(struct hpt_decoder *d, const struct hpt_decoder_options *options,
		     struct hpt_error *err)
{
	/*@ assert options->size == sizeof(*options); */
	any_bytes(d, sizeof(*d));
	return any_answer(err);
}

int hpt_decoder_next(struct hpt_decoder *d, const void *bytes, size_t len, size_t *used,
		     enum hpt_event *event, struct hpt_run *run, struct hpt_error *err)
{
	const unsigned char *p = bytes;

	/*@ assert len == 0 || \valid_read(p + (0 .. len - 1)); */
	any_bytes(d, sizeof(*d));
	any_bytes(run, sizeof(*run));
	*used = (size_t)each(0, (int)len);
	*event = (enum hpt_event)each(HPT_EVENT_MORE, HPT_EVENT_END);
	return any_answer(err);
}

int hpt_decoder_finish(const struct hpt_decoder *d, struct hpt_stream_summary *out,
		       struct hpt_error *err)
{
	(void)d;
	if (out)
		any_bytes(out, sizeof(*out));
	return any_answer(err);
}

void hpt_decoder_summary(const struct hpt_decoder *d, struct hpt_stream_summary *out)
{
	(void)d;
	any_bytes(out, sizeof(*out));
}

const char *hpt_dialect_name(enum hpt_dialect dialect)
{
	return dialect ? "any of three" : NULL;
}
