/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "writer.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Bytes change hands under the mutex: from writer_give() until the thread has none left. */
struct writer {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int fd;
	int error; /* errno of the first write that failed */
	const char *bytes;
	size_t len; /* 0: nothing to do */
	bool end;
};

int write_bytes(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n == 0)
			return ENOSPC;
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static void *write_what_comes(void *arg)
{
	struct writer *w = arg;

	pthread_mutex_lock(&w->mutex);
	while (!w->end || w->len) {
		int error = 0;

		if (!w->len) {
			pthread_cond_wait(&w->changed, &w->mutex);
			continue;
		}
		pthread_mutex_unlock(&w->mutex);
		if (!w->error)
			error = write_bytes(w->fd, w->bytes, w->len);
		pthread_mutex_lock(&w->mutex);
		if (error)
			w->error = error;
		w->len = 0;
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

/* Signals are for the thread that knows what they mean; but a broken pipe is ours. */
int start_thread(pthread_t *thread, void *(*main)(void *arg), void *arg)
{
	sigset_t others, before;
	int error;

	sigfillset(&others);
	sigdelset(&others, SIGPIPE);
	pthread_sigmask(SIG_SETMASK, &others, &before);
	error = pthread_create(thread, NULL, main, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

struct writer *writer_start(int fd)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (!start_thread(&w->thread, write_what_comes, w))
		return w;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
	free(w);
	return NULL;
}

int writer_wait(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->mutex);
	while (w->len)
		pthread_cond_wait(&w->changed, &w->mutex);
	error = w->error;
	pthread_mutex_unlock(&w->mutex);
	return error;
}

int writer_give(struct writer *w, const char *bytes, size_t len)
{
	int error = writer_wait(w);

	pthread_mutex_lock(&w->mutex);
	w->bytes = bytes;
	w->len = error ? 0 : len;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	return error;
}

int writer_end(struct writer *w)
{
	int error;

	pthread_mutex_lock(&w->mutex);
	w->end = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	error = w->error;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
	free(w);
	return error;
}
