// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The console: text through H_PUT_TERM_CHAR, 16 bytes a call. */
#include <stdarg.h>

#include "guest.h"

static union {
	u8 bytes[16];
	u64 words[2];
} line;
static unsigned int line_length;

static void flush(void)
{
	while (line_length &&
	       hcall(H_PUT_TERM_CHAR, NULL, 0, line_length, line.words[0],
		     line.words[1]) != H_SUCCESS)
		;
	line_length = 0;
}

static void put(char c)
{
	line.bytes[line_length++] = (u8)c;
	if (line_length == sizeof(line.bytes) || c == '\n')
		flush();
}

static void put_number(u64 value, unsigned int base, unsigned int digits)
{
	char text[20];
	unsigned int n = 0;

	do {
		text[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value || n < digits);
	while (n)
		put(text[--n]);
}

static void put_signed(long value)
{
	if (value < 0)
		put('-');
	put_number(value < 0 ? -(u64)value : (u64)value, 10, 1);
}

void print(const char *format, ...)
{
	va_list args;
	const char *s;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 'X':
			put_number(va_arg(args, u64), 16, 16);
			break;
		case 'x':
			put_number(va_arg(args, u64), 16, 1);
			break;
		case 'd':
			put_signed(va_arg(args, long));
			break;
		case 's':
			for (s = va_arg(args, const char *); *s; s++)
				put(*s);
			break;
		default:
			put(*format);
		}
	}
	va_end(args);
}

/* The line beginning "stopped" is what make-guest takes for failure. */
void stop(const char *why)
{
	set_msr(MSR_REAL);
	print("stopped %s\n", why);
	for (;;)
		;
}
