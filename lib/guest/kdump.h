/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_GUEST_KDUMP_H
#define HPT_GUEST_KDUMP_H

/*
 * What the files that read kdump-compressed dumps share. Source: the format of makedumpfile's
 * diskdump_mod.h, and of QEMU's include/sysemu/dump.h.
 */

#include "internal.h"

/* Pages that share a count of those before them. */
#define KDUMP_CHUNK_PAGES 4096
#define KDUMP_CHUNK_BYTES (KDUMP_CHUNK_PAGES / 8)

/* A page's descriptor. */
#define KDUMP_DESCRIPTOR 24
#define KDUMP_ZLIB 1u
#define KDUMP_LZO 2u
#define KDUMP_SNAPPY 4u
#define KDUMP_ZSTD 0x20u

struct guest_kdump {
	struct guest_file file;
	bool little; /* byte order of the guest's dump */
	unsigned int version;
	unsigned int page_shift;
	uint64_t bitmap;      /* offset of the bitmap of pages that are there */
	uint64_t max_pages;   /* a bit for each */
	uint64_t descriptors; /* offset of their descriptors, in order */
	uint64_t n;           /* how many there are */
	uint64_t first, last; /* the lowest and the highest of them */
	uint32_t cpus;
	uint64_t *before; /* pages before each chunk of the bitmap */
	size_t chunks;
};

/* kdump_page.c */
int kdump_count(struct guest_kdump *k, struct hpt_error *err);
uint64_t kdump_number(const struct guest_kdump *k, const unsigned char *bytes, size_t size);

/* kdump_flat.c: put a flattened dump in order into a temporary file. */
int kdump_unflatten(struct hpt_guest *guest, struct hpt_error *err);

#endif /* HPT_GUEST_KDUMP_H */
