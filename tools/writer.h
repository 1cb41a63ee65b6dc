/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WRITER_H
#define WRITER_H

#include <pthread.h>
#include <stddef.h>

/* All of it. 0, or an errno; ENOSPC where write(2) takes nothing. */
int write_bytes(int fd, const char *bytes, size_t len);

/* A thread of this process, which gets no signals but SIGPIPE. An errno, or 0. */
int start_thread(pthread_t *thread, void *(*main)(void *arg), void *arg);

/*
 * A thread that writes, while its caller makes what comes next. Errors are errnos of the first
 * write that failed; nothing is written after it.
 */
struct writer;

/* NULL: there can be no thread. */
struct writer *writer_start(int fd);
/* When it has nothing left to write, @len > 0 bytes more, which stay its own until then. */
int writer_give(struct writer *w, const char *bytes, size_t len);
/* Until it has nothing left to write. */
int writer_wait(struct writer *w);
/* The same, and ends it. */
int writer_end(struct writer *w);

#endif
