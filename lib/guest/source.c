/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Where the bytes come from: a descriptor, its first bytes looked at, decompressed. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define PROGRESS_STEP ((uint64_t)4 << 20)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static int report(struct guest_source *source, struct hpt_error *err)
{
	if (!source->progress || source->raw_done < source->report_at)
		return 0;
	source->report_at = source->raw_done + PROGRESS_STEP;
	if (source->progress(source->arg, source->raw_done,
			     source->size ? source->base + source->size : 0))
		return guest_fail_offset(err, HPT_ERR_STOPPED, source->raw_done,
					 "stopped at offset %llu by the progress callback",
					 (unsigned long long)source->raw_done);
	return 0;
}

static int read_fd(const struct guest_source *source, void *bytes, size_t len, size_t *got,
		   struct hpt_error *err)
{
	ssize_t n;

	do
		n = read(source->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return guest_fail_errno(err, errno, "cannot read");
	*got = (size_t)n;
	return 0;
}

static int read_descriptor(struct guest_source *source, void *bytes, size_t len, size_t *got,
			   struct hpt_error *err)
{
	int r = 0;

	*got = 0;
	if (source->live)
		r = source->live->read(source->live_ctx, bytes, len, got, err);
	else if (source->fd >= 0)
		r = read_fd(source, bytes, len, got, err);
	if (r)
		return r;
	source->raw_done += *got;
	source->raw_ended = *got == 0;
	return report(source, err);
}

int guest_raw_read(struct guest_source *source, void *bytes, size_t len, size_t *got,
		   struct hpt_error *err)
{
	size_t left = source->magic_len - source->magic_used;

	if (!left)
		return read_descriptor(source, bytes, len, got, err);
	*got = MIN(left, len);
	memcpy(bytes, source->magic + source->magic_used, *got);
	source->magic_used += *got;
	return 0;
}

/* Decompressed bytes behind the head. */
static int read_on(struct guest_source *source, void *bytes, size_t len, size_t *got,
		   struct hpt_error *err)
{
	if (source->layer.ops)
		return source->layer.ops->read(source->layer.ctx, bytes, len, got, err);
	if (source->archive)
		return guest_decompress_read(source, bytes, len, got, err);
	return guest_raw_read(source, bytes, len, got, err);
}

static int source_read(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	struct guest_source *source = ctx;
	size_t left = source->head_len - source->head_used;

	if (left) {
		*got = MIN(left, len);
		memcpy(bytes, source->head + source->head_used, *got);
		source->head_used += *got;
		return 0;
	}
	*got = 0;
	return source->head_whole ? 0 : read_on(source, bytes, len, got, err);
}

const struct hpt_reader_ops guest_source_ops = {
	.size = sizeof(struct hpt_reader_ops),
	.read = source_read,
};

/* Only a regular file can be mapped, or gone back in. A socket or device is read forward. */
static int look_at_descriptor(struct guest_source *source, struct hpt_error *err)
{
	struct stat st;
	off_t pos;

	if (source->live)
		return 0;
	if (fstat(source->fd, &st))
		return guest_fail_errno(err, errno, "cannot look at the descriptor");
	if (!S_ISREG(st.st_mode))
		return 0;
	pos = lseek(source->fd, 0, SEEK_CUR);
	/* The kernel's own files can be regular and yet have no position. */
	if (pos < 0 && errno == ESPIPE)
		return 0;
	if (pos < 0)
		return guest_fail_errno(err, errno, "cannot tell the file's position");
	source->regular = true;
	source->start = (uint64_t)pos;
	source->size = st.st_size > pos ? (uint64_t)(st.st_size - pos) : 0;
	return 0;
}

/* A pipe may give a few bytes at a time; a magic is told only from all of them. */
static int read_magic(struct guest_source *source, struct hpt_error *err)
{
	size_t got;
	int r;

	while (source->magic_len < GUEST_MAGIC_MAX) {
		r = read_descriptor(source, source->magic + source->magic_len,
				    GUEST_MAGIC_MAX - source->magic_len, &got, err);
		if (r)
			return r;
		if (!got)
			break;
		source->magic_len += got;
	}
	return 0;
}

/* Decompressed, if what was looked at says so. */
static int look_for_compression(struct guest_source *source, struct hpt_error *err)
{
	int r = read_magic(source, err);

	if (r)
		return r;
	return guest_lzop_is(source) ? guest_lzop_open(source, err)
				     : guest_decompress_open(source, err);
}

int guest_source_open(struct guest_source *source, int fd, struct hpt_error *err)
{
	int r;

	source->fd = fd;
	source->report_at = PROGRESS_STEP;
	r = look_at_descriptor(source, err);
	if (!r)
		r = look_for_compression(source, err);
	return r;
}

void guest_source_close(struct guest_source *source)
{
	if (source->layer.close)
		source->layer.close(source->layer.ctx);
	guest_decompress_close(source);
	free(source->head);
	source->head = NULL;
}

/* What was looked at is read again by whoever opens the source: see source_read(). */
int guest_source_peek(struct guest_source *source, size_t n, struct hpt_error *err)
{
	unsigned char *head;
	size_t got;
	int r;

	if (source->head_len >= n || source->head_whole)
		return 0;
	head = realloc(source->head, n);
	if (!head)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for the first bytes");
	source->head = head;
	while (source->head_len < n && !source->head_whole) {
		r = read_on(source, head + source->head_len, n - source->head_len, &got, err);
		if (r)
			return r;
		source->head_len += got;
		source->head_whole = got == 0;
	}
	return 0;
}

int guest_source_strip(struct guest_source *source, size_t n, struct hpt_error *err)
{
	free(source->head);
	source->head = NULL;
	source->head_len = 0;
	source->head_used = 0;
	source->base += n;
	if (source->archive || source->layer.ops)
		return 0;
	source->start += n;
	source->size = source->size > n ? source->size - n : 0;
	source->magic_len = 0;
	source->magic_used = 0;
	return look_for_compression(source, err);
}

void guest_source_replace(struct guest_source *source, const struct hpt_reader_ops *ops,
			  void *ctx)
{
	free(source->head);
	source->head = NULL;
	source->head_len = 0;
	source->head_used = 0;
	source->head_whole = false;
	source->raw_done = 0;
	source->report_at = PROGRESS_STEP;
	if (source->layer.close)
		source->layer.close(source->layer.ctx);
	source->layer = (struct guest_layer){ ops, ctx, NULL };
}

int guest_source_progress(struct guest_source *source, size_t n, struct hpt_error *err)
{
	source->raw_done += n;
	return report(source, err);
}

bool guest_source_plain(const struct guest_source *source)
{
	return source->regular && !source->archive && !source->layer.ops;
}

int guest_source_rewind(struct guest_source *source, struct hpt_error *err)
{
	if (lseek(source->fd, (off_t)source->start, SEEK_SET) < 0)
		return guest_fail_errno(err, errno, "cannot set the file's position");
	return 0;
}

int guest_read_at(int fd, uint64_t offset, void *bytes, size_t len, struct hpt_error *err)
{
	unsigned char *to = bytes;
	ssize_t n;

	while (len > 0) {
		n = pread(fd, to, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return guest_fail_errno(err, errno, "cannot read at offset %llu",
						(unsigned long long)offset);
		if (!n)
			return guest_fail_offset(
				err, HPT_ERR_TRUNCATED, offset,
				"the file ends at offset %llu: it was shortened",
				(unsigned long long)offset);
		to += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}
