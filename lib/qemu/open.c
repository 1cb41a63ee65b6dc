/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Opening and closing a reader, and what is known of it. */
#include <stdlib.h>

#include "internal.h"

/* Remarks that are kept at most: a hostile stream could make one of each record. */
#define QEMU_WARNINGS_MAX 32
#define QEMU_WARNING_TEXT 240
/* First length of an array that grows. */
#define QEMU_GROW_FIRST 16

int qemu_no_memory(struct hpt_qemu *q, const char *what)
{
	return hpt_fail_offset(&q->error, HPT_ERR_MEMORY, qemu_offset(q),
			       "offset %llu: out of memory for %s",
			       (unsigned long long)qemu_offset(q), what);
}

int qemu_warn(struct hpt_qemu *q, const char *fmt, ...)
{
	char text[QEMU_WARNING_TEXT];
	size_t len;
	va_list ap;

	if (q->n_warnings == QEMU_WARNINGS_MAX)
		return 0;
	if (!q->warnings)
		q->warnings = calloc(QEMU_WARNINGS_MAX, sizeof(*q->warnings));
	if (!q->warnings)
		return qemu_no_memory(q, "a warning");
	va_start(ap, fmt);
	len = hpt_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	q->warnings[q->n_warnings] = malloc(len + 1);
	if (!q->warnings[q->n_warnings])
		return qemu_no_memory(q, "a warning");
	memcpy(q->warnings[q->n_warnings++], text, len + 1);
	return 0;
}

const char *qemu_printable(char out[QEMU_PRINT_ROOM], const char *name)
{
	size_t i;

	for (i = 0; i < QEMU_PRINT_ROOM - 1 && name[i]; i++)
		out[i] = (char)(name[i] < 0x20 || name[i] > 0x7e ? '?' : name[i]);
	out[i] = '\0';
	return out;
}

int qemu_grow(struct hpt_qemu *q, void **array, size_t *room, size_t n, size_t size,
	      const char *what)
{
	size_t more = *room ? *room * 2 : QEMU_GROW_FIRST;
	void *grown;

	if (n < *room)
		return 0;
	if (more < *room || more > SIZE_MAX / size)
		return qemu_no_memory(q, what);
	grown = realloc(*array, more * size);
	if (!grown)
		return qemu_no_memory(q, what);
	*array = grown;
	*room = more;
	return 0;
}

static int check_options(struct hpt_qemu_options *to, const struct hpt_qemu_options *from,
			 struct hpt_error *err)
{
	int r = hpt_options_in(to, sizeof(*to), sizeof(*to), from, "hpt_qemu_options", err);

	if (!r && to->flags & ~HPT_QEMU_MAP)
		r = hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_options: unknown flags 0x%x",
			     to->flags & ~HPT_QEMU_MAP);
	return r;
}

static struct hpt_qemu *new_reader(const struct hpt_qemu_options *options,
				   struct hpt_error *err)
{
	struct hpt_qemu_options taken;
	struct hpt_qemu *q;

	if (check_options(&taken, options, err))
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q) {
		hpt_fail(err, HPT_ERR_MEMORY, "out of memory for a reader of QEMU's stream");
		return NULL;
	}
	q->options = taken;
	q->in.start = taken.offset;
	q->in.first = taken.offset;
	q->in.report_at = QEMU_PROGRESS_STEP;
	return q;
}

static int finish_open(struct hpt_qemu *q, int r, struct hpt_qemu **out,
		       struct hpt_error *err)
{
	if (!r)
		r = qemu_read_header(q);
	if (!r) {
		*out = q;
		return 0;
	}
	if (err)
		*err = q->error;
	hpt_qemu_close(q);
	return r;
}

/* The code of a reader that could not be made: options, or memory. */
static int not_made(const struct hpt_qemu_options *options)
{
	struct hpt_qemu_options taken;
	int r = check_options(&taken, options, NULL);

	return r ? r : HPT_ERR_MEMORY;
}

int hpt_qemu_open(int fd, const struct hpt_qemu_options *options, struct hpt_qemu **out,
		  struct hpt_error *err)
{
	struct hpt_qemu *q;

	if (fd < 0 || !out)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"hpt_qemu_open: a bad descriptor or a NULL");
	q = new_reader(options, err);
	if (!q)
		return not_made(options);
	return finish_open(q, qemu_input_open_fd(q, fd), out, err);
}

int hpt_qemu_open_memory(const void *bytes, size_t len, const struct hpt_qemu_options *options,
			 struct hpt_qemu **out, struct hpt_error *err)
{
	struct hpt_qemu *q;

	if (!bytes || !out)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_open_memory: a NULL");
	q = new_reader(options, err);
	if (!q)
		return not_made(options);
	qemu_input_open_memory(q, bytes, len);
	return finish_open(q, 0, out, err);
}

int hpt_qemu_open_reader(const struct hpt_reader_ops *ops, void *ctx,
			 const struct hpt_qemu_options *options, struct hpt_qemu **out,
			 struct hpt_error *err)
{
	struct hpt_qemu *q;

	if (!ops || !out || ops->size < sizeof(*ops) || !ops->read)
		return hpt_fail(err, HPT_ERR_ARGUMENT,
				"hpt_qemu_open_reader: a NULL, or hpt_reader_ops::size too small");
	q = new_reader(options, err);
	if (!q)
		return not_made(options);
	qemu_input_open_reader(q, ops, ctx);
	return finish_open(q, 0, out, err);
}

void hpt_qemu_close(struct hpt_qemu *q)
{
	size_t i;

	if (!q)
		return;
	qemu_htab_close(&q->htab);
	qemu_ram_close(&q->ram);
	qemu_input_close(&q->in);
	for (i = 0; i < q->n_warnings; i++)
		free(q->warnings[i]);
	free(q->warnings);
	free(q->sections);
	free(q->machine);
	free(q);
}

int hpt_qemu_info(const struct hpt_qemu *q, struct hpt_qemu_info *info, struct hpt_error *err)
{
	struct hpt_qemu_info known = { .size = sizeof(known) };

	if (!q || !info)
		return hpt_fail(err, HPT_ERR_ARGUMENT, "hpt_qemu_info: a NULL");
	known.machine = q->machine ? q->machine : "";
	known.htab = q->htab.state;
	known.order = q->htab.order;
	known.order_start = q->htab.order_start;
	known.htab_rounds = q->htab.rounds;
	known.htab_chunks = q->htab.chunks;
	known.htab_valid = q->htab.valid;
	known.ram_bytes = q->ram.bytes;
	known.ram_rounds = q->ram.rounds;
	known.ram_records = q->ram.records;
	known.ram_blocks = (uint32_t)q->ram.n_blocks;
	known.mapped_ram = q->mapped_ram;
	known.ignore_shared = q->ignore_shared;
	known.ended = q->ended;
	known.sections = q->n_items;
	known.bytes = qemu_offset(q);
	return hpt_result_out(info, sizeof(known), &known, sizeof(known), "hpt_qemu_info", err);
}

const char *hpt_qemu_warning(const struct hpt_qemu *q, size_t i)
{
	return q && i < q->n_warnings ? q->warnings[i] : NULL;
}
