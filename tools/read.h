/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_TOOL_READ_H
#define HPT_TOOL_READ_H

#include "tool.h"

/* A dump of bytes that come in pieces: lines of 16, equal ones told once. */
struct hexdump {
	struct output *out;
	uint64_t address; /* of the first byte that is not yet shown */
	unsigned char line[16];
	unsigned used; /* bytes of line */
	unsigned char last[16];
	bool has_last;
	bool starred; /* lines equal to last were left out, and a star says so */
	bool all;     /* leave none out */
};

void hexdump_begin(struct hexdump *dump, struct output *out, uint64_t address, bool all);
void hexdump_put(struct hexdump *dump, const unsigned char *bytes, size_t len);
void hexdump_end(struct hexdump *dump);

#endif /* HPT_TOOL_READ_H */
