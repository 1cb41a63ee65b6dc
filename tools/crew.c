/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "crew.h"
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 4u
/* Slots of a part: the lines of all fit into a buffer, and that into a processor's cache. */
#define PART_MIN ((uint64_t)4096)
/* Not more parts than that, whatever the table's size: few of its slots may be valid. */
#define PARTS_MAX ((uint64_t)1 << 14)
/* Slots that iteration by the block takes at a time. */
#define BLOCK 64u
/* Less is done before a thread has begun. */
#define MUCH ((uint64_t)1 << 16)
/* Texts that are made or wait for what is before them. */
#define TEXTS 8u

/* What comes of a part. */
struct text {
	char *bytes; /* OUTPUT_BYTES of room, and OUTPUT_STEP before that */
	size_t len;
	bool whole; /* to be written as soon as all before is */
	int error;  /* errno of a write that failed while it was made */
	int ret;
	struct hpt_error err;
};

/* The numbers change under the mutex; what no thread may change any more stands first. */
struct crew {
	int fd;
	crew_fn *fn;
	const void *arg;
	uint64_t ptex, n;
	uint64_t slots; /* of a part */
	bool colour;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t begun;   /* parts whose text is made, or was */
	uint64_t written; /* parts whose text is out: what comes next */
	bool writing;     /* somebody writes that, and alone has: */
	uint64_t offset;  /* bytes that are out */
	size_t kept;      /* bytes before the next text, which go out with it */
	bool stop;
	int error; /* errno of the write that failed */
	int ret;
	struct hpt_error err;
	struct text texts[TEXTS]; /* of the parts from @written to @begun, in turn */
};

static unsigned processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

bool crew_pays(uint64_t n)
{
	return n >= MUCH && processors() > 1;
}

static struct text *text_of(struct crew *crew, uint64_t part)
{
	return &crew->texts[part % TEXTS];
}

/*
 * @len bytes of text, as far as they end where a file system likes it; all of them if they are
 * the @last. What is left is put before @next. An errno, or 0.
 */
static int write_text(struct crew *crew, const struct text *text, size_t len, bool last,
		      const struct text *next)
{
	const char *from = text->bytes - crew->kept;
	size_t n = crew->kept + len;
	size_t kept = last ? 0 : output_kept(crew->offset, n);
	int error;

	n -= kept;
	error = write_bytes(crew->fd, from, n);
	memmove(next->bytes - kept, from + n, kept);
	crew->offset += n;
	crew->kept = kept;
	return error;
}

/* A part whose text does not fit into its buffer: what is there of it goes out. */
struct over {
	struct crew *crew;
	uint64_t part;
};

static int write_over(void *arg, const char *bytes, size_t len)
{
	const struct over *over = arg;
	struct crew *crew = over->crew;
	const struct text *text = text_of(crew, over->part);
	bool go;

	(void)bytes; /* the text's */
	pthread_mutex_lock(&crew->mutex);
	while (crew->written != over->part && !crew->stop)
		pthread_cond_wait(&crew->changed, &crew->mutex);
	go = !crew->stop;
	pthread_mutex_unlock(&crew->mutex);
	/* As long as it is not whole nobody else writes. */
	return go ? write_text(crew, text, len, false, text) : ECANCELED;
}

/* Under the mutex, which it lets go of meanwhile, as the other. */
static void make_next(struct crew *crew)
{
	struct over over = { crew, crew->begun++ };
	struct text *text = text_of(crew, over.part);
	uint64_t from = over.part * crew->slots, left = crew->n - from;
	struct output out = { .fd = -1,
			      .colour = crew->colour,
			      .buffer = text->bytes,
			      .sink = write_over,
			      .arg = &over };

	pthread_mutex_unlock(&crew->mutex);
	text->ret = crew->fn(crew->arg, &out, crew->ptex + from,
			     left < crew->slots ? left : crew->slots, &text->err);
	text->len = out.used;
	text->error = out.error;
	pthread_mutex_lock(&crew->mutex);
	text->whole = true;
}

static void write_next(struct crew *crew)
{
	uint64_t part = crew->written;
	struct text *text = text_of(crew, part);
	bool last = (part + 1) * crew->slots >= crew->n || text->ret;

	crew->writing = true;
	pthread_mutex_unlock(&crew->mutex);
	if (!text->error)
		text->error = write_text(crew, text, text->len, last, text_of(crew, part + 1));
	pthread_mutex_lock(&crew->mutex);
	crew->writing = text->whole = false;
	crew->written++;
	if (text->ret || text->error) {
		crew->stop = true;
		crew->error = text->error;
		crew->ret = text->ret;
		crew->err = text->err;
	}
	pthread_cond_broadcast(&crew->changed);
}

/* Whoever comes first writes, or makes what can be made. */
static void *work(void *arg)
{
	struct crew *crew = arg;
	uint64_t most = TEXTS;

	pthread_mutex_lock(&crew->mutex);
	while (!crew->stop) {
		if (!crew->writing && text_of(crew, crew->written)->whole) {
			write_next(crew);
		} else if (crew->begun * crew->slots >= crew->n) {
			break; /* what is left of it the others write, who make it or write now */
		} else if (crew->begun - crew->written < most) {
			most = TEXTS;
			make_next(crew);
		} else {
			/* To sleep and wake up takes long, so not for each. */
			most = TEXTS / 2;
			pthread_cond_wait(&crew->changed, &crew->mutex);
		}
	}
	pthread_mutex_unlock(&crew->mutex);
	return NULL;
}

/* This thread is one of them. Where others cannot be there are fewer. */
static void work_all(struct crew *crew)
{
	pthread_t threads[THREADS_MAX - 1];
	unsigned n = 0, more = processors() - 1;

	while (n < THREADS_MAX - 1 && n < more && !start_thread(&threads[n], work, crew))
		n++;
	work(crew);
	while (n)
		pthread_join(threads[--n], NULL);
}

int crew_print(struct output *out, uint64_t ptex, uint64_t n, crew_fn *fn, const void *arg,
	       struct hpt_error *err)
{
	struct crew crew = { .fd = out->fd,
			     .fn = fn,
			     .arg = arg,
			     .ptex = ptex,
			     .n = n,
			     .colour = out->colour };
	const size_t room = OUTPUT_STEP + OUTPUT_BYTES;
	char *buffers = malloc(TEXTS * room);

	if (!buffers)
		return fn(arg, out, ptex, n, err);
	for (unsigned i = 0; i < TEXTS; i++)
		crew.texts[i].bytes = buffers + i * room + OUTPUT_STEP;
	if (output_flush(out)) {
		crew.offset = out->flushed;
		crew.slots = n / PARTS_MAX > PART_MIN ? (n / PARTS_MAX | (BLOCK - 1)) + 1
						      : PART_MIN;
		pthread_mutex_init(&crew.mutex, NULL);
		pthread_cond_init(&crew.changed, NULL);
		work_all(&crew);
		pthread_cond_destroy(&crew.changed);
		pthread_mutex_destroy(&crew.mutex);
		out->error = crew.error;
		out->flushed = crew.offset;
	}
	free(buffers);
	if (out->error)
		return HPT_ERR_STOPPED;
	if (crew.ret)
		*err = crew.err;
	return crew.ret;
}
