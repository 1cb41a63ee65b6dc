// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* As much of the flattened device tree as this guest asks for. */
#include "guest.h"

#define FDT_BEGIN_NODE	1
#define FDT_PROP	3
#define FDT_END		9

u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const u8 *fdt_find(const u8 *fdt, const char *property, unsigned int nth)
{
	const u8 *p = fdt + be32(fdt + 8);
	const char *strings = (const char *)fdt + be32(fdt + 12);
	u32 token, length;

	while ((token = be32(p)) != FDT_END) {
		p += 4;
		if (token == FDT_BEGIN_NODE) {
			for (length = 1; p[length - 1]; length++)
				;
			p += (length + 3) & ~3u;
		} else if (token == FDT_PROP) {
			length = be32(p);
			if (same(strings + be32(p + 4), property) && !nth--)
				return p + 8;
			p += 8 + ((length + 3) & ~3u);
		}
	}
	return NULL;
}
