/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TEST_QCOW2_FILE_H
#define TEST_QCOW2_FILE_H

/* Saved guests in snapshots of qcow2 images, made byte by byte. Include after cmocka.h. */

#include "guest_saved.h"

enum kind { RAW, PACKED, ZSTD, EXTENDED };

/* What to make. The file: header, snapshots, L1 table, L2 table, clusters; a cluster each. */
struct recipe {
	unsigned int version;
	unsigned int bits; /* log2 of a cluster */
	enum kind kind;
	uint64_t disk;
	unsigned int extra;    /* bytes behind each snapshot's entry */
	const char *names[4];  /* of snapshots */
	unsigned int stateful; /* bit i: snapshot i has the state */
};

#define PLAIN                                     \
	{                                         \
		3, 9, RAW, 1000, 24, { "one" }, 1 \
	}

static inline size_t cluster_of(const struct recipe *recipe)
{
	return (size_t)1 << recipe->bits;
}

static inline void image_put(struct bytes *b, size_t at, uint64_t value, unsigned int n)
{
	unsigned int i;

	assert_true(at + n <= b->len);
	for (i = 0; i < n; i++)
		b->data[at + i] = (unsigned char)(value >> 8 * (n - 1 - i));
}

static inline void put_header(struct bytes *b, const struct recipe *recipe,
			      unsigned int snapshots)
{
	uint64_t features = recipe->kind == ZSTD ? 8 : recipe->kind == EXTENDED ? 16 : 0;

	image_put(b, 0, 0x514649fb, 4);
	image_put(b, 4, recipe->version, 4);
	image_put(b, 20, recipe->bits, 4);
	image_put(b, 24, recipe->disk, 8);
	image_put(b, 60, snapshots, 4);
	image_put(b, 64, cluster_of(recipe), 8);
	if (recipe->version < 3)
		return;
	image_put(b, 72, features, 8);
	image_put(b, 100, 112, 4);
	image_put(b, 104, recipe->kind == ZSTD, 1);
}

static inline unsigned int put_snapshots(struct bytes *b, const struct recipe *recipe,
					 uint64_t state)
{
	size_t at = cluster_of(recipe), i, len;

	for (i = 0; i < N(recipe->names) && recipe->names[i]; i++) {
		len = strlen(recipe->names[i]);
		image_put(b, at, 2 * cluster_of(recipe), 8);
		image_put(b, at + 8, cluster_of(recipe) / 8, 4);
		image_put(b, at + 12, 1, 2);
		image_put(b, at + 14, len, 2);
		image_put(b, at + 16, 1700000000 + i, 4);
		image_put(b, at + 24, 5000000000, 8);
		if (!(recipe->stateful >> i & 1))
			;
		else if (recipe->extra >= 8)
			image_put(b, at + 40, state, 8);
		else
			image_put(b, at + 32, state, 4);
		if (recipe->extra >= 16)
			image_put(b, at + 48, recipe->disk, 8);
		image_put(b, at + 36, recipe->extra, 4);
		at += 40 + recipe->extra;
		image_put(b, at, '1' + i, 1);
		memcpy(b->data + at + 1, recipe->names[i], len);
		at = (at + 1 + len + 7) & ~(size_t)7;
	}
	return (unsigned int)i;
}

/* A cluster's bytes as deflate's, or as zstd's, in a block that is stored. */
static inline void put_packed(struct bytes *b, const unsigned char *bytes, size_t len,
			      bool zstd)
{
	size_t at = b->len;

	if (zstd) {
		bytes_append(b, "hex 28b52ffd60 ");
		bytes_put(b, len - 256, 2, 1);
		bytes_put(b, 1 | len << 3, 3, 1);
	} else {
		bytes_put(b, 1, 1, 1);
		bytes_put(b, len, 2, 1);
		bytes_put(b, ~len & 0xffff, 2, 1);
	}
	bytes_fill(b, len, 0);
	memcpy(b->data + b->len - len, bytes, len);
	assert_true(b->len - at <= len + 64);
}

/* One cluster of the state, and its entry. */
static inline uint64_t put_cluster(struct bytes *b, const struct recipe *recipe,
				   const unsigned char *bytes)
{
	size_t cluster = cluster_of(recipe), at = b->len, sectors;

	if (recipe->kind == RAW || recipe->kind == EXTENDED) {
		at = (at + cluster - 1) & ~(cluster - 1);
		bytes_fill(b, at - b->len, 0);
		bytes_fill(b, cluster, 0);
		memcpy(b->data + at, bytes, cluster);
		return at;
	}
	put_packed(b, bytes, cluster, recipe->kind == ZSTD);
	sectors = (b->len - 1) / 512 - at / 512;
	return UINT64_C(1) << 62 | (uint64_t)sectors << (62 - (recipe->bits - 8)) | at;
}

static inline struct bytes image_with(const struct recipe *recipe, const struct bytes *stream)
{
	struct bytes b = { NULL, 0 }, state = { NULL, 0 };
	size_t cluster = cluster_of(recipe), entry = recipe->kind == EXTENDED ? 16 : 8, at, i;
	uint64_t shift = recipe->bits + recipe->bits - (entry == 16 ? 4 : 3);
	uint64_t index = (recipe->disk + (UINT64_C(1) << shift) - 1) >> shift,
		 size = stream->len;

	bytes_add(&state, stream);
	bytes_fill(&b, 4 * cluster, 0);
	put_header(&b, recipe, put_snapshots(&b, recipe, size));
	image_put(&b, 2 * cluster + index * 8, 3 * cluster | UINT64_C(1) << 63, 8);
	bytes_fill(&state, (cluster - state.len % cluster) % cluster, 0xee);
	for (at = 0, i = 0; at < size; at += cluster, i++) {
		image_put(&b, 3 * cluster + i * entry,
			  put_cluster(&b, recipe, state.data + at), 8);
		if (entry == 16)
			image_put(&b, 3 * cluster + i * entry + 8, 0xffffffff, 8);
	}
	bytes_free(&state);
	return b;
}

static inline struct bytes image_of(const struct recipe *recipe, const char *text)
{
	struct bytes stream = bytes_of(text), b = image_with(recipe, &stream);

	bytes_free(&stream);
	return b;
}

#endif /* TEST_QCOW2_FILE_H */
