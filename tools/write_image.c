/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "convert.h"

/* A table as it lies in memory: 16 bytes a slot, zeros (in a file: holes) where invalid. */

#include <errno.h>
#include <unistd.h>

/* Gaps shorter than a file system's block are written: seeking there saves nothing. */
#define HOLE_MIN 4096u
#define PART 256u

struct image {
	struct output *out;
	struct progress *progress;
	uint64_t bytes;	   /* of the whole image */
	uint64_t position; /* bytes written or skipped */
	bool sparse;
};

static void skip_to(struct image *image, uint64_t position)
{
	struct output *out = image->out;
	uint64_t gap = position - image->position;

	if (!image->sparse || gap < HOLE_MIN)
		put_zeros(out, gap);
	else if (output_flush(out) && lseek(out->fd, (off_t)position, SEEK_SET) < 0)
		out->error = errno;
	image->position = position;
}

static int add_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	struct image *image = arg;
	unsigned char bytes_be[PART * HPT_ENTRY_BYTES];

	skip_to(image, ptex * HPT_ENTRY_BYTES);
	while (n) {
		size_t part = n < PART ? n : PART;

		hpt_entries_to_bytes(entries, part, bytes_be);
		put_bytes(image->out, bytes_be, part * HPT_ENTRY_BYTES);
		image->position += part * HPT_ENTRY_BYTES;
		entries += part;
		n -= part;
	}
	progress_step(image->progress, image->position, image->bytes);
	return image->out->error != 0;
}

int write_image(const struct hpt_table *table, bool sparse, struct output *out,
		struct progress *progress)
{
	struct image image = { .out = out,
			       .progress = progress,
			       .bytes = hpt_table_entries(table) * HPT_ENTRY_BYTES,
			       .sparse = sparse };
	struct hpt_error err;
	int ret;

	if (sparse && ftruncate(out->fd, (off_t)image.bytes)) {
		out->error = errno;
		return 0;
	}
	ret = hpt_table_each(table, 0, UINT64_MAX, add_run, &image, &err);
	if (ret && !out->error) {
		complain("%s", err.text);
		return EXIT_ERROR;
	}
	if (!ret && !sparse)
		skip_to(&image, image.bytes);
	return 0;
}
