/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Errors and warnings, and structures that begin with their size. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/*
 * Names in a file are whoever's who wrote it. An error and a remark are one line, and no
 * terminal obeys them.
 */
const char *guest_printable(char out[GUEST_PRINT_ROOM], const char *text)
{
	size_t i;

	for (i = 0; i < GUEST_PRINT_ROOM - 1 && text[i]; i++)
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[i] = '\0';
	return out;
}

int guest_fail(struct hpt_error *err, int code, const char *fmt, ...)
{
	char text[HPT_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return hpt_error_fill(err, code, 0, text);
}

int guest_fail_offset(struct hpt_error *err, int code, uint64_t offset, const char *fmt, ...)
{
	char text[HPT_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hpt_error_fill(err, code, 0, text);
	if (err) {
		err->offset = offset;
		err->has |= HPT_ERROR_HAS_OFFSET;
	}
	return code;
}

int guest_fail_errno(struct hpt_error *err, int os_errno, const char *fmt, ...)
{
	char text[HPT_ERROR_TEXT];
	int len;
	va_list ap;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len >= 0 && (size_t)len < sizeof(text)) {
		errno = os_errno;
		/* %m and not strerror(), which threads must not share. */
		snprintf(text + len, sizeof(text) - (size_t)len, ": %m");
	}
	return hpt_error_fill(err, HPT_ERR_SYSTEM, os_errno, text);
}

/* A remark must not fail what it remarks on, so one that cannot be kept is dropped. */
void guest_warn(struct hpt_guest *guest, const char *fmt, ...)
{
	char text[HPT_ERROR_TEXT];
	va_list ap;

	if (guest->n_warnings == GUEST_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	guest->warnings[guest->n_warnings] = strdup(text);
	if (guest->warnings[guest->n_warnings])
		guest->n_warnings++;
}

#define FORMS (HPT_GUEST_CLASSIC | HPT_GUEST_V3)
#define FLAGS                                                                         \
	(HPT_GUEST_WHOLE | HPT_GUEST_GUESS_ORDER | HPT_GUEST_MEMORY | HPT_GUEST_MAP | \
	 HPT_GUEST_LIST | FORMS)

int guest_struct_in(void *to, const void *from, size_t size, const char *what,
		    struct hpt_error *err)
{
	const unsigned char *tail = from;
	size_t given, i;

	memcpy(&given, from, sizeof(given));
	if (given < size)
		return guest_fail(err, HPT_ERR_ARGUMENT, "%s: size %zu, expected at least %zu",
				  what, given, size);
	for (i = size; i < given; i++)
		if (tail[i])
			return guest_fail(err, HPT_ERR_ARGUMENT,
					  "%s: byte %zu is set, which is not known here", what,
					  i);
	memcpy(to, from, size);
	return 0;
}

int guest_options_in(struct hpt_guest_options *to, const struct hpt_guest_options *from,
		     struct hpt_error *err)
{
	int r;

	memset(to, 0, sizeof(*to));
	if (!from)
		return 0;
	r = guest_struct_in(to, from, sizeof(*to), "hpt_guest_options", err);
	if (r)
		return r;
	if (to->flags & ~FLAGS)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_options: unknown flags 0x%x", to->flags);
	if ((to->flags & FORMS) == FORMS)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_options: flags 0x%x say both forms", to->flags);
	if ((unsigned int)to->kind > HPT_SOURCE_KDUMP ||
	    (unsigned int)to->dialect > HPT_DIALECT_QEMU)
		return guest_fail(err, HPT_ERR_ARGUMENT,
				  "hpt_guest_options: unknown kind %u or dialect %u",
				  (unsigned int)to->kind, (unsigned int)to->dialect);
	if (to->order && (to->order < HPT_ORDER_MIN || to->order > HPT_ORDER_MAX))
		return guest_fail(err, HPT_ERR_ORDER, "order %u, expected %d to %d", to->order,
				  HPT_ORDER_MIN, HPT_ORDER_MAX);
	return 0;
}

/* A caller's structure of a later release may be larger: its tail is left alone. */
int guest_result_out(void *to, const void *from, size_t size, const char *what,
		     struct hpt_error *err)
{
	size_t room;

	memcpy(&room, to, sizeof(room));
	if (room < size)
		return guest_fail(err, HPT_ERR_ARGUMENT, "%s: size %zu, expected at least %zu",
				  what, room, size);
	memcpy((unsigned char *)to + sizeof(room), (const unsigned char *)from + sizeof(room),
	       size - sizeof(room));
	return 0;
}
