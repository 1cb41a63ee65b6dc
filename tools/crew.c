/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "crew.h"
#include "writer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define THREADS_MAX 4u
/* Slots of a part: half full, its text fits into a buffer, and that into a processor's cache. */
#define PART_MIN ((uint64_t)4096)
/* Not more parts than that, whatever the table's size: few of its slots may be valid. */
#define PARTS_MAX ((uint64_t)1 << 14)
/* Slots that iteration by the block takes at a time. */
#define BLOCK 64u
/* Less is done before a thread has begun. */
#define MUCH ((uint64_t)1 << 16)

/* The numbers change under the mutex; what no thread may change any more stands first. */
struct crew {
	int fd;
	crew_fn *fn;
	const void *arg;
	uint64_t ptex, n;
	uint64_t slots; /* of a part */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t begun;   /* parts that somebody has */
	uint64_t written; /* parts whose text is out: whose turn it is */
	bool stop;
	int error; /* errno of the write that failed */
	int ret;
	struct hpt_error err;
};

struct member {
	struct crew *crew;
	struct output *out;
	uint64_t part;
	pthread_t thread;
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

/* False: another part's text was the last. */
static bool await_turn(const struct member *m)
{
	struct crew *crew = m->crew;
	bool go;

	pthread_mutex_lock(&crew->mutex);
	while (crew->written != m->part && !crew->stop)
		pthread_cond_wait(&crew->changed, &crew->mutex);
	go = !crew->stop;
	pthread_mutex_unlock(&crew->mutex);
	return go;
}

static int write_in_turn(void *arg, const char *bytes, size_t len)
{
	const struct member *m = arg;

	return await_turn(m) ? write_bytes(m->crew->fd, bytes, len) : ECANCELED;
}

/* False: there is none left, or no need of it. */
static bool take_part(struct member *m)
{
	struct crew *crew = m->crew;
	bool taken;

	pthread_mutex_lock(&crew->mutex);
	taken = !crew->stop && crew->begun * crew->slots < crew->n;
	if (taken)
		m->part = crew->begun++;
	pthread_mutex_unlock(&crew->mutex);
	return taken;
}

/* All of its text is out; @ret and @err are what ended it. */
static void end_part(const struct member *m, int ret, const struct hpt_error *err)
{
	struct crew *crew = m->crew;

	pthread_mutex_lock(&crew->mutex);
	if (ret || m->out->error) {
		crew->stop = true;
		crew->error = m->out->error;
		crew->ret = ret;
		crew->err = *err;
	}
	crew->written++;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->mutex);
}

static void *print_parts(void *arg)
{
	struct member *m = arg;
	const struct crew *crew = m->crew;

	while (take_part(m)) {
		uint64_t from = m->part * crew->slots, left = crew->n - from;
		struct hpt_error err = { 0 };
		int ret = crew->fn(crew->arg, m->out, crew->ptex + from,
				   left < crew->slots ? left : crew->slots, &err);

		output_full(m->out);
		if (!await_turn(m))
			break;
		end_part(m, ret, &err);
	}
	return NULL;
}

/* What a member prints goes out in turn. */
static void join(struct member *m, struct crew *crew, struct output *out)
{
	*m = (struct member){ .crew = crew, .out = out };
	out->sink = write_in_turn;
	out->arg = m;
}

/* Whether there is one thread more, which prints to @own. */
static bool begin_member(struct member *m, struct crew *crew, struct output *own)
{
	join(m, crew, own);
	return !start_thread(&m->thread, print_parts, m);
}

/* This thread is one of them, and keeps its output. Where others cannot be there are fewer. */
static void print_all(struct crew *crew, struct output *out)
{
	struct member members[THREADS_MAX];
	struct output own[THREADS_MAX];
	char *buffers = malloc(THREADS_MAX * OUTPUT_BYTES);
	unsigned n = 1, most = buffers ? processors() : 1;

	join(&members[0], crew, out);
	for (; n < THREADS_MAX && n < most; n++) {
		own[n] = (struct output){ .fd = -1,
					  .colour = out->colour,
					  .buffer = buffers + n * OUTPUT_BYTES };
		if (!begin_member(&members[n], crew, &own[n]))
			break;
	}
	print_parts(&members[0]);
	while (--n)
		pthread_join(members[n].thread, NULL);
	free(buffers);
	out->sink = NULL;
	out->error = crew->error;
}

int crew_print(struct output *out, uint64_t ptex, uint64_t n, crew_fn *fn, const void *arg,
	       struct hpt_error *err)
{
	struct crew crew = { .fd = out->fd, .fn = fn, .arg = arg, .ptex = ptex, .n = n };

	if (!output_flush(out))
		return HPT_ERR_STOPPED;
	crew.slots = n / PARTS_MAX > PART_MIN ? (n / PARTS_MAX | (BLOCK - 1)) + 1 : PART_MIN;
	pthread_mutex_init(&crew.mutex, NULL);
	pthread_cond_init(&crew.changed, NULL);
	print_all(&crew, out);
	pthread_cond_destroy(&crew.changed);
	pthread_mutex_destroy(&crew.mutex);
	if (crew.ret)
		*err = crew.err;
	return crew.ret;
}
