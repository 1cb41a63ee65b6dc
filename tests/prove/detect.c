/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where EVA begins in lib/stream/detect.c: each length of a short buffer by itself, and a decoder
 * that stops after any number of its bytes.
 */

#include <hpt/stream.h>

#include "prove.h"

#define BYTES 9 /* a header and more */

void looked_at(void)
{
	const size_t len = (size_t)each(0, BYTES);
	unsigned char bytes[BYTES];
	enum hpt_dialect dialect = HPT_DIALECT_DETECT;
	struct hpt_error err;

	any_bytes(bytes, sizeof(bytes));
	if (!hpt_stream_detect(bytes, len, any_bool(), any_unsigned(0, UINT32_MAX), &dialect,
			       any_error(&err))) {
		/*@ assert 1 <= dialect <= 3; */
	}
}
