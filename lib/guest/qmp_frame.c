/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where a message of QMP ends. QEMU ends each by a line feed, but in its "pretty" form has
 * more of them inside; the brackets tell in either.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#ifdef HAVE_JANSSON
#include "qmp.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void step_in_string(struct qmp_frame *frame, char c)
{
	if (frame->escaped)
		frame->escaped = false;
	else if (c == '\\')
		frame->escaped = true;
	else if (c == '"')
		frame->in_string = false;
}

static void step(struct qmp_frame *frame, char c)
{
	if (frame->in_string)
		step_in_string(frame, c);
	else if (c == '"')
		frame->in_string = true;
	else if (c == '{' || c == '[')
		frame->nesting++;
	else if (c == '}' || c == ']')
		frame->nesting--;
}

int qmp_frame_next(struct qmp_frame *frame, const char *bytes, size_t len, size_t *out,
		   struct hpt_error *err)
{
	char c;

	*out = 0;
	while (frame->scanned < len) {
		c = bytes[frame->scanned++];
		if (!frame->nesting && c != '{' && !is_blank(c))
			return guest_fail(
				err, HPT_ERR_FORMAT,
				"this is not QMP: byte 0x%02x where a message should "
				"begin",
				(unsigned char)c);
		if (!frame->nesting && c != '{')
			continue;
		step(frame, c);
		if (frame->nesting > QMP_NESTING_MAX)
			return guest_fail(err, HPT_ERR_FORMAT,
					  "a message that is nested deeper than %d",
					  QMP_NESTING_MAX);
		if (!frame->nesting) {
			*out = frame->scanned;
			*frame = (struct qmp_frame){ .scanned = 0 };
			return 0;
		}
	}
	return 0;
}
#endif
