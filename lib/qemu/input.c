/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The input layer: a descriptor, a mapped file, memory or a reader, all as one window of
 * bytes. A buffer grows only when it is full of bytes that were really read. Files are read:
 * one that is cut while it is mapped kills who looks at it, and one that changes there can say
 * one thing when it is checked and another when it is used.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* First size of the buffer of a source that is read forward only. */
#define QEMU_BUFFER ((size_t)256 << 10)
/* What is passed over in a file is read, unless it is longer than a look at the file takes. */
#define QEMU_JUMP ((uint64_t)256 << 10)

/* Map all of a regular file, where that was asked for. False: read it. */
static bool map_file(struct qemu_input *in, int fd, uint64_t pos, uint64_t size)
{
	void *map;

	if (pos >= size || size > SIZE_MAX)
		return false;
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	in->map = map;
	in->map_len = (size_t)size;
	in->base = (const unsigned char *)map + pos;
	in->len = (size_t)(size - pos);
	in->whole = true;
	in->ended = true;
	return true;
}

int qemu_input_open_fd(struct hpt_qemu *q, int fd)
{
	struct qemu_input *in = &q->in;
	struct stat st;
	off_t pos;

	in->fd = fd;
	if (fstat(fd, &st))
		return hpt_fail_errno(&q->error, errno, "cannot look at the descriptor");
	if (!S_ISREG(st.st_mode))
		return 0;
	pos = lseek(fd, 0, SEEK_CUR);
	if (pos < 0)
		return hpt_fail_errno(&q->error, errno, "cannot tell the file's position");
	if (st.st_size > pos)
		in->total = (uint64_t)(st.st_size - pos);
	in->file = !(q->options.flags & HPT_QEMU_MAP) ||
		   !map_file(in, fd, (uint64_t)pos, (uint64_t)st.st_size);
	return 0;
}

void qemu_input_open_memory(struct hpt_qemu *q, const void *bytes, size_t len)
{
	struct qemu_input *in = &q->in;

	in->base = bytes;
	in->len = len;
	in->total = len;
	in->whole = true;
	in->ended = true;
}

/* The source is not touched before the first byte is needed. */
void qemu_input_open_reader(struct hpt_qemu *q, const struct hpt_reader_ops *ops, void *ctx)
{
	q->in.ops = ops;
	q->in.ctx = ctx;
}

void qemu_input_close(struct qemu_input *in)
{
	if (in->map)
		munmap(in->map, in->map_len);
	free(in->buffer);
}

/* The same text however the bytes come, so that an error can be found again in the file. */
int qemu_truncated(struct hpt_qemu *q, uint64_t n, const char *what)
{
	uint64_t left = q->in.len - q->in.pos;

	return hpt_fail_offset(&q->error, HPT_ERR_TRUNCATED, q->in.start + q->in.len,
			       "the input ends at offset %llu in %s at offset %llu: "
			       "%llu more bytes expected, %llu found",
			       (unsigned long long)(q->in.start + q->in.len), what,
			       (unsigned long long)qemu_offset(q), (unsigned long long)n,
			       (unsigned long long)left);
}

/* Every few megabytes: a callback that draws something must not be what takes the time. */
static int report(struct hpt_qemu *q)
{
	struct qemu_input *in = &q->in;
	uint64_t done = qemu_offset(q) - in->first;

	if (!q->options.progress || done < in->report_at)
		return 0;
	in->report_at = done + QEMU_PROGRESS_STEP;
	if (q->options.progress(q->options.arg, done, in->total))
		return hpt_fail_offset(&q->error, HPT_ERR_STOPPED, qemu_offset(q),
				       "stopped at offset %llu by the progress callback",
				       (unsigned long long)qemu_offset(q));
	return 0;
}

/* Read up to @len bytes, once. */
static int read_some(struct hpt_qemu *q, void *bytes, size_t len, size_t *got)
{
	uint64_t end = q->in.start + q->in.len;
	ssize_t n;
	int r;

	if (q->in.ops) {
		*got = 0;
		r = q->in.ops->read(q->in.ctx, bytes, len, got, &q->error);
		if (r && !(q->error.has & HPT_ERROR_HAS_OFFSET))
			hpt_error_set_offset(&q->error, end);
		if (!r && *got > len)
			return hpt_fail_offset(&q->error, HPT_ERR_ARGUMENT, end,
					       "the reader gave %zu bytes where %zu were asked for",
					       *got, len);
		return r;
	}
	do
		n = read(q->in.fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		r = hpt_fail_errno(&q->error, errno, "cannot read at offset %llu",
				   (unsigned long long)end);
		hpt_error_set_offset(&q->error, end);
		return r;
	}
	*got = (size_t)n;
	return 0;
}

/* Move what is still needed to the buffer's start; make it larger when it is full. */
static int make_room(struct hpt_qemu *q)
{
	struct qemu_input *in = &q->in;
	size_t from = in->keep ? in->kept : in->pos;
	size_t room = in->room ? in->room : QEMU_BUFFER;
	unsigned char *buffer;

	if (from > 0 && (from == in->len || from >= in->room / 2 || in->len == in->room)) {
		memmove(in->buffer, in->buffer + from, in->len - from);
		in->start += from;
		in->len -= from;
		in->pos -= from;
		in->soft = in->len;
		in->kept = 0;
	}
	if (in->room > 0 && in->len < in->room)
		return 0;
	if (in->room > 0 && room > SIZE_MAX / 2)
		return qemu_no_memory(q, "the input's window");
	room = in->room ? room * 2 : room;
	buffer = realloc(in->buffer, room);
	if (!buffer)
		return qemu_no_memory(q, "the input's window");
	in->buffer = buffer;
	in->base = buffer;
	in->room = room;
	return 0;
}

/*
 * The slow way of qemu_need(): report, read on, and set how far the next ones may go without
 * coming here. In a mapped file that is to the next report.
 */
int qemu_input_reach(struct hpt_qemu *q, size_t n)
{
	struct qemu_input *in = &q->in;
	size_t got;
	int r;

	r = report(q);
	while (!r && in->len - in->pos < n && !in->ended) {
		r = make_room(q);
		if (!r)
			r = read_some(q, in->buffer + in->len, in->room - in->len, &got);
		if (r)
			break;
		in->ended = got == 0;
		in->len += got;
	}
	if (r)
		return r;
	in->soft = in->len;
	if (in->whole && q->options.progress && in->len - in->pos > QEMU_PROGRESS_STEP &&
	    n <= QEMU_PROGRESS_STEP)
		in->soft = in->pos + QEMU_PROGRESS_STEP;
	return 0;
}

int qemu_input_fill(struct hpt_qemu *q, size_t n, const char *what)
{
	int r = qemu_input_reach(q, n);

	if (r)
		return r;
	return q->in.len - q->in.pos >= n ? 0 : qemu_truncated(q, n, what);
}

/*
 * Go forward in a file whose window is used up, by as many of *@n bytes as it has: its end is
 * found by reading.
 */
static int jump(struct hpt_qemu *q, uint64_t *n)
{
	struct qemu_input *in = &q->in;
	uint64_t step = *n;
	struct stat st;
	off_t pos;

	if (!in->file || in->keep || in->ended || *n < QEMU_JUMP)
		return 0;
	pos = lseek(in->fd, 0, SEEK_CUR);
	if (pos < 0 || fstat(in->fd, &st))
		return hpt_fail_errno(&q->error, errno, "cannot tell the file's position");
	if (st.st_size <= pos)
		return 0;
	if (step > (uint64_t)(st.st_size - pos))
		step = (uint64_t)(st.st_size - pos);
	if (lseek(in->fd, (off_t)step, SEEK_CUR) < 0)
		return hpt_fail_errno(&q->error, errno, "cannot set the file's position");
	in->start += in->len + step;
	in->pos = in->soft = in->len = 0;
	*n -= step;
	return 0;
}

/* In steps, since what is skipped may be larger than any window and reports are due. */
int qemu_skip(struct hpt_qemu *q, uint64_t n, const char *what)
{
	struct qemu_input *in = &q->in;
	int r;

	while (n > in->soft - in->pos) {
		n -= in->soft - in->pos;
		in->pos = in->soft;
		r = in->pos == in->len ? jump(q, &n) : 0;
		if (r || !n)
			return r;
		r = qemu_input_reach(q, 1);
		if (r)
			return r;
		if (in->pos == in->len)
			return qemu_truncated(q, n, what);
	}
	in->pos += (size_t)n;
	return 0;
}

int hpt_qemu_rest(struct hpt_qemu *q, size_t limit, const void **bytes, size_t *len,
		  uint64_t *offset, struct hpt_error *err)
{
	struct qemu_input *in;
	size_t from;
	int r;

	if (!q || !bytes || !len || !offset)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_rest: a NULL");
	in = &q->in;
	if (q->failed) {
		if (err)
			*err = q->error;
		return q->failed;
	}
	from = in->keep ? in->kept : in->pos;
	while (!in->ended && in->len - from <= limit) {
		/* One byte more than there is: what a read gives goes behind it. */
		r = qemu_input_reach(q, in->len - in->pos + 1);
		from = in->keep ? in->kept : in->pos;
		if (r) {
			if (err)
				*err = q->error;
			return r;
		}
	}
	if (!in->whole && in->len - from > limit)
		return hpt_fail_offset(err, HPT_ERR_SECTION_LENGTH, in->start + from,
				       "more than %zu bytes follow offset %llu of an input that "
				       "can only be read forward",
				       limit, (unsigned long long)(in->start + from));
	*bytes = in->base + from;
	*len = in->len - from;
	*offset = in->start + from;
	return 0;
}

const void *hpt_qemu_view(const struct hpt_qemu *q, uint64_t offset, size_t len)
{
	if (!q || !q->in.whole || offset < q->in.first)
		return NULL;
	offset -= q->in.first;
	if (offset > q->in.len || len > q->in.len - offset)
		return NULL;
	return q->in.base + offset;
}
