/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool.h"

/* Pieces of JSON. */

void json_key(struct output *out, const char *key)
{
	put_char(out, '"');
	put_text(out, key);
	put_text(out, "\":");
}

/*
 * Any bytes as a string: what is no character becomes the character of the byte's number,
 * so that the result is valid JSON whatever a saved guest holds.
 */
void json_string(struct output *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	put_char(out, '"');
	while (*text) {
		size_t n = utf8_length(text);
		unsigned char byte = (unsigned char)*text;

		if (n) {
			if (byte == '"' || byte == '\\')
				put_char(out, '\\');
			put_bytes(out, text, n);
			text += n;
			continue;
		}
		put_text(out, "\\u00");
		put_char(out, digits[byte >> 4]);
		put_char(out, digits[byte & 15]);
		text++;
	}
	put_char(out, '"');
}

void json_string_or_null(struct output *out, const char *text)
{
	if (text && *text)
		json_string(out, text);
	else
		put_text(out, "null");
}

void json_bool(struct output *out, bool value)
{
	put_text(out, value ? "true" : "false");
}

void json_hex(struct output *out, uint64_t value)
{
	put_char(out, '"');
	put_hex(out, value);
	put_char(out, '"');
}

/* Members of an object behind its first: a comma, the key and the value, or null. */
void json_field(struct output *out, const char *key, bool known, uint64_t value)
{
	put_char(out, ',');
	json_key(out, key);
	if (known)
		put_number(out, value);
	else
		put_text(out, "null");
}

void json_hex_field(struct output *out, const char *key, bool known, uint64_t value)
{
	put_char(out, ',');
	json_key(out, key);
	if (known)
		json_hex(out, value);
	else
		put_text(out, "null");
}

void json_string_field(struct output *out, const char *key, const char *text)
{
	put_char(out, ',');
	json_key(out, key);
	json_string_or_null(out, text);
}

void json_bool_field(struct output *out, const char *key, bool value)
{
	put_char(out, ',');
	json_key(out, key);
	json_bool(out, value);
}
