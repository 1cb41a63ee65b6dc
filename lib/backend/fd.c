/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A file, pipe or socket, read from its position on. */

#include <errno.h>
#include <unistd.h>

#include "../core/internal.h"
#include "fd.h"

static int read_fd(void *ctx, void *bytes, size_t len, size_t *got, struct hpt_error *err)
{
	const struct hpt_fd_source *source = ctx;
	ssize_t n;

	do
		n = read(source->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return hpt_fail_errno(err, errno, "%s: read of %zu bytes", source->who, len);
	*got = (size_t)n;
	return HPT_OK;
}

const struct hpt_reader_ops hpt_fd_ops = { .size = sizeof(hpt_fd_ops), .read = read_fd };
