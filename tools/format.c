/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* Numbers to text, without printf: a dump may have millions of lines. */

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

const char *text_number(char *buffer, uint64_t value)
{
	char *p = buffer + TEXT_MAX - 1;

	*p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return p;
}

const char *text_hex(char *buffer, uint64_t value)
{
	char *p = buffer + TEXT_MAX - 1;

	*p = '\0';
	do {
		*--p = hex_digits[value & 15];
		value >>= 4;
	} while (value);
	*--p = 'x';
	*--p = '0';
	return p;
}

const char *text_hex_digits(char *buffer, uint64_t value, unsigned digits)
{
	char *p = buffer + TEXT_MAX - 1;

	*p = '\0';
	for (unsigned i = 0; i < digits; i++) {
		*--p = hex_digits[value & 15];
		value >>= 4;
	}
	*--p = 'x';
	*--p = '0';
	return p;
}

/* The largest unit of which it is a whole number: 65536 is 64K, 65537 stays 65537. */
const char *text_size(char *buffer, uint64_t bytes)
{
	static const char units[] = "KMGTP";
	const char *text;
	unsigned unit = 0;

	while (unit < 5 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	text = text_number(buffer, bytes);
	if (unit) {
		char *end = buffer + TEXT_MAX - 1;

		memmove(buffer + (text - buffer) - 1, text, (size_t)(end - text));
		text--;
		end[-1] = units[unit - 1];
	}
	return text;
}

const char *text_shift(char *buffer, unsigned shift)
{
	return text_size(buffer, UINT64_C(1) << (shift & 63));
}

/* Two decimals, rounded; never 0.00 for something nor 100.00 for less than all. */
const char *text_percent(char *buffer, uint64_t part, uint64_t whole)
{
	double exact = whole ? (double)part * 10000.0 / (double)whole : 0.0;
	uint64_t hundredths = (uint64_t)(exact + 0.5);
	char *p = buffer + TEXT_MAX - 1;

	if (part && !hundredths)
		hundredths = 1;
	if (part < whole && hundredths > 9999)
		hundredths = 9999;
	*p = '\0';
	*--p = '%';
	*--p = ' ';
	*--p = (char)('0' + hundredths % 10);
	*--p = (char)('0' + hundredths / 10 % 10);
	*--p = '.';
	hundredths /= 100;
	do {
		*--p = (char)('0' + hundredths % 10);
		hundredths /= 10;
	} while (hundredths);
	return p;
}

/* A virtual address has up to 78 bits: the segment's id and the offset in it. */
const char *text_va(char *buffer, const struct hpt_va *va)
{
	unsigned digits = va->segment_shift / 4u;
	uint64_t offset = va->offset;
	char *p = buffer + TEXT_MAX - 1;

	if (!va->vsid)
		return text_hex(buffer, offset);
	*p = '\0';
	for (unsigned i = 0; i < digits; i++) {
		*--p = hex_digits[offset & 15];
		offset >>= 4;
	}
	for (uint64_t vsid = va->vsid; vsid; vsid >>= 4)
		*--p = hex_digits[vsid & 15];
	*--p = 'x';
	*--p = '0';
	return p;
}

/* Letters where a bit is set: this one fills the buffer from its start. */
const char *text_wimg(char *buffer, unsigned wimg)
{
	for (unsigned i = 0; i < 4; i++)
		buffer[i] = wimg & (8u >> i) ? "WIMG"[i] : '-';
	buffer[4] = '\0';
	return buffer;
}
