/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_KDUMP_FILE_H
#define TEST_KDUMP_FILE_H

/* A dump in makedumpfile's format, made byte by byte. Include after cmocka.h. */

#include "guest_saved.h"

#define BLOCK 4096
/* Pages 16 to 21 are there but for 19, in a file of 40 pages; data begins at 6 blocks. */
#define PAGES 40
#define FIRST 16
#define DATA 6

/* A page of 0x11 by LZO: a literal, then it again 4095 times. */
#define DUMP_LZO_PAGE "hex 121120000000000000000000000000000000ed0000110000 "
#define DUMP_LZO 2
#define DUMP_SNAPPY 4
/* A page of 0x44 by zstd: a block of one byte that is repeated. */
#define DUMP_ZSTD_PAGE "hex 28b52ffd60000f03800044 "
#define DUMP_ZSTD 0x20

static inline void dump_put(struct bytes *b, size_t at, uint64_t value, unsigned int n,
			    int little)
{
	unsigned int i;

	assert_true(at + n <= b->len);
	for (i = 0; i < n; i++)
		b->data[at + i] = (unsigned char)(value >> 8 * (little ? i : n - 1 - i));
}

/* A page of 0x22 by snappy: a literal, then copies of 64 bytes, the last of 63. */
static inline void put_snappy(struct bytes *b)
{
	unsigned int i;

	bytes_append(b, "hex 80200022 ");
	for (i = 0; i < 63; i++)
		bytes_append(b, "hex fe0100 ");
	bytes_append(b, "hex fa0100 ");
}

/* A page of 0x33 by zlib, stored. */
static inline void put_zlib(struct bytes *b)
{
	uint32_t a = 1, sum = 0;
	unsigned int i;

	for (i = 0; i < BLOCK; i++) {
		a = (a + 0x33) % 65521;
		sum = (sum + a) % 65521;
	}
	bytes_append(b, "hex 7801010010ffef fill 4096 0x33 ");
	bytes_put(b, sum << 16 | a, 4, 0);
}

static inline void put_page(struct bytes *b, unsigned int i, uint32_t flags, int little)
{
	static void (*const put[])(struct bytes * b) = { put_zlib, put_snappy };
	size_t descriptor = 4 * BLOCK + 24 * i, at = b->len;

	if (!flags)
		bytes_fill(b, BLOCK, 0x40 + (int)i);
	else if (flags == DUMP_LZO || flags == DUMP_ZSTD)
		bytes_append(b, flags == DUMP_LZO ? DUMP_LZO_PAGE : DUMP_ZSTD_PAGE);
	else
		put[flags == DUMP_SNAPPY](b);
	dump_put(b, descriptor, at, 8, little);
	dump_put(b, descriptor + 8, b->len - at, 4, little);
	dump_put(b, descriptor + 12, flags, 4, little);
}

static inline struct bytes dump_of(int little)
{
	static const uint32_t flags[] = { 0, 1, DUMP_LZO, DUMP_SNAPPY, DUMP_ZSTD };
	struct bytes b = bytes_of("\"KDUMP   \" ");
	unsigned int i;

	bytes_fill(&b, DATA * BLOCK - b.len, 0);
	dump_put(&b, 8, 6, 4, little);
	dump_put(&b, 428, BLOCK, 4, little);
	dump_put(&b, 432, 1, 4, little);
	dump_put(&b, 436, 2, 4, little);
	dump_put(&b, 460, 3, 4, little);
	dump_put(&b, BLOCK + 96, PAGES, 8, little);
	/* Header, sub-header, two bitmaps, a block with the descriptors. */
	b.data[2 * BLOCK + FIRST / 8] = 0x3f;
	b.data[3 * BLOCK + FIRST / 8] = 0x37;
	for (i = 0; i < N(flags); i++)
		put_page(&b, i, flags[i], little);
	return b;
}

/* The same in pieces of @step bytes, the last first, as whoever writes it forward may. */
static inline struct bytes flat_of(const struct bytes *b, size_t step)
{
	struct bytes out = bytes_of("\"makedumpfile\" at 16 u64 1 u64 1 at 4096 ");
	size_t at = b->len, n;

	while (at > 0) {
		n = at % step ? at % step : step;
		at -= n;
		bytes_put(&out, at, 8, 0);
		bytes_put(&out, n, 8, 0);
		bytes_fill(&out, n, 0);
		memcpy(out.data + out.len - n, b->data + at, n);
	}
	bytes_append(&out, "u64 0xffffffffffffffff u64 0xffffffffffffffff ");
	return out;
}

#endif /* TEST_KDUMP_FILE_H */
