/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A source that can only be read forward, put into a temporary file without a name, so that
 * its memory can be reached in any order.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define STEP ((size_t)256 << 10)
/* Zeros are left out in these units: the file has holes, and costs what is not zero. */
#define HOLE ((size_t)4096)

/* Where large files without a name may be; memory is the last resort, or the only one. */
static int open_file(bool no_disk)
{
	static const char *const places[] = { "/var/tmp", "/tmp" };
	int fd = -1;
#ifdef O_TMPFILE
	size_t i;

	for (i = 0; !no_disk && fd < 0 && i < sizeof(places) / sizeof(places[0]); i++)
		fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
#ifdef MFD_CLOEXEC
	if (fd < 0)
		fd = memfd_create("hpt", MFD_CLOEXEC);
#endif
	(void)places;
	(void)no_disk;
	return fd;
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

static int write_at(int fd, const unsigned char *bytes, size_t len, uint64_t at,
		    struct hpt_error *err)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, bytes, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return guest_fail_errno(err, errno,
						"cannot write to a temporary file at "
						"offset %llu",
						(unsigned long long)at);
		bytes += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* Write what is not zero, in runs of units. */
static int write_runs(int fd, const unsigned char *bytes, size_t len, uint64_t at,
		      struct hpt_error *err)
{
	size_t from, to;
	int r = 0;

	for (from = 0; !r && from < len; from = to) {
		to = from + HOLE < len ? from + HOLE : len;
		if (all_zero(bytes + from, to - from))
			continue;
		while (to < len && !all_zero(bytes + to, to + HOLE < len ? HOLE : len - to))
			to = to + HOLE < len ? to + HOLE : len;
		r = write_at(fd, bytes + from, to - from, at + from, err);
	}
	return r;
}

/* As much as fits, so that units of zeros are met whole whatever a pipe gives at a time. */
static int read_full(struct guest_source *source, unsigned char *buffer, size_t *have,
		     struct hpt_error *err)
{
	size_t got;
	int r = 0;

	for (*have = 0; *have < STEP; *have += got) {
		got = 0;
		r = guest_source_ops.read(source, buffer + *have, STEP - *have, &got, err);
		if (r || !got)
			break;
	}
	return r;
}

/*
 * What was read before an error is kept: a table may be whole before a file is cut. What was
 * stripped leaves a hole, so that each byte has the offset that it has in its container.
 */
static int copy(struct guest_source *source, int fd, unsigned char *buffer,
		struct hpt_error *err)
{
	uint64_t size = source->base;
	size_t have;
	int r, w;

	do {
		r = read_full(source, buffer, &have, err);
		w = have ? write_runs(fd, buffer, have, size, err) : 0;
		size += have;
	} while (!r && !w && have == STEP);
	if (!w && (ftruncate(fd, (off_t)size) || lseek(fd, (off_t)source->base, SEEK_SET) < 0))
		w = guest_fail_errno(err, errno, "cannot set a temporary file's size");
	return w ? w : r;
}

int guest_spool_open(struct hpt_guest *guest, struct hpt_error *err)
{
	guest->spool = open_file(guest->no_disk);
	return guest->spool < 0 ? guest_fail_errno(err, errno, "cannot make a temporary file")
				: 0;
}

int guest_spool_put(struct hpt_guest *guest, const unsigned char *bytes, size_t len,
		    uint64_t at, struct hpt_error *err)
{
	off_t size = lseek(guest->spool, 0, SEEK_END);
	int r = 0;

	/* What is written over must become zero where it is. */
	if (size < 0 || ((uint64_t)size < at + len && ftruncate(guest->spool, (off_t)(at + len))))
		return guest_fail_errno(err, errno, "cannot set a temporary file's size");
	if ((uint64_t)size > at)
		r = write_at(guest->spool, bytes, len, at, err);
	else
		r = write_runs(guest->spool, bytes, len, at, err);
	return r;
}

int guest_spool(struct hpt_guest *guest, struct hpt_error *err)
{
	unsigned char *buffer = malloc(STEP);
	int r;

	if (!buffer)
		return guest_fail(err, HPT_ERR_MEMORY, "out of memory for a temporary file");
	r = guest_spool_open(guest, err);
	if (!r)
		r = copy(&guest->source, guest->spool, buffer, err);
	free(buffer);
	return r;
}
