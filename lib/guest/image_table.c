/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The table of a flat image in a file, read where it is looked at: nothing is kept in memory,
 * holes are passed over, and a file that is cut meanwhile is an error and no signal.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* A window, and the table in memory that is put over it. */
struct window {
	unsigned char *bytes;
	struct hpt_table *table;
	unsigned char room[];
};

struct image {
	int fd;
	uint64_t start; /* of the table in the file */
	uint64_t size;  /* its bytes */
	/*
	 * One that nobody uses, or NULL; exchanged atomically. To open a table takes
	 * microseconds, since it asks the CPU what it can.
	 */
	struct window *spare;
};

/* Entries that are read without an allocation. */
#define FEW 64u
/* Each window is given to a table in memory of the least order, which knows how to look. */
#define WINDOW_BYTES ((size_t)1 << HPT_ORDER_MIN)
#define WINDOW_ENTRIES (WINDOW_BYTES / HPT_ENTRY_BYTES)
/* That takes entries by batches of so many, from a multiple of it on. */
#define ALIGNED ((uint64_t)64)

uint64_t guest_image_data(int fd, uint64_t start, uint64_t at, uint64_t size)
{
#ifdef SEEK_DATA
	off_t data = lseek(fd, (off_t)(start + at), SEEK_DATA);
	struct stat st;

	if (data > 0 && (uint64_t)data > start + at)
		at = ((uint64_t)data - start) & ~(uint64_t)(HPT_ENTRY_BYTES - 1);
	else if (data < 0 && errno == ENXIO && !fstat(fd, &st) && st.st_size >= 0 &&
		 (uint64_t)st.st_size >= start + size)
		at = size;
#else
	(void)fd;
	(void)start;
#endif
	return at < size ? at : size;
}

static int image_read(void *ctx, uint64_t ptex, size_t n, struct hpt_entry *out,
		      struct hpt_error *err)
{
	const struct image *image = ctx;
	unsigned char few[FEW * HPT_ENTRY_BYTES], *bytes = few;
	int r;

	if (n > FEW)
		bytes = n > SIZE_MAX / HPT_ENTRY_BYTES ? NULL : malloc(n * HPT_ENTRY_BYTES);
	if (!bytes)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for %zu entries", n);
	r = guest_read_at(image->fd, image->start + ptex * HPT_ENTRY_BYTES, bytes,
			  n * HPT_ENTRY_BYTES, err);
	if (!r)
		hpt_entries_from_bytes(bytes, n, out);
	if (bytes != few)
		free(bytes);
	return r;
}

/* By the run or by the block: one of the functions is NULL. */
struct walk {
	uint64_t base; /* index of the window's first entry */
	hpt_each_fn *fn;
	hpt_block_fn *block_fn;
	void *arg;
};

static int give_run(void *arg, uint64_t ptex, size_t n, const struct hpt_entry *entries)
{
	const struct walk *walk = arg;

	return walk->fn(walk->arg, walk->base + ptex, n, entries);
}

static int give_block(void *arg, uint64_t ptex, uint64_t valid,
		      const struct hpt_entry *entries)
{
	const struct walk *walk = arg;

	return walk->block_fn(walk->arg, walk->base + ptex, valid, entries);
}

/* The entries [from, to) of a window. */
static int each_window(const struct image *image, struct walk *walk, struct window *window,
		       uint64_t from, uint64_t to, struct hpt_error *err)
{
	uint64_t first = from & ~(ALIGNED - 1), end = (to + ALIGNED - 1) & ~(ALIGNED - 1);
	uint64_t at = (walk->base + first) * HPT_ENTRY_BYTES;
	int r = guest_read_at(image->fd, image->start + at,
			      window->bytes + first * HPT_ENTRY_BYTES,
			      (size_t)(end - first) * HPT_ENTRY_BYTES, err);

	if (r)
		return r;
	return walk->fn ? hpt_table_each(window->table, from, to - from, give_run, walk, err)
			: hpt_table_each_block(window->table, from, to - from, give_block,
					       walk, err);
}

static int each_windows(const struct image *image, struct walk *walk, struct window *window,
			uint64_t ptex, uint64_t end, struct hpt_error *err)
{
	uint64_t to;
	int r = 0;

	while (!r && ptex < end) {
		ptex = guest_image_data(image->fd, image->start, ptex * HPT_ENTRY_BYTES,
					image->size) /
		       HPT_ENTRY_BYTES;
		if (ptex >= end)
			break;
		walk->base = ptex & ~(uint64_t)(WINDOW_ENTRIES - 1);
		to = walk->base + WINDOW_ENTRIES < end ? walk->base + WINDOW_ENTRIES : end;
		r = each_window(image, walk, window, ptex - walk->base, to - walk->base, err);
		ptex = to;
	}
	return r;
}

static void free_window(struct window *window)
{
	if (window)
		hpt_table_close(window->table);
	free(window);
}

static int new_window(struct window **out, struct hpt_error *err)
{
	const struct hpt_memory_options options = { .size = sizeof(options),
						    .flags = HPT_MEMORY_READ_ONLY };
	struct window *window = malloc(sizeof(*window) + WINDOW_BYTES + HPT_ENTRY_BYTES);
	size_t over;
	int r;

	if (!window)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for an image");
	over = (uintptr_t)window->room % HPT_ENTRY_BYTES;
	window->bytes = window->room + (over ? HPT_ENTRY_BYTES - over : 0);
	r = hpt_memory_open(window->bytes, HPT_ORDER_MIN, &options, &window->table, err);
	if (r)
		free(window);
	else
		*out = window;
	return r;
}

static int each_of(struct image *image, struct walk *walk, uint64_t ptex, uint64_t n,
		   struct hpt_error *err)
{
	struct window *window = __atomic_exchange_n(&image->spare, NULL, __ATOMIC_ACQUIRE);
	int r = window ? 0 : new_window(&window, err);

	if (r)
		return r;
	r = each_windows(image, walk, window, ptex, ptex + n, err);
	free_window(__atomic_exchange_n(&image->spare, window, __ATOMIC_ACQ_REL));
	return r;
}

static int image_each(void *ctx, uint64_t ptex, uint64_t n, hpt_each_fn *fn, void *arg,
		      struct hpt_error *err)
{
	struct walk walk = { .fn = fn, .arg = arg };

	return each_of(ctx, &walk, ptex, n, err);
}

static int image_each_block(void *ctx, uint64_t ptex, uint64_t n, hpt_block_fn *fn, void *arg,
			    struct hpt_error *err)
{
	struct walk walk = { .block_fn = fn, .arg = arg };

	return each_of(ctx, &walk, ptex, n, err);
}

static void image_close(void *ctx)
{
	struct image *image = ctx;

	free_window(image->spare);
	free(image);
}

static const struct hpt_table_ops image_ops = {
	.size = sizeof(image_ops),
	.read = image_read,
	.each = image_each,
	.each_block = image_each_block,
	.close = image_close,
};

int guest_image_table(int fd, uint64_t start, unsigned int order, struct hpt_table **out,
		      struct hpt_error *err)
{
	const struct hpt_table_config config = { .size = sizeof(config),
						 .backend = "image",
						 .order = order,
						 .form = HPT_FORM_CLASSIC,
						 .flags = HPT_TABLE_CONCURRENT };
	struct image *image = malloc(sizeof(*image));
	int r;

	if (!image)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for an image");
	*image = (struct image){ .fd = fd, .start = start, .size = UINT64_C(1) << order };
	r = hpt_table_open(&image_ops, image, &config, out, err);
	if (r)
		free(image);
	return r;
}
