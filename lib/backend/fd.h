/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HPT_BACKEND_FD_H
#define HPT_BACKEND_FD_H

#include <hpt/stream.h>

/* A descriptor as a source of bytes: the context of hpt_fd_ops. */
struct hpt_fd_source {
	int fd;
	const char *who; /* for errors: the backend */
};

extern const struct hpt_reader_ops hpt_fd_ops;

#endif /* HPT_BACKEND_FD_H */
