/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A small formatter: see internal.h. One pass, no allocation, no locale.
 */

#include "internal.h"

struct sink {
	char *out;
	size_t room; /* without the NUL */
	size_t used;
};

struct spec {
	bool alternate; /* # */
	bool zero;      /* 0 */
	size_t width;
	size_t precision; /* SIZE_MAX: none */
	int length;       /* 0 int, 1 long, 2 long long, 3 size_t */
};

static void put(struct sink *s, char c)
{
	if (s->used < s->room)
		s->out[s->used++] = c;
}

static void put_field(struct sink *s, const struct spec *spec, const char *text, size_t len)
{
	for (size_t pad = len; pad < spec->width; pad++)
		put(s, ' ');
	for (size_t i = 0; i < len; i++)
		put(s, text[i]);
}

static void put_number(struct sink *s, const struct spec *spec, uint64_t value,
		       unsigned base, bool negative)
{
	char digits[64];
	size_t at = sizeof(digits);
	size_t width = spec->width < sizeof(digits) - 3 ? spec->width : sizeof(digits) - 3;
	size_t prefix = (negative ? 1u : 0u) + (spec->alternate && base == 16 ? 2u : 0u);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (spec->zero && sizeof(digits) - at + prefix < width)
		digits[--at] = '0';
	if (spec->alternate && base == 16) {
		digits[--at] = 'x';
		digits[--at] = '0';
	}
	if (negative)
		digits[--at] = '-';
	put_field(s, spec, digits + at, sizeof(digits) - at);
}

static const char *read_spec(const char *f, struct spec *spec)
{
	*spec = (struct spec){ .precision = SIZE_MAX };
	for (; *f == '#' || *f == '0'; f++) {
		spec->alternate |= *f == '#';
		spec->zero |= *f == '0';
	}
	for (; *f >= '0' && *f <= '9'; f++)
		spec->width = spec->width * 10 + (size_t)(*f - '0');
	if (*f == '.') {
		spec->precision = 0;
		for (f++; *f >= '0' && *f <= '9'; f++)
			spec->precision = spec->precision * 10 + (size_t)(*f - '0');
	}
	for (; *f == 'l'; f++)
		spec->length++;
	if (*f == 'z') {
		spec->length = 3;
		f++;
	}
	return f;
}

static uint64_t unsigned_arg(const struct spec *spec, va_list *ap)
{
	switch (spec->length) {
	case 0:
		return va_arg(*ap, unsigned int);
	case 1:
		return va_arg(*ap, unsigned long);
	case 2:
		return va_arg(*ap, unsigned long long);
	default:
		return va_arg(*ap, size_t);
	}
}

static int64_t signed_arg(const struct spec *spec, va_list *ap)
{
	switch (spec->length) {
	case 0:
		return va_arg(*ap, int);
	case 1:
		return va_arg(*ap, long);
	case 2:
		return va_arg(*ap, long long);
	default: /* ssize_t, which is POSIX's */
		return va_arg(*ap, ptrdiff_t);
	}
}

static void convert(struct sink *s, char kind, const struct spec *spec, va_list *ap)
{
	const char *text;
	int64_t number;
	char c;

	switch (kind) {
	case 's':
		text = va_arg(*ap, const char *);
		put_field(s, spec, text, strnlen(text, spec->precision));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_field(s, spec, &c, 1);
		break;
	case 'd':
		number = signed_arg(spec, ap);
		put_number(s, spec, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10,
			   number < 0);
		break;
	case 'u':
		put_number(s, spec, unsigned_arg(spec, ap), 10, false);
		break;
	case 'x':
		put_number(s, spec, unsigned_arg(spec, ap), 16, false);
		break;
	default:
		put(s, kind);
		break;
	}
}

size_t hpt_vformat(char *out, size_t room, const char *fmt, va_list args)
{
	struct sink s = { .out = out, .room = room - 1 };
	struct spec spec;
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		if (*fmt != '%') {
			put(&s, *fmt++);
			continue;
		}
		fmt = read_spec(fmt + 1, &spec);
		if (*fmt)
			convert(&s, *fmt++, &spec, &ap);
	}
	va_end(ap);
	out[s.used] = '\0';
	return s.used;
}

size_t hpt_format(char *out, size_t room, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = hpt_vformat(out, room, fmt, ap);
	va_end(ap);
	return len;
}
